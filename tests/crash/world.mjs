// world.mjs: what a crash test was asked for, its chance, and the repositories of which it knows what is to be said.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const here = dirname(fileURLToPath(import.meta.url));
export const option = (name, other) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : other);
export const program = process.argv[2];
export const netns = process.argv.includes("--netns");
export const kills = Number(option("kills", 15)), engine = netns ? "postgres" : option("engine", "sqlite"), keep = process.argv.includes("--keep");
export const seed = Number(option("seed", Date.now() % 1000000));
export const peers = option("github", ""); // where the fake GitHub finds its packages; empty: the local forge
// GitHub takes 80 comments, reviews and checks a minute, and the service obeys
export const REPOSITORIES = peers ? 1 : 3, PULLS = 5, VARIANTS = 6, FILES = 4, PAUSE = peers ? 700 : 100;
export const QUIET_MS = 180e3; // the longest wait for the end: back-offs of a few tries and a lease

// A small generator of numbers, so that a seed gives the same decisions again (mulberry32).
let state = seed;
export function random() {
	state = (state + 0x6d2b79f5) | 0;
	let t = Math.imul(state ^ (state >>> 15), 1 | state);

	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
	return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
export const below = (n) => Math.floor(random() * n);
export const pick = (list) => list[below(list.length)];
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export const work = mkdtempSync("/tmp/outrider-crash-"), forge = join(work, "forge");
export const env = { ...process.env, HOOK_SECRET: "hook-secret", ADMIN_TOKEN: "admin-token", GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
export const log = (text) => console.log(`${((Date.now() - began) / 1000).toFixed(1)} ${text}`);
const began = Date.now();
export let failures = 0;
export function check(what, good, detail = "") {
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

export const pulls = [];
export function makeRepository(name) {
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
