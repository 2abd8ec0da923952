/* Description: files of all sizes near units come back as written, with blocks of all sizes. */
#include "check.h"
#include "inject.h"

enum { AREA_BYTES = 262144 };

static int fd;
static const char *path;
static struct s3dlio_geometry geometry;
static char *content;
static char *buffer;
static char *bounce;

static void write_parts(int64_t size_bytes, int64_t part_bytes) {
    for (int64_t start = 0; start < size_bytes; start += part_bytes) {
        const int64_t left = size_bytes - start;
        const size_t piece_bytes = (size_t)(left < part_bytes ? left : part_bytes);
        CHECK_SAME(piece_bytes, s3dlio_write(fd, &geometry, content + start, piece_bytes, start,
                                             size_bytes, bounce, bounce_bytes(&geometry), NULL));
    }
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, size_bytes));
}

static void read_parts(int64_t size_bytes, int64_t part_bytes) {
    memset(buffer, 0xEE, AREA_BYTES);
    for (int64_t start = 0; start <= size_bytes; start += part_bytes) {
        const int64_t left = size_bytes - start;
        CHECK_SAME(left < part_bytes ? left : part_bytes,
                   s3dlio_read(fd, &geometry, buffer + start, (size_t)part_bytes, start, bounce,
                               bounce_bytes(&geometry), NULL));
    }
    CHECK_SAME(0, memcmp(buffer, content, (size_t)size_bytes));
}

static void round_trip(int64_t size_bytes, int64_t part_bytes) {
    CHECK_SAME(0, ftruncate(fd, 0));
    write_parts(size_bytes, part_bytes);
    check_content(path, content, size_bytes);
    read_parts(size_bytes, part_bytes);
    CHECK_SAME(0, s3dlio_reserve(fd, size_bytes));
    write_parts(size_bytes, part_bytes);
    check_content(path, content, size_bytes);
}

static void sizes_near(int64_t unit, int64_t part_bytes) {
    for (int64_t around = 0; around <= 4 * unit; around += unit)
        for (int64_t size_bytes = around - 1; size_bytes <= around + 1; size_bytes++)
            if (size_bytes >= 0)
                round_trip(size_bytes, part_bytes);
}

/* Opens a file whose statx tells this alignment; the device takes it, since it is larger. */
static void open_told(unsigned told_bytes) {
    inject_nothing();
    statx_tells_bytes = told_bytes;
    fd = test_file(&geometry);
    path = test_file_path();
    inject_nothing();
}

int main(void) {
    const unsigned told[] = {0, 4096, 12288, 16384};
    content = test_memory(AREA_BYTES);
    buffer = test_memory(AREA_BYTES);
    bounce = test_memory(AREA_BYTES);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        open_told(told[i]);
        if (told[i] != 0) {
            CHECK_SAME(told[i], geometry.block_bytes);
            required_memory_bytes = geometry.memory_bytes;
            required_offset_bytes = told[i];
        }
        const int64_t unit = geometry.block_bytes;
        const int64_t parts[] = {unit, 2 * unit, 3 * unit - 1, 3 * unit + 1, 1000, AREA_BYTES / 2};
        for (size_t j = 0; j < sizeof parts / sizeof parts[0]; j++)
            sizes_near(unit, parts[j]);
    }
    return EXIT_SUCCESS;
}
