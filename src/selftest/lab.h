/* lab.h - the parts of the harness. Private to this folder. */
#pragma once
#include <limits.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "selftest/selftest.h"

enum {
	TOKEN = 32,              /* hex digits: 128 random bits */
	MAX_FDS_SEEN = 8192,     /* of one process */
	MAX_OUTPUT = 32 << 20,   /* kept of one trick: four times the largest flood */
	MAX_RECEIVED = 1 << 20,  /* kept by the listeners */
	JOB_WALL_MS = 1500,      /* limit of our walls; a trick that is quiet about it takes below 100 ms */
	OVERTIME_MS = 3000,      /* still alive then: no wall clock holds it */
	SETTLE_MS = 120,         /* after the end: what still lives has escaped */
};

/* Where the harness listens, for all runs; tokens tell whose bytes they are. */
struct listeners {
	int        tcp, tcp6, udp, udp6, web, rebound, unix_stream, unix_dgram, abstract_stream, abstract_dgram;
	int        tcp_port, tcp6_port, udp_port, udp6_port, web_port;
	char       dir[64], unix_path[96], dgram_path[96], abstract[64], abstract_dgram_name[64];
	struct client {
		int  fd;
		bool web;
	}          clients[64];
	size_t     n_clients;
	struct buf received, served; /* served: by the service that a policy may allow */
};

int listeners_open(struct listeners *out, const char *dir, struct err *err);
void listeners_close(struct listeners *listeners);
/* Takes what has come; never waits. */
void listeners_read(struct listeners *listeners);
/* A connection to the TCP listener, to be inherited; -1. */
int listeners_connect(const struct listeners *listeners);
bool listeners_got(struct listeners *listeners, const char *token);
bool listeners_served(struct listeners *listeners, const char *token);

/* What is prepared outside for one run of one trick. */
struct stage {
	char   base[64], host[80], outside[96], work[80]; /* directories; work is the job's */
	char   tool[96], secret_path[96];
	char   token[TOKEN + 1], secret[TOKEN + 1], tool_token[TOKEN + 1], brought_token[TOKEN + 1],
		library_token[TOKEN + 1], hidden[TOKEN + 1], marker[TOKEN + 1], victim_name[TOKEN + 1];
	char   handle[2 * 128 + 4];
	pid_t  victim;
	char   address[32];
	int    victim_open;    /* its descriptor of the secret */
	int    shm, msg, shm_key;
	char   mq[48];
	long   key;
	int    dir_fd, secret_fd, outside_fd, socket_fd; /* to be leaked */
	int    terminal, slave;
	struct buf before;     /* how the outside looked */
};

/*
 * `git_index`: of a repository with one file "tracked"; empty when there is no git. `with_objects`: shared memory, queues and
 * keys, of which a user may have few.
 */
int stage_open(struct stage *out, const char *lab, const char *tricks, struct str git_index,
	       const struct listeners *listeners, bool with_objects, struct err *err);
void stage_close(struct stage *stage);
void remove_tree(const char *path);
/* The KEY=VALUE arguments for the trick, NULL at the end, in `mem`. */
char **stage_arguments(const struct stage *stage, const struct listeners *listeners, struct arena *mem);
/* Names, types, modes, sizes, times and attributes below a directory, one line each. */
void stage_describe(struct buf *out, const char *dir);

/* One run of one trick behind one wall: a warden process puts up the wall, so that a trick may kill it. */
struct trial {
	struct selftest_trick *trick;
	enum selftest_wall     wall;
	int                    web_port;
	const struct selftest_options *options; /* borrowed */
	struct stage           stage;
	pid_t                  warden;
	int                    output, report, cancel; /* our ends */
	uint64_t               began_ms;
	struct buf             seen;         /* output, the first MAX_OUTPUT bytes */
	uint64_t               output_bytes, output_lines;
	bool                   eof, ended, held, pipe_held, gone;
	bool                   asked;        /* for a name with the token in it */
	bool                   warden_hurt;  /* killed or stopped by the trick */
	int                    survivors;
	char                   broken[400];  /* the wall did not start */
	bool                   worked;
	char                   why[256];
};

/* What the warden tells: one letter at a time. */
enum warden_word { WORD_ENDED = 'E', WORD_SURVIVORS = 'S', WORD_BROKEN = 'B',
		   WORD_ASKED = 'D' /* the name server was asked for this */ };

/* A wall: `run` is called in the warden and returns when the job has ended. */
struct wall {
	const char *(*missing)(void); /* NULL when it can be put up */
	int         (*run)(const struct trial *trial, char **arguments, const char *tricks, int output,
			   int cancel, struct err *err);
	const char *(*launcher)(void); /* the program that stands around the job */
};
extern const struct wall wall_table[WALLS];

int run_build(const struct trial *trial, char **arguments, const char *tricks, int output, int cancel,
	      struct err *err);
int run_sealed(const struct trial *trial, char **arguments, const char *tricks, int output, int cancel,
	       struct err *err);

/*
 * First thing in a child: it dies with the thread that made it, also when that is dead already. `parent` is getpid() before the fork.
 */
void die_with(pid_t parent);
/* Starts the warden. */
int warden_start(struct trial *trial, char **arguments, const char *tricks, struct err *err);
/* Kills all children of this process, and theirs, until none is left; `spare` lists those that stay. */
void reap_strangers(const pid_t *spare, size_t n);

/* The processes of a job: all below the warden. */
struct process {
	pid_t pid, parent;
	char  name[32];
};
struct processes {
	struct process *items;
	size_t          n, cap;
};
void processes_below(struct processes *out, struct arena *mem, pid_t ancestor);

/* Where a trick leaves its trace. */
struct effect {
	const char *name;
	bool        at_hold; /* looked for while the trick holds still; otherwise when all is over */
	bool      (*seen)(struct trial *trial, struct listeners *listeners, const char *argument);
};
/* NULL for a word that is none. *argument is what stands behind it. */
const struct effect *effect_find(const char **argument, const char *effect);
extern const struct effect output_effects[], after_effects[], hold_effects[], process_effects[],
	victim_effects[];
/* printf into trial->why, and true. */
bool saw(struct trial *trial, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool output_has(const struct trial *trial, const char *text);

/* Small files of /proc: the text, or "" */
size_t read_small(const char *path, char *out, size_t room);
uint64_t now_ms(void);
void random_hex(char out[TOKEN + 1]);
