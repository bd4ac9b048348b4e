// corpus_table.mjs DIR: the reports of corpus.sh as one table, in Markdown.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [dir] = process.argv.slice(2);
const places = { "host-root": "the host, root", "host-user": "the host, a plain user", "plain-root": "a usual container, root",
	"plain-user": "a usual container, a plain user", "open-root": "an open container, root", "open-user": "an open container, a plain user" };
const refusals = new Map();
// a footnote for what did not come up
const number = (why) => {
	// the walls differ in the name of the policy alone
	const text = why.replace(/, which policy '\w+' requires/, "").replace(/'\/var\/tmp\/[^']*'/, "'WORK'").replace(/user \d+/, "the user");

	if (!refusals.has(text))
		refusals.set(text, refusals.size + 1);
	return refusals.get(text);
};
const cell = (wall) => (wall.there ? `${wall.stopped} of ${wall.tried}` : `refused [${number(wall.why)}]`);

console.log(`## Elsewhere

Made by \`tests/corpus.sh\`. A usual container has no CAP_SYS_ADMIN, a masked \`/proc\`, read-only control groups and the engines' filter of system calls
(\`tests/container.sh\`); an open one has what the sandbox asks for: no such filter, an unmasked \`/proc\`, control groups to write. Fewer tricks work bare where
there is less to reach; a few more or less with the load of the machine, for a trick has eight seconds.

| where | work bare | stopped by bubblewrap | stopped by build | stopped by sealed |
|---|---|---|---|---|`);
for (const [name, text] of Object.entries(places)) {
	if (!existsSync(join(dir, `${name}.json`)))
		continue;
	const { walls } = JSON.parse(readFileSync(join(dir, `${name}.json`), "utf8"));

	console.log(`| ${text} | ${walls.bare.tried} | ${cell(walls.bubblewrap)} | ${cell(walls.build)} | ${cell(walls.sealed)} |`);
	if ([walls.build, walls.sealed].some((wall) => wall.there && wall.unexpected))
		console.log(`| | | | ${walls.build.unexpected} unexpected | ${walls.sealed.unexpected} unexpected |`);
}
console.log("\nRefused means that nothing ran:\n");
for (const [text, n] of refusals)
	console.log(`- [${n}] ${text.replace(/\s+/g, " ").trim()}`);
