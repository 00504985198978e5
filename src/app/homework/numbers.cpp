#include "app/homework/numbers.h"

#include <fmt/format.h>

#include "app/homework/compare.h"
#include "attn/core/error.h"
#include "attn/core/hash.h"
#include "attn/core/trimmed.h"
#include "attn/io/csv.h"
#include "attn/io/file.h"
#include "attn/text/utf8.h"

namespace attn::app::homework {

Course read_course(const std::string& secret_file) {
  if (secret_file.empty()) return {};
  constexpr std::size_t kMost = 65'536;
  const std::string text(trimmed(read_file(secret_file, kMost), " \t\r\n"));
  if (text.empty()) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: the secret is empty", escaped(secret_file, 200)),
                "make one: head -c 32 /dev/urandom | base64 > secret.txt");
  }
  return {false, text};
}

void check_student(std::string_view id) {
  constexpr std::size_t kMost = 64;
  const char* hint =
      "1 to 64 letters, digits or signs, such as s1234567 or ada@example.org; no line breaks";
  const auto fail = [&](const char* what) {
    throw Error(ErrorKind::usage, fmt::format("the student id \"{}\" {}", escaped(id), what), hint);
  };
  if (id.empty()) fail("is empty");
  if (!valid_utf8(id)) fail("is not UTF-8");
  if (display_width(id) > kMost || id.size() > 4 * kMost) fail("is too long");
  // What must be escaped to be shown has no place in a name.
  if (escaped(id, 4 * kMost) != id) fail("holds a character that cannot be shown");
  if (holds_invisible(id)) fail("holds a character that cannot be seen");
  if (id.front() == ' ' || id.back() == ' ') fail("begins or ends with a space");
}

Rng student_stream(const Course& course, const Sheet& sheet, std::string_view student) {
  return Rng(0x686F6D65).stream(course.secret).stream(sheet.name).stream(student);
}

namespace {

/// False if somebody with a wrong idea would have the right answer by chance.
bool tells_apart(const Sheet& sheet, const Values& given) {
  const Values key = key_of(sheet, given);
  for (const SheetStep& step : sheet.steps) {
    if (!step.wrong) continue;
    const Array& right = key[step.name].value();
    for (const Wrong& wrong : step.wrong(key)) {
      if (fits(wrong.value, right, step.digits)) return false;
    }
  }
  return true;
}

}  // namespace

Values given_for(const Course& course, const Sheet& sheet, std::string_view student) {
  constexpr int kTries = 1000;
  Rng rng = student_stream(course, sheet, student);
  for (int i = 0; i < kTries; ++i) {
    Values given = sheet.draw(rng);
    if (tells_apart(sheet, given)) return given;
  }
  throw Error(ErrorKind::internal,
              fmt::format("homework {}: no numbers tell right from wrong", sheet.name));
}

std::string fingerprint(std::string_view text) { return fmt::format("{:016x}", fnv1a(text)); }

std::string fingerprint(const Values& given) {
  std::string text;
  for (const auto& [name, value] : given.all()) text += name + "\n" + csv_text(value.value());
  return fingerprint(std::string_view(text));
}

}  // namespace attn::app::homework
