#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "attn/core/rng.h"

namespace attn {

/// How positions are chosen and hidden. What is chosen and neither masked nor random stays as it
/// is.
struct MaskingOptions {
  double select = 0.15;  ///< chance of each position to be chosen
  double mask = 0.8;     ///< of the chosen ones: [MASK] in their place
  double random = 0.1;   ///< of the chosen ones: any word in their place
};

/// Throws Error(usage) unless these are chances, with 0 < select and mask + random <= 1.
void check(const MaskingOptions& options);

/// Ids after masking, and what was there before.
struct Masked {
  std::vector<std::size_t> ids;
  std::vector<std::int64_t> targets;  ///< the id that was there where chosen, else -1
  std::size_t selected = 0, masked = 0, random = 0, kept = 0;  ///< selected is the sum of the rest
};

/// Hides some positions for a masked language model: each position with an ordinary id is chosen
/// with chance `select`, alone; a chosen one becomes [MASK], or a random ordinary id (perhaps the
/// same), or stays. Devlin et al. 2019, section 3.1, task 1, and appendix A.1.
class Masker {
 public:
  /// For ids below `size`; `special` ids are never chosen and never drawn. Throws Error(usage) if
  /// all ids are special, or for wrong options.
  Masker(std::size_t size, std::size_t mask_id, const std::function<bool(std::size_t)>& special,
         const MaskingOptions& options = {});

  /// Throws Error(usage) for an id that is not below `size`.
  Masked operator()(const std::vector<std::size_t>& ids, Rng& rng) const;

 private:
  std::size_t mask_;
  std::vector<bool> special_;
  std::vector<std::size_t> ordinary_;
  MaskingOptions options_;
};

}  // namespace attn
