// node parity.mjs BUILD OUTRIDER RULES CORPUS...
//
// Outrider and ast-grep must find the same in every file: the same (rule, language, file, byte range), message and fix.
// BUILD is what install.sh filled. RULES is `builtin`, or the folder of a project with sgconfig.yml. A CORPUS is a folder;
// `NAME=FOLDER` gives it another name in explained.yml; PARITY_FILES=N looks at N files of each, evenly chosen.
// Exit: 0 same, 1 not, 2 usage.
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as engines from "./engines.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const MAX_SHOWN = 30;
// ast-grep leaves out a file that is larger than the one and has more lines than the other.
const LARGE_BYTES = 3000000, LARGE_LINES = 200000;

// The languages that both know, with the file names of ast-grep.
const LANGUAGES = {
	Bash: "bash bats cgi command env fcgi ksh sh tmux tool zsh", C: "c h", Cpp: "cc hpp cpp c++ hh cxx cu ino",
	CSharp: "cs", Css: "css scss", Go: "go", Hcl: "hcl nomad tf tfvars workflow", Html: "html htm xhtml",
	Java: "java", JavaScript: "cjs js mjs jsx", Json: "json", Kotlin: "kt ktm kts", Lua: "lua", Php: "php",
	Python: "py py3 pyi bzl", Ruby: "rb rbw gemspec", Rust: "rs", Scala: "scala sc sbt", Swift: "swift",
	Tsx: "tsx", TypeScript: "ts cts mts", Yaml: "yaml yml",
};
const extensions = new Set(Object.values(LANGUAGES).flatMap((list) => list.split(" ").map((e) => `.${e}`)));

// ---- rules ----

function yamlFiles(folder) {
	return readdirSync(folder, { withFileTypes: true, recursive: true })
		.filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
		.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort();
}

// A rule for several languages is one rule each to ast-grep, and each has another id.
const COPY = "--for-";

function expand(rule) {
	return [rule.language, ...(rule.metadata?.also ?? [])].filter((language) => language in LANGUAGES)
		.map((language, i) => ({ ...rule, language, id: i ? `${rule.id}${COPY}${language}` : rule.id }));
}

function builtinRules(yaml) {
	const files = {};

	for (const language of readdirSync(join(here, "../../rules"))) {
		const folder = join(here, "../../rules", language, "rules");

		for (const file of existsSync(folder) ? yamlFiles(folder) : [])
			for (const document of yaml.parseAllDocuments(readFileSync(file, "utf8")))
				for (const rule of expand(document.toJS()))
					files[`rules/${rule.language}/${rule.id}.yml`] = yaml.stringify(rule);
	}
	return files;
}

// Utilities may not have ( ) , = in their names since ast-grep has utilities with arguments; unknown keys are refused.
const KEYS = new Set(["id", "language", "rule", "constraints", "utils", "transform", "fix", "rewriters", "message", "note",
	"severity", "labels", "files", "ignores", "url", "metadata"]);
const utilName = (name) => name.replace(/[(),=]/g, "_");

function renameUtils(value) {
	if (Array.isArray(value))
		return value.map(renameUtils);
	if (!value || typeof value !== "object")
		return value;
	return Object.fromEntries(Object.entries(value).map(([key, inner]) => {
		if (key === "matches" && typeof inner === "string")
			return [key, utilName(inner)];
		if (key === "utils")
			inner = Object.fromEntries(Object.entries(inner).map(([name, rule]) => [utilName(name), rule]));
		return [key, renameUtils(inner)];
	}));
}

function foreignRules(yaml, folder) {
	const config = yaml.parse(readFileSync(join(folder, "sgconfig.yml"), "utf8"));
	const files = {};

	for (const ruleDir of config.ruleDirs)
		for (const file of yamlFiles(join(folder, ruleDir)))
			yaml.parseAllDocuments(readFileSync(file, "utf8")).forEach((document, i) => {
				const rule = document.toJS();

				if (rule?.id)
					files[`rules/${file.slice(folder.length).replaceAll("/", "_")}_${i}.yml`] = yaml.stringify(renameUtils(
						Object.fromEntries(Object.entries(rule).filter(([key]) => KEYS.has(key)))));
			});
	return files;
}

const CONFIG = "ruleDirs: [rules]\n";

// One refused rule ends ast-grep: without it, then.
function dropRefused(tools, project, files, scratch) {
	const refused = [];

	if (engines.astGrepTakes(tools, project, scratch))
		return refused;
	for (const [name, text] of Object.entries(files)) {
		const alone = engines.workFolder("outrider-parity-");

		engines.writeProject(alone, { [name]: text }, CONFIG);
		const why = engines.astGrepWords(tools, alone, scratch);

		if (why === null)
			continue;
		refused.push(`${tools.yaml.parse(text).id}: ${why.replace(/\s+/g, " ").slice(0, 300)}`);
		delete files[name];
	}
	return refused;
}

function makeProject(tools, rules, scratch) {
	const project = engines.workFolder("outrider-parity-");
	const files = rules === "builtin" ? builtinRules(tools.yaml) : foreignRules(tools.yaml, resolve(rules));
	let refused;

	engines.writeProject(project, files, CONFIG);
	refused = dropRefused(tools, project, files, scratch);
	if (refused.length) {
		const clean = engines.workFolder("outrider-parity-");

		engines.writeProject(clean, files, CONFIG);
		return { project: clean, n: Object.keys(files).length, refused };
	}
	return { project, n: Object.keys(files).length, refused };
}

// ---- files ----

function wanted(file) {
	let bytes;

	if (!extensions.has(extname(file)) || !lstatSync(file).isFile())
		return false;
	bytes = readFileSync(file);
	return bytes.length > 0 && Buffer.compare(Buffer.from(bytes.toString("utf8")), bytes) === 0 &&
		!(bytes.length > LARGE_BYTES && bytes.toString("latin1").split("\n").length > LARGE_LINES);
}

// Every so many-th file.
function sample(files) {
	const most = Number(process.env.PARITY_FILES ?? files.length);

	return files.filter((_, i) => Math.floor(i * most / files.length) !== Math.floor((i - 1) * most / files.length));
}

function corpusFiles(folder) {
	const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath ?? entry.path, entry.name))
		.filter((file) => !file.includes("/.git/") && wanted(file))
		.map((file) => file.slice(folder.length + 1)).sort();

	return sample(files);
}

// ---- comparison ----

const keyOf = (f) => [f.path, f.start, f.end, f.language, f.rule].join("\0");
const original = (f) => ({ ...f, rule: f.rule.split(COPY)[0] });

function table(found) {
	const map = new Map();

	for (const f of found)
		map.set(keyOf(f), f);
	return map;
}

function compare(our, their) {
	const differences = [];
	const add = (kind, f, detail) => differences.push({ kind, detail, rule: f.rule, language: f.language, path: f.path, f });

	for (const [key, f] of our) {
		const g = their.get(key);

		if (!g)
			add("only ours", f, f.text);
		else if (!engines.sameMessage(f.message, g.message))
			add("message", f, `ours ${JSON.stringify(f.message)}, theirs ${JSON.stringify(g.message)}`);
		else if (!engines.sameFix(f.fix, g.fix))
			add("fix", f, `ours ${JSON.stringify(f.fix)}, theirs ${JSON.stringify(g.fix)}`);
		else if (f.startAt !== g.startAt || f.endAt !== g.endAt || f.severity !== g.severity)
			add("place", f, `ours ${f.startAt} ${f.endAt} ${f.severity}, theirs ${g.startAt} ${g.endAt} ${g.severity}`);
	}
	for (const [key, f] of their)
		if (!our.has(key))
			add("only theirs", f, f.text);
	return differences;
}

function explains(entry, corpus, difference) {
	return entry.corpus === corpus && (!entry.rule || entry.rule === difference.rule) &&
		(!entry.language || entry.language === difference.language) &&
		(!entry.path || entry.path === difference.path) && (!entry.kind || entry.kind === difference.kind);
}

function show(corpus, d) {
	const text = (d.detail ?? "").replace(/\n/g, "\\n");

	console.log(`${corpus}/${d.path}:${d.f.startAt ?? 0} [${d.f.start},${d.f.end}) ${d.language} ${d.rule}: ${d.kind}: ${text.slice(0, 160)}`);
}

function scan(tools, rules, corpus, explained, totals, scratch) {
	const files = corpusFiles(corpus.folder).map((file) => `${corpus.name}/${file}`);
	let our, their, differences, open;

	symlinkSync(corpus.folder, join(rules.project, corpus.name));
	const before = Date.now();
	our = engines.outriderScan(tools, rules.project, files, scratch, { builtin: rules.builtin });
	const between = Date.now();
	their = engines.astGrepScan(tools, rules.project, files, scratch);
	const after = Date.now();
	const skipped = new Set(our.skipped.map((file) => file.path));

	differences = compare(table(our.found.filter((f) => f.language in LANGUAGES)),
		table(their.map(original).filter((f) => !skipped.has(f.path))));
	for (const file of our.skipped)
		differences.push({ kind: "skipped", rule: "", language: "", path: file.path, f: {}, detail: `${file.reason} ${file.detail ?? ""}` });
	for (const d of differences)
		d.path = d.path.slice(corpus.name.length + 1);
	open = differences.filter((d) => {
		const entries = explained.filter((entry) => explains(entry, corpus.name, d));

		entries.forEach((entry) => (entry.used = true));
		return entries.length === 0;
	});
	open.slice(0, MAX_SHOWN).forEach((d) => show(corpus.name, d));
	if (open.length > MAX_SHOWN)
		console.log(`... and ${open.length - MAX_SHOWN} more`);
	our.notices.slice(0, 10).forEach((notice) => console.log("notice:", JSON.stringify(notice)));
	console.log(`${corpus.name}: ${files.length} files, ${our.found.length} findings, ${new Set(their.map((f) => f.rule)).size} rules that fired, ` +
		`${differences.length - open.length} explained, ${open.length} differences ` +
		`(${((between - before) / 1000).toFixed(1)} s, ast-grep ${((after - between) / 1000).toFixed(1)} s)`);
	totals.passed += open.length === 0;
	totals.failed += open.length !== 0;
}

function main([build, outrider, rulesArgument, ...corpora]) {
	if (corpora.length === 0) {
		console.error("usage: node parity.mjs BUILD OUTRIDER builtin|FOLDER CORPUS...");
		return 2;
	}
	const tools = engines.open(resolve(build), resolve(outrider));
	const scratch = engines.workFolder("outrider-parity-");
	const rules = { ...makeProject(tools, rulesArgument, scratch), builtin: rulesArgument === "builtin" };
	const explained = (tools.yaml.parse(readFileSync(join(here, "explained.yml"), "utf8")) ?? [])
		.filter((entry) => (entry.rules ?? "builtin") === (rules.builtin ? "builtin" : basename(rulesArgument)));
	const totals = { passed: 0, failed: 0 };

	console.log(`${rules.n} rules`);
	rules.refused.forEach((line) => console.log(`refused by ast-grep: ${line}`));
	for (const argument of corpora) {
		const [name, folder] = argument.includes("=") ? argument.split("=") : [basename(argument), argument];

		scan(tools, rules, { name, folder: resolve(folder) }, explained, totals, scratch);
		for (const entry of explained.filter((e) => e.corpus === name && !e.used)) {
			console.log(`explained.yml: no longer so: ${JSON.stringify(entry)}`);
			totals.failed++;
		}
	}
	console.log(`${totals.passed} passed, ${totals.failed} failed`);
	return totals.failed ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
