#!/usr/bin/env python3
"""A Diffusion Transformer in plain PyTorch (architecture of facebookresearch/DiT, written anew): the Python side of the speed comparisons.

  dit.py verify FILE...     recompute the outputs of reference files; exit 0 only if each is within 2e-5 (relative L2)
  dit.py bench --size B/2 --batch 2 --threads 2 --repeat 7 [--wait]
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

SIZES = {"S": (12, 384, 6), "B": (12, 768, 12), "L": (24, 1024, 16), "XL": (28, 1152, 16)}   # depth, width, heads
TOLERANCE = 2e-5


def modulate(x, shift, scale):
    return x * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1)


def frequencies(t, size=256, period=10000):
    """cos half first; t may be fractional"""
    f = torch.exp(-math.log(period) * torch.arange(size // 2, dtype=torch.float32) / (size // 2))
    angles = t.float()[:, None] * f[None]
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def sincos(width, side):
    """[1, side*side, width]: the first half encodes the column, the second the row"""
    omega = 1.0 / 10000 ** (torch.arange(width // 4, dtype=torch.float64) / (width / 4))
    axis = torch.arange(side, dtype=torch.float64)[:, None] * omega[None]
    axis = torch.cat([axis.sin(), axis.cos()], dim=1)
    return torch.cat([axis.repeat(side, 1), axis.repeat_interleave(side, 0)], dim=1).float()[None]


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, d))


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, width, heads, ratio):
        super().__init__()
        self.width = width
        self.attn = Attention(width, heads)
        self.mlp = Mlp(width, int(width * ratio))
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def norm(self, x):
        return F.layer_norm(x, (self.width,), eps=1e-6)

    def forward(self, x, c, seen=None):
        shift1, scale1, gate1, shift2, scale2, gate2 = self.adaLN_modulation(c).chunk(6, dim=1)
        attention = self.attn(modulate(self.norm(x), shift1, scale1))
        x = x + gate1.unsqueeze(1) * attention
        mlp = self.mlp(modulate(self.norm(x), shift2, scale2))
        x = x + gate2.unsqueeze(1) * mlp
        if seen is not None:
            seen.append((x, attention, mlp))
        return x


class Final(nn.Module):
    def __init__(self, width, values):
        super().__init__()
        self.width = width
        self.linear = nn.Linear(width, values)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x, c):
        shift, scale = self.adaLN_modulation(c).chunk(2, dim=1)
        return self.linear(modulate(F.layer_norm(x, (self.width,), eps=1e-6), shift, scale))


class Embedder(nn.Module):
    """Holds one child under the name of the published key."""

    def __init__(self, name, child):
        super().__init__()
        self.add_module(name, child)


class DiT(nn.Module):
    def __init__(self, input_size=32, patch_size=2, in_channels=4, hidden_size=1152, depth=28, num_heads=16, mlp_ratio=4.0, num_classes=1000, learn_sigma=True):
        super().__init__()
        self.patch, self.channels, self.classes = patch_size, in_channels, num_classes
        self.out_channels = in_channels * (2 if learn_sigma else 1)
        self.x_embedder = Embedder("proj", nn.Conv2d(in_channels, hidden_size, patch_size, patch_size))
        self.t_embedder = Embedder("mlp", nn.Sequential(nn.Linear(256, hidden_size), nn.SiLU(), nn.Linear(hidden_size, hidden_size)))
        self.y_embedder = Embedder("embedding_table", nn.Embedding(num_classes + 1, hidden_size))
        self.pos_embed = nn.Parameter(sincos(hidden_size, input_size // patch_size), requires_grad=False)
        self.blocks = nn.ModuleList(Block(hidden_size, num_heads, mlp_ratio) for _ in range(depth))
        self.final_layer = Final(hidden_size, patch_size * patch_size * self.out_channels)

    def time_embedding(self, t):
        return self.t_embedder.mlp(frequencies(t))

    def forward(self, x, t, y, seen=None):
        side, p = x.shape[-1] // self.patch, self.patch
        tokens = self.x_embedder.proj(x).flatten(2).transpose(1, 2)
        te, ye = self.time_embedding(t), self.y_embedder.embedding_table(y)
        c, h = te + ye, tokens + self.pos_embed
        states = None if seen is None else []
        for block in self.blocks:
            h = block(h, c, states)
        out = self.final_layer(h, c)
        if seen is not None:
            seen.update({"mid.x_embed_nopos": tokens, "mid.t_freq": frequencies(t), "mid.t_emb": te, "mid.y_emb": ye, "mid.final_tokens": out})
            for i, (state, attention, mlp) in enumerate(states):
                seen.update({f"mid.block{i}": state, f"mid.block{i}.attn": attention, f"mid.block{i}.mlp": mlp})
        return out.view(-1, side, side, p, p, self.out_channels).permute(0, 5, 1, 3, 2, 4).reshape(-1, self.out_channels, side * p, side * p)

    def forward_with_cfg(self, x, t, y, scale):
        """[cond, uncond] in one batch; the first half of x serves both; guidance on the first three channels, as published"""
        half = x[: len(x) // 2]
        out = self(torch.cat([half, half]), t, y)
        cond, uncond = out[:, :3].chunk(2)
        guided = uncond + scale * (cond - uncond)
        return torch.cat([torch.cat([guided, guided]), out[:, 3:]], dim=1)


@torch.inference_mode()
def verify(path):
    tensors, config = read_safetensors(path)
    names = ("input_size", "patch_size", "in_channels", "hidden_size", "depth", "num_heads", "mlp_ratio", "num_classes", "learn_sigma")
    model = DiT(**{name: config[name] for name in names}).eval()
    model.load_state_dict({k: v for k, v in tensors.items() if not k.startswith(("in.", "mid.", "out."))})
    x, t, y = tensors["in.x"], tensors["in.t"], tensors["in.y"]
    results = {}
    results["out.forward"] = model(x, t, y, results)
    for scale in config["cfg_scales"]:
        results[f"out.cfg_{scale}"] = model.forward_with_cfg(x, t, y, scale)
    if "in.t_frac" in tensors:
        results["out.t_frac_emb"] = model.time_embedding(tensors["in.t_frac"])
    outputs = []
    for key in sorted(k for k in tensors if k.startswith(("mid.", "out."))):
        error = ((results[key] - tensors[key]).norm() / tensors[key].norm()).item() if key in results else math.inf
        outputs.append({"key": key, "error": error, "ok": error <= TOLERANCE})
    ok = all(o["ok"] for o in outputs)
    worst = max(outputs, key=lambda o: o["error"])
    print(json.dumps({"file": path, "ok": ok, "outputs": len(outputs), "worst": worst}))
    return ok


@torch.inference_mode()
def bench(args):
    name, patch = args.size.split("/")
    depth, width, heads = SIZES[name]
    torch.manual_seed(0)
    model = DiT(patch_size=int(patch), hidden_size=width, depth=depth, num_heads=heads).eval()
    x, t, y = torch.randn(args.batch, 4, 32, 32), torch.full((args.batch,), 500), torch.arange(args.batch)
    time_in_turns(args, lambda: model(x, t, y))


if __name__ == "__main__":
    sys.exit(main(__doc__, verify, bench, [f"{s}/{p}" for s in SIZES for p in (2, 4, 8)], "B/2", 2))
