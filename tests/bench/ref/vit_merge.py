#!/usr/bin/env python3
"""A Vision Transformer in plain PyTorch (architecture and names of timm, written anew): the Python side of the speed comparisons.

  vit_merge.py verify FILE...    recompute the outputs of reference files in timm's layout; exit 0 only if each is within 1e-4
  vit_merge.py bench --size B/16 --batch 1 --threads 2 --repeat 7 [--wait]
                                 time forwards with random weights; one JSON line each. With --wait every forward waits for a line on
                                 standard input, so that another program can take turns with this one.
"""
import json
import math
import sys

import torch
import torch.nn.functional as F
from torch import nn

sys.dont_write_bytecode = True
from reference import main, read_safetensors, time_in_turns

SIZES = {"Ti": (12, 192, 3), "S": (12, 384, 6), "B": (12, 768, 12), "L": (24, 1024, 16)}   # depth, width, heads
TOLERANCE = 1e-4


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, d))

    def maps(self, x):
        b, n, d = x.shape
        q, k, _ = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        return (q @ k.transpose(-2, -1) / math.sqrt(d // self.heads)).softmax(-1)


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, eps=1e-6), Attention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width, eps=1e-6), Mlp(width, hidden)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Patches(nn.Module):
    def __init__(self, channels, width, patch):
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Vit(nn.Module):
    def __init__(self, size=224, patch=16, channels=3, width=768, depth=12, heads=12, hidden=3072, classes=1000, average=False, distilled=False):
        super().__init__()
        self.average, self.distilled = average, distilled
        self.patch_embed = Patches(channels, width, patch)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        tokens = (size // patch) ** 2 + 1
        if distilled:
            self.dist_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
            self.head_dist = nn.Linear(width, classes)
            tokens += 1
        self.pos_embed = nn.Parameter(torch.randn(1, tokens, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads, hidden) for _ in range(depth))
        setattr(self, "fc_norm" if average else "norm", nn.LayerNorm(width, eps=1e-6))
        self.head = nn.Linear(width, classes)

    def forward(self, images, seen=None):
        x = self.patch_embed(images)
        tokens = [self.cls_token] + ([self.dist_token] if self.distilled else [])
        embed = torch.cat([t.expand(len(x), -1, -1) for t in tokens] + [x], 1) + self.pos_embed
        if seen is not None:
            seen["mid.patch_embed"], seen["mid.embed"] = x, embed
        x = embed
        for i, block in enumerate(self.blocks):
            if seen is not None:
                seen[f"mid.attn.{i}"] = block.attn.maps(block.norm1(x))
            x = block(x)
            if seen is not None:
                seen[f"mid.block.{i}"] = x
        if self.average:
            features = self.fc_norm(x[:, 1:].mean(1))
        else:
            x = self.norm(x)
            features = x[:, 0]
        logits = self.head(features)
        if seen is not None:
            seen["mid.norm"] = x
        if self.distilled:
            second = self.head_dist(x[:, 1])
            if seen is not None:
                seen["out.logits_cls"], seen["out.logits_dist"] = logits, second
            logits, features = (logits + second) / 2, (features + x[:, 1]) / 2
        if seen is not None:
            seen["out.pre_logits"], seen["out.logits"] = features, logits
            rollout = None
            for i in range(len(self.blocks)):
                step = seen[f"mid.attn.{i}"].mean(1) / 2 + torch.eye(embed.shape[1]) / 2
                step = step / step.sum(-1, keepdim=True)
                rollout = step if rollout is None else step @ rollout
            seen["mid.rollout"] = rollout
        return logits


@torch.inference_mode()
def verify(path):
    tensors, config = read_safetensors(path)
    weights = {k: v for k, v in tensors.items() if not k.startswith(("in.", "mid.", "out."))}
    width, channels, patch, _ = weights["patch_embed.proj.weight"].shape
    model = Vit(config["img_size"], patch, channels, width, config["depth"], config["num_heads"], len(weights["blocks.0.mlp.fc1.bias"]), len(weights["head.bias"]), "fc_norm.weight" in weights, "dist_token" in weights).eval()
    model.load_state_dict(weights)
    results = {}
    model(tensors["in.image"], results)
    outputs = []
    for key in sorted(k for k in tensors if k.startswith(("mid.", "out."))):
        error = (results[key] - tensors[key]).abs().max().item() if key in results else math.inf
        outputs.append({"key": key, "error": error, "ok": error <= TOLERANCE})
    ok = all(o["ok"] for o in outputs)
    print(json.dumps({"file": path, "ok": ok, "outputs": len(outputs), "worst": max(outputs, key=lambda o: o["error"])}))
    return ok


@torch.inference_mode()
def bench(args):
    name, patch = args.size.split("/")
    depth, width, heads = SIZES[name]
    torch.manual_seed(0)
    model = Vit(patch=int(patch), width=width, depth=depth, heads=heads, hidden=4 * width).eval()
    images = torch.randn(args.batch, 3, 224, 224)
    time_in_turns(args, lambda: model(images))


if __name__ == "__main__":
    sys.exit(main(__doc__, verify, bench, [f"{s}/{p}" for s in SIZES for p in (14, 16, 32)], "B/16", 1))
