#include "tail.h"

void tail_add(struct tail *tail, struct str bytes)
{
	bytes = str_from(bytes, bytes.len > TAIL_MAX ? bytes.len - TAIL_MAX : 0);
	if (tail->n + bytes.len > TAIL_MAX) {
		const size_t drop = tail->n + bytes.len - TAIL_MAX;

		memmove(tail->bytes, tail->bytes + drop, tail->n - drop);
		tail->n -= drop;
	}
	for (size_t i = 0; i < bytes.len; i++) {
		const unsigned char c = (unsigned char)bytes.p[i];

		tail->bytes[tail->n++] = c == '\n' ? '\n' : c < 0x20 || c == 0x7f ? ' ' : (char)c;
	}
}

struct str tail_words(struct tail *tail)
{
	const struct str text = str_trim((struct str){ tail->bytes, tail->n });

	for (size_t i = 0; i < tail->n; i++)
		if (tail->bytes[i] == '\n')
			tail->bytes[i] = ';';
	return text;
}
