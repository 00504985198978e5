#include "attn/text/words.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using attn::without_contraction;
using Words = std::vector<std::string>;

TEST_CASE("words: a contraction stands for two words, whichever apostrophe it has") {
  CHECK(without_contraction("didn't") == Words{"did", "not"});
  CHECK(without_contraction("didn\u2019t") == Words{"did", "not"});
  CHECK(without_contraction("can't") == Words{"can", "not"});
  CHECK(without_contraction("won't") == Words{"will", "not"});
  CHECK(without_contraction("they're") == Words{"they", "are"});
  CHECK(without_contraction("we'll") == Words{"we", "will"});
  CHECK(without_contraction("it's") == Words{"it", "is"});
  for (const char* word : {"did", "", "n't", "dog's", "he's", "'ll", "not"})
    CHECK(without_contraction(word).empty());
}
