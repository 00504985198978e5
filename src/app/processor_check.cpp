// Compiled for any processor (CMakeLists.txt): runs before main and before everything that was
// compiled for this one, so that a foreign processor gets a message and not an illegal instruction.
#include <unistd.h>

#include <cstring>

namespace {

#if defined(__x86_64__)
struct Feature {
  const char* name;
  int present;
};

__attribute__((constructor(101))) void check_processor() {
  __builtin_cpu_init();
  const Feature needed[] = {
#ifdef ATTN_NEEDS_AVX
      {"avx", __builtin_cpu_supports("avx")},
#endif
#ifdef ATTN_NEEDS_AVX2
      {"avx2", __builtin_cpu_supports("avx2")},
#endif
#ifdef ATTN_NEEDS_FMA
      {"fma", __builtin_cpu_supports("fma")},
#endif
#ifdef ATTN_NEEDS_AVX512F
      {"avx512f", __builtin_cpu_supports("avx512f")},
      {"avx512bw", __builtin_cpu_supports("avx512bw")},
      {"avx512dq", __builtin_cpu_supports("avx512dq")},
#endif
      {"sse2", __builtin_cpu_supports("sse2")},
  };
  for (const Feature& feature : needed) {
    if (feature.present) continue;
    const char* const pieces[] = {"attn: this processor has no ", feature.name,
                                  ", which this program was built for\n"
                                  "hint: build it on this machine: ./dev clean && ./dev build\n"};
    for (const char* piece : pieces) {
      [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, piece, std::strlen(piece));
    }
    _exit(70);
  }
}
#endif

}  // namespace
