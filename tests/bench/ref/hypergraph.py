#!/usr/bin/env python3
"""Graph and hypergraph convolutions in plain PyTorch by gather and scatter, as torch_geometric computes them (written anew): the Python side of the speed and accuracy comparisons.

  hypergraph.py verify [FILE...]   recompute reference files (gcn_default, hg_plain, hgb_gcn, hgb_hyper-gcn, train_cora_coauthorship_hyperconv; default: those of $LATHE_SHARED);
                                   exit 0 only if they agree
  hypergraph.py cora --net hyperconv|gcn --data DIR [--epochs 200]
                                   test accuracy of the ten published splits of Cora co-authorship by HyperGCN's original training, one JSON line
  hypergraph.py bench --part conv|gcn-dense|gcn-sparse --graph FILE --threads 2 --repeat 5 [--wait]
                                   time the part on the graph of a safetensors file; one JSON line each. With --wait every piece of work waits for a line on standard input, so that
                                   another program can take turns with this one.
"""
import argparse
import gzip
import json
import math
import os
import sys
import time

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
from reference import read_safetensors

VERIFIED = ["gcn_default", "hg_plain", "hgb_gcn", "hgb_hyper-gcn", "train_cora_coauthorship_hyperconv"]


# --- sums by index, in whichever of PyTorch's two forms is faster here

def add_by_index(index, values, size):
    return values.new_zeros(size, values.size(1)).index_add_(0, index, values)


def add_by_scatter(index, values, size):
    return values.new_zeros(size, values.size(1)).scatter_add_(0, index.unsqueeze(1).expand_as(values), values)


ADD = add_by_index


def choose_add(index, width, size):
    """the faster form for this many entries, forward and backward"""
    global ADD
    values = torch.rand(index.numel(), width, requires_grad=True)
    times = []
    for form in (add_by_index, add_by_scatter):
        for _ in range(2):   # the second counts
            begin = time.perf_counter()
            form(index, values, size).sum().backward()
            seconds = time.perf_counter() - begin
        times.append((seconds, form))
    ADD = min(times, key=lambda t: t[0])[1]
    return ADD.__name__


# --- layers

def glorot(out, into):
    bound = math.sqrt(6 / (out + into))
    return torch.empty(out, into).uniform_(-bound, bound)


class GcnConv:
    def __init__(self, into, out):
        self.weight, self.bias = glorot(out, into), torch.zeros(out)

    def parameters(self):
        return [self.weight, self.bias]

    @staticmethod
    def graph(edge_index, nodes):
        """loops replaced by one for each node, and the weights of D^-1/2 (A + I) D^-1/2"""
        source, target = edge_index[:, edge_index[0] != edge_index[1]]
        loops = torch.arange(nodes)
        source, target = torch.cat([source, loops]), torch.cat([target, loops])
        scale = torch.zeros(nodes).index_add_(0, target, torch.ones(target.numel())).rsqrt()
        return source, target, (scale[source] * scale[target]).unsqueeze(1), nodes

    def __call__(self, x, graph):
        source, target, weight, nodes = graph
        z = x @ self.weight.t()
        return ADD(target, z.index_select(0, source) * weight, nodes) + self.bias


class HypergraphConv(GcnConv):
    @staticmethod
    def graph(hyperedge_index, nodes):
        node, hyperedge = hyperedge_index
        hyperedges = int(hyperedge.max()) + 1
        inverse = [torch.zeros(size).index_add_(0, index, torch.ones(index.numel())).reciprocal() for index, size in ((node, nodes), (hyperedge, hyperedges))]
        for scale in inverse:
            scale[scale.isinf()] = 0
        return node, hyperedge, inverse[0].unsqueeze(1), inverse[1].unsqueeze(1), nodes, hyperedges

    def __call__(self, x, graph):
        node, hyperedge, of_node, of_hyperedge, nodes, hyperedges = graph
        z = x @ self.weight.t()
        e = ADD(hyperedge, z.index_select(0, node), hyperedges) * of_hyperedge
        return ADD(node, e.index_select(0, hyperedge), nodes) * of_node + self.bias


class TwoLayers:
    def __init__(self, conv, into, hidden, out, seed=None):
        if seed is not None:
            torch.manual_seed(seed)
        layers = []
        for a, b in ((into, hidden), (hidden, out)):
            glorot(b, a)   # the reference draws twice
            layers.append(conv(a, b))
        self.layers = layers
        for parameter in self.parameters():
            parameter.requires_grad_()

    def parameters(self):
        return [p for layer in self.layers for p in layer.parameters()]

    def __call__(self, x, graph, dropout=0.0):
        h = torch.relu(self.layers[0](x, graph))
        return self.layers[1](F.dropout(h, dropout, training=dropout > 0), graph)


# --- reference files

class Verdict:
    def __init__(self, name, tensors):
        self.name, self.tensors, self.worst, self.bad = name, tensors, 0.0, []

    def compare(self, key, value, tolerance):
        reference = self.tensors[key]
        error = ((value.detach() - reference).abs() / (1 + reference.abs())).max().item()
        self.worst = max(self.worst, error / tolerance)
        if not error <= tolerance:
            self.bad.append(f"{key}: {error:.2g} > {tolerance:g}")


def with_weights(conv, tensors, prefix=""):
    made = conv(1, 1)
    made.weight, made.bias = (tensors[prefix + key].clone().requires_grad_() for key in ("lin.weight", "bias"))
    return made


def verify_layer(v, conv, index):
    t = v.tensors
    x = t["in.x"].clone().requires_grad_()
    layer = with_weights(conv, t)
    y = layer(x, conv.graph(t[index], x.size(0)))
    (y * t["in.grad_out"]).sum().backward()
    for key, value in (("out.y", y), ("out.grad.in.x", x.grad), ("out.grad.lin.weight", layer.weight.grad), ("out.grad.bias", layer.bias.grad)):
        v.compare(key, value, 1e-5)


def verify_net(v, conv, index):
    t = v.tensors
    x = t["in.x"].clone().requires_grad_()
    net = TwoLayers(conv, 1, 1, 1)
    net.layers = [with_weights(conv, t, f"conv{k}.") for k in (1, 2)]
    y = F.log_softmax(net(x, conv.graph(t[index], x.size(0))), 1)
    mask = t["in.mask"].bool()
    loss = F.cross_entropy(y[mask], t["in.y"][mask])
    loss.backward()
    v.compare("out.y", y, 2e-5)
    v.compare("out.loss", loss, 2e-5)
    v.compare("out.grad.in.x", x.grad, 2e-5)
    for k, layer in enumerate(net.layers, 1):
        v.compare(f"out.grad.conv{k}.lin.weight", layer.weight.grad, 2e-5)
        v.compare(f"out.grad.conv{k}.bias", layer.bias.grad, 2e-5)


def lines(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.read().splitlines()


def read_cora(folder):
    """features [N, 1433], labels [N], hyperedge_index, the ten training sets"""
    labels = [line for line in lines(os.path.join(folder, "labels.txt.gz"))]
    names = sorted(set(labels), key=int)
    members = [[int(n) for n in line.rsplit("\t", 1)[1].split(",")] for line in lines(os.path.join(folder, "hyperedges.tsv.gz"))]
    rows = [line for line in lines(os.path.join(folder, "features.mtx.gz")) if not line.startswith("%")]
    nodes, columns, _ = map(int, rows[0].split())
    x = torch.zeros(nodes, columns)
    entries = torch.tensor([[int(a) - 1 for a in row.split()[:2]] for row in rows[1:]])
    x[entries[:, 0], entries[:, 1]] = 1
    index = torch.tensor([(node, e) for e, row in enumerate(members) for node in row]).t().contiguous()
    splits = json.loads("\n".join(lines(os.path.join(folder, "splits_train.json.gz"))))
    return x, torch.tensor([names.index(label) for label in labels]), index, [torch.tensor(splits[str(k)]) for k in range(1, 11)], members


def verify_train(v, config, data):
    t = v.tensors
    x, y, index, _, _ = read_cora(os.path.join(data, config["data"]["path"]))
    net = TwoLayers(HypergraphConv, 1, 1, 1)
    net.layers = [with_weights(HypergraphConv, t, f"conv{k}.") for k in (1, 2)]
    graph = HypergraphConv.graph(index, x.size(0))
    optimizer = torch.optim.Adam(net.parameters(), lr=config["lr"], weight_decay=config["weight_decay"])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config["cosine_T_max"], config["eta_min"])
    mask, losses = t["in.train_mask"].bool(), []
    for _ in range(config["steps"]):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x, graph)[mask], y[mask])
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    v.compare("out.loss", torch.tensor(losses), 1e-4)
    v.compare("out.final_output", net(x, graph)[:t["out.final_output"].size(0)], 1e-3)
    for k, layer in enumerate(net.layers, 1):
        v.compare(f"out.final.conv{k}.lin.weight", layer.weight, 1e-3)


def verify(files, data):
    global ADD
    if not files:
        golden = os.path.join(os.environ.get("LATHE_SHARED", ""), "golden", "hypergraph")
        files = [os.path.join(golden, name + ".safetensors") for name in VERIFIED]
    good = True
    for path in files:
        for ADD in (add_by_index, add_by_scatter):
            tensors, config = read_safetensors(path)
            name = os.path.basename(path).removesuffix(".safetensors")
            v = Verdict(name, tensors)
            if config["case"] == "hypergraph/train":
                verify_train(v, config, data)
            elif config["case"] == "hypergraph/hgb_net":
                verify_net(v, *((GcnConv, "in.edge_index") if config["class"] == "GCNNet" else (HypergraphConv, "in.hyperedge_index")))
            else:
                verify_layer(v, *((GcnConv, "in.edge_index") if config["class"] == "GCNConv" else (HypergraphConv, "in.hyperedge_index")))
            good &= not v.bad
            print(f"{'ok  ' if not v.bad else 'BAD '} {name} ({ADD.__name__}): {v.worst:.2g} of the tolerance {' '.join(v.bad)}")
    return 0 if good else 1


# --- Cora by HyperGCN's original training

def clique_expansion(members, nodes):
    pairs = {(a, b) for row in members for a in row for b in row if a != b}
    return torch.tensor(sorted(pairs)).t().contiguous() if pairs else torch.empty(2, 0, dtype=torch.long)


def cora(net_name, data, epochs):
    x, y, index, splits, members = read_cora(os.path.join(data, "hypergraphs", "hypergcn", "cora_coauthorship"))
    conv = GcnConv if net_name == "gcn" else HypergraphConv
    graph = conv.graph(clique_expansion(members, x.size(0)) if net_name == "gcn" else index, x.size(0))
    accuracies = []
    for seed, train in enumerate(splits, 1):
        net = TwoLayers(conv, x.size(1), 32, int(y.max()) + 1, seed)
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01, weight_decay=5e-4)
        test = torch.ones(x.size(0), dtype=torch.bool)
        test[train] = False
        for _ in range(epochs):
            optimizer.zero_grad()
            F.cross_entropy(net(x, graph, 0.5)[train], y[train]).backward()
            optimizer.step()
        with torch.no_grad():
            accuracies.append((net(x, graph).argmax(1)[test] == y[test]).float().mean().item())
    print(json.dumps({"net": net_name, "accuracies": accuracies}), flush=True)


# --- bench

def conv_work(t):
    nodes = int(t["nodes"])
    index = t["hyperedge_index"].long()
    graph = HypergraphConv.graph(index, nodes)
    form = choose_add(index[1], 32, int(index[1].max()) + 1)
    torch.manual_seed(1)
    layer = HypergraphConv(32, 32)
    for parameter in layer.parameters():
        parameter.requires_grad_()
    x, gy = torch.rand(nodes, 32, requires_grad=True), torch.rand(nodes, 32)

    def work():
        for tensor in (x, *layer.parameters()):
            tensor.grad = None
        layer(x, graph).backward(gy)
    return work, form


def gcn_work(t, sparse):
    """an epoch: one step of training, one measurement"""
    nodes = int(t["nodes"])
    graph = GcnConv.graph(t["edge_index"].long(), nodes)
    form = choose_add(graph[1], 32, nodes)
    rows, columns = t["feature_index"].long()
    width = int(t["features"])
    x = torch.sparse_coo_tensor(torch.stack([rows, columns]), torch.ones(rows.numel()), (nodes, width)).coalesce()
    x = x.to_sparse_csr() if sparse else x.to_dense()
    y, part = t["labels"].long(), t["parts"]
    train, validation = (part == 1).nonzero().squeeze(1), (part == 2).nonzero().squeeze(1)
    net = TwoLayers(GcnConv, width, 32, int(y.max()) + 1, 1)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, fused=True)

    def work():
        optimizer.zero_grad()
        out = F.log_softmax(net(x, graph, 0.5), 1)
        F.cross_entropy(out[train], y[train]).backward()
        optimizer.step()
        with torch.no_grad():
            out = F.log_softmax(net(x, graph), 1)
            for nodes_of_part in (train, validation):
                F.cross_entropy(out[nodes_of_part], y[nodes_of_part]).item()
                (out[nodes_of_part].argmax(1) == y[nodes_of_part]).float().mean().item()
    return work, form


def bench(part, path, repeat, wait):
    t, _ = read_safetensors(path)
    work, form = conv_work(t) if part == "conv" else gcn_work(t, part == "gcn-sparse")
    work()
    for _ in range(repeat):
        print(json.dumps({"ready": part, "form": form}), flush=True)
        if wait and not sys.stdin.readline():
            return
        begin = time.perf_counter()
        work()
        print(json.dumps({"seconds": time.perf_counter() - begin}), flush=True)


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    check, accuracy, timing = (commands.add_parser(name) for name in ("verify", "cora", "bench"))
    check.add_argument("files", nargs="*")
    accuracy.add_argument("--net", choices=["hyperconv", "gcn"], required=True)
    accuracy.add_argument("--epochs", type=int, default=200)
    timing.add_argument("--part", choices=["conv", "gcn-dense", "gcn-sparse"], required=True)
    timing.add_argument("--graph", required=True)
    timing.add_argument("--repeat", type=int, default=5)
    timing.add_argument("--wait", action="store_true")
    for command in (check, accuracy, timing):
        command.add_argument("--threads", type=int, default=0)
        command.add_argument("--data", default=os.environ.get("LATHE_DATA", ""))
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    if options.command == "verify":
        return verify(options.files, options.data)
    if options.command == "cora":
        cora(options.net, options.data, options.epochs)
    else:
        bench(options.part, options.graph, options.repeat, options.wait)
    return 0


if __name__ == "__main__":
    sys.exit(main())
