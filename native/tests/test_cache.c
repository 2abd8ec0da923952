/* Description: nothing of a file is in the page cache after it was written, cut or read. */
#include "check.h"

enum { AREA_BYTES = 262144 };

int main(void) {
    const int64_t sizes[] = {1, 511, 512, 4095, 4096, 4097, 100000, 131072, 131073, 200001};
    struct s3dlio_geometry geometry;
    const int fd = test_file(&geometry);
    const char *path = test_file_path();
    char *memory = test_memory(AREA_BYTES);
    char *bounce = test_memory(bounce_bytes(&geometry));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int64_t start = 0; start < sizes[i]; start += 50000) {
            const int64_t left = sizes[i] - start;
            const size_t part_bytes = left < 50000 ? (size_t)left : 50000;
            CHECK_SAME(part_bytes, s3dlio_write(fd, &geometry, memory + start, part_bytes, start,
                                                sizes[i], bounce, bounce_bytes(&geometry), NULL));
            CHECK_SAME(0, cached_pages(path));
        }
        CHECK_SAME(0, s3dlio_cut(fd, &geometry, sizes[i]));
        CHECK_SAME(0, cached_pages(path));
        CHECK_SAME(sizes[i], s3dlio_read(fd, &geometry, memory, AREA_BYTES, 0, bounce,
                                         bounce_bytes(&geometry), NULL));
        CHECK_SAME(0, cached_pages(path));
        check_content(path, memory, sizes[i]);
        CHECK(cached_pages(path) > 0);
        CHECK_SAME(0, ftruncate(fd, 0));
    }
    return EXIT_SUCCESS;
}
