# SPDX-License-Identifier: GPL-2.0
# For scripts that make a ramdisk for a guest of QEMU; to be sourced.

# copy_with_libraries ROOT FILE...: the files, at the paths they have here, the
# libraries ldd(1) names, and the one that the C library loads by itself.
copy_with_libraries()
{
	local root=$1 file
	shift

	for file in "$@" $(ldd "$@" 2>/dev/null |
		grep -oE '/[^ ]+ \(0x' | sed 's/ (0x//' | sort -u) \
		"$(dirname "$(ldd "$1" | grep -o '/.*/libc\.so[^ ]*')")/libgcc_s.so.1"; do
		[ -e "$file" ] || continue
		mkdir -p "$root$(dirname "$file")" &&
			cp -L "$file" "$root$file" || return
	done
}
