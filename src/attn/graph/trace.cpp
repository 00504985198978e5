#include "attn/graph/trace.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace attn {

namespace {

bool glob_matches(std::string_view glob, std::string_view text) {
  std::size_t g = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace

Reason& Reason::text(std::string piece) {
  arithmetic.emplace_back(std::move(piece));
  return *this;
}

Reason& Reason::number(const Tensor& tensor, std::size_t index) {
  arithmetic.emplace_back(NumberRef{tensor, index});
  return *this;
}

// Here, not in the header: every command's file would compile them anew.
Trace::Trace() = default;
Trace::~Trace() = default;
Trace::Trace(const Trace&) = default;
Trace::Trace(Trace&&) noexcept = default;
Trace& Trace::operator=(const Trace&) = default;
Trace& Trace::operator=(Trace&&) noexcept = default;

void Trace::add(Item item) { items.push_back(std::move(item)); }

void Trace::say(std::string text) { items.emplace_back(Remark{std::move(text)}); }

void Trace::check(std::string claim, double difference, double tolerance) {
  items.emplace_back(Check{std::move(claim), difference, tolerance});
}

bool matches(std::string_view glob, std::string_view path) {
  const std::size_t dot = path.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? path : path.substr(dot + 1);
  for (;;) {
    const std::size_t comma = glob.find(',');
    const std::string_view one = glob.substr(0, comma);
    const bool is_last_name = one.find('.') == std::string_view::npos;
    if (glob_matches(one, path) || (is_last_name && glob_matches(one, last))) return true;
    if (comma == std::string_view::npos) return false;
    glob.remove_prefix(comma + 1);
  }
}

void Trace::made(const Tensor& y, Making making) {
  Work& work = work_[y.id()];
  work.flops += making.flops;
  work.milliseconds += lap();
  kept_.push_back(y);
  makings_.insert_or_assign(y.id(), std::move(making));
}

void Trace::made_of_parts(const Tensor& whole, const std::vector<Tensor>& parts) {
  std::size_t begin = 0;
  for (const Tensor& part : parts) {
    parts_.insert_or_assign(part.id(), NumberRef{whole, begin});
    begin += part.value().size();
  }
}

NumberRef Trace::in_whole(const NumberRef& part) const {
  const auto found = parts_.find(part.tensor.id());
  if (found == parts_.end()) return part;
  return {found->second.tensor, found->second.index + part.index};
}

/// The work of all ops between the named steps and this value. A part of another whole is left to
/// that one.
Trace::Work Trace::take_work(const Tensor& value) {
  Work sum;
  std::vector<const void*> open{value.id()};
  if (!taken_.insert(value.id()).second) return sum;
  while (!open.empty()) {
    const void* id = open.back();
    open.pop_back();
    if (const auto work = work_.find(id); work != work_.end()) {
      sum.flops += work->second.flops;
      sum.milliseconds += work->second.milliseconds;
      work_.erase(work);
    }
    const auto making = makings_.find(id);
    if (making == makings_.end()) continue;
    for (const Tensor& input : making->second.inputs) {
      if (!input || names_.contains(input.id())) continue;
      const auto part = parts_.find(input.id());
      if (part != parts_.end() && part->second.tensor.id() != value.id()) continue;
      if (taken_.insert(input.id()).second) open.push_back(input.id());
    }
  }
  return sum;
}

std::vector<std::string> Trace::named_ancestors(const Tensor& value) const {
  std::vector<std::string> found;
  std::unordered_set<const void*> seen{value.id()};
  std::vector<const void*> open{value.id()};
  while (!open.empty()) {
    const void* id = open.back();
    open.pop_back();
    const auto making = makings_.find(id);
    if (making == makings_.end()) continue;
    for (const Tensor& input : making->second.inputs) {
      if (!seen.insert(input.id()).second) continue;
      const auto part = parts_.find(input.id());
      const void* whole = part == parts_.end() ? nullptr : part->second.tensor.id();
      if (whole && names_.contains(whole)) {
        if (seen.insert(whole).second) found.push_back(names_.at(whole));
      } else if (const auto name = names_.find(input.id()); name != names_.end()) {
        found.push_back(name->second);
      } else {
        open.push_back(input.id());
      }
    }
  }
  return found;
}

void Trace::add(std::string_view path, std::string_view formula, std::vector<std::string> axes,
                const Tensor& value) {
  const double since_last_op = lap();
  Step step;
  step.path = prefix + std::string(path);
  step.formula = formula;
  step.axes = std::move(axes);
  if (value.kind() == Tensor::Kind::value) {
    step.from = name(value).empty() ? named_ancestors(value)
                                    : std::vector<std::string>{std::string(name(value))};
    const Work work = take_work(value);
    step.milliseconds = work.milliseconds + since_last_op;
    step.flops = work.flops;
  }
  step.data = value;
  kept_.push_back(value);
  names_.try_emplace(value.id(), step.path);
  items.emplace_back(std::move(step));
  restart_clock();
}

void Trace::restart_clock() { last_ = std::chrono::steady_clock::now(); }

double Trace::lap() {
  const auto before = std::exchange(last_, std::chrono::steady_clock::now());
  return std::chrono::duration<double, std::milli>(last_ - before).count();
}

const Step* Trace::find(std::string_view path) const {
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    const auto* step = std::get_if<Step>(&*item);
    if (step && step->path == path) return step;
  }
  return nullptr;
}

Step* Trace::find(std::string_view path) {
  return const_cast<Step*>(std::as_const(*this).find(path));
}

std::vector<const Step*> Trace::steps() const {
  std::vector<const Step*> out;
  for (const Item& item : items) {
    if (const auto* step = std::get_if<Step>(&item)) out.push_back(step);
  }
  return out;
}

const Making* Trace::making(const Tensor& tensor) const {
  const auto found = makings_.find(tensor.id());
  return found == makings_.end() ? nullptr : &found->second;
}

std::string_view Trace::name(const Tensor& tensor) const {
  const auto found = names_.find(tensor.id());
  return found == names_.end() ? std::string_view{} : std::string_view(found->second);
}

}  // namespace attn
