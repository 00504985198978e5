// A BERT's sizes: how many parameters, and which names and shapes.
#include "attn/nn/bert.h"

#include <doctest/doctest.h>

#include "io_support.h"

using namespace attn;
using io_test::check_error;

namespace {

std::size_t numbers_of(const NamedShapes& shapes) {
  std::size_t n = 0;
  for (const auto& [name, shape] : shapes) n += count(shape);
  return n;
}

BertSizes base() { return {.vocabulary = 30'522}; }

}  // namespace

TEST_CASE("bert: BERT base has 109 482 240 parameters, with both heads 110 106 428") {
  // Table 1 of the paper says 110 M. Counted here without the library's lists.
  const std::size_t d = 768, ff = 3072, words = 30'522;
  const std::size_t embeddings = (words + 512 + 2) * d + 2 * d;
  const std::size_t block = 4 * (d * d + d) + (d * ff + ff) + (ff * d + d) + 2 * 2 * d;
  const std::size_t encoder = embeddings + 12 * block + (d * d + d);
  const std::size_t heads = (d * d + d) + 2 * d + words + (2 * d + 2);  // the table is shared
  CHECK(encoder == 109'482'240);
  CHECK(encoder + heads == 110'106'428);
  BertSizes sizes = base();
  CHECK(numbers_of(bert_shapes(sizes)) == encoder + heads);
  sizes.mlm = sizes.nsp = false;
  CHECK(numbers_of(bert_shapes(sizes)) == encoder);
  sizes.pooler = false;
  CHECK(numbers_of(bert_shapes(sizes)) == encoder - (d * d + d));
}

TEST_CASE("bert: BERT large has 335 141 888 parameters in its encoder with pooler") {
  BertSizes sizes{.vocabulary = 30'522, .width = 1024, .heads = 16, .ff = 4096, .layers = 24};
  sizes.mlm = sizes.nsp = false;
  CHECK(numbers_of(bert_shapes(sizes)) == 335'141'888);
}

TEST_CASE("bert: the heads do not change the number of parameters, only the shape of attention") {
  BertSizes sizes = base();
  sizes.heads = 1;
  CHECK(numbers_of(bert_shapes(sizes)) == 110'106'428);
}

TEST_CASE("bert: the names and shapes are those of the model that is made") {
  for (int heads = 0; heads < 4; ++heads) {
    BertSizes sizes{.vocabulary = 11, .width = 6, .heads = 3, .ff = 5, .layers = 2, .positions = 7};
    sizes.mlm = heads % 2 == 1;
    sizes.pooler = sizes.nsp = heads >= 2;
    Parameters parameters(Rng(1));
    const Bert model(sizes, parameters);
    const NamedShapes shapes = bert_shapes(sizes);
    REQUIRE(shapes.size() == model.parameters().size());
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      CHECK(shapes[i].first == model.parameters()[i].first);
      CHECK(shapes[i].second == model.parameters()[i].second.shape());
    }
    CHECK(model.parameter_count() == numbers_of(shapes));
  }
}

TEST_CASE("bert: sizes that do not go together are refused") {
  BertSizes sizes = base();
  sizes.heads = 7;
  check_error(ErrorKind::usage, "a width of 768 cannot be divided among 7 heads",
              [&] { check_sizes(sizes); });
  sizes = base();
  sizes.pooler = false;
  check_error(ErrorKind::usage, "without a pooler", [&] { check_sizes(sizes); });
  for (std::size_t BertSizes::*size :
       {&BertSizes::vocabulary, &BertSizes::width, &BertSizes::heads, &BertSizes::ff,
        &BertSizes::positions, &BertSizes::segments}) {
    sizes = base();
    sizes.*size = 0;
    check_error(ErrorKind::usage, "a size of 0", [&] { check_sizes(sizes); });
  }
  sizes = base();
  sizes.layers = 0;
  CHECK_NOTHROW(check_sizes(sizes));
}
