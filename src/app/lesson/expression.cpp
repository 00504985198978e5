#include "app/lesson/expression.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "attn/core/error.h"

namespace attn::app {

namespace {

constexpr std::size_t kLongest = 4000, kDeepest = 32;

struct Token {
  enum class Kind { word, number, text, sign, end };
  Kind kind = Kind::end;
  std::string text;
  double number = 0;
  std::size_t column = 1;
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A name goes on over digits, over a dot before a letter or digit, over a hyphen before a letter.
std::size_t name_end(std::string_view text, std::size_t at) {
  const auto letter = [&](std::size_t i) { return i < text.size() && is_letter(text[i]); };
  const auto part = [&](std::size_t i) {
    return letter(i) || (i < text.size() && is_digit(text[i]));
  };
  while (part(at) || (at < text.size() &&
                      ((text[at] == '.' && part(at + 1)) || (text[at] == '-' && letter(at + 1)))))
    ++at;
  return at;
}

[[noreturn]] void fail(std::string_view text, std::size_t column, const std::string& what) {
  throw Error(ErrorKind::bad_input,
              fmt::format("\"{}\", column {}: {}", escaped(text, 120), column, what),
              "docs/lessons.md says how values and claims are written");
}

std::vector<Token> tokens_of(std::string_view text) {
  if (text.size() > kLongest)
    throw Error(ErrorKind::limit, fmt::format("a claim of {} characters", text.size()),
                fmt::format("at most {} are read", kLongest));
  std::vector<Token> out;
  for (std::size_t at = 0; at < text.size();) {
    Token token;
    token.column = at + 1;
    std::size_t end = at + 1;
    const char c = text[at];
    if (c == ' ' || c == '\t') {
      ++at;
      continue;
    }
    if (is_letter(c)) {
      token.kind = Token::Kind::word;
      end = name_end(text, at);
    } else if (is_digit(c)) {
      token.kind = Token::Kind::number;
      const auto [stop, problem] =
          std::from_chars(text.data() + at, text.data() + text.size(), token.number);
      if (problem != std::errc()) fail(text, at + 1, "a number that cannot be read");
      end = static_cast<std::size_t>(stop - text.data());
      if (end < text.size() && is_letter(text[end])) fail(text, end + 1, "a letter in a number");
    } else if (c == '"') {
      token.kind = Token::Kind::text;
      end = text.find('"', at + 1);
      if (end == std::string_view::npos) fail(text, at + 1, "a quote that is not closed");
      token.text = text.substr(at + 1, end - at - 1);
      ++end;
    } else {
      token.kind = Token::Kind::sign;
      static constexpr std::string_view kTwo[] = {"==", "!=", "<=", ">=", "::"};
      if (std::find(std::begin(kTwo), std::end(kTwo), text.substr(at, 2)) != std::end(kTwo))
        end = at + 2;
      if (end == at + 1 && std::string_view("<>[](),:+-*/.").find(c) == std::string_view::npos)
        fail(text, at + 1, fmt::format("\"{}\" has no meaning here", escaped(text.substr(at, 1))));
    }
    if (token.kind != Token::Kind::text) token.text = text.substr(at, end - at);
    out.push_back(std::move(token));
    at = end;
  }
  Token end;
  end.column = text.size() + 1;
  out.push_back(end);
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), tokens_(tokens_of(text)) {}

  Claim claim() {
    Claim out;
    do {
      out.parts.push_back(comparison());
    } while (take("and"));
    end();
    return out;
  }
  Expression whole() {
    Expression out = sum();
    end();
    return out;
  }

 private:
  const Token& now() const { return tokens_[at_]; }
  bool is(std::string_view text) const {
    return (now().kind == Token::Kind::sign || now().kind == Token::Kind::word) &&
           now().text == text;
  }
  bool take(std::string_view text) {
    if (!is(text)) return false;
    ++at_;
    return true;
  }
  [[noreturn]] void expected(const std::string& what) const {
    fail(text_, now().column,
         fmt::format("expected {}, found {}", what,
                     now().kind == Token::Kind::end ? std::string("the end")
                                                    : fmt::format("\"{}\"", escaped(now().text))));
  }
  void require(std::string_view sign) {
    if (!take(sign)) expected(fmt::format("\"{}\"", sign));
  }
  void end() const {
    if (now().kind != Token::Kind::end) expected("the end, a measure or an operation");
  }

  Comparison comparison() {
    Comparison out;
    out.negated = take("not");
    out.left = sum();
    for (const char* relation : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (out.relation.empty() && take(relation)) out.relation = relation;
    }
    if (out.relation.empty()) expected("a measure, or one of == != < <= > >=");
    out.right = sum();
    if (is("within")) {
      if (out.relation != "==" && out.relation != "!=") expected("no \"within\" after < or >");
      take("within");
      out.within = sum();
    }
    return out;
  }

  /// Depth counts what stands inside one another, so that hostile text costs no stack.
  struct Deeper {
    explicit Deeper(Parser& p) : parser(p) {
      if (++parser.depth_ > 2 * kDeepest)  // a bracket is counted as a sum and as a factor
        throw Error(
            ErrorKind::limit,
            fmt::format("\"{}\": too many brackets inside one another", escaped(parser.text_, 60)),
            fmt::format("at most {}", kDeepest));
    }
    ~Deeper() { --parser.depth_; }
    Deeper(const Deeper&) = delete;
    Parser& parser;
  };

  static Expression operation(const std::string& sign, Expression left, Expression right) {
    Expression out;
    out.kind = Expression::Kind::operation;
    out.name = sign;
    out.parts.push_back(std::move(left));
    out.parts.push_back(std::move(right));
    return out;
  }
  static Expression of(Expression::Kind kind, std::string name, Expression part) {
    Expression out;
    out.kind = kind;
    out.name = std::move(name);
    out.parts.push_back(std::move(part));
    return out;
  }

  Expression sum() {
    const Deeper deeper(*this);
    Expression left = product();
    for (std::size_t count = 0; is("+") || is("-"); ++count) {
      if (count > kDeepest) expected("fewer terms");
      const std::string sign = now().text;
      ++at_;
      left = operation(sign, std::move(left), product());
    }
    return left;
  }
  Expression product() {
    Expression left = factor();
    for (std::size_t count = 0; is("*") || is("/") || is("."); ++count) {
      if (count > kDeepest) expected("fewer factors");
      const std::string sign = now().text;
      ++at_;
      left = operation(sign, std::move(left), factor());
    }
    return left;
  }
  Expression factor() {
    const Deeper deeper(*this);
    if (take("-")) return of(Expression::Kind::minus, "-", factor());
    Expression value = primary();
    for (std::size_t count = 0;; ++count) {
      if (count > kDeepest) expected("fewer measures");
      if (is("[")) {
        Expression selected = of(Expression::Kind::selected, "", std::move(value));
        selected.selectors = selectors();
        value = std::move(selected);
      } else if (is_measure()) {
        const std::string name = now().text;
        ++at_;
        value = of(Expression::Kind::measure, name, std::move(value));
      } else {
        return value;
      }
    }
  }
  bool is_measure() const {
    return now().kind == Token::Kind::word &&
           std::find(measures().begin(), measures().end(), now().text) != measures().end();
  }

  Expression primary() {
    Expression out;
    if (now().kind == Token::Kind::number) {
      out.number = now().number;
      ++at_;
    } else if (now().kind == Token::Kind::text) {
      out.kind = Expression::Kind::text;
      out.name = now().text;
      ++at_;
    } else if (take("[")) {
      out.kind = Expression::Kind::list;
      if (!is("]")) {
        do {
          out.parts.push_back(sum());
        } while (take(","));
      }
      require("]");
    } else if (take("(")) {
      out = sum();
      require(")");
    } else if (now().kind == Token::Kind::word) {
      out = named();
    } else {
      expected("a value");
    }
    return out;
  }
  Expression named() {
    Expression out;
    std::string word = now().text;
    if (word == "and" || word == "not" || word == "within") expected("a value");
    ++at_;
    if (is("(") && (word == "sqrt" || word == "exp" || word == "log")) {
      take("(");
      out = of(Expression::Kind::function, word, sum());
      require(")");
      return out;
    }
    if (word == "inf") {
      out.number = std::numeric_limits<double>::infinity();
      return out;
    }
    if (take("::")) {
      if (now().kind != Token::Kind::word) expected("the name of a step");
      out.run = std::move(word);
      word = now().text;
      ++at_;
    }
    const bool about = (word == "parameters" || word == "flops" || word == "milliseconds") &&
                       !is("[") && !is_measure();
    out.kind = about ? Expression::Kind::about : Expression::Kind::name;
    out.name = std::move(word);
    return out;
  }

  std::vector<Selector> selectors() {
    require("[");
    std::vector<Selector> out;
    do {
      out.push_back(selector());
    } while (take(","));
    require("]");
    return out;
  }
  long long whole_number() {
    const bool negative = take("-");
    const double number = now().number;
    if (now().kind != Token::Kind::number || number > 1e9 ||
        now().text.find_first_not_of("0123456789") != std::string::npos)
      expected("a whole number, a label in quotes, a range as in 0:3, or *");
    ++at_;
    return static_cast<long long>(negative ? -number : number);
  }
  Selector selector() {
    Selector out;
    if (take("*")) return out;
    if (now().kind == Token::Kind::text) {
      out.kind = Selector::Kind::label;
      out.label = now().text;
      ++at_;
      return out;
    }
    out.kind = Selector::Kind::number;
    if (!is(":")) out.first = whole_number();
    if (!take(":")) return out;
    out.kind = Selector::Kind::range;
    out.open = is("]") || is(",");
    if (!out.open) out.last = whole_number();
    return out;
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0, depth_ = 0;
};

}  // namespace

Expression parse_expression(std::string_view text) { return Parser(text).whole(); }
Claim parse_claim(std::string_view text) { return Parser(text).claim(); }

}  // namespace attn::app
