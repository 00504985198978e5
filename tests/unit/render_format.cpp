#include "attn/render/format.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace attn;

namespace {

std::vector<std::string> written(const std::vector<real>& values, int precision = -1) {
  const NumberFormat format = choose_format(values, precision);
  std::vector<std::string> out;
  for (const real v : values) {
    out.push_back(format(static_cast<double>(v)));
    CHECK(out.back().size() <= format.width);
  }
  return out;
}

using Texts = std::vector<std::string>;
const real kInf = std::numeric_limits<real>::infinity();
const real kNan = std::numeric_limits<real>::quiet_NaN();

}  // namespace

TEST_CASE("format: three decimals for numbers around 1, none for whole ones") {
  CHECK(written({0.5f, -1.25f}) == Texts{"0.500", "-1.250"});
  CHECK(written({0, 1, 31, -7}) == Texts{"0", "1", "31", "-7"});
  CHECK(written({0, -kInf}) == Texts{"0", "-inf"});
  CHECK(written({12.5f, 0.25f}) == Texts{"12.50", "0.25"});
  CHECK(written({1234.5f, 1}) == Texts{"1234.5", "1.0"});
  CHECK(written({0.05f, 0.01f}) == Texts{"0.0500", "0.0100"});
}

TEST_CASE("format: very large and very small numbers are scientific") {
  CHECK(written({1e38f, 1e-38f}) == Texts{"1.00e38", "1.00e-38"});
  CHECK(written({1.5e-7f, 0}) == Texts{"1.50e-7", "0"});
  CHECK(written({1e10f, 2.5f}) == Texts{"1.00e10", "2.50e0"});
}

TEST_CASE("format: infinity, NaN and minus zero have one writing") {
  CHECK(written({kInf, -kInf, kNan, -0.0f, 0.5f}) == Texts{"inf", "-inf", "nan", "0.000", "0.500"});
  CHECK(written({-0.0f}) == Texts{"0"});
  CHECK(written({-0.0001f, 0.5f}) == Texts{"0.000", "0.500"});
  CHECK(choose_format(std::vector<real>{}).width == 1);
}

TEST_CASE("format: a precision fixes the decimals, also an absurd one") {
  CHECK(written({0.123456f, 1}, 5) == Texts{"0.12346", "1.00000"});
  CHECK(written({0.6f, 2.5f}, 0)[0] == "1");
  CHECK(written({1e-9f}, 1) == Texts{"1.0e-9"});
  CHECK(written({0.5f}, 1000000000)[0].size() < 30);
}

TEST_CASE("format: a number alone has as many digits as it needs") {
  CHECK(number_text(0.091) == "0.091");
  CHECK(number_text(1.2e-7, 2) == "1.2e-7");
  CHECK(number_text(1e-5) == "1e-5");
  CHECK(number_text(12345) == "12345");
  CHECK(number_text(0) == "0");
  CHECK(number_text(-0.0) == "0");
  CHECK(number_text(1e38) == "1e38");
  CHECK(number_text(std::nan("")) == "nan");
  CHECK(number_text(3.14159265) == "3.142");
  CHECK(time_text(0.0123) == "0.012 ms");
  CHECK(time_text(12345) == "12.35 s");
  CHECK(count_text(1210) == "1,210");
  CHECK(count_text(1.234e12) == "1.23 trillion");
  CHECK(grouped(1234567) == "1,234,567");
}

TEST_CASE("format: a column of counts in a table stays whole at any size") {
  Table table;
  table.columns = {"a", "b"};
  table.rows = {{12345678901.0, 0.5}, {1.0, std::string("word")}};
  const std::vector<NumberFormat> formats = table_formats(table);
  CHECK(cell_text(table.rows[0][0], formats[0]) == "12345678901");
  CHECK(cell_text(table.rows[0][1], formats[1]) == "0.500");
  CHECK(cell_text(table.rows[1][1], formats[1]) == "word");
}
