// Every step of every stage against float64 numbers from an independent program (tests/reference),
// and what --export and --json write against the contract, byte by byte.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/frame/execute.h"
#include "attn/core/error.h"
#include "attn/io/json.h"
#include "attn/io/matrix_file.h"
#include "attn/io/npy.h"

using namespace attn;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr double kTolerance = 1e-5;  // relative to the largest magnitude of a step
constexpr std::size_t kFewestCases = 125;
/// The stages that make_reference.py writes cases for: all but BERT's (bert.json).
const std::vector<std::string>& stages() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const app::Command& command : app::commands()) {
      if (command.kind == app::CommandKind::stage && !command.name.starts_with("bert "))
        all.push_back(command.name);
    }
    return all;
  }();
  return names;
}

/// The cases of one command, as make_reference.py wrote them.
json cases_of(const std::string& command) {
  return read_json(std::string(ATTN_REFERENCE_DIR) + "/" + command + ".json")["cases"];
}

std::vector<std::string> arguments_of(const json& c) {
  std::vector<std::string> arguments;
  for (std::string word : c["arguments"].get<std::vector<std::string>>()) {
    const std::size_t at = word.find("@/");
    if (at != std::string::npos) word.replace(at, 1, std::string(ATTN_REFERENCE_DIR) + "/data");
    arguments.push_back(word);
  }
  return arguments;
}

/// A number, or "inf", "-inf", "nan".
double number(const json& value) {
  return value.is_string() ? std::strtod(value.get<std::string>().c_str(), nullptr)
                           : value.get<double>();
}

const char* kind_text(const Step& step) {
  if (step.kind() == Tensor::Kind::parameter) return "parameter";
  return step.kind() == Tensor::Kind::input ? "input" : "value";
}

/// The largest difference of the step's numbers from the expected ones, relative to the largest
/// magnitude expected; infinite where an infinity, a NaN or the shape is not the same. `where` then
/// says what and where.
double relative_difference(const Step& step, const json& expected, std::string& where) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (step.shape() != expected["shape"].get<Shape>()) {
    where = fmt::format("shape {}, expected {}", to_string(step.shape()), expected["shape"].dump());
    return kInfinity;
  }
  const json& values = expected["values"];
  double magnitude = 0, worst = 0;
  for (const json& value : values) {
    if (std::isfinite(number(value))) magnitude = std::max(magnitude, std::abs(number(value)));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t at = expected.contains("at") ? expected["at"][i].get<std::size_t>() : i;
    const double want = number(values[i]), is = double{step.values().data()[at]};
    double difference = std::abs(is - want);
    if (is == want || (std::isnan(is) && std::isnan(want))) difference = 0;  // inf - inf is NaN
    if (difference > 0) difference = magnitude > 0 ? difference / magnitude : kInfinity;
    if (difference <= worst) continue;  // false for NaN
    worst = std::isnan(difference) ? kInfinity : difference;
    where = fmt::format("index {}: {}, expected {}", at, is, want);
  }
  return worst;
}

/// The steps that a step was computed from, theirs, and so on.
std::set<std::string> ancestors(const Trace& trace, const Step& step) {
  std::set<std::string> found;
  std::vector<std::string> open = step.from;
  while (!open.empty()) {
    const std::string path = open.back();
    open.pop_back();
    if (!found.insert(path).second) continue;
    const Step* parent = trace.find(path);
    if (parent) open.insert(open.end(), parent->from.begin(), parent->from.end());
  }
  return found;
}

/// An option's value, or "".
std::string option(const std::vector<std::string>& arguments, const std::string& name) {
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (arguments[i] == name) return arguments[i + 1];
  }
  return {};
}

/// A folder of its own for one test, gone afterwards.
struct Folder {
  fs::path path = fs::temp_directory_path() / fmt::format("attn-reference-{}", ::getpid());
  Folder() {
    fs::remove_all(path);
    fs::create_directory(path);
  }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
};

/// Runs the program; its exit code. Standard output and error go to files.
int spawn(const std::vector<std::string>& arguments, const std::string& out,
          const std::string& err) {
  const auto quoted = [](const std::string& word) {
    std::string text = "'";
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
  };
  std::string line = quoted(ATTN_PROGRAM);
  for (const std::string& word : arguments) line += " " + quoted(word);
  const int status = std::system((line + " >" + quoted(out) + " 2>" + quoted(err)).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// The numbers of a nested list in reading order, and the shape that its nesting has.
void flatten(const json& value, std::size_t depth, std::vector<double>& out, Shape& shape) {
  if (!value.is_array()) {
    out.push_back(number(value));
    return;
  }
  if (shape.size() == depth) shape.push_back(value.size());
  REQUIRE(shape[depth] == value.size());
  for (const json& item : value) flatten(item, depth + 1, out, shape);
}

/// Same numbers; two NaN are the same.
bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// One step as trace.json or --json describes it against the contract and the step computed here.
void check_description(const json& step, const Step& computed,
                       const std::set<std::string>& before) {
  const std::string path = step["path"];
  INFO("step ", path);
  CHECK(path == computed.path);
  CHECK(step["kind"] == kind_text(computed));
  CHECK(step["formula"].is_string());
  CHECK_FALSE(step["formula"].get<std::string>().empty());
  CHECK(step["shape"].get<Shape>() == computed.shape());
  CHECK(step["axes"].get<std::vector<std::string>>().size() == computed.shape().size());
  CHECK(step["milliseconds"].is_number());
  CHECK(step["milliseconds"] >= 0);
  CHECK(step["flops"].is_number());
  CHECK(step["flops"] >= 0);
  for (const std::string parent : step["from"]) {
    CAPTURE(parent);
    CHECK(before.count(parent) == 1);
  }
  if (step["kind"] != "value") CHECK(step["from"].empty());
}

/// Everything of the document but the values.
void check_document(const json& document, const std::vector<std::string>& arguments,
                    const Trace& trace) {
  CHECK(document["format"] == 1);
  CHECK(document["command"] == arguments);
  CHECK(document["seed"].is_number_integer());
  CHECK(document["seed"] == trace.seed);
  CHECK(document["threads"] == 1);
  CHECK(document["milliseconds"].is_number());
  CHECK(document["tokens"] == trace.tokens);
  const auto steps = trace.steps();
  REQUIRE(document["steps"].size() == steps.size());
  std::set<std::string> before;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    check_description(document["steps"][i], *steps[i], before);
    CHECK(before.insert(document["steps"][i]["path"]).second);  // no path twice
  }
}

/// The bytes of an NPY file as the format is written down, without the project's reader.
void check_npy_bytes(const std::string& bytes, const Step& step) {
  REQUIRE(bytes.size() > 10);
  CHECK(bytes.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
  const std::size_t length = static_cast<unsigned char>(bytes[8]) +
                             256 * std::size_t{static_cast<unsigned char>(bytes[9])};
  CHECK((10 + length) % 64 == 0);
  REQUIRE(bytes.size() >= 10 + length);
  const std::string header = bytes.substr(10, length);
  CHECK(header.back() == '\n');
  std::string shape;
  for (const std::size_t n : step.shape()) shape += fmt::format("{}, ", n);
  if (shape.size() > 2 && step.shape().size() > 1) shape.resize(shape.size() - 2);
  if (step.shape().size() == 1) shape.resize(shape.size() - 1);  // (3,)
  CHECK(header.starts_with(fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                       step.is_ids() ? "<i8" : "<f4", shape)));
  const std::size_t size = step.is_ids() ? 8 : 4;
  REQUIRE(bytes.size() == 10 + length + size * step.values().size());
  bool equal = true;
  for (std::size_t i = 0; i < step.values().size(); ++i) {
    std::uint64_t bits = 0;  // little-endian, whatever this machine is
    for (std::size_t b = 0; b < size; ++b) {
      bits |= std::uint64_t{static_cast<unsigned char>(bytes[10 + length + i * size + b])}
              << (8 * b);
    }
    const auto low = static_cast<std::uint32_t>(bits);
    float single = 0;
    std::memcpy(&single, &low, 4);
    const double value = step.is_ids() ? double(std::int64_t(bits)) : double{single};
    equal = equal && same(value, step.values().data()[i]);
  }
  CHECK(equal);
}

}  // namespace

TEST_CASE("reference: every step of every stage has the numbers of an independent program") {
  std::size_t seen = 0;
  for (const std::string& command : stages()) {
    double worst = 0;
    bool right = true;
    for (const json& c : cases_of(command)) {
      ++seen;
      const std::string name = c["name"];
      INFO("case ", name, ": attn ", c["arguments"].dump());
      Trace trace;
      try {
        trace = app::compute(arguments_of(c));
      } catch (const Error& error) {
        FAIL_CHECK(error.what());
        right = false;
        continue;
      }
      for (const auto& [path, expected] : c["steps"].items()) {
        INFO("step ", path);
        const Step* step = trace.find(path);
        CHECK(step != nullptr);
        if (!step) continue;
        CHECK(kind_text(*step) == expected["kind"].get<std::string>());
        std::string where;
        const double difference = relative_difference(*step, expected, where);
        CAPTURE(where);
        CHECK(difference <= kTolerance);
        worst = std::max(worst, difference);
        right = right && difference <= kTolerance;
      }
    }
    if (!right) MESSAGE(command, ": largest relative difference ", worst);
  }
  CHECK(seen >= kFewestCases);
}

TEST_CASE("reference: a value step is in the reference, and comes from parameters and inputs") {
  for (const std::string& command : stages()) {
    for (const json& c : cases_of(command)) {
      const std::string name = c["name"];
      INFO("case ", name, ": attn ", c["arguments"].dump());
      const Trace trace = app::compute(arguments_of(c));
      for (const Step* step : trace.steps()) {
        if (step->kind() != Tensor::Kind::value) continue;
        INFO("step ", step->path, " (a new one needs its formula in make_reference.py)");
        CHECK(c["steps"].contains(step->path));
        if (!c["steps"].contains(step->path)) continue;
        const bool constant = c["steps"][step->path].value("constant", false);
        CHECK(step->from.empty() == constant);
        for (const std::string& path : ancestors(trace, *step)) {
          CAPTURE(path);
          CHECK(trace.find(path) != nullptr);
        }
      }
    }
  }
}

TEST_CASE("reference: a matrix from a file is a step of kind input") {
  std::size_t seen = 0;
  for (const std::string& command : stages()) {
    for (const json& c : cases_of(command)) {
      const std::vector<std::string> arguments = arguments_of(c);
      for (const std::string name : {"--input", "--query", "--key", "--memory"}) {
        const std::string file = option(arguments, name);
        if (file.empty()) continue;
        const Array given = read_matrix(file);
        const Trace trace = app::compute(arguments);
        bool found = false;
        for (const Step* step : trace.steps()) {
          found =
              found || (step->kind() == Tensor::Kind::input && step->shape() == shape_of(given) &&
                        largest_difference(step->values(), given) == 0);
        }
        INFO("case ", c["name"].get<std::string>(), ": ", name, " ", file);
        CHECK(found);
        ++seen;
      }
    }
  }
  CHECK(seen >= 50);
}

TEST_CASE("reference: there are cases for every stage of the program") {
  CHECK(stages().size() >= 22);
  for (const std::string& stage : stages()) {
    INFO(stage, " needs cases in make_reference.py");
    const std::string file = std::string(ATTN_REFERENCE_DIR) + "/" + stage + ".json";
    CHECK(fs::exists(file));
    if (fs::exists(file)) CHECK_FALSE(cases_of(stage).empty());
  }
}

TEST_CASE("reference: --export, --json and --save-weights keep the contract") {
  const Folder folder;
  for (const std::string& command : stages()) {
    const json cases = cases_of(command);
    for (const std::size_t which : {std::size_t{0}, cases.size() - 1}) {
      INFO("case ", cases[which]["name"].get<std::string>());
      std::vector<std::string> arguments = arguments_of(cases[which]);
      const Trace trace = app::compute(arguments);
      const std::string dir = folder / fmt::format("{}-{}", command, which);
      const std::string out = dir + ".out", err = dir + ".err", weights = dir + ".safetensors";
      for (const char* word : {"--export", "", "--save-weights", "", "--json"}) {
        arguments.emplace_back(word);
      }
      arguments[arguments.size() - 4] = dir;
      arguments[arguments.size() - 2] = weights;
      CHECK(spawn(arguments, out, err) == 0);
      CHECK(read_file(err) == "");

      // --json: one document, and these numbers.
      const json document = parse_json(read_file(out), out);
      check_document(document, arguments, trace);
      // --export: the same with a file in place of the numbers.
      const json exported = read_json(dir + "/trace.json");
      check_document(exported, arguments, trace);
      std::set<std::string> files{"trace.json"};
      std::map<std::string, Shape> parameters;
      for (std::size_t i = 0; i < trace.steps().size(); ++i) {
        const Step& step = *trace.steps()[i];
        INFO("step ", step.path);
        std::vector<double> values;
        Shape shape;
        flatten(document["steps"][i]["values"], 0, values, shape);
        CHECK(shape == step.shape());
        REQUIRE(values.size() == step.values().size());
        bool equal = true;
        for (std::size_t j = 0; j < values.size(); ++j) {
          // A float's shortest digits name another double than the float itself.
          equal = equal && same(static_cast<real>(values[j]), step.values().data()[j]);
        }
        CHECK(equal);
        CHECK_FALSE(document["steps"][i].contains("file"));

        const std::string file = exported["steps"][i]["file"];
        CHECK(file == fmt::format("{:03}-{}.npy", i, step.path));
        CHECK_FALSE(exported["steps"][i].contains("values"));
        files.insert(file);
        CHECK(largest_difference(read_npy(dir + "/" + file), step.values()) == 0);
        check_npy_bytes(read_file(dir + "/" + file), step);
        CHECK(step.is_ids() == step.path.ends_with("ids"));
        if (step.kind() == Tensor::Kind::parameter) parameters[step.path] = step.shape();
      }
      std::set<std::string> there;
      for (const auto& entry : fs::directory_iterator(dir)) there.insert(entry.path().filename());
      CHECK(there == files);
      // --save-weights: the parameters, nothing else, under their paths.
      CHECK(shapes_of(read_safetensors(weights)) == parameters);
    }
  }
}
