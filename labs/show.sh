#!/bin/sh
# `make lab`: deploys labs/txrx.yml (or the lab that is named), shows its rings for
# a few seconds, destroys it (also when something fails, or on Ctrl-C), and checks
# that nothing is left.
set -eu
cd "$(dirname "$0")/.."
valelab=$PWD/bin/valelab
name=${1:-txrx}

if [ "$(id -u)" != 0 ]; then
	echo "make lab: network namespaces and devices need root" >&2
	echo "hint: sudo make lab" >&2
	exit 1
fi

# A state folder of its own: a lab of this name that runs already is left alone.
export VALELAB_RUN="/run/valelab-show.$$"

# The network namespaces of the lab's processes, which name its folder.
namespaces() {
	for p in /proc/[0-9]*; do
		case $(tr '\0' ' ' <"$p/cmdline" 2>/dev/null) in
		valelab-*" $VALELAB_RUN/"*) readlink "$p/ns/net" || true ;;
		esac
	done | sort -u
}

# What is left of the lab: its files, control groups, and whoever is in one of
# its namespaces or holds one open.
remains() {
	set +e
	find "$VALELAB_RUN" 2>/dev/null
	find /sys/fs/cgroup -type d -name "valelab-$hash" 2>/dev/null
	for ns in $lab; do # as a pattern: net:?4026531840?
		find /proc/[0-9]*/ns/net /proc/[0-9]*/fd -lname "$ns" 2>/dev/null
	done
	ls /sys/class/net | grep -vFx "$devices"
	if [ -n "$engine" ]; then
		docker ps -aq --no-trunc --filter "label=valelab.folder=$VALELAB_RUN/$name"
		docker images -q --filter label=valelab.image
	fi
	find "/var/lib/valelab-$hash" 2>/dev/null
	return 0
}

devices=$(ls /sys/class/net)
# What else is the lab's carries this hash of its state folder.
hash=$(printf %s "$VALELAB_RUN" | sha256sum | cut -c1-8)
# Who else's containers use valelab's image keeps it.
engine=
if command -v docker >/dev/null && [ -z "$(docker images -q --filter label=valelab.image 2>/dev/null)" ]; then
	engine=yes
fi
lab=

finish() {
	status=$?
	trap - EXIT
	trap '' INT TERM
	"$valelab" destroy "$name" || status=1
	left=$(remains)
	if [ -z "$left" ]; then
		echo "nothing is left: no namespace, device, process, control group, container or file"
	else
		printf 'left behind:\n%s\n' "$left" >&2
		status=1
	fi
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

"$valelab" deploy "labs/$name.yml"
machine=$(readlink /proc/self/ns/net)
lab=$(namespaces | grep -vFx "$machine" | tr '[]' '??')
"$valelab" inspect "$name"
"$valelab" stats "$name" --interval 1s --count 4
echo
echo "rxc counted:"
"$valelab" logs rxc --lab "$name" --tail 3
