/*
 * trick.h - one way out of a sandbox, as a small function. Private to this folder.
 *
 * The program is a guest: it is started inside the walls, tries one trick and reports nothing. What counts is the effect that
 * the harness (src/selftest) sees from outside; `effect` tells it where to look. No trick may harm
 * a machine on which nothing stops it: it opens for writing and does not write, sends to the harness's
 * own processes and sockets, and floods with small numbers.
 *
 * What the harness prepared comes as KEY=VALUE arguments:
 *   secret   a file that must not be read       outside  a directory that must not be changed, with a file "mine"
 *   tool     a program that must not run        brought  a program in the work directory (the current one)
 *   lib      a library in the work directory    token    bytes to send, write or leave behind
 *   pid      a host process with the secret in its environment, at `address`, and open as descriptor `open`
 *   tcp udp tcp6 udp6 unix dgram abstract       where the harness listens; web: where a policy may allow it
 *   loader   the dynamic loader                 handle   the secret's file handle, hex
 *   shm mq key                                  host objects that hold the secret
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct trick {
	const char *id, *family, *effect, *title;
	int       (*run)(void); /* 0: believes that it worked. A hint for people, never the verdict */
};

/* Each ends with a row without id. */
extern const struct trick exec_tricks[], image_tricks[], race_tricks[], file_tricks[], plant_tricks[],
	device_tricks[], process_tricks[], signal_tricks[], ipc_tricks[], net_tricks[], socket_tricks[],
	kernel_tricks[], namespace_tricks[], flood_tricks[], result_tricks[], proxy_tricks[];

enum { LEAKED_DIR = 977, LEAKED_SECRET = 978, LEAKED_OUTSIDE = 979, LEAKED_SOCKET = 980 };

/* "" and -1 when the harness gave none. */
const char *given(const char *key);
long given_number(const char *key);

/* All bytes to standard output. */
void say(const char *text);
void say_bytes(const void *bytes, size_t n);
/* Says what can be read; -1 when nothing can. The descriptor is closed. */
int leak_fd(int fd);
int leak(const char *path);
/* Tells the harness to look at this process now, and waits to be ended by it. */
_Noreturn void hold(void);
/* hold() if fd is a descriptor, else 1. */
int hold_fd(int fd);

/* Runs a program without arguments in a child; 0 when it ended with 0. */
int run_program(const char *path);
int run_argv(const char *const *argv);
int run_env(const char *const *argv, const char *const *env);
int run_fd(int fd);
/* Runs a function in a child and gives its result; 1 when it died. */
int in_child(int (*run)(void));
/* The same in a new user namespace with `flags` more (CLONE_NEW*), as its root. */
int in_namespace(int flags, int (*run)(void));

int copy_to_fd(const char *from, int to);
/* Mode 0755. */
int copy_file(const char *from, const char *to);
/* A new file with the text; -1. */
int write_file(const char *path, const char *text);
int send_token(int fd);
/* A path in a static buffer of which there are four in turn. */
const char *path_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
