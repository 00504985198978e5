#pragma once
#include <set>
#include <string>
#include <vector>

#include "app/frame/cli.h"
#include "app/frame/source.h"
#include "attn/core/rng.h"
#include "attn/graph/trace.h"
#include "attn/nn/parameters.h"

namespace attn::app {

/// Who watches long work: main shows a line and hears Ctrl-C; tests watch nothing.
class Progress {
 public:
  virtual ~Progress() = default;
  /// How far the work is, as one line that replaces the line before.
  virtual void show(const std::string& line) = 0;
  /// True once the work should stop at the next good moment, and keep what it has.
  virtual bool stop() = 0;
};

class Console;

/// Throws Error(usage) unless `text` is UTF-8; `what` begins the message ("the text").
void require_utf8(std::string_view text, std::string_view what);

inline constexpr const char* kDefaultSentence =
    "the animal didn't cross the street because it was too tired";

/// Options that every stage understands (docs/contract.md).
struct Common {
  std::vector<std::string> arguments;  ///< the whole command line
  std::set<std::string> given;         ///< the options that stand on it, the command's own too
  std::vector<GivenFile> files;        ///< all that it names to read and to write
  std::vector<std::string> text;       ///< the words of the positional argument
  std::string default_text;            ///< what stands for them where there are none
  std::string level = "word";
  std::string position = "none";
  std::int64_t seed = 1, dim = 8, precision = -1, threads = 1, repeat = 1,
               memory_limit = 0;  ///< in GB; 0: half of the machine's memory, at most 4
  SourceOptions source;
  std::string convention = "row", show, color = "auto", export_folder, input, weights, save_weights;
  std::vector<std::string> outputs;
  bool quiet = false, plain = false, json = false;
  bool timing = false, no_pager = false;
  Progress* progress = nullptr;  ///< may be null
  Console* console = nullptr;    ///< where a lesson is read and answered; may be null

  bool is_given(const std::string& option) const { return given.count(option) > 0; }
};

/// Adds them to a command's options; `stage` is false for commands that compute nothing.
void add_common_options(Cli& cli, Common& common, bool stage);

/// What a command computes in: the trace that it fills, its random numbers and parameters, and the
/// sentence or matrix that it was given.
class Stage {
 public:
  explicit Stage(const Common& options);
  Stage(const Stage&) = delete;

  Common common;  ///< a command may settle in it what the line leaves open (--position)
  Trace trace;
  Rng rng;
  Parameters parameters;
  Run run;  ///< with this trace and this generator

  std::size_t d() const { return static_cast<std::size_t>(common.dim); }
  bool has_text() const { return !common.text.empty(); }
  /// What X comes from (throws for options that do not fit it).
  const Source& source() const { return source_of(common); }

  /// The tokens of the sentence (or of the default one); also labels the axes with them.
  /// Throws Error(usage) if there are none, or the text is not UTF-8.
  const std::vector<std::string>& tokens();
  /// Ids of the tokens (n), and the vocabulary they count in. Notes `ids`.
  Tensor ids();
  const std::vector<std::string>& vocabulary();
  /// The embedding table (V,d). A word's random row depends on the word and the seed alone, so the
  /// same word has the same vector in every sentence. Notes `embedding`.
  Tensor embedding();
  /// X (n,d): what the source gives, plus --position. Notes how it was made, but not x itself: the
  /// model does. Positions that nobody asked for are only added to what has an order.
  Tensor x();
  /// The mask of what was read, where it has one (the bonds of a molecule), else empty.
  const Tensor& own_mask() const { return own_mask_; }
  void use_mask(Tensor mask) { own_mask_ = std::move(mask); }

  /// Throws Error(usage) if positions are asked for, in a stage that has no x to add them to.
  void refuse_positions() const;

  /// A parameter with deviation 1/sqrt(rows): numbers of about 1 stay at about 1.
  Tensor parameter(const std::string& path, const Shape& shape);

  /// Takes the steps noted since trace.items[first] out again, but for their parameters, and notes
  /// what they led to as one step that comes from `from` and these parameters. Their time and
  /// operations are its own.
  Tensor fold(std::size_t first, const Tensor& result, const char* path, const char* formula,
              std::initializer_list<const char*> axes, const char* from);

  /// Explains the step with this path (beside it, when shown).
  void explain(std::string_view path, std::string text);
  /// Says that two ways gave the same, with the largest difference; fails when above 1e-5 of the
  /// largest magnitude.
  void same(std::string claim, const Array& a, const Array& b);

  /// If scores under these paths are not finite: says how many, and what the softmax makes of them.
  void say_if_not_finite(const std::vector<std::string>& paths);

  /// Throws Error(limit) if about this many bytes would be needed and are not to be had.
  void require_memory(double bytes, const std::string& what) const;

 private:
  std::vector<std::string> tokens_, vocabulary_;
  Tensor ids_, own_mask_;
};

}  // namespace attn::app
