/*
 * profile.h - toolchains as data (sandbox/profiles/<name>.yml): what the ordinary build and test of a C, Python, ...
 * project must see. /usr, /bin, /lib* and a made /etc are always there.
 */
#pragma once
#include "sandbox/policy.h"

enum { PROFILE_SMALL = 16 << 10 };

/* A place of the host, read-only inside, at the same path. */
struct profile_mount {
	struct str path;   /* absolute */
	struct str target; /* it is a symbolic link to this; otherwise empty */
	bool       file;   /* no directory */
	bool       small;  /* a file that anybody may read, of at most PROFILE_SMALL bytes: a copy is made sooner than a mount */
	bool       exec;   /* programs there may run */
};

struct profile_mounts {
	struct profile_mount *items;
	size_t                n, cap;
};

/* Programs by the last part of their path, a glob: an interpreter runs whatever it is given. */
struct profile_class {
	struct str      glob;
	enum exec_class class;
};

struct profile_classes {
	struct profile_class *items;
	size_t                n, cap;
};

/* A profile as it is on this host. */
struct profile {
	struct str             name, about;
	struct profile_mounts  mounts;
	struct str_list        env;     /* "NAME=value", in order; PATH among them */
	struct profile_classes classes;
};

struct profile_use {
	bool own_caches; /* caches of package managers are below the job's own home directory, not the administrator's */
	bool network;    /* what tells package managers to stay offline is left out */
};

/*
 * `vars` is the administrator's (PATH, HOME, CARGO_HOME, ...): where toolchains outside /usr are looked for. An empty name is
 * the plain /usr; several are joined by '+': "python+node". ERR_INPUT for a name that does not exist, with the known ones.
 */
int profile_resolve(struct profile *out, struct arena *mem, struct str name, const struct profile_use *use,
		    const char *const *vars, struct err *err);
/* The class of a program, by the profile's table and the one of sandbox/profiles/common.yml; CLASS_TOOL when in none. */
enum exec_class profile_class(const struct profile *profile, struct str path);
/* The names that there are, in order. */
void profile_names(struct str_list *out, struct arena *mem);
