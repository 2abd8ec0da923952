/* Description: room is reserved or refused; a limit on file sizes is told as one. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "check.h"
#include "inject.h"

static int fd;
static struct s3dlio_geometry geometry;
static char *memory;
static char *bounce;

static void reserves_blocks(void) {
    struct stat status;
    CHECK_SAME(0, s3dlio_reserve(fd, 1000001));
    CHECK_SAME(0, fstat(fd, &status));
    CHECK_SAME(1003520, status.st_size);
    CHECK(status.st_blocks * 512 >= 1003520);
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, 4096));
    CHECK_SAME(0, fstat(fd, &status));
    CHECK_SAME(4096, status.st_size);
    CHECK(status.st_blocks * 512 <= 65536);
}

static void goes_on_where_it_cant(void) {
    const int errors[] = {EOPNOTSUPP, ENOSYS};
    for (int i = 0; i < 2; i++) {
        inject_nothing();
        failing_call = 1;
        failing_error = errors[i];
        CHECK_SAME(0, s3dlio_reserve(fd, 4096));
        CHECK_SAME(1, call_count);
    }
    inject_nothing();
    failing_call = 2;
    failing_error = ENOSYS;
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, 100));
    CHECK_SAME(2, call_count);
    inject_nothing();
}

static void cuts_only_where_it_must(void) {
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, 8192));
    inject_nothing();
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, 8192));
    CHECK_SAME(1, call_count);
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, 0));
    CHECK_SAME(3, call_count);
}

static void cuts_nothing_by_an_unknown_geometry(void) {
    const struct s3dlio_geometry unknown = {0, 0, 0, 0};
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, 8192));
    CHECK_SAME(-EINVAL, s3dlio_cut(fd, &unknown, 3));
    CHECK_SAME(8192, lseek(fd, 0, SEEK_END));
    CHECK_SAME(0, s3dlio_cut(fd, &unknown, 0));
    CHECK_SAME(0, lseek(fd, 0, SEEK_END));
}

static void tells_the_limit(void) {
    const struct rlimit limit = {10000, 10000};
    signal(SIGXFSZ, SIG_IGN);
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, 0));
    CHECK_SAME(0, setrlimit(RLIMIT_FSIZE, &limit));
    CHECK_SAME(-EFBIG, s3dlio_reserve(fd, 20000));
    CHECK_SAME(-EFBIG, s3dlio_pwrite(fd, &geometry, memory, 16384, 0));
    CHECK_SAME(-EFBIG, s3dlio_pwrite(fd, &geometry, memory, 4096, 8192));
    CHECK_SAME(-EFBIG, s3dlio_pwrite(fd, &geometry, memory, 4096, 12288));
    CHECK_SAME(-EFBIG, s3dlio_write(fd, &geometry, memory, 9000, 0, 9000, bounce,
                                    bounce_bytes(&geometry), NULL));
    CHECK_SAME(8192, s3dlio_pwrite(fd, &geometry, memory, 8192, 0));
    required_offset_bytes = 8192;
    CHECK_SAME(-EINVAL, s3dlio_pwrite(fd, &geometry, memory, 4096, 0));
    inject_nothing();
    transfer_bytes_max = 100;
    CHECK_SAME(-EIO, s3dlio_pwrite(fd, &geometry, memory, 8192, 0));
    CHECK_SAME(-EFBIG, s3dlio_pwrite(fd, &geometry, memory, 12288, 0));
    inject_nothing();
}

int main(void) {
    fd = test_file(&geometry);
    memory = test_memory(65536);
    bounce = test_memory(bounce_bytes(&geometry));
    reserves_blocks();
    goes_on_where_it_cant();
    cuts_only_where_it_must();
    cuts_nothing_by_an_unknown_geometry();
    tells_the_limit();
    return EXIT_SUCCESS;
}
