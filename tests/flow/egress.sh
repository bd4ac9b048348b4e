#!/usr/bin/env bash
# egress.sh PROGRAM JAIL [SANITIZER]: real clients in an empty network namespace, whose only way out is the broker.
set -uo pipefail
# the toolchain of cargo is found by the user's home, which the tests change
export RUSTUP_HOME=${RUSTUP_HOME-$HOME/.rustup}
jail=$(realpath "$2")
set -- "$1" "${3-}"
. "$(dirname "$0")/lib.sh"

for tool in python3 openssl git curl; do
	command -v "$tool" >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done

# ---- servers ----

mkdir -p "$work/www/pub" "$work/www/secret" "$work/git" "$work/jail"
cd "$work" || exit 1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 \
	-subj /CN=test-ca -addext basicConstraints=critical,CA:TRUE 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.csr -subj /CN=test 2>/dev/null
printf 'subjectAltName=DNS:*.out.test\n' >ext
openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -days 2 -extfile ext -out tls.pem 2>/dev/null
head -c 3000000 /dev/urandom >www/pub/big
echo hello >www/pub/hello
echo hidden >www/secret/page
git init -q --bare git/repo.git
git -C git/repo.git config http.receivepack true
git -C git/repo.git symbolic-ref HEAD refs/heads/main
git init -q first && git -C first commit -q --allow-empty -m one && git -C first push -q "$work/git/repo.git" HEAD:main

python3 "$here/egress_server.py" "$work" tls.pem tls.key >ports 2>server.log &
server=$!
trap 'kill "$server"; wait "$server" 2>/dev/null; leave_work' EXIT
for _ in $(seq 200); do [ -s ports ] && break; sleep 0.05; done
read -r plain tls <ports

cat >policy.yml <<POLICY
addresses: [127.0.0.0/8]
fetch:
  - {host: read.out.test, port: $tls, methods: [GET, HEAD], paths: [/pub/**]}
  - {host: tunnel.out.test, port: $tls}
  - {host: plain.out.test, port: $plain, tls: false, methods: [GET], paths: [/pub/**]}
  - {host: git.out.test, port: $tls, methods: [GET], paths: [/git/repo.git/info/refs]}
  - {host: git.out.test, port: $tls, methods: [POST], paths: [/git/repo.git/git-upload-pack]}
  - {host: lent.out.test, port: $tls, methods: [GET], credential: tok}
  - {host: registry.out.test, port: $tls, methods: [GET], paths: [/npm/**, '/npm/@*%2F*', /simple/**, /go/**, /cargo/**, /maven/**]}
POLICY
export EGRESS_TOKEN=t0ken-that-never-enters

# within COMMAND: runs it in the jail; afterwards as after `run`.
within() {
	status=0
	timeout $((60 * slow)) "$jail" policy.yml ca.pem "$work/jail" "$@" >"$out" 2>"$err" </dev/null || status=$?
}
noted() { grep -qE -e "$1" "$work/jail/records"; }
never_seen() { ! grep -qE -e "$1" "$work/seen"; }

within true
if [ "$status" -eq 77 ]; then
	echo "SKIP: no user and network namespaces here (sysctl kernel.unprivileged_userns_clone, AppArmor, or a container)"
	exit 77
fi
check 'a command runs' all exits 0

# ---- curl ----

within curl -sS -o got "https://read.out.test:$tls/pub/big"
check 'curl: a large file over an inspected route' all exits 0 -- cmp -s got www/pub/big \
	-- noted "allowed route GET https://read.out.test:$tls/pub/big 200 up [0-9]+ down 3000"
within curl -sS -o got "https://tunnel.out.test:$tls/pub/big"
check 'curl: the same through a tunnel' all exits 0 -- cmp -s got www/pub/big -- noted 'allowed route CONNECT https://tunnel'
within curl -sS "http://plain.out.test:$plain/pub/hello"
check 'curl: without TLS' all exits 0 -- shows hello
within curl -sS "https://read.out.test:$tls/secret/page"
check 'curl: a path that no route names' all shows 'will never be allowed' -- shows 'rule: path' -- never_seen secret/page
within curl -sS --path-as-is "https://read.out.test:$tls/pub/../secret/page"
check 'curl: ... nor with dots' all shows "'..' segment" -- never_seen secret/page
within curl -sS "https://other.out.test:$tls/pub/hello"
check 'curl: a host that no route names' all exits 56 -- says 403 -- noted 'denied host CONNECT https://other.out.test'
within curl -sS --noproxy '*' --max-time 5 "http://127.0.0.1:$plain/pub/hello"
check 'without the proxy there is nothing' all exits 7
within curl -sS --noproxy '*' --max-time 5 "https://read.out.test:$tls/pub/hello"
check '... not even a name' all exits 6
within curl -sS "https://lent.out.test:$tls/pub/hello"
check 'a credential is lent outside' all exits 0 -- shows hello -- grep -q "GET /pub/hello Bearer $EGRESS_TOKEN" seen
within curl -sS "https://lent.out.test:$tls/echo"
check '... and does not come back' all not exits 0 -- noted 'denied reflected GET' -- not shows "$EGRESS_TOKEN"
within env
check '... and is in no variable' all exits 0 -- not shows "$EGRESS_TOKEN"

# ---- git ----

within git clone -q "https://git.out.test:$tls/git/repo.git" clone
check 'git clone' all exits 0 -- test -d clone/.git
within git -C clone -c user.name=t -c user.email=t@t push -q "https://git.out.test:$tls/git/repo.git" HEAD:refs/heads/evil
check 'git push where only fetch is allowed' all says 403 -- never_seen git-receive-pack$ -- not git -C git/repo.git rev-parse -q --verify evil

# ---- package managers and languages ----

within python3 -c "import urllib.request as u; print(u.urlopen('https://read.out.test:$tls/pub/hello').read())"
check 'python: urllib' all exits 0 -- shows hello

if python3 -m pip --version >/dev/null 2>&1; then
	mkdir -p www/simple/tiny-thing
	python3 - <<'PY'
import zipfile
with zipfile.ZipFile('www/simple/tiny-thing/tiny_thing-1.0-py3-none-any.whl', 'w') as z:
    z.writestr('tiny_thing.py', 'print("from pip")\n')
    z.writestr('tiny_thing-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.0\n')
    z.writestr('tiny_thing-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
    z.writestr('tiny_thing-1.0.dist-info/RECORD', '')
PY
	echo '<a href="tiny_thing-1.0-py3-none-any.whl">tiny_thing-1.0-py3-none-any.whl</a>' >www/simple/tiny-thing/index.html
	within env PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL="https://registry.out.test:$tls/simple" python3 -m pip install -q --target site tiny-thing
	check 'pip install' all exits 0 -- test -f site/tiny_thing.py -- noted 'allowed route GET https://registry.out.test:[0-9]+/simple/tiny-thing/tiny_thing'
fi

if command -v npm >/dev/null; then
	mkdir -p package www/npm/@tiny consumer
	echo '{"name":"@tiny/thing","version":"1.0.0"}' >package/package.json
	tar -czf www/npm/thing-1.0.0.tgz package
	sha=$(openssl dgst -sha512 -binary www/npm/thing-1.0.0.tgz | openssl base64 -A)
	cat >"www/npm/@tiny/thing" <<PACKUMENT
{"name":"@tiny/thing","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"@tiny/thing","version":"1.0.0",
"dist":{"tarball":"https://registry.out.test:$tls/npm/thing-1.0.0.tgz","integrity":"sha512-$sha"}}}}
PACKUMENT
	echo '{}' >consumer/package.json
	within env npm_config_userconfig="$work/none" npm_config_globalconfig="$work/never" npm_config_audit=false npm_config_fund=false npm_config_cache="$work/npm-cache" \
		npm_config_update_notifier=false npm_config_registry="https://registry.out.test:$tls/npm/" npm install --prefix consumer @tiny/thing
	check 'npm install, of a scoped package' all exits 0 -- test -f consumer/node_modules/@tiny/thing/package.json \
		-- noted 'allowed route GET https://registry.out.test:[0-9]+/npm/@tiny%2fthing'
fi

if command -v java >/dev/null && command -v javac >/dev/null; then
	cat >Get.java <<'JAVA'
public class Get {
	public static void main(String[] a) throws Exception {
		System.out.println(new String(new java.net.URL(a[0]).openStream().readAllBytes()));
	}
}
JAVA
	javac Get.java
	within java -cp . Get "https://read.out.test:$tls/pub/hello"
	check 'java: an inspected route, by its trust store' all exits 0 -- shows hello
	within java -cp . Get "https://tunnel.out.test:$tls/pub/hello"
	check 'java: a tunnel' all exits 0 -- shows hello
fi

if command -v go >/dev/null; then
	base=www/go/example.test/tiny/@v
	mkdir -p $base 'zip/example.test/tiny@v1.0.0'
	echo v1.0.0 >$base/list
	echo '{"Version":"v1.0.0","Time":"2026-01-01T00:00:00Z"}' >$base/v1.0.0.info
	echo 'module example.test/tiny' | tee $base/v1.0.0.mod >'zip/example.test/tiny@v1.0.0/go.mod'
	echo 'package tiny' >'zip/example.test/tiny@v1.0.0/tiny.go'
	(cd zip && python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1], "w"); [z.write(f) for f in sys.argv[2:]]; z.close()' \
		"$work/$base/v1.0.0.zip" example.test/tiny@v1.0.0/go.mod example.test/tiny@v1.0.0/tiny.go)
	within env GOPROXY="https://registry.out.test:$tls/go" GONOSUMDB='*' GOFLAGS=-modcacherw GOPATH="$work/gopath" GOCACHE="$work/gocache" GOTOOLCHAIN=local \
		go mod download -json example.test/tiny@v1.0.0
	check 'go mod download' all exits 0 -- test -f gopath/pkg/mod/example.test/tiny@v1.0.0/tiny.go
fi

if command -v cargo >/dev/null && cargo --version >/dev/null 2>&1; then
	mkdir -p crates/tiny-1.0.0/src www/cargo/ti/ny user/src user/.cargo
	printf '[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2021"\n' >crates/tiny-1.0.0/Cargo.toml
	echo 'pub fn f() {}' >crates/tiny-1.0.0/src/lib.rs
	tar -C crates -czf www/cargo/tiny-1.0.0.crate tiny-1.0.0
	echo "{\"dl\":\"https://registry.out.test:$tls/cargo/{crate}-{version}.crate\"}" >www/cargo/config.json
	echo "{\"name\":\"tiny\",\"vers\":\"1.0.0\",\"deps\":[],\"cksum\":\"$(sha256sum www/cargo/tiny-1.0.0.crate | cut -d' ' -f1)\",\"features\":{},\"yanked\":false}" >www/cargo/ti/ny/tiny
	printf '[package]\nname = "user"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ntiny = { version = "1", registry = "t" }\n' >user/Cargo.toml
	echo 'fn main() {}' >user/src/main.rs
	printf '[registries.t]\nindex = "sparse+https://registry.out.test:%s/cargo/"\n' "$tls" >user/.cargo/config.toml
	within env -C user CARGO_HOME="$work/cargo-home" cargo fetch -q
	check 'cargo fetch' all exits 0 -- noted 'allowed route GET https://registry.out.test:[0-9]+/cargo/tiny-1.0.0.crate'
fi

if command -v mvn >/dev/null && command -v java >/dev/null; then
	mkdir -p www/maven/t/parent/1 maven
	echo '<project><modelVersion>4.0.0</modelVersion><groupId>t</groupId><artifactId>parent</artifactId><version>1</version><packaging>pom</packaging></project>' \
		>www/maven/t/parent/1/parent-1.pom
	cat >maven/pom.xml <<POM
<project><modelVersion>4.0.0</modelVersion><parent><groupId>t</groupId><artifactId>parent</artifactId><version>1</version><relativePath/></parent>
<artifactId>child</artifactId><packaging>pom</packaging>
<repositories><repository><id>central</id><url>https://registry.out.test:$tls/maven</url></repository></repositories></project>
POM
	echo '<settings/>' >maven/settings.xml
	within mvn -q -B -f maven/pom.xml -s maven/settings.xml -gs maven/settings.xml -Dmaven.repo.local="$work/m2" validate
	check 'maven: a parent from a repository' all exits 0 -- test -f m2/t/parent/1/parent-1.pom
fi

finish
