// The checker checked: every misconception of the catalogue, on twenty students' numbers, computed
// by another program from the formulas (tests/reference/make_homework_reference.py), is caught and
// named; nobody who is right is accused.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "app/homework/grade.h"
#include "app/misconceptions.h"
#include "attn/graph/trace.h"
#include "attn/io/json.h"
#include "attn/nn/attention.h"
#include "attn/nn/bert.h"
#include "attn/nn/graph_attention.h"
#include "attn/nn/mask.h"
#include "homework_support.h"

using namespace attn;
using namespace attn::app;
using namespace attn::app::homework;
using namespace homework_test;
using nlohmann::json;

namespace {

std::vector<json> cases() {
  return read_json(ATTN_REFERENCE_DIR "/homework/answers.json").get<std::vector<json>>();
}

Submission begun(const json& one) {
  Submission submission(one["sheet"].get<std::string>(), one["student"].get<std::string>());
  for (const auto& [step, rows] : one["right"].items()) submission.answer(step, csv_of(rows));
  return submission;
}

}  // namespace

TEST_CASE("homework: every misconception on twenty students' numbers is caught and named") {
  std::map<std::string, std::set<std::string>> students;
  std::size_t answers = 0, named_alone = 0;
  for (const json& one : cases()) {
    const Submission submission = begun(one);
    for (const json& wrong : one["wrong"]) {
      const std::string step = wrong[0], id = wrong[1];
      submission.answer(step, csv_of(wrong[2]));
      const StepResult graded = submission.grade_step(step);
      INFO(one["sheet"], " ", one["student"], " ", step, " ", id, ": ", graded.message);
      CHECK(graded.status == Status::wrong);
      CHECK(contains_id(graded, id));
      CHECK(graded.points == 0);
      submission.answer(step, csv_of(one["right"][step]));
      students[id].insert(one["student"].get<std::string>());
      named_alone += graded.misconceptions.size() == 1 ? 1 : 0;
      ++answers;
    }
  }
  for (const Misconception& one : misconceptions()) {
    CAPTURE(one.id);
    CHECK(students[std::string(one.id)].size() == 20);
  }
  CHECK(answers == 4207);
  // One student's scores of the padding are 0 by chance: two ideas about the mask give the same.
  CHECK(named_alone == answers - 2);
}

TEST_CASE("homework: right answers, rounded to the digits asked for, are right") {
  for (const json& one : cases()) {
    const Submission submission = begun(one);
    const Result result = submission.grade();
    CHECK(result.all_right());
    CHECK(result.score == doctest::Approx(result.max));
  }
}

TEST_CASE("homework: on paper, each step is computed from the rounded step before, and is right") {
  for (const Sheet& sheet : sheets()) {
    if (is_lab(sheet)) continue;
    for (int i = 0; i < 20; ++i) {
      const std::string student = "paper " + std::to_string(i);
      Submission submission(sheet.name, student);
      Values own = given_for({}, sheet, student);
      for (const SheetStep& step : sheet.steps) {
        const Array rounded = rounded_to(step.right(own), step.digits);
        submission.answer(step.name, csv_of(rounded));
        own.set(step.name, rounded);
      }
      CAPTURE(sheet.name);
      CHECK(submission.grade().all_right());
    }
  }
}

TEST_CASE("homework: a right answer is right in every form that says the same") {
  for (const Sheet& sheet : sheets()) {
    if (is_lab(sheet)) continue;
    const Values key = key_of(sheet, given_for({}, sheet, "ada"));
    for (const Form& form : equal_forms()) {
      Submission submission(sheet.name, "ada");
      for (const SheetStep& step : sheet.steps) {
        const auto [extension, bytes] = form.write(key[step.name].value(), step.digits);
        submission.write_answer(step.name + extension, bytes);
      }
      CAPTURE(sheet.name);
      CAPTURE(form.name);
      CHECK(submission.grade().all_right());
    }
  }
}

TEST_CASE("homework: the key of a head is what the model's own trace shows") {
  const Values key = key_of(head_sheet(), given_for({}, head_sheet(), "ada"));
  Trace trace;
  const AttentionParameters p{key["w_q"], key["w_k"], key["w_v"], {}};
  attention({nullptr, &trace, nullptr}, key["x"], p, Tensor(causal_mask(4)));
  const std::pair<const char*, const char*> kPaths[] = {
      {"q", "q"},          {"k", "k"}, {"v", "v"}, {"scores", "scores"}, {"causal", "weights"},
      {"output", "output"}};
  for (const auto& path : kPaths) {
    CAPTURE(path.first);
    CHECK(largest_difference(key[path.first].value(), trace.find(path.second)->values()) < 1e-6);
  }
}

TEST_CASE("homework: the key of many heads is what the model's own trace shows") {
  const Values key = key_of(heads_sheet(), given_for({}, heads_sheet(), "ada"));
  // X = [Q K V], and each projection picks its columns.
  Array x = empty({4, 18}), pick[3] = {zeros({18, 6}), zeros({18, 6}), zeros({18, 6})};
  for (std::size_t c = 0; c < 18; ++c) {
    const Array& from = key[c < 6 ? "q" : c < 12 ? "k" : "v"].value();
    for (std::size_t i = 0; i < 4; ++i) x(i, c) = from(i, c % 6);
    pick[c / 6](c, c % 6) = 1;
  }
  Trace trace;
  const AttentionParameters p{Tensor(pick[0]), Tensor(pick[1]), Tensor(pick[2]), key["w_o"]};
  multi_head_attention({nullptr, &trace, nullptr}, Tensor(x), p, 2, {});
  for (const char* step :
       {"q_heads", "k_heads", "v_heads", "scores", "weights", "context", "concat", "output"}) {
    CAPTURE(step);
    CHECK(largest_difference(key[step].value(), trace.find(step)->values()) < 1e-5);
  }
}

TEST_CASE("homework: the key of cross-attention is what the model's own trace shows") {
  const Values key = key_of(decoder_sheet(), given_for({}, decoder_sheet(), "ada"));
  Trace trace;
  const Run run{nullptr, &trace, nullptr};
  const AttentionParameters p{key["w_q"], key["w_k"], key["w_v"], {}};
  const Tensor context = attend(run, project(run, key["x"], key["memory"], p), {}, true, "memory");
  for (const char* step : {"q", "k", "v", "scores", "weights"}) {
    CAPTURE(step);
    CHECK(largest_difference(key[step].value(), trace.find(step)->values()) < 1e-6);
  }
  CHECK(largest_difference(key["context"].value(), context.value()) < 1e-6);
}

TEST_CASE("homework: the key of graph attention is what the model's own trace shows") {
  const Values key = key_of(graph_sheet(), given_for({}, graph_sheet(), "ada"));
  Trace trace;
  const Tensor a{reshaped(key["a"].value(), {key["a"].value().size()})};
  const Tensor output =
      graph_attention({nullptr, &trace, nullptr}, key["x"], {key["w"], a}, key["mask"]);
  for (const char* step : {"h", "scores", "weights"}) {
    CAPTURE(step);
    CHECK(largest_difference(key[step].value(), trace.find(step)->values()) < 1e-6);
  }
  CHECK(largest_difference(key["output"].value(), output.value()) < 1e-6);
}

TEST_CASE("homework: the key of BERT's inputs is what the model's own trace shows") {
  const Values key = key_of(bert_sheet(), given_for({}, bert_sheet(), "ada"));
  Parameters parameters(Rng(1));
  parameters.give("token_embedding", key["token"]);
  parameters.give("segment_embedding", key["segment"]);
  parameters.give("position_embedding", key["position"]);
  const Bert bert({.vocabulary = 12,
                   .width = 4,
                   .heads = 1,
                   .ff = 4,
                   .layers = 0,
                   .positions = 8,
                   .pooler = false,
                   .mlm = false,
                   .nsp = false},
                  parameters);
  Trace trace;
  bert.embed({nullptr, &trace, nullptr}, Tensor::ids(reshaped(key["ids"].value(), {8})),
             Tensor::ids(reshaped(key["segments"].value(), {8})));
  CHECK(largest_difference(key["x"].value(), trace.find("sum")->values()) < 1e-6);
}

TEST_CASE("homework: help names no number of the key") {
  for (const Misconception& one : misconceptions()) {
    CAPTURE(one.id);
    CHECK(find_misconception(one.id) == &one);
    CHECK((one.help.ends_with(".") || one.help.ends_with("?")));
    CHECK(one.help.size() > 40);
    CHECK_FALSE(one.mistake.ends_with("."));
  }
  CHECK(find_misconception("scale") == nullptr);
}
