/* setup.h - set-up commands, run once. Private to this folder. */
#pragma once
#include "environment/prepare.h"

struct setup {
	const struct environment_host   *host;
	const struct environment        *environment;
	const struct environment_source *source;
	const struct environment_teller *teller; /* may be NULL */
	const char            *root;  /* tree of a root file system, or NULL */
	const struct str_list *env;
};

/* Puts what it wrote on the shelf. The work is over in any case. */
int setup_run(struct shelf_entry *out, struct receipt *receipt, struct arena *mem, struct shelf_work *work,
	      const struct setup *setup, struct err *err);
