#!/usr/bin/env bash
# Images from registries: a real registry (plain, with TLS and logins, with tokens), and one that lies in each way that we know.
. "$(dirname "$0")/lib.sh"
. "$here/image.sh"
# jobs take a while under sanitizers; what leaks is looked for where nothing is traced
[ -z "$sanitizer" ] || export ASAN_OPTIONS=detect_leaks=0
store=$work/store host=$work/host.yml repo=$work/repo layout=$work/oci
for p in docker-registry skopeo umoci node openssl perl curl; do
	command -v "$p" >/dev/null || { echo "SKIP: no $p on this machine (tools/deps.sh test installs it)"; exit 77; }
done
run sandbox run -- /bin/true
if [ "$status" -eq 125 ]; then
	echo "SKIP: no sandbox on this host: $(cat "$err")"
	exit 77
fi

servers=()
stop() { [ ${#servers[@]} -eq 0 ] || kill "${servers[@]}" 2>/dev/null; wait 2>/dev/null; servers=(); }
trap 'stop; leave_work' EXIT
# serve NAME COMMAND...: in the background, its words in NAME.log; port_of waits for its port.
serve() { local name=$1; shift; "$@" >"$work/$name.port" 2>"$work/$name.log" </dev/null & servers+=($!); }
port_of() {
	local port=''

	touch "$work/$1.port" "$work/$1.log"
	for ((i = 0; i < 400 && !port; i++)); do
		port=$(sed -nE 's/^([0-9]+)$/\1/p; s/.*listening on 127.0.0.1:([0-9]+).*/\1/p' "$work/$1.port" "$work/$1.log" | head -n 1)
		[ -n "$port" ] || sleep 0.05
	done
	echo "${port:-0}"
}
# registry NAME: Debian's docker-registry, its data below $work/data; more of its settings from standard input.
registry() {
	{ printf 'version: 0.1\nlog: { level: info }\nstorage: { filesystem: { rootdirectory: %s/data } }\n' "$work"; cat; } >"$work/$1.yml"
	serve "$1" docker-registry serve "$work/$1.yml"
}

env_() { status=0; timeout 280 "$program" env "$@" --host "$host" >"$out" 2>"$err" </dev/null || status=$?; }
inside() { status=0; timeout 280 "$program" env run -C "$repo" --host "$host" -- "$@" >"$out" 2>"$err" </dev/null || status=$?; }
settings() { printf 'store: %s\n%s\n' "$store" "$1" >"$host"; }
# wish IMAGE [MORE]: what the repository describes.
wish() {
	rm -rf "$repo" && mkdir "$repo" && git -C "$repo" init -q
	printf 'environment:\n  image: %s\n%s\n' "$1" "${2-}" >"$repo/.outrider.yml"
	git -C "$repo" add -A && git -C "$repo" commit -qm wish
}
nothing_left() { [ -z "$(ls -A "$store/building" 2>/dev/null)" ] && [ -z "$(ls -A "$store/root" 2>/dev/null)" ]; }
age() { find "$store/tags" -type f -exec touch -d '2 days ago' {} +; }

small_image "$layout" "$work/bundle" >"$work/umoci.log" 2>&1 || { cat "$work/umoci.log"; exit 1; }

# ---- a plain registry on this machine ----
registry plain <<<'http: { addr: "127.0.0.1:0" }'
port=$(port_of plain)
push() { skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$1" "docker://127.0.0.1:$port/$2"; }
plain="registries:
  localhost:$port: { addresses: [127.0.0.0/8, '::1/128'], fetch: [{ host: localhost, port: $port, tls: false, methods: [GET, HEAD] }] }"
push "$layout:it" team/small:1
settings "images: { 'registry.example/*': 'docker://localhost:$port/*' }
audit: $work/log
$plain"
run audit key "$work/log.key"
wish registry.example/team/small:1
rm "$repo/.outrider.yml" && mkdir "$repo/.devcontainer"
printf '{ "image": "registry.example/team/small:1", "postCreateCommand": "echo from set-up >made" }\n' >"$repo/.devcontainer/devcontainer.json"
git -C "$repo" add -A && git -C "$repo" commit -qm container
env_ build -C "$repo"
check 'the image of a dev-container file comes from its registry' all exits 0 -- shows '(made now)' -- says 'pulling the image' || cat "$err" "$work/plain.log"
inside sh -c 'cat made /etc/motd /opt/second; echo $FROM; ls /opt /usr; stat -c %a /opt/raised'
check 'a job has its files, later layers over earlier ones' all exits 0 -- shows 'from set-up' -- shows 'of the image' -- shows image -- shows 755 -- not shows gone -- not shows old -- not shows share
check 'it was asked once' not says asking
env_ list
check 'it is listed with its digest' shows "localhost:$port/team/small@sha256:"
run audit who --log "$work/log" environment
check 'what was asked of the registry is in the audit log' shows "GET http://localhost:$port/v2/team/small/"
wish registry.example/team/small:1
age
env_ build -C "$repo"
check 'after `refresh` it is asked again; the same digest is not pulled again' all exits 0 -- says asking -- not says pulling
echo moved >"$work/bundle/rootfs/etc/motd"
# repack TAG: what stands in the bundle, as an image.
repack() {
	umoci repack --refresh-bundle --image "$layout:$1" "$work/bundle" && umoci config --image "$layout:$1" --config.env PATH=/opt:/usr/bin:/bin
} >>"$work/umoci.log" 2>&1
repack it && push "$layout:it" team/small:1
inside cat /etc/motd
check 'a tag that moves is not followed before' all exits 0 -- shows 'of the image'
age
inside cat /etc/motd
check 'but then' all exits 0 -- shows moved -- says pulling
digest=sha256:$(skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$port/team/small:1" | sha256sum | cut -c1-64)
wish "registry.example/team/small@$digest"
inside cat /etc/motd
check 'by digest, without a tag' all exits 0 -- shows moved -- not says pulling
age
inside cat /etc/motd
check 'a digest is asked for once' all exits 0 -- not says asking
find "$store/tags" -type f -exec touch -d '40 days ago' {} +
env_ prune
check 'what nobody asked for in a month is forgotten' all exits 0 -- [ "$(find "$store/tags" -type f | wc -l)" -eq 0 ]

umoci config --image "$layout:it" --tag bare --clear=config.env >>"$work/umoci.log" 2>&1 && push "$layout:bare" team/small:bare
wish registry.example/team/small:bare
inside cat /etc/motd
check 'an image without a PATH has the usual one' all exits 0 -- shows moved

umoci new --image "$layout:empty" >>"$work/umoci.log" 2>&1 && push "$layout:empty" team/small:empty
wish registry.example/team/small:empty '  setup: ["true"]'
env_ build -C "$repo"
check 'an image without a shell: set-up says so' all exits 2 -- says "'/bin/sh' cannot be started"
skopeo --insecure-policy copy -q -f v2s2 --dest-tls-verify=false "oci:$layout:it" "docker://127.0.0.1:$port/team/small:schema2"
wish registry.example/team/small:schema2
inside cat /etc/motd
check 'an image in the format of Docker' all exits 0 -- shows moved

# ---- platforms ----
put() { curl -sf -X PUT -H "Content-Type: application/vnd.oci.image.index.v1+json" --data-binary "$1" "http://127.0.0.1:$port/v2/team/small/manifests/$2"; }
here_arch=$(node -p '({ x64: "amd64", ia32: "386" })[process.arch] ?? process.arch')
entry() { printf '{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%s,"platform":{"os":"%s","architecture":"%s"}}' "$1" "$2" "$3" "$4"; }
size=$(skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$port/team/small:1" | wc -c)
umoci config --image "$layout:it" --tag odd --architecture s390x >>"$work/umoci.log" 2>&1 && push "$layout:odd" team/small:odd
odd=sha256:$(skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$port/team/small:odd" | sha256sum | cut -c1-64)
odd_size=$(skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$port/team/small:odd" | wc -c)
put "{\"schemaVersion\":2,\"manifests\":[$(entry "$odd" "$odd_size" linux s390x),$(entry "$digest" "$size" linux "$here_arch")]}" many
put "{\"schemaVersion\":2,\"manifests\":[$(entry "$odd" "$odd_size" linux s390x),$(entry "$digest" "$size" windows "$here_arch")]}" none
put "{\"schemaVersion\":2,\"manifests\":[$(entry "$odd" "$odd_size" linux "$here_arch")]}" lie
rm -rf "$store"
wish registry.example/team/small:many
inside cat /etc/motd
check 'of an image for many platforms, ours' all exits 0 -- shows moved
rm -rf "$store"
wish registry.example/team/small:none
env_ build -C "$repo"
check 'none for ours: what it has is said' all exits 2 -- says "it has nothing for linux/$here_arch" -- says "linux/s390x, windows/$here_arch"
for tag in odd lie; do
	wish "registry.example/team/small:$tag"
	env_ build -C "$repo"
	check "another platform than it says ($tag)" all exits 2 -- says "it is for another platform than linux/$here_arch" -- nothing_left
done

# ---- what is not allowed ----
for name in other.example/team/small:1 registry.example/../small 'registry.example/a//b' 'registry.example/A' 'registry.example/a:b:c' 'registry.example/a --x' \
	'registry.example/a@sha256:12' 'registry.example/a%2fb'; do
	wish "'$name'"
	env_ build -C "$repo"
	check "refused: $name" all exits 2 -- nothing_left -- not says asking
done
wish registry.example/team/none:1
env_ build -C "$repo"
check 'an image that is not there' all exits 2 -- says 'manifest unknown' -- says "from the registry localhost:$port"
settings "images: { 'registry.example/*': 'docker://localhost:$port/*' }"
wish registry.example/team/small:1
env_ build -C "$repo"
check 'a registry on this machine needs the administrator, TLS or not' all exits 2 -- says 'loopback'
wrong() { settings "$1"; env_ list; check "a mistake of the administrator: $2" all exits 2 -- says "$2" -- says host.yml:; }
wrong "images: { '*': 'docker://*/x' }" 'the registry must be named in full'
wrong "images: { 'a': 'docker://r.example/*' }" "one '*' at most"
wrong "images: { 'a': 'docker://r.example/x:y:z' }" 'is no tag'
wrong "images: { 'a': 'docker://127.0.0.1:5000/x' }" "is called 'localhost'"
wrong "registries: { r.example: { fetch: [{ host: r.example, tls: false }] } }" "'localhost' alone"
wrong "registries: { localhost:1: { fetch: [{ host: localhost, tls: false }, { host: a.example }] } }" "no other route"
wrong "registries: { r.example: { build: [{ host: r.example }] } }" 'routes under `fetch`'
wrong "registries: { Registry: { fetch: [{ host: r.example }] } }" 'is no registry'

# ---- sizes ----
umoci config --image "$layout:it" --tag bomb >>"$work/umoci.log" 2>&1
for i in $(seq 60); do mkdir -p "$work/bundle/rootfs/z" && head -c 1000000 /dev/zero >"$work/bundle/rootfs/z/$i"; done
repack bomb && push "$layout:bomb" team/bomb:many
rm -r "$work/bundle/rootfs/z" && head -c 60000000 /dev/zero >"$work/bundle/rootfs/z"
repack bomb && push "$layout:bomb" team/bomb:one
settings "images: { '*': 'docker://localhost:$port/*' }
max_image: 20m
$plain"
wish team/bomb:many
env_ build -C "$repo"
check 'many files that were small when packed' all exits 2 -- says 'max_image' -- nothing_left
wish team/bomb:one
env_ build -C "$repo"
check 'one file that was' all exits 2 -- nothing_left -- says 'max_image'
settings "images: { '*': 'docker://localhost:$port/*' }
max_image: 1m
$plain"
wish team/small:1
env_ build -C "$repo"
check 'larger than allowed by its own words: nothing is pulled' all exits 2 -- says 'larger than the 1048576 bytes' -- nothing_left -- not says pulling

# ---- killed while it pulls ----
head -c 30000000 /dev/urandom >"$work/bundle/rootfs/z"
repack bomb && push "$layout:bomb" team/bomb:dense
settings "images: { '*': 'docker://localhost:$port/*' }
$plain"
rm -rf "$store"
wish team/bomb:dense
"$program" env build -C "$repo" --host "$host" >/dev/null 2>&1 </dev/null &
victim=$!
for ((k = 0; k < 1000; k++)); do compgen -G "$store/building/root-*/image/layout/*" >/dev/null && break; sleep 0.01; done
kill -9 "$victim"; wait "$victim" 2>/dev/null
check 'a kill leaves nothing that counts' [ -z "$(ls -A "$store/root")" ]
env_ build -C "$repo"
check 'and is no hindrance' all exits 0 -- [ -z "$(ls -A "$store/building")" ]
stop

# ---- TLS, with a login ----
word=$(head -c 18 /dev/urandom | base64 | tr -d '+/=')
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
perl -e 'print "bot:", crypt($ARGV[0], q($2y$05$abcdefghijklmnopqrstuu)), "\n"' "$word" >"$work/htpasswd"
printf '%s\n' "$word" >"$work/word" && chmod 600 "$work/word"
printf 'hub: { file: %s }\n' "$work/word" >"$work/secrets.yml"
registry login <<-YML
	http: { addr: "127.0.0.1:0", tls: { certificate: $work/cert.pem, key: $work/key.pem } }
	auth: { htpasswd: { realm: test, path: $work/htpasswd } }
YML
port=$(port_of login)
lent() {
	settings "images: { 'small:*': 'docker://localhost:$port/team/small:*' }
secrets: $work/secrets.yml
audit: $work/log
registries: { 'localhost:$port': { addresses: [127.0.0.0/8, '::1/128'], fetch: [$1] } }"
}
rm -rf "$store"
wish small:1
lent "{ host: localhost, port: $port, methods: [GET, HEAD], credential: hub, header: 'Authorization: Basic {basic:bot}' }"
env_ build -C "$repo"
check 'a certificate that nobody signed' all exits 3 -- says 'self-signed certificate' -- nothing_left || cat "$err"
export SSL_CERT_FILE=$work/cert.pem
env_ build -C "$repo"
check 'a registry with TLS and a password' exits 0 || cat "$err" "$work/login.log"
inside cat /etc/motd
check 'its image' shows moved
check 'the password is nowhere' not grep -rqF "$word" "$store" "$out" "$err" "$work/log"
check 'nor in another form' not grep -rqF "$(printf 'bot:%s' "$word" | base64 -w0)" "$store" "$out" "$err" "$work/log"
rm -rf "$store"
lent "{ host: localhost, port: $port, methods: [GET, HEAD] }"
env_ build -C "$repo"
check 'without a login' all exits 2 -- says 'authentication required' -- nothing_left || cat "$err"
echo wrong-password >"$work/word"
lent "{ host: localhost, port: $port, methods: [GET, HEAD], credential: hub, header: 'Authorization: Basic {basic:bot}' }"
env_ build -C "$repo"
check 'with a wrong one' all exits 2 -- says 'authentication required' -- not says wrong-password -- nothing_left || cat "$err"
stop

# ---- TLS, with tokens of another server ----
printf '%s\n' "$word" >"$work/word"
serve tokens node "$here/images_registry.mjs" tokens "$work/cert.pem" "$work/key.pem" "$word"
tokens=$(port_of tokens)
# in capitals: programs in Go ask the proxy then
registry token <<-YML
	http: { addr: "127.0.0.1:0", tls: { certificate: $work/cert.pem, key: $work/key.pem } }
	auth: { token: { realm: "https://LOCALHOST:$tokens/token", service: registry, issuer: test, rootcertbundle: $work/cert.pem } }
YML
port=$(port_of token)
rm -rf "$store"
lent "{ host: localhost, port: $port, methods: [GET, HEAD] }, { host: localhost, port: $tokens, methods: [GET], paths: [/token], credential: hub, header: 'Authorization: Basic {basic:bot}' }"
env_ build -C "$repo"
check 'a registry that wants a token of another server' exits 0 || cat "$err" "$work/token.log" "$work/tokens.log"
inside cat /etc/motd
check 'and its image' shows moved
check 'the password is nowhere again' not grep -rqF "$word" "$store" "$out" "$err" "$work/log"
rm -rf "$store"
lent "{ host: localhost, port: $port, methods: [GET, HEAD] }"
env_ build -C "$repo"
check 'a server of tokens that the administrator does not name is not asked' all exits 2 -- says "localhost:$tokens" -- says 'is refused' -- nothing_left
unset SSL_CERT_FILE
stop

# ---- a registry that lies ----
serve liar node "$here/images_registry.mjs" liar "$layout"
port=$(port_of liar)
settings "images: { '*': 'docker://localhost:$port/*' }
registries:
  localhost:$port: { addresses: [127.0.0.0/8, '::1/128'], fetch: [{ host: localhost, port: $port, tls: false, methods: [GET, HEAD] }] }"
rm -rf "$store"
lies() {
	wish "$1:1"
	env_ build -C "$repo"
	check "a lie: $3" all exits 2 -- says "$2" -- nothing_left || cat "$err"
}
wish honest:1
env_ build -C "$repo"
check 'as long as it does not lie' exits 0
rm -rf "$store"
lies other 'gave another one' 'another manifest under the digest'
lies garbage 'no JSON object' 'a page in the place of the manifest'
lies neither 'neither of the OCI image format' 'a manifest of an old kind'
lies both 'at once' 'a manifest that is an index, too'
lies layers 'more than 256 layers' 'too many layers'
lies large 'larger than' 'a layer of a petabyte'
lies minus 'without a size' 'a layer of less than nothing'
lies nothash 'without a SHA-256' 'a digest that is a path'
lies long 'failed' 'a manifest of 40 MB'
lies bytes 'Digest did not match' 'a blob with one bit changed'
lies short 'failed' 'a blob that ends early'
lies endless 'byte budget' 'a blob without an end'
lies metadata '169.254.169.254' 'sent on to the metadata of the machine'
lies inside '10.0.0.1' 'sent on to a private address'
lies elsewhere 'elsewhere.example' 'sent on to a host that the administrator does not name'
lies file 'failed' 'sent on to a file'
check 'nobody but it was asked' not grep -vE '^(GET|HEAD) /v2/' "$work/liar.log"

finish
