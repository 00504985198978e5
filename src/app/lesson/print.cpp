#include "app/lesson/print.h"

#include "app/lesson/session.h"
#include "app/lesson/show.h"
#include "attn/core/error.h"

namespace attn::app {

namespace {

class Printer {
 public:
  Printer(Reading& reading, const RenderOptions& options,
          const std::function<void(std::string_view)>& write)
      : reading_(reading), options_(options), write_(write) {}

  void print(std::size_t i) {
    std::visit([&](const auto& block) { put(block, i); }, reading_.blocks()[i]);
  }
  void say(const std::string& text) { write_(text + "\n"); }

 private:
  void put(const ProseBlock&, std::size_t i) { say(show_markdown(reading_.prose(i), options_)); }
  void put(const ScreenEnd&, std::size_t) {}
  void put(const TextBlock& block, std::size_t) { say(show_text(block.text, options_)); }
  void put(const ExerciseBlock& block, std::size_t) {
    say(show_line("Exercise:", "`attn exercise start " + block.name + "`", options_));
  }
  void put(const AskBlock& block, std::size_t i) {
    say(show_question(block.question, options_));
    asked_.push_back(i);
  }
  void put(const RunBlock& block, std::size_t i) {
    const LessonRun& run = reading_.run(i);
    if (!block.hidden) say(show_beside(reading_.beside(i), run, options_));
    for (const std::size_t question : asked_) {
      const Question& q = std::get<AskBlock>(reading_.blocks()[question]).question;
      say(show_answer(q, answer_of(q, reading_.traces(question)), options_));
    }
    asked_.clear();
  }
  void put(const CheckBlock& block, std::size_t i) {
    say(show_claims(block, reading_.traces(i), options_));
  }

  Reading& reading_;
  const RenderOptions& options_;
  const std::function<void(std::string_view)>& write_;
  std::vector<std::size_t> asked_;  // questions whose answer comes with the next run
};

}  // namespace

void print_lesson(Reading& reading, const std::string& number, const RenderOptions& options,
                  const std::function<void(std::string_view)>& write, std::size_t first) {
  Printer printer(reading, options, write);
  printer.say(show_title(number, reading.lesson(), options));
  const std::vector<Screen> screens = screens_of(reading.lesson());
  const std::size_t begin = first < screens.size() ? screens[first].blocks[0] : 0;
  for (std::size_t i = begin; i < reading.blocks().size(); ++i) printer.print(i);
}

}  // namespace attn::app
