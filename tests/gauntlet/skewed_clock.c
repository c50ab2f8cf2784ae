/* Moves the wall clock of one process by GAUNTLET_SKEW_S seconds, and after five seconds of its life by as much
   again: every clock that people read jumps, the monotonic one does not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static int real_gettime(clockid_t clock, struct timespec *at)
{
    static int (*next)(clockid_t, struct timespec *);
    if (!next)
        next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    return next(clock, at);
}

static long skew_s(void)
{
    static time_t began;
    struct timespec now;
    const char *skew = getenv("GAUNTLET_SKEW_S");
    real_gettime(CLOCK_MONOTONIC, &now);
    if (!began)
        began = now.tv_sec;
    return (skew ? atol(skew) : 0) * (now.tv_sec - began > 5 ? 2 : 1);
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    int result = real_gettime(clock, at);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        at->tv_sec += skew_s();
    return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}
