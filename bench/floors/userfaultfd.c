/*
 * The floor that the machine itself has for faults served by another thread: userfaultfd. For each line on standard input it
 * touches every page of a fresh range once, a pager thread supplying each by a copy of 4 KiB, and prints how long each touch
 * took, in microseconds, on one line. Exit code 3: the machine does not allow userfaultfd.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

enum { page_bytes = 4096 };
static int fault_fd;
static char *range, *store;
static long pages;

static double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static void *pager(void *unused) {
  (void)unused;
  for (;;) {
    struct uffd_msg message;
    if (read(fault_fd, &message, sizeof message) != sizeof message) exit(4);
    if (message.event != UFFD_EVENT_PAGEFAULT) continue;
    unsigned long at = message.arg.pagefault.address & ~(page_bytes - 1UL);
    struct uffdio_copy copy = {
        .dst = at, .src = (unsigned long)store + (at - (unsigned long)range), .len = page_bytes};
    if (ioctl(fault_fd, UFFDIO_COPY, &copy) != 0) exit(5);
  }
  return NULL;
}

int main(int count, char **words) {
  pages = count > 1 ? atol(words[1]) : 512;
  fault_fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
  struct uffdio_api api = {.api = UFFD_API};
  if (fault_fd < 0 || ioctl(fault_fd, UFFDIO_API, &api) != 0) return 3;
  size_t bytes = (size_t)pages * page_bytes;
  range = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  store = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (range == MAP_FAILED || store == MAP_FAILED) return 4;
  for (long page = 0; page < pages; page++) memset(store + page * page_bytes, (int)page, page_bytes);
  struct uffdio_register wanted = {.range = {(unsigned long)range, bytes},
                                   .mode = UFFDIO_REGISTER_MODE_MISSING};
  if (ioctl(fault_fd, UFFDIO_REGISTER, &wanted) != 0) return 3;
  pthread_t thread;
  if (pthread_create(&thread, NULL, pager, NULL) != 0) return 4;
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    for (long page = 0; page < pages; page++) {
      double from = now_us();
      volatile char held = range[page * page_bytes];
      printf("%s%.3f", page == 0 ? "" : " ", now_us() - from);
      if (held != (char)page) return 6;
    }
    printf("\n");
    fflush(stdout);
    if (madvise(range, bytes, MADV_DONTNEED) != 0) return 4;
  }
  return 0;
}
