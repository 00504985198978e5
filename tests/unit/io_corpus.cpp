// Replays the fuzz targets' seeds and finds: good-NAME parses, bad-NAME is an Error, others either.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/homework/archive.h"
#include "app/lesson/lesson.h"
#include "attn/core/error.h"
#include "attn/io/csv.h"
#include "attn/io/file.h"
#include "attn/io/json.h"
#include "attn/io/molecule.h"
#include "attn/io/npy.h"
#include "attn/io/picture.h"
#include "attn/io/safetensors.h"
#include "attn/io/sound.h"
#include "attn/text/wordpiece.h"

#ifndef ATTN_CORPUS_DIR
#define ATTN_CORPUS_DIR "tests/corpus"
#endif

namespace {

void replay(const std::string& format, void (*read)(const std::string& bytes)) {
  int files = 0;
  for (const auto& item : std::filesystem::directory_iterator(ATTN_CORPUS_DIR "/" + format)) {
    const std::string path = item.path().string(), name = item.path().filename().string();
    INFO(path);
    const std::string bytes = attn::read_file(path);
    bool good = true;
    try {
      read(bytes);
    } catch (const attn::Error& error) {
      good = false;
      const bool expected_kind =
          error.kind() == attn::ErrorKind::bad_input || error.kind() == attn::ErrorKind::limit;
      CHECK(expected_kind);
    }
    if (name.rfind("good-", 0) == 0) CHECK(good);
    if (name.rfind("bad-", 0) == 0) CHECK(!good);
    ++files;
  }
  CHECK(files >= 5);
}

}  // namespace

TEST_CASE("corpus: every NPY seed does as its name says") {
  replay("npy", [](const std::string& bytes) { attn::parse_npy(bytes, "seed"); });
}

TEST_CASE("corpus: every CSV seed does as its name says") {
  replay("csv", [](const std::string& bytes) { attn::parse_csv(bytes, "seed"); });
}

TEST_CASE("corpus: every JSON seed does as its name says") {
  replay("json", [](const std::string& bytes) { attn::parse_json(bytes, "seed"); });
}

TEST_CASE("corpus: every safetensors seed does as its name says") {
  replay("safetensors", [](const std::string& bytes) { attn::parse_safetensors(bytes, "seed"); });
}

TEST_CASE("corpus: every vocabulary seed does as its name says, and reads its text") {
  replay("vocab", [](const std::string& bytes) {
    const std::size_t at = bytes.find("\n====\n");
    const attn::PieceVocabulary vocabulary =
        attn::PieceVocabulary::parse(std::string_view(bytes).substr(0, at), "seed");
    if (at == std::string::npos) return;
    for (const bool uncased : {true, false}) {
      for (const std::size_t id :
           attn::encode_pieces(vocabulary, std::string_view(bytes).substr(at + 6), uncased))
        CHECK(id < vocabulary.size());
    }
  });
}

TEST_CASE("corpus: every lesson seed does as its name says") {
  replay("lesson", [](const std::string& bytes) { attn::app::parse_lesson(bytes, "seed"); });
}

TEST_CASE("corpus: every picture seed does as its name says") {
  replay("picture", [](const std::string& bytes) { attn::parse_picture(bytes, "seed"); });
}

TEST_CASE("corpus: every sound seed does as its name says") {
  replay("sound", [](const std::string& bytes) { attn::parse_sound(bytes, "seed"); });
}

TEST_CASE("corpus: every molecule seed does as its name says") {
  replay("molecule", [](const std::string& bytes) { attn::parse_molecule(bytes, "seed"); });
}

TEST_CASE("corpus: every archive does as its name says") {
  replay("archive", [](const std::string& bytes) {
    attn::app::homework::Allowance allowance("seed", bytes.size(), nullptr);
    attn::app::homework::unpacked(bytes, "seed", allowance);
  });
}
