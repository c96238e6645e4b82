/// @file
/// Bodies of oracle.hpp.
#pragma once

#include <lathe/api/calls.hpp>
#include <lathe/api/exactness.hpp>
#include <lathe/api/gather_bounds.hpp>
#include <lathe/api/oracle.hpp>
#include <lathe/api/sampler.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/lower/interpret.hpp>
#include <lathe/target/cpu/executable.hpp>
#include <lathe/target/cpu/vector_math.hpp>

#include <unistd.h>

namespace lathe {
namespace detail {

LATHE_INLINE void fill_inputs(const program& of, argument_set& arguments, int magnitude,
                              std::uint64_t seed) {
  const gather_bounds gathers(of);
  random_engine engine(seed);
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    argument& one = arguments[at];
    if (one.what.output) continue;
    void* data = one.memory.data();
    if (gathers.is_index(static_cast<int>(at)))
      fill_indices(data, one.what.type, one.what.elements, gathers.bound(), engine);
    else if (magnitude > 0)
      fill_exact(data, one.what.type, one.what.elements, magnitude, engine);
    else
      fill_real(data, one.what.type, one.what.elements, true, engine);
  }
}

/// Longest sum of a program and the largest error of the math functions in one term.
LATHE_INLINE std::pair<double, double> error_sources(const program& of) {
  double terms = 1, ulps = 0;
  for (const program_stage& stage : of.stages) {
    double count = 1;
    for (const program_axis& axis : stage.axes)
      if (axis.reduce) count *= static_cast<double>(axis.extent);
    terms = larger(terms, count);
  }
  for (std::size_t at = 0; at < of.exprs.size(); ++at) {
    const ir::node& value = of.exprs[static_cast<ir::expr>(at)];
    if (value.what == ir::kind::unary || value.what == ir::kind::binary)
      ulps += native::max_ulps(value.fn, true);
    if (value.what == ir::kind::call) ulps += 8;
  }
  return {terms, ulps};
}

}  // namespace detail

LATHE_INLINE result<int> prove_outputs(const program& of, const argument_set& arguments,
                                       std::uint64_t seed) {
  sequence<const void*> inputs;
  for (std::size_t at = 0; at < arguments.size(); ++at)
    inputs.push_back(arguments[at].memory.data());
  random_engine engine(seed);
  int checked = 0;
  for (int at = 0; at < of.param_count; ++at) {
    const program_tensor& tensor = of.tensors[static_cast<std::size_t>(at)];
    if (tensor.producer < 0) continue;
    const auto count = static_cast<std::uint32_t>(clamped(4e6 / sample_cost(of, at), 40.0, 2000.0));
    for (std::uint32_t number = 0; number < count; ++number, ++checked) {
      const sequence<std::int64_t> point = sample_point(tensor.shape, number, engine);
      std::int64_t flat = 0;
      for (std::size_t dim = 0; dim < point.size(); ++dim)
        flat = flat * tensor.shape[dim] + point[dim];
      const double right = sample(of, at, point, inputs);
      const double value = element_of(inputs[static_cast<std::size_t>(at)], tensor.type, flat);
      if (value != right)
        return error("LATHE-E510",
                     "the unscheduled kernel of '" + of.name + "' computes " + tensor.name + "[" +
                         std::to_string(flat) + "] = " + std::to_string(value) +
                         ", the interpreter " + std::to_string(right) +
                         ": this is a bug of lathe, please report it with the operator");
    }
  }
  return checked;
}

LATHE_INLINE result<oracle> make_oracle(const program& of, const trace& estimate,
                                        const cpu_target& target, const native::jit& compiler,
                                        const pipeline_options& options, std::uint64_t seed,
                                        bool interpret_all) {
  const pipeline_options unbound{{}, options.strict_fp};
  result<ir::nest> plain = lower(of, {}, unbound);
  if (!plain) return plain.error();
  // Sparse pages would let the system give memory that it does not have.
  std::int64_t bytes = 0;
  const kernel_plan plan = plan_of(*plain);
  for (const plan_buffer& buffer : plan.buffers) bytes += buffer.bytes();
  const std::int64_t memory = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  if (memory > 0 && bytes > memory)
    return error("LATHE-E501", "tuning needs the tensors of '" + of.name + "' in memory, " +
                                   std::to_string(bytes) + " bytes, and this machine has " +
                                   std::to_string(memory) +
                                   ": tune smaller extents, or compile() a schedule by hand");
  oracle out;
  out.arguments = owner<argument_set>(new argument_set(plan));
  const int magnitude = exact_inputs(of);
  detail::fill_inputs(of, *out.arguments, magnitude, seed);
  out.arguments->seal_inputs();

  sequence<int> outputs;
  for (int at = 0; at < of.param_count; ++at)
    if (of.tensors[static_cast<std::size_t>(at)].producer >= 0) outputs.push_back(at);
  const auto [terms, ulps] = detail::error_sources(of);
  for (const int at : outputs) {
    const program_tensor& tensor = of.tensors[static_cast<std::size_t>(at)];
    expectation wanted;
    wanted.name = tensor.name;
    wanted.type = tensor.type;
    wanted.extents = tensor.shape;
    wanted.terms = terms;
    wanted.function_ulps = ulps;
    out.wanted.push_back(std::move(wanted));
  }

  if (magnitude == 0 || interpret_all) {
    sequence<std::span<const std::byte>> inputs;
    for (std::size_t at = 0; at < out.arguments->size(); ++at)
      inputs.emplace_back((*out.arguments)[at].memory.data(),
                          static_cast<std::size_t>((*out.arguments)[at].memory.size()));
    const result<called_functions> calls = called_functions::make(of, compiler);
    if (!calls) return calls.error();
    interpretation answer = interpret(*plain, inputs, calls->functions());
    if (!answer.ok())
      return error("LATHE-E511", "the operator cannot be computed: " + answer.error);
    out.expected.resize(outputs.size());
    out.reference.resize(outputs.size());
    out.magnitude.resize(outputs.size());
    for (std::size_t at = 0; at < outputs.size(); ++at) {
      if (is_float(answer.outputs[at].type) && magnitude == 0) {
        out.reference[at] = std::move(answer.outputs[at].value);
        out.magnitude[at] = std::move(answer.outputs[at].magnitude);
        out.wanted[at].reference = out.reference[at];
        out.wanted[at].magnitude = out.magnitude[at];
      } else {
        out.expected[at] = to_elements(answer.outputs[at]);
        out.wanted[at].expected = out.expected[at];
      }
    }
    out.how = magnitude == 0 ? "interpreted in wide precision, compared within an error bound"
                             : "interpreted element by element; outputs compared bitwise";
    return out;
  }

  // Exact: run the default kernel once, prove it on sampled points.
  double work = 0;
  for (const program_stage& stage : of.stages) work += points_of(stage);
  const bool large = work > 3e8;
  result<compiled> kernel =
      compile_trace(of, large ? estimate : trace{}, target, compiler, unbound);
  if (!kernel) return kernel.error();
  result<native::executable> run =
      native::executable::make(std::move(kernel->plan), std::move(kernel->object), compiler, 1,
                               native::serial_parallel_for());
  if (!run) return run.error();
  sequence<void*> params;
  for (std::size_t at = 0; at < out.arguments->size(); ++at)
    params.push_back((*out.arguments)[at].memory.data());
  (*run)(params.data());

  const result<int> proven = prove_outputs(of, *out.arguments, seed + 1);
  if (!proven) return proven.error();
  for (const int at : outputs) {
    const argument& computed = (*out.arguments)[static_cast<std::size_t>(at)];
    out.expected.emplace_back(computed.memory.data(),
                              computed.memory.data() + computed.memory.size());
  }
  for (std::size_t at = 0; at < outputs.size(); ++at) out.wanted[at].expected = out.expected[at];
  out.how = std::string(large ? "estimate" : "default") + " kernel, proven by the interpreter at " +
            std::to_string(*proven) + " points; outputs compared bitwise";
  return out;
}

}  // namespace lathe
