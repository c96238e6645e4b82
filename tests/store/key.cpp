#include <lathe/store/key.hpp>

#include "store/scratch.hpp"

using store_test::sample_key;

TEST_CASE("key: the canonical text round-trips and hashes") {
  const auto key = sample_key(7);
  const auto back = lathe::parse_key(key.text());
  REQUIRE(back);
  CHECK(*back == key);
  CHECK(back->target == key.target);
  CHECK(back->bound == key.bound);
  CHECK(back->threads == 2);
  CHECK(key.hash().size() == 32);
  CHECK(key.hash() == back->hash());
}

TEST_CASE("key: every part but the names for people makes a different key") {
  const auto base = sample_key();
  auto other = base;
  other.op = "conv";
  other.extents = "";
  CHECK(other == base);
  other.bound = {"odd|na,me", "W", "W"};
  CHECK(other == base);
  for (int part = 0; part < 6; ++part) {
    other = base;
    if (part == 0) ++other.structure.high;
    if (part == 1) ++other.structure.low;
    if (part == 2) other.target += " ";
    if (part == 3) other.threads = 1;
    if (part == 4) other.bound = {"W"};
    if (part == 5) other.strict_fp = true;
    CHECK_FALSE(other == base);
    CHECK(other.hash() != base.hash());
  }
}

TEST_CASE("key: texts that are not canonical are refused") {
  const std::string zeros(32, '0');
  CHECK(lathe::parse_key("1|" + zeros + "|t|threads=1|bound=|strict_fp=0"));
  for (const std::string& text :
       {"2|" + zeros + "|t|threads=1|bound=|strict_fp=0",
        "1|" + zeros + "|t|threads=1|bound=", "1|" + zeros + "|t|threads=01|bound=|strict_fp=0",
        "1|" + zeros + "|t|threads=0|bound=|strict_fp=0",
        "1|" + zeros + "|t|threads=1|bound=b,a|strict_fp=0",
        "1|" + zeros + "|t|threads=1|bound=|strict_fp=2",
        "1|" + zeros + "|%41|threads=1|bound=|strict_fp=0",
        "1|" + zeros + "|%7|threads=1|bound=|strict_fp=0",
        "1|" + zeros.substr(1) + "G|t|threads=1|bound=|strict_fp=0", std::string()}) {
    CAPTURE(text);
    CHECK_FALSE(lathe::parse_key(text));
  }
}
