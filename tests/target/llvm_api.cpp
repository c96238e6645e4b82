#include <lathe/target/cpu/llvm_api.hpp>

#include <cstdlib>
#include <doctest/doctest.h>
#include <string>

namespace native = lathe::native;

namespace lathe::native::detail {  // private to llvm_api.ipp
LATHE_INLINE result<const llvm_api*> load_llvm();
}  // namespace lathe::native::detail

namespace {

/// Loads again with $LATHE_LIBLLVM = `library`, past the copy that llvm_api::load() remembers.
lathe::result<const native::llvm_api*> load_from(const char* library) {
  ::setenv("LATHE_LIBLLVM", library, 1);
  auto loaded = native::detail::load_llvm();
  ::unsetenv("LATHE_LIBLLVM");
  return loaded;
}

}  // namespace

TEST_CASE("llvm_api: the default search finds version 15 to 19, or says where it looked") {
  const auto loaded = native::llvm_api::load();
  if (!loaded) {
    CHECK(loaded.error().text().starts_with("unavailable: "));
    return;
  }
  CHECK((*loaded)->version >= 15);
  CHECK((*loaded)->version <= 19);
  CHECK(*native::llvm_api::load() == *loaded);
  CHECK(native::llvm_api::alive());
}

TEST_CASE("llvm_api: a file that does not exist is reported with its name") {
  const auto loaded = load_from("/nonexistent/libLLVM.so");
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().id() == "LATHE-E301");
  CHECK(loaded.error().text().find("looked for LATHE_LIBLLVM=/nonexistent/libLLVM.so") !=
        std::string::npos);
}

TEST_CASE("llvm_api: a library that is not LLVM 15 to 19 is refused") {
  const auto loaded = load_from("libm.so.6");
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().id() == "LATHE-E302");
  CHECK(loaded.error().text().find("libm.so.6") != std::string::npos);
}

TEST_CASE("llvm_api: LLVM 14 is refused where it is installed") {
  const auto loaded = load_from("libLLVM-14.so.1");
  REQUIRE_FALSE(loaded.has_value());
  if (loaded.error().id() == "LATHE-E301") {
    MESSAGE("[SKIP] no libLLVM 14 on this machine");
    return;
  }
  CHECK(loaded.error().id() == "LATHE-E302");
  CHECK(loaded.error().text().find("LLVM 14") != std::string::npos);
}
