/*
 * O_DIRECT reads and writes of regular files on Linux: the contract of libs3dlio_direct.
 *
 * Rules that hold everywhere:
 * - Every function returns a value >= 0, or -errno. errno itself is left as it falls.
 * - Nothing allocates, logs, or keeps state between calls. All functions may run at the same time
 *   in any threads, but for what s3dlio_write says of edge blocks.
 * - Calls that a signal interrupts are made again, short transfers are continued. A file that takes
 *   or gives less than one aligned unit, again and again, is -EIO.
 * - Sizes and offsets are in bytes. An offset below zero, or a range whose padded end is no off_t,
 *   is -EINVAL before anything is asked of the kernel.
 * - Nothing falls back to the page cache. A descriptor without O_DIRECT works, too, and is then
 *   buffered: s3dlio_open never hands one out.
 *
 * Sources: open(2) "O_DIRECT", statx(2) "STATX_DIOALIGN", fcntl(2) "Open file description locks".
 */
#ifndef S3DLIO_DIRECT_H
#define S3DLIO_DIRECT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What s3dlio_probe needs of scratch memory. */
#define S3DLIO_PROBE_BYTES 262144

/* How a file wants its direct I/O. All zero: not known yet. */
struct s3dlio_geometry {
    uint32_t memory_bytes; /* addresses are multiples of this */
    uint32_t offset_bytes; /* offsets and lengths are multiples of this, which is one of those */
    /* What written edges are padded to: the least multiple of both that is 4096 or more. File
     * systems let one writer at a time write a part of a block of theirs (ext4_unaligned_io). */
    uint32_t block_bytes;
    /* 1: memory is touched before it is read into. What was found by trying may be of a file system
     * that reads into missing pages through the page cache, which costs a part in 200 to prevent
     * (btrfs, gfs2: iov_iter.nofault). */
    uint32_t touches_memory;
};

/* Payload of calls that succeeded, not padding. Added to atomically: any threads may share one. */
struct s3dlio_counters {
    uint64_t read_direct_bytes;     /* by the device into the caller's buffer */
    uint64_t read_bounced_bytes;    /* by the device into the bounce memory, then copied */
    uint64_t written_direct_bytes;  /* from the caller's buffer to the device */
    uint64_t written_bounced_bytes; /* copied to the bounce memory, then to the device */
};

/*
 * openat(2) with O_DIRECT and O_CLOEXEC added. Returns the descriptor, and its geometry: all zero
 * where the kernel or the file system doesn't tell, and s3dlio_probe has to find it.
 *
 * -EOPNOTSUPP: the file, or its file system, refuses O_DIRECT. What O_CREAT|O_EXCL made on the way
 *     to that refusal is removed again. (With O_CREAT alone nobody knows who made the file: it
 *     stays.)
 * -EISDIR, -EINVAL: a directory; neither a file nor a directory; or O_APPEND, with which Linux
 *     ignores the offset of a write.
 */
int s3dlio_open(int dir_fd, const char *path, int flags, unsigned mode,
                struct s3dlio_geometry *geometry);

/*
 * Finds out by trying which alignment is accepted, 4 KiB to 64 KiB. Nothing smaller is tried: a
 * file system that doesn't tell may take it through the page cache (btrfs).
 *
 * writable: fd is an empty file, and is empty again afterwards. Otherwise the file is read.
 * scratch: S3DLIO_PROBE_BYTES at any address; its content is written to the file and overwritten.
 *
 * -EOPNOTSUPP: none is accepted. -EINVAL: the scratch is too small, the file isn't empty.
 */
int s3dlio_probe(int fd, int writable, void *scratch, size_t scratch_bytes,
                 struct s3dlio_geometry *geometry);

/*
 * Reads or writes an aligned range. Address, size and offset that the geometry forbids are -EINVAL
 * before any call. Returns size_bytes; s3dlio_pread less only where the file ends.
 */
int64_t s3dlio_pread(int fd, const struct s3dlio_geometry *geometry, void *buffer,
                     size_t size_bytes, int64_t offset_bytes);
int64_t s3dlio_pwrite(int fd, const struct s3dlio_geometry *geometry, const void *buffer,
                      size_t size_bytes, int64_t offset_bytes);

/*
 * Reads any range. The aligned body goes straight into the buffer where its address allows that,
 * the edges through the bounce memory, in one preadv(2); where the address doesn't allow it, all
 * of it goes through the bounce memory, in pieces of bounce_bytes.
 *
 * Returns size_bytes, less only where the file ends (it may grow or shrink meanwhile), 0 at the
 * end. Bytes of the buffer after what was read are undefined up to size_bytes.
 *
 * bounce: memory of this call alone, its address a multiple of memory_bytes, bounce_bytes at least
 * two blocks. Otherwise -EINVAL, whether this range needs it or not. counters may be NULL.
 */
int64_t s3dlio_read(int fd, const struct s3dlio_geometry *geometry, void *buffer, size_t size_bytes,
                    int64_t offset_bytes, void *bounce, size_t bounce_bytes,
                    struct s3dlio_counters *counters);

/*
 * Writes any range, and returns size_bytes. The aligned body goes straight from the buffer where
 * its address allows that, the rest through the bounce memory (as for s3dlio_read).
 *
 * end_bytes: the size that the file will have, -1 if unknown. A range that ends there is padded
 * with zeros to a whole block; s3dlio_cut removes them. It is one pwritev(2) with the body: a
 * second call would wait for the device once more.
 *
 * A block at another edge belongs to others, too: it is locked (F_OFD_SETLK on its bytes), read,
 * merged, written and unlocked, and fd must be readable for that. What the file doesn't have of it
 * yet is filled with zeros, so that a file may become up to a block longer than what was written.
 * The lock keeps out other open files of this process and of others, but not who has the same one
 * (other threads with this fd, its copies, a forked child): the caller must not run two writes that
 * share an edge block of one open file at once.
 *
 * -EAGAIN: another open file has the lock. Nothing here waits for it, so that the caller may give
 *     up: it calls again, with all of the range.
 * -ENOLCK: the kernel or the file system has no such locks.
 *
 * -EFBIG as well where the file-size limit cuts the range off a block, for which the kernel says
 * EINVAL. (It may send SIGXFSZ besides, which ends a process that doesn't ignore it.)
 */
int64_t s3dlio_write(int fd, const struct s3dlio_geometry *geometry, const void *buffer,
                     size_t size_bytes, int64_t offset_bytes, int64_t end_bytes, void *bounce,
                     size_t bounce_bytes, struct s3dlio_counters *counters);

/*
 * Allocates size_bytes, rounded up to 4096 for the padded tail, and makes the file that long.
 * Parts may then be written in any order and at the same time: a write beyond the end of a file
 * makes all others wait. For a file of one write it costs a little and saves nothing.
 * Returns 0, also where the file system can't; -ENOSPC, -EDQUOT, -EFBIG.
 */
int s3dlio_reserve(int fd, int64_t size_bytes);

/*
 * Makes the file size_bytes long; where that is whole blocks, only if it isn't. To cut inside a
 * block, a file system may read it into the page cache and put zeros at its end
 * (ext4_block_truncate_page): that page, which mincore(2) doesn't see, but cachestat(2) does, is
 * written and dropped.
 * -EINVAL: the size is below zero; or it isn't zero, and the geometry isn't known.
 */
int s3dlio_cut(int fd, const struct s3dlio_geometry *geometry, int64_t size_bytes);

/* fsync(2). */
int s3dlio_sync(int fd);

/* fcntl(2) F_GETFL, for who wants to see O_DIRECT. */
int s3dlio_flags(int fd);

#ifdef __cplusplus
}
#endif

#endif
