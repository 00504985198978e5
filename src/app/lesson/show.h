#pragma once
// The parts of a lesson as text for a terminal, or (options.plain) to be read aloud.
#include <string>

#include "app/lesson/reading.h"
#include "attn/render/render.h"

namespace attn::app {

std::string show_markdown(std::string_view markdown, const RenderOptions& options);
/// A text block, or any text whose line breaks are kept.
std::string show_text(const std::string& text, const RenderOptions& options);
/// The command line and what it gave.
std::string show_run(const LessonRun& run, const RenderOptions& options);
/// Two of them side by side, or below each other where that is too narrow. `left` may be null.
std::string show_beside(const LessonRun* left, const LessonRun& right,
                        const RenderOptions& options);
/// Every claim with a tick, or with what was found.
std::string show_claims(const CheckBlock& checks, const Traces& traces,
                        const RenderOptions& options);
/// The question with its choices.
std::string show_question(const Question& question, const RenderOptions& options);
/// An answer with its reason.
std::string show_answer(const Question& question, const Answer& answer,
                        const RenderOptions& options);
/// A paragraph, `label` in bold before it.
std::string show_line(const std::string& label, const std::string& text,
                      const RenderOptions& options);
/// "05  Attention is a weighted look-up", and the minutes.
std::string show_title(const std::string& number, const Lesson& lesson,
                       const RenderOptions& options);

/// The trace as a lesson shows it: without times, which differ from run to run.
Trace without_times(const Trace& trace);
/// The run's own --show, --quiet, --precision and --convention on top of these.
RenderOptions options_for(const LessonRun& run, RenderOptions options);

/// How a claim fares on the last run; what cannot be tested there says why.
struct ClaimState {
  enum class Kind { holds, fails, not_there };
  Kind kind = Kind::holds;
  std::string found;
};
ClaimState state_of(const CheckBlock::Row& row, const Traces& traces);

}  // namespace attn::app
