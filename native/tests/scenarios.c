#include "scenarios.h"

#include <sys/stat.h>

#include "check.h"
#include "inject.h"

enum {
    FILE_BYTES = 40000,
    RANGE_START = 1000,
    RANGE_BYTES = 30000,
    MEMORY_BYTES = 262144,
};

static int fd;
static const char *new_path;
static struct s3dlio_geometry geometry;
static char *content; /* of the whole file */
static char *other;   /* other bytes, to be written over it */
static char *buffer;  /* to be read into */
static char *bounce;

static int64_t size_of_file(void) {
    struct stat status;
    CHECK_SAME(0, fstat(fd, &status));
    return status.st_size;
}

static void fill_file(void) {
    CHECK_SAME(0, ftruncate(fd, 0));
    CHECK_SAME(FILE_BYTES, s3dlio_write(fd, &geometry, content, FILE_BYTES, 0, FILE_BYTES, bounce,
                                        bounce_bytes(&geometry), NULL));
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, FILE_BYTES));
    memset(buffer, 0, MEMORY_BYTES);
}

static void empty_file(void) {
    CHECK_SAME(0, ftruncate(fd, 0));
}

static int64_t read_back(void) {
    memset(buffer, 0, MEMORY_BYTES);
    return s3dlio_read(fd, &geometry, buffer, MEMORY_BYTES, 0, bounce, bounce_bytes(&geometry),
                       NULL);
}

/* The file is the content but for [start, stop), which is of the other bytes. */
static void check_written(int64_t start, int64_t stop, int64_t size_bytes) {
    CHECK_SAME(size_bytes, read_back());
    CHECK_SAME(0, memcmp(buffer, content, (size_t)start));
    CHECK_SAME(0, memcmp(buffer + start, other + start, (size_t)(stop - start)));
    CHECK_SAME(0, memcmp(buffer + stop, content + stop, (size_t)(size_bytes - stop)));
}

static void remove_new(void) {
    unlink(new_path);
}

static int64_t open_new(void) {
    struct s3dlio_geometry told;
    const int new_fd = s3dlio_open(AT_FDCWD, new_path, O_RDWR | O_CREAT | O_EXCL, 0600, &told);
    if (new_fd < 0)
        return new_fd;
    CHECK(told.offset_bytes == 0 || told.offset_bytes == geometry.offset_bytes);
    return close(new_fd);
}

static void nothing(void) {
}

static int64_t read_strictly(void) {
    return s3dlio_pread(fd, &geometry, buffer, 65536, 0);
}

static void check_all_read(void) {
    CHECK_SAME(0, memcmp(buffer, content, FILE_BYTES));
}

static int64_t read_straight(void) {
    return s3dlio_read(fd, &geometry, buffer + RANGE_START, RANGE_BYTES, RANGE_START, bounce,
                       bounce_bytes(&geometry), NULL);
}

static int64_t read_bounced(void) {
    return s3dlio_read(fd, &geometry, buffer + RANGE_START + 1, RANGE_BYTES, RANGE_START, bounce,
                       bounce_bytes(&geometry), NULL);
}

static void check_range_read(void) {
    CHECK_SAME(0, memcmp(buffer + RANGE_START, content + RANGE_START, RANGE_BYTES));
}

static void check_range_read_beside(void) {
    CHECK_SAME(0, memcmp(buffer + RANGE_START + 1, content + RANGE_START, RANGE_BYTES));
}

static int64_t write_strictly(void) {
    return s3dlio_pwrite(fd, &geometry, other, 32768, 0);
}

static void check_start_written(void) {
    check_written(0, 32768, FILE_BYTES);
}

static int64_t write_with_tail(void) {
    return s3dlio_write(fd, &geometry, other, FILE_BYTES, 0, FILE_BYTES, bounce,
                        bounce_bytes(&geometry), NULL);
}

static void check_all_written(void) {
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, FILE_BYTES));
    check_written(0, FILE_BYTES, FILE_BYTES);
}

static int64_t write_from(const char *source) {
    return s3dlio_write(fd, &geometry, source, RANGE_BYTES, RANGE_START, FILE_BYTES, bounce,
                        bounce_bytes(&geometry), NULL);
}

static int64_t write_with_edges(void) {
    return write_from(other + RANGE_START);
}

static int64_t write_bounced(void) {
    memmove(other + RANGE_START + 1, other + RANGE_START, RANGE_BYTES);
    const int64_t written = write_from(other + RANGE_START + 1);
    memmove(other + RANGE_START, other + RANGE_START + 1, RANGE_BYTES);
    return written;
}

static void check_range_written(void) {
    check_written(RANGE_START, RANGE_START + RANGE_BYTES, FILE_BYTES);
}

static int64_t reserve(void) {
    return s3dlio_reserve(fd, FILE_BYTES);
}

static void check_reserved(void) {
    CHECK_SAME(40960, size_of_file());
}

static int64_t cut(void) {
    return s3dlio_cut(fd, &geometry, 12345);
}

static void check_cut(void) {
    check_written(0, 0, 12345);
}

static int64_t sync_file(void) {
    return s3dlio_sync(fd);
}

static int64_t probe_writing(void) {
    struct s3dlio_geometry found;
    return s3dlio_probe(fd, 1, other, MEMORY_BYTES, &found);
}

static int64_t probe_reading(void) {
    struct s3dlio_geometry found;
    return s3dlio_probe(fd, 0, buffer, MEMORY_BYTES, &found);
}

static void check_empty(void) {
    CHECK_SAME(0, size_of_file());
}

const struct scenario scenarios[] = {
    {"open a new file", 0, remove_new, open_new, nothing},
    {"read strictly, to the end", FILE_BYTES, fill_file, read_strictly, check_all_read},
    {"read straight", RANGE_BYTES, fill_file, read_straight, check_range_read},
    {"read bounced", RANGE_BYTES, fill_file, read_bounced, check_range_read_beside},
    {"write strictly", 32768, fill_file, write_strictly, check_start_written},
    {"write body and tail", FILE_BYTES, empty_file, write_with_tail, check_all_written},
    {"write with shared edges", RANGE_BYTES, fill_file, write_with_edges, check_range_written},
    {"write bounced", RANGE_BYTES, fill_file, write_bounced, check_range_written},
    {"reserve", 0, empty_file, reserve, check_reserved},
    {"cut inside a block", 0, fill_file, cut, check_cut},
    {"sync", 0, fill_file, sync_file, nothing},
    {"probe an empty file", 0, empty_file, probe_writing, check_empty},
    {"probe by reading", 0, fill_file, probe_reading, nothing},
};

const int scenario_count = sizeof scenarios / sizeof scenarios[0];

void scenarios_start(void) {
    fd = test_file(&geometry);
    new_path = test_path();
    content = test_memory(MEMORY_BYTES);
    other = test_memory(MEMORY_BYTES);
    buffer = test_memory(MEMORY_BYTES);
    bounce = test_memory(bounce_bytes(&geometry));
}

int64_t scenario_run(const struct scenario *scenario, int call, int count, int error) {
    scenario->prepare();
    inject_nothing();
    failing_call = call;
    failing_count = count;
    failing_error = error;
    const int64_t result = scenario->act();
    failing_call = 0;
    return result;
}

int scenario_calls(const struct scenario *scenario) {
    CHECK_SAME(scenario->expected, scenario_run(scenario, 0, 0, 0));
    const int calls = call_count;
    CHECK(calls > 0);
    scenario->verify();
    return calls;
}

int file_is_unlocked(void) {
    char path[64];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const int second = open(path, O_RDWR);
    CHECK(second >= 0);
    CHECK_SAME(0, fcntl(second, F_OFD_GETLK, &lock));
    CHECK_SAME(0, close(second));
    return lock.l_type == F_UNLCK;
}
