/* lsm_none.c - lsm.h, built without what the program in the kernel is made and loaded with. */
#include "lsm.h"

const bool lsm_built = false;

int lsm_open(struct lsm **out, struct err *err)
{
	(void)out;
	return err_set(err, ERR_PERM, "this outrider-fence was built without clang or libbpf");
}

void lsm_close(struct lsm *lsm)
{
	(void)lsm;
}

int lsm_hold(struct lsm *lsm, struct lsm_ring **out, uint32_t ns, struct verdict_job *job, const struct digest *digests,
	     size_t n_digests, struct err *err)
{
	(void)out;
	(void)ns;
	(void)job;
	(void)digests;
	(void)n_digests;
	return lsm_open(&lsm, err);
}

void lsm_release(struct lsm *lsm, struct lsm_ring *ring, uint32_t ns, const struct verdict_job *job,
		 const struct digest *digests, size_t n_digests)
{
	(void)lsm;
	(void)ring;
	(void)ns;
	(void)job;
	(void)digests;
	(void)n_digests;
}

void lsm_mute(struct lsm *lsm, uint32_t ns)
{
	(void)lsm;
	(void)ns;
}

int lsm_ring_fd(const struct lsm_ring *ring)
{
	(void)ring;
	return -1;
}

bool lsm_ring_read(struct lsm_ring *ring, lsm_told *told, void *ctx)
{
	(void)ring;
	(void)told;
	(void)ctx;
	return false;
}
