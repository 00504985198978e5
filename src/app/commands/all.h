#pragma once
// The functions behind the table of commands, and the options of those that have their own.
#include <algorithm>
#include <cmath>

#include "app/command.h"
#include "attn/core/error.h"

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

struct WhyOptions {
  std::vector<std::string> words;
  std::int64_t depth = 1;
};
void bind(Cli&, WhyOptions&);
void why(Stage&, const WhyOptions&);

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
