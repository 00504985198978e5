#pragma once
#include "matrix.h"

/// A picture cut into squares of side x side pixels, row by row; each square is one row of the
/// result, in which the pixels stand row by row, and in a pixel its channels. Squares that reach
/// beyond the picture have zeros there.
/// picture: h times (w, c), picture[y](x, k) is channel k of the pixel in row y and column x
/// -> (number of squares, side side c)
Matrix patches(const std::vector<Matrix>& picture, std::size_t side);

// What the tests call.
#define EXERCISE_FUNCTIONS patches
