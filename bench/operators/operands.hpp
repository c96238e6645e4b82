/// @file
/// The arguments of one case in memory. In: its description. Out: filled arrays, by the names of
/// the operator's parameters, that all contestants share.
#pragma once

#include <lathe/analysis/desc.hpp>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace bench {

struct deleter {
  void operator()(void* memory) const { std::free(memory); }
};

/// Memory on a cache line, zeroed. @throws std::bad_alloc
template <class Element>
using array = std::unique_ptr<Element[], deleter>;
template <class Element>
array<Element> make_array(std::size_t count);

/// One argument.
struct operand {
  std::string name;
  lathe::dtype type{};
  bool output = false;
  std::size_t count = 0;  ///< [elements]
  array<std::byte> data;

  std::size_t bytes() const { return count * static_cast<std::size_t>(lathe::size_of(type)); }
};

/// All arguments of one case. Inputs are small integers, so that sums of products are exact in any
/// order and equal results mean equal bits; the values do not repeat with any period.
class operands {
 public:
  /// @param index_bound  elements of integer inputs are in [0, index_bound)
  operands(const lathe::desc_view& desc, int index_bound);

  /// In the order of the operator's parameters.
  const std::vector<operand>& all() const { return all_; }
  const operand& output() const;

  /// First element of the argument with this name. @pre it exists and has this element type
  template <class Element>
  Element* get(const char* name) const {
    return reinterpret_cast<Element*>(find(name).data.get());
  }

  /// Writes not-a-number to all outputs, so that a contestant that writes nothing is noticed.
  void spoil_output() const;
  /// Takes all arguments out of the caches of this processor.
  void flush() const;

 private:
  const operand& find(const char* name) const;

  std::vector<operand> all_;
};

template <class Element>
array<Element> make_array(std::size_t count) {
  const std::size_t bytes = (count * sizeof(Element) + 63) / 64 * 64 + 64;
  void* const memory = std::aligned_alloc(64, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  auto* const first = static_cast<unsigned char*>(memory);
  for (std::size_t at = 0; at < bytes; ++at) first[at] = 0;
  return array<Element>(static_cast<Element*>(memory));
}

}  // namespace bench
