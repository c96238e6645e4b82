/// @file
/// Bodies of fpga.hpp.
#pragma once

#include <lathe/analysis/stats.hpp>
#include <lathe/api/fpga.hpp>
#include <lathe/api/fpga_evaluator.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/search/tuner.hpp>
#include <lathe/target/fpga/operator_cost.hpp>

namespace lathe {
namespace detail {

/// The type that most of the arithmetic is on: that of the first reduction, else of the first
/// stage.
LATHE_INLINE dtype main_type(const program& of) {
  for (const program_stage& each : of.stages)
    if (each.reduction) return of.exprs[each.identity].type;
  return of.tensors[static_cast<std::size_t>(of.stages[0].tensor)].type;
}

}  // namespace detail

LATHE_INLINE fpga_limits fpga_limits_of(const program& of, const fpga_device& device) {
  const dtype type = detail::main_type(of);
  fpga_limits out;
  const fpga_cost product = cost_of(opcode::mul, type), sum = cost_of(opcode::add, type);
  const double slices = product.dsp + sum.dsp;
  // Sums of other kinds (maxima) and of what is no product take fewer: the model judges those.
  out.copies = static_cast<std::int64_t>(device.usable * static_cast<double>(device.has.dsp) /
                                         larger(slices, 0.5));
  out.copies = larger<std::int64_t>(out.copies, 16);
  out.buffer_bits =
      static_cast<std::int64_t>(device.usable * (static_cast<double>(device.has.bram36) * 36864 +
                                                 static_cast<double>(device.has.uram) * 294912));
  return out;
}

LATHE_INLINE result<fpga_found> design_description(const desc_view& desc, const trace& steps,
                                                   const fpga_device& device) {
  const program base = make_program(desc);
  const result<fpga_kernel> kernel = fpga_kernel_of(base, steps, device);
  if (!kernel) return kernel.error();
  const result<ir::nest> naive = build(base);
  if (!naive) return naive.error();
  fpga_found out;
  out.name = desc.name;
  out.device = device;
  out.steps = steps;
  out.estimate = estimate_fpga(kernel->design, device);
  out.optimistic = estimate_fpga(kernel->design, device, fpga_formula::flextensor);
  out.flops = flops_of(desc);
  out.bytes = bytes_of(desc);
  out.least_seconds = fpga_least_seconds(out.flops, out.bytes, detail::main_type(base), device);
  out.files = emit_hls_files(*kernel, *naive, device);
  return out;
}

LATHE_INLINE evolve_options fpga_search() {
  evolve_options out;
  out.population = 4;
  out.tournament = 1;
  out.crossover = 0;
  out.variation = {.further_move = 0.6, .jump = 1};
  out.restart = 64;
  return out;
}

LATHE_INLINE result<fpga_found> explore_description(const desc_view& desc,
                                                    const fpga_options& options) {
  const program base = make_program(desc);
  const fpga_space space(base, fpga_limits_of(base, options.device));
  fpga_evaluator judge(base, space, options.device, options.cancel);
  evolutionary_search proposer(space, options.seed, fpga_search());
  search_options how;
  how.limits.trials = options.trials;
  how.finalists = 0;  // the model has no noise
  how.cancel = options.cancel;
  const search_result searched = run_search(space, proposer, judge, how);
  if (!searched.best) {
    std::string why;
    for (const observation& each : searched.trials)
      if (why.empty() && !each.outcome.ok()) why = each.outcome.reason;
    return error("LATHE-E351", "no design of '" + std::string(desc.name) + "' fits into " +
                                   options.device.name + " (" + why +
                                   "); take a larger device or smaller extents");
  }
  result<fpga_found> out =
      design_description(desc, space.to_trace(searched.best->at), options.device);
  if (!out) return out;
  out->space = static_cast<double>(space.size());
  out->trials = searched.progress.trials;
  out->pruned = searched.progress.pruned;
  out->outcomes = searched.progress.outcomes;
  out->stopped = searched.stopped;
  return out;
}

}  // namespace lathe
