#include "attn/render/html_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "attn/render/heatmap.h"
#include "attn/render/image.h"
#include "attn/render/json_writer.h"
#include "attn/render/view.h"

namespace attn {

namespace {

constexpr std::size_t kMostHeads = 16;
constexpr std::size_t kMostNumbers = 200'000;  // of all steps together: a page of about 2 MB
constexpr double kThickest = 10;               // pixels of a line whose weight is 1

bool is_attention(const Trace& trace, const MatrixView& view) {
  const std::string& path = view.step().path;
  return (path == "weights" || path.ends_with(".weights")) && view.rank() >= 2 && !view.empty() &&
         view.rows_named() && view.columns_named() && !looks_at_scene(trace, view);
}

/// Enough to compare, and a quarter of the bytes of all digits.
double rounded(double weight) { return std::round(weight * 1e4) / 1e4; }

/// The mean over the heads of one weight.
double mean(const MatrixView& view, std::size_t i, std::size_t j) {
  double sum = 0;
  for (std::size_t head = 0; head < view.blocks(); ++head) sum += view.at(head, i, j);
  return rounded(sum / static_cast<double>(view.blocks()));
}

/// "layer.0.cross.weights" as "layer 0 cross".
std::string step_name(std::string_view path) {
  if (path.ends_with(".weights")) path.remove_suffix(std::string_view(".weights").size());
  std::string name = safe_text(path);
  std::replace(name.begin(), name.end(), '.', ' ');
  return name;
}

/// What the reader may choose from, and what is left out and why.
class Lines {
 public:
  Lines(const Trace& trace, const RenderOptions& options, const Sections& chapter_of)
      : options_(options), chapter_of_(chapter_of) {
    // Left is who looks in both conventions: the picture shows words, not rows and columns.
    for (const Step* step : trace.steps()) {
      const MatrixView view(trace, *step);
      const bool asked = options.show.empty() || matches(options.show, step->path);
      if (asked && is_attention(trace, view)) take(view);
    }
  }
  std::string write();

 private:
  void take(const MatrixView& view);
  void put_side(std::string_view title, std::string_view who, bool rows);
  void put_lines();
  void put_data();
  template <class Weight>
  void put_head(JsonWriter& data, const MatrixView& view, std::string_view name, Weight weight);
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  const RenderOptions& options_;
  const Sections& chapter_of_;
  std::vector<MatrixView> views_;
  std::size_t first_ = 0;  ///< the one that the page opens with
  std::size_t numbers_ = 0, too_long_ = 0, too_many_ = 0;
  std::string heads_left_out_;
  std::string out_;
};

void Lines::take(const MatrixView& view) {
  if (std::max(view.rows(), view.columns()) > kMostLineWords) {
    ++too_long_;
    return;
  }
  const Extract heads = extract(view.blocks(), kMostHeads);
  const std::size_t numbers = (heads.index.size() + 1) * view.rows() * view.columns();
  if (numbers_ + numbers > kMostNumbers) {
    ++too_many_;
    return;
  }
  numbers_ += numbers;
  // Where a decoder looks at a source says more than the matrices before it: of those the last.
  if (view.step().path.ends_with("cross.weights")) first_ = views_.size();
  if (!heads.whole()) heads_left_out_ = heads.left_out("head");
  views_.push_back(view);
}

void Lines::put_side(std::string_view title, std::string_view who, bool rows) {
  const MatrixView& view = views_[first_];
  add("<div><p class=\"who-axis\"><b>{}</b> {}</p><ol class=\"side\">", markup(title), who);
  for (std::size_t i = 0; i < (rows ? view.rows() : view.columns()); ++i) {
    add("<li><bdi>{}</bdi></li>", markup(rows ? view.row_label(i) : view.column_label(i)));
  }
  add("</ol></div>\n");
}

/// One unit of the drawing's height is one word, and its width is 1: the window's width and the
/// letters' size change nothing here.
void Lines::put_lines() {
  const MatrixView& view = views_[first_];
  const std::size_t tall = std::max(view.rows(), view.columns());
  add("<div class=\"lines\" style=\"--words:{}\">\n", tall);
  put_side(view.row_axis(), "looks", true);
  add("<svg viewBox=\"0 0 1 {}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"lines from "
      "each word to the words that it looks at\">",
      tall);
  for (std::size_t i = 0; i < view.rows(); ++i) {
    for (std::size_t j = 0; j < view.columns(); ++j) {
      const double weight = mean(view, i, j);
      if (!(weight > 0)) continue;  // nor where it is not a number
      add("<line x1=\"0\" y1=\"{}.5\" x2=\"1\" y2=\"{}.5\" stroke-width=\"{:.3f}\"/>", i, j,
          kThickest * std::min(weight, 1.0));
    }
  }
  add("</svg>\n");
  put_side(view.column_axis(), "is looked at", false);
  add("</div>\n");
}

template <class Weight>
void Lines::put_head(JsonWriter& data, const MatrixView& view, std::string_view name,
                     Weight weight) {
  data.begin_object();
  data.key("name");
  data.text(name);
  data.key("weights");
  data.begin_array();
  for (std::size_t i = 0; i < view.rows(); ++i) {
    data.begin_array();
    for (std::size_t j = 0; j < view.columns(); ++j) data.number(weight(i, j));
    data.end_array();
  }
  data.end_array();
  data.end_object();
}

void Lines::put_data() {
  JsonWriter data;
  data.begin_array();
  for (const MatrixView& view : views_) {
    const std::string& path = view.step().path;
    const auto words = [&](std::string_view key, bool rows) {
      data.key(key);
      data.begin_array();
      for (std::size_t i = 0; i < (rows ? view.rows() : view.columns()); ++i) {
        data.text(rows ? view.row_label(i) : view.column_label(i));
      }
      data.end_array();
    };
    data.new_line();
    data.begin_object();
    data.key("path");
    data.text(safe_text(path));
    data.key("section");  // 0: the page has no table of it
    const auto chapter = chapter_of_.find(path);
    data.unsigned_whole(chapter == chapter_of_.end() ? 0 : chapter->second);
    data.key("axes");
    data.begin_array();
    data.text(view.row_axis());
    data.text(view.column_axis());
    data.end_array();
    words("rows", true);
    words("columns", false);
    data.key("heads");
    data.begin_array();
    put_head(data, view, "all heads (mean)",
             [&](std::size_t i, std::size_t j) { return mean(view, i, j); });
    if (view.blocks() > 1) {
      for (const std::size_t head : extract(view.blocks(), kMostHeads).index) {
        put_head(data, view, view.block_title(head),
                 [&, head](std::size_t i, std::size_t j) { return rounded(view.at(head, i, j)); });
      }
    }
    data.end_array();
    data.end_object();
  }
  data.end_array();
  out_ += html_data(data.take());
}

std::string Lines::write() {
  if (views_.empty() && too_long_ == 0) return {};
  add("<div class=\"who\">\n<h2>Who looks at whom</h2>\n");
  if (!views_.empty()) {
    const MatrixView& first = views_[first_];
    if (!options_.quiet) {
      add("<p class=\"about\">The words on the left look at the words on the right. The thicker a "
          "line, the larger the attention weight; look for the thick ones.</p>\n");
    }
    add("<div class=\"choose\" hidden>");
    if (views_.size() > 1) {
      add("<label>Matrix <select>");
      for (std::size_t k = 0; k < views_.size(); ++k) {
        add("<option value=\"{}\"{}>{}</option>", k, k == first_ && k > 0 ? " selected" : "",
            markup(step_name(views_[k].step().path)));
      }
      add("</select></label>");
    }
    add("<div class=\"tabs heads\" role=\"group\" aria-label=\"Head\"></div></div>\n");
    put_lines();
    add("<p class=\"said\" role=\"status\">Drawn: {}{}.</p>\n",
        markup(step_name(first.step().path)),
        first.blocks() > 1 ? fmt::format(", the mean of its {} heads", first.blocks()) : "");
    add("<p class=\"note table-of\"></p>\n");
    put_data();
  }
  if (too_long_ > 0) {
    add("<p class=\"note\">Not drawn: {} with more than {} words on a side.</p>\n",
        too_long_ == 1 ? "a matrix" : fmt::format("{} matrices", too_long_), kMostLineWords);
  }
  if (too_many_ > 0) {
    add("<p class=\"note\">Not drawn: {} more matrices. A page holds {} weights; --show chooses "
        "which.</p>\n",
        too_many_, kMostNumbers);
  }
  if (!heads_left_out_.empty()) {
    add("<p class=\"note\">Not to be chosen: {}. They are part of the mean.</p>\n",
        heads_left_out_);
  }
  add("</div>\n");
  return std::move(out_);
}

}  // namespace

std::string html_lines(const Trace& trace, const RenderOptions& options,
                       const Sections& chapter_of) {
  return Lines(trace, options, chapter_of).write();
}

}  // namespace attn
