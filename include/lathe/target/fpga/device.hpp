/// @file
/// FPGA devices as data: resources, memory, clock. In: a name or a description by the user. Out:
/// what the model and the space read.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace lathe {

/// Amounts of the resources of a device, or of what a design takes of them.
struct fpga_resources {
  std::int64_t dsp = 0;     ///< DSP48E2 slices
  std::int64_t bram36 = 0;  ///< block RAMs of 36 Kbit, each usable as two of 18 Kbit
  std::int64_t uram = 0;    ///< UltraRAMs of 288 Kbit
  std::int64_t lut = 0;     ///< 6-input look-up tables
  std::int64_t ff = 0;      ///< flip-flops
};

/// A device on its card.
struct fpga_device {
  std::string name;
  std::string part;  ///< for the tools: "xcvu9p-flga2104-2L-e"
  fpga_resources has;
  int memory_banks = 1;       ///< DDR or HBM channels that can be used at the same time
  double bank_gbytes = 19.2;  ///< bandwidth of one of them [10^9 bytes/s]
  int port_bytes = 64;        ///< width of an AXI port [bytes]: what it moves per cycle at most
  double mhz = 250;           ///< clock of designs [MHz]
  int memory_latency = 64;    ///< of a burst, from request to first data [cycles]
  int dies = 1;               ///< super logic regions
  double usable = 0.8;        ///< share of each resource that designs may take and still route
  std::string source;         ///< where the figures are from

  /// Bytes that a memory bank moves per cycle.
  double bank_bytes_per_cycle() const { return bank_gbytes * 1e3 / mhz; }
};

/// The devices known by name.
LATHE_INLINE const sequence<fpga_device>& fpga_devices();

/// A device by its name ("vu9p", "u250", "u280", "zu9eg"; capitals count as small letters), or one
/// described by the user: `NAME:key=value,...` with the keys dsp, bram36, uram, lut, ff, banks,
/// gbytes (per bank, 10^9 bytes/s), port (bytes), mhz, latency (cycles), usable, part. If NAME is a
/// known device, only the keys that are given differ from it: "vu9p:mhz=200".
/// @error LATHE-E350 for an unknown device, key or value
LATHE_INLINE result<fpga_device> find_fpga_device(std::string_view text);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/target/fpga/device.ipp>
#endif
