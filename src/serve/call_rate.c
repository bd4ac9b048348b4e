/* call_rate.c - the budget of a forge's credential, shared by all jobs of all nodes. */
#include "call.h"
#include "forge/limiter.h"
#include "store/rates.h"

/* The scarcest first, so that what a refusal wastes is plenty. */
static const struct budget {
	enum bucket_kind kind;
	const char      *name;
	int64_t          read, write, content; /* cost of a request */
} budgets[] = {
	{ BUCKET_CONTENT_HOUR, "content-hour", 0, 0, 1 },
	{ BUCKET_CONTENT, "content-minute", 0, 0, 1 },
	{ BUCKET_POINTS, "points-minute", 1, 5, 5 },
	{ BUCKET_REQUESTS, "requests", 1, 1, 1 },
};

static int take(struct call *call, const struct budget *budget, struct str credential, int64_t *wait,
		struct err *err)
{
	const json_t *bucket = json_array_get(json_object_get(call->in, "buckets"), budget->kind);
	struct rate rate = { .credential = credential, .bucket = str_of(budget->name),
			     .limit = body_int(bucket, "size"), .period = body_int(bucket, "refill") };
	int64_t cost = body_bool(call->in, "content") ? budget->content :
		       body_bool(call->in, "writes")  ? budget->write :
							budget->read;

	*wait = 0;
	if (rate.limit <= 0 || cost == 0)
		return 0;
	return rates_take(call->store, &rate, cost, call->now, wait, err);
}

int call_rate(struct call *call, struct err *err)
{
	struct str credential = body_str(call->mem, call->in, "credential");
	int64_t wait = 0;

	if (credential.len == 0)
		return err_input(err, "a budget without a credential");
	for (size_t i = 0; i < COUNT(budgets) && wait == 0; i++)
		if (take(call, &budgets[i], credential, &wait, err))
			return -1;
	json_object_set_new(call->out, "wait", json_integer(wait));
	return 0;
}

/* The forge itself said "later". */
int call_blocked(struct call *call, struct err *err)
{
	enum { MOST = 24 * 3600 * 1000 };
	struct rate rate = { .credential = body_str(call->mem, call->in, "credential"),
			     .bucket = STR("requests") };
	int64_t wait = body_int(call->in, "wait");

	if (rate.credential.len == 0 || wait < 0 || wait > MOST)
		return err_input(err, "a block without a credential or of more than a day");
	return rates_block(call->store, &rate, call->now + wait, call->now, err);
}
