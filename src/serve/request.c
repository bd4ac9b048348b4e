/* request.c - around every page: who asks, may they, the frame, and the answer. */
#include "request.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "body.h"
#include "http/url.h"
#include "pages_private.h"
#include "serve/log.h"

/* ---- stores: one connection for each thread that is in a page ---- */

static struct store *take_store(struct pages *pages, struct err *err)
{
	struct store *store = NULL;

	pthread_mutex_lock(&pages->lock);
	if (pages->n_idle)
		store = pages->idle[--pages->n_idle];
	pthread_mutex_unlock(&pages->lock);
	if (!store && store_open(&store, pages->database, err))
		return NULL;
	return store;
}

static void give_store(struct pages *pages, struct store *store)
{
	pthread_mutex_lock(&pages->lock);
	if (store && pages->n_idle < PAGES_STORES) {
		pages->idle[pages->n_idle++] = store;
		store = NULL;
	}
	pthread_mutex_unlock(&pages->lock);
	store_close(store);
}

/* ---- parts ---- */

struct str request_field(struct request *r, const char *name)
{
	struct str value;

	return url_query_get(&value, r->mem, r->call->body, str_of(name)) ? value : STR("");
}

struct str request_query(struct request *r, const char *name)
{
	struct str value;

	return url_query_get(&value, r->mem, r->call->query, str_of(name)) ? value : STR("");
}

void request_header(struct request *r, const char *name, struct str value)
{
	struct err err;

	if (http_header_add(&r->headers, r->mem, str_of(name), arena_str(r->mem, value), &err))
		log_error("%s: %s", name, err.text);
}

int request_go(struct request *r, const char *fmt, ...)
{
	char path[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	r->status = 303;
	request_header(r, "Location", str_of(path));
	return 0;
}

int request_missing(struct request *r, struct err *err)
{
	r->status = 404;
	return err_input(err, "There is no such thing, or it is not yours to see.");
}

void request_form(struct request *r, const char *action)
{
	html_add(&r->out, "<form method=post action=\"%s\"><input type=hidden name=csrf value=\"%s\">",
		 action, r->visitor.csrf);
}

void request_button(struct request *r, const char *action, const char *words)
{
	if (r->visitor.role < ROLE_OPERATOR)
		return;
	request_form(r, action);
	html_add(&r->out, "<button>%s</button></form>", words);
}

void request_more(struct request *r)
{
	if (r->page.next.len)
		html_add(&r->out, "<p><a rel=next href=\"?after=%u\">older</a></p>", r->page.next);
}

int request_audit(struct request *r, const char *action, struct str subject, struct err *err)
{
	/* what was done over all tenants is of none: its subject may be another tenant's */
	struct audit_row row = { .tenant = r->visitor.view.all ? STR("*") : r->visitor.view.tenant,
				 .actor = r->visitor.subject,
				 .action = str_of(action),
				 .subject = subject };

	return audit_add(r->store, &row, r->now, err);
}

int request_machines(struct request *r, struct err *err)
{
	const struct settings *settings = r->pages->gateway->settings;

	for (size_t i = 0; !r->visitor.view.all && i < settings->integrations.n; i++)
		if (!str_eq(settings->integrations.items[i].tenant, r->visitor.view.tenant))
			return err_set(err, ERR_PERM, "Machines serve all tenants: who sees one tenant does not see them.");
	return 0;
}

bool request_is_api(const struct request *r)
{
	return str_starts(r->call->path, STR("/api/"));
}

int64_t request_id(const struct request *r, size_t param)
{
	uint64_t id;

	return str_to_u64(r->call->params[param], &id) && id <= INT64_MAX ? (int64_t)id : 0;
}

/* ---- the frame ---- */

static const struct {
	const char *path, *words;
	enum role   role;
} menu[] = {
	{ "/", "Now", ROLE_VIEWER },
	{ "/pulls", "Pull requests", ROLE_VIEWER },
	{ "/reviews", "Reviews", ROLE_VIEWER },
	{ "/jobs", "Jobs", ROLE_VIEWER },
	{ "/rules", "Rules", ROLE_VIEWER },
	{ "/repositories", "Repositories", ROLE_VIEWER },
	{ "/deliveries", "Deliveries", ROLE_VIEWER },
	{ "/ci", "CI", ROLE_VIEWER },
	{ "/workers", "Workers", ROLE_VIEWER },
	{ "/rates", "Rates", ROLE_VIEWER },
	{ "/audit", "Audit", ROLE_OPERATOR },
	{ "/tokens", "Tokens", ROLE_ADMIN },
};

static void add_menu(struct buf *out, const struct request *r)
{
	buf_add(out, STR("<nav><b>Outrider</b>"));
	for (size_t i = 0; r->visitor.known && i < COUNT(menu); i++) {
		if (r->visitor.role < menu[i].role)
			continue;
		html_add(out, "<a href=\"%s\"%R>%s</a>", menu[i].path,
			 str_eq(r->call->path, str_of(menu[i].path)) ? " aria-current=page" : "",
			 menu[i].words);
	}
	if (r->visitor.known)
		html_add(out,
			 "<form method=post action=\"/logout\"><input type=hidden name=csrf value=\"%s\">"
			 "<button class=quiet>Log out %S</button></form>",
			 r->visitor.csrf, r->visitor.subject);
	buf_add(out, STR("</nav>"));
}

static void frame(struct buf *out, const struct request *r)
{
	html_add(out,
		 "<!doctype html><html lang=en><head><meta charset=utf-8>"
		 "<meta name=viewport content=\"width=device-width,initial-scale=1\">"
		 "<title>%s – Outrider</title><link rel=stylesheet href=\"/style.css\">"
		 "<script src=\"/live.js\" defer></script></head><body>",
		 r->title);
	add_menu(out, r);
	html_add(out, "<main><h1>%s</h1>", r->title);
	buf_add(out, buf_str(&r->out));
	buf_add(out, STR("</main></body></html>\n"));
}

static void answer_error(struct request *r, const struct page_type *type, const struct err *err)
{
	if (r->status < 400)
		r->status = err->kind == ERR_TEMP ? 503 : err->kind == ERR_INPUT ? 400 :
						  err->kind == ERR_PERM	 ? 403 :
									  500;
	if (r->status >= 500)
		log_error("%.*s: %s", STR_ARG(r->call->path), err->text);
	buf_clear(&r->out);
	if (type->json) {
		json_t *object AUTO_JSON = json_object();

		body_set(object, "error", str_of(err->text));
		buf_add(&r->out, body_text(r->mem, object));
		return;
	}
	r->title = http_status_text(r->status);
	html_add(&r->out, "<p>%s</p>", err->text);
}

/* ---- may they ---- */

static int check_right(struct request *r, const struct page_type *type, struct err *err)
{
	if (type->open)
		return 0;
	if (!r->visitor.known) {
		r->status = 401;
		return err_set(err, ERR_PERM, "Please log in.");
	}
	if (r->visitor.role < type->role)
		return err_set(err, ERR_PERM, "This needs the role %s, and yours is %s.",
			       role_name(type->role), role_name(r->visitor.role));
	if (type->changes && !r->visitor.token &&
	    !str_eq(request_field(r, "csrf"), str_of(r->visitor.csrf)))
		return err_set(err, ERR_PERM, "This form is not of this session: load the page again.");
	return 0;
}

int request_who(struct request *r, struct err *err)
{
	r->store = take_store(r->pages, err);
	if (!r->store)
		return -1;
	return store_clock(r->store, &r->now, err) || visitor_find(&r->visitor, r, err) ? -1 : 0;
}

void request_end(struct request *r)
{
	give_store(r->pages, r->store);
	buf_release(&r->out);
}

static int run(struct request *r, const struct page_type *type, struct err *err)
{
	if (request_who(r, err))
		return -1;
	if (!type->open && !type->json && !r->visitor.known)
		return request_go(r, "/login");
	if (check_right(r, type, err))
		return -1;
	return type->answer(r, err);
}

void request_serve(void *ctx, struct http_exchange *exchange, const struct http_call *call,
		   const struct page_type *type)
{
	struct gateway *gateway = ctx;
	struct request r = { .pages = gateway->pages, .call = call, .mem = call->mem, .status = 200,
			     .title = "Outrider" };
	AUTO_BUF struct buf whole = { 0 };
	struct err err = { 0 };

	r.page = (struct page){ .limit = 50, .after = request_query(&r, "after") };
	if (run(&r, type, &err))
		answer_error(&r, type, &err);
	if (http_header_count(&r.headers, STR("Content-Type")) == 0)
		request_header(&r, "Content-Type", type->json ? STR("application/json") :
								STR("text/html; charset=utf-8"));
	request_header(&r, "Cache-Control", STR("no-store"));
	request_header(&r, "Content-Security-Policy",
		       STR("default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
			   "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"));
	request_header(&r, "Referrer-Policy", STR("same-origin"));
	if (!type->json && r.status != 303)
		frame(&whole, &r);
	http_answer(exchange, r.status, &r.headers, type->json ? buf_str(&r.out) : buf_str(&whole));
	request_end(&r);
}
