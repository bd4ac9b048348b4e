/* devcontainer.c - a dev-container file (containers.dev): what of it means something here. */
#include "base/scope.h"
#include "describe.h"
#include "sandbox/run.h"

/* Where the comment ends that begins at `at`; `at` when none does. */
static size_t comment_end(struct str text, size_t at)
{
	struct str rest = str_from(text, at);
	size_t end;

	if (str_starts(rest, STR("//"))) {
		end = str_find_byte(rest, '\n');
	} else if (str_starts(rest, STR("/*"))) {
		end = str_find(str_from(rest, 2), STR("*/"));
		end = end == SIZE_MAX ? end : end + 4;
	} else {
		return at;
	}
	return end == SIZE_MAX ? text.len : at + end;
}

/* JSON is YAML but for its comments: blanks in their place keep lines and columns. */
static struct str without_comments(struct arena *mem, struct str text)
{
	char *out = arena_z(mem, text);
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		const size_t end = quoted ? i : comment_end(text, i);

		for (size_t k = i; k < end; k++)
			out[k] = out[k] == '\n' ? '\n' : ' ';
		if (end > i)
			i = end - 1;
		else if (quoted && out[i] == '\\')
			i++;
		else if (out[i] == '"')
			quoted = !quoted;
	}
	return (struct str){ out, text.len };
}

/* As one word of a shell. */
static void add_word(struct buf *out, struct str word)
{
	buf_add_byte(out, '\'');
	for (size_t i = 0; i < word.len; i++) {
		if (word.p[i] == '\'')
			buf_add(out, STR("'\\''"));
		else
			buf_add_byte(out, word.p[i]);
	}
	buf_add_byte(out, '\'');
}

static int read_argv(struct reader *r, const struct yaml *node, struct environment *to)
{
	AUTO_BUF struct buf line = { 0 };

	for (size_t i = 0; i < node->n; i++) {
		struct str word;

		if (describe_text(r, node->child[i], &word))
			return -1;
		if (i)
			buf_add_byte(&line, ' ');
		add_word(&line, word);
	}
	if (line.len > ENVIRONMENT_MAX_COMMAND)
		return yaml_error(r->err, r->name, node, "longer than %d bytes", ENVIRONMENT_MAX_COMMAND);
	return describe_setup(r, node, arena_str(r->mem, buf_str(&line)), to);
}

/* A command line, a list of words, or a mapping of names to either: those are run one after the other. */
static int read_command(struct reader *r, const struct yaml *node, void *to)
{
	struct str command;

	if (node->kind == YAML_SEQ)
		return read_argv(r, node, to);
	if (node->kind != YAML_MAP)
		return describe_text(r, node, &command) || describe_setup(r, node, command, to) ? -1 : 0;
	for (size_t i = 0; i < node->n; i++) {
		if (node->child[i]->kind == YAML_MAP)
			return yaml_error(r->err, r->name, node->child[i], "expected a command");
		if (read_command(r, node->child[i], to))
			return -1;
	}
	return 0;
}

static void ignore(struct reader *r, const struct yaml *at, struct environment *to, const char *why)
{
	AUTO_BUF struct buf line = { 0 };

	if (to->ignored.n >= ENVIRONMENT_MAX_IGNORED)
		return;
	buf_printf(&line, "%u:%u: ", at->line, at->column);
	for (size_t i = 0; i < at->text.len && i < ENVIRONMENT_MAX_NAME; i++) {
		unsigned char c = (unsigned char)at->text.p[i];

		buf_add_byte(&line, c < 0x20 || c >= 0x7f ? '?' : (char)c);
	}
	if (*why)
		buf_printf(&line, ": %s", why);
	ARENA_PUSH(r->mem, &to->ignored, arena_str(r->mem, buf_str(&line)));
}

/* ${containerWorkspaceFolder} is known; what asks the developer's own machine is not given. */
static int read_env(struct reader *r, const struct yaml *node, void *to)
{
	if (reader_expect(r, node, YAML_MAP, "a mapping of names to values"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct yaml value = *node->child[i];
		const size_t at = str_find(value.text, STR("${containerWorkspaceFolder}"));

		if (value.kind == YAML_SCALAR && at != SIZE_MAX)
			value.text = arena_printf(r->mem, "%.*s" SANDBOX_WORK "%.*s", STR_ARG(str_sub(value.text, 0, at)),
						  STR_ARG(str_from(value.text, at + strlen("${containerWorkspaceFolder}"))));
		if (value.kind == YAML_SCALAR && str_has(value.text, STR("${"))) {
			ignore(r, node->key[i], to, "a variable of the developer's machine, or of the container");
			continue;
		}
		if (value.kind == YAML_NULL) {
			ignore(r, node->key[i], to, "null");
			continue;
		}
		if (describe_variable(r, node->key[i], &value, to))
			return -1;
	}
	return 0;
}

static int read_image(struct reader *r, const struct yaml *node, void *to)
{
	struct environment *e = to;

	if (describe_text(r, node, &e->image))
		return -1;
	if (e->image.len == 0 || e->image.len > POLICY_MAX_PATH || str_find_byte(e->image, '\n') != SIZE_MAX)
		return yaml_error(r->err, r->name, node, "expected the name of an image");
	e->image_at = node;
	return 0;
}

/* In the order in which the standard runs them. */
static const struct key taken[] = {
	{ "image", read_image },
	{ "containerEnv", read_env },
	{ "remoteEnv", read_env },
	{ "onCreateCommand", read_command },
	{ "updateContentCommand", read_command },
	{ "postCreateCommand", read_command },
};

/* What the repository's builds would miss: better said than found out. */
static const struct {
	const char *name, *why;
} refused[] = {
	{ "features", "features are not installed here: use an image that has them, or `packages` in .outrider.yml" },
	{ "build", "images are not built here: name one that is" },
	{ "dockerFile", "images are not built here: name one that is" },
	{ "dockerComposeFile", "Compose is not supported: `services` in .outrider.yml" },
	{ "privileged", "there are no privileges here" },
	{ "capAdd", "there are no privileges here" },
	{ "mounts", "nothing of the host is mounted" },
	{ "workspaceMount", "nothing of the host is mounted" },
};

static const struct {
	const char *name, *why;
} reasons[] = {
	{ "forwardPorts", "a job is reached by nobody" },
	{ "workspaceFolder", "the work directory is " SANDBOX_WORK },
	{ "remoteUser", "each job is one unprivileged user" },
	{ "containerUser", "each job is one unprivileged user" },
	{ "postStartCommand", "`services` in .outrider.yml" },
	{ "postAttachCommand", "nobody attaches" },
	{ "runArgs", "there is no container engine" },
};

static bool is_off(const struct yaml *value)
{
	return value->kind == YAML_NULL || (value->kind == YAML_SCALAR && str_eq(value->text, STR("false"))) ||
	       (value->kind != YAML_SCALAR && value->n == 0);
}

/* Every key is taken, refused, or told. */
static int sift(struct reader *r, const struct yaml *root, struct environment *e)
{
	for (size_t i = 0; i < root->n; i++) {
		const struct str key = root->key[i]->text;
		const char *why = "";
		bool known = false;

		for (size_t j = 0; j < COUNT(taken); j++)
			known |= str_eq(key, str_of(taken[j].name));
		for (size_t j = 0; j < COUNT(refused); j++)
			if (str_eq(key, str_of(refused[j].name)) && !is_off(root->child[i]))
				return yaml_error(r->err, r->name, root->key[i], "%s", refused[j].why);
		for (size_t j = 0; j < COUNT(reasons); j++)
			if (str_eq(key, str_of(reasons[j].name)))
				why = reasons[j].why;
		if (!known)
			ignore(r, root->key[i], e, why);
	}
	if (root->n > ENVIRONMENT_MAX_IGNORED && e->ignored.n == ENVIRONMENT_MAX_IGNORED)
		ARENA_PUSH(r->mem, &e->ignored, STR("and more"));
	return 0;
}

int environment_devcontainer(struct environment *out, struct arena *mem, const char *name, struct str text, struct err *err)
{
	struct reader r = { mem, name, err };
	struct yaml_docs docs = { 0 };
	struct environment e;

	environment_init(&e, str_of(name));
	if (text.len > ENVIRONMENT_MAX_BYTES)
		return err_input(err, "%s: larger than %d bytes", name, ENVIRONMENT_MAX_BYTES);
	if (yaml_load(&docs, mem, name, without_comments(mem, text), err))
		return -1;
	if (docs.n != 1)
		return err_input(err, "%s: expected one JSON object", name);
	if (reader_expect(&r, docs.items[0], YAML_MAP, "a JSON object") || sift(&r, docs.items[0], &e))
		return -1;
	for (size_t i = 0; i < COUNT(taken); i++) {
		const struct yaml *value = yaml_get(docs.items[0], taken[i].name);

		if (value && value->kind != YAML_NULL && taken[i].read(&r, value, &e))
			return -1;
	}
	*out = e;
	return 0;
}
