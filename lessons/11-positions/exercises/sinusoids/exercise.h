#pragma once
#include "matrix.h"

/// The sinusoidal positions 0 .. n-1 in rows of d numbers. -> (n, d)
Matrix positions(std::size_t n, std::size_t d);

// What the tests call.
#define EXERCISE_FUNCTIONS positions
