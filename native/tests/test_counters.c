/* Description: the counters are exact, of payload alone, and may be shared by threads. */
#include <pthread.h>

#include "check.h"

enum { AREA_BYTES = 131072, THREAD_COUNT = 4, ROUND_COUNT = 50 };

static int fd;
static struct s3dlio_geometry geometry;
static char *memory;
static char *bounce;

static void check_counters(const struct s3dlio_counters *counters, int64_t read_direct,
                           int64_t read_bounced, int64_t written_direct, int64_t written_bounced) {
    CHECK_SAME(read_direct, counters->read_direct_bytes);
    CHECK_SAME(read_bounced, counters->read_bounced_bytes);
    CHECK_SAME(written_direct, counters->written_direct_bytes);
    CHECK_SAME(written_bounced, counters->written_bounced_bytes);
}

static void written(const char *from, int64_t start, int64_t stop, int64_t end_bytes,
                    int64_t direct_bytes) {
    struct s3dlio_counters counters = {0, 0, 0, 0};
    CHECK_SAME(stop - start, s3dlio_write(fd, &geometry, from, (size_t)(stop - start), start,
                                          end_bytes, bounce, bounce_bytes(&geometry), &counters));
    check_counters(&counters, 0, 0, direct_bytes, stop - start - direct_bytes);
}

static void read_in(char *into, int64_t start, int64_t stop, int64_t got_bytes,
                    int64_t direct_bytes) {
    struct s3dlio_counters counters = {0, 0, 0, 0};
    CHECK_SAME(got_bytes, s3dlio_read(fd, &geometry, into, (size_t)(stop - start), start, bounce,
                                      bounce_bytes(&geometry), &counters));
    check_counters(&counters, direct_bytes, got_bytes - direct_bytes, 0, 0);
}

static void counts_what_goes_straight(int64_t block, int64_t unit) {
    written(memory, 0, 8 * block, 8 * block, 8 * block);
    written(memory, 0, 4 * block + 100, 4 * block + 100, 4 * block);
    written(memory + 100, 100, 4 * block - 100, -1, 2 * block);
    written(memory, 0, 100, 100, 0);
    written(memory, 0, block, -1, block);
    written(memory + 1, 0, 3 * block + 1, 3 * block + 1, 0);
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, 4 * block + 100));
    read_in(memory, 0, 4 * block, 4 * block, 4 * block);
    read_in(memory, 0, 8 * block, 4 * block + 100, 4 * block + 100);
    read_in(memory, 0, 4 * block + 100, 4 * block + 100, 4 * block);
    read_in(memory + 100, 100, block + 100, block, block - unit);
    read_in(memory + 1, 0, 4 * block, 4 * block, 0);
    read_in(memory + 7, 7, 8, 1, 0);
    read_in(memory, 5 * block, 6 * block, 0, 0);
}

static struct s3dlio_counters shared;

static void *read_often(void *unused) {
    (void)unused;
    char *own = aligned_alloc(65536, 65536);
    char *own_bounce = aligned_alloc(65536, 65536);
    for (int i = 0; i < ROUND_COUNT; i++)
        CHECK_SAME(4100, s3dlio_read(fd, &geometry, own, 4100, 0, own_bounce,
                                     bounce_bytes(&geometry), &shared));
    free(own_bounce);
    free(own);
    return NULL;
}

static void threads_share_them(void) {
    pthread_t threads[THREAD_COUNT];
    for (int i = 0; i < THREAD_COUNT; i++)
        CHECK_SAME(0, pthread_create(&threads[i], NULL, read_often, NULL));
    for (int i = 0; i < THREAD_COUNT; i++)
        CHECK_SAME(0, pthread_join(threads[i], NULL));
    CHECK_SAME((int64_t)THREAD_COUNT * ROUND_COUNT * 4100,
               shared.read_direct_bytes + shared.read_bounced_bytes);
}

int main(void) {
    fd = test_file(&geometry);
    memory = test_memory(AREA_BYTES);
    bounce = test_memory(bounce_bytes(&geometry));
    counts_what_goes_straight(geometry.block_bytes, geometry.offset_bytes);
    threads_share_them();
    return EXIT_SUCCESS;
}
