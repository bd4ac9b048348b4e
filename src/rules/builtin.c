#include "ruleset_private.h"

void ruleset_add_builtin(struct ruleset *set)
{
	ruleset_add_table(set, &builtin_table);
}
