#include "cuda/simulator/host_library.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <regex>
#include <utility>

namespace cuda_simulator {
namespace {

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

std::string contents_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// No standard library, no exceptions, no contraction. Checks of array indices and of alignment
/// trap, variables that nobody has initialised hold a pattern, and shared memory has no type.
constexpr const char* flags =
    " -std=c++20 -O1 -shared -fPIC -nostdlib -w -ffp-contract=off -fno-strict-aliasing "
    "-fno-exceptions"
    " -fno-rtti -fno-asynchronous-unwind-tables -fno-stack-protector "
    "-ftrivial-auto-var-init=pattern"
    " -fsanitize=bounds,alignment -fsanitize-undefined-trap-on-error";

/// The beginning of an array in shared memory: `reinterpret_cast<T*>(NAME + 1024)`.
const std::regex shared_array(R"((reinterpret_cast<[^>]+>\(\w+) \+ (\d+)\))");

}  // namespace

std::vector<kernel_heading> kernels_in(std::string_view text) {
  static const std::regex heading(
      R"(__global__\s+void\s+(?:__launch_bounds__\(\s*(\d+)[^)]*\)\s+)?(\w+)\s*\()");
  std::vector<kernel_heading> out;
  const std::string all(text);
  for (std::sregex_iterator at(all.begin(), all.end(), heading), end; at != end; ++at) {
    kernel_heading& made = out.emplace_back();
    made.name = (*at)[2];
    if ((*at)[1].matched) made.most_threads = std::stoi((*at)[1]);
    const std::size_t begin = static_cast<std::size_t>(at->position());
    const std::string body = all.substr(begin, all.find("__global__", begin + 1) - begin);
    for (std::sregex_iterator array(body.begin(), body.end(), shared_array); array != end; ++array)
      made.shared_arrays.push_back(std::stoi((*array)[2]));
    std::ranges::sort(made.shared_arrays);
    const auto same = std::ranges::unique(made.shared_arrays);
    made.shared_arrays.erase(same.begin(), same.end());
  }
  return out;
}

std::string host_text(std::span<const std::string> texts) {
  // Dynamic shared memory is wherever the simulator says; there is no other shared memory.
  static const std::regex shared(
      R"(extern\s+__shared__\s+(?:__align__\(\s*\d+\s*\)\s+)?([\w ]+?)\s+(\w+)\[\])");
  std::string out = "#include \"" CUDA_SIMULATOR_DIR "/device.hpp\"\n";
  for (std::size_t at = 0; at < texts.size(); ++at) {
    const std::string number = std::to_string(at), space = "text" + number;
    std::string text = replaced(texts[at], "extern \"C\" ", "");
    text = replaced(std::move(text), "#pragma unroll", "#pragma simulator_ignores unroll");
    text = std::regex_replace(text, shared, "$1* const $2 = ($1*)cuda_simulator_device->shared");
    text = std::regex_replace(text, shared_array, "$1 + cuda_simulator_device->apart($2))");
    out += "namespace " + space + " {\n#line 1 \"" + space + ".cu\"\n" + text + "\n}\n";
    for (const kernel_heading& kernel : kernels_in(texts[at])) {
      const std::string function = space + "::" + kernel.name, suffix = number + '_' + kernel.name;
      std::string arrays;
      for (const int each : kernel.shared_arrays) arrays += std::to_string(each) + ", ";
      out += "extern \"C\" void call_" + suffix + "(void** arguments) { cuda_simulator::call(" +
             function + ", arguments); }\n" + "extern \"C\" const unsigned char* parameters_" +
             suffix + "() { return cuda_simulator::parameter_list<decltype(&" + function +
             ")>::kinds; }\n" + "extern \"C\" { extern const int arrays_" + suffix +
             "[]; const int arrays_" + suffix + "[] = {" + arrays + "-1}; }\n";
    }
  }
  return out;
}

std::string compile_host(const std::string& text, const std::filesystem::path& library) {
  const std::string base = library.string();
  std::ofstream(base + ".cpp") << text;
  const std::string command = CUDA_SIMULATOR_COMPILER + std::string(flags) + " -o '" + base +
                              "' '" + base + ".cpp' > '" + base + ".log' 2>&1";
  const bool compiled = std::system(command.c_str()) == 0;
  std::string log = contents_of(base + ".log");
  if (!compiled && log.empty()) log = "the compiler failed without a message: " + command;
  std::error_code ignored;
  std::filesystem::remove(base + ".cpp", ignored);
  std::filesystem::remove(base + ".log", ignored);
  return compiled ? std::string() : log;
}

host_library::host_library(const std::filesystem::path& file)
    : handle_(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ != nullptr) return;
  std::fprintf(stderr, "cuda simulator: %s\n", dlerror());
  std::abort();
}

host_library::~host_library() {
  if (handle_ != nullptr) dlclose(handle_);
}

host_library::host_library(host_library&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)) {}

host_library& host_library::operator=(host_library&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

device_interface** host_library::device() const {
  return static_cast<device_interface**>(dlsym(handle_, "cuda_simulator_device"));
}

host_kernel host_library::find(std::size_t text, const std::string& name) const {
  const std::string suffix = '_' + std::to_string(text) + '_' + name;
  host_kernel out;
  out.call = reinterpret_cast<void (*)(void**)>(dlsym(handle_, ("call" + suffix).c_str()));
  void* const parameters = dlsym(handle_, ("parameters" + suffix).c_str());
  if (parameters != nullptr)
    out.parameters = reinterpret_cast<const unsigned char* (*)()>(parameters)();
  const auto* arrays = static_cast<const int*>(dlsym(handle_, ("arrays" + suffix).c_str()));
  for (; arrays != nullptr && *arrays >= 0; ++arrays) out.shared_arrays.push_back(*arrays);
  return out;
}

temporary_folder::temporary_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "lathe_cuda_XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    std::perror("cuda simulator: mkdtemp");
    std::abort();
  }
  path_ = pattern;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace cuda_simulator
