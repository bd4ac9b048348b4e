#include "flow/analyst.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/child.h"
#include "base/scope.h"

enum {
	MAX_ARGS = 64,
	MAX_RULE_PATHS = 16,
	GRACE_SECONDS = 5,   /* the child ends itself by its processor time; this is for one that sleeps */
};

const char *analyst_end_name(enum analyst_end end)
{
	static const char *const names[ANALYST_ENDS] = {
		[ANALYST_OK] = "ok",		   [ANALYST_REFUSED] = "refused",
		[ANALYST_SAID_NO] = "said-no",	   [ANALYST_BROKEN] = "broken-mirror",
		[ANALYST_CRASHED] = "crashed",	   [ANALYST_TIME] = "time",
		[ANALYST_MEMORY_CAP] = "memory",   [ANALYST_GARBAGE] = "garbage",
		[ANALYST_CANCELLED] = "cancelled",
	};

	return names[end];
}

struct talk {
	const struct analyst_request *request;
	struct buf answer, words;
	bool       too_long;
};

static bool take(void *payload, int fd, struct str bytes)
{
	struct talk *talk = payload;

	if (fd == 2) {
		size_t room = ANALYST_ERROR_BYTES - talk->words.len;

		buf_add(&talk->words, str_sub(bytes, 0, room));
		return true;
	}
	talk->too_long = talk->answer.len + bytes.len > ANSWER_MAX_BYTES;
	if (!talk->too_long)
		buf_add(&talk->answer, bytes);
	return !talk->too_long;
}

static bool tick(void *payload)
{
	const struct analyst_request *request = ((const struct talk *)payload)->request;

	return !request->cancelled || !request->cancelled(request->payload);
}

/* The command line of the child; nothing on it is secret. */
struct command_line {
	const char *args[MAX_ARGS];
	char        numbers[3][24];
	size_t      n;
};

static void add(struct command_line *line, const char *name, const char *value)
{
	line->args[line->n++] = name;
	if (value)
		line->args[line->n++] = value;
}

static void add_number(struct command_line *line, const char *name, uint64_t value, int slot)
{
	snprintf(line->numbers[slot], sizeof line->numbers[slot], "%llu", (unsigned long long)value);
	add(line, name, line->numbers[slot]);
}

static uint32_t seconds_of(const struct analyst_request *r)
{
	return r->seconds ? r->seconds : ANALYST_SECONDS;
}

static int make_line(struct command_line *line, const struct analyst_request *r, struct err *err)
{
	uint64_t memory = r->memory ? r->memory : ANALYST_MEMORY;

	*line = (struct command_line){ .n = 0 };
	if (r->n_rule_paths > MAX_RULE_PATHS)
		return err_input(err, "more than %d rule paths", MAX_RULE_PATHS);
	add(line, "outrider", "analyst");
	add(line, "--repo", r->repository);
	add(line, "--base", r->base);
	add(line, "--head", r->head);
	add_number(line, "--seconds", seconds_of(r), 0);
	add_number(line, "--memory-mb", memory >> 20, 1);
	add_number(line, "--jobs", r->jobs ? r->jobs : 1, 2);
	if (r->no_builtin)
		add(line, "--no-builtin", NULL);
	if (r->no_config)
		add(line, "--no-config", NULL);
	for (size_t i = 0; i < r->n_rule_paths; i++)
		add(line, "--rules", r->rule_paths[i]);
	return 0;
}

/* The last line that it said, safe to show. */
static struct str last_words(struct talk *talk)
{
	struct str rest = buf_str(&talk->words), line, last = STR("it said nothing");

	for (size_t i = 0; i < talk->words.len; i++)
		if (talk->words.bytes[i] != '\n' &&
		    ((unsigned char)talk->words.bytes[i] < ' ' || talk->words.bytes[i] & 0x80))
			talk->words.bytes[i] = '?';
	while (str_cut_line(&rest, &line))
		if (str_trim(line).len)
			last = line;
	if (str_starts(last, STR("outrider: ")))
		last = str_from(last, 10);
	return str_sub(last, 0, 800);
}

/* Exit codes of the child and what they mean; anything else is a crash. */
static const struct {
	int              code;
	enum analyst_end end;
	enum err_kind    kind;
} codes[] = {
	{ 2, ANALYST_SAID_NO, ERR_INPUT },
	{ 3, ANALYST_SAID_NO, ERR_TEMP },
	{ ANALYST_EXIT_UNSEALED, ANALYST_REFUSED, ERR_TEMP }, /* another worker may be able to */
	{ ANALYST_EXIT_BROKEN, ANALYST_BROKEN, ERR_TEMP },
	{ 70, ANALYST_MEMORY_CAP, ERR_PERM }, /* base/arena.c */
};

static bool is_memory(const struct talk *talk)
{
	return str_has(buf_str(&talk->words), STR("out of memory")) ||
	       str_has(buf_str(&talk->words), STR("annot allocate memory"));
}

static int judge(enum analyst_end *end, struct talk *talk, const struct child_end *child,
		 struct err *err)
{
	struct str words = last_words(talk);

	if (talk->too_long) {
		*end = ANALYST_GARBAGE;
		return err_set(err, ERR_PERM, "the analyst said more than %d MB", ANSWER_MAX_BYTES >> 20);
	}
	if (child->stopped) {
		*end = ANALYST_CANCELLED;
		return err_set(err, ERR_TEMP, "the analyst was stopped");
	}
	if (child->late || child->signal == SIGXCPU) {
		*end = ANALYST_TIME;
		return err_set(err, ERR_PERM, "the analyst was not done after %u seconds",
			       seconds_of(talk->request));
	}
	if (child->code == 0)
		return 0;
	for (size_t i = 0; i < COUNT(codes); i++) {
		if (child->code != codes[i].code)
			continue;
		*end = child->code == 3 && is_memory(talk) ? ANALYST_MEMORY_CAP : codes[i].end;
		return err_set(err, codes[i].kind, "%.*s", STR_ARG(words));
	}
	*end = is_memory(talk) ? ANALYST_MEMORY_CAP : ANALYST_CRASHED;
	if (child->signal)
		return err_set(err, ERR_PERM, "the analyst was ended by signal %d (%s): %.*s", child->signal,
			       strsignal(child->signal), STR_ARG(words));
	return err_set(err, ERR_PERM, "the analyst ended with code %d: %.*s", child->code, STR_ARG(words));
}

/* What it read must be what it was asked to read. */
static int check_heads(const struct answer *answer, const struct analyst_request *r, struct err *err)
{
	if (strcmp(answer->changes.head_oid, r->head) != 0)
		return err_input(err, "the analyst's answer is about another commit");
	return 0;
}

int analyst_run(struct answer *out, struct arena *mem, enum analyst_end *end,
		struct analyst_usage *usage, const struct analyst_request *request, struct err *err)
{
	char path[] = "PATH=/usr/bin:/bin", language[] = "LC_ALL=C.UTF-8";
	char *const env[] = { path, language, NULL };
	struct talk talk = { .request = request };
	struct command_line line;
	struct child_end ended;
	int result;

	*end = ANALYST_CRASHED;
	if (make_line(&line, request, err) < 0)
		return -1;
	struct child child = {
		.path = request->program ? request->program : "/proc/self/exe",
		.argv = (char *const *)(uintptr_t)line.args, .env = env,
		.milliseconds = (seconds_of(request) + GRACE_SECONDS) * 1000,
		.output = take, .tick = tick, .payload = &talk,
	};

	if (child_run(&ended, &child, err) < 0)
		return -1;
	if (usage)
		*usage = (struct analyst_usage){ ended.cpu_us, ended.wall_us, ended.peak_bytes };
	*end = ANALYST_OK;
	result = judge(end, &talk, &ended, err);
	if (result == 0 && (answer_read(out, mem, buf_str(&talk.answer), err) < 0 ||
			    check_heads(out, request, err) < 0)) {
		*end = ANALYST_GARBAGE;
		result = -1;
		if (err)
			err->kind = ERR_PERM;
	}
	buf_release(&talk.answer);
	buf_release(&talk.words);
	return result;
}

int analyst_probe(struct arena *mem, struct err *err)
{
	static const char none[] = "0000000000000000000000000000000000000000";
	const struct analyst_request request = { .repository = "/", .base = none, .head = none, .no_config = true };
	enum analyst_end end = ANALYST_REFUSED;
	struct answer answer;

	/* any other end came after the seal: there is no such commit */
	if (analyst_run(&answer, mem, &end, NULL, &request, err) == 0 || end != ANALYST_REFUSED)
		return 0;
	err->kind = ERR_INPUT;
	return err_wrap(err, "reviews cannot be confined here; `outrider doctor` tells more");
}
