#!/usr/bin/env python3
"""Makes resources/graphs/cora-hybrid from two published forms of Cora. Usage: make_cora_hybrid.py HYPERGCN_FOLDER GNN_BENCHMARK_NPZ OUT_FOLDER

Papers have other numbers in the two sets. They are joined by their words, whose columns are the same; where several papers have the same words, by citations, which
HyperGCN's co-citation set (beside the co-authorship set) lists by its own numbers. Only the standard library is needed.
"""
import array
import ast
import collections
import csv
import gzip
import io
import itertools
import json
import struct
import sys
import zipfile
from pathlib import Path


def npy(data):
    """A one-dimensional array as a list."""
    end = 10 + struct.unpack("<H", data[8:10])[0]
    kind = ast.literal_eval(data[10:end].decode())["descr"]
    if kind.startswith("<U"):
        width = 4 * int(kind[2:])
        return [data[at:at + width].decode("utf-32-le").rstrip("\0") for at in range(end, len(data), width)]
    values = array.array({"<i4": "i", "<i8": "q", "<f4": "f", "|i1": "b"}[kind])
    values.frombytes(data[end:])
    return values.tolist()


def rows(offsets, items):
    return [items[a:b] for a, b in itertools.pairwise(offsets)]


def lines(file):
    with gzip.open(file, "rt", encoding="utf-8") as text:
        return text.read().splitlines()


def joined(words, other_words, cited_by, cites):
    """For each paper of HyperGCN its number in the other set."""
    known = collections.defaultdict(list)
    for paper, row in enumerate(other_words):
        known[row].append(paper)
    place = {paper: known[row][0] for paper, row in enumerate(words) if len(known[row]) == 1}
    groups = collections.defaultdict(list)
    for paper, row in enumerate(words):
        if paper not in place:
            groups[row].append(paper)

    listed = collections.defaultdict(set)
    for paper, members in cited_by.items():
        for member in members:
            listed[member].add(paper)

    def disagreement(trial):
        """Citations that one set has and the other lacks, and papers that two others cite in the one set only."""
        both = {**place, **trial}
        wrong = 0
        for paper, own in trial.items():
            here = {both[m] for m in cited_by.get(paper, ()) if m in both}
            there = cites[own] if paper in cited_by or len(cites[own]) > 1 else set()
            wrong += len((here ^ there) & set(both.values()))
            here = {both[c] for c in listed[paper] if c in both}
            there = {c for c in range(len(words)) if own in cites[c] and len(cites[c]) > 1}
            wrong += len((here ^ there) & set(both.values()))
        return wrong

    unsure = 0
    for row, papers in groups.items():
        trials = sorted((disagreement(dict(zip(papers, order))), order) for order in itertools.permutations(known[row]))
        unsure += len(papers) if trials[0][0] == trials[1][0] else 0
        place.update(zip(papers, trials[0][1]))
    print(f"{sum(map(len, groups.values()))} papers have the words of another one; {unsure} of them cannot be told apart and are joined in the order of their numbers")
    assert sorted(place.values()) == list(range(len(words)))
    return [place[paper] for paper in range(len(words))]


def main(hypergcn, npz, out):
    authors = Path(hypergcn) / "cora_coauthorship"
    with zipfile.ZipFile(npz) as file:
        other = {name[:-4]: npy(file.read(name)) for name in file.namelist()}
    papers = len(other["labels"])
    other_words = [frozenset(row) for row in rows(other["attr_indptr"], other["attr_indices"])]
    links = [set(row) for row in rows(other["adj_indptr"], other["adj_indices"])]
    cites = [set() for _ in range(papers)]   # as the co-citation set has it
    for paper, row in enumerate(links):
        for link in row:
            cites[link].add(paper)
    features = lines(authors / "features.mtx.gz")
    words = [set() for _ in range(papers)]
    for line in features[next(at for at, line in enumerate(features) if not line.startswith("%")) + 1:]:
        row, column = map(int, line.split())
        words[row - 1].add(column - 1)
    cited_by = {int(name): [int(m) for m in members.split(",")] for name, members in (line.rsplit("\t", 1) for line in lines(Path(hypergcn) / "cora_cocitation" / "hyperedges.tsv.gz"))}
    place = joined([frozenset(row) for row in words], other_words, cited_by, cites)
    back = {paper: own for own, paper in enumerate(place)}

    labels = [int(line) for line in lines(authors / "labels.txt.gz")]
    names = [other["class_names"][other["labels"][place[paper]]].replace("_", " ") for paper in range(papers)]
    assert len(set(zip(labels, names))) == 7, "the labels of the two sets disagree"
    edges = sorted({tuple(sorted((back[a], back[b]))) for a in range(papers) for b in links[a] if a != b})
    hyperedges = [line.rsplit("\t", 1) for line in lines(authors / "hyperedges.tsv.gz")]
    print(f"{papers} papers, {len(edges)} citations, {len(hyperedges)} authors, {sum(len(m.split(',')) for _, m in hyperedges)} memberships")

    def table(name, header, content):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(content)
        write(name, text.getvalue())

    def write(name, text):
        (Path(out) / name).write_bytes(gzip.compress(text.encode(), 9, mtime=0))

    Path(out).mkdir(parents=True, exist_ok=True)
    table("nodes.csv.gz", ["id", "label", "paper"], ((paper, names[paper], other["node_names"][place[paper]]) for paper in range(papers)))
    table("edges.csv.gz", ["source", "target"], edges)
    table("hyperedges.csv.gz", ["node", "hyperedge"], ((member, h) for h, (_, members) in enumerate(hyperedges) for member in members.split(",")))
    table("hyperedge_names.csv.gz", ["id", "name"], ((h, name) for h, (name, _) in enumerate(hyperedges)))
    write("features.mtx.gz", "\n".join(features) + "\n")
    splits = json.loads("\n".join(lines(authors / "splits_train.json.gz")))
    write("splits_train.json.gz", json.dumps({name: sorted(splits[name]) for name in sorted(splits, key=int)}, separators=(",", ":")) + "\n")


main(*sys.argv[1:])
