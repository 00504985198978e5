// Noisy grey pictures: what is near together, what is far apart, and both. All shapes have as many
// bright pixels, and so have all marks: the brightness tells nothing.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn/train/tasks_list.h"

namespace attn {

namespace {

constexpr double kNoise = 0.25;  // its standard deviation; a bright pixel is 1, a dark one 0

struct Figure {
  const char* name;
  std::vector<std::string> rows;  // as many as columns

  std::size_t side() const { return rows.size(); }
  bool bright(std::ptrdiff_t i, std::ptrdiff_t j) const {
    const auto end = static_cast<std::ptrdiff_t>(side());
    return i >= 0 && i < end && j >= 0 && j < end &&
           rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] == '#';
  }
};

/// Of 5 x 5 pixels, nine of them bright.
const std::vector<Figure>& shapes() {
  static const std::vector<Figure> all = {{"plus", {"..#..", "..#..", "#####", "..#..", "..#.."}},
                                          {"cross", {"#...#", ".#.#.", "..#..", ".#.#.", "#...#"}},
                                          {"L", {"#....", "#....", "#....", "#....", "#####"}},
                                          {"T", {"#####", "..#..", "..#..", "..#..", "..#.."}}};
  return all;
}

/// Of 3 x 3 pixels, five of them bright.
const std::vector<Figure>& marks() {
  static const std::vector<Figure> all = {{"plus", {".#.", "###", ".#."}},
                                          {"cross", {"#.#", ".#.", "#.#"}}};
  return all;
}
constexpr std::size_t kShape = 5, kMark = 3;

/// |t - t'|^2 of two pictures: `a`, and `b` so many pixels further down and right.
double squared_distance(const Figure& a, const Figure& b, std::ptrdiff_t down,
                        std::ptrdiff_t right) {
  double sum = 0;
  const auto side = static_cast<std::ptrdiff_t>(a.side());
  for (std::ptrdiff_t i = -side; i < 2 * side; ++i) {
    for (std::ptrdiff_t j = -side; j < 2 * side; ++j)
      sum += a.bright(i, j) != b.bright(i - down, j - right);
  }
  return sum;
}

/// Sums of two functions of the distance D between pictures.
struct Confusion {
  double error = 0;  ///< Q(D / 2 sigma): the chance that the noise makes the other one likelier
  double loss = 0;   ///< exp(-D^2 / 8 sigma^2), of which log(1 + likelihood ratio) is at most that

  void add(double squared, double times = 1) {
    error += times * std::erfc(std::sqrt(squared) / (2 * kNoise) / std::sqrt(2.0)) / 2;
    loss += times * std::exp(-squared / (8 * kNoise * kNoise));
  }
};

/// How much `a` is taken for `b` at any of `places` places: more places than there are may be
/// counted, so these are bounds from above.
Confusion taken_for(const Figure& a, const Figure& b, double places) {
  const auto side = static_cast<std::ptrdiff_t>(a.side());
  Confusion sum;
  for (std::ptrdiff_t down = 1 - side; down < side; ++down) {
    for (std::ptrdiff_t right = 1 - side; right < side; ++right)
      sum.add(squared_distance(a, b, down, right));
  }
  sum.add(squared_distance(a, b, side, side), places);
  return sum;
}

void draw_figure(TaskExample& example, std::size_t side, const Figure& figure, std::size_t top,
                 std::size_t left) {
  for (std::size_t i = 0; i < figure.side(); ++i) {
    for (std::size_t j = 0; j < figure.side(); ++j) {
      if (figure.rows[i][j] == '#') example.inputs[(top + i) * side + left + j] += 1;
    }
  }
}

void add_noise(TaskExample& example, Rng& rng) {
  for (float& pixel : example.inputs)
    pixel = static_cast<float>(double{pixel} + kNoise * rng.normal());
}

std::unique_ptr<Task> picture_task(std::string name, std::size_t n,
                                   std::vector<std::string> class_names) {
  auto task = task_of(std::move(name), n, n * n, {"grey"}, std::move(class_names));
  task->vocabulary = 0;
  task->features = 1;
  task->side = n;
  task->whole = true;
  task->has_distances = false;
  task->unit = "pictures";
  return task;
}

/// The best scores, from bounds of what is left to chance.
void set_best(Task& task, double error, double loss, const char* why) {
  task.best_accuracy = 1 - error;
  task.best_loss = loss;
  task.best = fmt::format(
      "all but 1 of {:.0f} pictures or more: {}. A bound: the chances that the noise makes a "
      "picture of another label likelier are added up.",
      std::min(1 / error, 1e6), why);
}

}  // namespace

std::unique_ptr<Task> make_pictures_near(std::size_t n) {
  std::vector<std::string> names;
  for (const Figure& shape : shapes()) names.emplace_back(shape.name);
  auto task = picture_task("pictures-near", n, names);
  task->about =
      "Look at a noisy grey picture of n x n pixels and say which of four shapes of 5 x 5 pixels "
      "(plus, cross, L, T) stands somewhere in it.";
  const std::size_t places = n - kShape + 1;
  double error = 0, loss = 0;
  for (const Figure& a : shapes()) {
    for (const Figure& b : shapes()) {
      if (&a == &b) continue;
      const Confusion pair = taken_for(a, b, static_cast<double>(places * places));
      error += pair.error / static_cast<double>(shapes().size());
      loss += pair.loss / static_cast<double>(shapes().size());
    }
  }
  set_best(*task, error, loss, "the noise hardly ever hides the shape");
  task->draw = [n, places](Rng& rng, TaskExample& example) {
    const std::size_t shape = rng.below(shapes().size()), top = rng.below(places),
                      left = rng.below(places);
    draw_figure(example, n, shapes()[shape], top, left);
    add_noise(example, rng);
    example.ask(static_cast<double>(shape));
  };
  return task;
}

namespace {

/// A mark in the top left corner and one in the bottom right, each at one of places x places
/// places: are they alike? What stands in one corner tells nothing: only both together do.
std::unique_ptr<Task> two_marks(const char* name, std::size_t n, std::size_t places) {
  auto task = picture_task(name, n, {"different", "alike"});
  const auto all = static_cast<double>(places * places);
  // The mark is taken for the other one; and, as the loss counts pictures, the other corner's
  // moved.
  Confusion other, same;
  if (places == 1) {
    other.add(squared_distance(marks()[0], marks()[1], 0, 0));
    same.add(0);
  } else {
    other = taken_for(marks()[0], marks()[1], all);
    same = taken_for(marks()[0], marks()[0], all);
  }
  set_best(*task, 2 * other.error, 2 * other.loss * same.loss,
           "the noise hardly ever hides a mark");
  task->draw = [n, places](Rng& rng, TaskExample& example) {
    const std::size_t first = rng.below(2), second = rng.below(2);
    const auto place = [&] { return rng.below(places); };
    const std::size_t top = place(), left = place(), above = place(), beside = place();
    draw_figure(example, n, marks()[first], top, left);
    draw_figure(example, n, marks()[second], n - kMark - above, n - kMark - beside);
    add_noise(example, rng);
    example.ask(first == second);
  };
  return task;
}

}  // namespace

std::unique_ptr<Task> make_pictures_far(std::size_t n) {
  auto task = two_marks("pictures-far", n, 1);
  task->about =
      "Look at a noisy grey picture of n x n pixels and say whether the marks of 3 x 3 pixels "
      "(plus "
      "or cross) in its top left and its bottom right corner are alike.";
  return task;
}

std::unique_ptr<Task> make_pictures_both(std::size_t n) {
  auto task = two_marks("pictures-both", n, 2);
  task->about =
      "Look at a noisy grey picture of n x n pixels and say whether the marks of 3 x 3 pixels "
      "(plus "
      "or cross) near its top left and its bottom right corner, up to a pixel away, are alike.";
  return task;
}

}  // namespace attn
