/* policy_tighten.c - a repository's wishes on top of the host's policy: each is compared, and may only be tighter. */
#include <inttypes.h>

#include "egress/route.h"
#include "policy_read.h"

struct tightener {
	struct reader               *r;
	const struct yaml           *root;
	const struct sandbox_policy *host;
	struct sandbox_policy       *want;
};

/* The node "a" or "a.b" of the document, for positions; the document itself where the key is not given. */
static const struct yaml *node_at(const struct tightener *t, const char *key, const char *sub)
{
	const struct yaml *node = yaml_get(t->root, key);

	if (node && sub && yaml_get(node, sub))
		node = yaml_get(node, sub);
	return node ? node : t->root;
}

static int loosens(const struct tightener *t, const char *key, const char *sub, const char *host)
{
	return yaml_error(t->r->err, t->r->name, node_at(t, key, sub),
			  "a repository may only tighten: the host's %s%s%s is %s", key, sub ? "." : "",
			  sub ? sub : "", host);
}

static int check_words(const struct tightener *t)
{
	const struct sandbox_policy *h = t->host, *w = t->want;

	/* a command of a model is held tighter than a pull request, and that than what is trusted */
	if (h->trust != w->trust)
		return loosens(t, "trust", NULL, trust_words[h->trust]);
	if (w->exec.mode < h->exec.mode)
		return loosens(t, "exec", "mode", exec_mode_words[h->exec.mode]);
	/* neither is tighter than the other: whose work it is, the administrator says */
	if (w->exec.engine != h->exec.engine)
		return loosens(t, "exec", "engine", exec_engine_words[h->exec.engine]);
	if (!str_eq(w->exec.helper, h->exec.helper))
		return loosens(t, "exec", "helper", arena_z(t->r->mem, h->exec.helper));
	if (w->launcher != h->launcher)
		return loosens(t, "launcher", NULL, launcher_words[h->launcher]);
	if (!str_eq(w->bubblewrap, h->bubblewrap))
		return loosens(t, "bubblewrap", NULL, arena_z(t->r->mem, h->bubblewrap));
	if (w->fs.workdir < h->fs.workdir)
		return loosens(t, "fs", "workdir", workdir_words[h->fs.workdir]);
	if (w->drop_output && !h->drop_output)
		return loosens(t, "output", NULL, "end");
	if (!str_eq(w->profile, h->profile))
		return loosens(t, "profile", NULL,
			       h->profile.len ? arena_z(t->r->mem, h->profile) : "the plain one");
	for (int l = 0; l < LAYERS; l++)
		if (w->layers[l] < h->layers[l])
			return loosens(t, "layers", layer_words[l], need_words[h->layers[l]]);
	return 0;
}

static int check_limits(const struct tightener *t)
{
	const struct {
		const char *key, *sub;
		uint64_t    host, want;
	} rows[] = {
#define X(id, key, normal, least, most, unit) { "limits", key, t->host->limits.id, t->want->limits.id },
		SANDBOX_LIMITS(X)
#undef X
		{ "fs", "tmp_size", t->host->fs.tmp_size, t->want->fs.tmp_size },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].want > rows[i].host)
			return loosens(t, rows[i].key, rows[i].sub,
				       arena_printf(t->r->mem, "%" PRIu64, rows[i].host).p);
	return 0;
}

static bool has_item(const struct str_list *list, struct str item)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->items[i], item))
			return true;
	return false;
}

static int check_lists(const struct tightener *t)
{
	const struct {
		const char            *key, *sub;
		const struct str_list *host, *want;
	} rows[] = {
		{ "fs", "ro", &t->host->fs.ro, &t->want->fs.ro },
		{ "fs", "rw", &t->host->fs.rw, &t->want->fs.rw },
		{ "env", NULL, &t->host->env, &t->want->env },
	};

	for (size_t row = 0; row < COUNT(rows); row++)
		for (size_t i = 0; i < rows[row].want->n; i++)
			if (!has_item(rows[row].host, rows[row].want->items[i]))
				return loosens(t, rows[row].key, rows[row].sub,
					       arena_printf(t->r->mem, "a list without '%.*s'",
							    STR_ARG(rows[row].want->items[i])).p);
	return 0;
}

/* A digest stays a digest, a path a path: the same file, as far as anybody can tell before the job starts. */
static bool same_rule(const struct exec_rule *a, const struct exec_rule *b)
{
	if (a->by_digest != b->by_digest)
		return false;
	return a->by_digest ? memcmp(a->digest, b->digest, sizeof a->digest) == 0 : str_eq(a->path, b->path);
}

static int check_allow(const struct tightener *t)
{
	const struct exec_rules *host = &t->host->exec.allow;
	struct exec_rules *want = &t->want->exec.allow;

	for (size_t i = 0; i < want->n; i++) {
		bool found = false;

		for (size_t j = 0; j < host->n && !found; j++) {
			found = same_rule(&host->items[j], &want->items[i]);
			/* its name and class are the host's to give */
			if (found)
				want->items[i] = host->items[j];
		}
		if (!found)
			return loosens(t, "exec", "allow",
				       arena_printf(t->r->mem, "a list without '%.*s'",
						    STR_ARG(want->items[i].path.len ? want->items[i].path
										    : want->items[i].name)).p);
	}
	return 0;
}

/* No network is the tightest. A table of the repository's is put within the host's. */
static int tighten_net(const struct tightener *t, struct sandbox_policy *out)
{
	struct route_table *table;

	if (!yaml_get(t->root, "net"))
		return 0;
	if (!t->host->net)
		return loosens(t, "net", NULL, "none");
	table = ARENA_NEW(t->r->mem, struct route_table);
	*table = *t->want->net;
	if (route_tighten(table, t->r->name, t->host->net, t->r->err))
		return -1;
	out->net = table;
	return 0;
}

int policy_tighten(struct sandbox_policy *out, struct arena *mem, const struct sandbox_policy *host,
		   const char *name, struct str text, struct err *err)
{
	struct reader r = { mem, name, err };
	struct sandbox_policy want = *host;
	struct tightener t = { &r, NULL, host, &want };
	struct yaml *root;

	if (policy_document(&root, &r, text))
		return -1;
	if (root) {
		t.root = root;
		if (policy_read_document(&want, &r, root) || check_words(&t) || check_limits(&t) ||
		    check_lists(&t) || check_allow(&t) || tighten_net(&t, &want))
			return -1;
	}
	*out = want;
	return 0;
}
