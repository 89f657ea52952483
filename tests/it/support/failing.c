/* A disk that fails: loaded into rec before libc, it lets calls on files of the vault fail with EIO.
 *
 * The file that REC_TEST_FAULT names says which, a line each: `read NAME`, `write NAME` or
 * `sync NAME`, NAME being a part of the file's path; `read NAME@AT` is a sector that cannot be read:
 * only what reads the byte at that place fails. While the file is not there nothing fails. Beside it,
 * `NAME.hit` is made once something failed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails_now(int fd, const char *call, off64_t from, size_t length) {
    const char *fault = getenv("REC_TEST_FAULT");
    char wanted[512], link[64], path[4096], hit[4096];
    if (!fault)
        return 0;
    int file = open(fault, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t n = read(file, wanted, sizeof wanted - 1);
    close(file);
    if (n <= 0)
        return 0;
    wanted[n] = 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    if (n <= 0)
        return 0;
    path[n] = 0;
    if (!strstr(path, "/data/rec/"))
        return 0;
    char *rest = NULL;
    for (char *line = strtok_r(wanted, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *name = strchr(line, ' ');
        if (!name)
            continue;
        *name++ = 0;
        char *sector = strchr(name, '@');
        if (sector) {
            *sector++ = 0;
            off64_t at = strtoll(sector, NULL, 10);
            if (at < from || at - from >= (off64_t)length)
                continue;
        }
        if (strcmp(line, call) || !strstr(path, name))
            continue;
        snprintf(hit, sizeof hit, "%s.hit", fault);
        file = open(hit, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (file >= 0)
            close(file);
        return 1;
    }
    return 0;
}

static int fails_at(int fd, const char *call, off64_t from, size_t length) {
    int before = errno;
    int is = fails_now(fd, call, from, length);
    errno = is ? EIO : before;
    return is;
}

static int fails(int fd, const char *call) {
    return fails_at(fd, call, 0, 0);
}

#define REAL(name)                                                                                 \
    static __typeof__(&name) real;                                                                 \
    if (!real)                                                                                     \
    real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t read(int fd, void *into, size_t n) {
    REAL(read);
    static __thread int looking;
    if (looking)
        return real(fd, into, n);
    looking = 1;
    off64_t from = lseek64(fd, 0, SEEK_CUR);
    int is = fails_at(fd, "read", from < 0 ? 0 : from, n);
    looking = 0;
    return is ? -1 : real(fd, into, n);
}

ssize_t pread(int fd, void *into, size_t n, off_t from) {
    REAL(pread);
    return fails_at(fd, "read", from, n) ? -1 : real(fd, into, n, from);
}

ssize_t pread64(int fd, void *into, size_t n, off64_t from) {
    REAL(pread64);
    return fails_at(fd, "read", from, n) ? -1 : real(fd, into, n, from);
}

ssize_t pwrite(int fd, const void *from, size_t n, off_t at) {
    REAL(pwrite);
    return fails(fd, "write") ? -1 : real(fd, from, n, at);
}

ssize_t pwrite64(int fd, const void *from, size_t n, off64_t at) {
    REAL(pwrite64);
    return fails(fd, "write") ? -1 : real(fd, from, n, at);
}

int fsync(int fd) {
    REAL(fsync);
    return fails(fd, "sync") ? -1 : real(fd);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return fails(fd, "sync") ? -1 : real(fd);
}
