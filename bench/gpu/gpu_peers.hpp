/// @file
/// NVIDIA's libraries, opened at run time with prototypes of our own: one file each. Each enters
/// the ways it can compute a case; a library that has none enters nothing.
#pragma once

#include "contestant.hpp"
#include "device_operands.hpp"
#include "problem.hpp"
#include "shared_object.hpp"
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bench {

/// One library as the bench found it.
struct gpu_peer {
  std::string name;
  std::string version;  ///< "left out: ..." if it is absent
  /// Appends the library's ways to compute `of` on `data`, which outlives them; empty if absent.
  std::function<void(const problem& of, const device_operands& data, std::vector<contestant>& into)>
      enter{};
};

gpu_peer find_cublas(const lathe::gpu::context& in);
gpu_peer find_cudnn(const lathe::gpu::context& in);

/// The library that `variable` names, else the first of `names` in the system's folders, CUDA_HOME
/// and /usr/local/cuda. On failure nothing, and in `why` where it was looked for.
std::optional<shared_object> open_cuda_library(const char* variable,
                                               std::span<const char* const> names,
                                               std::string& why);

/// @throws std::runtime_error if the status of a call is not 0
void check_status(const char* call, int status);

}  // namespace bench
