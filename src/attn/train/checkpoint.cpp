// Trainer::save and Trainer::load: a safetensors file whose metadata holds a small JSON document.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include <nlohmann/json.hpp>

#include "attn/core/error.h"
#include "attn/core/hash.h"
#include "attn/io/file.h"
#include "attn/io/json.h"
#include "attn/io/safetensors.h"
#include "attn/train/trainer.h"

namespace attn {

namespace {

constexpr int kCheckpointFormat = 1;

/// FNV-1a over names and bytes.
std::string checksum(const std::vector<NamedArray>& tensors, const std::string& text) {
  std::uint64_t hash = kFnvBasis;
  for (const NamedArray& tensor : tensors) {
    hash = fnv1a(tensor.name, hash);
    for (const real x : tensor.values) {
      const float as_stored = static_cast<float>(x);
      hash = fnv1a({reinterpret_cast<const char*>(&as_stored), sizeof as_stored}, hash);
    }
  }
  return fmt::format("{:016x}", fnv1a(text, hash));
}

std::vector<NamedArray> sorted(std::vector<NamedArray> tensors) {
  std::sort(tensors.begin(), tensors.end(),
            [](const NamedArray& a, const NamedArray& b) { return a.name < b.name; });
  return tensors;
}

[[noreturn]] void damaged(const std::string& path, const std::string& what) {
  const std::string backup = path + ".bak";
  throw Error(
      ErrorKind::bad_input, fmt::format("{}: this checkpoint is {}", escaped(path, 200), what),
      fmt::format("it is left as it is; the one before may be in {}", escaped(backup, 200)));
}

/// The pieces ("model rnn", "batch 8") that differ between two descriptions.
std::string differences(const std::string& saved, const std::string& here) {
  const auto pieces = [](const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(", ", begin), text.size());
      out.push_back(text.substr(begin, end - begin));
      begin = end + 2;
    }
    return out;
  };
  const std::vector<std::string> a = pieces(saved), b = pieces(here);
  std::string out;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::string before = i < a.size() ? a[i] : "nothing",
                      now = i < b.size() ? b[i] : "nothing";
    if (before != now)
      out += fmt::format("\n  saved: {}\n  here:  {}", escaped(before, 200), escaped(now, 200));
  }
  return out;
}

}  // namespace

std::string Trainer::description() const {
  const OptimizerOptions& o = options_.optimizer;
  return fmt::format(
      "{}, batch {}{}, seed {}, optimizer {}, rate {}, betas {} {}, decay {}, momentum {}, clip "
      "{}, "
      "schedule {}, warmup {} of {}, smoothing {}",
      learner_.description(), options_.batch,
      options_.accumulate > 1 ? fmt::format(" x {}", options_.accumulate) : std::string(),
      options_.seed, o.kind, o.rate, o.beta1, o.beta2, o.weight_decay, o.momentum, o.clip,
      options_.schedule.kind, options_.schedule.warmup,
      options_.schedule.kind == "cosine" ? options_.schedule.total : 0, options_.smoothing);
}

void Trainer::save(const std::string& path) const {
  std::vector<NamedArray> tensors;
  for (const auto& [name, tensor] : learner_.parameters())
    tensors.push_back({name, tensor.value()});
  for (const auto& [name, values] : optimizer_.state())
    tensors.push_back({"optimizer." + name, *values});
  tensors = sorted(std::move(tensors));
  // Counters as text: a JSON number holds 53 bits.
  const nlohmann::json state = {{"format", kCheckpointFormat},
                                {"description", description()},
                                {"step", std::to_string(step_)},
                                {"optimizer_steps", std::to_string(optimizer_.steps())},
                                {"batches", std::to_string(batches_.position())},
                                {"dropout", std::to_string(dropout_.position())},
                                {"good_looks", std::to_string(good_looks_)},
                                {"seconds", seconds_}};
  const std::string text = state.dump();
  write_file(path,
             safetensors_bytes(tensors, {{"attn", text}, {"checksum", checksum(tensors, text)}}),
             Keep::backup);
}

void Trainer::load(const std::string& path) {
  const SafetensorsFile file = read_safetensors(path);
  const auto text = file.metadata.find("attn"), sum = file.metadata.find("checksum");
  if (file.metadata.count("attn_model"))
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: this is a trained model, not a checkpoint", escaped(path, 200)),
                "a model is what --save-model writes, for attn translate; training goes on from "
                "what --checkpoint writes");
  if (text == file.metadata.end() || sum == file.metadata.end())
    damaged(path, "not written by attn train");
  const nlohmann::json state = parse_json(text->second, path);
  // Before the checksum: another version may make it otherwise.
  if (state.is_object() && state.contains("format") && state["format"] != kCheckpointFormat) {
    throw Error(
        ErrorKind::bad_input,
        fmt::format("{}: this checkpoint has format {}, this program reads format {}",
                    escaped(path, 200), escaped(state["format"].dump(), 40), kCheckpointFormat),
        "use the version of attn that wrote it, or begin again under another name");
  }
  if (checksum(sorted(file.tensors), text->second) != sum->second)
    damaged(path, "damaged: its checksum does not fit");
  const auto field = [&](const char* name) -> std::string {
    if (!state.is_object() || !state.contains(name) || !state[name].is_string())
      damaged(path, fmt::format("without \"{}\"", name));
    return state[name].get<std::string>();
  };
  const auto number = [&](const char* name) {
    const std::string digits = field(name);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size())
      damaged(path, fmt::format("wrong at \"{}\"", name));
    return value;
  };
  if (!state.is_object() || !state.contains("format") || state["format"] != kCheckpointFormat)
    damaged(path, "without a format");

  if (const std::string saved = field("description"); saved != description()) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: this checkpoint is of another training:{}", escaped(path, 200),
                            differences(saved, description())),
                "give the options with which it began, or begin again under another name");
  }
  std::map<std::string, Shape> expected;
  for (const auto& [name, tensor] : learner_.parameters()) expected.emplace(name, tensor.shape());
  for (const auto& [name, values] : optimizer_.state())
    expected.emplace("optimizer." + name, shape_of(*values));
  check_tensors(expected, shapes_of(file), path);
  // Everything fits: only now is anything changed.
  std::map<std::string, const Array*> found;
  for (const NamedArray& tensor : file.tensors) found.emplace(tensor.name, &tensor.values);
  for (const auto& [name, tensor] : learner_.parameters())
    Tensor(tensor).mutable_value() = *found.at(name);
  for (const auto& [name, values] : optimizer_.state()) *values = *found.at("optimizer." + name);
  step_ = number("step");
  optimizer_.set_steps(number("optimizer_steps"));
  batches_.seek(number("batches"));
  dropout_.seek(number("dropout"));
  good_looks_ = number("good_looks");
  if (state.contains("seconds") && state["seconds"].is_number())
    seconds_ = state["seconds"].get<double>();
}

}  // namespace attn
