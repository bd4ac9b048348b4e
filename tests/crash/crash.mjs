// node crash.mjs PROGRAM [--kills N] [--seed S] [--engine sqlite|postgres] [--github PEERS] [--netns] [--keep]
//
// The whole service under load with a local forge (or the fake GitHub of tests/forge, with the packages in PEERS), whose deliveries come doubled, late, out of order and stale, while at random
// points one of its processes is killed as by kill -9: gateway, broker, worker, analyst, supervisor, PostgreSQL. With --netns (netns.sh prepares for
// it) two brokers and four workers are machines of their own, whose links are cut and healed. In the end, when all is quiet,
// the newest head of each pull request must be reviewed as a model says, nothing said twice, nothing stuck, nobody left.
// Exit code 77: the machine cannot run it.
import { createHmac } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { askFake, beginEnd, fake, family, manyMachines, nodes, oneMachine, postgres, processes, role, run, seen, servers, start, startFake, startPostgres } from "./machines.mjs";
import { below, check, engine, failures, forge, keep, kills, log, netns, PAUSE, peers, pick, pulls, QUIET_MS, random, REPOSITORIES, makeRepository, seed, sleep, work } from "./world.mjs";

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
	beginEnd();
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
		await startPostgres();
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

for (const signal of ["SIGINT", "SIGTERM"])
	process.on(signal, () => {
		beginEnd();
		nodes.forEach((node) => node.process?.kill("SIGKILL"));
		fake?.kill("SIGTERM");
		rmSync(work, { recursive: true, force: true });
		process.exit(130);
	});
try {
	await main();
} catch (error) {
	check("the test itself", false, error.stack);
	beginEnd();
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
