#pragma once
// How a result that is higher than the window comes to somebody who sits before it.
#include <string>

#include "app/frame/console.h"

namespace attn::app {

/// True if somebody is there to turn pages, and the text does not fit into the window.
bool needs_pages(const Console& console, const std::string& text);

/// Shows it page by page: with the program that PAGER names, else by ourselves.
void show_in_pages(Console& console, const std::string& text);

/// How many lines a summary may have, so that the question below it stands in the window, too.
std::size_t room_for_summary(const Console& console);

/// Below a summary: waits for Enter, and then shows the whole in pages. Anything else ends it.
void offer_whole(Console& console, const std::string& whole);

}  // namespace attn::app
