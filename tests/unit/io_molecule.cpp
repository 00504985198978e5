#include <doctest/doctest.h>

#include "attn/io/molecule.h"
#include "io_support.h"

using attn::Molecule;
using attn::parse_molecule;
using io_test::check_bad_seeds;

namespace {

Molecule seed(const std::string& name) {
  return parse_molecule(io_test::seed_bytes("molecule", name), name);
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
  check_bad_seeds("molecule", seed, ", line ");
}
