#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "local.h"

enum { MAX_REFS = 64 << 20, MAX_LIST = 20000 /* files of one folder that are looked at */ };

/* ---- refs: the files of git itself, so that no git is needed to ask for one ---- */

static bool is_ref(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.p[i] <= ' ' || name.p[i] == 0x7f ||
		    strchr("~^:?*[\\", name.p[i]))
			return false;
	return name.len && name.len < 500 && name.p[0] != '/' && !str_has(name, STR("..")) &&
	       !str_has(name, STR("//")) && !str_has(name, STR("/."));
}

static bool take_oid(char out[OID_HEX + 1], struct str text)
{
	text = str_trim(text);
	if (text.len != OID_HEX)
		return false;
	for (size_t i = 0; i < OID_HEX; i++)
		if (!strchr("0123456789abcdef", text.p[i]))
			return false;
	memcpy(out, text.p, OID_HEX);
	out[OID_HEX] = '\0';
	return true;
}

static void find_packed(char out[OID_HEX + 1], struct arena *mem, const char *git, struct str ref)
{
	struct str text, line;

	if (file_read(&text, mem, arena_printf(mem, "%s/packed-refs", git).p, MAX_REFS, NULL) < 0)
		return;
	while (str_cut_line(&text, &line))
		if (line.len > OID_HEX + 1 && str_eq(str_from(line, OID_HEX + 1), ref) &&
		    take_oid(out, str_sub(line, 0, OID_HEX)))
			return;
}

/* "" when there is no such ref. */
static void read_ref(char out[OID_HEX + 1], const struct forge *forge, struct str repository,
		     struct str ref)
{
	AUTO_ARENA struct arena mem;
	const char *git;
	struct str text;

	out[0] = '\0';
	arena_init(&mem, 2 * (size_t)MAX_REFS);
	if (!is_ref(ref) || !repository_is_valid(repository, true))
		return;
	git = arena_printf(&mem, "%.*s/%.*s.git", STR_ARG(forge->config.folder),
			   STR_ARG(repository))
		      .p;
	if (file_read(&text, &mem, arena_printf(&mem, "%s/%.*s", git, STR_ARG(ref)).p, 4096,
		      NULL) == 0 &&
	    take_oid(out, text))
		return;
	find_packed(out, &mem, git, ref);
}

/* ---- pull requests ---- */

static void fill_pull(struct pull *out, struct arena *mem, const struct forge *forge,
		      struct str repository, uint64_t number, const json_t *json)
{
	struct str state = payload_view(json, "state");

	out->repository = arena_str(mem, repository);
	out->number = number;
	out->title = payload_name(mem, json, "title");
	out->url = payload_name(mem, json, "url");
	out->author = (struct actor){ .login = payload_name(mem, json, "author"),
				      .id = payload_name(mem, json, "author") };
	out->base_ref = payload_name(mem, json, "base");
	out->head_ref = payload_name(mem, json, "head");
	out->head_repository = out->repository;
	out->draft = payload_bool(json, "draft");
	out->merged = str_eq(state, STR("merged"));
	out->closed = out->merged || str_eq(state, STR("closed"));
	out->can_push = true;
	payload_oid(out->merge_oid, json, "merge");
	out->updated = payload_time(json, "updated");
	payload_labels(&out->labels, &out->n_labels, mem, json, "labels", "name");
	read_ref(out->base_oid, forge, repository,
		 arena_printf(mem, "refs/heads/%.*s", STR_ARG(out->base_ref)));
	read_ref(out->head_oid, forge, repository,
		 arena_printf(mem, "refs/pull/%llu/head", (unsigned long long)number));
}

int local_pull(struct forge *forge, struct arena *mem, const struct forge_place *place,
	       struct pull *out, struct err *err)
{
	AUTO_JSON json_t *json = NULL;
	const char *path;

	if (local_path(&path, mem, forge, place->repository,
		       arena_printf(mem, "pulls/%llu.json", (unsigned long long)place->number).p,
		       false, err) < 0 ||
	    local_read(&json, mem, path, err) < 0)
		return -1;
	if (!json)
		return err_set(err, ERR_PERM, "there is no '%s'", path);
	fill_pull(out, mem, forge, place->repository, place->number, json);
	if (!out->head_oid[0])
		return err_set(err, ERR_PERM, "%.*s.git has no refs/pull/%llu/head",
			       STR_ARG(place->repository), (unsigned long long)place->number);
	return 0;
}

/* Names of the "*.json" in a folder, by name; a folder that is not there has none. */
static int list_files(char ***out, size_t *n, struct arena *mem, const char *folder,
		      struct err *err)
{
	struct dirent **entries;
	int found = scandir(folder, &entries, NULL, alphasort);

	*n = 0;
	if (found < 0)
		return errno == ENOENT ? 0 : err_errno(err, "cannot list '%s'", folder);
	*out = ARENA_ARRAY(mem, (size_t)found + 1, char *);
	for (int i = 0; i < found; i++) {
		struct str name = str_of(entries[i]->d_name);

		if (*n < MAX_LIST && name.p[0] != '.' && str_ends(name, STR(".json")))
			(*out)[(*n)++] = arena_z(mem, name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

static bool wanted(const struct pull *pull, enum pull_filter state)
{
	return state == PULLS_ALL || (state == PULLS_MERGED ? pull->merged : !pull->closed);
}

static int newest_first(const void *a, const void *b)
{
	const struct pull *left = a, *right = b;

	return (left->number < right->number) - (left->number > right->number);
}

int local_pulls(struct forge *forge, struct arena *mem, const struct forge_place *place,
		enum pull_filter state, size_t max, struct pull_list *out, struct err *err)
{
	const char *folder;
	char **names;
	uint64_t number;
	size_t n;

	if (local_path(&folder, mem, forge, place->repository, "pulls", false, err) < 0 ||
	    list_files(&names, &n, mem, folder, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		AUTO_JSON json_t *json = NULL;
		struct pull pull = { 0 };

		if (!str_to_u64(str_sub(str_of(names[i]), 0, strlen(names[i]) - 5), &number))
			continue;
		if (local_read(&json, mem, arena_printf(mem, "%s/%s", folder, names[i]).p, err) < 0)
			return -1;
		fill_pull(&pull, mem, forge, place->repository, number, json);
		if (json && pull.head_oid[0] && wanted(&pull, state))
			ARENA_PUSH(mem, out, pull);
	}
	if (out->n)
		qsort(out->items, out->n, sizeof *out->items, newest_first);
	if (out->n > max)
		out->n = max;
	return 0;
}

/* ---- threads, comments, people ---- */

static bool read_thread(struct thread *out, struct arena *mem, const json_t *json)
{
	size_t i;
	json_t *reply;

	if (!str_eq(payload_view(json, "author"), STR("outrider")) ||
	    !text_finding(payload_view(json, "body"), mem, out->fingerprint, &out->rule))
		return false;
	out->id = out->comment = payload_id(mem, json, "id");
	out->path = payload_name(mem, json, "path");
	out->side = str_eq(payload_view(json, "side"), STR("old")) ? SIDE_OLD : SIDE_NEW;
	out->line = (uint32_t)payload_number(json, "line");
	out->start_line = (uint32_t)payload_number(json, "start_line");
	out->resolved = payload_bool(json, "resolved");
	out->by_person =
		out->resolved && !str_eq(payload_view(json, "resolved_by"), STR("outrider"));
	out->up = (uint32_t)payload_number(json, "up");
	out->down = (uint32_t)payload_number(json, "down");
	json_array_foreach(payload_at(json, "replies"), i, reply) out->replied =
		out->replied || !str_eq(payload_view(reply, "author"), STR("outrider"));
	return local_is_id(out->id);
}

int local_threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
		  struct thread_list *out, struct err *err)
{
	const char *folder;
	char **names;
	size_t n;

	if (local_path(&folder, mem, forge, place->repository,
		       arena_printf(mem, "pulls/%llu/threads", (unsigned long long)place->number).p,
		       false, err) < 0 ||
	    list_files(&names, &n, mem, folder, err) < 0)
		return -1;
	for (size_t i = 0; i < n && out->n < FORGE_MAX_THREADS; i++) {
		AUTO_JSON json_t *json = NULL;
		struct thread thread = { 0 };

		if (local_read(&json, mem, arena_printf(mem, "%s/%s", folder, names[i]).p, err) < 0)
			return -1;
		if (read_thread(&thread, mem, json))
			ARENA_PUSH(mem, out, thread);
	}
	return 0;
}

int local_summary(struct forge *forge, struct arena *mem, const struct forge_place *place,
		  struct str *id, struct err *err)
{
	const char *path;

	if (local_path(&path, mem, forge, place->repository,
		       arena_printf(mem, "pulls/%llu/comments/summary.json",
				    (unsigned long long)place->number)
			       .p,
		       false, err) < 0)
		return -1;
	*id = access(path, F_OK) == 0 ? STR("summary") : (struct str){ 0 };
	return 0;
}

int local_permission(struct forge *forge, struct arena *mem, const struct forge_place *place,
		     struct str login, enum permission *out, struct err *err)
{
	static const char *const words[] = { [PERMISSION_NONE] = "none",
					     [PERMISSION_READ] = "read",
					     [PERMISSION_WRITE] = "write",
					     [PERMISSION_ADMIN] = "admin" };
	AUTO_JSON json_t *json = NULL;
	const char *path;
	struct str word;

	if (local_path(&path, mem, forge, place->repository, "people.json", false, err) < 0 ||
	    local_read(&json, mem, path, err) < 0)
		return -1;
	/* without a list, whoever can write to the folder is who may write */
	*out = json ? PERMISSION_NONE : PERMISSION_WRITE;
	word = payload_view(json_object_getn(json, login.p, login.len), "");
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq(word, str_of(words[i])))
			*out = (enum permission)i;
	return 0;
}

/* ---- events that were left in the spool ---- */

static int refuse(struct arena *mem, const char *folder, const char *name, struct err *err)
{
	const char *refused = arena_printf(mem, "%s/refused", folder).p;

	if (mkdir(refused, 0777) < 0 && errno != EEXIST)
		return err_errno(err, "cannot make '%s'", refused);
	if (rename(arena_printf(mem, "%s/%s", folder, name).p,
		   arena_printf(mem, "%s/%s", refused, name).p) < 0)
		return err_errno(err, "cannot move '%s' away", name);
	return 0;
}

/* The file is removed after the event is durable; if that fails, its delivery id makes it a duplicate next time. */
static int take_file(struct forge *forge, const char *folder, const char *name,
		     struct forge_missed *missed, struct err *err)
{
	struct http_headers none = { 0 };
	struct forge_delivery delivery = { .headers = &none, .now = forge_now_ms(forge) / 1000 };
	struct err why = { 0 };
	AUTO_ARENA struct arena mem;
	const char *path;

	arena_init(&mem, FORGE_ANSWER_MEMORY);
	path = arena_printf(&mem, "%s/%s", folder, name).p;
	if (file_read(&delivery.body, &mem, path, EVENT_MAX_BODY, &why) < 0 ||
	    missed->take(missed->ctx, &delivery, &why) < 0) {
		if (why.kind == ERR_INPUT)
			return refuse(&mem, folder, name, err);
		return err_set(err, why.kind, "'%s': %s", path, why.text);
	}
	missed->taken++;
	if (unlink(path) < 0)
		return err_errno(err, "cannot remove '%s'", path);
	return 0;
}

int local_sweep(struct forge *forge, struct forge_missed *missed, struct err *err)
{
	AUTO_ARENA struct arena mem;
	const char *folder;
	char **names;
	size_t n;

	arena_init(&mem, FORGE_ANSWER_MEMORY);
	folder = arena_printf(&mem, "%.*s/.spool", STR_ARG(forge->config.folder)).p;
	if (list_files(&names, &n, &mem, folder, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (take_file(forge, folder, names[i], missed, err) < 0)
			return -1;
	return 0;
}
