// Pictures, sounds and molecules through every stage that takes a text.
#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <nlohmann/json.hpp>
#include <numbers>

#include "app/frame/execute.h"
#include "attn/render/view.h"
#include "program/process.h"

using namespace attn::test;
using nlohmann::json;

namespace {

const std::vector<Words> kInputs = {{"--input", "cat.png", "--patch", "4"},
                                    {"--input", "word.wav", "--hop-ms", "50"},
                                    {"--input", "ethanol.mol"}};

json steps_of(const Words& arguments) {
  json steps;
  const json document = trace_of(arguments);
  for (const json& step : document["steps"]) steps[step["path"].get<std::string>()] = step;
  steps["tokens"] = document["tokens"];
  return steps;
}

/// A step's numbers, whatever its rank, in memory order.
std::vector<double> numbers(const json& values) {
  if (!values.is_array()) return {values.get<double>()};
  std::vector<double> out;
  for (const json& value : values) {
    for (const double v : numbers(value)) out.push_back(v);
  }
  return out;
}
std::vector<double> numbers_of(const json& steps, const std::string& path) {
  REQUIRE_MESSAGE(steps.contains(path), path);
  return numbers(steps[path]["values"]);
}

}  // namespace

TEST_CASE("sources: each stage of words takes a picture, a sound and a molecule, in 80 columns") {
  for (const Words& stage :
       {Words{"tokens"}, Words{"embed"}, Words{"position"}, Words{"position", "--kind", "rotary"},
        Words{"rnn"}, Words{"rnn", "--cell", "lstm"}, Words{"cnn"}, Words{"qkv"}, Words{"score"},
        Words{"mask"}, Words{"attend"}, Words{"attend", "--position", "sinusoidal"}, Words{"heads"},
        Words{"backward"}, Words{"norm"}, Words{"ffn"}, Words{"encoder"}}) {
    for (const Words& input : kInputs) {
      const Words line = with(stage, input);
      const json steps = steps_of(line);
      CHECK(steps.contains("x"));
      const Result plain = run(with(line, {"--plain"}));
      INFO(plain.describe());
      CHECK(plain.exit_code == 0);
      for (const std::string& text : lines(plain.out)) CHECK(text.size() <= 80);
    }
  }
}

TEST_CASE("sources: an axis with names has a name for each of its places, and no other") {
  for (const Words& stage :
       {Words{"attend"}, Words{"heads"}, Words{"encoder"}, Words{"encoder", "--block", "conformer"},
        Words{"cnn"}, Words{"rnn"}, Words{"mask"}, Words{"graph"}, Words{"feature-map"},
        Words{"feature-map", "--attend", "branch"}, Words{"feature-map", "--attend", "temporal"}}) {
    for (const Words& input : kInputs) {
      if (stage[0] == "feature-map" && input[1] != "cat.png") continue;
      const Words given = stage[0] == "feature-map" ? Words{"--input", "cat.png"} : input;
      const attn::Trace trace = attn::app::compute(with(stage, given));
      for (const attn::Step* step : trace.steps()) {
        for (std::size_t axis = 0; axis < step->shape().size(); ++axis) {
          const auto* names = attn::axis_labels(trace, *step, step->axes[axis]);
          INFO(stage[0] << " " << step->path << " axis " << step->axes[axis]);
          if (names) CHECK(names->size() == step->shape()[axis]);
        }
      }
    }
  }
  // Random parameters decide which channel is named: none may be beyond the list.
  for (const char* seed : {"2", "3", "4", "5"}) {
    const Result r = expect({"feature-map", "--input", "cat.png", "--seed", seed}, 0, "channel ");
    CHECK_FALSE(contains(r.out, "blue)"));
  }
}

TEST_CASE("sources: the patches of a picture are its pixels, row, column, channel") {
  const json steps = steps_of({"attend", "--input", "cat.png", "--patch", "4"});
  CHECK(steps["pixels"]["shape"] == json({16, 16, 3}));
  CHECK(steps["x"]["shape"] == json({16, 48}));
  CHECK(steps["tokens"][6] == "1,2");
  const std::vector<double> pixels = numbers_of(steps, "pixels"), x = numbers_of(steps, "x");
  for (std::size_t patch = 0; patch < 16; ++patch) {
    for (std::size_t i = 0; i < 48; ++i) {
      const std::size_t row = patch / 4 * 4 + i / 12, column = patch % 4 * 4 + i / 3 % 4;
      CHECK(x[patch * 48 + i] == pixels[(row * 16 + column) * 3 + i % 3]);
    }
  }
  const json grey = steps_of({"tokens", "--input", "cat.png", "--grey"});
  CHECK(grey["pixels"]["shape"] == json({16, 16, 1}));
  CHECK(grey["x"]["shape"] == json({256, 1}));
}

TEST_CASE("sources: frames are windows of the samples, and the spectrum is theirs") {
  const json steps = steps_of({"tokens", "--input", "word.wav", "--hop-ms", "250", "--bands", "7"});
  const std::vector<double> samples = numbers_of(steps, "samples"),
                            frames = numbers_of(steps, "frames"),
                            spectrum = numbers_of(steps, "spectrum");
  CHECK(samples.size() == 8000);
  CHECK(steps["frames"]["shape"] == json({4, 200}));
  CHECK(steps["tokens"] == json({"0 ms", "250 ms", "500 ms", "750 ms"}));
  for (std::size_t i = 0; i < frames.size(); ++i)
    CHECK(frames[i] == samples[i / 200 * 2000 + i % 200]);
  // The formula of docs/contract.md, without a fast transform.
  const auto mel = [](double hz) { return 2595 * std::log10(1 + hz / 700); };
  std::vector<double> corner;
  for (int i = 0; i < 9; ++i) corner.push_back(700 * (std::pow(10, mel(4000) * i / 8 / 2595) - 1));
  for (std::size_t frame = 0; frame < 4; ++frame) {
    double hann_sum = 0;
    std::vector<double> windowed;
    for (std::size_t t = 0; t < 200; ++t) {
      const double hann = (1 - std::cos(2 * std::numbers::pi * double(t) / 200)) / 2;
      hann_sum += hann;
      windowed.push_back(hann * frames[frame * 200 + t]);
    }
    for (std::size_t band = 0; band < 7; ++band) {
      double energy = 0;
      for (std::size_t f = 0; f <= 128; ++f) {
        const double hz = double(f) * 8000 / 256;
        const double weight =
            std::min((hz - corner[band]) / (corner[band + 1] - corner[band]),
                     (corner[band + 2] - hz) / (corner[band + 2] - corner[band + 1]));
        if (weight <= 0) continue;
        std::complex<double> sum = 0;
        for (std::size_t t = 0; t < 200; ++t)
          sum += windowed[t] * std::polar(1.0, -2 * std::numbers::pi * double(f * t) / 256);
        energy += weight * std::norm(sum) / (hann_sum * hann_sum);
      }
      CHECK(spectrum[frame * 7 + band] ==
            doctest::Approx(1 + std::log10(1e-8 + energy) / 4).epsilon(1e-5));
    }
  }
  CHECK(numbers_of(steps, "x") == spectrum);
}

TEST_CASE("sources: a molecule's bonds are its mask, and its atoms get no positions unasked") {
  const json steps = steps_of({"encoder", "--input", "water.mol", "--heads", "1"});
  CHECK(steps["tokens"] == json({"O1", "H1", "H2"}));
  CHECK(numbers_of(steps, "edges") == std::vector<double>{0, 1, 1, 1, 0, 0, 1, 0, 0});
  CHECK(numbers_of(steps, "x") == numbers_of(steps, "nodes"));
  const auto weights = numbers_of(steps, "layer.0.attention.weights");
  CHECK(weights[1 * 3 + 2] == 0);  // H1 and H2 are not bound
  CHECK(weights[2 * 3 + 1] == 0);
  CHECK(weights[0 * 3 + 1] > 0);
  const auto free =
      numbers_of(steps_of({"attend", "--input", "water.mol", "--mask", "none"}), "weights");
  CHECK(free[1 * 3 + 2] > 0);
  CHECK(steps_of({"attend", "--input", "water.mol", "--position", "sinusoidal"})
            .contains("position"));
}

TEST_CASE("sources: what the vectors stand for is a molecule's in any order of its atoms") {
  // Without positions, permuting the atoms permutes the output.
  const auto attended = [](const std::string& molfile) {
    return numbers_of(steps_of({"attend", "--input", molfile}), "output");
  };
  const Folder folder;
  const std::string head = "water\n\n\n  3  2  0  0  0  0  0  0  0  0999 V2000\n";
  const auto atom = [](const char* element) {
    return std::string("    0.0000    0.0000    0.0000 ") + element + "   0  0\n";
  };
  folder.write("a.mol", head + atom("O") + atom("H") + atom("H") + "  1  2  1\n  1  3  1\n");
  folder.write("b.mol", head + atom("H") + atom("O") + atom("H") + "  1  2  1\n  2  3  1\n");
  const std::vector<double> a = attended(folder / "a.mol"), b = attended(folder / "b.mol");
  for (std::size_t c = 0; c < 8; ++c) {
    CHECK(a[0 * 8 + c] == doctest::Approx(b[1 * 8 + c]).epsilon(1e-5));
    CHECK(a[1 * 8 + c] == doctest::Approx(b[0 * 8 + c]).epsilon(1e-5));
  }
}

TEST_CASE("sources: what does not fit is said, with what would") {
  const auto error = [](const Words& arguments, int code, const std::string& part) {
    CHECK(contains(expect(arguments, code, part).err, "hint:"));
  };
  error({"attend", "--input", "cat.png", "--patch", "3"}, 2, "possible: 1, 2, 4, 8, 16");
  error({"attend", "--patch", "4"}, 2, "--patch is for a picture");
  error({"attend", "--input", "word.wav", "--grey"}, 2, "--grey is for a picture");
  error({"attend", "--input", "cat.png", "--level", "char"}, 2, "--level is for a text");
  error({"attend", "--input", "cat.png", "the", "cat"}, 2, "a text and --input are both given");
  error({"attend", "--input", "cat.png", "--at", "16,0"}, 2, "0 to 15");
  error({"attend", "--input", "cat.png", "--at", "x"}, 2, "such as 2,3");
  error({"attend", "--input", "dog.png"}, 4, "dog.png");
  error({"attend", "--input", "cat.gif"}, 3, ".png");
  error({"attend", "--input", "word.wav", "--window-ms", "2000"}, 2, "less than one window");
  error({"attend", "--input", "word.wav", "--window-ms", "5"}, 2, "bands");
  error({"heads", "--input", "cat.png", "--heads", "2"}, 2, "--heads may be 1, 3");
  error({"feature-map", "--input", "cat.png", "--patch", "4"}, 2, "leave it out");
  error({"feature-map", "--input", "word.wav"}, 2, "reads a picture, not a sound");
  error({"transformer", "--input", "cat.png"}, 2, "reads a text");
  error({"encoder", "--input", "water.mol", "--no-position"}, 2, "no positions");
}

TEST_CASE("sources: a width that two heads do not divide gets one head unasked") {
  const json steps = steps_of({"heads", "--input", "cat.png"});
  CHECK(steps["weights"]["shape"] == json({1, 256, 256}));
  CHECK(steps_of({"encoder", "--input", "cat.png"})["layer.0.attention.weights"]["shape"] ==
        json({1, 256, 256}));
}

TEST_CASE("sources: why takes a patch by its name in quotes") {
  expect({"why", "weights[\"1,1\",\"0,0\"]", "attend", "--input", "cat.png", "--patch", "4"}, 0,
         "weights[5,0]");
  expect({"why", "spectrum[\"40 ms\",3]", "attend", "--input", "word.wav"}, 0, "spectrum[4,3]");
}

TEST_CASE("sources: in colour a picture is drawn in half blocks, without in shades") {
  const Result color = run({"attend", "--input", "cat.png", "--patch", "4", "--color", "always"});
  CHECK(contains(color.out, "▀"));
  CHECK(contains(color.out, "as patch 2,2 sees it"));
  const Result grey = run({"attend", "--input", "cat.png", "--patch", "4", "--at", "0,1"});
  CHECK(contains(grey.out, "▓"));
  CHECK(contains(grey.out, "as patch 0,1 sees it"));
  CHECK_FALSE(contains(grey.out, "\x1b"));
}

TEST_CASE("sources: pages and SVG show the picture, and who a patch looks at") {
  const Folder folder;
  const Result r = run({"heads", "--input", "cat.png", "--patch", "4", "--out", folder / "x.html",
                        "--out", folder / "x.svg"});
  INFO(r.describe());
  REQUIRE(r.exit_code == 0);
  const std::string page = Folder::read(folder / "x.html"), svg = Folder::read(folder / "x.svg");
  CHECK(contains(page, "Who a patch looks at"));
  CHECK(contains(page, "data:image/png;base64,"));
  CHECK_FALSE(contains(page, "Who looks at whom"));
  CHECK(contains(svg, "data:image/png;base64,"));
  CHECK(contains(svg, "as patch 2,2 sees it"));
}
