#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <new>

#include "app/command.h"
#include "app/progress.h"
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
    if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {  // somebody made it non-blocking
      pollfd wanted{file, POLLOUT, 0};
      poll(&wanted, 1, -1);
      continue;
    }
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

/// --quiet leaves the matrices and tables; where there are none, it leaves what there is.
bool has_matrices(const Trace& trace) {
  return std::any_of(trace.items.begin(), trace.items.end(), [](const Item& item) {
    const auto* table = std::get_if<Table>(&item);
    return std::holds_alternative<Step>(item) || (table && !table->only_data);
  });
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

/// Writing into a folder that is not there, or over a folder, is told before any work is done.
void check_place(const std::string& path) {
  std::error_code problem;
  const std::filesystem::path place(path);
  if (std::filesystem::is_directory(place, problem)) {
    throw Error(ErrorKind::io, fmt::format("cannot write {}: it is a folder", escaped(path, 200)), "name a file inside that folder");
  }
  const std::filesystem::path folder = place.parent_path();
  if (folder.empty() || std::filesystem::is_directory(folder, problem)) return;
  throw Error(ErrorKind::io, fmt::format("cannot write {}: there is no folder {}", escaped(path, 200), escaped(folder.string(), 200)),
              "create the folder first: mkdir -p " + escaped(folder.string(), 200));
}

/// A device or a pipe needs no extension: it gets JSON.
bool is_stream(const std::string& path) {
  std::error_code problem;
  const auto status = std::filesystem::status(path, problem);
  return std::filesystem::exists(status) && std::filesystem::is_other(status);
}

/// The files that this command line reads from.
std::vector<std::string> inputs_of(const Common& common) {
  std::vector<std::string> files = {common.input, common.weights};
  if (common.text.size() == 1) files.push_back(common.text[0]);  // softmax FILE
  const std::vector<std::string>& words = common.arguments;
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    for (const std::string option : {"--query", "--key", "--mask"}) {
      std::string value = words[i] == option && i + 1 < words.size() ? words[i + 1]
                          : words[i].starts_with(option + "=")       ? words[i].substr(option.size() + 1)
                                                                     : "";
      if (value.starts_with("graph:")) value.erase(0, 6);
      files.push_back(std::move(value));
    }
  }
  return files;
}

/// Mistakes about files are told before any work is done.
void check_outputs(const Common& common) {
  std::error_code problem;
  const std::vector<std::string>& formats = output_formats();
  std::vector<std::string> written = common.outputs;
  if (!common.save_weights.empty()) written.push_back(common.save_weights);
  for (const std::string& output : written) {
    check_place(output);
    for (const std::string& input : inputs_of(common)) {
      if (!input.empty() && (output == input || std::filesystem::equivalent(output, input, problem)) && !is_stream(output)) {
        throw Error(ErrorKind::usage, fmt::format("{} is both input and output", escaped(output, 200)), "choose another name for one of them");
      }
    }
  }
  for (const std::string& output : common.outputs) {
    std::string extension = std::filesystem::path(output).extension().string();
    if (extension.empty() && is_stream(output)) continue;
    for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (extension.empty() || std::find(formats.begin(), formats.end(), extension.substr(1)) == formats.end()) {
      throw Error(ErrorKind::usage,
                  extension.empty() ? fmt::format("--out {}: the name has no extension", escaped(output, 200))
                                    : fmt::format("--out {}: no format \"{}\"", escaped(output, 200), escaped(extension)),
                  fmt::format("the name must end in one of: .{}", fmt::join(formats, ", .")));
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

/// OpenBLAS takes buffers of 128 MB of addresses, and tries again for ever when it gets none: at its start
/// for every processor, for the first product, and for every thread more.
constexpr rlim_t kAddressesAtStart = rlim_t{330} << 20, kAddressesPerThread = rlim_t{270} << 20;

/// The limit of `ulimit -v`.
rlim_t address_space() {
  rlimit limit{};
  return getrlimit(RLIMIT_AS, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

void check_threads(std::int64_t threads) {
  const rlim_t needed = kAddressesAtStart + kAddressesPerThread * static_cast<rlim_t>(threads - 1);
  if (address_space() == RLIM_INFINITY || needed <= address_space()) return;
  throw Error(ErrorKind::limit,
              fmt::format("--threads {} needs about {} MB of address space; ulimit -v allows {} MB", threads, needed >> 20, address_space() >> 20),
              "choose fewer threads, or a larger limit");
}

char** argument_words = nullptr;  // as main got them

/// True if --threads, given or not, asks for more than one thread.
bool computes_on_several(const Parsed& parsed) {
  std::string threads = "1";
  for (const OptionRow& row : option_rows(*parsed.command)) {
    if (row.name == "--threads") threads = row.standard;
  }
  const std::vector<std::string>& words = parsed.common.arguments;
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i] == "--threads" && i + 1 < words.size()) threads = words[i + 1];
    if (words[i].starts_with("--threads=")) threads = words[i].substr(10);
  }
  return threads != "1";
}

/// Threads of OpenMP that wait for work look for it about 3 milliseconds before they sleep, and on a
/// busy machine take the processor from the threads that have some: a training step on two threads
/// took 440 ms in place of 36. libgomp learns of a shorter wait (some microseconds) only from the environment, and
/// only while it is loaded; what is set before main, even in .preinit_array, libc's own start undoes.
/// Therefore the program begins again with the variable set. Who sets one of these variables keeps the
/// choice; if starting again fails, all goes on as it is.
void wait_briefly() {
  if (std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) return;
  setenv("GOMP_SPINCOUNT", "1000", 1);
  execv("/proc/self/exe", argument_words);
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    print(STDERR_FILENO, overview());
    return static_cast<int>(ErrorKind::usage);
  }
  const std::string& first = arguments[0];
  if (first == "--help" || first == "-h" || first == "help") {
    const Command* command = first == "help" && arguments.size() > 1 ? find_command(arguments[1]) : nullptr;
    if (!command && first == "help" && arguments.size() > 1) parse_command_line({arguments[1]});  // says what may be meant
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

  Parsed parsed = parse_command_line(arguments);
  const Common& common = parsed.common;
  check_outputs(common);
  check_threads(common.threads);
  if (computes_on_several(parsed)) wait_briefly();
  const Trace trace = [&] {
    StandardProgress progress;  // its line is gone before the result is shown
    parsed.common.progress = &progress;
    return compute(parsed);
  }();
  RenderOptions options = render_options(common, detect_terminal(common.color));
  options.quiet = options.quiet && has_matrices(trace);
  if (common.json) {
    print(STDOUT_FILENO, json(trace));
  } else {
    print(STDOUT_FILENO, common.plain ? plain(trace, options) : terminal(trace, options));
  }
  if (!common.export_folder.empty()) export_folder(trace, common.export_folder);
  for (const std::string& output : common.outputs) {
    if (std::filesystem::path(output).extension().empty()) {  // a stream: check_outputs let nothing else through
      write_file(output, json(trace));
    } else {
      write_output(trace, output, options);
    }
  }
  if (!common.save_weights.empty()) write_file(common.save_weights, safetensors_bytes(parameters_of(trace), {}));
  if (trace.interrupted) return 130;
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

/// Under a limit of the address space: a buffer for one thread; --threads asks for more. OpenBLAS reads
/// the variable while it is loaded, so the program begins again with it.
void within_address_space(int, char** arguments, char** environment) {
  if (address_space() == RLIM_INFINITY) return;
  if (address_space() < kAddressesAtStart) {
    static constexpr char kMessage[] = "attn: 330 MB of address space are needed, ulimit -v allows less\nhint: ulimit -v 1000000\n";
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
    _exit(static_cast<int>(ErrorKind::limit));
  }
  static char one_thread[] = "OMP_NUM_THREADS=1";
  static char* more[4096] = {one_thread};
  std::size_t count = 1;
  for (; *environment; ++environment) {
    if (std::strcmp(*environment, one_thread) == 0) return;  // the second time
    if (std::strncmp(*environment, one_thread, 16) == 0) continue;
    if (count == std::size(more) - 1) return;
    more[count++] = *environment;
  }
  execve("/proc/self/exe", arguments, more);
}

__attribute__((section(".preinit_array"), used)) void (*const kBeforeLibraries)(int, char**, char**) = within_address_space;

/// Without this, the first file opened would take the place of a closed standard output, and what is
/// printed would go into it. The wrong direction keeps "closed" an error.
void keep_standard_files() {
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(file, F_GETFD) != -1 || errno != EBADF) continue;
    if (open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY) != file) _exit(static_cast<int>(ErrorKind::io));
  }
}

}  // namespace

}  // namespace attn::app

int main(int argc, char** argv) {
  attn::app::keep_standard_files();
  attn::app::argument_words = argv;
  std::signal(SIGPIPE, SIG_IGN);
  // Memory of one training step serves the next one. By default every large array is fetched from the
  // system page by page, and given back, each time: 150 page faults per step of a small transformer, and
  // half of the time of one attention over 4096 positions.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 16 << 20);
  return attn::app::guarded({argv + std::min(argc, 1), argv + argc});
}
