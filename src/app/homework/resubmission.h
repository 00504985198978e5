#pragma once
// Which of two submissions of one student is the later, by the names that platforms give them.
#include <cstdint>
#include <string>
#include <vector>

namespace attn::app::homework {

/// A path without what was added to the names of a later submission, and what was added:
/// sheet1-2.zip and "sheet1 (2)", Canvas' ada_17_4711_sheet1.zip (4711 counts uploads),
/// Blackboard's sheet1_ada_attempt_2026-11-28-10-30-00.
struct Version {
  std::string place;
  std::vector<std::uint64_t> numbers;  ///< the larger is the later
  bool is_first = true;                ///< nothing was added by hand: neither -2 nor (2)
  bool is_counted = false;             ///< a platform's own number is in it
};
Version version_of(const std::string& path);

}  // namespace attn::app::homework
