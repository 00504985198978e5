#include <algorithm>
#include <array>
#include <cstring>

#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

namespace {

/// Blocks are short (a head's columns): copying 16 at a time in place saves a call for each.
void copy_block(const real* from, real* to, std::size_t length) {
  std::size_t l = 0;
  for (; l + 16 <= length; l += 16) std::memcpy(to + l, from + l, 16 * sizeof(real));
  for (; l < length; ++l) to[l] = from[l];
}

/// The op that only moves: the result is made of blocks of `length` numbers, block b copied from
/// source(b) in x. On the way back each block's gradient is added where the block came from.
/// `once`: no number of x is in two blocks.
template <class Source>
Tensor move_blocks(const Run& run, const char* op, const char* rule, const Tensor& x,
                   const Shape& shape, std::size_t length, Source source, bool once = true) {
  Array out = empty(shape);
  const std::size_t blocks = length == 0 ? 0 : out.size() / length;
  for (std::size_t b = 0; b < blocks; ++b) {
    const real* from = x.value().data() + source(b);
    std::copy(from, from + length, out.data() + b * length);
  }
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(y, {op, {x}, 0, [=](std::size_t i) {
                          return moved(rule, x, source(i / length) + i % length);
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real* dy = y.grad().data();
      if (once && y.value().size() == x.value().size()) {  // every number of dx is written
        const auto [dx, beta] = x.add_to_grad();
        for (std::size_t b = 0; b < blocks; ++b)
          sum_row(1, dy + b * length, beta, dx + source(b), length);
        return;
      }
      real* dx = x.grad().data();
      for (std::size_t b = 0; b < blocks; ++b)
        add_scaled_row(1, dy + b * length, dx + source(b), length);
    });
  }
  return y;
}

/// x seen as (items,p,q,length) becomes (items,q,p,length): what splitting and merging heads and
/// transposing have in common. Nested loops, because a division per block costs more than the move.
Tensor swap_axes(const Run& run, const char* op, const char* rule, const Tensor& x,
                 const Shape& shape, std::size_t p, std::size_t q, std::size_t length) {
  const std::size_t item_size = p * q * length;
  const std::size_t items = item_size == 0 ? 0 : x.value().size() / item_size;
  const auto each_block = [=](auto move) {
    in_parts(items * q, p * length, [=](std::size_t begin, std::size_t end) {
      std::size_t to = begin * p * length;
      for (std::size_t row = begin; row < end; ++row) {
        std::size_t from = row / q * item_size + row % q * length;
        for (std::size_t i = 0; i < p; ++i, to += length, from += q * length) move(from, to);
      }
    });
  };
  Array out = empty(shape);
  const real* values = x.value().data();
  real* moved_to = out.data();
  each_block(
      [=](std::size_t from, std::size_t to) { copy_block(values + from, moved_to + to, length); });
  Tensor y = make_result(run, std::move(out), {x});

  if (run.trace) {
    run.trace->made(y, {op, {x}, 0, [=](std::size_t index) {
                          const std::size_t l = index % length, i = index / length % p,
                                            j = index / length / p % q;
                          return moved(rule, x,
                                       index / item_size * item_size + (i * q + j) * length + l);
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const real* dy = y.grad().data();
      const Tensor::Sum dx = x.add_to_grad();
      if (dx.beta == 0) {
        each_block(
            [=](std::size_t from, std::size_t to) { copy_block(dy + to, dx.to + from, length); });
      } else {
        each_block([=](std::size_t from, std::size_t to) {
          add_scaled_row(1, dy + to, dx.to + from, length);
        });
      }
    });
  }
  return y;
}

}  // namespace

Tensor split_heads(const Run& run, const Tensor& x, std::size_t heads) {
  require_rank("split_heads", "x", x, 2);
  Shape shape = x.shape();  // (...,n,H d)
  const std::size_t width = shape.back(), n = shape[shape.size() - 2];
  if (heads == 0 || width % heads != 0) {
    throw Error(ErrorKind::usage,
                fmt::format("{} columns cannot be split into {} equal heads", width, heads),
                "the number of heads must divide the width");
  }
  const std::size_t d = width / heads;
  shape.back() = d;
  shape.insert(shape.end() - 2, heads);  // (...,H,n,d)
  return swap_axes(run, "split_heads", "a head's columns, taken out of the row", x, shape, n, heads,
                   d);
}

Tensor merge_heads(const Run& run, const Tensor& x) {
  require_rank("merge_heads", "x", x, 3);
  const Shape from = x.shape();  // (...,H,n,d)
  const std::size_t d = from.back(), n = from[from.size() - 2], heads = from[from.size() - 3];
  Shape shape(from.begin(), from.end() - 3);
  shape.push_back(n);
  shape.push_back(heads * d);  // (...,n,H d)
  return swap_axes(run, "merge_heads", "a head's numbers, put beside the other heads'", x, shape,
                   heads, n, d);
}

Tensor reshape(const Run& run, const Tensor& x, const Shape& shape) {
  if (count(shape) != x.value().size()) {
    throw Error(ErrorKind::usage,
                fmt::format("reshape: {} has other numbers than {}", to_string(x.shape()),
                            to_string(shape)),
                "the product of the lengths must stay the same");
  }
  return move_blocks(run, "reshape", "the same place in memory order", x, shape, x.value().size(),
                     [](std::size_t) { return std::size_t{0}; });
}

Tensor transpose(const Run& run, const Tensor& x) {
  require_rank("transpose", "x", x, 2);
  Shape shape = x.shape();  // (...,m,n)
  const std::size_t n = shape.back(), m = shape[shape.size() - 2];
  std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);  // (...,n,m)
  return swap_axes(run, "transpose", "row and column exchanged", x, shape, m, n, 1);
}

Tensor slice_rows(const Run& run, const Tensor& x, std::size_t begin, std::size_t end) {
  Shape shape = x.shape();  // (...,m,d)
  if (shape.size() < 2 || begin > end || end > shape[shape.size() - 2]) {
    throw Error(ErrorKind::usage,
                fmt::format("slice_rows: rows {} to {} of {}", begin, end, to_string(shape)),
                "0 <= begin <= end <= rows is needed, of an array with two axes or more");
  }
  const std::size_t d = shape.back(), m = shape[shape.size() - 2];
  shape[shape.size() - 2] = end - begin;  // (...,end-begin,d)
  return move_blocks(run, "slice_rows", "a row taken out", x, shape, (end - begin) * d,
                     [=](std::size_t item) { return (item * m + begin) * d; });
}

Tensor slice_columns(const Run& run, const Tensor& x, std::size_t begin, std::size_t end) {
  require_rank("slice_columns", "x", x, 1);
  const std::size_t d = columns(x.value());
  if (begin > end || end > d) {
    throw Error(
        ErrorKind::usage,
        fmt::format("slice_columns: columns {} to {} of {}", begin, end, to_string(x.shape())),
        "0 <= begin <= end <= columns is needed");
  }
  return move_blocks(run, "slice_columns", "a column taken out", x,
                     with_last(x.shape(), end - begin), end - begin,
                     [=](std::size_t b) { return b * d + begin; });
}

namespace {

/// Each item of the result is an item of a (`p` numbers) and then one of b (`q`).
Tensor concat(const Run& run, const char* name, std::array<const char*, 2> parts, const Tensor& a,
              const Tensor& b, const Shape& shape, std::size_t p, std::size_t q) {
  Array out = empty(shape);
  const std::size_t size = p + q, items = size == 0 ? 0 : out.size() / size;
  for (std::size_t i = 0; i < items; ++i) {
    real* to = std::copy_n(a.value().data() + i * p, p, out.data() + i * size);
    std::copy_n(b.value().data() + i * q, q, to);
  }
  Tensor y = make_result(run, std::move(out), {a, b});

  if (run.trace) {
    run.trace->made(y, {name, {a, b}, 0, [=](std::size_t index) {
                          const std::size_t i = index / size, at = index % size;
                          return at < p ? moved(parts[0], a, i * p + at)
                                        : moved(parts[1], b, i * q + at - p);
                        }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {
      const auto collect = [&](const Tensor& from, std::size_t begin, std::size_t length) {
        if (!from.needs_grad()) return;
        const auto [to, beta] = from.add_to_grad();
        for (std::size_t i = 0; i < items; ++i)
          sum_row(1, y.grad().data() + i * size + begin, beta, to + i * length, length);
      };
      collect(a, 0, p);
      collect(b, p, q);
    });
  }
  return y;
}

}  // namespace

Tensor concat_columns(const Run& run, const Tensor& a, const Tensor& b) {
  require_rank("concat_columns", "a", a, 1);
  require_rank("concat_columns", "b", b, 1);
  const std::size_t p = columns(a.value()), q = columns(b.value());
  if (with_last(a.shape(), q) != b.shape()) {
    shapes_do_not_fit("concat_columns", "a", a, "b", b, "only the last axis may differ");
  }
  return concat(run, "concat_columns", {"from the left part", "from the right part"}, a, b,
                with_last(a.shape(), p + q), p, q);  // (...,p+q)
}

Tensor concat_rows(const Run& run, const Tensor& a, const Tensor& b) {
  Shape shape = a.shape(), other = b.shape();
  const std::size_t rank = shape.size();
  const std::size_t p = rank < 2 ? 0 : shape[rank - 2];
  const std::size_t q = other.size() < 2 ? 0 : other[other.size() - 2];
  if (rank >= 2) shape[rank - 2] = q;
  if (rank < 2 || shape != other) {
    shapes_do_not_fit("concat_rows", "a", a, "b", b, "only the number of rows may differ");
  }
  shape[rank - 2] = p + q;
  return concat(run, "concat_rows", {"from the upper part", "from the lower part"}, a, b, shape,
                p * shape.back(), q * shape.back());  // (...,p+q,d)
}

Tensor patches(const Run& run, const Tensor& pixels, std::size_t side) {
  Shape shape = pixels.shape();
  const std::size_t rank = shape.size();
  if (rank < 3 || side == 0 || shape[rank - 3] % side != 0 || shape[rank - 2] % side != 0) {
    throw Error(ErrorKind::bad_input,
                fmt::format("patches: pixels {} are not cut into squares of {} without a rest",
                            to_string(shape), side),
                "pixels are (...,height,width,channels); the side must divide height and width");
  }
  // The lines of all pictures of a batch lie below one another, so do their rows of patches.
  const std::size_t width = shape[rank - 2], channels = shape[rank - 1], across = width / side;
  shape[rank - 3] = shape[rank - 3] / side * across;
  shape[rank - 2] = side * side * channels;
  shape.pop_back();
  return move_blocks(run, "patches", "a pixel of the patch", pixels, shape, side * channels,
                     [=](std::size_t block) {
                       const std::size_t patch = block / side, line = block % side;
                       return ((patch / across * side + line) * width + patch % across * side) *
                              channels;
                     });
}

Tensor frames(const Run& run, const Tensor& samples, std::size_t window, std::size_t hop) {
  const Shape shape = samples.shape();
  if (shape.size() != 1 || window == 0 || hop == 0 || window > shape[0]) {
    throw Error(ErrorKind::bad_input,
                fmt::format("frames: samples {}, window {}, hop {} do not fit", to_string(shape),
                            window, hop),
                "samples are one row, at least as long as the window; the hop is at least 1");
  }
  return move_blocks(
      run, "frames", "a sample of the frame", samples, {1 + (shape[0] - window) / hop, window},
      window, [=](std::size_t frame) { return frame * hop; }, hop >= window);
}

}  // namespace attn
