#pragma once
// Pictures as pictures: pixels, a spectrogram, and what a patch looks at.
#include <optional>
#include <string>
#include <vector>

#include "attn/graph/trace.h"
#include "attn/render/lines.h"
#include "attn/render/palette.h"
#include "attn/render/view.h"

namespace attn {

struct Image {
  std::size_t height = 0, width = 0;
  std::vector<Rgb> pixels;  ///< row by row from the top
  const Rgb& at(std::size_t y, std::size_t x) const { return pixels[y * width + x]; }
};

/// A step with Look::picture: pixels (h,w,1 or 3) as they are; a matrix (time, band) in the colours
/// of heat, time to the right and the last band on top.
Image image_of(const Step& step);

/// True if this is attention of a picture's patches to its patches: (...,query,key), both as many
/// as the scene has.
bool looks_at_scene(const Trace& trace, const MatrixView& view);
/// The scene as query `at` sees it: the picture, each patch as bright as its weight beside the
/// largest one; the query's own patch has a red edge (if its side is more than 2 pixels once
/// drawn). `zoom`: pixels drawn for one of the picture's.
Image seen_by(const Scene& scene, const MatrixView& view, std::size_t block, std::size_t at,
              std::size_t zoom);

/// No wider and no taller than this: means of rectangles. Never larger than it was.
Image reduced_to(const Image& image, std::size_t height, std::size_t width);
/// Every pixel `times` times in each direction.
Image enlarged(const Image& image, std::size_t times);

/// Lines of a terminal, two pixels in each character (half blocks); without colours, a shade for
/// each. Images beside one another as far as the window goes, each below its title (if any).
void put_images(Page& page, const std::vector<std::pair<std::string, Image>>& images);
/// For each head the picture as one patch sees it, where the step is its attention.
void put_scene(Page& page, const Trace& trace, const MatrixView& view);

/// "data:image/png;base64,...": for pages and SVG.
std::string data_uri(const Image& image);

}  // namespace attn
