#pragma once
#include <cstdint>
#include <string_view>

namespace attn {

/// FNV-1a of 64 bits tells one text from another and finds a flipped bit; it stops no attack.
constexpr std::uint64_t kFnvBasis = 0xCBF29CE484222325ull;

/// One more value, by its definition a byte, in the hash of those before it.
constexpr std::uint64_t fnv1a_step(std::uint64_t hash, std::uint64_t value) {
  return (hash ^ value) * 0x100000001B3ull;
}

constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = kFnvBasis) {
  for (const char c : bytes) hash = fnv1a_step(hash, static_cast<unsigned char>(c));
  return hash;
}

}  // namespace attn
