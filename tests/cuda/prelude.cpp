// The prelude: only what a text needs, and NVRTC compiles it with every text written by hand.
#include <lathe/target/cuda/cuda_prelude.hpp>

#include "cuda/texts.hpp"
#include <cstdlib>
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <filesystem>

using namespace test;

namespace {

/// NVRTC, if it is installed; $LATHE_NVRTC says where.
class nvrtc {
 public:
  nvrtc() {
    const char* const wanted = std::getenv("LATHE_NVRTC");
    if (wanted != nullptr) open_builtins_beside(wanted);
    for (const char* name : {wanted, "libnvrtc.so.13", "libnvrtc.so.12"})
      if (handle_ == nullptr && name != nullptr) handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  }
  bool found() const { return handle_ != nullptr; }

  /// The compiler's messages; "" if the text compiles.
  std::string compile(const std::string& text, const std::string& architecture) const {
    void* program = nullptr;
    const char* const none = nullptr;
    call("nvrtcCreateProgram", &program, text.c_str(), "kernel.cu", 0, &none, &none);
    const std::string option = "--gpu-architecture=" + architecture;
    const char* const options[] = {option.c_str()};
    const int status = call("nvrtcCompileProgram", program, 1, &options[0]);
    std::size_t bytes = 0;
    call("nvrtcGetProgramLogSize", program, &bytes);
    std::string log(bytes, '\0');
    call("nvrtcGetProgramLog", program, log.data());
    call("nvrtcDestroyProgram", &program);
    return status == 0 ? std::string() : "status " + std::to_string(status) + ": " + log;
  }

 private:
  /// NVRTC looks for them by name, wherever it lies itself.
  static void open_builtins_beside(const std::filesystem::path& library) {
    std::error_code ignored;
    for (const auto& each : std::filesystem::directory_iterator(library.parent_path(), ignored))
      if (each.path().filename().string().starts_with("libnvrtc-builtins.so"))
        dlopen(each.path().c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  template <class... Arguments>
  int call(const char* name, Arguments... arguments) const {
    const auto function = reinterpret_cast<int (*)(Arguments...)>(dlsym(handle_, name));
    REQUIRE_MESSAGE((function != nullptr), name);
    return function(arguments...);
  }

  void* handle_ = nullptr;
};

}  // namespace

TEST_CASE("prelude: what a text names, and what that needs") {
  CHECK(lathe::cuda_prelude("no function of it").empty());
  const std::string copies = lathe::cuda_prelude("lathe_copy_async16(s, g);");
  CHECK(copies.find("cp.async.wait_group") != std::string::npos);
  CHECK(copies.find("mma") == std::string::npos);
  const std::string halves = lathe::cuda_prelude("lathe_f32_to_bf16(x)");
  CHECK(halves.find("typedef unsigned short lathe_bf16;") != std::string::npos);
  CHECK(halves.find("lathe_bf16_to_f32(") == std::string::npos);
  CHECK(halves.starts_with("#ifdef __CUDACC__\n"));
}

TEST_CASE("prelude: NVRTC compiles it") {
  const nvrtc compiler;
  if (!compiler.found()) {
    MESSAGE("[SKIP] no libnvrtc; $LATHE_NVRTC names it");
    return;
  }
  const std::string conversions = R"(
extern "C" __global__ void convert(const float* A, lathe_f16* H, lathe_bf16* B, float* C) {
  H[threadIdx.x] = lathe_f32_to_f16(A[threadIdx.x] + lathe_f16_to_f32(H[0]));
  B[threadIdx.x] = lathe_f32_to_bf16(A[threadIdx.x] + lathe_bf16_to_f32(B[0]));
}
)";
  CHECK(compiler.compile(lathe::cuda_prelude(conversions) + conversions, "sm_75") == "");
  for (const char* architecture : {"sm_80", "sm_90", "sm_90a"})
    for (const auto& [name, text] : all_texts()) {
      CAPTURE(architecture);
      CAPTURE(name);
      CHECK(compiler.compile(text.source.prelude + text.source.text, architecture) == "");
    }
}
