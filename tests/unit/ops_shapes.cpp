#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>

#include "attn/core/error.h"
#include "attn/ops/ops.h"

using namespace attn;

namespace {

Tensor of(const Shape& shape) { return Tensor(zeros(shape)); }

/// The message of the Error that f throws, or "" if it throws none.
std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return {};
}

struct Row {
  const char *op, *a, *b;  // what the message must name
  std::function<void(const Run&)> call;
};

}  // namespace

TEST_CASE("shapes: an op whose inputs do not fit names itself and both shapes") {
  const Row rows[] = {
      {"embed", "(2, 3, 4)", "(2)",
       [](const Run& r) {
         embed(r, of({2, 3, 4}), of({2}));
       }},
      {"embed", "(3)", "(2)", [](const Run& r) { embed(r, of({3}), of({2})); }},
      {"linear", "(3, 4)", "(5, 2)",
       [](const Run& r) {
         linear(r, of({3, 4}), of({5, 2}));
       }},
      {"linear", "(3, 4)", "(4)",
       [](const Run& r) {
         linear(r, of({3, 4}), of({4}));
       }},
      {"linear", "()", "(4, 2)",
       [](const Run& r) {
         linear(r, of({}), of({4, 2}));
       }},
      {"linear", "(4, 2)", "(3)",
       [](const Run& r) {
         linear(r, of({3, 4}), of({4, 2}), of({3}));
       }},
      {"linear", "(4, 2)", "(1, 2)",
       [](const Run& r) {
         linear(r, of({3, 4}), of({4, 2}), of({1, 2}));
       }},
      {"matmul", "(2, 3)", "(2, 3)",
       [](const Run& r) {
         matmul(r, of({2, 3}), of({2, 3}));
       }},
      {"matmul", "(2, 3, 4)", "(3, 4, 5)",
       [](const Run& r) {
         matmul(r, of({2, 3, 4}), of({3, 4, 5}));
       }},
      {"matmul", "(3, 4)", "(2, 4, 5)",
       [](const Run& r) {
         matmul(r, of({3, 4}), of({2, 4, 5}));
       }},
      {"matmul_nt", "(2, 3)", "(2, 4)",
       [](const Run& r) {
         matmul_nt(r, of({2, 3}), of({2, 4}));
       }},
      {"matmul_nt", "(2, 3, 4)", "(5, 3)",
       [](const Run& r) {
         matmul_nt(r, of({2, 3, 4}), of({5, 3}));
       }},
      {"add", "(2, 3)", "(2)",
       [](const Run& r) {
         add(r, of({2, 3}), of({2}));
       }},
      {"add", "(3)", "(2, 3)",
       [](const Run& r) {
         add(r, of({3}), of({2, 3}));
       }},
      {"multiply", "(2, 3)", "(2)",
       [](const Run& r) {
         multiply(r, of({2, 3}), of({2}));
       }},
      {"multiply", "(2, 3)", "(3, 1)",
       [](const Run& r) {
         multiply(r, of({2, 3}), of({3, 1}));
       }},
      {"edge_scores", "(2, 3)", "(3)",
       [](const Run& r) {
         edge_scores(r, of({2, 3}), of({3}));
       }},
      {"depthwise_convolution", "(5, 3)", "(2, 4)",
       [](const Run& r) {
         depthwise_convolution(r, of({5, 3}), of({2, 4}), of({3}));
       }},
      {"depthwise_convolution", "(2, 3)", "(4)",
       [](const Run& r) {
         depthwise_convolution(r, of({5, 3}), of({2, 3}), of({4}));
       }},
      {"convolution_2d", "(4, 5, 3)", "(3, 3, 2, 6)",
       [](const Run& r) {
         convolution_2d(r, of({4, 5, 3}), of({3, 3, 2, 6}));
       }},
      {"convolution_2d", "(3, 3, 3, 6)", "(3)",
       [](const Run& r) {
         convolution_2d(r, of({4, 5, 3}), of({3, 3, 3, 6}), of({3}));
       }},
      {"reshape", "(2, 3)", "(7)",
       [](const Run& r) {
         reshape(r, of({2, 3}), {7});
       }},
      {"concat_columns", "(2, 3)", "(3, 3)",
       [](const Run& r) {
         concat_columns(r, of({2, 3}), of({3, 3}));
       }},
      {"concat_rows", "(2, 3)", "(2, 4)",
       [](const Run& r) {
         concat_rows(r, of({2, 3}), of({2, 4}));
       }},
      {"additive_scores", "(2, 3)", "(2, 4)",
       [](const Run& r) {
         additive_scores(r, of({2, 3}), of({2, 4}), of({3}));
       }},
      {"additive_scores", "(2, 3)", "(4)",
       [](const Run& r) {
         additive_scores(r, of({2, 3}), of({2, 3}), of({4}));
       }},
      {"softmax", "(2, 3)", "(3, 2)",
       [](const Run& r) {
         softmax(r, of({2, 3}), of({3, 2}));
       }},
      {"softmax", "(2, 3)", "()",
       [](const Run& r) {
         softmax(r, of({2, 3}), of({}));
       }},
      {"renormalize", "(2, 3)", "(3, 2)",
       [](const Run& r) {
         renormalize(r, of({2, 3}), of({3, 2}));
       }},
      {"recurrent", "(5, 3)", "(4, 8)",
       [](const Run& r) {
         recurrent(r, Cell::lstm, of({5, 3}), {of({4, 8}), of({2, 8}), of({8}), of({8})});
       }},
      {"recurrent", "(3, 8)", "(3, 8)",  // an lstm's hidden width is a fourth of its gates
       [](const Run& r) {
         recurrent(r, Cell::lstm, of({5, 3}), {of({3, 8}), of({3, 8}), of({8}), of({8})});
       }},
      {"recurrent", "(3, 6)", "(6)",
       [](const Run& r) {
         recurrent(r, Cell::gru, of({5, 3}), {of({3, 6}), of({6}), of({6}), of({6})});
       }},
      {"recurrent", "(2)", "(3)",
       [](const Run& r) {
         recurrent(r, Cell::rnn, of({5, 3}), {of({3, 2}), of({2, 2}), of({2}), of({3})});
       }},
      {"recurrent", "(7, 5, 3)", "(6, 2)",  // one state per sentence
       [](const Run& r) {
         recurrent(r, Cell::rnn, of({7, 5, 3}), {of({3, 2}), of({2, 2}), of({2}), of({2})}, false,
                   {of({6, 2})});
       }},
      {"gaussian", "(2, 3)", "(3, 1)",
       [](const Run& r) {
         gaussian(r, of({2, 3}), of({3, 1}), 1);
       }},
      {"concat_rows", "(4, 2, 3)", "(5, 2, 3)",
       [](const Run& r) {
         concat_rows(r, of({4, 2, 3}), of({5, 2, 3}));
       }},
      {"additive_scores", "(4, 2, 3)", "(5, 2, 3)",
       [](const Run& r) {
         additive_scores(r, of({4, 2, 3}), of({5, 2, 3}), of({3}));
       }},
      {"convolution", "(5, 3)", "(2, 4, 6)",
       [](const Run& r) {
         convolution(r, of({5, 3}), of({2, 4, 6}), of({6}));
       }},
      {"convolution", "(5, 3)", "(3, 6)",
       [](const Run& r) {
         convolution(r, of({5, 3}), of({3, 6}), of({6}));
       }},
      {"convolution", "(2, 3, 6)", "(3)",
       [](const Run& r) {
         convolution(r, of({5, 3}), of({2, 3, 6}), of({3}));
       }},
      {"layer_norm", "(5, 3)", "(4)",
       [](const Run& r) {
         layer_norm(r, of({5, 3}), of({4}), of({3}));
       }},
      {"layer_norm", "(5, 3)", "(1, 3)",
       [](const Run& r) {
         layer_norm(r, of({5, 3}), of({3}), of({1, 3}));
       }},
      {"cross_entropy", "(2, 5, 3)", "(2, 4)",
       [](const Run& r) {
         cross_entropy(r, of({2, 5, 3}), of({2, 4}));
       }},
      {"squared_error", "(2, 5)", "(2, 4)",
       [](const Run& r) {
         squared_error(r, of({2, 5}), of({2, 4}));
       }},
  };
  for (const Row& row : rows) {
    const std::string message = message_of([&] { row.call(Run{}); });
    INFO(row.op << ": " << message);
    CHECK(message.find(row.op) == 0);
    CHECK(message.find(row.a) != std::string::npos);
    CHECK(message.find(row.b) != std::string::npos);
  }
}

TEST_CASE("shapes: too few axes, or a place outside, name the op and the shape") {
  const Row rows[] = {
      {"matmul", "(4)", "2 axes",
       [](const Run& r) {
         matmul(r, of({4}), of({4, 2}));
       }},
      {"matmul_nt", "(4)", "2 axes",
       [](const Run& r) {
         matmul_nt(r, of({2, 4}), of({4}));
       }},
      {"split_heads", "(4)", "2 axes", [](const Run& r) { split_heads(r, of({4}), 2); }},
      {"merge_heads", "(4, 2)", "3 axes",
       [](const Run& r) {
         merge_heads(r, of({4, 2}));
       }},
      {"transpose", "(4)", "2 axes", [](const Run& r) { transpose(r, of({4})); }},
      {"rotary", "(4)", "2 axes", [](const Run& r) { rotary(r, of({4})); }},
      {"row_max", "()", "1 axes", [](const Run& r) { row_max(r, of({})); }},
      {"row_max", "(3, 0)", "no numbers",
       [](const Run& r) {
         row_max(r, of({3, 0}));
       }},
      {"edge_scores", "(4)", "2 axes", [](const Run& r) { edge_scores(r, of({4}), of({8})); }},
      {"depthwise_convolution", "(4)", "2 axes",
       [](const Run& r) {
         depthwise_convolution(r, of({4}), of({3, 4}), of({4}));
       }},
      {"convolution_2d", "(4, 3)", "3 axes",
       [](const Run& r) {
         convolution_2d(r, of({4, 3}), of({1, 1, 3, 2}));
       }},
      {"softmax", "()", "1 axes", [](const Run& r) { softmax(r, of({})); }},
      {"naive_softmax", "()", "1 axes", [](const Run& r) { naive_softmax(r, of({})); }},
      {"sparsemax", "()", "1 axes", [](const Run& r) { sparsemax(r, of({})); }},
      {"hardmax", "()", "1 axes", [](const Run& r) { hardmax(r, of({})); }},
      {"unit_rows", "()", "1 axes", [](const Run& r) { unit_rows(r, of({})); }},
      {"concat_columns", "()", "1 axes", [](const Run& r) { concat_columns(r, of({}), of({})); }},
      {"slice_rows", "(3, 2)", "2 to 4",
       [](const Run& r) {
         slice_rows(r, of({3, 2}), 2, 4);
       }},
      {"slice_rows", "(3, 2)", "2 to 1",
       [](const Run& r) {
         slice_rows(r, of({3, 2}), 2, 1);
       }},
      {"slice_columns", "(3, 2)", "0 to 3",
       [](const Run& r) {
         slice_columns(r, of({3, 2}), 0, 3);
       }},
      {"recurrent", "(3)", "2 axes",
       [](const Run& r) {
         recurrent(r, Cell::rnn, of({3}), {of({3, 2}), of({2, 2}), of({2}), of({2})});
       }},
      {"convolution", "(3)", "2 axes",
       [](const Run& r) {
         convolution(r, of({3}), of({1, 3, 2}), of({2}));
       }},
      {"layer_norm", "()", "1 axes", [](const Run& r) { layer_norm(r, of({}), of({1}), of({1})); }},
      {"cross_entropy", "(3)", "2 axes", [](const Run& r) { cross_entropy(r, of({3}), of({1})); }},
  };
  for (const Row& row : rows) {
    const std::string message = message_of([&] { row.call(Run{}); });
    INFO(row.op << ": " << message);
    CHECK(message.find(row.op) == 0);
    CHECK(message.find(row.a) != std::string::npos);
    CHECK(message.find(row.b) != std::string::npos);
  }
}

TEST_CASE("shapes: heads that do not divide the width, and an odd rotary width, are refused") {
  CHECK(message_of([] {
          split_heads(Run{}, of({3, 10}), 3);
        }) == "10 columns cannot be split into 3 equal heads");
  CHECK(message_of([] { split_heads(Run{}, of({3, 10}), 0); }) != "");
  CHECK(message_of([] { rotary(Run{}, of({3, 5})); }).find("width 5 is odd") != std::string::npos);
}

TEST_CASE("shapes: an id outside the table is refused, with its place") {
  const Tensor table = of({3, 2});
  for (const real id : {real{3}, real{-1}, real{1e9}, real(std::nan(""))}) {
    Array ids = zeros({2});
    ids(1) = id;
    const std::string message = message_of([&] { embed(Run{}, table, Tensor::ids(ids)); });
    CHECK(message.find("token 1 has id") == 0);
    CHECK(message.find("3 rows") != std::string::npos);
    CHECK(message_of([&] { one_hot(Run{}, Tensor::ids(ids), 3); }) != "");
  }
}

TEST_CASE("shapes: empty arrays pass through every op") {
  const Run run;
  CHECK(embed(run, of({3, 2}), of({0})).shape() == Shape{0, 2});
  CHECK(one_hot(run, of({0}), 3).shape() == Shape{0, 3});
  CHECK(linear(run, of({0, 2}), of({2, 3})).shape() == Shape{0, 3});
  CHECK(matmul(run, of({2, 0, 3}), of({2, 3, 4})).shape() == Shape{2, 0, 4});
  CHECK(matmul_nt(run, of({0, 2, 3}), of({0, 4, 3})).shape() == Shape{0, 2, 4});
  CHECK(add(run, of({0, 2}), of({2})).shape() == Shape{0, 2});
  CHECK(relu(run, of({0})).shape() == Shape{0});
  CHECK(split_heads(run, of({0, 4}), 2).shape() == Shape{2, 0, 2});
  CHECK(merge_heads(run, of({2, 0, 2})).shape() == Shape{0, 4});
  CHECK(transpose(run, of({0, 4})).shape() == Shape{4, 0});
  CHECK(slice_rows(run, of({3, 2}), 1, 1).shape() == Shape{0, 2});
  CHECK(rotary(run, of({0, 4})).shape() == Shape{0, 4});
  CHECK(additive_scores(run, of({0, 2}), of({3, 2}), of({2})).shape() == Shape{0, 3});
  CHECK(unit_rows(run, of({3, 0})).shape() == Shape{3, 0});
  for (const Cell cell : {Cell::rnn, Cell::lstm, Cell::gru}) {
    const std::size_t width = 2 * gates_of(cell);
    const RecurrentParameters p{of({3, width}), of({2, width}), of({width}), of({width})};
    for (const Shape& shape : {Shape{0, 4}, Shape{4, 0}}) {
      const Tensor x = of({shape[0], shape[1], 3});
      CHECK(recurrent(run, cell, x, p).hidden.shape() == Shape{shape[0], shape[1], 2});
      CHECK(recurrent(run, cell, x, p, true).hidden.shape() == Shape{shape[0], shape[1], 2});
    }
  }
  CHECK(convolution(run, of({0, 4, 3}), of({3, 3, 2}), of({2})).shape() == Shape{0, 4, 2});
  CHECK(convolution(run, of({4, 0, 3}), of({3, 3, 2}), of({2})).shape() == Shape{4, 0, 2});
  CHECK(layer_norm(run, of({0, 4}), of({4}), of({4})).shape() == Shape{0, 4});
  CHECK(layer_norm(run, of({4, 0}), of({0}), of({0})).shape() == Shape{4, 0});
  CHECK(cross_entropy(run, of({0, 4}), of({0})).value()(0) == 0);
  CHECK(squared_error(run, of({0, 4}), of({0, 4})).value()(0) == 0);
  for (const Shape& shape : {Shape{0, 4}, Shape{4, 0}}) {
    CHECK(softmax(run, of(shape), of(shape)).shape() == shape);
    CHECK(naive_softmax(run, of(shape)).shape() == shape);
    CHECK(sparsemax(run, of(shape)).shape() == shape);
    CHECK(hardmax(run, of(shape)).shape() == shape);
    CHECK(renormalize(run, of(shape), of(shape)).shape() == shape);
  }
}

TEST_CASE("shapes: nothing wide times nothing high is zero, plus the bias") {
  const Tensor b(full({2}, 7));
  CHECK(largest_difference(linear(Run{}, of({3, 0}), of({0, 2})).value(), zeros({3, 2})) == 0);
  CHECK(largest_difference(linear(Run{}, of({3, 0}), of({0, 2}), b).value(), full({3, 2}, 7)) == 0);
  CHECK(largest_difference(matmul(Run{}, of({3, 0}), of({0, 2})).value(), zeros({3, 2})) == 0);
  const Tensor right(full({3, 2}, 7));
  CHECK(largest_difference(concat_columns(Run{}, of({3, 0}), right).value(), right.value()) == 0);
  CHECK(largest_difference(concat_columns(Run{}, right, of({3, 0})).value(), right.value()) == 0);
}
