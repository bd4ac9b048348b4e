/* fuzz_config.c - any text as a configuration; what loads can be asked. */
#include "base/scope.h"
#include "flow/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	jmp_buf full;
	struct config config;
	struct str detail;
	struct err err;

	arena_init(&mem, 64 << 20);
	mem.full = &full;
	if (setjmp(full))
		return 0;
	if (config_load(&config, &mem, "c", (struct str){ (const char *)data, size }, &err))
		return 0;
	config_severity(&config, STR("python-eval"), STR("style"), STR("src/a.py"), SEVERITY_HINT);
	config_path_skip(&config, STR("src/old/a.min.js"), &detail);
	config_is_test(&config, STR("tests/test_a.py"));
	config_language(&config, STR("src/a.inc"));
	return 0;
}
