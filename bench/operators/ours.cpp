#include "ours.hpp"

#include <lathe/api/options.hpp>
#include <lathe/target/cpu/host.hpp>

#include "../../tools/interrupt.hpp"
#include <stdexcept>

namespace bench {
namespace {

/// The arguments of a call; those named `without` are not given.
std::vector<lathe::call_argument> arguments_of(const operands& data, const std::string& without) {
  std::vector<lathe::call_argument> out;
  for (const operand& each : data.all()) {
    lathe::call_argument& made = out.emplace_back();
    if (each.name == without) continue;
    made.data = each.data.get();
    made.count = static_cast<std::int64_t>(each.count);
    made.given = true;
  }
  return out;
}

}  // namespace

own_kernel make_kernel(const problem& of, const kernel_choice& choice) {
  const tools::interruptible search;
  lathe::tune_options options;
  options.threads = choice.threads;
  options.time_limit = choice.seconds;
  options.cancel = search.flag();
  options.progress = lathe::progress_mode::silent;
  own_kernel made{choice, {}, {}, 0};
  if (choice.terms == contract::packed) {
    made.weights = of.weights();
    options.bound = {made.weights};
  }
  if (!choice.searches) {
    options.effort = lathe::effort_level::estimate;
    options.cache = lathe::cache_mode::off;  // else a cached winner takes its place
  }
  const lathe::cpu_target target = lathe::native::host_target().value();
  const lathe::tuning_request request =
      lathe::resolve(options, target, lathe::read_environment()).value();
  lathe::owned_desc desc = of.describe();
  if (!choice.searches) {
    const double start = lathe::monotonic_seconds();
    lathe::estimated_trace(desc.view(), request);
    made.choosing_seconds = lathe::monotonic_seconds() - start;
  }
  lathe::tuned found = lathe::tune_description(desc.view(), request).value();
  if (search.flag()->is_set()) throw interrupted();
  made.core =
      lathe::shared<const lathe::kernel_core>::make(std::move(desc), request, std::move(found));
  return made;
}

void enter(const own_kernel& kernel, const operands& data, std::vector<contestant>& into) {
  lathe::shared<const lathe::kernel_core> core = kernel.core;
  if (!kernel.weights.empty()) {
    std::vector<lathe::call_argument> given = arguments_of(data, "");
    for (std::size_t at = 0; at < given.size(); ++at)
      given[at].given = data.all()[at].name == kernel.weights;
    core = core->bind({kernel.weights}, given.data()).value();
  }
  into.push_back({"lathe", kernel.choice.searches ? "tuned" : "estimate", kernel.choice.terms,
                  [core, arguments = arguments_of(data, kernel.weights)] {
                    if (const auto problem = core->call(arguments.data(), nullptr))
                      throw std::runtime_error(problem->what());
                  }});
}

}  // namespace bench
