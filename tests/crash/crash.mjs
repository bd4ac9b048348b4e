// node crash.mjs PROGRAM [--kills N] [--seed S] [--engine sqlite|postgres] [--github PEERS] [--netns] [--keep]
//
// The whole service under load with a local forge (or the fake GitHub of tests/forge, with the packages in PEERS), whose deliveries come doubled, late, out of order and stale, while at random
// points one of its processes is killed as by kill -9: gateway, broker, worker, analyst, supervisor, PostgreSQL. With --netns (netns.sh prepares for
// it) two brokers and four workers are machines of their own, whose links are cut and healed. In the end, when all is quiet,
// the newest head of each pull request must be reviewed as a model says, nothing said twice, nothing stuck, nobody left.
// Exit code 77: the machine cannot run it.
import { createHmac, generateKeyPairSync } from "node:crypto";
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const option = (name, other) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : other);
const program = process.argv[2];
const netns = process.argv.includes("--netns");
const kills = Number(option("kills", 15)), engine = netns ? "postgres" : option("engine", "sqlite"), keep = process.argv.includes("--keep");
const seed = Number(option("seed", Date.now() % 1000000));
const peers = option("github", ""); // where the fake GitHub finds its packages; empty: the local forge
// GitHub takes 80 comments, reviews and checks a minute, and the service obeys
const REPOSITORIES = peers ? 1 : 3, PULLS = 5, VARIANTS = 6, FILES = 4, PAUSE = peers ? 700 : 100;
const QUIET_MS = 180e3; // the longest wait for the end: back-offs of a few tries and a lease

// A small generator of numbers, so that a seed gives the same decisions again (mulberry32).
let state = seed;
function random() {
	state = (state + 0x6d2b79f5) | 0;
	let t = Math.imul(state ^ (state >>> 15), 1 | state);

	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
	return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const work = mkdtempSync("/tmp/outrider-crash-"), forge = join(work, "forge");
const env = { ...process.env, HOOK_SECRET: "hook-secret", ADMIN_TOKEN: "admin-token", GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
const log = (text) => console.log(`${((Date.now() - began) / 1000).toFixed(1)} ${text}`);
const began = Date.now();
let failures = 0;
function check(what, good, detail = "") {
	if (!good)
		failures++;
	console.log(`${good ? "ok" : "not ok"}: ${what}${good || !detail ? "" : `: ${detail}`}`);
}

// ---- what is reviewed: each file of a head is in one of four states ----

const rulesOf = [[], ["python-is-literal"], ["python-eval-input"], ["python-is-literal", "python-eval-input"]];
function source(variant, file) {
	const rules = rulesOf[variant];

	return `def f${file}(name):\n` + (rules.includes("python-is-literal") ? '    if name is "admin":\n        name = ""\n' : "") +
		(rules.includes("python-eval-input") ? "    name = eval(input())\n" : "") + `    return name + "${variant}"\n`;
}

const pulls = [];
function makeRepository(name) {
	const path = join(forge, "team", `${name}.git`);
	let stream = "", mark = 0;
	const files = (variants) => variants.map((variant, i) => {
		const text = source(variant, i);

		return `M 100644 inline f${i}.py\ndata ${text.length}\n${text}\n`;
	}).join("");
	const commit = (ref, from, variants) => {
		const message = `change ${++mark}`;

		stream += `commit ${ref}\nmark :${mark}\ncommitter ada <ada@example.invalid> ${1700000000 + mark} +0000\ndata ${message.length}\n${message}\n` +
			(from ? `from :${from}\n` : "") + files(variants) + "\n";
		return mark;
	};
	const base = commit("refs/heads/main", 0, Array(FILES).fill(0));

	mkdirSync(join(forge, "team", `${name}.forge`, "pulls"), { recursive: true });
	execFileSync("git", ["init", "-q", "--bare", "-b", "main", path], { env });
	for (let number = 1; number <= PULLS; number++) {
		const pull = { name, number, path, heads: [] };
		let last = base;

		for (let i = 0; i < VARIANTS; i++) {
			const variants = Array.from({ length: FILES }, () => below(4));

			// some pushes build on the one before, others are force-pushes
			last = commit(`refs/prepared/${number}-${i}`, below(2) ? last : base, variants);
			pull.heads.push({ ref: `refs/prepared/${number}-${i}`, wants: variants.flatMap((v, f) => rulesOf[v].map((rule) => `f${f}.py ${rule}`)).sort() });
		}
		pulls.push(pull);
	}
	execFileSync("git", ["-C", path, "fast-import", "--quiet"], { env, input: stream });
	const oids = new Map(execFileSync("git", ["-C", path, "for-each-ref", "--format=%(refname) %(objectname)"], { env, encoding: "utf8" })
		.trim().split("\n").map((line) => line.split(" ")));

	for (const pull of pulls.filter((one) => one.name === name)) {
		pull.heads.forEach((head) => { head.oid = oids.get(head.ref); });
		writeFileSync(join(forge, "team", `${name}.forge`, "pulls", `${pull.number}.json`),
			JSON.stringify({ state: "open", title: "A change", author: "ada", base: "main", head: `topic-${pull.number}` }));
	}
}

// ---- the service ----

const freePort = () => new Promise((done) => {
	const server = createServer().listen(0, "127.0.0.1", () => {
		const { port } = server.address();

		server.close(() => done(port));
	});
});
let postgres, store = "", ending = false;
const nodes = []; // { name, argv, url of its gateway, in a namespace of its own or not }

// postgres.sh in a shell of its own: each line that it reads is a crash and a new start of the server.
async function startPostgres() {
	const script = `. '${here}/../postgres.sh'; trap pg_stop EXIT; pg_start || exit; echo "$OUTRIDER_STORE"; while read -r pause; do pg_kill; sleep "$pause"; pg_run && echo up; done`;
	let take;

	postgres = spawn("bash", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
	const next = () => new Promise((done) => { take = done; });

	postgres.stdout.on("data", (text) => take?.(text.toString().trim()));
	const ended = new Promise((done) => postgres.once("exit", (code) => done(code)));
	const first = await Promise.race([next(), ended]);

	if (typeof first !== "string")
		process.exit(first === 77 ? 77 : 1);
	postgres.crash = async (pause) => {
		const up = next();

		postgres.stdin.write(`${pause}\n`);
		await up;
	};
	return first;
}

// As the machine's init does: what dies is started again.
function start(node) {
	const [command, ...args] = node.apart ? ["ip", "netns", "exec", node.name, program, ...node.argv] : [program, ...node.argv];

	node.process = spawn(command, args, { env, stdio: ["ignore", "ignore", "pipe"] });
	node.process.stderr.pipe(createWriteStream(join(work, `${node.name}.log`), { flags: "a" }));
	node.gone = new Promise((done) => node.process.once("exit", done));
	void node.gone.then(async () => {
		await sleep(below(500));
		if (!ending)
			start(node);
	});
}

// ---- the fake GitHub ----

let fake, fakeUrl;
async function askFake(what, body) {
	return (await fetch(`${fakeUrl}/_fake/${what}`, { method: "POST", body: JSON.stringify(body ?? {}) })).json();
}

async function startFake() {
	const keys = generateKeyPairSync("rsa", { modulusLength: 2048 }), code = join(work, "code");

	mkdirSync(code);
	for (const file of ["fake.mjs", "github.mjs", "state.mjs", "prune.mjs"])
		copyFileSync(join(here, "..", "forge", file), join(code, file));
	writeFileSync(join(work, "key.pub"), keys.publicKey.export({ type: "spki", format: "pem" }));
	writeFileSync(join(work, "app.pem"), keys.privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
	fake = spawn("node", [join(code, "fake.mjs"), "github", forge, join(work, "key.pub")], { cwd: peers, stdio: ["pipe", "pipe", "inherit"],
		env: { ...env, FAKE_TOKEN: "ghs_fakeTokenOfAnInstallation0123456789" } });
	fakeUrl = `http://127.0.0.1:${await new Promise((done) => fake.stdout.once("data", (text) => done(text.toString().trim())))}`;
}

const integration = () => (peers ? `{name: here, forge: github, url: "${fakeUrl}", web: "${fakeUrl}", app_id: "Iv1.outrider", app_key: "file:${work}/app.pem", secrets: "env:HOOK_SECRET"}` :
	`{name: here, forge: local, path: "${forge}", secrets: "env:HOOK_SECRET"}`);

function settings(name, listen, more) {
	const file = join(work, `${name}.yml`);

	writeFileSync(file, `version: 1\nlisten: ${listen}\nurl: http://${listen}\ndata: ${work}/${name}\n${store ? `database: "${store}"\n` : ""}` +
		`${more}\nlimits: {lease_seconds: 5}\nintegrations:\n  - ${integration()}\n` +
		`login: {token: "env:ADMIN_TOKEN"}\n`);
	return ["serve", "--config", file];
}

async function oneMachine() {
	const listen = `127.0.0.1:${await freePort()}`;

	nodes.push({ name: "all", url: `http://${listen}`, argv: settings("all", listen, "workers: 2") });
}

// ---- machines: each in a network of its own, all on one bridge, and the database on a socket that all see ----

const run = (command, ...args) => execFileSync(command, args, { env, encoding: "utf8" }).trim();
function machine(name, number) {
	run("ip", "netns", "add", name);
	run("ip", "link", "add", `to-${name}`, "type", "veth", "peer", "name", "eth0", "netns", name);
	run("ip", "link", "set", `to-${name}`, "master", "bridge0", "up");
	run("ip", "-n", name, "link", "set", "lo", "up");
	run("ip", "-n", name, "address", "add", `10.77.0.${number}/24`, "dev", "eth0");
	run("ip", "-n", name, "link", "set", "eth0", "up");
}

function manyMachines() {
	const keys = join(work, "keys"), broker = join(keys, "broker.key");

	mkdirSync(keys, { mode: 0o700 });
	run("ip", "link", "set", "lo", "up");
	run("ip", "link", "add", "bridge0", "type", "bridge");
	run("ip", "address", "add", "10.77.0.1/24", "dev", "bridge0");
	run("ip", "link", "set", "bridge0", "up");
	const key = run(program, "keys", "new", broker).split("\n").pop();

	for (const number of [1, 2]) {
		const address = `10.77.0.1${number}`;

		machine(`broker${number}`, 10 + number);
		nodes.push({ name: `broker${number}`, apart: true, url: `http://${address}:8080`, argv: settings(`broker${number}`, `${address}:8080`,
			`workers: 0\nbroker: {listen: "tcp://${address}:7410", keys: "${keys}"}`) });
	}
	for (const number of [1, 2, 3, 4]) {
		const file = join(keys, `worker${number}.key`), own = run(program, "keys", "new", file).split("\n").pop();

		machine(`worker${number}`, 20 + number);
		run(program, "keys", "allow", join(keys, "allowed"), own, `worker${number}`);
		nodes.push({ name: `worker${number}`, apart: true, argv: ["worker", "--connect", `tcp://10.77.0.1${1 + (number % 2)}:7410`, "--key", file,
			"--broker-key", key, "--data", join(work, `worker${number}`), "--name", `worker${number}`] });
	}
}

function processes() {
	const all = [];

	for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
		try {
			const stat = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");

			if (stat[0] !== "Z")
				all.push({ pid: Number(pid), parent: Number(stat[1]), line: readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ") });
		} catch { /* it has ended */ }
	}
	return all;
}
const pids = (list) => list.map((node) => node.process.pid);
const servers = () => nodes.filter((node) => node.url), workers = () => nodes.filter((node) => !node.url);
const role = (name) => processes().filter((one) => (pids(servers()).includes(one.parent) && one.line.includes(`--role ${name}`)) ||
	(name === "worker" && pids(workers()).includes(one.pid)));
const seen = new Set(); // every process of ours that was ever there
function family() {
	const all = processes(), ours = all.filter((one) => pids(nodes).includes(one.pid) || (one.line.includes(work) && one.line.includes("--role")));

	for (let n = 0; n !== ours.length;) {
		n = ours.length;
		ours.push(...all.filter((one) => !ours.includes(one) && ours.some((parent) => parent.pid === one.parent)));
	}
	ours.forEach((one) => seen.add(`${one.pid} ${one.line}`));
	return ours;
}

// ---- kills ----

const counts = {};
function killOne(list, what) {
	const victim = list.length ? pick(list) : undefined;

	if (!victim)
		return false;
	try {
		process.kill(victim.pid, "SIGKILL");
	} catch {
		return false;
	}
	counts[what] = (counts[what] ?? 0) + 1;
	return true;
}

async function killAnalyst() {
	for (let i = 0; i < 100; i++) {
		const parents = role("worker").map((one) => one.pid);

		if (killOne(processes().filter((one) => parents.includes(one.parent)), "child of a worker"))
			return true;
		await sleep(5);
	}
	return false;
}

async function killSupervisor() {
	const node = pick(servers());

	node.process.kill("SIGKILL");
	await node.gone;
	counts.supervisor = (counts.supervisor ?? 0) + 1;
	return true;
}

// For less than a lease or for more. The end waits for all to be healed.
const cuts = [];
async function cutLink() {
	const node = pick(nodes);

	counts["cut link"] = (counts["cut link"] ?? 0) + 1;
	run("ip", "link", "set", `to-${node.name}`, "down");
	cuts.push(sleep(below(9000)).then(() => run("ip", "link", "set", `to-${node.name}`, "up")));
	return true;
}

async function killPostgres() {
	await postgres.crash((random() * 1.5).toFixed(2));
	counts.postgres = (counts.postgres ?? 0) + 1;
	return true;
}

// What the forge is asked to do next is done, but it does not say so.
async function loseAnswer() {
	await askFake("fault", { kind: pick(["reset", "error"]) });
	counts["lost answer"] = (counts["lost answer"] ?? 0) + 1;
	return true;
}

const killers = [() => killOne(role("gateway"), "gateway"), () => killOne(role("broker"), "broker"),
	() => killOne(role("worker"), "worker"), killAnalyst, killSupervisor, ...(engine === "postgres" ? [killPostgres] : []), ...(peers ? [loseAnswer] : []),
	...(netns ? [cutLink, cutLink, cutLink] : [])];

// ---- load ----

let deliveries = 0, under = 0, tries = 0, taken = 0, given = 0;

// As a forge: until it is taken.
async function deliver(body, times = 1) {
	const signature = createHmac("sha256", "hook-secret").update(body).digest("hex");

	under++;
	for (let i = 0; i < times; i++)
		for (;;) {
			tries++;
			try {
				const answer = await fetch(`${pick(servers()).url}/hooks/here`, { method: "POST", body, signal: AbortSignal.timeout(12e3),
					headers: { "content-type": "application/json", "x-hub-signature-256": `sha256=${signature}`, "x-github-event": "pull_request",
						"x-github-delivery": JSON.parse(body).delivery } });

				await answer.text();
				if (answer.status === 202)
					break;
				if (answer.status !== 503)
					throw new Error(`status ${answer.status}`);
			} catch (error) {
				if (/status/.test(error.message))
					check("a delivery is taken", false, error.message);
			}
			given++;
			await sleep(200);
		}
	taken++;
	under--;
}

function event(pull, action, oid) {
	const user = { login: "ada", id: 7, type: "User" }, repository = { full_name: `team/${pull.name}` };

	if (peers)
		return JSON.stringify({ delivery: `d${++deliveries}`, action: action === "opened" ? action : "synchronize", number: pull.number, repository, sender: user,
			installation: { id: 5 }, pull_request: { number: pull.number, title: "A change", state: "open", draft: false, user,
				base: { ref: "main", repo: repository }, head: { ref: "work", sha: oid, repo: repository } } });
	return JSON.stringify({ event: `pull.${action}`, delivery: `d${++deliveries}`, repository: `team/${pull.name}`, number: pull.number, sender: { login: "ada" },
		pull: { title: "A change", author: { login: "ada" }, base_ref: "main", head_ref: `topic-${pull.number}`, head_oid: oid } });
}

const late = []; // deliveries that come later, in any order
function push(pull, last = false) {
	const head = pick(pull.heads.filter((one) => one !== pull.head)), file = join(pull.path, "refs", "pull", String(pull.number), "head");
	const body = event(pull, pull.head ? "updated" : "opened", head.oid);

	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(`${file}.new`, `${head.oid}\n`);
	renameSync(`${file}.new`, file);
	pull.head = head;
	// the event of the newest head of half of them comes once: another one would hide its loss
	if (last && pull.number % 2)
		return deliver(body);
	if (random() < 0.3)
		late.push(body);
	if (random() < 0.2) {
		late.push(body);
		return undefined;
	}
	return deliver(body, random() < 0.3 ? 2 : 1);
}

async function load(going) {
	while (going.now) {
		void push(pick(pulls));
		while (late.length > 5)
			void deliver(late.splice(below(late.length), 1)[0]);
		await sleep(PAUSE + below(3 * PAUSE));
	}
}

async function crash(going) {
	for (let n = 0; n < kills;) {
		await sleep(300 + below(900));
		if (await pick(killers)())
			n++;
		family();
	}
	going.now = false;
}

// ---- the end ----

let cookie = "";
async function api(path) {
	if (!cookie) {
		const answer = await fetch(`${nodes[0].url}/login`, { method: "POST", body: new URLSearchParams({ token: "admin-token" }), redirect: "manual" });

		cookie = answer.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
	}
	return (await fetch(`${nodes[0].url}${path}`, { headers: { cookie }, signal: AbortSignal.timeout(5e3) })).json();
}

async function quiet() {
	const until = Date.now() + QUIET_MS;
	let status;

	while (Date.now() < until) {
		try {
			status = await api("/api/v1/status");
			if (under === 0 && status.jobs.queued === 0 && status.jobs.leased === 0)
				return status;
		} catch { /* the gateway starts again */ }
		await sleep(250);
	}
	check("all jobs end", false, JSON.stringify(status));
	console.log(JSON.stringify((await api("/api/v1/jobs").catch(() => ({})))?.items?.filter((one) => /queued|leased/.test(one.state)), null, 1));
	return status;
}

const readAll = (folder) => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [])
	.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
const name = (pull) => `${pull.name} #${pull.number} at ${pull.head.oid.slice(0, 10)}`;

// Its comments, the conclusions of its newest head's checks, and how many summaries it has.
function heldLocal(pull) {
	const folder = join(forge, "team", `${pull.name}.forge`), file = join(folder, "checks", `${pull.head.oid}.json`);

	return { threads: readAll(join(folder, "pulls", String(pull.number), "threads")), summaries: 1,
		checks: existsSync(file) ? [JSON.parse(readFileSync(file, "utf8")).conclusion ?? "running"] : [] };
}

function heldGithub(pull, seen) {
	const words = { success: "clean", neutral: "findings", failure: "findings" };
	const one = seen.pulls.find((other) => other.repo === `team/${pull.name}` && other.number === pull.number);

	return { threads: one.comments.map((thread) => ({ ...thread, rule: /rule=(\S+)/.exec(thread.body)?.[1], fingerprint: /finding=(\S+)/.exec(thread.body)?.[1] })),
		summaries: one.notes.filter((note) => note.body.includes("outrider:v1 summary")).length, checks: seen.checks.filter((other) => other.head_sha === pull.head.oid).map((other) => words[other.conclusion] ?? other.conclusion ?? "running") };
}

async function verify() {
	const wrong = { check: [], said: [], twice: [] }, seen = peers && await askFake("seen");

	for (const pull of pulls) {
		const { threads, checks, summaries } = peers ? heldGithub(pull, seen) : heldLocal(pull);
		const open = threads.filter((one) => !one.resolved).map((one) => `${one.path} ${one.rule}`).sort();
		const conclusion = checks.join(" and ") || "none";
		const once = new Set(threads.map((one) => `${one.path} ${one.fingerprint}`));

		if (summaries > 1)
			wrong.twice.push(`${name(pull)}: ${summaries} summaries`);

		if (conclusion !== (pull.head.wants.length ? "findings" : "clean"))
			wrong.check.push(`${name(pull)}: ${conclusion}`);
		if (open.join() !== pull.head.wants.join())
			wrong.said.push(`${name(pull)}: has [${open}], wants [${pull.head.wants}]`);
		if (once.size !== threads.length)
			wrong.twice.push(`${name(pull)}: ${threads.length} comments, ${once.size} findings`);
	}
	check("the newest head of each pull request has its check", !wrong.check.length, wrong.check.join("; "));
	check("open comments are those of the newest head", !wrong.said.length, wrong.said.join("; "));
	if (peers) {
		const made = seen.checks.map((one) => `${one.head_sha} ${one.external_id}`);

		check("no check is made twice", new Set(made).size === made.length, made.sort().filter((one, i, all) => one === all[i - 1]).join("; "));
		check("the forge understood all", !seen.complaints.length, seen.complaints.join("; "));
	}
	check("nothing is said twice", !wrong.twice.length, wrong.twice.join("; "));
}

async function end() {
	const codes = [];

	family();
	ending = true;
	for (const node of nodes.toReversed()) {
		node.process.kill("SIGTERM");
		codes.push(await node.gone);
	}
	check("SIGTERM ends all", codes.every((code) => code === 0), codes.join());
	// those of a supervisor that was killed end by themselves, when their workers have
	let left = [];

	for (let i = 0; i < 100; i++) {
		left = processes().filter((one) => seen.has(`${one.pid} ${one.line}`));
		if (!left.length)
			break;
		await sleep(200);
	}

	check("no process is left", !left.length, left.map((one) => `${one.pid} ${one.line}`).join("; "));
	left.forEach((one) => process.kill(one.pid, "SIGKILL"));
}

async function main() {
	console.log(`# seed ${seed}, ${kills} kills, ${engine}`);
	if (engine === "postgres")
		store = await startPostgres();
	for (let i = 0; i < REPOSITORIES; i++)
		makeRepository(`r${i}`);
	if (peers) {
		await startFake();
		for (const pull of pulls)
			await askFake("open", { repo: `team/${pull.name}`, number: pull.number });
	}
	await (netns ? manyMachines() : oneMachine());
	nodes.forEach(start);
	const going = { now: true };

	await Promise.all([load(going), crash(going)]);
	await Promise.all(cuts);
	log(`killed: ${Object.entries(counts).map(([what, n]) => `${n} ${what}`).join(", ")}`);
	await Promise.all(late.splice(0).map((body) => deliver(body)));
	await Promise.all(pulls.map((pull) => push(pull, true)));
	await Promise.all(late.splice(0).map((body) => deliver(body)));
	log(`${deliveries} deliveries, ${tries} tries, ${given} without an answer of 202`);
	const status = await quiet();

	log(`quiet: ${JSON.stringify(status?.jobs)}`);
	check("no dead letter", status?.jobs.dead === 0, JSON.stringify((await api("/api/v1/jobs?state=dead")).items));
	await verify();
	const jobs = (await api("/api/v1/jobs")).items.filter((one) => one.kind === "review");
	const foreign = jobs.filter((job) => !pulls.find((one) => `team/${one.name}` === job.repository && one.number === job.number).heads.some((head) => head.oid === job.head));

	check("each job knows the head of its event", jobs.length > 0 && !foreign.length, JSON.stringify(foreign.slice(0, 3)));
	await end();
}

try {
	await main();
} catch (error) {
	check("the test itself", false, error.stack);
	ending = true;
	nodes.forEach((node) => node.process?.kill("SIGKILL"));
}
fake?.kill("SIGTERM");
if (postgres) {
	postgres.stdin.end();
	await new Promise((done) => postgres.once("exit", done));
}
if (keep || failures)
	console.log(`# kept: ${work}`);
if (!keep && !failures)
	rmSync(work, { recursive: true, force: true });
process.exit(failures ? 1 : 0);
