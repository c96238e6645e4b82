#include "operands.hpp"

#include <cstdint>
#include <cstring>
#include <immintrin.h>
#include <stdexcept>

namespace bench {
namespace {

template <class Element, class Value>
void fill(const operand& of, Value&& value) {
  auto* const data = reinterpret_cast<Element*>(of.data.get());
  for (std::size_t at = 0; at < of.count; ++at) data[at] = static_cast<Element>(value());
}

}  // namespace

operands::operands(const lathe::desc_view& desc, int index_bound) {
  std::uint32_t state = 0x9e3779b9u;
  const auto random = [&] {
    state = state * 1664525u + 1013904223u;  // Numerical Recipes' generator; high bits are good
    return state >> 16;
  };
  const auto small_integer = [&] {
    constexpr int values[] = {1, -1, 2, -2};
    return values[random() % 4];
  };
  for (int at = 0; at < desc.param_count; ++at) {
    const lathe::desc_tensor& tensor = desc.tensors[at];
    operand& made = all_.emplace_back();
    made.name = tensor.name;
    made.type = tensor.type;
    made.output = tensor.producer >= 0;
    made.count = 1;
    for (int d = 0; d < tensor.rank; ++d) made.count *= static_cast<std::size_t>(tensor.shape[d]);
    made.data = make_array<std::byte>(made.bytes());
    if (made.output) continue;
    switch (made.type) {
      case lathe::dtype::f32: fill<float>(made, small_integer); break;
      case lathe::dtype::f64: fill<double>(made, small_integer); break;
      case lathe::dtype::bf16: fill<lathe::bf16>(made, small_integer); break;
      case lathe::dtype::f16: fill<lathe::f16>(made, small_integer); break;
      case lathe::dtype::i8: fill<std::int8_t>(made, small_integer); break;
      case lathe::dtype::u8: fill<std::uint8_t>(made, [&] { return 1 + random() % 4; }); break;
      case lathe::dtype::i32:
        fill<int>(made, [&] { return random() % static_cast<unsigned>(index_bound); });
        break;
      default: throw std::logic_error("bench: no fill for this element type");
    }
  }
}

const operand& operands::output() const {
  for (const operand& each : all_)
    if (each.output) return each;
  throw std::logic_error("bench: an operator without output");
}

const operand& operands::find(const char* name) const {
  for (const operand& each : all_)
    if (each.name == name) return each;
  throw std::logic_error(std::string("bench: no operand ") + name);
}

void operands::spoil_output() const {
  for (const operand& each : all_)
    if (each.output) std::memset(each.data.get(), 0xff, each.bytes());
}

void operands::flush() const {
  for (const operand& each : all_)
    for (std::size_t at = 0; at < each.bytes(); at += 64) _mm_clflush(each.data.get() + at);
  _mm_mfence();
}

}  // namespace bench
