/* gate_proc.h - what /proc says of a process that is stopped, or waits. Private to this folder. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Its number inside its own namespace; 0 when it is gone. */
uint32_t gate_proc_number(pid_t pid);
/* Behind a filter of system calls. */
bool gate_proc_has_filter(pid_t pid);
