#include "model/finding.h"

static const char *const severities[] = { "off", "hint", "info", "warning", "error" };
static const char *const confidences[] = { "low", "medium", "high" };

const char *severity_name(enum severity severity)
{
	return severities[severity];
}

bool severity_parse(struct str word, enum severity *out)
{
	for (size_t i = 0; i < COUNT(severities); i++) {
		if (str_eq(word, str_of(severities[i]))) {
			*out = (enum severity)i;
			return true;
		}
	}
	return false;
}

const char *confidence_name(enum confidence confidence)
{
	return confidences[confidence];
}

int finding_order(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	int order = str_cmp(x->path, y->path);

	if (order == 0)
		order = (x->span.start > y->span.start) - (x->span.start < y->span.start);
	if (order == 0)
		order = (x->span.end < y->span.end) - (x->span.end > y->span.end);
	if (order == 0)
		order = str_cmp(x->rule_id, y->rule_id);
	return order ? order : str_cmp(x->tool, y->tool);
}
