#!/usr/bin/env bash
# `./dev run` without a display: repeats the first run of the first example project, writes the project's report, and takes pictures of the real
# window under a virtual screen. headless_tour.sh FOLDER
set -euo pipefail
out=$1
rm -rf "$out"
mkdir -p "$out"
example=$LATHE_SOURCE/projects/block-cache-on-fashion.lathe
[ -e "$example" ] || { echo "there is no example project $example" >&2; exit 1; }
cp "$example" "$out/tour.lathe"
chmod u+w "$out/tour.lathe"
lathe-cli run delta_cache.sample --project "$out/tour.lathe" --title "Sneaker, made just now" --set class=Sneaker --set guidance=2
lathe-cli report "$out/tour.lathe" --out "$out/report.html" --title "The first example of Lathe"
for workspace in delta_cache runs; do
  bash "$LATHE_SOURCE/tests/gui/under_screen.sh" lathe "$out/tour.lathe" --workspace "$workspace" --size 1600x970 --screenshot "$out/$workspace.png"
done
