/* Preloaded (LD_PRELOAD) into a process whose disk is to fail: counts the system calls that change files below one
 * folder, whoever makes them (Python, SQLite, a library), and at the n-th kills the process or has the call fail.
 *
 * Calls: open for writing, write and pwrite, ftruncate, fallocate, fsync and fdatasync, rename, unlink, mkdir.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { COUNT, KILL, TORN, FAIL_ONCE, FAIL_ON, SHORT, FULL };

static char root[4096];
static atomic_long calls;
static atomic_long hits;
static long at;
static int mode, number;

/* at <= 0: only count. */
void faults_arm(const char *folder, long nth, int how, int error) {
    at = nth, mode = nth > 0 ? how : COUNT, number = error;
    atomic_store(&calls, 0);
    atomic_store(&hits, 0);
    snprintf(root, sizeof root, "%s", folder);
}

void faults_disarm(void) { root[0] = 0; }
long faults_calls(void) { return atomic_load(&calls); }
long faults_hits(void) { return atomic_load(&hits); }

static int ours(const char *path) {
    size_t length = strlen(root);
    return length && path && !strncmp(path, root, length) && (path[length] == '/' || !path[length]);
}

static int ours_fd(int fd) {
    char link[64], path[4096];
    if (!root[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return ours(path);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* What to do with this call: COUNT to let it pass. needs_space: a full disk refuses it. */
static int verdict(int needs_space) {
    long nth = atomic_fetch_add(&calls, 1) + 1;
    if (mode == COUNT || nth < at || (nth > at && mode != FAIL_ON && mode != FULL)) return COUNT;
    if (mode == FULL && !needs_space) return COUNT;
    atomic_fetch_add(&hits, 1);
    if (mode == KILL) die();
    return mode;
}

/* A call without bytes: TORN is done, then killed; SHORT passes. */
#define WHOLE(name, type, condition, needs_space, parameters, arguments)                                               \
    int name parameters {                                                                                              \
        static type real;                                                                                              \
        int what = (condition) ? verdict(needs_space) : COUNT;                                                         \
        if (what == FAIL_ONCE || what == FAIL_ON || what == FULL) return errno = number, -1;                           \
        if (!real) real = (type)dlsym(RTLD_NEXT, #name);                                                               \
        int result = real arguments;                                                                                   \
        if (what == TORN) die();                                                                                       \
        return result;                                                                                                 \
    }

typedef int (*fd_call)(int);
typedef int (*path_call)(const char *);
typedef int (*mkdir_call)(const char *, mode_t);
typedef int (*two_paths_call)(const char *, const char *);
typedef int (*at_call)(int, const char *, int);
typedef int (*size_call)(int, off_t);
typedef int (*allocate_call)(int, off_t, off_t);

WHOLE(fsync, fd_call, ours_fd(fd), 0, (int fd), (fd))
WHOLE(fdatasync, fd_call, ours_fd(fd), 0, (int fd), (fd))
WHOLE(rename, two_paths_call, ours(to), 0, (const char *from, const char *to), (from, to))
WHOLE(unlink, path_call, ours(path), 0, (const char *path), (path))
WHOLE(mkdir, mkdir_call, ours(path), 1, (const char *path, mode_t bits), (path, bits))
WHOLE(ftruncate, size_call, ours_fd(fd), 0, (int fd, off_t size), (fd, size))
WHOLE(ftruncate64, size_call, ours_fd(fd), 0, (int fd, off_t size), (fd, size))
WHOLE(posix_fallocate, allocate_call, ours_fd(fd), 1, (int fd, off_t start, off_t size), (fd, start, size))
WHOLE(posix_fallocate64, allocate_call, ours_fd(fd), 1, (int fd, off_t start, off_t size), (fd, start, size))

#define OPEN(name, first, condition, call)                                                                             \
    int name first {                                                                                                   \
        static int (*real)();                                                                                          \
        mode_t bits = 0;                                                                                               \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                                           \
            va_list more;                                                                                              \
            va_start(more, flags);                                                                                     \
            bits = va_arg(more, mode_t);                                                                               \
            va_end(more);                                                                                              \
        }                                                                                                              \
        int changes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);                                            \
        int what = changes && (condition) ? verdict((flags & O_CREAT) && access(path, F_OK)) : COUNT;                  \
        if (what == FAIL_ONCE || what == FAIL_ON || what == FULL) return errno = number, -1;                           \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                                                     \
        int result = real call;                                                                                        \
        if (what == TORN) die();                                                                                       \
        return result;                                                                                                 \
    }

OPEN(open, (const char *path, int flags, ...), ours(path), (path, flags, bits))
OPEN(open64, (const char *path, int flags, ...), ours(path), (path, flags, bits))
OPEN(openat, (int folder, const char *path, int flags, ...), ours(path), (folder, path, flags, bits))
OPEN(openat64, (int folder, const char *path, int flags, ...), ours(path), (folder, path, flags, bits))

/* A call with bytes: SHORT writes half and says so; TORN writes half and dies; FULL has no room for any. */
#define WRITE(name, parameters, whole, half)                                                                           \
    ssize_t name parameters {                                                                                          \
        static ssize_t (*real)();                                                                                      \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                                                     \
        int what = ours_fd(fd) ? verdict(1) : COUNT;                                                                   \
        if (what == FAIL_ONCE || what == FAIL_ON || what == FULL) return errno = number, -1;                           \
        if ((what == SHORT || what == TORN) && size > 1) {                                                             \
            ssize_t result = real half;                                                                                \
            if (what == TORN) die();                                                                                   \
            return result;                                                                                             \
        }                                                                                                              \
        return real whole;                                                                                             \
    }

WRITE(write, (int fd, const void *bytes, size_t size), (fd, bytes, size), (fd, bytes, size / 2))
WRITE(pwrite, (int fd, const void *bytes, size_t size, off_t start), (fd, bytes, size, start),
      (fd, bytes, size / 2, start))
WRITE(pwrite64, (int fd, const void *bytes, size_t size, off64_t start), (fd, bytes, size, start),
      (fd, bytes, size / 2, start))
