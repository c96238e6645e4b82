/// @file
/// Bodies of cuda_kernel.hpp.
#pragma once

#include <lathe/api/cuda_kernel.hpp>
#include <lathe/api/pipeline.hpp>
#include <lathe/api/summary.hpp>
#include <lathe/lower/print.hpp>
#include <lathe/target/cpu/host.hpp>

#include <cstdint>

namespace lathe {

LATHE_INLINE std::optional<error> cuda_core::call(const call_argument* arguments, void* stream,
                                                  bool on_host) const {
  const desc_view& desc = desc_.view();
  if (std::optional<error> problem = check_arguments(desc, arguments)) return problem;
  constexpr std::uintptr_t alignment = 16;
  sequence<void*> params;
  for (int at = 0; at < desc.param_count; ++at) {
    params.push_back(arguments[at].data);
    const plan_buffer& buffer = made_.run.source().buffers[static_cast<std::size_t>(at)];
    if (on_host || buffer.scalar ||
        reinterpret_cast<std::uintptr_t>(params.back()) % alignment == 0)
      continue;
    return error("LATHE-E106", "tensor " + buffer.name +
                                   ": expected an address on the device that is a multiple of 16 "
                                   "bytes, as cudaMalloc gives; copy what begins elsewhere");
  }
  auto* const in = static_cast<gpu::driver::stream*>(stream);
  const result<bool> done =
      on_host ? made_.run.on_host(params.data(), in) : made_.run(params.data(), in);
  if (!done) return done.error();
  return std::nullopt;
}

LATHE_INLINE std::string cuda_core::explain() const {
  std::string out = "== operator ==\n" + summary_of(desc_.view()) + "\n== schedule ==\n";
  for (const step& each : made_.steps.steps) out += to_text(each) + "\n";
  const result<ir::nest> nest = lower(make_program(desc_.view()), made_.steps, {});
  if (nest) out += "\n== loop nest ==\n" + to_text(*nest);
  out += "\n== launches ==\n";
  for (const cuda_launch& each : made_.run.source().launches)
    out += each.symbol + ": " + std::to_string(each.blocks) + " blocks of " +
           std::to_string(each.threads) + " threads, " + std::to_string(each.shared_bytes) +
           " bytes of shared memory\n";
  return out + "\n== CUDA ==\n" + made_.run.source().text;
}

namespace detail {

LATHE_INLINE result<shared<const cuda_core>> make_cuda_kernel(const desc_view& desc,
                                                              const cuda& target,
                                                              const tune_options& options,
                                                              const std::string_view* steps) {
  const result<cpu_target> host = native::host_target(std::nullopt);
  if (!host) return host.error();
  const environment variables = read_environment();
  report_unknown_variables(variables);
  const result<tuning_request> request = resolve(options, *host, variables);
  if (!request) return request.error();
  if (!request->bound.empty())
    return error("LATHE-E111",
                 "option bound is for cpu(): kernels for GPUs read their inputs in place");
  const auto make = [&]() -> result<cuda_tuned> {
    if (steps == nullptr) return tune_cuda(desc, target, *request);
    const result<lathe::trace> parsed = parse_trace(*steps);
    if (!parsed) return parsed.error();
    return compile_cuda_description(desc, *parsed, target, *request);
  };
  result<cuda_tuned> made = make();
  if (!made) return made.error();
  return shared<const cuda_core>(shared<cuda_core>::make(owned_desc(desc), std::move(*made)));
}

}  // namespace detail
}  // namespace lathe
