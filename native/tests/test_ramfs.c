/* Description: a file system that knows no direct I/O is refused, and nothing stays on it. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "check.h"

static void write_line(const char *path, const char *line) {
    const int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, line, strlen(line)) < 0)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    close(fd);
}

/* Whether there is a ramfs now at the path, in a mount namespace of this process alone. */
static int mounts(const char *path) {
    char line[64];
    const unsigned user = getuid();
    if (unshare(CLONE_NEWNS) < 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
            return 0;
        snprintf(line, sizeof line, "0 %u 1", user);
        write_line("/proc/self/uid_map", line);
    }
    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    return mount("none", path, "ramfs", 0, NULL) == 0;
}

int main(void) {
    struct s3dlio_geometry geometry;
    char path[4200];
    const char *directory = test_path();
    CHECK_SAME(0, mkdir(directory, 0700));
    if (!mounts(directory)) {
        fprintf(stderr, "%s: can't mount a ramfs: %s\n", directory, strerror(errno));
        CHECK_SAME(0, rmdir(directory));
        return EXIT_SKIP;
    }
    snprintf(path, sizeof path, "%s/file", directory);
    const int made = s3dlio_open(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, 0600, &geometry);
    const int left = access(path, F_OK) == 0;
    const int plain = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    const int opened = s3dlio_open(AT_FDCWD, path, O_RDONLY, 0, &geometry);
    const int stays = access(path, F_OK) == 0;
    CHECK_SAME(0, close(plain));
    CHECK_SAME(0, umount(directory));
    CHECK_SAME(0, rmdir(directory));
    CHECK_SAME(-EOPNOTSUPP, made);
    CHECK_SAME(0, left);
    CHECK_SAME(-EOPNOTSUPP, opened);
    CHECK_SAME(1, stays);
    return EXIT_SUCCESS;
}
