"""Writes the PyTorch and NumPy files that tests/engine/test_tensor_files.cpp reads. Usage: make_checkpoints.py FOLDER"""
import argparse
import collections
import os
import pickle
import sys

import numpy as np
import torch

torch.manual_seed(0)
os.chdir(sys.argv[1])
weights = collections.OrderedDict((f"blocks.{i}.qkv.weight", torch.arange(48.0).reshape(12, 4) + i) for i in range(3))
module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))

torch.save(weights, "ordered.pt")
torch.save({k: v for k, v in weights.items()}, "dict.pt")
torch.save(module.state_dict(), "state_dict.pt")
torch.save({"model": weights, "ema": {"blocks": {"0": torch.ones(2)}}, "epoch": 3, "lr": 1e-4, "names": ["a", "b"], "none": None, "flag": True,
            "args": argparse.Namespace(lr=1, sizes=(1, 2)), "best": np.float64(0.5), "worst": float("nan")}, "nested.pt")
torch.save({"w": torch.nn.Parameter(torch.full((3, 3), 2.0))}, "parameter.pt")
torch.save({"h": torch.tensor([1.5, -2]).half(), "b": torch.tensor([1.5, -2]).bfloat16(), "i": torch.arange(3), "i32": torch.arange(3, dtype=torch.int32),
            "i16": torch.arange(3, dtype=torch.int16), "i8": torch.arange(3, dtype=torch.int8), "u8": torch.arange(3, dtype=torch.uint8),
            "d": torch.arange(3.0, dtype=torch.float64), "flag": torch.tensor([True, False]), "transposed": torch.arange(24.0).reshape(4, 6).t(),
            "view": torch.arange(10.0)[2:5], "scalar": torch.tensor(7.0), "empty": torch.zeros(0, 3), "expanded": torch.ones(1, 3).expand(5, 3)}, "dtypes.pt")
shared = torch.arange(6.0)
torch.save({"a": shared, "b": shared.view(2, 3)}, "shared.pt")
optimiser = torch.optim.AdamW(module.parameters())
module(torch.randn(1, 3, 8, 8)).sum().backward()
optimiser.step()
torch.save({"state_dict": module.state_dict(), "optimizer": optimiser.state_dict()}, "optimiser.pt")
torch.save(module, "whole_module.pt")
torch.save(torch.arange(4.0), "bare.pt")
torch.save(weights, "protocol4.pt", pickle_protocol=4)
torch.save(weights, "legacy.pt", _use_new_zipfile_serialization=False)
torch.jit.trace(module.eval(), torch.randn(1, 3, 8, 8)).save("torchscript.pt")
circle = {"w": torch.ones(2)}
circle["self"] = circle
torch.save(circle, "cycle.pt")


class Hostile:
    def __reduce__(self):
        return os.system, ("touch executed",)


torch.save({"w": torch.ones(2), "trap": Hostile()}, "hostile.pt")
deep = []
for _ in range(300):
    deep = [deep]
torch.save({"w": torch.ones(2), "deep": deep}, "deep.pt")
bomb = ["x"] * 10
for _ in range(12):
    bomb = [bomb] * 10
torch.save({"w": torch.ones(2), "bomb": bomb}, "bomb.pt")

array = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4)
np.save("plain.npy", array)
np.save("fortran.npy", np.asfortranarray(array))
np.save("big_endian.npy", array.astype(">f4"))
np.save("unsigned.npy", np.array([0, 65535], dtype=np.uint16))
np.save("objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
np.savez("stored.npz", a=array, labels=np.arange(3), text=np.array(["x", "yz"]))
np.savez_compressed("deflated.npz", a=array, flags=np.array([True, False]))
with open("bare.pickle", "wb") as f:
    pickle.dump({"a": 1}, f)
