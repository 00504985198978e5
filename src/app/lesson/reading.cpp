#include "app/lesson/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "app/frame/interrupt.h"
#include "attn/core/error.h"

namespace attn::app {

namespace {

void require_harmless(const Parsed& parsed) {
  if (parsed.command->kind == CommandKind::course)
    throw Error(ErrorKind::bad_input,
                fmt::format("a lesson does not run \"{}\"", parsed.common.arguments[0]),
                "name the command in the prose");
  for (const GivenFile& file : parsed.common.files) {
    if (file.use == FileUse::writes)
      throw Error(ErrorKind::bad_input, fmt::format("a lesson writes no files: {}", file.option),
                  "name the command in the prose");
  }
}

}  // namespace

LessonRun run_for_lesson(const std::vector<std::string>& words, Progress* progress) {
  const auto start = std::chrono::steady_clock::now();
  Parsed parsed = parse_command_line(words);
  require_harmless(parsed);
  LessonRun out;
  parsed.common.progress = progress;
  out.trace = compute(parsed);
  out.words = words;
  out.common = parsed.common;
  out.common.progress = nullptr;
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

Reading::Reading(Lesson lesson, Watch watch, Watch watch_change)
    : lesson_(std::move(lesson)), watch_(std::move(watch)), watch_change_(std::move(watch_change)) {
  if (!watch_change_) watch_change_ = watch_;
}

LessonRun Reading::compute(const std::vector<std::string>& words, const Watch& watch) {
  const std::unique_ptr<Progress> watcher = watch ? watch() : nullptr;
  LessonRun out = run_for_lesson(words, watcher.get());
  if (out.trace.interrupted) throw Interrupted{};
  return out;
}

const LessonRun& Reading::own(std::size_t block) {
  const auto found = runs_.find(block);
  if (found != runs_.end()) return found->second;
  LessonRun run = compute(std::get<RunBlock>(lesson_.blocks[block]).words, watch_);
  return runs_[block] = std::move(run);
}

const LessonRun& Reading::run(std::size_t block) {
  const auto found = replaced_.find(block);
  return found != replaced_.end() ? found->second : own(block);
}

const LessonRun* Reading::beside(std::size_t block) {
  const std::string& name = std::get<RunBlock>(lesson_.blocks[block]).beside;
  for (std::size_t i = 0; i < block && !name.empty(); ++i) {
    const auto* other = std::get_if<RunBlock>(&lesson_.blocks[i]);
    if (other && other->name == name) return &run(i);
  }
  return nullptr;
}

void Reading::replace(std::size_t block, const std::vector<std::string>& words) {
  if (words == std::get<RunBlock>(lesson_.blocks[block]).words) {
    replaced_.erase(block);
    return;
  }
  LessonRun run = compute(words, watch_change_);
  replaced_[block] = std::move(run);
}

CheckBlock Reading::claims_about_own(std::size_t block) const {
  CheckBlock out = std::get<CheckBlock>(lesson_.blocks[block]);
  if (replaced_.count(run_before(block)) > 0) out.rows.clear();
  for (const auto& [place, run] : replaced_) {
    const std::string& name = std::get<RunBlock>(lesson_.blocks[place]).name;
    if (name.empty()) continue;
    std::erase_if(out.rows, [&](const CheckBlock::Row& row) {
      return row.source.find(name + "::") != std::string::npos;
    });
  }
  return out;
}

std::size_t Reading::run_before(std::size_t block) const {
  for (std::size_t i = std::min(block + 1, lesson_.blocks.size()); i-- > 0;) {
    if (std::holds_alternative<RunBlock>(lesson_.blocks[i])) return i;
  }
  return npos;
}

std::size_t Reading::run_after(std::size_t block) const {
  for (std::size_t i = block; i < lesson_.blocks.size(); ++i) {
    if (std::holds_alternative<RunBlock>(lesson_.blocks[i])) return i;
  }
  return npos;
}

Traces Reading::traces(std::size_t block) {
  const bool asks = std::holds_alternative<AskBlock>(lesson_.blocks[block]);
  const std::size_t at = asks ? run_after(block) : run_before(block);
  Traces out;
  const auto result = [this, asks](std::size_t i) { return asks ? &own(i).trace : &run(i).trace; };
  if (at != npos) out.last = result(at);
  out.named = [this, block, at, result](const std::string& name) -> const Trace* {
    for (std::size_t i = 0; i < lesson_.blocks.size(); ++i) {
      const auto* named = std::get_if<RunBlock>(&lesson_.blocks[i]);
      if (named && named->name == name && (i < block || i == at)) return result(i);
    }
    return nullptr;
  };
  return out;
}

std::string Reading::prose(std::size_t block) {
  const auto& prose = std::get<ProseBlock>(lesson_.blocks[block]);
  std::string out;
  for (const ProsePiece& piece : prose_pieces(prose, lesson_.source)) {
    if (!piece.is_value) {
      out += piece.text;
      continue;
    }
    try {
      out += number_in_prose(evaluate(piece.value, traces(block)), piece.decimals);
    } catch (const Error&) {
      out += "?";  // the learner's own sentence may not have what the lesson's has
    }
  }
  return out;
}

}  // namespace attn::app
