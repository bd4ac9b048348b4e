/* profile.c - toolchains: from their files to what is on this host. */
#include "sandbox/profile.h"

#include <errno.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "policy_read.h"
#include "sandbox/run.h"

/* One profile being resolved. */
struct finder {
	struct reader      r;
	struct profile_use use;
	struct profile    *profile;
	const char *const *vars;
	struct str         home;
	struct {
		struct str *items; /* "NAME=value" of homes and caches, for ${NAME} */
		size_t      n, cap;
	} places;
	struct str_list first; /* before all else in PATH */
};

enum { VERSION_FILE_MAX = 4096 }; /* a few names */

static struct str get_env(const char *const *vars, struct str name)
{
	for (; vars && *vars; vars++) {
		struct str entry = str_of(*vars);

		if (str_starts(entry, name) && entry.len > name.len && entry.p[name.len] == '=')
			return str_from(entry, name.len + 1);
	}
	return (struct str){ 0 };
}

/* The path with ~ replaced; empty when there is no home. */
static struct str expand(const struct finder *f, struct str path)
{
	if (!str_starts(path, STR("~/")))
		return path;
	if (f->home.len == 0)
		return (struct str){ 0 };
	return arena_printf(f->r.mem, "%.*s%.*s", STR_ARG(f->home), STR_ARG(str_from(path, 1)));
}

static bool is_below(struct str path, struct str dir)
{
	return str_starts(path, dir) && (path.len == dir.len || path.p[dir.len] == '/');
}

static bool is_seen(const struct profile *profile, struct str path)
{
	for (size_t i = 0; i < profile->mounts.n; i++)
		if (is_below(path, profile->mounts.items[i].path))
			return true;
	return false;
}

/* False: the host has nothing there. */
static bool add_mount(struct finder *f, struct str path, bool exec)
{
	struct profile_mount mount = { .exec = exec };
	struct stat st;
	char target[POLICY_MAX_PATH];

	while (path.len > 1 && str_ends(path, STR("/")))
		path.len--;
	if (path.len < 2 || path.p[0] != '/' || path.len > POLICY_MAX_PATH)
		return false;
	mount.path = arena_str(f->r.mem, path);
	if (lstat(mount.path.p, &st))
		return false;
	if (is_seen(f->profile, path))
		return true;
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlink(mount.path.p, target, sizeof target);

		if (n <= 0 || n == sizeof target)
			return false;
		mount.target = arena_str(f->r.mem, (struct str){ target, (size_t)n });
	} else if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
		return false;
	}
	mount.file = S_ISREG(st.st_mode);
	mount.small = mount.file && (st.st_mode & S_IROTH) && st.st_size <= PROFILE_SMALL;
	ARENA_PUSH(f->r.mem, &f->profile->mounts, mount);
	return true;
}

static int read_mounts(struct reader *r, const struct yaml *node, bool exec, void *to)
{
	struct finder *f = to;
	struct str_list list;

	if (value_list(r, node, &list))
		return -1;
	for (size_t i = 0; i < list.n; i++) {
		struct str path = expand(f, list.items[i]);
		size_t star = str_find_byte(path, '*');

		/* "/etc/java-*": versions that distributions use */
		if (star == SIZE_MAX)
			(void)add_mount(f, path, exec);
		for (int version = 5; star != SIZE_MAX && version < 40; version++)
			(void)add_mount(f, arena_printf(r->mem, "%.*s%d-openjdk",
							STR_ARG(str_sub(path, 0, star)), version),
					exec);
	}
	return 0;
}

static int read_programs(struct reader *r, const struct yaml *node, void *to)
{
	return read_mounts(r, node, true, to);
}

static int read_data(struct reader *r, const struct yaml *node, void *to)
{
	return read_mounts(r, node, false, to);
}

static void add_place(struct finder *f, struct str name, struct str path)
{
	struct str entry = arena_printf(f->r.mem, "%.*s=%.*s", STR_ARG(name), STR_ARG(path));

	ARENA_PUSH(f->r.mem, &f->places, entry);
	ARENA_PUSH(f->r.mem, &f->profile->env, entry);
}

/* What the administrator set, or the usual place. */
static struct str host_place(const struct finder *f, struct str name, struct str usual)
{
	struct str path = get_env(f->vars, name);

	return path.len ? path : expand(f, usual);
}

static int read_homes(struct reader *r, const struct yaml *node, void *to)
{
	struct finder *f = to;

	if (reader_expect(r, node, YAML_MAP, "a mapping"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct str name = node->key[i]->text, path;

		if (value_text(r, node->child[i], &path))
			return -1;
		path = host_place(f, name, path);
		if (add_mount(f, path, true))
			add_place(f, name, path);
	}
	return 0;
}

/*
 * [~/.cargo, registry, git]: the place, and what of it is seen ('.': all). Beside a cache lie passwords (credentials.toml, settings.xml):
 * nothing else of the place is there.
 */
static int read_cache(struct finder *f, struct str name, const struct yaml *node)
{
	struct str_list list;
	struct str path;
	bool seen = false;

	if (value_list(&f->r, node, &list))
		return -1;
	if (list.n < 2 || !str_starts(list.items[0], STR("~/")))
		return yaml_error(f->r.err, f->r.name, node, "expected ~/PLACE and the parts of it");
	if (f->use.own_caches) {
		add_place(f, name, arena_printf(f->r.mem, SANDBOX_HOME "%.*s",
						STR_ARG(str_from(list.items[0], 1))));
		return 0;
	}
	path = host_place(f, name, list.items[0]);
	for (size_t i = 1; path.len && i < list.n; i++) {
		struct str part = arena_printf(f->r.mem, "%.*s/%.*s", STR_ARG(path), STR_ARG(list.items[i]));

		seen |= add_mount(f, str_eq(list.items[i], STR(".")) ? path : part, true);
	}
	if (seen)
		add_place(f, name, path);
	return 0;
}

static int read_caches(struct reader *r, const struct yaml *node, void *to)
{
	if (reader_expect(r, node, YAML_MAP, "a mapping"))
		return -1;
	for (size_t i = 0; i < node->n; i++)
		if (read_cache(to, node->key[i]->text, node->child[i]))
			return -1;
	return 0;
}

static struct str find_place(const struct finder *f, struct str name)
{
	for (size_t i = 0; i < f->places.n; i++)
		if (str_starts(f->places.items[i], name) && f->places.items[i].p[name.len] == '=')
			return str_from(f->places.items[i], name.len + 1);
	return (struct str){ 0 };
}

/*
 * PYENV_ROOT: version - the first line of that file names the version in use: its programs come before the shims, which are slow
 * scripts that want to write to their own directory.
 */
static int read_versions(struct reader *r, const struct yaml *node, void *to)
{
	struct finder *f = to;

	if (reader_expect(r, node, YAML_MAP, "a mapping"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct str place = find_place(f, node->key[i]->text), file, text, version, path;
		struct stat st;

		if (value_text(r, node->child[i], &file))
			return -1;
		path = arena_printf(r->mem, "%.*s/%.*s", STR_ARG(place), STR_ARG(file));
		if (!place.len || file_read(&text, r->mem, path.p, VERSION_FILE_MAX, NULL) ||
		    !str_cut_line(&text, &version))
			continue;
		version = str_trim(version);
		path = arena_printf(r->mem, "%.*s/versions/%.*s/bin", STR_ARG(place), STR_ARG(version));
		if (version.len && str_find_byte(version, '/') == SIZE_MAX && stat(path.p, &st) == 0)
			ARENA_PUSH(r->mem, &f->first, path);
	}
	return 0;
}

/* ${NAME} replaced; false when that place is not there. */
static bool fill(const struct finder *f, struct str value, struct buf *out)
{
	for (;;) {
		size_t start = str_find(value, STR("${")), end;
		struct str name, place;

		buf_add(out, str_sub(value, 0, start));
		if (start == SIZE_MAX)
			return true;
		value = str_from(value, start + 2);
		end = str_find_byte(value, '}');
		name = str_sub(value, 0, end);
		value = str_from(value, end == SIZE_MAX ? end : end + 1);
		place = find_place(f, name);
		if (place.len == 0)
			return false;
		buf_add(out, place);
	}
}

static int read_env(struct reader *r, const struct yaml *node, void *to)
{
	struct finder *f = to;

	if (reader_expect(r, node, YAML_MAP, "a mapping"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		AUTO_BUF struct buf value = { 0 };
		struct str text;

		if (value_text(r, node->child[i], &text))
			return -1;
		if (!fill(f, text, &value))
			continue;
		text = arena_printf(r->mem, "%.*s=%.*s", STR_ARG(node->key[i]->text),
				    STR_ARG(buf_str(&value)));
		ARENA_PUSH(r->mem, &f->profile->env, text);
	}
	return 0;
}

static int read_offline(struct reader *r, const struct yaml *node, void *to)
{
	return ((struct finder *)to)->use.network ? 0 : read_env(r, node, to);
}

static int read_classes(struct reader *r, const struct yaml *node, void *to)
{
	struct finder *f = to;

	if (reader_expect(r, node, YAML_MAP, "a mapping"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct str_list globs;
		int class;

		if (value_word(r, node->key[i], exec_class_words, CLASS_FRESH, &class) ||
		    value_list(r, node->child[i], &globs))
			return -1;
		for (size_t k = 0; k < globs.n; k++) {
			struct profile_class row = { arena_str(r->mem, globs.items[k]),
						     (enum exec_class)class };

			ARENA_PUSH(r->mem, &f->profile->classes, row);
		}
	}
	return 0;
}

static int read_about(struct reader *r, const struct yaml *node, void *to)
{
	return value_text(r, node, &((struct finder *)to)->profile->about);
}

static int load(struct finder *f, struct str name)
{
	static const struct key keys[] = {
		{ "name", read_about },   { "about", read_about },     { "homes", read_homes },
		{ "versions", read_versions }, { "caches", read_caches }, { "mounts", read_programs }, { "data", read_data },
		{ "env", read_env },      { "offline", read_offline }, { "classes", read_classes },
	};
	AUTO_BUF struct buf known = { 0 };

	for (size_t i = 0; i < sandbox_profiles_count; i++) {
		const struct embedded *file = &sandbox_profiles[i];

		buf_printf(&known, "%s%s", i ? ", " : "", file->name);
		if (!str_eq(str_of(file->name), name))
			continue;
		f->r.name = file->name;
		return reader_keys(&f->r, policy_builtin_document(file), keys, COUNT(keys), f);
	}
	return err_input(f->r.err, "there is no toolchain profile '%.*s'; known: %.*s", STR_ARG(name),
			 STR_ARG(buf_str(&known)));
}

/* The administrator's PATH as far as the job sees it, then the usual places, then where package managers install. */
static void add_path(struct finder *f)
{
	static const char *const usual[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin",
					     "/sbin", "/bin", SANDBOX_HOME "/.local/bin",
					     SANDBOX_HOME "/.cargo/bin", SANDBOX_HOME "/go/bin" };
	AUTO_BUF struct buf path = { 0 };
	struct str rest = get_env(f->vars, STR("PATH")), part, entry;

	buf_add(&path, STR("PATH="));
	for (size_t i = 0; i < f->first.n; i++)
		buf_printf(&path, "%s%.*s", path.len > 5 ? ":" : "", STR_ARG(f->first.items[i]));
	while (str_cut(&rest, ':', &part)) {
		if (part.len == 0 || part.p[0] != '/' || !is_seen(f->profile, part))
			continue;
		buf_printf(&path, "%s%.*s", path.len > 5 ? ":" : "", STR_ARG(part));
	}
	for (size_t i = 0; i < COUNT(usual); i++)
		if (!str_has(buf_str(&path), str_of(usual[i])))
			buf_printf(&path, "%s%s", path.len > 5 ? ":" : "", usual[i]);
	entry = arena_str(f->r.mem, buf_str(&path));
	ARENA_PUSH(f->r.mem, &f->profile->env, entry);
}

int profile_resolve(struct profile *out, struct arena *mem, struct str name, const struct profile_use *use,
		    const char *const *vars, struct err *err)
{
	struct profile profile = { .name = name };
	struct finder f = { { mem, "", err }, *use, &profile, vars, { 0 }, { 0 }, { 0 } };
	struct str rest = name, part;

	f.home = get_env(vars, STR("HOME"));
	if (load(&f, STR("common")))
		return -1;
	while (str_cut(&rest, '+', &part))
		if (load(&f, part))
			return -1;
	add_path(&f);
	*out = profile;
	return 0;
}

enum exec_class profile_class(const struct profile *profile, struct str path)
{
	size_t slash;
	char base[256];

	while ((slash = str_find_byte(path, '/')) != SIZE_MAX)
		path = str_from(path, slash + 1);
	if (path.len >= sizeof base)
		return CLASS_TOOL;
	memcpy(base, path.p, path.len);
	base[path.len] = '\0';
	for (size_t i = 0; i < profile->classes.n; i++)
		if (fnmatch(profile->classes.items[i].glob.p, base, 0) == 0)
			return profile->classes.items[i].class;
	return CLASS_TOOL;
}

void profile_names(struct str_list *out, struct arena *mem)
{
	struct str_list list = { 0 };

	for (size_t i = 0; i < sandbox_profiles_count; i++)
		if (!str_eq(str_of(sandbox_profiles[i].name), STR("common")))
			ARENA_PUSH(mem, &list, str_of(sandbox_profiles[i].name));
	*out = list;
}
