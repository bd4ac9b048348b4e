# image.sh - sourced by tests that need an image: a root of a few programs of this machine, in two layers, of which the second
# removes and replaces. small_image LAYOUT BUNDLE makes LAYOUT:it; what the tools say goes to standard error.
small_image() {
	local layout=$1 root=$2/rootfs p f

	umoci init --layout "$layout" && umoci new --image "$layout:it" && umoci unpack --rootless --image "$layout:it" "$2" || return
	for p in /bin/sh /bin/cat /bin/ls /bin/stat /bin/sleep /bin/mkdir /bin/rm /bin/date /usr/bin/tail /usr/bin/env; do
		for f in "$p" $(ldd "$(readlink -f "$p")" | grep -oE '/[^ ]+'); do
			mkdir -p "$root${f%/*}" && cp -L "$f" "$root$f" || return
		done
	done
	mkdir -p "$root/etc" "$root/opt/old" && echo secret >"$root/etc/shadow" && echo of the image >"$root/etc/motd"
	echo 1 >"$root/opt/gone" && echo 1 >"$root/opt/old/a" && cp "$root/bin/cat" "$root/opt/raised" && chmod 4755 "$root/opt/raised"
	umoci repack --refresh-bundle --image "$layout:it" "$2" &&
		rm -r "$root/opt/gone" "$root/opt/old" && echo 2 >"$root/opt/second" &&
		umoci repack --refresh-bundle --image "$layout:it" "$2" &&
		umoci config --image "$layout:it" --config.env FROM=image --config.env PATH=/opt:/usr/bin:/bin
}
