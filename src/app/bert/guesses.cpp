#include "app/bert/guesses.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "attn/nn/generate.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

constexpr std::size_t kGuesses = 5;

}  // namespace

Hidden written_masks(const BertInput& input, const PieceVocabulary& vocabulary) {
  Hidden hidden{input, {}, {}};
  for (std::size_t i = 0; i < input.length(); ++i) {
    if (input.ids[i] == vocabulary.mask()) hidden.places.push_back(i);
  }
  return hidden;
}

std::vector<std::size_t> likeliest(const Array& table, std::size_t r, std::size_t most) {
  const auto numbers = row(table, r);
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  most = std::min(most, order.size());
  std::partial_sort(order.begin(), order.begin() + std::ptrdiff_t(most), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return numbers[a] != numbers[b] ? numbers[a] > numbers[b] : a < b;
                    });
  order.resize(most);
  return order;
}

Tensor guess(Stage& s, const BertCheckpoint& bert, const Hidden& hidden) {
  const Tensor output = read_input(s, bert, hidden.input);
  const Tensor logits = bert.model.mlm_logits(s.run, output);
  const Tensor asked = embed(s.run, logits, word_ids(hidden.places));  // rows of the hidden places
  std::vector<std::string> labels;
  for (const std::size_t place : hidden.places) labels.push_back(fmt::format("place {}", place));
  s.trace.labels["hidden"] = labels;
  note(s.run, "mlm.asked", "the rows of logits at the hidden places", {"hidden", "word"}, asked);
  const Tensor probabilities = softmax(s.run, asked);
  require_finite(s.trace, logits);
  note(s.run, "mlm.probabilities", "softmax(asked)", {"hidden", "word"}, probabilities);
  return probabilities;
}

void show_guesses(Stage& s, const BertCheckpoint& bert, const Hidden& hidden,
                  const Array& probabilities) {
  const bool known = !hidden.targets.empty();
  Table table{"guesses",
              fmt::format("The {} likeliest words at each hidden place, with their probabilities "
                          "(softmax of the logits there).",
                          kGuesses),
              {"place", "reads", "guess", "p"},
              {}};
  if (known) table.columns.insert(table.columns.begin() + 2, "was");
  for (std::size_t m = 0; m < hidden.places.size(); ++m) {
    const std::size_t place = hidden.places[m];
    bool first = true;
    for (const std::size_t word : likeliest(probabilities, m, kGuesses)) {
      std::vector<Table::Cell> cells{std::string(), std::string(),
                                     piece_name(bert.vocabulary, word),
                                     double{row(probabilities, m)[word]}};
      if (first) {
        cells[0] = double(place);
        cells[1] = piece_name(bert.vocabulary, hidden.input.ids[place]);
      }
      if (known)
        cells.insert(cells.begin() + 2,
                     first ? piece_name(bert.vocabulary, std::size_t(hidden.targets[place]))
                           : std::string());
      first = false;
      table.rows.push_back(std::move(cells));
    }
  }
  s.trace.add(std::move(table));
}

}  // namespace attn::app
