// node check.mjs WORK ARCHIVES DRIVE OUTRIDER: our forge code, then the whole service, against a real Gerrit.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Gerrit } from "./gerrit.mjs";

const [work, archives, drive, outrider] = process.argv.slice(2);
const gerrit = await new Gerrit(work, archives).start();
const TRIES = 600, PAUSE = 100;
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

await test("the same again sends nothing, and what was done is found", async () => {
	const before = (await listed()).length, post = { do: "post", key: "j1", comments, summary: "Eleven.\n\n<!-- outrider:v1 summary -->", conclusion: 1 };

	fine(post);
	assert.equal((await listed()).length, before);
	// as if the process had ended between sending and noting it
	const box = JSON.parse(readFileSync(join(work, "box"), "utf8"));

	for (const row of Object.values(box))
		row.state = 1;
	writeFileSync(join(work, "box"), JSON.stringify(box));
	fine(post);
	assert.equal((await listed()).length, before);
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

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
gerrit.stop();
