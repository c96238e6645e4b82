/// @file
/// CUDA texts as a host library. In: texts as emit_cuda.hpp writes them. Out: functions that
/// machine.hpp can launch. Called by simulate.cpp; the fake NVRTC compiles and the fake driver
/// loads.
#pragma once

#include "cuda/simulator/device_interface.hpp"
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cuda_simulator {

/// What a text says of one of its kernels.
struct kernel_heading {
  std::string name;
  int most_threads = 0;  ///< __launch_bounds__; 0 = there are none
  /// Where arrays in shared memory begin: the numbers N of `reinterpret_cast<T*>(NAME + N)`,
  /// ascending [bytes].
  std::vector<int> shared_arrays;
};

/// The `__global__` functions of a text.
std::vector<kernel_heading> kernels_in(std::string_view text);

/// C++ for all texts: each in its own namespace, so that kernels of different texts may share
/// names.
std::string host_text(std::span<const std::string> texts);

/// Compiles what host_text() made. Returns "", or the compiler's messages.
std::string compile_host(const std::string& text, const std::filesystem::path& library);

/// A kernel of a loaded library.
struct host_kernel {
  void (*call)(void** arguments) = nullptr;
  const unsigned char* parameters = nullptr;  ///< device.hpp: parameter_list::kinds
  std::vector<int> shared_arrays;             ///< kernel_heading
};

/// A loaded library; unloaded when it is destroyed.
class host_library {
 public:
  /// @pre compile_host() made the file; it may be deleted afterwards
  explicit host_library(const std::filesystem::path& file);
  ~host_library();
  host_library(host_library&& other) noexcept;
  host_library& operator=(host_library&& other) noexcept;
  host_library(const host_library&) = delete;
  host_library& operator=(const host_library&) = delete;

  /// Where kernels look for the simulator.
  device_interface** device() const;
  /// A kernel of the text number `text`; null members if there is none of that name.
  host_kernel find(std::size_t text, const std::string& name) const;

 private:
  void* handle_ = nullptr;
};

/// A new folder for temporary files, deleted with its contents.
class temporary_folder {
 public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace cuda_simulator
