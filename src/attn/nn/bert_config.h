#pragma once
// The JSON files of a published BERT: config.json and tokenizer_config.json.
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "attn/nn/bert.h"

namespace attn {

/// The most that is read of a file of text in a checkpoint's folder.
inline constexpr std::size_t kLargestCheckpointText = std::size_t{1} << 24;

/// An object of named settings; null is the same as nothing. Everything throws Error(bad_input)
/// with the file and the key.
class BertConfig {
 public:
  BertConfig(std::string_view text, std::string name);
  [[noreturn]] void wrong(const std::string& what) const;
  std::size_t size(const char* key, std::size_t most) const;
  std::string word(const char* key, const std::string& otherwise) const;
  std::optional<bool> flag(const char* key) const;
  double eps() const;  ///< of the layer norms
  const nlohmann::json& document() const { return document_; }

 private:
  const nlohmann::json* find(const char* key) const;
  std::string name_;
  nlohmann::json document_;
};

/// The sizes in config.json, but for what stands on top of the encoder. Throws Error(bad_input) for
/// another model_type, activation or kind of position, a decoder, a size that is missing or out of
/// range.
BertSizes sizes_of(const BertConfig& config);

/// The file's bytes, unless they are something else that was saved under its name: throws
/// Error(bad_input) for a web page and for a pointer of Git LFS.
std::string_view file_itself(std::string_view bytes, const std::string& path);

/// True if there is such a file; also for what cannot be looked at: opening it says why.
bool is_there(const std::string& path);

}  // namespace attn
