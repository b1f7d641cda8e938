#!/usr/bin/env python3
"""Post-training quantisation of ResNet-20 in plain PyTorch (written anew after ModelTC/MQBench): the Python side of the speed comparisons.
Backend Academic: no BN folding, per-channel symmetric weights and per-tensor asymmetric activations, both by smallest squared error; first and last layer 8 bit.

  quantization.py verify [FILE...]   recompute reference files (adaround_layer, resnet20_backends; default: those of $LATHE_SHARED); exit 0 only if they agree
  quantization.py accuracy --weights 4 --activations 8 [--adaround] [--images 64] [--groups 1]
                                     top-1 on the 10 000 test images, one JSON line
  quantization.py bench --part adaround|forward|sensitivity --threads 2 --repeat 5 [--wait]
                                     time the part; one JSON line each. With --wait every piece of work waits for a line on standard input, so that
                                     another program can take turns with this one.
The data are looked for in --data, by default the folder named by LATHE_DATA.
"""
import argparse
import json
import os
import sys
import time

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
from reference import read_safetensors
from quantization_resnet import ReluOnGrid, WeightQuantizer, academic, calibrate, forward, full_range, on_grid, read_cifar, resnet

GAMMA, ZETA = -0.1, 1.1         # how far AdaRound's sigmoid is stretched
WEIGHT, WARM_UP, BETA = 0.01, 0.2, (20.0, 2.0)
SENSITIVITY_BITS = (2, 3, 4, 5, 6, 8, 16)


# --- AdaRound

def stretched(alpha):
    return torch.sigmoid(alpha).mul(ZETA - GAMMA).add(GAMMA).clamp(0, 1)


class Rounding:
    """a weight whose rounding is being learnt; `factor` is multiplied onto each channel afterwards (a batch norm behind the layer)"""

    def __init__(self, weight, scale, n, p, factor):
        shape = (-1, *[1] * (weight.dim() - 1))
        self.n, self.p, self.scale = n, p, scale.view(shape)
        self.folded_scale = self.scale * factor.view(shape)
        self.floor = torch.floor(weight / self.scale)
        self.alpha = -torch.log((ZETA - GAMMA) / (weight / self.scale - self.floor - GAMMA) - 1)

    def soft(self, h):
        return (self.floor + h).clamp(self.n, self.p)

    def hard(self):
        return (self.floor + (self.alpha >= 0)).clamp(self.n, self.p) * self.scale


def reconstruct(rounding, run, inputs, targets, iterations, generator, look=None):
    """inputs, targets: batches, one drawn at random in each step; run(input, weight) -> what must come near the target; look(step, loss) after each"""
    rounding.alpha.requires_grad_()
    optimizer = torch.optim.Adam([rounding.alpha], fused=True)
    order = torch.randint(len(inputs), (iterations,), generator=generator).tolist()
    warm = WARM_UP * iterations
    for step, k in enumerate(order, 1):
        h = stretched(rounding.alpha)
        out = run(inputs[k], rounding.soft(h) * rounding.folded_scale)
        loss = F.mse_loss(out, targets[k], reduction="sum") / (out.numel() // out.shape[1])
        if step >= warm:
            beta = BETA[1] + (BETA[0] - BETA[1]) * max(0.0, 1 - (step - warm) / (iterations - warm))
            loss = loss + WEIGHT * (1 - (2 * h - 1).abs().pow(beta)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if look:
            look(step, loss)
    rounding.alpha.requires_grad_(False)


@torch.no_grad()
def adaround(layers, batches, weight_quantizers, quantizers, iterations, seed=0):
    """Layer after layer: a layer with its norm, and with ReLU and the next quantiser where nothing is added before, learns to give what the float network
    gives there when it gets what the layers before it, already quantised, give. -> the rounded weights"""
    generator = torch.Generator().manual_seed(seed)
    float_x, x = list(batches), list(batches)
    float_carried, carried = [None] * len(x), [None] * len(x)
    weights = []
    for i, layer in enumerate(layers):
        float_x, x = [layer.enter(v) for v in float_x], [quantizers[i](layer.enter(v)) for v in x]
        if layer.role == "first":
            float_carried, carried = float_x, x
        targets = [layer.run(v, layer.weight) for v in float_x]
        alone = layer.role in ("stem", "first")
        quantizer = weight_quantizers[i]
        rounding = Rounding(layer.weight, quantizer.scale, quantizer.n, quantizer.p, layer.factor)
        if alone:
            float_x = targets = [F.relu(v) for v in targets]
            behind = quantizers[i + 1]
            assert behind.zero == 0                         # behind a ReLU nothing is below 0
            scale, p = behind.scale.item(), behind.p
        else:
            float_x = [layer.leave(v, c) for v, c in zip(targets, float_carried)]
        with torch.enable_grad():
            run = (lambda v, w: ReluOnGrid.apply(layer.run_folded(v, w), scale, p)) if alone else layer.run_folded
            reconstruct(rounding, run, x, targets, iterations, generator)
        weights.append(rounding.hard())
        x = [layer.leave(layer.run(v, weights[-1]), c) for v, c in zip(x, carried)]
    return weights


# --- reference files

def say(path, checks):
    """checks: (name, error, tolerance)"""
    name, error, tolerance = max(checks, key=lambda c: c[1] / c[2])
    ok = all(e <= t for _, e, t in checks)
    print(json.dumps({"file": path, "ok": ok, "outputs": len(checks), "worst": {"key": name, "error": error, "tolerance": tolerance}}))
    return ok


def relative(a, b):
    return ((a - b).norm() / b.norm().clamp(min=1e-30)).item()


def verify_layer(path, t, config):
    assert (config["weight"], config["warm_up"], tuple(config["b_range"]), config["gamma"], config["zeta"]) == (WEIGHT, WARM_UP, BETA, GAMMA, ZETA)
    n, p, w, x = config["quant_min"], config["quant_max"], t["in.w"], t["in.x"]
    rounding = Rounding(w, t["mid.scale"], n, p, torch.ones(len(w)))
    nearest = on_grid(w, t["mid.scale"], t["mid.zp"].int(), n, p)
    h = stretched(rounding.alpha)
    found = {"mid.scale": WeightQuantizer(w, n, p).scale, "out.h0": h, "out.wq_soft0": rounding.soft(h) * rounding.scale, "out.wq_nearest": nearest}
    losses = []

    def look(step, loss):
        losses.append(loss.item())
        found[f"mid.grad_alpha_step{step}"] = rounding.alpha.grad.clone()    # mid.alpha_* of the file all hold the final alpha: not compared

    bias, padding = t["in.bias"], config["padding"]
    run = lambda v, weight: F.conv2d(v, weight, bias, 1, padding)
    reconstruct(rounding, run, [x], [run(x, w)], config["steps"], torch.Generator().manual_seed(0), look)
    found["out.alpha_final"], found["out.losses"] = rounding.alpha, torch.tensor(losses)
    checks = [("out.wq_hard", (rounding.hard() != t["out.wq_hard"]).float().mean().item(), 0.01)]
    for key, value in t.items():
        if key in found:
            at_start = key in ("mid.scale", "out.h0", "out.wq_soft0", "out.wq_nearest", "mid.grad_alpha_step1")
            checks.append((key, relative(found[key], value), 1e-5 if at_start else 1e-3))
    return say(path, checks)


def verify_backends(path, t, config, data):
    """the entries of the backend Academic; what they are made of stands in resnet20_nodes.json beside the file"""
    nodes = json.load(open(os.path.join(os.path.dirname(path), "resnet20_nodes.json")))["backends"]
    layers = resnet(os.path.join(data, config["data"]["weights"]))
    images, _ = read_cifar(os.path.join(data, config["data"]["calibration"]))
    batches = [images[a:b] for a, b in config["data"]["calibration_batches"]]
    test, labels = read_cifar(os.path.join(data, "cifar10/test_batch.bin"), config["test_index"][1])
    first = config["test_index"][0]
    checks = [("in.images", relative(test[first:], t["in.images"]), 1e-6), ("in.labels", (labels[first:] - t["in.labels"]).abs().max().item(), 1e-6)]
    for tag in (k for k in nodes if k.startswith("academic") and f"out.{k}.logits" in t):
        w, a = list(nodes[tag]["weight_modules"].items()), list(nodes[tag]["activation_nodes"].items())
        by_name = {name: (spec["quant_min"], spec["quant_max"]) for name, spec in w}
        ranges = [(by_name[layer.name], (spec["quant_min"], spec["quant_max"])) for layer, (_, spec) in zip(layers, a)]
        weights, inputs = calibrate(layers, batches, ranges, ("MSE" in w[0][1]["observer"], "MSE" in a[0][1]["observer"]))
        names = [(f"{layer.name}.weight_fake_quant", q) for layer, q in zip(layers, weights)] + [(f"{n}_post_act_fake_quantizer", q) for (n, _), q in zip(a, inputs)]
        for name, q in names:
            scale, zero = t[f"mid.{tag}.{name}.scale"], t[f"mid.{tag}.{name}.zero_point"]
            checks.append((f"{tag}.{name}.scale", ((q.scale - scale).abs() / scale).max().item(), 1e-5))
            checks.append((f"{tag}.{name}.zero_point", (q.zero - zero).abs().max().item(), 1e-6))
        logits = forward(layers, t["in.images"].contiguous(memory_format=torch.channels_last), [q(layer.weight) for layer, q in zip(layers, weights)], inputs)
        errors = (logits - t[f"out.{tag}.logits"]).abs().amax(1)    # another order of summing turns some roundings of 8 bit activations over, in any build
        checks.append((f"{tag}.logits median", errors.median().item(), 2e-2))
        checks.append((f"{tag}.logits", errors.max().item(), 0.3))
        checks.append((f"{tag}.top1", (logits.argmax(1) != t[f"out.{tag}.logits"].argmax(1)).float().sum().item(), 1e-6))
    return say(path, checks)


def verify(path, data):
    t, config = read_safetensors(path)
    if config["case"] == "quantization/adaround_layer":
        return verify_layer(path, t, config)
    if config["case"] == "quantization/resnet20_backends":
        with torch.no_grad():
            return verify_backends(path, t, config, data)
    print(f"left out  {path}")
    return True


# --- accuracy and timing

def load(options, images):
    layers = resnet(os.path.join(options.data, "cifar10-resnets/resnet20.safetensors"))
    return layers, read_cifar(os.path.join(options.data, "cifar10/train_5000.bin"), images)[0]


@torch.inference_mode()
def top1(options, layers, weights=None, quantizers=None):
    images, labels = read_cifar(os.path.join(options.data, "cifar10/test_batch.bin"), options.test)
    right = sum((forward(layers, x, weights, quantizers).argmax(1) == y).sum().item() for x, y in zip(images.split(250), labels.split(250)))
    return 100.0 * right / len(images)


def accuracy(options):
    layers, images = load(options, max(options.calibration, options.images))
    result = {"weights": options.weights, "activations": options.activations, "calibration": options.calibration, "groups": options.groups}
    if options.weights == 32:
        print(json.dumps({"weights": 32, "top1": top1(options, layers)}), flush=True)
        return
    start = time.perf_counter()
    weight_quantizers, quantizers = calibrate(layers, images[:options.calibration].chunk(options.groups), academic(layers, options.weights, options.activations))
    result["calibration_seconds"] = time.perf_counter() - start
    if options.adaround:
        start = time.perf_counter()
        weights = adaround(layers, images[:options.images].split(options.batch), weight_quantizers, quantizers, options.iterations, options.seed)
        result.update(images=options.images, iterations=options.iterations, batch=options.batch, seed=options.seed, adaround_seconds=time.perf_counter() - start)
    else:
        weights = [q(layer.weight) for layer, q in zip(layers, weight_quantizers)]
    result["top1"] = top1(options, layers, weights, quantizers)
    print(json.dumps(result), flush=True)


def run_folded(layers, weights, x, carried=None, look=None):
    """the float network, or its end, with the norms folded into the weights; look(input of a layer, carried past it) before each"""
    for layer, weight in zip(layers, weights):
        if look:
            look((x, carried))
        x = layer.enter(x)
        if layer.role == "first":
            carried = x
        x = layer.leave(layer.run_folded(x, weight), carried)
    return x


def sensitivity(layers, folded, images):
    """Each layer alone with its weight at each bit width (min-max ranges), run from that layer on: changes of the logits [layers, bits, images, classes]"""
    states = []
    logits = run_folded(layers, folded, images, look=states.append)
    out = torch.empty(len(layers), len(SENSITIVITY_BITS), *logits.shape)
    for i, layer in enumerate(layers):
        for b, bits in enumerate(SENSITIVITY_BITS):
            weight = layer.folded(WeightQuantizer(layer.weight, *full_range(bits, True), least_error=False)(layer.weight))
            out[i, b] = run_folded(layers[i:], [weight, *folded[i + 1:]], *states[i]) - logits
    return out


def work(options):
    layers, images = load(options, max(options.images, options.calibration, 256))
    folded = [layer.folded(layer.weight) for layer in layers]
    if options.part == "forward":
        return torch.inference_mode()(lambda: run_folded(layers, folded, images[:64]))
    if options.part == "sensitivity":
        return torch.inference_mode()(lambda: sensitivity(layers, folded, images[:256]))
    quantizers = calibrate(layers, images[:options.calibration].chunk(options.groups), academic(layers, options.weights, options.activations))
    batches = images[:options.images].split(options.batch)
    return lambda iterations=options.iterations: adaround(layers, batches, *quantizers, iterations, options.seed)


def bench(options):
    run = work(options)
    if options.part == "adaround":
        run(5)
    elif options.part == "forward":
        for _ in range(3):
            run()
    for _ in range(options.repeat):
        if options.wait:
            print(json.dumps({"ready": True}), flush=True)
            if not sys.stdin.readline():
                break
        start = time.perf_counter()
        run()
        seconds = time.perf_counter() - start
        print(json.dumps({"part": options.part, "threads": torch.get_num_threads(), "torch": torch.__version__, "seconds": seconds}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    check, measure, timing = (commands.add_parser(name) for name in ("verify", "accuracy", "bench"))
    check.add_argument("files", nargs="*")
    timing.add_argument("--part", choices=["adaround", "forward", "sensitivity"], required=True)
    timing.add_argument("--repeat", type=int, default=5)
    timing.add_argument("--wait", action="store_true")
    measure.add_argument("--adaround", action="store_true")
    measure.add_argument("--test", type=int, default=10000, help="test images")
    for command in (measure, timing):
        command.add_argument("--weights", type=int, default=4, help="bits; 32: the float network")
        command.add_argument("--activations", type=int, default=8, help="bits")
        command.add_argument("--calibration", type=int, default=64, help="images that the observers see")
        command.add_argument("--groups", type=int, default=1, help="batches that these come in")
        command.add_argument("--images", type=int, default=64, help="images that the rounding is learnt from")
        command.add_argument("--batch", type=int, default=32)
        command.add_argument("--iterations", type=int, default=600, help="of each layer")
        command.add_argument("--seed", type=int, default=0)
    for command in (check, measure, timing):
        command.add_argument("--threads", type=int, default=0, help="0: as PyTorch chooses")
        command.add_argument("--data", default=os.environ.get("LATHE_DATA", "."))
    options = parser.parse_args()
    if options.threads > 0:
        torch.set_num_threads(options.threads)
    if options.command == "verify":
        golden = os.path.join(os.environ.get("LATHE_SHARED", "."), "golden/quantization")
        files = options.files or [os.path.join(golden, f"{name}.safetensors") for name in ("adaround_layer", "resnet20_backends")]
        return 0 if all([verify(path, options.data) for path in files]) else 1
    (accuracy if options.command == "accuracy" else bench)(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
