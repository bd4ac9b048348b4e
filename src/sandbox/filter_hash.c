/* filter_hash.c - apart from filter.c, which the stage of bubblewrap has without a library. */
#include "filter.h"
#include "hex.h"

void filter_hash(char out[65], enum filter_id id)
{
	hex_sha256(out, filters[id].code, filters[id].n * sizeof *filters[id].code);
}
