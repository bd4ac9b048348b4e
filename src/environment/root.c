/*
 * root.c - Debian packages by mmdebstrap, images by image.h. What maintainer scripts do, they do as root in a root of their own:
 * the administrator allows the packages, and the archive's signature is checked by apt.
 */
#include "root.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "files.h"
#include "image.h"
#include "key.h"
#include "program.h"
#include "shelf_files.h"

enum {
	ROOT_FORMAT = 2, /* raised when what is built here changes */
	SOURCES_MAX = 1 << 20,
	INDEX_MAX = 4 << 20, /* the list of a layout's images */
};

#define ROOT_MEMORY ((size_t)256 << 20) /* receipts of the sandbox, the configuration of an image */

struct build {
	const struct environment_host *host;
	const struct environment      *wish;
	const struct image_source     *image; /* NULL: packages */
	const struct environment_teller *teller;
	struct arena                  *mem;
	struct err                    *err;
};

void teller_say(const struct environment_teller *teller, const char *fmt, ...)
{
	char line[1024];
	va_list args;

	if (!teller || !teller->tell)
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	teller->tell(teller->ctx, str_of(line));
}

/* ---- keys ---- */

static int key_packages(struct key_hash *hash, const struct build *b)
{
	key_text(hash, STR("packages"));
	key_text(hash, b->host->suite);
	for (size_t i = 0; i < b->wish->packages.n; i++)
		key_text(hash, b->wish->packages.items[i]);
	for (size_t i = 0; i < b->host->sources.n; i++) {
		struct str text;

		if (file_read(&text, b->mem, b->host->sources.items[i].p, SOURCES_MAX, b->err))
			return -1;
		key_text(hash, text);
	}
	return 0;
}

/* A layout's list of images changes with any of them; an archive is known by its file. */
static int key_layout(struct key_hash *hash, const struct build *b)
{
	const struct host_image *image = b->image->image;
	struct stat st;
	struct str text;

	key_text(hash, STR("image"));
	key_text(hash, image->path);
	key_text(hash, image->tag);
	if (stat(image->path.p, &st))
		return err_errno(b->err, "the image '%.*s' at '%s'", STR_ARG(b->image->wish), image->path.p);
	if (S_ISDIR(st.st_mode)) {
		if (file_read(&text, b->mem, arena_printf(b->mem, "%s/index.json", image->path.p).p, INDEX_MAX, b->err))
			return err_wrap(b->err, "the image '%.*s'", STR_ARG(b->image->wish));
		key_text(hash, text);
		return 0;
	}
	key_number(hash, (uint64_t)st.st_ino);
	key_number(hash, (uint64_t)st.st_size);
	key_number(hash, (uint64_t)st.st_mtim.tv_sec);
	key_number(hash, (uint64_t)st.st_mtim.tv_nsec);
	return 0;
}

/* Its name counts too: who only knows a digest does not get at what another name was allowed. */
static int key_image(struct key_hash *hash, const struct build *b)
{
	if (b->image->image->path.len)
		return key_layout(hash, b);
	key_text(hash, STR("registry"));
	key_text(hash, b->image->name.registry);
	key_text(hash, b->image->name.repository);
	key_text(hash, str_of(b->image->digest));
	return 0;
}

static int make_key(char out[SHELF_KEY + 1], const struct build *b)
{
	struct key_hash hash;

	key_begin(&hash, "root", ROOT_FORMAT);
	if (b->image ? key_image(&hash, b) : key_packages(&hash, b))
		return -1;
	key_end(&hash, out);
	return 0;
}

/* ---- packages ---- */

static int build_packages(const struct build *b, const char *tree)
{
	AUTO_BUF struct buf include = { 0 };
	struct { const char **items; size_t n, cap; } args = { 0 };

	if (geteuid() != 0)
		return err_set(b->err, ERR_PERM, "packages are installed by root alone: run this as root, or use an image");
	if (b->host->sources.n == 0 || b->host->suite.len == 0)
		return err_input(b->err, "packages need `sources` and `suite` of %s", *b->host->where ? b->host->where : "the administrator");
	buf_add(&include, STR("--include="));
	for (size_t i = 0; i < b->wish->packages.n; i++)
		buf_printf(&include, "%s%.*s", i ? "," : "", STR_ARG(b->wish->packages.items[i]));
	/*
	 * It mounts the host's /proc and /dev into the root that it makes: in namespaces of its own, which die with us, so that a kill leaves
	 * neither mounts in the store nor maintainer scripts at work.
	 */
	ARENA_PUSH(b->mem, &args, "--mount");
	ARENA_PUSH(b->mem, &args, "--propagation=private");
	ARENA_PUSH(b->mem, &args, "--pid");
	ARENA_PUSH(b->mem, &args, "--fork");
	ARENA_PUSH(b->mem, &args, "--mount-proc");
	ARENA_PUSH(b->mem, &args, "--kill-child=KILL");
	ARENA_PUSH(b->mem, &args, "mmdebstrap");
	/* the smallest that runs: what is essential, and apt's own database, by which people see what is in there */
	ARENA_PUSH(b->mem, &args, "--mode=root");
	ARENA_PUSH(b->mem, &args, "--variant=minbase");
	ARENA_PUSH(b->mem, &args, "--format=directory");
	ARENA_PUSH(b->mem, &args, "--quiet");
	ARENA_PUSH(b->mem, &args, "--dpkgopt=path-exclude=/usr/share/man/*");
	ARENA_PUSH(b->mem, &args, arena_z(b->mem, buf_str(&include)));
	ARENA_PUSH(b->mem, &args, "--");
	ARENA_PUSH(b->mem, &args, arena_z(b->mem, b->host->suite));
	ARENA_PUSH(b->mem, &args, tree);
	for (size_t i = 0; i < b->host->sources.n; i++)
		ARENA_PUSH(b->mem, &args, arena_z(b->mem, b->host->sources.items[i]));
	ARENA_PUSH(b->mem, &args, NULL);
	teller_say(b->teller, "installing %zu packages of %.*s", b->wish->packages.n, STR_ARG(b->host->suite));
	if (!program_is_there("mmdebstrap"))
		return err_set(b->err, ERR_PERM, "the program mmdebstrap is not installed (Debian: mmdebstrap)");
	return program_run(NULL, "unshare", "util-linux", args.items, b->host->build_ms, b->err) || files_tidy(tree, b->err) ? -1 : 0;
}

/* ---- both ---- */

static struct str about_image(const struct build *b)
{
	const struct image_source *image = b->image;

	if (!*image->digest)
		return arena_printf(b->mem, "image %.*s", STR_ARG(image->wish));
	return arena_printf(b->mem, "image %.*s, %.*s/%.*s@%s", STR_ARG(image->wish), STR_ARG(image->name.registry),
			    STR_ARG(image->name.repository), image->digest);
}

static int build(struct shelf_entry *out, struct shelf_work *work, const struct build *b)
{
	const char *tree = arena_printf(b->mem, "%s/tree", work->path).p;
	struct shelf_meta meta = { .about = b->image ? about_image(b) : STR("") };
	AUTO_BUF struct buf about = { 0 };
	struct digest digest;
	char hex[2 * DIGEST_BYTES + 1];

	if (b->image ? image_unpack(&meta, b->mem, b->host, b->image, work->path, b->teller, b->err) : build_packages(b, tree))
		return -1;
	if (chmod(tree, 0755) || files_digest(&digest, tree, b->err))
		return -1;
	digest_hex(hex, &digest);
	meta.digest = str_of(hex);
	for (size_t i = 0; i < b->wish->packages.n; i++)
		buf_printf(&about, "%s%.*s", i ? " " : "packages ", STR_ARG(b->wish->packages.items[i]));
	if (about.len)
		meta.about = buf_str(&about);
	return shelf_finish(out, work, &meta, b->err);
}

/* From the shelf, or made; an image is what it is, packages get security updates. */
static int get(struct shelf_entry *out, const struct build *b)
{
	const int64_t since = b->image ? 0 : shelf_now_ms() - (int64_t)b->host->root_refresh_ms;
	const char *store = b->host->store;
	struct shelf_work work = { .lock = 0 };
	char key[SHELF_KEY + 1];
	bool found;
	int failed;

	if (make_key(key, b) || shelf_find(out, &found, store, SHELF_ROOT, key, since, b->err))
		return -1;
	if (found)
		return 0;
	if (shelf_begin(&work, store, SHELF_ROOT, key, b->host->build_ms, b->err))
		return -1;
	failed = shelf_find(out, &found, store, SHELF_ROOT, key, since, b->err);
	if (!failed && !found)
		failed = build(out, &work, b);
	shelf_abandon(&work);
	return failed;
}

int root_get(struct shelf_entry *out, const struct environment_host *host, const struct environment *wish,
	     const struct environment_teller *teller, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct build b = { host, wish, NULL, teller, &mem, err };
	const struct host_image *image = environment_host_image(host, wish->image);
	struct image_source source;

	arena_init(&mem, ROOT_MEMORY);
	if (wish->image.len == 0 && wish->packages.n == 0)
		return 0;
	if (wish->image.len) {
		if (image_find(&source, &mem, host, image, wish->image, shelf_now_ms() - (int64_t)wish->refresh_ms, teller, err))
			return -1;
		b.image = &source;
	}
	return get(out, &b);
}
