#include "attn/nn/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "attn/core/error.h"

namespace attn {

namespace {

/// log softmax(logits / temperature), in double. Throws Error(bad_input) if they are not finite:
/// among NaN there is no largest, and no order to sort by.
std::vector<double> log_probabilities(const Tensor& logits, double temperature = 1) {
  std::vector<double> values(logits.value().begin(), logits.value().end());
  for (double& x : values) x /= temperature;
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const double x : values) sum += std::exp(x - largest);
  if (!std::isfinite(sum)) {
    throw Error(ErrorKind::bad_input, "the model's logits are not finite, so no word is likeliest",
                "its parameters are damaged or too large: use another model");
  }
  for (double& x : values) x -= largest + std::log(sum);
  return values;
}

/// The `count` likeliest words, best first; of equals the one with the lower id.
std::vector<std::size_t> best_words(const std::vector<double>& scores, std::size_t count) {
  std::vector<std::size_t> words(scores.size());
  std::iota(words.begin(), words.end(), std::size_t{0});
  count = std::min(count, words.size());
  std::partial_sort(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count), words.end(),
                    [&](std::size_t a, std::size_t b) {
                      return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
                    });
  words.resize(count);
  return words;
}

/// One sentence at a time: `choose` picks a word from the log probabilities.
Written write(const Run& run, const Translator& model, const Tensor& source,
              const GenerateOptions& options, double temperature,
              const std::function<std::size_t(const std::vector<double>&)>& choose,
              const CandidateObserver& observe) {
  Written out;
  const auto state = model.start(run, source);
  std::size_t word = options.start;
  const std::size_t longest = std::min(options.longest, model.longest_sentence());
  while (out.words.size() < longest && !out.ended) {
    const std::vector<double> log_p = log_probabilities(model.next(run, *state, word), temperature);
    word = choose(log_p);
    if (observe) {
      std::vector<Candidate> candidates;
      for (const std::size_t w : best_words(log_p, options.shown))
        candidates.push_back({w, log_p[w], out.log_probability + log_p[w], 0, w == word});
      if (std::none_of(candidates.begin(), candidates.end(),
                       [](const Candidate& c) { return c.kept; }))
        candidates.push_back({word, log_p[word], out.log_probability + log_p[word], 0, true});
      observe(out.words.size(), candidates);
    }
    out.log_probability += log_p[word];
    out.words.push_back(word);
    out.ended = word == options.end;
  }
  out.score = out.log_probability;
  return out;
}

}  // namespace

Tensor word_ids(const std::vector<std::size_t>& words) {
  return Tensor::ids(words, {words.size()});
}

Written greedy(const Run& run, const Translator& model, const Tensor& source,
               const GenerateOptions& options, const CandidateObserver& observe) {
  return write(
      run, model, source, options, 1,
      [](const std::vector<double>& log_p) { return best_words(log_p, 1)[0]; }, observe);
}

Written sample(const Run& run, const Translator& model, const Tensor& source,
               const GenerateOptions& options, double temperature, Rng& rng,
               const CandidateObserver& observe) {
  if (!(temperature > 0))
    throw Error(ErrorKind::usage, fmt::format("temperature {} is not above 0", temperature),
                "1 draws as the model believes, less is bolder; greedy always takes the best");
  const auto draw = [&](const std::vector<double>& log_p) {
    double place = rng.uniform();
    for (std::size_t w = 0; w < log_p.size(); ++w) {
      place -= std::exp(log_p[w]);
      if (place < 0) return w;
    }
    return best_words(log_p, 1)[0];  // what rounding left over
  };
  return write(run, model, source, options, temperature, draw, observe);
}

std::vector<Written> beam_search(const Run& run, const Translator& model, const Tensor& source,
                                 const GenerateOptions& options, std::size_t width, double penalty,
                                 const CandidateObserver& observe) {
  if (width == 0)
    throw Error(ErrorKind::usage, "a beam of width 0 keeps no sentence", "use at least 1");
  const auto score = [&](double log_p, std::size_t length) {
    return log_p / std::pow((5.0 + double(length)) / 6.0, penalty);
  };
  struct Beginning {
    Written written;
    std::unique_ptr<Translator::State> state;
    std::size_t last;
  };
  std::vector<Beginning> open;
  open.push_back({{}, model.start(run, source), options.start});
  std::vector<Written> done;
  const std::size_t longest = std::min(options.longest, model.longest_sentence());
  for (std::size_t step = 0; step < longest && !open.empty(); ++step) {
    // 1. every unfinished sentence, gone on by each of its likeliest words
    std::vector<Candidate> candidates;
    for (std::size_t b = 0; b < open.size(); ++b) {
      const std::vector<double> log_p =
          log_probabilities(model.next(run, *open[b].state, open[b].last));
      for (const std::size_t w : best_words(log_p, std::max(width, options.shown))) {
        const double total = open[b].written.log_probability + log_p[w];
        candidates.push_back({w, log_p[w], score(total, step + 1), b, false});
      }
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    // 2. the best of them. A finished sentence keeps its place in the beam, so the beam gets
    //    narrower and the search ends when all are finished. Each other takes a copy of its
    //    beginning's state.
    std::vector<Beginning> next;
    const std::size_t places = width - done.size();
    std::size_t kept = 0;
    for (Candidate& c : candidates) {
      if (kept == places) break;
      ++kept;
      c.kept = true;
      const Beginning& from = open[c.beam];
      Written w = from.written;
      w.words.push_back(c.word);
      w.log_probability += c.log_probability;
      w.score = c.score;
      w.ended = c.word == options.end;
      if (w.ended) {
        done.push_back(std::move(w));
      } else {
        next.push_back({std::move(w), from.state->copy(), c.word});
      }
    }
    if (observe) {
      candidates.resize(std::min(candidates.size(), std::max(width, options.shown)));
      observe(step, candidates);
    }
    open = std::move(next);
  }
  for (Beginning& b : open) done.push_back(std::move(b.written));
  std::stable_sort(done.begin(), done.end(), [](const Written& a, const Written& b) {
    return a.ended != b.ended ? a.ended : a.score > b.score;
  });
  return done;
}

}  // namespace attn
