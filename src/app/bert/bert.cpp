#include "app/bert/bert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/frame/data.h"
#include "attn/core/error.h"
#include "attn/core/gemm.h"
#include "attn/core/how_many.h"
#include "attn/core/joined.h"
#include "attn/nn/generate.h"

namespace attn::app {

BertCheckpoint find_bert(Stage& s, const std::string& folder, std::optional<bool> uncased) {
  s.trace.parameters = Origin::learnt;
  const std::string own = "stories-bert";
  BertCheckpoint bert =
      folder.empty()
          ? load_bert(
                {.folder = own,
                 .config = data_file(own + "/config.json"),
                 .tokenizer = {.vocabulary = data_file(own + "/vocab.txt"),
                               .config = data_file(own + "/tokenizer_config.json")},
                 .weights = {{own + "/model.safetensors", data_file(own + "/model.safetensors")}}},
                uncased)
          : load_bert(folder, uncased);
  for (const std::string& remark : bert.remarks) s.trace.say(remark);
  return bert;
}

namespace {

using Ids = std::vector<std::size_t>;

/// The pieces between the marks: of "[CLS] a [SEP] b [SEP]" those of a and those of b.
std::vector<Ids> between_marks(const PieceVocabulary& vocabulary, Ids ids) {
  if (!ids.empty() && ids.front() == vocabulary.cls()) ids.erase(ids.begin());
  if (!ids.empty() && ids.back() == vocabulary.sep()) ids.pop_back();
  std::vector<Ids> out(1);
  for (const std::size_t id : ids) {
    if (id == vocabulary.sep()) {
      out.emplace_back();
    } else {
      out.back().push_back(id);
    }
  }
  return out;
}

}  // namespace

BertInput bert_input(const PieceVocabulary& vocabulary, const WordRules& rules,
                     const std::vector<std::string>& texts, std::size_t most) {
  std::vector<Ids> pieces;
  for (const std::string& text : texts) {
    require_utf8(text, "the text");
    for (Ids& ids : between_marks(vocabulary, encode_pieces(vocabulary, text, rules)))
      pieces.push_back(std::move(ids));
  }
  if (pieces.empty() || pieces.size() > 2) {
    throw Error(ErrorKind::usage,
                pieces.empty() ? "no text"
                               : fmt::format("{} texts, but BERT reads one or two", pieces.size()),
                "write each in quotes: 'the cook eats' 'he is happy'");
  }
  std::size_t length = 1;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].empty()) {
      throw Error(ErrorKind::usage,
                  fmt::format("{} has no words", pieces.size() == 1 ? "the text"
                                                 : i == 0           ? "text A"
                                                                    : "text B"),
                  "write a sentence in quotes, such as 'the cook eats soup'");
    }
    length += pieces[i].size() + 1;
  }
  if (length > most) {
    throw Error(ErrorKind::usage,
                fmt::format("{} pieces with [CLS] and [SEP], but the model knows {} positions",
                            length, most),
                "a learned position exists only for places seen in training: use less text");
  }
  return attn::bert_input(vocabulary, pieces[0], pieces.size() > 1 ? pieces[1] : Ids{});
}

std::string piece_name(const PieceVocabulary& vocabulary, std::size_t id) {
  return id < vocabulary.size() ? vocabulary.piece(id) : "[unused]";
}

std::vector<std::string> piece_names(const PieceVocabulary& vocabulary,
                                     const std::vector<std::size_t>& ids) {
  std::vector<std::string> out;
  for (const std::size_t id : ids) out.push_back(piece_name(vocabulary, id));
  return out;
}

Tensor embed_input(Stage& s, const Bert& model, const PieceVocabulary& vocabulary,
                   const BertInput& input) {
  const std::vector<std::string> labels = piece_names(vocabulary, input.ids);
  s.trace.tokens = labels;
  for (const char* axis : {"token", "query", "key"}) s.trace.labels[axis] = labels;
  s.trace.labels["word"] = vocabulary.pieces();
  s.trace.labels["word"].resize(model.sizes().vocabulary, "[unused]");
  s.trace.labels["segment"] = {"A", "B"};
  s.trace.labels["answer"] = {"follows", "does not"};
  s.trace.restart_clock();
  const Tensor ids = word_ids(input.ids), segments = word_ids(input.segments);
  note(s.run, "ids", "the line of each piece in vocab.txt, from 0", {"token"}, ids);
  note(s.run, "segment_ids", "0: sentence A, 1: sentence B", {"token"}, segments);
  return model.embed(s.run, ids, segments);
}

Tensor read_input(Stage& s, const BertCheckpoint& bert, const BertInput& input) {
  const BertSizes& z = bert.model.sizes();
  const double n = double(input.length());
  s.require_memory(
      sizeof(real) * double(z.layers) *
          (2.0 * double(z.heads) * n * n + n * (20.0 * double(z.width) + 3.0 * double(z.ff))),
      fmt::format("every step of {} over {} tokens", how_many(z.layers, "block"), input.length()));
  const Tensor output =
      bert.model.encode(s.run, embed_input(s, bert.model, bert.vocabulary, input), {});
  require_finite(s.trace, output);
  return output;
}

void require_finite(const Trace& trace, const Tensor& result) {
  const auto finite = [](const Array& values) {
    return std::all_of(values.begin(), values.end(), [](real x) { return std::isfinite(x); });
  };
  if (finite(result.value())) return;
  std::string where = "the result";
  for (const Step* step : trace.steps()) {
    if (finite(step->values())) continue;
    where = step->path;
    break;
  }
  throw Error(ErrorKind::bad_input,
              fmt::format("{} is not finite: with these weights the model gives no answer", where),
              "the numbers of the checkpoint are damaged or too large; get it again");
}

void show_only(Trace& trace, const std::function<bool(const std::string& path)>& shown) {
  std::size_t hidden = 0;
  for (Item& item : trace.items) {
    auto* step = std::get_if<Step>(&item);
    if (!step) continue;
    const bool is_map = step->path.ends_with("attention.weights");
    step->look = !shown(step->path) ? Look::hidden : is_map ? Look::map : Look::numbers;
    hidden += step->look == Look::hidden;
  }
  if (hidden == 0) return;
  trace.say(
      fmt::format("{} further steps are not shown: --show '*' shows all, --show 'layer.0.*' "
                  "those of the first block. --json and --export give them to programs.",
                  hidden));
}

void bind_bert_text(Cli& cli, BertTextOptions& o) {
  cli.input_file(
      "--checkpoint", o.checkpoint, "DIR",
      "a folder with config.json, vocab.txt and model.safetensors; without it, the small "
      "model of the program's own, which learnt short stories");
  bind_letters(cli, o.letters);
  cli.integer("--seed", o.seed, 0, std::int64_t{1} << 62, "random numbers of this seed");
  cli.integer("--threads", o.threads, 1, 1024, "processors to compute on");
  cli.positional("text", o.text, "one or two texts, each in quotes");
}

BertCheckpoint begin_bert(Stage& s, const BertTextOptions& o) {
  set_threads(static_cast<int>(o.threads));
  s.trace.threads = static_cast<int>(o.threads);
  s.trace.seed = static_cast<std::uint64_t>(o.seed);
  return find_bert(s, o.checkpoint, asked_uncased(o.letters));
}

void say_unknown(Trace& trace, const BertCheckpoint& bert, const std::vector<std::string>& texts,
                 bool own) {
  constexpr std::size_t kMost = 10;  // told by name
  std::vector<std::string> unknown;
  for (const std::string& text : texts) {
    for (const std::string& word : basic_words(text, bert.rules)) {
      const std::string shown = fmt::format("\"{}\"", escaped(word));
      const bool is_unknown =
          word != "[UNK]" && word_pieces(bert.vocabulary, word).ids ==
                                 std::vector<std::size_t>{bert.vocabulary.unknown()};
      if (is_unknown && std::find(unknown.begin(), unknown.end(), shown) == unknown.end())
        unknown.push_back(shown);
    }
  }
  if (unknown.empty()) return;
  const std::size_t more = unknown.size() - std::min(unknown.size(), kMost);
  unknown.resize(unknown.size() - more);
  trace.say(fmt::format(
      "This model does not know {}{}: it reads [UNK] there, and what it says of that means "
      "nothing.{}",
      joined(unknown, ", "), more > 0 ? fmt::format(" and {} more", more) : "",
      own ? " It learnt from short stories of few words: attn bert corpus shows them. attn bert "
            "tokens cuts any English text."
          : ""));
}

BertInput input_of(Stage& s, const BertCheckpoint& bert, const BertTextOptions& o) {
  // Words that the program's own model knows.
  static const std::vector<std::string> kExample = {"in the kitchen the cook found his soup",
                                                    "today the cook will serve his bread"};
  const std::vector<std::string>& texts = o.text.empty() ? kExample : o.text;
  BertInput input = bert_input(bert.vocabulary, bert.rules, texts, bert.model.sizes().positions);
  say_unknown(s.trace, bert, texts, o.checkpoint.empty());
  return input;
}

}  // namespace attn::app
