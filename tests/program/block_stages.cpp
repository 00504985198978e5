// The stages about blocks: norm, ffn, encoder, decoder, and the counts of params.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "app/frame/execute.h"
#include "attn/core/error.h"
#include "attn/nn/decoder.h"
#include "attn/ops/ops.h"
#include "attn/text/shell_words.h"
#include "program/process.h"
#include "program/traces.h"

using namespace attn;
using namespace attn::test;

namespace {

const Array& values(const Trace& trace, const std::string& path) {
  return step(trace, path).values();
}

void has_shapes(const Trace& trace, const std::string& at,
                const std::vector<std::pair<const char*, Shape>>& shapes) {
  for (const auto& expected : shapes) {
    const std::string path = at + expected.first;
    INFO("step ", path);
    CHECK(shape_of(values(trace, path)) == expected.second);
  }
}

const Table& table(const Trace& trace, const std::string& name) {
  for (const Item& item : trace.items) {
    const auto* found = std::get_if<Table>(&item);
    if (found && found->name == name) return *found;
  }
  FAIL("no table " << name);
  throw Error(ErrorKind::internal, "unreachable");
}

/// The last number of the row of a table that begins with this word.
double number(const Trace& trace, const char* name, const std::string& first) {
  for (const auto& row : table(trace, name).rows) {
    if (std::get<std::string>(row[0]) == first) return std::get<double>(row.back());
  }
  FAIL("no row " << first);
  return 0;
}

void attention_shapes(const Trace& t, const std::string& at, std::size_t n, std::size_t m,
                      std::size_t d, std::size_t heads) {
  has_shapes(t, at,
             {{"w_q", {d, d}},
              {"w_k", {d, d}},
              {"w_v", {d, d}},
              {"w_o", {d, d}},
              {"b_q", {d}},
              {"b_k", {d}},
              {"b_v", {d}},
              {"b_o", {d}},
              {"q", {n, d}},
              {"k", {m, d}},
              {"v", {m, d}},
              {"scores", {heads, n, m}},
              {"weights", {heads, n, m}},
              {"context", {heads, n, d / heads}},
              {"concat", {n, d}},
              {"output", {n, d}}});
}

void ffn_shapes(const Trace& t, const std::string& at, std::size_t n, std::size_t d,
                std::size_t ff) {
  has_shapes(t, at,
             {{"w_1", {d, ff}},
              {"b_1", {ff}},
              {"hidden", {n, ff}},
              {"w_2", {ff, d}},
              {"b_2", {d}},
              {"output", {n, d}}});
}

Array reversed(const Array& a) {
  Array out = a;
  const std::size_t n = rows(a), d = columns(a);
  for (std::size_t i = 0; i < n; ++i)
    std::copy_n(a.data() + i * d, d, out.data() + (n - 1 - i) * d);
  return out;
}

}  // namespace

TEST_CASE("norm and ffn: their checks hold for long, short and narrow inputs") {
  for (const Words& more : {Words{}, Words{"saw"}, Words{"a b", "--dim", "1"},
                            Words{"to be or not to be", "--dim", "5", "--position", "learned"}}) {
    const Trace norm = holding(with({"norm"}, more));
    const std::size_t n = norm.tokens.size(), d = columns(values(norm, "x"));
    has_shapes(norm, "layer_norm.", {{"mean", {n}}, {"variance", {n}}, {"output", {n, d}}});
    has_shapes(norm, "batch_norm.", {{"mean", {d}}, {"variance", {d}}, {"output", {n, d}}});
    for (const char* activation : {"relu", "gelu"}) {
      const Trace ffn = holding(with({"ffn", "--activation", activation}, more));
      ffn_shapes(ffn, "", n, d, 4 * d);
    }
  }
}

TEST_CASE("norm: its checks hold for ordinary tables, whose numbers lie far from 0") {
  const Folder folder;
  for (const char* rows :
       {"1987,1990,2003\n2024,1999,2011\n1955,1968,2020\n", "36.5,36.7,37.1\n36.6,36.9,39.2\n",
        "1013.2,1009.8,1021.5\n998.1,1003.3,1010.0\n", "250000,250100,249900\n251000,250500,1\n",
        "-273.15,-273.14\n-273.13,-273.16\n", "5,5,5\n5,5,5\n"}) {
    INFO(rows);
    holding({"norm", "--input", folder.write("x.csv", rows)});
  }
}

TEST_CASE("norm: with gain 1 and bias 0 rows, or columns, have mean 0 and variance 1") {
  const Trace t = holding({"norm", "to be or not to be", "--dim", "16"});
  const Array& by_row = values(t, "layer_norm.output");
  const Array by_column = transpose(Run{}, Tensor(values(t, "batch_norm.output"))).value();
  for (const Array& a : {by_row, by_column}) {
    const Array mean = row_mean(Run{}, Tensor(a)).value(),
                variance = row_variance(Run{}, Tensor(a)).value();
    for (const real m : mean) CHECK(std::abs(m) < 1e-5);
    for (const real v : variance) CHECK(v == doctest::Approx(1).epsilon(1e-3));
  }
}

TEST_CASE("encoder: the steps of the contract, post-norm and pre-norm") {
  for (const bool pre : {false, true}) {
    const Trace t = holding({"encoder", "I saw a saw", "--dim", "6", "--heads", "3", "--layers",
                             "2", "--ff", "10", "--norm", pre ? "pre" : "post"});
    const std::size_t n = 4, d = 6;
    has_shapes(t, "", {{"x", {n, d}}, {"output", {n, d}}});
    for (const std::string at : {"layer.0.", "layer.1."}) {
      attention_shapes(t, at + "attention.", n, n, d, 3);
      ffn_shapes(t, at + "ffn.", n, d, 10);
      for (const char* norm : {"norm1.", "norm2."})
        has_shapes(t, at + norm, {{"gain", {d}}, {"bias", {d}}, {"output", {n, d}}});
      const Array& last = values(t, at + "output");
      if (!pre) CHECK(largest_difference(last, values(t, at + "norm2.output")) == 0);
    }
    CHECK((t.find("final_norm.output") != nullptr) == pre);
    const std::string last = pre ? "final_norm.output" : "layer.1.output";
    CHECK(largest_difference(values(t, "output"), values(t, last)) == 0);
    // What a block reads is what the block before gave.
    const std::string read = pre ? "layer.1.norm1.output" : "layer.0.norm2.output";
    CHECK(t.find("layer.1.attention.q")->from[0] == read);
  }
}

TEST_CASE("encoder: what stands beside a part taken away is the encoder with it") {
  const Words words{"encoder", "so be it", "--dim", "4"};
  for (const Words& base : {Words{}, Words{"--norm", "pre"}, Words{"--share-layers", "--halt"}}) {
    const Array whole = values(holding(with(words, base)), "output");
    for (const Words& without :
         {Words{"--no-residual"}, Words{"--no-norm"}, Words{"--no-scale"}, Words{"--no-position"},
          Words{"--no-residual", "--no-norm", "--no-scale", "--no-position"}}) {
      const Trace t = holding(with(with(words, base), without));
      INFO(fmt::format("{} {}", fmt::join(base, " "), fmt::join(without, " ")));
      CHECK(largest_difference(values(t, "whole.output"), whole) < 1e-5);
      CHECK(largest_difference(values(t, "output"), whole) > 1e-3);
      CHECK(table(t, "parts").rows.size() == without.size());
      CHECK(table(t, "difference").rows.size() == 3);
    }
  }
}

TEST_CASE(
    "encoder: words in another order give the same rows in that order only without positions") {
  const auto output = [](const char* text, const Words& more) {
    return values(holding(with({"encoder", text}, more)), "output");
  };
  const char *forward = "the animal was tired", *backward = "tired was animal the";
  CHECK(largest_difference(output(forward, {"--no-position"}),
                           reversed(output(backward, {"--no-position"}))) < 1e-5);
  CHECK(largest_difference(output(forward, {}), reversed(output(backward, {}))) > 0.01);
}

TEST_CASE("encoder: shared layers are one block's parameters, used again") {
  const Trace t = holding({"encoder", "a b c", "--share-layers", "--layers", "3"});
  CHECK(t.find("layer.1.attention.w_q") == nullptr);
  const Array again =
      linear(Run{}, Tensor(values(t, "layer.1.output")), Tensor(values(t, "layer.0.attention.w_q")),
             Tensor(values(t, "layer.0.attention.b_q")))
          .value();
  CHECK(largest_difference(again, values(t, "layer.2.attention.q")) < 1e-6);
  const double block = number(t, "parameters", "one block");
  CHECK(number(t, "parameters", "one block, shared") == block);
  CHECK(number(t, "parameters", "3 blocks of their own") == 3 * block);
}

TEST_CASE("encoder: with --halt every position takes its own number of steps") {
  bool different = false;
  for (const char* seed : {"1", "2", "3"}) {
    for (const char* most : {"1", "2", "8"}) {
      const Trace t = holding({"encoder", "the animal was tired", "--share-layers", "--halt",
                               "--layers", most, "--seed", seed});
      const Array &weights = values(t, "halting.weights"), &p = values(t, "halting.probability"),
                  &steps = values(t, "halting.steps"), &rest = values(t, "halting.remainder");
      for (std::size_t i = 0; i < rows(weights); ++i) {
        const auto last = static_cast<std::size_t>(steps(i)) - 1;
        double before = 0;
        for (std::size_t s = 0; s < last; ++s) {
          CHECK(before + p(i, s) < 0.99);
          before += p(i, s);
          CHECK(weights(i, s) == p(i, s));
        }
        CHECK((before + p(i, last) >= 0.99 || last + 1 == std::stoul(most)));
        CHECK(rest(i) == doctest::Approx(1 - before).epsilon(1e-5));
        CHECK(values(t, "halting.ponder")(i) == doctest::Approx(steps(i) + rest(i)).epsilon(1e-5));
        different = different || steps(i) != steps(0);
        // After its stop a state stays as it is.
        for (std::size_t s = last + 1; s < columns(weights); ++s) {
          const auto state = [&](std::size_t step) {
            const std::string at = fmt::format("layer.{}.", step);
            return row(values(t, at + (t.find(at + "state") ? "state" : "output")), i);
          };
          CHECK(std::ranges::equal(state(s), state(s - 1)));
          CHECK(weights(i, s) == 0);
        }
      }
    }
  }
  CHECK(different);
  expect({"encoder", "--halt"}, 2, "--halt without --share-layers");
}

TEST_CASE("encoder: with --halt each layer's operations are the same, halting's are its own") {
  const Trace t = holding({"encoder", "a b c", "--dim", "8", "--heads", "2", "--share-layers",
                           "--halt", "--layers", "3"});
  REQUIRE(t.find("layer.1.output"));
  for (const Step* one : t.steps()) {
    if (!one->path.starts_with("layer.1.")) continue;
    INFO(one->path);
    const Step* first = t.find("layer.0" + one->path.substr(7));
    if (first) CHECK(one->flops == first->flops);
  }
  // w of (8,1), then a sigmoid, for 3 tokens after each step
  const double steps = double(columns(values(t, "halting.probability")));
  CHECK(step(t, "halting.probability").flops == steps * 3 * (2 * 8 + 4));
}

TEST_CASE("blocks: --position changes what is computed, or is refused") {
  for (const app::Command& command : app::commands()) {
    if (command.kind != app::CommandKind::stage || command.name == "position") continue;
    INFO(command.name);
    const Words name = attn::shell_words(command.name);
    const Result r = run(with(name, {"--position", "learned", "--json"}));
    if (r.exit_code != 0) {
      CHECK(r.exit_code == 2);
      CHECK(contains(r.err, "--position"));
    } else {
      CHECK(contains(r.out, "position_table"));
    }
  }
  expect({"encoder", "--help"}, 0, "sinusoidal");
  expect({"transformer", "--position", "sinusoidal"}, 2, "always get learned positions");
}

TEST_CASE("encoder: options that contradict one another are refused") {
  const Folder folder;
  const std::string x = folder.write("x.csv", "1,2\n3,4\n");
  expect({"encoder", "--no-position", "--position", "learned"}, 2, "both given");
  expect({"encoder", "--no-position", "--input", x}, 2, "--no-position with --input");
  expect({"encoder", "--dim", "10", "--heads", "3"}, 2, "--heads may be 1, 2, 5, 10");
  expect({"encoder", "--dim", "1024", "--layers", "2"}, 5, "million parameters");
  expect({"encoder", "--input", x, "--layers", "1", "--show", "x"}, 0, "input");
}

TEST_CASE("decoder: the steps of the contract, from words and from matrices") {
  const Folder folder;
  const std::string x = folder.write("x.csv", "1,2,0,1\n3,4,1,0\n0,1,0,2\n"),
                    memory = folder.write("memory.csv", "0,1,1,0\n2,0,1,1\n");
  for (const bool pre : {false, true}) {
    for (const bool files : {false, true}) {
      Words words{"decoder", "--dim", "4", "--layers", "2", "--norm", pre ? "pre" : "post"};
      words = with(words, files ? Words{"--input", x, "--memory", memory, "--vocab", "5"}
                                : Words{"so be it", "--target", "<start> Ja doch ja"});
      const Trace t = holding(words);
      const std::size_t n = files ? 3 : 4, m = files ? 2 : 3, d = 4, v = files ? 5 : 4;
      has_shapes(t, "",
                 {{"x", {n, d}},
                  {"memory", {m, d}},
                  {"output", {n, d}},
                  {"logits", {n, v}},
                  {"probabilities", {n, v}}});
      for (const std::string at : {"layer.0.", "layer.1."}) {
        attention_shapes(t, at + "self.", n, n, d, 2);
        attention_shapes(t, at + "cross.", n, m, d, 2);
        ffn_shapes(t, at + "ffn.", n, d, 16);
        for (const char* norm : {"norm1.", "norm2.", "norm3."})
          has_shapes(t, at + norm, {{"gain", {d}}, {"bias", {d}}, {"output", {n, d}}});
        CHECK(t.find(at + "cross.k")->from[0] == "memory");
        CHECK(t.find(at + "cross.q")->from[0] != "memory");
        for (const char* side : {"x", "memory"})  // each once, however many blocks read it
          CHECK(t.find(at + "cross." + side) == nullptr);
      }
      CHECK((t.find("memory")->kind() == Tensor::Kind::input) == files);
      if (!files) CHECK(t.tokens == Words{"<start>", "ja", "doch", "ja"});
    }
  }
}

TEST_CASE("decoder: a memory or target that does not fit is refused") {
  const Folder folder;
  const std::string x = folder.write("x.csv", "1,2\n3,4\n"),
                    wide = folder.write("wide.csv", "1,2,3,4\n"),
                    ragged = folder.write("ragged.csv", "1,2\n3\n");
  expect({"decoder", "--input", x, "--target", "a"}, 2, "--input and --target are both given");
  expect({"decoder", "a text", "--memory", x}, 2, "a text and --memory are both given");
  expect({"decoder", "--input", x, "--memory", wide}, 3, "do not fit");
  expect({"decoder", "--memory", ragged}, 3, "ragged.csv");
  expect({"decoder", "--memory", folder / "none.csv"}, 4, "none.csv");
  expect({"decoder", "--vocab", "9"}, 2, "--vocab without --input");
  expect({"decoder", "--target", " "}, 2, "--target has no words");
  expect({"decoder", "--target", "\xff"}, 2, "not UTF-8");
  expect({"decoder", "--position", "learned"}, 2, "--position means nothing here");
  expect({"decoder", "--target", "\x1b[31mred", "--plain"}, 0, "\\x1B[31mred");
}

TEST_CASE("blocks: saved parameters give the same values again") {
  const Folder folder;
  const std::string file = folder / "w.safetensors";
  for (const Words& words :
       {Words{"norm", "a b c"}, Words{"ffn", "a b c"}, Words{"encoder", "a b c"},
        Words{"encoder", "a b", "--norm", "pre", "--no-norm"},
        Words{"encoder", "a b", "--share-layers", "--halt"}, Words{"decoder", "a b"},
        Words{"decoder", "a b", "--norm", "pre"}}) {
    INFO(fmt::format("{}", fmt::join(words, " ")));
    expect(with(words, {"--seed", "5", "--save-weights", file}), 0);
    const Trace saved = app::compute(with(words, {"--seed", "5"})),
                loaded = app::compute(with(words, {"--seed", "9", "--weights", file}));
    REQUIRE(saved.steps().size() == loaded.steps().size());
    for (const Step* step : saved.steps()) {
      INFO("step ", step->path);
      CHECK(largest_difference(step->values(), values(loaded, step->path)) == 0);
    }
  }
}

TEST_CASE("blocks: why takes a number of any step apart") {
  for (const Words& words :
       {Words{"layer_norm.variance[1]", "norm"}, Words{"batch_norm.output[1,2]", "norm"},
        Words{"hidden[0,3]", "ffn", "--activation", "gelu"},
        Words{"layer.1.attention.weights[0,1,2]", "encoder"},
        Words{"layer.0.residual2[1,1]", "encoder", "--norm", "pre"},
        Words{"halting.weights[0,1]", "encoder", "--share-layers", "--halt"},
        Words{"halting.steps[0]", "encoder", "--share-layers", "--halt"},
        Words{"whole.output[0,0]", "encoder", "--no-scale"},
        Words{"layer.0.cross.scores[1,2,0]", "decoder"}, Words{"memory[0,0]", "decoder"},
        Words{"probabilities[0,0]", "decoder"}}) {
    INFO(fmt::format("{}", fmt::join(words, " ")));
    expect(with({"why", "--depth", "2"}, words), 0, words[0] + " = ");
  }
}

TEST_CASE("params: the counts of the published models") {
  const auto total = [](const Words& more) {
    return number(app::compute(with({"params"}, more)), "parameters", "total");
  };
  CHECK(total({"--preset", "gpt2-small"}) == 124'439'808);
  CHECK(total({"--preset", "transformer-base"}) == 63'082'496);
  CHECK(total({"--preset", "transformer-big"}) == 214'245'376);
  CHECK(total({"--preset", "bert-base"}) == 109'482'240);
  CHECK(total({"--preset", "bert-large"}) == 335'141'888);
  // The figures without biases and norms, for the two whose papers leave these open.
  const auto matrices = [](const char* preset) {
    return number(app::compute({"params", "--preset", preset}), "parameters", "weight matrices");
  };
  CHECK(matrices("transformer-base") == 62'984'192);
  CHECK(matrices("transformer-big") == 214'048'768);
  expect({"params", "--dim", "10", "--heads", "3"}, 2, "cannot be divided");
  expect({"params", "--preset", "bert-bas"}, 2, "did you mean bert-base?");
}

TEST_CASE("params: other sizes are counted as the blocks are made") {
  Parameters parameters{Rng(1)};
  const EncoderSizes sizes{8, 2, 20};
  NamedTensors encoder, decoder;
  list_parameters(encoder, "", encoder_layer(parameters, 0, sizes));
  list_parameters(decoder, "", decoder_layer(parameters, 1, sizes, "decoder."));
  const auto size = [](const NamedTensors& named) {
    double sum = 0;
    for (const auto& [path, tensor] : named) sum += double(tensor.value().size());
    return sum;
  };
  const Words small{"--layers", "3", "--dim", "8", "--heads", "2", "--ff", "20", "--vocab", "11"};
  const auto total = [&](const char* preset) {
    return number(app::compute(with({"params", "--preset", preset}, small)), "parameters", "total");
  };
  CHECK(total("transformer-base") == 3 * (size(encoder) + size(decoder)) + 11 * 8);
  CHECK(total("gpt2-small") == 3 * size(encoder) + 11 * 8 + 1024 * 8 + 16);
  CHECK(total("bert-base") == 3 * size(encoder) + 11 * 8 + 512 * 8 + 2 * 8 + 16 + 8 * 8 + 8);
}
