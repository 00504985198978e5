#pragma once
// Reads the arithmetic that `why` shows and computes it: what the tests of `why` compare with.
#include <doctest/doctest.h>

#include <charconv>
#include <cmath>
#include <string>

#include "attn/graph/trace.h"
#include "small_attention.h"

namespace attn::testing {

/// Computes what a Reason shows: + - * / ^, exp, tanh, erf, sigmoid, sqrt, max, parentheses.
class Calculator {
 public:
  explicit Calculator(const Reason& reason) {
    for (const auto& piece : reason.arithmetic) {
      if (const auto* text = std::get_if<std::string>(&piece)) {
        text_ += *text;
      } else {
        const auto& [tensor, index] = std::get<NumberRef>(piece);
        char digits[64];
        const auto end =
            std::to_chars(digits, digits + 64, double{tensor.value().data()[index]}).ptr;
        text_.append("(").append(digits, end).append(")");
      }
    }
  }
  double result() {
    const double value = sum();
    INFO(text_ << " at " << at_);
    CHECK(at_ == text_.size());
    return value;
  }

 private:
  bool take(std::string_view word) {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (text_.compare(at_, word.size(), word) != 0) return false;
    at_ += word.size();
    return true;
  }
  double sum() {
    double value = product();
    while (true) {
      if (take("+")) {
        value += product();
      } else if (take("-")) {
        value -= product();
      } else {
        return value;
      }
    }
  }
  double product() {
    double value = power();
    while (true) {
      if (take("*")) {
        value *= power();
      } else if (take("/")) {
        value /= power();
      } else {
        return value;
      }
    }
  }
  double power() {
    const double value = single();
    return take("^2") ? value * value : value;
  }
  double single() {
    if (take("exp(")) return std::exp(closed());
    if (take("tanh(")) return std::tanh(closed());
    if (take("erf(")) return std::erf(closed());
    if (take("sigmoid(")) return 1 / (1 + std::exp(-closed()));
    if (take("sqrt(")) return std::sqrt(closed());
    if (take("max(")) {
      double largest = sum();
      while (take(",")) largest = std::max(largest, sum());
      CHECK(take(")"));
      return largest;
    }
    if (take("(")) return closed();
    double value = kNaN;
    const auto end = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value).ptr;
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }
  double closed() {
    const double value = sum();
    CHECK(take(")"));
    return value;
  }

  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace attn::testing
