/* gate_task.h - who runs what, now and before: for the gate's log. Private to this folder. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum {
	TASK_NO_PROGRAM = -1,
	TASK_LIVES = 8192, /* a power of two; remembered ends: a build starts some hundred programs between a write and its exec */
};

/* A time in which a process ran one program. */
struct task_life {
	int32_t program;     /* index of the gate's log */
	pid_t   pid;          /* 0 when it has ended */
	int64_t began, ended; /* real-time clock, ns; ended: INT64_MAX when nobody will tell */
};

struct task {
	pid_t   pid;     /* 0: free */
	int32_t program; /* TASK_NO_PROGRAM until it is known */
	int64_t began;
};

/* Zeroed means empty. */
struct task_table {
	struct task      *slots; /* owned; room is a power of two */
	size_t            n, room;
	struct task_life *lives; /* owned; a ring from TASK_LIVES on */
	size_t            n_lives, room_lives;
};

void task_table_release(struct task_table *table);
/* NULL when there is none. Valid until the next task_add(). */
struct task *task_find(const struct task_table *table, pid_t pid);
/* The task of this number, made when there was none. NULL when there is no memory. */
struct task *task_add(struct task_table *table, pid_t pid);
/* Its life ends, and it is forgotten. */
void task_remove(struct task_table *table, pid_t pid, int64_t now);
/* Its life ends, and one with another program begins. */
void task_runs(struct task_table *table, struct task *task, int32_t program, int64_t now);
/* The same for who is not told of ends: only the latest TASK_LIVES starts are remembered. */
void task_started(struct task_table *table, pid_t pid, int32_t program, int64_t now);
/*
 * Which program was running at `when`, and had started last. A file's ctime tells when it was last written or
 * renamed, so this is its likely writer: a linker starts after the compiler driver and the make that wait for it. A parallel
 * build can mislead it. TASK_NO_PROGRAM when nothing fits. What process `except` runs is left out.
 */
int32_t task_alive(const struct task_table *table, int64_t when, int64_t slack, pid_t except);
