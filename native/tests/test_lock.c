/* Description: processes that write parts of one block at once lose nothing of each other. */
#include <pthread.h>
#include <sys/wait.h>

#include "check.h"
#include "inject.h"

enum { PROCESS_COUNT = 4, ROUND_COUNT = 60, AREA_BYTES = 65536 };

static const char *path;
static struct s3dlio_geometry geometry;
static char *content;
static char *bounce;

static int64_t write_once(int fd, int64_t start, int64_t stop, char *with_bounce) {
    return s3dlio_write(fd, &geometry, content + start, (size_t)(stop - start), start, -1,
                        with_bounce, bounce_bytes(&geometry), NULL);
}

static int64_t write_at(int fd, int64_t start, int64_t stop, char *with_bounce) {
    int64_t written;
    while ((written = write_once(fd, start, stop, with_bounce)) == -EAGAIN)
        usleep(100);
    return written;
}

static int open_again(void) {
    struct s3dlio_geometry same;
    const int fd = s3dlio_open(AT_FDCWD, path, O_RDWR, 0, &same);
    CHECK(fd >= 0);
    return fd;
}

/* One process of several: each writes its quarter of the block, and bytes of the next block. */
static void write_quarter(int number, int start_pipe) {
    char byte;
    const int64_t quarter_bytes = geometry.block_bytes / PROCESS_COUNT;
    const int fd = open_again();
    CHECK_SAME(0, read(start_pipe, &byte, 1));
    const int64_t start = number * quarter_bytes + 3 * (number > 0);
    const int64_t stop = (number + 1) * quarter_bytes + 3;
    CHECK_SAME(stop - start, write_at(fd, start, stop, bounce));
    _exit(EXIT_SUCCESS);
}

static void processes_share_a_block(int fd) {
    for (int round = 0; round < ROUND_COUNT; round++) {
        int start[2];
        CHECK_SAME(0, ftruncate(fd, 0));
        CHECK_SAME(0, pipe(start));
        for (int i = 0; i < PROCESS_COUNT; i++) {
            const pid_t child = fork();
            CHECK(child >= 0);
            if (child == 0) {
                close(start[1]);
                write_quarter(i, start[0]);
            }
        }
        close(start[0]);
        close(start[1]);
        for (int i = 0; i < PROCESS_COUNT; i++) {
            int status;
            CHECK(wait(&status) > 0);
            CHECK_SAME(0, status);
        }
        CHECK_SAME(0, s3dlio_cut(fd, &geometry, geometry.block_bytes + 3));
        check_content(path, content, geometry.block_bytes + 3);
    }
}

static void *write_beside(void *unused) {
    (void)unused;
    const int fd = open_again();
    char *own_bounce = aligned_alloc(65536, 65536);
    CHECK_SAME(100, write_at(fd, 200, 300, own_bounce));
    free(own_bounce);
    close(fd);
    return NULL;
}

/* The thread has its own open file: it waits for the lock, and sees what was written under it. */
static void waits_for_another_open_file(int fd) {
    pthread_t thread;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    char *block = test_memory(geometry.block_bytes);
    memcpy(block, content, geometry.block_bytes);
    memset(block + 200, 0, geometry.block_bytes - 200);
    CHECK_SAME(0, ftruncate(fd, 0));
    CHECK_SAME(0, fcntl(fd, F_OFD_SETLK, &lock));
    CHECK_SAME(0, pthread_create(&thread, NULL, write_beside, NULL));
    usleep(20000);
    CHECK_SAME(geometry.block_bytes, s3dlio_pwrite(fd, &geometry, block, geometry.block_bytes, 0));
    lock.l_type = F_UNLCK;
    CHECK_SAME(0, fcntl(fd, F_OFD_SETLK, &lock));
    CHECK_SAME(0, pthread_join(thread, NULL));
    memcpy(block + 200, content + 200, 100);
    check_content(path, block, geometry.block_bytes);
}

/* Who waits in the kernel can't be told to stop by anything but a signal that kills it. */
static void waits_for_nobody(int fd) {
    const int other = open_again();
    const int64_t block_bytes = geometry.block_bytes;
    struct s3dlio_counters counters = {0, 0, 0, 0};
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = block_bytes, .l_len = 1};
    CHECK_SAME(0, fcntl(other, F_OFD_SETLK, &lock));
    CHECK_SAME(-EAGAIN, write_once(fd, block_bytes + 1, block_bytes + 2, bounce));
    CHECK_SAME(-EAGAIN, s3dlio_write(fd, &geometry, content + 1, (size_t)block_bytes, 1, -1, bounce,
                                     bounce_bytes(&geometry), &counters));
    CHECK_SAME(0, counters.written_direct_bytes + counters.written_bounced_bytes);
    CHECK_SAME(1, write_once(fd, 0, 1, bounce));
    CHECK_SAME(0, close(other));
    CHECK_SAME(1, write_once(fd, block_bytes + 1, block_bytes + 2, bounce));
}

static void locks_only_what_is_shared(int fd) {
    const int other = open_again();
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    CHECK_SAME(0, fcntl(other, F_OFD_SETLK, &lock));
    CHECK_SAME(10000, s3dlio_write(fd, &geometry, content, 10000, 0, 10000, bounce,
                                   bounce_bytes(&geometry), NULL));
    CHECK_SAME(0, close(other));
}

static void refuses_without_locks(int fd) {
    const int errors[] = {EINVAL, EOPNOTSUPP, ENOSYS, ENOLCK};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        inject_nothing();
        failing_call = 1;
        failing_error = errors[i];
        CHECK_SAME(-ENOLCK, write_once(fd, 1, 2, bounce));
        CHECK_SAME(1, call_count);
    }
    inject_nothing();
}

int main(void) {
    const int fd = test_file(&geometry);
    path = test_file_path();
    content = test_memory(AREA_BYTES);
    bounce = test_memory(bounce_bytes(&geometry));
    processes_share_a_block(fd);
    waits_for_another_open_file(fd);
    waits_for_nobody(fd);
    locks_only_what_is_shared(fd);
    refuses_without_locks(fd);
    return EXIT_SUCCESS;
}
