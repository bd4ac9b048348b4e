#include <stdio.h>

#include "base/sha256.h"
#include "http/url.h"
#include "type.h"

static const char marker_head[] = "<!-- outrider:v1 ";

struct str path_printf(struct arena *mem, const char *fmt, ...)
{
	char text[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return arena_str(mem, str_of(text));
}

struct str repository_path(struct arena *mem, struct str repository)
{
	struct buf buf = { 0 };
	struct str out;

	url_add_escaped_path(&buf, repository);
	out = arena_str(mem, buf_str(&buf));
	buf_release(&buf);
	return out;
}

int git_of(struct forge_git *out, struct arena *mem, const struct pull *pull, struct str url,
	   struct str user, struct str password, struct str head_ref, struct err *err)
{
	struct forge_git git = { .url = url, .head_ref = head_ref };

	if (!pull->number || !pull->base_ref.len)
		return err_set(err, ERR_BUG, "a pull request without number or base");
	if (password.len) {
		git.user = user;
		git.password = password;
	}
	git.refspecs = ARENA_ARRAY(mem, 2, struct str);
	git.refspecs[git.n_refspecs++] =
		arena_printf(mem, "+refs/heads/%.*s:refs/heads/%.*s", STR_ARG(pull->base_ref),
			     STR_ARG(pull->base_ref));
	git.refspecs[git.n_refspecs++] =
		arena_printf(mem, "+%.*s:%.*s", STR_ARG(head_ref), STR_ARG(head_ref));
	*out = git;
	return 0;
}

bool repository_is_valid(struct str repository, bool deep)
{
	size_t parts = 0;
	struct str part;

	if (repository.len > 500 || str_ends(repository, STR("/")))
		return false;
	while (str_cut(&repository, '/', &part)) {
		if (!part.len || str_eq(part, STR(".")) || str_eq(part, STR("..")))
			return false;
		for (size_t i = 0; i < part.len; i++)
			if ((unsigned char)part.p[i] <= ' ' || part.p[i] == 0x7f ||
			    part.p[i] == '\\')
				return false;
		parts++;
	}
	return deep ? parts >= 1 : parts == 2;
}

struct str lower_key(struct lowering *lowering, const char *part)
{
	return arena_printf(lowering->mem, "%.*s:%s", STR_ARG(lowering->target->key), part);
}

struct str key_hash(struct arena *mem, struct str head, struct str text)
{
	struct str all = arena_printf(mem, "%.*s\n%.*s", STR_ARG(head), STR_ARG(text));
	unsigned char hash[SHA256_BYTES];
	char *out = arena_alloc(mem, KEY_HASH_HEX + 1);

	sha256_of(hash, all);
	for (size_t i = 0; i < KEY_HASH_HEX / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	return (struct str){ out, KEY_HASH_HEX };
}

static struct str head_of(const struct lowering *lowering)
{
	return str_of(lowering->plan ? lowering->plan->head_oid : lowering->target->pull->head_oid);
}

struct str lower_key_once(struct lowering *lowering, const char *part, struct str text)
{
	return arena_printf(lowering->mem, "%.*s:%s:%.*s", STR_ARG(lowering->target->key), part,
			    STR_ARG(key_hash(lowering->mem, head_of(lowering), text)));
}

struct str lower_key_again(struct lowering *lowering, const char *part, struct str text)
{
	const struct forge_target *target = lowering->target;

	return arena_printf(lowering->mem, "%.*s%s%.*s:%s:%.*s", STR_ARG(target->key), target->turn.len ? "." : "",
			    STR_ARG(target->turn), part, STR_ARG(key_hash(lowering->mem, head_of(lowering), text)));
}

struct str lower_key_comment(struct lowering *lowering, const struct post_comment *comment)
{
	return lower_key_once(lowering, "thread",
			      arena_printf(lowering->mem, "%.*s\n%d %u %u\n%.*s\n%.*s", STR_ARG(comment->path),
					   comment->side, comment->start_line, comment->line,
					   STR_ARG(comment->body), STR_ARG(comment->suggestion)));
}

struct str lower_key_summary(struct lowering *lowering)
{
	struct str id = lowering->target->summary;

	return id.len ? lower_key_again(lowering, "summary", id) : lower_key(lowering, "summary");
}

struct str lower_key_json(struct lowering *lowering, const char *part, const json_t *content)
{
	return lower_key_once(lowering, part, payload_dump(lowering->mem, json_deep_copy(content)));
}

struct effect *lower_add(struct lowering *lowering, enum effect_kind kind, struct str key,
			 const char *method, struct str path, json_t *body)
{
	const struct pull *pull = lowering->target->pull;
	struct effect effect = {
		.kind = kind,
		.key = key,
		.method = str_of(method),
		.path = path,
		.body = body ? payload_dump(lowering->mem, body) : (struct str){ 0 },
		.repository = pull->repository,
		.installation = lowering->target->installation,
		.number = pull->number,
	};

	if (lowering->plan)
		memcpy(effect.head_oid, lowering->plan->head_oid, sizeof effect.head_oid);
	ARENA_PUSH(lowering->mem, &lowering->out->effects, effect);
	return &lowering->out->effects.items[lowering->out->effects.n - 1];
}

void lower_lose(struct lowering *lowering, enum loss_kind kind, size_t n)
{
	lowering->out->losses.n[kind] += n;
}

struct str lower_cut(struct lowering *lowering, struct str text, size_t max)
{
	static const char more[] = "...\n\n(cut: too long for this forge)\n";

	if (text.len <= max)
		return text;
	lower_lose(lowering, LOSS_TEXT, 1);
	max -= sizeof more;
	while (max && ((unsigned char)text.p[max] & 0xc0) == 0x80)
		max--;
	return arena_printf(lowering->mem, "%.*s%s", (int)max, text.p, more);
}

/* Splits off our marker, which stands in the last line. */
static struct str split_marker(struct str *body)
{
	struct str text = str_trim(*body), marker;
	size_t at = text.len;

	while (at && text.p[at - 1] != '\n')
		at--;
	marker = str_from(text, at);
	if (!str_starts(marker, str_of(marker_head)))
		return (struct str){ 0 };
	*body = str_sub(text, 0, at);
	return marker;
}

static struct str with_markers(struct lowering *lowering, struct str text, struct str marker,
			       struct str key, size_t max)
{
	char own[EFFECT_MAX_KEY + 40] = "";
	size_t room;

	if (key.len)
		snprintf(own, sizeof own, "%skey=%.*s -->%s", marker_head, STR_ARG(key),
			 marker.len ? "\n" : "");
	room = strlen(own) + marker.len + 4;
	text = lower_cut(lowering, text, max > room + 100 ? max - room : 100);
	while (text.len && text.p[text.len - 1] == '\n')
		text.len--;
	return arena_printf(lowering->mem, "%.*s%s%s%.*s", STR_ARG(text), text.len ? "\n\n" : "",
			    own, STR_ARG(marker));
}

struct str lower_marked(struct lowering *lowering, struct str body, struct str key, size_t max)
{
	struct str marker = split_marker(&body);

	return with_markers(lowering, body, marker, key, max);
}

/* Whole lines in a fence that no run of backticks inside can close. */
static void add_fence(struct buf *out, const char *info, struct str text)
{
	size_t run = 0, longest = 2;

	for (size_t i = 0; i < text.len; i++) {
		run = text.p[i] == '`' ? run + 1 : 0;
		if (run > longest)
			longest = run;
	}
	for (size_t i = 0; i <= longest; i++)
		buf_add_byte(out, '`');
	buf_printf(out, "%s\n", info);
	buf_add(out, text);
	for (size_t i = 0; i <= longest; i++)
		buf_add_byte(out, '`');
	buf_add_byte(out, '\n');
}

static struct str with_block(struct lowering *lowering, const struct post_comment *comment,
			     const char *info, struct str block, struct str key, size_t max)
{
	struct str text = comment->body, marker = split_marker(&text), out;
	AUTO_BUF struct buf buf = { 0 };

	/* a cut in the middle of a suggestion would be another suggestion */
	if (text.len + block.len + 400 > max) {
		lower_lose(lowering, LOSS_SUGGESTION, 1);
		return with_markers(lowering, text, marker, key, max);
	}
	buf_add(&buf, str_trim(text));
	buf_add(&buf, STR("\n\n"));
	add_fence(&buf, info, block);
	out = with_markers(lowering, buf_str(&buf), marker, key, max);
	return out;
}

/* With the end of the last line: one empty line is not nothing. */
static void add_whole(struct buf *out, struct str text)
{
	buf_add(out, text);
	if (text.p)
		buf_add_byte(out, '\n');
}

struct str lower_body(struct lowering *lowering, const struct post_comment *comment,
		      const char *info, struct str key, size_t max)
{
	AUTO_BUF struct buf lines = { 0 };

	if (!comment->has_suggestion)
		return lower_marked(lowering, comment->body, key, max);
	add_whole(&lines, comment->suggestion);
	return with_block(lowering, comment, info, buf_str(&lines), key, max);
}

static void add_lines(struct buf *out, char sign, struct str text)
{
	AUTO_BUF struct buf lines = { 0 };
	struct str rest, line;

	add_whole(&lines, text);
	rest = buf_str(&lines);
	while (str_cut_line(&rest, &line)) {
		buf_add_byte(out, sign);
		buf_add(out, line);
		buf_add_byte(out, '\n');
	}
}

struct str lower_body_diff(struct lowering *lowering, const struct post_comment *comment,
			   struct str key, size_t max)
{
	AUTO_BUF struct buf diff = { 0 };

	if (!comment->has_suggestion)
		return lower_marked(lowering, comment->body, key, max);
	lower_lose(lowering, LOSS_SUGGESTION, 1);
	add_lines(&diff, '-', comment->original);
	add_lines(&diff, '+', comment->suggestion);
	return with_block(lowering, comment, "diff", buf_str(&diff), key, max);
}

void lower_leftover(struct lowering *lowering, const struct post_comment *comment)
{
	struct str text = comment->body;
	AUTO_JSON json_t *path = payload_text(comment->path);

	(void)split_marker(&text);
	lower_lose(lowering, LOSS_INLINE, 1);
	buf_printf(&lowering->leftover, "\n\n`%s:%u`\n\n", json_string_value(path), comment->line);
	buf_add(&lowering->leftover, str_trim(text));
}

struct str lower_summary(struct lowering *lowering, struct str key, size_t max)
{
	struct str text = lowering->plan->summary, marker;
	AUTO_BUF struct buf buf = { 0 };

	if (!text.len && !lowering->leftover.len)
		return (struct str){ 0 };
	marker = text.len ? split_marker(&text) : STR("<!-- outrider:v1 summary -->");
	buf_add(&buf, str_trim(text));
	buf_add(&buf, buf_str(&lowering->leftover));
	return with_markers(lowering, str_trim(buf_str(&buf)), marker, key, max);
}

void lower_post_summary(struct lowering *lowering, size_t max, const char *method, struct str folder,
			void (*add)(struct lowering *lowering, struct str text, struct str key))
{
	struct str key = lower_key_summary(lowering), id = lowering->target->summary;
	struct str text = lower_summary(lowering, key, max);

	if (!text.len)
		return;
	if (!id.len) {
		add(lowering, text, key);
		return;
	}
	lower_add(lowering, EFFECT_COMMENT, key, method,
		  path_printf(lowering->mem, "%.*s%.*s", STR_ARG(folder),
			      STR_ARG(url_escaped(lowering->mem, id))),
		  json_pack("{s:o}", "body", payload_text(text)));
}

void lower_reviews(struct lowering *lowering, size_t most,
		   json_t *(*comment)(struct lowering *lowering, const struct post_comment *comment),
		   void (*add)(struct lowering *lowering, json_t *comments))
{
	const struct post_plan *plan = lowering->plan;
	json_t *comments = NULL;

	for (size_t i = 0; i < plan->n_comments; i++) {
		if (!str_is_utf8(plan->comments[i].path) || !plan->comments[i].line) {
			lower_leftover(lowering, &plan->comments[i]);
			continue;
		}
		if (!comments)
			comments = json_array();
		json_array_append_new(comments, comment(lowering, &plan->comments[i]));
		if (json_array_size(comments) == most) {
			add(lowering, comments);
			comments = NULL;
		}
	}
	if (comments)
		add(lowering, comments);
}

enum status_word lower_status(const struct post_plan *plan)
{
	if (plan->check.fails)
		return STATUS_BAD;
	return plan->check.conclusion == CONCLUSION_FAILED ? STATUS_UNKNOWN : STATUS_OK;
}

struct str lower_description(struct lowering *lowering, size_t max)
{
	struct str title = lowering->plan ? lowering->plan->check.title : STR("reviewing");

	if (title.len <= max)
		return title;
	while (max && ((unsigned char)title.p[max] & 0xc0) == 0x80)
		max--;
	return str_sub(title, 0, max);
}

struct str lower_check_name(const struct lowering *lowering)
{
	return lowering->target->check_name.len ? lowering->target->check_name : STR("outrider");
}

/* ---- what is read back ---- */

bool text_has_key(struct str text, struct str key)
{
	char marker[EFFECT_MAX_KEY + 40];
	int n = snprintf(marker, sizeof marker, "%skey=%.*s -->", marker_head, STR_ARG(key));

	return key.len && n > 0 && (size_t)n < sizeof marker && str_has(text, str_of(marker));
}

/* What stands between the marker's head and its end. */
static struct str last_marker(struct str text)
{
	struct str marker = split_marker(&text);

	if (!marker.len || !str_ends(marker, STR("-->")))
		return (struct str){ 0 };
	return str_trim(str_sub(str_from(marker, sizeof marker_head - 1), 0,
				marker.len - (sizeof marker_head - 1) - 3));
}

bool text_is_summary(struct str text)
{
	return str_eq(last_marker(text), STR("summary"));
}

bool text_finding(struct str text, struct arena *mem, char fingerprint[FINGERPRINT_HEX + 1],
		  struct str *rule)
{
	struct str marker = last_marker(text), word;
	bool found = false;

	while (str_cut(&marker, ' ', &word)) {
		if (str_starts(word, STR("finding=")) && word.len == 8 + FINGERPRINT_HEX) {
			memcpy(fingerprint, word.p + 8, FINGERPRINT_HEX);
			fingerprint[FINGERPRINT_HEX] = '\0';
			found = true;
		} else if (str_starts(word, STR("rule="))) {
			*rule = arena_str(mem, str_sub(str_from(word, 5), 0, EVENT_MAX_NAME));
		}
	}
	return found;
}
