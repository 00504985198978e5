#!/usr/bin/env python3
"""How long grading takes: makes N submissions (default 1000) and times `homework grade`.

    python3 homework_grading.py PROGRAM [N]

Every student has other numbers; a third of the submissions is right, a third holds one mistake of
the catalogue, a third was copied from another student (the dearest case: it is compared with
everybody's numbers). Needs numpy, through tests/reference/make_homework_reference.py.
"""
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "reference"))
import make_homework_reference as homework


def main(program, n):
    plain = homework.FORMS["CSV, rounded to the digits asked for"]
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        before = None
        for i in range(n):
            name = ["softmax", "head", "heads", "encoder", "decoder", "bert"][i // 3 % 6]
            folder = root / "submissions" / f"{i:04}"
            given = homework.make_sheet(program, name, f"student-{i}", folder)
            right, wrong = homework.SHEETS[name](given)
            answers = dict(right)
            if i % 3 == 1:
                step, ideas = list(wrong.items())[i % len(wrong)]
                answers[step] = ideas[0][1]
            if i % 3 == 2:
                answers = before
            before = right
            for step, value in answers.items():
                homework.put(plain, folder, step, value, homework.digits(name, step))
        began = time.time()
        run = subprocess.run([program, "homework", "grade", str(root / "submissions"), "--quiet",
                              "--out", str(root / "grades.csv")], capture_output=True, text=True)
        seconds = time.time() - began
        rows = (root / "grades.csv").read_text().splitlines()
        copied = sum("right on the sheet of" in row for row in rows)
        print(f"{len(rows) - 1} submissions graded in {seconds:.2f} s (exit code {run.returncode}); "
              f"{copied} copies found")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
