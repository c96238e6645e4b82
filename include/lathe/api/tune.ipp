/// @file
/// Body of tune.hpp.
#pragma once

#include <lathe/api/search_report.hpp>
#include <lathe/api/session.hpp>
#include <lathe/api/tune.hpp>
#include <lathe/api/tuning_page.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/target/cpu/host.hpp>

namespace lathe::detail {

LATHE_INLINE result<tuning_request> request_of(const desc_view& desc, const cpu& target,
                                               const tune_options& options) {
  const result<cpu_target> host = native::host_target(target.set);
  if (!host) return host.error();
  const environment variables = read_environment();
  report_unknown_variables(variables);
  result<tuning_request> request = resolve(options, *host, variables);
  if (!request) return request.error();
  for (const std::string& name : request->bound) {
    bool known = false;
    for (int at = 0; at < desc.param_count; ++at)
      known |= desc.tensors[at].name == name && desc.tensors[at].producer < 0;
    if (!known)
      return error("LATHE-E111", "option bound names '" + name + "', which is no input of '" +
                                     desc.name + "'; name tensors of op<\"" + desc.name +
                                     "\">(...) that are only read");
  }
  return request;
}

/// Writes what a kernel is made of where that is asked for; a note says if that fails.
LATHE_INLINE void write_dump(const desc_view& desc, const tuning_request& request, tuned& of) {
  if (request.dump.empty()) return;
  const result<bool> written = write_report(file_in(request.dump, key_of(desc, request), ".txt"),
                                            explain_schedule(desc, of.steps, request));
  if (!written) of.notes.push_back(written.error().what());
}

LATHE_INLINE result<shared<const kernel_core>> make_kernel(const desc_view& desc, const cpu& target,
                                                           const tune_options& options,
                                                           const std::string_view* steps) {
  const result<tuning_request> resolved = request_of(desc, target, options);
  if (!resolved) return resolved.error();
  const tuning_request& request = *resolved;
  if (steps != nullptr) {
    result<lathe::trace> parsed = parse_trace(*steps);
    if (!parsed) return parsed.error();
    result<tuned> made = compile_description(desc, *parsed, request);
    if (!made) return made.error();
    write_dump(desc, request, *made);
    return shared<const kernel_core>::make(owned_desc(desc), request, std::move(*made));
  }
  result<tuned> made = tune_description(desc, request);
  if (!made) return made.error();
  write_dump(desc, request, *made);
  return shared<const kernel_core>::make(owned_desc(desc), request, std::move(*made));
}

}  // namespace lathe::detail
