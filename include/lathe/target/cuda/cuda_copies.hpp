/// @file
/// Accesses of several bytes, and copies that are on their way while the threads go on. In: stores
/// and vectorized loops of a nest. Out: lines of code. The base of the emitter of CUDA; included by
/// the bodies of emit_cuda.hpp alone.
#pragma once

#include <lathe/lower/program.hpp>
#include <lathe/target/cuda/cuda_threads.hpp>
#include <lathe/target/cuda/lane_access.hpp>

namespace lathe::detail {

/// Writes vectorized loops as single accesses where their elements lie side by side.
class cuda_copies : protected cuda_threads {
 protected:
  using cuda_threads::cuda_threads;

  /// True for copies that a pipeline need not wait for: 4, 8 or 16 bytes of the device's memory as
  /// they are.
  bool is_asynchronous(const ir::statement& at, const lane_copy& source, std::int64_t lanes) const {
    if (!asynchronous_ || source.load == ir::none) return false;
    const ir::node& load = nest_.exprs[source.load];
    const ir::scope from = buffer(static_cast<std::int32_t>(load.imm)).where;
    const std::int64_t bytes = lanes * size_of(load.type);
    return buffer(at.buffer).where == ir::scope::shared && load.type == buffer(at.buffer).type &&
           (from == ir::scope::param || from == ir::scope::workspace) &&
           (bytes == 4 || bytes == 8 || bytes == 16);
  }

  std::string asynchronous_copy(const ir::statement& at, const lane_copy& source,
                                std::int64_t lanes) {
    return "lathe_copy_async" + std::to_string(lanes * size_of(buffer(at.buffer).type)) + "(&" +
           element(at) + ", &" + text_.expression(source.load) + ");";
  }

  void store(const ir::statement& at) override {
    const lane_copy source =
        asynchronous_ ? lane_access(nest_.exprs, ir::none, 1).copied(at.value) : lane_copy{};
    if (!is_asynchronous(at, source, 1)) return c_statements::store(at);
    text_.forget_temporaries();
    if (source.conditions.empty()) return line(asynchronous_copy(at, source, 1));
    open("if (" + all_of_them(source.conditions) + ")");
    line(asynchronous_copy(at, source, 1));
    --depth_;
    open("} else");
    line(element(at) + " = " + text_.expression(source.otherwise) + ";");
    close();
  }

  /// `a && b`, in the order in which they have to hold for the next to be asked.
  std::string all_of_them(const sequence<ir::expr>& conditions) {
    std::string out;
    for (const ir::expr each : conditions)
      out += (out.empty() ? "" : " && ") + text_.expression(each, conditions.size() > 1);
    return out;
  }

  /// A vectorized loop that is one store, under conditions that all lanes share.
  struct vector_store {
    lane_access lanes;
    sequence<ir::expr> conditions;
    const ir::statement* store = nullptr;
    lane_copy source;               ///< what is stored, if it is a copy
    bool loads = false;             ///< one access reads the source
    bool stores = false;            ///< one access writes the result
    sequence<ir::expr> operands{};  ///< loads of anything else than a copy that are one access each
  };

  /// Writes a vectorized loop with accesses of 8 or 16 bytes where its elements lie side by side.
  /// False if none do.
  bool vector_loop(const ir::statement& at) {
    if (at.children.size() != 1 || !nest_.exprs.is_constant(at.extent)) return false;
    vector_store of{lane_access(nest_.exprs, at.variable, nest_.exprs.constant_value(at.extent)),
                    {},
                    nullptr,
                    {},
                    false,
                    false,
                    {}};
    of.store = &nest_[at.children[0]];
    while (of.store->what == ir::stmt_kind::branch && of.store->children.size() == 1) {
      if (!of.lanes.is_uniform(of.store->condition)) return false;
      of.conditions.push_back(of.store->condition);
      of.store = &nest_[of.store->children[0]];
    }
    if (of.store->what != ir::stmt_kind::store) return false;
    of.stores = is_one_access(of.lanes, of.store->buffer, of.store->index);
    of.source = of.lanes.copied(of.store->value);
    if (of.source.load != ir::none)
      of.loads = is_one_access(of.lanes, static_cast<std::int32_t>(nest_.exprs[of.source.load].imm),
                               nest_.exprs.args(of.source.load)[0]);
    if (!of.stores && is_asynchronous(*of.store, of.source, 1)) return false;  // lane by lane
    if (of.source.load == ir::none) of.operands = operands_in(of);
    const bool some = of.loads || of.stores || !of.operands.empty();
    if (some) write_vector(of, text_.variable_name(at.variable));
    return some;
  }

  /// Loads of the device's memory that are sure to happen; compilers join those of shared memory.
  sequence<ir::expr> operands_in(const vector_store& of) const {
    sequence<ir::expr> out;
    const ir::expr value = of.store->value;
    const bool lazy = !nodes_in(nest_.exprs, value, ir::kind::select).empty() ||
                      any_of(nodes_in(nest_.exprs, value, ir::kind::binary),
                             [&](ir::expr each) { return is_logical(nest_.exprs[each].fn); });
    if (lazy) return out;
    for (const ir::expr load : loads_in(nest_.exprs, value)) {
      const auto index = static_cast<std::int32_t>(nest_.exprs[load].imm);
      if (buffer(index).where != ir::scope::shared && index != of.store->buffer &&
          is_one_access(of.lanes, index, nest_.exprs.args(load)[0]))
        out.push_back(load);
    }
    return out;
  }

  /// What all lanes are accessed as at once.
  static std::string vector_type(const vector_store& of, dtype type) {
    return of.lanes.bytes(size_of(type)) == 16 ? "uint4" : "uint2";
  }

  void declare_lanes(const vector_store& of, dtype type, const std::string& name) {
    line("__align__(16) " +
         (text_.type_name(type) + (" " + name + "[" + std::to_string(of.lanes.count()))) + "];");
  }

  /// Reads the operands of a vector and lets their lanes stand for them.
  void read_operands(const vector_store& of, const std::string& lane) {
    for (const ir::expr load : of.operands) {
      const dtype type = nest_.exprs[load].type;
      const std::string vector = vector_type(of, type);
      const std::string name = text_.new_name("operand");
      declare_lanes(of, type, name);
      line("*reinterpret_cast<" + vector + "*>(" + name + ") = *reinterpret_cast<const " + vector +
           "*>(&" + text_.expression(load) + ");");
      text_.write_as(load, name + "[" + lane + "]");
    }
  }

  bool is_one_access(const lane_access& lanes, std::int32_t index, ir::expr at) const {
    const ir::buffer& of = buffer(index);
    return of.where != ir::scope::registers && of.where != ir::scope::scratch &&
           lanes.is_contiguous(at, size_of(of.type));
  }

  void for_each_lane(const vector_store& of, const std::string& lane, const std::string& text) {
    line("#pragma unroll");
    line("for (" + lane + " = 0; " + lane + " < " + std::to_string(of.lanes.count()) + "; ++" +
         lane + ") " + text);
    line(lane + " = 0;");
  }

  void write_vector(const vector_store& of, const std::string& lane) {
    const dtype type = buffer(of.store->buffer).type;
    const std::string vector = vector_type(of, type);
    const std::string lanes_as = "*reinterpret_cast<" + vector + "*>(lanes)";
    const bool direct =
        of.loads && of.stores && is_asynchronous(*of.store, of.source, of.lanes.count());
    text_.forget_temporaries();
    open("");
    if (!direct || !of.source.conditions.empty()) declare_lanes(of, type, "lanes");
    line(text_.type_name(dtype::i64) + (" " + lane) + " = 0;");
    for (const ir::expr each : of.conditions) open("if (" + text_.expression(each) + ")");
    const auto fill = [&](ir::expr value) {
      for_each_lane(of, lane, "lanes[" + lane + "] = " + text_.expression(value) + ";");
    };
    const auto drain = [&] {
      if (of.stores)
        line("*reinterpret_cast<" + vector + "*>(&" + element(*of.store) + ") = " + lanes_as + ";");
      else
        for_each_lane(of, lane, element(*of.store) + " = lanes[" + lane + "];");
    };
    if (!of.loads) {
      read_operands(of, lane);
      fill(of.store->value);
      text_.forget_temporaries();
    } else {
      const bool guarded = !of.source.conditions.empty();
      if (guarded) open("if (" + all_of_them(of.source.conditions) + ")");
      line(direct ? asynchronous_copy(*of.store, of.source, of.lanes.count())
                  : lanes_as + " = *reinterpret_cast<const " + vector + "*>(&" +
                        text_.expression(of.source.load) + ");");
      if (guarded) {
        --depth_;
        open("} else");
        fill(of.source.otherwise);
        if (direct) drain();
        close();
      }
    }
    if (!direct) drain();
    for (std::size_t each = 0; each < of.conditions.size(); ++each) close();
    close();
  }

  bool asynchronous_ = false;  ///< the copies of a pipeline are being written
};

}  // namespace lathe::detail
