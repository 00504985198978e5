#pragma once
#include <string>
#include <vector>

#include "attn/graph/trace.h"
#include "attn/render/render.h"

namespace attn {

/// `--export DIR`: one NPY file per step ("012-weights.npy", counted from 000; int64 for ids) and,
/// last, DIR/trace.json. Makes the folder if it is missing; its parent must exist. Other files in
/// it stay. Throws Error(io) if the folder cannot be made or a file cannot be written.
void export_folder(const Trace& trace, const std::string& dir);

/// `--out FILE`: json, csv, npy, svg or html, by the extension. json holds the whole trace, svg and
/// html the steps shown; csv and npy hold one matrix: the last step that options.show matches, or
/// without it the last computed step. Throws Error(usage) for another extension, or if no step
/// matches.
void write_output(const Trace& trace, const std::string& path, const RenderOptions& options);

/// The extensions that write_output knows: for help, and for an early check.
const std::vector<std::string>& output_formats();

}  // namespace attn
