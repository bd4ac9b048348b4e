#include "corpus.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scope.h"
#include "lab.h"

enum { LIST_MAX = 256 << 10 };

int corpus_program(char out[4096], const char *given, struct err *err)
{
	static const char *const places[] = { "/outrider-tricks",
					      "/../libexec/outrider/outrider-tricks" };
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (given)
		return realpath(given, out) && access(out, X_OK) == 0
			       ? 0
			       : err_input(err,
					   "'%s' is no program; --tricks names outrider-tricks",
					   given);
	self[n < 0 ? 0 : n] = 0;
	if (strrchr(self, '/'))
		*strrchr(self, '/') = 0;
	for (size_t i = 0; i < COUNT(places); i++) {
		snprintf(path, sizeof path, "%s%s", self, places[i]);
		if (realpath(path, out) && access(out, X_OK) == 0)
			return 0;
	}
	return err_input(
		err,
		"outrider-tricks is not beside this program; install it, or name it by --tricks");
}

/* The output of `PROGRAM --list`. */
static int read_list(struct buf *out, const char *program, struct err *err)
{
	char name[] = "outrider-tricks", option[] = "--list", *argv[] = { name, option, NULL };
	char bytes[4096];
	int ends[2], status = -1;
	ssize_t n;
	pid_t pid;

	if (pipe(ends) < 0 || (pid = fork()) < 0)
		return err_errno(err, "start '%s'", program);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execv(program, argv);
		_exit(127);
	}
	close(ends[1]);
	while ((n = read(ends[0], bytes, sizeof bytes)) > 0 && out->len < LIST_MAX)
		buf_add(out, (struct str){ bytes, (size_t)n });
	close(ends[0]);
	waitpid(pid, &status, 0);
	if (status != 0 || out->len == 0)
		return err_input(err, "'%s --list' failed", program);
	return 0;
}

static bool is_wanted(const struct selftest_trick *trick, const char *const *only)
{
	if (!only || !*only)
		return true;
	for (; *only; only++)
		if (str_eq_nocase(trick->id, str_of(*only)) ||
		    str_eq_nocase(trick->family, str_of(*only)))
			return true;
	return false;
}

static int check_words(const struct selftest_tricks *all, const char *const *only, struct err *err)
{
	for (; only && *only; only++) {
		const char *const one[] = { *only, NULL };
		size_t i = 0;

		while (i < all->n && !is_wanted(&all->items[i], one))
			i++;
		if (i == all->n)
			return err_input(err, "there is no trick and no family '%s'", *only);
	}
	return 0;
}

int corpus_list(struct selftest_tricks *out, struct arena *mem, const char *program,
		const char *const *only, struct err *err)
{
	AUTO_BUF struct buf text = { 0 };
	struct selftest_tricks all = { 0 }, wanted = { 0 };
	struct str rest, line;

	if (read_list(&text, program, err) < 0)
		return -1;
	rest = buf_str(&text);
	while (str_cut_line(&rest, &line)) {
		struct selftest_trick trick = { 0 };
		const char *argument, *effect;

		str_cut(&line, '\t', &trick.id);
		str_cut(&line, '\t', &trick.family);
		str_cut(&line, '\t', &trick.effect);
		effect = arena_z(mem, trick.effect);
		if (line.len == 0 || !effect_find(&argument, effect) ||
		    all.n == SELFTEST_MAX_TRICKS)
			return err_input(
				err, "'%s' is of another version: trick '%.*s' has the effect '%s'",
				program, STR_ARG(trick.id), effect);
		trick.id = arena_str(mem, trick.id);
		trick.family = arena_str(mem, trick.family);
		trick.effect = str_of(effect);
		trick.title = arena_str(mem, line);
		ARENA_PUSH(mem, &all, trick);
	}
	if (check_words(&all, only, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		if (is_wanted(&all.items[i], only))
			ARENA_PUSH(mem, &wanted, all.items[i]);
	*out = wanted;
	return 0;
}
