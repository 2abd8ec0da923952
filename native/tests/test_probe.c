/* Description: where nobody tells the alignment, the least one that is accepted is found. */
#include <sys/stat.h>

#include "check.h"
#include "inject.h"

static char *scratch;
static struct s3dlio_geometry geometry;

static int probe(int fd, int writable) {
    return s3dlio_probe(fd, writable, scratch, S3DLIO_PROBE_BYTES, &geometry);
}

static int64_t size_of(int fd) {
    struct stat status;
    CHECK_SAME(0, fstat(fd, &status));
    return status.st_size;
}

static void finds_what_is_accepted(int fd, int reader) {
    for (unsigned memory = 512; memory <= 65536; memory *= 2) {
        for (unsigned offset = 512; offset <= 65536; offset *= 2) {
            const unsigned least_memory = memory < 4096 ? 4096 : memory;
            /* What is accepted, and a multiple of what addresses are. */
            const unsigned least_offset = offset < least_memory ? least_memory : offset;
            for (int writable = 0; writable < 2; writable++) {
                inject_nothing();
                required_memory_bytes = memory;
                required_offset_bytes = offset;
                CHECK_SAME(0, probe(writable ? fd : reader, writable));
                CHECK_SAME(least_memory, geometry.memory_bytes);
                CHECK_SAME(least_offset, geometry.offset_bytes);
                CHECK_SAME(least_offset, geometry.block_bytes);
            }
            CHECK_SAME(0, size_of(fd));
        }
    }
    inject_nothing();
}

static void gives_up_where_nothing_is(int fd) {
    required_offset_bytes = 131072;
    CHECK_SAME(-EOPNOTSUPP, probe(fd, 1));
    CHECK_SAME(0, geometry.offset_bytes);
    inject_nothing();
}

static void spares_what_isnt_empty(int reader) {
    const int64_t size_bytes = size_of(reader);
    CHECK(size_bytes > 0);
    inject_nothing();
    CHECK_SAME(-EINVAL, probe(reader, 1));
    CHECK_SAME(1, call_count);
    CHECK_SAME(size_bytes, size_of(reader));
}

static void wants_enough_scratch(int fd) {
    inject_nothing();
    CHECK_SAME(-EINVAL, s3dlio_probe(fd, 1, scratch, S3DLIO_PROBE_BYTES - 1, &geometry));
    CHECK_SAME(-EINVAL, s3dlio_probe(fd, 1, NULL, S3DLIO_PROBE_BYTES, &geometry));
    CHECK_SAME(0, call_count);
}

static void takes_scratch_at_any_address(int fd) {
    char *memory = test_memory(S3DLIO_PROBE_BYTES + 1);
    required_memory_bytes = 65536;
    required_offset_bytes = 65536;
    CHECK_SAME(0, s3dlio_probe(fd, 1, memory + 1, S3DLIO_PROBE_BYTES, &geometry));
    CHECK_SAME(65536, geometry.memory_bytes);
    inject_nothing();
}

static void reads_short_and_empty_files(int fd) {
    struct s3dlio_geometry written;
    CHECK_SAME(0, probe(fd, 0));
    CHECK_SAME(4096, geometry.offset_bytes);
    CHECK_SAME(0, ftruncate(fd, 100));
    CHECK_SAME(0, probe(fd, 0));
    CHECK_SAME(4096, geometry.offset_bytes);
    CHECK_SAME(100, size_of(fd));
    required_offset_bytes = 16384;
    CHECK_SAME(0, probe(fd, 0));
    CHECK_SAME(16384, geometry.offset_bytes);
    inject_nothing();
    CHECK_SAME(0, ftruncate(fd, 0));
    CHECK_SAME(0, s3dlio_probe(fd, 1, scratch, S3DLIO_PROBE_BYTES, &written));
    CHECK_SAME(4096, written.offset_bytes);
}

int main(void) {
    const int fd = test_file(&geometry);
    const int reader = test_file(&geometry);
    scratch = test_memory(S3DLIO_PROBE_BYTES);
    CHECK_SAME(S3DLIO_PROBE_BYTES,
               s3dlio_pwrite(reader, &geometry, scratch, S3DLIO_PROBE_BYTES, 0));
    finds_what_is_accepted(fd, reader);
    gives_up_where_nothing_is(fd);
    spares_what_isnt_empty(reader);
    wants_enough_scratch(fd);
    takes_scratch_at_any_address(fd);
    reads_short_and_empty_files(fd);
    return EXIT_SUCCESS;
}
