// git_http.mjs ROOT [--auth VALUE] [--stall] [--redirect URL]: git over real HTTP (git http-backend) for tests, on a port of its own,
// which is the first line of the output. --auth: the value that Authorization must have. --stall: an answer begins and never ends. --redirect: every request is sent elsewhere. Ends with its standard input.
import http from "node:http";
import { spawn } from "node:child_process";

const args = process.argv.slice(2);
const root = args.shift();
const option = (name) => { const i = args.indexOf(name); return i < 0 ? undefined : (args[i + 1] ?? true); };
const auth = option("--auth"), redirect = option("--redirect");
const stall = args.includes("--stall");

function parseHead(text, response) {
	let status = 200;
	for (const line of text.split(/\r?\n/)) {
		const at = line.indexOf(":");
		if (at < 0) continue;
		const name = line.slice(0, at), value = line.slice(at + 1).trim();
		if (name.toLowerCase() === "status") status = parseInt(value, 10);
		else response.setHeader(name, value);
	}
	response.statusCode = status;
}

const server = http.createServer((request, response) => {
	const url = new URL(request.url, "http://x");
	process.stdout.write(`${request.method} ${request.url} ${request.headers.authorization ?? "-"}\n`);
	if (redirect) {
		response.writeHead(302, { location: redirect + request.url });
		return response.end();
	}
	if (auth && request.headers.authorization !== auth) {
		response.writeHead(401, { "www-authenticate": "Basic realm=x" });
		return response.end();
	}
	const env = {
		PATH: process.env.PATH, LC_ALL: "C", GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: "1",
		GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null",
		PATH_INFO: decodeURIComponent(url.pathname), QUERY_STRING: url.search.slice(1),
		REQUEST_METHOD: request.method, CONTENT_TYPE: request.headers["content-type"] ?? "",
		HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
		GIT_PROTOCOL: request.headers["git-protocol"] ?? "", REMOTE_ADDR: "127.0.0.1",
		GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "safe.directory", GIT_CONFIG_VALUE_0: "*",
	};
	if (request.headers["content-length"]) env.CONTENT_LENGTH = request.headers["content-length"];
	const child = spawn("git", ["http-backend"], { env, stdio: ["pipe", "pipe", "inherit"] });
	request.pipe(child.stdin);
	child.stdin.on("error", () => {});
	let head = Buffer.alloc(0), open = false;
	child.stdout.on("data", (chunk) => {
		if (!open) {
			head = Buffer.concat([head, chunk]);
			const end = head.indexOf("\r\n\r\n");
			if (end < 0) return;
			parseHead(head.subarray(0, end).toString(), response);
			open = true;
			chunk = head.subarray(end + 4);
		}
		if (!response.write(chunk)) {
			child.stdout.pause();
			response.once("drain", () => child.stdout.resume());
		}
	});
	child.on("close", () => { if (!stall) response.end(); });
	response.on("close", () => child.kill());
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
