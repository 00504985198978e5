#include "attn/io/molecule.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "attn/core/error.h"
#include "attn/core/trimmed.h"

namespace attn {
namespace {

class MolfileReader {
 public:
  MolfileReader(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

  Molecule read() {
    Molecule m;
    m.name = std::string(trimmed(line("the molecule's name")));
    line("the program's line");
    line("the comment");
    const std::string_view counts = line("the counts of atoms and bonds");
    if (counts.find("V3000") != std::string_view::npos)
      fail("version V3000, expected V2000", "save the molecule as a V2000 molfile");
    const std::size_t atoms = number(counts, 0, "the number of atoms"),
                      bonds = number(counts, 3, "the number of bonds");
    if (atoms == 0) fail("the molecule has no atoms", "name a molecule with at least one atom");
    for (std::size_t i = 0; i < atoms; ++i) m.atoms.push_back(atom(line("an atom")));
    std::set<std::pair<std::size_t, std::size_t>> seen;
    for (std::size_t i = 0; i < bonds; ++i) {
      const std::string_view text = line("a bond");
      const std::size_t a = place(text, 0, atoms), b = place(text, 3, atoms),
                        order = number(text, 6, "the kind of the bond");
      if (a == b) fail(fmt::format("a bond of atom {} with itself", a + 1), kSaveAgain);
      if (!seen.insert(std::minmax(a, b)).second)
        fail(fmt::format("the bond of atoms {} and {} a second time", a + 1, b + 1), kSaveAgain);
      if (order < 1 || order > 8)
        fail(fmt::format("the kind of the bond is {}, expected 1 to 8", order), kSaveAgain);
      m.bonds.push_back({a, b, static_cast<int>(order)});
    }
    m.first_of_many = another_follows();
    return m;
  }

 private:
  static constexpr const char* kSaveAgain = "save the molecule again as a V2000 molfile";

  [[noreturn]] void fail(const std::string& what, const std::string& hint) const {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}, line {}: {}", escaped(name_, 400), line_, what), hint);
  }

  std::string_view line(const char* what) {
    ++line_;
    if (rest_.empty()) fail(fmt::format("the file ends where {} is expected", what), kSaveAgain);
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view out = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (out.ends_with('\r')) out.remove_suffix(1);
    return out;
  }

  /// The whole number in the three columns from `column` on.
  std::size_t number(std::string_view text, std::size_t column, const char* what) const {
    const std::string_view field =
        trimmed(column < text.size() ? text.substr(column, 3) : std::string_view());
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (field.empty() || error != std::errc() || end != field.data() + field.size()) {
      fail(fmt::format("expected {} in columns {} to {}, found \"{}\"", what, column + 1,
                       column + 3, escaped(text)),
           "a V2000 file has its numbers in fixed columns, and so at most 999 atoms");
    }
    return value;
  }

  std::size_t place(std::string_view text, std::size_t column, std::size_t atoms) const {
    const std::size_t value = number(text, column, "an atom's number");
    if (value < 1 || value > atoms)
      fail(fmt::format("a bond of atom {}, expected 1 to {}", value, atoms), kSaveAgain);
    return value - 1;
  }

  /// The element, from column 32 on: a capital and at most two small letters.
  std::string atom(std::string_view text) const {
    const std::string_view element =
        trimmed(text.size() > 31 ? text.substr(31, 3) : std::string_view());
    const auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
    if (element.empty() || element[0] < 'A' || element[0] > 'Z' ||
        !std::all_of(element.begin() + 1, element.end(), is_small)) {
      fail(fmt::format("expected an element such as C in columns 32 to 34, found \"{}\"",
                       escaped(text)),
           kSaveAgain);
    }
    return std::string(element);
  }

  /// Whether something other than blank lines stands behind the end of this molecule ("$$$$").
  bool another_follows() const {
    const std::size_t end = rest_.find("$$$$");
    return end != std::string_view::npos &&
           rest_.find_first_not_of(" \t\r\n", end + 4) != std::string_view::npos;
  }

  std::string_view rest_;
  std::size_t line_ = 0;
  const std::string& name_;
};

}  // namespace

Molecule parse_molecule(std::string_view text, const std::string& name) {
  return MolfileReader(text, name).read();
}

}  // namespace attn
