// A real Gerrit in a folder of its own, on free ports of loopback: started from the archives of pom.xml, ended with stop().
import { execFileSync, spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const START_SECONDS = 120, MEMORY = "-Xmx512m";

const freePort = () => new Promise((resolve) => {
	const server = createServer().listen(0, "127.0.0.1", () => {
		const { port } = server.address();

		server.close(() => resolve(port));
	});
});

function java(archives, ...args) {
	// one collector thread: it stands beside the program under test on few cores
	return [MEMORY, "-XX:+UseSerialGC", "-cp", join(archives, "*"), "com.google.gerrit.launcher.GerritLauncher", ...args];
}

export class Gerrit {
	constructor(work, archives) {
		Object.assign(this, { archives, site: join(work, "site"), log: join(work, "gerrit.log") });
	}

	config(name, value) {
		execFileSync("git", ["config", "-f", join(this.site, "etc/gerrit.config"), name, value]);
	}

	async start() {
		const [http, ssh] = [await freePort(), await freePort()];

		Object.assign(this, { url: `http://127.0.0.1:${http}`, sshPort: ssh });
		execFileSync("java", java(this.archives, "init", "--batch", "--dev", "--no-auto-start", "-d", this.site), { stdio: "pipe" });
		this.config("gerrit.canonicalWebUrl", `${this.url}/`);
		this.config("httpd.listenUrl", `${this.url}/`);
		this.config("sshd.listenAddress", `127.0.0.1:${ssh}`);
		this.config("sendemail.enable", "false");
		// off unless somebody turns it on, in all versions so far
		this.config("experiments.enabled", "GerritBackendFeature__allow_fix_suggestions_in_comments");
		// without the pages: they are in the war alone
		const out = openSync(this.log, "w");

		this.child = spawn("java", java(this.archives, "daemon", "-d", this.site, "--headless", "--console-log"), { stdio: ["ignore", out, out] });
		this.child.on("exit", (code, signal) => { this.ended = `${code ?? signal}`; });
		for (let i = 0; i < START_SECONDS * 5; i++) {
			if (this.ended)
				break;
			if (await fetch(`${this.url}/config/server/version`).then((answer) => answer.ok, () => false))
				return this;
			await new Promise((resolve) => setTimeout(resolve, 200));
		}
		throw new Error(`Gerrit does not start: ${this.ended ?? ""}\n${readFileSync(this.log, "utf8").slice(-3000)}`);
	}

	// `init --dev` makes admin with this password.
	async call(user, method, path, body) {
		const text = typeof body === "string";
		// a connection that was kept may have ended while the test waited for its driver
		const answer = await fetch(`${this.url}/a/${path}`, { method, headers: { connection: "close", authorization: `Basic ${Buffer.from(`${user}:${this.password(user)}`).toString("base64")}`,
			...(body === undefined ? {} : { "content-type": text ? "text/plain" : "application/json" }) }, body: text ? body : JSON.stringify(body) });
		const words = await answer.text();

		if (!answer.ok)
			throw new Error(`${method} ${path}: ${answer.status} ${words}`);
		return words.startsWith(")]}'") ? JSON.parse(words.slice(5)) : words;
	}

	password(user) {
		return user === "admin" ? "secret" : `${user}-password`;
	}

	async account(name, groups = []) {
		await this.call("admin", "PUT", `accounts/${name}`, { name, email: `${name}@example.com`, http_password: this.password(name), groups });
	}

	// For git over HTTP as somebody.
	remote(user, project) {
		return `http://${user}:${this.password(user)}@${this.url.slice(7)}/a/${project}`;
	}

	stop() {
		this.child?.kill("SIGKILL");
	}
}
