"""The cases of norm, ffn, encoder, decoder and transformer, for make_reference.py: blocks of the Transformer, part by part."""
import math

import numpy as np

r = None  # make_reference.py: its formulas and its Case


def linear(x, w, b):
    return r.product(x, w) + b


def gelu(x):
    return np.vectorize(lambda v: v * (1 + math.erf(v / math.sqrt(2))) / 2)(x)


def attention(put, at, x, memory, p, heads, mask=None, scaled=True):
    """Several heads; queries of x, keys and values of the memory."""
    q, k, v = linear(x, p[at + "w_q"], p[at + "b_q"]), linear(memory, p[at + "w_k"], p[at + "b_k"]), linear(memory, p[at + "w_v"], p[at + "b_v"])
    d = q.shape[1] // heads
    split = lambda t: np.stack([t[:, h * d : (h + 1) * d] for h in range(heads)])
    scores = np.einsum("hic,hjc->hij", split(q), split(k)) / (math.sqrt(d) if scaled else 1)
    weights = r.softmax(scores, mask)
    context = np.einsum("hij,hjc->hic", weights, split(v))
    concat = np.concatenate(list(context), axis=1)
    output = linear(concat, p[at + "w_o"], p[at + "b_o"])
    for path, array in dict(q=q, k=k, v=v, q_heads=split(q), k_heads=split(k), v_heads=split(v), scores=scores, weights=weights,
                            context=context, concat=concat, output=output).items():
        put(at + path, array)
    return output


def feed_forward(put, at, x, p, activation="relu"):
    hidden = linear(x, p[at + "w_1"], p[at + "b_1"])
    hidden = {"relu": r.relu, "gelu": gelu, "swish": lambda v: v * r.sigmoid(v)}[activation](hidden)
    put(at + "hidden", hidden)
    output = linear(hidden, p[at + "w_2"], p[at + "b_2"])
    put(at + "output", output)
    return output


def norm(put, at, x, p):
    output = r.layer_norm(x, p[at + "gain"], p[at + "bias"])
    put(at + "output", output)
    return output


class Options:
    def __init__(self, heads=2, pre=False, residual=True, norm=True, scaled=True):
        self.heads, self.pre, self.residual, self.norm, self.scaled = heads, pre, residual, norm, scaled


def part(put, at, i, x, p, o, f):
    """Part i of a block: norm(x + f(x)) or x + f(norm(x)), with norm and sum where they are not taken away."""
    normed = lambda t: norm(put, f"{at}norm{i}.", t, p) if o.norm else t
    y = f(normed(x) if o.pre else x)
    if o.residual:
        y = x + y
        put(f"{at}residual{i}", y)
    return y if o.pre else normed(y)


def encoder_block(put, at, x, p, o, mask=None, names=None):
    """`names`: whose parameters, if not its own (shared layers)."""
    p = {at + path[len(names or at):]: value for path, value in p.items() if path.startswith(names or at)}
    a = part(put, at, 1, x, p, o, lambda t: attention(put, at + "attention.", t, t, p, o.heads, mask, o.scaled))
    y = part(put, at, 2, a, p, o, lambda t: feed_forward(put, at + "ffn.", t, p))
    put(at + "output", y)
    return y


def decoder_block(put, at, x, memory, p, o):
    a = part(put, at, 1, x, p, o, lambda t: attention(put, at + "self.", t, t, p, o.heads, r.causal(len(x))))
    c = part(put, at, 2, a, p, o, lambda t: attention(put, at + "cross.", t, memory, p, o.heads))
    y = part(put, at, 3, c, p, o, lambda t: feed_forward(put, at + "ffn.", t, p))
    put(at + "output", y)
    return y


def nothing(path, array):
    pass


def block_parameters(case, at, d, ff, attentions, norms):
    for attention in attentions:
        for i in "qkvo":
            case.parameter(f"{at}{attention}.w_{i}", (d, d))
            case.parameter(f"{at}{attention}.b_{i}", (d,))
    for i in range(1, norms + 1):
        norm_parameters(case, f"{at}norm{i}.", d)
    for path, shape in {"w_1": (d, ff), "b_1": (ff,), "w_2": (ff, d), "b_2": (d,)}.items():
        case.parameter(f"{at}ffn.{path}", shape)


def norm_parameters(case, at, d):
    case.parameter(at + "gain", (d,))
    case.parameter(at + "bias", (d,))


def halting(put, x, p, block, most, threshold=0.99):
    """Adaptive computation time, one position after the other where it can be."""
    n = len(x)
    state, states, asked, total = x, [], [], np.zeros(n)
    stopped = np.zeros(n, dtype=bool)
    while len(states) < most and not stopped.all():
        fresh = block(state, len(states))
        if stopped.any():
            fresh = np.array([state[i] if stopped[i] else fresh[i] for i in range(n)])
            put(f"layer.{len(states)}.state", fresh)
        state = fresh
        now = r.sigmoid(linear(state, p["halting.w"], p["halting.b"]))[:, 0]
        states.append(state)
        asked.append(now)
        total = total + np.where(stopped, 0, now)
        stopped = stopped | (total >= threshold)
    p_of, steps = np.array(asked).T, len(states)
    weights, stop = np.zeros((n, steps)), np.zeros((n, steps))
    for i in range(n):
        s = 0
        while s < steps - 1 and math.fsum(p_of[i, : s + 1]) < threshold:
            weights[i, s] = p_of[i, s]
            s += 1
        weights[i, s], stop[i, s] = 1 - math.fsum(p_of[i, :s]), 1
    count = stop.argmax(axis=1) + 1.0
    remainder = np.array([weights[i, int(count[i]) - 1] for i in range(n)])
    for path, array in dict(probability=p_of, stop=stop, weights=weights, steps=count, remainder=remainder, ponder=count + remainder).items():
        put("halting." + path, array)
    return sum(weights[:, s : s + 1] * states[s] for s in range(steps))


def encoder_cases():
    def steps(case, x, name, layers=2, ff=None, mask=None, shared=False, halt=False, position=True, **options):
        d = x.shape[1]
        o = Options(**options)
        for l in range(1 if shared else layers):
            block_parameters(case, f"layer.{l}.", d, ff or 4 * d, ["attention"], 2)
        if o.pre:
            norm_parameters(case, "final_norm.", d)
        if halt:
            case.parameter("halting.w", (d, 1))
            case.parameter("halting.b", (1,))
        p = dict(case.parameters)

        def forward(put, h, o):
            block = lambda h, l: encoder_block(put, f"layer.{l}.", h, p, o, mask, "layer.0." if shared else None)
            if halt:
                h = halting(put, h, p, block, layers)
            else:
                for l in range(layers):
                    h = block(h, l)
            if o.pre and o.norm:
                h = norm(put, "final_norm.", h, p)
            put("output", h)
            return h

        forward(case.value, x, o)
        if mask is not None:
            for l in range(layers):
                case.input(f"layer.{l}.attention.mask", mask)
        if not (o.residual and o.norm and o.scaled and position):
            placed = x if position else x + r.sinusoidal(*x.shape)
            case.value("whole.output", forward(nothing, placed, Options(o.heads, o.pre)))
        case.save(f"{name}.safetensors")

    x = r.numbers("x-5x4.npy", (5, 4))
    for name, arguments, options in [
            ("post", [], {}), ("pre", ["--norm", "pre"], dict(pre=True)),
            ("one", ["--layers", 1, "--heads", 1, "--ff", 3], dict(layers=1, heads=1, ff=3)),
            ("causal", ["--mask", "causal", "--heads", 4], dict(mask=r.causal(5), heads=4)),
            ("padding", ["--mask", "padding:2", "--norm", "pre"], dict(mask=r.padding(5, 2), pre=True)),
            ("no-residual", ["--no-residual"], dict(residual=False)), ("no-norm", ["--no-norm"], dict(norm=False)),
            ("no-scale", ["--no-scale", "--layers", 1], dict(layers=1, scaled=False)),
            ("no-norm-pre", ["--norm", "pre", "--no-norm"], dict(pre=True, norm=False)),
            ("nothing", ["--no-norm", "--no-scale", "--no-residual"], dict(norm=False, scaled=False, residual=False)),
            ("shared", ["--share-layers", "--layers", 3], dict(layers=3, shared=True)),
            ("halt", ["--share-layers", "--halt"], dict(layers=8, shared=True, halt=True)),
            ("halt-two", ["--share-layers", "--halt", "--layers", 2, "--norm", "pre"], dict(layers=2, shared=True, halt=True, pre=True)),
            ("halt-no-scale", ["--share-layers", "--halt", "--no-scale", "--layers", 2], dict(layers=2, shared=True, halt=True, scaled=False))]:
        case = r.Case(f"encoder-{name}", "encoder", "--input", "@/x-5x4.npy", *arguments)
        steps(case, r.given_x(case, matrix=x), f"encoder-{name}", **options)
    case = r.Case("encoder-one-token", "encoder", "--input", "@/x-1x4.npy", "--layers", 1)
    steps(case, r.given_x(case, matrix=r.numbers("x-1x4.npy", (1, 4))), "encoder-one-token", layers=1)
    case = r.Case("encoder-position", "encoder", "--input", "@/x-5x4.npy", "--position", "sinusoidal", "--layers", 1)
    steps(case, r.given_x(case, matrix=x, position="sinusoidal"), "encoder-one-token", layers=1)
    case = r.Case("encoder-text", "encoder", r.SENTENCE, "--dim", 4, "--layers", 1)
    steps(case, r.given_x(case, r.SENTENCE, 4, "sinusoidal"), "encoder-text", layers=1)
    case = r.Case("encoder-no-position", "encoder", r.SENTENCE, "--dim", 4, "--layers", 1, "--no-position", "--no-norm")
    steps(case, r.given_x(case, r.SENTENCE, 4), "encoder-text", layers=1, position=False, norm=False)
    case = r.Case("encoder-learned", "encoder", "so be it", "--dim", 4, "--layers", 1, "--position", "learned")
    steps(case, r.given_x(case, "so be it", 4, "learned"), "encoder-learned", layers=1)


def decoder_cases():
    def given_words(case, words, at, d):
        known, ids = r.number(words)
        case.input(at + "ids", ids)
        table = case.parameter(at + "embedding", (len(known), d), 1.0)
        return np.array([table[i] for i in ids]) + r.sinusoidal(len(ids), d)

    def steps(case, x, memory, vocabulary, layers=1, ff=None, **options):
        d = x.shape[1]
        o = Options(**options)
        for l in range(layers):
            block_parameters(case, f"layer.{l}.", d, ff or 4 * d, ["self", "cross"], 3)
        if o.pre:
            norm_parameters(case, "final_norm.", d)
        w, b = case.parameter("logits.w", (d, vocabulary)), case.parameter("logits.b", (vocabulary,))
        h = x
        for l in range(layers):
            case.input(f"layer.{l}.self.mask", r.causal(len(x)))
            h = decoder_block(case.value, f"layer.{l}.", h, memory, case.parameters, o)
        if o.pre:
            h = norm(case.value, "final_norm.", h, case.parameters)
        case.value("output", h)
        case.value("probabilities", r.softmax(case.value("logits", linear(h, w, b))))
        case.save(f"{case.name}.safetensors")

    def source(case, text, d, layers=1, ff=None, **options):
        o = Options(**options)
        x = case.value("source.x", given_words(case, r.words(text), "source.", d))
        for l in range(layers):
            block_parameters(case, f"encoder.layer.{l}.", d, ff or 4 * d, ["attention"], 2)
        if o.pre:
            norm_parameters(case, "encoder.final_norm.", d)
        h = x
        for l in range(layers):
            h = encoder_block(nothing, f"encoder.layer.{l}.", h, case.parameters, o)
        if o.pre:
            h = norm(nothing, "encoder.final_norm.", h, case.parameters)
        return case.value("memory", h)

    def target(case, words, d):
        """The table has a row for <end>, which is never read."""
        known, ids = r.number(words + ["<end>"])
        case.input("ids", ids[:-1])
        table = case.parameter("embedding", (len(known), d), 1.0)
        return case.value("x", np.array([table[i] for i in ids[:-1]]) + r.sinusoidal(len(words), d)), len(known)

    for name, arguments, options in [("text", [], {}), ("text-pre", ["--norm", "pre", "--layers", 2, "--ff", 3], dict(pre=True, layers=2, ff=3))]:
        case = r.Case(f"decoder-{name}", "decoder", "so be it", "--dim", 4, *arguments)
        memory = source(case, "so be it", 4, **options)
        x, v = target(case, ["<start>", "das", "tier", "war"], 4)
        steps(case, x, memory, v, **options)
    case = r.Case("decoder-target", "decoder", "to be or not to be", "--dim", 4, "--target", "<start>  So  so <end>")
    memory = source(case, "to be or not to be", 4)
    x, v = target(case, ["<start>", "so", "so", "<end>"], 4)
    steps(case, x, memory, v)
    r.write_matrix("memory-3x4.csv", r.numbers("memory", (3, 4)))
    case = r.Case("decoder-memory", "decoder", "--dim", 4, "--target", "<start>", "--memory", "@/memory-3x4.csv", "--heads", 1)
    x, v = target(case, ["<start>"], 4)
    steps(case, x, case.input("memory", r.numbers("memory", (3, 4))), v, heads=1)
    for name, arguments, options, v in [("input", [], {}, 8), ("input-pre", ["--norm", "pre", "--layers", 2, "--heads", 4, "--vocab", 3],
                                                               dict(pre=True, layers=2, heads=4), 3)]:
        case = r.Case(f"decoder-{name}", "decoder", "--input", "@/x-5x4.npy", "--memory", "@/memory-3x4.csv", *arguments)
        x = case.input("x", r.numbers("x-5x4.npy", (5, 4)))
        steps(case, x, case.input("memory", r.numbers("memory", (3, 4))), v, **options)
    case = r.Case("decoder-input-text", "decoder", "so be it", "--input", "@/x-1x4.npy")
    memory = source(case, "so be it", 4)
    steps(case, case.input("x", r.numbers("x-1x4.npy", (1, 4))), memory, 8)


def transformer_cases():
    def steps(case, source, target, d, layers=1, ff=None, tied=False, modes=False, **options):
        o, words = Options(**options), [r.number(source), r.number(target)]
        table = [case.parameter(f"{side}_embedding", (len(known), d)) for side, (known, _) in zip(("source", "target"), words)]
        position = case.parameter("position_table", (64, d), 1.0)
        if not tied:
            w = case.parameter("output.w", (d, len(words[1][0])))
        b = case.parameter("output.b", (len(words[1][0]),))
        for l in range(layers):
            block_parameters(case, f"encoder.layer.{l}.", d, ff or 4 * d, ["attention"], 2)
            block_parameters(case, f"decoder.layer.{l}.", d, ff or 4 * d, ["self", "cross"], 3)
        for stack in ("encoder", "decoder") if o.pre else ():
            norm_parameters(case, f"{stack}.final_norm.", d)
        h = []
        for side, (_, ids), rows, stack in zip(("source", "target"), words, table, ("encoder", "decoder")):
            case.input(f"{side}_ids", ids)
            x = np.array([rows[i] for i in ids]) * math.sqrt(d) + position[: len(ids)]
            h.append(case.value(f"{stack}.x", x))
        memory, y = h
        for l in range(layers):
            memory = encoder_block(case.value, f"encoder.layer.{l}.", memory, case.parameters, o)
        if o.pre:
            memory = norm(case.value, "encoder.final_norm.", memory, case.parameters)
        case.value("encoder.output", memory)
        for l in range(layers):
            case.input(f"decoder.layer.{l}.self.mask", r.causal(len(target)))
            y = decoder_block(case.value, f"decoder.layer.{l}.", y, memory, case.parameters, o)
        if o.pre:
            y = norm(case.value, "decoder.final_norm.", y, case.parameters)
        logits = case.value("logits", r.product(y, table[1].T if tied else w) + b)
        case.value("probabilities", r.softmax(logits))
        if modes:
            case.value("stepwise.logits", logits)
        case.save(f"{case.name}.safetensors")

    german = ["<start>", "das", "tier", "war"]
    case = r.Case("transformer-text", "transformer", "so be it", "--dim", 4, "--compare-modes")
    steps(case, r.words("so be it"), german, 4, modes=True)
    case = r.Case("transformer-pre", "transformer", "to be or not to be", "--dim", 4, "--norm", "pre", "--layers", 2, "--ff", 3, "--heads", 4)
    steps(case, r.words("to be or not to be"), german, 4, layers=2, ff=3, pre=True, heads=4)
    case = r.Case("transformer-tied", "transformer", "so be it", "--dim", 4, "--tied", "--target", "<start> so <end>", "--heads", 1, "--compare-modes")
    steps(case, r.words("so be it"), ["<start>", "so", "<end>"], 4, tied=True, heads=1, modes=True)


def norm_cases():
    def steps(case, x):
        d = x.shape[1]
        gain, bias = case.parameter("gain", (d,)), case.parameter("bias", (d,))
        for name, axis in (("layer_norm", 1), ("batch_norm", 0)):
            mean = case.value(f"{name}.mean", x.mean(axis=axis))
            variance = case.value(f"{name}.variance", ((x - np.expand_dims(mean, axis)) ** 2).mean(axis=axis))
            case.value(f"{name}.output", gain * (x - np.expand_dims(mean, axis)) / np.sqrt(np.expand_dims(variance, axis) + 1e-5) + bias)
        case.save(f"{case.name}.safetensors")

    case = r.Case("norm-text", "norm", r.SENTENCE, "--dim", 4)
    steps(case, r.given_x(case, r.SENTENCE, 4))
    case = r.Case("norm-position", "norm", "so be it", "--dim", 3, "--position", "sinusoidal")
    steps(case, r.given_x(case, "so be it", 3, "sinusoidal"))
    for file, shape in (("x-5x4.npy", (5, 4)), ("x-2x3.csv", (2, 3))):
        case = r.Case(f"norm-{shape[0]}x{shape[1]}", "norm", "--input", f"@/{file}")
        steps(case, r.given_x(case, matrix=r.numbers(file, shape)))


def ffn_cases():
    def steps(case, x, ff, activation):
        d = x.shape[1]
        for path, shape in {"w_1": (d, ff), "b_1": (ff,), "w_2": (ff, d), "b_2": (d,)}.items():
            case.parameter(path, shape)
        feed_forward(case.value, "", x, case.parameters, activation)
        case.save(f"{case.name}.safetensors")

    x = r.numbers("x-5x4.npy", (5, 4))
    for activation in ("relu", "gelu", "swish"):
        case = r.Case(f"ffn-{activation}", "ffn", "--input", "@/x-5x4.npy", "--activation", activation, "--ff", 7)
        steps(case, r.given_x(case, matrix=x), 7, activation)
    case = r.Case("ffn-text", "ffn", r.SENTENCE, "--dim", 3)
    steps(case, r.given_x(case, r.SENTENCE, 3), 12, "relu")
    case = r.Case("ffn-one", "ffn", "--input", "@/x-1x4.npy", "--activation", "gelu")
    steps(case, r.given_x(case, matrix=r.numbers("x-1x4.npy", (1, 4))), 16, "gelu")


def make(reference):
    global r
    r = reference
    for cases in (norm_cases, ffn_cases, encoder_cases, decoder_cases, transformer_cases):
        cases()
