#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <new>

#include "app/command.h"
#include "app/terminal.h"
#include "attn/core/error.h"
#include "attn/io/file.h"
#include "attn/io/safetensors.h"
#include "attn/render/export.h"
#include "attn/render/json.h"
#include "attn/render/plain.h"
#include "attn/render/terminal.h"
#include "attn/text/utf8.h"

namespace attn::app {

namespace {

/// Everything at once, every byte checked. A reader that closed its end early (| head -1) is no error.
void print(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) return;
    if (written < 0) throw Error(ErrorKind::io, fmt::format("cannot write to standard output: {}", std::strerror(errno)));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void complain(const std::string& message, const std::string& hint) {
  std::string text = "attn: " + message + "\n";
  if (!hint.empty()) text += "hint: " + hint + "\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

RenderOptions render_options(const Common& common, const Terminal& terminal) {
  RenderOptions o;
  o.width = terminal.width;
  o.color = terminal.color;
  o.truecolor = terminal.truecolor;
  o.unicode = terminal.unicode;
  o.plain = common.plain;
  o.quiet = common.quiet;
  o.precision = static_cast<int>(common.precision);
  o.column_convention = common.convention == "column";
  o.show = common.show;
  return o;
}

/// Mistakes about files are told before any work is done.
void check_outputs(const Common& common) {
  std::error_code ignored;
  for (const std::string& output : common.outputs) {
    const std::vector<std::string>& formats = output_formats();
    const std::string extension = std::filesystem::path(output).extension().string();
    if (extension.empty() || std::find(formats.begin(), formats.end(), extension.substr(1)) == formats.end()) {
      throw Error(ErrorKind::usage, fmt::format("--out {}: no format \"{}\"", escaped(output, 200), escaped(extension)),
                  fmt::format("the name must end in one of: .{}", fmt::join(formats, ", .")));
    }
    for (const std::string& input : {common.input, common.weights}) {
      if (!input.empty() && (output == input || std::filesystem::equivalent(output, input, ignored))) {
        throw Error(ErrorKind::usage, fmt::format("{} is both input and output", escaped(output, 200)), "choose another name for --out");
      }
    }
  }
  if (!common.save_weights.empty() && !common.save_weights.ends_with(".safetensors")) {
    throw Error(ErrorKind::usage, fmt::format("--save-weights {}", escaped(common.save_weights, 200)), "the name must end in .safetensors");
  }
  if (common.json && common.plain) throw Error(ErrorKind::usage, "--json and --plain are both given", "choose one of them");
}

std::vector<NamedArray> parameters_of(const Trace& trace) {
  std::vector<NamedArray> out;
  for (const Step* step : trace.steps()) {
    if (step->kind() != Tensor::Kind::parameter) continue;
    NamedArray named;
    named.name = step->path;
    named.values = step->values();
    out.push_back(std::move(named));
  }
  return out;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    print(STDERR_FILENO, overview());
    return static_cast<int>(ErrorKind::usage);
  }
  const std::string& first = arguments[0];
  if (first == "--help" || first == "-h" || first == "help") {
    const Command* command = first == "help" && arguments.size() > 1 ? find_command(arguments[1]) : nullptr;
    print(STDOUT_FILENO, command ? help(*command) : overview());
    return 0;
  }
  if (first == "--version") return run({"version"});
  if (const Command* command = find_command(first)) {
    for (std::size_t i = 1; i < arguments.size() && arguments[i] != "--"; ++i) {
      if (arguments[i] != "--help" && arguments[i] != "-h") continue;
      print(STDOUT_FILENO, help(*command));
      return 0;
    }
  }

  const Parsed parsed = parse_command_line(arguments);
  const Common& common = parsed.common;
  check_outputs(common);
  const Trace trace = compute(parsed);
  const RenderOptions options = render_options(common, detect_terminal(common.color));
  if (common.json) {
    print(STDOUT_FILENO, json(trace) + "\n");
  } else {
    print(STDOUT_FILENO, common.plain ? plain(trace, options) : terminal(trace, options));
  }
  if (!common.export_folder.empty()) export_folder(trace, common.export_folder);
  for (const std::string& output : common.outputs) write_output(trace, output, options);
  if (!common.save_weights.empty()) write_file(common.save_weights, safetensors_bytes(parameters_of(trace), {}));
  for (const Item& item : trace.items) {
    const auto* check = std::get_if<Check>(&item);
    if (check && !check->holds()) return 1;
  }
  return 0;
}

int guarded(const std::vector<std::string>& arguments) {
  try {
    return run(arguments);
  } catch (const Error& e) {
    complain(e.what(), e.hint());
    return static_cast<int>(e.kind());
  } catch (const std::bad_alloc&) {
    complain("out of memory", "choose smaller sizes");
    return static_cast<int>(ErrorKind::limit);
  } catch (const std::exception& e) {
    complain(fmt::format("internal error: {}", e.what()), "this is a mistake of attn; please report it with the command line");
    return static_cast<int>(ErrorKind::internal);
  }
}

}  // namespace

}  // namespace attn::app

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  return attn::app::guarded({argv + std::min(argc, 1), argv + argc});
}
