// The engine of the fake forge: repositories on disk, pull requests as refs, and what was said in them. Nothing here knows a dialect.
import { execFileSync, spawn } from "node:child_process";

export class Pull {
	constructor(repo, number, { base = "main", head = "work", author = "ann", title = "A change", draft = false } = {}) {
		Object.assign(this, { repo, number, base, headBranch: head, author, title, draft, state: "open" });
		this.reviews = [];
		this.comments = []; // inline
		this.notes = []; // ordinary
		this.created = "2026-01-02T03:04:05Z";
	}

	git(...args) {
		return execFileSync("git", ["-C", this.repo.path, "-c", "core.quotePath=false", ...args], { encoding: "utf8", maxBuffer: 1 << 28 });
	}

	get head() {
		return this.git("rev-parse", this.repo.forge.headRef(this.number)).trim();
	}

	get baseOid() {
		return this.git("rev-parse", `refs/heads/${this.base}`).trim();
	}

	get mergeBase() {
		return this.git("merge-base", this.baseOid, this.head).trim();
	}

	// Files of the diff as people see it: path -> { oldPath, hunks: [[{ old, new, kind }]] }. Kind: "+", "-", " ".
	files() {
		const head = this.head;

		if (this.filesOf === head)
			return this.filesSeen;
		this.filesSeen = parseDiff(this.git("diff", "-U3", "-M", "--no-color", "--src-prefix=a/", "--dst-prefix=b/",
			this.mergeBase, head));
		this.filesOf = head;
		return this.filesSeen;
	}

	// The line of the diff at this line of a side, and the number of its hunk; undefined outside.
	lineAt(path, side, line) {
		for (const [i, hunk] of (this.files().get(path)?.hunks ?? []).entries())
			for (const at of hunk)
				if ((side === "new" ? at.new : at.old) === line && at.kind !== (side === "new" ? "-" : "+"))
					return { ...at, hunk: i };
		return undefined;
	}
}

// A path as git prints it: quoted when it has quotes or control characters, with a tab behind it when it has blanks.
function pathOf(text) {
	const name = text.replace(/\t$/, ""), quoted = /^"(.*)"$/.exec(name)?.[1];
	const escapes = { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\" };

	return (quoted?.replace(/\\([0-7]{3}|.)/g, (all, one) => escapes[one] ?? String.fromCharCode(parseInt(one, 8))) ?? name).slice(2);
}

export function parseDiff(text) {
	const files = new Map();
	let file, hunk, oldLine, newLine, oldPath;

	for (const line of text.split("\n")) {
		const start = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line);

		if (line.startsWith("diff --git ")) {
			file = hunk = undefined;
		} else if (!hunk && line.startsWith("--- ")) {
			oldPath = line === "--- /dev/null" ? undefined : pathOf(line.slice(4));
		} else if (!hunk && line.startsWith("+++ ")) {
			const path = line === "+++ /dev/null" ? oldPath : pathOf(line.slice(4));

			file = { oldPath: oldPath ?? path, hunks: [] };
			files.set(path, file);
		} else if (start && file) {
			hunk = [];
			file.hunks.push(hunk);
			[oldLine, newLine] = [Number(start[1]), Number(start[2])];
		} else if (hunk && line.startsWith("+")) {
			hunk.push({ kind: "+", old: 0, new: newLine++, oldNext: oldLine });
		} else if (hunk && line.startsWith("-")) {
			hunk.push({ kind: "-", old: oldLine++, new: 0, oldNext: oldLine - 1 });
		} else if (hunk && line.startsWith(" ")) {
			hunk.push({ kind: " ", old: oldLine++, new: newLine++, oldNext: oldLine - 1 });
		}
	}
	return files;
}

export class Forge {
	constructor(root, headRef) {
		Object.assign(this, { root, headRef, repos: new Map(), nextId: 1000, log: [], limited: 0, self: "outrider", checks: [] });
		this.people = new Map([["ann", "write"], ["bob", "read"], ["outrider", "write"], ["root", "admin"]]);
	}

	id() {
		return this.nextId++;
	}

	repo(name) {
		if (!this.repos.has(name))
			this.repos.set(name, { name, path: `${this.root}/${name}.git`, forge: this, pulls: new Map(), statuses: [] });
		return this.repos.get(name);
	}

	pull(name, number) {
		return this.repos.get(name)?.pulls.get(Number(number));
	}

	open(name, number, options) {
		const repo = this.repo(name), pull = new Pull(repo, number, options);

		repo.pulls.set(number, pull);
		return pull;
	}
}

// Git over real HTTP: git's own program behind this server.
export function httpBackend(forge, request, body, response, path, query) {
	const child = spawn("git", ["http-backend"], { env: { PATH: process.env.PATH, GIT_PROJECT_ROOT: forge.root, GIT_HTTP_EXPORT_ALL: "1",
		PATH_INFO: path, QUERY_STRING: query, REQUEST_METHOD: request.method, CONTENT_TYPE: request.headers["content-type"] ?? "",
		CONTENT_LENGTH: String(body.length), GIT_PROTOCOL: request.headers["git-protocol"] ?? "",
		HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "", REMOTE_ADDR: "127.0.0.1" } });
	let out = Buffer.alloc(0);

	child.stdin.on("error", () => {});
	child.stdin.end(body);
	child.stdout.on("data", (chunk) => { out = Buffer.concat([out, chunk]); });
	child.on("close", () => {
		const end = out.indexOf("\r\n\r\n");
		const headers = {};
		let status = 200;

		for (const line of out.subarray(0, end).toString().split("\r\n")) {
			const [name, value] = line.split(/: (.*)/);

			if (name.toLowerCase() === "status")
				status = Number(value.slice(0, 3));
			else
				headers[name] = value;
		}
		response.writeHead(status, headers);
		response.end(out.subarray(end + 4));
	});
}
