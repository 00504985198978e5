#include "attn/train/masking.h"

#include <fmt/format.h>

#include "attn/core/error.h"

namespace attn {

void check(const MaskingOptions& o) {
  const bool right = o.select > 0 && o.select <= 1 && o.mask >= 0 && o.random >= 0 &&
                     o.mask + o.random <= 1 + 1e-12;  // false for NaN
  if (right) return;
  throw Error(ErrorKind::usage,
              fmt::format("masking with chances {:g} (chosen), {:g} (masked) and {:g} (random)",
                          o.select, o.mask, o.random),
              "the first above 0 and at most 1; the others at least 0, together at most 1");
}

Masker::Masker(std::size_t size, std::size_t mask_id,
               const std::function<bool(std::size_t)>& special, const MaskingOptions& options)
    : mask_(mask_id), special_(size), options_(options) {
  check(options);
  for (std::size_t id = 0; id < size; ++id) {
    special_[id] = special(id);
    if (!special_[id]) ordinary_.push_back(id);
  }
  if (ordinary_.empty())
    throw Error(ErrorKind::usage, "masking: the vocabulary has only special pieces",
                "give it pieces of words too");
}

Masked Masker::operator()(const std::vector<std::size_t>& ids, Rng& rng) const {
  Masked out{ids, std::vector<std::int64_t>(ids.size(), -1)};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= special_.size())
      throw Error(ErrorKind::usage,
                  fmt::format("masking: id {} at position {}, but there are only {} ids", ids[i], i,
                              special_.size()),
                  "text and vocabulary must belong together");
    if (special_[ids[i]] || rng.uniform() >= options_.select) continue;
    out.targets[i] = static_cast<std::int64_t>(ids[i]);
    ++out.selected;
    const double fate = rng.uniform();
    if (fate < options_.mask) {
      out.ids[i] = mask_;
      ++out.masked;
    } else if (fate < options_.mask + options_.random) {
      out.ids[i] = ordinary_[rng.below(ordinary_.size())];
      ++out.random;
    } else {
      ++out.kept;
    }
  }
  return out;
}

}  // namespace attn
