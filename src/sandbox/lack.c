/* lack.c - the rows are the layers, as the policies need them, and what is more than a layer. */
#include "sandbox/lack.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/scope.h"

static const char *const outcome_words[LACK_OUTCOMES] = { "refused", "lowered", "copied", "not wanted", "told" };
static const char *const who_words[] = { "any", "root", "user" };
static const char *const who_text[] = { "", ", as root", ", as a user" };

const char *lack_outcome_name(enum lack_outcome outcome)
{
	return outcome_words[outcome];
}

static enum lack_outcome outcome_of(enum layer_need need)
{
	static const enum lack_outcome of[NEEDS] = { LACK_UNWANTED, LACK_LOWERED, LACK_REFUSED };

	return of[need];
}

static enum layer_need need_of(const struct sandbox_policy *policy, enum sandbox_layer layer, enum lack_who who)
{
	/* who is not root makes no other namespace without it */
	static const enum sandbox_layer from_users[] = { LAYER_MOUNTS, LAYER_PIDNS, LAYER_NETNS, LAYER_IPCNS };
	enum layer_need need = policy->layers[layer];

	for (size_t i = 0; layer == LAYER_USERNS && who == LACK_USER && i < COUNT(from_users); i++)
		if (policy->layers[from_users[i]] > need)
			need = policy->layers[from_users[i]];
	return need;
}

static void add_layer(struct lack *row, const struct sandbox_policy *policies, enum sandbox_layer layer,
		      enum lack_who who)
{
	*row = (struct lack){ .id = layer_name(layer), .what = layer_about(layer), .who = who };
	for (int t = 0; t < TRUSTS; t++)
		row->outcome[t] = outcome_of(need_of(&policies[t], layer, who));
}

/* What the kernel may lack of a layer: the run goes on differently. */
static size_t add_parts(struct lack *out, const struct sandbox_policy *policies)
{
	struct lack rows[] = {
		{ "cgroup-cpu", "the processor's controller of control groups", LACK_ANY, { 0 } },
		{ "landlock-old", "Landlock from ABI 6: signals and abstract sockets", LACK_ANY, { 0 } },
		{ "overlay", "an overlay in a user namespace", LACK_ANY, { 0 } },
		{ "idmap", "mapped mounts, for a work directory of root", LACK_ROOT, { 0 } },
	};
	const enum lack_outcome all[COUNT(rows)] = { LACK_LOWERED, LACK_TOLD, LACK_COPIED, LACK_REFUSED };

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int t = 0; t < TRUSTS; t++) {
			rows[i].outcome[t] = all[i];
			if (all[i] == LACK_COPIED && policies[t].fs.workdir != WORKDIR_OVERLAY)
				rows[i].outcome[t] = LACK_UNWANTED;
		}
		out[i] = rows[i];
	}
	return COUNT(rows);
}

size_t lack_table(struct lack out[LACKS_MAX])
{
	AUTO_ARENA struct arena mem;
	struct sandbox_policy policies[TRUSTS];
	size_t n = 0;

	arena_init(&mem, 1 << 20);
	for (int t = 0; t < TRUSTS; t++)
		policy_builtin(&policies[t], &mem, (enum sandbox_trust)t);
	for (int l = 0; l < LAYERS; l++) {
		if (l != LAYER_USERNS) {
			add_layer(&out[n++], policies, (enum sandbox_layer)l, LACK_ANY);
			continue;
		}
		add_layer(&out[n++], policies, LAYER_USERNS, LACK_ROOT);
		add_layer(&out[n++], policies, LAYER_USERNS, LACK_USER);
	}
	return n + add_parts(&out[n], policies);
}

/* "an empty network namespace, as a user" */
static struct str what_of(const struct lack *row, struct arena *mem)
{
	return arena_printf(mem, "%s%s", row->what, who_text[row->who]);
}

void lack_text(struct buf *out)
{
	AUTO_ARENA struct arena mem;
	struct lack rows[LACKS_MAX];
	const size_t n = lack_table(rows);

	arena_init(&mem, 1 << 20);
	buf_printf(out, "%-12s  %-10s  %-10s  %-10s  %s\n", "wall", "untrusted", "command", "trusted", "where this is missing");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%-12s  %-10s  %-10s  %-10s  %.*s\n", rows[i].id,
			   outcome_words[rows[i].outcome[TRUST_UNTRUSTED]],
			   outcome_words[rows[i].outcome[TRUST_COMMAND]],
			   outcome_words[rows[i].outcome[TRUST_TRUSTED]], STR_ARG(what_of(&rows[i], &mem)));
}

void lack_markdown(struct buf *out)
{
	AUTO_ARENA struct arena mem;
	struct lack rows[LACKS_MAX];
	const size_t n = lack_table(rows);

	arena_init(&mem, 1 << 20);
	buf_add(out, STR("| wall | where this is missing | untrusted | command | trusted |\n|---|---|---|---|---|\n"));
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "| %s | %.*s | %s | %s | %s |\n", rows[i].id, STR_ARG(what_of(&rows[i], &mem)),
			   outcome_words[rows[i].outcome[TRUST_UNTRUSTED]],
			   outcome_words[rows[i].outcome[TRUST_COMMAND]],
			   outcome_words[rows[i].outcome[TRUST_TRUSTED]]);
}

int lack_json(struct buf *out, struct err *err)
{
	struct lack rows[LACKS_MAX];
	const size_t n = lack_table(rows);
	json_t *list = json_array();
	char *text;

	for (size_t i = 0; i < n; i++) {
		json_t *row = json_pack("{s:s, s:s, s:s}", "id", rows[i].id, "missing", rows[i].what, "who",
					who_words[rows[i].who]);

		for (int t = 0; t < TRUSTS; t++)
			json_object_set_new(row, trust_name((enum sandbox_trust)t),
					    json_string(outcome_words[rows[i].outcome[t]]));
		json_array_append_new(list, row);
	}
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	if (!text)
		return err_set(err, ERR_TEMP, "the table of walls: out of memory");
	buf_add(out, str_of(text));
	buf_add_byte(out, '\n');
	free(text);
	return 0;
}
