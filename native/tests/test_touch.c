/* Description: memory is touched before it is read into where the geometry asks for that alone. */
#include "check.h"

#include <sys/mman.h>

enum { PAGES = 8, PAGE_BYTES_MAX = 65536 };

/* How many pages are there after a read that the kernel refuses at once. */
static int present_pages(uint32_t touches_memory) {
    const size_t size_bytes = (size_t)PAGES * PAGE_BYTES_MAX;
    const struct s3dlio_geometry geometry = {4096, 4096, 4096, touches_memory};
    unsigned char present[PAGES * PAGE_BYTES_MAX / 4096] = {0};
    char *memory =
        mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_SAME(-EBADF, s3dlio_pread(-1, &geometry, memory, size_bytes, 0));
    CHECK_SAME(0, mincore(memory, size_bytes, present));
    CHECK_SAME(0, munmap(memory, size_bytes));
    int count = 0;
    for (size_t i = 0; i < size_bytes / (size_t)sysconf(_SC_PAGESIZE); i++)
        count += present[i] & 1;
    return count;
}

/* A read moves the same bytes either way. */
static void bytes_stay_right(void) {
    struct s3dlio_geometry geometry;
    const int fd = test_file(&geometry);
    char *memory = test_memory(65536);
    char *bounce = test_memory(131072);
    for (size_t i = 0; i < 65536; i++)
        memory[i] = (char)random_below(256);
    char *expected = malloc(65536);
    CHECK(expected != NULL);
    memcpy(expected, memory, 65536);
    CHECK_SAME(65536, s3dlio_write(fd, &geometry, memory, 65536, 0, -1, bounce, 131072, NULL));
    memset(memory, 0, 65536);
    geometry.touches_memory = 1;
    CHECK_SAME(60000, s3dlio_read(fd, &geometry, memory, 60000, 5, bounce, 131072, NULL));
    CHECK_SAME(0, memcmp(memory, expected + 5, 60000));
    free(expected);
}

int main(void) {
    CHECK_SAME(0, present_pages(0));
    CHECK_SAME(PAGES * PAGE_BYTES_MAX / sysconf(_SC_PAGESIZE), present_pages(1));
    bytes_stay_right();
    return EXIT_SUCCESS;
}
