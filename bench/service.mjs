// node service.mjs BUILD [sqlite|postgres] [SECONDS]: the service's figures on this machine. BUILD/bin has outrider and bench_service.
//   webhooks   durable, signed, over HTTP: how many a second, and how long one waits
//   review     from the webhook to the posted review, with a first fetch and with a mirror that is there
//   throughput reviews a minute
//   memory     of all processes at rest: PSS, in which shared pages count for their share
// postgres: run by tests/postgres.sh, which sets OUTRIDER_STORE.
import { createHmac } from "node:crypto";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";

const [build, engine = "sqlite", seconds = "10"] = process.argv.slice(2);
const program = join(build, "bin/outrider"), work = mkdtempSync("/tmp/outrider-bench-"), forge = join(work, "forge");
const env = { ...process.env, HOOK_SECRET: "hook-secret", ADMIN_TOKEN: "admin-token", GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const port = await new Promise((done) => {
	const server = createServer().listen(0, "127.0.0.1", () => {
		const { port: free } = server.address();

		server.close(() => done(free));
	});
});
// no figure is to be of the self-test of the sandbox, which each start without one begins
const record = resolve(build, "selftest.json");
spawnSync(program, ["sandbox", "selftest", "--if-needed", "--record", record], { stdio: "inherit" });
let service;

async function start(workers) {
	writeFileSync(join(work, "outrider.yml"), `version: 1\nlisten: 127.0.0.1:${port}\ndata: ${work}/data\nselftest: ${record}\n` +
		(engine === "postgres" ? `database: "${process.env.OUTRIDER_STORE}"\n` : "") +
		`workers: ${workers}\nintegrations:\n  - {name: here, forge: local, path: "${forge}", secrets: "env:HOOK_SECRET"}\n` +
		`  - {name: hub, forge: github, token: "env:ADMIN_TOKEN", url: "http://127.0.0.1:1", secrets: "env:HOOK_SECRET"}\nlogin: {token: "env:ADMIN_TOKEN"}\n`);
	service = spawn(program, ["serve", "--config", join(work, "outrider.yml")], { env, stdio: ["ignore", "ignore", "ignore"] });
	service.gone = new Promise((done) => service.once("exit", done));
	for (;;) {
		if (await fetch(`http://127.0.0.1:${port}/readyz`).then((answer) => answer.ok, () => false))
			return;
		await sleep(50);
	}
}

async function stop() {
	service.kill("SIGTERM");
	await service.gone;
}

function family(pid) {
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);

	return [pid, ...children.flatMap((child) => family(child))];
}

function memory() {
	const parts = family(service.pid).map((pid) => {
		const role = /--role\0(\w+)/.exec(readFileSync(`/proc/${pid}/cmdline`, "utf8"))?.[1] ?? "supervisor";

		return [role, Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))[1]) / 1024];
	});

	return `${parts.reduce((sum, [, mb]) => sum + mb, 0).toFixed(1)} MB (${parts.map(([role, mb]) => `${role} ${mb.toFixed(1)}`).join(", ")})`;
}

// ---- repositories ----

function repository(name, pulls) {
	const path = join(forge, "team", `${name}.git`), lines = Array.from({ length: 200 }, (_, i) => `def f${i}(name):\n    return name\n\n`).join("");
	let stream = `commit refs/heads/main\nmark :1\ncommitter ada <ada@example.invalid> 1700000000 +0000\ndata 4\nbase\n`;

	for (let i = 0; i < 50; i++)
		stream += `M 100644 inline f${i}.py\ndata ${lines.length}\n${lines}\n`;
	for (let i = 1; i <= pulls; i++) {
		const text = lines.replace("    return name\n", `    if name is "${i}":\n        return eval(input())\n    return name\n`);

		stream += `commit refs/pull/${i}/head\nmark :${i + 1}\ncommitter ada <ada@example.invalid> 170000000${i % 10} +0000\ndata 6\nchange\nfrom :1\n` +
			`M 100644 inline f${i % 50}.py\ndata ${text.length}\n${text}\n`;
	}
	execFileSync("git", ["init", "-q", "--bare", "-b", "main", path], { env });
	execFileSync("git", ["-C", path, "fast-import", "--quiet"], { env, input: stream });
	mkdirSync(join(forge, "team", `${name}.forge`, "pulls"), { recursive: true });
	const heads = new Map(execFileSync("git", ["-C", path, "for-each-ref", "--format=%(refname) %(objectname)"], { env, encoding: "utf8" })
		.trim().split("\n").map((line) => line.split(" ")));

	return Array.from({ length: pulls }, (_, i) => {
		writeFileSync(join(forge, "team", `${name}.forge`, "pulls", `${i + 1}.json`), JSON.stringify({ state: "open", title: "A change", author: "ada", base: "main", head: "topic" }));
		return { name, number: i + 1, head: heads.get(`refs/pull/${i + 1}/head`) };
	});
}

let deliveries = 0;
async function hook(pull) {
	const body = JSON.stringify({ event: "pull.opened", delivery: `d${++deliveries}`, repository: `team/${pull.name}`, number: pull.number, sender: { login: "ada" },
		pull: { title: "A change", author: { login: "ada" }, base_ref: "main", head_ref: "topic", head_oid: pull.head } });
	const answer = await fetch(`http://127.0.0.1:${port}/hooks/here`, { method: "POST", body,
		headers: { "x-hub-signature-256": `sha256=${createHmac("sha256", "hook-secret").update(body).digest("hex")}` } });

	await answer.text();
	if (answer.status !== 202)
		throw new Error(`status ${answer.status}`);
}

const check = (pull) => join(forge, "team", `${pull.name}.forge`, "checks", `${pull.head}.json`);
async function posted(pull) {
	while (!existsSync(check(pull)) || !readFileSync(check(pull), "utf8").includes('"completed"'))
		await sleep(2);
}

async function reviews(pulls) {
	const times = [];

	for (const pull of pulls) {
		const began = performance.now();

		await hook(pull);
		await posted(pull);
		times.push(performance.now() - began);
	}
	times.sort((a, b) => a - b);
	return `p50 ${times[times.length >> 1].toFixed(0)} ms, p95 ${times[Math.floor(times.length * 0.95)].toFixed(0)} ms of ${times.length}`;
}

// ---- all ----

const user = { login: "ada", id: 7, type: "User" }, repo = { full_name: "team/hub", description: "x".repeat(200) };
const sent = { action: "opened", number: 4242424, repository: repo, sender: user, pull_request: { number: 4242424, title: "A change", state: "open", draft: false, user,
	body: "y".repeat(3000), base: { ref: "main", sha: "1".repeat(40), repo }, head: { ref: "work", sha: "2".repeat(40), repo },
	labels: [], _links: Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`link_${i}`, { href: `https://api.example.invalid/repos/team/hub/things/${"z".repeat(100)}/${i}` }])) } };

process.on("exit", () => {
	service?.kill("SIGTERM");
	rmSync(work, { recursive: true, force: true });
});
mkdirSync(join(forge, "team"), { recursive: true });
writeFileSync(join(work, "body"), JSON.stringify(sent));
console.log(`# ${engine}`);
await start(0);
console.log(`webhooks: ${execFileSync(join(build, "bin/bench_service"), [String(port), "hub", "hook-secret", join(work, "body"), "32", seconds], { encoding: "utf8" }).trim()}`);
await stop();
if (engine === "sqlite")
	rmSync(join(work, "data"), { recursive: true });
const cold = Array.from({ length: 20 }, (_, i) => repository(`cold${i}`, 1)[0]), warm = repository("warm", 41), many = repository("many", 120);

if (engine === "sqlite") {
	await start(2);
	await sleep(1500);
	console.log(`memory at rest: ${memory()}`);
	console.log(`review, first fetch: ${await reviews(cold)}`);
	await reviews(warm.slice(0, 1));
	console.log(`review, warm: ${await reviews(warm.slice(1))}`);
	const began = performance.now();

	await Promise.all(many.map(hook));
	await Promise.all(many.map(posted));
	console.log(`throughput: ${(many.length * 60e3 / (performance.now() - began)).toFixed(0)} reviews a minute`);
	await sleep(12e3); // the gateway gives back what it does not need every ten seconds
	console.log(`memory after them: ${memory()}`);
	await stop();
}
