#include <lathe/search/random.hpp>

#include <doctest/doctest.h>
#include <set>

using namespace lathe;

namespace {

search_space small_space() {
  search_space space;
  space.sites = {{"a", 5, {}}, {"b", 4, {}}, {"c", 3, {}}};
  return space;
}

/// Ten programs, each of which six points stand for.
struct folded_space : search_space {
  folded_space() { sites = {{"a", 10, {}}, {"b", 6, {}}}; }
  std::uint64_t hash(const point& at) const override {
    return static_cast<std::uint64_t>(at.choices[0]);
  }
};

}  // namespace

TEST_CASE("random: every point of a small space is proposed once") {
  const search_space space = small_space();
  random_search search(space, 3);
  std::set<lathe::sequence<std::int32_t>> seen;
  for (lathe::sequence<point> batch; !(batch = search.propose(7)).empty();) {
    for (const point& at : batch) {
      CHECK(space.is_inside(at));
      CHECK(seen.insert(at.choices).second);
    }
  }
  CHECK(seen.size() == 60);
}

TEST_CASE("random: points of one program count as one") {
  const folded_space space;
  random_search search(space, 3);
  CHECK(search.propose(100).size() == 10);
  CHECK(search.propose(1).empty());
}

TEST_CASE("random: observed points are not proposed") {
  const search_space space = small_space();
  random_search search(space, 3);
  lathe::sequence<observation> known;
  for (std::int32_t a = 0; a < 5; ++a) known.push_back({{{a, 0, 0}}, {}});
  search.observe(known);
  const lathe::sequence<point> rest = search.propose(100);
  CHECK(rest.size() == 55);
  for (const point& at : rest) CHECK_UNARY(at.choices[1] != 0 || at.choices[2] != 0);
}

TEST_CASE("random: the seed is the sequence") {
  const search_space space = small_space();
  CHECK(random_search(space, 3).propose(20) == random_search(space, 3).propose(20));
  CHECK(random_search(space, 3).propose(20) != random_search(space, 4).propose(20));
}

TEST_CASE("random: spaces of one point and of no site") {
  search_space space;
  CHECK(random_search(space, 1).propose(5).size() == 1);
  space.sites = {{"only", 1, {}}};
  CHECK(random_search(space, 1).propose(5).size() == 1);
  CHECK(space.size() == 1);
}

TEST_CASE("random: draws are uniform") {
  const search_space space = small_space();
  int counts[5] = {};
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    ++counts[random_search(space, seed).propose(1).front().choices[0]];
  }
  for (const int count : counts) CHECK_UNARY(count > 870 && count < 1130);
}
