/* What a file needs besides its bytes: room, its size, and to be on the device. */
#include "internal.h"

int64_t s3dlio_size(int fd) {
    off_t result;
    do {
        result = lseek(fd, 0, SEEK_END);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

int s3dlio_reserve(int fd, int64_t size_bytes) {
    int result;
    if (size_bytes < 0 || size_bytes > INT64_MAX - BLOCK_BYTES_MIN)
        return -EINVAL;
    if (size_bytes == 0)
        return 0;
    do {
        result = fallocate(fd, 0, 0, round_up(size_bytes, BLOCK_BYTES_MIN));
    } while (result < 0 && errno == EINTR);
    if (result < 0)
        return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -errno;
    return 0;
}

/* Writes and drops what the page cache has of the file. */
static int drop_pages(int fd) {
    const unsigned all =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    int result;
    do {
        result = sync_file_range(fd, 0, 0, all);
    } while (result < 0 && errno == EINTR);
    if (result < 0 && errno != ENOSYS)
        return -errno;
    /* Its failure leaves a page cached, and the file as it should be. */
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    return 0;
}

int s3dlio_cut(int fd, const struct s3dlio_geometry *geometry, int64_t size_bytes) {
    int result;
    if (size_bytes < 0 || (size_bytes > 0 && geometry->block_bytes == 0))
        return -EINVAL;
    const int inside_block = size_bytes != 0 && size_bytes % geometry->block_bytes != 0;
    if (!inside_block) { /* else the last block was filled up: the file is longer */
        const int64_t had_bytes = s3dlio_size(fd);
        if (had_bytes < 0 || had_bytes == size_bytes)
            return had_bytes < 0 ? (int)had_bytes : 0;
    }
    do {
        result = ftruncate(fd, size_bytes);
    } while (result < 0 && errno == EINTR);
    if (result < 0)
        return -errno;
    return inside_block ? drop_pages(fd) : 0;
}

int s3dlio_sync(int fd) {
    int result;
    do {
        result = fsync(fd);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

int s3dlio_flags(int fd) {
    const int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? -errno : flags;
}
