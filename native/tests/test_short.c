/* Description: short transfers of any size are continued, from whole units; vain ones end. */
#include <limits.h>

#include "check.h"
#include "inject.h"

enum { SIZE_BYTES = 20000, AREA_BYTES = 65536 };

static int fd;
static struct s3dlio_geometry geometry;
static char *content;
static char *buffer;
static char *bounce;

static int64_t write_all(size_t skew_bytes) {
    CHECK_SAME(0, ftruncate(fd, 0));
    const int64_t written = s3dlio_write(fd, &geometry, content + skew_bytes, SIZE_BYTES, 0,
                                         SIZE_BYTES, bounce, bounce_bytes(&geometry), NULL);
    return written;
}

static int64_t read_all(size_t skew_bytes) {
    memset(buffer, 0, AREA_BYTES);
    return s3dlio_read(fd, &geometry, buffer + skew_bytes, AREA_BYTES / 2, 0, bounce,
                       bounce_bytes(&geometry), NULL);
}

/* The bounce memory or the buffer itself, by the skew. All transfers are short, or the first is. */
static void whole_despite(size_t size_bytes, size_t skew_bytes, int transfers) {
    transfer_bytes_max = size_bytes;
    short_transfers = transfers;
    CHECK_SAME(SIZE_BYTES, write_all(skew_bytes));
    inject_nothing();
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, SIZE_BYTES));
    transfer_bytes_max = size_bytes;
    short_transfers = transfers;
    CHECK_SAME(SIZE_BYTES, read_all(skew_bytes));
    inject_nothing();
    CHECK_SAME(0, memcmp(content + skew_bytes, buffer + skew_bytes, SIZE_BYTES));
}

static void ends_in_vain(size_t size_bytes) {
    transfer_bytes_max = size_bytes;
    CHECK_SAME(-EIO, write_all(0));
    transfer_bytes_max = size_bytes;
    CHECK_SAME(-EIO, s3dlio_pwrite(fd, &geometry, content, 4096, 0));
    inject_nothing();
    CHECK_SAME(SIZE_BYTES, write_all(0));
    transfer_bytes_max = size_bytes;
    CHECK_SAME(size_bytes == 0 ? 0 : -EIO, read_all(0));
    inject_nothing();
}

int main(void) {
    fd = test_file(&geometry);
    content = test_memory(AREA_BYTES);
    buffer = test_memory(AREA_BYTES);
    bounce = test_memory(bounce_bytes(&geometry));
    const size_t unit = geometry.offset_bytes;
    const size_t steps[] = {1, unit / 2 + 1, unit};
    for (size_t size_bytes = unit; size_bytes <= SIZE_BYTES + unit;
         size_bytes += steps[random_below(3)])
        whole_despite(size_bytes, 0, INT_MAX);
    for (size_t size_bytes = unit - 1; size_bytes <= SIZE_BYTES + unit; size_bytes += 211)
        whole_despite(size_bytes, 0, 1);
    for (size_t size_bytes = unit; size_bytes <= 2 * unit; size_bytes += 13)
        whole_despite(size_bytes, 1, INT_MAX);
    ends_in_vain(0);
    ends_in_vain(1);
    ends_in_vain(unit - 1);
    return EXIT_SUCCESS;
}
