// Attention over a picture: per channel, place, frame, branch, or pair of places.
#include "attn/nn/feature_map.h"
#include "app/frame/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/stages/picture_drawing.h"
#include "attn/core/error.h"
#include "attn/ops/ops.h"

namespace attn::app {

namespace {

constexpr std::size_t kFrames = 4, kColours = 3, kSide = 8;

struct FeatureMapOptions {
  std::string attend = "channel";
  std::int64_t reduction = 2;
  double gamma = 1;
};

/// One kind of attention, and what its weights belong to.
struct Kind {
  const char* name;
  const char* one_per;  ///< "one weight per channel"
  const char* alike;    ///< which numbers share it
};
constexpr Kind kKinds[] = {
    {"channel", "channel", "the same at every place"},
    {"spatial", "place", "the same for every channel"},
    {"temporal", "frame", "the same for every place and channel of the frame"},
    {"branch", "branch and channel", "the same at every place"},
    {"self", "pair of places", "the same for every channel"},
};

void bind(Cli& cli, FeatureMapOptions& o) {
  cli.choice("--attend", o.attend,
             {"channel", "spatial", "temporal", "branch", "self", "channel+spatial",
              "spatial+channel", "spatial+temporal"},
             "which numbers share a weight");
  cli.integer("--reduction", o.reduction, 1, 1'000'000,
              "r: the small net in the middle has c/r channels");
  cli.number("--gamma", o.gamma, -1e6, 1e6, "self: how much of what was found is added");
}

/// The kinds in the order in which they are applied.
std::vector<std::string> kinds_of(const std::string& attend) {
  const std::size_t plus = attend.find('+');
  if (plus == std::string::npos) return {attend};
  return {attend.substr(0, plus), attend.substr(plus + 1)};
}

bool has(const std::vector<std::string>& kinds, const char* kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

void check_options(const Stage& s, const FeatureMapOptions& o) {
  const std::vector<std::string> kinds = kinds_of(o.attend);
  if (s.has_text()) {
    throw Error(ErrorKind::usage, "feature-map reads a picture, not a text",
                "give a picture with --input, or nothing for an example");
  }
  const Source& from = s.source();
  if (!is_text(from) && !from.tokens.empty() && !from.is_picture) {
    throw Error(ErrorKind::usage, "feature-map reads a picture, not " + from.name,
                "give --input a picture, or nothing for an example");
  }
  for (const char* option : {"--patch", "--at"}) {
    if (s.common.is_given(option))
      throw Error(ErrorKind::usage, fmt::format("{} with a feature map", option),
                  "it has a vector at every pixel: leave it out");
  }
  if (s.common.position != "none") {
    throw Error(ErrorKind::usage, "--position with a feature map",
                "its places are rows and columns; none of these kinds adds positions");
  }
  const bool reduces = has(kinds, "channel") || has(kinds, "branch") || has(kinds, "self");
  if (s.common.is_given("--reduction") && !reduces) {
    throw Error(ErrorKind::usage, fmt::format("--reduction with --attend {}", o.attend),
                "only channel, branch and self have a small net that it makes smaller");
  }
  if (s.common.is_given("--gamma") && !has(kinds, "self")) {
    throw Error(ErrorKind::usage, fmt::format("--gamma with --attend {}", o.attend),
                "only self adds what it found to x");
  }
  if (s.common.is_given("--reduction") && o.reduction > s.common.dim) {
    throw Error(ErrorKind::usage,
                fmt::format("--reduction {} leaves none of {} channels", o.reduction, s.common.dim),
                fmt::format("choose 1 to {}, or a larger --dim", s.common.dim));
  }
}

/// A yellow disk and a blue dot on dark noise, by rule.
Array example_picture() {
  Array out = empty({kSide, kSide, kColours});
  for (std::size_t i = 0; i < kSide; ++i) {
    for (std::size_t j = 0; j < kSide; ++j) {
      const double down = double(i) - 3, right = double(j) - 4;
      const bool disk = down * down + right * right <= 5, dot = i == 6 && j == 1;
      for (std::size_t c = 0; c < kColours; ++c) {
        const double noise = double((5 * i + 3 * j + 7 * c) % 11) / 100;
        const double bright = disk ? (c < 2 ? 0.8 : 0.0) : dot && c == 2 ? 0.8 : 0.0;
        out.data()[(i * kSide + j) * kColours + c] = static_cast<real>(noise + bright);
      }
    }
  }
  return out;
}

/// The picture drifts to the right, a pixel per frame; dark comes in at the left.
Array drifting(const Array& picture) {
  const std::size_t h = picture.shape()[0], w = picture.shape()[1], c = picture.shape()[2];
  Array out = zeros({kFrames, h, w, c});
  for (std::size_t t = 0; t < kFrames; ++t) {
    for (std::size_t i = 0; i < h && t < w; ++i) {
      std::copy_n(picture.data() + i * w * c, (w - t) * c, out.data() + ((t * h + i) * w + t) * c);
    }
  }
  return out;
}

/// (h,w,c): the example, or what --input names. A matrix is a picture in grey.
Tensor pixels(Stage& s) {
  if (s.common.input.empty()) {
    const Tensor picture = Tensor::input(example_picture());
    note(s.run, "pixels", "a disk and a dot, made by rule", {"row", "column", "colour"}, picture);
    return picture;
  }
  const Tensor grey = s.x();  // of a picture file it notes the pixels
  if (const Step* given = s.trace.find("pixels")) {
    s.explain("pixels", "The colours of every place, from 0 to 1.");
    return given->data;
  }
  note(s.run, "pixels", "the given picture, in grey", {"row", "column"}, grey);
  const Shape shape = grey.shape();
  return reshape(s.run, grey, {shape[0], shape[1], 1});
}

struct Sizes {
  std::size_t frames, height, width, channels, hidden;
  double places() const { return double(height) * double(width); }
};

struct Cost {
  double weights, parameters, operations;
};

/// What a kind makes and does, as its operations count themselves.
Cost cost_of(const std::string& kind, const Sizes& z) {
  const double p = z.places(), c = double(z.channels), k = double(z.hidden), t = double(z.frames);
  if (kind == "channel") return {c, 2 * c * k, 2 * p * c + 4 * c * k + k + 4 * c};
  if (kind == "spatial") return {t * p, 98, t * (3 * p * c + 196 * p + 4 * p)};
  if (kind == "temporal") return {t, c, t * (2 * p * c + 2 * c + 4)};
  if (kind == "branch") {
    const double both = 9 * c * c + 25 * c * c;
    return {2 * c, both + c * k + 2 * k * c,
            2 * p * both + 2 * p * c + 2 * p * c + 2 * c * k + k + 4 * c * k + 8 * c + 3 * p * c};
  }
  return {p * p, 2 * c * k + c * c + 1,
          2 * p * c * (2 * k + c) + 2 * p * p * k + 4 * p * p + 2 * p * p * c + 2 * p * c};
}

const Kind& words_of(const std::string& kind) {
  return *std::find_if(std::begin(kKinds), std::end(kKinds),
                       [&](const Kind& row) { return kind == row.name; });
}

void require_room(const Stage& s, const std::vector<std::string>& kinds, const Sizes& z) {
  const double p = z.places(), c = double(z.channels);
  double numbers = double(z.frames) * p * (9.0 * kColours + 8 * c);
  if (has(kinds, "spatial")) numbers += double(z.frames) * p * 100;
  if (has(kinds, "branch")) numbers += p * 36 * c;
  if (has(kinds, "self")) numbers += 2 * p * p;
  s.require_memory(sizeof(real) * numbers,
                   fmt::format("attention over {} x {} places", z.height, z.width));
}

/// The parameters of one kind, and the kind as a function of a map.
std::function<Tensor(const Run&, const Tensor&)> kind_of(Stage& s, const std::string& kind,
                                                         const Sizes& z, double gamma) {
  Parameters& from = s.parameters;
  if (kind == "channel") {
    return [p = channel_parameters(from, z.channels, z.hidden)](const Run& run, const Tensor& x) {
      return channel_attention(run, x, p);
    };
  }
  if (kind == "spatial") {
    return [p = spatial_parameters(from)](const Run& run, const Tensor& x) {
      return spatial_attention(run, x, p);
    };
  }
  if (kind == "temporal") {
    return [p = temporal_parameters(from, z.channels)](const Run& run, const Tensor& x) {
      return temporal_attention(run, x, p);
    };
  }
  if (kind == "branch") {
    return [p = branch_parameters(from, z.channels, z.hidden)](const Run& run, const Tensor& x) {
      return branch_attention(run, x, p);
    };
  }
  return [p = map_self_parameters(from, z.channels, z.hidden, gamma)](
             const Run& run, const Tensor& x) { return map_self_attention(run, x, p); };
}

/// "channel 3" or "row 2, column 5": where a number of the step stands.
std::string place_of(const Trace& trace, const Step& step, std::size_t flat) {
  const std::vector<std::size_t> at = coordinates(flat, step.shape());
  std::string out;
  for (std::size_t axis = 0; axis < at.size(); ++axis) {
    const auto labels = trace.labels.find(step.axes[axis]);
    const bool named = labels != trace.labels.end() && at[axis] < labels->second.size();
    out += axis == 0 ? "" : ", ";
    out += named ? labels->second[at[axis]] : fmt::format("{} {}", step.axes[axis], at[axis]);
  }
  return out;
}

/// The result in words, to stand before all numbers.
std::string result_of(const Stage& s, const std::string& kind) {
  const Step& step = *s.trace.find(kind + ".weights");
  const Array& weights = step.values();
  const Kind& words = words_of(kind);
  if (kind == "self") {
    const Step& map = *s.trace.find("self.map");
    const auto most = std::max_element(map.values().begin(), map.values().end());
    return fmt::format(
        "Self-attention: one weight per {}, {} x {}, {}. The brightest place takes most from {}: "
        "{:.3f} of 1.",
        words.one_per, rows(weights), columns(weights), words.alike,
        place_of(s.trace, map, std::size_t(most - map.values().begin())), *most);
  }
  const auto [least, most] = std::minmax_element(weights.begin(), weights.end());
  std::string name = kind;
  name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return fmt::format(
      "{} attention: one weight per {}, {} in all, {}. Largest {:.3f} ({}), "
      "smallest {:.3f} ({}).",
      name, words.one_per, weights.size(), words.alike, *most,
      place_of(s.trace, step, std::size_t(most - weights.begin())), *least,
      place_of(s.trace, step, std::size_t(least - weights.begin())));
}

/// x with each number times the weight that its kind gives it, one by one.
Array weighed_by_hand(const std::string& kind, const Array& x, const Array& weights) {
  const std::size_t c = columns(x), frame = x.size() / std::max<std::size_t>(weights.size(), 1);
  Array out = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    out.data()[i] *= weights.data()[kind == "channel"   ? i % c
                                    : kind == "spatial" ? i / c
                                                        : i / frame];
  return out;
}

/// What holds of one kind that was applied to x.
void check_kind(Stage& s, const std::string& kind, const Tensor& x) {
  const Array& weights = s.trace.find(kind + ".weights")->values();
  if (kind == "channel" || kind == "spatial" || kind == "temporal") {
    s.same(fmt::format("{}.output = each number times the weight of its {}", kind,
                       words_of(kind).one_per),
           weighed_by_hand(kind, x.value(), weights), s.trace.find(kind + ".output")->values());
  }
  if (kind == "channel" || kind == "spatial") return;
  // The others share out: frames, the two branches of a channel, or the places that one looks at.
  const Array shares = kind == "branch"     ? transposed(weights)
                       : kind == "temporal" ? reshaped(weights, {1, weights.size()})
                                            : weights;
  double worst = 0;
  for (std::size_t i = 0; i < rows(shares); ++i) {
    double sum = -1;
    for (const real w : row(shares, i)) sum += w;
    if (!(std::abs(sum) <= worst)) worst = std::abs(sum);
  }
  s.trace.check(kind == "temporal" ? "the weights of all frames sum to 1"
                : kind == "branch" ? "the weights of a channel's two branches sum to 1"
                                   : "the weights of every place sum to 1",
                worst, 1e-5);
}

/// The place whose pixels are brightest.
std::size_t brightest(const Array& picture) {
  const Array bright = row_mean(Run{}, Tensor(picture)).value();
  return std::size_t(std::max_element(bright.begin(), bright.end()) - bright.begin());
}

/// What one place looks at, as a picture; and that gamma 0 changes nothing.
void show_self(Stage& s, const Tensor& x, const Sizes& z, const Array& picture) {
  const Step& step = *s.trace.find("self.weights");
  const std::size_t place = brightest(picture);
  const std::string where = fmt::format("row {}, column {}", place / z.width, place % z.width);
  const Tensor map =
      reshape(s.run, slice_rows(s.run, step.data, place, place + 1), {z.height, z.width});  // (h,w)
  note(s.run, "self.map", "the row of A of the brightest place", {"row", "column"}, map);
  s.explain("self.map", fmt::format("How much the place in {} takes from every place.", where));
  const double gamma = s.trace.find("self.gamma")->values().data()[0];
  MapSelfAttention off{s.trace.find("self.w_f")->data, s.trace.find("self.w_g")->data,
                       s.trace.find("self.w_h")->data, Tensor(full({}, 0))};
  const Array untrained = map_self_attention(Run{}, x, off).value();
  s.trace.check("with gamma 0, as before training, the output is x itself",
                largest_difference(untrained, x.value()), 0);
  s.trace.say(fmt::format(
      "gamma {:g} here. A training starts at 0, where the block is not there; it lets attention "
      "in little by little. Scores are not divided by sqrt(c/r): SAGAN does not.",
      gamma));
}

/// The two orders, side by side.
void compare_orders(Stage& s, const std::string& attend, const Tensor& here, const Tensor& other) {
  const std::string turned = attend == "channel+spatial" ? "spatial+channel" : "channel+spatial";
  const auto mean = [](const Array& a) {
    double sum = 0;
    for (const real value : a) sum += std::abs(double{value});
    return sum / double(a.size());
  };
  Table table{"orders",
              "The same parameters in both orders: the second kind reads what the first has left.",
              {"order", "mean |output|", "largest difference"},
              {}};
  table.rows.push_back({attend, mean(here.value()), std::string("-")});
  table.rows.push_back(
      {turned, mean(other.value()), double{largest_difference(here.value(), other.value())}});
  s.trace.add(std::move(table));
}

void compare_kinds(Stage& s, const Sizes& z) {
  Table table{"kinds",
              fmt::format("The kinds over {} x {} places with c = {} channels, c/r = {}; temporal: "
                          "{} frames.",
                          z.height, z.width, z.channels, z.hidden, kFrames),
              {"kind", "one weight per", "weights", "parameters", "operations"},
              {}};
  for (const Kind& kind : kKinds) {
    Sizes own = z;
    own.frames = std::string_view(kind.name) == "temporal" ? kFrames : 1;
    const Cost cost = cost_of(kind.name, own);
    table.rows.push_back({std::string(kind.name), std::string(kind.one_per), cost.weights,
                          cost.parameters, cost.operations});
  }
  s.trace.add(std::move(table));
}

/// The table's arithmetic against what the trace of these kinds counted.
void check_cost(Stage& s, const std::vector<std::string>& kinds, const Sizes& z) {
  Cost expected{0, 0, 0}, counted{0, 0, 0};
  for (const std::string& kind : kinds) {
    const Cost cost = cost_of(kind, z);
    expected.parameters += cost.parameters;
    expected.operations += cost.operations;
  }
  for (const Step* step : s.trace.steps()) {
    const std::string& path = step->path;
    if (!has(kinds, path.substr(0, path.find('.')).c_str())) continue;
    if (step->kind() == Tensor::Kind::parameter)
      counted.parameters += double(step->values().size());
    counted.operations += step->flops;
  }
  s.trace.check(fmt::format("counted while computing: {:.0f} parameters, {:.0f} operations",
                            counted.parameters, counted.operations),
                std::abs(counted.parameters - expected.parameters) +
                    std::abs(counted.operations - expected.operations),
                0);
}

void hide_maps(Stage& s) {
  for (Item& item : s.trace.items) {
    if (auto* step = std::get_if<Step>(&item)) {
      const bool long_list = step->path.starts_with("self.") && step->shape().size() == 2 &&
                             step->kind() == Tensor::Kind::value && step->path != "self.map";
      if (step->shape().size() > 2 || long_list || step->path == "features.b")
        step->look = Look::hidden;
    }
  }
}

/// What was read and what came out, as pictures: the mean of all colours or channels.
std::string pictures(const Tensor& pixels, const Tensor& x, const Tensor& output, bool video) {
  const auto bright = [](const Tensor& map) { return row_mean(Run{}, map).value(); };  // (...,h,w)
  const std::vector<std::string> frames = {"frame 0", "frame 1", "frame 2", "frame 3"};
  if (video) {
    return "What is read: the picture drifts to the right.\n" +
           drawing(frames_of(bright(pixels)), frames) +
           "\nThe output, as the mean of all channels:\n" +
           drawing(frames_of(bright(output)), frames);
  }
  return "The picture; x made of it and the output, each the mean of all channels:\n" +
         drawing({bright(pixels)}, {"pixels"}) + "\n" +
         drawing({bright(x), bright(output)}, {"x", "output"});
}

void feature_map(Stage& s, const FeatureMapOptions& o) {
  check_options(s, o);
  const std::vector<std::string> kinds = kinds_of(o.attend);
  const bool video = has(kinds, "temporal");
  s.trace.title = "Attention over a picture: which numbers share a weight";
  const Tensor picture = pixels(s);  // (h,w,colours)
  const std::size_t colours = picture.shape()[2], c = s.d();
  const Sizes z{video ? kFrames : 1, picture.shape()[0], picture.shape()[1], c,
                std::max<std::size_t>(c / static_cast<std::size_t>(o.reduction), 1)};
  require_room(s, kinds, z);
  Tensor read = picture;
  if (video) {
    read = Tensor::input(drifting(picture.value()));  // (t,h,w,colours)
    note(s.run, "frames", "the picture, a pixel further to the right in every frame",
         {"frame", "row", "column", "colour"}, read);
  }
  const Tensor w = s.parameters.get("features.w", {3, 3, colours, c},
                                    1 / std::sqrt(9.0 * double(colours))),
               b = s.parameters.get("features.b", {c}, 0.1);
  std::vector<std::function<Tensor(const Run&, const Tensor&)>> parts;
  for (const std::string& kind : kinds) parts.push_back(kind_of(s, kind, z, o.gamma));
  s.trace.restart_clock();
  note(s.run, "features.w", "W: 3 x 3 taps", {"row", "column", "colour", "channel"}, w);
  note(s.run, "features.b", "b", {"channel"}, b);
  const Tensor x = relu(s.run, convolution_2d(s.run, read, w, b));  // (...,h,w,c)
  if (video) {
    note(s.run, "x", "max(convolution(frames, W) + b, 0)", {"frame", "row", "column", "channel"},
         x);
  } else {
    note(s.run, "x", "max(convolution(pixels, W) + b, 0)", {"row", "column", "channel"}, x);
  }
  s.trace.labels["branch"] = {"3 x 3", "5 x 5"};
  s.trace.labels["of"] = {"mean", "largest"};
  std::vector<Tensor> maps{x};
  for (const auto& part : parts) maps.push_back(part(s.run, maps.back()));
  const Tensor& output = maps.back();
  const std::string steps = "what goes on to the next layer";
  if (video) {
    note(s.run, "output", steps, {"frame", "row", "column", "channel"}, output);
  } else {
    note(s.run, "output", steps, {"row", "column", "channel"}, output);
  }
  if (has(kinds, "self")) show_self(s, x, z, picture.value());
  s.trace.result = has(kinds, "self") ? "self.map" : kinds.back() + ".weights";
  for (std::size_t i = 0; i < kinds.size(); ++i) check_kind(s, kinds[i], maps[i]);
  if (has(kinds, "channel") && has(kinds, "spatial"))
    compare_orders(s, o.attend, output, parts[0](Run{}, parts[1](Run{}, x)));
  compare_kinds(s, z);
  check_cost(s, kinds, z);
  hide_maps(s);
  s.trace.say(
      "Maps with three axes are not printed: --show 'x,output' prints them, --json has all. The "
      "parameters are random: which weight is largest is chance, which numbers share it is not.");
  std::vector<Item> first;
  for (const std::string& kind : kinds) first.push_back(Remark{result_of(s, kind)});
  first.push_back(Verbatim{pictures(read, x, output, video)});
  s.trace.items.insert(s.trace.items.begin(), first.begin(), first.end());
}

}  // namespace

Command feature_map_command() {
  return {.name = "feature-map",
          .kind = CommandKind::stage,
          .summary = "attention over a picture: channels, places, frames, branches",
          .example = "feature-map --attend spatial",
          .setup = with_options<FeatureMapOptions>(bind, feature_map)};
}

}  // namespace attn::app
