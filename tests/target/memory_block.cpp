#include <lathe/target/cpu/memory_block.hpp>

#include <cstdint>
#include <cstring>
#include <doctest/doctest.h>

using namespace lathe;

TEST_CASE("memory_block: starts on a cache line, large ones on a huge page") {
  const auto rest = [](const native::memory_block& block, std::uintptr_t alignment) {
    return reinterpret_cast<std::uintptr_t>(block.data()) % alignment;
  };
  CHECK(native::memory_block().data() == nullptr);
  CHECK(native::memory_block(0).data() == nullptr);
  for (const std::int64_t bytes : {1, 100, 1 << 20}) {
    const native::memory_block block(bytes);
    std::memset(block.data(), 1, static_cast<std::size_t>(bytes));
    CHECK(rest(block, 64) == 0);
  }
  const std::int64_t large = (5 << 20) + 3;
  const native::memory_block block(large);
  std::memset(block.data(), 1, static_cast<std::size_t>(large));
  CHECK(rest(block, 2 << 20) == 0);
}

TEST_CASE("memory_block: more than the system has is an error that says what to do") {
  CHECK_THROWS_WITH(native::memory_block(std::int64_t{1} << 56),
                    doctest::Contains("free memory or pass a workspace of your own"));
}
