#include "attn/train/optimizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "attn/core/error.h"
#include "attn/core/joined.h"
#include "attn/core/lanes.h"
#include "attn/core/rows.h"

namespace attn {

namespace {

/// Sum of the squares; in double where a float overflows, so that a large gradient can be clipped.
double squares_of(const Array& a) {
  const double fast = dot_row(a.data(), a.data(), a.size());
  if (std::isfinite(fast)) return fast;
  double sum = 0;
  for (const real x : a) sum += double{x} * x;
  return sum;
}

/// Throws Error(usage) unless `word` is one of `known`.
void require_one_of(std::string_view what, const std::string& word,
                    const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return;
  const std::string near = nearest(word, known);
  throw Error(ErrorKind::usage,
              fmt::format("no {} \"{}\"{}", what, escaped(word),
                          near.empty() ? "" : fmt::format("; did you mean {}?", near)),
              fmt::format("possible: {}", joined(known, ", ")));
}

}  // namespace

Optimizer::Optimizer(const OptimizerOptions& options,
                     std::vector<std::pair<std::string, Tensor>> parameters)
    : options_(options), parameters_(std::move(parameters)) {
  require_one_of("optimizer", options_.kind, {"adam", "adamw", "sgd"});
  for (const auto& [path, tensor] : parameters_) {
    first_.push_back(zeros(tensor.shape()));
    if (options_.kind != "sgd") second_.push_back(zeros(tensor.shape()));
  }
}

void Optimizer::clear_gradients() {
  for (const auto& [path, tensor] : parameters_) tensor.clear_grad();
}

double Optimizer::step(double factor) {
  double squares = 0;
  for (const auto& [path, tensor] : parameters_) {
    squares += squares_of(tensor.grad());
  }
  const double norm = std::sqrt(squares);
  if (!std::isfinite(norm)) return norm;
  ++steps_;
  const double rate = options_.rate * factor;
  const double clip = options_.clip > 0 && norm > options_.clip ? options_.clip / norm : 1;
  const double t = static_cast<double>(steps_);
  // Adam's corrections of the means' start at 0, taken into rate and eps: one pass over the memory.
  const double root = std::sqrt(1 - std::pow(options_.beta2, t));
  const auto real_of = [](double x) { return static_cast<real>(x); };
  const Batch scale(real_of(clip)), b1(real_of(options_.beta1)), b2(real_of(options_.beta2));
  const Batch c1(real_of(1 - options_.beta1)), c2(real_of(1 - options_.beta2));
  const Batch adam_rate(real_of(rate * root / (1 - std::pow(options_.beta1, t)))),
      eps(real_of(options_.eps * root));
  const Batch keep(real_of(options_.kind == "adamw" ? 1 - rate * options_.weight_decay : 1));
  const Batch sgd_rate(real_of(rate)), momentum(real_of(options_.momentum));
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Tensor& tensor = parameters_[i].second;
    real* p = tensor.mutable_value().data();
    const real* gradient = tensor.grad().data();
    real* m = first_[i].data();
    if (options_.kind == "sgd") {
      for_lanes(tensor.value().size(), [&](auto l) {
        const Batch velocity = momentum * l.load(m) + scale * l.load(gradient);
        l.store(velocity, m);
        l.store(l.load(p) - sgd_rate * velocity, p);
      });
      continue;
    }
    real* v = second_[i].data();
    for_lanes(tensor.value().size(), [&](auto l) {
      const Batch g = scale * l.load(gradient);
      const Batch mean = b1 * l.load(m) + c1 * g;
      const Batch square = b2 * l.load(v) + c2 * g * g;
      l.store(mean, m);
      l.store(square, v);
      l.store(keep * l.load(p) - adam_rate * mean / (xsimd::sqrt(square) + eps), p);
    });
  }
  return norm;
}

std::vector<std::pair<std::string, Array*>> Optimizer::state() {
  std::vector<std::pair<std::string, Array*>> out;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    out.emplace_back("m." + parameters_[i].first, &first_[i]);
    if (!second_.empty()) out.emplace_back("v." + parameters_[i].first, &second_[i]);
  }
  return out;
}

void Schedule::check() const { require_one_of("schedule", kind, {"constant", "warmup", "cosine"}); }

double Schedule::operator()(std::uint64_t step) const {
  const double s = static_cast<double>(std::max<std::uint64_t>(step, 1));
  const double w = static_cast<double>(std::max<std::uint64_t>(warmup, 1));
  if (kind == "warmup") return std::min(std::sqrt(w / s), s / w);
  if (kind == "cosine") {
    if (s < w) return s / w;
    const double left = static_cast<double>(total) - w;
    const double done = s == w ? 0 : left <= 0 ? 1 : std::min(1.0, (s - w) / left);
    return 0.5 * (1 + std::cos(std::numbers::pi * done));
  }
  return warmup > 0 ? std::min(1.0, s / w) : 1;
}

}  // namespace attn
