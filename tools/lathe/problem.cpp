#include <lathe/target/cpu/host.hpp>

#include "command.hpp"
#include "operators.hpp"

namespace tools {

void problem_options::add_to(CLI::App& command) {
  command.add_option("operator", name, "name of an operator, see `lathe tune --list`");
  command.add_option("extents", extents, "numbers in order, or NAME=NUMBER");
  command
      .add_option("--type", type,
                  "of the elements; f16, bf16: into f32; u8i8, i8i8: bytes into i32; default f32")
      ->check(CLI::IsMember(type_words()));
  command.add_option("--threads", threads, "threads of the kernel; default: the CPUs allowed")
      ->check(CLI::Range(1, 4096));
  command.add_option("--bound", bound, "input that stays the same over many calls (repeatable)")
      ->allow_extra_args(false);
  command.add_flag("--strict-fp", strict_fp, "no fused multiply-add");
}

lathe::tuning_request problem_options::request(const lathe::desc_view& desc,
                                               lathe::tune_options options) const {
  options.threads = threads;
  options.bound = bound;
  if (strict_fp) options.strict_fp = true;
  for (const std::string& each : bound) {
    bool known = false;
    for (int at = 0; at < desc.param_count; ++at)
      known |= desc.tensors[at].name == each && desc.tensors[at].producer < 0;
    if (!known) throw CLI::ValidationError("--bound", "'" + each + "' is no input of " + desc.name);
  }
  const lathe::cpu_target host = lathe::native::host_target().value();
  const lathe::environment variables = lathe::read_environment();
  lathe::report_unknown_variables(variables);
  return lathe::resolve(options, host, variables).value();
}

known_schedule schedule_of(const std::optional<std::string>& given, const lathe::desc_view& desc,
                           const lathe::tuning_request& request) {
  if (given) return {lathe::parse_trace(*given).value(), "the schedule given"};
  if (const auto best = lathe::cache::open(request.cache).find(lathe::key_of(desc, request)))
    return {lathe::parse_trace(best->trace).value(), "the winner in the cache",
            best->median_seconds};
  return {lathe::estimated_trace(desc, request),
          "the analytic schedule (nothing is in the cache: `lathe tune` searches)"};
}

}  // namespace tools
