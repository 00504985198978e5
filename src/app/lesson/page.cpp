#include "app/lesson/page.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "app/lesson/page_parts.h"
#include "app/lesson/show.h"
#include "attn/core/error.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/render/heatmap.h"
#include "attn/render/html_parts.h"
#include "attn/render/json_writer.h"
#include "attn/text/shell_words.h"

namespace attn::app {

namespace {

class LessonPage {
 public:
  LessonPage(Reading& reading, const std::string& number, const std::string& language)
      : reading_(reading), number_(number), language_(language) {}

  std::string write() {
    const Lesson& lesson = reading_.lesson();
    const std::string title = fmt::format("Lesson {}: {}", number_, lesson.title);
    out_ += html_head({.language = language_, .title = title, .style = "lesson.css"});
    add("<body><main>\n<h1>{}</h1>\n", markup(title));
    out_ += html_defs();
    add("<p class=\"facts\">{}{}</p>\n", how_many(lesson.minutes, "minute"),
        lesson.needs.empty()
            ? ""
            : markup(fmt::format("; needs lesson {}", joined(lesson.needs, ", "))));
    for (std::size_t i = 0; i < reading_.blocks().size(); ++i) {
      if (!std::holds_alternative<CheckBlock>(reading_.blocks()[i])) unfold();
      std::visit([&](const auto& block) { put(block, i); }, reading_.blocks()[i]);
    }
    unfold();
    add("</main></body></html>\n");
    return std::move(out_);
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void put(const ProseBlock&, std::size_t i) { out_ += markdown_html(reading_.prose(i)); }
  void put(const ScreenEnd&, std::size_t) { add("<hr>\n"); }
  void put(const TextBlock& block, std::size_t) { add("<pre>{}</pre>\n", markup(block.text)); }
  void put(const ExerciseBlock& block, std::size_t) {
    add("<p>Exercise: <code>attn exercise start {}</code></p>\n", markup(block.name));
  }
  void put(const RunBlock& block, std::size_t i) {
    const LessonRun& run = reading_.run(i);
    const bool answers = std::exchange(asked_, false);
    if (block.hidden) return;
    if (answers) add("<details class=\"result\"><summary>Show the result</summary>\n");
    folded_ = answers;
    if (const LessonRun* left = reading_.beside(i)) out_ += run_html(*left);
    out_ += run_html(run);
  }
  /// Ends what is folded: a result that answers a question, with its claims.
  void unfold() {
    if (std::exchange(folded_, false)) add("</details>\n");
  }
  void put(const CheckBlock& block, std::size_t i) {
    const Traces traces = reading_.traces(i);
    for (const CheckBlock::Row& row : block.rows) {
      const ClaimState state = state_of(row, traces);
      const bool holds = state.kind == ClaimState::Kind::holds;
      out_ += html_check(holds, holds ? row.shown : row.shown + " (" + state.found + ")");
    }
  }
  void put(const AskBlock& block, std::size_t i) {
    const Question& q = block.question;
    const Traces traces = reading_.traces(i);
    asked_ = true;
    add("<section class=\"ask\">\n<p><b>Question.</b></p>\n{}", markdown_html(q.text));
    if (!q.choices.empty()) add("<ol>\n");
    for (const auto& choice : q.choices) add("<li>{}</li>\n", markdown_html(choice.text));
    if (!q.choices.empty()) add("</ol>\n");
    for (std::size_t k = 0; k < q.hints.size(); ++k)
      add("<details><summary>Hint {} of {}</summary>{}</details>\n", k + 1, q.hints.size(),
          markdown_html(q.hints[k]));
    add("<details><summary>Answer</summary><p><b>{}</b></p>\n{}", markup(answer_of(q, traces).text),
        markdown_html(q.why));
    for (const auto& choice : q.choices) {
      if (!test(choice.when, traces).holds)
        add("<div class=\"wrong\"><p>Not “{}”:</p> {}</div>\n", markup(choice.text),
            markdown_html(betrayal_text(choice.betrays)));
    }
    add("</details>\n</section>\n");
  }

  Reading& reading_;
  const std::string& number_;
  const std::string& language_;
  std::string out_;
  bool asked_ = false;   // a question stands before the next result
  bool folded_ = false;  // that result is being written
};

/// The blocks of a lesson as JSON.
class LessonDocument {
 public:
  explicit LessonDocument(Reading& reading) : reading_(reading) {}

  std::string write(const std::string& slug, const std::string& language) {
    const Lesson& lesson = reading_.lesson();
    w_.begin_object();
    w_.key("format");
    w_.whole(1);
    text("lesson", slug);
    text("language", language);
    text("title", lesson.title);
    w_.key("minutes");
    w_.whole(lesson.minutes);
    list("needs", lesson.needs);
    w_.key("blocks");
    w_.begin_array();
    for (std::size_t i = 0; i < reading_.blocks().size(); ++i) {
      w_.new_line();
      w_.begin_object();
      std::visit([&](const auto& block) { put(block, i); }, reading_.blocks()[i]);
      w_.end_object();
    }
    w_.end_array();
    w_.end_object();
    return w_.take() + "\n";
  }

 private:
  void text(const char* key, std::string_view value) {
    w_.key(key);
    w_.text(value);
  }
  void list(const char* key, const std::vector<std::string>& values) {
    w_.key(key);
    w_.begin_array();
    for (const std::string& value : values) w_.text(value);
    w_.end_array();
  }
  void put(const ProseBlock&, std::size_t i) {
    text("kind", "prose");
    text("text", reading_.prose(i));
  }
  void put(const ScreenEnd&, std::size_t) { text("kind", "end of screen"); }
  void put(const TextBlock& block, std::size_t) {
    text("kind", "text");
    text("text", block.text);
  }
  void put(const ExerciseBlock& block, std::size_t) {
    text("kind", "exercise");
    text("name", block.name);
  }
  void put(const RunBlock& block, std::size_t i) {
    text("kind", "run");
    text("name", block.name);
    list("command", reading_.run(i).words);
    w_.key("hidden");
    w_.boolean(block.hidden);
  }
  void put(const CheckBlock& block, std::size_t i) {
    text("kind", "check");
    w_.key("claims");
    w_.begin_array();
    for (const CheckBlock::Row& row : block.rows) {
      const ClaimState state = state_of(row, reading_.traces(i));
      w_.begin_object();
      text("claim", row.source);
      text("shown", row.shown);
      w_.key("holds");
      w_.boolean(state.kind == ClaimState::Kind::holds);
      text("found", state.found);
      w_.end_object();
    }
    w_.end_array();
  }
  void put(const AskBlock& block, std::size_t i) {
    const Question& q = block.question;
    text("kind", "ask");
    text("question", q.text);
    std::vector<std::string> choices;
    for (const auto& choice : q.choices) choices.push_back(choice.text);
    list("choices", choices);
    list("hints", q.hints);
    text("answer", answer_of(q, reading_.traces(i)).text);
    text("why", q.why);
  }

  Reading& reading_;
  JsonWriter w_;
};

}  // namespace

std::string lesson_page(Reading& reading, const std::string& number, const std::string& language) {
  return LessonPage(reading, number, language).write();
}

std::string lesson_document(Reading& reading, const std::string& slug,
                            const std::string& language) {
  return LessonDocument(reading).write(slug, language);
}

}  // namespace attn::app
