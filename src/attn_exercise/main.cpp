// The test program of an exercise: `list` prints the cases, a number runs one of them. It speaks
// JSON on standard output, with the program that started it, and with the learner's process through
// two pipes; it holds no code of the learner's.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "attn_exercise/outcome.h"
#include "attn_exercise/wire.h"

namespace {

using nlohmann::json;

void print(const json& document) {
  const std::string text = document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

/// doctest's view of one case as one line of JSON.
class Report : public doctest::IReporter {
 public:
  explicit Report(const doctest::ContextOptions&) {}

  void report_query(const doctest::QueryData& query) override {
    json cases = json::array();
    for (unsigned i = 0; i < query.num_data; ++i) {
      const char* worth = query.data[i]->m_description;
      cases.push_back({{"name", query.data[i]->m_name}, {"points", worth ? std::atoi(worth) : 1}});
    }
    print(cases);
  }
  void test_run_end(const doctest::TestRunStats& stats) override {
    attn_exercise::Outcome& o = attn_exercise::outcome();
    if (stats.numTestCasesFailed > 0 && o.status == "right") o.status = "wrong";
    print({{"status", o.status},
           {"message", o.message},
           {"misconceptions", o.misconceptions},
           {"function", o.function},
           {"arguments", o.arguments},
           {"yours", o.yours},
           {"expected", o.expected}});
  }
  /// CHECK and REQUIRE of doctest itself: the words of INFO, else the expression.
  void log_assert(const doctest::AssertData& data) override {
    if (!data.m_failed || !attn_exercise::outcome().message.empty()) return;
    std::string words;
    for (int i = 0; i < get_num_active_contexts(); ++i) {
      std::ostringstream text;
      get_active_contexts()[i]->stringify(&text);
      words += (words.empty() ? "" : "; ") + text.str();
    }
    attn_exercise::outcome().status = "wrong";
    attn_exercise::outcome().message = words.empty() ? data.m_expr : words;
  }
  void test_case_exception(const doctest::TestCaseException& e) override {
    if (!attn_exercise::outcome().message.empty()) return;
    attn_exercise::outcome().status = "wrong";
    attn_exercise::outcome().message = e.error_string.c_str();
  }
  void test_run_start() override {}
  void test_case_start(const doctest::TestCaseData&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

REGISTER_REPORTER("attn", 1, Report);

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  prctl(PR_SET_DUMPABLE, 0);  // other processes of the user may not look into this one
  std::signal(SIGPIPE, SIG_IGN);
  doctest::Context context;
  context.setOption("reporters", "attn");
  context.setOption("order-by", "file");
  context.setOption("no-path-filenames", true);
  if (std::string(argv[1]) == "list") {
    const char* const words[] = {argv[0], "--list-test-cases"};
    context.applyCommandLine(2, words);
  } else {
    // Now the learner's process may begin: it waits for this byte.
    if (write(attn_exercise::kCalls, "", 1) != 1) return 2;
    const int which = std::atoi(argv[1]) + 1;
    context.setOption("first", which);
    context.setOption("last", which);
  }
  context.run();
  return 0;
}
