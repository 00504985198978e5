#pragma once
// What the commands about sequence models share: parameters of their own deviation, and a model
// whose body is run on x alone.
#include <memory>
#include <set>

#include "app/frame/stage.h"
#include "attn/nn/sequence_model.h"

namespace attn::app {

/// What reach and path ask about a model. 0 (radius: -1) means "not given".
struct ModelChoices {
  std::string model;
  std::int64_t layers = 0, kernel = 0, radius = -1, heads = 0;
};
void bind_model(Cli& cli, ModelChoices& o);
/// The sizes for vectors of this width; throws Error(usage) for an option that the model does not
/// have.
SequenceSizes sizes_of(const ModelChoices& o, std::size_t width);

/// "rnn, one layer of width 8"
std::string describe(const SequenceSizes& z);

/// The model, its body's parameters from the stage (seed or --weights).
std::shared_ptr<SequenceModel> make_model(Stage& s, const SequenceSizes& z);

/// Labels the axes "input", "output" and "hidden" (one state per token) with the tokens.
void label_ends(Stage& s);

/// The body on x: notes x, the body's parameters and `output`; what lies between is left out of the
/// list, but `why` still finds it.
Tensor run_body(Stage& s, const SequenceModel& model, const Tensor& x);

/// The steps that what the body computes comes from: x and its parameters.
std::vector<Tensor> body_inputs(const SequenceModel& model, const Tensor& x);

}  // namespace attn::app
