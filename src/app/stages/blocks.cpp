#include "app/stages/blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/frame/heads.h"
#include "attn/core/error.h"
#include "attn/ops/ops.h"
#include "attn/text/utf8.h"

namespace attn::app {

void bind_block(Cli& cli, BlockChoices& o, const char* layers_help) {
  cli.integer("--layers", o.layers, 0, 64, layers_help);
  cli.integer("--heads", o.heads, 1, 100'000, "number of heads H");
  cli.integer("--ff", o.ff, 0, 1'000'000, "inner width of the feed-forward net; 0: 4d");
  cli.choice("--norm", o.norm, {"post", "pre"},
             "layer norm after each residual sum, or before each part");
}

EncoderSizes block_sizes(const Stage& s, const BlockChoices& o, std::size_t d) {
  return {d, heads_for(s, d, o.heads), o.ff > 0 ? static_cast<std::size_t>(o.ff) : 4 * d};
}

BlockOptions block_options(const EncoderSizes& z, const BlockChoices& o) {
  return {.heads = z.heads, .norm_first = o.norm == "pre"};
}

void require_drawable_model(const Stage& s, double parameters) {
  if (parameters <= kMostDrawn || !s.common.weights.empty()) return;
  throw Error(ErrorKind::limit,
              fmt::format("the blocks would have {:.0f} million parameters; the limit is {:.0f} "
                          "million",
                          parameters / 1e6, kMostDrawn / 1e6),
              "use a smaller --dim, fewer --layers, or parameters of your own with --weights");
}

double likeness_of_rows(const Array& a) {
  const std::size_t n = rows(a), d = columns(a);
  const Array unit = unit_rows(Run{}, Tensor(a)).value();
  // The sum over all pairs of rows is the square of the sum of the rows, less each row with itself.
  if (n < 2) return 1;
  double pairs = 0;
  for (std::size_t c = 0; c < d; ++c) {
    double sum = 0, own = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double u = unit.data()[i * d + c];
      sum += u;
      own += u * u;
    }
    pairs += sum * sum - own;
  }
  return pairs / static_cast<double>(n * n - n);
}

std::vector<Table::Cell> counted(std::string what, std::string arithmetic, double number) {
  return {std::move(what), std::move(arithmetic), number};
}

std::vector<std::string> target_words(const std::string& text) {
  require_utf8(text, "--target");
  std::vector<std::string> words(1);
  for (const std::string& c : characters(lower(text))) {
    const bool blank = c == " " || c == "\t" || c == "\n" || c == "\r\n" || c == "\r";
    if (!blank) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  if (words.empty()) {
    throw Error(ErrorKind::usage, "--target has no words",
                "write at least the word that begins every sentence: --target '<start>'");
  }
  return words;
}

}  // namespace attn::app
