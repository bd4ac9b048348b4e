/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * exec.bpf.c - the exec gate in the kernel: decides at each start of a program in a fenced job (verdict.h). Never waits, and asks nobody:
 * the kernel itself hashes the file that it is about to run, whose bytes nobody can write from here on.
 *
 * A loader that is run as a program (ld.so PROGRAM) cannot be told by its start: it looks like a static program that may be loaded
 * anywhere. It is told by what it does. A program for which the kernel opened no interpreter has all its code in its own file; when
 * it maps another file to run it, it is a loader.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "kernel_maps.h"
#include "kernel_types.h"
#include "verdict.h"

/* What the kernel lends functions for to programs under this licence alone. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum {
	EPERM = 1,
	SIGKILL = 9,
	S_PRIVILEGED = 06000,        /* setuid, setgid */
	S_IFMT = 0170000,
	S_IFREG = 0100000,
	MNT_NOEXEC = 4,
	MNT_READONLY = 0x40,
	SB_RDONLY = 1,
	OVERLAYFS_MAGIC = 0x794c7630,
	FMODE_WRITE = 2,
	FOR_EXEC = 0x20,             /* __FMODE_EXEC: in no flag of open() */
	PROT_EXEC = 4,
	HASH_ALGO_SHA256 = 4,
	LEVELS = 32,                 /* MAX_PID_NS_LEVEL */
	ET_DYN = 3,
	E_TYPE = 16,
};
#define LARGEST (1LL << 30) /* DIGEST_MAX_FILE */
#define SECOND  1000000000LL

static struct verdict_setup *setup_get(void)
{
	const __u32 first = 0;

	return bpf_map_lookup_elem(&setup, &first);
}

/* A new one, unless the task has one. */
static struct start *start_make(struct task_struct *task)
{
	const __u64 key = (__u64)task;
	const __u32 first = 0;
	struct start *empty = bpf_map_lookup_elem(&blank, &first);

	if (empty)
		bpf_map_update_elem(&starts, &key, empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(&starts, &key);
}

static struct start *start_get(struct task_struct *task)
{
	const __u64 key = (__u64)task;

	return bpf_map_lookup_elem(&starts, &key);
}

static void start_end(struct task_struct *task)
{
	const __u64 key = (__u64)task;

	bpf_map_delete_elem(&starts, &key);
}

/* Number and namespace of a process on one level, 0 being the machine's. */
static __always_inline struct upid number_at(struct pid *pid, __u32 level)
{
	struct upid out = { 0 };
	void *at = (void *)pid + bpf_core_field_offset(struct pid, numbers) + (__u64)level * bpf_core_type_size(struct upid);

	if (level <= BPF_CORE_READ(pid, level)) {
		bpf_probe_read_kernel(&out.nr, sizeof out.nr, at + bpf_core_field_offset(struct upid, nr));
		bpf_probe_read_kernel(&out.ns, sizeof out.ns, at + bpf_core_field_offset(struct upid, ns));
	}
	return out;
}

struct found {
	struct verdict_job *job; /* NULL: the task is of no job */
	__u32               ns, level;
};

static __always_inline struct found job_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct pid_namespace *ns = number_at(pid, BPF_CORE_READ(pid, level)).ns;
	struct found out = { 0 };

	for (int i = 0; i < LEVELS && ns; i++) {
		out.ns = BPF_CORE_READ(ns, ns.inum);
		out.level = BPF_CORE_READ(ns, level);
		out.job = bpf_map_lookup_elem(&jobs, &out.ns);
		if (out.job)
			break;
		ns = BPF_CORE_READ(ns, parent);
	}
	return out;
}

static __s64 changed_ns(struct inode *inode)
{
	struct inode___6_6 *second = (void *)inode;
	struct inode___6_11 *third = (void *)inode;

	/* the topmost bit of the nanoseconds says that somebody has looked at them */
	if (bpf_core_field_exists(third->i_ctime_nsec))
		return BPF_CORE_READ(third, i_ctime_sec) * SECOND + (BPF_CORE_READ(third, i_ctime_nsec) & 0x7fffffff);
	if (bpf_core_field_exists(second->__i_ctime))
		return BPF_CORE_READ(second, __i_ctime.tv_sec) * SECOND + BPF_CORE_READ(second, __i_ctime.tv_nsec);
	return BPF_CORE_READ(inode, i_ctime.tv_sec) * SECOND + BPF_CORE_READ(inode, i_ctime.tv_nsec);
}

static bool is_readonly(struct file *file)
{
	return (BPF_CORE_READ(file, f_path.mnt, mnt_flags) & MNT_READONLY) ||
	       (BPF_CORE_READ(file, f_inode, i_sb, s_flags) & SB_RDONLY);
}

/* Whether the file is where the job may write. */
static bool is_writable(struct file *file, const struct verdict_job *job)
{
	void *mount = (void *)BPF_CORE_READ(file, f_path.mnt) - bpf_core_field_offset(struct mount, mnt);
	const __u32 id = (__u32)BPF_CORE_READ((struct mount *)mount, mnt_id);

	for (__u32 i = 0; i < VERDICT_MOUNTS && i < job->n_mounts; i++)
		if (job->mounts[i] == id)
			return true;
	return false;
}

static __u32 origin_of(struct file *file, const struct verdict_job *job)
{
	if (is_writable(file, job))
		return changed_ns(file->f_inode) > (__s64)job->began_ns - VERDICT_SETTLE_NS ? VERDICT_FRESH : VERDICT_BROUGHT;
	return is_readonly(file) ? VERDICT_TOOLCHAIN : VERDICT_ELSEWHERE;
}

/* An inode of overlayfs does not always learn when the file below it is changed. */
static bool tells_changes(struct file *file)
{
	return is_readonly(file) || BPF_CORE_READ(file, f_inode, i_sb, s_magic) != OVERLAYFS_MAGIC;
}

static bool hash(__u8 out[VERDICT_SHA256], struct file *file)
{
	const struct verdict_setup *s = setup_get();
	struct inode *inode = file->f_inode;
	struct program now = { .size = BPF_CORE_READ(inode, i_size), .ctime_ns = changed_ns(inode) };
	struct program *before = bpf_inode_storage_get(&programs, inode, 0, 0);

	if (!s || now.size > LARGEST)
		return false;
	if (before && before->settled && before->size == now.size && before->ctime_ns == now.ctime_ns) {
		__builtin_memcpy(out, before->digest, VERDICT_SHA256);
		return true;
	}
	now.settled = tells_changes(file) && (__s64)bpf_ktime_get_tai_ns() + s->leap_ns - now.ctime_ns > VERDICT_SETTLE_NS;
	if (bpf_ima_file_hash(file, now.digest, sizeof now.digest) != HASH_ALGO_SHA256)
		return false;
	__builtin_memcpy(out, now.digest, VERDICT_SHA256);
	if (before)
		bpf_inode_storage_delete(&programs, inode);
	bpf_inode_storage_get(&programs, inode, &now, BPF_LOCAL_STORAGE_GET_F_CREATE);
	return true;
}

static void find_facts(struct verdict_event *event, struct file *file, const struct verdict_job *job)
{
	struct verdict_listed entry = { .id = job->id };
	struct inode *inode = file->f_inode;
	const struct digest *writer;

	event->origin = origin_of(file, job);
	event->facts = BPF_CORE_READ(inode, i_nlink) ? 0 : VERDICT_DELETED;
	if (BPF_CORE_READ(inode, i_mode) & S_PRIVILEGED)
		event->facts |= VERDICT_PRIVILEGED;
	if (!hash(event->digest, file))
		return;
	event->facts |= VERDICT_DIGESTED;
	__builtin_memcpy(entry.digest, event->digest, VERDICT_SHA256);
	if (bpf_map_lookup_elem(&listed, &entry))
		event->facts |= VERDICT_LISTED;
	writer = bpf_inode_storage_get(&writers, inode, 0, 0);
	event->written = event->origin == VERDICT_FRESH && writer;
	if (writer)
		__builtin_memcpy(event->writer, writer->bytes, VERDICT_SHA256);
}

static void decide(struct verdict_event *event, const struct verdict_job *job)
{
	const __u32 at = event->origin * VERDICT_FACTS + event->facts;

	event->rule = at < sizeof job->rule ? job->rule[at] : 1;
	event->denied = event->rule && job->enforced;
}

/* Numbers of the current process, for the helper and inside. */
static void number(struct verdict_event *event, const struct found *found)
{
	struct pid *pid = BPF_CORE_READ(bpf_get_current_task_btf(), group_leader, thread_pid);

	event->inside = (__u32)number_at(pid, found->level).nr;
	event->pid = found->level >= found->job->depth ? (__u32)number_at(pid, found->level - found->job->depth).nr : 0;
}

/* What cannot be written down does not happen: false when nobody reads. */
static bool tell(struct report *report, const struct found *found)
{
	const __u32 ns = found->ns;
	void *ring = bpf_map_lookup_elem(&rings, &ns);
	__u64 size = (__u64)report->event.script_size + report->event.path_size;

	if (size > sizeof report->text)
		size = sizeof report->text;
	return ring && bpf_ringbuf_output(ring, report, sizeof report->event + size, 0) == 0;
}

/* Of the helper's own child: whether the kernel calls us, and how it hashes. */
static void try_out(struct linux_binprm *bprm)
{
	struct verdict_setup *s = setup_get();
	struct pid *pid = BPF_CORE_READ(bpf_get_current_task_btf(), thread_pid);
	struct upid here;

	if (!s || !s->probe_pid)
		return;
	here = number_at(pid, BPF_CORE_READ(pid, level));
	if (s->probe_pid == (__u32)here.nr && s->probe_ns == BPF_CORE_READ(here.ns, ns.inum))
		s->probe_algo = (__s32)bpf_ima_file_hash(bprm->file, s->probe_digest, VERDICT_SHA256);
}

static __u32 path_of(char *out, struct file *file)
{
	const long n = bpf_d_path(&file->f_path, out, VERDICT_TEXT);

	return n > 0 && n <= VERDICT_TEXT ? (__u32)n : 0;
}

static int judge(struct linux_binprm *bprm, struct start *start, const struct found *found)
{
	struct verdict_event *event = &start->lone.report.event;
	__u32 script = event->script_size;

	/* a program that a script or its like is handed to is named by the kernel, not by who starts it */
	if (!start->of_script || bprm->interp == bprm->filename || script > VERDICT_TEXT)
		script = 0;
	__builtin_memset(event, 0, sizeof *event);
	event->script_size = script;
	event->path_size = path_of(start->lone.report.text + script, bprm->file);
	start->of_script = start->interpreted = 0;
	/* in the byte order of whoever runs it */
	start->may_load = (bprm->buf[E_TYPE] | bprm->buf[E_TYPE + 1]) == ET_DYN;
	start->lone.ns = found->ns;
	number(event, found);
	find_facts(event, bprm->file, found->job);
	decide(event, found->job);
	if (tell(&start->lone.report, found) && !event->denied)
		return 0;
	bpf_send_signal(SIGKILL);
	return -EPERM;
}

/* For each file that execve() comes to: a script, then its interpreter. */
SEC("lsm.s/bprm_check_security")
int BPF_PROG(on_program, struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct found found = job_of(task);
	struct start *start;

	try_out(bprm);
	if (!found.job)
		return 0;
	start = start_get(task);
	/* no room to judge in */
	if (!start)
		return -EPERM;
	if (bprm->buf[0] != '#' || bprm->buf[1] != '!')
		return judge(bprm, start, &found);
	start->of_script = 1;
	start->lone.report.event.script_size = path_of(start->lone.report.text, bprm->file);
	return 0;
}

/*
 * The file is about to be written. What was known of it is forgotten: a memory file system tells of no write through a mapping. Its writer is
 * kept where a program can be started.
 */
static void note_writer(struct task_struct *task, struct file *file, const struct verdict_job *job)
{
	struct inode *inode = file->f_inode;
	struct program *self;
	struct digest *writer;

	bpf_inode_storage_delete(&programs, inode);
	bpf_inode_storage_delete(&writers, inode);
	if ((inode->i_mode & S_IFMT) != S_IFREG || (BPF_CORE_READ(file, f_path.mnt, mnt_flags) & MNT_NOEXEC) ||
	    !is_writable(file, job) || !task->mm || !task->mm->exe_file)
		return;
	self = bpf_inode_storage_get(&programs, task->mm->exe_file->f_inode, 0, 0);
	writer = self ? bpf_inode_storage_get(&writers, inode, 0, BPF_LOCAL_STORAGE_GET_F_CREATE) : 0;
	if (writer)
		__builtin_memcpy(writer->bytes, self->digest, VERDICT_SHA256);
}

/* Of an opened file: an interpreter that a program asks for, or one that is about to be written. */
SEC("lsm/file_open")
int BPF_PROG(on_open, struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const __u32 flags = file->f_flags, mode = file->f_mode;
	struct verdict_job *job;
	struct start *start;

	if (!(flags & FOR_EXEC) && !(mode & FMODE_WRITE))
		return 0;
	job = job_of(task).job;
	if (!job)
		return 0;
	if (!(flags & FOR_EXEC)) {
		note_writer(task, file, job);
		return 0;
	}
	start = start_make(task);
	if (start)
		start->interpreted = 1;
	return 0;
}

/* The program will run: now it is known whether an interpreter was opened for it. */
SEC("lsm/bprm_committed_creds")
int BPF_PROG(on_commit, struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct inode *inode = bprm->file->f_inode;
	struct start *start;

	if (!job_of(task).job)
		return 0;
	start = start_get(task);
	bpf_inode_storage_delete(&alone, inode);
	if (start && start->may_load && !start->interpreted)
		bpf_inode_storage_get(&alone, inode, &start->lone, BPF_LOCAL_STORAGE_GET_F_CREATE);
	start_end(task);
	return 0;
}

/* One that failed to start a program, or never tried. */
SEC("lsm/task_free")
int BPF_PROG(on_free, struct task_struct *task)
{
	start_end(task);
	return 0;
}

/* Code of another file than its own, in a program that has no interpreter. */
static int load(struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct found found = job_of(task);
	struct report *report;
	struct inode *self;
	struct lone *lone;

	if (!found.job || !task->mm || !task->mm->exe_file)
		return 0;
	self = task->mm->exe_file->f_inode;
	if (self == file->f_inode)
		return 0;
	lone = bpf_inode_storage_get(&alone, self, 0, 0);
	if (!lone)
		return 0;
	report = &lone->report;
	if (lone->ns != found.ns)
		report->event.script_size = report->event.path_size = 0;
	lone->ns = found.ns;
	report->event.facts |= VERDICT_LOADER;
	number(&report->event, &found);
	decide(&report->event, found.job);
	if (!tell(report, &found) || report->event.denied)
		return -EPERM;
	return 0;
}

SEC("lsm/mmap_file")
int BPF_PROG(on_map, struct file *file, unsigned long asked, unsigned long prot)
{
	return file && (prot & PROT_EXEC) ? load(file) : 0;
}

SEC("lsm/file_mprotect")
int BPF_PROG(on_protect, struct vm_area_struct *area, unsigned long asked, unsigned long prot)
{
	struct file *file = prot & PROT_EXEC ? area->vm_file : 0;

	return file ? load(file) : 0;
}
