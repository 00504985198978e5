"""The cases of feature-map, graph and encoder --block conformer, for make_reference.py: loops over places, pairs and taps."""
import math

import numpy as np

import reference_blocks as blocks

r = None  # make_reference.py: its formulas and its Case


def convolve_2d(x, w, b=None):
    """Place by place, tap by tap; zeros beyond the edges, the tap k//2 on the place itself."""
    h, width, _ = x.shape
    kh, kw = w.shape[:2]
    out = np.zeros((h, width, w.shape[3]))
    for i in range(h):
        for j in range(width):
            for a in range(kh):
                for e in range(kw):
                    row, column = i + a - kh // 2, j + e - kw // 2
                    if 0 <= row < h and 0 <= column < width:
                        out[i, j] += x[row, column] @ w[a, e]
            if b is not None:
                out[i, j] += b
    return out


def example_picture():
    """A disk of red and green, a blue dot, dark noise."""
    out = np.zeros((8, 8, 3))
    for i in range(8):
        for j in range(8):
            for c in range(3):
                out[i, j, c] = (5 * i + 3 * j + 7 * c) % 11 / 100
                if (i - 3) ** 2 + (j - 4) ** 2 <= 5:
                    out[i, j, c] += 0.8 if c < 2 else 0
                elif (i, j, c) == (6, 1, 2):
                    out[i, j, c] += 0.8
    return out


def put(case, path, array):
    """A step; of a long one 80 places are stored."""
    array = np.asarray(array)
    at = None
    if array.size > 300:
        at = sorted(int(i) for i in np.random.default_rng(array.size).choice(array.size, 80, replace=False))
    return case.value(path, array, at=at)


def channel(case, x, k):
    c = x.shape[2]
    pooled = put(case, "channel.pooled", x.mean(axis=(0, 1)))
    hidden = put(case, "channel.hidden", r.relu(pooled @ case.parameter("channel.w_1", (c, k))))
    s = put(case, "channel.weights", r.sigmoid(hidden @ case.parameter("channel.w_2", (k, c))))
    return put(case, "channel.output", np.einsum("ijc,c->ijc", x, s))


def spatial(case, x):
    """x (h,w,c), or (t,h,w,c) frame by frame."""
    w = case.parameter("spatial.w", (7, 7, 2, 1))
    frames = x if x.ndim == 4 else x[None]
    pooled = np.stack([frames.mean(axis=3), frames.max(axis=3)], axis=3)
    s = r.sigmoid(np.stack([convolve_2d(p, w)[:, :, 0] for p in pooled]))
    output = np.einsum("tijc,tij->tijc", frames, s)
    if x.ndim == 3:
        pooled, s, output = pooled[0], s[0], output[0]
    put(case, "spatial.pooled", pooled)
    put(case, "spatial.weights", s)
    return put(case, "spatial.output", output)


def temporal(case, x):
    pooled = put(case, "temporal.pooled", x.mean(axis=(1, 2)))
    scores = put(case, "temporal.scores", (pooled @ case.parameter("temporal.w", (x.shape[3], 1)))[:, 0])
    a = put(case, "temporal.weights", r.softmax(scores[None])[0])
    return put(case, "temporal.output", np.stack([a[t] * x[t] for t in range(len(x))]))


def branch(case, x, k):
    c = x.shape[2]
    u = [put(case, f"branch.kernel_{n}", r.relu(convolve_2d(x, case.parameter(f"branch.w_{n}", (n, n, c, c), 0.25)))) for n in (3, 5)]
    pooled = put(case, "branch.pooled", (u[0] + u[1]).mean(axis=(0, 1)))
    z = put(case, "branch.z", r.relu(pooled @ case.parameter("branch.w_z", (c, k))))
    scores = put(case, "branch.scores", (z @ case.parameter("branch.w_a", (k, 2 * c))).reshape(2, c))
    a = put(case, "branch.weights", r.softmax(scores.T).T)
    return put(case, "branch.output", a[0] * u[0] + a[1] * u[1])


def self_attention(case, x, k, gamma, bright):
    h, w, c = x.shape
    places = x.reshape(h * w, c)
    f = put(case, "self.f", r.product(places, case.parameter("self.w_f", (c, k))))
    g = put(case, "self.g", r.product(places, case.parameter("self.w_g", (c, k))))
    values = put(case, "self.h", r.product(places, case.parameter("self.w_h", (c, c))))
    scores = put(case, "self.scores", r.product(g, f.T))
    a = put(case, "self.weights", r.softmax(scores))
    context = put(case, "self.context", r.product(a, values))
    case.parameters["self.gamma"] = case.add("self.gamma", "parameter", np.array(float(gamma)))
    put(case, "self.map", a[np.argmax(bright.mean(axis=2))].reshape(h, w))
    return put(case, "self.output", gamma * context.reshape(h, w, c) + x)


def feature_map_cases():
    def steps(case, pixels, attend, c, k, gamma=1.0):
        w, b = case.parameter("features.w", (3, 3, pixels.shape[2], c)), case.parameter("features.b", (c,))
        if "temporal" in attend:
            frames = np.zeros((4,) + pixels.shape)
            for t in range(min(4, pixels.shape[1])):
                frames[t, :, t:] = pixels[:, : pixels.shape[1] - t]
            case.input("frames", frames)
            y = np.stack([r.relu(convolve_2d(frame, w, b)) for frame in frames])
        else:
            y = r.relu(convolve_2d(pixels, w, b))
        put(case, "x", y)
        for kind in attend.split("+"):
            y = {"channel": lambda: channel(case, y, k), "spatial": lambda: spatial(case, y), "temporal": lambda: temporal(case, y),
                 "branch": lambda: branch(case, y, k), "self": lambda: self_attention(case, y, k, gamma, pixels)}[kind]()
        put(case, "output", y)
        case.save(f"{case.name}.safetensors")

    for attend in ("channel", "spatial", "temporal", "branch", "self", "channel+spatial", "spatial+channel", "spatial+temporal"):
        case = r.Case(f"feature-map-{attend.replace('+', '-')}", "feature-map", "--attend", attend, "--dim", 4)
        steps(case, case.input("pixels", example_picture()), attend, 4, 2)
        r.write_matrix("x-5x4.npy", r.numbers("x-5x4.npy", (5, 4)), "<f8", "F")
        case = r.Case(f"feature-map-{attend.replace('+', '-')}-5x4", "feature-map", "--attend", attend, "--dim", 3, "--input", "@/x-5x4.npy")
        if attend in ("channel", "branch", "self"):
            case.arguments += ["--reduction", "3"]
        k = 1  # 3 channels by 3, and by 2 rounded down
        steps(case, case.input("pixels", r.numbers("x-5x4.npy", (5, 4)))[:, :, None], attend, 3, k)
    case = r.Case("feature-map-gamma", "feature-map", "--attend", "self", "--dim", 4, "--gamma", 0, "--reduction", 4)
    steps(case, case.input("pixels", example_picture()), "self", 4, 1, 0.0)
    for attend in ("branch", "spatial+temporal"):
        case = r.Case(f"feature-map-one-{attend.replace('+', '-')}", "feature-map", "--attend", attend, "--dim", 2, "--input", "@/x-1x1.csv")
        r.write_matrix("x-1x1.csv", [[0.5]])
        steps(case, case.input("pixels", np.array([[0.5]]))[:, :, None], attend, 2, 1)


def graph_cases():
    def steps(case, x, pairs, width):
        """`pairs` (i, j): row i looks at node j."""
        n = len(x)
        w, a = case.parameter("w", (x.shape[1], width)), case.parameter("a", (2 * width,))
        sees = np.eye(n)
        for i, j in pairs:
            sees[i, j] = 1
        case.input("edges", sees - np.eye(n))
        mask = case.input("mask", np.where(sees == 1, 0, -math.inf))
        h = case.value("h", r.product(x, w))
        scores = np.zeros((n, n))
        for i in range(n):
            for j in range(n):
                s = np.dot(a, np.concatenate([h[i], h[j]]))
                scores[i, j] = s if s > 0 else 0.2 * s
        case.value("scores", scores)
        case.value("output", r.product(case.value("weights", r.softmax(scores, mask)), h))
        case.input("keep", sees)
        case.value("zero.weights", r.softmax(case.value("zero.scores", scores * sees)))
        q = case.value("dot.q", r.product(h, case.parameter("dot.w_q", (width, width))))
        k = case.value("dot.k", r.product(h, case.parameter("dot.w_k", (width, width))))
        s = case.value("dot.scores", r.product(q, k.T) / math.sqrt(width))
        case.value("dot.output", r.product(case.value("dot.weights", r.softmax(s, mask)), h))
        case.save(f"{case.name}.safetensors")

    def both(pairs):
        return pairs + [(j, i) for i, j in pairs]

    people = "anna ben cleo dan eva finn"
    case = r.Case("graph-friends", "graph", "--dim", 4)
    steps(case, r.given_x(case, people, 4), both([(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5)]), 4)
    case = r.Case("graph-directed", "graph", "--dim", 3, "--edges", "anna>ben, ben-cleo BEN-cleo dan-dan", "--node-dim", 2)
    steps(case, r.given_x(case, people, 3), [(0, 1), (1, 2), (2, 1)], 2)
    case = r.Case("graph-no-edges", "graph", "--dim", 2, "--edges", " ")
    steps(case, r.given_x(case, people, 2), [], 2)
    case = r.Case("graph-text", "graph", r.SENTENCE, "--dim", 3)
    steps(case, r.given_x(case, r.SENTENCE, 3), both([(i, i + 1) for i in range(5)]), 3)
    case = r.Case("graph-input", "graph", "--input", "@/x-5x4.npy", "--edges", "0-4 4-2")
    steps(case, r.given_x(case, matrix=r.numbers("x-5x4.npy", (5, 4))), both([(0, 4), (4, 2)]), 4)
    case = r.Case("graph-one", "graph", "--input", "@/x-1x4.npy")
    steps(case, r.given_x(case, matrix=r.numbers("x-1x4.npy", (1, 4))), [], 4)


def swish(x):
    return x * r.sigmoid(x)


def conformer_cases():
    def half_net(case, at, x):
        p = case.parameters
        hidden = case.value(at + "hidden", swish(blocks.linear(x, p[at + "w_1"], p[at + "b_1"])))
        return case.value(at + "output", blocks.linear(hidden, p[at + "w_2"], p[at + "b_2"])) / 2

    def convolution(case, at, x):
        p, d = case.parameters, x.shape[1]
        both = blocks.linear(x, p[at + "w_1"], p[at + "b_1"])
        gate = case.value(at + "gate", both[:, :d] * r.sigmoid(both[:, d:]))
        w, out = p[at + "w_depthwise"], np.zeros_like(gate)
        for t in range(len(x)):
            for c in range(d):
                out[t, c] = p[at + "b_depthwise"][c]
                for j in range(len(w)):
                    if 0 <= t + j - len(w) // 2 < len(x):
                        out[t, c] += w[j, c] * gate[t + j - len(w) // 2, c]
        case.value(at + "depthwise", out)
        normed = case.value(at + "norm", r.layer_norm(out, p[at + "norm.gain"], p[at + "norm.bias"]))
        return case.value(at + "output", blocks.linear(swish(normed), p[at + "w_2"], p[at + "b_2"]))

    def parameters(case, at, d, ff, kernel):
        for name in ("norm1", "norm2", "norm3", "norm4", "norm", "conv.norm"):
            blocks.norm_parameters(case, f"{at}{name}.", d)
        for net in ("ffn1", "ffn2"):
            for path, shape in {"w_1": (d, ff), "b_1": (ff,), "w_2": (ff, d), "b_2": (d,)}.items():
                case.parameter(f"{at}{net}.{path}", shape)
        for i in "qkvo":
            case.parameter(f"{at}attention.w_{i}", (d, d))
            case.parameter(f"{at}attention.b_{i}", (d,))
        for path, shape in {"w_1": (d, 2 * d), "b_1": (2 * d,), "w_depthwise": (kernel, d), "b_depthwise": (d,), "w_2": (d, d), "b_2": (d,)}.items():
            case.parameter(f"{at}conv.{path}", shape)

    def steps(case, x, layers=2, heads=2, ff=None, kernel=3):
        d, h = x.shape[1], x
        for l in range(layers):
            at = f"layer.{l}."
            parameters(case, at, d, ff or 4 * d, kernel)
            normed = lambda i, t: blocks.norm(case.value, f"{at}norm{i}.", t, case.parameters)
            h = case.value(at + "residual1", h + half_net(case, at + "ffn1.", normed(1, h)))
            read = normed(2, h)
            h = case.value(at + "residual2", h + blocks.attention(case.value, at + "attention.", read, read, case.parameters, heads))
            h = case.value(at + "residual3", h + convolution(case, at + "conv.", normed(3, h)))
            h = case.value(at + "residual4", h + half_net(case, at + "ffn2.", normed(4, h)))
            h = case.value(at + "output", normed("", h))
        case.value("output", h)
        case.save(f"{case.name}.safetensors")

    x = r.numbers("x-5x4.npy", (5, 4))
    for name, arguments, options in [("two", [], {}), ("wide", ["--layers", 1, "--heads", 4, "--ff", 3, "--kernel", 15], dict(layers=1, heads=4, ff=3, kernel=15)),
                                     ("kernel-2", ["--layers", 1, "--kernel", 2], dict(layers=1, kernel=2))]:
        case = r.Case(f"conformer-{name}", "encoder", "--block", "conformer", "--input", "@/x-5x4.npy", *arguments)
        steps(case, r.given_x(case, matrix=x), **options)
    case = r.Case("conformer-text", "encoder", r.SENTENCE, "--block", "conformer", "--dim", 4, "--layers", 1)
    steps(case, r.given_x(case, r.SENTENCE, 4, "sinusoidal"), layers=1)
    case = r.Case("conformer-one", "encoder", "--block", "conformer", "--input", "@/x-1x4.npy", "--layers", 1, "--kernel", 1)
    steps(case, r.given_x(case, matrix=r.numbers("x-1x4.npy", (1, 4))), layers=1, kernel=1)


def make(reference):
    global r
    r = reference
    for cases in (feature_map_cases, graph_cases, conformer_cases):
        cases()
