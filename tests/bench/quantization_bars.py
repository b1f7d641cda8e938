#!/usr/bin/env python3
"""Bars of quantization that whole runs of the engine meet, through lathe-cli: accuracies of the published ResNet-20 (specification of MQBench, section 9), how long a change of one
layer takes to be measured, and the table of sensitivities. One JSON object a line. Data: $LATHE_DATA/cifar10 and cifar10-resnets.
--quick leaves out what is reconstructed (half an hour on two cores)."""
import json
import os
import subprocess
import sys

data = os.environ["LATHE_DATA"]
model = os.path.join(data, "cifar10-resnets/resnet20.safetensors")


def summary(method, **values):
    command = ["lathe-cli", "run", f"quantization.{method}", "--json", f"--input=model={model}", f"--input=data={data}/cifar10"] + [f"--set={k}={v}" for k, v in values.items()]
    found = {}
    for line in subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines():
        if line.startswith("{"):
            found.update(json.loads(line).get("summary", {}))
    return found


def say(name, value, unit, bar, ok, how):
    load = open("/proc/loadavg").read().split()[0]
    print(json.dumps({"id": f"quant.{name}", "value": value, "unit": unit, "bar": bar, "ok": bool(ok), "how": f"{how}; load {load}"}), flush=True)


def accuracy(name, reference, tolerance, how, method="evaluate", **values):
    top1 = 100 * summary(method, images=0, batch=250, **values)["top1"]
    if reference is None:
        say(f"resnet20_{name}", top1, "%", None, True, how)
    else:
        say(f"resnet20_{name}", top1, "%", f"{reference} ± {tolerance}", abs(top1 - reference) <= tolerance, how)


mse = {"weight_observer": "mse", "activation_observer": "mse"}
many = {"calibration_images": 128, "calibration_batch": 128}
low = {"backend": "academic", **mse, **many}

first = summary("evaluate", images=0, batch=250, backend="tensorrt")
say("resnet20_float", 100 * first["top1_float"], "%", "91.73 ± 0.02", abs(100 * first["top1_float"] - 91.73) <= 0.02, "10 000 pictures")
say("resnet20_tensorrt", 100 * first["top1"], "%", "91.62 ± 0.15", abs(100 * first["top1"] - 91.62) <= 0.15, "10 000 pictures, 64 to calibrate")
accuracy("snpe", 91.80, 0.15, "8 bit", backend="snpe")
accuracy("vitis", 91.55, 0.15, "8 bit, powers of two", backend="vitis")
accuracy("onnxruntime", 91.71, 0.15, "whole numbers, as ONNX Runtime computes", backend="onnxruntime", arithmetic="integer")
accuracy("tensorrt_w4", 89.90, 0.3, "W4 A8, MSE", backend="tensorrt", weight_bits=4, **mse)
accuracy("academic_w4", 90.85, 0.3, "W4 A8, MSE", backend="academic", weight_bits=4, **mse)
accuracy("academic_w4a4", 89.19, 0.3, "W4 A4, MSE", backend="academic", weight_bits=4, activation_bits=4, **mse)
accuracy("academic_w3", None, 0, "W3 A8, rounded to nearest; MQBench 63.13", weight_bits=3, **low)
accuracy("academic_w2a4", None, 0, "W2 A4, rounded to nearest; MQBench 11.54", weight_bits=2, activation_bits=4, **low)
if "--quick" not in sys.argv:
    learnt = {"reconstruction_images": 512, "iterations": 600, "learning_batch": 32}
    accuracy("academic_w3_adaround", 89.79, 1.5, "W3 A8, 512 pictures, 600 iterations a layer", "reconstruct", weight_bits=3, algorithm="adaround", **low, **learnt)
    accuracy("academic_w2a4_adaround", 62.62, 4, "W2 A4, 512 pictures, 600 iterations a layer", "reconstruct", weight_bits=2, activation_bits=4, algorithm="adaround", **low, **learnt)
    accuracy("academic_w2a4_qdrop", 76.57, 4, "W2 A4, 512 pictures, 1000 iterations a block", "reconstruct", weight_bits=2, activation_bits=4, algorithm="qdrop", **low, **{**learnt, "iterations": 1000})

    ours = 100 * summary("reconstruct", images=0, batch=250, backend="academic", weight_bits=4, algorithm="adaround", **mse, reconstruction_images=64, iterations=600)["top1"]
    reference = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ref/quantization.py")
    theirs = json.loads(subprocess.run([sys.executable, reference, "accuracy", "--weights", "4", "--adaround", "--images", "64", "--iterations", "600"], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()[-1])["top1"]
    say("adaround_w4_points", ours - theirs, "points", "± 0.3", abs(ours - theirs) <= 0.3, f"AdaRound W4 from 64 pictures, 600 iterations: Lathe {ours:.2f}, Python {theirs:.2f} %")

table = summary("sensitivity", images=256, activations="false")
say("sensitivity_s", table["seconds"], "s", 30, table["seconds"] <= 30, "ResNet-20, 7 numbers of bits, 256 pictures, all weights")
table = summary("sensitivity", images=256)
say("sensitivity_values_s", table["seconds"], "s", None, True, "the same with the values between layers, 364 rows in place of 140")
check = summary("deploy", images=256)
say("ort_equal_images", check["equal_images"], "of 256", 256, check["equal_images"] == 256, f"ONNX Runtime {check['runtime']['version']}, first layer with other integers: {check['first_diverging'] or 'none'}; in float {check['float_equal_images']}")
