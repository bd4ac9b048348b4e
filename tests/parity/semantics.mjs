// node semantics.mjs BUILD OUTRIDER: every rule and snippet of cases/*.yml, looked at by Outrider and by ast-grep.
//
// All rules of a language meet all snippets of that language, in one run of each program: ranges, messages, fixes,
// severities and labels must agree. In its own snippet a rule must find something, unless the case says `none`.
// The rules of cases/refused.yml must be refused by both. Exit: 0 same, 1 not, 2 usage.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as engines from "./engines.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const EXTENSIONS = {
	Bash: "sh", C: "c", Cpp: "cpp", CSharp: "cs", Css: "css", Go: "go", Hcl: "hcl", Html: "html", Java: "java",
	JavaScript: "js", Json: "json", Kotlin: "kt", Lua: "lua", Php: "php", Python: "py", Ruby: "rb", Rust: "rs",
	Scala: "scala", Swift: "swift", Tsx: "tsx", TypeScript: "ts", Yaml: "yml",
};

const slug = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-");

function readCases(yaml, name) {
	return yaml.parse(readFileSync(join(here, "cases", name), "utf8")).map((entry) => {
		const { name: title, code, file, none, ...rule } = entry;
		const id = `${name.replace(".yml", "")}-${slug(title)}`;

		return { id, title, code: code?.replaceAll("ID", id), none: none ?? false, rule: { id, ...rule },
			file: `code/${id}/${file ?? `a.${EXTENSIONS[rule.language]}`}` };
	});
}

function makeProject(tools, cases) {
	const files = {};

	for (const name of readdirSync(join(here, "cases/utils")))
		tools.yaml.parseAllDocuments(readFileSync(join(here, "cases/utils", name), "utf8")).forEach((document) => {
			files[`utils/${document.toJS().id}.yml`] = document.toString();
		});
	for (const entry of cases) {
		files[`rules/${entry.id}.yml`] = tools.yaml.stringify(entry.rule);
		files[entry.file] = entry.code;
	}
	return files;
}

const labelsOf = (f) => f.labels.map((l) => `${l.primary ? "*" : ""}${l.start}-${l.end}${l.message && `(${l.message})`}`)
	.sort().join(" ");

const lineOf = (f) => [`${f.path} ${f.rule} [${f.start},${f.end}) ${f.startAt} ${f.endAt} ${f.severity}`, JSON.stringify(f.message),
	f.fix ? `fix [${f.fix.start},${f.fix.end}) ${JSON.stringify(f.fix.text)}` : "no fix", `labels ${labelsOf(f)}`].join(" | ");

// What only one of them says, by case: a case is the snippet.
function differences(our, their) {
	const a = new Set(our.map(lineOf)), b = new Set(their.map(lineOf));

	return [...[...a].filter((line) => !b.has(line)).map((line) => ({ who: "ours  ", line })),
		...[...b].filter((line) => !a.has(line)).map((line) => ({ who: "theirs", line }))];
}

const CONFIG = "ruleDirs: [rules]\nutilDirs: [utils]\n";

// One refused rule ends ast-grep, so the culprits are named and left out.
function taken(tools, cases, scratch) {
	const project = engines.workFolder("outrider-semantics-");

	engines.writeProject(project, makeProject(tools, cases), CONFIG);
	if (engines.astGrepTakes(tools, project, scratch))
		return cases;
	return cases.filter((entry) => {
		const alone = engines.workFolder("outrider-semantics-");

		engines.writeProject(alone, makeProject(tools, [entry]), CONFIG);
		const why = engines.astGrepWords(tools, alone, scratch);

		if (why !== null)
			console.log(`${entry.title}: ast-grep refuses it: ${why.replace(/\s+/g, " ").slice(-250)}`);
		return why === null;
	});
}

function compareCases(tools, all, scratch) {
	const project = engines.workFolder("outrider-semantics-");
	const cases = taken(tools, all, scratch);
	const paths = cases.map((entry) => entry.file);
	let bad = all.length - cases.length, our, their, apart;

	engines.writeProject(project, makeProject(tools, cases), CONFIG);
	their = engines.astGrepScan(tools, project, paths, scratch);
	our = engines.outriderScan(tools, project, paths, scratch, { labels: true });
	our.notices.forEach((notice) => console.log("notice:", JSON.stringify(notice)));
	apart = differences(our.found, their);
	for (const entry of cases) {
		const mine = apart.filter(({ line }) => line.startsWith(`${entry.file} `));
		const hits = their.filter((f) => f.path === entry.file && f.rule === entry.id).length;

		mine.sort((x, y) => x.line.localeCompare(y.line)).forEach(({ who, line }) => console.log(`${entry.title}: ${who} ${line}`));
		if ((hits === 0) !== entry.none)
			console.log(`${entry.title}: ast-grep finds ${hits}`);
		bad += mine.length > 0 || (hits === 0) !== entry.none;
	}
	return [all.length - bad, bad, their.length];
}

function compareRefusals(tools, cases, scratch) {
	let bad = 0;

	for (const entry of cases) {
		const project = engines.workFolder("outrider-refused-");

		engines.writeProject(project, makeProject(tools, [{ ...entry, code: "x\n" }]), CONFIG);
		const our = engines.outriderWords(tools, project, entry.file, scratch);
		const their = engines.astGrepWords(tools, project, scratch);

		if (our === null || their === null) {
			console.log(`${entry.title}: ${our === null ? "we take it" : "we refuse it"}, ${their === null ? "ast-grep takes it" : "ast-grep refuses it"}` +
				`: ${(our ?? their ?? "").replace(/\s+/g, " ").slice(-200)}`);
			bad++;
		}
	}
	return [cases.length - bad, bad];
}

function main([build, outrider]) {
	if (!outrider) {
		console.error("usage: node semantics.mjs BUILD OUTRIDER");
		return 2;
	}
	const tools = engines.open(resolve(build), resolve(outrider));
	const scratch = engines.workFolder("outrider-semantics-");
	const names = readdirSync(join(here, "cases")).filter((name) => name.endsWith(".yml") && name !== "refused.yml");
	const cases = names.flatMap((name) => readCases(tools.yaml, name));
	const [good, bad, hits] = compareCases(tools, cases, scratch);
	const [goodRefusals, badRefusals] = compareRefusals(tools, readCases(tools.yaml, "refused.yml"), scratch);

	console.log(`${cases.length} rules over ${cases.length} snippets: ${hits} findings`);
	console.log(`${good + goodRefusals} passed, ${bad + badRefusals} failed`);
	return bad + badRefusals ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
