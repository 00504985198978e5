#pragma once
// Archives that somebody handed in, unpacked into memory: nothing is written, no link is followed,
// and what may be unpacked is bounded before it is.
#include <sys/types.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace attn::app::homework {

/// The most bytes of an archive that is read: of one that lies in a folder, and of one in an
/// archive.
inline constexpr std::size_t kArchiveLimit = std::size_t{256} << 20;
inline constexpr std::size_t kInnerArchiveLimit = std::size_t{16} << 20;

/// True for names such as sheet1.zip or SHEET1.TAR.GZ; also for kinds that are not opened (rar,
/// 7z).
bool is_archive(std::string_view name);

/// What stands under a name in an archive.
struct Packed {
  mode_t mode = 0;       ///< a folder, a file, a link or what else there is (S_IFMT)
  std::size_t size = 0;  ///< of a file
  std::string bytes;     ///< nothing where the file is larger than what is read of an answer
  std::map<std::string, Packed, std::less<>> inside;  ///< of a folder
};

/// How much may still be unpacked: from an archive, and from those that it lies in.
class Allowance {
 public:
  /// Sixteen MiB and a hundred times the archive, at most 512 MiB. `outer`: of the archive that it
  /// lies in, or nothing. Throws Error(limit) for the fourth archive within another.
  Allowance(std::string shown, std::size_t archive_bytes, std::shared_ptr<Allowance> outer);
  /// Throws Error(limit) if there is no more.
  void take(std::size_t bytes);
  /// The most that may be decompressed, also of what is not kept.
  std::size_t most() const { return most_; }

 private:
  std::string shown_;
  std::shared_ptr<Allowance> outer_;
  std::size_t most_, left_;
  int depth_;
};

/// The folder that an archive holds: zip, or tar, also compressed (gzip, bzip2, xz). A leading /
/// and the parts . and .. of a name lead nowhere; of two files with one name the later one is
/// there. `shown`: its name in messages. Throws Error(bad_input) for anything else, and for what is
/// cut off, damaged or protected by a password; Error(limit) beyond the allowance.
Packed unpacked(std::string_view bytes, const std::string& shown, Allowance& allowance);

}  // namespace attn::app::homework
