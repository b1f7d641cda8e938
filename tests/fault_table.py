#!/usr/bin/env python3
"""The tests that the table of faults in tests/README.md names must exist. Prints each one that does not and exits 1."""
import re
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
sources = {path.stem: path.read_text() for path in TESTS.glob("*/*.cpp")}
rows = [line.split("|")[2] for line in (TESTS / "README.md").read_text().splitlines() if line.startswith("|") and "test_" in line or "`fuzz." in line]
named, missing = 0, []
for row in rows:
    program = ""
    for name in re.findall(r"`([^`]+)`", row):
        named += 1
        if name.startswith("fuzz."):
            found = name.replace(".", "_") in sources
        else:
            program, _, function = name.rpartition(": ") if ": " in name else (program, "", name)
            found = f"void {function}()" in sources.get(program, "")
        if not found:
            missing.append(f"{program}: {name}")
for name in missing:
    print("tests/README.md names a test that does not exist:", name)
if not named:
    print("tests/README.md names no test")
print(f"fault table: {named} tests in {len(rows)} rows")
sys.exit(1 if missing or not named else 0)
