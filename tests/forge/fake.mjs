// node fake.mjs DIALECT ROOT [APP_PUBLIC_KEY_FILE]: the fake forge on a free port of loopback, which it prints. ROOT holds bare repositories.
// /_fake/... is the tests' own way in: opening pull requests, speaking as a person, limits, faults, and what was seen.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Forge, httpBackend } from "./state.mjs";

const [name, root, keyFile] = process.argv.slice(2);
const dialect = await import(`./${name}.mjs`);
const forge = Object.assign(new Forge(root, dialect.headRef), { token: process.env.FAKE_TOKEN ?? "fake-token-0123456789", complaints: [], minted: [], asked: [],
	deliveries: [], fault: undefined, appKey: keyFile ? readFileSync(keyFile, "utf8") : "" });
const routes = dialect.routes.map(([method, pattern, act]) => [method, new RegExp(pattern), act]);

const control = {
	open: ({ repo, number, ...options }) => void forge.open(repo, number, options),
	change: ({ repo, number, ...change }) => void Object.assign(forge.pull(repo, number), change),
	reply: ({ repo, number, index, body, author }) => void forge.pull(repo, number).comments[index].replies.push({ id: forge.id(), body, author }),
	set: ({ repo, number, index, ...change }) => void Object.assign(forge.pull(repo, number).comments[index], change),
	forget: ({ repo, number, from }) => void forge.pull(repo, number).comments.splice(from),
	note: ({ repo, number, body, author }) => void forge.pull(repo, number).notes.push({ id: forge.id(), body, author }),
	deliveries: (list) => void (forge.deliveries = list),
	limit: ({ n, kind }) => void Object.assign(forge, { limited: n, limitKind: kind }),
	revoke: ({ n }) => void (forge.revoked = n),
	fault: ({ kind }) => void (forge.fault = kind),
	fixes: ({ taken }) => void (forge.fixes = taken),
	seen: () => ({ log: forge.log, complaints: forge.complaints, minted: forge.minted, asked: forge.asked, checks: forge.checks,
		pulls: [...forge.repos.values()].flatMap((repo) => [...repo.pulls.values()].map(({ repo: of, filesSeen, ...pull }) => ({
			...pull, repo: of.name, statuses: of.statuses }))) }),
};

const limitAnswers = {
	secondary: [403, { message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again." }, { "retry-after": "1" }],
	primary: [403, { message: "API rate limit exceeded" }, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.floor(Date.now() / 1000) + 3600) }],
	busy: [429, { message: "Too Many Requests" }, {}],
};

function answer(request, path, query, body) {
	if (!dialect.authorized(forge, request, path))
		return [401, { message: "Bad credentials", documentation_url: "https://docs.github.com/rest", status: "401" }];
	if (forge.revoked > 0 && !path.startsWith("/app") && !path.endsWith("/installation")) {
		forge.revoked--;
		return [401, { message: "Bad credentials", documentation_url: "https://docs.github.com/rest", status: "401" }];
	}
	if (forge.limited > 0) {
		forge.limited--;
		return limitAnswers[forge.limitKind];
	}
	for (const [method, pattern, act] of routes) {
		const match = pattern.exec(path);

		if (method === request.method && match)
			return act(forge, match.map((part) => part && decodeURIComponent(part)), body, query, request);
	}
	forge.complaints.push(`no such call: ${request.method} ${path}`);
	return [404, { message: "Not Found" }];
}

function respond(request, response, bytes) {
	const url = new URL(request.url, "http://fake"), path = url.pathname.replace(dialect.prefix ?? "", "");
	const text = bytes.toString();

	if (path.startsWith("/_fake/")) {
		response.setHeader("content-type", "application/json");
		response.end(JSON.stringify(control[path.slice(7)](text ? JSON.parse(text) : {}) ?? {}));
		return;
	}
	// Gerrit's addresses have an "a/" and no ".git", Data Center's a "scm/"
	const [, repository, service] = /^\/(?:a\/|scm\/)?(.+?)(?:\.git)?\/(info\/refs|git-(?:upload|receive)-pack)$/.exec(path) ?? [];

	if (service) {
		httpBackend(forge, request, bytes, response, `/${repository}.git/${service}`, url.searchParams.toString());
		return;
	}
	if (dialect.raw?.(forge, path, response))
		return;
	let body;

	try {
		body = text ? JSON.parse(text) : undefined;
	} catch {
		body = undefined;
	}
	const [status, json, headers] = answer(request, path, url.searchParams, body);

	forge.log.push({ method: request.method, path, status, body });
	if (forge.fault && request.method !== "GET" && !path.startsWith("/app/")) {
		// done, but the answer is lost
		const kind = forge.fault;

		forge.fault = undefined;
		if (kind === "reset")
			request.socket.destroy();
		else
			response.writeHead(502).end();
		return;
	}
	response.writeHead(status, { "content-type": "application/json", ...headers });
	const rewrite = dialect.rewrite ?? ((all) => all);

	response.end(status === 204 ? undefined : (dialect.guard ?? "") + rewrite(JSON.stringify(json, dialect.replacer), request, path));
}

const server = createServer((request, response) => {
	const chunks = [];

	request.on("data", (chunk) => chunks.push(chunk));
	request.on("end", () => {
		try {
			respond(request, response, Buffer.concat(chunks));
		} catch (error) {
			forge.complaints.push(String(error.stack));
			response.writeHead(500).end(JSON.stringify({ message: String(error) }));
		}
	});
});

// a test that waited long for its driver finds its connection as it was
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.on("SIGTERM", () => process.exit(0));
// nobody reads what we would say any more: the test has ended
process.stdin.on("end", () => process.exit(0)).resume();
