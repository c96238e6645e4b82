#include <lathe/core/flat_map.hpp>
#include <lathe/core/random.hpp>

#include <doctest/doctest.h>
#include <map>
#include <set>
#include <string>
#include <string_view>

TEST_CASE("flat_map: random operations do what std::map's do") {
  lathe::random_engine random(3);
  lathe::flat_map<int, std::string> ours;
  std::map<int, std::string> theirs;
  for (int step = 0; step < 2000; ++step) {
    const int key = static_cast<int>(random.next() % 40);
    const std::string value = std::to_string(random.next() % 1000);
    switch (random.next() % 4) {
      case 0:
        ours[key] = value;
        theirs[key] = value;
        break;
      case 1: CHECK(ours.add(key, value) == theirs.emplace(key, value).second); break;
      case 2:
        ours.erase(key);
        theirs.erase(key);
        break;
      case 3: CHECK(ours.contains(key) == theirs.contains(key)); break;
    }
    REQUIRE(ours.size() == theirs.size());
    const auto* at = ours.begin();
    for (const auto& [expected_key, expected_value] : theirs) {
      REQUIRE(at->first == expected_key);
      REQUIRE(at->second == expected_value);
      ++at;
    }
  }
}

TEST_CASE("flat_set: random operations do what std::set's do; keys of other types") {
  lathe::random_engine random(4);
  lathe::flat_set<std::string> ours;
  std::set<std::string> theirs;
  for (int step = 0; step < 2000; ++step) {
    const std::string key = std::to_string(random.next() % 40);
    if (random.next() % 2 == 0)
      CHECK(ours.insert(key) == theirs.insert(key).second);
    else
      CHECK(ours.erase(std::string_view(key)) == (theirs.erase(key) == 1));
    REQUIRE(std::set<std::string>(ours.begin(), ours.end()) == theirs);
    CHECK(ours.contains(std::string_view("7")) == theirs.contains("7"));
  }
}
