#!/usr/bin/env python3
"""What students with right and with wrong ideas hand in, computed without attn.

    python3 make_homework_reference.py PROGRAM            writes homework/answers.json, which the
                                                          tests read
    python3 make_homework_reference.py PROGRAM --table    grades everything with PROGRAM and prints
                                                          the table of docs/measurements.md

PROGRAM makes the sheets (its inputs are read); everything else is computed here from the formulas
in float64 (needs numpy). Twenty students per sheet, one answer per mistake and student; every other
step of such a submission is right. For --table, all right answers are also handed in, in every form
in which they are equally right.
"""
import json
import math
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

STUDENTS = 20
HERE = Path(__file__).parent
DIGITS = {"position": 4, "x": 4, "residual": 4, "norm1": 4, "hidden": 5, "ffn": 4}


def softmax(s, axis=-1):
    with np.errstate(all="ignore"):
        e = np.exp(s - np.max(s, axis=axis, keepdims=True))
        return e / e.sum(axis=axis, keepdims=True)


def erf(x):
    return np.vectorize(math.erf)(x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def wrong_scores(q, k, model=None):
    d = q.shape[-1]
    kt = np.swapaxes(k, -1, -2)
    yield "scale-missing", q @ kt
    yield "scale-by-dk", q @ kt / d
    if model:
        yield "scale-by-model", q @ kt / math.sqrt(model)
    yield "query-key-swapped", k @ np.swapaxes(q, -1, -2) / math.sqrt(d)


def wrong_softmax(s, d):
    """s as it is read by the softmax, masked where there is a mask."""
    yield "softmax-over-queries", softmax(s, axis=-2)
    yield "softmax-over-all", np.exp(s) / np.exp(s).sum()
    yield "scale-after-softmax", softmax(s * math.sqrt(d)) / math.sqrt(d)
    yield "softmax-twice", softmax(softmax(s))
    yield "softmax-base", 2.0 ** s / (2.0 ** s).sum(axis=-1, keepdims=True)


def masked(s, keep, fill=-np.inf):
    return softmax(np.where(keep, s, fill))


def softmax_sheet(v):
    q, k = v["q"], v["k"]
    s = q @ k.T / math.sqrt(k.shape[1])
    a = softmax(s)
    with np.errstate(all="ignore"):
        naive = np.exp(v["large"].astype(np.float32))
        naive = naive / naive.sum()
    right = {"scores": s, "weights": a, "output": a @ v["v"], "large": softmax(v["large"])}
    wrong = {"scores": list(wrong_scores(q, k)), "weights": list(wrong_softmax(s, 4)),
             "output": [("value-is-key", a @ k), ("weights-transposed", a.T @ v["v"])],
             "large": [("softmax-unstable", naive)]}
    return right, wrong


def head_sheet(v):
    q, k, val = (v["x"] @ v[w] for w in ("w_q", "w_k", "w_v"))
    n = len(q)
    s = q @ k.T / math.sqrt(3)
    i, j = np.indices((n, n))
    causal, padded = j <= i, j < n - 1
    a = masked(s, causal)

    def common(keep):
        yield "mask-after-softmax", softmax(s) * keep
        yield "mask-inverted", masked(s, ~keep)
        yield "mask-inverted", masked(s, ~keep, -1e9)
        yield "mask-inverted", softmax(s - 1e9 * keep)
        yield "mask-zero", softmax(s * keep)
        yield "scale-after-softmax", masked(s * math.sqrt(3), keep) / math.sqrt(3)
        yield "softmax-over-queries", softmax(np.where(keep, s, -np.inf), axis=0)
        yield "softmax-over-queries", softmax(np.where(keep, s, -1e9), axis=0)
        yield "softmax-over-all", np.where(keep, np.exp(s), 0) / np.where(keep, np.exp(s), 0).sum()
        yield "softmax-twice", softmax(masked(s, keep))
        yield "softmax-twice", masked(masked(s, keep), keep)
        yield "softmax-base", masked(s * math.log(2), keep)
        yield "mask-missing", softmax(s)
    wrong = {"scores": list(wrong_scores(q, k, 5)),
             "causal": list(common(causal)) + [
                 ("mask-inverted", masked(s, np.triu(np.ones((n, n), bool)))),
                 ("mask-off-by-one", masked(s, j < i)), ("mask-off-by-one", masked(s, j < i, -1e9)),
                 ("mask-off-by-one", softmax(s - 1e9 * (j >= i))),
                 ("mask-off-by-one", masked(s, j <= i + 1))],
             "padded": list(common(padded)) + [
                 ("mask-padding-rows", masked(s, i < n - 1)),
                 ("mask-padding-rows", masked(s, i < n - 1, -1e9)),
                 ("mask-off-by-one", masked(s, j < n - 2))],
             "output": [("value-is-key", a @ k), ("weights-transposed", a.T @ val)]}
    return {"q": q, "k": k, "v": val, "scores": s, "causal": a, "padded": masked(s, padded),
            "output": a @ val}, wrong


def heads_sheet(v):
    heads, width = 2, 3
    n = len(v["q"])

    def split(x):
        return np.stack([x[:, h * width:(h + 1) * width] for h in range(heads)])
    q, k, val = split(v["q"]), split(v["k"]), split(v["v"])
    s = q @ k.transpose(0, 2, 1) / math.sqrt(width)
    a = softmax(s)
    c = a @ val
    concat = np.concatenate(list(c), axis=1)
    wrong = {name + "_heads": [("heads-reshape-only", v[name].reshape(heads, n, width)),
                               ("heads-interleaved",
                                np.stack([v[name][:, h::heads] for h in range(heads)]))]
             for name in "qkv"}
    wrong |= {"scores": list(wrong_scores(q, k, heads * width)),
              "weights": list(wrong_softmax(s, width)) + [("softmax-over-heads", softmax(s, axis=0))],
              "context": [("value-is-key", a @ k),
                          ("weights-transposed", a.transpose(0, 2, 1) @ val)],
              "concat": [("concat-order", np.concatenate(list(c[::-1]), axis=1)),
                         ("concat-order", c.reshape(n, heads * width)),
                         ("concat-order", np.concatenate(list(c), axis=0)),
                         ("concat-order", c.transpose(1, 2, 0).reshape(n, heads * width))],
              "output": [("output-missing", concat), ("matrix-transposed", concat @ v["w_o"].T)]}
    return {"q_heads": q, "k_heads": k, "v_heads": val, "scores": s, "weights": a, "context": c,
            "concat": concat, "output": concat @ v["w_o"]}, wrong


def encoder_sheet(v):
    eps, d = 0.1, 4
    gain, bias = v["gain"][0], v["bias"][0]

    def positions(places, exponent, halves=False, base=10000, cosine_first=False):
        p = np.zeros((len(places), d))
        for c in range(d):
            pair, sine = (c % (d // 2), c < d // 2) if halves else (c // 2, c % 2 == 0)
            angle = places / base ** (exponent(pair, c) / d)
            p[:, c] = np.sin(angle) if sine != cosine_first else np.cos(angle)
        return p

    def norm(x, ddof=0, outside=False, axis=-1):
        mean = x.mean(axis=axis, keepdims=True)
        variance = x.var(axis=axis, ddof=ddof, keepdims=True)
        deviation = np.sqrt(variance) + eps if outside else np.sqrt(variance + eps)
        return gain * (x - mean) / deviation + bias

    def other_norms(x):
        """The norms that stand in libraries and tutorials, or lack something."""
        centred = x - x.mean(-1, keepdims=True)
        squares = (centred ** 2).sum(-1, keepdims=True)
        plain = centred / np.sqrt(squares / d + eps)
        yield "norm-unbiased", norm(x, ddof=1)
        yield "norm-eps-outside", norm(x, outside=True)
        yield "norm-unbiased-eps", norm(x, ddof=1, outside=True)
        yield "norm-variance", gain * centred / (squares / d + eps) + bias
        yield "norm-rms", gain * x / np.sqrt((x ** 2).mean(-1, keepdims=True) + eps) + bias
        yield "norm-over-all", gain * (x - x.mean()) / np.sqrt(x.var() + eps) + bias
        yield "norm-affine", plain
        yield "norm-affine", gain * plain
        yield "norm-affine", plain + bias
        yield "norm-over-batch", norm(x, axis=0)

    def gelu(x):
        return x * (1 + erf(x / math.sqrt(2))) / 2

    def gelu_tanh(x):
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))

    places = v["places"][0]
    pe = positions(places, lambda pair, c: 2 * pair)
    x = v["embedding"] + pe
    residual = x + v["attention"]
    a = norm(residual)
    inner = a @ v["w_1"] + v["b_1"]
    hidden = gelu(inner)
    ffn = hidden @ v["w_2"] + v["b_2"]
    exponent = (lambda pair, c: 2 * pair)
    before = gelu(norm(a) @ v["w_1"] + v["b_1"]) @ v["w_2"] + v["b_2"]
    wrong = {"position": [("position-halves", positions(places, lambda pair, c: 2 * pair, True)),
                          ("position-exponent", positions(places, lambda pair, c: pair)),
                          ("position-exponent", positions(places, lambda pair, c: 4 * pair)),
                          ("position-exponent", positions(places, lambda pair, c: c)),
                          ("position-exponent", positions(places, lambda pair, c: 2 * c)),
                          ("position-base", positions(places, exponent, base=1000)),
                          ("position-cosine-first", positions(places, exponent, cosine_first=True)),
                          ("position-from-one", positions(places + 1, lambda pair, c: 2 * pair))],
             "x": [("position-multiplied", v["embedding"] * pe)],
             "residual": [("residual-missing", v["attention"]),
                          ("residual-other", v["embedding"] + v["attention"]),
                          ("residual-twice", x + residual)],
             "norm1": list(other_norms(residual)) + [("residual-missing", norm(v["attention"]))],
             "hidden": [("gelu-tanh", gelu_tanh(inner)),
                        ("activation-other", np.maximum(inner, 0)),
                        ("activation-other", inner * sigmoid(1.702 * inner)),
                        ("activation-other", inner * sigmoid(inner)),
                        ("activation-missing", inner),
                        ("bias-missing", gelu(a @ v["w_1"])),
                        ("matrix-transposed", gelu(a @ v["w_1"].T + v["b_1"]))],
             "ffn": [("bias-missing", hidden @ v["w_2"]),
                     ("matrix-transposed", hidden @ v["w_2"].T + v["b_2"])],
             "output": list(other_norms(a + ffn)) + [
                 ("norm-order", a + before), ("norm-order", a + norm(ffn)),
                 ("residual-missing", norm(ffn)), ("residual-other", norm(x + ffn)),
                 ("residual-other", norm(residual + ffn)), ("residual-twice", norm(2 * a + ffn)),
                 ("norm-missing", a + ffn)]}
    return {"position": pe, "x": x, "residual": residual, "norm1": a, "hidden": hidden, "ffn": ffn,
            "output": norm(a + ffn)}, wrong


def decoder_sheet(v):
    target, memory = v["target"][0], v["memory"]
    read = np.concatenate([[0], target[:-1]])
    x = v["embedding"][read.astype(int)]
    q, k, val = x @ v["w_q"], memory @ v["w_k"], memory @ v["w_v"]
    s = q @ k.T / math.sqrt(2)
    a = softmax(s)
    c = a @ val
    changed = c @ v["w_o"]
    wrong = {"input": [("teacher-shift", target),
                       ("teacher-shift", np.concatenate([target[1:], [0]])),
                       ("teacher-end", np.concatenate([[0], target]))],
             "q": [("cross-swapped", memory @ v["w_q"])],
             "k": [("cross-swapped", x @ v["w_k"])],
             "v": [("cross-swapped", x @ v["w_v"])],
             "scores": list(wrong_scores(q, k, 5)),
             "weights": list(wrong_softmax(s, 2)) + [
                 ("mask-in-cross", masked(s, np.tril(np.ones((3, 3), bool))))],
             "context": [("value-is-key", a @ k), ("weights-transposed", a.T @ val)],
             "output": [("residual-missing", changed), ("output-missing", c),
                        ("residual-twice", 2 * x + changed),
                        ("residual-other", memory + changed)]}
    return {"input": read, "x": x, "q": q, "k": k, "v": val, "scores": s, "weights": a,
            "context": c, "output": x + changed}, wrong


def bert_sheet(v):
    n = 8
    a, b = v["a"][0], v["b"][0]
    text = np.concatenate([[1], a, [2], b, [2]])
    length = len(text)
    ids = np.concatenate([text, np.zeros(n - length)])
    place = np.arange(n)
    segments = ((place >= len(a) + 2) & (place < length)).astype(float)
    token = place < length
    mask = np.where(np.broadcast_to(token, (n, n)), 0, -np.inf)
    x = v["token"][ids.astype(int)] + v["segment"][segments.astype(int)] + v["position"]
    chosen = v["chosen"][0].astype(int)
    fate = v["fate"][0]
    hidden = ids.copy()
    hidden[chosen] = np.where(fate < 0.8, 3, np.where(fate < 0.9, v["random"][0], ids[chosen]))
    only = ids.copy()
    only[chosen] = 3
    cost = -np.log(v["right"][0])
    words = token & (ids >= 4)
    logits = v["hidden"] @ v["w"] + v["bias"]

    def ids_without(*places):
        left = np.delete(text, places)
        return np.concatenate([left, np.zeros(n - len(left))])

    behind_a = segments.copy()
    behind_a[len(a) + 1] = 1
    wrong = {"ids": [("sep-missing", ids_without(len(a) + 1)),
                     ("sep-missing", ids_without(length - 1)),
                     ("sep-missing", ids_without(len(a) + 1, length - 1))],
             "segments": [("sep-in-b", behind_a)],
             "mask": [("mask-padding-rows", mask.T), ("mask-inverted", np.where(mask == 0, -np.inf, 0)),
                      ("mask-zero", np.where(mask == 0, 1, 0)),
                      ("mask-off-by-one", np.where(np.broadcast_to(place < length - 1, (n, n)), 0, -np.inf))],
             "masked_ids": [("mlm-mask-only", only)],
             "loss": [("mlm-all", cost[token].mean()), ("mlm-all", cost[words].mean()),
                      ("mlm-all", cost.mean()), ("mlm-mean-padding", cost[token].sum() / n),
                      ("loss-sum", cost[chosen].sum()),
                      ("loss-base", np.log2(1 / v["right"][0])[chosen].mean()),
                      ("loss-base", np.log10(1 / v["right"][0])[chosen].mean()),
                      ("mlm-mean-padding", cost[chosen].sum() / n),
                      ("mlm-mask-only", cost[chosen[fate < 0.8]].mean())],
             "nsp": [("nsp-all", logits), ("nsp-all", logits.mean(0)),
                     ("nsp-all", logits[:length].mean(0)), ("bias-missing", v["hidden"][0] @ v["w"])]}
    return {"ids": ids, "segments": segments, "mask": mask, "x": x, "masked_ids": hidden,
            "loss": cost[chosen].mean(), "nsp": logits[0]}, wrong


def recurrent_sheet(v):
    x, n, h = v["x"], 4, 2

    def lstm(order="ifgo", biased=True):
        state, cell, out = np.zeros(h), np.zeros(h), []
        for row in x:
            z = row @ v["lstm_w"] + state @ v["lstm_u"] + biased * v["lstm_b"][0]
            gate = {name: z[g * h:(g + 1) * h] for g, name in enumerate(order)}
            cell = sigmoid(gate["f"]) * cell + sigmoid(gate["i"]) * np.tanh(gate["g"])
            state = sigmoid(gate["o"]) * np.tanh(cell)
            out.append(state)
        return np.array(out)

    def gru(swapped=False, r_first=False, z_first=False, biased=True):
        state, out = np.zeros(h), []
        for row in x:
            wx, b, u, c = row @ v["gru_w"], v["gru_b"][0] * biased, v["gru_u"], v["gru_c"][0] * biased
            both = sigmoid((wx + b + state @ u + c)[:2 * h])
            r, z = (both[h:], both[:h]) if z_first else (both[:h], both[h:])
            un, cn = u[:, 2 * h:], c[2 * h:]
            old = (r * state) @ un + cn if r_first else r * (state @ un + cn)
            new = np.tanh(wx[2 * h:] + b[2 * h:] + old)
            state = z * new + (1 - z) * state if swapped else (1 - z) * new + z * state
            out.append(state)
        return np.array(out)

    def convolution(taps):
        padded = np.vstack([np.zeros((1, 2)), x, np.zeros((1, 2))])
        return np.array([(padded[t:t + 3] * taps).sum() for t in range(n)])

    states = gru()
    before = np.vstack([v["start"], states[:-1]])
    wrong = {"lstm": [("lstm-gate-order", lstm("ifog")), ("lstm-gate-order", lstm("figo")),
                      ("lstm-gate-order", lstm("fiog")), ("lstm-gate-order", lstm("igfo")),
                      ("lstm-gate-order", lstm("iofg")), ("bias-missing", lstm(biased=False))],
             "gru": [("gru-update", gru(swapped=True)), ("gru-update", gru(r_first=True)),
                     ("gru-update", gru(True, True)), ("gru-gate-order", gru(z_first=True)),
                     ("bias-missing", gru(biased=False))],
             "convolution": [("conv-flipped", convolution(v["taps"][::-1]))],
             "alignment": [("bahdanau-state", states @ x.T)]}
    return {"lstm": lstm(), "gru": states, "convolution": convolution(v["taps"])[:, None],
            "alignment": before @ x.T}, wrong


def graph_sheet(v):
    x, w, n = v["x"], v["w"], 5
    first, second = np.split(v["a"][0], 2)
    eye = np.eye(n, dtype=bool)
    directed = np.zeros((n, n), bool)
    for i, j in v["edges"].astype(int):
        directed[i, j] = True
    joined = directed | directed.T | eye

    def leaky(s, slope=0.2):
        return np.where(s > 0, s, slope * s)

    def pairs(h, p=first, q=second):
        return np.array([[h[i] @ p + h[j] @ q for j in range(n)] for i in range(n)])

    def additive(keep):
        return np.where(keep, 0, -np.inf)

    def all_ways(idea, keep):
        """A row of which nothing is kept has no softmax: nan, equal shares, or nothing hidden."""
        yield idea, masked(s, keep)
        if not keep.any(axis=1).all():
            yield idea, masked(s, keep, -1e9)
            yield idea, softmax(s - 1e9 * ~keep)
    h = x @ w
    raw = pairs(h)
    s = leaky(raw)
    a = masked(s, joined)
    wrong = {"h": [("matrix-transposed", x @ w.T), ("projection-missing", x),
                   ("projection-twice", x @ w @ w)],
             "mask": [("mask-zero", joined.astype(float)), ("mask-inverted", additive(~joined)),
                      ("self-missing", additive(joined & ~eye)),
                      ("edge-one-way", additive(directed | eye)),
                      ("edge-one-way", additive(directed.T | eye))],
             "scores": [("halves-swapped", leaky(pairs(h, second, first))),
                        ("leaky-missing", raw), ("leaky-slope", leaky(raw, 0.01)),
                        ("leaky-slope", np.maximum(raw, 0)), ("leaky-order", pairs(leaky(h))),
                        ("projection-missing", leaky(pairs(x))),
                        ("projection-twice", leaky(pairs(h @ w)))],
             "weights": [("mask-zero", softmax(np.where(joined, s, 0))),
                         ("mask-after-softmax", softmax(s) * joined),
                         ("mask-missing", softmax(s)),
                         *all_ways("mask-inverted", ~joined),
                         *all_ways("self-missing", joined & ~eye),
                         ("edge-one-way", masked(s, directed | eye)),
                         ("edge-one-way", masked(s, directed.T | eye)),
                         ("softmax-over-queries", softmax(np.where(joined, s, -np.inf), axis=0)),
                         ("softmax-twice", softmax(a)), ("softmax-twice", masked(a, joined)),
                         ("softmax-base", masked(s * math.log(2), joined))],
             "output": [("projection-missing", a @ x), ("projection-twice", a @ h @ w),
                        ("weights-transposed", a.T @ h)]}
    return {"h": h, "mask": additive(joined), "scores": s, "weights": a, "output": a @ h}, wrong


SHEETS = {"softmax": softmax_sheet, "head": head_sheet, "heads": heads_sheet,
          "encoder": encoder_sheet, "decoder": decoder_sheet, "bert": bert_sheet,
          "recurrent": recurrent_sheet, "graph": graph_sheet}


def digits(sheet, step):
    if sheet == "bert":
        return 0 if step in ("ids", "segments", "mask", "masked_ids") else 3
    if (sheet, step) in (("decoder", "input"), ("graph", "mask")):
        return 0
    if (sheet, step) == ("graph", "weights"):
        return 4
    return (4 if step == "output" else DIGITS[step]) if sheet == "encoder" else 3


def make_sheet(program, sheet, student, folder, *more):
    subprocess.run([program, "homework", "new", sheet, "--student", student, "--out", str(folder),
                    *more], check=True, capture_output=True)
    return {f.stem: np.loadtxt(f, delimiter=",", ndmin=2) for f in folder.glob("inputs/*.csv")}


def flat(value):
    """As a matrix: the heads one below the other."""
    value = np.asarray(value, dtype=float)
    return value.reshape(-1, value.shape[-1]) if value.ndim > 1 else value.reshape(1, -1)


def write_csv(path, value, places, between=",", end="\n", begin=""):
    cell = (lambda x: f"{x:.{places}f}" if np.isfinite(x) else str(x))
    text = "".join(between.join(cell(x) for x in row) + end for row in flat(value))
    path.write_bytes((begin + text).encode())


def says_something(value):
    """False for several equal numbers, which may come from anywhere: the grader names none of them."""
    value = np.asarray(value, dtype=float)
    return value.size == 1 or not np.all(value == value.flat[0])


def rows_of(value, places):
    return [[round(float(x), places) if np.isfinite(x) else str(float(x)) for x in row]
            for row in flat(value)]


def write_reference(program):
    cases = []
    with tempfile.TemporaryDirectory() as temporary:
        for sheet, compute in SHEETS.items():
            for number in range(STUDENTS):
                student = f"student-{number}"
                given = make_sheet(program, sheet, student, Path(temporary) / f"{sheet}-{number}")
                right, wrong = compute(given)
                case = {"sheet": sheet, "student": student,
                        "right": {s: rows_of(v, digits(sheet, s)) for s, v in right.items()},
                        "wrong": [[step, name, rows_of(value, digits(sheet, step))]
                                  for step, ideas in wrong.items() for name, value in ideas
                                  if says_something(value)]}
                cases.append(case)
    text = "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n"
    (HERE / "homework" / "answers.json").write_text(text)
    print(f"{sum(len(c['wrong']) for c in cases)} wrong answers of {len(cases)} sheets")


def as_integers(value):
    value = np.asarray(value)
    whole = np.isfinite(value).all() and (value == np.round(value)).all()
    return value.astype(np.int64) if whole else value


def hand_in(sheet, folder):
    """An empty submission of the sheet: answers/ and homework.json alone."""
    (folder / "answers").mkdir(parents=True)
    shutil.copy(sheet / "homework.json", folder)
    return folder


FORMS = {
    "CSV, rounded to the digits asked for": lambda p, v, n: write_csv(p / "csv", v, n),
    "CSV, all digits": lambda p, v, n: write_csv(p / "csv", v, 17),
    "CSV with spaces": lambda p, v, n: write_csv(p / "csv", v, n, " , ", " \n"),
    "CSV with byte order mark and CRLF":
        lambda p, v, n: write_csv(p / "csv", v, n, end="\r\n", begin="\ufeff"),
    "-1e9 in place of -inf":
        lambda p, v, n: write_csv(p / "csv", np.maximum(v, -1e9), n),
    "NPY float64": lambda p, v, n: np.save(p / "npy", np.asarray(v, np.float64)),
    "NPY float32": lambda p, v, n: np.save(p / "npy", np.asarray(v, np.float32)),
    "NPY big-endian": lambda p, v, n: np.save(p / "npy", np.asarray(v, ">f8")),
    "NPY int64 where the numbers are whole": lambda p, v, n: np.save(p / "npy", as_integers(v)),
    "NPY Fortran order": lambda p, v, n: np.save(p / "npy", np.asfortranarray(v)),
    "NPY with axes of length 1": lambda p, v, n: np.save(p / "npy", np.asarray(v)[None]),
    "NPY, heads one below the other": lambda p, v, n: np.save(p / "npy", flat(v)),
    "rows as columns where there is one":
        lambda p, v, n: np.save(p / "npy", flat(v).T if 1 in flat(v).shape else v),
}


def put(form, folder, step, value, places):
    """Writes through a folder of its own: numpy.save adds .npy by itself."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    form(work, value, places)
    for made in work.iterdir():
        made.rename(folder / "answers" / f"{step}.{made.name.split('.')[0]}")
    work.rmdir()


def grade(program, folder):
    run = subprocess.run([program, "homework", "grade", str(folder), "--json"], check=True,
                         capture_output=True)
    return {Path(s["folder"]).name: s for s in json.loads(run.stdout)["submissions"]}


def print_table(program):
    with tempfile.TemporaryDirectory() as temporary:
        submissions = Path(temporary) / "submissions"
        wanted, forms_of = {}, {}
        plain = FORMS["CSV, rounded to the digits asked for"]
        for sheet, compute in SHEETS.items():
            for number in range(STUDENTS):
                student = f"student-{number}"
                name = f"{sheet}-{number}"
                made = Path(temporary) / name
                right, wrong = compute(make_sheet(program, sheet, student, made))
                for i, (form, write) in enumerate(FORMS.items()):
                    other = hand_in(made, submissions / f"{name}-form-{i}")
                    for step, value in right.items():
                        put(write, other, step, value, digits(sheet, step))
                    forms_of[other.name] = form
                # A sheet on which a token is a column, all answers transposed.
                other = submissions / f"{name}-form-columns"
                make_sheet(program, sheet, student, other, "--convention", "column")
                for step, value in right.items():
                    turned = np.asarray(value)
                    turned = np.swapaxes(turned, -1, -2) if turned.ndim > 1 else turned
                    put(plain, other, step, turned, digits(sheet, step))
                forms_of[other.name] = "transposed, on a sheet whose tokens are columns"
                # Every step from the rounded answers of the steps before: as done on paper.
                for step, ideas in wrong.items():
                    for i, (idea, value) in enumerate(ideas):
                        if not says_something(value):
                            continue
                        other = hand_in(made, submissions / f"{name}-{step}-{i}")
                        for each, good in right.items():
                            put(plain, other, each, good, digits(sheet, each))
                        put(plain, other, step, value, digits(sheet, step))
                        wanted[other.name] = (idea, sheet, step)
        graded = grade(program, submissions)
    rows = {}
    for name, (idea, sheet, step) in wanted.items():
        found = next(s for s in graded[name]["steps"] if s["name"] == step)
        row = rows.setdefault(idea, {"where": [], "tries": 0, "caught": 0, "named": 0, "alone": 0})
        if f"{sheet}: {step}" not in row["where"]:
            row["where"].append(f"{sheet}: {step}")
        row["tries"] += 1
        row["caught"] += found["status"] == "wrong"
        row["named"] += idea in found["misconceptions"]
        row["alone"] += found["misconceptions"] == [idea]
    print("| misconception | tried at | answers | caught | named | named alone |")
    print("|---|---|---|---|---|---|")
    for idea, row in rows.items():
        print(f"| {idea} | {', '.join(row['where'])} | {row['tries']} | {row['caught']} | "
              f"{row['named']} | {row['alone']} |")
    total = {key: sum(row[key] for row in rows.values()) for key in ("tries", "caught", "named", "alone")}
    print(f"| all {len(rows)} | | {total['tries']} | {total['caught']} | {total['named']} | "
          f"{total['alone']} |")
    print("\n| right answers as | steps | accused |\n|---|---|---|")
    for form in dict.fromkeys(forms_of.values()):
        steps = [s for name in forms_of if forms_of[name] == form for s in graded[name]["steps"]]
        print(f"| {form} | {len(steps)} | {sum(s['status'] != 'right' for s in steps)} |")


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[2:] not in ([], ["--table"]):
        sys.exit(__doc__)
    (print_table if sys.argv[2:] else write_reference)(sys.argv[1])
