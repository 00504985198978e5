// homework.json and what was given, as a student's folder holds them.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/homework/compare.h"
#include "app/homework/grade.h"
#include "attn/core/error.h"
#include "attn/io/csv.h"
#include "attn/io/json.h"

namespace attn::app::homework {

std::string manifest_text(const Manifest& m) {
  const nlohmann::ordered_json document = {{"format", 1},
                                           {"homework", m.sheet->name},
                                           {"student", m.student},
                                           {"convention", m.columns ? "column" : "row"},
                                           {"course", m.is_public ? "public" : "secret"},
                                           {"numbers", m.numbers}};
  return document.dump(2) + "\n";
}

namespace {

constexpr const char* kMakeAgain =
    "make the sheet again with `attn homework new` in a new folder, and copy your answers there";

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::bad_input, "homework.json: " + what,
              "hand in the file as `attn homework new` wrote it");
}

std::string text_of(const nlohmann::json& document, const char* key) {
  const auto found = document.find(key);
  if (found == document.end()) refuse(fmt::format("\"{}\" is missing", key));
  if (!found->is_string()) refuse(fmt::format("\"{}\" is no text", key));
  return found->get<std::string>();
}

/// Throws unless the text is one of two; true if it is the second.
bool second_of(const nlohmann::json& document, const char* key, std::string_view first,
               std::string_view second) {
  const std::string text = text_of(document, key);
  if (text != first && text != second) {
    refuse(fmt::format("\"{}\" is \"{}\", expected \"{}\" or \"{}\"", key, escaped(text), first,
                       second));
  }
  return text == second;
}

}  // namespace

Manifest read_manifest(const SubmissionFolder& folder) {
  const std::optional<std::string> text = folder.read("homework.json", 65'536);
  if (!text) {
    throw Error(ErrorKind::io, "there is no homework.json in this folder",
                "name the folder that `attn homework new` made");
  }
  const nlohmann::json document =
      parse_json(*text, "homework.json", {.bytes = 65'536, .values = 64, .depth = 4});
  if (!document.is_object()) refuse("an object is expected");
  const auto format = document.find("format");
  if (format == document.end() || *format != 1)
    refuse("\"format\" is not 1: was it made by another version of attn?");
  Manifest m;
  m.student = text_of(document, "student");
  const std::string name = text_of(document, "homework");
  try {
    check_student(m.student);
    m.sheet = &find_sheet(name);
  } catch (const Error& e) {
    refuse(e.what());
  }
  m.columns = second_of(document, "convention", "row", "column");
  m.is_public = !second_of(document, "course", "public", "secret");
  m.numbers = text_of(document, "numbers");
  return m;
}

namespace {

/// The values in the shapes that a draw of this sheet has. Throws if no draw has such shapes.
Values as_drawn(const Sheet& sheet, const Values& read) {
  constexpr int kDraws = 64;  // more than enough for every length that a sheet may have
  Rng rng(0);
  for (int i = 0; i < kDraws; ++i) {
    const Values sample = sheet.draw(rng);
    Values out;
    for (const auto& [name, value] : sample.all()) {
      if (auto same = in_shape(read[name].value(), value.shape())) out.set(name, std::move(*same));
    }
    if (out.all().size() == sample.all().size()) return out;
  }
  throw Error(ErrorKind::bad_input, "the matrices in inputs/ do not have the shapes of this sheet",
              kMakeAgain);
}

}  // namespace

Values given_in(const SubmissionFolder& folder, const Manifest& m) {
  Values read;
  const std::optional<SubmissionFolder> inputs = folder.folder("inputs");
  for (const Given& one : m.sheet->given) {
    const std::string name = one.name + ".csv";
    const std::optional<std::string> text = inputs ? inputs->read(name) : std::nullopt;
    if (!text)
      throw Error(ErrorKind::bad_input, fmt::format("inputs/{} is missing", name), kMakeAgain);
    const Array value = parse_csv(*text, "inputs/" + name);
    read.set(one.name, m.columns ? transposed(value) : value);
  }
  Values given = as_drawn(*m.sheet, read);
  if (fingerprint(given) != m.numbers) {
    throw Error(ErrorKind::bad_input,
                "the numbers in inputs/ are not those that the sheet was made with", kMakeAgain);
  }
  return given;
}

}  // namespace attn::app::homework
