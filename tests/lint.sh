#!/usr/bin/env bash
# What the compiler does not tell: include rules (also a test), white space, and clang-tidy (.clang-tidy), where every finding is an error.
# lint.sh [FILE|FOLDER...]: clang-tidy of these only. Of all of it, core (but client and project), widgets, viewers
# and ten batches of app took 14 minutes of one core in 34 compilations, of about 140; a run over the whole tree was not measured yet.
set -uo pipefail
cd "$LATHE_SOURCE"
status=0
tracked() { git -c safe.directory="$PWD" ls-files -z "$@"; }   # the checkout may belong to someone else than who builds
python3 tests/include_rules.py || status=1
tracked '*.h' '*.cpp' '*.cmake' '*.py' '*.sh' | xargs -0 -r grep -nIE $'\t|[ \r]$' && { echo "lint: tabs or white space at the end of these lines" >&2; status=1; }

# clang-tidy compiles what the build compiles: the batches of files (LATHE_UNITY), so that headers are read once for eight files; of files that are named, each by
# itself. It needs commands without precompiled headers (a build folder that is only configured) and moc's files. The analyzer follows paths through included
# .cpp files only where the path of the batch contains "UnifiedSource".
# With a tenth of its steps a batch takes a third of the time (27 s instead of 75); what it misses so was not counted. Named files get all steps.
unity=ON build=$LATHE_SOURCE/build/lint_UnifiedSource steps=20000
for path in "$@"; do [ -f "$path" ] && unity=OFF build=$LATHE_SOURCE/build/lint steps=225000; done
cmake -S . -B "$build" --preset release -DLATHE_UNITY=$unity -DLATHE_WERROR=OFF -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DCMAKE_AUTOGEN_ORIGIN_DEPENDS=OFF >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
ninja -C "$build" -t targets all | sed -nE '/CMakeFiles/d; s/^([^:]+_autogen): phony$/\1/p' | xargs -r cmake --build "$build" --target lathe_headers >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }

compiled() { sed -nE 's|^ *"file": "(.*)",?$|\1|p' "$build/compile_commands.json"; }
sources() { # a source file, a tab, and what is compiled: the file itself or its batch
    compiled | sed 's|.*|&\t&|'
    compiled | grep '/Unity/unity_' | xargs -d '\n' -r grep -H '^#include "' | sed -E 's|^([^:]*):#include "(.*)"$|\2\t\1|'
}
chosen() { join -t $'\t' <(tracked "${@:-.}" | xargs -0 -r printf "$PWD/%s\n" | sort) <(sources | sort -u); }
count=$(chosen "$@" | wc -l)
[ "$count" -gt 0 ] || { echo "lint: no source file of the build among: ${*:-the tracked files}" >&2; exit 1; }
mapfile -t units < <(chosen "$@" | cut -f 2 | sort -u)
echo "lint: clang-tidy of $count files in ${#units[@]} compilations" >&2
# GCC's omp.h by itself: clang has none here, and the rest of GCC's own folder is not for it.
export omp=$build/omp
mkdir -p "$omp" && sed -E 's/__malloc__ \([^)]*\)/__malloc__/g' "$(${CXX:-c++} -print-file-name=include/omp.h)" >"$omp/omp.h"
check() { # that a batch includes .cpp files, and the count of warnings hidden in system headers, are no findings
    clang-tidy -p "$1" --quiet --checks=-bugprone-suspicious-include --extra-arg={-isystem"$omp",-Wno-unknown-warning-option,-Xclang,-analyzer-config,-Xclang,max-nodes="$2"} "$3" 2> >(grep -vE '^[0-9]+ warnings? |^Suppressed |^Use -header-filter' >&2)
}
export -f check
printf '%s\0' "${units[@]}" | xargs -0 -n 1 -P "${LATHE_JOBS:-$(nproc)}" bash -c 'check "$@"' check "$build" "$steps" || status=1
[ $status = 0 ] && echo "lint: no finding in $count files"
exit $status
