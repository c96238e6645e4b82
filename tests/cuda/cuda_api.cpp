#include <lathe/target/cuda/cuda_api.hpp>
#include <lathe/target/cuda/nvrtc_api.hpp>

#include <cstdlib>
#include <doctest/doctest.h>
#include <string>

using namespace lathe;

namespace lathe::gpu::detail {  // private to cuda_api.ipp and nvrtc_api.ipp
LATHE_INLINE result<const cuda_api*> load_cuda();
LATHE_INLINE result<const nvrtc_api*> load_nvrtc();
}  // namespace lathe::gpu::detail

namespace {

/// Loads again with a variable set, past the copy that load() remembers.
template <class Load>
auto load_with(const char* variable, const char* library, Load load) {
  const char* const found = std::getenv(variable);
  const std::string before = found != nullptr ? found : "";
  ::setenv(variable, library, 1);
  auto loaded = load();
  if (found != nullptr)
    ::setenv(variable, before.c_str(), 1);
  else
    ::unsetenv(variable);
  return loaded;
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("cuda_api: whatever this machine has is said in one line") {
  const auto loaded = gpu::cuda_api::load();
  if (loaded) {
    CHECK((*loaded)->version >= 11000);
    CHECK((*loaded)->device_count >= 1);
    return;
  }
  CHECK(loaded.error().text().starts_with("unavailable: "));
  CHECK_FALSE(contains(loaded.error().text(), "\n"));
}

TEST_CASE("cuda_api: no driver is LATHE-E341 and names what was looked for") {
  const auto loaded =
      load_with("LATHE_CUDA_DRIVER", "/nonexistent/libcuda.so.1", gpu::detail::load_cuda);
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().id() == "LATHE-E341");
  CHECK(contains(loaded.error().text(), "LATHE_CUDA_DRIVER=/nonexistent/libcuda.so.1"));
}

TEST_CASE("cuda_api: a library that lacks a function is LATHE-E331, too old") {
  const auto loaded = load_with("LATHE_CUDA_DRIVER", "libm.so.6", gpu::detail::load_cuda);
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().id() == "LATHE-E331");
  CHECK(contains(loaded.error().text(), "lacks cuInit"));
}

TEST_CASE("cuda_api: the toolkit's stub is not a driver") {
  const auto loaded = load_with("LATHE_CUDA_DRIVER", "/usr/local/cuda/lib64/stubs/libcuda.so",
                                gpu::detail::load_cuda);
  REQUIRE_FALSE(loaded.has_value());
  if (loaded.error().id() == "LATHE-E341") {
    MESSAGE("[SKIP] no CUDA toolkit with a stub in /usr/local/cuda");
    return;
  }
  CHECK(loaded.error().id() == "LATHE-E331");
  CHECK(contains(loaded.error().text(), "STUB_LIBRARY (34)"));
}

TEST_CASE("cuda_api: a driver without a device is LATHE-E332") {
#if defined(LATHE_FAKE_CUDA)
  ::setenv("LATHE_FAKE_CUDA_ERROR", "no_device", 1);
  const auto loaded = load_with("LATHE_CUDA_DRIVER", LATHE_FAKE_CUDA, gpu::detail::load_cuda);
  ::unsetenv("LATHE_FAKE_CUDA_ERROR");
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().id() == "LATHE-E332");
#else
  MESSAGE("[SKIP] the fake driver is not built");
#endif
}

TEST_CASE("cuda_api: errors have names, and those that stay are told apart") {
  CHECK(contains(gpu::cuda_error_text(700), "CUDA_ERROR_ILLEGAL_ADDRESS (700): "));
  CHECK(gpu::cuda_error_text(12345) == "CUDA error (12345)");
  CHECK(gpu::is_sticky(700));
  CHECK(contains(gpu::cuda_error_text(716), "CUDA_ERROR_MISALIGNED_ADDRESS (716): "));
  CHECK(gpu::is_sticky(716));
  CHECK(gpu::is_sticky(719));
  CHECK_FALSE(gpu::is_sticky(713));  // of the host's memory
  CHECK_FALSE(gpu::is_sticky(1));
  CHECK_FALSE(gpu::is_sticky(701));
  CHECK(gpu::cuda_failure("cuX", 1).id() == "LATHE-E338");
  CHECK(gpu::cuda_failure("cuX", 700).id() == "LATHE-E339");
  CHECK(gpu::cuda_failure("cuX", 2).id() == "LATHE-E340");
  CHECK(gpu::cuda_version_text(12040) == "12.4");
}

TEST_CASE("nvrtc_api: the default search finds a library, or says where it looked") {
  const auto loaded = gpu::nvrtc_api::load();
  if (loaded) {
    CHECK((*loaded)->version >= 11020);
    return;
  }
  CHECK(contains(loaded.error().text(), "unavailable: "));
  CHECK(contains(loaded.error().text(), "LATHE_NVRTC"));
}

TEST_CASE("nvrtc_api: no library is LATHE-E333, another one LATHE-E334") {
  const auto none =
      load_with("LATHE_NVRTC", "/nonexistent/libnvrtc.so.12", gpu::detail::load_nvrtc);
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().id() == "LATHE-E333");
  CHECK(contains(none.error().text(), "/nonexistent/libnvrtc.so.12"));
  const auto other = load_with("LATHE_NVRTC", "libm.so.6", gpu::detail::load_nvrtc);
  REQUIRE_FALSE(other.has_value());
  CHECK(other.error().id() == "LATHE-E334");
  CHECK(contains(other.error().text(), "lacks nvrtcVersion"));
}
