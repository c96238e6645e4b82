/// @file
/// What the fake NVRTC hands to the fake driver: an ELF file that says of its kernels what a cubin
/// says (registers, frame, threads), with a host library in place of machine code.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fake_cuda {

/// One kernel of a cubin.
struct cubin_kernel {
  std::string name;
  unsigned registers = 0;     ///< per thread
  unsigned frame = 0;         ///< local memory per thread [bytes]
  unsigned most_threads = 0;  ///< __launch_bounds__; 0 = none
};

/// An ELF64 file for CUDA with the sections .nv.info, .nv.info.NAME and .text.NAME (one NOP) of
/// each kernel, and .lathe.host.
std::string write_cubin(std::span<const cubin_kernel> kernels, std::string_view host_library);

/// What write_cubin() was given.
struct cubin_contents {
  std::vector<cubin_kernel> kernels;
  std::string_view host_library;
};

/// Reads what write_cubin() wrote. False if it is something else.
bool read_cubin(const void* image, cubin_contents& out);

}  // namespace fake_cuda
