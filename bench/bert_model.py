"""BERT-base in PyTorch for compare_bert.py: its modules, the other forms PyTorch offers, its files. Needs torch."""
import copy
import json
import math
import pathlib
import statistics
import struct
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

WIDTH, HEADS, FF, LAYERS, VOCABULARY, POSITIONS, SEGMENTS, EPS = 768, 12, 3072, 12, 30522, 512, 2, 1e-12


def norm():
    return nn.LayerNorm(WIDTH, eps=EPS)


class Block(nn.Module):
    """a = norm(x + attention(x)), norm(a + ffn(a)). The modules have the published names."""

    def __init__(self):
        super().__init__()
        projections = {name: nn.Linear(WIDTH, WIDTH) for name in ("query", "key", "value")}
        self.attention = nn.ModuleDict({
            "self": nn.ModuleDict(projections),
            "output": nn.ModuleDict({"dense": nn.Linear(WIDTH, WIDTH), "LayerNorm": norm()})})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(WIDTH, FF)})
        self.output = nn.ModuleDict({"dense": nn.Linear(FF, WIDTH), "LayerNorm": norm()})

    def forward(self, x):  # (1,n,d)
        n, size = x.shape[1], WIDTH // HEADS
        q, k, v = (self.attention["self"][name](x).view(1, n, HEADS, size).transpose(1, 2)
                   for name in ("query", "key", "value"))
        weights = (torch.matmul(q, k.transpose(2, 3)) / math.sqrt(size)).softmax(-1)
        context = torch.matmul(weights, v).transpose(1, 2).reshape(1, n, WIDTH)
        last = self.attention["output"]
        a = last["LayerNorm"](x + last["dense"](context))
        hidden = F.gelu(self.intermediate["dense"](a))  # that with erf
        return self.output["LayerNorm"](a + self.output["dense"](hidden))


class Bert(nn.Module):
    """The pooled [CLS] of ids (1,n), all of segment 0."""

    def __init__(self):
        super().__init__()
        self.embeddings = nn.ModuleDict({
            "word_embeddings": nn.Embedding(VOCABULARY, WIDTH), "position_embeddings": nn.Embedding(POSITIONS, WIDTH),
            "token_type_embeddings": nn.Embedding(SEGMENTS, WIDTH), "LayerNorm": norm()})
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Block() for _ in range(LAYERS))})
        self.pooler = nn.ModuleDict({"dense": nn.Linear(WIDTH, WIDTH)})
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)

    def embed(self, ids):
        places, segments = torch.arange(ids.shape[1]).unsqueeze(0), torch.zeros_like(ids)
        e = self.embeddings
        return e["LayerNorm"](e["word_embeddings"](ids) + e["position_embeddings"](places)
                              + e["token_type_embeddings"](segments))

    def hidden(self, ids):
        x = self.embed(ids)
        for block in self.encoder["layer"]:
            x = block(x)
        return x

    def pool(self, hidden):
        return torch.tanh(self.pooler["dense"](hidden[:, 0]))

    def forward(self, ids):
        return self.pool(self.hidden(ids))


def random_bert():
    torch.manual_seed(1)
    return Bert().eval()


# --- forms: the same numbers in everything that this PyTorch has for inference in float32

class FastPath(nn.Module):
    """Blocks of nn.TransformerEncoder: one call each in eval mode."""

    def __init__(self, bert):
        super().__init__()
        self.bert = bert
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, FF, dropout=0.0, activation="gelu", layer_norm_eps=EPS, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, LAYERS)
        for to, block in zip(self.encoder.layers, bert.encoder["layer"]):
            heads, last = list(block.attention["self"].values()), block.attention["output"]
            to.self_attn.in_proj_weight.data = torch.cat([linear.weight.data for linear in heads])
            to.self_attn.in_proj_bias.data = torch.cat([linear.bias.data for linear in heads])
            for module, given in ((to.self_attn.out_proj, last["dense"]), (to.norm1, last["LayerNorm"]),
                                  (to.linear1, block.intermediate["dense"]), (to.linear2, block.output["dense"]),
                                  (to.norm2, block.output["LayerNorm"])):
                module.load_state_dict(given.state_dict())
        self.eval()

    def forward(self, ids):
        return self.bert.pool(self.encoder(self.bert.embed(ids)))


def with_onednn(bert):
    """Every linear layer of the blocks in oneDNN, its matrix reordered once."""
    from torch.utils.mkldnn import MkldnnLinear

    bert = copy.deepcopy(bert)
    for block in bert.encoder["layer"]:
        heads, last = block.attention["self"], block.attention["output"]
        for at, name in ((heads, "query"), (heads, "key"), (heads, "value"), (last, "dense"), (block.intermediate, "dense"),
                         (block.output, "dense")):
            at[name] = MkldnnLinear(at[name], torch.float)
    return bert


def optimized(bert, ids):
    """Traced, frozen, and rewritten by PyTorch's own passes for inference."""
    return torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(bert, ids)))


FORMS = {"modules": lambda bert, ids: bert, "fast path": lambda bert, ids: FastPath(bert),
         "oneDNN": lambda bert, ids: with_onednn(bert), "optimized": optimized}


def time_forms(work):
    """Each of work["forms"]: three passes to warm up, then work["repeat"] with the clock."""
    torch.set_num_threads(work["threads"])
    bert, ids = random_bert(), torch.tensor([work["ids"]])
    results = {}
    for name in work["forms"]:
        with torch.no_grad():
            model = FORMS[name](bert, ids)
        with torch.inference_mode():
            for _ in range(3):
                pooled = model(ids)
            times = []
            for _ in range(work["repeat"]):
                start = time.perf_counter()
                model(ids)
                times.append(1e3 * (time.perf_counter() - start))
        results[name] = {"median_ms": statistics.median(times), "min_ms": min(times), "pooled": pooled[0].tolist()}
    blas = sorted({line.split()[-1] for line in open("/proc/self/maps") if "blas" in line})
    print(json.dumps({"forms": results, "version": torch.__version__, "blas": blas}))


# --- files

def save_checkpoint(bert, folder):
    """The layout of Hugging Face, with random heads for hidden words and next sentences."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {"bert." + name: tensor for name, tensor in bert.state_dict().items()}
    heads = {"cls.predictions.bias": [VOCABULARY], "cls.predictions.transform.dense.weight": [WIDTH, WIDTH],
             "cls.predictions.transform.dense.bias": [WIDTH], "cls.predictions.transform.LayerNorm.weight": [WIDTH],
             "cls.predictions.transform.LayerNorm.bias": [WIDTH], "cls.seq_relationship.weight": [2, WIDTH],
             "cls.seq_relationship.bias": [2]}
    tensors.update({name: 0.02 * torch.randn(shape) for name, shape in heads.items()})
    header, at = {}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + 4 * tensor.numel()]}
        at += 4 * tensor.numel()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.numpy().tobytes())
    config = {"model_type": "bert", "vocab_size": VOCABULARY, "hidden_size": WIDTH, "num_hidden_layers": LAYERS,
              "num_attention_heads": HEADS, "intermediate_size": FF, "hidden_act": "gelu", "layer_norm_eps": EPS,
              "max_position_embeddings": POSITIONS, "type_vocab_size": SEGMENTS}
    (folder / "config.json").write_text(json.dumps(config))
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "sat"]
    words += [f"word{i}" for i in range(VOCABULARY - len(words))]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")


def save(folder, lengths):
    """checkpoint/, and bert-N.onnx for each length: with fixed shapes, so that ONNX Runtime knows them."""
    bert = random_bert()
    save_checkpoint(bert, folder / "checkpoint")
    for n in lengths:
        torch.onnx.export(bert, (torch.zeros(1, n, dtype=torch.long),), str(folder / f"bert-{n}.onnx"), opset_version=17,
                          input_names=["ids"], output_names=["pooled"])
    print("{}")


def compare_hidden(export):
    """Largest difference from what attn exported: `attn bert attend TEXT --checkpoint ... --export FOLDER`."""
    import numpy

    steps = {step["path"]: step for step in json.loads((export / "trace.json").read_text())["steps"]}
    ids, output = (torch.from_numpy(numpy.load(export / steps[name]["file"])) for name in ("ids", "output"))
    with torch.inference_mode():
        hidden = random_bert().hidden(ids.unsqueeze(0))[0]
    print(json.dumps({"difference": float((hidden - output).abs().max()), "largest": float(hidden.abs().max())}))


if __name__ == "__main__":
    asked, given = sys.argv[1], json.loads(sys.argv[2])
    if asked == "time":
        time_forms(given)
    elif asked == "save":
        save(pathlib.Path(given["folder"]), given["lengths"])
    else:
        compare_hidden(pathlib.Path(given["export"]))
