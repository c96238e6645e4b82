/// @file
/// A GPU as plain data: what limits kernels and what bounds their speed. In: written here from the
/// vendor's data sheets, or asked of the driver (context.hpp). Out: spaces, cost models, the
/// screening of candidates and the store's key read it. Nothing here touches the machine.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace lathe::gpu {

/// One CUDA device. The defaults are what all devices from sm_80 to sm_90 have in common (CUDA C++
/// Programming Guide, tables "Technical Specifications per Compute Capability").
struct device {
  std::string name;       ///< as the driver says it
  int compute_major = 0;  ///< compute capability: 9.0 is sm_90
  int compute_minor = 0;
  int multiprocessors = 0;

  int warp = 32;                                ///< threads that execute together
  int threads_per_block = 1024;                 ///< most
  int threads_per_multiprocessor = 2048;        ///< most, of all resident blocks
  int blocks_per_multiprocessor = 32;           ///< most resident blocks
  int registers_per_multiprocessor = 64 << 10;  ///< of 32 bits
  int registers_per_block = 64 << 10;           ///< most
  int registers_per_thread = 255;               ///< most
  int register_unit = 256;  ///< registers are given to warps in multiples of this
  int warp_unit = 4;        ///< warps of a block are spread over so many parts

  std::int64_t shared_per_multiprocessor = 0;     ///< [bytes]
  std::int64_t shared_per_block = 0;              ///< [bytes] most, if the kernel asks for it
  std::int64_t shared_without_asking = 48 << 10;  ///< [bytes] most otherwise
  std::int64_t shared_reserved = 1 << 10;         ///< [bytes] per block, taken by the system
  std::int64_t shared_unit = 128;                 ///< [bytes] it is given in multiples of this

  std::int64_t memory_bytes = 0;  ///< [bytes]
  std::int64_t l2_bytes = 0;      ///< [bytes]
  int f32_per_clock = 128;        ///< f32 multiply-adds per multiprocessor and cycle
  double clock_hz = 0;            ///< [Hz] highest of the multiprocessors
  double bandwidth = 0;           ///< [bytes/s] of the device's memory

  /// Compute capability as one number: 90.
  int capability() const { return 10 * compute_major + compute_minor; }
  /// What the compiler calls it: "sm_90".
  std::string architecture() const { return "sm_" + std::to_string(capability()); }
  /// [FLOP/s] of f32 without tensor cores.
  double peak_f32() const { return 2.0 * multiprocessors * f32_per_clock * clock_hz; }
};

/// f32 multiply-adds per multiprocessor and cycle (Programming Guide, "Arithmetic Instructions").
constexpr int f32_per_clock_of(int capability) {
  return capability == 80 || capability < 60 || capability == 70 || capability == 75 ? 64 : 128;
}

/// Devices that kernels can be made for without having one: "H100", "H200", "A100", "L40S". Clock,
/// memory and bandwidth are those of the data sheets (SXM variants).
LATHE_INLINE sequence<device> known_devices();

/// One of known_devices(). @error LATHE-E343 if there is none of that name
LATHE_INLINE result<device> known_device(std::string_view name);

/// "H200 (sm_90): 132 multiprocessors, 141 GB at 4.8 TB/s, 66.9 TFLOP/s f32".
LATHE_INLINE std::string text_of(const device& of);

}  // namespace lathe::gpu

#if LATHE_HEADER_ONLY
#  include <lathe/target/cuda/device.ipp>
#endif
