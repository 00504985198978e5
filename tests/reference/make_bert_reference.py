#!/usr/bin/env python3
"""Writes small random BERT checkpoints to bert/NAME/ and what they compute to bert.json.

Needs PyTorch. The model is written down here once more, from Devlin et al. 2019 and the published
names of its tensors; the numbers of a file are rounded to its type first, and everything is computed
from the rounded ones in float64. Text is given with its pieces, so no tokenizer takes part.
Weights are large enough that attention is uneven and logits differ by several units.
"""
import json
import math
import pathlib
import struct

import torch
from torch.nn import functional as F

torch.set_num_threads(1)
HERE = pathlib.Path(__file__).resolve().parent
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SMALL = "the cat dog sat was tired play ##ing ##ed ##s on mat . ! , it is not un ##happy soup".split()
CASED = "The the Cat cat sat SAT was tired . play ##ing Q".split()
TYPES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}


def file_bytes(tensor):
    if tensor.dtype == torch.bfloat16:  # the upper half of a float32, which holds it exactly
        return b"".join(struct.pack("<f", x)[2:] for x in tensor.float().flatten().tolist())
    letter = {torch.float64: "d", torch.float32: "f", torch.float16: "e", torch.int64: "q"}[tensor.dtype]
    values = tensor.flatten().tolist()
    return struct.pack(f"<{len(values)}{letter}", *values)


def safetensors(tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        part = file_bytes(tensor)
        header[name] = {"dtype": TYPES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def draw_weights(c, dtype, heads_on_top):
    """All tensors under the names of a saved BertForPreTraining without 'bert.'."""
    d, ff = c["hidden_size"], c["intermediate_size"]
    weights = {}

    def normal(name, *shape, deviation=1.0, mean=0.0):
        weights[name] = (mean + deviation * torch.randn(*shape, dtype=torch.float64)).to(dtype)

    def linear(name, rows, columns, gain=1.5):
        normal(name + ".weight", rows, columns, deviation=gain / math.sqrt(columns))
        normal(name + ".bias", rows, deviation=0.5)

    def norm(name):
        normal(name + ".LayerNorm.weight", d, deviation=0.3, mean=1)
        normal(name + ".LayerNorm.bias", d, deviation=0.3)

    normal("embeddings.word_embeddings.weight", c["vocab_size"], d)
    normal("embeddings.position_embeddings.weight", c["max_position_embeddings"], d)
    normal("embeddings.token_type_embeddings.weight", c["type_vocab_size"], d)
    norm("embeddings")
    for l in range(c["num_hidden_layers"]):
        at = f"encoder.layer.{l}."
        for which in ("query", "key", "value"):
            linear(f"{at}attention.self.{which}", d, d)
        linear(at + "attention.output.dense", d, d)
        norm(at + "attention.output")
        linear(at + "intermediate.dense", ff, d)
        linear(at + "output.dense", d, ff)
        norm(at + "output")
    if "pooler" in heads_on_top:
        linear("pooler.dense", d, d)
    if "mlm" in heads_on_top:
        normal("cls.predictions.bias", c["vocab_size"], deviation=0.5)
        linear("cls.predictions.transform.dense", d, d)
        norm("cls.predictions.transform")
    if "nsp" in heads_on_top:
        linear("cls.seq_relationship", 2, d)
    return weights


class Reference:
    def __init__(self, config, weights):
        self.c = config
        self.w = {name: tensor.double() for name, tensor in weights.items()}
        self.bend = F.relu if config.get("hidden_act") == "relu" else F.gelu  # torch's is that with erf

    def linear(self, x, name):
        return x @ self.w[name + ".weight"].T + self.w[name + ".bias"]

    def norm(self, x, name):
        mean = x.mean(-1, keepdim=True)
        variance = ((x - mean) ** 2).mean(-1, keepdim=True)
        y = (x - mean) / torch.sqrt(variance + self.c.get("layer_norm_eps", 1e-12))
        return y * self.w[name + ".LayerNorm.weight"] + self.w[name + ".LayerNorm.bias"]

    def run(self, ids, segments, padding):
        n, h = len(ids), self.c["num_attention_heads"]
        size = self.c["hidden_size"] // h
        may_look = torch.arange(n) < n - padding
        x = self.norm(self.w["embeddings.word_embeddings.weight"][ids]
                      + self.w["embeddings.token_type_embeddings.weight"][segments]
                      + self.w["embeddings.position_embeddings.weight"][:n], "embeddings")
        out = {"x": x, "layers": [], "pooled": None, "mlm_logits": None, "nsp_logits": None}
        for l in range(self.c["num_hidden_layers"]):
            at = f"encoder.layer.{l}."
            q, k, v = (self.linear(x, f"{at}attention.self.{which}").view(n, h, size).transpose(0, 1)
                       for which in ("query", "key", "value"))
            scores = torch.einsum("hid,hjd->hij", q, k) / math.sqrt(size)
            weights = scores.masked_fill(~may_look, float("-inf")).softmax(-1)
            context = torch.einsum("hij,hjd->ihd", weights, v).reshape(n, h * size)
            a = self.norm(x + self.linear(context, at + "attention.output.dense"), at + "attention.output")
            hidden = self.bend(self.linear(a, at + "intermediate.dense"))
            x = self.norm(a + self.linear(hidden, at + "output.dense"), at + "output")
            out["layers"].append({"weights": weights, "output": x})
        if "pooler.dense.weight" in self.w:
            out["pooled"] = torch.tanh(self.linear(x[0], "pooler.dense"))
        if "cls.predictions.bias" in self.w:
            y = self.norm(self.bend(self.linear(x, "cls.predictions.transform.dense")), "cls.predictions.transform")
            out["mlm_logits"] = y @ self.w["embeddings.word_embeddings.weight"].T + self.w["cls.predictions.bias"]
        if "cls.seq_relationship.weight" in self.w:
            out["nsp_logits"] = self.linear(out["pooled"], "cls.seq_relationship")
        return out


def plain(value):
    if isinstance(value, torch.Tensor):
        return json.loads(json.dumps(value.tolist()), parse_float=lambda x: float(f"{float(x):.8g}"))
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def published(name, prefix, gamma):
    if prefix and not name.startswith("cls."):
        name = "bert." + name
    if gamma:
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
    return name


def checkpoint(name, config, vocabulary, top, inputs, dtype=torch.float32, prefix=True, gamma=False, copies=False,
               lower_case=None):
    """One folder, and the case of bert.json. inputs: (texts or None, pieces of each)."""
    config = {"vocab_size": len(vocabulary), "max_position_embeddings": 16, "type_vocab_size": 2, **config}
    weights = draw_weights(config, dtype, top)
    stored = {published(key, prefix, gamma): tensor for key, tensor in weights.items()}
    if copies:
        stored[published("embeddings.position_ids", prefix, gamma)] = torch.arange(
            config["max_position_embeddings"]).unsqueeze(0)
        stored["cls.predictions.decoder.weight"] = weights["embeddings.word_embeddings.weight"]
        stored["cls.predictions.decoder.bias"] = weights["cls.predictions.bias"]
    folder = HERE / "bert" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    (folder / "model.safetensors").write_bytes(safetensors(stored))
    if lower_case is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower_case}) + "\n")

    reference, cases = Reference(config, weights), []
    for texts, pieces in inputs:
        sentences = [sentence.split() for sentence in pieces]
        words = ["[CLS]"] + sentences[0] + ["[SEP]"]
        segments = [0] * len(words)
        for sentence in sentences[1:]:
            words += sentence + ["[SEP]"]
            segments += [1] * (len(sentence) + 1)
        padding = 0 if texts else 3
        ids = [vocabulary.index(piece) for piece in words + ["[PAD]"] * padding]
        segments += [0] * padding
        cases.append({"texts": texts, "pieces": words + ["[PAD]"] * padding, "ids": ids, "segments": segments,
                      "padding": padding, **plain(reference.run(ids, segments, padding))})
    return {"name": name, "vocabulary": config["vocab_size"], "width": config["hidden_size"],
            "ff": config["intermediate_size"], "heads": config["num_attention_heads"],
            "positions": config["max_position_embeddings"], "inputs": cases}


def sizes(d, heads, ff, layers, **more):
    return {"hidden_size": d, "num_attention_heads": heads, "intermediate_size": ff, "num_hidden_layers": layers, **more}


def main():
    torch.manual_seed(1)
    everything = ("pooler", "mlm", "nsp")
    cases = [
        # As from save_pretrained, with second copies of what is tied.
        checkpoint("pretraining", sizes(12, 3, 20, 2, model_type="bert", hidden_act="gelu", layer_norm_eps=1e-12),
                   SPECIAL + SMALL, everything, copies=True, inputs=[
                       (["The cat [MASK] tired.", "It played!"], ["the cat [MASK] tired .", "it play ##ed !"]),
                       (None, ["the dog was play ##ing"])]),
        # As converted from the first published files: gamma and beta, few entries in config.json, and
        # more rows in the table than lines in vocab.txt.
        checkpoint("first", sizes(8, 1, 12, 1, vocab_size=37), SMALL[:3] + SPECIAL[::-1] + SMALL[3:], everything,
                   gamma=True, lower_case=True, inputs=[
                       (["the dog's [MASK] [MASK]"], ["the dog [UNK] [UNK] [MASK] [MASK]"])]),
        # A BertModel of its own: no prefix, no heads for the pretraining tasks.
        checkpoint("cased", sizes(8, 2, 9, 3, hidden_act="relu", layer_norm_eps=0.01, type_vocab_size=1),
                   SPECIAL + CASED, ("pooler",), prefix=False, lower_case=False, inputs=[
                       (["The Cat SAT playing."], ["The Cat SAT play ##ing ."]),
                       (None, ["Q was tired"])]),
        # A BertForMaskedLM: no pooler.
        checkpoint("masked", sizes(12, 4, 16, 1, model_type="bert", layer_norm_eps=1e-5), SPECIAL + SMALL, ("mlm",),
                   dtype=torch.float16, inputs=[(["the [MASK] sat on the mat"], ["the [MASK] sat on the mat"])]),
        # A BertForNextSentencePrediction.
        checkpoint("next", sizes(6, 2, 10, 2, model_type="bert", position_embedding_type="absolute"), SPECIAL + SMALL,
                   ("pooler", "nsp"), dtype=torch.bfloat16, inputs=[
                       (["the cat played", "it is tired"], ["the cat play ##ed", "it is tired"])]),
        # Nothing on top, in float64.
        checkpoint("bare", sizes(4, 2, 4, 1, max_position_embeddings=11, type_vocab_size=3), SPECIAL + SMALL, (),
                   dtype=torch.float64, prefix=False, inputs=[
                       (["unhappy dogs", "soup"], ["un ##happy dog ##s", "soup"]),
                       (None, ["the soup is on the mat"])]),
    ]
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (HERE / "bert.json").write_text("[\n" + lines + "\n]\n")


if __name__ == "__main__":
    main()
