#!/usr/bin/env python3
"""Who may include whom (ARCHITECTURE.md). Reads every #include line of the tree; prints each one that breaks a rule and exits 1."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE_BELOW = {
    "core/base": [],
    "core/method": ["core/base"],
    "core/report": ["core/method", "core/base"],
    "core/project": ["core/method", "core/base"],
    "core/protocol": ["core/method", "core/base"],
    "core/scene": ["core/base"],
    "core/nn": ["core/method", "core/base"],
    "core/client": ["core/project", "core/protocol", "core/method", "core/base"],
    "core/engine": ["core/nn", "core/protocol", "core/method", "core/base"],
    "viewers": ["core/scene", "core/method", "core/base"],
    "widgets": ["core/method", "core/base"],
}
ENGINE_BELOW = ["core/engine", "core/nn", "core/scene", "core/method", "core/base"]
PANEL_BELOW = ["widgets", "viewers", "core/client", "core/project", "core/report", "core/protocol", "core/method", "core/base"]
NO_QT = ("core/base", "core/method", "core/protocol", "core/project", "core/report", "core/engine", "core/nn", "app/engine")
TORCH = re.compile(r"^(ATen|torch|c10|caffe2)/")
QT = re.compile(r"^(Q[A-Za-z]+|Qt[A-Z]\w*/.*|qcustomplot\.h)$")


def home(path):
    parts = path.split("/")
    return "/".join(parts[:3]) if parts[0] == "plugins" else "/".join(parts[:2]) if parts[0] in ("core", "app") else parts[0]


def allowed(room, other):
    if other == room or room.startswith(("app/", "tests")):
        return not other.startswith("plugins/") or room.startswith("tests") or other == room
    if room.startswith("plugins/"):
        return other in (ENGINE_BELOW if room.endswith("/engine") else PANEL_BELOW) or other.split("/")[1:2] == room.split("/")[1:2] and other.endswith("/common")
    return other in CORE_BELOW.get(room, [])


def main():
    broken, count = [], 0
    for top in ("core", "viewers", "widgets", "plugins", "app"):
        for file in sorted((ROOT / top).rglob("*")):
            if file.suffix not in (".h", ".cpp"):
                continue
            path = file.relative_to(ROOT).as_posix()
            room = home(path)
            has_torch = room in ("core/engine", "core/nn", "app/engine") or room.startswith("plugins/") and room.endswith("/engine")
            has_no_qt = room in NO_QT or room.startswith("plugins/") and room.endswith("/engine")
            for number, line in enumerate(file.read_text().splitlines(), 1):
                found = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
                if not found:
                    continue
                count += 1
                name = found.group(1)
                if re.match(r"(core|viewers|widgets|plugins|app)/", name):
                    if not allowed(room, home(name)):
                        broken.append(f"{path}:{number}: {room} may not include {name}")
                elif TORCH.match(name) and not has_torch:
                    broken.append(f"{path}:{number}: no LibTorch in {room}")
                elif QT.match(name) and has_no_qt:
                    broken.append(f"{path}:{number}: no Qt in {room}")
    print("\n".join(broken) if broken else f"include rules: {count} include lines are in order")
    return 1 if broken or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
