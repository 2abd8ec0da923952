/* Description: what the geometry or off_t forbids is refused before the kernel is asked. */
#include "check.h"
#include "inject.h"

static int fd;
static struct s3dlio_geometry geometry;
static char *memory;
static char *bounce;

static void refused(int64_t result) {
    CHECK_SAME(-EINVAL, result);
    CHECK_SAME(0, call_count);
}

/* The two strict calls with one address, size and offset. */
static void strict_refused(const struct s3dlio_geometry *with, char *address, size_t size_bytes,
                           int64_t offset_bytes) {
    refused(s3dlio_pread(fd, with, address, size_bytes, offset_bytes));
    refused(s3dlio_pwrite(fd, with, address, size_bytes, offset_bytes));
}

/* All four. */
static void all_refused(const struct s3dlio_geometry *with, char *address, size_t size_bytes,
                        int64_t offset_bytes) {
    strict_refused(with, address, size_bytes, offset_bytes);
    refused(s3dlio_read(fd, with, address, size_bytes, offset_bytes, bounce, 131072, NULL));
    refused(s3dlio_write(fd, with, address, size_bytes, offset_bytes, -1, bounce, 131072, NULL));
}

static void misaligned(void) {
    for (unsigned unit = 512; unit <= 16384; unit *= 2) {
        const struct s3dlio_geometry with = {unit, unit, unit < 4096 ? 4096 : unit, 0};
        const unsigned wrong[] = {1, 8, unit / 2, unit - 1, unit + 1};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            strict_refused(&with, memory + wrong[i], unit, 0);
            strict_refused(&with, memory, wrong[i], 0);
            strict_refused(&with, memory, unit, wrong[i]);
        }
    }
}

static void out_of_range(void) {
    const int64_t last = INT64_MAX - INT64_MAX % geometry.block_bytes;
    all_refused(&geometry, memory, 4096, -4096);
    all_refused(&geometry, memory, 4096, INT64_MIN);
    all_refused(&geometry, memory, 4096, last);
    all_refused(&geometry, memory, 4096, last - 4096);
    all_refused(&geometry, memory, (size_t)1 << 63, 0);
    all_refused(&geometry, memory, SIZE_MAX - 4095, 4096);
    all_refused(&geometry, memory, (size_t)last, 8192);
    refused(s3dlio_reserve(fd, -1));
    refused(s3dlio_reserve(fd, INT64_MAX));
    refused(s3dlio_cut(fd, &geometry, -1));
}

static void without_memory(void) {
    all_refused(&geometry, NULL, 4096, 0);
}

static void geometry_unknown(void) {
    const struct s3dlio_geometry unknown = {0, 0, 0, 0};
    all_refused(&unknown, memory, 4096, 0);
}

static void bounce_refused(char *address, size_t size_bytes) {
    refused(s3dlio_read(fd, &geometry, memory, 4096, 0, address, size_bytes, NULL));
    refused(s3dlio_write(fd, &geometry, memory, 4096, 0, 4096, address, size_bytes, NULL));
}

static void bounce_memory_unfit(void) {
    bounce_refused(NULL, 131072);
    bounce_refused(bounce + 1, 131072);
    bounce_refused(bounce + geometry.memory_bytes / 2, 131072);
    bounce_refused(bounce, bounce_bytes(&geometry) - 1);
    bounce_refused(bounce, 0);
}

static void nothing_to_move(void) {
    CHECK_SAME(0, s3dlio_pread(fd, &geometry, memory, 0, 4096));
    CHECK_SAME(0, s3dlio_pwrite(fd, &geometry, memory, 0, 4096));
    CHECK_SAME(0, s3dlio_read(fd, &geometry, NULL, 0, 77, bounce, 131072, NULL));
    CHECK_SAME(0, s3dlio_write(fd, &geometry, NULL, 0, 77, -1, bounce, 131072, NULL));
    CHECK_SAME(0, s3dlio_reserve(fd, 0));
    CHECK_SAME(0, call_count);
}

int main(void) {
    fd = test_file(&geometry);
    memory = test_memory(65536);
    bounce = test_memory(131072);
    inject_nothing();
    misaligned();
    out_of_range();
    without_memory();
    geometry_unknown();
    bounce_memory_unfit();
    nothing_to_move();
    return EXIT_SUCCESS;
}
