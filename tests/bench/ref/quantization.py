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
import struct
import sys
import time

import torch
import torch.nn.functional as F

EPS = 1e-5                      # of the batch norms
SMALLEST_SCALE = torch.finfo(torch.float32).eps
GAMMA, ZETA = -0.1, 1.1         # how far AdaRound's sigmoid is stretched
WEIGHT, WARM_UP, BETA = 0.01, 0.2, (20.0, 2.0)
SENSITIVITY_BITS = (2, 3, 4, 5, 6, 8, 16)


# --- files

def read_safetensors(path):
    data = bytearray(open(path, "rb").read())
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for key, entry in header.items():
        if entry["dtype"] == "F32":
            begin, end = entry["data_offsets"]
            tensors[key] = torch.frombuffer(data[8 + size + begin:8 + size + end], dtype=torch.float32).view(entry["shape"])
    return tensors, json.loads(metadata.get("config", "{}"))


def read_cifar(path, count=None):
    """normalised images [n, 3, 32, 32], channels last, and labels [n]"""
    records = torch.frombuffer(bytearray(open(path, "rb").read()), dtype=torch.uint8).view(-1, 3073)[:count]
    mean, std = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    images = (records[:, 1:].reshape(-1, 3, 32, 32).float() / 255 - mean) / std
    return images.contiguous(memory_format=torch.channels_last), records[:, 0].long()


# --- the network, a list of layers that are run one after the other

class Layer:
    """role: stem, first or second convolution of a block, linear"""

    def __init__(self, name, role, tensors, prefix, norm=None, stride=1):
        self.name, self.role, self.stride = name, role, stride
        self.weight = tensors[f"{prefix}{name}.weight"]
        if self.weight.dim() == 4:
            self.weight = self.weight.contiguous(memory_format=torch.channels_last)
        if norm:
            self.norm = [tensors[f"{prefix}{norm}.{k}"] for k in ("running_mean", "running_var", "weight", "bias")]
            mean, var, gamma, beta = self.norm
            self.factor = gamma / torch.sqrt(var + EPS)     # what the norm multiplies each channel with, and what it adds
            self.bias = beta - mean * self.factor
        else:
            self.norm, self.factor = None, torch.ones(len(self.weight))
            self.bias = tensors[f"{prefix}{name}.bias"]

    def folded(self, weight):
        return weight * self.factor.view(-1, *[1] * (weight.dim() - 1))

    def run(self, x, weight):
        """with the norm after it, but no ReLU"""
        if self.role == "linear":
            return F.linear(x, weight, self.bias)
        return F.batch_norm(F.conv2d(x, weight, None, self.stride, 1), *self.norm, False, 0.1, EPS)

    def run_folded(self, x, weight):
        return F.linear(x, weight, self.bias) if self.role == "linear" else F.conv2d(x, weight, self.bias, self.stride, 1)

    def enter(self, x):
        return F.avg_pool2d(x, x.shape[-1]).flatten(1) if self.role == "linear" else x

    def leave(self, x, carried):
        """ReLU and, at the end of a block, the shortcut of option A: every second pixel, zero channels on both sides"""
        if self.role == "linear":
            return x
        if self.role == "second":
            more = x.shape[1] - carried.shape[1]
            x = x + (F.pad(carried[:, :, ::2, ::2], (0, 0, 0, 0, more // 2, more - more // 2)) if more else carried)
        return F.relu(x)


def resnet(path):
    tensors, _ = read_safetensors(path)
    prefix = "module." if "module.conv1.weight" in tensors else ""
    layers = [Layer("conv1", "stem", tensors, prefix, "bn1")]
    for stage in (1, 2, 3):
        for block in range(len([k for k in tensors if k.startswith(f"{prefix}layer{stage}.") and k.endswith("conv1.weight")])):
            name = f"layer{stage}.{block}"
            layers.append(Layer(f"{name}.conv1", "first", tensors, prefix, f"{name}.bn1", 2 if stage > 1 and block == 0 else 1))
            layers.append(Layer(f"{name}.conv2", "second", tensors, prefix, f"{name}.bn2"))
    return layers + [Layer("linear", "linear", tensors, prefix)]


def forward(layers, x, weights=None, quantizers=None, look=None):
    """weights and quantisers of the layers' inputs by layer, float where None; look(i, input of layer i before it is quantised)"""
    carried = None
    for i, layer in enumerate(layers):
        x = layer.enter(x)
        if look:
            look(i, x)
        if quantizers:
            x = quantizers[i](x)
        if layer.role == "first":
            carried = x
        x = layer.leave(layer.run(x, weights[i] if weights else layer.weight), carried)
    return x


# --- quantisers and observers

def full_range(bits, symmetric):
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if symmetric else (0, (1 << bits) - 1)


def scale_from(low, high, n, p, symmetric):
    low, high = low.clamp(max=0), high.clamp(min=0)
    if symmetric:
        scale = (torch.maximum(-low, high) / (float(p - n) / 2)).clamp(min=SMALLEST_SCALE)
        return scale, torch.zeros_like(scale, dtype=torch.int32)
    scale = ((high - low) / float(p - n)).clamp(min=SMALLEST_SCALE)
    return scale, (n - torch.round(low / scale)).clamp(n, p).int()


def on_grid(x, scale, zero, n, p):
    """What torch.fake_quantize_per_tensor_affine and ..._per_channel_affine give, bit for bit, in a fraction of the time on a CPU; no gradient"""
    if scale.dim() == 0:
        z, inverse = zero.item(), scale.reciprocal().item()
        return x.mul(inverse).round_().clamp_(n - z, p - z).mul_(scale.item())
    shape = (-1, *[1] * (x.dim() - 1))
    scale, zero = scale.view(shape), zero.view(shape)
    return x.mul(scale.reciprocal()).round_().clamp_(n - zero, p - zero).mul_(scale)


class ReluOnGrid(torch.autograd.Function):
    """ReLU, then the levels 0..p of a scale with zero point 0; straight-through gradient where something is neither cut below nor above"""

    @staticmethod
    def forward(ctx, x, scale, p):
        ctx.save_for_backward(x)
        ctx.top = (p + 0.5) * scale
        return x.mul(1 / scale).round_().clamp_(0, p).mul_(scale)

    @staticmethod
    def backward(ctx, gradient):
        return torch.ops.aten.hardtanh_backward(gradient, *ctx.saved_tensors, 0.0, ctx.top), None, None


def least_error_range(x, low, high, n, p, symmetric, per_channel):
    """of the ranges shrunk by hundredths the first with the smallest mean squared error"""
    best_low, best_high, best = low.clone(), high.clone(), torch.full_like(low, 1e10)
    for i in range(80 if per_channel else 95):
        factor = 1.0 - 0.01 * i
        error = on_grid(x, *scale_from(low * factor, high * factor, n, p, symmetric), n, p).sub_(x).square_()
        score = error.flatten(1).mean(1) if per_channel else error.mean()
        better = score < best
        best_low, best_high, best = torch.where(better, low * factor, best_low), torch.where(better, high * factor, best_high), torch.minimum(score, best)
    return best_low, best_high


class WeightQuantizer:
    """symmetric, per output channel"""

    def __init__(self, weight, n, p, least_error=True):
        self.n, self.p = n, p
        low, high = weight.flatten(1).aminmax(dim=1)
        if least_error:
            low, high = least_error_range(weight, low, high, n, p, True, True)
        self.scale, self.zero = scale_from(low, high, n, p, True)

    def __call__(self, weight):
        return on_grid(weight, self.scale, self.zero, self.n, self.p)


class ActivationQuantizer:
    """asymmetric, one scale; the range is a moving average over the batches observed"""

    def __init__(self, n, p, least_error=True):
        self.n, self.p, self.least_error = n, p, least_error
        self.low = self.high = None

    def observe(self, x):
        low, high = x.aminmax()
        if self.least_error:
            low, high = least_error_range(x, low, high, self.n, self.p, False, False)
        self.low = low if self.low is None else self.low * 0.9 + low * 0.1
        self.high = high if self.high is None else self.high * 0.9 + high * 0.1
        self.scale, self.zero = scale_from(self.low, self.high, self.n, self.p, False)

    def __call__(self, x):
        return on_grid(x, self.scale, self.zero, self.n, self.p)


@torch.no_grad()
def calibrate(layers, batches, ranges, least_error=(True, True)):
    """ranges: for each layer (n, p) of its weight and of its input -> quantisers of weights and of inputs"""
    weights = [WeightQuantizer(layer.weight, *w, least_error[0]) for layer, (w, _) in zip(layers, ranges)]
    inputs = [ActivationQuantizer(*a, least_error[1]) for _, a in ranges]
    for batch in batches:
        forward(layers, batch, look=lambda i, x: inputs[i].observe(x))
    return weights, inputs


def academic(layers, weight_bits, activation_bits):
    bits = [(8, 8) if i in (0, len(layers) - 1) else (weight_bits, activation_bits) for i in range(len(layers))]
    return [(full_range(w, True), full_range(a, False)) for w, a in bits]


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
            reconstruct(rounding, (lambda v, w: ReluOnGrid.apply(layer.run_folded(v, w), scale, p)) if alone else layer.run_folded, x, targets, iterations, generator)
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
            checks.append((key, relative(found[key], value), 1e-5 if key in ("mid.scale", "out.h0", "out.wq_soft0", "out.wq_nearest", "mid.grad_alpha_step1") else 1e-3))
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
