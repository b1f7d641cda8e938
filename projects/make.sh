#!/usr/bin/env bash
# Makes the example projects anew with the installed programs: projects/make.sh [FOLDER]. Run it as ./dev exec projects/make.sh.
set -euo pipefail
out=${1:-${LATHE_SOURCE:?run me with ./dev exec}/projects}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- which blocks can be cached?
file=$work/block-cache-on-fashion.lathe
sample() { # sample TITLE TAG SETTING...
  local title=$1 tag=$2 sets=() s; shift 2
  for s in "$@"; do sets+=(--set "$s"); done
  lathe-cli run delta_cache.sample --project "$file" --title "$title" --tag "$tag" --set guidance=2 "${sets[@]}"
}
sample "Sneaker, Δ-Cache of 9 blocks" delta class=Sneaker cache.count=9
sample "Sneaker, Δ-Cache of 6 blocks" delta class=Sneaker cache.count=6
sample "Sneaker, Δ-Cache every third step" delta class=Sneaker cache.interval=3 cache.count=9
sample "Sneaker, only the rear blocks" delta class=Sneaker cache.mode=range 'cache.range=[6,12)'
sample "Sneaker, only the front blocks" delta class=Sneaker cache.mode=range 'cache.range=[0,6)'
sample "Sneaker, feature cache (control)" control class=Sneaker policy=feature cache.count=9
sample "Ankle boot, Δ-Cache of 9 blocks" delta "class=Ankle boot" cache.count=9
sample "Bag, Δ-Cache of 9 blocks" delta class=Bag cache.count=9
lathe-cli run delta_cache.study --project "$file" --title "Roles of the blocks, 32 images" --tag study --set guidance=2 --set width=3 --set seeds=32
lathe-cli project check "$file"
lathe-cli project share "$file" "$out/block-cache-on-fashion.lathe" --force

# --- what do the cameras see? On drives that `bev.street` makes up alike everywhere.
file=$work/street-from-above.lathe
model=$LATHE_SOURCE/resources/models/street-tiny.safetensors
lathe-cli run bev.street --set folder="$work/street" --set train_scenes=2 --set val_scenes=2 >/dev/null
bev() { # bev METHOD TITLE TAG SETTING...
  local method=$1 title=$2 tag=$3 sets=() s; shift 3
  for s in "$@"; do sets+=(--set "$s"); done
  lathe-cli run "bev.$method" --project "$file" --title "$title" --tag "$tag" --input data="$work/street" --input model="$model" --set before_nms=300 --set most_boxes=100 "${sets[@]}"
}
bev evaluate "Two drives, official rules" metric split=val
bev evaluate "Two drives, int8" metric split=val precision=int8
bev ablation "One thing changed at a time" ablation split=val samples=8
bev detect "The first camera wins" rules split=street-val-0001 sample=4 overlap=first
bev detect "CAM_FRONT turned by 4°" calibration split=street-val-0001 sample=4 'calibration={"columns":["camera","yaw °","pitch °","roll °","right m","up m","forward m"],"rows":[["CAM_FRONT",4,0,0,0,0,0]]}'
bev detect "Drive 1, key frame 5" scene split=street-val-0001 sample=4
lathe-cli project check "$file"
lathe-cli project share "$file" "$out/street-from-above.lathe" --force

# --- how few bits are enough? The small ResNet that comes with the program, on Fashion-MNIST (Debian package dataset-fashion-mnist).
file=$work/bits-on-fashion.lathe
quant() { # quant METHOD TITLE TAG SETTING...
  local method=$1 title=$2 tag=$3 sets=() s; shift 3
  for s in "$@"; do sets+=(--set "$s"); done
  lathe-cli run "quantization.$method" --project "$file" --title "$title" --tag "$tag" --input data=/usr/share/datasets/fashion-mnist --input model="$LATHE_SOURCE/resources/models/fashion-resnet.safetensors" "${sets[@]}"
}
quant sensitivity "What each layer costs" sensitivity backend=academic
quant compare "Rounding to nearest and learnt" methods 'methods=["plain","adaround","brecq"]' 'bits=["8/8","4/8","3/8"]' seeds=2 iterations=200 reconstruction_images=256
quant deploy "On ONNX Runtime" engine
for bits in 8 6 4 3 2; do quant evaluate "All weights $bits bits" bits backend=academic weight_bits=$bits; done
quant evaluate "Few bits where they cost little" bits backend=academic weight_bits=4 "layers=$(python3 - <<'P'
import json
columns = ["node", "weight_bits", "activation_bits", "excluded", "weight_symmetric", "weight_per_channel", "activation_symmetric", "weight_clip", "activation_low", "activation_high"]
print(json.dumps({"columns": columns, "rows": [[node, bits] + [""] * 8 for node, bits in (("conv1", 8), ("layer1_0_conv1", 6), ("layer3_0_conv2", 3), ("linear", 8))]}))
P
)"
lathe-cli project check "$file"
lathe-cli project share "$file" "$out/bits-on-fashion.lathe" --force

# --- do hyperedges help? Papers, who cites whom (edges) and who wrote what (hyperedges); resources/graphs/cora-hybrid.md.
file=$work/papers-and-authors.lathe
graph() { # graph METHOD TITLE TAG SETTING...
  local method=$1 title=$2 tag=$3 sets=() s; shift 3
  for s in "$@"; do sets+=(--set "$s"); done
  lathe-cli run "hypergraph.$method" --threads 1 --project "$file" --title "$title" --tag "$tag" --input data="$LATHE_SOURCE/resources/graphs/cora-hybrid" "${sets[@]}"
}
graph open "Papers, citations, authors" graph
graph build "Cliques of citations" hyperedges hyperedges.source=cliques preview=true
graph statistics "Degrees, overlaps, centralities, groups" statistics
graph layout "ForceAtlas2: citations and authors pull" layout layout.hyperedges=star layout.lin_log=true layout.strong_gravity=true layout.gravity=0.02
graph embed "t-SNE of the words" embedding embed.algorithm=tsne
graph train "GCN, seed 0" training network=gcn protocol=topoaug epochs=100 seed=0
for seed in 0 1; do graph train "HypergraphConv, seed $seed" training network=hyper-gcn protocol=topoaug epochs=100 seed=$seed; done
graph compare "Do hyperedges help? Four networks, ten published splits" comparison 'networks=["gcn","hyper-gcn","lp-gcn-gcn","lp-gcn-hyper-gcn"]' protocol=hypergcn epochs=100 seeds=10
lathe-cli project check "$file"
lathe-cli project share "$file" "$out/papers-and-authors.lathe" --force

# --- can many models be one? Twelve small Vision Transformers that come with the program (resources/models/vit-merge/README.md).
file=$work/many-into-one.lathe
merge() { # merge METHOD SET TITLE TAG SETTING...
  local method=$1 set=$2 title=$3 tag=$4 sets=() s; shift 4
  for s in "$@"; do sets+=(--set "$s"); done
  lathe-cli run "vit_merge.$method" --project "$file" --title "$title" --tag "$tag" --input set="$LATHE_SOURCE/resources/models/vit-merge/$set.json" "${sets[@]}"
}
merge describe tasks "Four models, block by block" models
merge evaluate tasks "Every method on four tasks" methods 'methods=["individual","hard_routing","gated","gated m=6","average","task_arithmetic","ties","slerp","iso_c","tsv_m","emr"]' m=3 images=1000
merge sweep tasks "How many blocks need the gate?" sweep axis=m m=3 images=500
merge sweep tasks "How far along the task vectors?" sweep axis=lambda m=3 method=task_arithmetic images=500
merge sweep domains "From clean clothes to turned ones" path axis=path images=500
merge compare tasks "Clothes and digits, layer by layer" compare first=fashion second=digits
merge evaluate many "Twelve models, half of the blocks gated" many 'methods=["individual","hard_routing","gated","average"]' m=3 images=500
merge strip tasks "Thirty-two pictures" strip m=3
lathe-cli project check "$file"
lathe-cli project share "$file" "$out/many-into-one.lathe" --force
