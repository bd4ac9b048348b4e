#!/bin/sh
# compile.sh PROGRAMS CHECKOUT ROUNDS COMMAND [ARGUMENT...]: what the sandbox adds to a build. Runs COMMAND in CHECKOUT, which must be
# clean, outside (in a fresh copy), in the sandbox (profile c), in it without the gate, and in bubblewrap, in turns, and prints
# medians of processor and wall time, and the ratio to outside. PROGRAMS is the directory with outrider and bench_measure
# (build/release/bin).
set -eu
programs=$1 checkout=$2 rounds=$3
shift 3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
printf 'trust: untrusted\nlayers: {gate: off}\nlimits: {output_bytes: 64m}\n' >"$scratch/ungated.yml"
printf 'trust: untrusted\nlimits: {output_bytes: 64m}\n' >"$scratch/gated.yml"

# run NAME COMMAND...: its figures to NAME; a build that fails ends all
run() {
	name=$1
	shift
	"$programs/bench_measure" "$@" >"$scratch/last"
	grep -q '"exit": 0}' "$scratch/last" || {
		echo "compile.sh: $name failed: $*" >&2
		"$@" 2>&1 | tail -n 5 >&2
		exit 1
	}
	sed 's/.*"cpu_ms": \([0-9.]*\), "wall_ms": \([0-9.]*\).*/\1 \2/' "$scratch/last" >>"$scratch/$name"
}

sandboxed() {
	policy=$1
	shift
	run "$policy" "$programs/outrider" sandbox run -q -p "$scratch/$policy.yml" --profile c -C "$scratch/tree" -- "$@"
}

round() {
	rm -rf "$scratch/tree"
	cp -a "$checkout" "$scratch/tree"
	sandboxed gated "$@"
	sandboxed ungated "$@"
	# what the sandbox did not change is built last, in place
	run bubblewrap bwrap --unshare-user --unshare-all --die-with-parent --ro-bind /usr /usr --symlink usr/bin /bin \
		--symlink usr/lib /lib --symlink usr/lib64 /lib64 --ro-bind /etc /etc --proc /proc --dev /dev --tmpfs /tmp \
		--bind "$scratch/tree" /work --chdir /work -- "$@"
	rm -rf "$scratch/tree"
	cp -a "$checkout" "$scratch/tree"
	run outside sh -c 'cd "$0" && exec "$@"' "$scratch/tree" "$@"
}

# The median of a column.
median() {
	cut -d ' ' -f "$2" "$scratch/$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

i=0
while [ "$i" -lt "$rounds" ]; do
	i=$((i + 1))
	round "$@"
done
base_cpu=$(median outside 1) base_wall=$(median outside 2)
for name in outside gated ungated bubblewrap; do
	echo "$name $(median "$name" 1) $(median "$name" 2) $base_cpu $base_wall"
done | awk '{
	# bubblewrap leaves without waiting for what it started: the kernel does not count that
	cpu = $1 == "bubblewrap" ? sprintf("%9s %14s", "-", "") : sprintf("%9.0f ms (%+5.1f %%)", $2, ($2 / $4 - 1) * 100)
	printf "%-10s  cpu %s  wall %9.0f ms (%+5.1f %%)\n", $1, cpu, $3, ($3 / $5 - 1) * 100
}'
