#pragma once
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace attn {

/// What went wrong; the values are the exit codes of docs/contract.md.
enum class ErrorKind {
  no = 1,         ///< it ran, and the answer is no: a training broke down, a claim does not hold
  usage = 2,      ///< unknown name, value out of range
  bad_input = 3,  ///< a file or matrix has the wrong format, shape or type
  io = 4,         ///< cannot read or write
  limit = 5,      ///< too much memory, size or time
  internal = 70,  ///< a mistake of ours
};

/// The library's one exception: what was wrong and where, and what to do about it (the hint; may be
/// empty). Caught in `main` and in the lesson runner, nowhere else.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message, std::string hint = {});
  ~Error() override;
  Error(const Error&) = default;
  Error& operator=(const Error&) = default;
  ErrorKind kind() const { return kind_; }
  const std::string& hint() const { return hint_; }

 private:
  ErrorKind kind_;
  std::string hint_;
};

/// The text safe to print: control characters, bidirectional overrides and invalid UTF-8 become
/// \xNN or \u{NNNN}, and it is cut after `limit` characters with "..." behind.
std::string escaped(std::string_view text, std::size_t limit = 40);

/// The candidate with the smallest edit distance to `word`, or "" if none is near enough
/// (distance at most a third of the word's length, at least 1).
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace attn
