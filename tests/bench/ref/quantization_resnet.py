"""ResNet-20 for CIFAR-10 with the quantisers and observers of MQBench's backend Academic, in plain PyTorch; used by quantization.py."""
import torch
import torch.nn.functional as F

from reference import read_safetensors

EPS = 1e-5                      # of the batch norms
SMALLEST_SCALE = torch.finfo(torch.float32).eps


# --- files

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
