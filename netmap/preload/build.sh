#!/bin/sh
# Builds the preload library: build.sh OUT. One file for glibc and musl: it is linked with no C library, and what it
# needs of the program's own (nm -D --undefined-only) all of them have.
set -eu
cd "$(dirname "$0")/src"
mkdir -p "$(dirname "$1")"
${CC:-gcc} -std=gnu11 -O2 -fPIC -ffreestanding -fvisibility=hidden -fno-stack-protector -U_FORTIFY_SOURCE -D_GNU_SOURCE \
	-Wall -Wextra -Werror -I. -I../../internal/abi ${CFLAGS:-} \
	-nostdlib -shared -Wl,-z,now,-z,relro,-z,noexecstack,-soname,libnetmap.so -s -o "$1.new" ./*.c
mv "$1.new" "$1"
