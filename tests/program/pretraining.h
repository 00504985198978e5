#pragma once
// Small corpora, and pre-trainings of a second or less.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "program/process.h"

namespace attn::test {

/// Two topics without a word of their own in common.
inline constexpr const char* kTopics =
    "pattern = the $who can $verb\npattern = see the $who $verb\n"
    "topic a\nwho = dog cat\nverb = run walk\ntopic b\nwho = man girl\nverb = read write\n";

/// 16 documents of three sentences.
inline std::string small_text() {
  std::string text;
  for (const char* who : {"dogs", "cats", "men", "girls"}) {
    for (const char* verb : {"run", "walk", "read", "write"})
      text += fmt::format("The {0} {1}.\nAll {0} are happy\nNow they {1}\n\n", who, verb);
  }
  return text;
}

/// `attn bert pretrain CORPUS` of a small model, with these options.
inline Words pretrain(const std::string& corpus, const Words& more) {
  Words words = {"bert", "pretrain", corpus};
  const Words small[] = {
      {"--dim", "8"}, {"--layers", "1"}, {"--heads", "2"}, {"--batch", "4"}, {"--threads", "1"}};
  for (const Words& option : small) {
    if (std::find(more.begin(), more.end(), option[0]) == more.end()) words = with(words, option);
  }
  return with(words, more);
}

}  // namespace attn::test
