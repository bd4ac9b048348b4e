/* A record of the self-test: what is believed is written the same, and agrees with itself. */
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "selftest/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf once = { 0 };
	AUTO_BUF struct buf twice = { 0 };
	AUTO_BUF struct buf words = { 0 };
	struct record record, back;
	struct err err;

	if (record_decode(&record, (struct str){ (const char *)data, size }, &err) < 0) {
		require(err.kind == ERR_INPUT, "a wrong record is wrong input");
		return 0;
	}
	require(record.verdict < RECORD_VERDICT_COUNT, "a verdict is one of ours");
	for (int wall = WALL_BUILD; wall < WALLS; wall++)
		require(record.verdict != RECORD_HELD || (record.walls[wall].escaped == 0 && record.walls[wall].tried > 0),
			"nothing got out of what holds");
	require(record_encode(&once, &record, &err) == 0, "it can be written");
	require(record_decode(&back, buf_str(&once), &err) == 0, "what was written can be read");
	require(record_encode(&twice, &back, &err) == 0 && str_eq(buf_str(&once), buf_str(&twice)), "and is the same");
	record_say(&words, &record);
	require(str_find_byte(buf_str(&words), '\n') == SIZE_MAX, "its sentence is one line");
	return 0;
}
