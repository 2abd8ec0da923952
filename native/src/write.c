/* Writes of any range: the aligned body straight from the caller's buffer. */
#include "internal.h"

/* One call of s3dlio_write, as its steps need it. */
struct job {
    int fd;
    const struct s3dlio_geometry *geometry;
    const char *buffer;
    int64_t start; /* what buffer[0] is in the file */
    int64_t file_end;
    char *bounce;
    int64_t bounce_bytes;            /* whole blocks */
    struct s3dlio_counters *counted; /* by this call */
};

/* Doesn't wait for another's lock: only the caller knows for how long. */
static int lock_block(const struct job *job, short type, int64_t block_start) {
    int result;
    do {
        struct flock lock = {
            .l_type = type,
            .l_whence = SEEK_SET,
            .l_start = block_start,
            .l_len = job->geometry->block_bytes,
        };
        result = fcntl(job->fd, F_OFD_SETLK, &lock);
    } while (result < 0 && errno == EINTR);
    if (result < 0)
        return errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS ? -ENOLCK : -errno;
    return 0;
}

static void count_written(const struct job *job, int64_t direct_bytes, int64_t bounced_bytes) {
    job->counted->written_direct_bytes += (uint64_t)direct_bytes;
    job->counted->written_bounced_bytes += (uint64_t)bounced_bytes;
}

/* Reads the block into the bounce memory, puts [start, stop) of the buffer into it, writes it. */
static int64_t merge_block(const struct job *job, int64_t start, int64_t stop) {
    const uint32_t block_bytes = job->geometry->block_bytes;
    const int64_t block_start = round_down(start, block_bytes);
    const struct iovec block = span_of(job->bounce, block_bytes);
    const int64_t had = s3dlio_move(job->fd, WAY_READ, job->geometry, &block, 1, block_start);
    if (had < 0)
        return had;
    memset(job->bounce + had, 0, (size_t)(block_bytes - had));
    memcpy(job->bounce + (start - block_start), job->buffer + (start - job->start),
           (size_t)(stop - start));
    return s3dlio_move(job->fd, WAY_WRITE, job->geometry, &block, 1, block_start);
}

/* An edge block that others write in, too. */
static int64_t write_shared(const struct job *job, int64_t start, int64_t stop) {
    const int64_t block_start = round_down(start, job->geometry->block_bytes);
    const int error = lock_block(job, F_WRLCK, block_start);
    if (error < 0)
        return error;
    const int64_t written = merge_block(job, start, stop);
    const int unlocked = lock_block(job, F_UNLCK, block_start);
    if (written < 0 || unlocked < 0)
        return written < 0 ? written : unlocked;
    count_written(job, 0, stop - start);
    return 0;
}

/* Puts the end of the buffer into the bounce memory, zeros after it; whole blocks long. */
static struct iovec padded(const struct job *job, int64_t start, int64_t stop) {
    const int64_t size_bytes = stop - start;
    const int64_t whole_bytes = round_up(size_bytes, job->geometry->block_bytes);
    memcpy(job->bounce, job->buffer + (start - job->start), (size_t)size_bytes);
    memset(job->bounce + size_bytes, 0, (size_t)(whole_bytes - size_bytes));
    return span_of(job->bounce, whole_bytes);
}

/* The body from the buffer and a padded tail from the bounce memory, in one call. */
static int64_t write_straight(const struct job *job, int64_t start, int64_t stop) {
    const int64_t body_stop = round_down(stop, job->geometry->block_bytes);
    struct iovec spans[SPAN_COUNT_MAX];
    int span_count = 0;
    spans[span_count++] = span_of(job->buffer + (start - job->start), body_stop - start);
    if (body_stop < stop)
        spans[span_count++] = padded(job, body_stop, stop);
    const int64_t written =
        s3dlio_move(job->fd, WAY_WRITE, job->geometry, spans, span_count, start);
    if (written < 0)
        return written;
    count_written(job, body_stop - start, stop - body_stop);
    return 0;
}

/* All of it through the bounce memory, the last block padded. */
static int64_t write_bounced(const struct job *job, int64_t start, int64_t stop) {
    while (start < stop) {
        const int64_t left = stop - start;
        const int64_t piece_bytes = left < job->bounce_bytes ? left : job->bounce_bytes;
        const struct iovec span = padded(job, start, start + piece_bytes);
        const int64_t written = s3dlio_move(job->fd, WAY_WRITE, job->geometry, &span, 1, start);
        if (written < 0)
            return written;
        count_written(job, 0, piece_bytes);
        start += piece_bytes;
    }
    return 0;
}

/* Blocks that this call alone writes: start is at one, stop at one or at the end of the file. */
static int64_t write_own(const struct job *job, int64_t start, int64_t stop) {
    const int straight =
        is_aligned(job->buffer + (start - job->start), job->geometry->memory_bytes);
    return straight ? write_straight(job, start, stop) : write_bounced(job, start, stop);
}

static int64_t write_range(const struct job *job, int64_t stop) {
    const uint32_t block_bytes = job->geometry->block_bytes;
    int64_t start = job->start;
    int64_t error = 0;
    if (start % block_bytes != 0) {
        const int64_t edge = round_up(start, block_bytes);
        const int64_t head_stop = stop < edge ? stop : edge;
        error = write_shared(job, start, head_stop);
        start = head_stop;
    }
    const int64_t own_stop = stop == job->file_end ? stop : round_down(stop, block_bytes);
    if (error == 0 && start < own_stop) {
        error = write_own(job, start, own_stop);
        start = own_stop;
    }
    if (error == 0 && start < stop)
        error = write_shared(job, start, stop);
    return error;
}

int64_t s3dlio_write(int fd, const struct s3dlio_geometry *geometry, const void *buffer,
                     size_t size_bytes, int64_t offset_bytes, int64_t end_bytes, void *bounce,
                     size_t bounce_bytes, struct s3dlio_counters *counters) {
    int64_t error = s3dlio_check_range(geometry, buffer, size_bytes, offset_bytes);
    if (error == 0)
        error = s3dlio_check_bounce(geometry, bounce, bounce_bytes);
    if (error < 0 || size_bytes == 0)
        return error;
    struct s3dlio_counters counted = {0, 0, 0, 0};
    const struct job job = {
        .fd = fd,
        .geometry = geometry,
        .buffer = buffer,
        .start = offset_bytes,
        .file_end = end_bytes,
        .bounce = bounce,
        .bounce_bytes = (int64_t)(bounce_bytes - bounce_bytes % geometry->block_bytes),
        .counted = &counted,
    };
    error = write_range(&job, offset_bytes + (int64_t)size_bytes);
    if (error < 0)
        return error;
    if (counters != NULL) {
        count_bytes(&counters->written_direct_bytes, (int64_t)counted.written_direct_bytes);
        count_bytes(&counters->written_bounced_bytes, (int64_t)counted.written_bounced_bytes);
    }
    return (int64_t)size_bytes;
}
