/// @file
/// Bodies of model.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/target/fpga/model.hpp>
#include <lathe/target/fpga/operator_cost.hpp>

#include <utility>

namespace lathe {
namespace detail {

/// Cycles of a load from a buffer, and of a store.
inline constexpr int fpga_load_cycles = 1, fpga_store_cycles = 1;
/// Bursts that a port has on their way at the same time: the default of num_read_outstanding and
/// num_write_outstanding (UG1399).
inline constexpr int fpga_outstanding_bursts = 16;
/// Cycles to enter and leave a loop that does not flatten into another.
inline constexpr int fpga_loop_cycles = 2;
/// Bits that are kept in flip-flops rather than in a block RAM: a memory of look-up tables.
inline constexpr std::int64_t fpga_least_bram_bits = 1024;

constexpr std::int64_t rounded_up_quotient(std::int64_t value, std::int64_t divisor) {
  return (value + divisor - 1) / divisor;
}

/// Walks the tree of a design.
class fpga_estimator {
 public:
  fpga_estimator(const fpga_design& design, const fpga_device& device, fpga_formula formula)
      : design_(design), device_(device), plain_(formula == fpga_formula::flextensor) {}

  fpga_estimate run() {
    part all;
    for (const int root : design_.roots) all.add(visit(root));
    out_.cycles = all.cycles;
    out_.seconds = all.cycles / (device_.mhz * 1e6);
    out_.read = all.read;
    out_.compute = all.compute;
    out_.write = all.write;
    out_.bound = fpga_bound::compute;
    double most = all.compute;
    const auto decide = [&](fpga_bound bound, double cycles) {
      if (cycles <= most) return;
      most = cycles;
      out_.bound = bound;
    };
    decide(fpga_bound::read, all.read);
    decide(fpga_bound::write, all.write);
    decide(fpga_bound::memory, all.bank_cycles(device_) * (1 + 1e-9));
    resources();
    judge();
    return static_cast<fpga_estimate&&>(out_);
  }

 private:
  /// Cycles of a subtree, and what it does in them.
  struct part {
    double cycles = 0;
    double read = 0, compute = 0, write = 0;  ///< of the stages; of processes side by side the
                                              ///< longest [cycles]
    sequence<double> bytes;                   ///< moved, by memory bank

    void add_bytes(const part& other) {
      if (bytes.size() < other.bytes.size()) bytes.resize(other.bytes.size());
      for (std::size_t at = 0; at < other.bytes.size(); ++at) bytes[at] += other.bytes[at];
    }
    /// `other` comes after it.
    void add(const part& other) {
      cycles += other.cycles;
      read += other.read;
      compute += other.compute;
      write += other.write;
      add_bytes(other);
    }
    /// `other` runs at the same time.
    void join(const part& other) {
      cycles = larger(cycles, other.cycles);
      read = larger(read, other.read);
      compute = larger(compute, other.compute);
      write = larger(write, other.write);
      add_bytes(other);
    }
    /// What the busiest memory bank needs at least.
    double bank_cycles(const fpga_device& device) const {
      double most = 0;
      for (const double each : bytes) most = larger(most, each / device.bank_bytes_per_cycle());
      return most;
    }
  };

  // ---------------------------------------------------------------- the tree

  part visit(int number) {
    if (!design_[number].loop) return as_statement(design_[number]);
    if (is_straight(number)) return as_pipeline(number, path_.size());
    // Loops that contain one other loop and nothing else become one with it if it is pipelined and
    // all but the outermost have a constant number of iterations.
    const std::size_t around = path_.size();
    int inner = number;
    while (may_flatten(design_[inner])) {
      const int child = design_[inner].children[0];
      if (!design_[child].loop || !design_[child].fixed) break;
      path_.push_back(inner);
      inner = child;
    }
    const bool flat = design_[inner].loop && design_[inner].pipelined;
    part out;
    if (flat) out = as_pipeline(inner, around);
    path_.resize(around);
    return flat ? out : as_loop(number);
  }

  /// True if all loops are unrolled: the copies of the statements run at the same time.
  bool is_straight(int number) const {
    const fpga_node& of = design_[number];
    if (!of.loop) return true;
    return !of.pipelined && of.unroll >= of.trips &&
           all_of(of.children, [&](int child) { return is_straight(child); });
  }

  static bool may_flatten(const fpga_node& of) {
    return of.loop && !of.pipelined && !of.dataflow && of.unroll == 1 && of.children.size() == 1;
  }

  part as_loop(int number) {
    const fpga_node& at = design_[number];
    path_.push_back(number);
    // Copies around loops run one after the other, and those beyond the end have their time too.
    const double copies = static_cast<double>(smaller(at.unroll, at.trips));
    const double rounds = math::ceil(static_cast<double>(at.trips) / copies);
    part serial, parallel;
    double readers = 0, writers = 0, others = 0;  // one round: readers side by side, then ...
    for (const int child : at.children) {
      const part one = visit(child);
      serial.add(one);
      parallel.join(one);
      if (one.compute == 0 && one.write == 0)
        readers = larger(readers, one.cycles);
      else if (one.compute == 0 && one.read == 0)
        writers = larger(writers, one.cycles);
      else
        others += one.cycles;
    }
    path_.pop_back();
    const double count = rounds * copies;
    const bool overlap = at.dataflow || (plain_ && serial.read + serial.write > 0);
    part out = overlap ? parallel : serial;
    if (overlap) {
      const double round = larger(parallel.cycles, parallel.bank_cycles(device_));
      out.cycles = plain_ ? count * round : (count - 1) * round + readers + others + writers;
    } else {
      out.cycles = rounds * (copies * serial.cycles + (plain_ ? 0 : fpga_loop_cycles));
    }
    out.read *= count;
    out.compute *= count;
    out.write *= count;
    for (double& each : out.bytes) each *= count;
    return out;
  }

  part as_statement(const fpga_node& at) {
    part out;
    out.cycles = plain_ ? 1 : fpga_load_cycles + at.depth + fpga_store_cycles + latency(at);
    out.compute = out.cycles;
    return out;
  }

  /// Of the operation that combines [cycles].
  static int latency(const fpga_node& of) {
    return of.accumulates ? cost_of(of.carried.fn, of.carried.type).latency : 0;
  }

  // ---------------------------------------------------------------- pipelined loops

  /// One loop that is unrolled into a pipelined body, or the pipelined loop itself.
  struct copied {
    int loop;
    std::int64_t copies;
  };

  /// @param first_flat  path_[first_flat] and those behind it flatten into the loop
  part as_pipeline(int number, std::size_t first_flat) {
    const fpga_node& loop = design_[number];
    fpga_pipeline made;
    made.loop = loop.name;
    const std::int64_t copies = smaller(loop.unroll, loop.trips);
    made.iterations = static_cast<double>(rounded_up_quotient(loop.trips, copies));
    for (std::size_t at = first_flat; at < path_.size(); ++at)
      made.iterations *= static_cast<double>(design_[path_[at]].trips);
    sequence<copied> unrolled;
    if (copies > 1) unrolled.push_back({number, copies});
    sequence<int> statements;
    sequence<sequence<copied>> around;
    collect(number, unrolled, statements, around);

    part out;
    std::int64_t path = 0;
    for (std::size_t at = 0; at < statements.size(); ++at) {
      const fpga_node& statement = design_[statements[at]];
      std::int64_t count = 1;
      for (const copied& each : around[at]) count *= each.copies;
      made.copies = larger(made.copies, count);
      std::int64_t own = fpga_load_cycles + statement.depth + fpga_store_cycles;
      if (statement.accumulates) {
        const std::int64_t cycle = recurrence(statement, around[at], own);
        made.by_recurrence =
            larger(made.by_recurrence, interval_of(cycle, number, first_flat, statement));
      }
      path = larger(path, own);
    }
    banks(statements, around, made);
    const std::int64_t port_cycles = memory(number, statements, around, made.iterations, out);
    if (port_cycles > made.by_resources) {
      made.by_resources = port_cycles;
      made.conflict = "the AXI port";
    }
    made.interval = plain_ ? 1 : larger(made.by_resources, made.by_recurrence);
    made.depth = path + made.interval - 1;
    if (plain_) {
      out.cycles = made.iterations * static_cast<double>(port_cycles);
    } else {
      const double latency = bursts_ > 0 ? device_.memory_latency : 0;
      const double requests = bursts_ * latency / fpga_outstanding_bursts;
      out.cycles = larger(static_cast<double>(made.interval) * (made.iterations - 1) +
                              static_cast<double>(made.depth),
                          requests) +
                   latency + fpga_loop_cycles;
    }
    const bool reads = reads_memory_, writes = writes_memory_;
    (writes ? out.write : reads ? out.read : out.compute) = out.cycles;
    out_.pipelines.push_back(static_cast<fpga_pipeline&&>(made));
    return out;
  }

  /// Statements inside a pipelined loop, with the loops that copy them.
  void collect(int number, const sequence<copied>& unrolled, sequence<int>& statements,
               sequence<sequence<copied>>& around) const {
    for (const int child : design_[number].children) {
      if (!design_[child].loop) {
        statements.push_back(child);
        around.push_back(unrolled);
        continue;
      }
      sequence<copied> inner = unrolled;
      if (design_[child].trips > 1) inner.push_back({child, design_[child].trips});
      collect(child, inner, statements, around);
    }
  }

  /// Cycles from a read of the accumulator to the write of it, all copies of the body included that
  /// combine into the same element; adds them to the path.
  std::int64_t recurrence(const fpga_node& statement, const sequence<copied>& around,
                          std::int64_t& path) const {
    const fpga_access& target = statement.accesses[statement.accesses.size() - 1];
    const auto one = static_cast<std::int64_t>(latency(statement));
    std::int64_t terms = 1;
    for (const copied& each : around)
      if (!moves_with(target, each.loop)) terms *= each.copies;
    // Sums of integers are balanced; those of floats keep their order.
    const std::int64_t chain = is_float(statement.carried.type) ? terms * one : one;
    path += chain;
    if (!is_float(statement.carried.type))
      for (std::int64_t left = terms; left > 1; left = rounded_up_quotient(left, 2)) path += one;
    const bool in_registers = design_.array(target.array).storage == fpga_storage::registers;
    return chain + (in_registers ? 0 : fpga_load_cycles + fpga_store_cycles);
  }

  static bool moves_with(const fpga_access& access, int loop) {
    return any_of(access.strides, [&](const fpga_stride& each) { return each.loop == loop; });
  }

  /// RecMII of a recurrence of `cycles` in a pipelined loop and those that flatten into it.
  std::int64_t interval_of(std::int64_t cycles, int number, std::size_t first_flat,
                           const fpga_node& statement) const {
    const fpga_access& target = statement.accesses[statement.accesses.size() - 1];
    const bool stated =
        statement.distance_stated || design_.array(target.array).storage == fpga_storage::registers;
    std::int64_t distance = 1;  // in iterations
    const auto carried_by = [&](int loop, std::int64_t trips) {
      if (trips > 1 && (!stated || !moves_with(target, loop))) return true;
      distance *= trips;
      return false;
    };
    const fpga_node& loop = design_[number];
    bool carried =
        carried_by(number, rounded_up_quotient(loop.trips, smaller(loop.unroll, loop.trips)));
    for (std::size_t at = path_.size(); at-- > first_flat && !carried;)
      carried = carried_by(path_[at], design_[path_[at]].trips);
    return carried ? rounded_up_quotient(cycles, distance) : 1;
  }

  // ---------------------------------------------------------------- banks

  /// Accesses to the same bank in one iteration, over the ports of a bank: ResMII.
  void banks(const sequence<int>& statements, const sequence<sequence<copied>>& around,
             fpga_pipeline& made) const {
    sequence<sequence<double>> demand(design_.arrays.size());  // by bank
    sequence<const fpga_access*> met;
    for (std::size_t at = 0; at < statements.size(); ++at)
      for (const fpga_access& access : design_[statements[at]].accesses) {
        const fpga_array& array = design_.array(access.array);
        if (array.storage == fpga_storage::memory || array.storage == fpga_storage::registers)
          continue;
        // Statements that read the same elements share one read.
        if (any_of(met, [&](const fpga_access* other) {
              return other->array == access.array && other->write == access.write &&
                     other->strides == access.strides && other->offsets == access.offsets;
            }))
          continue;
        met.push_back(&access);
        add_demand(access, array, around[at], demand[static_cast<std::size_t>(access.array)]);
      }
    for (std::size_t at = 0; at < demand.size(); ++at) {
      double most = 0;
      for (const double each : demand[at]) most = larger(most, each);
      const auto interval = static_cast<std::int64_t>(math::ceil(most / design_.arrays[at].ports));
      if (interval > made.by_resources) {
        made.by_resources = interval;
        made.conflict = design_.arrays[at].name;
      }
    }
  }

  /// Adds the copies of one access to the banks that they meet in, or that they may meet in.
  void add_demand(const fpga_access& access, const fpga_array& array,
                  const sequence<copied>& around, sequence<double>& demand) const {
    sequence<double> met{1};  // by bank of the dimensions so far
    for (std::size_t dimension = 0; dimension < array.shape.size(); ++dimension) {
      const std::int64_t banks = dimension < array.banks.size() ? array.banks[dimension] : 1;
      sequence<std::int64_t> offsets{0};
      bool fixed = !access.irregular;  // the bank of each copy is the same in all iterations
      for (const fpga_stride& stride : access.strides) {
        if (stride.dimension != static_cast<int>(dimension)) continue;
        std::int64_t copies = 1;
        for (const copied& each : around)
          if (each.loop == stride.loop) copies = each.copies;
        if (copies < design_[stride.loop].trips) fixed &= stride.step * copies % banks == 0;
        sequence<std::int64_t> next;
        for (std::int64_t copy = 0; copy < copies; ++copy)
          for (const std::int64_t offset : offsets) next.push_back(offset + copy * stride.step);
        sort(next);
        remove_repeated(next);
        offsets = static_cast<sequence<std::int64_t>&&>(next);
      }
      const std::int64_t own =
          dimension < access.offsets.size() ? access.offsets[dimension] : std::int64_t{0};
      sequence<double> in_bank(static_cast<std::size_t>(banks),
                               fixed ? 0 : static_cast<double>(offsets.size()));
      for (const std::int64_t offset : offsets)
        if (fixed) ++in_bank[static_cast<std::size_t>(((offset + own) % banks + banks) % banks)];
      sequence<double> next;
      for (const double outer : met)
        for (const double inner : in_bank) next.push_back(outer * inner);
      met = static_cast<sequence<double>&&>(next);
    }
    demand.resize(met.size());
    for (std::size_t bank = 0; bank < met.size(); ++bank) demand[bank] += met[bank];
  }

  // ---------------------------------------------------------------- memory

  /// Cycles that the AXI ports and memory banks need per iteration; counts the bursts.
  std::int64_t memory(int number, const sequence<int>& statements,
                      const sequence<sequence<copied>>& around, double iterations, part& out) {
    sequence<std::int64_t> busy;  // cycles per iteration, by bundle
    bursts_ = 0;
    reads_memory_ = writes_memory_ = false;
    for (std::size_t at = 0; at < statements.size(); ++at)
      for (const fpga_access& access : design_[statements[at]].accesses) {
        const fpga_array& array = design_.array(access.array);
        if (array.storage != fpga_storage::memory) continue;
        (access.write ? writes_memory_ : reads_memory_) = true;
        const std::int64_t bytes = size_of(array.type);
        std::int64_t elements = 1, run = 1;
        for (const copied& each : around[at])
          if (moves_with(access, each.loop)) elements *= each.copies;
        const bool alone = access.irregular || access.conditional;
        for (std::size_t inner = around[at].size(); inner-- > 0 && !alone;)
          if (step_of(access, array, around[at][inner].loop) == run)
            run *= around[at][inner].copies;
        // Elements side by side move as one word, whose width is a power of two (UG1399, automatic
        // port width resizing).
        std::int64_t wide = 1;
        while (run % (2 * wide) == 0 && 2 * wide * bytes <= device_.port_bytes) wide *= 2;
        const auto bundle = static_cast<std::size_t>(array.bundle);
        if (busy.size() <= bundle) busy.resize(bundle + 1);
        busy[bundle] += rounded_up_quotient(elements, wide);
        const auto bank = bundle % static_cast<std::size_t>(device_.memory_banks);
        if (out.bytes.size() <= bank) out.bytes.resize(bank + 1);
        out.bytes[bank] += static_cast<double>(elements * bytes) * iterations;
        bursts_ = larger(bursts_, bursts(number, access, array, run,
                                         static_cast<double>(elements) * iterations));
      }
    double longest = larger(1.0, out.bank_cycles(device_) / iterations);
    for (const std::int64_t each : busy) longest = larger(longest, static_cast<double>(each));
    return static_cast<std::int64_t>(math::ceil(longest - 1e-9));
  }

  /// Bursts of an access: they run on over the loops outside as long as addresses do.
  double bursts(int number, const fpga_access& access, const fpga_array& array, std::int64_t run,
                double elements) const {
    if (access.irregular || access.conditional) return elements;
    const fpga_node& loop = design_[number];
    const std::int64_t copies = smaller(loop.unroll, loop.trips);
    if (copies < loop.trips && step_of(access, array, number) * copies == run)
      run *= rounded_up_quotient(loop.trips, copies);
    for (std::size_t outer = path_.size(); outer-- > 0 && static_cast<double>(run) < elements;) {
      if (design_[path_[outer]].trips == 1) continue;
      if (step_of(access, array, path_[outer]) != run) break;
      run *= design_[path_[outer]].trips;
    }
    return larger(1.0, elements / static_cast<double>(run));
  }

  /// Elements in memory between two iterations of a loop.
  static std::int64_t step_of(const fpga_access& access, const fpga_array& array, int loop) {
    std::int64_t out = 0;
    for (const fpga_stride& each : access.strides) {
      if (each.loop != loop) continue;
      std::int64_t pitch = 1;
      for (std::size_t inner = static_cast<std::size_t>(each.dimension) + 1;
           inner < array.shape.size(); ++inner)
        pitch *= array.shape[inner];
      out += each.step * pitch;
    }
    return out;
  }

  // ---------------------------------------------------------------- resources

  void resources() {
    double dsp = 0, lut = 0, ff = 0;
    for (const int root : design_.roots) operators(root, 1, false, dsp, lut, ff);
    std::int64_t bram18 = 0;
    sequence<int> bundles;
    for (const fpga_array& array : design_.arrays) {
      const int bits = 8 * static_cast<int>(size_of(array.type));
      const int copies = array.double_buffered ? 2 : 1;
      if (array.storage == fpga_storage::memory) {
        // A port: a FIFO of the width of the bus in each direction, and its logic.
        if (contains(bundles, array.bundle)) continue;
        bundles.push_back(array.bundle);
        bram18 += 2 * rounded_up_quotient(8 * device_.port_bytes, 72);
        lut += 1500;
        ff += 2500;
        continue;
      }
      std::int64_t banks = 1, depth = 1;
      for (std::size_t at = 0; at < array.shape.size(); ++at) {
        const std::int64_t own =
            at < array.banks.size() ? smaller(array.banks[at], array.shape[at]) : 1;
        banks *= own;
        depth *= rounded_up_quotient(array.shape[at], own);
      }
      if (array.storage == fpga_storage::registers) {
        ff += static_cast<double>(banks * depth * bits * copies);
      } else if (depth * bits <= fpga_least_bram_bits) {
        lut += static_cast<double>(copies * banks * bits * rounded_up_quotient(depth, 32));
      } else if (array.storage == fpga_storage::uram) {
        out_.takes.uram +=
            copies * banks * rounded_up_quotient(bits, 72) * rounded_up_quotient(depth, 4096);
      } else {
        bram18 += copies * banks * bram18_of(depth, bits);
      }
    }
    out_.takes.dsp = static_cast<std::int64_t>(math::ceil(dsp));
    out_.takes.lut = static_cast<std::int64_t>(lut);
    out_.takes.ff = static_cast<std::int64_t>(ff);
    out_.takes.bram36 = rounded_up_quotient(bram18, 2);
  }

  void operators(int number, double copies, bool in_pipeline, double& dsp, double& lut,
                 double& ff) const {
    const fpga_node& at = design_[number];
    if (at.loop) {
      copies *= static_cast<double>(in_pipeline ? at.trips : smaller(at.unroll, at.trips));
      lut += 60;  // counter and comparison
      ff += 70;
      for (const int child : at.children)
        operators(child, copies, in_pipeline || at.pipelined, dsp, lut, ff);
      return;
    }
    const auto add = [&](const fpga_operation& each) {
      const fpga_cost one = cost_of(each.fn, each.type);
      dsp += copies * each.count * one.dsp;
      lut += copies * each.count * one.lut;
      ff += copies * each.count * one.ff;
    };
    for (const fpga_operation& each : at.operations) add(each);
    if (at.accumulates) add(at.carried);
  }

  /// Finds the first resource that is exceeded.
  void judge() {
    const auto check = [&](const char* name, std::int64_t takes, std::int64_t has) {
      const double most = device_.usable * static_cast<double>(has);
      if (static_cast<double>(takes) <= most || !out_.excess.empty()) return;
      out_.excess = std::to_string(takes) + " " + name + " of " +
                    std::to_string(static_cast<std::int64_t>(most)) + " usable";
    };
    check("DSP", out_.takes.dsp, device_.has.dsp);
    check("BRAM36", out_.takes.bram36, device_.has.bram36);
    check("URAM", out_.takes.uram, device_.has.uram);
    check("LUT", out_.takes.lut, device_.has.lut);
    check("FF", out_.takes.ff, device_.has.ff);
  }

  const fpga_design& design_;
  const fpga_device& device_;
  const bool plain_;
  fpga_estimate out_;
  sequence<int> path_;  ///< loops around the current node, outermost first
  double bursts_ = 0;   ///< latencies of bursts that the last pipeline waits for
  bool reads_memory_ = false, writes_memory_ = false;
};

}  // namespace detail

LATHE_INLINE const char* name_of(fpga_bound bound) {
  switch (bound) {
    case fpga_bound::read: return "read";
    case fpga_bound::compute: return "compute";
    case fpga_bound::write: return "write";
    case fpga_bound::memory: return "memory";
  }
  return "?";
}

LATHE_INLINE std::int64_t bram18_of(std::int64_t elements, int bits) {
  // UG573: 16K x 1, 8K x 2, 4K x 4, 2K x 9, 1K x 18, 512 x 36.
  std::int64_t least = INT64_MAX;
  for (const auto& [depth, width] :
       {std::pair{16384, 1}, {8192, 2}, {4096, 4}, {2048, 9}, {1024, 18}, {512, 36}})
    least = smaller(least, detail::rounded_up_quotient(elements, depth) *
                               detail::rounded_up_quotient(bits, width));
  return least;
}

LATHE_INLINE fpga_estimate estimate_fpga(const fpga_design& design, const fpga_device& device,
                                         fpga_formula formula) {
  return detail::fpga_estimator(design, device, formula).run();
}

LATHE_INLINE double fpga_least_seconds(double operations, double bytes, dtype type,
                                       const fpga_device& device) {
  const double slices = cost_of(opcode::mul, type).dsp + cost_of(opcode::add, type).dsp;
  const double compute =
      operations / 2 * slices / (static_cast<double>(device.has.dsp) * device.mhz * 1e6);
  const double memory = bytes / (device.bank_gbytes * 1e9 * device.memory_banks);
  return larger(compute, memory);
}

}  // namespace lathe
