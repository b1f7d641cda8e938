#!/usr/bin/env bash
# What the compiler does not tell: include rules (also a test), white space, and clang-tidy (.clang-tidy), where every finding is an error.
# lint.sh [FILE|FOLDER...]: clang-tidy of these only. All of it takes about an hour of two cores: clang reads every header again for each file.
set -uo pipefail
cd "$LATHE_SOURCE"
status=0
tracked() { git -c safe.directory="$PWD" ls-files -z "$@"; }   # the checkout may belong to someone else than who builds
python3 tests/include_rules.py || status=1
tracked '*.h' '*.cpp' '*.cmake' '*.py' '*.sh' | xargs -0 -r grep -nIE $'\t|[ \r]$' && { echo "lint: tabs or white space at the end of these lines" >&2; status=1; }

# clang-tidy needs the commands of single files without precompiled headers: a build folder that is only configured, and moc's files, which tests include.
build=$LATHE_SOURCE/build/lint
cmake -S . -B "$build" --preset release -DLATHE_UNITY=OFF -DLATHE_WERROR=OFF -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DCMAKE_AUTOGEN_ORIGIN_DEPENDS=OFF >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
ninja -C "$build" -t targets all | sed -nE '/CMakeFiles/d; s/^([^:]+_autogen): phony$/\1/p' | xargs -r cmake --build "$build" --target lathe_headers >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }

mapfile -t files < <(comm -12 <(tracked "${@:-.}" | tr '\0' '\n' | sort) <(sed -nE "s|^ *\"file\": \"$PWD/(.*)\",?$|\1|p" "$build/compile_commands.json" | sort -u))
[ ${#files[@]} -gt 0 ] || { echo "lint: no source file of the build among: ${*:-the tracked files}" >&2; exit 1; }
echo "lint: clang-tidy of ${#files[@]} files" >&2
check() { # the count of warnings that it hides in system headers is no finding
    clang-tidy -p "$1" --quiet --extra-arg=-Wno-unknown-warning-option "$2" 2> >(grep -vE '^[0-9]+ warnings? |^Suppressed |^Use -header-filter' >&2)
}
export -f check
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'check "$0" "$1"' "$build" || status=1
[ $status = 0 ] && echo "lint: no finding in ${#files[@]} files"
exit $status
