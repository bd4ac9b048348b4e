/*
 * environment.h - what a repository wants around its builds and tests, as plain data: a root file system, set-up commands, services.
 *
 * Written in `.outrider.yml` under `environment:`, or in a dev-container file. Read from the base side of a change only. Nothing here has
 * an effect, and nothing is granted: host.h says what the administrator allows.
 */
#pragma once
#include "base/buf.h"
#include "base/reader.h"
#include "sandbox/policy.h"

enum {
	ENVIRONMENT_MAX_BYTES = 256 << 10, /* of a dev-container file: written by hand */
	ENVIRONMENT_MAX_PACKAGES = 200,
	ENVIRONMENT_MAX_SETUP = 64,        /* commands; more belong in a script of the repository */
	ENVIRONMENT_MAX_COMMAND = 16 << 10, /* bytes of one: the kernel's own cap for one argument is 128 KiB */
	ENVIRONMENT_MAX_ENV = 200,
	ENVIRONMENT_MAX_FILES = 64,
	ENVIRONMENT_MAX_SERVICES = 8,      /* each is a server in every job's memory */
	ENVIRONMENT_MAX_NAME = 64,
	ENVIRONMENT_MAX_IGNORED = 100,     /* keys of a dev-container file that are told; more are one line with their number */
};

/* A server that runs beside the job's command, in the same sandbox. */
struct environment_service {
	struct str name;     /* [a-z0-9-] */
	struct str command;  /* for `sh -c`, in the foreground */
	struct str ready;    /* for `sh -c`: ends with 0 when it is ready; empty: `port` */
	uint32_t   port;     /* ready when somebody listens there on TCP; 0: `ready`, or at once without either */
	struct str data;     /* a folder below the home or work directory that is made for it, mode 0700; may be empty */
	uint64_t   within_ms; /* it must be ready by then */
};

struct environment_services {
	struct environment_service *items;
	size_t                      n, cap;
};

struct environment {
	struct str      where;    /* the file it stood in, for messages */
	struct str      image;    /* empty: none. Never with packages */
	struct str_list packages; /* Debian's names, in order, each once */
	struct str      profile;  /* toolchains of sandbox/profile.h; empty: the policy's */
	struct str_list setup;    /* for `sh -c`, in order */
	struct str_list env;      /* "NAME=value" */
	struct str_list files;    /* paths in the repository whose content counts for the key */
	struct environment_services services;
	uint64_t        refresh_ms; /* set-up is done again when it was longer ago */
	struct str_list ignored;  /* what stood there and means nothing here, a line each: for people */
	const struct yaml *image_at, *packages_at, *setup_at; /* for messages; may be NULL */
};

#define ENVIRONMENT_REFRESH_MS UINT64_C(86400000) /* a day: dependencies move, and nobody waits for a nightly build */

/* What `environment: {}` means. */
void environment_init(struct environment *out, struct str where);
/*
 * Reads the value of `environment:`. ERR_INPUT with its position, "file:line:column: what"; unknown keys are errors. All memory in
 * the reader's arena; the node must live as long.
 */
int environment_read(struct environment *out, struct reader *r, const struct yaml *node);
/*
 * Reads a dev-container file: JSON with comments and final commas. Keys that mean something: image, containerEnv, remoteEnv,
 * onCreateCommand, updateContentCommand, postCreateCommand. What cannot be had (features, a Dockerfile, Compose, privileges) is
 * ERR_INPUT with its position; everything else is in `ignored`.
 */
int environment_devcontainer(struct environment *out, struct arena *mem, const char *name, struct str text, struct err *err);

/* Canonical bytes of all that set-up depends on; equal exactly when it would do the same. Services do not count. */
void environment_canon(struct buf *out, const struct environment *environment);
/* For people: as YAML of `environment:`, and the ignored keys as comments. */
void environment_text(struct buf *out, const struct environment *environment);
