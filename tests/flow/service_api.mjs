// service_api.mjs MODULES SOURCES URL TOKEN: the API is as web/openapi.json says. Every path of the description is a route of
// pages.c and the other way round; every GET of it is asked of the running service, each listing and each item of it, and the answer
// must be valid. Prints one line for each answer; exit 1 when something is not so.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [modules, sources, url, token] = process.argv.slice(2);
const require = createRequire(`${modules}/x.js`);
const Ajv = require("ajv/dist/2020.js").default;
const wrong = [];
const say = (good, text) => { console.log(`${good ? "ok" : "NOT"} ${text}`); if (!good) wrong.push(text); };

const answer = await fetch(`${url}/api/openapi.json`);
const api = await answer.json();
say(answer.headers.get("content-type") === "application/json", "the description is served as JSON");

// ---- routes ----
const table = readFileSync(`${sources}/src/serve/pages.c`, "utf8");
const routes = [...table.matchAll(/\{ "(GET|POST)", "(\/api\/[^"]+)"/g)].map((m) => `${m[1]} ${m[2]}`).sort();
const described = Object.entries(api.paths)
	.flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)).sort();
say(routes.length > 10, `${routes.length} routes are found`);
for (const route of routes) say(described.includes(route), `${route} is described`);
for (const route of described) say(routes.includes(route), `${route} is a route`);

// ---- schemas ----
const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true });
ajv.addVocabulary(["openapi", "info", "servers", "security", "paths", "components"]);
ajv.addSchema({ $id: "api", ...api });
const pointer = (path) => path.map((p) => p.replaceAll("~", "~0").replaceAll("/", "~1")).map(encodeURIComponent).join("/");
const validator = (where) => ajv.compile({ $ref: `api#/${pointer(where)}` });
for (const name of Object.keys(api.components.schemas)) say(validator(["components", "schemas", name]), `schema ${name}`);

async function get(path, template) {
	const reply = await fetch(url + path, { headers: token ? { authorization: `Bearer ${token}` } : {} });
	const status = String(reply.status), body = await reply.json();
	const operation = api.paths[template].get;
	const one = operation.responses[status];
	if (!one) { say(false, `${path}: ${status} is described`); return body; }
	const where = one.$ref ? one.$ref.slice(2).split("/") : ["paths", template, "get", "responses", status];
	const validate = validator([...where, "content", "application/json", "schema"]);
	say(validate(body), `${status} ${path} ${validate.errors ? JSON.stringify(validate.errors.slice(0, 5)) : ""}`);
	return { status: reply.status, body };
}

// ---- answers ----
const listings = Object.keys(api.paths).filter((path) => path.startsWith("/api/v1/") && api.paths[path].get && !path.includes("{"));
for (const path of listings) {
	const { status, body } = await get(path, path);
	say(status === 200, `${path} is answered`);
	const detail = `${path}/{id}`;
	if (!body.items) continue;
	say(path.endsWith("/rules") || body.items.length > 0, `${path} has items`);
	if (!api.paths[detail]) continue;
	for (const item of body.items) say((await get(`${path}/${item.id}`, detail)).status === 200, `${path}/${item.id} is there`);
	say((await get(`${path}/999999999`, detail)).status === 404, `${path}: what is not there`);
	say((await get(`${path}?after=made-up`, path)).status === 400, `${path}: a made-up cursor`);
}
say((await get("/api/v1/jobs?state=sleeping", "/api/v1/jobs")).status === 400, "an unknown state");
const anonymous = await fetch(`${url}/api/v1/status`);
say(anonymous.status === 401, "without a token");
const validate = validator(["components", "schemas", "Error"]);
say(validate(await anonymous.json()), "and says so as described");
// and it can tell
say(!validator(["components", "schemas", "Job"])({ id: "1" }), "a wrong job is refused");
say(!validator(["components", "schemas", "Error"])({ error: "x", more: 1 }), "a wrong error is refused");

console.log(`${wrong.length} wrong`);
process.exit(wrong.length ? 1 : 0);
