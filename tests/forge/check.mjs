// node check.mjs DIALECT DRIVE WORK [PRISM SPEC]: our forge code against the fake forge of that dialect; for GitHub and Gitea with Prism in between, which
// holds every request and every answer against the official description. Run from a folder with the packages of tests/peers.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [dialect, drive, work, prism, spec] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const root = join(work, dialect), bare = join(root, "team/app.git"), tree = join(work, `${dialect}-tree`);
const children = [];
const isGithub = dialect === "github", isGerrit = dialect === "gerrit";

function git(cwd, ...args) {
	return execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main", ...args],
		{ cwd, encoding: "utf8" }).trim();
}

function start(command, args, ready) {
	const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });

	children.push(child);
	return new Promise((resolve, reject) => {
		let out = "";

		child.stdout.on("data", (chunk) => {
			out += chunk;
			const match = ready.exec(out);

			if (match)
				resolve(match[1]);
		});
		child.on("exit", (code) => reject(new Error(`${command} ended with ${code}: ${out}`)));
	});
}

// ---- a repository: lines 1..60 of a.txt; line 3 changed, 10 and 11 removed, three added behind 20, 40 changed; c.txt is new ----

function write(change) {
	const lines = Array.from({ length: 60 }, (_, i) => `line ${i + 1}`);

	if (change) {
		lines[39] = "line 40 changed";
		lines.splice(20, 0, "added 1", "added 2", "added 3");
		lines.splice(9, 2);
		lines[2] = "line 3 changed";
		writeFileSync(join(tree, "c.txt"), "new 1\nnew 2\n");
	}
	writeFileSync(join(tree, "a.txt"), `${lines.join("\n")}\n`);
	git(tree, "add", ".");
	git(tree, "commit", "-qm", change ? "change" : "base");
}

mkdirSync(tree, { recursive: true });
mkdirSync(bare, { recursive: true });
git(bare, "init", "-q", "--bare");
git(tree, "init", "-q");
write(false);
git(tree, "push", "-q", bare, "HEAD:refs/heads/main");
write(true);
const { headRef } = await import(`${here}/${dialect}.mjs`);

git(tree, "push", "-q", bare, ...new Set([`HEAD:${headRef(7)}`, "HEAD:refs/heads/work"]));
if (dialect !== "github") {
	// the target branch moved on: base and start are two
	git(tree, "checkout", "-q", "-b", "on", "HEAD~1");
	git(tree, "commit", "-q", "--allow-empty", "-m", "more");
	git(tree, "push", "-q", bare, "HEAD:refs/heads/main");
}
const head = git(bare, "rev-parse", headRef(7));

// ---- the fake, and Prism in front of it ----

const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const keyFile = join(work, "key.pub");

writeFileSync(keyFile, keys.publicKey.export({ type: "spki", format: "pem" }));
const port = await start("node", [join(here, "fake.mjs"), dialect, root, keyFile], /^(\d+)$/m);
const fakeUrl = `http://127.0.0.1:${port}`;
const prismUrl = prism && `http://127.0.0.1:${/:(\d+)$/.exec(await start(prism, ["proxy", spec, fakeUrl, "--errors", "-p", "0", "-h", "127.0.0.1"],
	/listening on (http:\/\/127\.0\.0\.1:\d+)/))[1]}`;
const api = `${prismUrl ?? fakeUrl}${{ gitlab: "/api/v4", gitea: "/api/v1", bitbucket: "/2.0" }[dialect] ?? ""}`;

async function fake(what, body) {
	const response = await fetch(`${fakeUrl}/_fake/${what}`, { method: "POST", body: JSON.stringify(body ?? {}) });

	return response.json();
}

let runs = 0;
let app = false;

function ask(request) {
	const file = join(work, `${dialect}-${runs++}.json`);
	const credential = app ? { app_id: "Iv1.outrider", private_key: keys.privateKey.export({ type: "pkcs8", format: "pem" }) }
		: { token: "fake-token-0123456789", login: "outrider" };

	writeFileSync(file, JSON.stringify({ type: dialect, api, web: fakeUrl, repository: "team/app", number: 7, outbox: join(work, `${dialect}.box`),
		...credential, ...request }));
	return JSON.parse(execFileSync(drive, [file], { encoding: "utf8", maxBuffer: 1 << 28 }));
}

function fine(request) {
	const answer = ask(request);

	assert.equal(answer.error, undefined, JSON.stringify(answer));
	return answer;
}

let passed = 0;

async function test(name, act) {
	try {
		await act();
		passed++;
	} catch (error) {
		console.log(`not ok: ${dialect}: ${name}\n${error.stack}`);
		failed++;
	}
}
let failed = 0;

const fingerprint = (i) => String(i).padStart(32, "a");
const body = (i) => `Finding ${i}.\n\n<!-- outrider:v1 finding=${fingerprint(i)} rule=r-${i} -->`;
const pullSeen = async () => (await fake("seen")).pulls[0];

await fake("open", { repo: "team/app", number: 7 });

await test("facts", () => {
	const facts = fine({ do: "facts" });

	assert.equal(facts.self.replace("[bot]", ""), "outrider");
	assert.deepEqual(facts.may, { ann: 2, bob: 1, eve: isGerrit ? 1 : 0 });
	assert.equal(facts.pull.head, head);
	assert.equal(facts.pull.author, "ann");
	assert.deepEqual(facts.pulls, [7]);
	assert.equal(facts.git.head_ref, headRef(7));
});

await test("git over http", () => {
	const { git: remote } = fine({ do: "facts" }), into = join(work, `${dialect}-clone.git`);

	git(work, "init", "-q", "--bare", into);
	git(into, "fetch", "-q", remote.url, `+${remote.head_ref}:${remote.head_ref}`);
	assert.equal(git(into, "rev-parse", remote.head_ref), head);
});

// one of each kind: changed, range with suggestion over added lines, removed, context, new file
const comments = [
	{ path: "a.txt", line: 3, start_line: 3, new_line: 3, new_start_line: 3, old_next: 4, old_start_next: 4, body: body(1) },
	{ path: "a.txt", line: 21, start_line: 19, new_line: 21, new_start_line: 19, old_next: 21, old_start_next: 21, body: body(2),
		suggestion: "a ```` b\nc", original: "added 1\nadded 2\nadded 3", end_column: 7, ends: true },
	{ path: "a.txt", old: true, line: 10, start_line: 10, old_line: 10, old_start_line: 10, body: body(3) },
	{ path: "a.txt", line: 7, start_line: 7, new_line: 7, old_line: 7, new_start_line: 7, old_start_line: 7, body: body(4) },
	{ path: "c.txt", line: 2, start_line: 1, new_line: 2, new_start_line: 1, old_next: 1, old_start_next: 1, body: body(5) },
].map((comment) => ({ old_path: comment.path === "c.txt" ? "" : comment.path, ...comment }));

await test("a review", async () => {
	const answer = fine({ do: "post", key: "j1", comments, summary: "Five.\n\n<!-- outrider:v1 summary -->", conclusion: 1, annotations: 120 });
	const pull = await pullSeen(), range = pull.comments.find((one) => one.body.startsWith("Finding 2."));

	assert.equal(pull.comments.length, 5);
	assert.equal(pull.notes.length, 1);
	assert.deepEqual(await fake("seen").then((seen) => seen.complaints), []);
	if (isGithub) {
		assert.match(range.body, /\n`{5}suggestion\na ```` b\nc\n`{5}\n/);
		assert.equal(range.start_line, 19);
		const [check] = (await fake("seen")).checks;

		assert.equal(check, undefined, "a plain token writes no checks");
		assert.equal(pull.statuses.at(-1).state, "success");
	} else if (dialect === "gitlab") {
		assert.match(range.body, /`{5}suggestion:-2\+0\n/);
		assert.ok(range.position.line_range);
	} else if (isGerrit) {
		assert.deepEqual(range.range, { start_line: 19, start_character: 0, end_line: 21, end_character: 7 });
		assert.match(range.body, /\n`{5}suggestion\na ```` b\nc\n`{5}\n/);
		assert.equal(range.fix_suggestions, undefined);
		assert.equal(answer.effects, 1);
	} else {
		assert.match(range.body, /`{5}diff\n/);
		assert.equal(answer.losses["range cut to a line"], 2);
	}
});

if (isGithub)
	await test("an empty line is not nothing", async () => {
		const of = (suggestion, i) => ({ ...comments[1], suggestion, body: body(i) }), before = (await pullSeen()).comments.length;

		fine({ do: "post", key: "j-empty", comments: [of("", 70), of(null, 71), of("a\n", 72)] });
		const [blank, away, two] = (await pullSeen()).comments.slice(before);

		assert.match(blank.body, /```suggestion\n\n```\n/);
		assert.match(away.body, /```suggestion\n```\n/);
		assert.match(two.body, /```suggestion\na\n\n```\n/);
		await fake("forget", { repo: "team/app", number: 7, from: before });
	});

await test("the same again sends nothing", async () => {
	const before = (await fake("seen")).log.filter((one) => one.method !== "GET").length;

	fine({ do: "post", key: "j1", comments, summary: "Five.\n\n<!-- outrider:v1 summary -->", conclusion: 1 });
	assert.equal((await fake("seen")).log.filter((one) => one.method !== "GET").length, before);
});

await test("threads are read back", async () => {
	await fake("reply", { repo: "team/app", number: 7, index: 1, body: "I disagree", author: "ann" });
	await fake("set", { repo: "team/app", number: 7, index: 3, resolved: "ann" });
	const { threads, summary } = fine({ do: "threads" });

	assert.equal(threads.length, 5);
	assert.deepEqual(threads.map((one) => one.fingerprint).sort(), [1, 2, 3, 4, 5].map(fingerprint).sort());
	const by = Object.fromEntries(threads.map((one) => [one.rule, one]));

	assert.ok(by["r-2"].replied && !by["r-1"].replied);
	assert.ok(by["r-4"].resolved && by["r-4"].by_person);
	assert.ok(by["r-3"].old && by["r-3"].line === 10);
	// Gerrit has no comments that are edited
	assert.equal(Boolean(summary), !isGerrit);
});

if (isGerrit) {
	await test("fixes beside a comment, where the server takes them", async () => {
		const gone = { ...comments[4], suggestion: null, original: "new 1\nnew 2", end_column: 5, ends: true, body: body(6) };

		await fake("fixes", { taken: true });
		fine({ do: "post", key: "j0", comments: [{ ...comments[1], body: body(7) }, gone] });
		await fake("fixes", { taken: false });
		const fixes = (await pullSeen()).comments.flatMap((one) => one.fix_suggestions ?? []).map((fix) => fix.replacements[0]);

		assert.deepEqual(fixes, [
			{ path: "a.txt", range: { start_line: 19, start_character: 0, end_line: 21, end_character: 7 }, replacement: "a ```` b\nc" },
			{ path: "c.txt", range: { start_line: 1, start_character: 0, end_line: 3, end_character: 0 }, replacement: "" },
		]);
	});
	await test("resolve and re-open", () => {
		const first = fine({ do: "threads" }).threads.find((one) => one.rule === "r-1");

		fine({ do: "post", key: "j2", resolve: [first] });
		assert.ok(fine({ do: "threads" }).threads.find((one) => one.rule === "r-1").resolved);
		fine({ do: "post", key: "j3", reopen: [first] });
		assert.ok(!fine({ do: "threads" }).threads.find((one) => one.rule === "r-1").resolved);
	});
}

await fake("note", { repo: "team/app", number: 7, body: "Mine.\n\n<!-- outrider:v1 summary -->", author: "eve" });
await test("what others wrote is not ours", async () => {
	const { summary } = fine({ do: "threads" }), { notes } = await pullSeen();

	assert.equal(isGerrit ? "" : String(notes.find((one) => one.author === "outrider").id), summary.split(":")[0]);
});

if (!isGerrit) await test("resolve, re-open, edit the summary", async () => {
	const { threads, summary } = fine({ do: "threads" });

	fine({ do: "post", key: "j2", resolve: [threads[0]], summary: "None.\n\n<!-- outrider:v1 summary -->", summary_id: summary });
	let pull = await pullSeen();

	assert.equal(pull.comments.filter((one) => one.resolved === "outrider").length, 1);
	assert.equal(pull.notes.filter((one) => one.author === "outrider").length, 1);
	assert.ok(pull.notes.some((one) => one.body.startsWith("None.")));
	// by its name as it is now: with Data Center that names its version
	fine({ do: "post", key: "j3", reopen: fine({ do: "threads" }).threads.filter((one) => one.fingerprint === threads[0].fingerprint) });
	pull = await pullSeen();
	assert.equal(pull.comments.filter((one) => one.resolved === "outrider").length, 0);
});

if (!isGerrit) await test("a thread that is gone is no failure", () => {
	const answer = fine({ do: "post", key: "j4", resolve: [{ id: { github: "PRRT_9", gitlab: "abcdef", "bitbucket-dc": "99999:0" }[dialect] ?? "99999", path: "a.txt" }] });

	const key = Object.keys(answer.outbox).find((one) => /^j4:(thread-state|resolve):/.test(one));

	assert.equal(answer.outbox[key].state, 2);
});

for (const kind of ["reset", "error"]) {
	await test(`an answer that was lost (${kind}) doubles nothing`, async () => {
		const before = (await pullSeen()).comments.length, post = { do: "post", key: `lost-${kind}`, comments: [{ ...comments[0], body: body(60) }] };

		await fake("fault", { kind });
		const first = ask(post);

		assert.equal(first.kind, "temp", JSON.stringify(first));
		fine(post);
		assert.equal((await pullSeen()).comments.length, before + 1);
	});
}

await test("limits are obeyed", async () => {
	await fake("limit", { n: 1, kind: "secondary" });
	const refused = ask({ do: "threads" });

	assert.equal(refused.kind, "temp");
	assert.match(refused.error, /slow down|rate limit/);
	assert.ok(!JSON.stringify(refused).includes("fake-token"));
	fine({ do: "threads" });
});

await test("no token in what goes wrong", () => {
	const refused = ask({ do: "facts", token: "wrong-token-999" });

	assert.equal(refused.kind, "perm");
	assert.ok(!JSON.stringify(refused).includes("wrong-token"));
});

await test("an answer to a command", async () => {
	const { threads } = fine({ do: "threads" }), one = threads[0];
	const note = (await pullSeen()).notes.find((other) => other.author === "eve").id;

	fine({ do: "comment", key: "c1", thread: one.id, comment: one.comment, body: "Done.", react: dialect === "gitlab" ? String(note) : `issues/comments/${note}` });
	const pull = await pullSeen();

	assert.ok([...pull.notes, ...pull.comments, ...pull.comments.flatMap((comment) => comment.replies)].some((other) => other.body.startsWith("Done.")));
});

if (isGerrit)
	await test("what Gerrit refuses is said in its message, the rest in its lines", async () => {
		const bad = { ...comments[0], path: "nowhere.txt", body: body(99) }, many = Array.from({ length: 5 }, (_, i) => ({ ...comments[0], body: body(200 + i) }));
		const before = (await pullSeen()).comments.length;
		const answer = fine({ do: "post", key: "j5", comments: [...many.slice(0, 2), bad, ...many.slice(2)], summary: "Six.\n\n<!-- outrider:v1 summary -->" });
		const pull = await pullSeen();

		assert.equal(pull.comments.length, before + 5);
		assert.equal(pull.notes.filter((one) => one.body.includes("Finding 99.")).length, 1);
		assert.equal(pull.notes.filter((one) => one.body.startsWith("Six.")).length, 1);
		assert.equal(answer.losses["inline comment moved to the summary"], 1);
		// the first of all: its words stand behind those of the whole
		fine({ do: "post", key: "j6", comments: [{ ...bad, body: body(98) }], summary: "One.\n\n<!-- outrider:v1 summary -->" });
		assert.match((await pullSeen()).notes.at(-1).body, /^One\.[^]*`nowhere.txt:3`\n\nFinding 98\./);
	});

// these two take any line
if (dialect !== "gitea" && !isGerrit) {
	await test("what the forge refuses goes another way", async () => {
		const bad = { ...comments[0], line: 30, start_line: 30, new_line: 30, new_start_line: 30, body: body(99) };
		const many = Array.from({ length: 9 }, (_, i) => ({ ...comments[0], body: body(200 + i) }));
		const before = (await pullSeen()).comments.length;
		const answer = fine({ do: "post", key: "j5", comments: [...many.slice(0, 4), bad, ...many.slice(4)] });
		const pull = await pullSeen();

		assert.equal(pull.comments.length, before + 9);
		assert.ok(pull.notes.some((one) => one.body.includes("Finding 99.")));
		assert.equal(answer.losses["inline comment moved to the summary"], 1);
	});
}

if (isGithub) {
	app = true;
	await test("as an App: a narrow token, checks with all annotations", async () => {
		fine({ do: "post", key: "j6", started: true });
		const many = Array.from({ length: 65 }, (_, i) => ({ ...comments[0], body: body(300 + i) }));

		const answer = fine({ do: "post", key: "j6", comments: many, conclusion: 2, annotations: 120, text: "x".repeat(70000),
			check_id: String((await fake("seen")).checks[0].id) });
		const seen = await fake("seen"), [check] = seen.checks;

		assert.equal(seen.checks.length, 1);
		assert.equal(check.conclusion, "skipped");
		assert.equal(check.annotations.length, 120);
		assert.equal(answer.losses["text cut at the forge's limit"], 1);
		assert.deepEqual(seen.minted[0].repositories, ["app"]);
		assert.equal(seen.minted[0].permissions.contents, "read");
		assert.deepEqual(seen.complaints, []);
	});
	await test("a check tells five outcomes apart", async () => {
		const outcomes = [[0, false, "success"], [1, false, "neutral"], [1, true, "failure"], [2, false, "skipped"], [2, true, "failure"], [3, false, "cancelled"]];

		for (const [i, [conclusion, fails, word]] of outcomes.entries()) {
			const [{ id }] = (await fake("seen")).checks;

			fine({ do: "post", key: `outcome-${i}`, conclusion, fails, check_id: String(id) });
			assert.equal((await fake("seen")).checks[0].conclusion, word);
		}
		assert.deepEqual((await fake("seen")).complaints, []);
	});
	await test("a token that was revoked is made anew, once", async () => {
		const before = (await fake("seen")).minted.length;

		await fake("revoke", { n: 1 });
		fine({ do: "post", key: "j8", started: true });
		// each driver is a process of its own and makes one; this one made two
		assert.equal((await fake("seen")).minted.length, before + 2);
		await fake("revoke", { n: 2 });
		assert.equal(ask({ do: "post", key: "j9", started: true }).kind, "perm");
		await fake("revoke", { n: 0 });
	});
	await test("a check that was lost is found again", async () => {
		const before = (await fake("seen")).checks.length;

		git(tree, "push", "-q", bare, `${head}:${headRef(8)}`);
		await fake("open", { repo: "team/app", number: 8 });
		await fake("fault", { kind: "reset" });
		assert.equal(ask({ do: "post", key: "j7", number: 8, started: true }).kind, "temp");
		fine({ do: "post", key: "j7", number: 8, started: true });
		// another job of the same head
		fine({ do: "post", key: "j8", number: 8, started: true });
		fine({ do: "post", key: "j8", number: 8, conclusion: 0, annotations: 60 });
		const checks = (await fake("seen")).checks.slice(before);

		assert.equal(checks.length, 1);
		assert.equal(checks[0].conclusion, "success");
		// a try that was killed after its annotations had gone out
		fine({ do: "post", key: "j8", number: 8, conclusion: 0, annotations: 60 });
		assert.equal((await fake("seen")).checks.at(-1).annotations.length, 60);
		await fake("change", { repo: "team/app", number: 8, state: "closed" });
	});
	await test("missed deliveries", async () => {
		const at = "2026-01-02T03:04:05Z";

		await fake("deliveries", [
			{ id: 5, guid: "e", delivered_at: at, status_code: 200, status: "OK" },
			{ id: 4, guid: "d", delivered_at: at, status_code: 502, status: "Bad" },
			{ id: 3, guid: "c", delivered_at: at, status_code: 0, status: "timed out" },
			{ id: 2, guid: "e", delivered_at: at, status_code: 500, status: "Bad" },
			{ id: 1, guid: "d", delivered_at: at, status_code: 500, status: "Bad" },
			{ id: 0, guid: "old", delivered_at: "2020-01-02T03:04:05Z", status_code: 500, status: "Bad" },
		]);
		assert.equal(fine({ do: "sweep", since_s: 1700000000 }).asked, 2);
		assert.deepEqual((await fake("seen")).asked, [1, 3]);
	});
}

// Debian's gh, python3-github and python3-gitlab, by the system's own python
const clients = { github: "github", gitlab: "gitlab" }[dialect];

if (clients) {
	await test("other people's clients", () => {
		execFileSync("/usr/bin/python3", [join(here, "clients.py"), dialect, fakeUrl, "fake-token-0123456789"], { stdio: "inherit", timeout: 120e3 });
	});
}

await test("nothing that the fake does not know was called", async () => {
	assert.deepEqual((await fake("seen")).complaints, []);
});

children.forEach((child) => child.removeAllListeners("exit").kill("SIGTERM"));
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
