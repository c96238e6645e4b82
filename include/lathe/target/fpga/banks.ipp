/// @file
/// Bodies of banks.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/target/fpga/banks.hpp>

namespace lathe {
namespace detail {

/// Largest array that is kept in flip-flops where no banks avoid conflicts [elements].
inline constexpr std::int64_t fpga_most_registers = 256;
/// Words of a bank from which on it is an UltraRAM: one of these holds 4096.
inline constexpr std::int64_t fpga_least_uram_words = 4096;

class fpga_bank_chooser {
 public:
  fpga_bank_chooser(fpga_design& design, const fpga_device& device)
      : design_(design), device_(device) {}

  void choose() {
    for (std::size_t at = 0; at < design_.arrays.size(); ++at) {
      fpga_array& of = design_.arrays[at];
      if (of.storage != fpga_storage::bram) continue;
      bool clash = false;
      for (const int root : design_.roots) fit_banks(root, {}, static_cast<int>(at), clash);
      std::int64_t banks = 1, elements = 1;
      for (std::size_t dimension = 0; dimension < of.shape.size(); ++dimension) {
        banks *= of.banks[dimension];
        elements *= of.shape[dimension];
      }
      if (banks == elements || (clash && elements <= fpga_most_registers)) {
        of.storage = fpga_storage::registers;
        of.banks = of.shape;
      } else if (device_.has.uram > 0 && elements / banks >= fpga_least_uram_words) {
        of.storage = fpga_storage::uram;
      }
    }
  }

 private:
  fpga_array& array_of(const fpga_access& access) {
    return design_.arrays[static_cast<std::size_t>(access.array)];
  }

  void fit_banks(int number, sequence<int> unrolled, int of, bool& clash) {
    const fpga_node& at = design_[number];
    if (at.loop) {
      if (at.unroll > 1) unrolled.push_back(number);
      for (const int child : at.children) fit_banks(child, unrolled, of, clash);
      return;
    }
    for (const fpga_access& from : at.accesses)
      for (const fpga_access& to : at.accesses)
        if (from.array == of && to.array == of && !from.write && to.write) fit_shift(from, to);
    for (const fpga_access& each : at.accesses)
      if (each.array == of)
        for (std::size_t dimension = 0; dimension < array_of(each).shape.size(); ++dimension)
          fit_dimension(each, dimension, unrolled, clash);
  }

  /// Elements that move within an array, as the rows of a line buffer do, come from other banks
  /// than they go to: one for each place along the dimension in which they move.
  void fit_shift(const fpga_access& from, const fpga_access& to) {
    fpga_array& of = array_of(from);
    if (from.strides != to.strides || from.irregular || to.irregular) return;
    for (std::size_t dimension = 0; dimension < of.shape.size(); ++dimension)
      if (from.offsets[dimension] != to.offsets[dimension] &&
          of.shape[dimension] <= fpga_most_registers)
        of.banks[dimension] = of.shape[dimension];
  }

  /// Banks so that the copies of one access meet different ones in every iteration.
  void fit_dimension(const fpga_access& each, std::size_t dimension, const sequence<int>& unrolled,
                     bool& clash) {
    fpga_array& of = array_of(each);
    sequence<std::int64_t> offsets{0}, steps;
    for (const fpga_stride& stride : each.strides) {
      if (stride.dimension != static_cast<int>(dimension)) continue;
      if (!contains(unrolled, stride.loop)) {
        steps.push_back(stride.step);
        continue;
      }
      sequence<std::int64_t> next;
      for (std::int64_t copy = 0; copy < design_[stride.loop].trips; ++copy)
        for (const std::int64_t offset : offsets) next.push_back(offset + copy * stride.step);
      sort(next);
      remove_repeated(next);
      offsets = static_cast<sequence<std::int64_t>&&>(next);
    }
    if (offsets.size() == 1) return;
    const auto count = static_cast<std::int64_t>(offsets.size());
    const std::int64_t most = smaller(of.shape[dimension], 4 * count);
    for (std::int64_t banks = count; banks <= most && !each.irregular; ++banks) {
      if (any_of(steps, [&](std::int64_t step) { return step % banks != 0; })) continue;
      sequence<std::int64_t> met;
      for (const std::int64_t offset : offsets) met.push_back((offset % banks + banks) % banks);
      sort(met);
      remove_repeated(met);
      if (met.size() != offsets.size()) continue;
      std::int64_t& chosen = of.banks[dimension];
      if (chosen == of.shape[dimension]) return;  // one for each element
      // Several accesses: banks that suit all of them, if the array is large enough.
      std::int64_t both = chosen;
      while (both % banks != 0) both += chosen;
      chosen = both <= of.shape[dimension] ? both : larger(chosen, banks);
      return;
    }
    clash = true;
  }

  fpga_design& design_;
  const fpga_device& device_;
};

}  // namespace detail

LATHE_INLINE void choose_banks(fpga_design& design, const fpga_device& device) {
  detail::fpga_bank_chooser(design, device).choose();
}

}  // namespace lathe
