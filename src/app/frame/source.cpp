#include "app/frame/source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "app/frame/data.h"
#include "app/frame/stage.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/io/file.h"
#include "attn/io/matrix_file.h"
#include "attn/io/molecule.h"
#include "attn/io/picture.h"
#include "attn/io/sound.h"
#include "attn/nn/mask.h"
#include "attn/ops/ops.h"

namespace attn::app {

void bind_sources(Cli& cli, SourceOptions& o) {
  cli.integer("--patch", o.patch, 1, 4096, "of a picture: a token is a square of P x P pixels",
              "P");
  cli.flag("--grey", o.grey, "of a picture: without its colours");
  cli.text("--at", o.at, "ROW,COLUMN",
           "of a picture: the patch whose weights are drawn over it; else the middle one");
  cli.number("--window-ms", o.window_ms, 0.1, 10'000, "of a sound: milliseconds of a frame");
  cli.number("--hop-ms", o.hop_ms, 0.1, 10'000, "of a sound: from one frame to the next");
  cli.integer("--bands", o.bands, 1, 1024, "of a sound: numbers per frame, each a band of pitches",
              "B");
}

namespace {

constexpr std::size_t kMostVectors = 1 << 20;

/// Bytes of a file of the user's or, where there is none of this name, of a sample that attn
/// carries: cat.png, data/cat.png.
std::string file_or_sample(const std::string& path) {
  const std::string name = path.starts_with("data/") ? path.substr(5) : path;
  if (path != "-" && name.find('/') == std::string::npos && !file_exists(path)) {
    for (const DataFile& file : data_files()) {
      if (file.path == name) return std::string(file.bytes);
    }
  }
  return read_file(path);
}

/// The vectors' names, on every axis that they stand on.
void name_vectors(Stage& s, std::vector<std::string> names) {
  for (const char* axis : {"token", "query", "key"}) s.trace.labels[axis] = names;
  s.trace.tokens = std::move(names);
}

Tensor read_text(Stage& s) {
  const Tensor ids = s.ids();
  return embed(s.run, s.embedding(), ids);  // (n,d)
}

Tensor read_matrix_rows(Stage& s) { return read_rows(s.common.input, "X"); }

/// "2,3" as a place among rows x columns.
std::size_t patch_at(const std::string& text, std::size_t rows, std::size_t columns) {
  if (text.empty()) return rows / 2 * columns + columns / 2;
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) {
    throw Error(ErrorKind::usage, fmt::format("--at \"{}\"", escaped(text)),
                "write the row and the column of a patch, such as 2,3");
  }
  const auto number = [](const char* what, const std::string& word, std::size_t count) {
    return static_cast<std::size_t>(
        parse_integer(what, word, 0, static_cast<std::int64_t>(count) - 1));
  };
  return number("--at ROW,COLUMN: ROW", text.substr(0, comma), rows) * columns +
         number("--at ROW,COLUMN: COLUMN", text.substr(comma + 1), columns);
}

Tensor read_patches(Stage& s) {
  const SourceOptions& o = s.common.source;
  const std::string& path = s.common.input;
  const Tensor pixels = Tensor::input(parse_picture(file_or_sample(path), path, o.grey));
  const Shape shape = pixels.shape();
  const auto side = static_cast<std::size_t>(o.patch);
  const std::size_t height = shape[0], width = shape[1];
  if (height % side != 0 || width % side != 0) {
    std::vector<std::size_t> fitting;
    for (std::size_t p = 1; p <= std::gcd(height, width); ++p) {
      if (std::gcd(height, width) % p == 0) fitting.push_back(p);
    }
    throw Error(ErrorKind::usage,
                fmt::format("--patch {}: a picture of {} x {} pixels is not cut into such squares "
                            "without a rest",
                            side, height, width),
                fmt::format("possible: {}", fmt::join(fitting, ", ")));
  }
  const std::size_t rows = height / side, columns = width / side;
  if (rows * columns > kMostVectors) {
    throw Error(ErrorKind::limit,
                fmt::format("{} patches, the limit is {}", rows * columns, kMostVectors),
                "cut larger ones, as with --patch 16");
  }
  note(s.run, "pixels",
       shape[2] == 1 ? "the picture: 0 is black, 1 is white"
                     : "the picture: red, green and blue from 0 to 1",
       {"row", "column", "colour"}, pixels);
  s.trace.labels["colour"] = shape[2] == 1 ? std::vector<std::string>{"grey"}
                                           : std::vector<std::string>{"red", "green", "blue"};
  s.trace.find("pixels")->look = Look::picture;
  s.explain("pixels", side == 1 ? "Every pixel is a token." : "Every square of pixels is a token.");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rows * columns; ++i)
    names.push_back(fmt::format("{},{}", i / columns, i % columns));
  name_vectors(s, std::move(names));
  s.trace.scene = Scene{pixels, side, patch_at(o.at, rows, columns)};
  return patches(s.run, pixels, side);
}

Tensor read_frames(Stage& s) {
  const SourceOptions& o = s.common.source;
  const std::string& path = s.common.input;
  const Sound sound = parse_sound(file_or_sample(path), path);
  const auto in_samples = [&](double ms) {
    return static_cast<std::size_t>(std::lround(ms * sound.rate / 1000));
  };
  const std::size_t window = in_samples(o.window_ms), hop = in_samples(o.hop_ms),
                    count = sound.samples.size();
  if (window < 2 || hop < 1) {
    throw Error(ErrorKind::usage,
                fmt::format("--window-ms {:g} and --hop-ms {:g} are {} and {} samples at {:g} Hz",
                            o.window_ms, o.hop_ms, window, hop, sound.rate),
                "take a window of at least 2 samples and a hop of at least 1");
  }
  if (count < window) {
    throw Error(
        ErrorKind::usage,
        fmt::format("{}: {} samples, {:.1f} ms, are less than one window of {:g} ms",
                    escaped(path, 200), count, 1000 * double(count) / sound.rate, o.window_ms),
        "take a longer recording or a shorter --window-ms");
  }
  const std::size_t n = 1 + (count - window) / hop;
  if (n > kMostVectors)
    throw Error(ErrorKind::limit, fmt::format("{} frames, the limit is {}", n, kMostVectors),
                "take a larger --hop-ms");
  s.require_memory(sizeof(real) * double(n) * double(window),
                   fmt::format("{} frames of {} samples", n, window));
  const Tensor samples = Tensor::input(sound.samples);
  note(s.run, "samples", fmt::format("the sound: {:g} numbers a second", sound.rate), {"sample"},
       samples);
  const Tensor framed = frames(s.run, samples, window, hop);
  note(s.run, "frames", fmt::format("{:g} ms each, one every {:g} ms", o.window_ms, o.hop_ms),
       {"token", "sample"}, framed);
  s.trace.find("samples")->look = s.trace.find("frames")->look = Look::hidden;
  std::vector<std::string> names, bands;
  for (std::size_t i = 0; i < n; ++i)
    names.push_back(fmt::format("{:.0f} ms", 1000 * double(i * hop) / sound.rate));
  for (const double hertz : band_middles(sound.rate, static_cast<std::size_t>(o.bands)))
    bands.push_back(fmt::format("{:.0f} Hz", hertz));
  name_vectors(s, std::move(names));
  s.trace.labels["band"] = std::move(bands);
  const Tensor x = spectrum(s.run, framed, sound.rate, static_cast<std::size_t>(o.bands));
  note(s.run, "spectrum", "1 + log10(energy in each band of each frame) / 4", {"token", "band"}, x);
  s.trace.find("spectrum")->look = Look::picture;
  s.explain("samples", "The pressure of the air, many thousand times a second.");
  s.explain("frames", "Each row is a short piece of the sound. The pieces overlap.");
  s.explain(
      "spectrum",
      "One row of numbers per frame. As a picture: time goes to the right, low pitches are at "
      "the bottom; the brighter, the louder.");
  return reshape(s.run, x, x.shape());  // under a name of its own
}

/// The kinds of atoms that have a column of their own; all others share the last one.
const std::vector<std::string>& atom_kinds() {
  static const std::vector<std::string> kinds = {"H", "C", "N", "O", "F", "S", "Cl", "other"};
  return kinds;
}

Tensor read_atoms(Stage& s) {
  const std::string& path = s.common.input;
  const Molecule m = parse_molecule(file_or_sample(path), path);
  const std::vector<std::string>& kinds = atom_kinds();
  const std::size_t n = m.atoms.size();
  Array nodes = full({n, kinds.size()}, 0), edges = full({n, n}, 0);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < n; ++i) {
    const auto kind = static_cast<std::size_t>(
        std::find(kinds.begin(), kinds.end() - 1, m.atoms[i]) - kinds.begin());
    nodes(i, kind) = 1;
    const auto before =
        std::count(m.atoms.begin(), m.atoms.begin() + std::ptrdiff_t(i), m.atoms[i]);
    names.push_back(fmt::format("{}{}", m.atoms[i], before + 1));
  }
  Table bonds{"bonds", "Which atoms are bound: the edges of the graph.", {"bond", "kind"}, {}};
  for (std::size_t i = 0; i < m.bonds.size(); ++i) {
    const auto [a, b, order] = m.bonds[i];
    edges(a, b) = edges(b, a) = 1;
    const char* const sign[] = {"-", "-", "=", "#", ":"};
    const char* const word[] = {"", "single", "double", "triple", "aromatic"};
    const auto kind = static_cast<std::size_t>(order <= 4 ? order : 0);
    bonds.rows.push_back({fmt::format("{} {} {}", names[a], sign[kind], names[b]),
                          kind == 0 ? fmt::format("kind {}", order) : std::string(word[kind])});
  }
  name_vectors(s, std::move(names));
  s.trace.labels["kind"] = kinds;
  const Tensor x = Tensor::input(std::move(nodes));
  note(s.run, "nodes", "1 at the kind of the atom, 0 elsewhere", {"token", "kind"}, x);
  note(s.run, "edges", "1 where two atoms are bound", {"query", "key"},
       Tensor::input(std::move(edges)));
  if (!m.bonds.empty()) s.trace.add(std::move(bonds));
  if (m.first_of_many)
    s.trace.say(fmt::format("{} holds several molecules: this is the first.", escaped(path, 200)));
  s.explain("nodes",
            "One row per atom. Atoms of one kind are alike until they have looked around.");
  s.explain("edges",
            "Who is bound to whom. The mask is made of it: an atom looks at itself and at "
            "these.");
  s.use_mask(Tensor::input(edge_mask(s.trace.find("edges")->values())));
  return reshape(s.run, x, x.shape());  // under a name of its own
}

const std::vector<Source>& sources() {
  static const std::vector<Source> rows = {
      {"a text", {}, {"--level"}, false, true, "", "", read_text},
      {"a matrix", {".npy", ".csv"}, {}, false, false, "", "", read_matrix_rows},
      {"a picture",
       {".png", ".jpg", ".jpeg", ".ppm", ".pgm"},
       {"--patch", "--grey", "--at"},
       true,
       true,
       "A picture has no words: its tokens are squares of pixels, cut row by row. They are named "
       "by "
       "row and column.",
       "A picture needs no table: the pixels of a square, one after the other, are its vector. (A "
       "vision Transformer then multiplies all of them by one learnt matrix.)",
       read_patches},
      {"a sound",
       {".wav", ".flac", ".ogg"},
       {"--window-ms", "--hop-ms", "--bands"},
       false,
       true,
       "A sound has no words: its tokens are frames, short pieces that overlap. They are named by "
       "the time at which they begin.",
       "A sound needs no table: how loud each band of pitches is in a frame is its vector.",
       read_frames},
      {"a molecule",
       {".mol", ".sdf"},
       {},
       false,
       false,
       "A molecule has no words: its tokens are its atoms, in no order.",
       "The kind of an atom as a one-hot vector stands in the place of the table.",
       read_atoms},
  };
  return rows;
}

std::string ending(const std::string& path) {
  const std::size_t slash = path.rfind('/') + 1, dot = path.rfind('.');
  if (dot == std::string::npos || dot <= slash) return {};
  std::string out = path.substr(dot);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

const Source& row_for(const std::string& path) {
  if (path.empty()) return sources().front();
  const std::string type = path == "-" ? ".csv" : ending(path);
  std::vector<std::string> possible;
  for (const Source& source : sources()) {
    if (std::find(source.endings.begin(), source.endings.end(), type) != source.endings.end())
      return source;
    if (!source.endings.empty())
      possible.push_back(source.name + " ending in " + joined(source.endings, " or "));
  }
  throw Error(ErrorKind::bad_input,
              fmt::format("--input {}: {}", escaped(path, 200),
                          type.empty() ? "the name has no ending"
                                       : fmt::format("unknown ending {}", escaped(type))),
              "possible: " + joined(possible, "; "));
}

}  // namespace

Tensor read_rows(const std::string& path, const char* what) {
  Tensor x = Tensor::input(read_matrix(path));
  if (x.shape()[0] == 0 || x.shape()[1] == 0) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: {} has shape {}", escaped(path, 200), what, to_string(x.shape())),
                "at least one row (token) and one column are needed");
  }
  return x;
}

const Source& source_of(const Common& common) {
  const Source& mine = row_for(common.input);
  for (const Source& source : sources()) {
    for (const std::string& option : source.options) {
      if (&source == &mine || !common.is_given(option)) continue;
      throw Error(
          ErrorKind::usage, fmt::format("{} is for {}, this is {}", option, source.name, mine.name),
          source.endings.empty()
              ? "leave it out"
              : fmt::format("give --input a file ending in {}", fmt::join(source.endings, ", ")));
    }
  }
  return mine;
}

bool is_text(const Source& source) { return &source == &sources().front(); }

}  // namespace attn::app
