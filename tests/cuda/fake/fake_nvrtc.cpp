// A stand-in for libnvrtc that compiles CUDA text with the host compiler, for tests where there is
// no CUDA. In: prelude and text. Out: what fake_cuda.cpp can load (fake_cubin.hpp).
//
// A text says what its compilation shall report, in a comment: `fake registers 200`, `fake frame
// 64`.
#include "cuda/fake/fake_cubin.hpp"
#include "cuda/simulator/host_library.hpp"
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace {

enum result {
  success = 0,
  invalid_input = 3,
  invalid_program = 4,
  invalid_option = 5,
  compilation = 6
};

constexpr int architectures[] = {80, 86, 89, 90};
constexpr unsigned usual_registers = 40;

struct program {
  std::string text, log, cubin;
};

unsigned number_after(const std::string& text, const char* words, unsigned otherwise) {
  const std::size_t at = text.find(words);
  if (at == std::string::npos) return otherwise;
  return static_cast<unsigned>(std::strtoul(text.c_str() + at + std::strlen(words), nullptr, 10));
}

int copy_out(const std::string& from, char* to, bool with_end) {
  if (to == nullptr) return invalid_input;
  std::memcpy(to, from.c_str(), from.size() + (with_end ? 1 : 0));
  return success;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int nvrtcVersion(int* major, int* minor) {
  *major = 12;
  *minor = 9;
  return success;
}

int nvrtcGetNumSupportedArchs(int* count) {
  *count = static_cast<int>(std::size(architectures));
  return success;
}

int nvrtcGetSupportedArchs(int* out) {
  std::memcpy(out, architectures, sizeof architectures);
  return success;
}

int nvrtcCreateProgram(program** made, const char* source, const char*, int headers,
                       const char* const*, const char* const*) {
  if (source == nullptr || headers != 0) return invalid_input;
  *made = new program{source, {}, {}};
  return success;
}

int nvrtcDestroyProgram(program** which) {
  delete *which;
  *which = nullptr;
  return success;
}

int nvrtcCompileProgram(program* of, int count, const char* const* options) {
  if (of == nullptr) return invalid_program;
  bool known = false;
  for (int at = 0; at < count; ++at) {
    const std::string option = options[at];
    for (const int each : architectures)
      known |= option.starts_with("--gpu-architecture=sm_" + std::to_string(each)) ||
               option.starts_with("-arch=sm_" + std::to_string(each));
  }
  if (!known) {
    of->log = "nvrtc: error: invalid value for --gpu-architecture (-arch)\n";
    return invalid_option;
  }
  const cuda_simulator::temporary_folder folder;
  const std::filesystem::path library = folder.path() / "kernel.so";
  of->log = cuda_simulator::compile_host(cuda_simulator::host_text({&of->text, 1}), library);
  if (!of->log.empty()) return compilation;
  std::vector<fake_cuda::cubin_kernel> kernels;
  for (const cuda_simulator::kernel_heading& each : cuda_simulator::kernels_in(of->text))
    kernels.push_back({each.name, number_after(of->text, "fake registers ", usual_registers),
                       number_after(of->text, "fake frame ", 0),
                       static_cast<unsigned>(each.most_threads)});
  std::ifstream file(library, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  of->cubin = fake_cuda::write_cubin(kernels, bytes);
  return success;
}

int nvrtcGetCUBINSize(program* of, std::size_t* bytes) {
  *bytes = of->cubin.size();
  return success;
}
int nvrtcGetCUBIN(program* of, char* out) { return copy_out(of->cubin, out, false); }
int nvrtcGetPTXSize(program*, std::size_t* bytes) {
  *bytes = 0;
  return invalid_program;
}
int nvrtcGetPTX(program*, char*) { return invalid_program; }
int nvrtcGetProgramLogSize(program* of, std::size_t* bytes) {
  *bytes = of->log.size() + 1;
  return success;
}
int nvrtcGetProgramLog(program* of, char* out) { return copy_out(of->log, out, true); }

const char* nvrtcGetErrorString(int number) {
  switch (number) {
    case success: return "NVRTC_SUCCESS";
    case invalid_input: return "NVRTC_ERROR_INVALID_INPUT";
    case invalid_program: return "NVRTC_ERROR_INVALID_PROGRAM";
    case invalid_option: return "NVRTC_ERROR_INVALID_OPTION";
    case compilation: return "NVRTC_ERROR_COMPILATION";
    default: return "NVRTC_ERROR unknown";
  }
}

}  // extern "C"
#pragma GCC visibility pop
