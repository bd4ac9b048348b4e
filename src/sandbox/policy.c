/* policy.c - the words of policies, the built-in ones, and the hash. */
#include "sandbox/policy.h"

#include <inttypes.h>

#include "base/scope.h"
#include "base/sha256.h"
#include "egress/route.h"
#include "embedded.h"
#include "hex.h"
#include "policy_read.h"
#include "sandbox/fence.h"

const char *const trust_words[TRUSTS] = { "untrusted", "command", "trusted" };
const char *const need_words[NEEDS] = { "off", "preferred", "required" };
const char *const exec_mode_words[EXEC_MODES] = { "audit", "build", "sealed" };
const char *const exec_engine_words[EXEC_ENGINES] = { "auto", "ptrace", "fanotify", "bpf" };
const char *const launcher_words[LAUNCHERS] = { "auto", "own", "bubblewrap" };
const char *const exec_class_words[CLASSES] = { "tool", "compiler", "interpreter", "fresh" };
const char *const workdir_words[WORKDIR_MODES] = { "bind", "copy", "overlay" };
const char *const layer_words[LAYERS] = {
#define X(id, name, about) name,
	SANDBOX_LAYERS(X)
#undef X
};

const char *trust_name(enum sandbox_trust trust)
{
	return trust_words[trust];
}

const char *need_name(enum layer_need need)
{
	return need_words[need];
}

const char *exec_mode_name(enum exec_mode mode)
{
	return exec_mode_words[mode];
}

const char *exec_engine_name(enum exec_engine engine)
{
	return exec_engine_words[engine];
}

const char *launcher_name(enum sandbox_launcher launcher)
{
	return launcher_words[launcher];
}

const char *exec_class_name(enum exec_class class)
{
	return exec_class_words[class];
}

const char *workdir_mode_name(enum workdir_mode mode)
{
	return workdir_words[mode];
}

const char *layer_name(enum sandbox_layer layer)
{
	return layer_words[layer];
}

const char *layer_about(enum sandbox_layer layer)
{
	static const char *const about[LAYERS] = {
#define X(id, name, about) about,
		SANDBOX_LAYERS(X)
#undef X
	};

	return about[layer];
}

bool trust_read(enum sandbox_trust *out, struct str word)
{
	for (int t = 0; t < TRUSTS; t++) {
		if (str_eq(word, str_of(trust_words[t]))) {
			*out = (enum sandbox_trust)t;
			return true;
		}
	}
	return false;
}

void policy_builtin(struct sandbox_policy *out, struct arena *mem, enum sandbox_trust trust)
{
	struct sandbox_policy policy = {
		.trust = trust,
		.exec.helper = STR(FENCE_SOCKET),
		.bubblewrap = STR("/usr/bin/bwrap"),
		.limits = {
#define X(id, key, normal, least, most, unit) .id = normal,
			SANDBOX_LIMITS(X)
#undef X
		},
	};

	for (size_t i = 0; i < sandbox_policies_count; i++) {
		const struct embedded *file = &sandbox_policies[i];

		if (str_eq(str_of(file->name), str_of(trust_words[trust])))
			policy_read_builtin(&policy, mem, file);
	}
	*out = policy;
}

static void add_list(struct buf *out, const char *key, const struct str_list *list)
{
	buf_printf(out, "%s %zu\n", key, list->n);
	for (size_t i = 0; i < list->n; i++)
		buf_printf(out, "%zu:%.*s\n", list->items[i].len, STR_ARG(list->items[i]));
}

static void add_allow(struct buf *out, const struct exec_rules *allow)
{
	buf_printf(out, "allow %zu\n", allow->n);
	for (size_t i = 0; i < allow->n; i++) {
		const struct exec_rule *rule = &allow->items[i];
		char hex[65] = "";

		if (rule->by_digest)
			hex_write(hex, rule->digest, sizeof rule->digest);
		buf_printf(out, "%s %zu:%.*s %zu:%.*s %s\n", hex, rule->path.len, STR_ARG(rule->path),
			   rule->name.len, STR_ARG(rule->name), exec_class_words[rule->class]);
	}
}

/* Every field that means something, each with its length or on a line of its own: no two policies look alike. */
void policy_hash(unsigned char out[POLICY_HASH], const struct sandbox_policy *p)
{
	AUTO_BUF struct buf text = { 0 };

	buf_printf(&text, "outrider sandbox policy 1\ntrust %s\nprofile %zu:%.*s\n",
		   trust_words[p->trust], p->profile.len, STR_ARG(p->profile));
	for (int l = 0; l < LAYERS; l++)
		buf_printf(&text, "%s %s\n", layer_words[l], need_words[p->layers[l]]);
	add_list(&text, "ro", &p->fs.ro);
	add_list(&text, "rw", &p->fs.rw);
	add_list(&text, "protect", &p->fs.protect);
	buf_printf(&text, "tmp %" PRIu64 "\nworkdir %s\nmode %s\n", p->fs.tmp_size,
		   workdir_words[p->fs.workdir], exec_mode_words[p->exec.mode]);
	buf_printf(&text, "launcher %s\nbubblewrap %zu:%.*s\n", launcher_words[p->launcher],
		   p->bubblewrap.len, STR_ARG(p->bubblewrap));
	buf_printf(&text, "engine %s\nhelper %zu:%.*s\n", exec_engine_words[p->exec.engine],
		   p->exec.helper.len, STR_ARG(p->exec.helper));
	add_allow(&text, &p->exec.allow);
#define X(id, key, normal, least, most, unit) buf_printf(&text, key " %" PRIu64 "\n", p->limits.id);
	SANDBOX_LIMITS(X)
#undef X
	buf_printf(&text, "drop_output %d\n", p->drop_output);
	add_list(&text, "env", &p->env);
	if (p->net)
		route_canon(&text, p->net);
	sha256_of(out, buf_str(&text));
}
