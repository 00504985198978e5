#pragma once
// For the tasks' own files: their makers, and what several of them share.
#include <memory>
#include <string>
#include <vector>

#include "attn/train/tasks.h"

namespace attn {

std::unique_ptr<Task> make_copy(std::size_t n);
std::unique_ptr<Task> make_reverse(std::size_t n);
std::unique_ptr<Task> make_sort(std::size_t n);
std::unique_ptr<Task> make_first(std::size_t n);
std::unique_ptr<Task> make_recall(std::size_t n);
std::unique_ptr<Task> make_adding(std::size_t n);
std::unique_ptr<Task> make_copy_memory(std::size_t n);
std::unique_ptr<Task> make_brackets(std::size_t n);
std::unique_ptr<Task> make_tagging(std::size_t n);
std::unique_ptr<Task> make_mood(std::size_t n);
std::unique_ptr<Task> make_pictures_near(std::size_t n);
std::unique_ptr<Task> make_pictures_far(std::size_t n);
std::unique_ptr<Task> make_pictures_both(std::size_t n);
std::unique_ptr<Task> make_phonemes(std::size_t n);
std::unique_ptr<Task> make_speaker(std::size_t n);
std::unique_ptr<Task> make_friends(std::size_t n);
std::unique_ptr<Task> make_ring(std::size_t n);
std::unique_ptr<Task> make_molecule(std::size_t n);

/// A task with what follows from its sizes: the names' counts, and the scores of a guess if all
/// classes are equally likely at every place (1/classes, ln classes).
std::unique_ptr<Task> task_of(std::string name, std::size_t length, std::size_t steps,
                              std::vector<std::string> input_names,
                              std::vector<std::string> class_names);

/// Sets chance and chance_loss from how often each class is the answer at each place.
/// expected (places, classes): expected counts, or anything in proportion to them.
void set_chance(Task& task, const std::vector<std::vector<double>>& expected);

/// {prefix + "0", prefix + "1", ...}
std::vector<std::string> numbered(const std::string& prefix, std::size_t count);

}  // namespace attn
