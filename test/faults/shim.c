// Loaded into a process by LD_PRELOAD: counts the system calls that write below a folder or talk to a server, and lets one fail.
//
// FAULT_UNDER   the folder, a real path
// FAULT_LOG     a file to which each of these calls adds a line, "<name> <path or socket>"
// FAULT_COUNTER a file of 8 bytes, shared by the process and its children: how many calls there were
// FAULT_AT      the number of the call that fails, from 1; 0 = none
// FAULT_KIND    what happens to it: an errno's name, "short" (half is written), "end" (a read gets nothing more), "kill"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NONE, FILE_OF_OURS, SOCKET_OF_OURS };
static unsigned char what[1 << 16];
static const char *under;
static size_t underLength;
static int logFile = -1;
static uint64_t *counter;
static uint64_t at;
static const char *kind;

static const struct { const char *name; int value; } ERRORS[] = {
    {"EACCES", EACCES}, {"EPERM", EPERM}, {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EMFILE", EMFILE}, {"EROFS", EROFS},
    {"ECONNRESET", ECONNRESET}, {"ECONNREFUSED", ECONNREFUSED}, {"ETIMEDOUT", ETIMEDOUT}, {"EPIPE", EPIPE},
};

__attribute__((constructor)) static void begin(void) {
  const char *count = getenv("FAULT_COUNTER"), *log = getenv("FAULT_LOG"), *number = getenv("FAULT_AT");
  if (!count) return;
  int fd = syscall(SYS_openat, AT_FDCWD, count, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || syscall(SYS_ftruncate, fd, 8) != 0) return;
  counter = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  if (log) logFile = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  under = getenv("FAULT_UNDER");
  underLength = under ? strlen(under) : 0;
  at = number ? strtoull(number, NULL, 10) : 0;
  kind = getenv("FAULT_KIND");
  char path[PATH_MAX];
  for (int standard = 1; standard <= 2; standard++) { // output that was sent to a file there
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", standard);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length > 0 && under && strncmp(path, under, underLength) == 0) what[standard] = FILE_OF_OURS;
  }
}

static int isUnder(const char *path) {
  return counter && underLength > 0 && path && strncmp(path, under, underLength) == 0;
}

static int kindOf(int fd) {
  return counter && fd >= 0 && fd < (1 << 16) ? what[fd] : NONE;
}

static void mark(int fd, int as) {
  if (fd >= 0 && fd < (1 << 16)) what[fd] = as;
}

/** Counts a call; 0 = let it be, -1 = fail with errno as set, 1 = write half, 2 = read the end. */
static int strike(const char *name, const char *about) {
  uint64_t number = __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
  if (logFile >= 0) {
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%s %s\n", name, about);
    syscall(SYS_write, logFile, line, length);
  }
  if (number != at || !kind) return 0;
  int isShort = strcmp(kind, "short") == 0, isEnd = strcmp(kind, "end") == 0;
  int isWritten = strcmp(name, "write") == 0 || strcmp(name, "send") == 0;
  if ((isShort && !isWritten) || (isEnd && strcmp(name, "receive") != 0)) {
    at++; // calls come in another order than when they were counted: the next one may be of the right kind
    return 0;
  }
  if (isShort) return 1;
  if (isEnd) return 2;
  if (strcmp(kind, "kill") == 0) kill(getpid(), SIGKILL);
  for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++)
    if (strcmp(kind, ERRORS[i].name) == 0) errno = ERRORS[i].value;
  return -1;
}

#define REAL(type, name, ...)                                   \
  static type (*real)(__VA_ARGS__);                             \
  if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static int opened(const char *path, int flags, int (*call)(int dir, const char *, int, mode_t), int dir, mode_t mode) {
  int isOurs = isUnder(path) && (flags & (O_WRONLY | O_RDWR | O_CREAT)) && !(flags & O_DIRECTORY);
  if (isOurs && strike("open", path)) return -1;
  int fd = call(dir, path, flags, mode);
  if (fd >= 0) mark(fd, isOurs ? FILE_OF_OURS : NONE);
  return fd;
}

static int realOpenat(int dir, const char *path, int flags, mode_t mode) {
  return syscall(SYS_openat, dir, path, flags, mode);
}

#define MODE(flags)                                             \
  mode_t mode = 0;                                              \
  if (flags & (O_CREAT | O_TMPFILE)) {                          \
    va_list more;                                               \
    va_start(more, flags);                                      \
    mode = va_arg(more, mode_t);                                \
    va_end(more);                                               \
  }

int open(const char *path, int flags, ...) { MODE(flags) return opened(path, flags, realOpenat, AT_FDCWD, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(path, flags, realOpenat, AT_FDCWD, mode); }
int openat(int dir, const char *path, int flags, ...) { MODE(flags) return opened(path, flags, realOpenat, dir, mode); }
int openat64(int dir, const char *path, int flags, ...) { MODE(flags) return opened(path, flags, realOpenat, dir, mode); }

int close(int fd) {
  REAL(int, close, int);
  mark(fd, NONE);
  return real(fd);
}

#define HALF(n) ((n) > 1 ? (n) / 2 : (n))

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(ssize_t, write, int, const void *, size_t);
  int ours = kindOf(fd), fate = ours ? strike(ours == FILE_OF_OURS ? "write" : "send", ours == FILE_OF_OURS ? "file" : "socket") : 0;
  return fate < 0 ? -1 : real(fd, bytes, fate == 1 ? HALF(length) : length);
}

static ssize_t written(int fd, const struct iovec *parts, int count, off_t offset) {
  int ours = kindOf(fd), fate = ours ? strike(ours == FILE_OF_OURS ? "write" : "send", ours == FILE_OF_OURS ? "file" : "socket") : 0;
  if (fate < 0) return -1;
  struct iovec half[64];
  if (fate == 1) { // half of all of it: Node's inspector crashes or hangs when 2 or 3 bytes of a message come first
    size_t left = 0;
    for (int i = 0; i < count; i++) left += parts[i].iov_len;
    left = HALF(left);
    int parted = 0;
    for (; parted < count && parted < 64 && left > 0; parted++) {
      half[parted] = parts[parted];
      if (half[parted].iov_len > left) half[parted].iov_len = left;
      left -= half[parted].iov_len;
    }
    parts = half, count = parted;
  }
  return offset < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, offset, 0);
}

ssize_t writev(int fd, const struct iovec *parts, int count) { return written(fd, parts, count, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { return written(fd, parts, count, offset); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) { return written(fd, parts, count, offset); }

static ssize_t pwritten(int fd, const void *bytes, size_t length, off_t offset) {
  int fate = kindOf(fd) ? strike("write", "file") : 0;
  return fate < 0 ? -1 : syscall(SYS_pwrite64, fd, bytes, fate == 1 ? HALF(length) : length, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwritten(fd, bytes, length, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return pwritten(fd, bytes, length, offset); }

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  REAL(ssize_t, sendmsg, int, const struct msghdr *, int);
  if (kindOf(fd) && strike("send", "socket") < 0) return -1;
  return real(fd, message, flags);
}

ssize_t read(int fd, void *bytes, size_t length) {
  REAL(ssize_t, read, int, void *, size_t);
  int fate = kindOf(fd) == SOCKET_OF_OURS ? strike("receive", "socket") : 0;
  return fate < 0 ? -1 : fate == 2 ? 0 : real(fd, bytes, length);
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
  REAL(int, connect, int, const struct sockaddr *, socklen_t);
  int isOurs = counter && (address->sa_family == AF_INET || address->sa_family == AF_INET6);
  if (isOurs && strike("connect", "socket") < 0) return -1;
  if (isOurs) mark(fd, SOCKET_OF_OURS);
  return real(fd, address, length);
}

#define ON_PATH(name, path, parameters, arguments)              \
  int name parameters {                                         \
    REAL(int, name, TYPES_##name);                              \
    if (isUnder(path) && strike(#name, path)) return -1;        \
    return real arguments;                                      \
  }
#define TYPES_rename const char *, const char *
#define TYPES_link const char *, const char *
#define TYPES_symlink const char *, const char *
#define TYPES_unlink const char *
#define TYPES_rmdir const char *
#define TYPES_mkdir const char *, mode_t
#define TYPES_chmod const char *, mode_t
#define TYPES_truncate64 const char *, off64_t
ON_PATH(rename, to, (const char *from, const char *to), (from, to))
ON_PATH(link, to, (const char *from, const char *to), (from, to))
ON_PATH(symlink, to, (const char *from, const char *to), (from, to))
ON_PATH(unlink, path, (const char *path), (path))
ON_PATH(rmdir, path, (const char *path), (path))
ON_PATH(mkdir, path, (const char *path, mode_t mode), (path, mode))
ON_PATH(chmod, path, (const char *path, mode_t mode), (path, mode))

#define ON_FILE(name, parameters, arguments)                    \
  int name parameters {                                         \
    REAL(int, name, TYPES_##name);                              \
    if (kindOf(fd) == FILE_OF_OURS && strike(#name, "file")) return -1; \
    return real arguments;                                      \
  }
#define TYPES_fsync int
#define TYPES_fdatasync int
#define TYPES_ftruncate64 int, off64_t
#define TYPES_fchmod int, mode_t
ON_FILE(fsync, (int fd), (fd))
ON_FILE(fdatasync, (int fd), (fd))
ON_FILE(ftruncate64, (int fd, off64_t length), (fd, length))
ON_FILE(fchmod, (int fd, mode_t mode), (fd, mode))
