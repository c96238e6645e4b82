// The stand-ins for libnvrtc and libcuda: what they compile runs, and they fail as asked.
#include "cuda/texts.hpp"
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace test;

namespace {

/// A function of a library by name.
class opened {
 public:
  explicit opened(const char* file) : handle_(dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
    REQUIRE_MESSAGE((handle_ != nullptr), dlerror());
  }
  template <class... Arguments>
  int operator()(const char* name, Arguments... arguments) const {
    const auto found = reinterpret_cast<int (*)(Arguments...)>(dlsym(handle_, name));
    REQUIRE_MESSAGE((found != nullptr), name);
    return found(arguments...);
  }

 private:
  void* handle_;
};

/// Text to cubin with the fake NVRTC. @param status  what the compilation returned
std::string cubin_of(const std::string& text, int& status) {
  const opened nvrtc(LATHE_FAKE_NVRTC);
  void* program = nullptr;
  const char* const none = nullptr;
  CHECK(nvrtc("nvrtcCreateProgram", &program, text.c_str(), none, 0, &none, &none) == 0);
  const char* const options[] = {"--gpu-architecture=sm_90"};
  status = nvrtc("nvrtcCompileProgram", program, 1, &options[0]);
  std::size_t bytes = 0;
  CHECK(nvrtc("nvrtcGetCUBINSize", program, &bytes) == 0);
  std::string cubin(bytes, '\0');
  CHECK(nvrtc("nvrtcGetCUBIN", program, cubin.data()) == 0);
  CHECK(nvrtc("nvrtcDestroyProgram", &program) == 0);
  return cubin;
}

/// Loads a cubin and launches the text's only kernel with its parameters. Returns what the
/// synchronisation after it returns; the outputs are in `arguments`.
int launch(const opened& cuda, const std::string& cubin, const cuda_text& text,
           std::vector<std::vector<std::byte>>& arguments) {
  const lathe::cuda_launch& of = text.source.launches[0];
  void *context = nullptr, *module = nullptr, *function = nullptr, *none = nullptr;
  CHECK(cuda("cuDevicePrimaryCtxRetain", &context, 0) == 0);
  CHECK(cuda("cuCtxPushCurrent_v2", context) == 0);
  int* const no_options = nullptr;
  void** const no_extra = nullptr;
  CHECK(cuda("cuModuleLoadDataEx", &module, cubin.data(), 0U, no_options, no_extra) == 0);
  CHECK(cuda("cuModuleGetFunction", &function, module, of.symbol.c_str()) == 0);
  std::vector<unsigned long long> pointers;
  std::vector<void*> values;
  pointers.reserve(arguments.size());
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    if (text.source.buffers[at].scalar) {
      values.push_back(arguments[at].data());
      continue;
    }
    unsigned long long& pointer = pointers.emplace_back();
    CHECK(cuda("cuMemAlloc_v2", &pointer, arguments[at].size()) == 0);
    CHECK(cuda("cuMemcpyHtoDAsync_v2", pointer, arguments[at].data(), arguments[at].size(), none) ==
          0);
    values.push_back(&pointer);
  }
  const auto blocks = static_cast<unsigned>(of.blocks), threads = static_cast<unsigned>(of.threads);
  CHECK(cuda("cuLaunchKernel", function, blocks, 1U, 1U, threads, 1U, 1U,
             static_cast<unsigned>(of.shared_bytes), none, values.data(), no_extra) == 0);
  const int status = cuda("cuCtxSynchronize");
  std::size_t next = 0;
  for (std::size_t at = 0; at < arguments.size() && status == 0; ++at) {
    if (text.source.buffers[at].scalar) continue;
    const unsigned long long pointer = pointers[next++];
    CHECK(cuda("cuMemcpyDtoHAsync_v2", arguments[at].data(), pointer, arguments[at].size(), none) ==
          0);
    CHECK(cuda("cuMemFree_v2", pointer) == 0);
  }
  return status;
}

/// The exit status of `body` in a process of its own: the driver's errors stay.
template <class Body>
int in_child(const char* error, Body body) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("LATHE_FAKE_CUDA_ERROR", error, 1);
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("fake libraries: text is compiled, loaded, launched") {
  for (const cuda_text& text : {buffered_gemm(35, 44, 52), row_sums(5, 301)}) {
    int status = -1;
    const std::string cubin = cubin_of(text.source.prelude + text.source.text, status);
    REQUIRE(status == 0);
    std::vector<std::vector<std::byte>> arguments = arguments_for(text);
    const opened cuda(LATHE_FAKE_CUDA);
    CHECK(cuda("cuInit", 0U) == 0);
    CHECK(launch(cuda, cubin, text, arguments) == 0);
    CHECK(arguments == text.parameters);
  }
  int status = -1;
  CHECK(cubin_of("extern \"C\" __global__ void k() { nonsense; }", status).empty());
  CHECK(status == 6);
}

TEST_CASE("fake libraries: errors as asked for") {
  const opened cuda(LATHE_FAKE_CUDA);
  CHECK(in_child("stub", [&] { return cuda("cuInit", 0U); }) == 34);
  CHECK(in_child("no_device", [&] { return cuda("cuInit", 0U); }) == 100);
  const cuda_text text = row_sums(2, 3);
  int status = -1;
  const std::string cubin = cubin_of(text.source.text, status);
  const auto twice = [&] {
    std::vector<std::vector<std::byte>> arguments = arguments_for(text);
    cuda("cuInit", 0U);
    if (launch(cuda, cubin, text, arguments) != 0) return 1;
    const int second = launch(cuda, cubin, text, arguments);
    unsigned long long pointer = 0;
    return second == 700 && cuda("cuMemAlloc_v2", &pointer, std::size_t{4}) == 700 ? 42 : 2;
  };
  CHECK(in_child("launch:2", twice) == 42);
  CHECK(in_child("launch:1", twice) == 1);
  CHECK(in_child("", twice) == 2);
}

TEST_CASE("fake libraries: an access out of bounds is an illegal address") {
  cuda_text text = row_sums(2, 3);
  const std::size_t at = text.source.text.find("j < 3;");
  text.source.text.replace(at, 6, "j < 99;");
  int status = -1;
  const std::string cubin = cubin_of(text.source.text, status);
  REQUIRE(status == 0);
  const opened cuda(LATHE_FAKE_CUDA);
  CHECK(in_child("", [&] {
          std::vector<std::vector<std::byte>> arguments = arguments_for(text);
          cuda("cuInit", 0U);
          return launch(cuda, cubin, text, arguments) == 700 ? 42 : 1;
        }) == 42);
}
