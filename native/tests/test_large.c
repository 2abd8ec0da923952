/* Description: transfers beyond what Linux moves in a call are made in whole units. */
#include <sys/mman.h>

#include "check.h"
#include "inject.h"

static struct s3dlio_geometry geometry;
static int64_t next_bytes;
static int transfer_count;

static void follows(char way, int64_t offset_bytes, size_t size_bytes) {
    (void)way;
    CHECK_SAME(next_bytes, offset_bytes);
    CHECK_SAME(0, size_bytes % geometry.offset_bytes);
    CHECK(size_bytes <= (size_t)1 << 30);
    next_bytes += (int64_t)size_bytes;
    transfer_count++;
}

static void start(int64_t offset_bytes) {
    inject_nothing();
    transfers_faked = 1;
    on_transfer = follows;
    next_bytes = offset_bytes;
    transfer_count = 0;
}

static void moves_whole_units(char *huge, char *bounce) {
    const int64_t block_bytes = geometry.block_bytes;
    const int64_t size_bytes = ((int64_t)5 << 30) / block_bytes * block_bytes;
    const int64_t start_bytes = ((int64_t)1 << 42) / block_bytes * block_bytes;
    start(start_bytes);
    CHECK_SAME(size_bytes, s3dlio_pread(0, &geometry, huge, (size_t)size_bytes, start_bytes));
    CHECK_SAME(start_bytes + size_bytes, next_bytes);
    CHECK(transfer_count <= 6);
    start(start_bytes);
    CHECK_SAME(size_bytes + 100,
               s3dlio_write(0, &geometry, huge, (size_t)size_bytes + 100, start_bytes,
                            start_bytes + size_bytes + 100, bounce, 65536, NULL));
    CHECK_SAME(start_bytes + size_bytes + block_bytes, next_bytes);
    CHECK(transfer_count <= 6);
}

int main(void) {
    const unsigned units[] = {512, 4096, 12288, 16384};
    const size_t huge_bytes = ((size_t)5 << 30) + 65536;
    char *bounce = test_memory(65536);
    /* Addresses alone, but for the tail: nothing is moved. */
    char *huge = mmap(NULL, huge_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(huge != MAP_FAILED);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        geometry = (struct s3dlio_geometry){
            .memory_bytes = 512,
            .offset_bytes = units[i],
            .block_bytes = units[i] < 4096 ? 4096 : units[i],
        };
        moves_whole_units(huge, bounce);
    }
    CHECK_SAME(0, munmap(huge, huge_bytes));
    return EXIT_SUCCESS;
}
