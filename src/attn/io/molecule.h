#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace attn {

/// Atoms and the bonds between them.
struct Molecule {
  struct Bond {
    std::size_t a, b;  ///< places of two atoms, from 0
    int order;         ///< 1 single, 2 double, 3 triple, 4 aromatic
  };
  std::string name;                ///< the file's first line; may be empty
  std::vector<std::string> atoms;  ///< "C", "Cl": the element
  std::vector<Bond> bonds;
  bool first_of_many = false;  ///< the file holds more molecules: this is the first
};

/// The first molecule in the text of an MDL molfile or SD file, version V2000.
/// Dalby et al. 1992, "Description of several chemical structure file formats".
/// `name` (the path) begins every message. Throws Error(bad_input) with the line where anything
/// differs: V3000, an atom that is none, a bond of an atom that is not there, with itself, or
/// twice.
Molecule parse_molecule(std::string_view text, const std::string& name);

}  // namespace attn
