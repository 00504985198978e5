#include "attn/render/json.h"

#include "attn/render/json_writer.h"
#include "attn/render/view.h"

namespace attn {

namespace {

void write_texts(JsonWriter& out, const std::vector<std::string>& texts) {
  out.begin_array();
  for (const std::string& text : texts) out.text(text);
  out.end_array();
}

void write_step(JsonWriter& out, const Trace& trace, const Step& step, const std::string* file) {
  out.begin_object();
  out.key("path");
  out.text(step.path);
  out.key("kind");
  out.text(kind_name(step));
  out.key("formula");
  out.text(step.formula);
  out.key("axes");
  write_texts(out, step.axes);
  out.key("shape");
  out.begin_array();
  for (const std::size_t length : step.shape()) out.whole(static_cast<long long>(length));
  out.end_array();
  out.key("from");
  write_texts(out, step.from);
  out.key("milliseconds");
  out.number(step.milliseconds);
  if (trace.repeats > 1) {
    out.key("spread");
    out.number(step.spread);
  }
  out.key("flops");
  out.number(step.flops);
  if (file) {
    out.key("file");
    out.text(*file);
  } else {
    out.key("values");
    out.values(step.values());
  }
  out.end_object();
}

void write_check(JsonWriter& out, const Check& check) {
  out.begin_object();
  out.key("claim");
  out.text(check.claim);
  out.key("difference");
  out.number(check.difference);
  out.key("tolerance");
  out.number(check.tolerance);
  out.key("holds");
  out.boolean(check.holds());
  out.end_object();
}

void write_table(JsonWriter& out, const Table& table) {
  out.begin_object();
  out.key("name");
  out.text(table.name);
  out.key("columns");
  write_texts(out, table.columns);
  out.key("rows");
  out.begin_array();
  for (const auto& row : table.rows) {
    out.begin_array();
    for (const Table::Cell& cell : row) {
      if (const auto* number = std::get_if<double>(&cell)) {
        out.number(*number);
      } else {
        out.text(std::get<std::string>(cell));
      }
    }
    out.end_array();
  }
  out.end_array();
  out.end_object();
}

}  // namespace

std::string trace_document(const Trace& trace, const std::vector<std::string>& files) {
  JsonWriter out;
  out.begin_object();
  out.key("format");
  out.whole(1);
  out.key("command");
  write_texts(out, trace.command);
  out.key("seed");
  out.unsigned_whole(trace.seed);
  out.key("threads");
  out.whole(trace.threads);
  out.key("milliseconds");
  out.number(trace.milliseconds);
  out.key("tokens");
  write_texts(out, trace.tokens);
  out.key("steps");
  out.begin_array();
  std::size_t i = 0;
  for (const Step* step : trace.steps()) {
    out.new_line();
    write_step(out, trace, *step, i < files.size() ? &files[i] : nullptr);
    ++i;
  }
  out.end_array();
  out.key("checks");
  out.begin_array();
  for (const Item& item : trace.items) {
    if (const auto* check = std::get_if<Check>(&item)) write_check(out, *check);
  }
  out.end_array();
  out.key("tables");
  out.begin_array();
  for (const Item& item : trace.items) {
    if (const auto* table = std::get_if<Table>(&item)) write_table(out, *table);
  }
  out.end_array();
  out.key("remarks");
  out.begin_array();
  for (const Item& item : trace.items) {
    if (const auto* remark = std::get_if<Remark>(&item)) out.text(remark->text);
    if (const auto* verbatim = std::get_if<Verbatim>(&item)) out.text(verbatim->text);
  }
  out.end_array();
  out.end_object();
  return out.take() + "\n";
}

std::string json(const Trace& trace) {
  return trace.document.empty() ? trace_document(trace, {}) : trace.document;
}

}  // namespace attn
