#include "syntax/language.h"

#include <tree_sitter/api.h>

static const char *const text_kinds[] = { "end", "document", "line" };

static bool listed(const char *const *list, struct str word)
{
	for (; *list; list++)
		if (str_eq_nocase(str_of(*list), word))
			return true;
	return false;
}

static bool listed_exact(const char *const *list, struct str word)
{
	for (; *list; list++)
		if (str_eq(str_of(*list), word))
			return true;
	return false;
}

const struct language *language_by_name(struct str name)
{
	for (size_t i = 0; i < language_count; i++)
		if (str_eq_nocase(str_of(language_table[i].name), name) ||
		    listed(language_table[i].aliases, name))
			return &language_table[i];
	return NULL;
}

const struct language *language_text(void)
{
	return language_by_name(STR("Text"));
}

static struct str file_name(struct str path)
{
	for (size_t i = path.len; i-- > 0;)
		if (path.p[i] == '/')
			return str_from(path, i + 1);
	return path;
}

static struct str extension(struct str name)
{
	for (size_t i = name.len; i-- > 1;)
		if (name.p[i] == '.')
			return str_from(name, i + 1);
	return (struct str){ 0 };
}

/* "#!/usr/bin/env -S python3.11 -u" -> "python3.11" */
static struct str interpreter(struct str text)
{
	struct str line, word;

	if (!str_starts(text, STR("#!")))
		return (struct str){ 0 };
	text = str_from(text, 2);
	str_cut_line(&text, &line);
	while (str_cut(&line, ' ', &word)) {
		word = file_name(word);
		if (word.len && word.p[0] != '-' && !str_eq(word, STR("env")))
			return word;
	}
	return (struct str){ 0 };
}

static const struct language *by_interpreter(struct str program)
{
	for (; program.len; program.len--) {
		for (size_t i = 0; i < language_count; i++)
			if (listed_exact(language_table[i].interpreters, program))
				return &language_table[i];
		/* python3.11 -> python3 -> python */
		char last = program.p[program.len - 1];
		if (last != '.' && (last < '0' || last > '9'))
			break;
	}
	return NULL;
}

const struct language *language_detect(struct str path, struct str text)
{
	struct str name = file_name(path);
	struct str ext = extension(name);

	for (size_t i = 0; i < language_count; i++)
		if (listed_exact(language_table[i].files, name))
			return &language_table[i];
	for (size_t i = 0; ext.len && i < language_count; i++)
		if (listed_exact(language_table[i].extensions, ext))
			return &language_table[i];
	/* Dockerfile.build and the like: the name before the dot counts too */
	for (size_t i = 0; i < language_count; i++)
		if (ext.len && listed_exact(language_table[i].files,
					    str_sub(name, 0, name.len - ext.len - 1)))
			return &language_table[i];
	return by_interpreter(interpreter(text));
}

size_t language_kind_count(const struct language *language)
{
	return language->grammar ? ts_language_symbol_count(language->grammar())
				 : COUNT(text_kinds);
}

uint16_t language_kind(const struct language *language, struct str name)
{
	if (language->grammar)
		return ts_language_symbol_for_name(language->grammar(), name.p,
						   (uint32_t)name.len, true);
	for (size_t i = 1; i < COUNT(text_kinds); i++)
		if (str_eq(name, str_of(text_kinds[i])))
			return (uint16_t)i;
	return 0;
}

uint16_t language_field(const struct language *language, struct str name)
{
	return language->grammar ? ts_language_field_id_for_name(language->grammar(), name.p,
								 (uint32_t)name.len)
				 : 0;
}

const char *language_kind_name(const struct language *language, uint16_t kind)
{
	const char *name;

	if (language->grammar)
		name = ts_language_symbol_name(language->grammar(), kind);
	else
		name = kind < COUNT(text_kinds) ? text_kinds[kind] : NULL;
	return name ? name : "";
}

const char *language_field_name(const struct language *language, uint16_t field)
{
	const char *name = language->grammar && field
				   ? ts_language_field_name_for_id(language->grammar(), field)
				   : NULL;

	return name ? name : "";
}
