/*
 * prop_payloads EXAMPLES: every payload of GitHub's own examples (npm @octokit/webhooks-examples), signed and verified, becomes an event;
 * with each value taken out, and cut off anywhere, it still does, or is refused with words. Exit 77: the file is not there.
 */
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "forge/forge.h"

enum { CAP = 256 << 20 };

static size_t passed, failed, by_kind[EVENT_KINDS];
static struct str secret = { "It's a Secret to Everybody", 26 };
static struct forge_config config;

static void sign(char out[72], struct str body)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	HMAC(EVP_sha256(), secret.p, (int)secret.len, (const unsigned char *)body.p, body.len, mac,
	     &n);
	strcpy(out, "sha256=");
	for (unsigned i = 0; i < n; i++)
		sprintf(out + 7 + 2 * i, "%02x", mac[i]);
}

static bool check_strings(const struct event *event)
{
	const struct str all[] = { event->name,         event->repository,    event->sender.login,
				   event->pull.title,   event->pull.base_ref, event->pull.head_ref,
				   event->comment.body, event->ci.name };

	for (size_t i = 0; i < COUNT(all); i++)
		if (!str_is_utf8(all[i]) || all[i].len > EVENT_MAX_COMMENT)
			return false;
	return true;
}

/* What each kind must have for anything to be done with it. */
static const char *lacks(const struct event *event)
{
	if (!event->delivery.len || !event->name.len || !event->integration.len ||
	    !check_strings(event))
		return "delivery, name or a clean text";
	switch (event->kind) {
	case EVENT_PULL:
		return !event->number || !event->repository.len || event->action == ACTION_NONE ||
				       !event->pull.head_oid[0]
			       ? "number, repository, action or head"
			       : NULL;
	case EVENT_COMMENT:
		return !event->number || !event->repository.len ? "number or repository" : NULL;
	case EVENT_CI:
		return !event->ci.head_oid[0] || event->action == ACTION_NONE ? "head or result"
									      : NULL;
	case EVENT_PUSH:
		return !event->push.ref.len ? "ref" : NULL;
	case EVENT_QUEUE:
		return !event->pull.head_oid[0] ? "head" : NULL;
	case EVENT_INSTALL:
		return !event->installation.len ? "installation" : NULL;
	case EVENT_OTHER:
	case EVENT_KINDS:
		break;
	}
	return NULL;
}

static int parse(struct event *event, struct arena *mem, const char *name, struct str body,
		 struct err *err)
{
	char signature[72];
	struct http_header list[] = { { STR("X-GitHub-Event"), str_of(name) },
				      { STR("X-GitHub-Delivery"),
					STR("72d3162e-cc78-11e3-81ab-4c9367dc0958") },
				      { STR("X-Hub-Signature-256"), { signature, 71 } } };
	struct http_headers headers = { list, COUNT(list), COUNT(list) };
	struct forge_delivery delivery = { .headers = &headers, .body = body };

	sign(signature, body);
	if (forge_verify(&config, &delivery, err) < 0)
		return -1;
	return forge_parse(event, mem, &config, &delivery, err);
}

static void one(const char *name, struct str body)
{
	AUTO_ARENA struct arena mem;
	struct event event;
	struct err err;
	const char *wrong;

	arena_init(&mem, CAP);
	if (parse(&event, &mem, name, body, &err) < 0) {
		printf("not ok: %s: %s\n", name, err.text);
		failed++;
		return;
	}
	by_kind[event.kind]++;
	wrong = lacks(&event);
	if (wrong) {
		printf("not ok: %.*s has no %s\n", STR_ARG(event.name), wrong);
		failed++;
	} else {
		passed++;
	}
}

/* Cut at many places: never a crash, always words. */
static void cut(const char *name, struct str body)
{
	size_t step = body.len / 40 + 1;

	for (size_t len = 0; len < body.len; len += step) {
		AUTO_ARENA struct arena mem;
		struct event event;
		struct err err = { 0 };

		arena_init(&mem, CAP);
		if (parse(&event, &mem, name, str_sub(body, 0, len), &err) == 0 || !err.text[0]) {
			printf("not ok: half of %s was taken\n", name);
			failed++;
		}
	}
}

/* Each member of the top and of what stands below it is left out, and made null, in turn. */
static void without(const char *name, json_t *root, json_t *object)
{
	json_t *copy = json_copy(object), *value;
	const char *key;

	json_object_foreach(copy, key, value)
	{
		for (int null = 0; null < 2; null++) {
			AUTO_ARENA struct arena mem;
			struct event event;
			struct err err;
			char *text;

			if (null)
				json_object_set_new(object, key, json_null());
			else
				json_object_del(object, key);
			text = json_dumps(root, JSON_COMPACT);
			arena_init(&mem, CAP);
			if (parse(&event, &mem, name, str_of(text), &err) < 0) {
				printf("not ok: %s without %s: %s\n", name, key, err.text);
				failed++;
			}
			free(text);
			json_object_set(object, key, value);
		}
	}
	json_decref(copy);
}

static void example(const char *name, json_t *payload)
{
	char *text = json_dumps(payload, JSON_COMPACT);
	json_t *value;
	const char *key;
	void *next;

	one(name, str_of(text));
	cut(name, str_of(text));
	without(name, payload, payload);
	json_object_foreach_safe(payload, next, key,
				 value) if (json_is_object(value) && strcmp(key, "repository") != 0)
		without(name, payload, value);
	free(text);
}

int main(int argc, char **argv)
{
	json_t *events = argc > 1 ? json_load_file(argv[1], 0, NULL) : NULL, *event, *payload;
	size_t i, k, n = 0;

	if (!events) {
		puts("skipped: no examples");
		return 77;
	}
	config = (struct forge_config){ .name = STR("test"),
					.type = forge_type_find(STR("github")),
					.secrets = &secret,
					.n_secrets = 1 };
	json_array_foreach(events, i, event)
		json_array_foreach(json_object_get(event, "examples"), k, payload)
	{
		n++;
		example(json_string_value(json_object_get(event, "name")), payload);
	}
	json_decref(events);
	for (int kind = 0; kind < EVENT_KINDS; kind++)
		printf("%s: %zu\n", event_kind_name((enum event_kind)kind), by_kind[kind]);
	printf("%zu payloads\n%zu passed, %zu failed\n", n, passed, failed);
	return failed || n < 329;
}
