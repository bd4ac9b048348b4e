#!/usr/bin/env node
// noise.mjs: how much does the reviewer say about changes that people already accepted?
//
//   node tools/noise.mjs [--commits 200] [--skip 0] [--spread [--from 0]] [--since DATE] [--sample 100] [--seed 1]
//                        [--jobs 2] [--context 4] [--outrider build/outrider] [--config FILE]
//                        [--json FILE] [--markdown FILE] REPO...
//
// Reviews each of the last non-merge commits of every clone against its parent, with the built-in
// rules, the default caps and no configuration but --config; a clone without a work tree is enough.
// --spread takes the commits in the order of their hashes, which is a random draw from the whole history
// (since DATE) that anybody can repeat; --from leaves out the first of that order. --skip leaves out the
// newest in both cases.
// Counts what is shown and what is held back, per 1,000 added lines of the files that were analysed,
// and draws a sample of the findings for reading. The same seed and commits give the same sample.
// Markdown goes to standard output, or where the options say.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const REVIEW_MS = 120_000;       // a review that takes longer is counted as failed
const OUTPUT_MAX = 256 << 20;    // bytes of one command: a review of a huge commit in JSON
const LINE_MAX = 160;            // characters of a source line in the sample: minified code

const options = parseArgs({
	allowPositionals: true,
	options: {
		commits: { type: 'string', default: '200' },
		skip: { type: 'string', default: '0' },
		spread: { type: 'boolean', default: false },
		from: { type: 'string', default: '0' },
		since: { type: 'string' },
		sample: { type: 'string', default: '100' },
		seed: { type: 'string', default: '1' },
		jobs: { type: 'string', default: '2' },
		context: { type: 'string', default: '4' },
		outrider: { type: 'string', default: 'build/outrider' },
		config: { type: 'string' },
		json: { type: 'string' },
		markdown: { type: 'string' },
	},
});

function run(command, args) {
	return new Promise((done, fail) => {
		const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: REVIEW_MS });
		const out = [];
		let size = 0;
		let complaint = '';

		child.stdout.on('data', (part) => {
			size += part.length;
			if (size > OUTPUT_MAX)
				child.kill();
			else
				out.push(part);
		});
		child.stderr.on('data', (part) => { complaint = (complaint + part).slice(-500); });
		child.on('error', fail);
		child.on('close', (code, signal) => code === 0
			? done(Buffer.concat(out).toString('utf8'))
			: fail(new Error(`${basename(command)} ${args.join(' ')}: ${signal ?? code} ${complaint.trim()}`)));
	});
}

const git = (repo, ...args) => run('git', ['-C', repo, ...args]);

// The added lines of the files that were looked at: binary files have none, skipped ones do not count.
async function countAdded(repo, commit, skipped) {
	const records = (await git(repo, 'diff', '--numstat', '-z', '--no-renames', `${commit}^`, commit)).split('\0');
	let lines = 0;

	for (const record of records) {
		const [added, , path] = record.split('\t');
		if (path !== undefined && !skipped.has(path))
			lines += Number(added) || 0;
	}
	return lines;
}

async function reviewCommit(repo, commit) {
	const text = await run(settings.outrider, ['review', '-C', repo, '--base', `${commit}^`, '--head', commit,
		'--format', 'json', '--fail-on', 'never', '--quiet', '--jobs', '1', ...settings.config]);
	const review = JSON.parse(text);
	const skipped = new Set(review.skipped.map((file) => file.path));
	const pick = (shown) => (finding) => ({
		repository: basename(repo), repo, commit, shown, path: finding.path, line: finding.range.start.line,
		last: finding.range.end.line, rule: finding.rule, severity: finding.severity, message: finding.message,
	});

	return {
		added: await countAdded(repo, commit, skipped),
		limited: review.limited,
		notices: review.notices,
		findings: [...review.findings.map(pick(true)), ...review.held_back.map(pick(false))],
	};
}

async function listCommits(repo) {
	const text = await git(repo, 'rev-list', '--no-merges', '--min-parents=1',
		...(settings.since ? [`--since=${settings.since}`] : []), 'HEAD');
	const commits = text.split('\n').filter(Boolean).slice(settings.skip);

	if (settings.spread)
		commits.sort();
	return commits.slice(settings.from, settings.from + settings.commits);
}

async function reviewRepository(repo) {
	const commits = await listCommits(repo);
	const total = { name: basename(repo), commits: 0, failed: [], limited: 0, added: 0, speaking: 0, notices: [],
		findings: [] };
	let next = 0;

	async function work() {
		while (next < commits.length) {
			const commit = commits[next++];
			let one;
			try {
				one = await reviewCommit(repo, commit);
			} catch (problem) {
				total.failed.push(`${commit}: ${problem.message}`);
				continue;
			}
			total.commits++;
			total.added += one.added;
			total.limited += one.limited ? 1 : 0;
			total.speaking += one.findings.length ? 1 : 0;
			total.notices.push(...one.notices.map((notice) => `${commit}: ${notice}`));
			total.findings.push(...one.findings);
		}
	}
	await Promise.all(Array.from({ length: settings.jobs }, work));
	return total;
}

// mulberry32: small, and the same everywhere.
function makeRandom(seed) {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = Math.imul(state ^ (state >>> 15), state | 1);
		t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

// The first n of a Fisher-Yates shuffle, over an order that does not depend on timing. What a rule says
// many times of one line (minified code, tables) can be drawn once.
function drawSample(findings, n, seed) {
	const key = (f) => [f.repository, f.commit, f.path, String(f.line).padStart(8, '0'), f.rule].join('\0');
	const places = new Map(findings.map((f) => [key(f), f]));
	const deck = [...places].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
	const random = makeRandom(seed);

	for (let i = 0; i < Math.min(n, deck.length); i++) {
		const j = i + Math.floor(random() * (deck.length - i));
		[deck[i], deck[j]] = [deck[j], deck[i]];
	}
	return deck.slice(0, n).map(([, finding]) => finding);
}

async function addContext(finding) {
	const lines = (await git(finding.repo, 'show', `${finding.commit}:${finding.path}`)).split('\n');
	const first = Math.max(1, finding.line - settings.context);
	const last = Math.min(lines.length, Math.min(finding.last, finding.line + 8) + settings.context);

	finding.context = [];
	for (let i = first; i <= last; i++) {
		const mark = i >= finding.line && i <= finding.last ? '>' : ' ';
		finding.context.push(`${mark}${String(i).padStart(6)}  ${lines[i - 1].slice(0, LINE_MAX)}`);
	}
}

function countRules(findings) {
	const counts = new Map();

	for (const { rule } of findings)
		counts.set(rule, (counts.get(rule) ?? 0) + 1);
	return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

const perThousand = (findings, added) => (added ? (1000 * findings / added).toFixed(2) : '-');
const percent = (part, whole) => (whole ? `${(100 * part / whole).toFixed(1)} %` : '-');

function sumUp(totals) {
	const sum = { name: 'all', commits: 0, added: 0, speaking: 0, limited: 0, failed: [], findings: [] };

	for (const total of totals) {
		for (const key of ['commits', 'added', 'speaking', 'limited'])
			sum[key] += total[key];
		sum.failed.push(...total.failed);
		sum.findings.push(...total.findings);
	}
	return sum;
}

function printRow(total) {
	return `| ${total.name} | ${total.commits} | ${total.added} | ${total.findings.length} | `
		+ `${perThousand(total.findings.length, total.added)} | ${percent(total.speaking, total.commits)} |`;
}

function printMarkdown(totals, sample) {
	const sum = sumUp(totals);
	const out = ['| repository | commits | added lines | findings | per 1,000 added lines | commits with a finding |',
		'|---|---:|---:|---:|---:|---:|', ...totals.map(printRow), printRow(sum), ''];

	out.push(`Reviews that failed: ${sum.failed.length}; limited: ${sum.limited}.`, '');
	out.push('| rule | findings |', '|---|---:|', ...countRules(sum.findings).map(([rule, n]) => `| ${rule} | ${n} |`), '');
	sample.forEach((f, i) => out.push(
		`### ${i + 1}. ${f.rule} (${f.severity}${f.shown ? '' : ', held back'})`, '',
		`${f.repository} ${f.commit} ${f.path}:${f.line}`, '', f.message, '', '````', ...f.context, '````', ''));
	return `${out.join('\n')}\n`;
}

function printJson(totals, sample) {
	const plain = ({ repo, ...finding }) => finding;
	const totalsOut = totals.map((total) => ({
		...total, findings: total.findings.map(plain), rules: Object.fromEntries(countRules(total.findings)),
	}));
	const { commits, skip, spread, from, since, seed } = settings;
	return `${JSON.stringify({ commits, skip, spread, from, since, seed, repositories: totalsOut, sample: sample.map(plain) }, null, '\t')}\n`;
}

function readNumber(name) {
	const n = Number(options.values[name]);

	if (!Number.isSafeInteger(n) || n < 0) {
		console.error(`noise: --${name} needs a whole number`);
		process.exit(2);
	}
	return n;
}

const settings = {
	outrider: resolve(options.values.outrider),
	spread: options.values.spread,
	since: options.values.since,
	config: options.values.config ? ['--config', resolve(options.values.config)] : ['--no-config'],
};
for (const name of ['commits', 'skip', 'from', 'sample', 'seed', 'jobs', 'context'])
	settings[name] = readNumber(name);
if (!options.positionals.length || !settings.jobs) {
	console.error('usage: node tools/noise.mjs [--commits N] [--skip N] [--spread [--from N]] [--since DATE]\n'
		+ '                            [--sample N] [--seed N] [--jobs N] REPO...');
	process.exit(2);
}

const totals = [];
for (const repo of options.positionals) {
	totals.push(await reviewRepository(resolve(repo)));
	console.error(printRow(totals.at(-1)));
}
const sample = drawSample(totals.flatMap((total) => total.findings), settings.sample, settings.seed);
for (const finding of sample)
	await addContext(finding);
if (options.values.json)
	writeFileSync(options.values.json, printJson(totals, sample));
if (options.values.markdown)
	writeFileSync(options.values.markdown, printMarkdown(totals, sample));
else
	process.stdout.write(printMarkdown(totals, sample));
