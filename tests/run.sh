#!/usr/bin/env bash
# Runs all tests as the current user (./dev test makes that an unprivileged one) and ends with one line: N passed, N failed, N skipped.
# A skipped test fails the run unless tests/allowed_skips.txt names it.
set -uo pipefail
log=$LATHE_BUILD/ctest.log
ctest --test-dir "$LATHE_BUILD" --output-on-failure -j2 --no-tests=error "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
line='^ *[0-9]+/[0-9]+ Test '
passed=$(grep -cE "$line.* Passed" "$log")
skipped=$(grep -cE "$line.*\\*\\*\\*Skipped" "$log")
failed=$(($(grep -cE "$line.*\\*\\*\\*" "$log") - skipped))
unexpected=$(sed -nE "s|$line *#[0-9]+: ([^ ]+) .*\\*\\*\\*Skipped.*|\\1|p" "$log" | grep -vxFf <(cat "$LATHE_SOURCE/tests/allowed_skips.txt" 2>/dev/null) || true)
if [ -n "$unexpected" ]; then
  echo "Skipped, and not named in tests/allowed_skips.txt: $unexpected"
  status=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
