/* Description: what is opened does direct I/O and says how; what can't is refused, and not left. */
#include <sys/stat.h>

#include "check.h"
#include "inject.h"

static struct s3dlio_geometry geometry;

static int make(const char *path) {
    return s3dlio_open(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, 0640, &geometry);
}

static int exists(const char *path) {
    return access(path, F_OK) == 0;
}

static void check_geometry(unsigned memory_bytes, unsigned offset_bytes, unsigned block_bytes) {
    CHECK_SAME(memory_bytes, geometry.memory_bytes);
    CHECK_SAME(offset_bytes, geometry.offset_bytes);
    CHECK_SAME(block_bytes, geometry.block_bytes);
}

static void opens_with_the_flag_and_the_mode(void) {
    struct stat status;
    const char *path = test_path();
    umask(022);
    const int fd = make(path);
    CHECK(fd >= 0);
    CHECK(s3dlio_flags(fd) & O_DIRECT);
    CHECK_SAME(O_RDWR, s3dlio_flags(fd) & O_ACCMODE);
    CHECK_SAME(FD_CLOEXEC, fcntl(fd, F_GETFD));
    CHECK_SAME(0, fstat(fd, &status));
    CHECK_SAME(0640, status.st_mode & 0777);
    CHECK_SAME(0, close(fd));
    CHECK_SAME(-EEXIST, make(path));
    CHECK(exists(path));
    CHECK_SAME(-EBADF, s3dlio_flags(fd));
}

static void takes_the_geometry_from_statx(void) {
    const struct {
        unsigned told, memory_bytes, block_bytes;
    } cases[] = {{512, 512, 4096},
                 {4096, 4096, 4096},
                 {16384, 16384, 16384},
                 {65536, 65536, 65536},
                 {1536, 512, 4608}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = test_path();
        statx_tells_bytes = cases[i].told;
        CHECK_SAME(0, close(make(path)));
        check_geometry(cases[i].memory_bytes, cases[i].told, cases[i].block_bytes);
        inject_nothing();
    }
}

/* So that a short transfer goes on at an address that is allowed. */
static void offsets_are_aligned_as_addresses(void) {
    const char *path = test_path();
    statx_tells_bytes = 512;
    statx_tells_memory_bytes = 16384;
    CHECK_SAME(0, close(make(path)));
    CHECK_SAME(0, unlink(path));
    check_geometry(16384, 16384, 16384);
    statx_tells_bytes = 1536;
    statx_tells_memory_bytes = 1024;
    CHECK_SAME(0, close(make(path)));
    check_geometry(1024, 3072, 6144);
    inject_nothing();
}

static void knows_no_geometry_where_statx_tells_none(void) {
    const int errors[] = {ENOSYS, EPERM, EINVAL};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        failing_call = 2;
        failing_error = errors[i];
        CHECK_SAME(0, close(make(test_path())));
        check_geometry(0, 0, 0);
        inject_nothing();
    }
    statx_tells_bytes = STATX_TELLS_NOTHING;
    CHECK_SAME(0, close(make(test_path())));
    check_geometry(0, 0, 0);
    inject_nothing();
}

static int lowest_free_fd(void) {
    const int fd = dup(STDERR_FILENO);
    CHECK(fd >= 0);
    CHECK_SAME(0, close(fd));
    return fd;
}

static void removes_what_a_refusal_made(void) {
    const char *path = test_path();
    const int free_fd = lowest_free_fd();
    refuses_direct = 1;
    CHECK_SAME(-EOPNOTSUPP, make(path));
    CHECK(!exists(path));
    inject_nothing();
    statx_tells_bytes = STATX_TELLS_NEVER;
    CHECK_SAME(-EOPNOTSUPP, make(path));
    CHECK(!exists(path));
    inject_nothing();
    failing_call = 2;
    failing_error = EIO;
    CHECK_SAME(-EIO, make(path));
    CHECK(!exists(path));
    inject_nothing();
    CHECK_SAME(free_fd, lowest_free_fd());
}

static void removes_it_without_statx(void) {
    const int errors[] = {EPERM, ENOSYS};
    const char *path = test_path();
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        refuses_direct = 1;
        failing_call = 2;
        failing_error = errors[i];
        CHECK_SAME(-EOPNOTSUPP, make(path));
        CHECK(!exists(path));
        inject_nothing();
        CHECK_SAME(0, close(make(path)));
        inject_nothing();
        refuses_direct = 1;
        failing_call = 2;
        failing_error = errors[i];
        CHECK_SAME(-errors[i], s3dlio_open(AT_FDCWD, path, O_RDWR, 0, &geometry));
        CHECK_SAME(0, unlink(path));
        inject_nothing();
    }
}

static void leaves_a_file_that_was_there(void) {
    const char *path = test_path();
    CHECK_SAME(0, close(make(path)));
    for (int kind = 0; kind < 2; kind++) {
        refuses_direct = kind == 0;
        statx_tells_bytes = kind == 0 ? 0 : STATX_TELLS_NEVER;
        CHECK_SAME(-EOPNOTSUPP, s3dlio_open(AT_FDCWD, path, O_RDWR, 0, &geometry));
        CHECK_SAME(-EOPNOTSUPP, s3dlio_open(AT_FDCWD, path, O_RDWR | O_CREAT, 0600, &geometry));
        inject_nothing();
        CHECK(exists(path));
    }
}

/* Somebody made it in between, or the kernel meant something else. */
static void leaves_a_file_that_has_bytes(void) {
    const char *path = test_path();
    const int fd = open(path, O_WRONLY | O_CREAT, 0600);
    CHECK_SAME(1, write(fd, "x", 1));
    CHECK_SAME(0, close(fd));
    inject_nothing();
    failing_call = 1;
    failing_error = EINVAL;
    CHECK_SAME(-EOPNOTSUPP, make(path));
    inject_nothing();
    CHECK(exists(path));
}

static void says_refused_where_nothing_was_made(void) {
    const char *path = test_path();
    failing_call = 1;
    failing_error = EINVAL;
    CHECK_SAME(-EOPNOTSUPP, make(path));
    CHECK(!exists(path));
    inject_nothing();
    failing_call = 1;
    failing_count = 2;
    failing_error = EINVAL;
    CHECK_SAME(-EINVAL, make(path));
    inject_nothing();
}

static void refuses_what_is_no_file(void) {
    const char *path = test_path();
    CHECK_SAME(-EISDIR, s3dlio_open(AT_FDCWD, "/", O_RDONLY, 0, &geometry));
    CHECK_SAME(-EINVAL, s3dlio_open(AT_FDCWD, "/dev/null", O_RDWR, 0, &geometry));
    CHECK_SAME(-ENOENT, s3dlio_open(AT_FDCWD, path, O_RDONLY, 0, &geometry));
    CHECK_SAME(0, symlink("/dev/null", path));
    CHECK_SAME(-ELOOP, s3dlio_open(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW, 0, &geometry));
}

static void refuses_to_append(void) {
    inject_nothing();
    CHECK_SAME(-EINVAL, s3dlio_open(AT_FDCWD, "x", O_WRONLY | O_APPEND, 0, &geometry));
    CHECK_SAME(0, call_count);
}

int main(void) {
    close(test_file(&geometry));
    opens_with_the_flag_and_the_mode();
    takes_the_geometry_from_statx();
    offsets_are_aligned_as_addresses();
    knows_no_geometry_where_statx_tells_none();
    removes_what_a_refusal_made();
    removes_it_without_statx();
    leaves_a_file_that_was_there();
    leaves_a_file_that_has_bytes();
    says_refused_where_nothing_was_made();
    refuses_what_is_no_file();
    refuses_to_append();
    return EXIT_SUCCESS;
}
