/* Description: a file that grows or shrinks while it is read gives what it has, and an end. */
#include "check.h"
#include "inject.h"

enum { AREA_BYTES = 65536 };

static int fd;
static struct s3dlio_geometry geometry;
static char *content;
static char *buffer;
static char *bounce;
static int64_t new_size_bytes;

static void start_with(int64_t size_bytes) {
    CHECK_SAME(0, ftruncate(fd, 0));
    CHECK_SAME(size_bytes, s3dlio_write(fd, &geometry, content, (size_t)size_bytes, 0, size_bytes,
                                        bounce, bounce_bytes(&geometry), NULL));
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, size_bytes));
}

/* Before the second transfer. */
static void change(char way, int64_t offset_bytes, size_t size_bytes) {
    static int number;
    (void)offset_bytes;
    (void)size_bytes;
    CHECK_SAME('r', way);
    number = new_size_bytes < 0 ? 0 : number + 1;
    if (number == 2)
        CHECK_SAME(0, ftruncate(fd, new_size_bytes));
}

static int64_t read_while(int64_t becomes_bytes, size_t skew_bytes) {
    new_size_bytes = -1;
    change('r', 0, 0);
    inject_nothing();
    new_size_bytes = becomes_bytes;
    on_transfer = change;
    transfer_bytes_max = 8192;
    const int64_t got = s3dlio_read(fd, &geometry, buffer + skew_bytes, 40000, 0, bounce,
                                    bounce_bytes(&geometry), NULL);
    inject_nothing();
    CHECK_SAME(0, memcmp(content, buffer + skew_bytes, (size_t)(got < 20000 ? got : 20000)));
    return got;
}

/* What other ranges left in the bounce memory isn't copied out behind the end. */
static void gives_nothing_of_others(void) {
    start_with(12500);
    for (int64_t start_bytes = 12388; start_bytes <= 13412; start_bytes += 512) {
        for (size_t skew_bytes = 0; skew_bytes < 2; skew_bytes++) {
            const int64_t left_bytes = start_bytes < 12500 ? 12500 - start_bytes : 0;
            char *target = buffer + 100 + skew_bytes;
            memset(bounce, 0x5E, bounce_bytes(&geometry));
            memset(buffer, 0, AREA_BYTES);
            CHECK_SAME(left_bytes, s3dlio_read(fd, &geometry, target, 30000, start_bytes, bounce,
                                               bounce_bytes(&geometry), NULL));
            CHECK_SAME(0, memcmp(target, content + start_bytes, (size_t)left_bytes));
            for (int64_t i = left_bytes; i < 30000; i++)
                CHECK(target[i] != 0x5E);
        }
    }
}

static void check_offset(char way, int64_t offset_bytes, size_t size_bytes) {
    (void)way;
    (void)size_bytes;
    CHECK_SAME(0, offset_bytes % geometry.offset_bytes);
}

/* What grows after that is another read's. */
static void ends_where_it_saw_the_end(void) {
    for (size_t skew_bytes = 0; skew_bytes < 2; skew_bytes++) {
        start_with(10000);
        on_transfer = check_offset;
        CHECK_SAME(10000, s3dlio_read(fd, &geometry, buffer + skew_bytes, 40000, 0, bounce,
                                      bounce_bytes(&geometry), NULL));
        inject_nothing();
    }
}

int main(void) {
    inject_nothing();
    fd = test_file(&geometry);
    content = test_memory(AREA_BYTES);
    buffer = test_memory(AREA_BYTES);
    bounce = test_memory(bounce_bytes(&geometry));
    for (size_t skew_bytes = 0; skew_bytes < 2; skew_bytes++) {
        const int64_t sizes[][2] = {{30000, 30000}, {12000, 12000}, {4000, 8192}, {0, 8192}};
        for (int i = 0; i < 4; i++) {
            start_with(20000);
            CHECK_SAME(sizes[i][1], read_while(sizes[i][0], skew_bytes));
        }
    }
    gives_nothing_of_others();
    ends_where_it_saw_the_end();
    return EXIT_SUCCESS;
}
