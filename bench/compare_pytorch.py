#!/usr/bin/python3
"""Training steps of attn beside the same steps of PyTorch, by turns in one run.

    bench/compare_pytorch.py --attn build/release/attn [--rounds 5] [--only lstm] [--json]

Both do the same work (docs/contract.md, Measuring): zero gradients, embed, model, linear to V, mean
cross-entropy at every position, backward, Adam. Each is taken at its best of 1 and 2 threads, PyTorch
also at its best implementation of Adam. The two run by turns (A B A B ...), each run a process of its
own, so that a busy machine slows both; the figures are medians over the rounds of each run's median.

PyTorch gets every help that attn gives itself (torch_environment in peers.py).
"""
import argparse
import json
import os
import statistics
import sys

from peers import find_attn, last_json, torch_environment

MODELS = [
    # model, batch, length, width, layers, heads, ff, vocabulary, largest ratio attn / PyTorch
    ("transformer", 32, 32, 64, 2, 4, 256, 32, 0.5),
    ("lstm", 32, 32, 64, 1, 4, 256, 32, 0.5),
    ("gru", 32, 32, 64, 1, 4, 256, 32, 0.5),
    ("rnn", 32, 32, 64, 1, 4, 256, 32, 0.5),
    ("cnn", 32, 32, 64, 4, 4, 256, 32, 0.6),
    ("transformer", 32, 64, 128, 2, 4, 512, 64, 0.7),
    ("lstm", 32, 64, 128, 1, 4, 512, 64, 0.5),
    ("gru", 32, 64, 128, 1, 4, 512, 64, 0.5),
    ("rnn", 32, 64, 128, 1, 4, 512, 64, 0.5),
    ("cnn", 32, 64, 128, 4, 4, 512, 64, 0.7),
    ("encoder-decoder", 32, 16, 64, 2, 4, 256, 128, 0.5),
]
FIELDS = ("model", "batch", "length", "dim", "layers", "heads", "ff", "vocab", "target")


# --- the other side: run as `compare_pytorch.py --torch '{...}'` in a process of its own

def torch_model(torch, work):
    nn, d = torch.nn, work["dim"]

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Conv1d(d, d, 3, padding=1) for _ in range(work["layers"]))

        def forward(self, x):  # (B,n,d)
            h = x.transpose(1, 2)
            for layer in self.layers:
                h = h + torch.relu(layer(h))
            return h.transpose(1, 2)

    class First(nn.Module):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            return self.layer(x)[0]

    class EncoderDecoder(nn.Module):
        """Embeddings times sqrt(d) plus learned positions, nn.Transformer's two stacks, a linear layer."""

        def __init__(self):
            super().__init__()
            options = dict(dropout=0.0, activation="relu", batch_first=True)
            self.source, self.target = nn.Embedding(work["vocab"], d), nn.Embedding(work["vocab"], d)
            self.position = nn.Parameter(torch.randn(work["length"], d))
            self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(d, work["heads"], work["ff"], **options), work["layers"])
            self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(d, work["heads"], work["ff"], **options), work["layers"])
            self.output = nn.Linear(d, work["vocab"])
            self.register_buffer("mask", torch.full((work["length"], work["length"]), float("-inf")).triu(1))
            self.register_buffer("words", torch.randint(work["vocab"], (work["batch"], work["length"])))

        def forward(self, ids):
            memory = self.encoder(self.source(ids) * d**0.5 + self.position)
            return self.output(self.decoder(self.target(self.words) * d**0.5 + self.position, memory, tgt_mask=self.mask))

    kind = work["model"]
    if kind == "encoder-decoder":
        return EncoderDecoder()
    if kind == "transformer":
        layer = nn.TransformerEncoderLayer(d, work["heads"], work["ff"], dropout=0.0, activation="relu", batch_first=True)
        body = nn.TransformerEncoder(layer, work["layers"])
    elif kind == "cnn":
        body = Residual()
    else:
        body = First({"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[kind](d, d, batch_first=True))
    return nn.Sequential(nn.Embedding(work["vocab"], d), body, nn.Linear(d, work["vocab"]))


def torch_adams(torch, parameters):
    """Adam in every implementation that this PyTorch has for the processor."""
    adams = {}
    for name in ("foreach", "fused", "single"):
        copies = [p.detach().clone().requires_grad_() for p in parameters[:1]]
        options = {} if name == "single" else {name: True}
        if name == "single":
            options = {"foreach": False}
        try:
            trial = torch.optim.Adam(copies, **options)
            copies[0].grad = torch.zeros_like(copies[0])
            trial.step()
        except (RuntimeError, TypeError, ValueError):
            continue
        adams[name] = options
    return adams


def torch_side(work):
    import time

    import torch

    torch.set_num_threads(work["threads"])
    torch.manual_seed(1)
    model = torch_model(torch, work)
    ids = torch.randint(work["vocab"], (work["batch"], work["length"]))
    targets = torch.randint(work["vocab"], (work["batch"] * work["length"],))
    results = {}
    for name, options in torch_adams(torch, list(model.parameters())).items():
        adam = torch.optim.Adam(model.parameters(), **options)

        def step():
            adam.zero_grad(set_to_none=True)
            logits = model(ids)
            torch.nn.functional.cross_entropy(logits.reshape(-1, work["vocab"]), targets).backward()
            adam.step()

        for _ in range(3):
            step()
        times = []
        for _ in range(work["repeat"]):
            start = time.perf_counter()
            step()
            times.append(1e3 * (time.perf_counter() - start))
        results[name] = statistics.median(times)
    best = min(results, key=results.get)
    blas = sorted({line.split()[-1] for line in open("/proc/self/maps") if "blas" in line})
    print(json.dumps({"median_ms": results[best], "adam": best, "version": torch.__version__, "blas": blas,
                      "parameters": sum(p.numel() for p in model.parameters())}))


# --- this side

def run_attn(program, work, threads, repeat):
    command = [program, "bench", "train", "--model", work["model"], "--threads", str(threads), "--repeat", str(repeat), "--json"]
    for name in ("batch", "length", "dim", "layers", "heads", "ff", "vocab"):
        command += [f"--{name}", str(work[name])]
    return last_json(command)


def run_torch(python, work, threads, repeat, environment):
    request = json.dumps({**work, "threads": threads, "repeat": repeat})
    return last_json([python, os.path.abspath(__file__), "--torch", request], environment)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--attn", default=find_attn(), help="the program")
    options.add_argument("--python", default="/usr/bin/python3", help="a Python that has torch")
    options.add_argument("--rounds", type=int, default=5, help="runs of each side, by turns")
    options.add_argument("--repeat", type=int, default=20, help="timed steps in each run")
    options.add_argument("--threads", default="1,2", help="thread counts to take the best of")
    options.add_argument("--only", default="", help="models, as in lstm,gru")
    options.add_argument("--dim", type=int, default=0, help="only the rows of this width")
    options.add_argument("--json", action="store_true", help="one JSON document")
    options.add_argument("--torch", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.torch:
        return torch_side(json.loads(given.torch))

    environment = torch_environment()
    threads = [int(t) for t in given.threads.split(",")]
    rows, uses = [], None
    for entry in MODELS:
        work = dict(zip(FIELDS, entry))
        if (given.only and work["model"] not in given.only.split(",")) or (given.dim and work["dim"] != given.dim):
            continue
        ours, theirs, adams = {}, {}, {}
        for round_number in range(given.rounds):
            for t in threads:
                def one_attn():
                    ours.setdefault(t, []).append(run_attn(given.attn, work, t, given.repeat))

                def one_torch():
                    theirs.setdefault(t, []).append(run_torch(given.python, work, t, given.repeat, environment))

                for side in (one_attn, one_torch) if round_number % 2 == 0 else (one_torch, one_attn):
                    side()
        if theirs[threads[0]][0]["parameters"] != ours[threads[0]][0]["parameters"]:
            print(f"note: {work['model']} has {ours[threads[0]][0]['parameters']} parameters in attn, "
                  f"{theirs[threads[0]][0]['parameters']} in PyTorch", file=sys.stderr)
        if uses is None:
            first = theirs[threads[0]][0]
            uses = {"pytorch": first["version"], "blas": first["blas"], "coretype": environment.get("OPENBLAS_CORETYPE", "")}
        median = lambda runs: statistics.median(r["median_ms"] for r in runs)
        best_ours = min(threads, key=lambda t: median(ours[t]))
        best_theirs = min(threads, key=lambda t: median(theirs[t]))
        a, b = median(ours[best_ours]), median(theirs[best_theirs])
        rows.append({**work, "attn_ms": a, "attn_threads": best_ours, "torch_ms": b, "torch_threads": best_theirs,
                     "adam": theirs[best_theirs][-1]["adam"], "ratio": a / b, "met": a / b <= work["target"],
                     "attn_by_threads": {str(t): median(ours[t]) for t in threads},
                     "torch_by_threads": {str(t): median(theirs[t]) for t in threads}})
        if not given.json:
            if len(rows) == 1:
                print(f"PyTorch {uses['pytorch']}, OPENBLAS_CORETYPE={uses['coretype'] or '(not set)'}")
                print("with " + ", ".join(uses["blas"]))
                print(f"{given.rounds} rounds by turns of {given.repeat} steps; best of {given.threads} threads (in brackets)\n")
                print(f"{'model':<15} {'B':>3} {'n':>3} {'d':>4} {'L':>2} {'ff':>4} {'V':>3} {'attn ms':>12} {'torch ms':>12} "
                      f"{'ratio':>6} {'target':>6}")
            r = rows[-1]
            print(f"{r['model']:<15} {r['batch']:>3} {r['length']:>3} {r['dim']:>4} {r['layers']:>2} {r['ff']:>4} {r['vocab']:>3} "
                  f"{a:>8.2f} ({best_ours}) {b:>8.2f} ({best_theirs}) {r['ratio']:>6.2f} {r['target']:>6.1f} "
                  f"{'met' if r['met'] else 'missed'}", flush=True)
    if given.json:
        print(json.dumps({"format": 1, **(uses or {}), "rounds": given.rounds, "repeat": given.repeat, "results": rows}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
