#include "app/homework/resubmission.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "app/homework/archive.h"

namespace attn::app::homework {

namespace {

/// The number that stands there, if it is one of at most 18 digits; else 0.
std::uint64_t count_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && text.size() <= 18 ? number : 0;
}

/// ada_17_4711_sheet1, ada_LATE_17_4711_sheet1: takes the second number out.
std::uint64_t take_upload(std::string& name) {
  for (std::size_t at = name.find('_'); at != std::string::npos; at = name.find('_', at + 1)) {
    const std::size_t second = name.find('_', at + 1);
    if (second == std::string::npos) return 0;
    const std::size_t third = name.find('_', second + 1);
    if (third == std::string::npos) return 0;
    const std::string_view view = name;
    const std::uint64_t upload = count_in(view.substr(second + 1, third - second - 1));
    if (upload == 0 || count_in(view.substr(at + 1, second - at - 1)) == 0) continue;
    name.erase(second, third - second);
    constexpr std::string_view kLate = "_LATE";
    if (std::string_view(name).substr(0, at).ends_with(kLate))
      name.erase(at - kLate.size(), kLate.size());
    return upload;
  }
  return 0;
}

/// _attempt_2026-11-28-10-30-00: takes the time out.
std::uint64_t take_attempt(std::string& name) {
  constexpr std::string_view kAttempt = "_attempt_";
  const std::size_t at = name.find(kAttempt);
  if (at == std::string::npos) return 0;
  const std::size_t begin = at + kAttempt.size();
  const std::size_t end = std::min(name.find_first_not_of("0123456789-", begin), name.size());
  std::string time = name.substr(begin, end - begin);
  time.erase(std::remove(time.begin(), time.end(), '-'), time.end());
  name.erase(at, end - at);
  return count_in(time);
}

/// sheet1-2 or "sheet1 (2)": takes the number out.
std::uint64_t take_copy(std::string& name) {
  const bool in_brackets = name.ends_with(")");
  const std::size_t at = in_brackets ? name.rfind(" (") : name.rfind('-');
  if (at == std::string::npos || at == 0) return 0;
  const std::size_t begin = at + (in_brackets ? 2 : 1);
  const std::uint64_t copy =
      count_in(std::string_view(name).substr(begin, name.size() - begin - (in_brackets ? 1 : 0)));
  if (copy > 0) name.erase(at);
  return copy;
}

}  // namespace

Version version_of(const std::string& path) {
  Version out;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    std::string name = path.substr(begin, end - begin);
    while (is_archive(name)) name.erase(name.rfind('.'));
    const std::uint64_t upload = take_upload(name), attempt = take_attempt(name),
                        copy = take_copy(name);
    out.numbers.insert(out.numbers.end(), {upload, attempt, copy});
    out.is_first &= copy == 0;
    out.is_counted |= upload > 0 || attempt > 0;
    out.place += name + "/";
    begin = end + 1;
  }
  return out;
}

}  // namespace attn::app::homework
