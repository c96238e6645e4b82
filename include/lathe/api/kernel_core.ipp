/// @file
/// Bodies of kernel_core.hpp.
#pragma once

#include <lathe/api/kernel_core.hpp>
#include <lathe/api/pipeline.hpp>
#include <lathe/api/summary.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/lower/print.hpp>

#include <array>
#include <cstring>

namespace lathe {

LATHE_INLINE bool detail::is_packed(const program& scheduled, int parameter) {
  return all_of(scheduled.readers(parameter), [&](int stage) {
    const program_stage& reader = scheduled.stages[static_cast<std::size_t>(stage)];
    return scheduled.tensors[static_cast<std::size_t>(reader.tensor)].bound;
  });
}

LATHE_INLINE kernel_core::kernel_core(owned_desc desc, tuning_request request, tuned made)
    : desc_(std::move(desc)),
      request_(std::move(request)),
      made_(std::move(made)),
      owned_(static_cast<std::size_t>(desc_.view().param_count)) {}

LATHE_INLINE std::optional<error> kernel_core::call(const call_argument* arguments,
                                                    void* workspace) const {
  if (std::optional<error> problem = check_arguments(desc_.view(), arguments)) return problem;
  constexpr int usual = 32;
  std::array<void*, usual> small{};
  sequence<void*> large;
  void** params = small.data();
  const int count = desc_.view().param_count;
  if (count > usual) {
    large.resize(static_cast<std::size_t>(count));
    params = large.data();
  }
  for (int at = 0; at < count; ++at) {
    std::byte* const owned = owned_[static_cast<std::size_t>(at)].data();
    params[at] = owned == nullptr ? arguments[at].data : owned;
  }
  if (made_.run
          .needs_bind())  // tuned for bound operands, called with them: pack them for this call
    made_.run.bind(params)(params);
  else if (workspace != nullptr)
    made_.run(params, workspace);
  else
    made_.run(params);
  return std::nullopt;
}

LATHE_INLINE result<shared<const kernel_core>> kernel_core::bind(
    const sequence<std::string>& names, const call_argument* arguments) const {
  const desc_view& desc = desc_.view();
  if (std::optional<error> problem = check_arguments(desc, arguments)) return *problem;
  for (int at = 0; at < desc.param_count; ++at)
    if (arguments[at].given && desc.tensors[at].producer >= 0)
      return error(
          "LATHE-E120",
          "tensor " + std::string(desc.tensors[at].name) +
              " is an output and cannot be bound; bind inputs that stay the same over many calls");
  tuned made = made_;
  tuning_request request = request_;
  sequence<std::string> sorted = names, tuned_for = request.bound;
  sort(sorted);
  sort(tuned_for);
  if (sorted !=
      tuned_for) {  // tuned for other bound operands: the same schedule, packed when bound
    request.bound = names;
    result<tuned> again = compile_description(desc, made.steps, request);
    if (!again) return again.error();
    made.run = again->run;
  }
  auto out = shared<kernel_core>::make(owned_desc(desc), request, made);
  sequence<void*> params;
  for (int at = 0; at < desc.param_count; ++at) params.push_back(arguments[at].data);
  if (made.run.needs_bind()) out->made_.run = made.run.bind(params.data());
  const program of = make_program(desc);
  result<program> scheduled = apply(of, made.steps, {request.bound});
  if (!scheduled) return scheduled.error();
  for (int at = 0; at < desc.param_count; ++at) {
    if (!arguments[at].given) continue;
    if (detail::is_packed(*scheduled, at)) continue;
    const program_tensor& tensor = scheduled->tensors[static_cast<std::size_t>(at)];
    std::size_t bytes = static_cast<std::size_t>(size_of(tensor.type));
    for (const std::int64_t extent : tensor.shape) bytes *= static_cast<std::size_t>(extent);
    native::memory_block copy(static_cast<std::int64_t>(bytes));
    std::memcpy(copy.data(), arguments[at].data, bytes);
    out->owned_[static_cast<std::size_t>(at)] = std::move(copy);
  }
  return shared<const kernel_core>(std::move(out));
}

LATHE_INLINE std::string explain_schedule(const desc_view& desc, const trace& steps,
                                          const tuning_request& request) {
  std::string out = "== operator ==\n" + summary_of(desc) + "\n== schedule ==\n";
  for (const step& each : steps.steps) out += to_text(each) + "\n";
  const result<ir::nest> nest =
      lower(make_program(desc), steps, {request.bound, request.strict_fp});
  if (!nest) return out + "\n" + nest.error().what() + "\n";
  out += "\n== loop nest ==\n" + to_text(*nest);
  const result<std::string> text =
      native::emit_llvm(*nest, request.target, {request.strict_fp, ""});
  out += "\n== LLVM IR ==\n" + (text ? *text : std::string(text.error().what()));
  return out;
}

LATHE_INLINE std::string kernel_core::explain() const {
  return explain_schedule(desc_.view(), made_.steps, request_);
}

}  // namespace lathe
