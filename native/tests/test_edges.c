/* Description: a write changes its own bytes alone, whatever shares its blocks. */
#include <sys/stat.h>

#include "check.h"
#include "inject.h"

enum { SIZE_BYTES = 30000, AREA_BYTES = 65536 };

static int fd;
static const char *path;
static struct s3dlio_geometry geometry;
static char *content;
static char *expected;
static char *bounce;

static int64_t write_at(int64_t start, int64_t stop, int64_t end_bytes) {
    memcpy(expected + start, content + start, (size_t)(stop - start));
    return s3dlio_write(fd, &geometry, content + start, (size_t)(stop - start), start, end_bytes,
                        bounce, bounce_bytes(&geometry), NULL);
}

static int64_t size_of_file(void) {
    struct stat status;
    CHECK_SAME(0, fstat(fd, &status));
    return status.st_size;
}

/* A file of SIZE_BYTES, all 0x55. */
static void start_with_other_bytes(void) {
    CHECK_SAME(0, ftruncate(fd, 0));
    memset(expected, 0x55, AREA_BYTES);
    CHECK_SAME(SIZE_BYTES, s3dlio_write(fd, &geometry, expected, SIZE_BYTES, 0, SIZE_BYTES, bounce,
                                        bounce_bytes(&geometry), NULL));
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, SIZE_BYTES));
}

static void keeps_what_is_beside(int64_t start, int64_t stop) {
    start_with_other_bytes();
    CHECK_SAME(stop - start, write_at(start, stop, SIZE_BYTES));
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, SIZE_BYTES));
    check_content(path, expected, SIZE_BYTES);
    start_with_other_bytes();
    CHECK_SAME(stop - start, write_at(start, stop, -1));
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, SIZE_BYTES));
    check_content(path, expected, SIZE_BYTES);
}

/* In a file that has nothing there yet, zeros are beside it. */
static void fills_with_zeros(int64_t start, int64_t stop) {
    const int64_t block_bytes = geometry.block_bytes;
    const int64_t whole = (stop + block_bytes - 1) / block_bytes * block_bytes;
    CHECK_SAME(0, ftruncate(fd, 0));
    memset(expected, 0, AREA_BYTES);
    memset(bounce, 0xEE, bounce_bytes(&geometry));
    CHECK_SAME(stop - start, write_at(start, stop, -1));
    CHECK_SAME(whole, size_of_file());
    check_content(path, expected, whole);
}

/* What stood after the end is gone: the padding is zeros, and nothing is read for it. */
static void pads_the_tail(void) {
    start_with_other_bytes();
    inject_nothing();
    CHECK_SAME(5000, write_at(0, 5000, 5000));
    CHECK_SAME(1, call_count);
    memset(expected + 5000, 0, 8192 - 5000);
    if (geometry.block_bytes == 4096)
        check_content(path, expected, SIZE_BYTES);
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, 5000));
    check_content(path, expected, 5000);
}

static void wants_to_read_what_it_shares(void) {
    struct s3dlio_geometry same;
    const int writer = s3dlio_open(AT_FDCWD, path, O_WRONLY, 0, &same);
    CHECK(writer >= 0);
    CHECK_SAME(-EBADF, s3dlio_write(writer, &geometry, content, 10, 5, -1, bounce,
                                    bounce_bytes(&geometry), NULL));
    CHECK_SAME(5000, s3dlio_write(writer, &geometry, content, 5000, 0, 5000, bounce,
                                  bounce_bytes(&geometry), NULL));
    CHECK_SAME(0, close(writer));
}

int main(void) {
    const int64_t cuts[] = {0,    1,    511,   512,   4095,  4096, 4097,
                            8191, 8192, 12288, 20000, 29999, 30000};
    const int cut_count = sizeof cuts / sizeof cuts[0];
    fd = test_file(&geometry);
    path = test_file_path();
    content = test_memory(AREA_BYTES);
    expected = test_memory(AREA_BYTES);
    bounce = test_memory(bounce_bytes(&geometry));
    for (int i = 0; i < cut_count; i++)
        for (int j = i + 1; j < cut_count; j++) {
            keeps_what_is_beside(cuts[i], cuts[j]);
            fills_with_zeros(cuts[i], cuts[j]);
        }
    pads_the_tail();
    wants_to_read_what_it_shares();
    return EXIT_SUCCESS;
}
