// node bench.mjs BUILD [--rounds N] [--review REPOSITORY] [NAME=FOLDER...]
//
// Outrider and ast-grep side by side on the same files with the same rules, in one run, taking turns. BUILD is a build folder
// (build/release); tests/parity/install.sh put the peer beside it. Without folders, the packages of the parity test are
// read. Prints Markdown: medians of processor time, and the ratios of Outrider to ast-grep (below 1: less).
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as engines from "../tests/parity/engines.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const args = process.argv.slice(2);
const option = (name, normal) => {
	const at = args.indexOf(name);
	return at < 0 ? normal : args.splice(at, 2)[1];
};
const rounds = Number(option("--rounds", 5));
const repository = option("--review", null);
const build = resolve(args.shift() ?? "build/release");
const measure = join(build, "bin/bench_measure"), outrider = join(build, "bin/outrider");
const { astGrep, yaml } = engines.open(resolve(build, ".."), outrider);
const work = engines.workFolder("outrider-bench-");

// A rule that never matches and has no word to look for: what is left is the parse. And one that looks far, nested.
const LANGUAGES = {
	Python: { files: "py", never: "as_pattern_target", far: ["call", "function_definition", "import_statement", "identifier"] },
	C: { files: "c h", never: "gnu_asm_goto_list", far: ["call_expression", "compound_statement", "declaration", "identifier"] },
	Cpp: { files: "cc cpp hpp", never: "gnu_asm_goto_list", far: ["call_expression", "compound_statement", "declaration", "identifier"] },
	Go: { files: "go", never: "fallthrough_statement", far: ["call_expression", "function_declaration", "import_declaration", "identifier"] },
	JavaScript: { files: "js mjs cjs", never: "debugger_statement", far: ["call_expression", "expression_statement", "lexical_declaration", "identifier"] },
	TypeScript: { files: "ts", never: "debugger_statement", far: ["call_expression", "expression_statement", "lexical_declaration", "identifier"] },
	Rust: { files: "rs", never: "union_item", far: ["call_expression", "function_item", "use_declaration", "identifier"] },
	Java: { files: "java", never: "yield_statement", far: ["method_invocation", "method_declaration", "field_declaration", "identifier"] },
};

function once(command) {
	const done = spawnSync(measure, command, { encoding: "utf8" });
	const cost = JSON.parse(done.stdout);

	if (cost.exit < 0 || cost.exit > 1) throw new Error(`${command.join(" ")} ended with ${cost.exit}`);
	return cost;
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const part = (list, share) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) * share)];

// Turn by turn, so that a machine whose speed drifts is as slow for both.
function pair(ours, theirs, rounds) {
	const a = [], b = [];

	if (rounds > 1) once(ours), once(theirs);
	for (let i = 0; i < rounds; i++) a.push(once(ours)), b.push(once(theirs));
	const ratio = (key) => median(a.map((x, i) => x[key] / b[i][key])).toFixed(2);
	return {
		ours: (median(a.map((x) => x.cpu_ms)) / 1000).toFixed(2), theirs: (median(b.map((x) => x.cpu_ms)) / 1000).toFixed(2),
		cpu: ratio("cpu_ms"), wall: ratio("wall_ms"), rss: ratio("rss_kb"),
		mb: (Math.max(...a.map((x) => x.rss_kb)) / 1024).toFixed(0),
	};
}

function project(name, rules) {
	const folder = join(work, name);

	mkdirSync(join(folder, "rules"), { recursive: true });
	rules.forEach((rule, i) => writeFileSync(join(folder, "rules", `${i}.yml`), yaml.stringify(rule)));
	writeFileSync(join(folder, "sgconfig.yml"), "ruleDirs: [rules]\n");
	return { config: join(folder, "sgconfig.yml"), n: rules.length };
}

function ownRules(language) {
	return readdirSync(join(root, "rules"), { withFileTypes: true }).filter((e) => e.isDirectory())
		.flatMap((e) => {
			const folder = join(root, "rules", e.name, "rules");
			return existsSync(folder) ? readdirSync(folder).map((f) => yaml.parse(readFileSync(join(folder, f), "utf8"))) : [];
		})
		.filter((rule) => rule.language === language || (rule.metadata?.also ?? []).includes(language))
		.map((rule) => ({ ...rule, language, metadata: undefined }));
}

function neverRule(language) {
	return { id: "never", language, rule: { kind: LANGUAGES[language].never, regex: "[0-9]{12}[a-z]" } };
}

function farRule(language) {
	const [call, around, before, name] = LANGUAGES[language].far;
	const far = (rule) => ({ stopBy: "end", ...rule });

	return { id: "far", language, rule: { kind: call, inside: far({ kind: around, follows: far({ kind: before, has: far({ kind: name, regex: "^(zzzz|yyyy)[0-9]$" }) }) }) } };
}

function mainLanguage(folder) {
	const counts = {};

	for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
		if (!entry.isFile()) continue;
		const ext = extname(entry.name).slice(1);
		for (const [language, { files }] of Object.entries(LANGUAGES))
			if (files.split(" ").includes(ext)) counts[language] = (counts[language] ?? 0) + 1;
	}
	return Object.entries(counts).sort((a, b) => b[1] - a[1])[0] ?? [null, 0];
}

const ours = (config, folder, jobs) =>
	[outrider, "scan", "--raw", "--no-config", "--no-builtin", "--sgconfig", config, "-j", String(jobs), "-f", "json", "-o", join(work, "out.json"), folder];
const theirs = (config, folder, jobs) => [astGrep, "scan", "-c", config, "-j", String(jobs), "--json=stream", folder];

function corpora() {
	const given = args.map((arg) => (arg.includes("=") ? arg.split("=") : [basename(arg), arg]));
	if (given.length) return given;
	const packages = join(build, "../parity/node_modules");
	return readdirSync(packages).filter((name) => !name.startsWith(".")).map((name) => [name, join(packages, name)]);
}

function scans() {
	console.log("| corpus | language | files | rules | threads | Outrider s | ast-grep s | CPU ratio | wall ratio | memory ratio | MB |");
	console.log("|---|---|---|---|---|---|---|---|---|---|---|");
	for (const [name, folder] of corpora()) {
		const [language, files] = mainLanguage(folder);
		if (!language || files < 20) continue;
		const sets = [
			["parse only", project(`${name}-never`, [neverRule(language)])],
			["ours", project(`${name}-own`, ownRules(language))],
			["far relation", project(`${name}-far`, [farRule(language)])],
		];
		for (const [title, { config, n }] of sets)
			for (const jobs of title === "far relation" ? [1] : [1, 2]) {
				// the peer needs minutes for a relation that looks far
				const n_rounds = title === "far relation" ? 1 : rounds;
				const r = pair(ours(config, resolve(folder), jobs), theirs(config, resolve(folder), jobs), n_rounds);
				console.log(`| ${name} | ${language} | ${files} | ${title} (${n}) | ${jobs} | ${r.ours} | ${r.theirs} | **${r.cpu}** | ${r.wall} | ${r.rss} | ${r.mb} |`);
			}
	}
}

// A file of n statements in which each looks at all before it.
function siblings() {
	const { config } = project("siblings", [{ id: "siblings", language: "JavaScript",
		rule: { kind: "expression_statement", follows: { stopBy: "end", kind: "debugger_statement" } } }]);

	console.log("\n| siblings | Outrider ms | ast-grep ms |\n|---|---|---|");
	for (const n of [2000, 4000, 8000]) {
		const file = join(work, `siblings-${n}.js`);
		writeFileSync(file, "f();\n".repeat(n));
		const a = once(ours(config, file, 1)), b = once(theirs(config, file, 1));
		console.log(`| ${n} | ${a.cpu_ms.toFixed(0)} | ${b.cpu_ms.toFixed(0)} |`);
	}
}

const git = (...words) => spawnSync("git", ["-C", repository, ...words], { encoding: "utf8", maxBuffer: 1 << 28 }).stdout;

// Each of the last commits: Outrider from process start, both sides; ast-grep on the changed files of the head only.
function reviews() {
	const commits = git("rev-list", "--no-merges", "-n", "120", "HEAD").trim().split("\n");
	const all = project("all", Object.keys(LANGUAGES).flatMap((l) => ownRules(l).map((r, i) => ({ ...r, id: `${r.id}-${l}` }))));
	const a = [], b = [];

	for (const commit of commits) {
		const folder = join(work, "files", commit);
		const files = git("diff-tree", "-r", "--root", "--no-commit-id", "--name-only", "--diff-filter=AMR", commit).trim().split("\n").filter(Boolean);
		for (const file of files) {
			mkdirSync(dirname(join(folder, file)), { recursive: true });
			writeFileSync(join(folder, file), git("show", `${commit}:${file}`));
		}
		a.push(once([outrider, "review", "-C", repository, "--base", `${commit}^`, "--head", commit, "--fail-on", "never", "-f", "json", "-o", join(work, "out.json")]));
		if (files.length) b.push(once([astGrep, "scan", "-c", all.config, "-j", "1", "--json=stream", folder]));
	}
	console.log(`\n| a commit of ${basename(repository)} (${commits.length}) | median | p90 | largest |\n|---|---|---|---|`);
	for (const [title, list, key] of [["Outrider review, CPU ms", a, "cpu_ms"], ["Outrider review, wall ms", a, "wall_ms"],
		["Outrider review, peak MB", a.map((x) => ({ mb: x.rss_kb / 1024 })), "mb"], ["ast-grep on the changed files, CPU ms", b, "cpu_ms"]]) {
		const values = list.map((x) => x[key]);
		console.log(`| ${title} | ${median(values).toFixed(1)} | ${part(values, 0.9).toFixed(1)} | ${part(values, 1).toFixed(1)} |`);
	}
}

scans();
siblings();
if (repository) reviews();
