/* System V and POSIX objects, and keyrings: things without a path. */
#include <fcntl.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trick.h"

enum { KEYCTL_READ = 11, KEYCTL_SEARCH = 10, SESSION_KEYRING = -3, USER_KEYRING = -4 };

static int shared_memory(void)
{
	int id = shmget((key_t)given_number("shm"), 0, 0);
	const void *memory = id < 0 ? (const void *)-1 : shmat(id, NULL, SHM_RDONLY);

	if (memory == (const void *)-1)
		return 1;
	say_bytes(memory, 64);
	return 0;
}

static int shared_memory_by_id(void)
{
	struct shmid_ds info;
	int found = 1;

	for (int i = 0; i < 4096; i++) {
		int id = shmctl(i, SHM_STAT, &info);
		const void *memory = id < 0 ? (const void *)-1 : shmat(id, NULL, SHM_RDONLY);

		if (memory == (const void *)-1)
			continue;
		say_bytes(memory, 64);
		shmdt(memory);
		found = 0;
	}
	return found;
}

static int message_queue(void)
{
	char bytes[8192];
	int fd = (int)syscall(SYS_mq_open, given("mq"), O_RDONLY | O_NONBLOCK, 0, NULL);
	long n = fd < 0 ? -1 : syscall(SYS_mq_timedreceive, fd, bytes, sizeof bytes, NULL, NULL);

	if (n <= 0)
		return 1;
	say_bytes(bytes, (size_t)n);
	return 0;
}

static int message_queue_sysv(void)
{
	struct {
		long type;
		char text[64];
	} message;
	int id = msgget((key_t)given_number("shm"), 0);
	ssize_t n = id < 0 ? -1 : msgrcv(id, &message, sizeof message.text, 0, IPC_NOWAIT);

	if (n <= 0)
		return 1;
	say_bytes(message.text, (size_t)n);
	return 0;
}

static int read_key(int keyring)
{
	char bytes[128];
	long key = syscall(SYS_keyctl, KEYCTL_SEARCH, keyring, "user", given("key"), 0);
	long n = key < 0 ? -1 : syscall(SYS_keyctl, KEYCTL_READ, key, bytes, sizeof bytes);

	if (n <= 0)
		return 1;
	say_bytes(bytes, (size_t)n < sizeof bytes ? (size_t)n : sizeof bytes);
	return 0;
}

static int session_key(void)
{
	return read_key(SESSION_KEYRING);
}

static int request_key(void)
{
	char bytes[128];
	long key = syscall(SYS_request_key, "user", given("key"), NULL, 0);
	long n = key < 0 ? -1 : syscall(SYS_keyctl, KEYCTL_READ, key, bytes, sizeof bytes);

	if (n <= 0)
		return 1;
	say_bytes(bytes, (size_t)n < sizeof bytes ? (size_t)n : sizeof bytes);
	return 0;
}

static int add_key(int keyring)
{
	return syscall(SYS_add_key, "user", given("token"), "x", 1, keyring) < 0;
}

static int add_session_key(void)
{
	return add_key(SESSION_KEYRING);
}

static int add_user_key(void)
{
	return add_key(USER_KEYRING);
}

const struct trick ipc_tricks[] = {
	{ "I01", "ipc", "secret", "System V shared memory of the host, by key", shared_memory },
	{ "I02", "ipc", "secret", "System V shared memory, by number", shared_memory_by_id },
	{ "I03", "ipc", "secret", "a System V message queue of the host", message_queue_sysv },
	{ "I04", "ipc", "secret", "a POSIX message queue of the host", message_queue },
	{ "K07", "keyrings", "key session", "add a key to the inherited session keyring",
	  add_session_key },
	{ "K16", "keyrings", "secret", "read a key of the session keyring", session_key },
	{ "K17", "keyrings", "secret", "request_key()", request_key },
	{ "K19", "keyrings", "key user", "add a key to the user's keyring", add_user_key },
	{ 0 },
};
