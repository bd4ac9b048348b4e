#include "egress/client.h"

#include "base/scope.h"

/*
 * {port}: the forwarder's. {pem}, {jks}: files in the job's view; a row that names one is left out
 * when there is
 * none. Clients disagree about the case of the first ones. NO_PROXY names loopback alone: that is
 * the job's own, where
 * its tests start servers, and leads nowhere else.
 */
static const char *const rows[] = {
	"HTTP_PROXY=http://127.0.0.1:{port}",
	"HTTPS_PROXY=http://127.0.0.1:{port}",
	"ALL_PROXY=http://127.0.0.1:{port}",
	"http_proxy=http://127.0.0.1:{port}",
	"https_proxy=http://127.0.0.1:{port}",
	"all_proxy=http://127.0.0.1:{port}",
	"NO_PROXY=localhost,127.0.0.1,::1",
	"no_proxy=localhost,127.0.0.1,::1",
	/*
	 * OpenSSL and what is built on it; curl; Python's requests and pip; Node; git; cargo; AWS;
	 * Ruby's bundler; Deno; Nix
	 */
	"SSL_CERT_FILE={pem}",
	"CURL_CA_BUNDLE={pem}",
	"REQUESTS_CA_BUNDLE={pem}",
	"PIP_CERT={pem}",
	"NODE_EXTRA_CA_CERTS={pem}",
	"GIT_SSL_CAINFO={pem}",
	"CARGO_HTTP_CAINFO={pem}",
	"AWS_CA_BUNDLE={pem}",
	"BUNDLE_SSL_CA_CERT={pem}",
	"DENO_CERT={pem}",
	"NIX_SSL_CERT_FILE={pem}",
	"npm_config_cafile={pem}",
	/* Node's own fetch knows the variables above from version 22.21 and 24 on, when told */
	"NODE_USE_ENV_PROXY=1",
	"npm_config_proxy=http://127.0.0.1:{port}",
	"npm_config_https_proxy=http://127.0.0.1:{port}",
	"PIP_PROXY=http://127.0.0.1:{port}",
	"PIP_DISABLE_PIP_VERSION_CHECK=1",
	"CARGO_HTTP_PROXY=http://127.0.0.1:{port}",
	/* the broker speaks HTTP/1.1 only */
	"CARGO_HTTP_MULTIPLEXING=false",
	/* libgit2 within cargo would not know the trust file */
	"CARGO_NET_GIT_FETCH_WITH_CLI=true",
	"GIT_TERMINAL_PROMPT=0",
	/* Maven's transport asks the properties below only when told */
	"MAVEN_OPTS=-Daether.connector.http.useSystemProperties=true"
	" -Daether.transport.apache.useSystemProperties=true",
	"JAVA_TOOL_OPTIONS=-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort={port}"
	" -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort={port}"
	" -Dhttp.nonProxyHosts=localhost|127.*|[::1]{jks}",
};

static const char trust_store[] = " -Djavax.net.ssl.trustStorePassword=changeit"
				  " -Djavax.net.ssl.trustStore=";

static void add_place(struct buf *out, struct str place, const struct client_view *view)
{
	if (str_eq(place, STR("port")))
		buf_printf(out, "%u", (unsigned)view->port);
	else if (str_eq(place, STR("pem")))
		buf_printf(out, "%s", view->pem);
	else if (view->jks)
		buf_printf(out, "%s%s", trust_store, view->jks);
}

static const char *fill(struct arena *mem, struct str row, const struct client_view *view)
{
	AUTO_BUF struct buf out = { 0 };
	struct str part;

	while (str_cut(&row, '{', &part)) {
		struct str place;

		buf_add(&out, part);
		if (row.len && str_cut(&row, '}', &place))
			add_place(&out, place, view);
	}
	return arena_z(mem, buf_str(&out));
}

struct client_vars client_env(struct arena *mem, const struct client_view *view)
{
	struct client_vars vars = { 0 };

	for (size_t i = 0; i < COUNT(rows); i++)
		if (view->pem || !strstr(rows[i], "{pem}"))
			ARENA_PUSH(mem, &vars, fill(mem, str_of(rows[i]), view));
	return vars;
}
