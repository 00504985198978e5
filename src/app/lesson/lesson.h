#pragma once
// A lesson as it is written (docs/lessons.md): parsed, not run.
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/lesson/question.h"

namespace attn::app {

struct ProseBlock {
  std::string markdown;  ///< with {{...}} in it
  std::size_t line = 0;
};
/// The line "---".
struct ScreenEnd {
  std::size_t line = 0;
};
struct RunBlock {
  std::string name;  ///< or ""
  bool hidden = false;
  std::string beside;              ///< a run before it that is shown on its left, or ""
  std::string command;             ///< as written, without "attn"
  std::vector<std::string> words;  ///< the same as a shell splits it
  std::size_t line = 0;
};
struct CheckBlock {
  struct Row {
    Claim claim;
    std::string source;
    std::string shown;  ///< what the learner reads: the text behind #, or the claim itself
    std::size_t line = 0;
  };
  std::vector<Row> rows;
  std::size_t line = 0;
};
struct AskBlock {
  Question question;
  std::size_t line = 0;
};
struct TextBlock {
  std::string text;
  std::size_t line = 0;
};
struct ExerciseBlock {
  std::string name;
  std::size_t line = 0;
};
using LessonBlock =
    std::variant<ProseBlock, ScreenEnd, RunBlock, CheckBlock, AskBlock, TextBlock, ExerciseBlock>;

struct Lesson {
  std::string source;  ///< the file, for messages
  std::string title;
  std::vector<std::string> needs;  ///< numbers of lessons: "04"
  int minutes = 0;
  bool core = false;  ///< on the short way through the course
  std::vector<LessonBlock> blocks;

  /// "lessons/05-attention/lesson.md:12".
  std::string place(std::size_t line) const { return source + ":" + std::to_string(line); }
};

std::size_t line_of(const LessonBlock& block);

/// Throws Error(bad_input) with file and line for what is no lesson, Error(limit) for one of more
/// than a megabyte or a thousand blocks.
Lesson parse_lesson(std::string_view text, const std::string& source);

/// A piece of prose: text as it stands, or a {{value}} with its number of decimals (-1: not given).
struct ProsePiece {
  std::string text;
  bool is_value = false;
  Expression value;
  int decimals = -1;
  std::size_t line = 0;
};
/// Throws Error(bad_input) for a {{ without }} and for what is no value.
std::vector<ProsePiece> prose_pieces(const ProseBlock& prose, const std::string& source);

}  // namespace attn::app
