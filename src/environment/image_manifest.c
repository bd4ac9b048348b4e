#include "image_manifest.h"

#include <inttypes.h>
#include <jansson.h>

#include "base/scope.h"
#include "base/sha256.h"
#include "sandbox/digest.h"
#include "key.h"

static void auto_json(json_t **json)
{
	json_decref(*json);
}

static struct str text_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return (struct str){ json_string_value(value), json_string_length(value) };
}

void image_digest(char out[IMAGE_DIGEST + 1], struct str bytes)
{
	struct digest digest;
	char hex[2 * DIGEST_BYTES + 1];

	sha256_of(digest.bytes, bytes);
	digest_hex(hex, &digest);
	snprintf(out, IMAGE_DIGEST + 1, "sha256:%s", hex);
}

/* ---- an index ---- */

/* Words of a stranger, in a message: only what names of platforms have. */
static void add_word(struct buf *out, struct str word)
{
	for (size_t i = 0; i < word.len && i < 20; i++) {
		const char c = word.p[i];
		const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';

		buf_add_byte(out, plain ? c : '?');
	}
}

static int no_platform(const json_t *list, const struct image_platform *want, struct err *err)
{
	enum { SHOWN = 12 };
	AUTO_BUF struct buf there = { 0 };

	for (size_t i = 0; i < json_array_size(list) && i < SHOWN; i++) {
		const json_t *platform = json_object_get(json_array_get(list, i), "platform");

		buf_add(&there, i ? STR(", ") : STR(""));
		add_word(&there, text_of(platform, "os"));
		buf_add_byte(&there, '/');
		add_word(&there, text_of(platform, "architecture"));
	}
	return err_input(err, "it has nothing for %s/%s, the platform of this host; it has: %.*s", want->os, want->arch,
			 STR_ARG(buf_str(&there)));
}

static int read_index(struct image_manifest *out, const json_t *list, const struct image_platform *want, struct err *err)
{
	if (json_array_size(list) > MANIFEST_MAX_PLATFORMS)
		return err_input(err, "its index lists more than %d manifests", MANIFEST_MAX_PLATFORMS);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i), *platform = json_object_get(entry, "platform");
		const struct str digest = text_of(entry, "digest");

		if (!str_eq(text_of(platform, "os"), str_of(want->os)) ||
		    !str_eq(text_of(platform, "architecture"), str_of(want->arch)))
			continue;
		if (!image_digest_ok(digest))
			return err_input(err, "its index names a manifest without a SHA-256");
		out->is_index = true;
		snprintf(out->child, sizeof out->child, "%.*s", STR_ARG(digest));
		return 0;
	}
	return no_platform(list, want, err);
}

/* ---- a manifest ---- */

static int add_blob(struct image_manifest *out, const json_t *blob, uint64_t max_bytes, struct err *err)
{
	const json_int_t size = json_integer_value(json_object_get(blob, "size"));

	if (!image_digest_ok(text_of(blob, "digest")))
		return err_input(err, "its manifest names a blob without a SHA-256");
	if (!json_is_integer(json_object_get(blob, "size")) || size < 0)
		return err_input(err, "its manifest names a blob without a size");
	/* both are below 2^63 */
	out->bytes += (uint64_t)size;
	if (out->bytes > max_bytes)
		return err_input(err, "it is larger than the %" PRIu64 " bytes that `max_image` allows", max_bytes);
	return 0;
}

static int read_manifest(struct image_manifest *out, const json_t *json, uint64_t max_bytes, struct err *err)
{
	const json_t *layers = json_object_get(json, "layers");

	out->layers = json_array_size(layers);
	if (out->layers > MANIFEST_MAX_LAYERS)
		return err_input(err, "it has more than %d layers", MANIFEST_MAX_LAYERS);
	if (add_blob(out, json_object_get(json, "config"), max_bytes, err))
		return -1;
	for (size_t i = 0; i < out->layers; i++)
		if (add_blob(out, json_array_get(layers, i), max_bytes, err))
			return -1;
	return 0;
}

int image_manifest_read(struct image_manifest *out, struct str text, const struct image_platform *platform, uint64_t max_bytes,
			struct err *err)
{
	AUTO(auto_json) json_t *json = NULL;
	struct image_manifest m = { .is_index = false };
	int failed;

	if (text.len > MANIFEST_MAX)
		return err_input(err, "its manifest has more than %d bytes", MANIFEST_MAX);
	json = json_loadb(text.len ? text.p : "", text.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(json))
		return err_input(err, "its manifest is no JSON object");
	/* both in one document: one reader takes it for this, another for that (CVE-2021-41190) */
	if (json_object_get(json, "manifests") && json_object_get(json, "layers"))
		return err_input(err, "its manifest is an index and a list of layers at once");
	if (json_is_array(json_object_get(json, "manifests")))
		failed = read_index(&m, json_object_get(json, "manifests"), platform, err);
	else if (json_is_array(json_object_get(json, "layers")))
		failed = read_manifest(&m, json, max_bytes, err);
	else
		failed = err_input(err, "its manifest is neither of the OCI image format nor of Docker's schema 2");
	if (!failed)
		*out = m;
	return failed;
}
