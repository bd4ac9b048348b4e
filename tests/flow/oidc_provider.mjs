// oidc_provider.mjs CLIENT SECRET: a small login service on a port of its own, which is the first line of the output. Ends with its
// standard input. /authorize lets everybody in at once; its parameter `mode` says what is wrong with the token that follows, `claims` (JSON)
// is added to it. Codes are for one use, the verifier must fit the challenge, the client must show its secret.
import http from "node:http";
import crypto from "node:crypto";

const [client, secret] = process.argv.slice(2);
const rsa = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
const other = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
const small = crypto.generateKeyPairSync("rsa", { modulusLength: 1024 });
const late = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
let published = 3;
const jwk = (pair, kid, alg) => ({ ...pair.publicKey.export({ format: "jwk" }), kid, alg, use: "sig" });
const keys = [jwk(rsa, "r1", "RS256"), jwk(ec, "e1", "ES256"), jwk(small, "s1", "RS256"), jwk(late, "l1", "RS256")];
const b64 = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const codes = new Map();
let issuer;

// How a token is signed, by mode; the others are signed well.
const signed = (head, body, key, more = {}) => `${head}.${body}.${crypto.sign("sha256", Buffer.from(`${head}.${body}`), { key, ...more }).toString("base64url")}`;
const makers = {
	es256: (body) => signed(b64({ alg: "ES256", kid: "e1" }), body, ec.privateKey, { dsaEncoding: "ieee-p1363" }),
	es256_der: (body) => signed(b64({ alg: "ES256", kid: "e1" }), body, ec.privateKey),
	wrong_key: (body) => signed(b64({ alg: "RS256", kid: "r1" }), body, other.privateKey),
	unknown_key: (body) => signed(b64({ alg: "RS256", kid: "r9" }), body, other.privateKey),
	small_key: (body) => signed(b64({ alg: "RS256", kid: "s1" }), body, small.privateKey),
	new_key: (body) => { published = 4; return signed(b64({ alg: "RS256", kid: "l1" }), body, late.privateKey); },
	confused: (body) => signed(b64({ alg: "ES256", kid: "r1" }), body, rsa.privateKey),
	none: (body) => `${b64({ alg: "none" })}.${body}.`,
	none_signed: (body) => `${b64({ alg: "none", kid: "r1" })}.${body}.AAAA`,
	hs256: (body) => {
		const head = b64({ alg: "HS256", kid: "r1" });
		const key = rsa.publicKey.export({ type: "spki", format: "pem" });
		return `${head}.${body}.${crypto.createHmac("sha256", key).update(`${head}.${body}`).digest("base64url")}`;
	},
	hs256_secret: (body) => {
		const head = b64({ alg: "HS256" });
		return `${head}.${body}.${crypto.createHmac("sha256", secret).update(`${head}.${body}`).digest("base64url")}`;
	},
	changed: (body) => {
		const [head, , sign] = makers.good(body).split(".");
		return `${head}.${b64({ ...JSON.parse(Buffer.from(body, "base64url")), groups: ["admins", "more"] })}.${sign}`;
	},
	critical: (body) => signed(b64({ alg: "RS256", kid: "r1", crit: ["x"], x: 1 }), body, rsa.privateKey),
	rubbish: () => "no.token",
	good: (body) => signed(b64({ alg: "RS256", kid: "r1" }), body, rsa.privateKey),
};
const now = () => Math.floor(Date.now() / 1000);
const changes = {
	wrong_nonce: () => ({ nonce: "0".repeat(64) }), no_nonce: () => ({ nonce: undefined }),
	expired: () => ({ exp: now() - 600 }), old: () => ({ iat: now() - 7200 }), future: () => ({ iat: now() + 7200 }),
	not_yet: () => ({ nbf: now() + 7200 }), wrong_aud: () => ({ aud: "another" }), no_exp: () => ({ exp: undefined }),
	wrong_iss: () => ({ iss: "https://elsewhere.example" }), aud_list: () => ({ aud: [client, "b"], azp: client }),
	aud_list_open: () => ({ aud: [client, "b"] }), wrong_azp: () => ({ azp: "another" }), nobody: () => ({ sub: undefined }),
	text_exp: () => ({ exp: String(now() + 600) }),
};

function token(one) {
	const claims = { iss: issuer, aud: client, sub: "u-17", preferred_username: "ada", iat: now(), exp: now() + 300, nonce: one.nonce,
		...one.claims, ...changes[one.mode]?.() };
	return (makers[one.mode] ?? makers.good)(b64(claims));
}

function authorize(url, response) {
	const p = url.searchParams, back = new URL(p.get("redirect_uri"));
	back.searchParams.set("state", p.get("state"));
	if (p.get("client_id") !== client || p.get("code_challenge_method") !== "S256" || p.get("response_type") !== "code") {
		response.writeHead(400);
		return response.end("a bad request");
	}
	if (p.get("mode") === "deny") {
		back.searchParams.set("error", "access_denied");
		back.searchParams.set("error_description", "<b>not you</b>");
	} else {
		const code = crypto.randomBytes(16).toString("hex");
		codes.set(code, { nonce: p.get("nonce"), challenge: p.get("code_challenge"), redirect: p.get("redirect_uri"),
			mode: p.get("mode"), claims: JSON.parse(p.get("claims") ?? "{}") });
		back.searchParams.set("code", code);
	}
	response.writeHead(302, { location: back.href });
	response.end();
}

function redeem(request, form, response) {
	const one = codes.get(form.get("code"));
	const basic = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64").toString();
	const fail = (status, error) => { response.writeHead(status, { "content-type": "application/json" }); response.end(JSON.stringify({ error })); };
	codes.delete(form.get("code"));
	if (basic.split(":").map(decodeURIComponent).join(":") !== `${client}:${secret}`) return fail(401, "invalid_client");
	if (!one || form.get("redirect_uri") !== one.redirect) return fail(400, "invalid_grant");
	if (crypto.createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url") !== one.challenge) return fail(400, "invalid_grant");
	if (one.mode === "broken") return fail(500, "server_error");
	response.writeHead(200, { "content-type": "application/json" });
	response.end(JSON.stringify({ access_token: "a", token_type: "Bearer", ...(one.mode === "no_token" ? {} : { id_token: token(one) }) }));
}

const server = http.createServer((request, response) => {
	const url = new URL(request.url, issuer);
	const json = (value) => { response.writeHead(200, { "content-type": "application/json" }); response.end(JSON.stringify(value)); };
	if (url.pathname === "/.well-known/openid-configuration")
		return json({ issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys` });
	if (url.pathname === "/keys") return json({ keys: keys.slice(0, published) });
	if (url.pathname === "/authorize") return authorize(url, response);
	if (url.pathname !== "/token") { response.writeHead(404); return response.end(); }
	let text = "";
	request.on("data", (chunk) => { text += chunk; });
	request.on("end", () => redeem(request, new URLSearchParams(text), response));
});
server.listen(0, "127.0.0.1", () => {
	issuer = `http://127.0.0.1:${server.address().port}`;
	process.stdout.write(`${server.address().port}\n`);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
