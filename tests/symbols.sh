#!/usr/bin/env bash
# symbols.sh FILE|FOLDER...: no two objects in these archives, and in the archives below these folders, define the same global symbol. The linker
# takes from an archive what is still missing: of two equal names it takes the first and says nothing.
set -euo pipefail

files=()
for one in "$@"; do
	if [ -d "$one" ]; then
		mapfile -t -O ${#files[@]} files < <(find "$one" -name 'lib*.a')
	else
		files+=("$one")
	fi
done
twice=$(nm -A --defined-only --extern-only "${files[@]}" | awk '
	$2 ~ /^[TDBRCGS]$/ {
		sub(/:[0-9a-f]*$/, "", $1)
		sub(/^.*\//, "", $1)
		where[$3] = where[$3] ? where[$3] " and " $1 : $1
		if (++n[$3] == 2)
			found[$3]
		all++
	}
	END {
		for (name in found)
			print name ": " where[name]
		if (!all)
			print "no symbols at all"
	}' | sort)
[ -z "$twice" ] && exit
echo "$twice"
exit 1
