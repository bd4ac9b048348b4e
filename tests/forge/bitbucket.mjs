// Bitbucket Cloud's dialect: a comment per request on one line of one side, hashes cut to 12 digits, reports with annotations by hundreds.
export const prefix = /^\/2\.0/;
export const headRef = () => "refs/heads/work";

const account = (login) => ({ account_id: login, nickname: login, type: "user" });
const missing = () => [404, { type: "error", error: { message: "Not found" } }];
const refuse = (message) => [400, { type: "error", error: { message } }];

function pullJson(pull) {
	const side = (branch, oid) => ({ branch: { name: branch }, commit: { hash: oid.slice(0, 12) }, repository: { full_name: pull.repo.name } });

	return { id: pull.number, title: pull.title, state: { open: "OPEN", merged: "MERGED" }[pull.state] ?? "DECLINED", draft: pull.draft, author: account(pull.author),
		source: side(pull.headBranch, pull.head), destination: side(pull.base, pull.baseOid), updated_on: pull.created };
}

const commentJson = (one) => ({ id: one.id, content: { raw: one.body }, user: account(one.author), deleted: false, inline: one.inline, parent: one.parent,
	resolution: one.resolved ? { user: account(one.resolved) } : undefined });
const all = (pull) => [...pull.comments.flatMap((one) => [one, ...one.replies.map((reply) => ({ ...reply, parent: { id: one.id } }))]), ...pull.notes]
	.sort((a, b) => a.id - b.id);
const page = (values, query) => {
	const size = Math.min(Number(query.get("pagelen") ?? 10), 100), at = Number(query.get("page") ?? 1);

	return [200, { values: values.slice((at - 1) * size, at * size), pagelen: size, page: at }];
};

const R = "^/repositories/([^/]+/[^/]+)", P = `${R}/pullrequests/(\\d+)`;
const withPull = (act) => (forge, match, body, query) => {
	const pull = forge.pull(match[1], match[2]);

	return pull ? act(forge, pull, body, query, match) : missing();
};

function postComment(forge, pull, body) {
	if (!body.content?.raw)
		return refuse("content.raw: required");
	if (body.parent) {
		pull.comments.find((one) => one.id === body.parent.id)?.replies.push({ id: forge.id(), body: body.content.raw, author: "outrider" });
		return [201, { id: body.parent.id }];
	}
	if (!body.inline) {
		pull.notes.push({ id: forge.id(), body: body.content.raw, author: "outrider" });
		return [201, commentJson(pull.notes.at(-1))];
	}
	if (Boolean(body.inline.to) === Boolean(body.inline.from))
		forge.complaints.push("not exactly one side");
	if (!pull.lineAt(body.inline.path, body.inline.to ? "new" : "old", body.inline.to ?? body.inline.from))
		return refuse("inline: line is not part of the diff");
	pull.comments.push({ id: forge.id(), body: body.content.raw, author: "outrider", inline: body.inline, replies: [] });
	return [201, commentJson(pull.comments.at(-1))];
}

const resolve = (by) => withPull((forge, pull, body, query, match) => {
	const one = pull.comments.find((comment) => comment.id === Number(match[3]));

	if (!one)
		return missing();
	one.resolved = by;
	return by ? [200, { type: "comment_resolution" }] : [204];
});

export const routes = [
	["GET", "^/user$", () => [200, account("outrider")]],
	["GET", "^/workspaces/[^/]+/permissions/repositories/[^/]+$", (forge, match, body, query) => {
		const [, login] = /^user\.account_id="(.*)"$/.exec(query.get("q")), permission = forge.people.get(login);

		return [200, { values: permission ? [{ permission, user: account(login) }] : [] }];
	}],
	["GET", `${R}/commit/([0-9a-f]+)$`, (forge, match) => {
		const pulls = [...forge.repo(match[1]).pulls.values()], hash = pulls.flatMap((pull) => [pull.head, pull.baseOid]).find((oid) => oid.startsWith(match[2]));

		return hash ? [200, { hash }] : missing();
	}],
	["GET", `${R}/pullrequests$`, (forge, match, body, query) => page([...forge.repo(match[1]).pulls.values()].map(pullJson)
		.filter((one) => query.getAll("state").includes(one.state)), query)],
	["GET", `${P}$`, withPull((forge, pull) => [200, pullJson(pull)])],
	["GET", `${P}/comments$`, withPull((forge, pull, body, query) => page(all(pull).map(commentJson), query))],
	["POST", `${P}/comments$`, withPull(postComment)],
	["PUT", `${P}/comments/(\\d+)$`, withPull((forge, pull, body, query, match) => {
		const note = pull.notes.find((one) => one.id === Number(match[3]));

		if (!note)
			return missing();
		note.body = body.content.raw;
		return [200, commentJson(note)];
	})],
	["POST", `${P}/comments/(\\d+)/resolve$`, resolve("outrider")],
	["DELETE", `${P}/comments/(\\d+)/resolve$`, resolve(undefined)],
	["PUT", `${R}/commit/([0-9a-f]{40})/reports/(\\w+)$`, (forge, match, body) => {
		if (!body.title || !body.details || body.details.length > 2000 || !["PASSED", "FAILED", "PENDING"].includes(body.result))
			return refuse("report");
		forge.checks = forge.checks.filter((one) => one.sha !== match[2] || one.key !== match[3]);
		forge.checks.push({ sha: match[2], key: match[3], ...body, annotations: new Map() });
		return [200, {}];
	}],
	["POST", `${R}/commit/([0-9a-f]{40})/reports/(\\w+)/annotations$`, (forge, match, body) => {
		const report = forge.checks.find((one) => one.sha === match[2] && one.key === match[3]);

		if (!report)
			return missing();
		if (!Array.isArray(body) || body.length > 100 || body.some((one) => !one.external_id || !one.summary || one.summary.length > 450))
			return refuse("annotations");
		body.forEach((one) => report.annotations.set(one.external_id, one));
		report.n = report.annotations.size;
		return [200, body];
	}],
];

export function authorized(forge, request) {
	return request.headers.authorization === `Basic ${Buffer.from(`outrider:${forge.token}`).toString("base64")}`;
}
