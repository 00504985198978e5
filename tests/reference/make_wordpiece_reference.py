#!/usr/bin/env python3
"""Writes wordpiece.json: words, pieces and trained vocabularies for tests/unit/text_wordpiece.cpp.

The rules of BERT's tokenization.py and of the training described in src/attn/text/wordpiece.h, written
again from their descriptions with Python's own Unicode tables (unicodedata). Nothing is shared with
attn, and nothing here is fast. Run it from anywhere; the output is the same every time.
"""
import json
import pathlib
import random
import re
import unicodedata
from fractions import Fraction

HERE = pathlib.Path(__file__).resolve().parent
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CHINESE = [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
           (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)]


def is_punctuation(char):
    in_ascii = 33 <= ord(char) <= 126 and not char.isalnum()
    return in_ascii or unicodedata.category(char)[0] == "P"


def plain_words(text, uncased):
    """Words of a text without special tokens."""
    spaced = []
    for char in text:
        category = unicodedata.category(char)
        if char in "\t\n\r" or category == "Zs":
            spaced.append(" ")
        elif category in ("Cc", "Cf") or char == "\ufffd":
            continue
        elif any(low <= ord(char) <= high for low, high in CHINESE):
            spaced.append(f" {char} ")
        else:
            spaced.append(char)
    words = []
    for token in "".join(spaced).split():
        if uncased:
            apart = unicodedata.normalize("NFD", token.lower())
            token = "".join(char for char in apart if unicodedata.category(char) != "Mn")
        spaced = "".join(f" {char} " if is_punctuation(char) else char for char in token)
        words += spaced.split()
    return words


def words(text, uncased):
    out = []
    for part in re.split(r"(\[(?:PAD|UNK|CLS|SEP|MASK)\])", text):
        out += [part] if part in SPECIAL else plain_words(part, uncased)
    return out


def pieces(vocabulary, word):
    if len(word) > 100:
        return ["[UNK]"]
    out = []
    while word:
        mark = "##" if out else ""
        found = [n for n in range(1, len(word) + 1) if mark + word[:n] in vocabulary]
        if not found:
            return ["[UNK]"]
        out.append(mark + word[: max(found)])
        word = word[max(found):]
    return out


def train(counts, size, least):
    """Everything counted anew before each merge."""
    counts = {word: n for word, n in counts.items() if word not in SPECIAL and len(word) <= 100}
    rows = {word: [char if i == 0 else "##" + char for i, char in enumerate(word)] for word in counts}

    def occurrences(of):
        out = {}
        for word, row in rows.items():
            for thing in of(row):
                out[thing] = out.get(thing, 0) + counts[word]
        return out

    single = occurrences(lambda row: row)
    kept = [c for c in single if single[c] >= least]
    kept = sorted(kept, key=lambda c: (-single[c], c.encode()))[: size - len(SPECIAL)]
    out = SPECIAL + sorted(kept, key=str.encode)
    merges = []
    while len(out) < size:
        single = occurrences(lambda row: row)
        pairs = {p: n for p, n in occurrences(lambda row: zip(row, row[1:])).items() if n >= least}
        if not pairs:
            break
        score = {(a, b): Fraction(n, single[a] * single[b]) for (a, b), n in pairs.items()}
        best = min(pairs, key=lambda p: (-score[p], p[0].encode(), p[1].encode()))
        joined = best[0] + best[1][2:]
        merges.append({"left": best[0], "right": best[1], "piece": joined, "count": pairs[best],
                       "left_count": single[best[0]], "right_count": single[best[1]],
                       "score": float(score[best])})
        if joined not in out:
            out.append(joined)
        for row in rows.values():
            i = 0
            while i + 1 < len(row):
                if (row[i], row[i + 1]) == best:
                    row[i : i + 2] = [joined]
                i += 1
    return {"pieces": out, "merges": merges}


TEXTS = [
    "", " ", "\t\r\n ", "\x00\x01\x7f\x85\u200b\u202e\ufeff\ufffd", "\u0301\u0308", "\u0301 a\u0301",
    "The quick brown fox.", "Unaffable, unbelievable embeddings!", "don't you're o'clock rock-n-roll",
    "Caf\u00e9 na\u00efve \u00c5ngstr\u00f6m \u0130stanbul stra\u00dfe STRASSE \u1e9e \u00d8re\u00b7s\u00f8nd",
    "cafe\u0301 A\u030a a\u0327\u0301 a\u0301\u0327 \u1ed8", "\u212b \u212a \u2126 \ufb01n \u00bd \u2460 \u2163",
    "\u4e2d\u6587\u548cEnglish\u6df7\u5408\u3002\u4f60\u597d\uff0c\u4e16\u754c\uff01", "\uf900\U0002f800\U00020000\u3400\u9fff\ua000",
    "\u6771\u4eac\u30bf\u30ef\u30fc\u306b\u884c\u304f \u304c\u304e \u30ac", "\ud55c\uad6d\uc5b4 \uac00\ub098\ub2e4",
    "I \u2764\ufe0f \U0001f600\U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
    "soft\u00adhyphen zero\u200bwidth\u200djoin \u202eevil\u202c \x1b[31mred\x1b[0m",
    "line one\r\nline two\r\n\r\nline three\n", "a\u00a0b\u2003c\u3000d\u2028e\u2029f\u1680g\x0bh\x0ci\x1cj",
    "[MASK]", "the [MASK] sat[MASK]on the[MASK].", "[mask] [ MASK ] [MASKS] [MASK [CLS]a[SEP][PAD][UNK] [[MASK]]",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd! \u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd \u05d1\u05bc\u05b0",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645\u061f \u0645\u064f\u062d\u064e\u0645\u0651\u062f",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u0c24\u0c46\u0c32\u0c41\u0c17\u0c41 \u0e44\u0e17\u0e22", "\u041c\u043e\u0441\u043a\u0432\u0430 \u0419\u043e\u0433\u0430 \u0401\u043b\u043a\u0430",
    "\u039f\u0394\u039f\u03a3 \u03a3 \u03a3\u0391\u03a3 \u0391\u03a3' \u0391\u03a3.\u0391 \u0391'\u03a3 \u03b1\u03a3\u00b2 \u2160\u03a3 A\u03a3\u0301 \u00aa\u03a3 \u24b6\u03a3",
    "$1,000.00 50% a^b x_y `code` ~tilde~ <tag> {json} #hash @me a|b c\\d",
    "\u201cquoted\u201d \u2018x\u2019 \u2014 dash\u2013dash \u2026 \u00a1hola! \u00bfqu\u00e9? \u00ab\u00bb \u00a7\u00b6 \u20ac\u00a3 \u00b1\u00d7",
    "\u037e\u1fef\u0387 \u2329\u232a \u0338= \u226f", "x" * 100, "x" * 101, "ab" * 50 + " " + "ab" * 51,
    "\u00e9" * 100 + " " + "\u00e9" * 101 + " " + "e\u0301" * 60, "\u3042\u3099" * 3, "\U0001d400\U0001d538 \U00010400\U00010428",
    "\ua66f\u20dd\u0903a\u0903\u0301", "a\u302e\u0301\u302fb", "\u01c5\u01c6 \u1f88 \u0390 \u1e9b\u0323",
]
VOCABULARY = SPECIAL + list("abcdefghijklmnopqrstuvwxyz.,!?'-[]") + ["##" + c for c in "abcdefghijklmnopqrstuvw"] + """
the quick un aff un ##aff ##able ##ffable unb ##elie ##vable em ##bed ##ding ##dings rock cafe strasse x ##xx ##xxx
##abab abab ab \u4e2d \u6587 \u041c\u043e ##\u0441\u043a\u0432\u0430 \u043c\u043e mask MASK sat on line one ##ne two istanbul \u05e9 ##\u05dc \u05e9\u05dc\u05d5 ##\u05d5\u05dd
\u0645 ##\u0631\u062d \u0645\u0631 ##\u062d\u0628 ##\u0627 The ##\u0301 caf\u00e9 \U0001f600 ##\U0001f44d \u00e9 ##\u00e9\u00e9\u00e9 \u03bf\u03b4\u03bf ##\u03c2
""".split()
VOCABULARY = list(dict.fromkeys(VOCABULARY))


def random_texts():
    """Rare characters beside and inside words, the same every time."""
    draw = random.Random(1)
    assigned = [c for c in map(chr, range(0x30000)) if unicodedata.category(c) not in ("Cn", "Cs", "Co")]
    for _ in range(60):
        yield "".join(draw.choice(assigned) if draw.random() < 0.6 else draw.choice("aB .'\u0301\u03a3")
                      for _ in range(20))


def corpus():
    draw = random.Random(2)
    stems = ["play", "read", "walk", "\u4e2d", "na\u00efve", "aaaa", "aaa", "abab", "lo", "law", "low"]
    ends = ["", "s", "ed", "ing", "er", "ers", "est", "\u00e9\u00e9"]
    out = {}
    for _ in range(400):
        word = draw.choice(["", "un", "re"]) + draw.choice(stems) + draw.choice(ends)
        out[word] = out.get(word, 0) + 1
    out["z"] = 1
    out["z" * 101] = 5
    out["[MASK]"] = 7
    return out


def main():
    texts = []
    for text in TEXTS + list(random_texts()):
        row = {"text": text}
        for name, uncased in (("uncased", True), ("cased", False)):
            found = words(text, uncased)
            ids = [VOCABULARY.index(p) for word in found for p in pieces(set(VOCABULARY), word)]
            row[name] = {"words": found, "ids": ids}
        texts.append(row)
    counts = corpus()
    trained = [{"size": size, "least": least, **train(counts, size, least)}
               for size, least in ((6, 1), (20, 2), (60, 1), (90, 2), (500, 5), (1000, 1))]
    document = {"vocabulary": VOCABULARY, "texts": texts, "counts": counts, "trained": trained}
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
    (HERE / "wordpiece.json").write_text(text.replace('{"text"', '\n{"text"').replace('{"size"', '\n{"size"') + "\n")


if __name__ == "__main__":
    main()
