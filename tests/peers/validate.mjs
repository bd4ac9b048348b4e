// node validate.mjs sarif FILE...    against the schema of SARIF 2.1.0
// node validate.mjs github FILE...   against the request body of "create a review" in GitHub's OpenAPI description
// Exit: 0 all valid, 1 some are not, 2 usage.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Draft04 from "ajv-draft-04";
import Ajv from "ajv";
import addFormats from "ajv-formats";

const require = createRequire(import.meta.url);
const MAX_SHOWN = 20;

const readPackage = (path) => JSON.parse(readFileSync(require.resolve(path), "utf8"));

function sarif() {
	const ajv = new Draft04.default({ allErrors: true, strict: false, unicodeRegExp: false });

	addFormats.default(ajv);
	return ajv.compile(readPackage("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"));
}

// The description says what must be there, not that nothing else may; GitHub refuses unknown fields of a comment.
function closed(schema) {
	if (schema && typeof schema === "object") {
		if (schema.type === "object" && schema.properties && !("additionalProperties" in schema))
			schema.additionalProperties = false;
		Object.values(schema).forEach(closed);
	}
	return schema;
}

function github() {
	const api = readPackage("@octokit/openapi/generated/api.github.com.json");
	const post = Object.values(api.paths["/repos/{owner}/{repo}/pulls/{pull_number}/reviews"])
		.find((operation) => operation.operationId === "pulls/create-review");
	const ajv = new Ajv.default({ allErrors: true, strict: false, unicodeRegExp: false });

	addFormats.default(ajv);
	return ajv.compile(closed(post.requestBody.content["application/json"].schema));
}

// What GitHub's description says in words only.
function githubWords(review) {
	const wrong = [];
	const tooLong = (text) => text.length > 65536;

	if (!review.body)
		wrong.push("/body: empty, but the event is COMMENT");
	if (tooLong(review.body ?? ""))
		wrong.push("/body: too long");
	(review.comments ?? []).forEach((comment, i) => {
		if (!comment.body || tooLong(comment.body))
			wrong.push(`/comments/${i}/body: empty or too long`);
		if (comment.start_line !== undefined && comment.start_line >= comment.line)
			wrong.push(`/comments/${i}: start_line is not above line`);
		if ((comment.start_line === undefined) !== (comment.start_side === undefined))
			wrong.push(`/comments/${i}: start_line and start_side go together`);
		if (!comment.line)
			wrong.push(`/comments/${i}: no line`);
	});
	return wrong;
}

// What the SARIF standard says in words only.
function sarifWords(log) {
	const wrong = [];

	log.runs.forEach((run, i) => {
		const rules = run.tool.driver.rules ?? [];
		const results = run.results ?? [];
		const having = results.filter((result) => result.suppressions).length;

		if (having !== 0 && having !== results.length)
			wrong.push(`/runs/${i}: some results have suppressions and some have not`);
		if (new Set(rules.map((rule) => rule.id)).size !== rules.length)
			wrong.push(`/runs/${i}: rule ids are not unique`);
		results.forEach((result, j) => {
			if (result.ruleIndex !== undefined && rules[result.ruleIndex]?.id !== result.ruleId)
				wrong.push(`/runs/${i}/results/${j}: ruleIndex and ruleId differ`);
		});
	});
	return wrong;
}

const kinds = { sarif: [sarif, sarifWords], github: [github, githubWords] };

function check(validate, words, file) {
	const value = JSON.parse(readFileSync(file, "utf8"));

	if (!validate(value))
		return validate.errors.map((e) => `${e.instancePath}: ${e.message} ${JSON.stringify(e.params)}`);
	return words(value);
}

function main([kind, ...files]) {
	if (!Object.hasOwn(kinds, kind ?? "") || files.length === 0) {
		console.error("usage: node validate.mjs sarif|github FILE...");
		return 2;
	}
	const [compile, words] = kinds[kind];
	const validate = compile();
	let bad = 0;

	for (const file of files) {
		let wrong;

		try {
			wrong = check(validate, words, file);
		} catch (error) {
			wrong = [error.message];
		}
		wrong.slice(0, MAX_SHOWN).forEach((line) => console.error(`${file}: ${line}`));
		bad += wrong.length > 0;
	}
	return bad ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
