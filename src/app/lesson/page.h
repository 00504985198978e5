#pragma once
#include <string>

#include "app/lesson/reading.h"

namespace attn::app {

/// The lesson as one self-contained HTML page: prose, pictures of every run, claims with ticks, and
/// questions whose hints and answer open at a click. It has no scripts and asks the network for
/// nothing, and whatever stands in the lesson or in its runs is text there.
std::string lesson_page(Reading& reading, const std::string& number, const std::string& language);

/// The lesson as one JSON document: {"format":1,"lesson":...,"title":...,"blocks":[...]}, with
/// answers as computed and claims with what was found.
std::string lesson_document(Reading& reading, const std::string& slug, const std::string& language);

}  // namespace attn::app
