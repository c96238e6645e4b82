#include "gpu_kernels.hpp"

#include <lathe/api/cuda_session.hpp>
#include <lathe/api/options.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/space/gpu_space.hpp>
#include <lathe/target/cpu/host.hpp>

#include "../../tools/interrupt.hpp"
#include "gpu_entry.hpp"
#include <stdexcept>

namespace bench {
namespace {

lathe::tuning_request request_of(const lathe::tune_options& options) {
  const lathe::cpu_target host = lathe::native::host_target(std::nullopt).value();
  return lathe::resolve(options, host, lathe::read_environment()).value();
}

/// Candidates are timed as the bench does: on operands that come from memory.
lathe::cuda target_for(const device_operands& data) {
  constexpr int most_sets = 32;
  lathe::cuda out;
  if (data.copies() <= most_sets)
    out.timing.sets = data.copies();
  else
    out.timing.cache = lathe::gpu::l2_state::flushed;
  return out;
}

/// What one would write first: stages without sums where they are read, and for every other one a
/// thread per point, which keeps its sum in a register. @throws std::runtime_error if that is
/// illegal
lathe::trace naive_trace(const lathe::desc_view& desc) {
  lathe::program of = lathe::make_program(desc);
  lathe::trace out;
  const auto why_not = [&](const std::string& line) {
    lathe::step made = lathe::parse_trace(line).value().steps[0];
    std::string reason = lathe::apply_step(of, made);
    if (reason.empty()) out.steps.push_back(std::move(made));
    return reason;
  };
  const auto add = [&](const std::string& line) {
    if (const std::string reason = why_not(line); !reason.empty())
      throw std::runtime_error(line + ": " + reason);
  };
  for (std::size_t at = 0; at < of.stages.size(); ++at)
    if (!of.stages[at].reduction) why_not("inline(" + of.stages[at].name + ")");
  for (std::size_t at = 0; at < of.stages.size(); ++at) {
    const lathe::program_stage& stage = of.stages[at];
    if (stage.inlined) continue;
    std::string loops, points = stage.loops[0].name;
    for (std::size_t loop = 0; loop < static_cast<std::size_t>(stage.spatial); ++loop)
      loops += (loop > 0 ? ", " : "") + stage.name + "." + stage.loops[loop].name;
    if (stage.spatial > 1) add("fuse(" + loops + " -> " + (points = "points") + ")");
    add("split(" + stage.name + "." + points + " -> blocks:_, threads:256)");
    add("bind(" + stage.name + ".blocks, block)");
    add("bind(" + stage.name + ".threads, thread)");
    if (stage.reduction) add("cache_write(" + stage.name + ", register)");
  }
  return out;
}

void enter(const char* library, const char* how, contract terms, const lathe::cuda_tuned& made,
           const device_operands& data, std::vector<contestant>& into) {
  into.push_back(gpu_entry(library, how, terms, data, [run = made.run, &data](int copy) {
    run(data.addresses(copy).data()).value();
  }));
}

record row_of(const char* how, const lathe::cuda_tuned& made) {
  return {{"how", how},
          {"origin", lathe::name_of(made.origin)},
          {"tuning_seconds", made.tuning_seconds},
          {"trials", made.trials},
          {"trace", lathe::to_text(made.steps)}};
}

}  // namespace

record enter_lathe(const problem& of, const gpu_search& how, const device_operands& data,
                   std::vector<contestant>& into) {
  const tools::interruptible search;
  const lathe::owned_desc desc = of.describe();
  const lathe::cuda target = target_for(data);
  lathe::tune_options options;
  options.progress = lathe::progress_mode::silent;
  record rows = record::array();

  options.time_limit = how.seconds;
  if (how.trials > 0) options.trials = how.trials;
  options.cancel = search.flag();
  for (const bool tf32 : {false, true}) {
    if (tf32 && !how.tf32) continue;
    lathe::cuda searched = target;
    searched.tf32 = tf32;
    const lathe::cuda_tuned tuned =
        lathe::tune_cuda(desc.view(), searched, request_of(options)).value();
    if (search.flag()->is_set()) throw interrupted();
    enter("lathe", "tuned", tf32 ? contract::tf32 : contract::plain, tuned, data, into);
    rows.push_back(row_of(tf32 ? "tuned, TF32" : "tuned", tuned));
  }

  options.effort = lathe::effort_level::estimate;
  options.cache = lathe::cache_mode::off;  // else a cached winner takes its place
  const lathe::cuda_tuned estimate =
      lathe::tune_cuda(desc.view(), target, request_of(options)).value();
  enter("lathe", "estimate", contract::plain, estimate, data, into);
  rows.push_back(row_of("estimate", estimate));
  const double start = lathe::monotonic_seconds();
  lathe::estimate_gpu_trace(lathe::make_program(desc.view()), data.where().what());
  rows.back()["choosing_seconds"] = lathe::monotonic_seconds() - start;

  const lathe::cuda_tuned naive =
      lathe::compile_cuda_description(desc.view(), naive_trace(desc.view()), target,
                                      request_of(options))
          .value();
  enter("CUDA", "a thread per point", contract::naive, naive, data, into);
  rows.push_back(row_of("naive", naive));
  return rows;
}

}  // namespace bench
