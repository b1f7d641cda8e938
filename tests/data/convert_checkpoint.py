"""Writes the tensors of a safetensors file (float32) as others keep them: .npz, or .pth with the weights under "model". Usage: convert_checkpoint.py IN OUT..."""
import collections
import json
import struct
import sys

import numpy as np
import torch

with open(sys.argv[1], "rb") as file:
    header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    data = file.read()
tensors = collections.OrderedDict()
for name, entry in header.items():
    if name != "__metadata__":
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[begin:end], dtype=np.float32).reshape(entry["shape"])
for out in sys.argv[2:]:
    if out.endswith(".npz"):
        np.savez(out, **tensors)
    else:
        torch.save({"model": collections.OrderedDict((k, torch.tensor(v)) for k, v in tensors.items()), "epoch": 3}, out)
