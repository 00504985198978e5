#pragma once
// A copy of one of the reference's BERT checkpoints, to be spoilt.
#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "attn/io/safetensors.h"
#include "program/process.h"

namespace attn::test {

inline std::string reference_checkpoint(const std::string& name) {
  return std::string(ATTN_REFERENCE_DIR) + "/bert/" + name;
}

class CheckpointFolder {
 public:
  explicit CheckpointFolder(const std::string& name = "pretraining") {
    std::filesystem::copy(reference_checkpoint(name), folder_.path());
    config_ = nlohmann::json::parse(Folder::read(folder_ / "config.json"));
    weights_ = Folder::read(folder_ / "model.safetensors");
  }
  const std::string& path() const { return folder_.path(); }
  std::string operator/(const std::string& file) const { return folder_ / file; }
  const std::string& weights() const { return weights_; }
  void write(const std::string& file, std::string_view bytes) const { folder_.write(file, bytes); }
  void remove(const std::string& file) const { std::filesystem::remove(folder_ / file); }

  /// The original config.json with these keys changed; null takes one out.
  void configure(const nlohmann::json& changes) const {
    nlohmann::json config = config_;
    config.merge_patch(changes);
    write("config.json", config.dump());
  }
  /// The original tensors, changed.
  template <class F>
  void rewrite(F change) const {
    std::map<std::string, Array> tensors;
    for (const NamedArray& t : parse_safetensors(weights_, "original").tensors)
      tensors[t.name] = t.values;
    change(tensors);
    std::vector<NamedArray> list;
    for (const auto& [name, values] : tensors) list.push_back({name, values});
    write("model.safetensors", safetensors_bytes(list));
  }

  /// `attn bert COMMAND TEXTS --checkpoint` this folder ends so; both outputs together hold `text`.
  Result ends(const std::string& command, const Words& texts, int code,
              std::string_view text) const {
    return expect(with(with({"bert", command}, texts), {"--checkpoint", path()}), code, text);
  }
  /// The same of bert mlm with a usual text.
  Result ends(int code, std::string_view text) const {
    return ends("mlm", {"the [MASK] sat on the mat ."}, code, text);
  }

 private:
  Folder folder_;
  nlohmann::json config_;
  std::string weights_;
};

}  // namespace attn::test
