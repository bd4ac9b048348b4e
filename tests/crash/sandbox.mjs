// node sandbox.mjs PROGRAM [--kills N] [--seed S]
//
// kill -9 of a sandbox's supervisor at random points of its start, its run and its end. Afterwards nothing of the job is there: no process, no
// control group, no mount, no file, no placeholder of a protected path; the audit log is sound, and the next run works.
// Exit code 77: the machine has no sandbox.
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const WAIT_MS = 15000; // for the kernel and the keeper; a loaded machine takes its time
const [source, ...options] = process.argv.slice(2);
const option = (name, otherwise) => (options.includes(name) ? Number(options[options.indexOf(name) + 1]) : otherwise);
const kills = option("--kills", 24);
const seed = option("--seed", Date.now() % 1000000);
console.log(`# seed ${seed}`);

let state = seed >>> 0;
const random = () => {
	state = (state + 0x6d2b79f5) >>> 0;
	let t = Math.imul(state ^ (state >>> 15), 1 | state);
	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
	return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const work = mkdtempSync(join(tmpdir(), "outrider-kill-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
// a copy: whoever runs it is ours, whatever else runs on this machine
const program = join(work, "program");
copyFileSync(source, program);
const tmp = join(work, "tmp"), project = join(work, "project"), bound = join(work, "bound"), kept = join(work, "kept");
for (const dir of [tmp, project, bound, kept])
	mkdirSync(dir);
for (const dir of [project, bound])
	writeFileSync(join(dir, "file"), "text\n");
const env = { ...process.env, TMPDIR: tmp, HOME: tmp };
const key = join(work, "log.key"), log = join(work, "log"), receipt = join(work, "receipt");

let passed = 0, failed = 0;
const check = (text, why) => {
	if (why) {
		failed++;
		console.log(`not ok ${passed + failed} - ${text}\n# ${why}`);
	} else {
		passed++;
		console.log(`ok ${passed + failed} - ${text}`);
	}
};
const once = (...args) => spawnSync(program, args, { env, encoding: "utf8", timeout: 120000 });

const first = once("sandbox", "run", "-q", "--", "true");
if (first.status === 125) {
	console.log(`SKIP: no sandbox on this host: ${first.stderr}`);
	process.exit(77);
}
if (once("audit", "key", key).status !== 0)
	throw new Error("no key for the audit log");

// ---- what is left ----

const read = (path) => {
	try {
		return readFileSync(path, "latin1");
	} catch {
		return "";
	}
};
const nonce = `86399.${process.pid}${seed}`;
const pids = () => readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name));
function processes(pid) {
	return pids().filter((one) => {
		let exe = "";

		try {
			exe = readlinkSync(`/proc/${one}/exe`);
		} catch {
			return false;
		}
		return exe.startsWith(program) || read(`/proc/${one}/cmdline`).includes(nonce) ||
			read(`/proc/${one}/cgroup`).includes(`-${pid}-`);
	}).map((one) => `${one} (${read(`/proc/${one}/comm`).trim()})`);
}
const bases = ["", ...readdirSync("/sys/fs/cgroup")].map((name) => join("/sys/fs/cgroup", name));
const groups = (pid) => bases.flatMap((base) => {
	try {
		return readdirSync(base).filter((name) => new RegExp(`^outrider-\\d+-${pid}-`).test(name)).map((name) => join(base, name));
	} catch {
		return [];
	}
});
const mounts = () => read("/proc/self/mountinfo").split("\n").filter((line) => line.includes(work) || / \/(work|\.scratch|\.lower) /.test(line));
function tree(dir, prefix) {
	let names = [];

	try {
		names = readdirSync(dir, { withFileTypes: true });
	} catch {
		// it went away
	}
	return names.flatMap((one) => [prefix + one.name, ...(one.isDirectory() ? tree(join(dir, one.name), `${prefix}${one.name}/`) : [])]);
}
const listing = () => tree(work, "").filter((name) => !/^(log|log\..*|receipt)$/.test(name)).sort().join("\n");
let before = listing();
function left(pid) {
	const is = { processes: processes(pid), groups: groups(pid), mounts: mounts(), files: listing() === before ? [] : [`files: ${listing()}`] };

	return Object.values(is).flat().length ? JSON.stringify(is).slice(0, 1500) : "";
}

// ---- kills ----

const pick = (list) => list[Math.floor(random() * list.length)];
// [name, options, command]: what dies at once, what lives, forks, hides in a session of its own, floods
const jobs = [
	["true", [], ["true"]],
	["sleep", [], ["sleep", nonce]],
	["forks", ["-C", project], ["sh", "-c", `: ${nonce}; while :; do (sleep 0.02; exit) & done`]],
	["session", ["-C", project], ["sh", "-c", `setsid sh -c 'trap "" TERM HUP; sleep ${nonce} & sleep ${nonce}' & exec sleep ${nonce}`]],
	["writes", ["-C", project], ["sh", "-c", `: ${nonce}; while :; do head -c 1000000 /dev/zero >f$((n=(n+1)%20)); done`]],
	["output", [], ["sh", "-c", `: ${nonce}; yes | head -c 3000000`]],
	["bound", ["--trust", "trusted", "-C", bound], ["sleep", nonce]],
	["bound, short", ["--trust", "trusted", "-C", bound], ["true"]],
	["audited", ["--audit", log, "--receipt", receipt], ["true"]],
	["kept", ["--keep", "-C", kept], ["true"]],
];

// how long a run takes here and now: kills fall into all of it
function calibrate() {
	const began = performance.now();

	once("sandbox", "run", "-q", "-C", project, "--", "true");
	return performance.now() - began;
}
let length = Math.min(calibrate(), calibrate());

let caught = 0;
const broken = {};
for (let i = 0; i < kills; i++) {
	const [name, args, command] = pick(jobs);
	const group = random() < 0.3; // with its group of processes, as a terminal or a service manager does it
	const child = spawn(program, ["sandbox", "run", "-q", ...args, "--", ...command], { env, stdio: "ignore", detached: group });
	const gone = new Promise((done) => child.once("exit", (code, signal) => done(signal)));
	const delay = random() < 0.8 ? random() * 1.6 * length : length + random() * 150;
	const began = performance.now();

	while (performance.now() - began < delay)
		await (delay > 3 ? sleep(1) : Promise.resolve());
	try {
		process.kill(group ? -child.pid : child.pid, "SIGKILL");
	} catch {
		// it had ended
	}
	caught += (await gone) === "SIGKILL";
	let why = left(child.pid);
	for (const deadline = performance.now() + WAIT_MS; why && performance.now() < deadline; why = left(child.pid))
		await sleep(5);
	if (why) {
		before = listing();
		broken[`${name}, killed after ${delay.toFixed(1)} ms${group ? ", with its group" : ""}`] = why;
	}
	if (i % 10 === 9)
		length = (length + calibrate()) / 2;
}
console.log(`# ${caught} of ${kills} were killed, the others had ended; a run takes ${length.toFixed(0)} ms`);
check(`${kills} kills: most hit`, caught < kills * 0.3 ? `${caught} of ${kills}` : "");
check("nothing of a job is left", Object.entries(broken).slice(0, 5).map(([when, what]) => `${when}: ${what}`).join("\n# "));

// ---- and its keeper, at once: then the next run of the user clears up ----

const both = spawn(program, ["sandbox", "run", "-q", "--", "sleep", nonce], { env, stdio: "ignore" });
const end = new Promise((done) => both.once("exit", done));
const keeper = () => pids().find((one) => read(`/proc/${one}/comm`).trim() === "outrider-keeper" && read(`/proc/${one}/stat`).split(") ")[1]?.split(" ")[1] === String(both.pid));
for (let i = 0; i < 1000 && !(keeper() && groups(both.pid).length && processes(both.pid).length > 3); i++)
	await sleep(5);
const twin = keeper();
check("there is a keeper", twin ? "" : "no process of that name below the supervisor");
if (twin)
	process.kill(Number(twin), "SIGSTOP");
process.kill(both.pid, "SIGKILL");
await end;
if (twin)
	process.kill(Number(twin), "SIGKILL");
for (let i = 0; i < 1000 && processes(both.pid).length; i++)
	await sleep(5);
check("without its keeper, too, no process is left", processes(both.pid).join(" "));
// unless another run of this machine was that next one
console.log(`# control groups left: ${groups(both.pid).length}`);
const next = once("sandbox", "run", "--receipt", receipt, "--audit", log, "--", "echo", "ran");
check("the next run works", next.status === 0 && next.stdout === "ran\n" ? "" : next.stderr);
check("and takes the group away", groups(both.pid).join(" "));
const verified = once("audit", "verify", log);
check("the audit log is sound", verified.status === 0 ? "" : verified.stdout + verified.stderr);
check("the receipt is whole", existsSync(receipt) && JSON.parse(readFileSync(receipt, "utf8")).exit_code === 0 ? "" : "no receipt");

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
