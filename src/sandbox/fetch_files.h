/* fetch_files.h - what fetch.c and fetch_prune.c share. Private to this folder. */
#pragma once
#include "sandbox/fetch.h"

enum { FETCH_STAGE_NAME = sizeof(((struct fetch *)0)->stage) };

/* A directory's descriptor, or -1 with errno. */
int fetch_open_dir(int at, const char *path);
/* ".new-<random>": what has such a name and no lock is swept. */
int fetch_stage_name(char out[FETCH_STAGE_NAME], struct err *err);
/* Removes what fetches and prunes that were killed left. The cache is locked meanwhile, so that none is just being made. */
void fetch_sweep(int cache);
