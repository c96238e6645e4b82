#include "restriction.hpp"

#include <doctest/doctest.h>
#include <stdexcept>

using namespace lathe;

namespace {

search_space three_sites() {
  search_space out;
  out.sites = {
      {"rows i C", 10, linear_moves(10)}, {"rows j C", 4, linear_moves(4)}, {"order C", 6, {}}};
  out.estimates = {{{7, 1, 2}}};
  return out;
}

}  // namespace

TEST_CASE("restriction: named sites keep choices over their range, the estimate's among them") {
  const search_space space = three_sites();
  const lab::restriction part(space, {{"rows", 3}, {"rows j", 9}});
  REQUIRE(part.sites().size() == 3);
  CHECK(part.sites()[0].choices == 3);
  CHECK(part.sites()[1].choices == 4);  // no more than there are
  CHECK(part.sites()[2].choices == 1);
  CHECK(part.sites()[0].moves.size() == 3);
  CHECK(part.sites()[2].moves.empty());
  std::vector<int> kept;
  for (int choice = 0; choice < 3; ++choice) {
    const point whole = part.in_whole({{choice, 2, 0}});
    CHECK(space.is_inside(whole));
    CHECK(part.in_part(whole) == point{{choice, 2, 0}});
    CHECK(whole.choices[2] == 2);
    kept.push_back(whole.choices[0]);
  }
  CHECK(kept == std::vector<int>{0, 7, 9});  // 5 made way for the estimate's 7
}

TEST_CASE("restriction: a name that fits no site is an error that lists them") {
  const search_space space = three_sites();
  CHECK_THROWS_WITH_AS(
      lab::restriction(space, {{"row", 2}, {"blocks", 2}}),
      "no site's name begins with 'blocks'; the sites are: rows i C, rows j C, order C",
      std::invalid_argument);
}
