// node prune_gitea.mjs TEMPLATE OUT: Gitea's own description of its API, out of the template that its source holds: the paths that Outrider
// uses, with all that they refer to. Prism knows no base path, so each path has it in front.
import { readFileSync, writeFileSync } from "node:fs";

const used = {
	"/user": ["get"],
	"/repos/{owner}/{repo}/pulls": ["get"],
	"/repos/{owner}/{repo}/pulls/{index}": ["get"],
	"/repos/{owner}/{repo}/pulls/{index}/reviews": ["get", "post"],
	"/repos/{owner}/{repo}/pulls/{index}/reviews/{id}/comments": ["get"],
	"/repos/{owner}/{repo}/pulls/comments/{id}/resolve": ["post"],
	"/repos/{owner}/{repo}/pulls/comments/{id}/unresolve": ["post"],
	"/repos/{owner}/{repo}/issues/{index}/comments": ["get", "post"],
	"/repos/{owner}/{repo}/issues/comments/{id}": ["patch"],
	"/repos/{owner}/{repo}/issues/comments/{id}/reactions": ["post"],
	"/repos/{owner}/{repo}/statuses/{sha}": ["post"],
	"/repos/{owner}/{repo}/collaborators/{collaborator}/permission": ["get"],
};

const api = JSON.parse(readFileSync(process.argv[2], "utf8").replace(/\{\{.*?\}\}/g, ""));

function collect(value, out) {
	if (Array.isArray(value)) {
		value.forEach((item) => collect(item, out));
	} else if (value && typeof value === "object") {
		const [, kind, name] = /^#\/(definitions|responses)\/(.+)$/.exec(value.$ref ?? "") ?? [];

		if (kind && !out[kind][name]) {
			out[kind][name] = api[kind][name];
			collect(out[kind][name], out);
		}
		Object.values(value).forEach((item) => collect(item, out));
	}
}

const parts = { definitions: {}, responses: {} }, paths = {};

for (const [path, methods] of Object.entries(used)) {
	const there = api.paths[path];

	if (!there)
		throw new Error(`the description has no ${path}`);
	paths[`/api/v1${path}`] = Object.fromEntries(methods.map((method) => [method, { ...there[method],
		...(there.parameters ? { parameters: [...there.parameters, ...(there[method].parameters ?? [])] } : {}) }]));
}
// the description of itself
paths["/swagger.v1.json"] = { get: { operationId: "swagger", produces: ["application/json"], responses: { 200: { description: "", schema: { type: "object" } } } } };
collect(paths, parts);
writeFileSync(process.argv[3], JSON.stringify({ swagger: "2.0", info: { title: "Gitea", version: "1" }, consumes: ["application/json"],
	produces: ["application/json"], paths, ...parts }));
