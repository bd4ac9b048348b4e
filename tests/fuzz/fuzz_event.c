/*
 * A delivery to each forge. The first byte chooses the forge, the first line is the name of the event, the rest is the body. Whatever comes: an
 * event with clean, capped texts, or an error with words.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "forge/forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAP = 512 << 20 };

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static void check(const struct event *event)
{
	const struct str names[] = { event->name,          event->repository, event->sender.login,
				     event->pull.title,    event->pull.url,   event->pull.base_ref,
				     event->pull.head_ref, event->ci.name,    event->ci.url,
				     event->push.ref };

	for (size_t i = 0; i < COUNT(names); i++) {
		require(str_is_utf8(names[i]), "a name is UTF-8");
		require(names[i].len <= EVENT_MAX_NAME * 2, "the cap of a name");
		for (size_t k = 0; k < names[i].len; k++)
			require((unsigned char)names[i].p[k] >= 0x20, "a name is one line");
	}
	require(event->comment.body.len <= EVENT_MAX_COMMENT, "the cap of a comment");
	require(event->pull.n_labels <= EVENT_MAX_LABELS, "the cap of labels");
	require(event->delivery.len > 0, "a delivery has an id");
	require(strlen(event->pull.head_oid) == 0 || strlen(event->pull.head_oid) == OID_HEX,
		"an oid is one or none");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, name = { 0 };
	const struct forge_type *type = forge_type_at(size ? data[0] % forge_type_count() : 0);
	struct forge_config config = { .name = STR("f"), .type = type };
	struct http_header list[5];
	struct http_headers headers = { list, COUNT(list), COUNT(list) };
	struct forge_delivery delivery = { .headers = &headers };
	AUTO_ARENA struct arena mem;
	struct event event;
	struct err err = { 0 };

	rest = str_from(rest, 1);
	str_cut_line(&rest, &name);
	list[0] = (struct http_header){ STR("X-GitHub-Event"), name };
	list[1] = (struct http_header){ STR("X-Gitea-Event"), name };
	list[2] = (struct http_header){ STR("X-Event-Key"), name };
	list[3] = (struct http_header){ STR("Webhook-Id"), name };
	list[4] = (struct http_header){ STR("Content-Type"), name };
	delivery.body = rest;
	arena_init(&mem, CAP);
	if (forge_parse(&event, &mem, &config, &delivery, &err) < 0)
		require(err.text[0], "an error has words");
	else
		check(&event);
	return 0;
}
