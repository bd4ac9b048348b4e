#include "review/render.h"

const struct render_format render_formats[] = {
	{ "text", render_text, "for people, as compilers write" },
	{ "json", render_json, "all that is known, for programs" },
	{ "sarif", render_sarif, "SARIF 2.1.0, for code scanning" },
	{ "github", render_github, "the body of a GitHub review request" },
	{ 0 },
};

const struct render_format *render_format_find(struct str name)
{
	for (const struct render_format *format = render_formats; format->name; format++)
		if (str_eq(name, str_of(format->name)))
			return format;
	return NULL;
}
