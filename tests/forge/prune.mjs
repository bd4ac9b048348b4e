// node prune.mjs OUT: of GitHub's official description the paths that Outrider uses, with all that they refer to. Prism needs half
// a minute for the whole.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

export const used = {
	"/app": ["get"],
	"/app/hook/deliveries": ["get"],
	"/app/hook/deliveries/{delivery_id}/attempts": ["post"],
	"/app/installations/{installation_id}/access_tokens": ["post"],
	"/repos/{owner}/{repo}/installation": ["get"],
	"/repos/{owner}/{repo}/pulls": ["get"],
	"/repos/{owner}/{repo}/pulls/{pull_number}": ["get"],
	"/repos/{owner}/{repo}/pulls/{pull_number}/reviews": ["get", "post"],
	"/repos/{owner}/{repo}/pulls/{pull_number}/comments": ["get"],
	"/repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies": ["post"],
	"/repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions": ["post"],
	"/repos/{owner}/{repo}/issues/{issue_number}/comments": ["get", "post"],
	"/repos/{owner}/{repo}/issues/comments/{comment_id}": ["patch"],
	"/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions": ["post"],
	"/repos/{owner}/{repo}/check-runs": ["post"],
	"/repos/{owner}/{repo}/check-runs/{check_run_id}": ["patch"],
	"/repos/{owner}/{repo}/commits/{ref}/check-runs": ["get"],
	"/repos/{owner}/{repo}/statuses/{sha}": ["post"],
	"/repos/{owner}/{repo}/collaborators/{username}/permission": ["get"],
};

export function readApi() {
	const require = createRequire(pathToFileURL(`${process.cwd()}/package.json`));

	return JSON.parse(readFileSync(require.resolve("@octokit/openapi/generated/api.github.com.json"), "utf8"));
}

// The parts of `components` that this value refers to, and those that they refer to.
function collect(api, value, out) {
	if (Array.isArray(value)) {
		value.forEach((item) => collect(api, item, out));
	} else if (value && typeof value === "object") {
		const ref = value.$ref;

		if (typeof ref === "string" && ref.startsWith("#/components/")) {
			const [, , kind, name] = ref.split("/");

			out[kind] ??= {};
			if (!out[kind][name]) {
				out[kind][name] = api.components[kind][name];
				collect(api, out[kind][name], out);
			}
		}
		Object.entries(value).forEach(([key, item]) => key !== "$ref" && collect(api, item, out));
	}
}

export function prune(api) {
	const paths = {}, components = {};

	for (const [path, methods] of Object.entries(used))
		paths[path] = Object.fromEntries(methods.map((method) => [method, api.paths[path][method]]));
	// not part of the description: passed on as it is
	paths["/graphql"] = { post: { operationId: "graphql", requestBody: { required: true, content: { "application/json": { schema: {
		type: "object", required: ["query"], properties: { query: { type: "string" }, variables: { type: "object" } } } } } },
	responses: { 200: { description: "", content: { "application/json": { schema: { type: "object" } } } } } } };
	collect(api, paths, components);
	return { openapi: api.openapi, info: api.info, paths, components };
}

if (process.argv[1] === import.meta.filename || process.argv[1]?.endsWith("prune.mjs"))
	writeFileSync(process.argv[2], JSON.stringify(prune(readApi())));
