#pragma once
// The functions behind the table of commands, and the options of those that have their own.
#include <algorithm>
#include <cmath>

#include "app/frame/command.h"
#include "app/stages/blocks.h"
#include "app/sequences/probe.h"
#include "attn/core/error.h"
#include "attn/train/trainer.h"

namespace attn::app {

void tokens(Stage&);
void embed(Stage&);

struct PositionOptions {
  std::string kind = "sinusoidal";
  std::int64_t shift = -1, length = 0, table = 128;
};
void bind(Cli&, PositionOptions&);
void position(Stage&, const PositionOptions&);

void qkv(Stage&);

struct ScoreOptions {
  std::string function = "all", query, key;
  std::int64_t rank = 2, hidden = 0;
  std::vector<std::int64_t> sweep;
};
void bind(Cli&, ScoreOptions&);
void score(Stage&, const ScoreOptions&);
void sweep_scores(Stage&, const ScoreOptions&);

struct SoftmaxOptions {
  std::string function = "softmax", axis = "row", hard;
  double temperature = 1;
  std::int64_t samples = 1000;
  bool naive = false;
};
void bind(Cli&, SoftmaxOptions&);
void softmax(Stage&, const SoftmaxOptions&);

struct MaskOptions {
  std::string mask = "causal";
};
void bind(Cli&, MaskOptions&);
void mask(Stage&, const MaskOptions&);
/// Adds --mask, and makes what it names for n tokens: an empty tensor for "none".
void bind_mask(Cli&, std::string& mask);
Tensor make_mask(const Stage&, const std::string& mask, std::size_t n);

struct AttendOptions {
  std::string mask = "none";
};
void bind(Cli&, AttendOptions&);
void attend(Stage&, const AttendOptions&);

struct HeadsOptions {
  std::string mask = "none";
  std::int64_t heads = 2, key_dim = 0, value_dim = 0;
  bool wrong_split = false;
};
void bind(Cli&, HeadsOptions&);
void heads(Stage&, const HeadsOptions&);

void norm(Stage&);

struct FfnOptions {
  std::int64_t ff = 0;
  std::string activation = "relu";
};
void bind(Cli&, FfnOptions&);
void ffn(Stage&, const FfnOptions&);

struct EncoderOptions {
  BlockChoices block;
  std::string mask = "none";
  bool no_residual = false, no_norm = false, no_scale = false, no_position = false, share = false,
       halt = false;
};
void bind(Cli&, EncoderOptions&);
void encoder(Stage&, const EncoderOptions&);

struct DecoderOptions {
  BlockChoices block;
  std::string target, memory;
  std::int64_t vocab = 0, top = 3;
};
void bind(Cli&, DecoderOptions&);
void decoder(Stage&, const DecoderOptions&);

struct ParamsOptions {
  std::string preset = "transformer-base";
  std::int64_t layers = 0, dim = 0, heads = 0, ff = 0, vocab = 0;
};
void bind(Cli&, ParamsOptions&);
void params(Stage&, const ParamsOptions&);

/// What every training asks for.
struct TrainingChoices {
  std::int64_t layers = 2, heads = 2, ff = 0, kernel = 3, radius = 2, steps = 5000, batch = 16,
               warmup = 400;
  double dropout = 0, rate = 3e-3, clip = 1, smoothing = 0;
  std::string optimizer = "adam", schedule = "warmup";
};
void bind_training(Cli&, TrainingChoices&);
SequenceSizes sequence_sizes(const TrainingChoices&, const Task&, const std::string& kind,
                             std::size_t width);
TrainingOptions training_options(const TrainingChoices&, std::uint64_t seed);

/// What only `train translate` asks.
struct TranslationChoices {
  std::string language = "english-german", variant = "attention", score = "general", norm = "post",
              save_model;
  bool tied = false;
};

struct TrainOptions {
  std::vector<std::string> task;
  std::string model = "attention", checkpoint;
  std::int64_t length = 6, dim = 64, seed = 1, threads = 1;
  TrainingChoices training;
  TranslationChoices translation;
  bool resume = false;
};
/// Throws Error(usage) unless --checkpoint (may be empty) and --resume go together.
void check_checkpoint(const std::string& checkpoint, bool resume);
void bind(Cli&, TrainOptions&);
void train(Stage&, const TrainOptions&);
/// Runs the trainer: the progress line, the checkpoints, Ctrl-C. True if it was interrupted.
/// `checkpoint` may be empty: nothing is kept.
bool run_training(Stage&, const std::string& checkpoint, bool resume, Trainer&);
/// The table of steps and time.
void show_effort(Trace&, const Trainer&);
void train_translation(Stage&, const TrainOptions&);

struct TranslateOptions {
  std::vector<std::string> text;
  std::string model = "english-german", method = "greedy";
  std::int64_t beam = 4, seed = 1, threads = 1;
  double penalty = 0.6, temperature = 1;
};
void bind(Cli&, TranslateOptions&);
void translate(Stage&, const TranslateOptions&);

struct TransformerOptions {
  BlockChoices block;
  std::string target;
  bool tied = false, compare_modes = false, compare_cache = false;
};
void bind(Cli&, TransformerOptions&);
void transformer(Stage&, const TransformerOptions&);

struct CompareOptions {
  std::string task = "recall", models = "fc,window,rnn,birnn,lstm,gru,cnn,attention", cache, shard;
  std::vector<std::string> merge;
  std::vector<std::int64_t> lengths = {8, 16, 32, 64};
  std::int64_t seeds = 3, budget = 30'000, threads = 2;
  TrainingChoices training;
};
void bind(Cli&, CompareOptions&);
void compare(Stage&, const CompareOptions&);

struct RnnOptions {
  std::string cell = "rnn";
  std::int64_t hidden = 0;
  bool bidirectional = false;
};
void bind(Cli&, RnnOptions&);
void rnn(Stage&, const RnnOptions&);

struct Seq2SeqOptions {
  std::string variant = "attention", cell = "gru", target = "le chat noir dort", score, style;
  std::int64_t local = 0, hidden = 4, decoder = 0;
  bool bidirectional = false;
};
void bind(Cli&, Seq2SeqOptions&);
void seq2seq(Stage&, const Seq2SeqOptions&);

struct CnnOptions {
  std::int64_t layers = 0, kernel = 3, channels = 0;
  std::vector<std::int64_t> dilation = {1};
  bool causal = false;
};
void bind(Cli&, CnnOptions&);
void cnn(Stage&, const CnnOptions&);

struct FcOptions {
  std::int64_t hidden = 0;
};
void bind(Cli&, FcOptions&);
void fc(Stage&, const FcOptions&);

struct WindowOptions {
  std::int64_t radius = 1, hidden = 0;
};
void bind(Cli&, WindowOptions&);
void window(Stage&, const WindowOptions&);

struct ReachOptions {
  ModelChoices choices{.model = "rnn"};
};
void bind(Cli&, ReachOptions&);
void reach(Stage&, const ReachOptions&);

struct PathOptions {
  ModelChoices choices{.model = "rnn"};
};
void bind(Cli&, PathOptions&);
void path(Stage&, const PathOptions&);

struct BackwardOptions {
  std::string mask = "none";
};
void bind(Cli&, BackwardOptions&);
void backward(Stage&, const BackwardOptions&);

struct WhyOptions {
  std::vector<std::string> words;
  std::int64_t depth = 1;
};
void bind(Cli&, WhyOptions&);
void why(Stage&, const WhyOptions&);

struct BenchOptions {
  std::vector<std::string> words;
  std::string model;
  std::int64_t batch = 1, length = 64, dim = 64, heads = 4, layers = 2, ff = 256, vocab = 32,
               threads = 1, repeat = 10, seed = 1;
};
void bind(Cli&, BenchOptions&);
void bench(Stage&, const BenchOptions&);

struct ComplexityOptions {
  std::vector<std::int64_t> lengths = {64, 128, 256, 512, 1024, 2048, 4096},
                            dims = {32, 64, 128, 256, 512, 1024};
  std::int64_t dim = 128, length = 512, radius = 16, repeat = 5, threads = 1, seed = 1;
};
void bind(Cli&, ComplexityOptions&);
void complexity(Stage&, const ComplexityOptions&);

void map(Stage&);
void doctor(Stage&);
void version(Stage&);
void man(Stage&);

struct CompletionsOptions {
  std::vector<std::string> shell;
};
void bind(Cli&, CompletionsOptions&);
void completions(Stage&, const CompletionsOptions&);

}  // namespace attn::app
