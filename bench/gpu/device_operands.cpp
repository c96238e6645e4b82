#include "device_operands.hpp"

#include <algorithm>
#include <stdexcept>

namespace bench {
namespace {

constexpr std::int64_t alignment = 256;  // [bytes], that of allocations
constexpr unsigned char not_a_number = 0xff;
constexpr int times_l2 = 2;

}  // namespace

device_operands::device_operands(const lathe::gpu::context& in, const operands& data)
    : in_(in), data_(data) {
  for (const operand& each : data.all()) {
    offsets_.push_back(stride_);
    stride_ += (static_cast<std::int64_t>(each.bytes()) + alignment - 1) / alignment * alignment;
  }
  copies_ = static_cast<int>(times_l2 * in.what().l2_bytes / stride_) + 2;
  memory_ = lathe::gpu::device_memory::allocate(in, copies_ * stride_).value();
  for (std::size_t at = 0; at < offsets_.size(); ++at) {
    const operand& each = data.all()[at];
    const auto bytes = static_cast<std::int64_t>(each.bytes());
    if (each.output)
      lathe::gpu::fill(in, address_of(0, at), bytes, not_a_number).value();
    else
      lathe::gpu::upload(in, address_of(0, at), each.data.get(), bytes).value();
  }
  // As many as are there are copied at once, until all are.
  const lathe::gpu::current_context here(in);
  for (std::int64_t made = 1; made < copies_; made *= 2) {
    const std::int64_t bytes = std::min<std::int64_t>(made, copies_ - made) * stride_;
    const int code = in.api().MemcpyDtoDAsync_v2(
        memory_.address() + static_cast<lathe::gpu::driver::address>(made * stride_),
        memory_.address(), static_cast<std::size_t>(bytes), nullptr);
    if (code != lathe::gpu::driver::success)
      throw lathe::gpu::cuda_failure("cuMemcpyDtoDAsync", code);
  }
  in.synchronize(nullptr).value();
}

lathe::gpu::driver::address device_operands::address_of(int copy, std::size_t argument) const {
  return memory_.address() +
         static_cast<lathe::gpu::driver::address>(copy * stride_ + offsets_[argument]);
}

std::vector<void*> device_operands::addresses(int copy) const {
  std::vector<void*> out;
  for (std::size_t at = 0; at < offsets_.size(); ++at)
    out.push_back(reinterpret_cast<void*>(address_of(copy, at)));
  return out;
}

void* device_operands::find(int copy, const char* name) const {
  for (std::size_t at = 0; at < offsets_.size(); ++at)
    if (data_.all()[at].name == name) return reinterpret_cast<void*>(address_of(copy, at));
  throw std::logic_error(std::string("bench: no operand ") + name);
}

void device_operands::fetch_output(int copy) const {
  for (std::size_t at = 0; at < offsets_.size(); ++at) {
    const operand& each = data_.all()[at];
    if (!each.output) continue;
    const auto bytes = static_cast<std::int64_t>(each.bytes());
    lathe::gpu::download(in_, each.data.get(), address_of(copy, at), bytes).value();
    lathe::gpu::fill(in_, address_of(copy, at), bytes, not_a_number).value();
  }
}

}  // namespace bench
