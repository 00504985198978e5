#!/usr/bin/env python3
"""Recomputes an exported trace as somebody would who has the folder and docs/contract.md alone.

    attn heads 'the animal was tired' --heads 4 --dim 16 --export out
    python3 check_export.py out [FOLDER ...] [--quiet]

Reads FOLDER/trace.json and its NPY files (needs numpy). From the steps of kind "parameter" and
"input", and from the command line that trace.json holds, it computes every step of kind "value" in
float64, and never reads a value step but to compare. For every value step it prints the largest
difference relative to the step's largest magnitude. Also checked: names, kinds, shapes, axes,
`from`, file names, types. Exit code 1 if a difference is above 1e-5, a step cannot be computed, or
anything is not as the contract says. For: tokens, embed, position, qkv, score, softmax, mask,
attend, heads, rnn, cnn.

A command of many runs, without files in between:

    python3 check_export.py --try N PROGRAM     N random command lines, in a temporary folder
"""
import json
import math
import random
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

TOLERANCE = 1e-5
FUNCTIONS = ["dot", "scaled", "general", "lowrank", "additive", "concat", "cosine"]
NAMES = {  # every step that the contract names, by command; F. stands for a score function
    "tokens": "ids one_hot",
    "embed": "ids one_hot embedding x",
    "position": "position",
    "qkv": "x w_q w_k w_v q k v",
    "score": "q k",
    "softmax": "scores weights",
    "mask": "x scores mask weights",
    "attend": "x w_q w_k w_v q k v scores weights output",
    "heads": "x w_q w_k w_v w_o q k v q_heads k_heads v_heads scores weights context concat output",
    "rnn": "x w_x w_h b_x b_h hidden",
    "cnn": "x layer.0.w layer.0.b layer.0.output",
}
CONSTANTS = {"position", "shift", "shift_found", "cosine"}  # of nothing but the command line


RECURRENT = {"gates", "cell", "hidden", "i", "f", "g", "o", "r", "z", "n"}


class Problem(Exception):
    pass


# What the options say. Options that take no value are listed, so that the text can be told apart.
FLAGS = {"--json", "--plain", "--quiet", "--naive", "--wrong-split", "--bidirectional", "--causal"}


def options_of(command):
    options, text, i = {}, [], 1
    while i < len(command):
        word = command[i]
        if word.startswith("--") and "=" in word:
            key, options[key] = word.split("=", 1)[0], word.split("=", 1)[1]
        elif word in FLAGS:
            options[word] = True
        elif word.startswith("--") and len(word) > 2:
            options[word] = command[i + 1]
            i += 1
        elif word != "--":
            text.append(word)
        i += 1
    return options, text


def softmax(s):
    with np.errstate(invalid="ignore"):
        top = s.max(axis=-1, keepdims=True)
        e = np.where(s == -np.inf, 0.0, np.exp(s - np.where(np.isneginf(top), 0.0, top)))
        total = e.sum(axis=-1, keepdims=True)
        out = np.divide(e, total, out=np.zeros_like(e), where=total != 0)
    bad = np.isnan(s).any(-1, keepdims=True) | (s == np.inf).any(-1, keepdims=True)
    return np.where(bad, np.nan, out)


def sparsemax(s):
    out = np.zeros_like(s)
    for i, row in enumerate(s):
        if np.isneginf(row).all():
            continue
        z = np.sort(row[~np.isneginf(row)] - row.max())[::-1]
        sizes = np.arange(1, len(z) + 1)
        k = sizes[1 + sizes * z > np.cumsum(z)][-1]
        out[i] = np.maximum(row - row.max() - (z[:k].sum() - 1) / k, 0)
    return out


def hardmax(s):
    out = np.zeros_like(s)
    for i, row in enumerate(s):
        if not np.isneginf(row).all():
            out[i, row.argmax()] = 1
    return out


def naive(s):
    with np.errstate(all="ignore"):
        e = np.exp(s)
        return e / e.sum(-1, keepdims=True)


def frequencies(d):
    return 10000.0 ** (-(np.arange(d) // 2 * 2) / d)


def sinusoidal(n, d, first=0):
    angle = np.outer(np.arange(first, first + n), frequencies(d))
    return np.where(np.arange(d) % 2 == 0, np.sin(angle), np.cos(angle))


def rotary(x):
    angle = np.outer(np.arange(len(x)), frequencies(x.shape[1])[::2])
    out, c, s = np.empty_like(x), np.cos(angle), np.sin(angle)
    out[:, ::2], out[:, 1::2] = x[:, ::2] * c - x[:, 1::2] * s, x[:, ::2] * s + x[:, 1::2] * c
    return out


def shift(d, k):
    m, angle = np.zeros((d, d)), k * frequencies(d)[::2]
    even = np.arange(0, d, 2)
    m[even, even] = m[even + 1, even + 1] = np.cos(angle)
    m[even, even + 1], m[even + 1, even] = np.sin(angle), -np.sin(angle)
    return m


def split(x, heads):
    return x.reshape(len(x), heads, -1).swapaxes(0, 1)


def unit(x):
    length = np.sqrt((x * x).sum(-1, keepdims=True))
    return np.divide(x, length, out=np.zeros_like(x), where=length > 0)


class Outsider:
    """Computes steps by name, from the given ones (parameters and inputs)."""

    def __init__(self, trace, given):
        self.command = trace["command"][0]
        self.options, _ = options_of(trace["command"])
        self.shapes = {s["path"]: s["shape"] for s in trace["steps"]}
        self.known = dict(given)
        self.leaves = {path: {path} for path in given}  # the given steps that a step was made from
        self.open = [set()]

    def __getitem__(self, path):
        if path not in self.known:
            self.open.append(set())
            try:
                self.known[path] = self.compute(path)
            finally:
                leaves = self.open.pop()
            self.leaves[path] = leaves
        self.open[-1] |= self.leaves[path]
        return self.known[path]

    def option(self, name, otherwise):
        return self.options.get(name, otherwise)

    def need(self, path):
        if path not in self.known and path not in self.shapes:
            raise Problem(f"there is no step {path}")
        return self[path]

    def compute(self, path):
        if self.command == "softmax":
            return self.weights_of_softmax(path)
        if self.command == "rnn" and path.split(".")[-1] in RECURRENT:
            return self.recurrent(path)
        if self.command == "cnn" and path.startswith("layer."):
            return self.convolution(int(path.split(".")[1]))
        if "." in path and path.split(".")[0] in FUNCTIONS:
            return self.scores_of(*path.split("."))
        rule = getattr(self, path.replace(".", "_"), None)
        if rule is None:
            raise Problem("no rule for this step in the contract")
        return rule()

    # --- text, positions, x
    def one_hot(self):
        width = len(self.known["embedding"]) if "embedding" in self.known else int(self["ids"].max()) + 1
        return np.eye(width)[self["ids"].astype(int)]

    def cosine(self):
        return np.eye(self.shapes["cosine"][0])

    def token_embedding(self):
        return self.need("embedding")[self.need("ids").astype(int)]

    def x(self):
        kind = "none" if self.command == "position" else self.option("--position", "none")
        if kind == "none" or self.command == "embed":
            return self.token_embedding()
        source = "token_embedding"
        if "--input" in self.options:
            # The contract gives the given matrix no name: take the only input of this shape.
            fits = [p for p in self.known if list(self.known[p].shape) == self.shapes["x"] and p in self.inputs and p != "mask"]
            if len(fits) != 1:
                raise Problem(f"the matrix of --input is no step of kind input (candidates: {fits})")
            source = fits[0]
        x = self.need(source)
        return x + self.need("position")

    def position(self):
        n, d = self.shapes["position"]
        kind = self.option("--kind", "sinusoidal") if self.command == "position" else self.option("--position", "none")
        if kind == "sinusoidal":
            return sinusoidal(n, d)
        if kind == "learned":
            return self.need("position_table")[:n]
        if kind == "onehot":
            return self.need("onehot") @ self.need("w_p")
        if kind == "rotary":
            return rotary(self.need("arrows"))
        return np.zeros((n, d))

    def shift(self):
        return shift(self.shapes["shift"][0], int(self.options["--shift"]))

    shift_found = shift

    def shifted(self):
        return self["position"] @ self["shift"].T

    def added(self):
        return self["x"] @ self.need("w_x") + self["position"] @ self.need("w_pos")

    def joined(self):
        return np.hstack([self["x"], self["position"]])

    def stacked(self):
        return np.vstack([self.need("w_x"), self.need("w_pos")])

    def concatenated(self):
        return self["joined"] @ self["stacked"]

    def same_token(self):
        return np.repeat(self["x"][:1], len(self["x"]), axis=0)

    def relative(self):
        turned = rotary(self["same_token"])
        return turned @ turned.T

    # --- attention
    def q(self):
        return self["x"] @ self.need("w_q")

    def k(self):
        return self["x"] @ self.need("w_k")

    def v(self):
        return self["x"] @ self.need("w_v")

    def heads(self):
        return int(self.option("--heads", 2))

    def q_heads(self):
        return split(self["q"], self.heads())

    def k_heads(self):
        return split(self["k"], self.heads())

    def v_heads(self):
        return split(self["v"], self.heads())

    def scores(self):
        end = "_heads" if self.command == "heads" else ""
        q, k = self["q" + end], self["k" + end]
        return q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])

    def weights(self):
        return softmax(self["scores"] + self["mask"] if "mask" in self.shapes else self["scores"])

    def unmasked(self):
        return softmax(self["scores"])

    def masked(self):
        return self["scores"] + self["mask"]

    def renormalized(self):
        w = self["unmasked"] * self.need("keep")
        total = w.sum(-1, keepdims=True)
        return np.divide(w, total, out=np.zeros_like(w), where=total > 0)

    def context(self):
        return self["weights"] @ self["v_heads"]

    def concat(self):
        return self["context"].swapaxes(0, 1).reshape(len(self["x"]), -1)

    def output(self):
        if self.command == "rnn":
            return np.hstack([self["forward.hidden"], self["backward.hidden"]])
        if self.command == "position":
            return rotary(self["x"]) if self.option("--kind", "") == "rotary" else self["x"] + self["position"]
        return self["concat"] @ self.need("w_o") if self.command == "heads" else self["weights"] @ self["v"]

    # --- recurrent nets and convolutions
    def recurrent(self, path):
        """gates, cell, hidden of one direction, and the gates one by one."""
        at, name = (path.split(".", 1)[0] + ".", path.split(".", 1)[1]) if path.split(".")[0] in ("forward", "backward") else ("", path)
        x, w_x, w_h, b_x, b_h = self["x"], *(self.need(at + p) for p in ("w_x", "w_h", "b_x", "b_h"))
        cell, h = self.option("--cell", "rnn"), len(w_h)
        sigmoid = lambda t: 1 / (1 + np.exp(-t))
        state, memory, rows = np.zeros(h), np.zeros(h), []
        for row in x[::-1] if at == "backward." else x:
            a, b = np.split(row @ w_x + b_x, len(b_x) // h), np.split(state @ w_h + b_h, len(b_x) // h)
            if cell == "rnn":
                gates = [np.tanh(a[0] + b[0])]
                state = gates[0]
            elif cell == "lstm":
                gates = [sigmoid(a[0] + b[0]), sigmoid(a[1] + b[1]), np.tanh(a[2] + b[2]), sigmoid(a[3] + b[3])]
                memory = gates[1] * memory + gates[0] * gates[2]
                state = gates[3] * np.tanh(memory)
            else:
                r, z = sigmoid(a[0] + b[0]), sigmoid(a[1] + b[1])
                gates = [r, z, np.tanh(a[2] + r * b[2])]
                state = (1 - z) * gates[2] + z * state
            rows.append((np.concatenate(gates), memory, state))
        gates, memory, state = (np.array(part) for part in zip(*(rows[::-1] if at == "backward." else rows)))
        if name.startswith("gate."):
            return np.split(gates, gates.shape[1] // h, axis=1)[{"lstm": "ifgo", "gru": "rzn"}[cell].index(name[5:])]
        return {"gates": gates, "cell": memory, "hidden": state}[name]

    def convolution(self, layer):
        h, w = self["x"] if layer == 0 else self[f"layer.{layer - 1}.output"], self.need(f"layer.{layer}.w")
        steps = [int(s) for s in str(self.option("--dilation", 1)).split(",")]
        step, own = steps[layer % len(steps)], len(w) - 1 if "--causal" in self.options else len(w) // 2
        out = np.tile(self.need(f"layer.{layer}.b"), (len(h), 1))
        for j in range(len(w)):
            for t in range(len(h)):
                if 0 <= t + (j - own) * step < len(h):
                    out[t] += h[t + (j - own) * step] @ w[j]
        return np.maximum(out, 0)

    # --- the wrong split
    def right_q_heads(self):
        return self["q_heads"]

    def wrong_q_heads(self):
        return self["q"].reshape(self.shapes["q_heads"])

    def forward(self, x, wrong):
        heads, out = self.heads(), []
        cut = (lambda t: t.reshape(heads, len(x), -1)) if wrong else (lambda t: split(t, heads))
        q, k, v = (cut(x @ self[w]) for w in ("w_q", "w_k", "w_v"))
        s = q @ k.swapaxes(1, 2) / math.sqrt(q.shape[2])
        context = softmax(s + self["mask"] if "mask" in self.shapes else s) @ v
        out = context if wrong else context.swapaxes(0, 1)
        return out.reshape(len(x), -1) @ self["w_o"]

    def reach(self, wrong):
        x, before = self["x"], self.forward(self["x"], wrong)
        out = np.zeros((len(x), len(x)))
        for j in range(len(x)):
            moved = x.copy()
            moved[j] += np.where(np.arange(x.shape[1]) % 2 == 0, 1, -1)
            out[:, j] = (np.abs(self.forward(moved, wrong) - before) > 1e-12).any(axis=1)
        return out

    def right_reach(self):
        return self.reach(False)

    def wrong_reach(self):
        return self.reach(True)

    # --- scores and weights
    def scores_of(self, name, what):
        if what == "weights":
            return softmax(self[f"{name}.scores"])
        q, k = self["q"], self["k"]
        p = lambda path: self.need(f"{name}.{path}")
        if name == "dot":
            return q @ k.T
        if name == "scaled":
            return q @ k.T / math.sqrt(q.shape[1])
        if name == "general":
            return q @ p("w") @ k.T
        if name == "lowrank":
            return (q @ p("u")) @ (k @ p("v")).T
        if name == "additive":
            return np.tanh((q @ p("w_q"))[:, None] + (k @ p("w_k"))[None]) @ p("v")
        if name == "concat":
            pairs = np.concatenate([np.repeat(q[:, None], len(k), 1), np.repeat(k[None], len(q), 0)], axis=2)
            return np.tanh(pairs @ p("w")) @ p("v")
        return unit(q) @ unit(k).T

    def weights_of_softmax(self, path):
        temperature = float(self.option("--temperature", 1))
        if path == "scaled":
            return self["scores"] / temperature
        if path in ("sampled", "shares"):
            raise Problem("random: parameters and inputs do not say it")
        s = self["scores"] / temperature
        function = self.option("--function", "softmax")
        name = path.split(".")[0] if "." in path else {"hard": "hardmax"}.get(path, function)
        name = "softmax" if name == "all" else name
        f = {"softmax": softmax, "relu": lambda t: np.where(t < 0, 0, t), "hardmax": hardmax, "sparsemax": sparsemax, "naive": naive}[name]
        return f(s.T).T if self.option("--axis", "row") == "column" else f(s)


def difference(ours, theirs):
    """Relative to the largest magnitude; infinities and NaN must be the same."""
    if ours.shape != theirs.shape:
        raise Problem(f"shape {theirs.shape}, expected {ours.shape}")
    both = np.isfinite(ours) & np.isfinite(theirs)
    other = ~both & ~((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)))
    if other.any():
        at = tuple(int(i) for i in np.argwhere(other)[0])
        raise Problem(f"at {at}: {theirs[at]}, expected {ours[at]}")
    if not both.any():
        return 0.0
    size, worst = np.abs(ours[both]).max(), np.abs(ours[both] - theirs[both]).max()
    return 0.0 if worst == 0 else math.inf if size == 0 else worst / size


def check(folder, quiet=False):
    """The problems found, and the largest difference."""
    folder, problems, worst = Path(folder), [], 0.0
    trace = json.loads((folder / "trace.json").read_text(encoding="utf-8"))
    for key, kind in {"format": int, "command": list, "seed": int, "threads": int, "milliseconds": (int, float),
                      "tokens": list, "steps": list}.items():
        if not isinstance(trace.get(key), kind):
            problems.append(f"trace.json: {key} is {trace.get(key)!r}")
    arrays, before, files = {}, set(), {"trace.json"}
    for i, s in enumerate(trace["steps"]):
        path = s["path"]
        for key in ("path", "kind", "formula", "axes", "shape", "from", "milliseconds", "flops", "file"):
            if key not in s:
                problems.append(f"{path}: no {key}")
        if path in before:
            problems.append(f"{path}: twice")
        if s["file"] != f"{i:03d}-{path}.npy":
            problems.append(f"{path}: file {s['file']}")
        files.add(s["file"])
        raw = (folder / s["file"]).read_bytes()
        array = np.load(folder / s["file"], allow_pickle=False)
        if raw[:8] != b"\x93NUMPY\x01\x00" or array.dtype.str not in ("<f4", "<i8") or not array.flags.c_contiguous:
            problems.append(f"{path}: {array.dtype.str}, version {raw[6]}.{raw[7]}")
        if (array.dtype.str == "<i8") != (path == "ids"):
            problems.append(f"{path}: {array.dtype.str}")
        if list(array.shape) != s["shape"] or len(s["axes"]) != array.ndim:
            problems.append(f"{path}: shape {s['shape']}, axes {s['axes']}, array {array.shape}")
        if s["kind"] not in ("parameter", "input", "value"):
            problems.append(f"{path}: kind {s['kind']}")
        if set(s["from"]) - before:
            problems.append(f"{path}: from {s['from']} names what is not there before it")
        if (s["kind"] == "value") == (not s["from"]) and path not in CONSTANTS:
            problems.append(f"{path}: kind {s['kind']}, from {s['from']}")
        before.add(path)
        arrays[path] = array.astype(float)
    strays = {p.name for p in folder.iterdir()} - files
    if strays:
        problems.append(f"files that no step names: {sorted(strays)}")
    for path in NAMES[trace["command"][0]].split():
        if path not in before and not {"--sweep", "--bidirectional"} & set(trace["command"]):
            problems.append(f"{path}: missing")

    given = {s["path"]: arrays[s["path"]] for s in trace["steps"] if s["kind"] != "value"}
    outsider = Outsider(trace, given)
    origin = {}  # of every step, the given steps that its `from` leads to
    for s in trace["steps"]:
        parents = [origin.get(parent, set()) for parent in s["from"]]
        origin[s["path"]] = {s["path"]} if s["kind"] != "value" else set().union(*parents)
    outsider.inputs = {s["path"] for s in trace["steps"] if s["kind"] == "input"}
    for s in trace["steps"]:
        if s["kind"] != "value":
            continue
        try:
            d = difference(outsider[s["path"]], arrays[s["path"]])
            worst = max(worst, d)
            said, used = origin[s["path"]], outsider.leaves[s["path"]]
            if said != used:
                problems.append(f"{s['path']}: from leads to {sorted(said)}, but it is made from {sorted(used)}")
            if not quiet:
                print(f"{s['path']:24} {d:.1e}")
            if d > TOLERANCE:
                problems.append(f"{s['path']}: differs by {d:.1e}")
        except (Problem, KeyError) as problem:
            problems.append(f"{s['path']}: {problem}")
    return problems, worst


def check_weights(folder, file):
    """A weight file holds exactly the parameters, as float32."""
    trace = json.loads((Path(folder) / "trace.json").read_text(encoding="utf-8"))
    data = Path(file).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    parameters = {s["path"]: s for s in trace["steps"] if s["kind"] == "parameter"}
    if set(header) != set(parameters):
        return [f"the weight file has {sorted(header)}, the trace {sorted(parameters)}"]
    problems = []
    for path, entry in header.items():
        begin, end = entry["data_offsets"]
        array = np.frombuffer(data[8 + length :][begin:end], "<f4").reshape(entry["shape"])
        if entry["dtype"] != "F32" or not np.array_equal(array, np.load(Path(folder) / parameters[path]["file"])):
            problems.append(f"weight file: {path} is not what the trace has")
    return problems


def random_line(rng, folder):
    """A random command line that the contract covers."""
    words = "the animal didn't cross street because it was too tired I saw a , . ! naïve 注意".split()
    n, command = rng.choice([1, 2, 3, 7, 20, 60]), rng.choice(list(NAMES))
    heads = rng.choice([1, 2, 3, 4])
    d = rng.choice([1, 2, 3, 5, 8, 16, 64, 256]) * (heads if command == "heads" else 1)
    line = [command]
    if rng.random() < 0.5:
        line += ["--seed", str(rng.randrange(10**6))]
    numbers = np.random.default_rng(rng.randrange(10**9))

    def matrix(name, shape, scale=1.0):
        file = folder / name
        a = numbers.normal(size=shape) * scale
        np.save(file, a.astype(np.float32)) if name.endswith("npy") else np.savetxt(file, a.astype(np.float32), delimiter=",", fmt="%.9g")
        return str(file)

    if command == "softmax":
        line += ["--input", matrix("s.csv", (rng.choice([1, 2, 5]), rng.choice([1, 2, 5, 40])), rng.choice([0.1, 1, 10, 1000]))]
        line += ["--function", rng.choice(["softmax", "relu", "hardmax", "sparsemax", "all"])]
        line += ["--temperature", rng.choice(["0.1", "1", "3", "50"])] * rng.randrange(2) + ["--axis", "column"] * rng.randrange(2)
        return line + ["--naive"] * (rng.random() < 0.2) + ["--hard", "argmax"] * rng.randrange(2)
    if command == "score" and rng.random() < 0.5:
        d_k = rng.choice([d, d + 1])
        line += ["--query", matrix("q.npy", (n, d)), "--key", matrix("k.csv", (rng.choice([1, 4, 9]), d_k))]
        if d_k == d and rng.random() < 0.5:
            line += ["--function", rng.choice(FUNCTIONS)]
        return line + ["--rank", str(rng.randrange(1, 6)), "--hidden", str(rng.randrange(0, 6))]
    kind = rng.choice(["sinusoidal", "learned", "onehot", "rotary", "none"])
    if command == "position":
        d += d % 2 if kind == "rotary" else 0
        line += ["--kind", kind]
        if kind == "sinusoidal" and d % 2 == 0 and rng.random() < 0.5:
            line += ["--shift", str(rng.choice([0, 1, 5, 1000]))]
        if rng.random() < 0.3:
            return line + ["--length", str(n), "--dim", str(d)]
    elif command not in ("tokens", "embed") and rng.random() < 0.6:
        position = rng.choice(["none", "sinusoidal", "learned"])
        line += ["--position", position]
    text = [rng.choice(words) for _ in range(n)]
    if command not in ("tokens", "embed") and rng.random() < 0.3:
        line += ["--input", matrix("x.npy", (n, d), rng.choice([0.01, 1, 3]))]
    else:
        line += [" ".join(text), "--dim", str(d)]
        if rng.random() < 0.2 and n < 20:
            line += ["--level", "char"]
            n = 1  # for the masks: at least
    if command in ("mask", "attend", "heads") and rng.random() < 0.7:
        (folder / "edges.csv").write_text("0,0\n" if n < 3 else "0,2\n1,2\n")
        line += ["--mask", rng.choice(["none", "causal", "local:0", "local:2", "padding:0", f"padding:{rng.randrange(n + 1)}",
                                       f"graph:{folder / 'edges.csv'}"])]
    if command == "rnn":
        line += ["--cell", rng.choice(["rnn", "lstm", "gru"])] + ["--bidirectional"] * rng.randrange(2)
        line += ["--hidden", str(rng.choice([1, 3, 20]))] * rng.randrange(2)
    if command == "cnn":
        layers = rng.randrange(1, 5)
        line += ["--kernel", str(rng.choice([1, 2, 3, 4, 9]))] + ["--causal"] * rng.randrange(2) + ["--channels", str(rng.choice([1, 5]))] * rng.randrange(2)
        line += rng.choice([["--layers", str(layers)], ["--dilation", ",".join(str(rng.choice([1, 2, 4, 30])) for _ in range(layers))]])
    if command == "heads":
        line += ["--heads", str(heads)] + ["--key-dim", str(rng.choice([1, 3]))] * rng.randrange(2)
        line += ["--value-dim", str(rng.choice([1, 5]))] * rng.randrange(2) + ["--wrong-split"] * (rng.random() < 0.2)
    return line


def try_many(count, program):
    found, worst = 0, {}
    for i in range(count):
        with tempfile.TemporaryDirectory() as name:
            line = random_line(random.Random(i), Path(name))
            out, weights = Path(name) / "out", Path(name) / "weights.safetensors"
            run = subprocess.run([program, *line, "--export", str(out), "--save-weights", str(weights), "--quiet", "--plain"],
                                 capture_output=True, text=True)
            problems, largest = [], 0.0
            if run.returncode:
                problems = [f"exit code {run.returncode}: {run.stderr.strip()}"]
            if (out / "trace.json").exists():
                more, largest = check(out, True)
                problems += more + check_weights(out, weights)
        worst[line[0]] = max(worst.get(line[0], 0.0), largest)
        for problem in problems:
            print(f"{shlex.join(line)}\n    {problem}")
        found += bool(problems)
    for command, largest in worst.items():
        print(f"{command:10} largest difference {largest:.1e}")
    print(f"{found} of {count} with problems")
    return 1 if found else 0


def main():
    arguments = sys.argv[1:]
    if len(arguments) == 3 and arguments[0] == "--try":
        return try_many(int(arguments[1]), arguments[2])
    quiet = "--quiet" in arguments
    folders = [a for a in arguments if a != "--quiet"]
    if not folders:
        print(__doc__)
        return 2
    code = 0
    for folder in folders:
        problems, worst = check(folder, quiet)
        for problem in problems:
            print(f"{folder}: {problem}")
        print(f"{folder}: largest difference {worst:.1e}" + (f", {len(problems)} problems" if problems else ""))
        code = code or (1 if problems else 0)
    return code


sys.exit(main())
