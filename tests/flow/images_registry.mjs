// images_registry.mjs - a registry that lies, and a server of tokens for one that does not. Nothing real lies on request.
//
//   node images_registry.mjs liar LAYOUT            serves the image of an OCI layout, wrong in the way that the repository's name says
//   node images_registry.mjs tokens CERT KEY PASSWORD  TLS; gives tokens of docker-registry to user `bot`
//
// Prints its port. Each request is a line on standard error.
import { createHash, createPrivateKey, sign, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";

const [kind, ...rest] = process.argv.slice(2);
const sha = (bytes) => "sha256:" + createHash("sha256").update(bytes).digest("hex");

function liar(layout) {
	const blob = (digest) => readFileSync(`${layout}/blobs/sha256/${digest.slice(7)}`);
	const index = JSON.parse(readFileSync(`${layout}/index.json`));
	const manifest = blob(index.manifests[0].digest);
	const parsed = JSON.parse(manifest);
	const other = Buffer.from(JSON.stringify({ ...parsed, annotations: { other: "1" } }));
	const changed = (change) => Buffer.from(JSON.stringify({ ...parsed, ...change }));
	const type = parsed.mediaType ?? "application/vnd.oci.image.manifest.v1+json";

	// what each repository answers for its manifest: by tag, by digest
	const manifests = {
		other: [manifest, other],
		garbage: [Buffer.from("<html>")],
		neither: [Buffer.from('{"schemaVersion":1,"fsLayers":[]}')],
		both: [changed({ manifests: [] })],
		layers: [changed({ layers: Array(300).fill(parsed.layers[0]) })],
		large: [changed({ layers: [{ ...parsed.layers[0], size: 2 ** 52 }] })],
		minus: [changed({ layers: [{ ...parsed.layers[0], size: -1 }] })],
		nothash: [changed({ layers: [{ ...parsed.layers[0], digest: "sha256:../../../../etc/passwd" }] })],
		long: [Buffer.alloc(40 << 20, " ")],
	};

	function endless(response) {
		const bytes = Buffer.alloc(1 << 16, "x");
		const more = () => {
			while (!response.destroyed && response.write(bytes));
			if (!response.destroyed) response.once("drain", more);
		};
		response.writeHead(200, { "content-type": "application/octet-stream" });
		more();
	}
	const redirect = (to) => (response) => response.writeHead(307, { location: to }).end();
	const blobs = {
		bytes: (response, digest) => { const b = Buffer.from(blob(digest)); b[b.length >> 1] ^= 1; response.end(b); },
		short: (response, digest) => response.end(blob(digest).subarray(0, 100)),
		endless,
		metadata: redirect("http://169.254.169.254/latest/meta-data/"),
		inside: redirect("http://10.0.0.1/secret"),
		elsewhere: redirect("https://elsewhere.example/blob"),
		file: redirect("file:///etc/passwd"),
	};

	return http.createServer((request, response) => {
		const m = /^\/v2\/([a-z]+)\/(manifests|blobs)\/(.+)$/.exec(request.url);

		console.error(`${request.method} ${request.url}`);
		if (!m) return response.writeHead(request.url === "/v2/" ? 200 : 404).end();
		const [, name, what, which] = m;
		if (what === "manifests") {
			const said = manifests[name] ?? [manifest];
			const bytes = which.startsWith("sha256:") ? said.at(-1) : said[0];
			response.writeHead(200, { "content-type": type, "docker-content-digest": sha(said[0]) });
			return response.end(request.method === "HEAD" ? undefined : bytes);
		}
		if (blobs[name]) return blobs[name](response, which);
		response.end(blob(which));
	});
}

function tokens(certFile, keyFile, password) {
	const cert = readFileSync(certFile), pem = readFileSync(keyFile), key = createPrivateKey(pem);
	const der = new X509Certificate(cert).raw.toString("base64");
	const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

	return https.createServer({ cert, key: pem }, (request, response) => {
		const url = new URL(request.url, "https://localhost");
		const login = "Basic " + Buffer.from(`bot:${password}`).toString("base64");

		console.error(`${request.method} ${request.url}`);
		if (request.headers.authorization !== login) return response.writeHead(401).end();
		const access = url.searchParams.getAll("scope").map((scope) => {
			const [type, name, actions] = scope.split(":");
			return { type, name, actions: actions.split(",") };
		});
		const now = Math.floor(Date.now() / 1000);
		const head = part({ typ: "JWT", alg: "RS256", x5c: [der] }) + "." + part({ iss: "test", sub: "bot", aud: "registry",
			exp: now + 300, nbf: now - 60, iat: now, jti: "1", access });
		const token = head + "." + sign("sha256", Buffer.from(head), key).toString("base64url");
		response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ token }));
	});
}

const server = { liar, tokens }[kind](...rest);
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
