#!/usr/bin/env python3
"""One mistake costs one step: everything computed from it, in full precision and written with the
digits asked for, counts. And right numbers of another step are called so.

    python3 check_homework.py PROGRAM [STUDENTS]    prints the table of docs/measurements.md; exit
                                                    code 1 if anybody is called wrong who is not

For every sheet, every step and twenty students: every idea of the catalogue, and many others that
no catalogue knows. The mistake stands in one step; the steps after it are computed from it here, with
NumPy and in float64 (make_homework_reference.py has the formulas of the right answers). Every fourth
student hands in all digits (NPY), too.
"""
import sys
import tempfile
from pathlib import Path

import numpy as np

import make_homework_reference as ref
from make_homework_reference import digits, erf, masked, sigmoid, softmax

SHOWN = 10  # of what is called wrong


def chain(sheet, v, keep):
    """All steps of a sheet in their order; keep(name, value) says with what the student goes on."""
    if sheet == "softmax":
        s = keep("scores", v["q"] @ v["k"].T / 2)
        a = keep("weights", softmax(s))
        keep("output", a @ v["v"])
        keep("large", softmax(v["large"]))
    elif sheet == "head":
        q, k, val = (keep(n, v["x"] @ v["w_" + n]) for n in "qkv")
        s = keep("scores", q @ k.T / np.sqrt(3))
        i, j = np.indices(s.shape)
        a = keep("causal", masked(s, j <= i))
        keep("padded", masked(s, j < len(s) - 1))
        keep("output", a @ val)
    elif sheet == "heads":
        q, k, val = (keep(n + "_heads", np.stack(np.split(v[n], 2, axis=1))) for n in "qkv")
        s = keep("scores", q @ k.transpose(0, 2, 1) / np.sqrt(3))
        c = keep("context", keep("weights", softmax(s)) @ val)
        keep("output", keep("concat", np.concatenate(list(c), axis=1)) @ v["w_o"])
    elif sheet == "encoder":
        def norm(x):
            centred = x - x.mean(-1, keepdims=True)
            return v["gain"][0] * centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + 0.1) + v["bias"][0]
        d, places = 4, v["places"][0][:, None]
        angle = places / 10000.0 ** (2 * (np.arange(d) // 2) / d)
        pe = keep("position", np.where(np.arange(d) % 2 == 0, np.sin(angle), np.cos(angle)))
        x = keep("x", v["embedding"] + pe)
        a = keep("norm1", norm(keep("residual", x + v["attention"])))
        inner = a @ v["w_1"] + v["b_1"]
        hidden = keep("hidden", inner * (1 + erf(inner / np.sqrt(2))) / 2)
        keep("output", norm(a + keep("ffn", hidden @ v["w_2"] + v["b_2"])))
    elif sheet == "decoder":
        read = keep("input", np.concatenate([[0], v["target"][0][:-1]]))
        x = keep("x", v["embedding"][whole(read)])
        q = keep("q", x @ v["w_q"])
        k, val = keep("k", v["memory"] @ v["w_k"]), keep("v", v["memory"] @ v["w_v"])
        a = keep("weights", softmax(keep("scores", q @ k.T / np.sqrt(2))))
        keep("output", x + keep("context", a @ val) @ v["w_o"])
    elif sheet == "bert":
        text = np.concatenate([[1], v["a"][0], [2], v["b"][0], [2]])
        ids = keep("ids", np.concatenate([text, np.zeros(8 - len(text))]))
        place, ends = np.arange(8), np.flatnonzero(ids == 2)
        first = ends[0] if len(ends) > 0 else -1
        length = 1 + max([i for i in place if ids[i] != 0], default=-1)
        own = ((place > first) & (place < length)).astype(float) if first >= 0 else np.zeros(8)
        segments = keep("segments", own)
        keep("mask", np.where(np.broadcast_to(ids != 0, (8, 8)), 0, -np.inf))
        keep("x", v["token"][whole(ids)] + v["segment"][whole(segments)] + v["position"])
        chosen, fate = whole(v["chosen"][0]), v["fate"][0]
        hidden = ids.copy()
        hidden[chosen] = np.where(fate < 0.8, 3, np.where(fate < 0.9, v["random"][0], ids[chosen]))
        keep("masked_ids", hidden)
        keep("loss", -np.log(v["right"][0])[chosen].mean())
        keep("nsp", v["hidden"][0] @ v["w"] + v["bias"][0])
    elif sheet == "graph":
        h = keep("h", v["x"] @ v["w"])
        mask = np.full((5, 5), -np.inf)
        for i, j in whole(v["edges"]):
            mask[i, j] = mask[j, i] = 0
        np.fill_diagonal(mask, 0)
        mask = keep("mask", mask)
        looks, seen = np.split(v["a"][0], 2)
        raw = (h @ looks)[:, None] + h @ seen
        s = keep("scores", np.maximum(raw, 0.2 * raw))
        keep("output", keep("weights", softmax(s + mask)) @ h)
    else:
        right, _ = ref.recurrent_sheet(v)
        keep("lstm", right["lstm"])
        states = keep("gru", right["gru"])
        keep("convolution", right["convolution"])
        before = np.vstack([v["start"], states[:-1]])
        keep("alignment", before @ v["x"].T)


def whole(ids):
    """As indices; who has no such row goes no further."""
    ids = np.asarray(ids)
    if (ids < 0).any() or (ids != np.round(ids)).any():
        raise IndexError
    return ids.astype(int)


def other_ideas(right, places, rng):
    """Mistakes that no catalogue names, as (name, value)."""
    r = np.atleast_1d(np.asarray(right, dtype=float))
    flat = r.reshape(-1)

    def one(i, change):
        out = flat.copy()
        out[i] = change(out[i])
        return out.reshape(r.shape)
    if places == 0:
        for i in range(len(flat) - 1):
            swapped, repeated = flat.copy(), flat.copy()
            swapped[[i, i + 1]] = swapped[[i + 1, i]]
            repeated[i + 1] = flat[i]
            yield f"swapped {i}", swapped.reshape(r.shape)
            yield f"repeated {i}", repeated.reshape(r.shape)
        if np.isfinite(flat).all():
            for i in range(len(flat)):
                yield f"another {i}", one(i, lambda x: x + 1)
                yield f"lower {i}", one(i, lambda x: max(x - 1, 0))
        yield "backwards", flat[::-1].reshape(r.shape)
        yield "rolled", np.roll(flat, 1).reshape(r.shape)
        yield "rolled back", np.roll(flat, -1).reshape(r.shape)
        return
    unit = 10.0 ** -places
    for size in (0.01, 0.1, 1.0):
        yield f"noise {size}", r + size * rng.standard_normal(r.shape)
    for factor in (0.5, 0.9, 1.1, 1.37, 2, -1, 3, 1 / 3, np.sqrt(2), np.pi):
        yield f"times {factor:.3g}", r * factor
    for by in (0.05, 0.5, 1, -1, -0.2):
        yield f"plus {by}", r + by
    for power in (2, 3):
        yield f"power {power}", r ** power
    for name, change in (("abs", np.abs), ("relu", lambda x: np.maximum(x, 0)), ("tanh", np.tanh),
                         ("sigmoid", sigmoid), ("sin", np.sin), ("exp", lambda x: np.exp(np.minimum(x, 5))),
                         ("root", lambda x: np.sqrt(np.abs(x))), ("log", lambda x: np.log(np.abs(x) + 1)),
                         ("clipped", lambda x: np.clip(x, -0.3, 0.3)), ("rounded", lambda x: np.round(x, 1)),
                         ("softmax", softmax), ("centred", lambda x: x - x.mean(-1, keepdims=True)),
                         ("unit rows", lambda x: x / (np.linalg.norm(x, axis=-1, keepdims=True) + 1e-9)),
                         ("by the largest", lambda x: x / (np.abs(x).max() + 1e-9)),
                         ("by the sum", lambda x: x / (np.abs(x).sum() + 1e-9)),
                         ("cumulated", lambda x: np.cumsum(x, axis=-1)),
                         ("cumulated down", lambda x: np.cumsum(x, axis=0)),
                         ("rows backwards", lambda x: x[::-1]), ("rolled", lambda x: np.roll(x, 1, axis=0)),
                         ("columns backwards", lambda x: x[..., ::-1]),
                         ("columns rolled", lambda x: np.roll(x, 1, axis=-1)),
                         ("mean of rows", lambda x: (x + np.roll(x, 1, axis=0)) / 2),
                         ("squares' sign", lambda x: np.sign(x) * x ** 2)):
        yield name, change(r)
    for i in sorted({0, len(flat) // 2, len(flat) - 1}):
        yield f"one sign {i}", one(i, lambda x: -x)
        yield f"one slip {i}", one(i, lambda x: x + 0.1)
        yield f"one slight slip {i}", one(i, lambda x: x + 3.4 * unit)
        yield f"one too large {i}", one(i, lambda x: 10 * x)
        yield f"one zero {i}", one(i, lambda x: 0)
    if r.ndim > 1 and r.shape[-1] == r.shape[-2]:
        yield "transposed", np.swapaxes(r, -1, -2)
        yield "symmetric", (r + np.swapaxes(r, -1, -2)) / 2


def same_ideas(sheet, v, own):
    """Other ways to the same ideas, as (step, name, value): they may be met by chance."""
    root = {"softmax": 2, "head": np.sqrt(3), "heads": np.sqrt(3), "decoder": np.sqrt(2)}.get(sheet)
    for step in ("weights", "causal", "padded"):
        if root and step in own:
            yield step, "scale-after-softmax", own[step] / root


def steps_with(sheet, given, step=None, mistake=None):
    """The answers of somebody who writes `mistake` for the step; None for what leads nowhere."""
    out = {}

    def keep(name, value):
        out[name] = mistake if name == step else np.asarray(value, dtype=float)
        return out[name]
    try:
        with np.errstate(all="ignore"):
            chain(sheet, given, keep)
    except (IndexError, ValueError):
        return None
    return out


def near(a, b, places):
    a, b = ref.flat(a), ref.flat(b)
    if a.shape != b.shape:
        return False
    with np.errstate(invalid="ignore"):
        return bool(np.all((a == b) | (np.abs(a - b) <= 1.001 * 10.0 ** -places + 2e-6 * np.abs(b)) |
                           ((b == -np.inf) & (a <= -1e4))))


class Class:
    """Submissions of one sheet, and what is expected of them."""

    def __init__(self, sheet, folder):
        self.sheet, self.folder, self.made = sheet, folder, {}

    def hand_in(self, made, answers, exact, about):
        name = f"s{len(self.made)}"
        folder = ref.hand_in(made, self.folder / name)
        for step, value in answers.items():
            if exact:
                np.save(folder / "answers" / step, value)
            else:
                ref.write_csv(folder / "answers" / f"{step}.csv", value, digits(self.sheet, step))
        self.made[name] = about


def check_following(program, sheet, students, counts, failures):
    with tempfile.TemporaryDirectory() as temporary:
        everybody = Class(sheet, Path(temporary) / "all")
        for number in range(students):
            rng = np.random.default_rng(number)
            made = Path(temporary) / f"made-{number}"
            given = ref.make_sheet(program, sheet, f"student-{number}", made)
            right, wrong = ref.SHEETS[sheet](given)
            own = steps_with(sheet, given)
            for step in right:
                assert near(own[step], right[step], digits(sheet, step)), (sheet, step)
                named = wrong.get(step, [])
                alike = named + [(name, value) for at, name, value in same_ideas(sheet, given, own)
                                 if at == step]
                ideas = [(name, value, True) for name, value in named]
                ideas += [(name, value, False)
                          for name, value in other_ideas(right[step], digits(sheet, step), rng)]
                for idea, value, known in ideas:
                    value = np.asarray(value, dtype=float).reshape(
                        np.shape(value) if np.shape(value) else np.shape(right[step]))
                    if np.shape(right[step]) == () and value.size == 1:
                        value = value.reshape(())
                    if near(value, right[step], digits(sheet, step)) or not ref.says_something(value):
                        continue
                    if not np.isfinite(value[np.isfinite(right[step])] if value.shape == np.shape(
                            right[step]) else value).all():
                        continue
                    answers = steps_with(sheet, given, step, value)
                    if answers is None:
                        continue
                    fitting = {name for name, other in alike if near(value, other, digits(sheet, step))}
                    about = (step, idea, known, fitting, answers, right, f"student-{number}")
                    everybody.hand_in(made, answers, False, about)
                    if number % 4 == 0:
                        everybody.hand_in(made, answers, True, about)
                    counts["known" if known else "other"].add((step, idea))
        graded = ref.grade(program, everybody.folder)
    for name, (step, idea, known, fitting, answers, right, student) in everybody.made.items():
        after = False
        counts["submissions"] += 1
        for found in graded[name]["steps"]:
            what = f"{sheet}: {found['name']} of {student}, who wrote {step} with \"{idea}\""
            if found["name"] == step:
                after = True
                counts["not caught"] += found["status"] in ("right", "follows")
                false = set(found["misconceptions"]) - fitting
                if false:
                    failures.append(f"{what}: named {sorted(false)}")
                continue
            value = answers[found["name"]]
            leads_nowhere = after and digits(sheet, found["name"]) > 0 and not (
                np.isfinite(value).all() and ref.says_something(value))
            if leads_nowhere and not near(value, right[found["name"]], digits(sheet, found["name"])):
                counts["leads nowhere"] += 1
                continue
            counts["others"] += 1
            if found["status"] not in ("right", "follows"):
                failures.append(f"{what}: {found['status']}: {found['message']}")
            elif known and found["points"] != found["max"]:
                failures.append(f"{what}: {found['points']} of {found['max']} points")


def check_elsewhere(program, sheet, students, failures):
    """Right numbers of a step, handed in for another of its shape. -> how often that was said."""
    said = {"pairs": set(), "tries": 0, "said": 0, "idea": 0}
    with tempfile.TemporaryDirectory() as temporary:
        everybody = Class(sheet, Path(temporary) / "all")
        for number in range(students):
            made = Path(temporary) / f"made-{number}"
            right, wrong = ref.SHEETS[sheet](
                ref.make_sheet(program, sheet, f"student-{number}", made))
            for step, value in right.items():
                for other, taken in right.items():
                    places = digits(sheet, step)
                    # As whole numbers, those of another step are not its right ones any more.
                    if places == 0 and digits(sheet, other) > 0:
                        continue
                    if step == other or np.shape(value) != np.shape(taken) or np.size(value) < 2 or \
                            near(taken, value, places) or not ref.says_something(taken):
                        continue
                    everybody.hand_in(made, {**right, step: taken}, False, (step, other))
                    said["pairs"].add((step, other))
        if not everybody.made:
            return said
        graded = ref.grade(program, everybody.folder)
    for name, (step, other) in everybody.made.items():
        found = next(s for s in graded[name]["steps"] if s["name"] == step)
        said["tries"] += 1
        if found["misconceptions"]:
            said["idea"] += 1
        elif found["message"] == f"These are the right numbers of the step {other}.":
            said["said"] += 1
        else:
            failures.append(f"{sheet}: {step} with the numbers of {other}: {found['message']}")
    return said


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    program, students = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else ref.STUDENTS
    failures = []
    print("| sheet | ideas of the catalogue, others | submissions | other steps | called wrong | lead nowhere "
          "| pairs of steps | tries | \"the right numbers of step X\" | an idea that gives them |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for sheet in ref.SHEETS:
        counts = {"known": set(), "other": set(), "submissions": 0, "others": 0, "not caught": 0,
                  "leads nowhere": 0}
        accused = []
        check_following(program, sheet, students, counts, accused)
        unsaid = []
        said = check_elsewhere(program, sheet, students, unsaid)
        print(f"| {sheet} | {len(counts['known'])}, {len(counts['other'])} | {counts['submissions']} | "
              f"{counts['others']} | {len(accused)} | {counts['leads nowhere']} | {len(said['pairs'])} | "
              f"{said['tries']} | {said['said']} | {said['idea']} |", flush=True)
        if counts["not caught"]:
            print(f"{sheet}: {counts['not caught']} mistakes are not called wrong", file=sys.stderr)
        for failure in (accused + unsaid)[:SHOWN]:
            print(failure, file=sys.stderr)
        failures += accused + unsaid
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
