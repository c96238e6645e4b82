/// @file
/// The NVRTC of the machine the tests run on; tests that need it are skipped where there is none.
#pragma once

#include <lathe/target/cuda/nvrtc.hpp>

#include <doctest/doctest.h>
#include <optional>
#include <string>

namespace test {

/// The compiler, or nothing after a "[SKIP] reason" message.
inline std::optional<lathe::gpu::nvrtc> host_nvrtc() {
  auto made = lathe::gpu::nvrtc::create();
  if (made) return *made;
  MESSAGE("[SKIP] ", std::string(made.error().what()));
  return std::nullopt;
}

/// Compiles `text` for `architecture`, requiring that it works.
inline lathe::gpu::cuda_code compiled_by(const lathe::gpu::nvrtc& compiler, const std::string& text,
                                         const std::string& architecture = "sm_90") {
  lathe::gpu::nvrtc_options options;
  options.architecture = architecture;
  auto made = compiler.compile(text, options);
  REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().what()));
  return std::move(made).value();
}

}  // namespace test
