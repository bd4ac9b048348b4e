// machines.mjs: what a crash test runs: the service on one machine or on several, PostgreSQL, and the fake GitHub.
import { execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { copyFileSync, createWriteStream, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { below, env, forge, here, peers, program, sleep, work } from "./world.mjs";

// ---- the service ----

const freePort = () => new Promise((done) => {
	const server = createServer().listen(0, "127.0.0.1", () => {
		const { port } = server.address();

		server.close(() => done(port));
	});
});
export let postgres;
let store = "", ending = false;
// From now on nothing is started again.
export function beginEnd() {
	ending = true;
}
export const nodes = []; // { name, argv, url of its gateway, in a namespace of its own or not }

// postgres.sh in a shell of its own: each line that it reads is a crash and a new start of the server.
export async function startPostgres() {
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
	store = first;
}

// As the machine's init does: what dies is started again.
export function start(node) {
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

export let fake;
let fakeUrl;
export async function askFake(what, body) {
	return (await fetch(`${fakeUrl}/_fake/${what}`, { method: "POST", body: JSON.stringify(body ?? {}) })).json();
}

export async function startFake() {
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

// made once for all tests (tests/CMakeLists.txt)
const record = join(dirname(realpathSync(program)), "..", "selftest.json");

function settings(name, listen, more) {
	const file = join(work, `${name}.yml`);

	writeFileSync(file, `version: 1\nlisten: ${listen}\nurl: http://${listen}\ndata: ${work}/${name}\nselftest: ${record}\n${store ? `database: "${store}"\n` : ""}` +
		`${more}\nlimits: {lease_seconds: 5}\nintegrations:\n  - ${integration()}\n` +
		`login: {token: "env:ADMIN_TOKEN"}\n`);
	return ["serve", "--config", file];
}

export async function oneMachine() {
	const listen = `127.0.0.1:${await freePort()}`;

	nodes.push({ name: "all", url: `http://${listen}`, argv: settings("all", listen, "workers: 2") });
}

// ---- machines: each in a network of its own, all on one bridge, and the database on a socket that all see ----

export const run = (command, ...args) => execFileSync(command, args, { env, encoding: "utf8" }).trim();
function machine(name, number) {
	run("ip", "netns", "add", name);
	run("ip", "link", "add", `to-${name}`, "type", "veth", "peer", "name", "eth0", "netns", name);
	run("ip", "link", "set", `to-${name}`, "master", "bridge0", "up");
	run("ip", "-n", name, "link", "set", "lo", "up");
	run("ip", "-n", name, "address", "add", `10.77.0.${number}/24`, "dev", "eth0");
	run("ip", "-n", name, "link", "set", "eth0", "up");
}

export function manyMachines() {
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
		nodes.push({ name: `worker${number}`, apart: true, argv: ["worker", "--selftest", record, "--connect", `tcp://10.77.0.1${1 + (number % 2)}:7410`, "--key", file,
			"--broker-key", key, "--data", join(work, `worker${number}`), "--name", `worker${number}`] });
	}
}

export function processes() {
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
export const servers = () => nodes.filter((node) => node.url), workers = () => nodes.filter((node) => !node.url);
export const role = (name) => processes().filter((one) => (pids(servers()).includes(one.parent) && one.line.includes(`--role ${name}`)) ||
	(name === "worker" && pids(workers()).includes(one.pid)));
export const seen = new Set(); // every process of ours that was ever there
export function family() {
	const all = processes(), ours = all.filter((one) => pids(nodes).includes(one.pid) || (one.line.includes(work) && one.line.includes("--role")));

	for (let n = 0; n !== ours.length;) {
		n = ours.length;
		ours.push(...all.filter((one) => !ours.includes(one) && ours.some((parent) => parent.pid === one.parent)));
	}
	ours.forEach((one) => seen.add(`${one.pid} ${one.line}`));
	return ours;
}
