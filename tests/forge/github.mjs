// GitHub's dialect of the fake forge: its REST with the official examples as the shape of every answer, its anchor rules with
// its words, and the part of its GraphQL that knows of threads.
import { createVerify } from "node:crypto";
import { readApi } from "./prune.mjs";

export const headRef = (number) => `refs/pull/${number}/head`;

const api = readApi();

function example(path, method, status) {
	const content = api.paths[path][method].responses[status].content["application/json"];
	const first = Object.values(content.examples)[0];
	const value = first.$ref ? api.components.examples[first.$ref.split("/").pop()].value : first.value;

	return structuredClone(value);
}

const R = "/repos/{owner}/{repo}";
const refuse = (message, errors) => [422, { message, ...(errors ? { errors } : {}), documentation_url: "https://docs.github.com/rest" }];
const missing = () => [404, { message: "Not Found", documentation_url: "https://docs.github.com/rest", status: "404" }];

const user = (login) => ({ ...example(`${R}/issues/{issue_number}/comments`, "get", 200)[0].user, login, id: login.length * 7,
	type: login === "outrider" ? "Bot" : "User" });

function pullJson(pull, path = `${R}/pulls/{pull_number}`) {
	const shape = example(path, "get", 200), json = Array.isArray(shape) ? shape[0] : shape;

	Object.assign(json, { number: pull.number, title: pull.title, draft: pull.draft, state: pull.state === "open" ? "open" : "closed",
		requested_teams: [], user: user(pull.author), merged_at: pull.state === "merged" ? pull.created : null, labels: [],
		merge_commit_sha: pull.state === "merged" ? pull.head : null, updated_at: pull.created });
	if ("merged" in json)
		json.merged = pull.state === "merged";
	for (const [side, ref, sha] of [["base", pull.base, pull.baseOid], ["head", pull.headBranch, pull.head]]) {
		Object.assign(json[side], { ref, sha });
		json[side].repo.full_name = pull.repo.name;
	}
	return json;
}

// GitHub refuses the whole review for one line that it does not show.
export function anchorError(pull, comment) {
	const side = comment.side === "LEFT" ? "old" : "new";
	const at = pull.lineAt(comment.path, side, comment.line);

	if (!pull.files().has(comment.path))
		return "Path could not be resolved";
	if (!at)
		return "Line could not be resolved";
	if (comment.start_line === undefined)
		return undefined;
	if (comment.start_line >= comment.line)
		return "pull_request_review_thread.start_line must precede the end line.";
	const start = pull.lineAt(comment.path, comment.start_side === "LEFT" ? "old" : "new", comment.start_line);

	if (!start)
		return "Start line could not be resolved";
	return start.hunk === at.hunk ? undefined : "pull_request_review_thread.start_line must be part of the same hunk as the line.";
}

function postReview(forge, pull, body, who) {
	const comments = body.comments ?? [];
	const errors = comments.map((comment) => anchorError(pull, comment)).filter(Boolean);

	if (errors.length)
		return refuse("Unprocessable Entity", errors);
	if (!body.body && !comments.length)
		return refuse("Unprocessable Entity", ["Body can't be blank"]);
	if (comments.length > 30)
		forge.complaints.push("more than 30 comments in a review");
	if ([body.body ?? "", ...comments.map((comment) => comment.body)].some((text) => text.length > 65536))
		return refuse("Unprocessable Entity", ["body is too long (maximum is 65536 characters)"]);
	for (const comment of comments)
		if (/^`{3,}suggestion/m.test(comment.body) && comment.side !== "RIGHT")
			forge.complaints.push("a suggestion on the left side");
	const review = { id: forge.id(), body: body.body, author: who, commit: body.commit_id };

	pull.reviews.push(review);
	for (const comment of comments)
		pull.comments.push({ ...comment, id: forge.id(), thread: `PRRT_${forge.id()}`, review: review.id, author: who, replies: [],
			resolved: undefined, up: 0, down: 0, commit: body.commit_id });
	return [200, reviewJson(pull, review)];
}

const reviewJson = (pull, review) => ({ ...example(`${R}/pulls/{pull_number}/reviews`, "post", 200), id: review.id, body: review.body,
	user: user(review.author), state: "COMMENTED", commit_id: review.commit });

const noteJson = (note) => ({ ...example(`${R}/issues/{issue_number}/comments`, "post", 201), id: note.id, body: note.body, user: user(note.author) });

const inlineJson = (comment) => ({ ...example(`${R}/pulls/{pull_number}/comments/{comment_id}/replies`, "post", 201), id: comment.id,
	body: comment.body, path: comment.path, user: user(comment.author) });

function checkJson(check) {
	const json = example(`${R}/check-runs`, "post", 201);

	return Object.assign(json, { id: check.id, name: check.name, head_sha: check.head_sha, external_id: check.external_id ?? "",
		status: check.status ?? "queued", conclusion: check.conclusion ?? null,
		output: { ...json.output, title: check.title ?? null, summary: check.summary ?? null, text: check.text ?? null,
			annotations_count: check.annotations.length } });
}

function changeCheck(check, body) {
	const { output, ...rest } = body;

	if ((output?.annotations?.length ?? 0) > 50)
		return refuse("Invalid request.\n\nNo more than 50 items are allowed");
	if ([output?.summary, output?.text].some((text) => (text ?? "").length > 65535))
		return refuse("Only 65535 characters are allowed");
	Object.assign(check, rest, { title: output?.title ?? check.title, summary: output?.summary ?? check.summary,
		text: output?.text ?? check.text });
	check.annotations.push(...(output?.annotations ?? []));
	return undefined;
}

// As page and per_page ask.
const paged = (items, query) => {
	const size = Math.min(Number(query.get("per_page") ?? 30), 100), page = Number(query.get("page") ?? 1);

	return items.slice((page - 1) * size, page * size);
};

function threadJson(comment, pull) {
	const say = (one) => ({ databaseId: one.id, body: one.body, viewerDidAuthor: one.author === "outrider",
		author: { login: one.author, __typename: one.author === "outrider" ? "Bot" : "User" },
		reactionGroups: [{ content: "THUMBS_UP", reactors: { totalCount: one.up ?? 0 } },
			{ content: "THUMBS_DOWN", reactors: { totalCount: one.down ?? 0 } }] });
	const side = comment.side === "LEFT" ? "old" : "new", outdated = !pull.lineAt(comment.path, side, comment.line);

	return { id: comment.thread, isResolved: Boolean(comment.resolved), isOutdated: outdated,
		resolvedBy: comment.resolved ? { login: comment.resolved } : null, path: comment.path, line: outdated ? null : comment.line,
		startLine: comment.start_line ?? null, diffSide: comment.side, comments: { nodes: [say(comment), ...comment.replies.map(say)] } };
}

function graphql(forge, { query, variables = {} }) {
	const all = [...forge.repos.values()].flatMap((repo) => [...repo.pulls.values()]).flatMap((pull) => pull.comments);
	const change = /(un)?resolveReviewThread/.exec(query);

	if (change) {
		const comment = all.find((one) => one.thread === variables.id);

		if (!comment)
			return [200, { data: null, errors: [{ type: "NOT_FOUND", message: "Could not resolve to a node" }] }];
		comment.resolved = change[1] ? undefined : "outrider";
		return [200, { data: { resolveReviewThread: { thread: { id: comment.thread, isResolved: !change[1] } } } }];
	}
	const viewer = { login: "outrider", databaseId: 77 };

	if (!query.includes("reviewThreads"))
		return [200, { data: { viewer } }];
	const pull = forge.pull(`${variables.owner}/${variables.name}`, variables.number), from = Number(variables.after ?? 0);
	const nodes = pull.comments.slice(from, from + 50).map((comment) => threadJson(comment, pull));

	return [200, { data: { viewer, repository: { pullRequest: { reviewThreads: { nodes,
		pageInfo: { hasNextPage: from + 50 < pull.comments.length, endCursor: String(from + 50) } } } } } }];
}

// Of an App: RS256, 10 minutes at most, as GitHub checks it.
function jwtError(forge, header) {
	const [head, claims, signature] = (header ?? "").replace("Bearer ", "").split(".");
	const verify = createVerify("RSA-SHA256").update(`${head}.${claims}`);

	if (!signature || !verify.verify(forge.appKey, signature, "base64url"))
		return "A JSON web token could not be decoded";
	const { iat, exp, iss } = JSON.parse(Buffer.from(claims, "base64url")), now = Date.now() / 1000;

	if (iat > now || exp > now + 600 || exp < now || iss !== "Iv1.outrider")
		return "'Expiration time' claim ('exp') is too far in the future";
	return undefined;
}

const appOnly = (act) => (forge, match, body, query, request) => {
	const wrong = jwtError(forge, request.headers.authorization);

	return wrong ? [401, { message: wrong }] : act(forge, match, body, query);
};

const withPull = (act) => (forge, match, body, query) => {
	const pull = forge.pull(`${match[1]}/${match[2]}`, match[3]);

	return pull ? act(forge, pull, body, query, match) : missing();
};

const P = "^/repos/([^/]+)/([^/]+)";

export const routes = [
	["GET", "^/app$", appOnly(() => [200, { ...example("/app", "get", 200), slug: "outrider" }])],
	["GET", "^/app/hook/deliveries$", appOnly((forge) => [200, forge.deliveries.map((one) => ({
		...example("/app/hook/deliveries", "get", 200)[0], ...one }))])],
	["POST", "^/app/hook/deliveries/(\\d+)/attempts$", appOnly((forge, match) => {
		forge.asked.push(Number(match[1]));
		return [202, {}];
	})],
	["GET", `${P}/installation$`, appOnly(() => [200, { ...example(`${R}/installation`, "get", 200), id: 5 }])],
	["POST", "^/app/installations/5/access_tokens$", appOnly((forge, match, body) => {
		forge.minted.push(body);
		return [201, { ...example("/app/installations/{installation_id}/access_tokens", "post", 201),
			token: forge.token, expires_at: new Date(Date.now() + 3600e3).toISOString(), repository_selection: "selected" }];
	})],
	["POST", "^/graphql$", (forge, match, body) => graphql(forge, body)],
	["GET", `${P}/pulls$`, (forge, match, body, query) => {
		const state = query.get("state") ?? "open", pulls = [...(forge.repos.get(`${match[1]}/${match[2]}`)?.pulls.values() ?? [])];

		return [200, paged(pulls.filter((pull) => state === "all" || (pull.state === "open") === (state === "open")), query)
			.map((pull) => pullJson(pull, `${R}/pulls`))];
	}],
	["GET", `${P}/pulls/(\\d+)$`, withPull((forge, pull) => [200, pullJson(pull)])],
	["POST", `${P}/pulls/(\\d+)/reviews$`, withPull((forge, pull, body) => postReview(forge, pull, body, "outrider"))],
	["GET", `${P}/pulls/(\\d+)/reviews$`, withPull((forge, pull, body, query) => [200, paged(pull.reviews, query)
		.map((review) => ({ ...example(`${R}/pulls/{pull_number}/reviews`, "get", 200)[0], ...reviewJson(pull, review) }))])],
	["GET", `${P}/pulls/(\\d+)/comments$`, withPull((forge, pull, body, query) => [200,
		paged(pull.comments.flatMap((one) => [one, ...one.replies]), query).map((one) => ({
			...example(`${R}/pulls/{pull_number}/comments`, "get", 200)[0], id: one.id, body: one.body, user: user(one.author) }))])],
	["POST", `${P}/pulls/(\\d+)/comments/(\\d+)/replies$`, withPull((forge, pull, body, query, match) => {
		const comment = pull.comments.find((one) => one.id === Number(match[4]));

		if (!comment)
			return missing();
		comment.replies.push({ id: forge.id(), body: body.body, author: "outrider" });
		return [201, inlineJson({ ...comment, ...comment.replies.at(-1) })];
	})],
	["POST", `${P}/(?:pulls|issues)/comments/(\\d+)/reactions$`, (forge, match, body) => [201, {
		...example(`${R}/issues/comments/{comment_id}/reactions`, "post", 201), content: body.content, user: user("outrider") }]],
	["GET", `${P}/issues/(\\d+)/comments$`, withPull((forge, pull, body, query) => [200, paged(pull.notes, query).map((note) => ({
		...example(`${R}/issues/{issue_number}/comments`, "get", 200)[0], ...noteJson(note) }))])],
	["POST", `${P}/issues/(\\d+)/comments$`, withPull((forge, pull, body) => {
		if (!body.body || body.body.length > 65536)
			return refuse("Validation Failed");
		pull.notes.push({ id: forge.id(), body: body.body, author: "outrider" });
		return [201, noteJson(pull.notes.at(-1))];
	})],
	["PATCH", `${P}/issues/comments/(\\d+)$`, (forge, match, body) => {
		const note = [...forge.repos.get(`${match[1]}/${match[2]}`).pulls.values()].flatMap((pull) => pull.notes)
			.find((one) => one.id === Number(match[3]));

		if (!note)
			return missing();
		note.body = body.body;
		return [200, noteJson(note)];
	}],
	["POST", `${P}/check-runs$`, (forge, match, body) => {
		const check = { id: forge.id(), annotations: [], repo: `${match[1]}/${match[2]}` }, wrong = changeCheck(check, body);

		if (!wrong)
			forge.checks.push(check);
		return wrong ?? [201, checkJson(check)];
	}],
	["PATCH", `${P}/check-runs/(\\d+)$`, (forge, match, body) => {
		const check = forge.checks.find((one) => one.id === Number(match[3]));

		return check ? changeCheck(check, body) ?? [200, checkJson(check)] : missing();
	}],
	["GET", `${P}/commits/([0-9a-f]+)/check-runs$`, (forge, match) => {
		const found = forge.checks.filter((check) => check.head_sha === match[3]);

		return [200, { total_count: found.length, check_runs: found.map(checkJson) }];
	}],
	["POST", `${P}/statuses/([0-9a-f]+)$`, (forge, match, body) => {
		if ((body.description ?? "").length > 140)
			return refuse("Validation Failed", ["description is too long (maximum is 140 characters)"]);
		forge.repo(`${match[1]}/${match[2]}`).statuses.push({ sha: match[3], ...body });
		return [201, { ...example(`${R}/statuses/{sha}`, "post", 201), state: body.state, context: body.context,
			description: body.description ?? null }];
	}],
	["GET", `${P}/collaborators/([^/]+)/permission$`, (forge, match) => {
		const permission = forge.people.get(match[3]);

		// the official example lacks what the description demands of a user
		const shape = example(`${R}/collaborators/{username}/permission`, "get", 200);

		return permission ? [200, { ...shape, permission, role_name: permission, user: { ...shape.user, role_name: permission } }] : missing();
	}],
];

export function authorized(forge, request, path) {
	return path.startsWith("/app") || /^\/repos\/[^/]+\/[^/]+\/installation$/.test(path) ||
		[`Bearer ${forge.token}`, `token ${forge.token}`].includes(request.headers.authorization);
}

// The official examples name GitHub and its octocat; a server names itself, and clients follow these addresses.
export function rewrite(text, request, path) {
	const [, repo, , number] = /^\/repos\/([^/]+\/[^/]+)(\/(?:pulls|issues)\/(\d+))?/.exec(path) ?? [];
	const own = text.replaceAll("https://api.github.com", `http://${request.headers.host}`).replaceAll("octocat/Hello-World", repo ?? "team/app")
		.replaceAll("octocat/example", repo ?? "team/app");

	return own.replaceAll(/\/(pulls|issues)\/(1347|1|12|42)(?=[/"])/g, `/$1/${number ?? 7}`);
}
