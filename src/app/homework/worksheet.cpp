#include "app/homework/worksheet.h"

#include <fmt/format.h>

#include "attn/core/error.h"
#include "attn/core/joined.h"

namespace attn::app::homework {

const Tensor& Values::operator[](std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end())
    throw Error(ErrorKind::internal, fmt::format("homework: no value \"{}\"", name));
  read_.emplace(name);
  return found->second;
}

double Sheet::points() const {
  double sum = 0;
  for (const SheetStep& step : steps) sum += step.points;
  return sum;
}

const std::vector<Sheet>& sheets() {
  static const std::vector<Sheet> table = {softmax_sheet(),   head_sheet(),    heads_sheet(),
                                           encoder_sheet(),   decoder_sheet(), bert_sheet(),
                                           recurrent_sheet(), graph_sheet(),   lab_sheet()};
  return table;
}

const Sheet& find_sheet(const std::string& name) {
  std::vector<std::string> names;
  for (const Sheet& sheet : sheets()) {
    if (sheet.name == name) return sheet;
    names.push_back(sheet.name);
  }
  const std::string near = nearest(name, names);
  throw Error(ErrorKind::usage,
              fmt::format("no homework \"{}\"{}", escaped(name),
                          near.empty() ? "" : fmt::format("; did you mean {}?", near)),
              fmt::format("one of: {}", joined(names, ", ")));
}

bool is_lab(const Sheet& sheet) { return sheet.name == "lab"; }

Values key_of(const Sheet& sheet, const Values& given) {
  Values values = given;
  for (const SheetStep& step : sheet.steps) {
    if (step.right) values.set(step.name, step.right(values));
  }
  return values;
}

}  // namespace attn::app::homework
