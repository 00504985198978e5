// The table of all commands, in flow order. A command is one row here and its functions in
// commands/.
#include "app/commands.h"
#include "app/bert/commands.h"
#include "app/exercise/commands.h"
#include "app/homework/commands.h"
#include "app/lesson/commands.h"

namespace attn::app {

namespace {

constexpr const char* kCourse = "The course";
constexpr const char* kText = "1  text -> tokens -> vectors";
constexpr const char* kPosition = "2  vectors + positions";
constexpr const char* kScores = "3  queries and keys -> scores -> weights";
constexpr const char* kAttention = "4  weights and values -> context, in one head and in many";
constexpr const char* kBlocks = "5  blocks: norm, feed-forward net, encoder, decoder";
constexpr const char* kBert = "BERT: pieces, masks, next sentences";
constexpr const char* kLearning = "Learning";
constexpr const char* kRecurrent = "Before attention: nets for sequences";
constexpr const char* kFar = "How far a signal comes, in any of them";
constexpr const char* kExercises = "Exercises in C++";
constexpr const char* kHomework = "Homework";
constexpr const char* kAbout = "About attn";

}  // namespace

const std::vector<Command>& commands() {
  // clang-format off: one row per command
  static const std::vector<Command> table = {
      {"lesson", kCourse, "reads a lesson: it asks before it shows", "lesson 05 --no-quiz",
       with_options<LessonOptions>(bind, lesson), false, false, true},
      {"lesson list", kCourse, "all lessons, and how far you are", "lesson list",
       with_options<LessonListOptions>(bind, lesson_list), false},
      {"lesson search", kCourse, "lines of the lessons that hold a word", "lesson search softmax",
       with_options<LessonSearchOptions>(bind, lesson_search), false},
      {"lesson check", kCourse, "runs a lesson's commands and tests its claims", "lesson check 05",
       with_options<LessonCheckOptions>(bind, lesson_check), false},
      {"lesson reset", kCourse, "forgets how far you are in a lesson", "lesson reset 05",
       with_options<LessonResetOptions>(bind, lesson_reset), false},
      {"lesson export", kCourse, "writes your progress to a file", "lesson export progress.json",
       with_options<LessonFileOptions>(bind, lesson_export), false},
      {"lesson import", kCourse, "adds the progress of such a file to yours",
       "lesson import progress.json", with_options<LessonFileOptions>(bind, lesson_import), false},
      {"tokens", kText, "words or characters, their ids, one-hot vectors", "tokens 'I saw a saw'",
       without_options(tokens)},
      {"embed", kText, "a table of vectors: look-up equals one-hot times table",
       "embed 'I saw a saw'", without_options(embed)},
      {"position", kPosition, "five ways to say where a token stands", "position --shift 3",
       with_options<PositionOptions>(bind, position)},
      {"fc", kRecurrent, "a net for each word alone: both 'saw' look the same", "fc 'I saw a saw'",
       with_options<FcOptions>(bind, fc)},
      {"window", kRecurrent, "a net for each word with its neighbours", "window --radius 1",
       with_options<WindowOptions>(bind, window)},
      {"rnn", kRecurrent, "recurrent nets: rnn, lstm, gru, step by step",
       "rnn --cell lstm 'I saw a saw'", with_options<RnnOptions>(bind, rnn)},
      {"cnn", kRecurrent, "convolutions, and how far they see", "cnn --dilation 1,2,4 --causal",
       with_options<CnnOptions>(bind, cnn)},
      {"seq2seq", kRecurrent, "one net reads, another writes: one vector, or attention",
       "seq2seq --style bahdanau --score additive", with_options<Seq2SeqOptions>(bind, seq2seq)},
      {"qkv", kScores, "queries, keys and values: one vector by hand, then all",
       "qkv 'the animal was tired'", without_options(qkv)},
      {"score", kScores, "seven score functions on the same queries and keys",
       "score --function all", with_options<ScoreOptions>(bind, score)},
      {"softmax", kScores, "from scores to weights: softmax and its rivals",
       "softmax '1 2 3; 4 5 6'", with_options<SoftmaxOptions>(bind, softmax)},
      {"mask", kScores, "hiding keys: causal, local, padding, a graph", "mask --mask local:2",
       with_options<MaskOptions>(bind, mask)},
      {"attend", kAttention, "one head of self-attention, the whole way",
       "attend 'the animal was tired'", with_options<AttendOptions>(bind, attend)},
      {"heads", kAttention, "many heads: split, attend, concatenate",
       "heads --heads 2 --wrong-split", with_options<HeadsOptions>(bind, heads)},
      {"backward", kAttention, "the gradient of every matrix of one head",
       "backward 'the animal was tired'", with_options<BackwardOptions>(bind, backward)},
      {"norm", kBlocks, "layer norm and batch norm on the same numbers",
       "norm 'the animal was tired'", without_options(norm)},
      {"ffn", kBlocks, "the same small net at every position", "ffn 'I saw a saw'",
       with_options<FfnOptions>(bind, ffn)},
      {"encoder", kBlocks, "blocks on top of one another; what each part is good for",
       "encoder --layers 1 --no-position 'I saw a saw'",
       with_options<EncoderOptions>(bind, encoder)},
      {"decoder", kBlocks, "masked self-attention, then attention to the source",
       "decoder --target '<start> das tier'", with_options<DecoderOptions>(bind, decoder)},
      {"reach", kFar, "how strongly each output depends on each input", "reach --model lstm",
       with_options<ReachOptions>(bind, reach)},
      {"path", kFar, "how many steps lie between an input and an output", "path --model cnn",
       with_options<PathOptions>(bind, path)},
      {"transformer", kBlocks, "encoder and decoder in one: learning and writing agree",
       "transformer --compare-modes", with_options<TransformerOptions>(bind, transformer)},
      {"bert tokens", kBert, "words become pieces that the model knows",
       "bert tokens 'Unbelievable: she kept replaying the café song'",
       with_options<BertTokensOptions>(bind, bert_tokens), false, true},
      {"bert vocab", kBert, "a vocabulary of pieces is learnt from text, merge by merge",
       "bert vocab --size 150 --shown 10", with_options<BertVocabOptions>(bind, bert_vocab), false},
      {"bert inputs", kBert, "three embeddings and their sum",
       "bert inputs 'the cat was playing' 'it was happy'",
       with_options<BertInputsOptions>(bind, bert_inputs)},
      {"bert mask", kBert, "which words are hidden in training, and how", "bert mask",
       with_options<BertMaskOptions>(bind, bert_mask), false, true},
      {"bert mlm", kBert, "guesses hidden words, with every step and the loss", "bert mlm",
       with_options<BertMlmOptions>(bind, bert_mlm), false, true},
      {"bert nsp", kBert, "does the second sentence follow the first?", "bert nsp",
       with_options<BertNspOptions>(bind, bert_nsp), false, true},
      {"bert fill", kBert, "fills in [MASK]", "bert fill 'the cook can [MASK] the soup'",
       with_options<BertFillOptions>(bind, bert_fill), false, true},
      {"bert attend", kBert, "where every head of every layer looks", "bert attend",
       with_options<BertAttendOptions>(bind, bert_attend), false, true},
      {"bert corpus", kBert, "stories whose best possible scores are known exactly",
       "bert corpus --documents 2", with_options<BertCorpusOptions>(bind, bert_corpus), false},
      {"bert pretrain", kBert, "a small BERT learns from text, from random weights on",
       "bert pretrain --dim 16 --layers 1 --heads 2 --steps 20",
       with_options<BertPretrainOptions>(bind, bert_pretrain), false},
      {"bert finetune", kBert, "few labelled examples, with and without pre-training",
       "bert finetune --examples 8 --seeds 1 --steps 20",
       with_options<BertFinetuneOptions>(bind, bert_finetune), false},
      {"train", kLearning, "one model learns one task", "train reverse --length 4 --steps 300",
       with_options<TrainOptions>(bind, train), false},
      {"translate", kLearning, "a trained model writes a sentence, and shows where it looked",
       "translate --model it", with_options<TranslateOptions>(bind, translate), false, true},
      {"compare", kLearning, "many models learn one task: who learns what, and at what cost",
       "compare --models fc,rnn --lengths 4 --seeds 1 --steps 9",
       with_options<CompareOptions>(bind, compare), false},
      {"exercise list", kExercises, "functions to write in C++, lesson by lesson", "exercise list",
       with_options<ExerciseListOptions>(bind, exercise_list), false},
      {"exercise start", kExercises, "a folder with the task and a file to write in",
       "exercise start stable-softmax --out /tmp/stable-softmax",
       with_options<ExerciseStartOptions>(bind, exercise_start), false},
      {"exercise check", kExercises, "compiles what you wrote and tries it case by case",
       "exercise check /tmp/stable-softmax --watch",
       with_options<ExerciseCheckOptions>(bind, exercise_check), false},
      {"homework list", kHomework, "the sheets that there are", "homework list",
       without_options(homework_list), false},
      {"homework new", kHomework, "a sheet with your own numbers",
       "homework new softmax --student ada --out sheet1",
       with_options<HomeworkNewOptions>(bind, homework_new), false},
      {"homework check", kHomework, "how far you are, and what went wrong", "homework check sheet1",
       with_options<HomeworkCheckOptions>(bind, homework_check), false},
      {"homework grade", kHomework, "grades of a folder of submissions",
       "homework grade submissions --out grades.csv",
       with_options<HomeworkGradeOptions>(bind, homework_grade), false},
      {"homework report", kHomework, "who holds which misconception, step by step",
       "homework report submissions", with_options<HomeworkReportOptions>(bind, homework_report),
       false},
      {"params", kAbout, "the parameters of known models, block by block",
       "params --preset gpt2-small", with_options<ParamsOptions>(bind, params), false},
      {"why", kAbout, "expands any number of a matrix into its arithmetic",
       "why 'weights[9,1]' attend", with_options<WhyOptions>(bind, why), false},
      {"complexity", kAbout, "time, operations and memory of a layer as n and d grow",
       "complexity --lengths 32,64,128 --dims 16,32,64 --length 64 --dim 32",
       with_options<ComplexityOptions>(bind, complexity), false},
      {"bench", kAbout, "times a forward pass or a training step",
       "bench forward --model attention --repeat 3", with_options<BenchOptions>(bind, bench),
       false},
      {"map", kAbout, "the flow, and the command for each stage", "map", without_options(map),
       false},
      {"doctor", kAbout, "products, threads, terminal: is everything well?", "doctor",
       without_options(doctor), false},
      {"completions", kAbout, "completions for bash, zsh or fish", "completions bash",
       with_options<CompletionsOptions>(bind, completions), false},
      {"man", kAbout, "the manual page (attn man | man -l -)", "man", without_options(man), false},
      {"version", kAbout, "the version", "version", without_options(version), false},
  };
  // clang-format on
  return table;
}

const Command* find_command(const std::string& name) {
  for (const Command& command : commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

std::vector<std::string> parts_of(const std::string& family) {
  std::vector<std::string> out;
  for (const Command& command : commands()) {
    if (command.name.starts_with(family + " "))
      out.push_back(command.name.substr(family.size() + 1));
  }
  return out;
}

std::vector<std::string> with_whole_name(std::vector<std::string> arguments) {
  if (arguments.size() < 2 || arguments[1].starts_with("-") || parts_of(arguments[0]).empty())
    return arguments;
  // "lesson" is a command too: in "lesson 05" the second word is its argument.
  if (find_command(arguments[0]) && !find_command(arguments[0] + " " + arguments[1]))
    return arguments;
  arguments[0] += " " + arguments[1];
  arguments.erase(arguments.begin() + 1);
  return arguments;
}

}  // namespace attn::app
