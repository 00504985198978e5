// How fast the models are, for comparing with other programs. The document of --json is fixed by
// docs/contract.md.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <numeric>

#include "app/frame/command.h"
#include "app/frame/heads.h"
#include "app/learning/layer_cost.h"
#include "attn/core/error.h"
#include "attn/core/gemm.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/graph/tape.h"
#include "attn/nn/bert.h"
#include "attn/nn/sequence_model.h"
#include "attn/nn/transformer.h"
#include "attn/ops/ops.h"
#include "attn/render/json_writer.h"
#include "attn/train/optimizer.h"

namespace attn::app {

namespace {

/// What can be measured, and what its operations are counted from.
struct Model {
  const char* name;
  bool forward, train;  ///< in which ways
  /// Attentions per layer, and feed-forward networks: an encoder-decoder's layer is a block of each
  /// stack, the decoder's with two attentions.
  double attentions, feed_forwards;
  SequenceKind kind;  ///< of its layers
  bool bert = false, encoder_decoder = false;

  bool has_heads() const { return attentions > 0; }
  bool has_ff() const { return feed_forwards > 0; }
  double gates() const { return double(gates_of(cell_of(kind))); }
};

constexpr Model kModels[] = {
    {"attention", true, false, 1, 0, SequenceKind::attention},
    {"encoder", true, false, 1, 1, SequenceKind::attention},
    {"transformer", false, true, 1, 1, SequenceKind::attention},
    {"encoder-decoder", false, true, 3, 2, SequenceKind::attention, false, true},
    {"rnn", true, true, 0, 0, SequenceKind::rnn},
    {"lstm", true, true, 0, 0, SequenceKind::lstm},
    {"gru", true, true, 0, 0, SequenceKind::gru},
    {"cnn", true, true, 0, 0, SequenceKind::cnn},
    {"bert-base", true, false, 1, 1, SequenceKind::attention, true},
};

std::vector<std::string> names_of(bool Model::*way) {
  std::vector<std::string> out;
  for (const Model& model : kModels) {
    if (model.*way) out.emplace_back(model.name);
  }
  return out;
}

const std::vector<std::string> kForward = names_of(&Model::forward);
const std::vector<std::string> kTrain = names_of(&Model::train);

constexpr int kWarmUp = 3;  // steps before the clock counts: memory is fetched, threads start
constexpr std::size_t kBertVocabulary = 30522;  // of the published models in English

struct BenchOptions {
  std::vector<std::string> words;
  std::string model;
  std::int64_t batch = 1, length = 64, dim = 64, heads = 4, layers = 2, ff = 256, vocab = 32,
               threads = 1, repeat = 10, seed = 1;
};

void bind(Cli& cli, BenchOptions& o) {
  std::vector<std::string> models = kForward;
  models.insert(models.end(), {"transformer", "encoder-decoder"});
  cli.positional("forward|train", o.words, "a forward pass, or a whole training step");
  cli.suggest([] { return std::vector<std::string>{"forward", "train"}; });
  cli.choice("--model", o.model, models, "what is measured");
  cli.integer("--batch", o.batch, 1, 1'000'000, "sequences at once, B");
  cli.integer("--length", o.length, 1, 1'000'000'000'000, "positions of each sequence, n");
  cli.integer("--dim", o.dim, 1, 1'000'000'000, "model width d");
  cli.integer("--heads", o.heads, 1, 100'000, "heads of attention, H");
  cli.integer("--layers", o.layers, 1, 10'000,
              "layers of attention, encoder, transformer, cnn; recurrent models have one");
  cli.integer("--ff", o.ff, 1, 1'000'000'000, "width inside the feed-forward network");
  cli.integer("--vocab", o.vocab, 1, 1 << 24, "vocabulary V of a training step");
  cli.integer("--threads", o.threads, 1, 1024, "processors to compute on");
  cli.integer("--repeat", o.repeat, 1, 100'000, "timed steps");
  cli.integer("--seed", o.seed, 0, std::int64_t{1} << 62, "random numbers of this seed");
}

struct Sizes {
  const Model* model;
  std::size_t batch, n, d, heads, layers, ff, vocab;
  bool train;
};

/// Multiplications and additions of the matrix products of one forward pass, from the shapes alone.
double forward_flops(const Sizes& z) {
  const Model& model = *z.model;
  const double rows = double(z.batch) * double(z.n), d = double(z.d), layers = double(z.layers);
  double flops = z.train ? 2 * rows * d * double(z.vocab) : 0;
  if (is_recurrent(model.kind)) flops += 2 * rows * model.gates() * d * (d + d);
  if (model.kind == SequenceKind::cnn) flops += layers * 2 * rows * double(kKernel) * d * d;
  if (model.has_heads())
    flops += model.attentions * layers * (4 * 2 * rows * d * d + 2 * 2 * rows * double(z.n) * d);
  if (model.has_ff()) flops += model.feed_forwards * layers * 2 * 2 * rows * d * double(z.ff);
  if (model.bert) flops += 2 * double(z.batch) * d * d;  // the pooler
  return flops;
}

/// About the largest number of bytes that a step holds at once.
double bytes(const Sizes& z) {
  const Model& model = *z.model;
  const double rows = double(z.batch) * double(z.n), d = double(z.d), ff = double(z.ff);
  const double pairs = double(z.batch) * double(z.heads) * double(z.n) * double(z.n);
  double weights = d * d, activations = rows * d;  // of one layer
  if (is_recurrent(model.kind)) {
    weights = model.gates() * 2 * d * d;
    activations = rows * d * (2 * model.gates() + 4);
  } else if (model.kind == SequenceKind::cnn) {
    weights = double(kKernel) * d * d;
    activations = rows * d * (double(kKernel) + 3);
  } else {
    const double inner = model.has_ff() ? 2 * ff * model.feed_forwards : 0;
    weights = model.attentions * 4 * d * d + d * inner;
    activations = rows * (model.attentions * 14 * d + inner) + model.attentions * 2 * pairs;
  }
  const double layers = is_recurrent(model.kind) ? 1 : double(z.layers);
  const double tables = model.bert ? d * double(kBertVocabulary + z.n) : 0;
  if (!z.train) return sizeof(real) * (tables + layers * weights + activations + 2 * rows * d);
  weights = layers * weights + 2 * d * double(z.vocab);
  activations = layers * activations + rows * (2 * d + 3 * double(z.vocab));
  return sizeof(real) * (4 * weights + 2 * activations);  // gradients, and Adam's two means
}

Sizes check(const BenchOptions& o) {
  if (o.words.size() != 1 || (o.words[0] != "forward" && o.words[0] != "train")) {
    const std::string near = o.words.empty() ? "" : nearest(o.words[0], {"forward", "train"});
    throw Error(ErrorKind::usage,
                o.words.empty() ? "bench what: forward or train?"
                : o.words.size() > 1
                    ? fmt::format("bench takes one word, not {}", o.words.size())
                    : fmt::format("bench: no \"{}\"{}", escaped(o.words[0]),
                                  near.empty() ? "" : "; did you mean " + near + "?"),
                "write attn bench forward ..., or attn bench train ...");
  }
  const bool train = o.words[0] == "train";
  const std::vector<std::string>& models = train ? kTrain : kForward;
  if (std::find(models.begin(), models.end(), o.model) == models.end()) {
    throw Error(ErrorKind::usage,
                o.model.empty() ? "which model?"
                                : fmt::format("bench {} has no model {}", o.words[0], o.model),
                fmt::format("write --model with one of: {}", joined(models, ", ")));
  }
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  const Model& model = *std::find_if(std::begin(kModels), std::end(kModels),
                                     [&](const Model& m) { return m.name == o.model; });
  Sizes z{&model,         size(o.batch), size(o.length), size(o.dim), size(o.heads),
          size(o.layers), size(o.ff),    size(o.vocab),  train};
  if (model.bert) {  // Devlin et al. 2019, section 3
    z.d = 768;
    z.heads = z.layers = 12;
    z.ff = 3072;
  }
  if (model.has_heads()) require_heads_divide_dim(z.d, z.heads);
  return z;
}

/// One step to be timed, and how many parameters take part in it.
struct Work {
  std::function<void()> step;
  double parameters = 0;
};

std::size_t numbers(const std::vector<Tensor>& tensors) {
  return std::accumulate(
      tensors.begin(), tensors.end(), std::size_t{0},
      [](std::size_t n, const Tensor& t) { return t ? n + t.value().size() : n; });
}

Tensor random_ids(Stage& s, const char* name, const Sizes& z, std::size_t vocabulary) {
  Rng rng = s.rng.stream(name);
  Array ids = empty({z.batch, z.n});
  for (real& id : ids) id = static_cast<real>(rng.below(vocabulary));
  return Tensor::ids(std::move(ids));
}

/// From ids to the pooled [CLS], without heads for words and next sentences.
Work bert_work(Stage& s, const Sizes& z) {
  const BertSizes sizes{.vocabulary = kBertVocabulary,
                        .positions = std::max<std::size_t>(512, z.n),
                        .mlm = false,
                        .nsp = false};
  Parameters parameters(s.rng, double(kBertVocabulary * z.d));  // as many as the table needs
  const auto bert = std::make_shared<const Bert>(sizes, parameters);
  const Tensor ids = random_ids(s, "bench.ids", z, kBertVocabulary);
  const Tensor segments = Tensor::ids(zeros({z.batch, z.n}));
  return {[=] {
            const Tensor x = bert->embed(Run{}, ids, segments);
            bert->pooled(Run{}, bert->encode(Run{}, x, {}));
          },
          double(bert->parameter_count())};
}

/// Layers of nn/ one after another on given numbers: no embedding, no classes.
Work forward_work(Stage& s, const Sizes& z) {
  const Model& model = *z.model;
  if (model.bert) return bert_work(s, z);
  const Tensor x = Tensor::input(s.rng.stream("bench.x").normal({z.batch, z.n, z.d}, 1));
  Parameters& from = s.parameters;
  const auto weight = [&](const std::string& path, const Shape& shape, std::size_t fan_in) {
    return from.get(path, shape, 1 / std::sqrt(double(fan_in)));
  };
  if (model.has_heads()) {
    std::vector<EncoderLayer> layers;
    std::size_t count = 0;
    for (std::size_t l = 0; l < z.layers; ++l) {
      layers.push_back(encoder_layer(from, l, {z.d, z.heads, model.has_ff() ? z.ff : 1}));
      const EncoderLayer& p = layers.back();
      const AttentionParameters& a = p.attention;
      count += numbers({a.w_q, a.w_k, a.w_v, a.w_o, a.b_q, a.b_k, a.b_v, a.b_o});
      if (model.has_ff()) {
        count += numbers({p.norm1.gain, p.norm1.bias, p.norm2.gain, p.norm2.bias, p.ffn.w_1,
                          p.ffn.b_1, p.ffn.w_2, p.ffn.b_2});
      }
    }
    const bool whole = model.has_ff();
    const BlockOptions options{.heads = z.heads};
    return {[=] {
              Tensor h = x;
              for (std::size_t l = 0; l < z.layers; ++l) {
                h = whole ? encode(Run{}, h, layers[l], l, options, {})
                          : multi_head_attention(Run{}, h, layers[l].attention, z.heads, {});
              }
            },
            double(count)};
  }
  if (model.kind == SequenceKind::cnn) {
    std::vector<ConvolutionParameters> layers;
    for (std::size_t l = 0; l < z.layers; ++l) {
      layers.push_back({weight(fmt::format("layer.{}.w", l), {kKernel, z.d, z.d}, kKernel * z.d),
                        from.get_or(fmt::format("layer.{}.b", l), zeros({z.d}))});
    }
    return {[=] {
              Tensor h = x;
              for (const ConvolutionParameters& p : layers)
                h = add(Run{}, h, convolution_layer(Run{}, h, p));
            },
            double(z.layers) * double(numbers({layers[0].w, layers[0].b}))};
  }
  const Cell cell = cell_of(model.kind);
  const std::size_t g = gates_of(cell) * z.d;
  const RecurrentParameters p{weight("w_x", {z.d, g}, z.d), weight("w_h", {z.d, g}, z.d),
                              from.get_or("b_x", zeros({g})), from.get_or("b_h", zeros({g}))};
  return {[=] { recurrent_layer(Run{}, cell, x, p); },
          double(numbers({p.w_x, p.w_h, p.b_x, p.b_h}))};
}

/// The training step of docs/contract.md, on random ids and random targets.
Work training_work(Stage& s, const Sizes& z) {
  const Model& model = *z.model;
  const Tensor inputs = random_ids(s, "bench.inputs", z, z.vocab);
  const Tensor targets = random_ids(s, "bench.targets", z, z.vocab);
  std::function<Tensor(const Run&)> logits;
  std::vector<std::pair<std::string, Tensor>> parameters;
  if (model.encoder_decoder) {
    const TransformerSizes sizes{.source_vocabulary = z.vocab,
                                 .target_vocabulary = z.vocab,
                                 .width = z.d,
                                 .heads = z.heads,
                                 .ff = z.ff,
                                 .layers = z.layers,
                                 .positions = z.n};
    auto trained = std::make_shared<Transformer>(sizes, s.parameters);
    const Tensor words = random_ids(s, "bench.words", z, z.vocab);
    parameters = trained->parameters();
    logits = [=](const Run& run) { return trained->logits(run, inputs, words); };
  } else {
    SequenceSizes sizes;
    sizes.kind = model.kind;
    sizes.vocabulary = sizes.classes = z.vocab;
    sizes.width = z.d;
    sizes.layers = z.layers;
    sizes.heads = z.heads;
    sizes.ff = z.ff;
    sizes.kernel = kKernel;
    auto trained = std::make_shared<SequenceModel>(sizes, s.parameters);
    parameters = trained->parameters();
    logits = [=](const Run& run) { return trained->logits(run, inputs); };
  }
  double count = 0;
  for (const auto& [path, tensor] : parameters) count += double(tensor.value().size());
  OptimizerOptions options;
  options.clip = 0;
  auto optimizer = std::make_shared<Optimizer>(options, std::move(parameters));
  const Array one = full({1}, 1);
  return {[=] {
            optimizer->clear_gradients();
            Tape tape;
            Run run;
            run.tape = &tape;
            const Tensor loss = cross_entropy(run, logits(run), targets);
            tape.backward(loss, one);
            optimizer->step(1);
          },
          count};
}

std::vector<double> timed(const Work& work, std::int64_t repeat) {
  for (int i = 0; i < kWarmUp; ++i) work.step();
  std::vector<double> milliseconds;
  for (std::int64_t i = 0; i < repeat; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work.step();
    milliseconds.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count());
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  return milliseconds;
}

double peak_memory() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) * 1024 / 1e6;
}

void bench(Stage& s, const BenchOptions& o) {
  const Sizes z = check(o);
  const std::string what =
      fmt::format("{} of {} with batch {}, length {}, width {}",
                  z.train ? "training" : "a forward pass", o.model, z.batch, z.n, z.d);
  s.require_memory(bytes(z), what);
  set_threads(static_cast<int>(o.threads));
  s.trace.threads = static_cast<int>(o.threads);
  s.trace.seed = static_cast<std::uint64_t>(o.seed);
  s.rng = Rng(s.trace.seed);
  s.parameters = Parameters(s.rng);
  const Work work = z.train ? training_work(s, z) : forward_work(s, z);
  const std::vector<double> times = timed(work, o.repeat);
  const std::size_t half = times.size() / 2;
  const double median = times.size() % 2 == 1 ? times[half] : (times[half - 1] + times[half]) / 2;
  const double flops = (z.train ? 3 : 1) * forward_flops(z), gflops = flops / median / 1e6;
  const double memory = peak_memory();

  JsonWriter json;
  json.begin_object();
  json.key("format");
  json.whole(1);
  json.key("model");
  json.text(o.model);
  json.key("threads");
  json.whole(o.threads);
  const std::pair<const char*, double> numbers[] = {
      {"median_ms", median},           {"min_ms", times[0]},   {"flops", flops}, {"gflops", gflops},
      {"parameters", work.parameters}, {"peak_rss_mb", memory}};
  for (const auto& [key, value] : numbers) {
    json.key(key);
    const bool whole = std::string_view(key) == "flops" || std::string_view(key) == "parameters";
    if (whole && value < 9e18) {
      json.whole(static_cast<long long>(value));
    } else {
      json.number(value);
    }
  }
  json.end_object();
  s.trace.document = json.take() + "\n";

  s.trace.title = fmt::format("How long does {} take?", what);
  Table table{"bench",
              "",
              {"model", "threads", "median (ms)", "fastest (ms)", "operations", "GFLOP/s",
               "parameters", "memory (MB)"},
              {}};
  table.rows.push_back(
      {o.model, double(o.threads), median, times[0], flops, gflops, work.parameters, memory});
  s.trace.add(std::move(table));
  s.trace.say(z.train ? "A step: gradients to zero, embedding, model, a linear layer to the "
                        "vocabulary, mean cross-entropy at every "
                        "position, backward, Adam. Operations are those of the matrix products: "
                        "three times the forward pass's."
                      : "Operations are those of the matrix products. memory is the largest that "
                        "this process ever held.");
  s.trace.say(fmt::format("{}, after {} to warm up.", how_many(o.repeat, "step"), kWarmUp));
  if (is_recurrent(z.model->kind) && o.layers > 1)
    s.trace.say("A recurrent model is one layer here, whatever --layers says.");
}

}  // namespace

Command bench_command() {
  return {.name = "bench",
          .kind = CommandKind::work,
          .summary = "times a forward pass or a training step",
          .example = "bench forward --model attention --repeat 3",
          .setup = with_options<BenchOptions>(bind, bench)};
}

}  // namespace attn::app
