/*
 * host.h - what the administrator of a host lets environments be, and where they are kept.
 *
 * A repository wishes, the administrator grants: images and packages that are not listed here, and set-up where it is off, are refused with
 * the place of the wish. The network of set-up is that of the policy's phase `fetch`: none when it names no routes.
 */
#pragma once
#include "egress/route.h"
#include "egress/secret.h"
#include "environment/environment.h"

enum {
	HOST_MAX_BYTES = 256 << 10, /* written by hand */
	HOST_MAX_POOL = 64,         /* ready checkouts of one repository */
};

struct host_image {
	struct str name; /* as a repository says it: "registry.example/debian:12"; of a registry, with one `*` for any run of bytes */
	struct str path; /* absolute: a folder in the OCI image layout, or a file that archives one; empty: `remote` */
	struct str tag;  /* which of its images; may be empty when there is only one */
	struct str remote; /* in a registry: "mirror.example/app-*:12", its `*` for that of the name; empty: `path` */
};

/* How a registry is reached. */
struct host_registry {
	struct str         name;   /* "registry.example:5000", as in names of images */
	struct route_table routes; /* in phase fetch: itself, and where it sends to (logins, storage) */
	bool               plain;  /* without TLS: on this machine alone */
};

struct host_registries {
	struct host_registry *items;
	size_t                n, cap;
};

struct host_images {
	struct host_image *items;
	size_t             n, cap;
};

struct environment_host {
	const char           *where;     /* the file, for messages; "" without one */
	const char           *store;     /* absolute folder of ours alone */
	struct sandbox_policy policy;    /* of set-up and of jobs */
	struct host_images    images;    /* the first that fits counts */
	struct host_registries registries; /* others are reached by their own name alone, with TLS and without a login */
	uint64_t              max_image; /* bytes of one image, packed and unpacked */
	struct glob_list      packages;  /* which Debian packages may be asked for; empty: none */
	struct str_list       sources;   /* files of apt: where packages come from */
	struct str            suite;     /* "bookworm" */
	bool                  setup;     /* set-up commands may run */
	uint64_t              build_ms;  /* longest time to make a root file system */
	uint64_t              root_refresh_ms; /* roots of packages are made anew when older: security updates */
	uint64_t              max_bytes; /* of the store; the least recently used go first */
	uint64_t              max_age_ms; /* what nobody used for so long goes */
	uint32_t              pool;      /* ready checkouts per repository; 0: none */
	struct secret_list    secrets;   /* what routes may lend */
	const char           *audit;     /* log to which set-ups and jobs are appended (sandbox/audit.h); NULL: none */
};

/*
 * Without any file: nothing but set-up on the host's own toolchain, without a network, kept in `store`. The sources and the suite are
 * those of this machine.
 */
void environment_host_init(struct environment_host *out, struct arena *mem, const char *store);
/*
 * Reads the administrator's file on top of that; `path` goes in front of errors, "file:line:column: what". The policy and secrets that it
 * names are read, too. All memory in `mem`; secrets are wiped by secret_wipe().
 */
int environment_host_load(struct environment_host *out, struct arena *mem, const char *path, struct err *err);
/* 0 when all that the environment wishes is allowed; ERR_PERM with the place of the first wish that is not, and who can change it. */
int environment_permit(const struct environment_host *host, const struct environment *environment, struct err *err);
/* What stands for an image of that name, or NULL. */
const struct host_image *environment_host_image(const struct environment_host *host, struct str name);
