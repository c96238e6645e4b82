#include <lathe/core/random.hpp>
#include <lathe/core/sequence.hpp>

#include <doctest/doctest.h>
#include <memory>
#include <span>
#include <string>
#include <vector>

using lathe::sequence;

namespace {

// A string long enough to own memory, so that sanitizers see each copy and each leak.
std::string long_text(std::uint64_t number) {
  return std::string(40, 'x') + std::to_string(number);
}

template <class Left, class Right>
bool same(const Left& left, const Right& right) {
  if (left.size() != right.size()) return false;
  for (std::size_t at = 0; at < left.size(); ++at)
    if (left[at] != right[at]) return false;
  return true;
}

}  // namespace

TEST_CASE("sequence: random operations do what std::vector's do") {
  lathe::random_engine random(7);
  const auto below = [&](std::size_t end) { return static_cast<std::size_t>(random.next() % end); };
  for (int round = 0; round < 50; ++round) {
    sequence<std::string> ours;
    std::vector<std::string> theirs;
    for (int step = 0; step < 60; ++step) {
      const std::string value = long_text(random.next() % 100);
      const std::size_t at = below(theirs.size() + 1);
      switch (below(9)) {
        case 0:
          ours.push_back(value);
          theirs.push_back(value);
          break;
        case 1:
          if (theirs.empty()) break;
          ours.push_back(ours.front());  // of itself, also when it grows
          theirs.push_back(std::string(theirs.front()));
          break;
        case 2:
          ours.insert(ours.begin() + at, value);
          theirs.insert(theirs.begin() + static_cast<std::ptrdiff_t>(at), value);
          break;
        case 3:
          if (at == theirs.size()) break;
          ours.erase(ours.begin() + at);
          theirs.erase(theirs.begin() + static_cast<std::ptrdiff_t>(at));
          break;
        case 4:
          ours.resize(at + 3, value);
          theirs.resize(at + 3, value);
          break;
        case 5: {
          const std::vector<std::string> more(below(7), value);
          ours.insert(ours.begin() + at, more.begin(), more.end());
          theirs.insert(theirs.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
          break;
        }
        case 6: {
          sequence<std::string> copy = ours;
          CHECK(copy == ours);
          ours = std::move(copy);
          break;
        }
        case 7:
          erase_if(ours, [&](const std::string& each) { return each < value; });
          std::erase_if(theirs, [&](const std::string& each) { return each < value; });
          break;
        case 8: {
          const std::size_t end = at + below(theirs.size() + 1 - at);
          ours.erase(ours.begin() + at, ours.begin() + end);
          theirs.erase(theirs.begin() + static_cast<std::ptrdiff_t>(at),
                       theirs.begin() + static_cast<std::ptrdiff_t>(end));
          break;
        }
      }
      REQUIRE(same(ours, theirs));
    }
    CHECK(sequence<std::string>(theirs) == ours);
  }
}

TEST_CASE("sequence: constructors, comparison, views") {
  CHECK(sequence<int>(3).size() == 3);
  CHECK(sequence<int>(3)[2] == 0);
  CHECK(sequence<int>(2, 7) == sequence<int>{7, 7});
  const int raw[] = {1, 2, 3};
  CHECK(sequence<int>(raw, raw + 3) == sequence<int>{1, 2, 3});
  CHECK(sequence<int>{1, 2} < sequence<int>{1, 2, 0});
  CHECK(sequence<int>{1, 2, 9} < sequence<int>{1, 3});
  CHECK_FALSE(sequence<int>{1} < sequence<int>{1});

  const sequence<int> values{4, 5, 6};
  const std::span<const int> view = values;
  CHECK(view.data() == values.data());
  CHECK(view.size() == 3);

  sequence<std::unique_ptr<int>> owners;  // elements that only move
  for (int n = 0; n < 20; ++n) owners.push_back(std::make_unique<int>(n));
  owners.erase(owners.begin());
  CHECK(*owners.front() == 1);
  CHECK(*owners.back() == 19);
}
