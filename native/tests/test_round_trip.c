/* Description: any range written and read is what was meant, with any address and bounce memory. */
#include "check.h"

enum { FILE_BYTES_MAX = 200000, BOUNCE_MORE_BYTES_MAX = 10000 };

static struct s3dlio_geometry geometry;
static struct s3dlio_counters counters;

/* Two blocks or more, and seldom whole ones. */
static size_t any_bounce_bytes(void) {
    return bounce_bytes(&geometry) + random_below(BOUNCE_MORE_BYTES_MAX);
}

/* Writes all of it in ranges between random cuts, in random order, then cuts the file. */
static void write_in_pieces(int fd, const char *content, int64_t size_bytes, char *bounce) {
    int64_t cuts[8] = {0, size_bytes};
    int piece_count = 1 + (int)random_below(6);
    for (int i = 1; i < piece_count; i++)
        cuts[i] = (int64_t)random_below((uint64_t)size_bytes + 1);
    cuts[piece_count] = size_bytes;
    for (int i = 1; i < piece_count; i++)
        for (int j = i; j > 1 && cuts[j] < cuts[j - 1]; j--) {
            const int64_t swapped = cuts[j];
            cuts[j] = cuts[j - 1];
            cuts[j - 1] = swapped;
        }
    const int first = (int)random_below((uint64_t)piece_count);
    for (int i = 0; i < piece_count; i++) {
        const int piece = (first + i) % piece_count;
        const int64_t start = cuts[piece];
        const size_t piece_bytes = (size_t)(cuts[piece + 1] - start);
        CHECK_SAME(piece_bytes, s3dlio_write(fd, &geometry, content + start, piece_bytes, start,
                                             random_below(2) ? size_bytes : -1, bounce,
                                             any_bounce_bytes(), &counters));
    }
    CHECK_SAME(0, s3dlio_cut(fd, &geometry, size_bytes));
}

static void read_ranges(int fd, const char *content, int64_t size_bytes, char *buffer,
                        char *bounce) {
    for (int i = 0; i < 8; i++) {
        const int64_t start = (int64_t)random_below((uint64_t)size_bytes + 5000);
        const int64_t wanted = (int64_t)random_below(FILE_BYTES_MAX);
        int64_t expected = size_bytes - start;
        expected = expected < 0 ? 0 : expected < wanted ? expected : wanted;
        char *target = buffer + (random_below(2) ? start % 4096 : (int64_t)random_below(5000));
        CHECK_SAME(expected, s3dlio_read(fd, &geometry, target, (size_t)wanted, start, bounce,
                                         any_bounce_bytes(), &counters));
        CHECK_SAME(0, expected == 0 ? 0 : memcmp(target, content + start, (size_t)expected));
    }
}

int main(void) {
    const int fd = test_file(&geometry);
    char *memory = test_memory(FILE_BYTES_MAX + 8192);
    char *buffer = test_memory(FILE_BYTES_MAX + 16384);
    char *bounce = test_memory(bounce_bytes(&geometry) + BOUNCE_MORE_BYTES_MAX);
    for (int round = 0; round < 300; round++) {
        const int64_t size_bytes = (int64_t)random_below(FILE_BYTES_MAX);
        const char *content = memory + random_below(2) * random_below(5000);
        CHECK_SAME(0, ftruncate(fd, 0));
        if (random_below(2))
            CHECK_SAME(0, s3dlio_reserve(fd, size_bytes));
        write_in_pieces(fd, content, size_bytes, bounce);
        read_ranges(fd, content, size_bytes, buffer, bounce);
    }
    return EXIT_SUCCESS;
}
