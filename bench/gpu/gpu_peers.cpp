#include "gpu_peers.hpp"

#include <cstdlib>
#include <stdexcept>

namespace bench {

std::optional<shared_object> open_cuda_library(const char* variable,
                                               std::span<const char* const> names,
                                               std::string& why) {
  constexpr int flags = RTLD_NOW | RTLD_LOCAL;
  const auto value_of = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string chosen = value_of(variable); !chosen.empty()) {
    shared_object opened(chosen.c_str(), flags);
    if (opened.opened()) return opened;
    why = "left out: looked for " + chosen;
    return std::nullopt;
  }
  std::vector<std::string> folders{""};
  if (const std::string root = value_of("CUDA_HOME"); !root.empty())
    folders.push_back(root + "/lib64/");
  folders.push_back("/usr/local/cuda/lib64/");
  for (const std::string& folder : folders) {
    for (const char* name : names) {
      shared_object opened((folder + name).c_str(), flags);
      if (opened.opened()) return opened;
    }
  }
  why = "left out: looked for";
  for (const char* name : names) why += std::string(name == names[0] ? " " : ", ") + name;
  why += " in the system's folders, CUDA_HOME and /usr/local/cuda; " + std::string(variable) +
         " names the file";
  return std::nullopt;
}

void check_status(const char* call, int status) {
  if (status != 0)
    throw std::runtime_error(std::string(call) + ": status " + std::to_string(status));
}

}  // namespace bench
