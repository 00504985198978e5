#!/usr/bin/env python3
"""Writes torch/*.json: PyTorch's results and gradients for the layers and optimizers of attn.

Needs PyTorch. Everything is computed in float64 and written with ten digits. Weights are written in
attn's layout: rows are inputs, gates side by side (docs/contract.md). The gradients are those of
sum(seed * output), with respect to the input and to every parameter.
"""
import json
import pathlib

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent / "torch"


def numbers(tensor):
    return json.loads(json.dumps(tensor.detach().tolist()), parse_float=lambda x: float(f"{float(x):.10g}"))


def write(name, cases):
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (HERE / name).write_text("[\n" + lines + "\n]\n")


def case(name, x, output, named, **facts):
    """`named`: our name -> (torch's parameter, how it becomes ours)."""
    seed = torch.randn(output.shape)
    (seed * output).sum().backward()
    return {
        "name": name, **facts, "x": numbers(x), "seed": numbers(seed), "output": numbers(output), "x_grad": numbers(x.grad),
        "parameters": {ours: numbers(turn(p)) for ours, (p, turn) in named.items()},
        "gradients": {ours: numbers(turn(p.grad)) for ours, (p, turn) in named.items()},
    }


def same(p):
    return p


def transposed(p):
    return p.T


def recurrent():
    for kind, module in (("rnn", nn.RNN), ("lstm", nn.LSTM), ("gru", nn.GRU)):
        for both in (False, True):
            d, h = 3, 4
            layer = module(d, h, batch_first=True, bidirectional=both)
            for p in layer.parameters():
                nn.init.normal_(p, std=0.6)
            x = torch.randn(2, 5, d, requires_grad=True)
            named = {}
            for ours, theirs in [("", "")] if not both else [("forward.", ""), ("backward.", "_reverse")]:
                named[ours + "w_x"] = (getattr(layer, "weight_ih_l0" + theirs), transposed)
                named[ours + "w_h"] = (getattr(layer, "weight_hh_l0" + theirs), transposed)
                named[ours + "b_x"] = (getattr(layer, "bias_ih_l0" + theirs), same)
                named[ours + "b_h"] = (getattr(layer, "bias_hh_l0" + theirs), same)
            yield case(kind, x, layer(x)[0], named, bidirectional=both)


def recurrent_states():
    """From given states; the output is every hidden state and, below, the last states."""
    for kind, module in (("rnn", nn.RNN), ("lstm", nn.LSTM), ("gru", nn.GRU)):
        d, h = 3, 4
        layer = module(d, h, batch_first=True)
        for p in layer.parameters():
            nn.init.normal_(p, std=0.6)
        x = torch.randn(2, 5, d, requires_grad=True)
        states = [torch.randn(1, 2, h, requires_grad=True) for _ in range(2 if kind == "lstm" else 1)]
        y, last = layer(x, tuple(states) if kind == "lstm" else states[0])
        rows = [s.transpose(0, 1) for s in (last if kind == "lstm" else [last])]
        named = {"w_x": (layer.weight_ih_l0, transposed), "w_h": (layer.weight_hh_l0, transposed), "b_x": (layer.bias_ih_l0, same),
                 "b_h": (layer.bias_hh_l0, same)}
        named |= {name: (state, lambda s: s[0]) for name, state in zip(("h_0", "c_0"), states)}
        yield case(kind, x, torch.cat([y, *rows], 1), named)


def convolution():
    for kernel, dilation, causal in ((1, 1, False), (2, 1, False), (3, 1, False), (3, 2, False), (4, 2, False), (2, 3, True),
                                     (3, 2, True)):
        layer = nn.Conv1d(3, 2, kernel, dilation=dilation)
        x = torch.randn(2, 6, 3, requires_grad=True)
        own = kernel - 1 if causal else kernel // 2
        padded = nn.functional.pad(x.transpose(1, 2), (own * dilation, (kernel - 1 - own) * dilation))
        named = {"w": (layer.weight, lambda w: w.permute(2, 1, 0)), "b": (layer.bias, same)}
        yield case("convolution", x, layer(padded).transpose(1, 2), named, dilation=dilation, causal=causal)


def attention_names(layer, d, at):
    """Our names of a MultiheadAttention's parameters: torch keeps q, k and v one above the other."""
    named = {}
    for i, part in enumerate("qkv"):
        rows = slice(i * d, (i + 1) * d)
        named[f"{at}w_{part}"] = (layer.in_proj_weight, lambda w, r=rows: w[r].T)
        named[f"{at}b_{part}"] = (layer.in_proj_bias, lambda b, r=rows: b[r])
    return named | {at + "w_o": (layer.out_proj.weight, transposed), at + "b_o": (layer.out_proj.bias, same)}


def block_names(layer, norms):
    named = {
        "ffn.w_1": (layer.linear1.weight, transposed), "ffn.b_1": (layer.linear1.bias, same),
        "ffn.w_2": (layer.linear2.weight, transposed), "ffn.b_2": (layer.linear2.bias, same),
    }
    for i in range(1, norms + 1):
        part = getattr(layer, f"norm{i}")
        named |= {f"norm{i}.gain": (part.weight, same), f"norm{i}.bias": (part.bias, same)}
    return named


def drawn(layer):
    for p in layer.parameters():
        nn.init.normal_(p, std=0.6)
    return layer


def causal_mask(n):
    return torch.full((n, n), float("-inf")).triu(1)


def padding_mask(n, hidden):
    """True where a key is padding: the last hidden[b] keys of sentence b."""
    return torch.tensor([[j >= n - h for j in range(n)] for h in hidden])


def attention():
    """Several heads; queries of x, keys and values of x or of a memory; keys hidden in some sentences."""
    for heads, cross, causal, hidden in ((1, False, False, [0, 0]), (2, False, True, [0, 0]), (2, False, False, [0, 2]),
                                         (4, True, False, [0, 0]), (2, True, False, [1, 2])):
        d, n = 4, 5
        layer = drawn(nn.MultiheadAttention(d, heads, batch_first=True))
        x = torch.randn(2, n, d, requires_grad=True)
        memory = torch.randn(2, 3, d) if cross else x
        m = memory.shape[1]
        output, weights = layer(x, memory, memory, key_padding_mask=padding_mask(m, hidden) if any(hidden) else None,
                                attn_mask=causal_mask(n) if causal else None, average_attn_weights=False)
        yield case("attention", x, output, attention_names(layer, d, ""), heads=heads, causal=causal, hidden=hidden,
                   memory=numbers(memory) if cross else None, weights=numbers(weights))


def encoder():
    for heads, causal, hidden, pre, activation in (
            (1, False, [0, 0], False, "relu"), (2, False, [0, 0], False, "relu"), (2, True, [0, 0], False, "relu"),
            (2, False, [0, 0], True, "relu"), (4, True, [0, 0], True, "gelu"), (2, False, [1, 3], False, "gelu"),
            (2, True, [0, 2], True, "relu")):
        d, ff, n = 4, 6, 5
        layer = drawn(nn.TransformerEncoderLayer(d, heads, ff, dropout=0, activation=activation, batch_first=True, norm_first=pre))
        x = torch.randn(2, n, d, requires_grad=True)
        output = layer(x, causal_mask(n) if causal else None, padding_mask(n, hidden) if any(hidden) else None)
        named = attention_names(layer.self_attn, d, "attention.") | block_names(layer, 2)
        yield case("encoder", x, output, named, heads=heads, causal=causal, hidden=hidden, pre=pre, activation=activation)


def decoder():
    """The gradient of the memory is compared too: it is what an encoder learns from."""
    for heads, hidden, pre in ((1, [0, 0], False), (2, [0, 0], False), (2, [0, 0], True), (4, [2, 0], False), (2, [1, 3], True)):
        d, ff, n, m = 4, 6, 3, 5
        layer = drawn(nn.TransformerDecoderLayer(d, heads, ff, dropout=0, activation="relu", batch_first=True, norm_first=pre))
        x, memory = torch.randn(2, n, d, requires_grad=True), torch.randn(2, m, d, requires_grad=True)
        output = layer(x, memory, causal_mask(n), memory_key_padding_mask=padding_mask(m, hidden) if any(hidden) else None)
        named = (attention_names(layer.self_attn, d, "self.") | attention_names(layer.multihead_attn, d, "cross.") | block_names(layer, 3)
                 | {"memory": (memory, same)})
        yield case("decoder", x, output, named, heads=heads, hidden=hidden, pre=pre)


def loss():
    for smoothing in (0.0, 0.1):
        x = (3 * torch.randn(2, 4, 7)).requires_grad_()
        targets = torch.tensor([[0, 6, -1, 3], [2, -1, 2, 5]])
        value = nn.functional.cross_entropy(x.reshape(-1, 7), targets.reshape(-1), ignore_index=-1, label_smoothing=smoothing)
        yield case("cross_entropy", x, value.reshape(1), {}, targets=targets.tolist(), smoothing=smoothing)


def optimizer():
    """p follows the gradient of sum(curvature * (p - target)^2) / 2."""
    makers = {
        "adam": lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.9, 0.98)),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.05, betas=(0.9, 0.98), weight_decay=0.1),
        "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    }
    for kind, make in makers.items():
        for clip in (0.0, 1.0):
            p = torch.randn(19, requires_grad=True)
            curvature, target, start = torch.rand(19) + 0.2, torch.randn(19), numbers(p)
            steps, path = make([p]), {}
            for step in range(1, 41):
                steps.zero_grad()
                ((p - target) ** 2 * curvature).sum().div(2).backward()
                if clip:
                    nn.utils.clip_grad_norm_([p], clip)
                steps.step()
                if step in (1, 2, 5, 10, 20, 40):
                    path[str(step)] = numbers(p)
            yield {"name": kind, "clip": clip, "rate": 0.05, "beta2": 0.98, "weight_decay": 0.1, "momentum": 0.9,
                   "curvature": numbers(curvature), "target": numbers(target), "start": start, "path": path}


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for make in (recurrent, recurrent_states, convolution, attention, encoder, decoder, loss, optimizer):
        torch.manual_seed(1)
        write(make.__name__ + ".json", list(make()))
