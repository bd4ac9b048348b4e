/* Devices and the kernel's switches: opened for writing, never written. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "trick.h"

static int hold_open(const char *path)
{
	return hold_fd(open(path, O_WRONLY | O_NOCTTY));
}

static int memory(void)
{
	return hold_fd(open("/dev/mem", O_RDWR)) & hold_fd(open("/dev/port", O_RDWR));
}

static int virtual_machine(void)
{
	return hold_fd(open("/dev/kvm", O_RDWR));
}

static int disk(void)
{
	char line[512], name[128];
	FILE *list = fopen("/proc/partitions", "r");

	while (list && fgets(line, sizeof line, list))
		if (sscanf(line, "%*u %*u %*u %127s", name) == 1)
			hold_fd(open(path_of("/dev/%s", name), O_RDONLY));
	/* without /proc the usual names */
	for (const char *const *n = (const char *const[]){ "vda", "sda", "nvme0n1", "loop0", NULL };
	     *n; n++)
		hold_fd(open(path_of("/dev/%s", *n), O_RDONLY));
	return 1;
}

static int make_block_device(void)
{
	return mknod("disk", S_IFBLK | 0600, makedev(7, 0));
}

static int make_char_device(void)
{
	return mknod("mem", S_IFCHR | 0600, makedev(1, 1));
}

static int fuse(void)
{
	return hold_fd(open("/dev/fuse", O_RDWR));
}

static int tunnel(void)
{
	return hold_fd(open("/dev/net/tun", O_RDWR));
}

static int loop_control(void)
{
	return hold_fd(open("/dev/loop-control", O_RDWR));
}

static int kernel_log(void)
{
	return hold_fd(open("/dev/kmsg", O_WRONLY));
}

static int input(void)
{
	return hold_fd(open("/dev/uinput", O_WRONLY));
}

static int console(void)
{
	return hold_fd(open("/dev/console", O_WRONLY | O_NOCTTY)) &
	       hold_fd(open("/dev/tty1", O_WRONLY | O_NOCTTY));
}

static int core_pattern(void)
{
	return hold_open("/proc/sys/kernel/core_pattern");
}

static int module_helper(void)
{
	return hold_open("/proc/sys/kernel/modprobe");
}

static int sysrq(void)
{
	return hold_open("/proc/sysrq-trigger");
}

static int binfmt(void)
{
	return hold_open("/proc/sys/fs/binfmt_misc/register");
}

static int uevent_helper(void)
{
	return hold_open("/sys/kernel/uevent_helper");
}

static int uevent(void)
{
	return hold_open("/sys/class/net/lo/uevent") & hold_open("/sys/class/mem/null/uevent");
}

/* Writes to a file of this name in any control group hierarchy. */
static int control_group(const char *name)
{
	DIR *dir = opendir("/sys/fs/cgroup");

	if (!dir)
		return 1;
	hold_open(path_of("/sys/fs/cgroup/%s", name));
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
		hold_open(path_of("/sys/fs/cgroup/%s/%s", e->d_name, name));
	closedir(dir);
	return 1;
}

static int group_procs(void)
{
	return control_group("cgroup.procs");
}

static int release_agent(void)
{
	return control_group("release_agent");
}

static int etc_file(void)
{
	return hold_open("/etc/passwd") & hold_open("/etc/ld.so.cache");
}

static int toolchain_file(void)
{
	return hold_open("/usr/bin/env") & hold_open("/usr/bin/ls");
}

static int toolchain_dir(void)
{
	int fd = open("/usr/bin", O_TMPFILE | O_WRONLY, 0755);

	return hold_fd(fd);
}

/* The program that guards us, opened from inside: overwritten later, it is ours (the runc bug). */
static int launcher(void)
{
	return hold_fd(open(path_of("/proc/%d/exe", (int)getppid()), O_PATH)) &
	       hold_fd(open("/proc/1/exe", O_PATH));
}

const struct trick device_tricks[] = {
	{ "F13", "devices", "descriptor /dev/kvm", "open /dev/kvm", virtual_machine },
	{ "F14", "devices", "node", "make a block device", make_block_device },
	{ "F62", "devices", "descriptor /dev/{mem,port}", "open the machine's memory", memory },
	{ "F63", "devices", "block", "open a disk", disk },
	{ "F64", "devices", "node", "make a character device", make_char_device },
	{ "F65", "devices", "descriptor /dev/fuse", "open /dev/fuse", fuse },
	{ "F66", "devices", "descriptor /dev/net/tun", "open /dev/net/tun", tunnel },
	{ "F67", "devices", "descriptor /dev/loop-control", "open /dev/loop-control",
	  loop_control },
	{ "F68", "devices", "descriptor /dev/kmsg", "write to the kernel's log", kernel_log },
	{ "F69", "devices", "descriptor /dev/uinput", "make key presses", input },
	{ "F70", "devices", "descriptor /dev/{console,tty1}", "write to the console", console },
	{ "P10", "switches", "descriptor */sys/kernel/core_pattern",
	  "open core_pattern for writing", core_pattern },
	{ "P11", "switches", "descriptor */cgroup.procs", "open cgroup.procs for writing",
	  group_procs },
	{ "P30", "switches", "descriptor */release_agent", "open release_agent for writing",
	  release_agent },
	{ "P31", "switches", "descriptor */sys/kernel/modprobe", "open the module helper's name",
	  module_helper },
	{ "P32", "switches", "descriptor */sysrq-trigger", "open sysrq-trigger for writing",
	  sysrq },
	{ "P33", "switches", "descriptor */register", "open binfmt_misc's register", binfmt },
	{ "P34", "switches", "descriptor */uevent_helper", "open uevent_helper for writing",
	  uevent_helper },
	{ "P35", "switches", "descriptor */uevent", "open a uevent file for writing", uevent },
	{ "P36", "switches", "hostfile /etc/passwd /etc/ld.so.cache",
	  "open files of /etc for writing", etc_file },
	{ "P37", "switches", "hostfile /usr/bin/env /usr/bin/ls",
	  "open a program of the toolchain for writing", toolchain_file },
	{ "P38", "switches", "hostdev /usr/bin", "make a file beside the toolchain",
	  toolchain_dir },
	{ "T19", "switches", "launcher", "open the launcher's own program", launcher },
	{ 0 },
};
