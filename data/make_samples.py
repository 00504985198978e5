#!/usr/bin/env python3
"""Makes the samples of data/ that are no words: a picture, a sound, three molecules, a graph.

python3 data/make_samples.py [FOLDER]   (Python's own library is enough; the same bytes every time)
"""
import math
import pathlib
import random
import struct
import sys
import wave
import zlib


def png(path, rows):
    """8-bit RGB, rows of (r, g, b)."""
    height, width = len(rows), len(rows[0])
    raw = b"".join(b"\0" + bytes(v for pixel in row for v in pixel) for row in rows)

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                     + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


# A cat's head, 16 x 16: letters are colours.
CAT = """
................
.o............o.
.oo..........oo.
.opo........opo.
.oppooooooooppo.
.oooooooooooooo.
.oooooooooooooo.
.oowwoooooowwoo.
.oowkooooookwoo.
.oowkooooookwoo.
.ooooooppoooooo.
.oowwwwnnwwwwoo.
..owwwwkkwwwwo..
...owwkwwkwwo...
....owwwwwwo....
.....oooooo.....
"""
COLOURS = {".": (92, 150, 205), "o": (214, 132, 52), "p": (236, 160, 160), "w": (250, 244, 230),
           "k": (24, 22, 26), "n": (190, 80, 90)}


def cat(path):
    png(path, [[COLOURS[letter] for letter in row] for row in CAT.split()])


def word(path):
    """One second, 8000 Hz, in the manner of a word: a hiss, a vowel, a stop, another vowel. A vowel
    is a sum of harmonics of a falling voice, loudest near its formants."""
    rate = 8000
    rng = random.Random(1)
    parts = [("hiss", 0.20, None), ("vowel", 0.30, (730, 1090, 2440)), ("stop", 0.10, None),
             ("vowel", 0.30, (270, 2290, 3010)), ("stop", 0.10, None)]
    samples, phase, before = [], 0.0, 0.0
    for kind, seconds, formants in parts:
        count = int(seconds * rate)
        for i in range(count):
            edge = min(1.0, 8.0 * min(i, count - 1 - i) / count)
            pitch = 130 - 30 * len(samples) / rate
            phase += 2 * math.pi * pitch / rate
            if kind == "vowel":
                value = 0.0
                for k in range(1, int(3600 / pitch)):
                    loud = sum(math.exp(-((k * pitch - f) / (60 + 0.06 * f)) ** 2) / (1 + j)
                               for j, f in enumerate(formants))
                    value += (loud + 0.01 / k) * math.sin(k * phase)
                value *= 0.25 * edge
            elif kind == "hiss":
                noise = rng.uniform(-1, 1)
                value, before = 0.25 * edge * (noise - before) / 2, noise
            else:
                value = 0.002 * rng.uniform(-1, 1)
            samples.append(max(-1.0, min(1.0, value)))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"".join(struct.pack("<h", round(32767 * v)) for v in samples))


def molfile(path, name, atoms, bonds):
    lines = [name, "  attn", "", f"{len(atoms):3d}{len(bonds):3d}  0  0  0  0  0  0  0  0999 V2000"]
    for i, atom in enumerate(atoms):
        x, y = math.cos(2 * math.pi * i / len(atoms)), math.sin(2 * math.pi * i / len(atoms))
        lines.append(f"{x:10.4f}{y:10.4f}{0.0:10.4f} {atom:<3s} 0  0  0  0  0  0  0  0  0  0  0  0")
    lines += [f"{a:3d}{b:3d}{order:3d}  0" for a, b, order in bonds]
    path.write_text("\n".join(lines + ["M  END"]) + "\n")


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    cat(folder / "cat.png")
    word(folder / "word.wav")
    molfile(folder / "water.mol", "water", ["O", "H", "H"], [(1, 2, 1), (1, 3, 1)])
    molfile(folder / "ethanol.mol", "ethanol", ["C", "C", "O"] + ["H"] * 6,
            [(1, 2, 1), (2, 3, 1), (1, 4, 1), (1, 5, 1), (1, 6, 1), (2, 7, 1), (2, 8, 1), (3, 9, 1)])
    molfile(folder / "benzene.mol", "benzene", ["C"] * 6 + ["H"] * 6,
            [(i + 1, (i + 1) % 6 + 1, 2 - i % 2) for i in range(6)]
            + [(i + 1, i + 7, 1) for i in range(6)])
    # Who is a friend of whom among Ana, Ben, Cem, Dia, Eva and Finn (0 to 5): two groups that meet
    # in one friendship.
    friends = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5)]
    (folder / "friends.csv").write_text("".join(f"{a},{b}\n" for a, b in friends))


if __name__ == "__main__":
    main()
