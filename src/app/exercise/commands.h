#pragma once
// The commands `exercise ...`: their options and functions.
#include <string>
#include <vector>

#include "app/frame/cli.h"
#include "app/frame/stage.h"

namespace attn::app {

struct ExerciseListOptions {
  std::string from;  ///< a folder of lessons; "": those of the program
};
void bind(Cli&, ExerciseListOptions&);
void exercise_list(Stage&, const ExerciseListOptions&);

struct ExerciseStartOptions {
  std::vector<std::string> name;
  std::string from, out;
};
void bind(Cli&, ExerciseStartOptions&);
void exercise_start(Stage&, const ExerciseStartOptions&);

struct ExerciseCheckOptions {
  std::vector<std::string> place;
  std::string from;
  bool watch = false;
};
void bind(Cli&, ExerciseCheckOptions&);
void exercise_check(Stage&, const ExerciseCheckOptions&);

}  // namespace attn::app
