#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

int call_count;
int failing_call;
int failing_error;
int failing_count;
size_t transfer_bytes_max;
int short_transfers;
void (*on_transfer)(char way, int64_t offset_bytes, size_t size_bytes);
unsigned statx_tells_bytes;
unsigned statx_tells_memory_bytes;
size_t required_memory_bytes;
size_t required_offset_bytes;
int refuses_direct;
int transfers_faked;

void inject_nothing(void) {
    call_count = 0;
    failing_call = 0;
    failing_error = 0;
    failing_count = 1;
    transfer_bytes_max = SIZE_MAX;
    short_transfers = INT_MAX;
    on_transfer = NULL;
    statx_tells_bytes = 0;
    statx_tells_memory_bytes = 0;
    required_memory_bytes = 1;
    required_offset_bytes = 1;
    refuses_direct = 0;
    transfers_faked = 0;
}

__attribute__((constructor)) static void start(void) {
    inject_nothing();
}

static int fails(void) {
    const int number = __atomic_add_fetch(&call_count, 1, __ATOMIC_RELAXED);
    if (failing_call == 0 || number < failing_call || number >= failing_call + failing_count)
        return 0;
    errno = failing_error;
    return 1;
}

#define WRAP(type, name, parameters, arguments)                                                    \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters {                                                                \
        return fails() ? (type) - 1 : __real_##name arguments;                                     \
    }

WRAP(off_t, lseek, (int fd, off_t offset, int whence), (fd, offset, whence))
WRAP(int, unlinkat, (int dir_fd, const char *path, int flags), (dir_fd, path, flags))
WRAP(int, fallocate, (int fd, int mode, off_t offset, off_t size), (fd, mode, offset, size))
WRAP(int, ftruncate, (int fd, off_t size), (fd, size))
WRAP(int, sync_file_range, (int fd, off64_t offset, off64_t size, unsigned flags),
     (fd, offset, size, flags))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, getrlimit, (int resource, struct rlimit *limit), (resource, limit))

int __real_openat(int dir_fd, const char *path, int flags, ...);
int __wrap_openat(int dir_fd, const char *path, int flags, ...);
int __wrap_openat(int dir_fd, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    if (fails())
        return -1;
    if (!refuses_direct || (flags & O_DIRECT) == 0)
        return __real_openat(dir_fd, path, flags, mode);
    const int fd = __real_openat(dir_fd, path, flags & ~O_DIRECT, mode);
    if (fd < 0)
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = command == F_GETFL ? NULL : va_arg(rest, void *);
    va_end(rest);
    return fails() ? -1 : __real_fcntl(fd, command, argument);
}

int __real_statx(int dir_fd, const char *path, int flags, unsigned mask, struct statx *status);
int __wrap_statx(int dir_fd, const char *path, int flags, unsigned mask, struct statx *status);
int __wrap_statx(int dir_fd, const char *path, int flags, unsigned mask, struct statx *status) {
    if (fails())
        return -1;
    const int result = __real_statx(dir_fd, path, flags, mask, status);
    if (result < 0 || statx_tells_bytes == 0)
        return result;
    status->stx_mask |= mask;
    if (statx_tells_bytes == STATX_TELLS_NOTHING)
        status->stx_mask &= ~mask;
    const unsigned told = statx_tells_bytes <= STATX_TELLS_NEVER ? 0 : statx_tells_bytes;
    const unsigned memory_bytes =
        statx_tells_memory_bytes != 0 ? statx_tells_memory_bytes : told & -told;
    memcpy((char *)status + 152, &memory_bytes, sizeof memory_bytes);
    memcpy((char *)status + 156, &told, sizeof told);
    return result;
}

/* The spans cut to transfer_bytes_max; how many there are. */
static int shorten(const struct iovec *spans, int count, struct iovec *cut) {
    size_t left = transfer_bytes_max;
    int cut_count = 0;
    for (int i = 0; i < count && left > 0; i++) {
        cut[cut_count] = spans[i];
        if (cut[cut_count].iov_len > left)
            cut[cut_count].iov_len = left;
        left -= cut[cut_count++].iov_len;
    }
    return cut_count;
}

static int is_required(const struct iovec *spans, int count, off_t offset) {
    if ((size_t)offset % required_offset_bytes != 0)
        return 0;
    for (int i = 0; i < count; i++) {
        if ((uintptr_t)spans[i].iov_base % required_memory_bytes != 0 ||
            spans[i].iov_len % required_offset_bytes != 0)
            return 0;
    }
    return 1;
}

static size_t size_of(const struct iovec *spans, int count) {
    size_t size_bytes = 0;
    for (int i = 0; i < count; i++)
        size_bytes += spans[i].iov_len;
    return size_bytes;
}

static int refuses(int fd, char way, const struct iovec *spans, int count, off_t offset) {
    if (fails())
        return 1;
    if (on_transfer != NULL)
        on_transfer(way, offset, size_of(spans, count));
    if (short_transfers != INT_MAX && short_transfers-- == 0)
        transfer_bytes_max = SIZE_MAX;
    if (is_required(spans, count, offset))
        return 0;
    /* A file system looks at the blocks that it reads: at the end there are none. */
    if (way == 'r' && offset >= __real_lseek(fd, 0, SEEK_END))
        return 0;
    errno = EINVAL;
    return 1;
}

/*
 * The kernel refuses a direct transfer of a size that isn't aligned, so a short one is the start of
 * a whole one: a read's bytes after it are spoilt, a write is made and told to be short.
 */
ssize_t __real_preadv(int fd, const struct iovec *spans, int count, off_t offset);
ssize_t __wrap_preadv(int fd, const struct iovec *spans, int count, off_t offset);
ssize_t __wrap_preadv(int fd, const struct iovec *spans, int count, off_t offset) {
    if (refuses(fd, 'r', spans, count, offset))
        return -1;
    if (transfers_faked)
        return (ssize_t)size_of(spans, count);
    const ssize_t got = __real_preadv(fd, spans, count, offset);
    if (got < 0 || (size_t)got <= transfer_bytes_max)
        return got;
    size_t left = transfer_bytes_max;
    for (int i = 0; i < count; i++) {
        const size_t kept = spans[i].iov_len < left ? spans[i].iov_len : left;
        memset((char *)spans[i].iov_base + kept, 0xEE, spans[i].iov_len - kept);
        left -= kept;
    }
    return (ssize_t)transfer_bytes_max;
}

ssize_t __real_pwritev(int fd, const struct iovec *spans, int count, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *spans, int count, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *spans, int count, off_t offset) {
    struct iovec cut[8];
    if (refuses(fd, 'w', spans, count, offset))
        return -1;
    if (transfers_faked)
        return (ssize_t)size_of(spans, count);
    const int cut_count = shorten(spans, count, cut);
    for (int i = 0; i < cut_count; i++) {
        const size_t whole = (cut[i].iov_len + 4095) / 4096 * 4096;
        cut[i].iov_len = whole < spans[i].iov_len ? whole : spans[i].iov_len;
    }
    const ssize_t put = __real_pwritev(fd, cut, cut_count, offset);
    return put < 0 || (size_t)put <= transfer_bytes_max ? put : (ssize_t)transfer_bytes_max;
}
