#include <lathe/store/record_io.hpp>

#include "store/scratch.hpp"

using namespace lathe::detail;

namespace {

std::string line_with(const std::string& value) { return framed({{"a", value}}).value(); }

struct counts {
  std::size_t whole = 0, damaged = 0, torn = 0;
  std::size_t consumed = 0;
  lathe::sequence<std::string> lines;
};

counts scan(std::string_view text) {
  counts out;
  line_scanner scanner(text);
  while (const auto found = scanner.next()) {
    if (found->what == scanned::state::whole) {
      ++out.whole;
      out.lines.emplace_back(found->line);
    }
    if (found->what == scanned::state::damaged) ++out.damaged;
    if (found->what == scanned::state::torn) ++out.torn;
  }
  out.consumed = scanner.consumed();
  return out;
}

}  // namespace

TEST_CASE("record_io: fields round-trip, the mark never occurs inside") {
  const lathe::sequence<field> fields = {
      {"a", "100% @lathe 00000001"}, {"b_2", "x=y = \xc3\xa9\xf0\x9f\x98\x80"}, {"c", ""}};
  const auto line = framed(fields);
  REQUIRE(line);
  CHECK(line->find("@lathe ", 1) == std::string::npos);
  const auto found = line_scanner(*line).next();
  REQUIRE(found);
  REQUIRE(found->what == scanned::state::whole);
  const auto back = parse_fields(found->payload);
  REQUIRE(back);
  REQUIRE(back->size() == 3);
  for (std::size_t n = 0; n < 3; ++n) {
    CHECK((*back)[n].name == fields[n].name);
    CHECK((*back)[n].value == fields[n].value);
  }
}

TEST_CASE("record_io: what must not be written is refused") {
  CHECK_FALSE(framed({}));
  CHECK_FALSE(framed({{"", "x"}}));
  CHECK_FALSE(framed({{"A", "x"}}));
  CHECK_FALSE(framed({{std::string(33, 'a'), "x"}}));
  for (const std::string& value :
       {std::string("a\nb"), std::string("a\tb"), std::string(1, '\0'), std::string("\x7f"),
        std::string("\xc0\xaf"), std::string("\xed\xa0\x80"), std::string("\xf4\x90\x80\x80"),
        std::string("\xc3"), std::string("\x80"), std::string(max_payload, 'a')}) {
    CHECK_FALSE(framed({{"a", value}}));
  }
  CHECK_FALSE(framed(lathe::sequence<field>(max_fields + 1, field{"a", "b"})));
  CHECK_FALSE(parse_fields("a=1\ta=2"));
  CHECK_FALSE(parse_fields("a=%41"));
  CHECK_FALSE(parse_fields("a=@"));
  CHECK_FALSE(parse_fields("a"));
  CHECK_FALSE(parse_fields(""));
}

TEST_CASE("record_io: comments and blank lines are skipped, a torn end is not consumed") {
  const std::string one = line_with("1");
  const auto all = scan("# text\n\n" + one + "#\n" + one);
  CHECK(all.whole == 2);
  CHECK(all.damaged + all.torn == 0);
  const auto cut = scan(one + one.substr(0, 9));
  CHECK(cut.whole == 1);
  CHECK(cut.torn == 1);
  CHECK(cut.consumed == one.size());
}

TEST_CASE("record_io: truncated at every byte, only the last record is lost") {
  std::string text;
  lathe::sequence<std::size_t> ends = {0};
  for (int n = 0; n < 4; ++n) {
    text += line_with("value " + std::to_string(n));
    ends.push_back(text.size());
  }
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const auto found = scan(std::string_view(text).substr(0, size));
    std::size_t whole = 0;
    while (whole < 4 && ends[whole + 1] <= size) ++whole;
    CHECK(found.whole == whole);
    CHECK(found.damaged == 0);
    CHECK(found.torn == (ends[whole] == size ? 0 : 1));
    CHECK(found.consumed == ends[whole]);
  }
}

TEST_CASE("record_io: a torn record in the middle costs only itself") {
  const std::string one = line_with("1");
  for (std::size_t size = 1; size < one.size(); ++size) {
    const auto found = scan(one + one.substr(0, size) + one + one);
    CHECK(found.whole == 3);
    CHECK(found.damaged == 1);
  }
}

TEST_CASE("record_io: every flipped bit costs one record and is noticed") {
  lathe::sequence<std::string> lines;
  std::string text;
  for (int n = 0; n < 3; ++n) {
    lines.push_back(line_with("value " + std::to_string(n)));
    text += lines.back();
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = text;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      const auto found = scan(flipped);
      const std::size_t hit = at / lines[0].size();
      CAPTURE(at);
      CAPTURE(bit);
      REQUIRE(found.whole == 2);
      CHECK(found.damaged + found.torn >= 1);
      CHECK(found.lines[0] == lines[hit == 0 ? 1 : 0]);
      CHECK(found.lines[1] == lines[hit == 2 ? 1 : 2]);
    }
  }
}
