#include "check.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum {
    PATH_COUNT_MAX = 32,
    MEMORY_COUNT_MAX = 16,
    MEMORY_ALIGNMENT = 65536,
    CACHESTAT_NUMBER = 451, /* asm-generic/unistd.h */
    TIME_MAX_S = 400,
};

static char paths[PATH_COUNT_MAX][4096];
static int path_count;
static const char *file_path;
static char *memories[MEMORY_COUNT_MAX];
static int memory_count;
static pid_t owner;

/* A test that hangs ends. Far beyond what any takes: this measures nothing. */
__attribute__((constructor)) static void watch(void) {
    alarm(TIME_MAX_S);
}

void check_same(const char *file, int line, const char *what, long long expected,
                long long actual) {
    if (expected == actual)
        return;
    fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", file, line, what, actual, expected);
    exit(EXIT_FAILURE);
}

static void clean_up(void) {
    if (owner != getpid())
        return;
    for (int i = 0; i < path_count; i++)
        unlink(paths[i]);
    for (int i = 0; i < memory_count; i++)
        free(memories[i]);
}

static void own(void) {
    if (owner != 0)
        return;
    owner = getpid();
    atexit(clean_up);
}

const char *test_path(void) {
    own();
    CHECK(path_count < PATH_COUNT_MAX);
    const char *directory = getenv("S3DLIO_DIRECT_DIR");
    char *path = paths[path_count];
    snprintf(path, sizeof paths[0], "%s/s3dlio-test-%ld-%d", directory != NULL ? directory : ".",
             (long)getpid(), path_count);
    path_count++;
    return path;
}

/* Skips the test, or fails where $S3DLIO_TEST_REQUIRE wants direct I/O. */
static void give_up(const char *path, const char *reason) {
    const char *required = getenv("S3DLIO_TEST_REQUIRE");
    const int fatal = required != NULL && strstr(required, "direct") != NULL;
    fprintf(stderr, "%s: %s: set S3DLIO_DIRECT_DIR to a directory on a device\n", path, reason);
    exit(fatal ? EXIT_FAILURE : EXIT_SKIP);
}

static void require_direct(int fd, const char *path) {
    /* Else the file is buffered because of us, and would take any alignment on any device. */
    CHECK(s3dlio_flags(fd) & O_DIRECT);
    char *memory = test_memory(8192);
    if (pwrite(fd, memory + 1, 4096, 0) >= 0 || errno != EINVAL)
        give_up(path, "takes any alignment");
}

int test_file(struct s3dlio_geometry *geometry) {
    const char *path = test_path();
    file_path = path;
    const int fd = s3dlio_open(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, 0600, geometry);
    if (fd == -EOPNOTSUPP)
        give_up(path, "refuses O_DIRECT");
    CHECK(fd >= 0);
    require_direct(fd, path);
    if (geometry->offset_bytes == 0)
        CHECK_SAME(
            0, s3dlio_probe(fd, 1, test_memory(S3DLIO_PROBE_BYTES), S3DLIO_PROBE_BYTES, geometry));
    return fd;
}

const char *test_file_path(void) {
    return file_path;
}

char *test_memory(size_t size_bytes) {
    own();
    CHECK(memory_count < MEMORY_COUNT_MAX);
    void *memory = NULL;
    CHECK_SAME(0, posix_memalign(&memory, MEMORY_ALIGNMENT, size_bytes));
    char *bytes = memory;
    for (size_t i = 0; i < size_bytes; i++)
        bytes[i] = (char)(i * 7 + i / 251 + (size_t)memory_count * 31);
    memories[memory_count++] = bytes;
    return bytes;
}

size_t bounce_bytes(const struct s3dlio_geometry *geometry) {
    return 2 * (size_t)geometry->block_bytes;
}

void check_content(const char *path, const char *expected, int64_t size_bytes) {
    char piece[16384];
    const int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    int64_t position = 0;
    for (;;) {
        const ssize_t got = pread(fd, piece, sizeof piece, position);
        CHECK(got >= 0);
        if (got == 0)
            break;
        CHECK(position + got <= size_bytes);
        CHECK_SAME(0, memcmp(piece, expected + position, (size_t)got));
        position += got;
    }
    CHECK_SAME(size_bytes, position);
    CHECK_SAME(0, close(fd));
}

/* What cachestat(2) says, which sees pages that mincore(2) doesn't: those that are dirty, but not
 * whole. Negative before Linux 6.5. */
static long count_pages(int fd) {
    struct {
        uint64_t cached, dirty, in_writeback, evicted, recently_evicted;
    } found;
    const struct {
        uint64_t offset, size;
    } all = {0, 0};
    return syscall(CACHESTAT_NUMBER, fd, &all, &found, 0) < 0 ? -1 : (long)found.cached;
}

static long count_mapped_pages(int fd, size_t size_bytes) {
    const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    const size_t page_count = (size_bytes + page_bytes - 1) / page_bytes;
    unsigned char *resident = calloc(page_count, 1);
    void *map = mmap(NULL, size_bytes, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(resident != NULL && map != MAP_FAILED);
    CHECK_SAME(0, mincore(map, size_bytes, resident));
    CHECK_SAME(0, munmap(map, size_bytes));
    long cached = 0;
    for (size_t i = 0; i < page_count; i++)
        cached += resident[i] & 1;
    free(resident);
    return cached;
}

long cached_pages(const char *path) {
    struct stat status;
    const int fd = open(path, O_RDONLY);
    CHECK(fd >= 0);
    CHECK_SAME(0, fstat(fd, &status));
    long cached = count_pages(fd);
    if (cached < 0)
        cached = status.st_size == 0 ? 0 : count_mapped_pages(fd, (size_t)status.st_size);
    CHECK_SAME(0, close(fd));
    return cached;
}

uint64_t random_below(uint64_t limit) {
    static uint64_t state = 88172645463325252U;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % limit;
}
