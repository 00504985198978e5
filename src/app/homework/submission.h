#pragma once
// A folder that somebody handed in: data, and nothing else. No link is followed, nothing outside is
// opened, nothing larger than a limit is read, nothing is executed.
#include <optional>
#include <string>
#include <vector>

namespace attn::app::homework {

/// The most that one file of a submission may hold.
inline constexpr std::size_t kAnswerLimit = std::size_t{1} << 20;

/// An open folder.
class SubmissionFolder {
 public:
  /// The folder at this path (which the person who grades wrote). Throws Error(io).
  explicit SubmissionFolder(const std::string& path);
  /// A folder inside this one, or nothing if there is none. Throws Error(bad_input) for a link or
  /// anything else.
  std::optional<SubmissionFolder> folder(const std::string& name) const;
  /// The bytes of a regular file in it, or nothing if there is none. Throws Error(bad_input) for a
  /// link, a folder, a pipe or a device, Error(limit) beyond `limit`, Error(io).
  std::optional<std::string> read(const std::string& name, std::size_t limit = kAnswerLimit) const;
  /// What is in it, sorted, without hidden names; at most 100 000 names. Throws Error(io).
  std::vector<std::string> names() const;

  ~SubmissionFolder();
  SubmissionFolder(SubmissionFolder&& other) noexcept;
  SubmissionFolder(const SubmissionFolder&) = delete;

 private:
  SubmissionFolder(int file, std::string shown) : file_(file), shown_(std::move(shown)) {}
  std::string place(const std::string& name) const;
  int file_ = -1;
  std::string shown_;  // for messages
};

}  // namespace attn::app::homework
