#!/usr/bin/env bash
# Installs Lathe into a folder, builds plugins/template from what is installed there (not from the source tree), and runs its method.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for component in lathe dev; do cmake --install "$LATHE_BUILD" --prefix "$work/usr" --component "$component" >/dev/null; done
cp -r "$LATHE_SOURCE/plugins/template" "$work/template"
cmake -S "$work/template" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/usr" -DCMAKE_BUILD_TYPE="${1:-Release}" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$work/build" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
ls "$work"/build/plugins/lathe_template_{engine,panel}.so
export LATHE_PLUGIN_PATH=$work/build/plugins
cd "$work"
"$work/usr/bin/lathe-cli" run template.waves --set frequency=5 --out out
file out/* | grep 'PNG image data, 128 x 128'
"$work/usr/bin/lathe-cli" plugins | grep -E 'template +1\.0\.0'
"$work/usr/bin/lathe-cli" plugins --json >plugins.json
python3 - <<'P'
import json
text = open("plugins.json").read()
plugins = [json.loads(l) for l in text.splitlines()] if not text.startswith("[") else json.loads(text)
flat = [p for x in plugins for p in (x if isinstance(x, list) else x.get("plugins", [x]))]
ours = [p for p in flat if p.get("id") == "template"]
assert ours and all(p.get("ok", True) for p in ours), flat
P
