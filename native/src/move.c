/* Transfers of aligned ranges: whole, whatever the kernel makes of one call. */
#include "internal.h"

#include <sys/resource.h>

enum {
    /* Linux moves 2 GiB less a page in a call (MAX_RW_COUNT), which may end inside a block. */
    CALL_BYTES_MAX = 1 << 30,
    PAGE_BYTES_MIN = 4096, /* no system of ours has smaller pages */
    /* Calls that get nowhere, one after the other, until that is an error. */
    VAIN_CALLS_MAX = 16,
};

int s3dlio_check_range(const struct s3dlio_geometry *geometry, const void *buffer,
                       size_t size_bytes, int64_t offset_bytes) {
    if (geometry->memory_bytes == 0 || geometry->offset_bytes == 0 || geometry->block_bytes == 0)
        return -EINVAL;
    if (buffer == NULL && size_bytes > 0)
        return -EINVAL;
    const int64_t end_bytes_max = INT64_MAX - geometry->block_bytes;
    if (offset_bytes < 0 || offset_bytes > end_bytes_max)
        return -EINVAL;
    return size_bytes <= (uint64_t)(end_bytes_max - offset_bytes) ? 0 : -EINVAL;
}

int s3dlio_check_bounce(const struct s3dlio_geometry *geometry, const void *bounce,
                        size_t bounce_bytes) {
    if (bounce == NULL || !is_aligned(bounce, geometry->memory_bytes))
        return -EINVAL;
    return bounce_bytes / 2 >= geometry->block_bytes ? 0 : -EINVAL;
}

/* The spans without their first skip_bytes, and at most limit_bytes of them. */
static int rest_of(const struct iovec *spans, int span_count, size_t skip_bytes, size_t limit_bytes,
                   struct iovec *rest) {
    int rest_count = 0;
    for (int i = 0; i < span_count && limit_bytes > 0; i++) {
        if (skip_bytes >= spans[i].iov_len) {
            skip_bytes -= spans[i].iov_len;
            continue;
        }
        size_t taken = spans[i].iov_len - skip_bytes;
        if (taken > limit_bytes)
            taken = limit_bytes;
        rest[rest_count++] = span_of((const char *)spans[i].iov_base + skip_bytes, (int64_t)taken);
        skip_bytes = 0;
        limit_bytes -= taken;
    }
    return rest_count;
}

/*
 * What a transfer fails with that the kernel refuses or leaves unfinished: it shortens a write to
 * the file-size limit, and the file system then may find the rest unaligned.
 */
static int cause_of(int error, enum way way, int64_t end_bytes) {
    struct rlimit limit;
    if (way == WAY_WRITE && (error == EINVAL || error == EIO) &&
        getrlimit(RLIMIT_FSIZE, &limit) == 0 && (uint64_t)end_bytes > limit.rlim_cur)
        return -EFBIG;
    return -error;
}

void s3dlio_touch(const struct iovec *spans, int span_count) {
    for (int i = 0; i < span_count; i++) {
        volatile char *memory = spans[i].iov_base;
        for (size_t at = 0; at < spans[i].iov_len; at += PAGE_BYTES_MIN)
            memory[at] = memory[at];
    }
}

int64_t s3dlio_move(int fd, enum way way, const struct s3dlio_geometry *geometry,
                    const struct iovec *spans, int span_count, int64_t offset_bytes) {
    const uint32_t unit = geometry->offset_bytes;
    const size_t limit_bytes =
        unit > CALL_BYTES_MAX ? unit : CALL_BYTES_MAX - CALL_BYTES_MAX % unit;
    int64_t size_bytes = 0;
    for (int i = 0; i < span_count; i++)
        size_bytes += (int64_t)spans[i].iov_len;

    if (way == WAY_READ && geometry->touches_memory != 0)
        s3dlio_touch(spans, span_count);
    int64_t done = 0;
    int vain_calls = 0;
    while (done < size_bytes) {
        struct iovec rest[SPAN_COUNT_MAX];
        const int rest_count = rest_of(spans, span_count, (size_t)done, limit_bytes, rest);
        const ssize_t moved = way == WAY_READ ? preadv(fd, rest, rest_count, offset_bytes + done)
                                              : pwritev(fd, rest, rest_count, offset_bytes + done);
        if (moved < 0) {
            if (errno == EINTR)
                continue;
            return cause_of(errno, way, offset_bytes + size_bytes);
        }
        if (moved == 0 && way == WAY_READ)
            break;
        const int64_t reached = done + moved;
        if (way == WAY_READ && reached % unit != 0) {
            const int64_t file_bytes = s3dlio_size(fd);
            if (file_bytes < 0)
                return file_bytes;
            if (file_bytes <= offset_bytes + reached)
                return reached;
        }
        const int64_t whole = round_down(reached, unit);
        vain_calls = whole > done ? 0 : vain_calls + 1;
        if (vain_calls == VAIN_CALLS_MAX)
            return cause_of(EIO, way, offset_bytes + size_bytes);
        done = whole;
    }
    return done;
}

static int check_aligned(const struct s3dlio_geometry *geometry, const void *buffer,
                         size_t size_bytes, int64_t offset_bytes) {
    const int error = s3dlio_check_range(geometry, buffer, size_bytes, offset_bytes);
    if (error < 0)
        return error;
    const uint32_t unit = geometry->offset_bytes;
    const int aligned = is_aligned(buffer, geometry->memory_bytes) && size_bytes % unit == 0 &&
                        offset_bytes % unit == 0;
    return aligned ? 0 : -EINVAL;
}

int64_t s3dlio_pread(int fd, const struct s3dlio_geometry *geometry, void *buffer,
                     size_t size_bytes, int64_t offset_bytes) {
    const int error = check_aligned(geometry, buffer, size_bytes, offset_bytes);
    if (error < 0)
        return error;
    const struct iovec span = span_of(buffer, (int64_t)size_bytes);
    return s3dlio_move(fd, WAY_READ, geometry, &span, 1, offset_bytes);
}

int64_t s3dlio_pwrite(int fd, const struct s3dlio_geometry *geometry, const void *buffer,
                      size_t size_bytes, int64_t offset_bytes) {
    const int error = check_aligned(geometry, buffer, size_bytes, offset_bytes);
    if (error < 0)
        return error;
    const struct iovec span = span_of(buffer, (int64_t)size_bytes);
    return s3dlio_move(fd, WAY_WRITE, geometry, &span, 1, offset_bytes);
}
