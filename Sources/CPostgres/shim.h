#pragma once
#include <libpq-fe.h>

// For starting the server of a private cluster. The C library has these two (glibc since 2.34, macOS since 10.15 the
// first), but declares them only beyond POSIX, where Swift's import does not look.
#include <spawn.h>
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
#ifdef __linux__
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
#endif
