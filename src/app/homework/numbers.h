#pragma once
// Each student's own numbers: derived from student, sheet and a course's secret, never stored.
#include <string>
#include <string_view>

#include "app/homework/worksheet.h"

namespace attn::app::homework {

/// Whose sheets they are. Without a secret file, a word that everybody can read stands in its
/// place.
struct Course {
  bool is_public = true;
  std::string secret = "attn: the public course";
  /// True for a secret so short that somebody could try them all.
  bool is_guessable() const { return !is_public && secret.size() < 12; }
};

inline constexpr const char* kGuessableSecret =
    "The secret is so short that it can be guessed, and with it everybody's numbers. Make one with "
    "head -c 32 /dev/urandom | base64 before you hand out sheets.";

/// The course whose secret stands in this file (without spaces at its ends); "" is the public one.
/// Throws Error(bad_input) if the file is empty, and what read_file throws.
Course read_course(const std::string& secret_file);

/// Throws Error(usage) unless it has 1 to 64 characters of UTF-8, none of which is a control
/// character, invisible, another space than the plain one, or changes the direction of text, and
/// does not begin or end with a space.
void check_student(std::string_view id);

/// The generator of everything that is drawn for one student's sheet: the Philox stream that
/// secret, sheet and student name.
Rng student_stream(const Course& course, const Sheet& sheet, std::string_view student);

/// What this student is given. Drawn again until no wrong idea of the sheet gives the right answer.
Values given_for(const Course& course, const Sheet& sheet, std::string_view student);

/// Sixteen hexadecimal digits that change with every number given. Tells only what the student has
/// already.
std::string fingerprint(const Values& given);
std::string fingerprint(std::string_view text);

}  // namespace attn::app::homework
