#include "gate_task.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 128, FIRST_LIVES = 64 };

void task_table_release(struct task_table *table)
{
	free(table->slots);
	free(table->lives);
	*table = (struct task_table){ 0 };
}

static size_t home(const struct task_table *table, pid_t pid)
{
	return ((uint32_t)pid * 2654435769U >> 7) & (table->room - 1);
}

static struct task *slot(const struct task_table *table, pid_t pid)
{
	size_t i = home(table, pid);

	while (table->slots[i].pid && table->slots[i].pid != pid)
		i = (i + 1) & (table->room - 1);
	return &table->slots[i];
}

struct task *task_find(const struct task_table *table, pid_t pid)
{
	struct task *task = table->room ? slot(table, pid) : NULL;

	return task && task->pid ? task : NULL;
}

static int grow(struct task_table *table)
{
	struct task_table next = *table;

	next.room = table->room ? 2 * table->room : FIRST_ROOM;
	next.slots = calloc(next.room, sizeof *next.slots);
	if (!next.slots)
		return -1;
	for (size_t i = 0; i < table->room; i++)
		if (table->slots[i].pid)
			*slot(&next, table->slots[i].pid) = table->slots[i];
	free(table->slots);
	*table = next;
	return 0;
}

struct task *task_add(struct task_table *table, pid_t pid)
{
	struct task *task = task_find(table, pid);

	if (task)
		return task;
	if (2 * (table->n + 1) > table->room && grow(table) < 0)
		return NULL;
	task = slot(table, pid);
	*task = (struct task){ pid, TASK_NO_PROGRAM, 0 };
	table->n++;
	return task;
}

/* Most jobs start a handful of programs. */
static bool grow_lives(struct task_table *table)
{
	const size_t room = table->room_lives ? 2 * table->room_lives : FIRST_LIVES;
	struct task_life *lives = realloc(table->lives, room * sizeof *lives);

	if (!lives)
		return false;
	table->lives = lives;
	table->room_lives = room;
	return true;
}

static void keep_life(struct task_table *table, struct task_life life)
{
	if (life.program == TASK_NO_PROGRAM)
		return;
	/* without memory writers are unknown, and nothing else */
	if (table->n_lives == table->room_lives && table->room_lives < TASK_LIVES && !grow_lives(table))
		return;
	table->lives[table->n_lives++ % TASK_LIVES] = life;
}

static void end_life(struct task_table *table, const struct task *task, int64_t now)
{
	keep_life(table, (struct task_life){ .program = task->program, .began = task->began, .ended = now });
}

void task_started(struct task_table *table, pid_t pid, int32_t program, int64_t now)
{
	keep_life(table, (struct task_life){ program, pid, now, INT64_MAX });
}

/* Open addressing without marks: what stands behind a freed slot moves up. */
void task_remove(struct task_table *table, pid_t pid, int64_t now)
{
	struct task *task = task_find(table, pid);
	size_t hole, i;

	if (!task)
		return;
	end_life(table, task, now);
	hole = (size_t)(task - table->slots);
	table->slots[hole].pid = 0;
	table->n--;
	for (i = (hole + 1) & (table->room - 1); table->slots[i].pid;
	     i = (i + 1) & (table->room - 1)) {
		struct task moved = table->slots[i];

		table->slots[i].pid = 0;
		*slot(table, moved.pid) = moved;
	}
}

void task_runs(struct task_table *table, struct task *task, int32_t program, int64_t now)
{
	end_life(table, task, now);
	task->program = program;
	task->began = now;
}

int32_t task_alive(const struct task_table *table, int64_t when, int64_t slack, pid_t except)
{
	size_t kept = table->n_lives < TASK_LIVES ? table->n_lives : TASK_LIVES;
	int32_t best = TASK_NO_PROGRAM;
	int64_t latest = INT64_MIN;

	for (size_t i = 0; i < kept; i++) {
		const struct task_life *life = &table->lives[i];

		if (life->began > when + slack || life->ended < when - slack || (life->pid && life->pid == except))
			continue;
		if (life->began > latest) {
			latest = life->began;
			best = life->program;
		}
	}
	for (size_t i = 0; i < table->room; i++) {
		const struct task *task = &table->slots[i];

		if (!task->pid || task->pid == except || task->program == TASK_NO_PROGRAM ||
		    task->began > when + slack)
			continue;
		if (task->began > latest) {
			latest = task->began;
			best = task->program;
		}
	}
	return best;
}
