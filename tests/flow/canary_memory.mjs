// canary_memory.mjs PID: what can be read of a process's memory, environment and command line, on standard output. Stops it meanwhile.
// canary_memory.mjs --analyst PROGRAM SECONDS: the same of the next analyst that is caught at work.
import { closeSync, openSync, readFileSync, readSync, readdirSync, readlinkSync, writeSync } from "node:fs";

const CHUNK = 1 << 20, MUCH = 1 << 20;
const bytes = Buffer.alloc(CHUNK);

// the readable parts that are not the kernel's own
function parts(pid) {
	return readFileSync(`/proc/${pid}/maps`, "utf8").split("\n").map((line) => /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+ *(.*)$/.exec(line))
		.filter((part) => part && !part[3].startsWith("[v")).map((part) => [BigInt(`0x${part[1]}`), BigInt(`0x${part[2]}`)]);
}

function dump(pid) {
	const texts = [readFileSync(`/proc/${pid}/environ`), readFileSync(`/proc/${pid}/cmdline`)];
	const fd = openSync(`/proc/${pid}/mem`, "r");

	for (const [from, to] of parts(pid))
		for (let at = from; at < to; at += BigInt(CHUNK)) {
			try {
				const n = readSync(fd, bytes, 0, Number(to - at < BigInt(CHUNK) ? to - at : BigInt(CHUNK)), at);

				texts.push(Buffer.from(bytes.subarray(0, n)));
			} catch {
				// a page that nobody may read
			}
		}
	closeSync(fd);
	return Buffer.concat(texts);
}

function look(pid) {
	process.kill(pid, "SIGSTOP");
	try {
		return dump(pid);
	} finally {
		process.kill(pid, "SIGCONT");
	}
}

function analysts(program) {
	return readdirSync("/proc").filter((pid) => {
		try {
			return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/exe`) === program &&
				readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0")[1] === "analyst";
		} catch {
			return false;
		}
	});
}

let memory = Buffer.alloc(0);
if (process.argv[2] === "--analyst") {
	const until = Date.now() + 1000 * Number(process.argv[4]);

	while (memory.length < MUCH && Date.now() < until)
		for (const pid of analysts(process.argv[3])) {
			try {
				memory = look(Number(pid));
			} catch {
				// it ended meanwhile
			}
			if (memory.length >= MUCH)
				break;
		}
} else {
	memory = look(Number(process.argv[2]));
}
for (let at = 0; at < memory.length; )
	at += writeSync(1, memory, at);
process.exit(memory.length < MUCH ? 1 : 0);
