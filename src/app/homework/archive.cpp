#include "app/homework/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <locale.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "app/homework/submission.h"
#include "attn/core/error.h"
#include "attn/core/trimmed.h"

namespace attn::app::homework {

namespace {

constexpr const char* kPackAgain =
    "hand in a zip of the folder that `attn homework new` made, or unpack it";

bool ends_in(std::string_view name, std::string_view end) {
  return name.size() > end.size() &&
         std::equal(end.rbegin(), end.rend(), name.rbegin(), [](char e, char c) {
           return e == (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
         });
}

/// Names in archives are converted into the encoding of the locale: UTF-8 during its life.
class InUtf8 {
 public:
  InUtf8() : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (utf8_) before_ = ::uselocale(utf8_);
  }
  ~InUtf8() {
    if (!utf8_) return;
    ::uselocale(before_);
    ::freelocale(utf8_);
  }
  InUtf8(const InUtf8&) = delete;

 private:
  locale_t utf8_, before_ = nullptr;
};

using Reader = std::unique_ptr<::archive, int (*)(::archive*)>;

Reader reader() {
  Reader out(::archive_read_new(), &::archive_read_free);
  if (!out) throw Error(ErrorKind::limit, "there is no memory for an archive");
  ::archive_read_support_filter_gzip(out.get());
  ::archive_read_support_filter_bzip2(out.get());
  ::archive_read_support_filter_xz(out.get());
  ::archive_read_support_format_tar(out.get());
  // By its list of contents, which tells where each file ends: what is not wanted is not unpacked.
  ::archive_read_support_format_zip_seekable(out.get());
  return out;
}

/// What the bytes are where they are no archive that is opened.
std::string no_archive(std::string_view bytes) {
  const auto begins = [&](std::string_view text) { return bytes.starts_with(text); };
  if (bytes.empty()) return "is empty";
  if (begins("Rar!")) return "is a rar archive, which is not opened";
  if (begins("7z\xBC\xAF")) return "is a 7z archive, which is not opened";
  if (begins("PK\x03\x04")) return "is cut off: the end of the zip is missing";
  if (begins("\x1F\x8B") || begins("BZh") ||
      begins("\xFD"
             "7zXZ"))
    return "is compressed, but holds no tar, or is damaged";
  return "is called an archive, but is no zip and no tar";
}

/// Unpacks one archive.
class Unpacking {
 public:
  Unpacking(std::string_view bytes, const std::string& shown, Allowance& allowance)
      : bytes_(bytes), shown_(escaped(shown, 200)), allowance_(allowance), from_(reader()) {}

  Packed all() {
    const InUtf8 names;
    Packed root;
    root.mode = S_IFDIR;
    constexpr std::string_view kEmptyZip = "PK\x05\x06";  // a list of contents without an entry
    if (bytes_.starts_with(kEmptyZip)) return root;
    if (::archive_read_open_memory(from_.get(), bytes_.data(), bytes_.size()) != ARCHIVE_OK)
      refuse(no_archive(bytes_));
    constexpr int kFilters = 2;  // one way to compress, and the bytes as they are
    if (::archive_filter_count(from_.get()) > kFilters) refuse("is compressed more than once");
    ::archive_entry* entry = nullptr;
    for (bool first = true;; first = false) {
      const int status = ::archive_read_next_header(from_.get(), &entry);
      if (status == ARCHIVE_EOF) return root;
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
        first&& ::archive_format(from_.get()) == 0 ? refuse(no_archive(bytes_)) : damaged();
      check_stream();
      if (::archive_entry_is_encrypted(entry))
        refuse("is protected by a password", "hand it in without one");
      add(root, entry);
    }
  }

 private:
  [[noreturn]] void refuse(const std::string& what, const char* hint = kPackAgain) const {
    throw Error(ErrorKind::bad_input, shown_ + " " + what, hint);
  }
  [[noreturn]] void damaged() const {
    const char* why = ::archive_error_string(from_.get());
    const std::string_view text = why ? why : "its contents cannot be read";
    refuse(fmt::format("is damaged or cut off ({})", escaped(trimmed(text, " \n"), 100)));
  }
  /// What a tar is decompressed to counts, also where it is skipped. Of a zip, nothing is skipped
  /// by reading it.
  void check_stream() const {
    const la_int64_t read = ::archive_filter_bytes(from_.get(), 0);
    if (read > 0 && static_cast<std::size_t>(read) > allowance_.most() + bytes_.size())
      allowance_.take(static_cast<std::size_t>(read));
  }
  /// The folders and the name that lead to an entry.
  std::vector<std::string> parts_of(std::string_view path) const {
    constexpr std::size_t kDeepest = 64;
    std::vector<std::string> parts;
    while (!path.empty()) {
      const std::size_t end = std::min(path.find_first_of("/\\"), path.size());
      const std::string_view part = path.substr(0, end);
      path.remove_prefix(std::min(end + 1, path.size()));
      const bool drive = parts.empty() && part.size() == 2 && part[1] == ':';
      if (part.empty() || part == "." || part == ".." || drive) continue;
      parts.emplace_back(part);
      if (parts.size() > kDeepest)
        refuse(fmt::format("holds a name of more than {} folders", kDeepest));
    }
    return parts;
  }
  void add(Packed& root, ::archive_entry* entry) {
    const char* path = ::archive_entry_pathname(entry);
    if (!path) refuse("holds a name that cannot be read");
    Packed* at = &root;
    for (const std::string& part : parts_of(path)) {
      if (!S_ISDIR(at->mode)) *at = Packed{S_IFDIR, 0, {}, {}};  // the later one is there
      const auto [found, is_new] = at->inside.try_emplace(part);
      constexpr std::size_t kPlace = 256;  // what a name takes in memory, about
      if (is_new) {
        allowance_.take(kPlace + part.size());
        found->second.mode = S_IFDIR;
      }
      at = &found->second;
    }
    if (at == &root) return;
    const bool is_link = ::archive_entry_hardlink(entry) != nullptr;
    const mode_t mode = is_link ? mode_t{S_IFLNK} : ::archive_entry_filetype(entry);
    if (S_ISDIR(mode) && S_ISDIR(at->mode)) return;
    *at = Packed{mode, 0, {}, {}};
    if (S_ISREG(mode)) read(*at, entry, is_archive(path) ? kInnerArchiveLimit : kAnswerLimit);
  }
  void read(Packed& file, ::archive_entry* entry, std::size_t limit) {
    const la_int64_t promised =
        ::archive_entry_size_is_set(entry) ? ::archive_entry_size(entry) : 0;
    file.size = static_cast<std::size_t>(std::max<la_int64_t>(promised, 0));
    const bool keeps = file.size <= limit;
    // A zip tells where the next file begins; in a tar, what lies between is decompressed.
    if (!keeps && is_zip()) return;
    for (;;) {
      const void* part = nullptr;
      std::size_t bytes = 0;
      la_int64_t at = 0;
      const int status = ::archive_read_data_block(from_.get(), &part, &bytes, &at);
      if (status == ARCHIVE_EOF) break;
      if (status != ARCHIVE_OK) damaged();
      check_stream();
      if (!keeps) continue;
      allowance_.take(bytes);
      const auto begin = static_cast<std::size_t>(std::max<la_int64_t>(at, 0));
      if (begin > limit || bytes > limit - begin) {  // it promised less
        file = Packed{S_IFREG, limit + 1, {}, {}};
        return;
      }
      file.bytes.resize(std::max(file.bytes.size(), begin));  // holes are zeros
      file.bytes.append(static_cast<const char*>(part), bytes);
    }
    if (keeps) file.size = file.bytes.size();
  }
  bool is_zip() const {
    return (::archive_format(from_.get()) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP;
  }

  const std::string_view bytes_;
  const std::string shown_;
  Allowance& allowance_;
  const Reader from_;
};

}  // namespace

bool is_archive(std::string_view name) {
  constexpr std::string_view kEnds[] = {".zip", ".tar", ".gz",   ".tgz", ".bz2", ".tbz",
                                        ".xz",  ".txz", ".tbz2", ".7z",  ".rar"};
  return std::any_of(std::begin(kEnds), std::end(kEnds),
                     [&](std::string_view end) { return ends_in(name, end); });
}

Allowance::Allowance(std::string shown, std::size_t archive_bytes, std::shared_ptr<Allowance> outer)
    : shown_(std::move(shown)), outer_(std::move(outer)) {
  constexpr std::size_t kMiB = std::size_t{1} << 20, kLeast = 16 * kMiB, kMost = 512 * kMiB,
                        kTimes = 100;
  constexpr int kDeepest = 3;
  most_ = left_ = std::min(kLeast + kTimes * std::min(archive_bytes, kMost), kMost);
  depth_ = outer_ ? outer_->depth_ + 1 : 1;
  if (depth_ > kDeepest) {
    throw Error(ErrorKind::limit,
                fmt::format("{} is an archive in an archive in an archive in another",
                            escaped(shown_, 200)),
                kPackAgain);
  }
}

void Allowance::take(std::size_t bytes) {
  if (outer_) outer_->take(bytes);
  if (bytes > left_) {
    throw Error(ErrorKind::limit,
                fmt::format("{} holds more than {} MiB when it is unpacked", escaped(shown_, 200),
                            most_ >> 20),
                "a submission is a few small tables: take out what is not needed");
  }
  left_ -= bytes;
}

Packed unpacked(std::string_view bytes, const std::string& shown, Allowance& allowance) {
  return Unpacking(bytes, shown, allowance).all();
}

}  // namespace attn::app::homework
