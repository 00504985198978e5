#include "attn/nn/sequence_kinds.h"

#include <fmt/format.h>

#include <algorithm>

#include "attn/core/error.h"
#include "attn/core/joined.h"

namespace attn {

const std::vector<std::string>& sequence_kinds() {  // as in the enum
  static const std::vector<std::string> all = {"fc",  "window", "rnn", "birnn",    "lstm",
                                               "gru", "cnn",    "tcn", "attention"};
  return all;
}

const std::vector<std::string>& model_kinds() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names = sequence_kinds();
    names.insert(names.end(), {"local", "conformer", "cnn2d", "vit", "graph-attention"});
    return names;
  }();
  return all;
}

SequenceKind sequence_kind(const std::string& name) {
  const auto& all = model_kinds();
  const auto found = std::find(all.begin(), all.end(), name);
  if (found == all.end())
    throw Error(ErrorKind::usage, fmt::format("no model {}", escaped(name)),
                fmt::format("the models: {}", joined(all, ", ")));
  return static_cast<SequenceKind>(found - all.begin());
}

const std::string& name_of(SequenceKind kind) {
  return model_kinds()[static_cast<std::size_t>(kind)];
}

const std::vector<std::string>& read_names() {  // as in the enum, behind `each`
  static const std::vector<std::string> all = {"mean", "last", "cls", "query"};
  return all;
}

Read read_named(const std::string& name) {
  const auto& all = read_names();
  const auto found = std::find(all.begin(), all.end(), name);
  if (found == all.end())
    throw Error(ErrorKind::usage, fmt::format("no way to read \"{}\"", escaped(name)),
                "the ways: " + joined(all, ", "));
  return static_cast<Read>(found - all.begin() + 1);
}

const std::string& name_of(Read read) {
  static const std::string each = "each";
  return read == Read::each ? each : read_names()[static_cast<std::size_t>(read) - 1];
}

}  // namespace attn
