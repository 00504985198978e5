#include <algorithm>

#include "attn_exercise/judge.h"
#include "attn_exercise/own.h"
#include "exercise.h"

namespace {

using Picture = std::vector<Matrix>;

const Student<decltype(patches)> student("patches");

std::size_t rounded_up(std::size_t size, std::size_t side) { return (size + side - 1) / side; }

/// As large as whole patches, with zeros around.
Picture filled_up(const Picture& picture, std::size_t side) {
  const std::size_t w = picture[0].rows, c = picture[0].columns;
  Picture out(rounded_up(picture.size(), side) * side, Matrix(rounded_up(w, side) * side, c));
  for (std::size_t y = 0; y < picture.size(); ++y) {
    for (std::size_t x = 0; x < w; ++x) {
      for (std::size_t k = 0; k < c; ++k) out[y](x, k) = picture[y](x, k);
    }
  }
  return out;
}

/// What can go wrong.
struct Way {
  bool patches_down = false, pixels_down = false, channels_first = false, rest_lost = false;
};

Matrix patches_in(const Way& way, const Picture& picture, std::size_t side) {
  const std::size_t h = picture.size(), w = picture[0].rows, c = picture[0].columns;
  const std::size_t down = way.rest_lost ? h / side : rounded_up(h, side);
  const std::size_t across = way.rest_lost ? w / side : rounded_up(w, side);
  Matrix out(down * across, side * side * c);
  for (std::size_t y = 0; y < std::min(h, down * side); ++y) {
    for (std::size_t x = 0; x < std::min(w, across * side); ++x) {
      std::size_t patch = y / side * across + x / side, pixel = y % side * side + x % side;
      if (way.patches_down) patch = x / side * down + y / side;
      if (way.pixels_down) pixel = x % side * side + y % side;
      for (std::size_t k = 0; k < c; ++k)
        out(patch, way.channels_first ? k * side * side + pixel : pixel * c + k) = picture[y](x, k);
    }
  }
  return out;
}

/// The numbers of the picture in the order in which they stand there, cut into pieces.
Matrix only_cut(const Picture& picture, std::size_t side) {
  const Picture whole = filled_up(picture, side);
  Matrix out(whole.size() * whole[0].rows / (side * side), side * side * whole[0].columns);
  auto to = out.numbers.begin();
  for (const Matrix& row : whole) to = std::copy(row.numbers.begin(), row.numbers.end(), to);
  return out;
}

/// Pixels of different numbers.
Picture some_picture(std::size_t h, std::size_t w, std::size_t c, unsigned seed) {
  Picture out;
  for (unsigned y = 0; y < h; ++y) out.push_back(some_matrix(w, c, 100 * seed + y));
  return out;
}

std::vector<Wrong> wrong(const Picture& picture, std::size_t side) {
  const auto in = [&](const Way& way) { return patches_in(way, picture, side); };
  return {
      {"the patches are counted down the columns, not along the rows", in({.patches_down = true})},
      {"in a patch, the pixels go down the columns, not along the rows", in({.pixels_down = true})},
      {"columns come before rows: of the patches, and in each of them",
       in({.patches_down = true, .pixels_down = true})},
      {"all numbers of one channel come first: the channels of a pixel stand together",
       in({.channels_first = true})},
      {"the rest of the picture is lost: what fills no whole patch belongs to one, too",
       in({.rest_lost = true})},
      {"the numbers are only cut into pieces: a row of pixels runs through several patches",
       only_cut(picture, side)}};
}

void check(const Picture& picture, std::size_t side) {
  same(student(picture, side), own::patches(filled_up(picture, side), side), wrong(picture, side));
}

}  // namespace

TEST_CASE("two rows of pixels, by hand" * points(1)) {
  const Picture four = {{{1}, {2}, {3}, {4}}, {{5}, {6}, {7}, {8}}};
  same(student(four, 2), Matrix{{1, 2, 5, 6}, {3, 4, 7, 8}}, wrong(four, 2));
}

TEST_CASE("colours, and more columns than rows" * points(2)) { check(some_picture(4, 6, 3, 1), 2); }

TEST_CASE("more rows than columns" * points(1)) { check(some_picture(6, 4, 2, 2), 2); }

TEST_CASE("a patch may be one pixel" * points(1)) { check(some_picture(2, 3, 3, 3), 1); }

TEST_CASE("a patch may be the whole picture" * points(1)) { check(some_picture(3, 3, 2, 4), 3); }

TEST_CASE("a rest on the right" * points(1)) { check(some_picture(4, 5, 1, 5), 2); }

TEST_CASE("a rest at the bottom, or at both edges" * points(1)) {
  check(some_picture(5, 6, 2, 6), 3);
  check(some_picture(4, 7, 1, 7), 3);
}

TEST_CASE("a picture smaller than a patch is one patch" * points(1)) {
  check(some_picture(2, 3, 2, 8), 4);
}

TEST_CASE("every pixel goes to one place, and none is lost" * points(1)) {
  Picture picture = some_picture(3, 5, 2, 9);
  const Matrix before = student(picture, 2);
  for (const Matrix& row : picture) {
    for (const double number : row.numbers)
      claim(std::count(before.numbers.begin(), before.numbers.end(), number) > 0,
            "a number of the picture stands nowhere in the result");
  }
  picture[2](4, 1) += 5;
  const Matrix after = student(picture, 2);
  claim(before.rows == 6 && after.rows == 6 && before.columns == 8 && after.columns == 8,
        "a picture of 3 x 5 pixels with 2 channels has not 6 patches of 2 x 2 x 2 numbers");
  std::size_t moved = 0;
  for (std::size_t i = 0; i < before.numbers.size(); ++i)
    moved += before.numbers[i] != after.numbers[i];
  claim(moved == 1, "one number of the picture changed, and " + std::to_string(moved) +
                        " numbers of the result did");
  claim(before(5, 1) != after(5, 1), "the last pixel is the first of the last patch");
}
