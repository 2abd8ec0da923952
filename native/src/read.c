/* Reads of any range: the aligned body straight into the caller's buffer. */
#include "internal.h"

/* One range, of the caller and of the device. */
struct range {
    int64_t start, stop;             /* what the caller wants */
    int64_t outer_start, outer_stop; /* whole units round it */
    int64_t body_start, body_stop;   /* whole units in it; none if stop <= start */
};

static struct range range_of(int64_t offset_bytes, size_t size_bytes, uint32_t unit) {
    const int64_t stop = offset_bytes + (int64_t)size_bytes;
    return (struct range){
        .start = offset_bytes,
        .stop = stop,
        .outer_start = round_down(offset_bytes, unit),
        .outer_stop = round_up(stop, unit),
        .body_start = round_up(offset_bytes, unit),
        .body_stop = round_down(stop, unit),
    };
}

static int64_t clamp(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

/* Copies what the range shares with a piece of the file, up to where the file ends. */
static void copy_out(const struct range *range, char *buffer, const char *piece,
                     int64_t piece_start, int64_t piece_stop) {
    const int64_t start = clamp(piece_start, range->start, range->stop);
    const int64_t stop = clamp(piece_stop, range->start, range->stop);
    if (start < stop)
        memcpy(buffer + (start - range->start), piece + (start - piece_start),
               (size_t)(stop - start));
}

/* Head and tail into the bounce memory, the body into the buffer, in one call. */
static int64_t read_straight(int fd, const struct s3dlio_geometry *geometry,
                             const struct range *range, char *buffer, char *bounce,
                             struct s3dlio_counters *counters) {
    struct iovec spans[SPAN_COUNT_MAX];
    int span_count = 0;
    char *tail = bounce + geometry->block_bytes;
    if (range->outer_start < range->body_start)
        spans[span_count++] = span_of(bounce, geometry->offset_bytes);
    spans[span_count++] =
        span_of(buffer + (range->body_start - range->start), range->body_stop - range->body_start);
    if (range->body_stop < range->outer_stop)
        spans[span_count++] = span_of(tail, geometry->offset_bytes);

    const int64_t moved =
        s3dlio_move(fd, WAY_READ, geometry, spans, span_count, range->outer_start);
    if (moved < 0)
        return moved;
    const int64_t end = clamp(range->outer_start + moved, range->start, range->stop);
    const int64_t body = clamp(end, range->body_start, range->body_stop) - range->body_start;
    const int64_t got = end - range->start;
    copy_out(range, buffer, bounce, range->outer_start, clamp(end, 0, range->body_start));
    copy_out(range, buffer, tail, range->body_stop, end);
    if (counters != NULL) {
        count_bytes(&counters->read_direct_bytes, body);
        count_bytes(&counters->read_bounced_bytes, got - body);
    }
    return got;
}

/* All of it through the bounce memory. */
static int64_t read_bounced(int fd, const struct s3dlio_geometry *geometry,
                            const struct range *range, char *buffer, char *bounce,
                            int64_t piece_bytes_max, struct s3dlio_counters *counters) {
    int64_t position = range->outer_start;
    while (position < range->outer_stop) {
        const int64_t piece_bytes = clamp(range->outer_stop - position, 0, piece_bytes_max);
        const struct iovec span = span_of(bounce, piece_bytes);
        const int64_t moved = s3dlio_move(fd, WAY_READ, geometry, &span, 1, position);
        if (moved < 0)
            return moved;
        copy_out(range, buffer, bounce, position, position + moved);
        position += moved;
        if (moved < piece_bytes)
            break;
    }
    const int64_t got = clamp(position, range->start, range->stop) - range->start;
    if (counters != NULL)
        count_bytes(&counters->read_bounced_bytes, got);
    return got;
}

int64_t s3dlio_read(int fd, const struct s3dlio_geometry *geometry, void *buffer, size_t size_bytes,
                    int64_t offset_bytes, void *bounce, size_t bounce_bytes,
                    struct s3dlio_counters *counters) {
    int error = s3dlio_check_range(geometry, buffer, size_bytes, offset_bytes);
    if (error == 0)
        error = s3dlio_check_bounce(geometry, bounce, bounce_bytes);
    if (error < 0 || size_bytes == 0)
        return error;
    const struct range range = range_of(offset_bytes, size_bytes, geometry->offset_bytes);
    if (range.body_start < range.body_stop &&
        is_aligned((char *)buffer + (range.body_start - range.start), geometry->memory_bytes))
        return read_straight(fd, geometry, &range, buffer, bounce, counters);
    const size_t piece_bytes = bounce_bytes - bounce_bytes % geometry->block_bytes;
    return read_bounced(fd, geometry, &range, buffer, bounce, (int64_t)piece_bytes, counters);
}
