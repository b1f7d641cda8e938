"""What the reference networks share: files, their command line, and timing in turns with the program that is compared with them."""
import argparse
import json
import struct
import sys
import time

import torch

TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool}


def read_safetensors(path):
    """Tensors by name, and the description in the metadata (key "config")."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw, dtype = data[begin:end], TYPES[entry["dtype"]]
        tensors[name] = (torch.frombuffer(raw, dtype=dtype) if raw else torch.empty(0, dtype=dtype)).reshape(entry["shape"])
    return tensors, json.loads(metadata.get("config", "{}"))


def time_in_turns(args, work):
    """Two calls to get warm, then args.repeat timed ones; with --wait each begins when a line comes in, so that both sides see the same machine."""
    for _ in range(2):
        work()
    for i in range(args.repeat):
        if args.wait:
            print(json.dumps({"ready": i}), flush=True)
            if not sys.stdin.readline():
                break
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
        print(json.dumps({"size": args.size, "batch": args.batch, "threads": torch.get_num_threads(), "torch": torch.__version__, "seconds": seconds}), flush=True)


def main(description, verify, bench, sizes, size, batch):
    """verify FILE... | bench: the exit code."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("verify")
    check.add_argument("files", nargs="+")
    timing = commands.add_parser("bench")
    timing.add_argument("--size", default=size, choices=sizes)
    timing.add_argument("--batch", type=int, default=batch)
    timing.add_argument("--repeat", type=int, default=7)
    timing.add_argument("--wait", action="store_true")
    for command in (check, timing):
        command.add_argument("--threads", type=int, default=0, help="0: as PyTorch chooses")
    args = parser.parse_args()
    if args.threads > 0:
        torch.set_num_threads(args.threads)
    if args.command == "verify":
        return 0 if all([verify(path) for path in args.files]) else 1
    bench(args)
    return 0
