/// @file
/// The compiler of the machine the tests run on; tests that need it are skipped where there is
/// none.
#pragma once

#include <lathe/target/cpu/host.hpp>
#include <lathe/target/cpu/jit.hpp>

#include <doctest/doctest.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test {

/// A jit for `set` (none: the best), or nothing after a "[SKIP] reason" message.
inline std::optional<lathe::native::jit> host_jit(std::optional<lathe::isa> set = std::nullopt) {
  const auto target = lathe::native::host_target(set);
  REQUIRE(target.has_value());
  auto made = lathe::native::jit::create(*target);
  if (made) return *made;
  MESSAGE("[SKIP] ", std::string(made.error().what()));
  return std::nullopt;
}

/// Every instruction set this machine can execute.
inline std::vector<lathe::isa> executable_isas() {
  std::vector<lathe::isa> sets;
  for (const lathe::isa set : {lathe::isa::sse2, lathe::isa::avx2, lathe::isa::avx512})
    if (set <= lathe::native::best_isa()) sets.push_back(set);
  return sets;
}

/// Compiles and loads `text`, requiring that both work.
inline lathe::native::loaded_object load(const lathe::native::jit& compiler,
                                         std::string_view text) {
  const auto object = compiler.compile(text);
  REQUIRE_MESSAGE(object.has_value(), (object ? "" : object.error().what()));
  auto loaded = compiler.load(*object);
  REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().what()));
  return std::move(loaded).value();
}

/// The address of `symbol` as a function, requiring that it exists.
template <class Function>
Function* function(const lathe::native::loaded_object& object, const std::string& symbol) {
  const auto address = object.lookup(symbol);
  REQUIRE_MESSAGE(address.has_value(), (address ? "" : address.error().what()));
  return reinterpret_cast<Function*>(*address);
}

}  // namespace test
