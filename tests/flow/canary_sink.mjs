// canary_sink.mjs LOG: a server that says back whatever it is told, in headers, text, JSON and base64; its port is the first line of the
// output. What came is in LOG: there the secrets must be. Ends with its standard input.
import { appendFileSync } from "node:fs";
import http from "node:http";

const [log] = process.argv.slice(2);
const statuses = [500, 401, 403, 404, 422, 200];
let count = 0;
const server = http.createServer((request, response) => {
	const chunks = [];

	request.on("data", (chunk) => chunks.push(chunk));
	request.on("end", () => {
		const told = `${request.method} ${request.url} ${JSON.stringify(request.headers)} ${Buffer.concat(chunks)}`;
		const said = { message: `you said ${told}`, error: told, errors: [{ message: told }], encoded: Buffer.from(told).toString("base64"),
			token: request.headers.authorization, html_url: `http://x/${request.headers.authorization ?? ""}` };

		appendFileSync(log, `${told}\n`);
		response.writeHead(statuses[count++ % statuses.length], { "Content-Type": "application/json",
			"X-Echo": String(request.headers.authorization ?? request.headers["private-token"] ?? "").replace(/[^ -~]/g, "") });
		response.end(JSON.stringify(said));
	});
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
