#!/usr/bin/env bash
# Measures the bars: run.sh [AREA] [--json]. Areas: core, bev, quantization, hypergraph, vit_merge. Exit status 1 when a bar is missed or nothing could be measured.
set -uo pipefail
area=core json=
for a in "$@"; do case $a in --json) json=1 ;; core | bev | quantization | hypergraph | vit_merge) area=$a ;; *) echo "bench: there is no area $a (there are: core, bev, quantization, hypergraph, vit_merge)" >&2; exit 2 ;; esac; done
# The processor's own kernels: a core type set for other programs would measure another machine.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
load=$(cut -d' ' -f1 /proc/loadavg)
awk -v l="$load" 'BEGIN { exit !(l > 1.5) }' && echo "bench: the load is $load, above 1.5: other programs are running, so these figures are no verdict" >&2
here=$LATHE_SOURCE/tests/bench
results=$(mktemp)
trap 'rm -f "$results"' EXIT

measure() { # a program that fails says so on stderr; the others still run
  echo "bench: $*" >&2
  "$@" >>"$results" || { echo "bench: $1 failed" >&2; printf '{"id":"%s","value":null,"unit":"","bar":null,"ok":false,"how":"the program failed"}\n' "$1" >>"$results"; }
}

verify() { # FOLDER PATTERN: the reference cases of those golden files, where they are
  local golden=${LATHE_SHARED:+$LATHE_SHARED/golden/$1} files
  [ -d "$golden" ] || { echo "bench: no reference files here, (verify) is left out" >&2; return; }
  mapfile -t files < <(find "$golden" -type f | grep -E "/($2)\$" | sort)
  lathe-cli verify --json "${files[@]}" | python3 -c '
import json, sys
lines = [json.loads(l) for l in sys.stdin if l.strip().startswith("{")]
good = sum(l.get("ok", False) for l in lines)
print(json.dumps({"id": "(verify)", "value": good, "unit": "files", "bar": len(lines), "ok": good == len(lines) > 0, "how": "lathe-cli verify of %d reference files" % len(lines)}))'
}

cli_bars() { lathe-cli bench core --json | grep -v '"bar":null'; }   # its rates have no bar
gui_bars() { "$LATHE_SOURCE/tests/gui/under_screen.sh" gui_bench; }
scene_bars() { "$LATHE_SOURCE/tests/gui/under_screen.sh" gui_bench scene; }
graph_bars() { "$LATHE_SOURCE/tests/gui/under_screen.sh" gui_bench graph; }

quantize_bars() { "$LATHE_SOURCE/tests/gui/under_screen.sh" gui_bench quantize "$LATHE_DATA/cifar10-resnets/resnet20.safetensors" "$LATHE_DATA/cifar10"; }

street_bars() { # the small data set made, and its true boxes fed through writer and metric; on it a slider of the workspace, and what int8 costs the shipped model
  local folder model=${LATHE_SOURCE}/resources/models/street-tiny.safetensors; folder=$(mktemp -d)
  lathe-cli run bev.street --set folder="$folder/street" --json >"$folder/made" && lathe-cli run bev.evaluate --input data="$folder/street" --set source=truth --set split=val --json >"$folder/measured" &&
    lathe-cli run bev.evaluate --input data="$folder/street" --input model="$model" --set split=val --json >"$folder/fp32" &&
    lathe-cli run bev.evaluate --input data="$folder/street" --input model="$model" --set split=val --set precision=int8 --json >"$folder/int8" &&
    python3 - "$folder"/{made,measured,fp32,int8} <<'P' && "$LATHE_SOURCE/tests/gui/under_screen.sh" gui_bench calibration "$folder/street"
import json, sys
made, measured, whole, quantized = ({k: v for l in open(f) for k, v in json.loads(l).get("summary", {}).items()} for f in sys.argv[1:])
print(json.dumps({"id": "bev.street_s", "value": made["seconds"], "unit": "s", "bar": 240, "ok": made["seconds"] <= 240, "how": "%d samples, %d pictures, drawn by %s" % (made["samples"], made["pictures"], made.get("drawn_by"))}))
print(json.dumps({"id": "bev.gt_map", "value": measured["mAP"], "unit": "", "bar": 0.999, "ok": measured["mAP"] >= 0.999, "how": "true boxes of %d samples through writer and metric" % measured["samples"]}))
loss = 100 * (whole["mAP"] - quantized["mAP"])
print(json.dumps({"id": "bev.int8_map_loss", "value": loss, "unit": "points", "bar": 1, "ok": loss <= 1, "how": "shipped model, %d samples: mAP %.4f in fp32, %.4f in int8" % (whole["samples"], whole["mAP"], quantized["mAP"])}))
P
  local status=$?
  rm -rf "$folder"
  return $status
}

case $area in
core)
  measure verify delta_cache '(delta_cache|dit_[a-z_]+|metrics)\.safetensors'
  measure cli_bars
  measure engine_bench
  measure dit_bench "$here/ref/dit.py"
  measure gui_bars
  measure store_bench ;;
bev)
  measure verify bev '[a-z0-9_]+\.safetensors|nusc_(eval|result)[a-z_]*\.json'
  measure bev_bench "$here/ref/bev.py"
  measure scene_bars
  measure street_bars ;;
quantization)
  measure verify quantization '(fake_quant|observers|apot_qil_oqa|bn_fold|adaround_layer|sensitivity|resnet20_backends|resnet20_int8_exact)\.safetensors|resnet20_nodes\.json'
  measure quant_bench "$here/ref/quantization.py"
  measure quantize_bars
  measure python3 "$here/quantization_bars.py" ;;
hypergraph)
  measure verify hypergraph '[a-z0-9_-]+\.safetensors'
  measure hyper_bench "$here/ref/hypergraph.py"
  measure graph_bars ;;
vit_merge)
  measure verify vit_merge '[a-z0-9_]+\.safetensors'
  measure merge_bench "$here/ref/vit_merge.py" ;;
esac

if [ -n "$json" ]; then cat "$results"; else
  python3 - "$results" <<'P'
import json, sys
for line in open(sys.argv[1]):
    r = json.loads(line)
    value = "failed" if r["value"] is None else f"{r['value']:.4g}"
    print(f"{'ok  ' if r['ok'] else 'MISS'} {r['id']:24} {value:>10} {r['unit']:6} bar {r['bar']!s:8} {r['how']}")
P
fi
! grep -q '"ok": *false' "$results"
