#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <new>

#include "app/about/help.h"
#include "app/frame/console.h"
#include "app/frame/execute.h"
#include "app/frame/outputs.h"
#include "app/frame/paged.h"
#include "app/frame/process.h"
#include "app/frame/progress.h"
#include "app/frame/terminal.h"
#include "attn/core/error.h"
#include "attn/core/memory.h"
#include "attn/io/file.h"
#include "attn/io/safetensors.h"
#include "attn/render/export.h"
#include "attn/render/json.h"
#include "attn/render/plain.h"
#include "attn/render/terminal.h"

namespace attn::app {

namespace {

void complain(const std::string& message, const std::string& hint) {
  std::string text = "attn: " + message + "\n";
  if (!hint.empty()) text += "hint: " + hint + "\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
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

/// What would fail after hours of work is told before it: such commands make tables, no matrices.
void check_has_matrix(const Parsed& parsed) {
  if (parsed.command->kind != CommandKind::work) return;
  for (const std::string& output : parsed.common.outputs) {
    const std::string extension = std::filesystem::path(output).extension().string();
    if (extension.size() != 4 ||
        (std::tolower(extension[1]) != 'c' && std::tolower(extension[1]) != 'n'))
      continue;  // .json, .svg, .html
    throw Error(ErrorKind::usage,
                fmt::format("--out {}: attn {} makes tables, and no matrix to write",
                            escaped(output, 200), parsed.command->name),
                "name a file ending in .json or .html");
  }
}

/// What the command line wants in files.
void save(const Trace& trace, const Parsed& parsed, const RenderOptions& options) {
  const Common& common = parsed.common;
  if (!common.export_folder.empty()) export_folder(trace, common.export_folder);
  for (const std::string& output : common.outputs) {
    if (parsed.command->converses) break;  // it has written them itself
    if (std::filesystem::path(output)
            .extension()
            .empty()) {  // a stream: check_outputs let nothing else through
      write_file(output, json(trace));
    } else {
      write_output(trace, output, options);
    }
  }
  if (!common.save_weights.empty())
    write_file(common.save_weights, safetensors_bytes_with_checksum(parameters_of(trace)));
}

/// Help, in pages where the window is too small for it.
void write_help(const std::string& text, const std::vector<std::string>& arguments) {
  const bool at_once =
      std::find(arguments.begin(), arguments.end(), "--no-pager") != arguments.end();
  StandardConsole console(render_options({}, detect_terminal("auto")));
  if (!at_once && needs_pages(console, text)) return show_in_pages(console, text);
  write_all(STDOUT_FILENO, text);
}

int run(const std::vector<std::string>& given) {
  const std::vector<std::string> arguments = with_whole_name(given);
  if (arguments.empty()) {
    write_all(STDERR_FILENO, overview());
    return static_cast<int>(ErrorKind::usage);
  }
  const std::string& first = arguments[0];
  if (first == "--help" || first == "-h" || first == "help") {
    const std::vector<std::string> asked =
        with_whole_name({arguments.begin() + 1, arguments.end()});
    const Command* command = first == "help" && !asked.empty() ? find_command(asked[0]) : nullptr;
    if (!command && !asked.empty() && !parts_of(asked[0]).empty()) {
      write_help(family_overview(asked[0]), arguments);
      return 0;
    }
    if (!command && first == "help" && !asked.empty())
      parse_command_line({asked[0]});  // says what may be meant
    write_help(command ? help(*command) : overview(), arguments);
    return 0;
  }
  if (first == "--version") return run({"version"});
  if (const auto wants_help = [](const std::string& a) { return a == "--help" || a == "-h"; };
      !find_command(first) && !parts_of(first).empty() && arguments.size() > 1 &&
      wants_help(arguments[1])) {
    write_help(family_overview(first), arguments);
    return 0;
  }
  if (const Command* command = find_command(first)) {
    for (std::size_t i = 1; i < arguments.size() && arguments[i] != "--"; ++i) {
      if (arguments[i] != "--help" && arguments[i] != "-h") continue;
      write_help(help(*command), arguments);
      return 0;
    }
  }

  Parsed parsed = parse_command_line(given);
  const Common& common = parsed.common;
  check_outputs(common);
  check_has_matrix(parsed);
  check_threads(parsed.threads);
  if (common.memory_limit > 0) set_memory_limit(1e9 * double(common.memory_limit));
  if (parsed.threads > 1) wait_briefly();
  RenderOptions options = render_options(common, detect_terminal(common.color));
  StandardConsole console(options);
  if (parsed.command->converses) parsed.common.console = &console;
  const Trace trace = [&] {
    StandardProgress progress;  // its line is gone before the result is shown
    parsed.common.progress = &progress;
    return compute(parsed);
  }();
  try {
    require_match(trace, common.show);
  } catch (const Error& e) {
    // What took long to compute is not thrown away for a mistyped name.
    if (parsed.command->shows_numbers()) throw;
    complain(std::string(e.what()) + ": everything is shown", e.hint());
    options.show.clear();
  }
  options.quiet = options.quiet && has_matrices(trace);
  const std::string text = common.json    ? json(trace)
                           : common.plain ? plain(trace, options)
                                          : terminal(trace, options);
  const bool in_pages = !common.json && !common.plain && !common.no_pager && !trace.interrupted &&
                        needs_pages(console, text);
  const bool summarised =
      in_pages && options.show.empty() && !options.quiet &&
      (parsed.command->shows_numbers() || parsed.command->kind == CommandKind::work);
  const std::string summary =
      summarised ? terminal_summary(trace, options, room_for_summary(console)) : "";
  write_all(STDOUT_FILENO, in_pages ? summary : text);
  try {
    save(trace, parsed, options);
  } catch (const Error&) {
    if (in_pages) write_all(STDOUT_FILENO, text);
    throw;
  }
  if (in_pages && summary.empty()) show_in_pages(console, text);
  if (in_pages && !summary.empty()) offer_whole(console, text);
  if (trace.failure) throw Error(*trace.failure);
  if (trace.interrupted) {
    complain("interrupted; what is shown was done until then", trace.go_on);
    return 130;
  }
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
    complain(fmt::format("internal error: {}", e.what()),
             "this is a mistake of attn; please report it with the command line");
    return static_cast<int>(ErrorKind::internal);
  }
}

}  // namespace

}  // namespace attn::app

int main(int argc, char** argv) {
  attn::app::prepare_process(argv);
  return attn::app::guarded({argv + std::min(argc, 1), argv + argc});
}
