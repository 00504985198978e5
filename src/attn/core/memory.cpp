#include "attn/core/memory.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "attn/core/error.h"

namespace attn {

namespace {

std::string readable(double bytes) {
  const char* const units[] = {"bytes", "KB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < std::size(units); ++unit) bytes /= 1000;
  return fmt::format("{:.3g} {}", bytes, units[unit]);
}

/// MemAvailable of /proc/meminfo, or the free pages where there is none.
double free_memory() {
  double kilobytes = 0;
  if (std::FILE* file = std::fopen("/proc/meminfo", "r")) {
    char line[128];
    while (std::fgets(line, sizeof line, file)) {
      if (std::sscanf(line, "MemAvailable: %lf", &kilobytes) == 1) break;
    }
    std::fclose(file);
  }
  if (kilobytes > 0) return kilobytes * 1024;
  return static_cast<double>(sysconf(_SC_AVPHYS_PAGES)) *
         static_cast<double>(sysconf(_SC_PAGESIZE));
}

double default_limit() {
  const double all =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  return std::min(all / 2, 4e9);
}

double& memory_limit() {
  static double bytes = default_limit();
  return bytes;
}

}  // namespace

void set_memory_limit(double bytes) { memory_limit() = bytes; }

double available_memory() {
  double bytes = free_memory();
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    bytes = std::min(bytes, static_cast<double>(limit.rlim_cur));
  }
  return bytes;
}

void require_memory(double bytes, const std::string& what) {
  const double there = 0.8 * available_memory(), limit = std::min(there, memory_limit());
  if (bytes <= limit) return;
  throw Error(
      ErrorKind::limit,
      fmt::format("{} needs about {}; {} may be used here", what, readable(bytes), readable(limit)),
      limit < there ? "choose smaller sizes, or allow more: --memory-limit GB"
                    : "choose smaller sizes");
}

}  // namespace attn
