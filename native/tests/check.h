/* What the test programs share: checks, a directory that does direct I/O, files in it. */
#ifndef S3DLIO_TESTS_CHECK_H
#define S3DLIO_TESTS_CHECK_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "s3dlio_direct.h"

enum { EXIT_SKIP = 77 };

/* Ends the program with exit code 1, and says where and what, unless the two are the same. */
#define CHECK_SAME(expected, actual)                                                               \
    check_same(__FILE__, __LINE__, #actual, (long long)(expected), (long long)(actual))

#define CHECK(condition) CHECK_SAME(1, (condition) ? 1 : 0)

void check_same(const char *file, int line, const char *what, long long expected, long long actual);

/* A new path in $S3DLIO_DIRECT_DIR or the working directory; removed at exit. */
const char *test_path(void);

/* An open new file there. Ends with exit code 77 where the file system refuses O_DIRECT or takes
 * any alignment (1, if $S3DLIO_TEST_REQUIRE names "direct"). */
int test_file(struct s3dlio_geometry *geometry);

/* The path of the file that test_file made last. */
const char *test_file_path(void);

/* Memory at a multiple of 64 KiB, filled with bytes of its own; freed at exit. */
char *test_memory(size_t size_bytes);

/* Whole bounce memory of bounce_bytes() for a geometry. */
size_t bounce_bytes(const struct s3dlio_geometry *geometry);

/* Compares the whole file, read through the page cache, with what it should be. */
void check_content(const char *path, const char *expected, int64_t size_bytes);

/* How many pages of the file are in the page cache. */
long cached_pages(const char *path);

/* A reproducible number below limit. */
uint64_t random_below(uint64_t limit);

#endif
