#!/usr/bin/python3
"""Forward passes of BERT-base in attn, PyTorch and ONNX Runtime, by turns in one run; and attn's memory.

    npm install --ignore-scripts --prefix FOLDER onnxruntime-node
    bench/compare_bert.py --attn build/release/attn --onnxruntime FOLDER [--rounds 5] [--repeat 7] [--json]

All compute the same (Devlin et al. 2019, section 3): from the ids of one text to the pooled [CLS], in
float32, with random weights. PyTorch is taken in its fastest form: plain modules, the fast path of
nn.TransformerEncoder, linear layers in oneDNN, or traced and optimized for inference; forms that are
far behind in the first round are left out of the others. ONNX Runtime has the model that PyTorch
exports, with fixed shapes and all its optimizations.

The sides run by turns (A B C, B C A, ...), each a process of its own, so that a busy machine slows all
of them. A ratio is attn over the faster of the others: of the fastest pass of all rounds, and of the
median over the rounds of each round's median.

Before that the three are checked to give the same numbers: attn from a checkpoint written by PyTorch.
Its peak memory is divided by the bytes of the weights.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from peers import find_attn, last_json, torch_environment

HERE = pathlib.Path(__file__).resolve().parent
VOCABULARY, CHECKPOINT_PARAMETERS = 30522, 110_106_428
LARGEST_MEMORY = 1.15
NEAR = 1.15  # forms of PyTorch that are this close to its best stay in the comparison


class Sides:
    """How each side is run: a process that gives {"median_ms": ..., "min_ms": ...}."""

    def __init__(self, given, folder):
        self.given, self.folder = given, folder
        self.environment = torch_environment()
        self.forms, self.uses = {}, {}

    def attn(self, n, threads):
        return last_json([self.given.attn, "bench", "forward", "--model", "bert-base", "--batch", "1", "--length", str(n),
                          "--threads", str(threads), "--repeat", str(self.given.repeat), "--json"])

    def bert_model(self, asked, request):
        return last_json([self.given.python, str(HERE / "bert_model.py"), asked, json.dumps(request)], self.environment)

    def pytorch(self, n, threads):
        forms = self.forms.get((n, threads), ["modules", "fast path", "oneDNN", "optimized"])
        found = self.bert_model("time", {"threads": threads, "repeat": self.given.repeat, "ids": ids(n), "forms": forms})
        times = found["forms"]
        best = min(times, key=lambda form: times[form]["min_ms"])
        if (n, threads) not in self.forms:
            self.forms[n, threads] = [form for form in times if times[form]["min_ms"] <= NEAR * times[best]["min_ms"]]
        self.uses.update(pytorch=found["version"], blas=found["blas"])
        return {**times[best], "form": best, "all": {form: times[form]["min_ms"] for form in times}}

    def onnxruntime(self, n, threads):
        request = {"package": str(self.given.onnxruntime / "node_modules" / "onnxruntime-node"), "threads": threads,
                   "model": str(self.folder / f"bert-{n}.onnx"), "repeat": self.given.repeat, "ids": ids(n)}
        found = last_json([self.given.node, str(HERE / "bert_onnxruntime.cjs"), json.dumps(request)])
        self.uses.update(onnxruntime=found["version"])
        return found


def ids(n):
    return [i * 37 % VOCABULARY for i in range(n)]


def peak_memory(command):
    """Seconds and largest resident bytes of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)}\nended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, used.ru_maxrss * 1024


def measure_memory(sides, lengths):
    """Peak memory by the bytes of the weights: of the benchmark at each length, and of a command with a checkpoint."""
    attn, rows = sides.given.attn, []
    for n in lengths:
        command = [attn, "bench", "forward", "--model", "bert-base", "--length", str(n), "--repeat", "1", "--json"]
        weights = 4 * last_json(command)["parameters"]
        rows.append(("bench forward --model bert-base --length " + str(n), weights, *peak_memory(command)))
    command = [attn, "bert", "fill", "--checkpoint", str(sides.folder / "checkpoint"), "the [MASK] sat"]
    for _ in range(2):  # the second time the file is in the system's cache
        found = peak_memory(command)
    rows.append(('bert fill --checkpoint DIR "the [MASK] sat"', 4 * CHECKPOINT_PARAMETERS, *found))
    return [{"command": c, "weights_mb": w / 1e6, "seconds": s, "peak_mb": p / 1e6, "ratio": p / w} for c, w, s, p in rows]


def check_same(sides):
    """Largest difference between attn's hidden states and PyTorch's, from the same checkpoint."""
    export = sides.folder / "export"
    subprocess.run([sides.given.attn, "bert", "attend", "the sat the word7 word21 word9", "--checkpoint",
                    str(sides.folder / "checkpoint"), "--export", str(export), "--quiet"],
                   check=True, stdout=subprocess.DEVNULL)
    found = sides.bert_model("hidden", {"export": str(export)})
    if not found["difference"] <= 1e-4 * found["largest"]:
        sys.exit(f"attn and PyTorch differ by {found['difference']}: not the same model")
    return found["difference"]


def compare(sides, n, threads):
    """One case: rounds by turns; {"attn": {...}, ...} and the ratios."""
    turns = [("attn", sides.attn), ("pytorch", sides.pytorch), ("onnxruntime", sides.onnxruntime)]
    runs = {name: [] for name, _ in turns}
    for round_number in range(sides.given.rounds):
        first = round_number % len(turns)
        for name, run in turns[first:] + turns[:first]:
            runs[name].append(run(n, threads))
    a, b = runs["pytorch"][0]["pooled"], runs["onnxruntime"][0]["pooled"]
    if max(abs(x - y) for x, y in zip(a, b)) > 1e-4:
        sys.exit("PyTorch and ONNX Runtime differ: not the same model")
    best = {name: min(r["min_ms"] for r in runs[name]) for name in runs}
    median = {name: statistics.median(r["median_ms"] for r in runs[name]) for name in runs}
    ratio = lambda times: times["attn"] / min(times["pytorch"], times["onnxruntime"])
    forms = [r["form"] for r in runs["pytorch"]]
    return {"length": n, "threads": threads, "best_ms": best, "median_ms": median, "ratio_best": ratio(best),
            "ratio_median": ratio(median), "form": max(set(forms), key=forms.count), "forms_ms": runs["pytorch"][0]["all"]}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--attn", default=find_attn(), help="the program")
    options.add_argument("--python", default="/usr/bin/python3", help="a Python that has torch")
    options.add_argument("--node", default="node", help="Node.js")
    options.add_argument("--onnxruntime", required=True, type=pathlib.Path, help="the folder where onnxruntime-node is installed")
    options.add_argument("--folder", type=pathlib.Path, help="where the models are kept (1.4 GB); default: a temporary folder")
    options.add_argument("--rounds", type=int, default=5, help="runs of each side, by turns")
    options.add_argument("--repeat", type=int, default=7, help="timed passes in each run")
    options.add_argument("--threads", default="1,2", help="thread counts")
    options.add_argument("--lengths", default="128,512", help="tokens of the text")
    options.add_argument("--no-memory", action="store_true", help="leave out the memory")
    options.add_argument("--json", action="store_true", help="one JSON document")
    given = options.parse_args()
    given.onnxruntime = given.onnxruntime.resolve()
    lengths, threads = ([int(x) for x in text.split(",")] for text in (given.lengths, given.threads))
    folder = given.folder or pathlib.Path(tempfile.mkdtemp(prefix="compare-bert-"))
    say = (lambda *words: None) if given.json else (lambda *words: print(*words, flush=True))
    try:
        sides = Sides(given, folder)
        if not all((folder / f"bert-{n}.onnx").exists() for n in lengths):
            sides.bert_model("save", {"folder": str(folder), "lengths": lengths})
        difference = check_same(sides)
        say(f"largest difference of hidden states between attn and PyTorch: {difference:.2g}\n")
        memory = [] if given.no_memory else measure_memory(sides, lengths)
        for row in memory:
            say(f"{row['command']:<50} {row['peak_mb']:6.1f} MB / {row['weights_mb']:5.1f} MB = {row['ratio']:.3f} "
                f"({'met' if row['ratio'] <= LARGEST_MEMORY else 'missed'}), {row['seconds']:.2f} s")
        say(f"\nmilliseconds, best and median, {given.rounds} rounds of {given.repeat} passes\n")
        say(f"{'n':>4} {'threads':>7} {'attn':>15} {'PyTorch':>15} {'ONNX Runtime':>15} {'ratio':>11}")
        rows = []
        for n in lengths:
            for t in threads:
                r = compare(sides, n, t)
                rows.append(r)
                figures = " ".join(f"{r['best_ms'][name]:>7.0f} {r['median_ms'][name]:>7.0f}" for name in r["best_ms"])
                say(f"{n:>4} {t:>7} {figures} {r['ratio_best']:>5.2f} {r['ratio_median']:>5.2f}  PyTorch: {r['form']}")
        say(f"\nPyTorch {sides.uses['pytorch']} with {', '.join(sides.uses['blas'])}; ONNX Runtime {sides.uses['onnxruntime']}")
        if given.json:
            print(json.dumps({"format": 1, **sides.uses, "rounds": given.rounds, "repeat": given.repeat,
                              "difference": difference, "memory": memory, "results": rows}, indent=1))
    finally:
        if not given.folder:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
