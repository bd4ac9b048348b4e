/* Files that do nothing inside, but that the host's git, CI or agents would obey afterwards. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trick.h"

/* What the host would run leaves a file outside. */
static const char *payload(void)
{
	return path_of("#!/bin/sh\ntouch %s/planted\n", given("outside"));
}

static int plant(const char *path)
{
	return write_file(path, payload()) < 0 || chmod(path, 0755) < 0;
}

static int hook(void)
{
	return plant(".git/hooks/pre-commit");
}

static int hook_renamed_in(void)
{
	return plant("hook") || rename("hook", ".git/hooks/pre-commit") < 0;
}

static int hook_linked_in(void)
{
	return plant("hook") || link("hook", ".git/hooks/pre-commit") < 0;
}

static int hooks_replaced(void)
{
	if (rename(".git/hooks", ".git/hooks-old") < 0 || mkdir(".git/hooks", 0755) < 0)
		return 1;
	return hook();
}

static int hooks_symlink(void)
{
	if (mkdir("own", 0755) < 0 || plant("own/pre-commit") ||
	    rename(".git/hooks", ".git/hooks-old") < 0)
		return 1;
	return symlink("../own", ".git/hooks") < 0;
}

/* The hooks are shielded, but their parent is an ordinary directory. */
static int git_replaced(void)
{
	if (rename(".git", "old") < 0 || mkdir(".git", 0755) < 0 || mkdir(".git/hooks", 0755) < 0)
		return 1;
	return hook();
}

static int git_exchanged(void)
{
	if (mkdir("new", 0755) < 0 || mkdir("new/hooks", 0755) < 0 || plant("new/hooks/pre-commit"))
		return 1;
	return (int)syscall(SYS_renameat2, AT_FDCWD, "new", AT_FDCWD, ".git", 2 /* EXCHANGE */);
}

static int unmount_shield(void)
{
	umount2(".git/hooks", MNT_DETACH);
	umount2(".git", MNT_DETACH);
	return hook();
}

static int remount_shield(void)
{
	mount(NULL, ".git/hooks", NULL, MS_REMOUNT | MS_BIND, NULL);
	return hook();
}

static int shield_in_namespace(void)
{
	return in_namespace(CLONE_NEWNS, unmount_shield);
}

/* git runs this program whenever it looks at the files. */
#define OWN_CONFIG "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tfsmonitor = ./run\n"

static int append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	return n < 0;
}

static int monitor(void)
{
	return plant("run") || append(".git/config", "[core]\n\tfsmonitor = ./run\n");
}

static int config_replaced(void)
{
	if (plant("run") || write_file("config", OWN_CONFIG) < 0)
		return 1;
	return rename("config", ".git/config");
}

static int config_by_lock(void)
{
	if (plant("run") || write_file(".git/config.lock", OWN_CONFIG) < 0)
		return 1;
	return rename(".git/config.lock", ".git/config");
}

/* Of the same size: git must look into it. */
static int filter(void)
{
	if (plant("run") || write_file(".gitattributes", "* filter=own\n") < 0 ||
	    write_file("tracked", "TEXT\n") < 0)
		return 1;
	return append(".git/config", "[filter \"own\"]\n\tclean = ./run\n");
}

/* git takes the configuration and the objects from there. */
static int common_directory(void)
{
	const char *const copy[] = { "/bin/cp", "-r", ".git", "common", NULL };

	if (plant("run") || run_argv(copy) || write_file("common/config", OWN_CONFIG) < 0)
		return 1;
	return write_file(".git/commondir", "../common\n");
}

/* Obeyed when the configuration has extensions.worktreeConfig, as the harness's has. */
static int worktree_config(void)
{
	return plant("run") || write_file(".git/config.worktree", "[core]\n\tfsmonitor = ./run\n");
}

/* .git as a file names the real place, as in a worktree. */
static int git_file(void)
{
	const char *const copy[] = { "/bin/cp", "-r", ".git", "own", NULL };

	if (plant("run") || run_argv(copy) || write_file("own/config", OWN_CONFIG) < 0 ||
	    rename(".git", "old") < 0)
		return 1;
	return write_file(".git", "gitdir: ./own\n");
}

/* git looks into a repository within the repository as soon as the index has it. */
static int nested(void)
{
	static const char script[] =
		"export HOME=/ GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory "
		"GIT_CONFIG_VALUE_0='*' && git init -q sub && "
		"git -C sub -c user.name=a -c user.email=a@localhost commit -q --allow-empty -m one && "
		"git add sub && git -C sub config core.fsmonitor ../run";
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };

	return plant("run") || run_argv(argv);
}

static int in_new_dir(const char *dir, const char *path)
{
	if (dir)
		mkdir(dir, 0755);
	return write_file(path, given("token"));
}

static int workflow(void)
{
	mkdir(".github", 0755);
	return in_new_dir(".github/workflows", ".github/workflows/own.yml");
}

static int gitlab(void)
{
	return in_new_dir(NULL, ".gitlab-ci.yml");
}

static int own_policy(void)
{
	return in_new_dir(NULL, ".outrider.yml");
}

static int agent_settings(void)
{
	return in_new_dir(".claude", ".claude/settings.json");
}

static int agent_text(void)
{
	return in_new_dir(NULL, "AGENTS.md");
}

static int editor_tasks(void)
{
	return in_new_dir(".vscode", ".vscode/tasks.json");
}

static int by_symlinked_parent(void)
{
	if (mkdir("real", 0755) < 0 || symlink("real", ".vscode") < 0)
		return 1;
	return write_file(".vscode/tasks.json", given("token"));
}

static int setuid_file(void)
{
	return write_file("root-shell", "#!/bin/sh\n") < 0 ? 1 : chmod("root-shell", 04755);
}

static int setgid_file(void)
{
	int fd = open("group-shell", O_WRONLY | O_CREAT, 0755);

	return fd < 0 ? 1 : fchmod(fd, 02755);
}

/* The mode comes with the file, without chmod(). */
static int setuid_created(void)
{
	return mknod("created", S_IFREG | 04755, 0);
}

static int setuid_by_fchmodat2(void)
{
	if (write_file("newer", "#!/bin/sh\n") < 0)
		return 1;
	return (int)syscall(452 /* fchmodat2 */, AT_FDCWD, "newer", 04755, 0);
}

const struct trick plant_tricks[] = {
	{ "F11", "planted", "planted .git/hooks/pre-commit", "write a git hook", hook },
	{ "F12", "planted", "planted .claude/settings.json", "create a missing agent configuration",
	  agent_settings },
	{ "F15", "planted", "setuid", "leave a setuid file", setuid_file },
	{ "F21", "planted", "planted .git/hooks/pre-commit", "replace .git", git_replaced },
	{ "F22", "planted", "git", "append core.fsmonitor to .git/config", monitor },
	{ "F23", "planted", "planted .github/workflows/own.yml", "create a missing CI workflow",
	  workflow },
	{ "F24", "planted", "planted .outrider.yml", "write the own policy", own_policy },
	{ "F25", "planted", "planted .git/hooks/pre-commit", "replace .git/hooks by a symlink",
	  hooks_symlink },
	{ "F46", "planted", "planted .git/hooks/pre-commit", "rename a file into .git/hooks",
	  hook_renamed_in },
	{ "F47", "planted", "planted .git/hooks/pre-commit", "hard link a file into .git/hooks",
	  hook_linked_in },
	{ "F48", "planted", "planted .git/hooks/pre-commit", "replace .git/hooks", hooks_replaced },
	{ "F49", "planted", "planted .git/hooks/pre-commit", "exchange .git with another directory",
	  git_exchanged },
	{ "F50", "planted", "planted .git/hooks/pre-commit", "unmount what shields .git/hooks",
	  unmount_shield },
	{ "F51", "planted", "planted .git/hooks/pre-commit", "remount it writable",
	  remount_shield },
	{ "F52", "planted", "planted .git/hooks/pre-commit", "unmount it in an own user namespace",
	  shield_in_namespace },
	{ "F53", "planted", "git", "rename another file over .git/config", config_replaced },
	{ "F54", "planted", "git", "git's own way: config.lock, then rename", config_by_lock },
	{ "F55", "planted", "planted .gitlab-ci.yml", "create a missing pipeline", gitlab },
	{ "F56", "planted", "planted AGENTS.md", "create missing instructions for agents",
	  agent_text },
	{ "F57", "planted", "planted .vscode/tasks.json", "create missing editor tasks",
	  editor_tasks },
	{ "F58", "planted", "planted .vscode/tasks.json", "the same below a symlink",
	  by_symlinked_parent },
	{ "F59", "planted", "setuid", "fchmod() with setgid", setgid_file },
	{ "F60", "planted", "setuid", "mknod() of a setuid file", setuid_created },
	{ "F61", "planted", "setuid", "fchmodat2() with setuid", setuid_by_fchmodat2 },
	{ "T17", "planted", "git", "a clean filter for git", filter },
	{ "T29", "planted", "git", ".git/commondir with another configuration", common_directory },
	{ "T38", "planted", "git", ".git as a file that names another directory", git_file },
	{ "T39", "planted", "git", "a repository within the repository", nested },
	{ "T30", "planted", "git", ".git/config.worktree", worktree_config },
	{ 0 },
};
