#include <lathe/core/owner.hpp>

#include <doctest/doctest.h>
#include <thread>
#include <utility>
#include <vector>

using namespace lathe;

namespace {

/// Counts the objects that live.
struct counted {
  explicit counted(int wanted = 0) : value(wanted) { ++alive; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --alive; }
  int value;
  static inline int alive = 0;
};

struct incomplete;
struct holder {
  shared<const incomplete> of;
};
holder make_holder();

}  // namespace

TEST_CASE("owner: one object, one owner") {
  {
    owner<counted> first(new counted(3));
    owner<counted> second(std::move(first));
    CHECK_FALSE(first);
    CHECK(second->value == 3);
    first = std::move(second);
    CHECK(first->value == 3);
    first = owner<counted>(new counted(4));
    CHECK(first->value == 4);
    CHECK(counted::alive == 1);
    owner<counted> released(first.release());
    CHECK_FALSE(first);
    CHECK(counted::alive == 1);
  }
  CHECK(counted::alive == 0);
}

TEST_CASE("owner: what releases is a type or a value") {
  static int released = 0;
  {
    int object = 0;
    const owner<int, void (*)(int*)> held(&object, [](int*) { ++released; });
    const owner<std::byte, by_free> block(static_cast<std::byte*>(std::malloc(8)));
    CHECK(block);
  }
  CHECK(released == 1);
}

TEST_CASE("shared: the last owner destroys") {
  shared<const counted> outer;
  {
    shared<counted> made = shared<counted>::make(7);
    made->value = 8;
    shared<counted> copy = made;
    outer = made;
    copy = shared<counted>();
    CHECK(outer->value == 8);
    CHECK(counted::alive == 1);
  }
  CHECK(counted::alive == 1);
  const shared<const counted>& itself = outer;
  outer = itself;
  CHECK(outer->value == 8);
  outer = {};
  CHECK(counted::alive == 0);
  CHECK_FALSE(outer);
}

TEST_CASE("shared: the object's type is needed where it is made only") {
  const holder first = make_holder();
  const holder second = first;
  CHECK(first.of.get() == second.of.get());
}

TEST_CASE("shared: owners of several threads") {
  const shared<counted> made = shared<counted>::make(1);
  {
    std::vector<std::jthread> team;
    for (int t = 0; t < 4; ++t)
      team.emplace_back([made] {
        for (int n = 0; n < 10000; ++n) const shared<counted> copy = made;
      });
  }
  CHECK(counted::alive == 1);
  CHECK(made->value == 1);
}

namespace {

struct incomplete {
  int value = 0;
};
holder make_holder() { return {shared<incomplete>::make()}; }

}  // namespace
