#!/usr/bin/env python3
"""Writes the reference that tests/program/reference.cpp compares the program with.

    python3 make_reference.py            writes COMMAND.json and data/* beside this file
    python3 make_reference.py --torch    compares the formulas below with PyTorch, writes nothing

Needs numpy. Everything is computed in float64, from the formulas of docs/contract.md: loops and
einsum, nothing taken from the program. Inputs and weights come from a generator of this script and
are multiples of 1/64, so that float32 holds them exactly and text holds them in few digits.

COMMAND.json lists cases: a name, the arguments ("@/" is the data folder) and for every step its
kind, its shape and its values in C order, to 12 digits. "at": these places only, for arrays too long to store.
"constant": computed from nothing but the arguments (a table of sines), so `from` is empty.
"""
import json
import math
import re
import struct
import sys
from pathlib import Path

import numpy as np

import reference_blocks
import reference_kinds

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"
INF = math.inf
FUNCTIONS = ["dot", "scaled", "general", "lowrank", "additive", "concat", "cosine"]


# ------------------------------------------------------------------------------------- formulas


def product(a, b):
    return np.einsum("ij,jk->ik", a, b)


def softmax_row(s):
    """exp(s_j) / sum exp(s_j). Nothing to look at: zeros. NaN or +inf: the whole row is NaN."""
    if any(math.isnan(v) or v == INF for v in s):
        return [math.nan] * len(s)
    top = max(s)
    if top == -INF:
        return [0.0] * len(s)
    powers = [math.exp(v - top) for v in s]
    total = math.fsum(powers)
    return [p / total for p in powers]


def softmax(s, mask=None):
    s = np.asarray(s, dtype=float)
    out = np.zeros_like(s)
    for index in np.ndindex(*s.shape[:-1]):
        row = s[index] if mask is None else s[index] + mask[index[-1]]
        out[index] = softmax_row(list(row))
    return out


def naive_softmax(s):
    with np.errstate(all="ignore"):
        powers = np.exp(s)
        return powers / powers.sum(axis=1, keepdims=True)


def relu(s):
    return np.where(s > 0, s, 0.0)


def hardmax(s):
    out = np.zeros_like(s)
    for i, row in enumerate(s):
        best = None
        for j, v in enumerate(row):
            if v > -INF and (best is None or v > row[best]):
                best = j
        if best is not None:
            out[i, best] = 1
    return out


def sparsemax(s):
    """Tries every support S: tau = (sum_S s - 1) / |S| fits if exactly the s_j in S are above it."""
    out = np.zeros_like(s)
    for i, row in enumerate(s):
        n = len(row)
        for bits in range(1, 2**n):
            support = [j for j in range(n) if bits >> j & 1]
            if any(row[j] == -INF for j in support):
                continue
            top = max(row[j] for j in support)
            tau = top + (math.fsum(row[j] - top for j in support) - 1) / len(support)
            if all((row[j] > tau) == (j in support) for j in range(n)):
                for j in support:
                    out[i, j] = row[j] - tau
    return out


def score(name, q, k, p):
    """Every query with every key, one pair at a time."""
    out = np.zeros((len(q), len(k)))
    for i, a in enumerate(q):
        for j, b in enumerate(k):
            if name == "dot":
                s = np.dot(a, b)
            elif name == "scaled":
                s = np.dot(a, b) / math.sqrt(len(a))
            elif name == "general":
                s = np.einsum("i,ij,j->", a, p["w"], b)
            elif name == "lowrank":
                s = np.dot(np.dot(a, p["u"]), np.dot(b, p["v"]))
            elif name == "additive":
                s = np.dot(p["v"], np.tanh(np.dot(a, p["w_q"]) + np.dot(b, p["w_k"])))
            elif name == "concat":
                s = np.dot(p["v"], np.tanh(np.dot(np.concatenate([a, b]), p["w"])))
            elif name == "cosine":
                lengths = math.sqrt(np.dot(a, a)) * math.sqrt(np.dot(b, b))
                s = np.dot(a, b) / lengths if lengths else 0.0
            out[i, j] = s
    return out


def sinusoid(pos, column, d):
    angle = pos / 10000 ** ((column - column % 2) / d)
    return math.cos(angle) if column % 2 else math.sin(angle)


def sinusoidal(n, d):
    return np.array([[sinusoid(pos, c, d) for c in range(d)] for pos in range(n)])


def rotary(x):
    """The pair (x[2i], x[2i+1]) as a complex number, times e^(i pos / 10000^(2i/d))."""
    n, d = x.shape
    out = np.zeros_like(x)
    for pos in range(n):
        for c in range(0, d, 2):
            angle = pos / 10000 ** (c / d)
            turned = complex(x[pos, c], x[pos, c + 1]) * complex(math.cos(angle), math.sin(angle))
            out[pos, c], out[pos, c + 1] = turned.real, turned.imag
    return out


def shift_matrix(d, k):
    """M with PE(pos+k) = M PE(pos): sin(a+b) = sin a cos b + cos a sin b, and the cosine alike."""
    m = np.zeros((d, d))
    for c in range(0, d, 2):
        b = k / 10000 ** (c / d)
        m[c, c], m[c, c + 1] = math.cos(b), math.sin(b)
        m[c + 1, c], m[c + 1, c + 1] = -math.sin(b), math.cos(b)
    return m


def mask_of(n, may_look):
    return np.array([[0.0 if may_look(i, j) else -INF for j in range(n)] for i in range(n)]).reshape(n, n)


def causal(n):
    return mask_of(n, lambda i, j: j <= i)


def local(n, radius):
    return mask_of(n, lambda i, j: abs(i - j) <= radius)


def padding(n, count):
    return mask_of(n, lambda i, j: j < n - count)


def graph(n, edges):
    joined = {(a, b) for a, b in edges} | {(b, a) for a, b in edges}
    return mask_of(n, lambda i, j: i == j or (i, j) in joined)


def attention(x, w_q, w_k, w_v, mask=None):
    q, k, v = product(x, w_q), product(x, w_k), product(x, w_v)
    scores = np.einsum("ic,jc->ij", q, k) / math.sqrt(q.shape[1])
    weights = softmax(scores, mask)
    return q, k, v, scores, weights, np.einsum("ij,jc->ic", weights, v)


def multi_head(x, w_q, w_k, w_v, w_o, heads, mask=None):
    """Head by head, each with its own columns of the weights."""
    d_k, d_v = w_q.shape[1] // heads, w_v.shape[1] // heads
    parts = []
    for h in range(heads):
        key, value = slice(h * d_k, (h + 1) * d_k), slice(h * d_v, (h + 1) * d_v)
        parts.append(attention(x, w_q[:, key], w_k[:, key], w_v[:, value], mask))
    q, k, v, scores, weights, context = (np.stack(part) for part in zip(*parts))
    concat = np.concatenate(list(context), axis=1)
    return dict(q_heads=q, k_heads=k, v_heads=v, scores=scores, weights=weights, context=context,
                concat=concat, output=product(concat, w_o))


def wrong_multi_head(x, w_q, w_k, w_v, w_o, heads, mask=None):
    """The mistake that --wrong-split shows: (n, H d) read as (H, n, d) in memory order."""
    n = len(x)
    q, k, v = (product(x, w).reshape(heads, n, w.shape[1] // heads) for w in (w_q, w_k, w_v))
    scores = np.einsum("hic,hjc->hij", q, k) / math.sqrt(q.shape[2])
    context = np.einsum("hij,hjc->hic", softmax(scores, mask), v)
    return q, product(context.reshape(n, -1), w_o)


def reach(x, forward):
    """1 where row i of forward(x) moves when row j of x does."""
    n = len(x)
    before, out = forward(x), np.zeros((n, n))
    for j in range(n):
        moved = x.copy()
        moved[j] += np.linspace(0.3, 0.7, x.shape[1])
        out[:, j] = np.abs(forward(moved) - before).max(axis=1) > 1e-9
    return out


def words(text):
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s]", text.lower())


def letters(text):
    return [c for c in text.lower() if not c.isspace()]


def number(tokens):
    known = []
    for token in tokens:
        if token not in known:
            known.append(token)
    return known, [known.index(token) for token in tokens]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def recurrent(cell, x, w_x, w_h, b_x, b_h, reverse=False, start=None):
    """gates, hidden and (lstm) cell, one time step after the other, from zeros or from the states
    `start`. Complex numbers pass through."""
    h, n = len(w_h), len(x)
    state = memory = np.zeros(h, dtype=x.dtype)
    if start is not None:
        state, memory = start
    rows = {}
    for t in reversed(range(n)) if reverse else range(n):
        a, b = x[t] @ w_x + b_x, state @ w_h + b_h
        part = [slice(i * h, (i + 1) * h) for i in range(len(b_x) // h)]
        if cell == "rnn":
            gates = [np.tanh(a + b)]
            state = gates[0]
        elif cell == "lstm":
            gates = [f(a[p] + b[p]) for f, p in zip([sigmoid, sigmoid, np.tanh, sigmoid], part)]
            memory = gates[1] * memory + gates[0] * gates[2]
            state = gates[3] * np.tanh(memory)
        else:
            r, z = sigmoid(a[part[0]] + b[part[0]]), sigmoid(a[part[1]] + b[part[1]])
            fresh = np.tanh(a[part[2]] + r * b[part[2]])
            gates = [r, z, fresh]
            state = (1 - z) * fresh + z * state
        rows[t] = (np.concatenate(gates), state, memory)
    return tuple(np.array([rows[t][i] for t in range(n)]) for i in range(3))


def convolve(x, w, b, dilation=1, causal=False):
    """relu(b + sum of taps), position by position; zeros beyond the ends. Complex numbers pass through."""
    n, k = len(x), len(w)
    own = k - 1 if causal else k // 2
    out = np.array([b] * n).astype(x.dtype)
    for t in range(n):
        for j in range(k):
            at = t + (j - own) * dilation
            if 0 <= at < n:
                out[t] = out[t] + x[at] @ w[j]
    return np.where(out.real > 0, out, 0)


def layer_norm(x, gain, bias):
    middle = x - x.mean(axis=-1, keepdims=True)
    return gain * middle / np.sqrt((middle * middle).mean(axis=-1, keepdims=True) + 1e-5) + bias


def encoder_block(x, p, heads):
    """Post-norm: norm1(x + attention(x)), norm2(a + ffn(a)). Complex numbers pass through."""
    q, k, v = (x @ p[f"attention.w_{i}"] + p[f"attention.b_{i}"] for i in "qkv")
    d, parts = x.shape[1] // heads, []
    for c in (slice(h * d, (h + 1) * d) for h in range(heads)):
        s = q[:, c] @ k[:, c].T / math.sqrt(d)
        e = np.exp(s - s.real.max(axis=1, keepdims=True))
        parts.append(e / e.sum(axis=1, keepdims=True) @ v[:, c])
    a = layer_norm(x + np.hstack(parts) @ p["attention.w_o"] + p["attention.b_o"], p["norm1.gain"], p["norm1.bias"])
    hidden = a @ p["ffn.w_1"] + p["ffn.b_1"]
    fed = np.where(hidden.real > 0, hidden, 0) @ p["ffn.w_2"] + p["ffn.b_2"]
    return layer_norm(a + fed, p["norm2.gain"], p["norm2.bias"])


def jacobian(f, x):
    """d f(x)[i,a] / d x[j,b] by a complex step: exact, and a relu keeps its side."""
    out = np.zeros(f(x).shape + x.shape)
    for at in np.ndindex(*x.shape):
        moved = x.astype(complex)
        moved[at] += 1e-30j
        out[(...,) + at] = f(moved).imag / 1e-30
    return out


def attention_gradients(x, w_q, w_k, w_v, g, mask=None):
    """The gradients of sum(output * g), from the matrix formulas."""
    q, k, v, _, a, output = attention(x, w_q, w_k, w_v, mask)
    scale = 1 / math.sqrt(q.shape[1])
    d = {"output": g, "v": a.T @ g, "weights": g @ v.T}
    d["scores"] = a * (d["weights"] - (a * d["weights"]).sum(axis=1, keepdims=True))
    d["q"], d["k"] = scale * d["scores"] @ k, scale * d["scores"].T @ q
    d["w_q"], d["w_k"], d["w_v"] = x.T @ d["q"], x.T @ d["k"], x.T @ d["v"]
    d["x"] = d["q"] @ w_q.T + d["k"] @ w_k.T + d["v"] @ w_v.T
    return np.sum(output * g), d


# --------------------------------------------------------------------------------------- writing


def numbers(name, shape, scale=1.0):
    """Multiples of 1/64 between -2 and 2 (times scale), the same for the same name."""
    rng = np.random.default_rng(list(name.encode()))
    whole = rng.integers(-128, 129, size=shape)
    return np.round(whole * scale) / 64


def write_weights(file, tensors, dtype="F32"):
    """safetensors: length of the header, the header, the bytes (github.com/huggingface/safetensors)."""
    header, data = {}, b""
    for name in sorted(tensors):
        piece = np.asarray(tensors[name], dtype="<f4" if dtype == "F32" else "<f8").tobytes()
        header[name] = {"dtype": dtype, "shape": list(np.shape(tensors[name])),
                        "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    write(file, struct.pack("<Q", len(text)) + text + data)


written = {}


def write(file, data):
    assert written.setdefault(file, data) == data, f"{file} is written twice, differently"
    (DATA / file).write_bytes(data)


def write_matrix(file, matrix, dtype="<f4", order="C"):
    matrix = np.asarray(matrix, dtype=float)
    if file.endswith(".csv"):
        text = "".join(",".join(shortest(v) for v in row) + "\n" for row in matrix)
        write(file, text.encode())
        return
    header = f"{{'descr': '{dtype}', 'fortran_order': {order == 'F'}, 'shape': {matrix.shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    body = matrix.astype(dtype).tobytes(order=order)
    write(file, b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + body)


def shortest(v):
    v = float(v)
    if math.isnan(v):
        return "nan"
    if math.isinf(v):
        return "inf" if v > 0 else "-inf"
    return repr(int(v)) if v == int(v) and abs(v) < 1e15 else repr(v)


def stored(v):
    text = shortest(v) if math.isinf(v) or math.isnan(v) else shortest(float(f"{v:.12g}"))
    return json.dumps(text) if text in ("nan", "inf", "-inf") else text


class Case:
    def __init__(self, name, *arguments):
        self.name, self.arguments, self.steps, self.parameters = name, [str(a) for a in arguments], {}, {}
        cases.setdefault(self.arguments[0], []).append(self)

    def add(self, path, kind, array, constant=False, at=None):
        assert path not in self.steps, path
        self.steps[path] = (kind, np.asarray(array, dtype=float), constant, at)
        return self.steps[path][1]

    def value(self, path, array, **more):
        return self.add(path, "value", array, **more)

    def input(self, path, array):
        return self.add(path, "input", array)

    def parameter(self, path, shape, scale=0.5, tag=None, kind="parameter"):
        array = numbers(f"{tag or path}{tuple(shape)}", shape, scale)
        self.parameters[path] = array
        return self.add(path, kind, array)

    def save(self, file, dtype="F32"):
        """The parameters so far become a weight file and the argument that names it."""
        write_weights(file, self.parameters, dtype)
        self.arguments += ["--weights", f"@/{file}"]

    def text(self):
        steps = []
        for path, (kind, array, constant, at) in self.steps.items():
            flat = array.reshape(-1)
            fields = [f'"kind":"{kind}"', f'"shape":{json.dumps(list(array.shape), separators=(",", ":"))}']
            if constant:
                fields.append('"constant":true')
            if at is not None:
                fields.append(f'"at":{json.dumps(at, separators=(",", ":"))}')
                flat = flat[at]
            fields.append('"values":[' + ",".join(stored(v) for v in flat) + "]")
            steps.append(f'{json.dumps(path)}:{{{",".join(fields)}}}')
        return (f'{{"name":{json.dumps(self.name)},"arguments":{json.dumps(self.arguments)},"steps":{{\n'
                + ",\n".join(steps) + "}}")


cases = {}


# ----------------------------------------------------------------------------------------- cases


def given_text(case, text, d, level="word", x_name="x"):
    """ids, embedding and the rows looked up."""
    known, ids = number(letters(text) if level == "char" else words(text))
    case.input("ids", ids)
    table = case.parameter("embedding", (len(known), d), 1.0)
    x = np.array([table[i] for i in ids])
    return case.value(x_name, x) if x_name else x


def given_x(case, text=None, d=4, position="none", matrix=None, level="word"):
    """X with --position, from a text (or from --input, whose matrix the arguments name already)."""
    if matrix is not None:
        x = matrix
    else:
        x = given_text(case, text, d, level, "x" if position == "none" else "token_embedding")
    if position == "none":
        return case.input("x", x) if matrix is not None else x
    if position == "sinusoidal":
        p = case.value("position", sinusoidal(*x.shape), constant=True)
    else:
        table = case.parameter("position_table", (128, x.shape[1]), 1.0)
        p = case.value("position", table[: len(x)])
    return case.value("x", x + p)


def tokens_cases():
    for name, text, level in [("words", "I saw a saw, didn't I?", "word"), ("letters", "a saw", "char"), ("one", "saw", "word")]:
        case = Case(f"tokens-{name}", "tokens", text, "--level", level)
        known, ids = number(letters(text) if level == "char" else words(text))
        case.input("ids", ids)
        case.value("one_hot", np.array([[float(i == j) for j in range(len(known))] for i in ids]))
        case.value("cosine", np.eye(len(known)), constant=True)


def embed_cases():
    for name, text, level, d in [("words", "I saw a saw, didn't I?", "word", 5), ("letters", "a saw", "char", 3),
                                 ("one", "saw", "word", 1), ("two", "so so", "word", 8)]:
        case = Case(f"embed-{name}", "embed", text, "--level", level, "--dim", d)
        known, ids = number(letters(text) if level == "char" else words(text))
        case.input("ids", ids)
        hot = case.value("one_hot", np.array([[float(i == j) for j in range(len(known))] for i in ids]))
        table = case.parameter("embedding", (len(known), d), 1.0)
        case.value("x", product(hot, table))
        case.save(f"embed-{name}.safetensors", "F64" if name == "two" else "F32")


def concatenated(case, x, p):
    d = x.shape[1]
    w_x, w_p = case.parameter("w_x", (d, d)), case.parameter("w_pos", (d, d))
    case.value("added", product(x, w_x) + product(p, w_p))
    joined = case.value("joined", np.hstack([x, p]))
    stacked = case.value("stacked", np.vstack([w_x, w_p]))
    case.value("concatenated", product(joined, stacked))


def position_cases():
    for d, n in [(8, 5), (5, 6), (1, 3), (2, 1)]:
        case = Case(f"position-length-{n}x{d}", "position", "--length", n, "--dim", d)
        case.value("position", sinusoidal(n, d), constant=True)
    for n, d in [(20000, 6), (300, 128)]:
        case = Case(f"position-long-{n}x{d}", "position", "--length", n, "--dim", d)
        places = sorted(set(int(i) for i in np.random.default_rng(n).integers(0, n * d, 60)) | {0, n * d - 1})
        case.value("position", sinusoidal(n, d), constant=True, at=places)
    for k, d in [(0, 4), (1, 2), (3, 6), (100, 8), (5, 16)]:
        case = Case(f"position-shift-{k}", "position", "--length", 4, "--dim", d, "--shift", k)
        table = case.value("position", sinusoidal(4, d), constant=True)
        m = case.value("shift", shift_matrix(d, k), constant=True)
        case.value("shifted", np.array([[sinusoid(pos + k, c, d) for c in range(d)] for pos in range(4)]))
        assert np.allclose(product(table, m.T), case.steps["shifted"][1], atol=1e-12)
        case.value("shift_found", m)

    text = "the cat saw the dog"
    for kind, d in [("sinusoidal", 4), ("sinusoidal", 3), ("learned", 4), ("onehot", 4), ("rotary", 4), ("none", 4)]:
        case = Case(f"position-{kind}-{d}", "position", text, "--kind", kind, "--dim", d)
        x = given_text(case, text, d)
        n = len(x)
        if kind == "learned":
            case.arguments += ["--table", "7"]
            p = case.value("position", case.parameter("position_table", (7, d), 1.0)[:n])
        elif kind == "onehot":
            eye = case.input("onehot", np.eye(n))
            p = case.value("position", product(eye, case.parameter("w_p", (n, d), 1.0)))
        elif kind == "rotary":
            arrows = case.input("arrows", np.tile([1.0, 0.0], (n, d // 2)))
            p = case.value("position", rotary(arrows))
        else:
            p = case.value("position", sinusoidal(n, d) if kind == "sinusoidal" else np.zeros((n, d)), constant=True)
        case.value("output", rotary(x) if kind == "rotary" else x + p)
        if kind == "rotary":
            same = case.value("same_token", np.array([x[0]] * n))
            turned = rotary(same)
            case.value("relative", np.einsum("ic,jc->ij", turned, turned))
        elif kind != "none":
            concatenated(case, x, p)
        case.save(f"position-{kind}-{d}.safetensors")

    case = Case("position-input", "position", "--input", "@/x-3x2.csv")
    x = numbers("position-input", (3, 2))
    write_matrix("x-3x2.csv", x)
    case.input("x", x)
    p = case.value("position", sinusoidal(3, 2), constant=True)
    case.value("output", x + p)
    concatenated(case, x, p)
    case.save("position-input.safetensors")

    for kind, length in [("learned", 5), ("onehot", 3), ("rotary", 3)]:
        case = Case(f"position-length-{kind}", "position", "--kind", kind, "--length", length, "--dim", 4)
        if kind == "learned":
            case.arguments += ["--table", "5"]
            case.value("position", case.parameter("position_table", (5, 4), 1.0))
        elif kind == "onehot":
            eye = case.input("onehot", np.eye(3))
            case.value("position", product(eye, case.parameter("w_p", (3, 4), 1.0)))
        else:
            case.value("position", rotary(case.input("arrows", np.tile([1.0, 0.0], (3, 2)))))
            continue
        case.save(f"position-length-{kind}.safetensors")


SENTENCE = "to be or not to be"


def x_variants(command):
    """(case, x): a text with each kind of position, files, one and two tokens."""
    for position in ["none", "sinusoidal", "learned"]:
        case = Case(f"{command}-text-{position}", command, SENTENCE, "--dim", 4, "--position", position)
        yield case, given_x(case, SENTENCE, 4, position), f"{command}-text-{position}"
    case = Case(f"{command}-letters", command, "o no", "--dim", 3, "--level", "char")
    yield case, given_x(case, "o no", 3, level="char"), f"{command}-letters"
    for n, d, file, dtype, order in [(1, 4, "x-1x4.npy", "<f4", "C"), (2, 3, "x-2x3.csv", "", ""), (5, 4, "x-5x4.npy", "<f8", "F"),
                                     (2, 1, "x-2x1.npy", ">f4", "C")]:
        x = numbers(file, (n, d))
        write_matrix(file, x, dtype, order)
        case = Case(f"{command}-input-{n}x{d}", command, "--input", f"@/{file}")
        yield case, given_x(case, matrix=x), f"qkv-{d}"
    for position in ["sinusoidal", "learned"]:
        x = numbers("x-5x4.npy", (5, 4))
        case = Case(f"{command}-input-{position}", command, "--input", "@/x-5x4.npy", "--position", position)
        yield case, given_x(case, matrix=x, position=position), "qkv-4" + ("-learned" if position == "learned" else "")


def qkv_parameters(case, d):
    return [case.parameter(path, (d, d)) for path in ("w_q", "w_k", "w_v")]


def qkv_cases():
    for case, x, weights in x_variants("qkv"):
        w_q, w_k, w_v = qkv_parameters(case, x.shape[1])
        case.value("q", product(x, w_q))
        case.value("k", product(x, w_k))
        case.value("v", product(x, w_v))
        case.save(f"{weights}.safetensors")


def attend_steps(case, x, mask=None):
    weights = qkv_parameters(case, x.shape[1])
    if mask is not None:
        case.input("mask", mask)
    for path, array in zip(["q", "k", "v", "scores", "weights", "output"], attention(x, *weights, mask)):
        case.value(path, array)


EDGES = [(0, 3), (1, 2), (4, 4), (2, 0)]


def masks(n):
    """The option and the matrix of every kind of mask, the one that hides everything too."""
    yield "causal", causal(n)
    for radius in (0, 1, n):
        yield f"local:{radius}", local(n, radius)
    for count in (0, 2, n):
        yield f"padding:{count}", padding(n, count)
    write_matrix("edges.csv", EDGES)
    yield "graph:@/edges.csv", graph(n, EDGES)


def plain(option):
    return re.sub(r"[^a-z0-9]+", "-", option.replace("@/edges.csv", "")).strip("-")


def attend_cases():
    for case, x, weights in x_variants("attend"):
        attend_steps(case, x)
        case.save(f"{weights}.safetensors".replace("attend-", "qkv-"))
    x = numbers("x-5x4.npy", (5, 4))
    for option, mask in masks(5):
        case = Case(f"attend-{plain(option)}", "attend", "--input", "@/x-5x4.npy", "--mask", option)
        attend_steps(case, given_x(case, matrix=x), mask)
        case.save("qkv-4.safetensors")
    case = Case("attend-text-causal", "attend", SENTENCE, "--mask", "causal", "--dim", 4)
    attend_steps(case, given_x(case, SENTENCE, 4), causal(6))
    case.save("qkv-text-none.safetensors")
    case = Case("attend-one-causal", "attend", "--input", "@/x-1x4.npy", "--mask", "causal")
    attend_steps(case, given_x(case, matrix=numbers("x-1x4.npy", (1, 4))), causal(1))
    case.save("qkv-4.safetensors")


def mask_cases():
    def steps(case, x, m):
        w_q, w_k, w_v = qkv_parameters(case, x.shape[1])
        case.input("mask", m)
        q, k, v, scores, unmasked, _ = attention(x, w_q, w_k, w_v)
        for path, array in zip(["q", "k", "v", "scores", "unmasked"], [q, k, v, scores, unmasked]):
            case.value(path, array)
        masked = case.value("masked", scores + m)
        case.value("weights", softmax(masked))
        keep = case.input("keep", (m == 0) * 1.0)
        after = np.zeros_like(scores)
        for i in range(len(x)):
            left = math.fsum(unmasked[i] * keep[i])
            if left > 0:
                after[i] = unmasked[i] * keep[i] / left
        case.value("renormalized", after)

    x = numbers("x-5x4.npy", (5, 4))
    for option, m in [("none", np.zeros((5, 5))), *masks(5)]:
        case = Case(f"mask-{plain(option)}", "mask", "--input", "@/x-5x4.npy", "--mask", option)
        steps(case, given_x(case, matrix=x), m)
        case.save("qkv-4.safetensors")
    case = Case("mask-text", "mask", SENTENCE, "--dim", 4, "--position", "sinusoidal")
    steps(case, given_x(case, SENTENCE, 4, "sinusoidal"), causal(6))
    case.save("qkv-text-sinusoidal.safetensors")
    case = Case("mask-one", "mask", "--input", "@/x-1x4.npy")
    steps(case, given_x(case, matrix=numbers("x-1x4.npy", (1, 4))), causal(1))
    case.save("qkv-4.safetensors")


def heads_cases():
    def steps(case, x, heads, d_k=None, d_v=None, mask=None, wrong=False):
        d = x.shape[1]
        d_k, d_v = d_k or d // heads, d_v or d // heads
        shapes = {"w_q": (d, heads * d_k), "w_k": (d, heads * d_k), "w_v": (d, heads * d_v), "w_o": (heads * d_v, d)}
        w = {path: case.parameter(path, shape) for path, shape in shapes.items()}
        for path in "qkv":
            case.value(path, product(x, w[f"w_{path}"]))
        if mask is not None:
            case.input("mask", mask)
        for path, array in multi_head(x, **w, heads=heads, mask=mask).items():
            case.value(path, array)
        if wrong:
            case.value("right.q_heads", case.steps["q_heads"][1])
            case.value("wrong.q_heads", wrong_multi_head(x, **w, heads=heads, mask=mask)[0])
            case.value("right.reach", reach(x, lambda t: multi_head(t, **w, heads=heads, mask=mask)["output"]))
            case.value("wrong.reach", reach(x, lambda t: wrong_multi_head(t, **w, heads=heads, mask=mask)[1]))

    x = numbers("x-5x4.npy", (5, 4))
    for heads in (1, 2, 4):
        case = Case(f"heads-{heads}", "heads", "--input", "@/x-5x4.npy", "--heads", heads)
        steps(case, given_x(case, matrix=x), heads)
        case.save("heads-4x4.safetensors")
    for heads, d_k, d_v in [(2, 3, None), (2, None, 3), (3, 2, 1), (1, 1, 5)]:
        case = Case(f"heads-{heads}-{d_k or 'd'}-{d_v or 'd'}", "heads", "--input", "@/x-5x4.npy", "--heads", heads)
        case.arguments += ["--key-dim", str(d_k)] * (d_k is not None) + ["--value-dim", str(d_v)] * (d_v is not None)
        steps(case, given_x(case, matrix=x), heads, d_k, d_v)
        case.save(f"{case.name}.safetensors")
    for option, mask in masks(5):
        case = Case(f"heads-{plain(option)}", "heads", "--input", "@/x-5x4.npy", "--mask", option)
        steps(case, given_x(case, matrix=x), 2, mask=mask)
        case.save("heads-4x4.safetensors")
    for option, mask in [("none", None), ("causal", causal(5))]:
        case = Case(f"heads-wrong-split-{option}", "heads", "--input", "@/x-5x4.npy", "--mask", option, "--wrong-split")
        steps(case, given_x(case, matrix=x), 2, mask=mask, wrong=True)
        case.save("heads-4x4.safetensors")
    case = Case("heads-text", "heads", SENTENCE, "--dim", 6, "--heads", 3, "--position", "sinusoidal", "--mask", "causal")
    steps(case, given_x(case, SENTENCE, 6, "sinusoidal"), 3, mask=causal(6))
    case.save("heads-text.safetensors")
    case = Case("heads-one", "heads", "--input", "@/x-1x4.npy", "--heads", 4)
    steps(case, given_x(case, matrix=numbers("x-1x4.npy", (1, 4))), 4)
    case.save("heads-4x4.safetensors")
    case = Case("heads-two", "heads", "so be", "--dim", 4, "--mask", "local:0")
    steps(case, given_x(case, "so be", 4), 2, mask=local(2, 0))
    case.save("heads-two.safetensors")


def score_cases():
    def steps(case, q, k, functions=FUNCTIONS, r=2, a=None):
        d_q, d_k = q.shape[1], k.shape[1]
        a = a or max(d_q, d_k)
        shapes = {"general": {"w": (d_q, d_k)}, "lowrank": {"u": (d_q, r), "v": (d_k, r)},
                  "additive": {"w_q": (d_q, a), "w_k": (d_k, a), "v": (a,)}, "concat": {"w": (d_q + d_k, a), "v": (a,)}}
        for name in functions:
            if d_q != d_k and name in ("dot", "scaled", "cosine"):
                continue
            p = {path: case.parameter(f"{name}.{path}", shape) for path, shape in shapes.get(name, {}).items()}
            s = case.value(f"{name}.scores", score(name, q, k, p))
            case.value(f"{name}.weights", softmax(s))

    def files(name, q, k, *more, functions=FUNCTIONS, **sizes):
        write_matrix(f"{name}-q.csv", q)
        write_matrix(f"{name}-k.npy", k)
        case = Case(name, "score", "--query", f"@/{name}-q.csv", "--key", f"@/{name}-k.npy", *more)
        steps(case, case.input("q", q), case.input("k", k), functions, **sizes)
        if case.parameters:
            case.save(f"{case.name}.safetensors")
        return case

    for name, position in [("text", "none"), ("text-position", "sinusoidal")]:
        case = Case(f"score-{name}", "score", SENTENCE, "--dim", 4, "--position", position)
        x = given_x(case, SENTENCE, 4, position)
        w_q, w_k = case.parameter("w_q", (4, 4)), case.parameter("w_k", (4, 4))
        steps(case, case.value("q", product(x, w_q)), case.value("k", product(x, w_k)))
        case.save("score-text.safetensors")
    case = Case("score-input", "score", "--input", "@/x-2x3.csv")
    x = given_x(case, matrix=numbers("x-2x3.csv", (2, 3)))
    w_q, w_k = case.parameter("w_q", (3, 3)), case.parameter("w_k", (3, 3))
    steps(case, case.value("q", product(x, w_q)), case.value("k", product(x, w_k)))
    case.save("score-input.safetensors")

    for name in FUNCTIONS:
        files(f"score-{name}", numbers(f"{name}-q", (3, 4)), numbers(f"{name}-k", (5, 4)), "--function", name, functions=[name])
    files("score-unequal", numbers("unequal-q", (2, 3)), numbers("unequal-k", (4, 5)), "--rank", 3, "--hidden", 2, r=3, a=2)
    files("score-one", numbers("one-q", (1, 2)), numbers("one-k", (1, 2)), "--hidden", 1, "--rank", 1, r=1, a=1)
    zero = numbers("zero-q", (3, 2))
    zero[1] = 0
    files("score-zero-row", zero, numbers("zero-k", (2, 2)), "--function", "cosine", functions=["cosine"])
    files("score-large", 64 * numbers("large-q", (3, 4)), 64 * numbers("large-k", (3, 4)), "--function", "dot", functions=["dot"])


def softmax_cases():
    weigh = {"softmax": softmax, "relu": relu, "hardmax": hardmax, "sparsemax": sparsemax}
    some = np.array([[2, 1, 0.125], [1, 1, 1], [8, 0, -8], [-0.5, -0.25, 0.75]])

    def add(name, s, *more, function="softmax", temperature=1.0, column=False, naive=False, hard=False, file=None):
        s = np.asarray(s, dtype=float)
        if file:
            write_matrix(file, s)
            case = Case(f"softmax-{name}", "softmax", "--input", f"@/{file}")
        else:
            case = Case(f"softmax-{name}", "softmax", "; ".join(" ".join(shortest(v) for v in row) for row in s))
        if function != "softmax":
            case.arguments += ["--function", function]
        if temperature != 1:
            case.arguments += ["--temperature", shortest(temperature)]
        case.arguments += ["--axis", "column"] * column + ["--naive"] * naive + ["--hard", "argmax"] * hard
        case.input("scores", s)
        if temperature != 1:
            s = case.value("scaled", s / temperature)
        along = (lambda f: f(s.T.copy()).T) if column else (lambda f: f(s))
        for key, f in weigh.items():
            if function in (key, "all"):
                case.value(f"{key}.weights" if function == "all" and key != "softmax" else "weights", along(f))
        if naive:
            case.value("naive.weights", along(naive_softmax))
        if hard:
            case.value("hard", along(hardmax))
        return case

    for key in [*weigh, "all"]:
        add(key, some, function=key)
        add(f"{key}-column", some, function=key, column=True)
    add("temperature-low", some, temperature=0.25, function="all")
    add("temperature-high", some, temperature=10)
    add("temperature-column", some, temperature=0.5, column=True)
    add("temperature-third", some, temperature=3, hard=True)
    add("large", [[1e4, 9999, -1e4], [1e4, 1e4, 1e4], [-1e4, -10001, -1e5]], function="all", naive=True)
    add("small-naive", some, naive=True, hard=True)
    add("all-equal", np.full((2, 4), 0.5), function="all", hard=True)
    add("ties", [[1, 2, 2], [0, 0, -1]], function="all", hard=True)
    add("masked", [[0.5, -INF, 1], [-INF, -INF, -INF], [-INF, 2, -INF]], function="all", file="softmax-masked.csv", hard=True)
    add("masked-column", [[0.5, -INF, 1], [-INF, -INF, 2]], function="all", file="softmax-masked-column.npy", column=True)
    add("infinite", [[INF, 0, 1], [0, 1, 2], [math.nan, 0, 0]], file="softmax-infinite.csv")
    add("one", [[7]], function="all")
    add("one-row", [[1, -1]])
    add("one-column", [[1], [-1]])
    add("steep", [[3e38, -3e38, 1e-38]])
    case = add("sample", [[-INF, 0, -INF], [1e4, 0, 0]], file="softmax-sample.csv")  # rows that leave no choice
    case.arguments += ["--hard", "sample", "--samples", "5"]
    case.value("sampled", case.steps["weights"][1])
    case.value("shares", case.steps["weights"][1])


GATES = {"rnn": [], "lstm": ["i", "f", "g", "o"], "gru": ["r", "z", "n"]}


def recurrent_parameters(case, cell, d, h, at=""):
    g = max(len(GATES[cell]), 1) * h
    return [case.parameter(at + path, shape) for path, shape in [("w_x", (d, g)), ("w_h", (h, g)), ("b_x", (g,)), ("b_h", (g,))]]


def rnn_cases():
    def steps(case, x, cell, h, both):
        halves = []
        for at in ["forward.", "backward."] if both else [""]:
            p = recurrent_parameters(case, cell, x.shape[1], h, at)
            gates, hidden, memory = recurrent(cell, x, *p, reverse=at == "backward.")
            case.value(f"{at}gates", gates)
            if cell == "lstm":
                case.value(f"{at}cell", memory)
            halves.append(case.value(f"{at}hidden", hidden))
            for i, name in enumerate(GATES[cell]):
                case.value(f"{at}gate.{name}", gates[:, i * h : (i + 1) * h])
        if both:
            case.value("output", np.hstack(halves))

    for cell in GATES:
        for both in (False, True):
            for n, d, h in [(5, 4, 3), (1, 4, 4)]:
                name = f"rnn-{cell}-{'both-' * both}{n}x{d}"
                case = Case(name, "rnn", "--input", f"@/x-{n}x{d}.npy", "--cell", cell)
                case.arguments += ["--hidden", str(h)] * (h != d) + ["--bidirectional"] * both
                write_matrix(f"x-{n}x{d}.npy", numbers(f"x-{n}x{d}.npy", (n, d)), *(("<f8", "F") if n == 5 else ("<f4", "C")))
                steps(case, given_x(case, matrix=numbers(f"x-{n}x{d}.npy", (n, d))), cell, h, both)
                case.save(f"{name}.safetensors")
    case = Case("rnn-text", "rnn", SENTENCE, "--dim", 4, "--position", "sinusoidal", "--cell", "gru")
    steps(case, given_x(case, SENTENCE, 4, "sinusoidal"), "gru", 4, False)
    case.save("rnn-text.safetensors")


def seq2seq_steps(case, source, target, d, h, cell, variant, function="general", style="luong", window=0, both=False, wide=None):
    """A recurrent encoder-decoder, decoder step by decoder step. `wide`: hidden width of the decoder."""
    known, ids = number(words(source))
    case.input("source_ids", ids)
    target = words(target)
    vocabulary, _ = number(["<start>", "<end>", *target])
    read = [vocabulary.index(word) for word in ["<start>", *target]]
    case.input("target_ids", read)
    x = case.value("encoder.x", case.parameter("source_embedding", (len(known), d), 1.0)[ids])
    halves = []
    for at in ["encoder.forward.", "encoder.backward."] if both else ["encoder."]:
        backward = at == "encoder.backward."
        gates, hidden, memory = recurrent(cell, x, *recurrent_parameters(case, cell, d, h, at), reverse=backward)
        case.value(f"{at}gates", gates)
        if cell == "lstm":
            case.value(f"{at}cell", memory)
        case.value(f"{at}hidden", hidden)
        end = 0 if backward else -1
        halves.append((hidden, hidden[end], memory[end]))
    states, last, last_cell = (np.concatenate(part, axis=-1) for part in zip(*halves))
    e = states.shape[1]
    wide = wide or e
    if both:
        case.value("encoder.hidden", states)
    case.value("encoder.last", last[None])
    lstm = cell == "lstm"
    state = memory = np.zeros(wide)
    if variant != "context":
        state, memory = last, last_cell
        if lstm:
            case.value("encoder.last_cell", last_cell[None])
        if wide != e:
            state = np.tanh(last @ case.parameter("bridge.w", (e, wide)) + case.parameter("bridge.b", (wide,)))
            if lstm:
                memory = last_cell @ case.parameter("bridge.cell_w", (e, wide)) + case.parameter("bridge.cell_b", (wide,))
        case.value("decoder.initial", state[None])
        if lstm:
            case.value("decoder.initial_cell", memory[None])
    attends, bahdanau = variant == "attention", style == "bahdanau"
    beside = variant in ("context", "both") or (attends and bahdanau)
    p = recurrent_parameters(case, cell, d + e * beside, wide, "decoder.")
    if attends:
        shapes = {"general": {"w": (wide, e)}, "lowrank": {"u": (wide, max(wide // 2, 1)), "v": (e, max(wide // 2, 1))},
                  "additive": {"w_q": (wide, wide), "w_k": (e, wide), "v": (wide,)}, "concat": {"w": (wide + e, wide), "v": (wide,)}}
        own = {path: case.parameter(f"attention.{function}.{path}", shape) for path, shape in shapes.get(function, {}).items()}
        w_c = case.parameter("attention.w_c", (e + wide, wide))
        if window:
            w_p, v_p = case.parameter("attention.w_p", (wide, wide)), case.parameter("attention.v_p", (wide, 1))
    y = case.value("decoder.words", case.parameter("target_embedding", (len(vocabulary), d), 1.0)[read])
    rows = {}

    def keep(path, row):
        rows.setdefault(path, []).append(row)
        return row

    def look(query):
        s = keep("scores", score(function, query[None], states, own)[0])
        if window:
            place = keep("place", len(states) / (1 + np.exp(-np.tanh(query @ w_p) @ v_p)))
            far = np.arange(len(states)) - place[0]
            assert np.abs(np.abs(far) - window).min() > 1e-3  # the window's edge must be clear in float too
            mask = keep("mask", np.where(np.abs(far) <= window, 0, -INF))
            a = keep("aligned", np.array(softmax_row(list(s + mask))))
            a = keep("weights", a * np.exp(-(far**2) / (2 * (window / 2) ** 2)))
        else:
            a = keep("weights", np.array(softmax_row(list(s))))
        return keep("context", sum(a[j] * states[j] for j in range(len(states))))

    for word in y:
        context = keep("context", last) if variant in ("context", "both") else look(state) if attends and bahdanau else None
        step = keep("decoder.x", np.concatenate([word, context])) if beside else word
        gates, hidden, cells = recurrent(cell, step[None], *p, start=(state, memory))
        state, memory = hidden[0], cells[0]
        keep("decoder.gates", gates[0])
        keep("decoder.hidden", state)
        if lstm:
            keep("decoder.cell", memory)
        if attends and not bahdanau:
            context = look(state)
        if attends:
            keep("attentional", np.tanh(np.concatenate([context, state]) @ w_c))
    for path, found in rows.items():
        case.value(path, np.array(found))
    w, b = case.parameter("output.w", (wide, len(vocabulary))), case.parameter("output.b", (len(vocabulary),))
    logits = case.value("logits", np.array(rows["attentional" if attends else "decoder.hidden"]) @ w + b)
    case.value("probabilities", softmax(logits))
    if attends:
        case.value("alignment", np.array(rows["weights"]))


def seq2seq_cases():
    source, target = "to be or not to be", "sein oder nicht"

    def add(name, cell, variant, *more, read=source, written=target, d=2, h=3, **sizes):
        case = Case(f"seq2seq-{name}", "seq2seq", read, "--target", written, "--dim", d, "--hidden", h, "--cell", cell, "--variant", variant, *more)
        seq2seq_steps(case, read, written, d, h, cell, variant, **sizes)
        case.save(f"{case.name}.safetensors")

    for cell in GATES:
        for variant in ("context", "init", "both", "attention"):
            add(f"{variant}-{cell}", cell, variant)
            add(f"{variant}-{cell}-widths", cell, variant, "--bidirectional", "--decoder-hidden", 3, h=2, both=True, wide=3)
        add(f"bahdanau-{cell}", cell, "attention", "--style", "bahdanau", "--score", "additive", "--bidirectional", h=2,
            function="additive", style="bahdanau", both=True)
        add(f"local-{cell}", cell, "attention", "--local", 2, window=2)
    for function in FUNCTIONS:
        for style in ("luong", "bahdanau")[function in ("general", "lowrank") :]:
            add(f"{function}-{style}", "gru", "attention", "--score", function, "--style", style, function=function, style=style)
    add("local-wide", "gru", "attention", "--local", 9, "--score", "dot", window=9, function="dot")
    add("one-word", "rnn", "attention", read="so", written="so", d=1, h=1)
    add("one-word-local", "lstm", "attention", "--local", 1, read="so", written="so", d=2, h=2, window=1)


def cnn_cases():
    x = numbers("x-5x4.npy", (5, 4))
    for kernel, dilation, causal, channels in [(3, [1, 1, 1], False, 4), (1, [1], False, 2), (2, [1, 2], False, 3), (4, [2, 1], True, 4),
                                               (3, [1, 2, 4], True, 4), (3, [3], False, 1), (9, [1], False, 3), (9, [2], True, 3), (5, [1, 1], False, 4)]:
        same = len(set(dilation)) == 1
        name = f"cnn-{kernel}-{'-'.join(map(str, dilation))}{'-causal' * causal}"
        case = Case(name, "cnn", "--input", "@/x-5x4.npy", "--kernel", kernel, "--dilation", dilation[0] if same else ",".join(map(str, dilation)))
        case.arguments += ["--layers", str(len(dilation))] * same + ["--causal"] * causal + ["--channels", str(channels)] * (channels != 4)
        h = given_x(case, matrix=x)
        for layer, step in enumerate(dilation):
            w = case.parameter(f"layer.{layer}.w", (kernel, h.shape[1], channels))
            b = case.parameter(f"layer.{layer}.b", (channels,))
            h = case.value(f"layer.{layer}.output", convolve(h, w, b, step, causal))
        case.save(f"{name}.safetensors")
    case = Case("cnn-text", "cnn", SENTENCE, "--dim", 3)
    h = given_x(case, SENTENCE, 3)
    for layer in range(3):
        w, b = case.parameter(f"layer.{layer}.w", (3, 3, 3)), case.parameter(f"layer.{layer}.b", (3,))
        h = case.value(f"layer.{layer}.output", convolve(h, w, b))
    case.save("cnn-text.safetensors")


def tagger_steps(case, read, hidden):
    w_1, b_1 = case.parameter("w_1", (read.shape[1], hidden)), case.parameter("b_1", (hidden,))
    h = case.value("hidden", relu(product(read, w_1) + b_1))
    logits = case.value("logits", product(h, case.parameter("w_2", (hidden, 4))) + case.parameter("b_2", (4,)))
    case.value("tags", softmax(logits))
    case.save(f"{case.name}.safetensors")


def fc_cases():
    case = Case("fc-default", "fc", "--dim", 4)
    tagger_steps(case, given_x(case, "i saw a saw", 4), 16)
    case = Case("fc-input", "fc", "--input", "@/x-5x4.npy", "--hidden", 3)
    tagger_steps(case, given_x(case, matrix=numbers("x-5x4.npy", (5, 4))), 3)
    case = Case("fc-position", "fc", SENTENCE, "--dim", 3, "--position", "sinusoidal", "--hidden", 2)
    tagger_steps(case, given_x(case, SENTENCE, 3, "sinusoidal"), 2)


def window_cases():
    def windows(case, x, r):
        rows = [np.concatenate([x[t + o] if 0 <= t + o < len(x) else np.zeros(x.shape[1]) for o in range(-r, r + 1)]) for t in range(len(x))]
        return case.value("windows", np.array(rows))

    case = Case("window-default", "window", "--dim", 4)
    tagger_steps(case, windows(case, given_x(case, "i saw a saw", 4), 1), 16)
    for r in (0, 2, 7):
        case = Case(f"window-{r}", "window", "--input", "@/x-5x4.npy", "--radius", r, "--hidden", 3)
        tagger_steps(case, windows(case, given_x(case, matrix=numbers("x-5x4.npy", (5, 4))), r), 3)


def backward_cases():
    def steps(case, x, mask=None):
        attend_steps(case, x, mask)
        w = [case.steps[f"w_{p}"][1] for p in "qkv"]
        loss, gradients = attention_gradients(x, *w, case.parameter("g", x.shape, kind="input"), mask)
        case.value("loss", [loss])
        for path, array in gradients.items():
            case.value(f"d_{path}", array)

    def complex_loss(x, w_q, w_k, w_v, g):
        s = (x @ w_q) @ (x @ w_k).T / math.sqrt(w_q.shape[1])
        e = np.exp(s - s.real.max(axis=1, keepdims=True))
        return np.sum(e / e.sum(axis=1, keepdims=True) @ (x @ w_v) * g)

    x = numbers("x-5x4.npy", (5, 4))
    parts = [x, *(numbers(f"gradient-{i}", (4, 4), 0.5) for i in range(3)), numbers("gradient-g", (5, 4))]
    for i, path in enumerate(["x", "w_q", "w_k", "w_v"]):  # the formulas against the loss itself
        slope = jacobian(lambda m: np.atleast_1d(complex_loss(*parts[:i], m, *parts[i + 1 :])), parts[i])[0]
        assert np.allclose(slope, attention_gradients(*parts)[1][path], atol=1e-12), path
    for option, mask in [("none", None), *(m for m in masks(5) if m[0] in ("causal", "local:1", "padding:2", "padding:5"))]:
        case = Case(f"backward-{plain(option)}", "backward", "--input", "@/x-5x4.npy", "--mask", option)
        steps(case, given_x(case, matrix=x), mask)
        case.save("backward-5x4.safetensors")
    case = Case("backward-text", "backward", "so be it", "--dim", 3, "--position", "sinusoidal")
    steps(case, given_x(case, "so be it", 3, "sinusoidal"))
    case.save("backward-text.safetensors")
    case = Case("backward-one", "backward", "--input", "@/x-1x4.npy")
    steps(case, given_x(case, matrix=numbers("x-1x4.npy", (1, 4))))
    case.save("backward-one.safetensors")


def body_of(case, model, d, layers=1, kernel=3, radius=2, heads=1):
    """The model's parameters, and its body as a function of x."""
    if model in ("fc", "window"):
        taps = 1 if model == "fc" else 2 * radius + 1
        w, b = case.parameter("layer.0.w", (taps, d, 2 * d)), case.parameter("layer.0.b", (2 * d,))
        return lambda x: convolve(x, w, b)
    if model in ("cnn", "tcn"):
        p = [(case.parameter(f"layer.{l}.w", (kernel, d, d)), case.parameter(f"layer.{l}.b", (d,))) for l in range(layers)]

        def convolutions(h):
            for l, (w, b) in enumerate(p):
                h = h + convolve(h, w, b, 2**l if model == "tcn" else 1, model == "tcn")
            return h

        return convolutions
    if model == "attention":
        shapes = {"norm1.gain": (d,), "norm1.bias": (d,), "norm2.gain": (d,), "norm2.bias": (d,), "ffn.w_1": (d, 4 * d), "ffn.b_1": (4 * d,),
                  "ffn.w_2": (4 * d, d), "ffn.b_2": (d,)}
        for i in "qkvo":
            shapes.update({f"attention.w_{i}": (d, d), f"attention.b_{i}": (d,)})
        blocks = [{path: case.parameter(f"layer.{l}.{path}", shape) for path, shape in shapes.items()} for l in range(layers)]

        def encode(h):
            for p in blocks:
                h = encoder_block(h, p, heads)
            return h

        return encode
    if model == "birnn":
        f, b = (recurrent_parameters(case, "rnn", d, d // 2, at) for at in ("forward.", "backward."))
        return lambda x: np.hstack([recurrent("rnn", x, *f)[1], recurrent("rnn", x, *b, reverse=True)[1]])
    p = recurrent_parameters(case, model, d, d)
    return lambda x: recurrent(model, x, *p)[1]


def models():
    """name, options, sizes"""
    for model in ("fc", "rnn", "birnn", "lstm", "gru"):
        yield model, [], {}
    for radius in (1, 9):
        yield "window", ["--radius", radius], {"radius": radius}
    yield "cnn", ["--layers", 2], {"layers": 2}
    yield "cnn", ["--kernel", 2], {"layers": 3, "kernel": 2}
    yield "tcn", ["--layers", 2, "--kernel", 2], {"layers": 2, "kernel": 2}
    yield "attention", ["--heads", 2], {"heads": 2}


def probe_cases(command):
    for model, options, sizes in models():
        name = "-".join([command, model, *(str(o).strip("-") for o in options)])
        yield Case(name, command, "--input", "@/x-5x4.npy", "--model", model, *options), model, sizes
    yield Case(f"{command}-one", command, "--input", "@/x-1x4.npy", "--model", "gru"), "gru", {}


def probe_x(case):
    file = case.arguments[2][2:]
    return given_x(case, matrix=numbers(file, (int(file[2]), int(file[4]))))


def reach_cases():
    for case, model, sizes in probe_cases("reach"):
        x = probe_x(case)
        body = body_of(case, model, x.shape[1], **sizes)
        case.value("output", body(x))
        case.value("reach", np.sqrt((jacobian(body, x) ** 2).sum(axis=(1, 3))))
        case.save(f"probe-{case.name.split('-', 1)[1]}.safetensors")


def path_cases():
    def one_layer(n, may):
        return np.array([[float(may(i, j)) for j in range(n)] for i in range(n)])

    for case, model, sizes in probe_cases("path"):
        x = probe_x(case)
        n = len(x)
        case.value("output", body_of(case, model, x.shape[1], **sizes)(x))
        length = np.zeros((n, n))
        if model in GATES or model == "birnn":
            for at, side in [("forward.", -1), ("backward.", 1)] if model == "birnn" else [("", -1)]:
                case.value(f"{at}input.edges", np.eye(n))
                case.value(f"{at}hidden.edges", one_layer(n, lambda i, j: j == i + side))
                chain = one_layer(n, lambda i, j: (i - j) * -side >= 0) * (np.abs(np.subtract.outer(np.arange(n), np.arange(n))) + 1)
                length = np.where(length == 0, chain, length)
        else:
            known, k = np.eye(n), sizes.get("kernel", 3)
            for l in range(sizes.get("layers", 1)):
                radius = sizes.get("radius", 0)
                edges = one_layer(n, {
                    "fc": lambda i, j: i == j, "window": lambda i, j: abs(i - j) <= radius, "attention": lambda i, j: True,
                    "cnn": lambda i, j: -(k // 2) <= j - i <= (k - 1) // 2,
                    "tcn": lambda i, j: 0 <= i - j <= (k - 1) * 2**l and (i - j) % 2**l == 0}[model])
                case.value(f"layer.{l}.edges", edges)
                known = (edges @ known > 0) * 1.0
                length = np.where((length == 0) & (known > 0), l + 1, length)
        case.value("path", length)
        case.save(f"probe-{case.name.split('-', 1)[1]}.safetensors")


# --------------------------------------------------------------------------------------- PyTorch


def compare_with_torch():
    import torch
    import torch.nn.functional as F

    def same(name, ours, theirs):
        difference = np.abs(np.asarray(ours) - theirs.detach().numpy()).max()
        print(f"{name:24} {difference:.1e}")
        assert difference < 1e-12, name

    t = lambda a: torch.tensor(a, dtype=torch.float64)
    x, n, d = numbers("torch", (5, 4)), 5, 4
    w = [numbers(f"torch-{i}", (4, 4), 0.5) for i in range(4)]
    for name, mask in [("no mask", None), ("causal", causal(n)), ("local:1", local(n, 1)), ("padding:2", padding(n, 2)), ("graph", graph(n, EDGES))]:
        theirs = F.softmax(t(x @ w[0]) @ t(x @ w[1]).T / math.sqrt(d) + (0 if mask is None else t(mask)), -1) @ t(x @ w[2])
        same(f"attention, {name}", attention(x, *w[:3], mask)[-1], theirs)
        for heads in (1, 2, 4):
            layer = torch.nn.MultiheadAttention(d, heads, bias=False, batch_first=True, dtype=torch.float64)
            with torch.no_grad():
                layer.in_proj_weight.copy_(t(np.vstack([m.T for m in w[:3]])))
                layer.out_proj.weight.copy_(t(w[3].T))
            theirs, shown = layer(t(x)[None], t(x)[None], t(x)[None], attn_mask=None if mask is None else t(mask), average_attn_weights=False)
            ours = multi_head(x, *w, heads=heads, mask=mask)
            same(f"{heads} heads, {name}", ours["output"], theirs[0])
            same(f"{heads} weights, {name}", ours["weights"], shown[0])
    k, bilinear = numbers("torch-k", (3, 4)), torch.nn.functional.bilinear
    same("dot", score("dot", x, k, {}), t(x) @ t(k).T)
    same("scaled", score("scaled", x, k, {}), t(x) @ t(k).T / 2)
    same("cosine", score("cosine", x, k, {}), F.cosine_similarity(t(x)[:, None], t(k)[None], dim=-1))
    pairs = [t(np.repeat(x, 3, 0)), t(np.tile(k, (5, 1)))]
    same("general", score("general", x, k, {"w": w[0]}), bilinear(*pairs, t(w[0])[None]).reshape(5, 3))
    same("lowrank", score("lowrank", x, k, {"u": w[0][:, :2], "v": w[1][:, :2]}),
         bilinear(*pairs, t(w[0][:, :2] @ w[1][:, :2].T)[None]).reshape(5, 3))
    p = {"w_q": w[0], "w_k": w[1], "v": w[2][0]}
    same("additive", score("additive", x, k, p),
         F.linear(torch.tanh(F.linear(t(x), t(w[0].T))[:, None] + F.linear(t(k), t(w[1].T))[None]), t(w[2][:1]))[..., 0])
    same("concat", score("concat", x, k, {"w": np.vstack([w[0], w[1]]), "v": w[2][0]}), t(score("additive", x, k, p)))
    same("softmax", softmax(x), F.softmax(t(x), -1))
    same("hardmax", hardmax(x), F.one_hot(t(x).argmax(-1), d))
    same("embedding", numbers("torch-e", (7, 3))[[1, 5, 1]], F.embedding(torch.tensor([1, 5, 1]), t(numbers("torch-e", (7, 3)))))


def main():
    if "--torch" in sys.argv:
        return compare_with_torch()
    DATA.mkdir(exist_ok=True)
    for make in (tokens_cases, embed_cases, position_cases, qkv_cases, score_cases, softmax_cases, mask_cases, attend_cases, heads_cases,
                 fc_cases, window_cases, rnn_cases, seq2seq_cases, cnn_cases, backward_cases, reach_cases, path_cases):
        make()
    reference_blocks.make(sys.modules[__name__])
    reference_kinds.make(sys.modules[__name__])
    for command, group in cases.items():
        names = [case.name for case in group]
        assert len(set(names)) == len(names), names
        text = '{"cases":[\n' + ",\n".join(case.text() for case in group) + "]}\n"
        json.loads(text)
        (HERE / f"{command}.json").write_text(text)
        print(f"{command:10} {len(group):3} cases, {sum(len(c.steps) for c in group):4} steps, {len(text)} bytes")
    for old in DATA.iterdir():
        if old.name not in written:
            old.unlink()
    print(f"data       {len(written)} files, {sum(map(len, written.values()))} bytes")


main()
