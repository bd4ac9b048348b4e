/* answers.h - all pages and API answers by name; pages.c puts them on paths. Private to this folder. */
#pragma once
#include "request.h"

answer_fn now_page, jobs_page, job_page, job_retry, job_cancel, pulls_page, pull_page, reviews_page, review_page,
	rules_page, rule_mute, rule_lift, repositories_page, repository_set, deliveries_page, ci_page, workers_page,
	audit_page, tokens_page, token_make, token_revoke, rates_page, oidc_begin, oidc_back, health_answer, ready_answer, metrics_answer, api_jobs, api_job, api_reviews, api_review, api_pulls,
	api_repositories, api_deliveries, api_rules, api_workers, api_status;

/* /live: server-sent events; /style.css, /live.js, /api/openapi.json: files of ours. */
void live_handle(void *ctx, struct http_exchange *exchange, const struct http_call *call);
void asset_handle(void *ctx, struct http_exchange *exchange, const struct http_call *call);

/* A row of a <dl>. */
void show_pair(struct buf *out, const char *name, struct str value);
/* "integration owner/name #7", as links. */
void show_place(struct buf *out, struct str integration, struct str repository, uint64_t number);
/* The table of jobs that `filter` selects, with buttons for operators. */
struct job_filter;
int show_jobs(struct request *r, const struct job_filter *filter, struct err *err);
