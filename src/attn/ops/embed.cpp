#include "attn/core/rows.h"
#include "attn/ops/op.h"

namespace attn {

namespace {

std::size_t id_at(const Tensor& ids, std::size_t i, std::size_t vocabulary) {
  const real id = ids.value().data()[i];
  if (!(id >= 0) || id >= static_cast<real>(vocabulary)) {
    throw Error(ErrorKind::bad_input,
                fmt::format("token {} has id {}, but the table has {} rows", i, id, vocabulary));
  }
  return static_cast<std::size_t>(id);
}

}  // namespace

Tensor embed(const Run& run, const Tensor& table, const Tensor& ids) {
  if (table.shape().size() != 2) {
    shapes_do_not_fit("embed", "table", table, "ids", ids, "the table needs exactly two axes");
  }
  const std::size_t vocabulary = table.shape()[0], d = columns(table.value());
  Shape shape = ids.shape();
  shape.push_back(d);
  Array out = empty(shape);
  for (std::size_t i = 0; i < ids.value().size(); ++i) {
    const auto source = row(table.value(), id_at(ids, i, vocabulary));
    std::copy(source.begin(), source.end(), out.data() + i * d);
  }
  Tensor y = make_result(run, std::move(out), {table});

  if (run.trace) {
    run.trace->made(
        y, {"embed", {table, ids}, 0, [=](std::size_t i) {
              const std::size_t id = id_at(ids, i / d, vocabulary);
              return moved(fmt::format("row {} of the table, because that is the token's id", id),
                           table, id * d + i % d);
            }});
  }
  if (y.needs_grad()) {
    run.tape->push([=] {  // dtable[ids[i]] += dy[i]
      const real* dy = y.grad().data();
      real* dtable = table.grad().data();
      for (std::size_t i = 0; i < ids.value().size(); ++i) {
        add_scaled_row(1, dy + i * d, dtable + id_at(ids, i, vocabulary) * d, d);
      }
    });
  }
  return y;
}

Tensor one_hot(const Run& run, const Tensor& ids, std::size_t vocabulary) {
  Shape shape = ids.shape();
  shape.push_back(vocabulary);
  Array out = zeros(shape);
  for (std::size_t i = 0; i < ids.value().size(); ++i) {
    out.data()[i * vocabulary + id_at(ids, i, vocabulary)] = 1;
  }
  Tensor y(std::move(out));
  if (run.trace) {
    run.trace->made(
        y,
        {"one_hot", {ids}, 0, [=](std::size_t i) {
           const std::size_t column = i % vocabulary;
           const bool here = id_at(ids, i / vocabulary, vocabulary) == column;
           Reason reason{here ? "1, because the column is the token's id"
                              : "0, because the column is not the token's id",
                         {},
                         here ? 1.0 : 0.0};
           return reason.text(fmt::format("{} == ", column)).number(ids, i / vocabulary).text(" ?");
         }});
  }
  return y;
}

}  // namespace attn
