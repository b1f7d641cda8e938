#!/usr/bin/env bash
# Style and structure of the sources: include rules (also a test), format of changed lines' files, clang-tidy. lint.sh [FILE...]: clang-tidy of these only.
set -uo pipefail
cd "$LATHE_SOURCE"
status=0
python3 tests/include_rules.py || status=1
mapfile -t files < <(if [ $# -gt 0 ]; then printf '%s\n' "$@"; else git ls-files '*.cpp' | grep -vE '^tests/fuzz/'; fi)
echo "lint: clang-tidy of ${#files[@]} files" >&2
printf '%s\0' "${files[@]}" | xargs -0 -r -n 1 -P "$(nproc)" clang-tidy -p "$LATHE_BUILD" --quiet || status=1
exit $status
