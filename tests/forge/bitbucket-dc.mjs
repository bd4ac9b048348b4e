// Bitbucket Data Center's dialect: comments with versions, anchors whose type of line must fit, pages by `start`.
export const headRef = (number) => `refs/pull-requests/${number}/from`;

const account = (login) => ({ name: login, id: login.length * 7, type: "NORMAL" });
const missing = () => [404, { errors: [{ message: "does not exist" }] }];
const refuse = (status, message) => [status, { errors: [{ message }] }];

function pullJson(pull) {
	const [key, slug] = pull.repo.name.split("/"), repository = { slug, project: { key } };

	return { id: pull.number, title: pull.title, state: { open: "OPEN", merged: "MERGED" }[pull.state] ?? "DECLINED", draft: pull.draft,
		author: { user: account(pull.author) }, updatedDate: 1767323045000, links: { self: [{ href: "http://fake/1" }] },
		fromRef: { displayId: pull.headBranch, latestCommit: pull.head, repository }, toRef: { displayId: pull.base, latestCommit: pull.baseOid, repository } };
}

const commentJson = (one) => ({ id: one.id, version: one.version ?? 0, text: one.body, author: account(one.author), threadResolved: Boolean(one.resolved),
	threadResolver: one.resolved ? account(one.resolved) : undefined, comments: (one.replies ?? []).map(commentJson) });
const page = (all, query) => {
	const start = Number(query.get("start") ?? 0), limit = Math.min(Number(query.get("limit") ?? 25), 2);

	return [200, { values: all.slice(start, start + limit), start, isLastPage: start + limit >= all.length,
		nextPageStart: start + limit < all.length ? start + limit : null }];
};

const R = "^/rest/api/1\\.0/projects/([^/]+)/repos/([^/]+)", P = `${R}/pull-requests/(\\d+)`;
const I = "^/rest/insights/1\\.0/projects/([^/]+)/repos/([^/]+)/commits/([0-9a-f]{40})/reports/(\\w+)";
const withPull = (act) => (forge, match, body, query) => {
	const pull = forge.pull(`${match[1]}/${match[2]}`, match[3]);

	return pull ? act(forge, pull, body, query, match) : missing();
};

function postComment(forge, pull, body) {
	const { anchor, parent } = body;

	if (!body.text)
		return refuse(400, "text may not be empty");
	if (parent) {
		pull.comments.find((one) => one.id === parent.id)?.replies.push({ id: forge.id(), body: body.text, author: "outrider" });
		return [201, { id: parent.id, version: 0 }];
	}
	if (!anchor) {
		pull.notes.push({ id: forge.id(), body: body.text, author: "outrider", version: 0 });
		return [201, commentJson(pull.notes.at(-1))];
	}
	const at = pull.lineAt(anchor.path, anchor.fileType === "TO" ? "new" : "old", anchor.line);

	if (!at || { "+": "ADDED", "-": "REMOVED", " ": "CONTEXT" }[at.kind] !== anchor.lineType)
		return refuse(409, "the anchor does not exist in the diff");
	pull.comments.push({ id: forge.id(), body: body.text, author: "outrider", anchor, replies: [], version: 0 });
	return [201, commentJson(pull.comments.at(-1))];
}

const members = (forge, match, body, query) => page([...forge.people].filter(([login]) => login.includes(query.get("filter") ?? ""))
	.map(([login, word]) => ({ user: account(login), permission: `REPO_${word.toUpperCase()}` })), query);

export const routes = [
	["GET", "^/rest/api/1\\.0/projects$", () => [200, { values: [] }, { "x-ausername": "outrider" }]],
	["GET", `${R}/permissions/users$`, members],
	["GET", "^/rest/api/1\\.0/projects/[^/]+/permissions/users$", (forge, match, body, query) => page([], query)],
	["GET", `${R}/pull-requests$`, (forge, match, body, query) => page([...forge.repo(`${match[1]}/${match[2]}`).pulls.values()].map(pullJson)
		.filter((one) => ["ALL", one.state].includes(query.get("state"))), query)],
	["GET", `${P}$`, withPull((forge, pull) => [200, pullJson(pull)])],
	["GET", `${P}/activities$`, withPull((forge, pull, body, query) => page([{ action: "OPENED" }, ...[...pull.comments, ...pull.notes].map((one) => ({
		action: "COMMENTED", commentAction: "ADDED", comment: commentJson(one), commentAnchor: one.anchor }))], query))],
	["POST", `${P}/comments$`, withPull(postComment)],
	["PUT", `${P}/comments/(\\d+)$`, withPull((forge, pull, body, query, match) => {
		const one = [...pull.notes, ...pull.comments].find((comment) => comment.id === Number(match[4]));

		if (!one)
			return missing();
		if (body.version !== one.version)
			return refuse(409, "the comment was changed meanwhile");
		one.version++;
		one.body = body.text ?? one.body;
		if ("threadResolved" in body)
			one.resolved = body.threadResolved ? "outrider" : undefined;
		return [200, commentJson(one)];
	})],
	["PUT", `${I}$`, (forge, match, body) => {
		if (!body.title || !["PASS", "FAIL"].includes(body.result))
			return refuse(400, "report");
		forge.checks.push({ sha: match[3], ...body, annotations: [] });
		return [200, {}];
	}],
	["POST", `${I}/annotations$`, (forge, match, body) => {
		if (body.annotations.length > 1000 || body.annotations.some((one) => !one.message || one.message.length > 2000))
			return refuse(400, "annotations");
		forge.checks.at(-1).annotations.push(...body.annotations);
		return [204];
	}],
];

export function authorized(forge, request) {
	return request.headers.authorization === `Bearer ${forge.token}`;
}
