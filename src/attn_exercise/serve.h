#pragma once
// The program around the learner's functions: reads calls, answers them, knows nothing of right and
// wrong. It is linked with the learner's file alone, not with attn.
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <new>

#include "attn_exercise/wire.h"

namespace attn_exercise {

inline bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

inline bool read_all(int file, char* to, std::size_t count) {
  while (count > 0) {
    const ssize_t n = read(file, to, count);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    count -= static_cast<std::size_t>(n);
  }
  return true;
}

template <class R, class... A>
std::string answer(R (*function)(A...), std::string_view in) {
  std::tuple<std::decay_t<A>...> arguments;
  std::apply([&](auto&... argument) { (get(in, argument), ...); }, arguments);
  std::string out;
  put(out, std::apply(function, arguments));
  return out;
}

/// The name at `begin` of "one, two".
inline std::string_view next_name(std::string_view& names) {
  const std::size_t comma = names.find(',');
  const std::string_view name = names.substr(0, comma);
  names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 2);
  return name;
}

/// Answers calls until there are no more. A call: length, name, arguments. An answer: how it went,
/// length, bytes.
template <class... F>
int serve(std::string_view names, F*... functions) {
  std::string call;
  for (;;) {
    std::uint64_t length = 0;
    char name[64];
    if (!read_all(kCalls, reinterpret_cast<char*>(&length), sizeof length) ||
        !read_all(kCalls, name, sizeof name))
      return 0;
    call.resize(length);
    if (!read_all(kCalls, call.data(), length)) return 0;
    std::string out;
    Reply reply = Reply::value;
    try {
      std::string_view rest = names;
      ((next_name(rest) == std::string_view(name) ? void(out = answer(functions, call)) : void()),
       ...);
    } catch (const std::bad_alloc&) {
      reply = Reply::memory;
    } catch (const std::exception& e) {
      reply = Reply::threw;
      out = e.what();
    } catch (...) {
      reply = Reply::threw;
      out = "something that is no std::exception";
    }
    std::string head;
    put(head, static_cast<char>(reply));
    put(head, static_cast<std::uint64_t>(out.size()));
    if (!write_all(kAnswers, head) || !write_all(kAnswers, out)) return 0;
  }
}

}  // namespace attn_exercise

#define ATTN_SERVE_NAMED(...) attn_exercise::serve(#__VA_ARGS__, __VA_ARGS__)
/// ATTN_SERVE(one, two): serve() with the names of these functions.
#define ATTN_SERVE(...) ATTN_SERVE_NAMED(__VA_ARGS__)
