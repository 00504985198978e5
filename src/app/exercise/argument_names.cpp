#include "app/exercise/argument_names.h"

#include <fmt/format.h>

#include <regex>

#include "attn_exercise/judge_marks.h"

namespace attn::app {

namespace {

struct Parameter {
  std::string type, name;  ///< "State", "before"; of a list the type of its elements
};

std::vector<std::string> parts(const std::string& text, char mark) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(mark, begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

/// The parameters of a function that this header declares.
std::vector<Parameter> parameters_of(const std::string& header, const std::string& function) {
  std::smatch found;
  const std::regex declared("\\b" + function + "\\(([^()]*)\\);");
  if (!std::regex_search(header, found, declared)) return {};
  std::vector<Parameter> out;
  for (const std::string& one : parts(found[1], ',')) {
    static const std::regex words("(\\w+)>*&?\\s+(\\w+)\\s*$");
    std::smatch named;
    if (!std::regex_search(one, named, words)) return {};
    out.push_back({named[1], named[2]});
  }
  return out;
}

/// The fields of a struct that this header defines, as its fields() ties them.
std::vector<std::string> fields_of(const std::string& header, const std::string& type) {
  std::smatch found;
  const std::regex defined("struct " + type + " [^}]*std::tie\\(([^()]*)\\)");
  if (!std::regex_search(header, found, defined)) return {};
  std::vector<std::string> out = parts(found[1], ',');
  for (std::string& field : out) field = std::regex_replace(field, std::regex("\\s"), "");
  return out;
}

}  // namespace

std::string with_names(std::string_view header_text, const std::string& function,
                       const std::vector<std::string>& arguments) {
  const std::string header(header_text);
  const std::vector<Parameter> parameters = parameters_of(header, function);
  std::string out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool named = parameters.size() == arguments.size();
    const std::vector<std::string> elements = parts(arguments[i], attn_exercise::kBetweenElements);
    const std::vector<std::string> fields =
        named ? fields_of(header, parameters[i].type) : std::vector<std::string>();
    for (std::size_t e = 0; e < elements.size(); ++e) {
      const std::vector<std::string> values = parts(elements[e], attn_exercise::kBetweenFields);
      for (std::size_t f = 0; f < values.size(); ++f) {
        if (named) {
          out += parameters[i].name;
          if (elements.size() > 1) out += fmt::format("[{}]", e);
          if (fields.size() == values.size()) out += "." + fields[f];
          out += ":\n";
        }
        out += values[f];
      }
    }
  }
  return out;
}

}  // namespace attn::app
