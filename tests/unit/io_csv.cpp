#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "attn/io/csv.h"
#include "attn/io/file.h"
#include "attn/io/matrix_file.h"
#include "attn/io/npy.h"
#include "io_support.h"

using attn::Array;
using attn::csv_text;
using attn::parse_matrix_text;
using attn::parse_number;
using attn::Shape;
using io_test::array;
using io_test::check_bad;
using io_test::check_error;
using io_test::random_array;
using io_test::same;

namespace {

Array parse(const std::string& text) { return attn::parse_csv(text, "x.csv"); }
Array typed(const std::string& text) { return parse_matrix_text(text, "the argument"); }

std::string hint(const std::string& text) {
  try {
    parse(text);
  } catch (const attn::Error& error) {
    return error.hint();
  }
  return "no error";
}

}  // namespace

TEST_CASE("csv: random matrices come back with the same bits") {
  unsigned seed = 0;
  for (const Shape& shape : {Shape{1, 1}, Shape{1, 50}, Shape{50, 1}, Shape{20, 30}}) {
    const Array a = random_array(shape, ++seed);
    CHECK(same(parse(csv_text(a)), a));
  }
}

TEST_CASE("csv: special numbers are written plainly and read back") {
  const auto inf = std::numeric_limits<double>::infinity();
  const Array a = array({1, 6}, {std::nan(""), inf, -inf, -0.0, 0.1f, 1e-45f});
  if (sizeof(attn::real) == 4) CHECK(csv_text(a) == "nan,inf,-inf,-0,0.1,1e-45\n");
  CHECK(same(parse(csv_text(a)), a));
}

TEST_CASE("csv: each rank has its text") {
  CHECK(csv_text(array({}, {1.5})) == "1.5\n");
  CHECK(csv_text(array({3}, {1, 2, 3})) == "1,2,3\n");
  CHECK(csv_text(array({2, 2}, {1, 2, 3, 4})) == "1,2\n3,4\n");
  CHECK(csv_text(array({2, 1, 2}, {1, 2, 3, 4})) ==
        "axis0,axis1,column0,column1\n0,0,1,2\n1,0,3,4\n");
  CHECK(csv_text(array({1, 2, 2, 1}, {1, 2, 3, 4})) ==
        "axis0,axis1,axis2,column0\n0,0,0,1\n0,0,1,2\n0,1,0,3\n0,1,1,4\n");
  CHECK(csv_text(array({0, 3}, {})) == "");
  CHECK(csv_text(array({3, 0}, {})) == "");
}

TEST_CASE("csv: byte order mark, CRLF, spaces and blank lines at the end are accepted") {
  const Array expected = array({2, 2}, {1, 2, 3, 4});
  CHECK(same(parse("1,2\n3,4"), expected));
  CHECK(same(parse("1,2\n3,4\n"), expected));
  CHECK(same(parse("1,2\r\n3,4\r\n"), expected));
  CHECK(same(parse("\xEF\xBB\xBF 1 ,\t2\n+3 , 4e0\n\n  \r\n"), expected));
}

TEST_CASE("csv: empty, ragged and interrupted tables are refused") {
  check_bad("x.csv: CSV: expected numbers, found nothing", [] { parse(""); });
  check_bad("found nothing", [] { parse("\xEF\xBB\xBF"); });
  check_bad("found nothing", [] { parse(" \n\r\n"); });
  check_bad("row 2: expected 2 cells as in row 1, found 1", [] { parse("1,2\n3\n"); });
  check_bad("row 3: expected 1 cell as in row 1, found 3", [] { parse("1\n2\n3,4,5\n"); });
  check_bad("row 2: expected numbers, found a blank row", [] { parse("1,2\n\n3,4\n"); });
  check_bad("row 1: expected numbers, found a blank row", [] { parse("\n3,4\n"); });
}

TEST_CASE("csv: the first bad cell is named by row and column") {
  check_bad("x.csv: CSV, row 2, column 3: expected a number, found 'x'",
            [] { parse("1,2,3\n4,5,x\n"); });
  check_bad("row 1, column 2: expected a number, found an empty cell", [] { parse("1,,3\n"); });
  check_bad("row 1, column 3: expected a number, found an empty cell", [] { parse("1,2,\n"); });
  check_bad("row 1, column 1", [] { parse(",\n"); });
  check_bad("found '\\x1B[31m'", [] { parse("\x1b[31m"); });
  check_bad("found '" + std::string(40, 'x') + "...'", [] { parse(std::string(1 << 20, 'x')); });
  for (const std::string bad : {"0x8", "1 2", "1_000", "\"1\"", "--1", "+-1", "1e", "e5", ".", "-",
                                "nan(1)", "1e400", "1.5.2", "=1+1", "1f", "infinite"}) {
    INFO(bad);
    check_bad("row 1, column 1", [&] { parse(bad); });
  }
}

TEST_CASE("csv: hints tell headers, semicolons and other encodings apart") {
  CHECK(hint("a,b\n1,2\n") == "if the first line is a header, remove it");
  CHECK(hint("1;2\n").find("not semicolons") != std::string::npos);
  CHECK(hint(std::string("\xFF\xFE"
                         "1\0,\0",
                         6))
            .find("UTF-8") != std::string::npos);
  CHECK(hint("1,,2").find("a comma too many") != std::string::npos);
}

TEST_CASE("parse_number: reads what programs write, and too large is no number") {
  CHECK(parse_number("1e3") == attn::real{1000});
  CHECK(parse_number("-.5") == attn::real{-0.5});
  CHECK(parse_number("5.") == attn::real{5});
  CHECK(std::isinf(*parse_number("-Infinity")));
  CHECK(std::isinf(*parse_number("+INF")));
  CHECK(std::isnan(*parse_number("NaN")));
  CHECK(std::isnan(*parse_number("-nan")));
  CHECK(parse_number("1e-400") == attn::real{0});
  CHECK(std::signbit(*parse_number("-1e-400")));
  CHECK(!parse_number("1e400"));
  CHECK(!parse_number("-1e400"));
  CHECK(parse_number("1e39").has_value() == (sizeof(attn::real) == 8));
  CHECK(!parse_number(""));
  CHECK(!parse_number(" 1"));
  CHECK(!parse_number("+"));
  CHECK(parse_number("0." + std::string(100000, '3')).has_value());
}

TEST_CASE("csv: cut at any byte it is an error or a smaller table, never anything else") {
  const std::string whole =
      "\xEF\xBB\xBF"
      "1,nan\r\n-2.5e-3,inf\r\n";
  for (std::size_t n = 0; n < whole.size(); ++n) {
    try {
      const Array read = parse(whole.substr(0, n));
      CHECK(read.size() <= 4);
    } catch (const attn::Error& error) {
      CHECK(error.kind() == attn::ErrorKind::bad_input);
    }
  }
}

TEST_CASE("matrix text: rows by semicolon or line, cells by space or comma") {
  const Array expected = array({2, 3}, {1, 2, 3, 4, 5, 6});
  for (const std::string text :
       {"1 2 3; 4 5 6", "1,2,3;4,5,6", "1, 2, 3; 4, 5, 6", " 1\t2  3 \n4 , 5 6;",
        "1 2 3;\n4 5 6;\n", "\n1 2 3\r\n\r\n4 5 6\r\n"}) {
    INFO(text);
    CHECK(same(typed(text), expected));
  }
  CHECK(same(typed("-inf nan"), array({1, 2}, {-HUGE_VAL, std::nan("")})));
}

TEST_CASE("matrix text: what is no matrix is refused with its place") {
  check_bad("the argument: expected numbers, found nothing", [] { typed(""); });
  check_bad("found nothing", [] { typed(" \n "); });
  check_bad("row 2: expected 3 cells as in row 1, found 2", [] { typed("1 2 3; 4 5"); });
  check_bad("the argument, row 2, column 2: expected a number, found 'x'",
            [] { typed("1 2; 3 x"); });
  check_bad("row 1, column 2: expected a number, found an empty cell", [] { typed("1,,2"); });
  check_bad("row 1, column 3: expected a number, found an empty cell", [] { typed("1,2,"); });
  check_bad("row 2: expected numbers, found a blank row", [] { typed("1;;2"); });
  check_bad("row 1: expected numbers, found a blank row", [] { typed(";1"); });
  check_bad("found 'hello'", [] { typed("hello world"); });
}

TEST_CASE("read_matrix: content decides between NPY and CSV, a single row is a matrix") {
  const io_test::Folder folder;
  const Array a = random_array({3, 4}, 1);
  attn::write_file(folder / "a.npy", attn::npy_bytes(a));
  attn::write_file(folder / "a.csv", csv_text(a));
  attn::write_file(folder / "a.CSV", attn::npy_bytes(a));
  CHECK(same(attn::read_matrix(folder / "a.npy"), a));
  CHECK(same(attn::read_matrix(folder / "a.csv"), a));
  CHECK(same(attn::read_matrix(folder / "a.CSV"), a));
  attn::write_file(folder / "row.npy", attn::npy_bytes(array({2}, {1, 2})));
  CHECK(same(attn::read_matrix(folder / "row.npy"), array({1, 2}, {1, 2})));
}

TEST_CASE("read_matrix: other extensions, ranks and files are refused") {
  const io_test::Folder folder;
  check_bad("unknown extension .txt, expected a matrix in a file ending in .npy or .csv",
            [&] { attn::read_matrix(folder / "a.txt"); });
  check_bad("no extension", [] { attn::read_matrix("folder.npy/a"); });
  check_bad("no extension", [] { attn::read_matrix(".npy"); });
  check_error(attn::ErrorKind::io, "No such file", [&] { attn::read_matrix(folder / "a.npy"); });
  attn::write_file(folder / "a.npy", attn::npy_bytes(random_array({2, 3, 4}, 1)));
  check_bad("expected a matrix (rows, columns), found shape (2, 3, 4)",
            [&] { attn::read_matrix(folder / "a.npy"); });
  attn::write_file(folder / "b.npy", attn::npy_bytes(random_array({}, 1)));
  check_bad("found shape ()", [&] { attn::read_matrix(folder / "b.npy"); });
  attn::write_file(folder / "c.npy", "1,2\n");
  check_bad("NPY, byte 0", [&] { attn::read_matrix(folder / "c.npy"); });
}
