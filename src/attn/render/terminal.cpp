#include "attn/render/terminal.h"

#include <fmt/format.h>

#include "attn/render/format.h"
#include "attn/render/image.h"
#include "attn/text/utf8.h"

namespace attn {

namespace {

constexpr std::size_t kWidestHead = 100;

void put_head(Page& page, const Trace& trace, const MatrixView& view) {
  const Step& step = view.step();
  const std::string_view times = page.options().unicode ? " × " : " x ";
  std::string right = view.shape_text(times);
  const std::string kind = kind_text(trace, step);
  if (!kind.empty()) {
    right += "   " + kind;
  } else if (step.milliseconds > 0) {
    right += "   " + time_text(step.milliseconds);
  }
  const std::string formula = safe_text(step.formula);
  Line head;
  head.add(safe_text(step.path), Ink::bold);
  const std::size_t right_width = display_width(right);
  const std::size_t whole = std::min(page.width(), kWidestHead);
  const std::size_t formula_width = formula.empty() ? 0 : 3 + display_width(formula);
  const bool formula_fits = head.width() + formula_width <= page.width();
  if (formula_fits && !formula.empty()) head.space(3).add(formula, Ink::accent);
  if (formula_fits && head.width() + 3 + right_width <= whole) {
    page.put(head.to_column(whole - right_width).add(right, Ink::dim));
    return;
  }
  page.put(head);
  if (!formula_fits) page.paragraph(formula, 2, Ink::accent);
  page.paragraph(right, 2, Ink::dim);
}

/// What the colours or shades mean: said once, where they were used.
std::string legend(const RenderOptions& options, const std::vector<const Step*>& steps) {
  bool signed_map = false, positive_map = false;
  for (const Step* step : steps) {
    const Scale scale = scale_of({step->values().data(), step->values().size()});
    if (step->is_ids() || scale.flat() || step->values().size() < 2) continue;
    (scale.negative ? signed_map : positive_map) = true;
  }
  std::string text;
  if (options.color) {
    if (positive_map) text += "Colours from 0 up: dark blue is 0, yellow is the largest number. ";
    if (signed_map) text += "Colours with signs: blue is below 0, white is 0, red is above 0. ";
    if (!text.empty()) text += "Every matrix has its own scale.";
  } else if (positive_map) {
    text = fmt::format(
        "The shade behind a number ({}) grows with it, from 0 to the largest number "
        "of its matrix.",
        options.unicode ? "░ ▒ ▓ █" : ". : * #");
  }
  return text;
}

}  // namespace

void put_step(Page& page, const Trace& trace, const Step& step, std::size_t most_rows) {
  const MatrixView view(trace, step, page.options().column_convention);
  page.blank();
  put_head(page, trace, view);
  if (!page.options().quiet && !step.about.empty()) page.paragraph(safe_text(step.about), 2);
  const Scale scale = scale_of({step.values().data(), step.values().size()});
  const bool asked = !page.options().show.empty();
  if (step.look == Look::picture) return put_images(page, {{"", image_of(step)}});
  const bool over_picture = looks_at_scene(trace, view);
  if (over_picture && most_rows != kAllRows) return put_scene(page, trace, view);
  const bool as_map = step.look == Look::map && !asked;
  if (!as_map || !put_map(page, view, scale)) put_matrix(page, view, most_rows);
  if (over_picture) put_scene(page, trace, view);
}

void put_check(Page& page, const Check& check) {
  const bool holds = check.holds();
  const std::string text = check_text(check);
  const std::string verdict = holds ? (page.options().unicode ? "✓ holds  " : "holds  ")
                                    : (page.options().unicode ? "✗ FAILS  " : "FAILS  ");
  const std::size_t indent = display_width(verdict);
  const std::vector<std::string> lines = wrap(text, page.width() - indent);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Line line;
    if (i == 0) line.add(verdict, holds ? Ink::good : Ink::bad);
    page.put(line.to_column(indent).add(lines[i]));
  }
}

std::string terminal(const Trace& trace, const RenderOptions& options) {
  Page page(options);
  if (!options.quiet && !trace.title.empty()) {
    for (const std::string& line : wrap(safe_text(trace.title), page.width())) {
      page.put(Line().add(line, Ink::bold));
    }
  }
  std::vector<const Step*> steps;
  bool convention_said = options.quiet || !options.column_convention;
  bool after_check = false;
  for (const Item* item : shown_items(trace, options)) {
    const auto* check = std::get_if<Check>(item);
    if (const auto* step = std::get_if<Step>(item)) {
      if (!convention_said && step->shape().size() >= 2) {
        page.blank();
        page.paragraph(kColumnConvention, 0);
        convention_said = true;
      }
      put_step(page, trace, *step);
      steps.push_back(step);
    } else if (const auto* table = std::get_if<Table>(item)) {
      page.blank();
      put_table(page, *table);
    } else if (const auto* remark = std::get_if<Remark>(item)) {
      page.blank();
      page.paragraph(safe_text(remark->text), 0);
    } else if (const auto* verbatim = std::get_if<Verbatim>(item)) {
      page.blank();
      page.verbatim(safe_text(verbatim->text));
    } else if (check) {
      if (!after_check) page.blank();
      put_check(page, *check);
    }
    after_check = check != nullptr;
  }
  if (!options.quiet && !steps.empty()) {
    const std::string meaning = legend(options, steps);
    if (!meaning.empty()) {
      page.blank();
      page.paragraph(meaning, 0, Ink::dim);
    }
    put_costs(page, trace, steps);
  }
  return page.take();
}

}  // namespace attn
