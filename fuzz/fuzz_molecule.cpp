// Whatever is taken for a molecule has atoms with names, and bonds between two of them.
#include <algorithm>

#include "attn/io/molecule.h"
#include "properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::run([&] {
    const attn::Molecule m = attn::parse_molecule(text, "input");
    fuzz::require(!m.atoms.empty() && m.atoms.size() <= 999, "atoms");
    fuzz::require(m.atoms.size() + m.bonds.size() <= size, "memory within the text");
    for (const std::string& atom : m.atoms)
      fuzz::require(!atom.empty() && atom.size() <= 3, "an element's name");
    for (const auto& bond : m.bonds) {
      fuzz::require(bond.a < m.atoms.size() && bond.b < m.atoms.size() && bond.a != bond.b,
                    "a bond of two atoms");
    }
  });
  return 0;
}
