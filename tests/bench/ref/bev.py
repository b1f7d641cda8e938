#!/usr/bin/env python3
"""Fast-BEV in plain PyTorch (written anew after Sense-GVT/Fast-BEV, mmdetection and mmcv): the Python side of the speed comparisons.

  bev.py verify FILE...     recompute the outputs of reference files (bev/view, bev/image_net, bev/bev_neck); exit 0 only if they agree
  bev.py bench --part view|images|encoder --threads 2 --repeat 7 [--wait]
                            time a part of M0 with random weights; one JSON line each. With --wait every piece of work waits for a line
                            on standard input, so that another program can take turns with this one.
"""
import argparse
import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

sys.dont_write_bytecode = True
from reference import read_safetensors


# --- view transform, as backproject_inplace does it

def voxel_points(n, size, origin):
    grid = torch.stack(torch.meshgrid([torch.arange(k) for k in n], indexing="ij"))
    low = origin - torch.tensor(n) / 2.0 * size
    return grid * size.view(3, 1, 1, 1) + low.view(3, 1, 1, 1)


def backproject(features, points, projection):
    """features [cameras, C, H, W], points [3, X, Y, Z], projection [cameras, 3, 4] -> volume [C, X, Y, Z]; the last camera wins"""
    cameras, channels, height, width = features.shape
    shape = points.shape[1:]
    flat = points.view(1, 3, -1).expand(cameras, 3, -1)
    flat = torch.cat((flat, torch.ones_like(flat[:, :1])), dim=1)
    seen = torch.bmm(projection, flat)
    x = (seen[:, 0] / seen[:, 2]).round().long()
    y = (seen[:, 1] / seen[:, 2]).round().long()
    valid = (x >= 0) & (y >= 0) & (x < width) & (y < height) & (seen[:, 2] > 0)
    volume = torch.zeros((channels, flat.shape[-1]), dtype=features.dtype)
    for i in range(cameras):
        volume[:, valid[i]] = features[i, :, y[i, valid[i]], x[i, valid[i]]]
    return volume.view(channels, *shape)


# --- networks

class BasicBlock(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o)) if stride != 1 or i != o else None

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        y += x if self.downsample is None else self.downsample(x)
        return F.relu(y, inplace=True)


class ConvModule(nn.Module):
    def __init__(self, i, o, k, stride=1, relu=False):
        super().__init__()
        self.conv, self.bn, self.relu = nn.Conv2d(i, o, k, stride, k // 2, bias=False), nn.BatchNorm2d(o), relu

    def forward(self, x):
        y = self.bn(self.conv(x))
        return F.relu(y, inplace=True) if self.relu else y


class Backbone(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        i = width
        for stage in range(4):
            o = width << stage
            setattr(self, f"layer{stage + 1}", nn.Sequential(BasicBlock(i, o, 1 if stage == 0 else 2), BasicBlock(o, o, 1)))
            i = o

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 3, 2, 1)
        out = []
        for stage in range(4):
            x = getattr(self, f"layer{stage + 1}")(x)
            out.append(x)
        return out


class Fpn(nn.Module):
    def __init__(self, width, out):
        super().__init__()
        self.lateral_convs = nn.ModuleList(ConvModule(width << i, out, 1) for i in range(4))
        self.fpn_convs = nn.ModuleList(ConvModule(out, out, 3) for _ in range(4))

    def forward(self, maps):
        maps = [c(m) for c, m in zip(self.lateral_convs, maps)]
        for i in range(3, 0, -1):
            maps[i - 1] = maps[i - 1] + F.interpolate(maps[i], size=maps[i - 1].shape[2:], mode="nearest")
        return [c(m) for c, m in zip(self.fpn_convs, maps)]


class ImageNet(nn.Module):
    def __init__(self, width=64, out=64, levels=(0,)):
        super().__init__()
        self.backbone, self.neck, self.levels = Backbone(width), Fpn(width, out), levels
        for i in levels:
            setattr(self, f"neck_fuse_{i}", nn.Conv2d(out * (4 - i), out, 3, 1, 1))

    def forward(self, x):
        p = self.neck(self.backbone(x))
        return [getattr(self, f"neck_fuse_{i}")(torch.cat([p[i]] + [F.interpolate(q, size=p[i].shape[2:], mode="bilinear", align_corners=False) for q in p[i + 1:]], 1)) for i in self.levels]


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv0, self.conv1 = ConvModule(c, c, 3, relu=True), ConvModule(c, c, 3)

    def forward(self, x):
        return F.relu(x + self.conv1(self.conv0(x)), inplace=True)


class BevNeck(nn.Module):
    def __init__(self, fuse_in, i, o, layers):
        super().__init__()
        self.fuse = nn.Conv2d(fuse_in, i, 1)
        model = [Residual(i), ConvModule(i, o, 3, 2, relu=True)]
        for _ in range(layers):
            model += [Residual(o), ConvModule(o, o, 3, relu=True)]
        self.model = nn.Sequential(*model)

    def forward(self, folded):
        return self.model(self.fuse(folded))


# --- reference files

def load(net, tensors, prefix=""):
    state = net.state_dict()
    net.load_state_dict({k: tensors.get(prefix + k, v) for k, v in state.items()})
    return net.eval().to(memory_format=torch.channels_last)   # in the other layout oneDNN is wrong for some channel counts on some processors


def verify(path):
    t, config = read_safetensors(path)
    out = {}
    if config["case"] == "bev/view":
        points = voxel_points([int(v) for v in t["in.n_voxels"]], t["in.voxel_size"], t["in.origin"])
        projection = t["in.lidar2img"][:, :3].clone()
        projection[:, :2] /= config["stride"]
        out["out.volume_inplace"] = backproject(t["in.features"], points, projection)
    elif config["case"] == "bev/image_net" and config["depth"] == 18:
        maps = load(ImageNet(config["base_channels"], config["fpn_out"], (0, 1, 2)), t)(t["in.img"])
        out = {f"out.fuse_{i}": m for i, m in enumerate(maps)}
    elif config["case"] == "bev/bev_neck":
        net = load(BevNeck(config["fuse_in"], config["in_channels"], config["out_channels"], config["num_layers"]), t, "neck_3d.")
        n, c, x, y, z = t["in.volume"].shape
        out["out.bev"] = net(t["in.volume"].permute(0, 2, 3, 4, 1).reshape(n, x, y, z * c).permute(0, 3, 1, 2))
    else:
        print(f"left out  {path}")
        return True
    worst = max(float((v - t[k]).norm() / t[k].norm()) for k, v in out.items())
    print(f"{'ok' if worst < 2e-5 else 'FAILED'}  {path}  {worst:.1e}")
    return worst < 2e-5


# --- timing

def work(part):
    if part == "view":      # four frames of M0: matrices to volumes, each time anew, as the official test does
        features = torch.randn(4, 6, 64, 64, 176)
        projections = torch.randn(4, 6, 3, 4)
        angles = torch.arange(6) * (2 * torch.pi / 6)
        for t in range(4):
            for c in range(6):
                s, k = float(torch.sin(angles[c])), float(torch.cos(angles[c]))
                axes = torch.tensor([[k, s, 0, 0], [0, 0, -1, -0.3], [-s, k, 0, -0.5 - 0.1 * t]])
                projections[t, c] = torch.stack([139.0 * axes[0] + 88 * axes[2], 139.0 * axes[1] + 25 * axes[2], axes[2]])
        size, origin = torch.tensor([0.5, 0.5, 1.5]), torch.tensor([0.0, 0.0, -1.0])

        def run():
            volumes = []
            for t in range(4):
                points = voxel_points([200, 200, 4], size, origin)
                volumes.append(backproject(features[t], points, projections[t]))
            volume = torch.cat(volumes)[None]                                  # [1, T * C, X, Y, Z]
            n, c, x, y, z = volume.shape
            return volume.permute(0, 2, 3, 4, 1).reshape(n, x, y, z * c).permute(0, 3, 1, 2)
        return run
    if part == "images":
        net = ImageNet().eval().to(memory_format=torch.channels_last)
        x = torch.randn(6, 3, 256, 704).contiguous(memory_format=torch.channels_last)
        return lambda: net(x)
    net = BevNeck(1024, 256, 192, 2).eval().to(memory_format=torch.channels_last)
    x = torch.randn(1, 1024, 200, 200).contiguous(memory_format=torch.channels_last)
    return lambda: net(x)


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("verify")
    check.add_argument("files", nargs="+")
    bench = commands.add_parser("bench")
    bench.add_argument("--part", choices=["view", "images", "encoder"], required=True)
    bench.add_argument("--threads", type=int, default=2)
    bench.add_argument("--repeat", type=int, default=7)
    bench.add_argument("--wait", action="store_true")
    options = parser.parse_args()
    with torch.inference_mode():
        if options.command == "verify":
            sys.exit(0 if all([verify(f) for f in options.files]) else 1)
        torch.set_num_threads(options.threads)
        run = work(options.part)
        for _ in range(2):
            run()
        for _ in range(options.repeat):
            if options.wait:
                print(json.dumps({"ready": True}), flush=True)
                sys.stdin.readline()
            start = time.perf_counter()
            run()
            print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
