// node check.mjs WORK ARCHIVES DRIVE OUTRIDER [SANITIZER]: our forge code, then the whole service, against a real Gerrit.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Gerrit } from "./gerrit.mjs";

const [work, archives, drive, outrider, sanitizer] = process.argv.slice(2);
const gerrit = await new Gerrit(work, archives).start();
// a hang is a failure, a slow machine is not
const TRIES = sanitizer ? 3000 : 1200, PAUSE = 100;
let passed = 0, failed = 0;

process.on("exit", () => gerrit.stop());

async function test(name, act) {
	try {
		await act();
		passed++;
		console.log(`ok ${passed + failed} - ${name}`);
	} catch (error) {
		failed++;
		console.log(`not ok ${passed + failed} - ${name}\n${error.stack}`);
	}
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Until `look` gives something.
async function until(what, look) {
	for (let i = 0; i < TRIES; i++) {
		const seen = await look();

		if (seen)
			return seen;
		await sleep(PAUSE);
	}
	throw new Error(`never: ${what}`);
}

// ---- people, a project, changes ----

const tree = join(work, "tree");
const git = (...args) => execFileSync("git", ["-c", "user.name=ann", "-c", "user.email=ann@example.com", ...args], { cwd: tree, encoding: "utf8",
	stdio: ["ignore", "pipe", "pipe"] }).trim();

await gerrit.account("outrider", ["Service Users"]);
await gerrit.account("robot", ["Administrators"]);
await gerrit.account("ann");
await gerrit.account("bob");
await gerrit.call("admin", "PUT", "projects/team%2Fapp", {});
mkdirSync(tree);
git("init", "-q", "-b", "master");

// A commit with these files; `change` names the change that it is a patch set of.
function commit(files, title, change) {
	for (const [name, text] of Object.entries(files))
		if (text === undefined)
			git("rm", "-q", name);
		else
			writeFileSync(join(tree, name), text);
	git("add", "-A");
	git("commit", "-q", ...(change && git("log", "-1", "--format=%B").includes(`Change-Id: ${change}`) ? ["--amend"] : []), "--allow-empty",
		"-m", `${title}\n\n${change ? `Change-Id: ${change}` : ""}`);
}

const changeId = (name) => `I${createHash("sha1").update(name).digest("hex")}`;

// Sends HEAD for review; gives the number of its change.
async function send(name, user = "ann", more = "") {
	git("push", "-q", gerrit.remote(user, "team/app"), `HEAD:refs/for/master${more}`);
	return (await gerrit.call("ann", "GET", `changes/?q=change:${changeId(name)}`))[0]._number;
}

const numbered = (n, change = (i) => i) => Array.from({ length: n }, (_, i) => change(`line ${i + 1}`, i + 1)).flat().map((line) => `${line}\n`).join("");

commit({ "a.txt": numbered(60), "end.txt": "one\ntwo\nthree", "old.txt": numbered(9) }, "base");
git("push", "-q", gerrit.remote("admin", "team/app"), "HEAD:refs/heads/master");
git("checkout", "-q", "-b", "first");
// line 3 changed, 10 and 11 removed, three added behind 20, 40 changed; c.txt is new, old.txt renamed, the last line of end.txt has no end
commit({
	"a.txt": numbered(60, (line, i) => i === 3 || i === 40 ? `${line} changed` : i === 10 || i === 11 ? [] : i === 20 ? [line, "added 1", "added 2", "added 3"] : line),
	"c.txt": "new 1\nnew 2\n", "end.txt": "one\ntwo\nthree \u{1f600} more", "old.txt": undefined, "moved.txt": numbered(9, (line, i) => i === 5 ? "changed" : line),
}, "A change", changeId("first"));
const number = await send("first"), head = git("rev-parse", "HEAD");

// ---- the driver ----

let runs = 0;

function ask(request) {
	const file = join(work, `ask-${runs++}.json`);

	writeFileSync(file, JSON.stringify({ type: "gerrit", api: gerrit.url, repository: "team/app", number, outbox: join(work, "box"), login: "outrider",
		token: gerrit.password("outrider"), ...request }));
	return JSON.parse(execFileSync(drive, [file], { encoding: "utf8", maxBuffer: 1 << 28 }));
}

function fine(request) {
	const answer = ask(request);

	assert.equal(answer.error, undefined, JSON.stringify(answer));
	return answer;
}

const fingerprint = (i) => String(i).padStart(32, "a");
const body = (i) => `Finding ${i}.\n\n<!-- outrider:v1 finding=${fingerprint(i)} rule=r-${i} -->`;
const at = (path, line, more = {}) => ({ path, old_path: path, line, start_line: line, new_line: line, new_start_line: line, ...more });
const listed = async (change = number) => Object.entries(await gerrit.call("ann", "GET", `changes/${change}/comments`))
	.flatMap(([path, list]) => list.map((one) => ({ ...one, path })));

await test("facts", () => {
	const facts = fine({ do: "facts" });

	assert.equal(facts.self, "outrider");
	assert.deepEqual(facts.may, { ann: 2, bob: 1, eve: 1 });
	assert.deepEqual(facts.pulls, [number]);
	assert.deepEqual({ ...facts.pull, start: "", base: "" }, { head, base: "", start: "", author: "ann", base_ref: "master", draft: false, closed: false,
		merged: false, title: "A change" });
	assert.equal(facts.pull.base, git("rev-parse", "HEAD~1"));
	assert.equal(facts.git.url, `${gerrit.url}/a/team/app`);
	assert.equal(facts.git.user, "outrider");
	assert.equal(execFileSync("git", ["ls-remote", gerrit.remote("outrider", "team/app"), facts.git.head_ref], { encoding: "utf8" }).split("\t")[0], head);
});

// ---- a review with all kinds of lines and suggestions, once as who may see what the server is set to, once as who may not ----

const emoji = "three \u{1f600} more";
const fixes = [
	{ ...at("a.txt", 21, { start_line: 19, new_start_line: 19 }), body: body(2), suggestion: "a ```` b\nc", original: "added 1\nadded 2\nadded 3", end_column: 7, ends: true },
	{ ...at("a.txt", 3), body: body(7), suggestion: "", original: "line 3 changed", end_column: 14, ends: true },
	{ ...at("end.txt", 3), body: body(8), suggestion: "x", original: emoji, end_column: emoji.length, ends: false },
	{ ...at("end.txt", 3), body: body(9), suggestion: null, original: emoji, end_column: emoji.length, ends: false },
	{ ...at("c.txt", 2, { old_path: "" }), body: body(10), suggestion: null, original: "new 2", end_column: 5, ends: true },
	{ ...at("a.txt", 38), body: body(11), suggestion: "```\nb", original: "line 37", end_column: 7, ends: true },
];
const comments = [
	{ ...at("a.txt", 3), body: body(1) },
	...fixes,
	{ path: "a.txt", old_path: "a.txt", old: true, line: 10, start_line: 10, old_line: 10, old_start_line: 10, body: body(3) },
	{ ...at("a.txt", 7, { old_line: 7, old_start_line: 7 }), body: body(4) },
	{ ...at("c.txt", 2, { start_line: 1, new_start_line: 1, old_path: "" }), body: body(5) },
	{ ...at("moved.txt", 5, { old_path: "old.txt" }), body: body(6) },
];
const numberOf = (one) => Number(/^Finding (\d+)\./.exec(one.message)?.[1]);
const textOf = (path) => git("show", `HEAD:${path}`, "--").concat(path === "end.txt" ? "" : "\n");

// What the file must be with this fix in it.
function fixed({ path, start_line: first, line: last, suggestion }) {
	const text = textOf(path), lines = text.split("\n");

	lines.splice(first - 1, last - first + 1, ...(suggestion === null ? [] : suggestion.split("\n")));
	// the last line had no end: the one above it keeps its own
	return lines.join("\n") + (suggestion === null && !text.endsWith("\n") ? "\n" : "");
}

// As an edit of the change by Gerrit itself, which is thrown away again.
async function edited(path, act) {
	await act();
	const text = await gerrit.call("robot", "GET", `changes/${number}/edit/${encodeURIComponent(path)}`);

	await gerrit.call("robot", "DELETE", `changes/${number}/edit`);
	return Buffer.from(text, "base64").toString();
}

const revision = `changes/${number}/revisions/${head}`;

// What Gerrit's pages make of a block in a comment when it is clicked.
function blockOf(message) {
	const [, block] = message.split("```suggestion\n");

	return block === undefined ? undefined : block.slice(0, block.indexOf("\n```"));
}

function clicked(one, block) {
	const first = one.range?.start_line ?? one.line, last = one.range?.end_line ?? one.line;
	const end = textOf(one.path).split("\n")[last - 1].length;

	return gerrit.call("robot", "POST", `${revision}/fix:apply`, { fix_replacement_infos: [{ path: one.path, replacement: block,
		range: { start_line: first, start_character: 0, end_line: last, end_character: end } }] });
}

await test("a review with fixes, where the server takes them", async () => {
	const answer = fine({ do: "post", key: "j0", login: "robot", token: gerrit.password("robot"), comments: fixes, conclusion: 1 });
	const seen = await listed();

	assert.equal(answer.effects, 1);
	assert.equal(answer.losses["suggestion shown as a diff"], 0);
	assert.equal(seen.length, fixes.length);
	for (const fix of fixes) {
		const one = seen.find((other) => numberOf(other) === Number(/\d+/.exec(fix.body)[0])), id = one.fix_suggestions[0].fix_id;

		assert.equal(await edited(fix.path, () => gerrit.call("robot", "POST", `${revision}/fixes/${id}/apply`)), fixed(fix), JSON.stringify(fix));
	}
});

await test("a review with blocks to click, where nobody knows", async () => {
	const answer = fine({ do: "post", key: "j1", comments, summary: "Eleven.\n\n<!-- outrider:v1 summary -->", conclusion: 1 });
	const seen = (await listed()).filter((one) => one.author.username === "outrider");

	assert.equal(answer.effects, 1);
	assert.equal(seen.length, comments.length);
	assert.ok(seen.every((one) => one.unresolved && !one.fix_suggestions));
	// two are taken away, one begins with backticks
	assert.equal(answer.losses["suggestion shown as a diff"], 3);
	for (const fix of fixes) {
		const one = seen.find((other) => numberOf(other) === Number(/\d+/.exec(fix.body)[0])), block = blockOf(one.message);

		if (fix.suggestion === null || fix.suggestion.startsWith("```"))
			assert.equal(block, undefined);
		else
			assert.equal(await edited(fix.path, () => clicked(one, block)), fixed(fix), JSON.stringify(fix));
	}
	assert.deepEqual(seen.filter((one) => one.side === "PARENT").map((one) => [one.path, one.line]), [["a.txt", 10]]);
	assert.deepEqual(seen.filter((one) => numberOf(one) === 5).map((one) => one.range.start_line), [1]);
	const [message] = (await gerrit.call("ann", "GET", `changes/${number}/messages`)).filter((one) => one.message.includes("Eleven."));

	assert.equal(message.tag, "autogenerated:outrider");
});

const messages = async (change) => (await gerrit.call("ann", "GET", `changes/${change}/messages`)).filter((one) => one.author?.username === "outrider");

await test("the same again sends nothing, and what was done is found", async () => {
	const before = (await listed()).length, post = { do: "post", key: "j1", comments, summary: "Eleven.\n\n<!-- outrider:v1 summary -->", conclusion: 1 };

	const said = await messages(number);

	fine(post);
	assert.equal((await listed()).length, before);
	// as if the process had ended between sending and noting it
	const box = JSON.parse(readFileSync(join(work, "box"), "utf8"));

	for (const row of Object.values(box))
		row.state = 1;
	writeFileSync(join(work, "box"), JSON.stringify(box));
	fine(post);
	assert.equal((await listed()).length, before);
	assert.equal((await messages(number)).length, said.length);
});

const threads = () => Object.fromEntries(fine({ do: "threads" }).threads.map((one) => [one.rule, one]));
const answerTo = async (user, rule, message, unresolved) => {
	const one = (await listed()).find((other) => other.author.username === "outrider" && other.message.includes(`rule=${rule} `));

	await gerrit.call(user, "POST", `${revision}/review`, { comments: { [one.path]: [{ in_reply_to: one.id, line: one.line, side: one.side, message, unresolved }] } });
};

await test("threads are read back", async () => {
	await answerTo("ann", "r-1", "I disagree.", true);
	await answerTo("ann", "r-4", "Done.", false);
	const by = threads();

	assert.equal(Object.keys(by).length, comments.length);
	assert.ok(by["r-1"].replied && !by["r-1"].resolved && !by["r-5"].replied);
	assert.ok(by["r-4"].resolved && by["r-4"].by_person);
	assert.ok(by["r-3"].old && by["r-3"].line === 10);
	assert.deepEqual([by["r-5"].start_line, by["r-5"].line], [1, 2]);
});

await test("resolve and re-open", () => {
	const first = threads()["r-5"];

	fine({ do: "post", key: "j2", resolve: [first] });
	assert.ok(threads()["r-5"].resolved);
	fine({ do: "post", key: "j3", reopen: [first] });
	assert.ok(!threads()["r-5"].resolved);
});

await test("what the server refuses is said in its message, the rest in its lines", async () => {
	const before = (await listed()).length, bad = { ...at("nowhere.txt", 3), body: body(99) };
	const answer = fine({ do: "post", key: "j4", comments: [{ ...at("a.txt", 3), body: body(97) }, bad, { ...at("a.txt", 4), body: body(98) }],
		summary: "Three.\n\n<!-- outrider:v1 summary -->" });

	assert.equal((await listed()).length, before + 2);
	assert.equal(answer.losses["inline comment moved to the summary"], 1);
	assert.equal((await messages(number)).filter((one) => one.message.includes("Three.")).length, 1);
	assert.equal((await messages(number)).filter((one) => one.message.includes("`nowhere.txt:3`")).length, 1);
});

await test("an answer to a command", async () => {
	const one = threads()["r-6"];

	fine({ do: "comment", key: "c1", thread: one.id, comment: one.comment, body: "Noted.", react: "x" });
	assert.ok((await listed()).some((other) => other.message.startsWith("Noted.") && other.in_reply_to === one.comment));
	fine({ do: "comment", key: "c2", thread: "", comment: "", body: "Said to all.", react: "x" });
	assert.ok((await gerrit.call("ann", "GET", `changes/${number}/messages`)).some((other) => other.message.includes("Said to all.")));
});

await test("what is wrong is told, without the password", () => {
	const refused = ask({ do: "facts", token: "wrong-password-999" });

	assert.equal(refused.kind, "perm");
	assert.ok(!JSON.stringify(refused).includes("wrong-password"));
	assert.equal(ask({ do: "facts", number: 999 }).kind, "perm");
});

// ---- the whole service: events by ssh, reviews over the API ----

const HOOK = "hook-secret", ADMIN = "admin-token", log = join(work, "serve.log"), children = [];

process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

writeFileSync(join(work, "outrider.yml"), `version: 1
listen: 127.0.0.1:0
data: ${join(work, "data")}
workers: 1
integrations:
  - name: review
    forge: gerrit
    url: ${gerrit.url}
    user: outrider
    token: env:GERRIT_PASSWORD
    secrets: env:HOOK_SECRET
login: {token: "env:ADMIN_TOKEN"}
`);

// a connection that was kept may have ended while git or Gerrit was waited for
const close = { connection: "close" };
let service, url, stream;

async function serve() {
	writeFileSync(log, "");
	service = spawn(outrider, ["serve", "--config", join(work, "outrider.yml")], { stdio: ["ignore", "ignore", openSync(log, "w")],
		env: { ...process.env, GERRIT_PASSWORD: gerrit.password("outrider"), HOOK_SECRET: HOOK, ADMIN_TOKEN: ADMIN } });
	children.push(service);
	url = await until("the service answers", () => /"message":"gateway on ([^"]+)"/.exec(readFileSync(log, "utf8"))?.[1]);
	url = `http://${url}`;
	await until("it is ready", () => fetch(`${url}/readyz`, { headers: close }).then((answer) => answer.ok, () => false));
}

async function ended(child) {
	child.kill("SIGTERM");
	await new Promise((resolve) => child.exitCode !== null || child.signalCode ? resolve() : child.on("exit", resolve));
}

// `gerrit stream-events`, each line of it a delivery: as docs/forges.md has it for a Gerrit without the plugin for webhooks.
execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(work, "key")]);
await gerrit.call("outrider", "POST", "accounts/self/sshkeys", readFileSync(join(work, "key.pub"), "utf8"));
const events = [];
let delivered = Promise.resolve();

async function deliver(line) {
	const answer = await fetch(`${url}/hooks/review?key=${HOOK}`, { method: "POST", headers: close, body: line });

	events.push({ ...JSON.parse(line), answer: answer.status, said: await answer.text() });
}

async function listen() {
	let rest = "";

	stream = spawn("ssh", ["-i", join(work, "key"), "-o", "StrictHostKeyChecking=no", "-o", `UserKnownHostsFile=${join(work, "known")}`, "-o", "LogLevel=ERROR",
		"-F", "none", "-p", String(gerrit.sshPort), "outrider@127.0.0.1", "gerrit", "stream-events"], { stdio: ["ignore", "pipe", "inherit"] });
	children.push(stream);
	stream.stdout.on("data", (chunk) => {
		const lines = (rest + chunk).split("\n");

		rest = lines.pop();
		for (const line of lines)
			delivered = delivered.then(() => deliver(line));
	});
	// a stream tells nothing of its beginning: what it tells of is tried
	await until("events come", async () => {
		await gerrit.call("ann", "PUT", `changes/${number}/topic`, { topic: String(Math.random()) });
		return events.length > 0;
	});
}

async function api(path) {
	const login = await fetch(`${url}/login`, { method: "POST", headers: close, redirect: "manual", body: new URLSearchParams({ token: ADMIN }) });
	const answer = await fetch(`${url}/api/v1/${path}`, { headers: { ...close, cookie: login.headers.get("set-cookie").split(";")[0] } });

	return answer.json();
}

// Waits until what `seen` looks for is on the change and no job is left.
async function settled(seen) {
	await until("what was expected of the service", seen);
	await delivered;
	await until("no job is left", async () => {
		const { jobs } = await api("status");

		return jobs.queued === 0 && jobs.leased === 0;
	});
}

const ours = async (change) => (await listed(change)).filter((one) => one.author.username === "outrider");
const firsts = async (change) => (await ours(change)).filter((one) => !one.in_reply_to)
	.map((one) => `${one.path}:${one.line} ${/rule=(\S+)/.exec(one.message)[1]} ${one.patch_set}`).sort();
const python = (...lines) => ["import os", "", "", "def run(name):", ...lines, "    return name", ""].join("\n");

await serve();
await listen();
git("checkout", "-q", "-b", "second", "master");
commit({ "app.py": python("    if not name:", "        raise NotImplemented", "    eval(input())") }, "Second", changeId("second"));
const second = await send("second");

await test("a change is reviewed", async () => {
	await settled(async () => (await ours(second)).length > 0);
	assert.deepEqual(await firsts(second), ["app.py:6 python-raise-notimplemented 1", "app.py:7 python-eval-input 1"]);
	assert.ok((await ours(second)).every((one) => one.unresolved));
	assert.equal((await messages(second)).length, 1);
});

await test("its own words start nothing", async () => {
	const own = await until("the event of the review", () => events.find((one) => one.type === "comment-added" && one.author.username === "outrider"));

	assert.equal(own.answer, 202);
	assert.match(own.said, /ignored/);
});

await test("a change to click fits the file", async () => {
	const [one] = (await ours(second)).filter((other) => other.line === 6), block = blockOf(one.message), { current_revision: at } =
		await gerrit.call("ann", "GET", `changes/${second}?o=CURRENT_REVISION`);
	await gerrit.call("robot", "POST", `changes/${second}/revisions/${at}/fix:apply`, { fix_replacement_infos: [{ path: "app.py", replacement: block,
		range: { start_line: 6, start_character: 0, end_line: 6, end_character: "        raise NotImplemented".length } }] });
	const text = Buffer.from(await gerrit.call("robot", "GET", `changes/${second}/edit/app.py`), "base64").toString();

	await gerrit.call("robot", "DELETE", `changes/${second}/edit`);
	assert.equal(text, python("    if not name:", "        raise NotImplementedError", "    eval(input())"));
});

await test("the next patch set: fixed is resolved, the rest stays, nothing twice", async () => {
	commit({ "app.py": `# moved\n${python("    if not name:", "        raise NotImplementedError", "    eval(input())")}` }, "Second", changeId("second"));
	await send("second");
	await settled(async () => (await ours(second)).some((one) => one.in_reply_to));
	assert.deepEqual(await firsts(second), ["app.py:6 python-raise-notimplemented 1", "app.py:7 python-eval-input 1"]);
	const answers = (await ours(second)).filter((one) => one.in_reply_to);

	assert.equal(answers.length, 1);
	assert.equal(answers[0].unresolved, false);
	assert.equal(answers[0].line, 6);
});

await test("a thread with a person's words is left alone, a command is answered", async () => {
	const [open] = (await ours(second)).filter((one) => one.line === 7), revised = `changes/${second}/revisions/current/review`;

	await gerrit.call("ann", "POST", revised, { comments: { "app.py": [{ in_reply_to: open.id, line: 7, message: "We mean that.", unresolved: true }] } });
	await gerrit.call("ann", "POST", revised, { message: "/outrider help" });
	await settled(async () => (await messages(second)).some((one) => one.message.includes("/outrider review")));
	commit({ "app.py": python("    return name") }, "Second", changeId("second"));
	await send("second");
	await settled(async () => (await api("reviews")).items.filter((one) => one.number === second).length === 3);
	assert.equal((await ours(second)).filter((one) => one.in_reply_to).length, 1);
});

await test("a file that a patch set gives up: its thread is resolved all the same", async () => {
	git("checkout", "-q", "-b", "given-up", "master");
	commit({ "one.py": python("    eval(input())") }, "Given up", changeId("given-up"));
	const change = await send("given-up");

	await settled(async () => (await ours(change)).length > 0);
	commit({ "one.py": undefined, "two.py": python("    if not name:", "        raise NotImplemented") }, "Given up", changeId("given-up"));
	await send("given-up");
	await settled(async () => (await ours(change)).length > 2);
	const [first, answer, next] = (await ours(change)).sort((a, b) => a.path.localeCompare(b.path) || Boolean(a.in_reply_to) - Boolean(b.in_reply_to));

	assert.deepEqual([first.path, first.patch_set, answer.in_reply_to, answer.unresolved, answer.patch_set], ["one.py", 1, first.id, false, 1]);
	assert.deepEqual([next.path, next.line, next.patch_set], ["two.py", 6, 2]);
});

await test("a merge: what Gerrit does not show of it is said in the message", async () => {
	git("checkout", "-q", "-b", "side", "master");
	commit({ "side.py": python("    eval(input())") }, "Side", changeId("side"));
	git("push", "-q", gerrit.remote("admin", "team/app"), "side:refs/heads/side");
	git("checkout", "-q", "-b", "target", "master");
	git("merge", "-q", "--no-ff", "-m", `Merge side\n\nChange-Id: ${changeId("merge")}`, "side");
	const change = await send("merge", "admin");

	await settled(async () => (await messages(change)).length > 0);
	assert.deepEqual(await ours(change), []);
	assert.ok((await messages(change)).some((one) => one.message.includes("`side.py:5`") && one.message.includes("rule=python-eval-input")));
});

await test("a change that is work in progress waits until it is ready", async () => {
	git("checkout", "-q", "-b", "third", "master");
	commit({ "wip.py": python("    eval(input())") }, "Third", changeId("third"));
	const third = await send("third", "ann", "%wip");

	await until("its event", () => events.some((one) => one.change?.number === third && one.type === "patchset-created"));
	await delivered;
	assert.match(events.find((one) => one.change?.number === third).said, /ignored/);
	await gerrit.call("ann", "POST", `changes/${third}/ready`, {});
	await settled(async () => (await ours(third)).length > 0);
	assert.deepEqual(await firsts(third), ["wip.py:5 python-eval-input 1"]);
	await gerrit.call("ann", "POST", `changes/${third}/abandon`, {});
	await until("the event of its end", () => events.some((one) => one.type === "change-abandoned"));
});

await test("a clean change: not a word", async () => {
	git("checkout", "-q", "-b", "clean", "master");
	commit({ "clean.py": python() }, "Clean", changeId("clean"));
	const clean = await send("clean");

	await settled(async () => (await api("reviews")).items.some((one) => one.number === clean));
	assert.deepEqual(await messages(clean), []);
	await gerrit.call("admin", "POST", `changes/${clean}/revisions/current/review`, { labels: { "Code-Review": 2 } });
	await gerrit.call("admin", "POST", `changes/${clean}/submit`, {});
	const merged = await until("its event", () => events.find((one) => one.type === "change-merged"));

	assert.equal(merged.answer, 202);
});

await test("what no event told of is found at the next start", async () => {
	await ended(stream);
	git("checkout", "-q", "-b", "missed", "master");
	commit({ "missed.py": python("    eval(input())") }, "Missed", changeId("missed"));
	const missed = await send("missed");

	await ended(service);
	await serve();
	await settled(async () => (await ours(missed)).length > 0);
	assert.deepEqual(await firsts(missed), ["missed.py:5 python-eval-input 1"]);
});

await ended(service);
writeFileSync(join(work, "events.json"), JSON.stringify(events, undefined, 1));
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
gerrit.stop();
