#include <lathe/core/algorithm.hpp>
#include <lathe/core/random.hpp>

#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <utility>
#include <vector>

TEST_CASE("algorithm: sort is stable and orders every length") {
  lathe::random_engine random(5);
  using item = std::pair<int, int>;  // key, place before sorting
  const auto before = [](const item& left, const item& right) { return left.first < right.first; };
  for (int size = 0; size < 70; ++size) {
    lathe::sequence<item> ours;
    for (int n = 0; n < size; ++n) ours.push_back({static_cast<int>(random.next() % 10), n});
    std::vector<item> theirs(ours.begin(), ours.end());
    std::stable_sort(theirs.begin(), theirs.end(), before);
    lathe::sort(ours, before);
    CHECK(std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end()));
  }
}

TEST_CASE("algorithm: searching, repeated elements, bounds") {
  lathe::sequence<int> values{3, 3, 1, 1, 1, 2, 3};
  CHECK(lathe::position(values, 1) == 2);
  CHECK(lathe::position(values, 9) == values.size());
  CHECK(lathe::contains(values, 2));
  CHECK_FALSE(lathe::contains(values, 4));
  CHECK(lathe::any_of(values, [](int each) { return each == 2; }));
  CHECK_FALSE(lathe::all_of(values, [](int each) { return each > 1; }));
  lathe::remove_repeated(values);
  CHECK(values == lathe::sequence<int>{3, 1, 2, 3});
  lathe::sort(values);
  CHECK(lathe::equal(values, lathe::sequence<int>{1, 2, 3, 3}));
  CHECK_FALSE(lathe::equal(values, lathe::sequence<int>{1, 2, 3}));
  static_assert(lathe::smaller(2, 1) == 1 && lathe::larger(2, 1) == 2);
  static_assert(lathe::clamped(5, 0, 3) == 3 && lathe::clamped(-1, 0, 3) == 0);
  static_assert(lathe::clamped(2, 0, 3) == 2);
}
