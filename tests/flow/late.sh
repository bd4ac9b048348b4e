#!/usr/bin/env bash
# late.sh PROGRAM [SANITIZER]: a host on which a library is missing or broken: who needs it is told, all others work (base/late.h).
set -uo pipefail
. "$(dirname "$0")/lib.sh"

cd "$work" || exit 1
git init -q clone && echo 'int main(void) { return 0; }' >clone/main.c && git -C clone add main.c && git -C clone commit -qm one || exit 1

# break_library NAME: the loader finds a file of its SONAME that is none.
break_library() {
	local soname

	soname=$(grep -aoEm 1 "$1\.so\.[0-9.]+" "$program" | head -n 1)
	[ -n "$soname" ] || { echo "not ok - the program names no $1"; exit 1; }
	mkdir -p broken && : >"broken/$soname"
}
for library in libgit2 libcrypto libssl libcurl libmicrohttpd libzmq libsqlite3 libpq; do
	break_library $library
done
export LD_LIBRARY_PATH=$work/broken

run review -C clone --base HEAD
check 'review needs libgit2: it is named' all exits 2 -- says 'outrider: a library that this needs cannot be loaded:' -- says libgit2.so
run keys new worker.key
check 'keys needs libzmq' all exits 2 -- says libzmq.so -- test ! -e worker.key
run audit key log.key
check 'a key of the audit log needs OpenSSL' all exits 2 -- says libcrypto.so -- test ! -e log.key

run scan clone
check 'scan does not go on without what git ignores' all exits 2 -- says libgit2.so
run languages
check 'languages needs nothing' all exits 0 -- shows Python
run rules list
check 'rules needs nothing' exits 0
run sandbox probe --table
check 'the sandbox needs nothing' all exits 0 -- shows seccomp

unset LD_LIBRARY_PATH
run review -C clone --base HEAD
check 'with its libraries review works' exits 0
run keys new worker.key
check 'and keys' all exits 0 -- test -s worker.key
finish
