/* Opening with O_DIRECT, and what alignment the file wants then. */
#include "internal.h"

#include <sys/stat.h>

#ifndef STATX_DIOALIGN
#define STATX_DIOALIGN 0x00002000U /* linux/stat.h, since Linux 6.1 */
#endif

enum {
    /* Where struct statx has stx_dio_mem_align and stx_dio_offset_align, which headers from before
     * Linux 6.1 don't name. The structure has had 256 bytes from the start. */
    STATX_DIO_MEM_ALIGN_OFFSET = 152,
    STATX_DIO_OFFSET_ALIGN_OFFSET = 156,
    PROBE_BYTES_MAX = 65536, /* the largest page and block of Linux's file systems */
};

_Static_assert(sizeof(struct statx) == 256, "struct statx has another layout");
_Static_assert(S3DLIO_PROBE_BYTES == 4 * PROBE_BYTES_MAX, "two for the address, one to move");

/* A short transfer goes on at a multiple of offset_bytes, in the memory as in the file. */
static struct s3dlio_geometry geometry_of(uint32_t memory_bytes, uint32_t told_offset_bytes) {
    uint32_t offset_bytes = told_offset_bytes;
    while (offset_bytes % memory_bytes != 0)
        offset_bytes += told_offset_bytes;
    const uint32_t block_bytes = (uint32_t)round_up(BLOCK_BYTES_MIN, offset_bytes);
    return (struct s3dlio_geometry){memory_bytes, offset_bytes, block_bytes, 0};
}

/* EPERM: how containers of before 2018 refuse a call that they don't know. */
static int is_unknown(int error) {
    return error == ENOSYS || error == EPERM;
}

/* 0 with what statx says (all zero where it says nothing); -EOPNOTSUPP where it says never. */
static int read_geometry(int fd, struct s3dlio_geometry *geometry) {
    struct statx status;
    uint32_t memory_bytes;
    uint32_t offset_bytes;
    int result;
    *geometry = (struct s3dlio_geometry){0, 0, 0, 0};
    do {
        result = statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status);
    } while (result < 0 && errno == EINTR);
    if (result < 0)
        return is_unknown(errno) || errno == EINVAL ? 0 : -errno;
    if ((status.stx_mask & STATX_DIOALIGN) == 0)
        return 0;
    memcpy(&memory_bytes, (const char *)&status + STATX_DIO_MEM_ALIGN_OFFSET, sizeof memory_bytes);
    memcpy(&offset_bytes, (const char *)&status + STATX_DIO_OFFSET_ALIGN_OFFSET,
           sizeof offset_bytes);
    if (memory_bytes == 0 || offset_bytes == 0)
        return -EOPNOTSUPP;
    *geometry = geometry_of(memory_bytes, offset_bytes);
    return 0;
}

static int makes_file(int flags) {
    const int kinds = O_CREAT | O_EXCL | O_DIRECTORY | O_PATH;
    return (flags & kinds) == (O_CREAT | O_EXCL);
}

/* Why open(2) said EINVAL; the file that it may have made before that is removed. */
static int refusal(int dir_fd, const char *path, int flags) {
    struct statx status;
    if (statx(dir_fd, path, 0, STATX_TYPE | STATX_SIZE, &status) < 0) {
        if (errno == ENOENT)
            return -EOPNOTSUPP;
        if (!is_unknown(errno) || !makes_file(flags))
            return -errno;
        unlinkat(dir_fd, path, 0); /* new: the kernel looks for what is there before it refuses */
        return -EOPNOTSUPP;
    }
    if (S_ISDIR(status.stx_mode))
        return -EISDIR;
    if (!S_ISREG(status.stx_mode))
        return -EINVAL;
    if (makes_file(flags) && status.stx_size == 0)
        unlinkat(dir_fd, path, 0);
    return -EOPNOTSUPP;
}

int s3dlio_open(int dir_fd, const char *path, int flags, unsigned mode,
                struct s3dlio_geometry *geometry) {
    int fd;
    *geometry = (struct s3dlio_geometry){0, 0, 0, 0};
    if ((flags & O_APPEND) != 0)
        return -EINVAL;
    do {
        fd = openat(dir_fd, path, flags | O_DIRECT | O_CLOEXEC, (mode_t)mode);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return errno == EINVAL ? refusal(dir_fd, path, flags) : -errno;
    const int error = read_geometry(fd, geometry);
    if (error < 0) {
        if (makes_file(flags))
            unlinkat(dir_fd, path, 0);
        close(fd);
        return error;
    }
    return fd;
}

/* 1 if the kernel takes a transfer of this kind, 0 if it says EINVAL, or -errno. */
static int accepts(int fd, int writable, void *address, uint32_t size_bytes, int64_t offset_bytes) {
    const struct iovec span = span_of(address, size_bytes);
    ssize_t moved;
    if (!writable)
        s3dlio_touch(&span, 1);
    do {
        moved = writable ? pwritev(fd, &span, 1, offset_bytes) : preadv(fd, &span, 1, offset_bytes);
    } while (moved < 0 && errno == EINTR);
    if (moved < 0)
        return errno == EINVAL ? 0 : -errno;
    return 1;
}

/* The least power of two that is accepted for offset and length, or -errno. */
static int64_t probe_offset(int fd, int writable, char *scratch) {
    for (uint32_t unit = BLOCK_BYTES_MIN; unit <= PROBE_BYTES_MAX; unit *= 2) {
        /* A read at the end of the file is never refused, so it is at the start. */
        const int accepted = accepts(fd, writable, scratch, unit, writable ? unit : 0);
        if (accepted != 0)
            return accepted < 0 ? accepted : (int64_t)unit;
    }
    return -EOPNOTSUPP;
}

/* Likewise for the address: scratch is aligned to twice the largest. */
static int64_t probe_memory(int fd, int writable, char *scratch, uint32_t offset_bytes) {
    for (uint32_t unit = BLOCK_BYTES_MIN; unit < PROBE_BYTES_MAX; unit *= 2) {
        const int accepted = accepts(fd, writable, scratch + unit, offset_bytes, 0);
        if (accepted != 0)
            return accepted < 0 ? accepted : (int64_t)unit;
    }
    return PROBE_BYTES_MAX; /* what probe_offset has tried with */
}

static int probe(int fd, int writable, char *scratch, struct s3dlio_geometry *geometry) {
    const int64_t offset_bytes = probe_offset(fd, writable, scratch);
    if (offset_bytes < 0)
        return (int)offset_bytes;
    const int64_t memory_bytes = probe_memory(fd, writable, scratch, (uint32_t)offset_bytes);
    if (memory_bytes < 0)
        return (int)memory_bytes;
    *geometry = geometry_of((uint32_t)memory_bytes, (uint32_t)offset_bytes);
    geometry->touches_memory = 1;
    return 0;
}

int s3dlio_probe(int fd, int writable, void *scratch, size_t scratch_bytes,
                 struct s3dlio_geometry *geometry) {
    *geometry = (struct s3dlio_geometry){0, 0, 0, 0};
    if (scratch == NULL || scratch_bytes < S3DLIO_PROBE_BYTES)
        return -EINVAL;
    const int64_t had_bytes = writable ? s3dlio_size(fd) : 0;
    if (had_bytes != 0)
        return had_bytes < 0 ? (int)had_bytes : -EINVAL;
    const uintptr_t unaligned = (uintptr_t)scratch % (2 * PROBE_BYTES_MAX);
    char *aligned = (char *)scratch + (unaligned == 0 ? 0 : 2 * PROBE_BYTES_MAX - unaligned);
    int result = probe(fd, writable, aligned, geometry);
    if (writable) {
        const int error = s3dlio_cut(fd, geometry, 0);
        result = result < 0 ? result : error;
    }
    return result;
}
