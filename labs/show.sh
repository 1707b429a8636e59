#!/bin/sh
# `make lab`: deploys labs/txrx.yml, shows its rings for a few seconds, destroys
# it (also when something fails, or on Ctrl-C), and checks that nothing is left.
set -eu
cd "$(dirname "$0")/.."
valelab=$PWD/bin/valelab

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
	find /sys/fs/cgroup -type d -path '*valelab*' 2>/dev/null | grep -vFx "$groups"
	for ns in $lab; do # as a pattern: net:?4026531840?
		find /proc/[0-9]*/ns/net /proc/[0-9]*/fd -lname "$ns" 2>/dev/null
	done
	ls /sys/class/net | grep -vFx "$devices"
	return 0
}

devices=$(ls /sys/class/net)
groups=$(find /sys/fs/cgroup -type d -path '*valelab*' 2>/dev/null)
lab=

finish() {
	status=$?
	trap - EXIT
	trap '' INT TERM
	"$valelab" destroy txrx || status=1
	left=$(remains)
	if [ -z "$left" ]; then
		echo "nothing is left: no namespace, device, process, control group or file"
	else
		printf 'left behind:\n%s\n' "$left" >&2
		status=1
	fi
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

"$valelab" deploy labs/txrx.yml
machine=$(readlink /proc/self/ns/net)
lab=$(namespaces | grep -vFx "$machine" | tr '[]' '??')
"$valelab" inspect txrx
"$valelab" stats txrx --interval 1s --count 4
echo
echo "rxc counted:"
"$valelab" logs rxc --lab txrx --tail 3
