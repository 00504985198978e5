#include "attn/render/html_scene.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "attn/render/heatmap.h"
#include "attn/render/html_parts.h"
#include "attn/render/image.h"
#include "attn/render/json_writer.h"

namespace attn {

namespace {

constexpr std::size_t kMostSceneHeads = 16, kMostSceneNumbers = 400'000;
constexpr double kDark = 0.92;  // how much of the light a weight of 0 takes

/// Weights as thousandths of the largest one of their row: what is drawn, in few letters.
std::vector<double> brightness(const MatrixView& view, std::size_t first, std::size_t last,
                               std::size_t at) {
  std::vector<double> out(view.columns());
  double largest = 0;
  for (std::size_t j = 0; j < out.size(); ++j) {
    for (std::size_t head = first; head < last; ++head) out[j] += view.at(head, at, j);
    largest = std::max(largest, out[j]);
  }
  for (double& v : out) v = largest > 0 && v > 0 ? std::round(1000 * v / largest) / 1000 : 0;
  return out;
}

void put_numbers(JsonWriter& data, const std::vector<MatrixView>& views) {
  data.begin_array();
  for (const MatrixView& view : views) {
    data.new_line();
    data.begin_object();
    data.key("name");
    data.text(safe_text(view.step().path));
    data.key("heads");
    data.begin_array();
    const std::size_t heads = view.blocks();
    const auto put_head = [&](const std::string& name, std::size_t first, std::size_t last) {
      data.begin_object();
      data.key("name");
      data.text(name);
      data.key("light");
      data.begin_array();
      for (std::size_t i = 0; i < view.rows(); ++i) {
        data.begin_array();
        for (const double v : brightness(view, first, last, i)) data.number(v);
        data.end_array();
      }
      data.end_array();
      data.key("weights");
      data.begin_array();
      for (std::size_t i = 0; i < view.rows(); ++i) {
        double largest = 0;
        for (std::size_t j = 0; j < view.columns(); ++j) {
          double sum = 0;
          for (std::size_t head = first; head < last; ++head) sum += view.at(head, i, j);
          largest = std::max(largest, sum / double(last - first));
        }
        data.number(std::round(largest * 1e4) / 1e4);
      }
      data.end_array();
      data.end_object();
    };
    put_head(heads > 1 ? "all heads (mean)" : "one head", 0, heads);
    for (std::size_t head = 0; heads > 1 && head < std::min(heads, kMostSceneHeads); ++head)
      put_head(view.block_title(head), head, head + 1);
    data.end_array();
    data.end_object();
  }
  data.end_array();
}

}  // namespace

std::string html_scene(const Trace& trace, const RenderOptions& options) {
  if (!trace.scene) return {};
  const Scene& scene = *trace.scene;
  const std::size_t n = scene.rows() * scene.columns();
  std::vector<MatrixView> views;
  std::size_t numbers = 0, left_out = 0;
  for (const Step* step : trace.steps()) {
    if (!options.show.empty() && !matches(options.show, step->path)) continue;
    const MatrixView view(trace, *step);
    if (!looks_at_scene(trace, view)) continue;
    const std::size_t more = (std::min(view.blocks(), kMostSceneHeads) + 1) * n * n;
    if (n > kMostScenePatches || numbers + more > kMostSceneNumbers) {
      ++left_out;
      continue;
    }
    numbers += more;
    views.push_back(view);
  }
  if (views.empty() && left_out == 0) return {};
  std::string out = "<div class=\"scene\">\n<h2>Who a patch looks at</h2>\n";
  const auto to = std::back_inserter(out);
  if (!views.empty()) {
    if (!options.quiet) {
      out +=
          "<p class=\"about\">Point at a patch of the picture: it is the query, with the red "
          "edge. The brighter another patch, the larger its weight. With the keyboard: Tab to "
          "the picture, then the arrow keys.</p>\n";
    }
    out +=
        "<div class=\"choose\" hidden><label>Matrix <select></select></label><label>Head "
        "<select></select></label></div>\n";
    const Image image = image_of(*trace.find("pixels"));
    fmt::format_to(to,
                   "<svg viewBox=\"0 0 {} {}\" data-side=\"{}\" data-at=\"{}\" tabindex=\"0\" "
                   "role=\"img\" aria-label=\"the picture with the weights of one patch\"><image "
                   "width=\"{}\" height=\"{}\" href=\"{}\"/>",
                   image.width, image.height, scene.side, scene.at, image.width, image.height,
                   data_uri(image));
    const std::vector<double> light =
        brightness(views.front(), 0, views.front().blocks(), scene.at);
    const auto put_square = [&](std::size_t patch, const std::string& how) {
      fmt::format_to(to, "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}/>",
                     patch % scene.columns() * scene.side, patch / scene.columns() * scene.side,
                     scene.side, scene.side, how);
    };
    for (std::size_t j = 0; j < n; ++j)
      put_square(j, fmt::format("fill-opacity=\"{:.3f}\"", kDark * (1 - light[j])));
    put_square(scene.at, "class=\"at\"");
    fmt::format_to(to, "</svg>\n<p class=\"said\" role=\"status\">Drawn: {}, patch {}.</p>\n",
                   markup(views.front().step().path), markup(trace.tokens[scene.at]));
    JsonWriter data;
    put_numbers(data, views);
    out += html_data(data.take());
  }
  if (left_out > 0) {
    fmt::format_to(to,
                   "<p class=\"note\">Not drawn: {}. A page draws at most {} patches and {} "
                   "weights.</p>\n",
                   left_out == 1 ? "a matrix" : fmt::format("{} matrices", left_out),
                   kMostScenePatches, kMostSceneNumbers);
  }
  return out + "</div>\n";
}

}  // namespace attn
