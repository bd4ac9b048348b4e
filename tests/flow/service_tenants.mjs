// service_tenants.mjs SOURCES URL OURS THEIRS THINGS: walks all routes of pages.c as an administrator of one tenant, asking for things of the
// other: {job, dead, review, token}. Whatever is the other's has "tucked" in its names. Theirs is asked the same, so that the test can tell.
import { readFileSync } from "node:fs";

const [sources, url, ours, theirs, text] = process.argv.slice(2);
const things = JSON.parse(text);
const place = { integration: "there", repository: "team/tucked", name: "team/tucked", rule: "python-eval-input", prefix: "" };
let wrong = 0;
const say = (good, what) => { console.log(`${good ? "ok" : "NOT"} ${what}`); wrong += !good; };

const table = readFileSync(`${sources}/src/serve/pages.c`, "utf8");
const routes = [...table.matchAll(/^\t\{ "(GET|POST)", "([^"]+)"/gm)].map((m) => [m[1], m[2]]);
// Same for everybody, or of the asker alone.
const plain = new Set(["/live", "/style.css", "/live.js", "/login", "/login/oidc", "/login/callback", "/logout", "/healthz", "/readyz", "/metrics",
	"/api/openapi.json"]);
// Listings in which the other tenant has something, so that its own token sees it.
const full = new Set(["/", "/jobs", "/pulls", "/reviews", "/repositories", "/deliveries", "/audit", "/tokens", "/api/v1/jobs", "/api/v1/reviews",
	"/api/v1/pulls", "/api/v1/repositories", "/api/v1/deliveries"]);
const machines = new Set(["/workers", "/rates", "/api/v1/workers"]);
const fill = { "/jobs/{id}": things.job, "/jobs/{id}/retry": things.dead, "/jobs/{id}/cancel": things.dead, "/reviews/{id}": things.review,
	"/api/v1/jobs/{id}": things.job, "/api/v1/jobs/{id}/retry": things.dead, "/api/v1/jobs/{id}/cancel": things.dead, "/api/v1/reviews/{id}": things.review };

function address(path) {
	if (path.startsWith("/pulls/{")) return "/pulls/there/1/team/tucked";
	if (path.includes("{hash}")) return path.replace("{hash}", things.token);
	return path.replace("{id}", fill[path]);
}

async function ask(method, path, token, body) {
	const answer = await fetch(url + path, { method, redirect: "manual", headers: { authorization: `Bearer ${token}`,
		...(method === "POST" ? { "content-type": "application/x-www-form-urlencoded" } : {}) }, body });
	return { status: answer.status, text: await answer.text() };
}

async function visit(method, path) {
	const to = address(path), mine = await ask(method, to, ours, method === "POST" ? new URLSearchParams({ ...place, paused: "yes", muted: "yes" }) : undefined);
	const nothing = !mine.text.includes("tucked") && !mine.text.includes(things.token);

	if (method === "POST") {
		// a person's: not by token; service_tenants.sh tries it as one
		if (path.startsWith("/tokens")) return say(mine.status === 403, `${method} ${to}: ${mine.status}`);
		say(mine.status === 404 && nothing, `${method} ${to}: ${mine.status}`);
		return;
	}
	if (machines.has(path)) return say(mine.status === 403 && nothing, `${to}: ${mine.status}`);
	if (path.includes("{")) {
		const other = await ask(method, to, theirs);
		say(mine.status === 404 && nothing, `${to}: ${mine.status}`);
		say(other.status === 200 && (other.text.includes("tucked") || other.text.includes("there")), `${to} for its own: ${other.status}`);
		return;
	}
	say(mine.status === 200 && nothing, `${to}: ${mine.status}`);
	const narrow = await ask(method, `${to}?integration=there&repository=team/tucked&number=1&state=`, ours);
	say(!narrow.text.includes("tucked"), `${to}, narrowed to the other's`);
	if (full.has(path)) {
		const other = await ask(method, to, theirs);
		say(other.status === 200 && (other.text.includes("tucked") || other.text.includes(things.token)), `${to} for its own`);
		// a page of their listing is no way in
		const next = /"next":"([^"]+)"/.exec(other.text)?.[1];
		if (next) say(!(await ask(method, `${to}?after=${encodeURIComponent(next)}`, ours)).text.includes("tucked"), `${to}, their next page`);
	}
}

say(routes.length > 40, `${routes.length} routes`);
for (const [method, path] of routes) if (!plain.has(path)) await visit(method, path);
console.log(`${wrong} wrong`);
process.exit(wrong ? 1 : 0);
