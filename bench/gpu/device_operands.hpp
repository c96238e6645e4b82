/// @file
/// The arguments of one case on the device, several times: calls take one copy after the other, so
/// that operands come from memory and not from L2. In: arrays on the host. Out: addresses.
#pragma once

#include <lathe/target/cuda/context.hpp>

#include "operands.hpp"
#include <cstdint>
#include <vector>

namespace bench {

/// Copies of all arguments in one allocation of at least twice the size of L2.
class device_operands {
 public:
  /// @throws lathe::error if the device has not enough memory
  device_operands(const lathe::gpu::context& in, const operands& data);

  int copies() const { return copies_; }
  const lathe::gpu::context& where() const { return in_; }

  /// Addresses in the order of the operator's parameters.
  std::vector<void*> addresses(int copy) const;
  /// Address of the argument with this name. @pre it exists and has this element type
  template <class Element>
  Element* get(int copy, const char* name) const {
    return static_cast<Element*>(find(copy, name));
  }
  /// Brings the output of a copy to the host's operand, and spoils it on the device.
  void fetch_output(int copy) const;

 private:
  void* find(int copy, const char* name) const;
  lathe::gpu::driver::address address_of(int copy, std::size_t argument) const;

  lathe::gpu::context in_;
  const operands& data_;
  std::vector<std::int64_t> offsets_;  ///< per argument [bytes]
  std::int64_t stride_ = 0;            ///< from one copy to the next [bytes]
  int copies_ = 1;
  lathe::gpu::device_memory memory_;
};

}  // namespace bench
