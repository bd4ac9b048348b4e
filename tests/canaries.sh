# canaries.sh - sourced: secrets that are made up, and the search for them in all spellings.
# $OUTRIDER_CANARIES is a file of what must be found nowhere, one spelling on a line (tests/run.sh makes it for a whole suite).

# canary_new: letters and digits, so that no format escapes it
canary_new() { tr -dc 'a-zA-Z0-9' </dev/urandom | head -c 40; }

# canary_forms VALUE: itself, hex, and base64 at each of the three places where it may begin; a few bytes at the ends, which depend on
# what stands beside it, are left out
canary_forms() {
	echo "$1"
	printf %s "$1" | od -An -v -tx1 | tr -d ' \n'
	echo
	printf %s "$1" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F
	echo
	for lead in '' x xx; do
		printf %s "$lead$1" | base64 -w 0 | sed -E 's/^.{4}//; s/.{4}$//'
		echo
	done
}

# canary_search PATTERNS PATH...: names the files in which one is; true when there is one
canary_search() {
	local patterns=$1

	shift
	LC_ALL=C grep -rlaFf "$patterns" -- "$@" 2>/dev/null
}
