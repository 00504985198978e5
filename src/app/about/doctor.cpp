// doctor: the state of the machine, and whether products are right.
#include <fmt/format.h>

#include <cmath>

#include "app/frame/command.h"
#include "app/frame/terminal.h"
#include "attn/core/gemm.h"
#include "attn/core/memory.h"
#include "attn/core/rows.h"

namespace attn::app {

namespace {

void doctor(Stage& s) {
  s.trace.title = "Is everything well?";
  const BlasDescription blas = describe_blas();
  const Terminal terminal = detect_terminal("auto");
  Table table{"machine", "", {"what", "found"}, {}};
  const auto row = [&](const char* what, std::string found) {
    table.rows.push_back({std::string(what), std::move(found)});
  };
  row("version", ATTN_VERSION);
  row("products", blas.configuration);
  row("kernels for", blas.kernel);
  row("threads by", blas.threading);
  row("processors", std::to_string(available_processors()));
  row("free memory", fmt::format("{:.1f} GB", available_memory() / 1e9));
  row("numbers", sizeof(real) == 4 ? "float (32 bits)" : "double (64 bits)");
  row("registers", fmt::format("{} numbers at once", simd_width()));
  row("terminal",
      fmt::format("{} columns, {}, {}", terminal.width, terminal.color ? "colour" : "no colour",
                  terminal.unicode ? "UTF-8" : "ASCII only"));
  s.trace.add(std::move(table));
  if (blas.threading != "OpenMP") {
    s.trace.say(
        "This OpenBLAS does not share our threads: with --threads above 1 it is slower. Install "
        "the package "
        "libopenblas-openmp-dev and build again.");
  }

  // Products against three plain loops, in every form that the program uses.
  double worst = 0;
  const std::size_t sizes[][3] = {{1, 1, 1}, {3, 5, 7}, {17, 33, 9}, {64, 64, 64}, {65, 1, 130}};
  for (const auto& [m, n, k] : sizes) {
    for (const Stored a : {Stored::plain, Stored::transposed}) {
      for (const Stored b : {Stored::plain, Stored::transposed}) {
        Rng rng(s.rng.stream("doctor"));
        const Array left = rng.normal({m, k}, 1), right = rng.normal({k, n}, 1);
        Array fast = rng.normal({m, n}, 1), plain = fast;
        const Product p{.m = m, .n = n, .k = k, .a = a, .b = b, .alpha = 0.5, .beta = 1};
        gemm(p, left.data(), right.data(), fast.data());
        naive_gemm(p, left.data(), right.data(), plain.data());
        worst = std::max(worst, double{largest_difference(fast, plain)} / std::sqrt(double(k)));
      }
    }
  }
  s.trace.check("products agree with plain loops", worst, sizeof(real) == 4 ? 1e-5 : 1e-13);
  const auto first = philox({0, 0, 0, 0}, {0, 0});
  s.trace.check("the random generator gives its known answer", first[0] == 0x6627E8D5u ? 0 : 1, 0);
}

}  // namespace

Command doctor_command() {
  return {.name = "doctor",
          .kind = CommandKind::about,
          .summary = "products, threads, terminal: is everything well?",
          .example = "doctor",
          .setup = without_options(doctor)};
}

}  // namespace attn::app
