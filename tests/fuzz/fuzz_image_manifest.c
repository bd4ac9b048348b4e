/* fuzz_image_manifest.c - any text as what a registry says of an image: what is taken is within the caps, and errors can be shown. */
#include <stdlib.h>

#include "image_manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { MOST = 1 << 30 };
	static const struct image_platform platform = { "linux", "amd64" };
	struct image_manifest manifest;
	struct err err;

	if (image_manifest_read(&manifest, (struct str){ (const char *)data, size }, &platform, MOST, &err)) {
		for (const char *p = err.text; *p; p++)
			if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
				abort();
		return 0;
	}
	if (manifest.is_index ? !image_digest_ok(str_of(manifest.child)) : manifest.bytes > MOST || manifest.layers > MANIFEST_MAX_LAYERS)
		abort();
	return 0;
}
