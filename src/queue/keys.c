#include "queue/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "late_zmq.h"

enum {
	KEY_FILE_MAX = 4096,
	LINE_MAX_BYTES = KEY_TEXT + KEYS_MAX_NAME + 2,
	ALLOW_FILE_MAX = KEYS_MAX_ALLOWED * LINE_MAX_BYTES * 2, /* as much again for comments */
};

/* Z85 (ZeroMQ RFC 32): five digits are four bytes. By hand, so that lists of keys are read without libzmq. */
bool key_is_valid(struct str text)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
	uint64_t group = 0;

	if (text.len != KEY_TEXT)
		return false;
	for (size_t i = 0; i < KEY_TEXT; i++) {
		const char *digit = memchr(digits, text.p[i], sizeof digits - 1);

		if (!digit)
			return false;
		group = (i % 5 ? group * 85 : 0) + (uint64_t)(digit - digits);
		if (group > UINT32_MAX)
			return false;
	}
	return true;
}

void key_wipe(struct key_pair *pair)
{
	if (pair)
		explicit_bzero(pair, sizeof *pair);
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int key_generate(struct key_pair *out, struct err *err)
{
	struct key_pair pair = { 0 };

	if (late_zmq(err))
		return -1;
	/* a key that begins with '-' would be taken for an option */
	do
		if (zmq_curve_keypair(pair.public_key, pair.secret_key) < 0)
			return err_set(err, ERR_PERM, "cannot make a key pair: %s",
				       zmq_strerror(zmq_errno()));
	while (!is_alnum(pair.public_key[0]));
	*out = pair;
	key_wipe(&pair);
	return 0;
}

/* With the file gone again when it could not be written whole. */
static int write_new(int fd, const char *path, struct str text, struct err *err)
{
	if (file_write_fd(fd, text, err) == 0) {
		if (fsync(fd) == 0)
			return 0;
		(void)err_errno(err, "cannot sync");
	}
	unlink(path);
	return err_wrap(err, "'%s'", path);
}

int key_write(const char *path, const struct key_pair *pair, struct err *err)
{
	char text[256];
	AUTO_FD int fd = -1;
	int n, result;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  pair->secret_key[0] ? 0600 : 0644);
	if (fd < 0)
		return err_errno(err, "cannot make the key file '%s'", path);
	n = snprintf(text, sizeof text, "public %s\n%s%s%s", pair->public_key,
		     pair->secret_key[0] ? "secret " : "", pair->secret_key,
		     pair->secret_key[0] ? "\n" : "");
	result = write_new(fd, path, (struct str){ text, (size_t)n }, err);
	explicit_bzero(text, sizeof text);
	return result;
}

static int read_line(struct key_pair *pair, struct str line, const char *path, struct err *err)
{
	struct str rest = line, word;

	str_cut(&rest, ' ', &word);
	rest = str_trim(rest);
	if (!key_is_valid(rest))
		return err_input(err, "'%s': a key has %d characters of Z85", path, KEY_TEXT);
	if (str_eq(word, STR("public")))
		memcpy(pair->public_key, rest.p, KEY_TEXT);
	else if (str_eq(word, STR("secret")))
		memcpy(pair->secret_key, rest.p, KEY_TEXT);
	else
		return err_input(err, "'%s': lines begin with `public` or `secret`", path);
	return 0;
}

/* Does the secret belong to the public key? A mixed-up file would fail later with no word that helps. */
static int complete(struct key_pair *pair, const char *path, struct err *err)
{
	char derived[KEY_TEXT + 1];

	if (!pair->secret_key[0] && !pair->public_key[0])
		return err_input(err, "'%s' has no key", path);
	if (!pair->secret_key[0])
		return 0;
	if (late_zmq(err))
		return -1;
	if (zmq_curve_public(derived, pair->secret_key) < 0)
		return err_input(err, "'%s': the secret key is not valid", path);
	if (pair->public_key[0] && memcmp(derived, pair->public_key, KEY_TEXT) != 0)
		return err_input(err, "'%s': the two keys are no pair", path);
	memcpy(pair->public_key, derived, sizeof derived);
	return 0;
}

static int check_mode(const char *path, const struct key_pair *pair, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_errno(err, "cannot look at '%s'", path);
	if (pair->secret_key[0] && (st.st_mode & 077))
		return err_set(err, ERR_PERM, "others may read the secret key in '%s': chmod 600 it, or "
			       "better make a new one", path);
	return 0;
}

int key_read(struct key_pair *out, const char *path, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct key_pair pair = { 0 };
	struct str text, all, line;
	int result = 0;

	arena_init(&mem, 1 << 20);
	if (file_read(&text, &mem, path, KEY_FILE_MAX, err) < 0)
		return -1;
	all = text;
	while (result == 0 && str_cut_line(&text, &line))
		if (str_trim(line).len && line.p[0] != '#')
			result = read_line(&pair, line, path, err);
	if (result == 0)
		result = complete(&pair, path, err);
	if (result == 0)
		result = check_mode(path, &pair, err);
	if (result == 0)
		*out = pair;
	if (all.len)
		explicit_bzero((void *)(uintptr_t)all.p, all.len);
	key_wipe(&pair);
	return result;
}

static bool name_is_valid(struct str name)
{
	if (name.len == 0 || name.len > KEYS_MAX_NAME)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!name.p[i] || (!is_alnum(name.p[i]) && !strchr("._-", name.p[i])))
			return false;
	return true;
}

/* No key begins with '#': such a group of five would be above 32 bits. */
static bool is_comment(struct str line)
{
	return line.len == 0 || line.p[0] == '#';
}

static int read_allowed(struct allow_list *list, struct arena *mem, struct str line,
			const char *path, size_t number, struct err *err)
{
	struct allowed one = { .key = "" };
	struct str rest = line, key;

	str_cut(&rest, ' ', &key);
	rest = str_trim(rest);
	if (!key_is_valid(key) || !name_is_valid(rest))
		return err_input(err, "'%s' line %zu: write a public key and a name (letters, digits, "
				 "'.', '_', '-')", path, number);
	if (list->n == KEYS_MAX_ALLOWED)
		return err_input(err, "'%s' has more than %d keys", path, KEYS_MAX_ALLOWED);
	memcpy(one.key, key.p, KEY_TEXT);
	one.name = arena_str(mem, rest);
	ARENA_PUSH(mem, list, one);
	return 0;
}

int allow_read(struct allow_list *out, struct arena *mem, const char *path, struct err *err)
{
	struct allow_list list = { 0 };
	struct str text, line;

	if (access(path, F_OK) < 0 && errno == ENOENT) {
		*out = list;
		return 0;
	}
	if (file_read(&text, mem, path, ALLOW_FILE_MAX, err) < 0)
		return -1;
	for (size_t number = 1; str_cut_line(&text, &line); number++) {
		line = str_trim(line);
		if (is_comment(line))
			continue;
		if (read_allowed(&list, mem, line, path, number, err) < 0)
			return -1;
	}
	*out = list;
	return 0;
}

const struct allowed *allow_find(const struct allow_list *list, const char *key)
{
	for (size_t i = 0; i < list->n; i++)
		if (memcmp(list->items[i].key, key, KEY_TEXT) == 0)
			return &list->items[i];
	return NULL;
}

/* The file without the lines that speak of this key or name; comments stay. *found tells whether there was one. */
static int text_without(struct buf *out, struct arena *mem, const char *path, struct str key_or_name,
			bool *found, struct err *err)
{
	struct str text, line;

	*found = false;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (file_read(&text, mem, path, ALLOW_FILE_MAX, err) < 0)
		return -1;
	while (str_cut_line(&text, &line)) {
		struct str rest = str_trim(line), key;
		bool comment = is_comment(rest);

		str_cut(&rest, ' ', &key);
		if (!comment &&
		    (str_eq(key, key_or_name) || str_eq(str_trim(rest), key_or_name))) {
			*found = true;
			continue;
		}
		buf_add(out, line);
		buf_add_byte(out, '\n');
	}
	return 0;
}

int allow_add(const char *path, struct str key, struct str name, bool *changed, struct err *err)
{
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf text = { 0 };
	struct allow_list list;
	const struct allowed *old;
	bool found;

	arena_init(&mem, 16 << 20);
	if (!key_is_valid(key))
		return err_input(err, "'%.*s' is no public key: it has %d characters of Z85", STR_ARG(key),
				 KEY_TEXT);
	if (!name_is_valid(name))
		return err_input(err, "'%.*s' is no name: letters, digits, '.', '_', '-', at most %d",
				 STR_ARG(name), KEYS_MAX_NAME);
	if (allow_read(&list, &mem, path, err) < 0)
		return -1;
	old = allow_find(&list, arena_z(&mem, key));
	if (old && str_eq(old->name, name)) {
		*changed = false;
		return 0;
	}
	if (text_without(&text, &mem, path, key, &found, err) < 0)
		return -1;
	buf_printf(&text, "%.*s %.*s\n", STR_ARG(key), STR_ARG(name));
	if (file_replace(path, buf_str(&text), err) < 0)
		return -1;
	*changed = true;
	return 0;
}

int allow_remove(const char *path, struct str key_or_name, bool *found, struct err *err)
{
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf text = { 0 };
	bool was_there;

	arena_init(&mem, 16 << 20);
	if (text_without(&text, &mem, path, key_or_name, &was_there, err) < 0)
		return -1;
	if (was_there && file_replace(path, buf_str(&text), err) < 0)
		return -1;
	*found = was_there;
	return 0;
}
