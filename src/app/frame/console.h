#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "attn/render/render.h"

namespace attn::app {

/// Where a lesson is read and answered: a terminal, a pipe, or a test's script. Lines only, so that
/// every terminal will do.
class Console {
 public:
  virtual ~Console() = default;
  virtual void write(std::string_view text) = 0;
  /// What was typed, without the line's end; nothing at the end of input, or once Ctrl-C came.
  virtual std::optional<std::string> read_line() = 0;
  /// True if somebody is there to answer.
  virtual bool answers() const = 0;
  /// Lines of the window; 0 where nothing scrolls away.
  virtual std::size_t rows() const { return 0; }
  /// How things are shown there.
  virtual const RenderOptions& options() const = 0;
};

/// Standard input and output.
class StandardConsole : public Console {
 public:
  explicit StandardConsole(const RenderOptions& options) : options_(options) {}
  void write(std::string_view text) override;
  std::optional<std::string> read_line() override;
  bool answers() const override;
  std::size_t rows() const override;
  /// As wide as the window is now.
  const RenderOptions& options() const override;

 private:
  mutable RenderOptions options_;
  std::string read_;  // read, but behind the last line that was taken
};

}  // namespace attn::app
