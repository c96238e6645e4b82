#include "gpu.hpp"

#include <lathe/target/cuda/nvrtc_api.hpp>

#include <cstdlib>
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace lathe::gpu::detail {  // private to cuda_api.ipp and nvrtc_api.ipp
LATHE_INLINE result<const cuda_api*> load_cuda();
LATHE_INLINE result<const nvrtc_api*> load_nvrtc();
}  // namespace lathe::gpu::detail

namespace test {

namespace {

/// Chooses the driver before anything loads one.
const bool is_fake = [] {
  const bool chosen = std::getenv("LATHE_CUDA_DRIVER") != nullptr;
  if (!chosen) ::setenv("LATHE_CUDA_DRIVER", LATHE_FAKE_CUDA, 1);
  return !chosen;
}();

}  // namespace

bool gpu_is_fake() { return is_fake; }

lathe::gpu::context gpu_context() {
  auto made = lathe::gpu::context::current_or_primary();
  REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : made.error().what()));
  return *made;
}

const lathe::gpu::nvrtc& gpu_compiler() {
  static const lathe::gpu::nvrtc compiler = [] {
    if (!is_fake) return lathe::gpu::nvrtc::create().value();
    const char* real = std::getenv("LATHE_NVRTC");
    const std::string before = real != nullptr ? real : "";
    ::setenv("LATHE_NVRTC", LATHE_FAKE_NVRTC, 1);
    const auto* api = lathe::gpu::detail::load_nvrtc().value();
    if (real != nullptr)
      ::setenv("LATHE_NVRTC", before.c_str(), 1);
    else
      ::unsetenv("LATHE_NVRTC");
    return lathe::gpu::nvrtc(*api);
  }();
  return compiler;
}

lathe::gpu::cuda_code gpu_code(const lathe::cuda_source& source) {
  const auto options = gpu_compiler().options_for(gpu_context().what());
  REQUIRE(options.has_value());
  auto made = gpu_compiler().compile(source.prelude + source.text, *options);
  REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : made.error().what()));
  return std::move(made).value();
}

lathe::gpu::executable gpu_executable(const lathe::cuda_source& source) {
  auto made = lathe::gpu::executable::make(source, gpu_code(source).bytes, gpu_context());
  REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : made.error().what()));
  return std::move(made).value();
}

int with_driver_error(const char* error, int (*body)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("LATHE_FAKE_CUDA_ERROR", error, 1);
    lathe::gpu::detail::load_cuda();  // initialises the driver, once more if it was before the fork
    try {
      std::_Exit(body());
    } catch (...) {  // a failed REQUIRE, already reported
      std::_Exit(254);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

}  // namespace test
