/// @file
/// Bodies of emit_hls.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/target/c/c_statements.hpp>
#include <lathe/target/fpga/emit_hls.hpp>

namespace lathe {
namespace detail {

inline c_dialect hls_dialect() {
  c_dialect out;
  out.scalars_by_value = true;
  return out;
}

/// Writes the source of one kernel.
class hls_emitter : c_statements {
 public:
  explicit hls_emitter(const fpga_kernel& kernel)
      : c_statements(kernel.nest, hls_dialect()), kernel_(kernel), top_(hls_name(kernel.nest)) {
    function_names_.make(top_);
    for (const ir::buffer& each : nest_.buffers)
      if (each.elements > (std::int64_t{1} << 30)) index_type_ = "int64_t";
    for (std::size_t at = 0; at < nest_.buffers.size(); ++at)
      function_names_.make(text_.buffer_name(static_cast<std::int64_t>(at)));
    for (const ir::statement& each : nest_.stmts)
      if (each.what == ir::stmt_kind::loop)
        function_names_.make(text_.variable_name(each.variable));
  }

  std::string emit() {
    sequence<std::string> calls;
    for (const ir::phase& phase : nest_.phases) calls.push_back(phase_function(phase));
    top(calls);
    std::string out = "#include <math.h>\n#include <stdint.h>\n\n";
    const std::string helpers = text_.functions();
    if (!helpers.empty()) out += "extern \"C\" {\n" + helpers + "}\n\n";
    return out + functions_ + code_;
  }

 private:
  // ---------------------------------------------------------------- text

  void pragma(const std::string& text) { code_ += "#pragma HLS " + text + "\n"; }

  const fpga_array& array(std::int32_t index) const {
    return kernel_.design.arrays[static_cast<std::size_t>(index)];
  }
  bool is_off_chip(std::int32_t index) const { return detail::is_off_chip(buffer(index)); }
  const std::string& name_of_buffer(std::int32_t index) const { return text_.buffer_name(index); }

  /// "float Ab[4][16]", "const float* A", "float alpha".
  std::string declaration(std::int32_t index, bool written) const {
    const ir::buffer& of = buffer(index);
    std::string out = text_.type_name(of.type);
    if (of.scalar) return out + " " + name_of_buffer(index);
    if (is_off_chip(index)) return (written ? "" : "const ") + out + "* " + name_of_buffer(index);
    out += " " + name_of_buffer(index);
    for (const std::int64_t each : array(index).shape) out += "[" + std::to_string(each) + "]";
    return out;
  }

  // ---------------------------------------------------------------- what a function needs

  struct needs {
    flat_map<std::int32_t, bool> arrays;  ///< whether they are written
    flat_set<std::int64_t> variables;     ///< used
    flat_set<std::int64_t> bound;         ///< loops inside
    flat_set<std::int32_t> own;           ///< arrays declared inside
  };

  void add_used(ir::expr value, needs& to) const {
    if (value == ir::none || !seen_.insert(value)) return;
    const ir::node& at = nest_.exprs[value];
    if (at.what == ir::kind::variable) to.variables.insert(at.imm);
    if (at.what == ir::kind::load) to.arrays.add(static_cast<std::int32_t>(at.imm), false);
    for (const ir::term& each : nest_.exprs.terms(value)) add_used(each.atom, to);
    for (const ir::expr each : nest_.exprs.args(value)) add_used(each, to);
    for (const ir::expr each : {at.a, at.b, at.c}) add_used(each, to);
  }

  void add_needs(ir::stmt handle, needs& to) const {
    const ir::statement& at = nest_[handle];
    if (at.what == ir::stmt_kind::prefetch) return;
    const fpga_range& run = kernel_.runs[static_cast<std::size_t>(handle)];
    for (const ir::expr each : {at.value, at.condition, at.extent, run.first, run.end})
      add_used(each, to);
    for (const ir::expr each : kernel_.store_index[static_cast<std::size_t>(handle)])
      add_used(each, to);
    if (at.what == ir::stmt_kind::store) to.arrays[at.buffer] = true;
    if (at.what == ir::stmt_kind::loop) {
      to.bound.insert(nest_.exprs.variable_index(at.variable));
      for (const std::int32_t each : declared(handle)) to.own.insert(each);
    }
    for (const ir::stmt each : at.children) add_needs(each, to);
  }

  needs needs_of(const sequence<ir::stmt>& statements) const {
    needs out;
    seen_.clear();
    for (const ir::stmt each : statements) add_needs(each, out);
    return out;
  }

  /// Arrays on the chip that are declared in the body of a loop.
  sequence<std::int32_t> declared(ir::stmt loop) const {
    sequence<std::int32_t> out;
    for (std::size_t at = 0; at < nest_.buffers.size(); ++at)
      if (!is_off_chip(static_cast<std::int32_t>(at)) && kernel_.declared_in[at] == loop)
        out.push_back(static_cast<std::int32_t>(at));
    return out;
  }

  /// Writes a function before the one that is being written; returns the call of it.
  template <class Body>
  std::string function(const std::string& wanted, const needs& of, const Body& body) {
    const std::string name = function_names_.make(wanted);
    std::string parameters, arguments;
    const auto add = [&](const std::string& parameter, const std::string& argument) {
      parameters += (parameters.empty() ? "" : ", ") + parameter;
      arguments += (arguments.empty() ? "" : ", ") + argument;
    };
    for (std::size_t at = 0; at < nest_.buffers.size(); ++at) {
      const auto index = static_cast<std::int32_t>(at);
      const auto used = of.arrays.find(index);
      if (used == of.arrays.end() || of.own.contains(index)) continue;
      add(declaration(index, used->second), name_of_buffer(index));
    }
    for (const std::int64_t each : of.variables)
      if (!of.bound.contains(each)) {
        const std::string& variable = variable_name(each);
        add("const " + index_type_ + " " + variable, variable);
      }
    std::string outer;
    code_.swap(outer);
    const int depth = depth_;
    depth_ = 0;
    open("static void " + name + "(" + parameters + ")");
    pragma("INLINE off");
    body();
    close();
    code_ += '\n';
    functions_ += code_;
    code_.swap(outer);
    depth_ = depth;
    return name + "(" + arguments + ");";
  }

  const std::string& variable_name(std::int64_t index) const {
    for (const ir::statement& each : nest_.stmts)
      if (each.what == ir::stmt_kind::loop && nest_.exprs.variable_index(each.variable) == index)
        return text_.variable_name(each.variable);
    static const std::string none;
    return none;
  }

  // ---------------------------------------------------------------- arrays

  void declare(ir::stmt loop) {
    for (const std::int32_t each : declared(loop)) declare_array(each);
  }

  void declare_array(std::int32_t index) {
    const fpga_array& of = array(index);
    const std::string& name = name_of_buffer(index);
    line(declaration(index, true) + ";");
    if (of.storage == fpga_storage::registers) {
      pragma("ARRAY_PARTITION variable=" + name + " type=complete dim=0");
      return;
    }
    for (std::size_t at = 0; at < of.shape.size(); ++at) {
      if (of.banks[at] == 1) continue;
      const std::string dimension = " dim=" + std::to_string(at + 1);
      if (of.banks[at] >= of.shape[at])
        pragma("ARRAY_PARTITION variable=" + name + " type=complete" + dimension);
      else
        pragma("ARRAY_PARTITION variable=" + name +
               " type=cyclic factor=" + std::to_string(of.banks[at]) + dimension);
    }
    pragma("BIND_STORAGE variable=" + name +
           " type=ram_2p impl=" + (of.storage == fpga_storage::uram ? "uram" : "bram"));
  }

  // ---------------------------------------------------------------- functions

  std::string phase_function(const ir::phase& phase) {
    const sequence<ir::stmt> body = fpga_body(nest_, {phase.body});
    needs of = needs_of(body);
    for (const auto& [each, written] : of.arrays) used_.insert(each);
    for (const std::int32_t each : declared(ir::none))
      if (of.arrays.contains(each)) of.own.insert(each);
    return function(phase.name, of, [&] {
      for (const std::int32_t each : declared(ir::none))
        if (of.arrays.contains(each)) declare_array(each);
      statements(body);
    });
  }

  void top(const sequence<std::string>& calls) {
    flat_set<std::int32_t> written;
    for (const ir::statement& each : nest_.stmts)
      if (each.what == ir::stmt_kind::store) written.insert(each.buffer);
    std::string parameters;
    for (std::size_t at = 0; at < nest_.buffers.size(); ++at) {
      const auto index = static_cast<std::int32_t>(at);
      if (!is_off_chip(index)) continue;
      parameters += (parameters.empty() ? "" : ", ") + declaration(index, written.contains(index));
    }
    open("extern \"C\" void " + top_ + "(" + parameters + ")");
    for (std::size_t at = 0; at < nest_.buffers.size(); ++at) {
      const auto index = static_cast<std::int32_t>(at);
      if (!is_off_chip(index)) continue;
      const std::string& name = name_of_buffer(index);
      if (buffer(index).scalar) {
        pragma("INTERFACE mode=s_axilite port=" + name);
        continue;
      }
      pragma("INTERFACE mode=m_axi port=" + name + " offset=slave bundle=gmem" +
             std::to_string(array(index).bundle) +
             " depth=" + std::to_string(buffer(index).elements) + " max_" +
             (written.contains(index) ? "write" : "read") +
             "_burst_length=64 max_widen_bitwidth=512");
    }
    pragma("INTERFACE mode=s_axilite port=return");
    for (std::size_t at = 0; at < nest_.buffers.size(); ++at) {
      const auto index = static_cast<std::int32_t>(at);
      if (is_off_chip(index) && !used_.contains(index))
        line("(void)" + name_of_buffer(index) + ";");
    }
    for (const std::string& each : calls) line(each);
    close();
  }

  // ---------------------------------------------------------------- statements

  std::size_t position_of(const ir::statement& at) const {
    return static_cast<std::size_t>(&at - nest_.stmts.data());
  }

  void prefetch(const ir::statement&) override {}

  void store(const ir::statement& at) override {
    define(at.value);
    line(text_.element(at.buffer, kernel_.store_index[position_of(at)]) + " = " +
         text_.expression(at.value) + ";");
  }

  void loop(const ir::statement& at) override {
    const auto handle = static_cast<ir::stmt>(position_of(at));
    const fpga_node& node = kernel_.design[kernel_.node_of[position_of(at)]];
    const std::string& name = text_.variable_name(at.variable);
    fpga_range run = kernel_.runs[position_of(at)];
    const bool bounded = run.first != ir::none;
    if (!bounded) run.end = at.extent;
    std::string first = "0";
    if (bounded) {
      define(run.first);
      first = text_.expression(run.first);
    }
    define(run.end);
    open("for (" + index_type_ + " " + name + " = " + first + "; " + name + " < " +
         text_.expression(run.end, true) + "; ++" + name + ")");
    if (!node.fixed) pragma("LOOP_TRIPCOUNT max=" + std::to_string(node.trips));
    if (node.dataflow) pragma("DATAFLOW");
    if (node.unroll > 1) pragma("UNROLL");
    if (node.pipelined) {
      pragma("PIPELINE II=1");
      dependences(handle);
    }
    declare(handle);
    if (node.dataflow) {
      for (const fpga_process& each : kernel_.processes[position_of(at)])
        line(function(each.name, needs_of(each.statements), [&] { statements(each.statements); }));
    } else if (bounded) {
      statement(nest_[fpga_body(nest_, at.children)[0]].children[0]);
    } else {
      statements(at.children);
    }
    close();
  }

  /// What is proven about sums that come back, for the leaves of a pipelined loop.
  void dependences(ir::stmt loop) {
    flat_map<std::int32_t, std::int64_t> least;  // -1: not proven for one of them
    collect_distances(loop, least);
    for (const auto& [of, distance] : least) {
      if (distance < 0 || array(of).storage == fpga_storage::registers) continue;
      const std::string head = "DEPENDENCE variable=" + name_of_buffer(of) + " type=inter ";
      if (distance == 0)
        pragma(head + "dependent=false");
      else if (distance > 1)
        pragma(head + "direction=RAW distance=" + std::to_string(distance) + " dependent=true");
    }
  }

  void collect_distances(ir::stmt handle, flat_map<std::int32_t, std::int64_t>& least) const {
    const ir::statement& at = nest_[handle];
    if (at.what == ir::stmt_kind::store) {
      const fpga_node& leaf = kernel_.design[kernel_.node_of[static_cast<std::size_t>(handle)]];
      if (leaf.accumulates) {
        const std::int64_t own = kernel_.distance[static_cast<std::size_t>(handle)];
        // Several statements on one array may meet each other's elements: nothing is said then.
        if (!least.add(at.buffer, own)) least[at.buffer] = -1;
      }
    }
    for (const ir::stmt each : at.children) collect_distances(each, least);
  }

  const fpga_kernel& kernel_;
  c_identifiers function_names_;
  std::string top_, functions_, index_type_ = "int";
  flat_set<std::int32_t> used_;  ///< arrays that some phase uses
  mutable flat_set<ir::expr> seen_;
};

}  // namespace detail

LATHE_INLINE std::string hls_name(const ir::nest& nest) {
  c_identifiers names;
  for (const ir::phase& phase : nest.phases) names.make(phase.name);
  for (const ir::buffer& each : nest.buffers) names.make(each.name);
  return names.make(nest.name);
}

LATHE_INLINE std::string emit_hls(const fpga_kernel& kernel) {
  return detail::hls_emitter(kernel).emit();
}

namespace detail {

/// A pattern with $1, $2, ... replaced.
inline std::string filled_in(const char* pattern, const sequence<std::string>& with) {
  std::string out;
  for (const char* at = pattern; *at != '\0'; ++at) {
    if (*at == '$' && at[1] >= '1' && at[1] <= '9')
      out += with[static_cast<std::size_t>(*++at - '1')];
    else
      out += *at;
  }
  return out;
}

/// The prototype of the top function and the call of it with arrays `PREFIX0`, `PREFIX1`, ...; of
/// parameters that are read only, both kernels share the array.
inline std::string hls_call(const ir::nest& nest, const std::string& prefix) {
  std::string arguments;
  for (std::size_t at = 0; at < nest.buffers.size(); ++at) {
    const ir::buffer& of = nest.buffers[at];
    if (of.where != ir::scope::param && of.where != ir::scope::workspace) continue;
    const bool shared = of.where == ir::scope::param && !of.output;
    arguments += (arguments.empty() ? "" : ", ") + (shared ? "in" : prefix) + std::to_string(at);
    if (of.scalar) arguments += "[0]";
  }
  return hls_name(nest) + "(" + arguments + ");";
}

/// Arrays that a call needs besides its inputs.
inline std::string hls_memory(const ir::nest& nest, const std::string& prefix) {
  std::string out;
  for (std::size_t at = 0; at < nest.buffers.size(); ++at) {
    const ir::buffer& of = nest.buffers[at];
    if (of.where == ir::scope::workspace || (of.where == ir::scope::param && of.output))
      out += std::string("static ") + c_type_name(of.type) + " " + prefix + std::to_string(at) +
             "[" + std::to_string(of.elements) + "];\n";
  }
  return out;
}

}  // namespace detail

LATHE_INLINE hls_files emit_hls_files(const fpga_kernel& kernel, const ir::nest& naive,
                                      const fpga_device& device) {
  hls_files out;
  out.name = hls_name(kernel.nest);
  out.source = emit_hls(kernel);

  ir::nest reference = naive;
  reference.name = out.name + "_reference";
  std::string prototype = out.source.substr(out.source.find("extern \"C\" void " + out.name + "("));
  prototype = prototype.substr(0, prototype.find(" {")) + ";\n\n";
  std::string memory, fill, compare;
  for (std::size_t at = 0; at < static_cast<std::size_t>(naive.param_count); ++at) {
    const ir::buffer& of = naive.buffers[at];
    const std::string number = std::to_string(at), count = std::to_string(of.elements);
    if (of.output) {
      compare += detail::filled_in("  wrong += differences(\"$1\", got$2, wanted$2, $3);\n",
                                   {of.name, number, count});
    } else {
      memory += detail::filled_in("static $1 in$2[$3];\n", {c_type_name(of.type), number, count});
      fill += detail::filled_in("  fill(in$1, $2, $3);\n",
                                {number, count, is_float(of.type) ? "-2" : "0"});
    }
  }
  out.testbench = detail::filled_in(
      "// Test bench of $1: compares it with the operator as it is written, on small integers.\n",
      {out.name});
  out.testbench += detail::hls_emitter(make_fpga_kernel(reference, device)).emit();
  out.testbench += "\n#include <stdio.h>\n\n" + prototype + memory +
                   detail::hls_memory(kernel.nest, "got") + detail::hls_memory(reference, "wanted");
  out.testbench += detail::filled_in(
      R"(
template <class T>
static void fill(T* to, long count, int least) {
  for (long at = 0; at < count; ++at) to[at] = (T)(at * 7 % 5 + least);
}

template <class T>
static int differences(const char* name, const T* got, const T* wanted, long count) {
  int wrong = 0;
  for (long at = 0; at < count; ++at) {
    const double have = (double)got[at], want = (double)wanted[at];
    if (fabs(have - want) <= 1e-5 * fabs(want)) continue;  // sums in another order
    if (wrong++ == 0) printf("%s element %ld: expected %g, got %g\n", name, at, want, have);
  }
  return wrong;
}

int main() {
$1  $2
  $3
  int wrong = 0;
$4  printf(wrong == 0 ? "correct\n" : "%d elements are wrong\n", wrong);
  return wrong == 0 ? 0 : 1;
}
)",
      {fill, detail::hls_call(kernel.nest, "got"), detail::hls_call(reference, "wanted"), compare});

  const std::int64_t picoseconds = static_cast<std::int64_t>(1e6 / device.mhz + 0.5);
  std::string period = std::to_string(picoseconds % 1000);
  while (period.size() < 3) period = "0" + period;
  period = std::to_string(picoseconds / 1000) + "." + period;
  out.script = detail::filled_in(R"(# vitis_hls -f $1.tcl: C simulation, synthesis and export of $1.
open_project -reset $1_project
set_top $1
add_files $1.cpp
add_files -tb $1_tb.cpp
open_solution -reset -flow_target vitis solution
set_part {$2}
create_clock -period $3
csim_design
csynth_design
export_design -format xo -output $1.xo
exit
)",
                                 {out.name, device.part, period});
  return out;
}

}  // namespace lathe
