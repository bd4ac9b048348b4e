/* github.c - GitHub, in the cloud and as Enterprise Server. */
#include "github.h"

static int check(const struct forge_config *config, struct err *err)
{
	if (config->token.len && config->private_key.len)
		return err_input(err, "either a token or an App's private key, not both");
	if (config->private_key.len && !config->app_id.len)
		return err_input(err, "a private key needs the App's client id (app_id)");
	if (config->app_id.len && !config->private_key.len && !config->token.len)
		return err_input(err, "app_id needs the App's private key");
	if (config->private_key.len && !github_key_is_valid(config->private_key))
		return err_input(err, "the private key is no RSA key in PEM");
	return 0;
}

static int verify(const struct forge_config *config, const struct forge_delivery *delivery,
		  struct err *err)
{
	const struct secrets secrets = { config->secrets, config->n_secrets };
	struct str signature = http_header_get(delivery->headers, STR("X-Hub-Signature-256"));

	if (!signature.len)
		return err_set(err, ERR_PERM,
			       "no X-Hub-Signature-256: is a secret set on the webhook?");
	if (!signature_sha256(&secrets, signature, delivery->body))
		return err_set(err, ERR_PERM,
			       "X-Hub-Signature-256 does not fit the body and our secrets");
	return 0;
}

static int probe(struct forge *forge, struct arena *mem, unsigned *abilities, struct err *err)
{
	(void)mem;
	(void)err;
	/* only an App may write checks and see deliveries; a minted token cannot be told from a personal one but by its head */
	if (!forge->config.private_key.len) {
		*abilities &= ~(unsigned)FORGE_REDELIVERY;
		if (!str_starts(forge->config.token, STR("ghs_")) && !forge->config.app_id.len)
			*abilities &= ~(unsigned)FORGE_CHECKS;
	}
	return 0;
}

const struct forge_type forge_github = {
	.name = "github",
	.label = "GitHub",
	.public_api = "https://api.github.com",
	.abilities = FORGE_RANGES | FORGE_SUGGESTIONS | FORGE_RESOLVE | FORGE_CHECKS |
		     FORGE_REACTIONS | FORGE_REPLIES | FORGE_REDELIVERY | FORGE_SIGNED | FORGE_GIT |
		     FORGE_PULL_REFS,
	/* docs.github.com, "Rate limits for the REST API": the lowest of each, for they cannot be asked for */
	.limits = { .buckets = { [BUCKET_REQUESTS] = { 5000, 3600 * 1000 },
				 [BUCKET_POINTS] = { 900, 60 * 1000 },
				 [BUCKET_CONTENT] = { 80, 60 * 1000 },
				 [BUCKET_CONTENT_HOUR] = { 500, 3600 * 1000 } },
		    .concurrent = 50 },
	.check = check,
	.verify = verify,
	.parse = github_parse,
	.lower = github_lower,
	.lower_started = github_lower_started,
	.lower_comment = github_lower_comment,
	.lower_reply = github_lower_reply,
	.lower_reaction = github_lower_reaction,
	.split = github_split,
	.git = github_git,
	.authorize = github_authorize,
	.probe = probe,
	.token = github_token,
	.forget = github_forget,
	.whoami = github_whoami,
	.pull = github_pull,
	.pulls = github_pulls,
	.threads = github_threads,
	.summary = github_summary,
	.permission = github_permission,
	.find = github_find,
	.sweep = github_sweep,
};
