#!/usr/bin/env bash
# deps.sh [test|dev]: installs what the build needs and this machine lacks (Debian, apt).
# Says and does nothing when all is there. `test` adds what only tests need; `dev` that and the tools of
# `make check`, `fuzz`, `tidy`, `format`.
set -euo pipefail

# package, how to see that it is there, its name for that test
build='
build-essential   compiler  -
cmake             command   cmake
ninja-build       command   ninja
pkg-config        command   pkg-config
git               command   git
ca-certificates   file      /etc/ssl/certs/ca-certificates.crt
nodejs            command   node
npm               command   npm
libgit2-dev       library   libgit2
libjansson-dev    library   jansson
libpcre2-dev      library   libpcre2-8
libyaml-dev       library   yaml-0.1
libssl-dev        library   libcrypto
nettle-dev        library   nettle
libcmocka-dev     library   cmocka
libcurl4-openssl-dev library libcurl
libmicrohttpd-dev library   libmicrohttpd
libzmq3-dev       library   libzmq
libsqlite3-dev    library   sqlite3
libpq-dev         library   libpq
libseccomp-dev    library   libseccomp
'
test='
postgresql        server    postgres
util-linux        command   setpriv
python3           command   python3
curl              command   curl
openssl           command   openssl
procps            command   pgrep
bubblewrap        command   bwrap
iproute2          command   ip
gh                command   gh
python3-github    file      /usr/lib/python3/dist-packages/github/__init__.py
golang-go         command   go
mmdebstrap        command   mmdebstrap
skopeo            command   skopeo
umoci             command   umoci
docker-registry   command   docker-registry
python3-gitlab    file      /usr/lib/python3/dist-packages/gitlab/__init__.py
openjdk-17-jre-headless command java
maven             command   mvn
openssh-client    command   ssh
'
dev='
clang             command   clang
libbpf-dev        library   libbpf
clang-tidy        command   clang-tidy
clang-format      command   clang-format
valgrind          command   valgrind
time              file      /usr/bin/time
'

is_there() {
	case $1 in
	command) command -v "$2" >/dev/null ;;
	file) [ -e "$2" ] ;;
	library) command -v pkg-config >/dev/null && pkg-config --exists "$2" ;;
	# Debian keeps the server's programs out of the path, in a folder for each version
	server) compgen -G "/usr/lib/postgresql/*/bin/$2" >/dev/null || command -v "$2" >/dev/null ;;
	# a compiler without the headers of libc is no compiler
	compiler) command -v make >/dev/null && echo '#include <stdio.h>' |
		gcc -fsyntax-only -x c - 2>/dev/null ;;
	esac
}

missing() {
	local package how name

	while read -r package how name; do
		if [ -n "$package" ] && ! is_there "$how" "$name"; then
			echo "$package"
		fi
	done <<<"$1"
}

list=$build
case ${1-} in
'') ;;
test) list+=$test ;;
dev) list+=$test$dev ;;
*) echo "usage: tools/deps.sh [test|dev]" >&2; exit 2 ;;
esac

mapfile -t packages < <(missing "$list")
[ ${#packages[@]} -eq 0 ] && exit 0

fail() {
	echo "tools/deps.sh: $1; please install: ${packages[*]}" >&2
	exit 1
}

as_root=()
command -v apt-get >/dev/null || fail "no apt-get on this system"
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || fail "neither root nor sudo"
	as_root=(sudo)
	# nobody is there to type a password
	[ -t 0 ] || as_root=(sudo -n)
	"${as_root[@]}" true || fail "sudo was refused"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# What apt says is shown when it fails. It waits for another apt: a machine that was just started runs one.
apt() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
		-o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1 </dev/null && return
	cat "$log" >&2
	fail "apt-get $1 failed"
}

echo "Installing with apt: ${packages[*]}" >&2
apt update
apt install -y --no-install-recommends "${packages[@]}"

mapfile -t packages < <(missing "$list")
[ ${#packages[@]} -eq 0 ] || fail "installed, but still not found"
