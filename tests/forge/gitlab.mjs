// GitLab's dialect: discussions on positions, with its errors where a position has no line.
import { createHash } from "node:crypto";

export const prefix = /^\/api\/v4/;
export const headRef = (number) => `refs/merge-requests/${number}/head`;

const account = (login) => ({ id: login.length * 7, username: login, name: login, state: "active" });
const missing = () => [404, { message: "404 Not found" }];
const sha1 = (text) => createHash("sha1").update(text).digest("hex");

function pullJson(pull) {
	return { id: pull.number + 500, iid: pull.number, title: pull.title, state: { open: "opened" }[pull.state] ?? pull.state,
		author: account(pull.author), source_branch: pull.headBranch, target_branch: pull.base, source_project_id: 1, target_project_id: 1,
		draft: pull.draft, sha: pull.head, labels: ["one"], web_url: `http://fake/${pull.repo.name}/-/merge_requests/${pull.number}`,
		updated_at: pull.created, diff_refs: { base_sha: pull.mergeBase, start_sha: pull.baseOid, head_sha: pull.head },
		merge_commit_sha: pull.state === "merged" ? pull.head : null };
}

// Which lines may be named, and how: added by the new, removed by the old, unchanged by both.
function positionError(pull, position) {
	const { new_path: path, old_path: oldPath, new_line: newLine, old_line: oldLine } = position;
	const blank = { message: "400 Bad request - Note {:line_code=>[\"can't be blank\", \"must be a valid line code\"]}" };

	for (const [key, oid] of [["base_sha", pull.mergeBase], ["start_sha", pull.baseOid], ["head_sha", pull.head]])
		if (position[key] !== oid)
			return { message: `400 Bad request - Note {:position=>["is incomplete"]} (${key})` };
	const file = pull.files().get(path);

	if (!file || file.oldPath !== oldPath)
		return blank;
	const at = file.hunks.flat().find((line) => line.new === (newLine ?? 0) && line.old === (oldLine ?? 0));

	if (!at)
		return blank;
	for (const end of [position.line_range?.start, position.line_range?.end]) {
		if (!end)
			continue;
		if ("old_line" in end || "new_line" in end)
			return { message: "400 Bad request - Note {:position=>[\"must be a valid json schema\"]}" };
		if (!file.hunks.flat().some((line) => end.line_code === `${sha1(path)}_${line.old || line.oldNext}_${line.new}`))
			return blank;
	}
	return undefined;
}

const noteJson = (note) => ({ id: note.id, type: note.position ? "DiffNote" : null, body: note.body, author: account(note.author), system: false,
	resolvable: Boolean(note.position), ...(note.position ? { position: note.position, resolved: Boolean(note.resolved),
		resolved_by: note.resolved ? account(note.resolved) : null } : {}) });
const discussionJson = (one) => ({ id: one.thread, individual_note: false, notes: [one, ...one.replies].map(noteJson) });
const paged = (items, query) => items.slice((Number(query.get("page") ?? 1) - 1) * 100, Number(query.get("page") ?? 1) * 100);

const M = "^/projects/([^/]+)/merge_requests/(\\d+)";
const withPull = (act) => (forge, match, body, query) => {
	const pull = forge.pull(match[1], match[2]);

	return pull ? act(forge, pull, body, query, match) : missing();
};

export const routes = [
	["GET", "^/user$", () => [200, account("outrider")]],
	["GET", "^/projects/([^/]+)$", (forge, match) => forge.repos.has(match[1]) ? [200, { id: 1, path_with_namespace: match[1] }] : missing()],
	["GET", "^/projects/([^/]+)/members/all$", (forge, match, body, query) => [200, [...forge.people]
		.filter(([login]) => login.includes(query.get("query") ?? "")).map(([login, word]) => ({ ...account(login),
			access_level: { admin: 40, write: 30, read: 20 }[word] }))]],
	["GET", "^/projects/([^/]+)/merge_requests$", (forge, match, body, query) => [200, paged([...forge.repo(match[1]).pulls.values()]
		.filter((pull) => query.get("state") === "all" || pullJson(pull).state === query.get("state")), query).map(pullJson)]],
	["GET", `${M}$`, withPull((forge, pull) => [200, pullJson(pull)])],
	["GET", `${M}/discussions$`, withPull((forge, pull, body, query) => [200, paged(pull.comments, query).map(discussionJson)])],
	["POST", `${M}/discussions$`, withPull((forge, pull, body) => {
		const wrong = body.position && positionError(pull, body.position);

		if (wrong)
			return [400, wrong];
		pull.comments.push({ id: forge.id(), thread: sha1(String(forge.id())), author: "outrider", body: body.body, position: body.position, replies: [] });
		return [201, discussionJson(pull.comments.at(-1))];
	})],
	["PUT", `${M}/discussions/([0-9a-f]+)$`, withPull((forge, pull, body, query, match) => {
		const one = pull.comments.find((comment) => comment.thread === match[3]);

		if (!one)
			return missing();
		one.resolved = body.resolved ? "outrider" : undefined;
		return [200, discussionJson(one)];
	})],
	["POST", `${M}/discussions/([0-9a-f]+)/notes$`, withPull((forge, pull, body, query, match) => {
		const one = pull.comments.find((comment) => comment.thread === match[3]);

		if (!one)
			return missing();
		one.replies.push({ id: forge.id(), author: "outrider", body: body.body });
		return [201, noteJson(one.replies.at(-1))];
	})],
	["GET", `${M}/notes$`, withPull((forge, pull, body, query) => [200, paged([...pull.comments.flatMap((one) => [one, ...one.replies]), ...pull.notes],
		query).map(noteJson)])],
	["POST", `${M}/notes$`, withPull((forge, pull, body) => {
		if (!body.body)
			return [400, { message: "400 Bad request - Note {:note=>[\"can't be blank\"]}" }];
		pull.notes.push({ id: forge.id(), author: "outrider", body: body.body });
		return [201, noteJson(pull.notes.at(-1))];
	})],
	["PUT", `${M}/notes/(\\d+)$`, withPull((forge, pull, body, query, match) => {
		const note = pull.notes.find((one) => one.id === Number(match[3]));

		if (!note)
			return missing();
		note.body = body.body;
		return [200, noteJson(note)];
	})],
	["POST", `${M}/notes/(\\d+)/award_emoji$`, withPull((forge, pull, body) => [201, { id: forge.id(), name: body.name }])],
	["POST", "^/projects/([^/]+)/statuses/([0-9a-f]{40})$", (forge, match, body) => {
		if (!["pending", "running", "success", "failed", "canceled"].includes(body.state))
			return [400, { message: "state does not have a valid value" }];
		forge.repo(match[1]).statuses.push({ sha: match[2], ...body });
		return [201, { id: forge.id(), sha: match[2], status: body.state, name: body.name }];
	}],
];

export function authorized(forge, request) {
	return request.headers.authorization === `Bearer ${forge.token}` || request.headers["private-token"] === forge.token;
}
