/*
 * wire.h - the messages between broker and worker. Pure: bytes in, struct out.
 *
 *   worker -> broker                          broker -> worker
 *   HELLO(name, body)                         WHO                  say HELLO: I do not know you (any more)
 *   READY(count)                              JOB(id, token, count, time, name, body)
 *   PROGRESS(id, token, count, name, body)    GRANT(id, token, count, time, code), or NACK
 *   RESULT(id, token, code, time, body)       ACK(id, token) after the commit, or NACK(id, token)
 *   CALL(id, token, count, name, body)        REPLY(id, count, code, body)
 *   PING, PONG, BYE                           CANCEL(id, token, code), DRAIN, PING, PONG
 *
 * HELLO   name: worker id; body: JSON {host, version, slots, kinds}
 * READY   count and time: see credit.h. Sent when a slot becomes free, and as the heartbeat
 * JOB     time: ms left of the lease when it was sent; name: kind; body: JSON; count: serial number, see credit.h
 * PROGRESS  name: stage; body: JSON or empty; count: number of the question, see lease.h. GRANT repeats it with time: ms from the
 *         question to the new deadline, code: enum job_stop
 * RESULT  code: enum job_outcome; time: for OUTCOME_SNOOZED ms to wait; body: JSON {error, result, ...}. Sent again until it is answered
 * CALL    a question of a running job to the broker (outbox, rate budget, a forge token, what is known about a pull):
 *         name: which; count: number of the question. REPLY has the same id and count; code 0, or 1 + enum err_kind with the text as body
 * NACK    the token is stale: let go of the job, do nothing more for it
 * CANCEL  code: enum job_stop
 * DRAIN   take no more jobs, finish, say BYE
 *
 * A message is one ZeroMQ frame: 44 bytes of header, little-endian, then name and body:
 *   0 "OR"  2 version  3 kind  4 code u16  6 length of name u16  8 count u32  12 length of body u32
 *   16 id i64  24 token i64  32 time i64  40 reserved u32, zero
 * Fields that a kind does not have are zero, so that a message has one form only.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum wire_kind {
	WIRE_HELLO = 1,
	WIRE_WHO,
	WIRE_READY,
	WIRE_JOB,
	WIRE_PROGRESS,
	WIRE_RESULT,
	WIRE_GRANT,
	WIRE_ACK,
	WIRE_NACK,
	WIRE_CANCEL,
	WIRE_CALL,
	WIRE_REPLY,
	WIRE_DRAIN,
	WIRE_PING,
	WIRE_PONG,
	WIRE_BYE,
	WIRE_KINDS,
};

enum {
	WIRE_VERSION = 1,
	WIRE_HEADER = 44,        /* bytes */
	WIRE_MAX_NAME = 256,     /* worker ids, kinds, stages, calls: a word or two */
	WIRE_MAX_BODY = 8 << 20, /* the largest is a result with its decisions: JOB_MAX_RESULT and as much again for escapes */
	WIRE_MAX = WIRE_HEADER + WIRE_MAX_NAME + WIRE_MAX_BODY,
};

struct wire {
	enum wire_kind kind;
	uint16_t       code;
	uint32_t       count;
	int64_t        id;    /* of the job; not negative */
	int64_t        token; /* not negative */
	int64_t        time;  /* ms, a duration: clocks of two machines are never compared. Not negative */
	struct str     name;
	struct str     body;  /* UTF-8, no NUL */
};

/* "HELLO", ...: for logs. */
const char *wire_kind_name(enum wire_kind kind);
/* Appends the message. ERR_INPUT for one over a cap or with a field that its kind does not have. */
int wire_encode(struct buf *out, const struct wire *message, struct err *err);
/* Name and body point into `bytes`. ERR_INPUT says what is wrong; an other version is said as such. */
int wire_decode(struct wire *out, struct str bytes, struct err *err);
