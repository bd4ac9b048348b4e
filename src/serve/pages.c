/* pages.c - paths to pages, in one table, and what they share. */
#include "pages.h"

#include <stdlib.h>

#include "answers.h"
#include "base/scope.h"
#include "oidc.h"
#include "pages_private.h"

enum { FORM_MAX = 16 << 10 }; /* a form holds some names */

/*
 * PAGE(name, answer, ...): a handler that serves one page; the rest are fields of struct page_type. libmicrohttpd's routes have
 * no argument of their own, so each page has a function.
 */
#define PAGE(name, ...)                                                                     \
	static void name(void *ctx, struct http_exchange *x, const struct http_call *call)  \
	{                                                                                   \
		static const struct page_type type = { __VA_ARGS__ };                       \
		request_serve(ctx, x, call, &type);                                         \
	}

PAGE(get_now, .answer = now_page)
PAGE(get_jobs, .answer = jobs_page)
PAGE(get_job, .answer = job_page)
PAGE(post_retry, .answer = job_retry, .role = ROLE_OPERATOR, .changes = true)
PAGE(post_cancel, .answer = job_cancel, .role = ROLE_OPERATOR, .changes = true)
PAGE(get_pulls, .answer = pulls_page)
PAGE(get_pull, .answer = pull_page)
PAGE(get_reviews, .answer = reviews_page)
PAGE(get_review, .answer = review_page)
PAGE(get_rules, .answer = rules_page)
PAGE(post_mute, .answer = rule_mute, .role = ROLE_OPERATOR, .changes = true)
PAGE(post_lift, .answer = rule_lift, .role = ROLE_OPERATOR, .changes = true)
PAGE(get_repositories, .answer = repositories_page)
PAGE(post_repository, .answer = repository_set, .role = ROLE_OPERATOR, .changes = true)
PAGE(get_deliveries, .answer = deliveries_page)
PAGE(get_ci, .answer = ci_page)
PAGE(get_workers, .answer = workers_page)
PAGE(get_audit, .answer = audit_page, .role = ROLE_OPERATOR)
PAGE(get_rates, .answer = rates_page)
PAGE(get_tokens, .answer = tokens_page, .role = ROLE_ADMIN)
PAGE(post_token, .answer = token_make, .role = ROLE_ADMIN, .changes = true)
PAGE(post_revoke, .answer = token_revoke, .role = ROLE_ADMIN, .changes = true)
PAGE(get_login, .answer = login_page, .open = true)
PAGE(get_oidc, .answer = oidc_begin, .open = true)
PAGE(get_callback, .answer = oidc_back, .open = true)
PAGE(post_login, .answer = login_post, .open = true)
PAGE(post_logout, .answer = logout_post, .changes = true)
PAGE(get_health, .answer = health_answer, .open = true, .json = true)
PAGE(get_ready, .answer = ready_answer, .open = true, .json = true)
PAGE(get_metrics, .answer = metrics_answer, .open = true, .json = true)
PAGE(api_get_status, .answer = api_status, .json = true)
PAGE(api_get_jobs, .answer = api_jobs, .json = true)
PAGE(api_get_job, .answer = api_job, .json = true)
PAGE(api_post_retry, .answer = job_retry, .json = true, .role = ROLE_OPERATOR, .changes = true)
PAGE(api_post_cancel, .answer = job_cancel, .json = true, .role = ROLE_OPERATOR, .changes = true)
PAGE(api_get_reviews, .answer = api_reviews, .json = true)
PAGE(api_get_review, .answer = api_review, .json = true)
PAGE(api_get_pulls, .answer = api_pulls, .json = true)
PAGE(api_get_repositories, .answer = api_repositories, .json = true)
PAGE(api_get_deliveries, .answer = api_deliveries, .json = true)
PAGE(api_get_rules, .answer = api_rules, .json = true)
PAGE(api_get_workers, .answer = api_workers, .json = true)

const struct http_route page_routes[] = {
	{ "GET", "/", 0, get_now },
	{ "GET", "/jobs", 0, get_jobs },
	{ "GET", "/jobs/{id}", 0, get_job },
	{ "POST", "/jobs/{id}/retry", FORM_MAX, post_retry },
	{ "POST", "/jobs/{id}/cancel", FORM_MAX, post_cancel },
	{ "GET", "/pulls", 0, get_pulls },
	{ "GET", "/pulls/{integration}/{number}/{repository...}", 0, get_pull },
	{ "GET", "/reviews", 0, get_reviews },
	{ "GET", "/reviews/{id}", 0, get_review },
	{ "GET", "/rules", 0, get_rules },
	{ "POST", "/rules/mute", FORM_MAX, post_mute },
	{ "POST", "/rules/lift", FORM_MAX, post_lift },
	{ "GET", "/repositories", 0, get_repositories },
	{ "POST", "/repositories", FORM_MAX, post_repository },
	{ "GET", "/deliveries", 0, get_deliveries },
	{ "GET", "/ci", 0, get_ci },
	{ "GET", "/workers", 0, get_workers },
	{ "GET", "/audit", 0, get_audit },
	{ "GET", "/rates", 0, get_rates },
	{ "GET", "/tokens", 0, get_tokens },
	{ "POST", "/tokens", FORM_MAX, post_token },
	{ "POST", "/tokens/{hash}/revoke", FORM_MAX, post_revoke },
	{ "GET", "/login", 0, get_login },
	{ "GET", "/login/oidc", 0, get_oidc },
	{ "GET", "/login/callback", 0, get_callback },
	{ "POST", "/login", FORM_MAX, post_login },
	{ "POST", "/logout", FORM_MAX, post_logout },
	{ "GET", "/live", 0, live_handle },
	{ "GET", "/style.css", 0, asset_handle },
	{ "GET", "/live.js", 0, asset_handle },
	{ "GET", "/healthz", 0, get_health },
	{ "GET", "/readyz", 0, get_ready },
	{ "GET", "/metrics", 0, get_metrics },
	{ "GET", "/api/openapi.json", 0, asset_handle },
	{ "GET", "/api/v1/status", 0, api_get_status },
	{ "GET", "/api/v1/jobs", 0, api_get_jobs },
	{ "GET", "/api/v1/jobs/{id}", 0, api_get_job },
	{ "POST", "/api/v1/jobs/{id}/retry", FORM_MAX, api_post_retry },
	{ "POST", "/api/v1/jobs/{id}/cancel", FORM_MAX, api_post_cancel },
	{ "GET", "/api/v1/reviews", 0, api_get_reviews },
	{ "GET", "/api/v1/reviews/{id}", 0, api_get_review },
	{ "GET", "/api/v1/pulls", 0, api_get_pulls },
	{ "GET", "/api/v1/repositories", 0, api_get_repositories },
	{ "GET", "/api/v1/deliveries", 0, api_get_deliveries },
	{ "GET", "/api/v1/rules", 0, api_get_rules },
	{ "GET", "/api/v1/workers", 0, api_get_workers },
};
const size_t page_routes_n = COUNT(page_routes);

int pages_open(struct pages **out, struct gateway *gateway, struct err *err)
{
	enum { MEMORY = 1 << 20 };
	struct pages *pages = calloc(1, sizeof(*pages));

	if (!pages)
		return err_set(err, ERR_TEMP, "out of memory");
	pages->gateway = gateway;
	arena_init(&pages->mem, MEMORY);
	pthread_mutex_init(&pages->lock, NULL);
	pthread_cond_init(&pages->end, NULL);
	pages->database = arena_z(&pages->mem, gateway->settings->database);
	*out = pages; /* closed by the caller, however far it came */
	if (gateway->settings->login.token.at.len &&
	    secret_read(&pages->admin_token, &pages->mem, &gateway->settings->login.token, err))
		return err_wrap(err, "login: token");
	if (gateway->settings->login.issuer.len && oidc_open(&pages->oidc, gateway->settings, err))
		return -1;
	return live_open(pages, err);
}

void pages_stop(struct pages *pages)
{
	if (pages)
		live_stop(pages);
}

void pages_close(struct pages *pages)
{
	if (!pages)
		return;
	for (size_t i = 0; i < pages->n_idle; i++)
		store_close(pages->idle[i]);
	oidc_close(pages->oidc);
	pthread_mutex_destroy(&pages->lock);
	pthread_cond_destroy(&pages->end);
	arena_release(&pages->mem);
	free(pages);
}
