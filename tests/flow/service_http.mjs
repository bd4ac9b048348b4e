// service_http.mjs HOST:PORT COOKIE SECRET: what comes over the wire as no client of good will sends it.
import net from "node:net";
import crypto from "node:crypto";

const [place, cookie, secret] = process.argv.slice(2);
const [host, port] = place.split(":");
let wrong = 0;
const say = (good, what) => { console.log(`${good ? "ok" : "NOT"} ${what}`); wrong += !good; };

// Sends bytes, gives all that comes back until the other side ends or it is silent for a while.
function raw(text, silence = 3000) {
	return new Promise((resolve) => {
		const socket = net.connect(port, host, () => socket.write(text));
		let got = "";
		socket.setTimeout(silence, () => socket.destroy());
		socket.on("data", (chunk) => { got += chunk.toString("latin1"); if (/\r\n\r\n/.test(got) && !/^HTTP\/1.1 1/.test(got)) socket.end(); });
		socket.on("error", () => {});
		socket.on("close", () => resolve(got));
	});
}
const status = (answer) => Number(/^HTTP\/1\.[01] (\d+)/.exec(answer)?.[1] ?? 0);
const head = `Host: ${place}\r\nCookie: outrider=${cookie}\r\n`;

// ---- smuggling: one request must not become two ----
const inner = `GET /healthz HTTP/1.1\r\n${head}\r\n`;
for (const [name, lines, body] of [
	["Content-Length and Transfer-Encoding", `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${inner}`],
	["two Content-Lengths", `Content-Length: 3\r\nContent-Length: 5\r\n`, `x=1${inner}`],
	["the same Content-Length twice", `Content-Length: 3\r\nContent-Length: 3\r\n`, `x=1${inner}`],
	["a list in Content-Length", `Content-Length: 3, 5\r\n`, `x=1${inner}`],
	["a sign in Content-Length", `Content-Length: +3\r\n`, `x=1${inner}`],
	["an unknown coding", `Transfer-Encoding: gzip, chunked\r\n`, `0\r\n\r\n${inner}`],
	["a coding that is hidden", `Transfer-Encoding: \x0bchunked\r\n`, `0\r\n\r\n${inner}`],
	["two codings", `Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n`, `0\r\n\r\n${inner}`],
	["a folded header", `X-A: b\r\n c: d\r\nContent-Length: 3\r\n`, `x=1`],
	["a blank before the colon", `Content-Length : 3\r\n`, `x=1${inner}`],
	["two hosts", `Host: elsewhere\r\nContent-Length: 3\r\n`, `x=1${inner}`],
]) {
	const got = await raw(`POST /login HTTP/1.1\r\n${head}${lines}\r\n${body}`);
	say([0, 400, 501].includes(status(got)) && !got.includes('"ok"'), `${name}: ${status(got)}`);
}
let // and it can tell: two requests in one piece are answered both
got = await raw(`POST /login HTTP/1.1\r\n${head}Content-Length: 3\r\n\r\nx=1${inner}`);
say(got.includes('"ok"'), "two good requests are two");
got = await raw(`GET /jobs HTTP/1.1\r\n\r\n`);
say(status(got) === 400, `no host: ${status(got)}`);
got = await raw(`GET /jobs HTTP/1.1\r\n${head}X-Long: ${"a".repeat(40000)}\r\n\r\n`);
say([0, 413, 431, 400].includes(status(got)), `headers over 32 KB: ${status(got)}`);
got = await raw(`GET /${"a".repeat(40000)} HTTP/1.1\r\n${head}\r\n`);
say([0, 400, 404, 414, 431].includes(status(got)), `a path over 32 KB: ${status(got)}`);
got = await raw(`NONSENSE\r\n\r\n`);
say([0, 400].includes(status(got)), `no HTTP: ${status(got)}`);

// ---- paths ----
for (const path of ["/%2e%2e/%2e%2e/etc/passwd", "/../etc/passwd", "/style.css/../../etc/passwd", "/..%2fstyle.css", "//jobs", "/jobs//1", "/./jobs",
	"/jobs/%00", "/jobs/1%00", "/%00", "/jobs/1%2f..%2f2", "/jobs/%zz", "/jobs/-1", "/jobs/99999999999999999999", "/jobs/0x1", "/api/v1/../../jobs",
	"/x/style.css", "/reviews/1;x", "/pulls/here/1/../../../jobs", "/pulls/here/1/%2e%2e/%2e%2e", "\\jobs", "/hooks/", "/hooks/..%2f", "/hooks/%2e"]) {
	const one = status(await raw(`GET ${path} HTTP/1.1\r\n${head}\r\n`));
	say([400, 404, 405].includes(one), `${path}: ${one}`);
}

// ---- methods and forms ----
got = await raw(`HEAD /jobs HTTP/1.1\r\n${head}\r\n`);
say(status(got) === 200 && got.endsWith("\r\n\r\n"), "HEAD: an answer without a body");
got = await raw(`HEAD /live HTTP/1.1\r\n${head}\r\n`);
say(status(got) === 200, `HEAD of the stream ends: ${status(got)}`);
for (const method of ["DELETE", "PUT", "TRACE", "CONNECT", "PATCH"])
	say([400, 404, 405, 501].includes(status(await raw(`${method} /jobs HTTP/1.1\r\n${head}\r\n`))), `${method} is not done`);
got = await raw(`POST /login HTTP/1.1\r\n${head}Content-Length: 20000\r\n\r\n`);
say(status(got) === 413, `a form over its cap: ${status(got)}`);

// ---- hostile bodies, signed well ----
async function hook(body) {
	const sign = crypto.createHmac("sha256", secret).update(body).digest("hex");
	const answer = await fetch(`http://${place}/hooks/here`, { method: "POST", body, headers: { "x-hub-signature-256": `sha256=${sign}`, "content-type": "application/json" } });
	return { status: answer.status, text: await answer.text() };
}
for (const [name, body] of [["nested 200000 deep", "[".repeat(200000)], ["closed again", "[".repeat(100000) + "]".repeat(100000)],
	["objects in objects", '{"a":'.repeat(50000) + "1" + "}".repeat(50000)], ["a million members", `{${Array.from({ length: 300000 }, (_, i) => `"k${i}":1`).join(",")}}`],
	["a long number", `{"event":"pull.opened","number":${"9".repeat(100000)}}`], ["no UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
	["a NUL", '{"event":"pull\\u0000.opened"}'], ["nothing", ""], ["a list", "[]"]]) {
	const one = await hook(body);
	say((one.status === 202 && /ignored|known/.test(one.text)) || one.status === 400 || one.status === 401, `a body ${name}: ${one.status} ${one.text.trim().slice(0, 40)}`);
}

// ---- streams ----
say(status(await raw(`GET /live HTTP/1.1\r\nHost: ${place}\r\n\r\n`)) === 401, "the stream without a session");
say(status(await raw(`GET /live HTTP/1.1\r\nHost: ${place}\r\nCookie: outrider=made-up\r\n\r\n`)) === 401, "nor with a made-up one");
got = await raw(`GET /live HTTP/1.1\r\n${head}\r\n`);
say(status(got) === 200 && /text\/event-stream/i.test(got), "the stream with one");

// ---- slow and many clients ----
const hold = (text) => new Promise((resolve) => {
	const socket = net.connect(port, host, () => { socket.write(text); resolve(socket); });
	socket.on("error", () => resolve(socket));
});
const health = async () => (await fetch(`http://${place}/healthz`, { signal: AbortSignal.timeout(20000) })).status;
let held = await Promise.all(Array.from({ length: 40 }, () => hold(`POST /login HTTP/1.1\r\nHost: ${place}\r\nContent-Length: 10\r\n\r\nx`)));
say((await health()) === 200, "forty clients that say no more: others are served");
held.forEach((socket) => socket.destroy());
held = await Promise.all(Array.from({ length: 600 }, () => hold(`GET /healthz HTTP/1.1\r\nHost: ${place}\r\nX-`)));
held.forEach((socket) => socket.destroy());
let after = 0;
for (let i = 0; i < 50 && after !== 200; i++) {
	after = await health().catch(() => 0);
	if (after !== 200) await new Promise((next) => setTimeout(next, 100));
}
say(after === 200, "600 connections at once: it still serves");
console.log(`${wrong} wrong`);
process.exit(wrong ? 1 : 0);
