/* pages_private.h - what all pages share. For request.c, pages.c, live.c and auth.c alone. */
#pragma once
#include <pthread.h>

#include "gateway.h"
#include "store/store.h"

enum {
	PAGES_STORES = 4,    /* idle connections: as many as the server has threads */
	PAGES_STREAMS = 64,  /* live pages; more are told to load again by themselves */
};

struct pages {
	struct gateway     *gateway;
	const char         *database;
	struct arena        mem;
	struct oidc        *oidc;         /* owned; NULL: the settings name no login service */
	struct str          admin_token;  /* empty: nobody can log in with one */
	pthread_mutex_t     lock;
	struct store       *idle[PAGES_STORES];
	size_t              n_idle;
	unsigned            failures;     /* logins that failed, in the minute `minute` */
	int64_t             minute;
	_Atomic int64_t     wrote;        /* when /readyz last saw the database take a write */
	_Atomic int         jobs;         /* enum machines_word: as it was then */
	/* live.c */
	struct http_stream *streams[PAGES_STREAMS];
	size_t              n_streams;
	pthread_t           thread;
	pthread_cond_t      end;
	bool                stopping, running;
};

int live_open(struct pages *pages, struct err *err);
void live_stop(struct pages *pages);
