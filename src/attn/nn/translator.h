#pragma once
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "attn/graph/run.h"
#include "attn/graph/tensor.h"

namespace attn {

/// A model that reads a source sentence and writes a target sentence word by word: a Transformer,
/// or one of the recurrent encoder-decoders before it. Training, decoding and the commands know
/// models by this alone.
class Translator {
 public:
  virtual ~Translator() = default;

  /// Teacher forcing: the logits of every next word at once, given the right words before it.
  /// source ids (B,S) without padding, target ids (B,T) -> (B,T,V). Row t is about word t+1.
  virtual Tensor logits(const Run& run, const Tensor& source, const Tensor& target) const = 0;

  /// The most words that a sentence may have, read or written, <start> and <end> among them.
  virtual std::size_t longest_sentence() const { return std::numeric_limits<std::size_t>::max(); }

  /// Where the writing of one sentence stands. A copy goes on by itself (a beam splits).
  struct State {
    virtual ~State() = default;
    virtual std::unique_ptr<State> copy() const = 0;
  };
  /// Reads the source. ids (S).
  virtual std::unique_ptr<State> start(const Run& run, const Tensor& source) const = 0;
  /// Writes `word` down and gives the logits (V) of the word after it.
  virtual Tensor next(const Run& run, State& state, std::size_t word) const = 0;

  const std::vector<std::pair<std::string, Tensor>>& parameters() const { return all_; }
  std::size_t parameter_count() const {
    std::size_t n = 0;
    for (const auto& [path, tensor] : all_) n += tensor.value().size();
    return n;
  }

 protected:
  std::vector<std::pair<std::string, Tensor>> all_;  ///< by path, each once
};

}  // namespace attn
