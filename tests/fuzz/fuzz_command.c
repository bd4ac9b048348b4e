/* Any bytes as a comment of a person, and as a body that may hold a marker. */
#include "base/scope.h"
#include "model/marker.h"
#include "review/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	struct str body = { (const char *)data, size };
	struct command_text commands[COMMAND_MAX];
	struct marker marker;
	size_t n = command_parse(commands, body, STR("outrider"));

	arena_init(&mem, 1 << 28);
	if (n > COMMAND_MAX)
		__builtin_trap();
	for (size_t i = 0; i < n; i++) {
		const struct command_text *c = &commands[i];
		struct str rule = c->rule;

		for (size_t k = 0; k < rule.len; k++)
			if (rule.p[k] == '`' || rule.p[k] == '<' || (unsigned char)rule.p[k] <= ' ')
				__builtin_trap();
		if (rule.len > COMMAND_MAX_RULE || c->word.len > 40 ||
		    !str_is_utf8(command_help(&mem, STR("outrider"), c)) ||
		    !str_is_utf8(command_done(&mem, c)) ||
		    !str_is_utf8(command_explain(&mem, NULL, rule)))
			__builtin_trap();
	}
	/* what is read as a marker is what we write */
	if (marker_read(&marker, body) && !marker.summary &&
	    !str_ends(str_trim(body), marker_finding(&mem, marker.fingerprint, marker.rule)))
		__builtin_trap();
	return 0;
}
