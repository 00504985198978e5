// The words that learners come with: each leads to a lesson and a command.
#include "app/frame/terms.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/frame/data.h"
#include "app/frame/execute.h"
#include "app/lesson/library.h"
#include "attn/text/shell_words.h"
#include "program/process.h"

using namespace attn;
using attn::app::Term;
using attn::test::contains;
using attn::test::expect;
using attn::test::lines;
using attn::test::Words;

namespace {

/// The terms that the course promises, in English and in Chinese.
const std::vector<std::pair<std::string, std::string>> kPromised = {
    {"attention", "注意力"},
    {"self-attention", "自注意力"},
    {"query", "查询"},
    {"key", "键"},
    {"value", "值"},
    {"score function", "打分函数"},
    {"additive", "加性"},
    {"scaled dot-product", "缩放点积"},
    {"bilinear", "双线性"},
    {"multi-head", "多头"},
    {"head", "头"},
    {"positional encoding", "位置编码"},
    {"residual connection", "残差连接"},
    {"layer normalization", "层归一化"},
    {"feed-forward", "前馈"},
    {"encoder", "编码器"},
    {"decoder", "解码器"},
    {"mask", "掩码"},
    {"causal mask", "因果掩码"},
    {"padding", "填充"},
    {"teacher forcing", "教师强制"},
    {"greedy decoding", "贪心解码"},
    {"beam search", "束搜索"},
    {"embedding", "嵌入"},
    {"one-hot", "独热"},
    {"receptive field", "感受野"},
    {"recurrent neural network", "循环神经网络"},
    {"convolution", "卷积"},
    {"sequence to sequence", "序列到序列"},
    {"context vector", "上下文向量"},
    {"hard attention", "硬性注意力"},
    {"soft attention", "软性注意力"},
    {"masked language model", "掩码语言模型"},
    {"next sentence prediction", "下一句预测"},
    {"fine-tuning", "微调"},
    {"pre-training", "预训练"},
};

bool has_table(const Trace& trace, const std::string& name) {
  for (const Item& item : trace.items) {
    const auto* table = std::get_if<Table>(&item);
    if (table && table->name == name && !table->rows.empty()) return true;
  }
  return false;
}

/// The title and the headings of a lesson.
std::vector<std::string> headings(std::string_view lesson) {
  std::vector<std::string> out;
  for (const std::string& line : lines(lesson)) {
    for (const std::string mark : {"title: ", "## "})
      if (line.starts_with(mark)) out.push_back(line.substr(mark.size()));
  }
  return out;
}

}  // namespace

TEST_CASE("terms: every promised term is found, in English and in Chinese") {
  for (const auto& [english, chinese] : kPromised) {
    INFO(english, " ", chinese);
    const Term* term = app::find_term(english);
    REQUIRE(term);
    CHECK(term->chinese == chinese);
    CHECK(app::find_term(chinese) == term);
    for (const std::string& word : {english, chinese}) {
      CHECK(app::terms_with(word).front() == term);
      CHECK(has_table(app::compute(Words{"terms", word}), "terms"));
      CHECK(has_table(app::compute(Words{"lesson", "search", word}), "terms"));
    }
  }
}

TEST_CASE("terms: each one's lesson is there, its command is one, and no name has two terms") {
  const app::Library library("");
  std::set<std::string> slugs, names;
  for (const app::LessonEntry& entry : library.entries()) slugs.insert(entry.number());
  CHECK(app::terms().size() > 90);
  for (const Term& term : app::terms()) {
    INFO(term.english, ": attn lesson ", term.lesson, ", attn ", term.command);
    CHECK(slugs.contains(term.lesson));
    CHECK_NOTHROW(app::parse_command_line(attn::shell_words(term.command)));
    CHECK_FALSE(term.meaning.empty());
    for (const std::string& name : term.names()) {
      INFO(name);
      CHECK(app::find_term(name) == &term);
    }
  }
}

TEST_CASE("terms: every heading of the lessons is found, by terms and by lesson search") {
  const app::Library library("");
  for (const app::LessonEntry& entry : library.entries()) {
    for (const std::string& heading : headings(library.text(entry))) {
      INFO(entry.slug, ": ", heading);
      CHECK(has_table(app::compute(Words{"terms", heading}), "headings"));
      CHECK(has_table(app::compute(Words{"lesson", "search", heading}), "found"));
    }
  }
}

TEST_CASE("terms: words that no lesson has lead to a lesson all the same") {
  for (const char* word : {"truncated", "GNN", "Conformer", "key-value", "regression", "GLUE",
                           "注意力", "Layer Norm", "self attention", "multi head attention"}) {
    INFO(word);
    expect({"lesson", "search", word}, 0, "attn lesson ");
    expect({"terms", word}, 0, "attn lesson ");
  }
  expect({"lesson", "search", "attenntion"}, 0, "attention");
  expect({"terms", "beem search"}, 0, "Nearly: beam search");
  expect({"terms", "zzzzzzzz"}, 0, "No term is called so");
  expect({"terms", "query", "--notes"}, 2, "--notes together with a word");
}

TEST_CASE("terms: a term in the place of a command is answered with the command that shows it") {
  expect({"注意力"}, 2, "did you mean: attn attend?");
  expect({"GRU"}, 2, "did you mean: attn rnn --cell gru?");
  expect({"glue"}, 2, "did you mean: attn bert finetune");
  expect({"residual"}, 2, "did you mean: attn encoder?");
}

TEST_CASE("notes: every command beside a wrong sentence is one that runs") {
  const std::vector<std::string> page = lines(app::data_file("docs/notes.md"));
  std::size_t commands = 0, sentences = 0;
  for (const std::string& line : page) {
    sentences += line.starts_with("## ") ? 1 : 0;
    if (!line.starts_with("    attn ")) continue;
    ++commands;
    INFO(line);
    CHECK_NOTHROW(app::compute(attn::shell_words(line.substr(9))));
  }
  CHECK(sentences >= 15);
  CHECK(commands >= sentences);
  const auto result = expect({"terms", "--notes", "--plain"}, 0, "In cross-attention the query");
  for (const char* words : {"Markov", "Bahdanau", "exploding", "H = V softmax", "set to 0"}) {
    INFO(words);
    CHECK(contains(result.out, words));
  }
}
