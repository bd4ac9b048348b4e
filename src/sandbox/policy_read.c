/* policy_read.c - a policy from YAML: one table of keys for each mapping. */
#include "policy_read.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "egress/route.h"

/* A path without "." and "..", with one '/' between, none at the end (but a final '/' marks a directory to protect). */
static bool is_plain(struct str path, bool absolute)
{
	struct str rest = path, part;

	if (absolute != str_starts(path, STR("/")) || path.len == 0)
		return false;
	if (absolute)
		rest = str_from(path, 1);
	else if (str_ends(rest, STR("/")))
		rest.len--;
	if (rest.len == 0)
		return false;
	if (str_ends(rest, STR("/")))
		return false;
	while (str_cut(&rest, '/', &part))
		if (part.len == 0 || str_eq(part, STR(".")) || str_eq(part, STR("..")))
			return false;
	return true;
}

static int read_paths(struct reader *r, const struct yaml *node, bool absolute, struct str_list *out)
{
	struct str_list list;

	if (value_list(r, node, &list))
		return -1;
	for (size_t i = 0; i < list.n; i++)
		if (!is_plain(list.items[i], absolute))
			return yaml_error(r->err, r->name, node->child[i],
					  absolute ? "expected an absolute path without '.' and '..'"
						   : "expected a path below the work directory, without '.' and '..'");
	*out = list;
	return 0;
}

static int read_ro(struct reader *r, const struct yaml *node, void *to)
{
	return read_paths(r, node, true, &((struct sandbox_policy *)to)->fs.ro);
}

static int read_rw(struct reader *r, const struct yaml *node, void *to)
{
	return read_paths(r, node, true, &((struct sandbox_policy *)to)->fs.rw);
}

/* Adds: what is protected cannot be given up. */
static int read_protect(struct reader *r, const struct yaml *node, void *to)
{
	struct sandbox_policy *policy = to;
	struct str_list list, all = { 0 };

	if (read_paths(r, node, false, &list))
		return -1;
	for (size_t i = 0; i < policy->fs.protect.n; i++)
		ARENA_PUSH(r->mem, &all, policy->fs.protect.items[i]);
	for (size_t i = 0; i < list.n; i++) {
		bool known = false;

		for (size_t j = 0; j < all.n; j++)
			known |= str_eq(all.items[j], list.items[i]);
		if (!known)
			ARENA_PUSH(r->mem, &all, list.items[i]);
	}
	policy->fs.protect = all;
	return 0;
}

static int read_tmp_size(struct reader *r, const struct yaml *node, void *to)
{
	return value_amount(r, node, UNIT_BYTES, 4096, UINT64_C(1) << 40,
			     &((struct sandbox_policy *)to)->fs.tmp_size);
}

static int read_workdir(struct reader *r, const struct yaml *node, void *to)
{
	int mode;

	if (value_word(r, node, workdir_words, WORKDIR_MODES, &mode))
		return -1;
	((struct sandbox_policy *)to)->fs.workdir = (enum workdir_mode)mode;
	return 0;
}

static int read_fs(struct reader *r, const struct yaml *node, void *to)
{
	static const struct key keys[] = {
		{ "ro", read_ro },           { "rw", read_rw },           { "protect", read_protect },
		{ "tmp_size", read_tmp_size }, { "workdir", read_workdir },
	};

	return reader_keys(r, node, keys, COUNT(keys), to);
}

static int read_mode(struct reader *r, const struct yaml *node, void *to)
{
	int mode;

	if (value_word(r, node, exec_mode_words, EXEC_MODES, &mode))
		return -1;
	((struct sandbox_policy *)to)->exec.mode = (enum exec_mode)mode;
	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_digest(struct reader *r, const struct yaml *node, void *to)
{
	struct exec_rule *rule = to;
	unsigned char digest[32];
	struct str text;

	if (value_text(r, node, &text))
		return -1;
	for (size_t i = 0; text.len == 64 && i < 32; i++) {
		int high = digit(text.p[2 * i]), low = digit(text.p[2 * i + 1]);

		if (high < 0 || low < 0)
			text.len = 0;
		digest[i] = (unsigned char)(high << 4 | low);
	}
	if (text.len != 64)
		return yaml_error(r->err, r->name, node, "expected a SHA-256 digest: 64 digits of 0-9a-f");
	memcpy(rule->digest, digest, sizeof digest);
	rule->by_digest = true;
	return 0;
}

static int read_rule_path(struct reader *r, const struct yaml *node, void *to)
{
	struct str path;

	if (value_text(r, node, &path))
		return -1;
	if (!is_plain(path, true))
		return yaml_error(r->err, r->name, node, "expected an absolute path without '.' and '..'");
	((struct exec_rule *)to)->path = path;
	return 0;
}

static int read_rule_name(struct reader *r, const struct yaml *node, void *to)
{
	return value_text(r, node, &((struct exec_rule *)to)->name);
}

static int read_rule_class(struct reader *r, const struct yaml *node, void *to)
{
	int class;

	if (value_word(r, node, exec_class_words, CLASS_FRESH, &class))
		return -1;
	((struct exec_rule *)to)->class = (enum exec_class)class;
	return 0;
}

static int read_allow(struct reader *r, const struct yaml *node, void *to)
{
	static const struct key keys[] = {
		{ "digest", read_digest },
		{ "path", read_rule_path },
		{ "name", read_rule_name },
		{ "class", read_rule_class },
	};
	struct exec_rules rules = { 0 };

	if (reader_expect(r, node, YAML_SEQ, "a list"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct exec_rule rule = { 0 };

		if (reader_keys(r, node->child[i], keys, COUNT(keys), &rule))
			return -1;
		if (!rule.by_digest && rule.path.len == 0)
			return yaml_error(r->err, r->name, node->child[i], "`digest` or `path` is missing");
		ARENA_PUSH(r->mem, &rules, rule);
	}
	((struct sandbox_policy *)to)->exec.allow = rules;
	return 0;
}

static int read_exec(struct reader *r, const struct yaml *node, void *to)
{
	static const struct key keys[] = { { "mode", read_mode }, { "allow", read_allow } };

	return reader_keys(r, node, keys, COUNT(keys), to);
}

static int read_layers(struct reader *r, const struct yaml *node, void *to)
{
	struct sandbox_policy *policy = to;

	if (reader_expect(r, node, YAML_MAP, "a mapping"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		int layer, need;

		if (value_word(r, node->key[i], layer_words, LAYERS, &layer) ||
		    value_word(r, node->child[i], need_words, NEEDS, &need))
			return -1;
		/* without these there is no sandbox at all */
		if (need != NEED_REQUIRED && (layer == LAYER_PRIVILEGES || layer == LAYER_SECCOMP))
			return yaml_error(r->err, r->name, node->child[i], "'%s' is always required",
					  layer_words[layer]);
		policy->layers[layer] = (enum layer_need)need;
	}
	return 0;
}

static int read_limits(struct reader *r, const struct yaml *node, void *to)
{
	struct sandbox_limits *limits = &((struct sandbox_policy *)to)->limits;
	const struct {
		const char *key;
		enum unit   unit;
		uint64_t    least, most;
		uint64_t   *out;
	} rows[] = {
#define X(id, key, normal, least, most, unit) { key, UNIT_##unit, least, UINT64_C(most), &limits->id },
		SANDBOX_LIMITS(X)
#undef X
	};
	const char *words[COUNT(rows)];

	for (size_t i = 0; i < COUNT(rows); i++)
		words[i] = rows[i].key;
	if (reader_expect(r, node, YAML_MAP, "a mapping"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		int row;

		if (value_word(r, node->key[i], words, COUNT(words), &row) ||
		    value_amount(r, node->child[i], rows[row].unit, rows[row].least, rows[row].most,
				  rows[row].out))
			return -1;
	}
	return 0;
}

static int read_name(struct reader *r, const struct yaml *node, void *to)
{
	return value_text(r, node, &((struct sandbox_policy *)to)->name);
}

/* Was looked at before everything else. */
static int read_trust(struct reader *r, const struct yaml *node, void *to)
{
	int trust;

	if (value_word(r, node, trust_words, TRUSTS, &trust))
		return -1;
	((struct sandbox_policy *)to)->trust = (enum sandbox_trust)trust;
	return 0;
}

static int read_profile(struct reader *r, const struct yaml *node, void *to)
{
	return value_text(r, node, &((struct sandbox_policy *)to)->profile);
}

static int read_env(struct reader *r, const struct yaml *node, void *to)
{
	struct str_list list;

	if (value_list(r, node, &list))
		return -1;
	for (size_t i = 0; i < list.n; i++)
		if (list.items[i].len == 0 || str_find_byte(list.items[i], '=') != SIZE_MAX)
			return yaml_error(r->err, r->name, node->child[i],
					  "expected the name of an environment variable");
	((struct sandbox_policy *)to)->env = list;
	return 0;
}

static int read_output(struct reader *r, const struct yaml *node, void *to)
{
	static const char *const words[] = { "end", "drop" };
	int drop;

	if (value_word(r, node, words, COUNT(words), &drop))
		return -1;
	((struct sandbox_policy *)to)->drop_output = drop;
	return 0;
}

static int read_net(struct reader *r, const struct yaml *node, void *to)
{
	struct route_table *table = ARENA_NEW(r->mem, struct route_table);

	if (route_read(table, r->mem, r->name, node, r->err))
		return -1;
	((struct sandbox_policy *)to)->net = table;
	return 0;
}

int policy_read_document(struct sandbox_policy *policy, struct reader *r, const struct yaml *root)
{
	static const struct key keys[] = {
		{ "name", read_name },     { "trust", read_trust },   { "layers", read_layers },
		{ "profile", read_profile }, { "fs", read_fs },       { "exec", read_exec },
		{ "net", read_net },       { "limits", read_limits }, { "output", read_output },
		{ "env", read_env },
	};
	struct sandbox_policy read = *policy;

	if (reader_keys(r, root, keys, COUNT(keys), &read))
		return -1;
	*policy = read;
	return 0;
}

int policy_document(struct yaml **out, struct reader *r, struct str text)
{
	struct yaml_docs docs;

	if (text.len > POLICY_MAX_BYTES)
		return err_input(r->err, "%s: %zu bytes, more than the limit of %d", r->name, text.len,
				 POLICY_MAX_BYTES);
	if (yaml_load(&docs, r->mem, r->name, text, r->err))
		return -1;
	if (docs.n > 1)
		return yaml_error(r->err, r->name, docs.items[1], "a policy is one document");
	*out = docs.n && docs.items[0]->kind != YAML_NULL ? docs.items[0] : NULL;
	return 0;
}

/* Files of the program by their place in memory: each run needs three of them. */
enum { BUILTIN_MAX = 32, BUILTIN_MEMORY = 4 << 20 };

static _Noreturn void builtin_wrong(const struct err *err)
{
	fprintf(stderr, "outrider: built-in policy: %s\n", err->text);
	abort();
}

struct yaml *policy_builtin_document(const struct embedded *file)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct arena mem;
	static struct {
		const struct embedded *file;
		struct yaml           *root;
	} known[BUILTIN_MAX];
	static size_t n;
	struct err err;
	struct reader r = { &mem, file->name, &err };
	struct yaml *root = NULL;
	size_t i = 0;

	pthread_mutex_lock(&lock);
	if (n == 0)
		arena_init(&mem, BUILTIN_MEMORY);
	while (i < n && known[i].file != file)
		i++;
	if (i == n) {
		(void)err_set(&err, ERR_BUG, "more than %d files", BUILTIN_MAX);
		if (n == BUILTIN_MAX || policy_document(&known[i].root, &r, (struct str){ file->text, file->len }))
			builtin_wrong(&err);
		known[i].file = file;
		n++;
	}
	root = known[i].root;
	pthread_mutex_unlock(&lock);
	return root;
}

void policy_read_builtin(struct sandbox_policy *policy, struct arena *mem, const struct embedded *file)
{
	struct err err;
	struct reader r = { mem, file->name, &err };

	if (policy_read_document(policy, &r, policy_builtin_document(file)))
		builtin_wrong(&err);
}

int policy_load(struct sandbox_policy *out, struct arena *mem, const char *name, struct str text,
		struct err *err)
{
	struct reader r = { mem, name, err };
	struct sandbox_policy policy = { .trust = TRUST_UNTRUSTED };
	struct yaml *root;

	if (policy_document(&root, &r, text))
		return -1;
	if (root && yaml_get(root, "trust") && read_trust(&r, yaml_get(root, "trust"), &policy))
		return -1;
	policy_builtin(&policy, mem, policy.trust);
	if (root && policy_read_document(&policy, &r, root))
		return -1;
	*out = policy;
	return 0;
}
