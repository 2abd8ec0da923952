/* What the sources of libs3dlio_direct share. Each includes this first, for _GNU_SOURCE. */
#ifndef S3DLIO_INTERNAL_H
#define S3DLIO_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "s3dlio_direct.h"

_Static_assert(sizeof(off_t) == 8, "build with -D_FILE_OFFSET_BITS=64");

#define S3DLIO_HIDDEN __attribute__((visibility("hidden")))

enum {
    BLOCK_BYTES_MIN = 4096,
    SPAN_COUNT_MAX = 3, /* head, body, tail */
};

enum way { WAY_READ, WAY_WRITE };

static inline int64_t round_down(int64_t value, uint32_t unit) {
    return value - value % unit;
}

static inline int64_t round_up(int64_t value, uint32_t unit) {
    return round_down(value + (int64_t)unit - 1, unit);
}

static inline int is_aligned(const void *address, uint32_t unit) {
    return (uintptr_t)address % unit == 0;
}

static inline struct iovec span_of(const void *address, int64_t size_bytes) {
    return (struct iovec){.iov_base = (void *)(uintptr_t)address, .iov_len = (size_t)size_bytes};
}

static inline void count_bytes(uint64_t *counter, int64_t bytes) {
    __atomic_fetch_add(counter, (uint64_t)bytes, __ATOMIC_RELAXED);
}

/*
 * How long the file is, or -errno. Its offset moves, which nothing here uses. (fstat(2), and
 * fstatat(2), need glibc 2.33 in what was built with that: systems of 2021 couldn't load it.)
 */
S3DLIO_HIDDEN int64_t s3dlio_size(int fd);

/* 0, or -EINVAL for a range or a geometry that no call could be made with. */
S3DLIO_HIDDEN int s3dlio_check_range(const struct s3dlio_geometry *geometry, const void *buffer,
                                     size_t size_bytes, int64_t offset_bytes);

/* 0, or -EINVAL for bounce memory that doesn't fit the (checked) geometry. */
S3DLIO_HIDDEN int s3dlio_check_bounce(const struct s3dlio_geometry *geometry, const void *bounce,
                                      size_t bounce_bytes);

/* Has every page of the memory there: see touches_memory. */
S3DLIO_HIDDEN void s3dlio_touch(const struct iovec *spans, int span_count);

/*
 * Moves all of the spans from or to one range of the file. Offset, addresses and lengths are
 * aligned, which the caller sees to. Returns their whole length, less only where the file ends.
 */
S3DLIO_HIDDEN int64_t s3dlio_move(int fd, enum way way, const struct s3dlio_geometry *geometry,
                                  const struct iovec *spans, int span_count, int64_t offset_bytes);

#endif
