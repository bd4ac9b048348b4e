/* config_query.c - what a configuration says of a rule or a path. */
#include "flow/config.h"

/* The strongest entry for each thing that an entry may give. */
struct chosen {
	const struct config_rule *severity, *enabled, *paths, *ignore;
	size_t                    severity_weight, enabled_weight, paths_weight, ignore_weight;
};

/* 0 when the entry does not concern the rule. */
static size_t weigh(const struct config_rule *entry, size_t index, struct str rule_id)
{
	if (!entry->glob)
		return str_eq(entry->id, rule_id) ? SIZE_MAX : 0;
	return glob_match(entry->glob, rule_id) ? index + 1 : 0;
}

static void prefer(const struct config_rule **slot, size_t *weight,
		   const struct config_rule *entry, size_t entry_weight, bool given)
{
	if (!given || entry_weight <= *weight)
		return;
	*slot = entry;
	*weight = entry_weight;
}

static struct chosen choose(const struct config_rules *rules, struct str rule_id)
{
	struct chosen c = { 0 };

	for (size_t i = 0; i < rules->n; i++) {
		const struct config_rule *e = &rules->items[i];
		size_t weight = weigh(e, i, rule_id);

		prefer(&c.severity, &c.severity_weight, e, weight, e->has_severity);
		prefer(&c.enabled, &c.enabled_weight, e, weight, e->has_enabled);
		prefer(&c.paths, &c.paths_weight, e, weight, e->paths.n > 0);
		prefer(&c.ignore, &c.ignore_weight, e, weight, e->ignore.n > 0);
	}
	return c;
}

static bool is_elsewhere(const struct chosen *c, struct str path)
{
	if (path.len == 0)
		return false;
	return (c->ignore && glob_find(&c->ignore->ignore, path)) ||
	       (c->paths && !glob_find(&c->paths->paths, path));
}

enum severity config_severity(const struct config *config, struct str rule_id, struct str category,
			      struct str path, enum severity normal)
{
	struct chosen c = choose(&config->rules, rule_id);

	if (is_elsewhere(&c, path))
		return SEVERITY_OFF;
	for (size_t i = 0; !c.severity && !c.enabled && i < config->categories.n; i++) {
		const struct config_rule *e = &config->categories.items[i];

		if (!str_eq(e->id, category))
			continue;
		c.enabled = e;
		c.severity = e->has_severity ? e : NULL;
	}
	enum severity severity = c.severity ? c.severity->severity : normal;
	if (!c.enabled)
		return severity;
	if (!c.enabled->enabled)
		return SEVERITY_OFF;
	return severity == SEVERITY_OFF ? SEVERITY_WARNING : severity;
}

static bool decided_by(const struct glob_list *list, struct str path, struct str *detail)
{
	const struct glob *glob = glob_find(list, path);

	if (glob && detail)
		*detail = glob_text(glob);
	return glob != NULL;
}

enum change_skip config_path_skip(const struct config *config, struct str path, struct str *detail)
{
	if (decided_by(&config->exclude, path, detail))
		return SKIP_FILTERED;
	if (config->include.n && !glob_find(&config->include, path)) {
		if (detail)
			*detail = STR("not in paths.include");
		return SKIP_FILTERED;
	}
	if (decided_by(&config->generated, path, detail))
		return SKIP_GENERATED;
	return decided_by(&config->vendored, path, detail) ? SKIP_VENDORED : SKIP_NONE;
}

bool config_is_test(const struct config *config, struct str path)
{
	return glob_find(&config->tests, path) != NULL;
}

struct str config_language(const struct config *config, struct str path)
{
	for (size_t i = config->languages.n; i > 0; i--)
		if (glob_match(config->languages.items[i - 1].glob, path))
			return config->languages.items[i - 1].language;
	return STR("");
}
