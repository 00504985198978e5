// Recordings: a phoneme for each frame, or who speaks.
#include <fmt/format.h>

#include "attn/train/recordings.h"
#include "attn/train/tasks_list.h"

namespace attn {

namespace {

std::unique_ptr<Task> sound_task(std::string name, std::size_t n,
                                 std::vector<std::string> class_names) {
  auto task =
      task_of(std::move(name), n, n, numbered("band", Recording::kBands), std::move(class_names));
  task->vocabulary = 0;
  task->features = Recording::kBands;
  task->has_distances = false;
  return task;
}

}  // namespace

std::unique_ptr<Task> make_phonemes(std::size_t n) {
  auto task = sound_task("phonemes", n, {phoneme_names().begin(), phoneme_names().end()});
  task->unit = "frames";
  task->about = fmt::format(
      "Hear n frames (100 a second, {} bands each) of one of {} speakers, with noise, and say the "
      "phoneme of each frame.",
      Recording::kBands, Recording::kSpeakers);
  const BestHearing best = best_hearing(n);
  task->best_accuracy = best.phoneme_accuracy;
  task->best_loss = best.phoneme_loss;
  task->alone_accuracy = best_hearing(1).phoneme_accuracy;
  task->best = fmt::format(
      "{:.3f} +-{:.3f}, of who knows all spectra and hears the whole recording (exact chances, "
      "{} recordings); of who hears each frame alone {:.3f}.",
      best.phoneme_accuracy, 2 * best.phoneme_error, best.recordings, task->alone_accuracy);
  task->draw = [n](Rng& rng, TaskExample& example) {
    const Recording r = draw_recording(rng, n);
    example.inputs = r.frames;
    for (std::size_t t = 0; t < n; ++t) example.ask(t, static_cast<double>(r.phonemes[t]), t);
  };
  return task;
}

std::unique_ptr<Task> make_speaker(std::size_t n) {
  auto task = sound_task("speaker", n, numbered("speaker", Recording::kSpeakers));
  task->whole = true;
  task->unit = "recordings";
  task->about = fmt::format(
      "Hear n frames (100 a second, {} bands each) of noisy phonemes and say which of {} speakers "
      "it is: each moves all spectra up or down a little.",
      Recording::kBands, Recording::kSpeakers);
  const BestHearing best = best_hearing(n);
  task->best_accuracy = best.speaker_accuracy;
  task->best_loss = best.speaker_loss;
  task->best =
      fmt::format("{:.3f} +-{:.3f}, of who knows all spectra (exact chances, {} recordings).",
                  best.speaker_accuracy, 2 * best.speaker_error, best.recordings);
  task->draw = [n](Rng& rng, TaskExample& example) {
    const Recording r = draw_recording(rng, n);
    example.inputs = r.frames;
    example.ask(static_cast<double>(r.speaker));
  };
  return task;
}

}  // namespace attn
