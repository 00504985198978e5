#!/usr/bin/env python3
"""Writes best_guess.json: exact posteriors of masked pairs, by listing everything that can happen.

For each pair that is seen, all configurations are listed: follows or not, topic and who of both
sentences, their patterns, their words, and what became of each word (not chosen; chosen and masked,
made random, or kept). The chances of those that look like the pair are added up: Bayes' rule without
a formula. Needs nothing but Python.
"""
import itertools
import json
import pathlib
import random

MASK = "[MASK]"


def fractions(words):
    """Weights 1, 1/2, 1/3 ... as chances."""
    total = sum(1 / (r + 1) for r in range(len(words)))
    return [(word, 1 / (r + 1) / total) for r, word in enumerate(words)]


def text_of(g):
    lines = [f"pattern {weight} = {' '.join(parts)}" for weight, parts in g["patterns"]]
    for topic, lists in g["topics"].items():
        lines.append(f"topic {topic}")
        lines += [f"{name} = {' '.join(words)}" for name, words in lists.items()]
    return "\n".join(lines) + "\n"


def vocabulary(g):
    words = {part for _, parts in g["patterns"] for part in parts if part[0] != "$"}
    for lists in g["topics"].values():
        words |= {word for entries in lists.values() for entry in entries for word in entry.split("/")}
    return sorted(words)


def lives(g):
    """(chance, topic, who as a dictionary from name to word)."""
    for topic, lists in g["topics"].items():
        names = next(name for name in lists if name.split("/")[0] == "who")
        for entry in lists[names]:
            yield (1 / len(g["topics"]) / len(lists[names]), topic,
                   dict(zip(names.split("/"), entry.split("/"))))


def sentences(g, topic, who):
    """(chance, words) of every sentence, by every way to make it."""
    total = sum(weight for weight, _ in g["patterns"])
    for weight, parts in g["patterns"]:
        choices = []
        for part in parts:
            if part[0] != "$":
                choices.append([(part, 1.0)])
            elif part[1:] in who:
                choices.append([(who[part[1:]], 1.0)])
            else:
                choices.append(fractions(g["topics"][topic][part[1:]]))
        for words in itertools.product(*choices):
            chance = weight / total
            for _, c in words:
                chance *= c
            yield chance, [word for word, _ in words]


def fates(word, o, words):
    """(chance, what is seen, chosen or not) of everything that can become of a word."""
    yield 1 - o["select"], word, False
    yield o["select"] * o["mask"], MASK, True
    for other in words:
        yield o["select"] * o["random"] / len(words), other, True
    yield o["select"] * (1 - o["mask"] - o["random"]), word, True


def everything(g):
    """(chance, next, words of both) of every pair of sentences."""
    made = [(p, [s for s in sentences(g, topic, who)]) for p, topic, who in lives(g)]
    for i, (p, of_a) in enumerate(made):
        for j, (q, of_b) in enumerate(made):
            for follows in (True, False):
                chance = 0.5 * p * (float(i == j) if follows else q)
                if chance == 0:
                    continue
                for (x, a), (y, b) in itertools.product(of_a, of_b):
                    yield chance * x * y, follows, len(a), a + b


def posterior(g, o, a, b):
    words = vocabulary(g)
    seen = a + b
    total, follows_total = 0.0, 0.0
    chosen = [dict.fromkeys(words, 0.0) for _ in seen]
    for chance, follows, length, pair in everything(g):
        if length != len(a) or len(pair) != len(seen):
            continue
        here = [[(c, is_chosen) for c, shown, is_chosen in fates(word, o, words) if shown == look and c > 0]
                for word, look in zip(pair, seen)]
        for happened in itertools.product(*here):
            p = chance
            for c, _ in happened:
                p *= c
            total += p
            follows_total += p * follows
            for at, (_, is_chosen) in enumerate(happened):
                if is_chosen:
                    chosen[at][pair[at]] += p
    sums = [sum(row.values()) for row in chosen]
    return follows_total / total, [{w: p / s for w, p in row.items() if p > 0} if s > 0 else None
                                   for row, s in zip(chosen, sums)]


def draw(g, o, rng):
    """A masked pair, by following the story."""
    words = vocabulary(g)
    everybody = list(lives(g))

    def one(life):
        options = list(sentences(g, life[1], life[2]))
        return rng.choices([w for _, w in options], [c for c, _ in options])[0]

    def hidden(sentence):
        out = []
        for word in sentence:
            options = list(fates(word, o, words))
            out.append(rng.choices([s for _, s, _ in options], [c for c, _, _ in options])[0])
        return out

    first = rng.choices(everybody, [p for p, _, _ in everybody])[0]
    second = first if rng.random() < 0.5 else rng.choices(everybody, [p for p, _, _ in everybody])[0]
    return hidden(one(first)), hidden(one(second))


GRAMMARS = {
    "two-topics": {
        "patterns": [(2, ["the", "$who", "$verb"]), (1, ["$who", "saw", "$thing"]), (1, ["$thing", "$verb"])],
        "topics": {
            "farm": {"who": ["cow", "dog"], "verb": ["eat", "saw"], "thing": ["corn", "egg", "dog"]},
            "shop": {"who": ["man", "dog"], "verb": ["watch", "eat"], "thing": ["watch", "corn"]},
        },
    },
    "names": {
        "patterns": [(3, ["$name", "the", "$who"]), (1, ["$who", "$thing", "$thing"]), (1.5, ["$whose", "$who"])],
        "topics": {
            "sea": {"who/name/whose": ["cook/tom/his", "seal/max/its", "cook/ann/her"], "thing": ["net", "tom"]},
            "post": {"who/name/whose": ["clerk/ann/her"], "thing": ["seal", "net", "box"]},
        },
    },
    "one-life": {
        "patterns": [(1, ["a", "$who", "$x"])],
        "topics": {"all": {"who": ["b"], "x": ["a", "b"]}},
    },
}
MASKINGS = [
    {"select": 0.15, "mask": 0.8, "random": 0.1},
    {"select": 0.5, "mask": 0.4, "random": 0.35},
    {"select": 0.3, "mask": 1.0, "random": 0.0},
    {"select": 1.0, "mask": 0.6, "random": 0.4},
]


def main():
    rng = random.Random(1)
    cases = []
    for name, g in GRAMMARS.items():
        for o in MASKINGS:
            pairs = [draw(g, o, rng) for _ in range(3)]
            pairs.append(([MASK] * 3, [MASK] * 3))
            for a, b in pairs:
                follows, words = posterior(g, o, a, b)
                cases.append({"grammar": name, **o, "a": a, "b": b, "next": follows, "words": words})
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    texts = json.dumps({name: text_of(g) for name, g in GRAMMARS.items()})
    path = pathlib.Path(__file__).parent / "best_guess.json"
    path.write_text(f'{{"grammars": {texts},\n"cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
