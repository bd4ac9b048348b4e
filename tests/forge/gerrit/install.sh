#!/usr/bin/env bash
# install.sh BUILD: the archives of pom.xml into BUILD/gerrit, each held against SHA256SUMS. Does nothing, and quickly, when they are there. Exit
# 77: java or mvn is not there, or the registry does not have them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1 to=$1/gerrit plugin=org.apache.maven.plugins:maven-dependency-plugin:3.6.1

for program in java mvn; do
	command -v "$program" >/dev/null || {
		echo "skipped: $program is not there (Debian: openjdk-17-jre-headless, maven)"
		exit 77
	}
done
mkdir -p "$to"
exec 9>"$build/gerrit.lock"
flock 9 # tests run side by side
holds() { (cd "$to" && sha256sum --quiet --strict -c "$here/SHA256SUMS") >/dev/null 2>&1; }
holds && exit

# a cache of its own: what it leaves in the user's is nobody's any more
cache=$(mktemp -d "$build/maven.XXXXXX")
trap 'rm -rf "$cache"' EXIT
if ! timeout 250 mvn -B -q -f "$here/pom.xml" -Dmaven.repo.local="$cache" "$plugin:copy-dependencies" -DexcludeTransitive \
	-DoutputDirectory="$to" >"$cache/log" 2>&1; then
	echo "skipped: mvn does not bring Gerrit: $(grep -m 1 ERROR "$cache/log")"
	exit 77
fi
(cd "$to" && sha256sum --quiet --strict -c "$here/SHA256SUMS")
