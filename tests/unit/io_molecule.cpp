#include <doctest/doctest.h>

#include <filesystem>

#include "attn/core/error.h"
#include "attn/io/file.h"
#include "attn/io/molecule.h"
#include "io_support.h"

using attn::Error;
using attn::Molecule;
using attn::parse_molecule;

namespace {

Molecule seed(const std::string& name) {
  return parse_molecule(attn::read_file(ATTN_CORPUS_DIR "/molecule/" + name), name);
}

}  // namespace

TEST_CASE("molecule: atoms and bonds in the order of the file") {
  for (const char* name : {"good-water", "good-crlf", "good-two"}) {
    INFO(name);
    const Molecule m = seed(name);
    CHECK(m.name == "name");
    CHECK(m.atoms == std::vector<std::string>{"O", "H", "H"});
    REQUIRE(m.bonds.size() == 2);
    CHECK(m.bonds[0].a == 0);
    CHECK(m.bonds[0].b == 1);
    CHECK(m.bonds[1].b == 2);
    CHECK(m.bonds[1].order == 1);
    CHECK(m.first_of_many == (std::string(name) == "good-two"));
  }
  CHECK(seed("good-999").bonds.size() == 998);  // numbers that touch one another
  CHECK(seed("good-no-bonds").atoms == std::vector<std::string>{"Na", "Cl"});
}

TEST_CASE("molecule: every error names the file and the line, and says what to do") {
  for (const auto& item : std::filesystem::directory_iterator(ATTN_CORPUS_DIR "/molecule")) {
    const std::string name = item.path().filename().string();
    if (!name.starts_with("bad-")) continue;
    INFO(name);
    try {
      seed(name);
      FAIL("it was read");
    } catch (const Error& e) {
      CHECK(std::string(e.what()).starts_with(name + ", line "));
      CHECK(!e.hint().empty());
    }
  }
}
