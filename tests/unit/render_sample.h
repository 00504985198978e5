#pragma once
// Traces for the tests of the renderers.
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "attn/graph/trace.h"

namespace sample {

inline const std::vector<std::string> kSentence{
    "the", "animal", "didn't", "cross", "the", "street", "because", "it", "was", "too", "tired"};
/// Tokens that break careless programs.
inline const std::vector<std::string> kHostile{"</script><img src=x onerror=1>",
                                               "]]>",
                                               "\"quoted\" & 'more'",
                                               "\u202Eturned",
                                               "\xED\xA0\x80 \xFF",
                                               "\x1b[31mred",
                                               "a\nb",
                                               "",
                                               " ",
                                               "\u52A8\u7269",
                                               "\U0001F468\u200D\U0001F469\u200D\U0001F467",
                                               "\U0001F1E9\U0001F1EA",
                                               "\u0645\u0631\u062D\u0628\u0627",
                                               "e\u0301",
                                               "=1+1",
                                               std::string(5000, 'x'),
                                               "<!--",
                                               "\u2028"};

inline attn::Array random_array(const attn::Shape& shape, std::mt19937& bits, double scale = 1) {
  attn::Array a = attn::empty(shape);
  std::normal_distribution<double> normal(0, scale);
  for (std::size_t i = 0; i < a.size(); ++i) a.data()[i] = static_cast<attn::real>(normal(bits));
  return a;
}

inline attn::Step step(std::string path, std::vector<std::string> axes, attn::Tensor data) {
  attn::Step s;
  s.path = std::move(path);
  s.formula = s.path + " = f(x)";
  s.axes = std::move(axes);
  s.about = "What this is, in one sentence that is long enough to be broken at the window's edge.";
  s.milliseconds = data.kind() == attn::Tensor::Kind::value ? 0.25 : 0;
  s.flops = data.kind() == attn::Tensor::Kind::value ? 1210 : 0;
  s.data = std::move(data);
  return s;
}

/// Rows of numbers from 0 up that sum to 1.
inline attn::Array weights(std::size_t heads, std::size_t n, std::mt19937& bits) {
  attn::Array a = random_array({heads, n, n}, bits, 2);
  for (std::size_t r = 0; r < heads * n; ++r) {
    double sum = 0;
    for (std::size_t j = 0; j < n; ++j) sum += std::exp(static_cast<double>(a.data()[r * n + j]));
    for (std::size_t j = 0; j < n; ++j) {
      attn::real& v = a.data()[r * n + j];
      v = static_cast<attn::real>(std::exp(static_cast<double>(v)) / sum);
    }
  }
  return a;
}

/// One of each: ids, input, parameter, values of several ranks, remark, drawing, checks, table.
inline attn::Trace trace(const std::vector<std::string>& tokens, std::size_t dim = 16,
                         unsigned seed = 1) {
  using attn::Tensor;
  std::mt19937 bits(seed);
  attn::Trace t;
  const std::size_t n = tokens.size();
  t.command = {"heads", "the animal"};
  t.parameters = attn::Origin::drawn;
  t.title = "Several heads look at the same tokens, each in its own way";
  t.tokens = tokens;
  t.milliseconds = 0.41;
  for (const char* axis : {"token", "query", "key"}) t.labels[axis] = tokens;
  attn::Array ids = attn::empty({n});
  for (std::size_t i = 0; i < n; ++i) ids.data()[i] = static_cast<attn::real>(7 * i % 31);
  t.say("Each token becomes a vector, and each head mixes the vectors by its own weights.");
  t.items.emplace_back(step("ids", {"token"}, Tensor::ids(ids, Tensor::Kind::value)));
  t.items.emplace_back(
      step("x", {"token", "feature"}, Tensor::input(random_array({n, dim}, bits))));
  t.items.emplace_back(
      step("w_q", {"feature", "head feature"}, Tensor::parameter(random_array({dim, dim}, bits))));
  attn::Array mask = attn::zeros({n, n});
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) mask.data()[i * n + j] = -INFINITY;
  }
  t.items.emplace_back(step("mask", {"query", "key"}, Tensor(mask)));
  t.items.emplace_back(step("weights", {"head", "query", "key"}, Tensor(weights(2, n, bits))));
  std::get<attn::Step>(t.items.back()).from = {"x", "w_q", "mask"};
  t.check("every row sums to 1", 1.2e-7, 1e-5);
  t.check("this one fails, and says so in a sentence that does not fit on one line of text", 0.3,
          1e-5);
  t.items.emplace_back(attn::Verbatim{"  q --> A\n  k --^"});
  attn::Table table;
  table.name = "entropy";
  table.about = "How spread the attention is.";
  table.columns = {"head", "most looked at", "bits"};
  table.rows = {{0.0, tokens.empty() ? "" : tokens[0], 1.25}, {1.0, std::string("cat"), 0.5}};
  t.items.emplace_back(table);
  t.items.emplace_back(step("loss", {}, Tensor(attn::full({}, attn::real(1.25)))));
  return t;
}

/// A trace of one computed matrix.
inline attn::Trace one(attn::Array values, std::vector<std::string> axes = {"row", "column"}) {
  attn::Trace t;
  t.command = {"softmax"};
  t.items.emplace_back(step("scores", std::move(axes), attn::Tensor(std::move(values))));
  return t;
}

/// The text without escape codes.
inline std::string without_codes(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i < text.size() && text[i] != 'm') ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

inline std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out{""};
  for (const char c : text) {
    if (c == '\n') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  if (out.back().empty()) out.pop_back();
  return out;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace sample
