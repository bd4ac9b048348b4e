// Gitea's dialect: one line per comment, the old side wins when both are named.
export const prefix = /^\/api\/v1/;
export const headRef = (number) => `refs/pull/${number}/head`;

const account = (login) => ({ id: login.length * 7, login, full_name: login, email: `${login}@example.invalid`, avatar_url: "", language: "", is_admin: false });
const missing = () => [404, { message: "The target couldn't be found.", url: "" }];

function pullJson(pull) {
	const repo = { id: 1, name: pull.repo.name.split("/")[1], full_name: pull.repo.name };

	return { id: pull.number + 500, number: pull.number, title: pull.title, body: "", state: pull.state === "open" ? "open" : "closed", draft: pull.draft,
		user: account(pull.author), labels: [], html_url: `http://fake/${pull.repo.name}/pulls/${pull.number}`, merged: pull.state === "merged",
		merged_at: pull.state === "merged" ? pull.created : null, merge_base: pull.mergeBase, updated_at: pull.created,
		base: { label: pull.base, ref: pull.base, sha: pull.baseOid, repo_id: 1, repo },
		head: { label: pull.headBranch, ref: pull.headBranch, sha: pull.head, repo_id: 1, repo } };
}

const reviewJson = (pull, review) => ({ id: review.id, user: account(review.author), state: "COMMENT", body: review.body, commit_id: review.commit,
	stale: false, official: false, dismissed: false, comments_count: pull.comments.filter((one) => one.review === review.id).length,
	submitted_at: pull.created, updated_at: pull.created, html_url: "", pull_request_url: "" });
const commentJson = (one) => ({ id: one.id, body: one.body, user: account(one.author), resolver: one.resolved ? account(one.resolved) : null,
	pull_request_review_id: one.review, path: one.path, commit_id: one.commit, original_commit_id: one.commit, diff_hunk: "",
	position: one.line > 0 ? one.line : 0, original_position: one.line < 0 ? -one.line : 0, created_at: "2026-01-02T03:04:05Z",
	updated_at: "2026-01-02T03:04:05Z", html_url: "", pull_request_url: "" });
const noteJson = (note) => ({ id: note.id, body: note.body, user: account(note.author), original_author: "", html_url: "", pull_request_url: "", issue_url: "",
	created_at: "2026-01-02T03:04:05Z", updated_at: "2026-01-02T03:04:05Z" });
const paged = (items, query) => {
	const size = Math.min(Number(query.get("limit") ?? 30), 50), page = Number(query.get("page") ?? 1);

	return items.slice((page - 1) * size, page * size);
};

const P = "^/repos/([^/]+)/([^/]+)";
const withPull = (act) => (forge, match, body, query) => {
	const pull = forge.pull(`${match[1]}/${match[2]}`, match[3]);

	return pull ? act(forge, pull, body, query, match) : missing();
};
const all = (forge) => [...forge.repos.values()].flatMap((repo) => [...repo.pulls.values()]);

function postReview(forge, pull, body) {
	const review = { id: forge.id(), body: body.body, author: "outrider", commit: body.commit_id };

	if (body.event === "REQUEST_CHANGES" && !body.body)
		return [422, { message: "event REQUEST_CHANGES requires a body", url: "" }];
	for (const comment of body.comments ?? []) {
		if (Boolean(comment.new_position) === Boolean(comment.old_position))
			forge.complaints.push("not exactly one position");
		// with both, the old side wins
		const line = comment.old_position > 0 ? -comment.old_position : comment.new_position;

		if (!pull.lineAt(comment.path, line > 0 ? "new" : "old", Math.abs(line)))
			forge.complaints.push(`outside the diff: ${comment.path}:${line}`);
		if (/^`{3,}suggestion/m.test(comment.body))
			forge.complaints.push("a suggestion that nobody can click");
		pull.comments.push({ id: forge.id(), review: review.id, path: comment.path, line, body: comment.body, author: "outrider", replies: [],
			commit: body.commit_id });
	}
	pull.reviews.push(review);
	return [200, reviewJson(pull, review)];
}

function resolve(forge, match, by) {
	const one = all(forge).flatMap((pull) => pull.comments).find((comment) => comment.id === Number(match[3]));

	if (!one)
		return missing();
	one.resolved = by;
	return [204];
}

export const routes = [
	["GET", "^/user$", () => [200, account("outrider")]],
	["GET", `${P}/pulls$`, (forge, match, body, query) => [200, paged([...forge.repo(`${match[1]}/${match[2]}`).pulls.values()]
		.filter((pull) => query.get("state") === "all" || pullJson(pull).state === (query.get("state") ?? "open")), query).map(pullJson)]],
	["GET", `${P}/pulls/(\\d+)$`, withPull((forge, pull) => [200, pullJson(pull)])],
	["POST", `${P}/pulls/(\\d+)/reviews$`, withPull(postReview)],
	["GET", `${P}/pulls/(\\d+)/reviews$`, withPull((forge, pull, body, query) => [200, paged(pull.reviews, query).map((one) => reviewJson(pull, one))])],
	["GET", `${P}/pulls/(\\d+)/reviews/(\\d+)/comments$`, withPull((forge, pull, body, query, match) => [200,
		pull.comments.filter((one) => one.review === Number(match[4])).flatMap((one) => [one, ...one.replies.map((reply) => ({ ...one, ...reply }))])
			.map(commentJson)])],
	["POST", `${P}/pulls/comments/(\\d+)/resolve$`, (forge, match) => resolve(forge, match, "outrider")],
	["POST", `${P}/pulls/comments/(\\d+)/unresolve$`, (forge, match) => resolve(forge, match, undefined)],
	["GET", `${P}/issues/(\\d+)/comments$`, withPull((forge, pull, body, query) => [200, Number(query.get("page") ?? 1) > 1 ? [] : pull.notes.map(noteJson)])],
	["POST", `${P}/issues/(\\d+)/comments$`, withPull((forge, pull, body) => {
		pull.notes.push({ id: forge.id(), body: body.body, author: "outrider" });
		return [201, noteJson(pull.notes.at(-1))];
	})],
	["PATCH", `${P}/issues/comments/(\\d+)$`, (forge, match, body) => {
		const note = all(forge).flatMap((pull) => pull.notes).find((one) => one.id === Number(match[3]));

		if (!note)
			return missing();
		note.body = body.body;
		return [200, noteJson(note)];
	}],
	["POST", `${P}/issues/comments/(\\d+)/reactions$`, (forge, match, body) => [201, { user: account("outrider"), content: body.content,
		created_at: "2026-01-02T03:04:05Z" }]],
	["POST", `${P}/statuses/([0-9a-f]{40})$`, (forge, match, body) => {
		forge.repo(`${match[1]}/${match[2]}`).statuses.push({ sha: match[3], ...body });
		return [201, { id: forge.id(), status: body.state, context: body.context, description: body.description, target_url: "", url: "",
			creator: account("outrider"), created_at: "2026-01-02T03:04:05Z", updated_at: "2026-01-02T03:04:05Z" }];
	}],
	["GET", `${P}/collaborators/([^/]+)/permission$`, (forge, match) => forge.people.has(match[3])
		? [200, { permission: forge.people.get(match[3]), role_name: "", user: account(match[3]) }] : missing()],
];

// The server's own description, as far as it is asked for.
export function raw(forge, path, response) {
	if (path !== "/swagger.v1.json")
		return false;
	response.writeHead(200, { "content-type": "application/json" });
	response.end(JSON.stringify({ paths: { "/repos/{owner}/{repo}/pulls/comments/{id}/resolve": {} } }));
	return true;
}

export function authorized(forge, request) {
	return request.headers.authorization === `token ${forge.token}`;
}

// Gitea says null where there is nothing; its description has no word for that, so the fake leaves such members out.
export const replacer = (key, value) => value === null ? undefined : value;
