/*
 * standalone.c - runs a fuzz harness over given files and folders, where libFuzzer is not at hand.
 * Its name is printed before each input, so that a crash names its culprit.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t passed;

/* The input is handed over in a block of its exact size, so that the sanitizer sees a read behind it. */
static void run_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1);

	if (!file || !data || fread(data, 1, size, file) != size) {
		fprintf(stderr, "cannot read '%s'\n", path);
		exit(1);
	}
	fclose(file);
	puts(path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	passed++;
}

static void run(const char *path);

static void run_folder(const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char inner[4096];

		snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			run(inner);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static void run(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		perror(path);
		exit(1);
	}
	if (S_ISDIR(st.st_mode))
		run_folder(path);
	else
		run_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run(argv[i]);
	/* a corpus that is not there must not pass for one without crashes */
	printf("%zu passed, %d failed\n", passed, passed == 0);
	return passed == 0;
}
