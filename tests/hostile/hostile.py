"""Runs attn with random command lines and damaged files, and looks at how it ends.

    python3 tests/hostile/hostile.py PROGRAM [RUNS [SEED [FIRST]]]

The commands, options, ranges and choices are those that the program's own help names. Every run has
a folder of its own, in which all files of its command line lie; as root it runs as nobody. What must
not happen: a signal, an exit code that the contract does not know, a run without end, a file that was
only to be read and is not what it was. The same seed tries the same runs; run number FIRST comes first."""

import concurrent.futures
import copy
import hashlib
import os
import pathlib
import random
import re
import resource
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

CODES = {0, 1, 2, 3, 4, 5, 130}
PATIENCE = 20  # seconds; then Ctrl-C, which must end it within AFTER seconds
AFTER = 10
NOBODY = 65534
CORPUS = pathlib.Path(__file__).parent.parent / "corpus"
ENDINGS = {"csv": ".csv", "npy": ".npy", "json": ".json", "safetensors": ".safetensors", "vocab": ".txt",
           "lesson": ".md", "picture": ".png", "sound": ".wav", "molecule": ".mol"}
# Their value names what is written; of a training, --checkpoint too.
WRITES = {"--out", "--export", "--save", "--save-weights", "--save-model", "--gradescope", "--cache"}
LEARNS = {"train", "compare", "bench", "bert pretrain", "bert finetune"}
SHORT = {"--steps": "2", "--seeds": "1", "--examples": "2", "--repeat": "2"}

TEXTS = ["", " ", "a", "the animal was tired", "I saw a saw", "1 2 3; 4 5 6", "1,2\n3,4", "nan inf -inf", "1e300 -1e300",
         "16777217 16777216", "0.1", "-", "--", "a\u202eb", "e\u0301\u0301\u0301", "\U0001f469\u200d\U0001f4bb", "注意力",
         "\x1b[31mred\x07", "<script>alert(1)</script>", "[MASK] [CLS] [SEP]", "a [MASK] b", "=1+1", "%s%n", "'\"`$(x)",
         "didn't", "x" * 3000, "word " * 300, "\ufeff", "\t\n\v", "weights[0,0]", "scores[1,", "q*", "*", "???", "[", "a,b",
         "reverse", "recall", "translate", "stories", "softmax", "01", "00", "attention", "en", "bash", "lab", "alice"]
NUMBERS = ["0", "1", "2", "-1", "3", "4", "7", "8", "16", "0.5", "-0", "+1", "1e3", "1e-300", "1e400", "nan", "inf", "0x10",
           "007", " 1", "1 ", "1,2", "1;2", ",", "1,,2", "2147483648", "9223372036854775807", "9223372036854775808",
           "-9223372036854775809", "99999999999999999999", "١", "１", "", "one", "1_000", "1.5.2"]


class Option:
    """One option or positional argument, as help describes it."""

    def __init__(self, head, text):
        self.name, _, self.value = head.partition(" ")
        self.text = text
        ends = re.search(r"(-?[\d.e+-]+) to (-?[\d.e+-]+)", text)
        self.ends = ends.groups() if ends else None
        self.choices = []
        if self.value == "WORD" or ":FILE" in text:
            listed = re.sub(r" \(default .*\)$", "", text).rpartition(": ")[2]
            self.choices = [word.strip() for word in listed.split(",")]


class Table:
    """All commands with their options, read from the program itself."""

    def __init__(self, program):
        lines = subprocess.run([program, "man"], capture_output=True, text=True, check=True).stdout
        names = re.findall(r'^\.SS ([a-z0-9 ]+)$', lines, re.M)
        self.commands = {}
        for name in dict.fromkeys(names):
            text = subprocess.run([program, *name.split(), "--help"], capture_output=True, text=True, check=True).stdout
            self.commands[name] = self.options(text)

    def without(self, name):
        other = copy.copy(self)
        other.commands = {key: options for key, options in self.commands.items() if key != name}
        return other

    @staticmethod
    def options(text):
        found = []
        for line in text.split("\nOptions of", 1)[-1].splitlines():
            if re.match(r"  \S", line):
                head, _, rest = line.strip().partition("  ")
                if not rest and len(head) > 22:  # the help stands behind one blank
                    parts = head.split(" ")
                    head, rest = " ".join(parts[:2]), " ".join(parts[2:])
                found.append([head, rest.strip()])
            elif line.startswith(" " * 25) and found:
                found[-1][1] += " " + line.strip()
        return [Option(*one) for one in found]


def npy(rng):
    rows, columns = rng.choice([0, 1, 2, 3, 5]), rng.choice([0, 1, 2, 4, 8])
    kind, code = rng.choice([("<f4", "f"), ("<f8", "d"), (">f8", "d"), ("<i8", "q"), ("<f2", "e")])
    numbers = [rng.choice([0, 1, -1, 0.5, 3, 7]) if code != "q" else rng.randrange(9) for _ in range(rows * columns)]
    if numbers and code in "fd" and rng.random() < 0.3:
        numbers[0] = rng.choice([float("nan"), float("inf"), 1e38, -1e38, 1e-40] + ([1e300] if code == "d" else []))
    head = "{'descr': '%s', 'fortran_order': %s, 'shape': (%d, %d), }" % (kind, rng.choice(["False", "True"]), rows, columns)
    head += " " * (53 - len(head) % 64) + "\n" if len(head) % 64 < 53 else "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + struct.pack(
        ("<" if kind[0] == "<" else ">") + str(len(numbers)) + code, *numbers)


def csv(rng):
    columns = rng.choice([1, 2, 3, 8])
    words = ["0", "1", "-1", "0.5", "2", "nan", "inf", "1e30", "-3e38", "1e-45", "1e300", ""]
    weights = [9, 9, 9, 9, 9, 1, 1, 1, 1, 1, 1, 1]
    return "".join(",".join(rng.choices(words, weights, k=columns)) + "\n" for _ in range(rng.choice([1, 2, 3, 8]))).encode()


def damaged(rng, data):
    """The bytes, changed in a way that happens, or that somebody would try."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(len(data) + 1)
        how = rng.randrange(7)
        if how == 0 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif how == 1:
            del data[at:]
        elif how == 2:
            del data[at:at + rng.randrange(1, 20)]
        elif how == 3:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 9)))
        elif how == 4:
            data[at:at] = data[at // 2:at]
        elif how == 5:
            digits = [i for i, byte in enumerate(data[:4000]) if 48 <= byte < 58]
            if digits:
                i = rng.choice(digits)
                data[i:i + 1] = rng.choice([b"-1", b"0", b"99999999999999999999", b"4294967296", b"1e999", b"7"])
        else:
            data[at:at + 1] = rng.choice([b"\0", b"\n\n", b"\xff\xfe", b"\r", b'"', b"[", b"{", b"]" * 200, b"```\n", b"%"])
    return bytes(data)


class Seeds:
    """Good files of every kind, made once: the corpus, and what the program itself writes."""

    def __init__(self, program, folder, start):
        self.files = {kind: [path.read_bytes() for path in sorted((CORPUS / kind).iterdir())] for kind in ENDINGS}
        small = ["--dim", "4", "--heads", "1", "--layers", "1", "--steps", "1"]
        for line in (["attend", "a b", "--save-weights", "weights.safetensors"],
                     ["train", "translate", *small, "--save-model", "model.safetensors"],
                     ["train", "reverse", "--length", "2", *small, "--checkpoint", "checkpoint.safetensors"],
                     ["bert", "pretrain", *small, "--save", "bert"],
                     ["homework", "new", "softmax", "--student", "a", "--out", "sheet"],
                     ["exercise", "start", "softmax", "--out", "exercise"]):
            start([program, *line], folder).wait()
        self.made = folder
        self.folders = [path for path in folder.iterdir() if path.is_dir() and path.name != "home"]
        self.files["safetensors"] += [path.read_bytes() for path in sorted(folder.glob("*.safetensors"))]

    def fill(self, rng, folder):
        """Some files and folders, good and damaged; their names."""
        names = []
        for kind in rng.choices(list(ENDINGS), k=rng.randrange(1, 5)):
            data = {"npy": npy, "csv": csv}.get(kind, lambda r: r.choice(self.files[kind]))(rng)
            if rng.random() < 0.2:
                data = rng.choice(self.files[kind])
            if rng.random() < 0.5:
                data = damaged(rng, data)
            ending = ENDINGS[kind] if rng.random() < 0.9 else rng.choice(list(ENDINGS.values()) + ["", ".html", ".grammar"])
            name = rng.choice(["x", "m", "two words", "ä", "-x", "x.y"]) + str(len(names)) + ending
            (folder / name).write_bytes(data)
            names.append(name)
        if rng.random() < 0.5 and self.folders:
            source = rng.choice(self.folders)
            shutil.copytree(source, folder / source.name)
            inside = [path for path in sorted((folder / source.name).rglob("*")) if path.is_file()]
            if inside and rng.random() < 0.7:
                path = rng.choice(inside)
                path.write_bytes(damaged(rng, path.read_bytes()))
            names.append(source.name)
        if rng.random() < 0.2:
            (folder / "lessons" / "01-one").mkdir(parents=True)
            lesson = rng.choice(self.files["lesson"])
            (folder / "lessons" / "01-one" / "lesson.md").write_bytes(damaged(rng, lesson) if rng.random() < 0.7 else lesson)
            names.append("lessons")
        if rng.random() < 0.15:
            what = rng.choice(["loop", "nowhere", "pipe", "empty", "shut"])
            path = folder / what
            if what in ("loop", "nowhere"):
                path.symlink_to("loop" if what == "loop" else "gone")
            elif what == "pipe":
                os.mkfifo(path)
            else:
                path.mkdir(mode=0o700 if what == "empty" else 0)
            names.append(what)
        return names


def text(rng):
    words = [rng.choice(TEXTS) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    out = rng.choice([" ", "", "; ", ","]).join(words)
    if rng.random() < 0.1:
        out = "".join(chr(rng.choice([rng.randrange(1, 128), rng.randrange(0xa0, 0xd000)])) for _ in range(rng.randrange(20)))
    return out.replace("/", "|").replace("..", ". ").replace("~", "-").replace("\0", "")  # no path out of the folder


def file_name(rng, names):
    if names and rng.random() < 0.85:
        name = rng.choice(names)
        return name + rng.choice(["", "", "", "", "/x", "/", ".bak"]) if rng.random() < 0.3 else name
    return rng.choice(["missing.csv", "missing.npy", "cat.png", "word.wav", "water.mol", "no/such.csv", "a" * 300 + ".csv", "", "-", ".", "x\n.csv"])


def output_name(rng, names):
    if names and rng.random() < 0.15:
        return rng.choice(names)
    return "out" + rng.choice([".json", ".csv", ".npy", ".svg", ".html", ".safetensors", "", ".txt", ".JSON", "/x.csv"])


def value(rng, option, command, names):
    if option.name in SHORT and rng.random() < 0.9:
        return SHORT[option.name]
    if option.name in WRITES or (option.name == "--checkpoint" and command in LEARNS):
        return output_name(rng, names)
    if option.choices and rng.random() < 0.93:
        choice = rng.choice(option.choices)
        return choice.replace("FILE", file_name(rng, names)) if rng.random() < 0.9 else choice
    if "FILE" in option.value or "DIR" in option.value:
        return file_name(rng, names)
    if option.ends and rng.random() < 0.93:
        low, high = option.ends
        whole = "." not in low and "e" not in low
        near = rng.choice([low, high, str(rng.randrange(1, 10)), str(rng.randrange(1, 10)), "1", "2", "4", "8", "16"])
        if rng.random() < 0.05 and whole and high.lstrip("-").isdigit():
            near = str(rng.choice([int(low) - 1, int(high) + 1]))
        return near if rng.random() < 0.95 and not option.value.endswith("...") else near + "," + rng.choice(["1", "2", "4"])
    return rng.choice(NUMBERS + [text(rng)])


def command_line(rng, table, names):
    command = rng.choice(list(table.commands))
    options = table.commands[command]
    if command == "why":
        return ["why", rng.choice(["weights[0,0]", "scores[1,1]", "x", "logits[0,3]", text(rng)]),
                *command_line(rng, table.without("why"), names)]
    line = command.split()
    for option in rng.sample(options, min(len(options), rng.choice([0, 1, 1, 2, 2, 3, 5]))):
        if not option.name.startswith("--"):
            continue
        if not option.value:
            line.append(option.name if rng.random() < 0.97 else option.name + "=1")
            continue
        given = value(rng, option, command, names)
        line += rng.choice([[option.name, given], [option.name + "=" + given]]) if rng.random() < 0.96 else [option.name]
    if rng.random() < 0.02:
        line.insert(1, rng.choice(["--no-such", "-x", "--help", "-", "--"]))
    takes = " ".join(option.name for option in options if not option.name.startswith("--"))
    files = 0.2 if takes == "text" else 0.7
    words = [file_name(rng, names) if rng.random() < files else text(rng) for _ in range(rng.choice([0, 0, 1, 1, 1, 2]))]
    if not takes and rng.random() < 0.95:
        words = []
    if words and words[0].startswith("-") and rng.random() < 0.8:
        words.insert(0, "--")
    if command in LEARNS:  # a run of hours is no mistake
        if command == "train":
            words = [rng.choice(["reverse", "recall", "translate", "copy", text(rng)])]
        for option in options:
            if option.name in SHORT and not any(word.split("=")[0] == option.name for word in line):
                line += [option.name, SHORT[option.name]]
    return [word.replace("\0", "") for word in line + words]


def may_be_long(line):
    """Large numbers ask for much work, and the compiler takes its time."""
    return bool(re.search(r"\d{4}|e\d", " ".join(line))) or line[0] in ("exercise", "lesson", "homework", "complexity", "bench",
                                                                        "compare") or " ".join(line[:2]) in LEARNS


def fingerprint(path):
    if path.is_symlink():
        return os.readlink(path)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "a folder or a device"


def files_of(folder):
    return {str(path.relative_to(folder)): fingerprint(path) for path in folder.rglob("*")
            if "home" not in path.relative_to(folder).parts[:1]}


def may_write(line, name):
    """The line names this file as one to write and nowhere else: then it was asked for."""
    words = [word.partition("=")[2] if word.startswith("--") and "=" in word else word for word in line]
    writes = reads = 0
    for i, word in enumerate(words):
        place = os.path.normpath(word)
        if place != name and not name.startswith(place + "/") and not place.startswith(name + "/"):
            continue
        option = line[i].partition("=")[0] if line[i].startswith("--") else line[i - 1]
        written = option in WRITES or option == "--checkpoint" and (line[0] == "train" or line[1:2] == ["pretrain"])
        writes, reads = writes + written, reads + (not written)
    return writes > 0 and reads == 0 or line[:2] == ["lesson", "export"]


class Runner:
    def __init__(self, program, seed, place):
        self.program, self.seed, self.place = program, seed, place
        self.root = os.geteuid() == 0
        place.chmod(0o755)
        if self.root and subprocess.run([program, "--version"], capture_output=True, user=NOBODY, group=NOBODY,
                                        extra_groups=[]).returncode != 0:
            self.program = str(shutil.copy(program, place / "attn"))  # where nobody may run it
            os.chmod(self.program, 0o755)
        self.table = Table(self.program)
        self.seeds = Seeds(self.program, self.folder("seeds"), self.start)

    def folder(self, name):
        folder = self.place / name
        (folder / "home").mkdir(parents=True)
        return folder

    def start(self, line, folder, stdin=subprocess.DEVNULL, variables=None):
        if self.root:
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        home = str(folder / "home")
        environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "HOME": home, "TMPDIR": home, **(variables or {})}
        other = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if self.root else {}
        return subprocess.Popen(line, cwd=folder, env=environment, stdin=stdin, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, start_new_session=True, **other)

    def run(self, number):
        """What went wrong in this run, or None; and whether it was ended early."""
        rng = random.Random(f"{self.seed} {number}")
        folder = self.folder(str(number))
        names = self.seeds.fill(rng, folder)
        line = command_line(rng, self.table, names)
        before = files_of(folder)
        variables = rng.choice([{}, {}, {"COLUMNS": rng.choice(NUMBERS)}, {"LANG": "C"}, {"CLICOLOR_FORCE": "1"}])
        stdin = subprocess.DEVNULL
        if rng.random() < 0.3:
            stdin = open(self.place / f"{number}.in", "w+b")
            stdin.write(rng.choice([b"", b"1,2\n3,4\n", b"q\n" * 30, b"\n" * 100, npy(rng), bytes(range(256))]))
            stdin.seek(0)
        process = self.start([self.program, *line], folder, stdin, variables)
        wrong, early, said = None, False, b""
        try:
            said = process.communicate(timeout=PATIENCE)[0]
        except subprocess.TimeoutExpired:
            early = True
            process.send_signal(signal.SIGINT)
            try:
                said = process.communicate(timeout=AFTER)[0]
                if not may_be_long(line):
                    wrong = f"no end within {PATIENCE} s"
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                said = process.communicate()[0]
                wrong = f"no end within {PATIENCE} s, and Ctrl-C did not end it"
        if stdin != subprocess.DEVNULL:
            stdin.close()
        code = process.returncode
        if not wrong and code not in CODES and not (early and code == -signal.SIGINT):
            wrong = f"signal {-code}" if code < 0 else f"exit code {code}"
        after = files_of(folder)
        for name, was in before.items():
            if not wrong and after.get(name) != was and not may_write(line, name):
                wrong = f"the file {name} was {'changed' if name in after else 'lost'}"
        if not wrong:
            left = [name for name in after if name not in before and re.search(r"\.(tmp|lock)$", name)]
            wrong = f"left behind: {left[0]}" if left and not early else None
        if wrong:
            wrong = (f"run {number} of seed {self.seed}: {wrong}\n  attn {shlex.join(line)}\n  in a folder with: "
                     f"{', '.join(before) or 'nothing'}\n  said: {said[-600:].decode(errors='replace')}")
            print(wrong, flush=True)
        for path in folder.rglob("shut"):
            path.chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)
        return wrong, early, code


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = os.path.abspath(sys.argv[1])
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(10**6)
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    print(f"hostile: {runs} runs of seed {seed}", flush=True)
    for what, most in ((resource.RLIMIT_AS, 3 << 30), (resource.RLIMIT_FSIZE, 64 << 20), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    begin = time.monotonic()
    place = pathlib.Path(tempfile.mkdtemp(prefix="attn-hostile-"))
    try:
        runner = Runner(program, seed, place)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(runner.run, range(first, first + runs)))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    failures = [wrong for wrong, _, _ in results if wrong]
    codes = {}
    for _, _, code in results:
        codes[code] = codes.get(code, 0) + 1
    counted = ", ".join(f"{count} of code {code}" for code, count in sorted(codes.items()))
    print(f"hostile: {runs} runs of seed {seed} in {time.monotonic() - begin:.0f} s: {counted}; "
          f"{sum(early for _, early, _ in results)} ended early, {len(failures)} FAILED" if failures else
          f"hostile: {runs} runs of seed {seed} in {time.monotonic() - begin:.0f} s: {counted}; all ended well")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
