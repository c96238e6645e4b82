// lathe explain: what a schedule of an operator looks like at every step, without running it.
#include <lathe/api/kernel_core.hpp>
#include <lathe/api/pipeline.hpp>
#include <lathe/lower/print.hpp>
#include <lathe/space/cpu_space.hpp>
#include <lathe/target/c/emit_c.hpp>
#include <lathe/target/cpu/emit_llvm.hpp>

#include "command.hpp"
#include "operators.hpp"
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

namespace tools {
namespace {

using namespace lathe;

struct explain_command {
  problem_options problem;
  std::optional<std::string> given;
  bool c_text = false, json = false;

  int run() const {
    const chosen_operator chosen = choose_operator(problem.name, problem.extents, problem.type);
    const owned_desc& desc = chosen.desc;
    const tuning_request request = problem.request(desc.view(), {});
    const auto [steps, from, seconds] = schedule_of(given, desc.view(), request);
    const program of = make_program(desc.view());
    const ir::nest nest = lower(of, steps, {request.bound, request.strict_fp}).value();
    if (c_text) {
      std::fputs(emit_c(nest).c_str(), stdout);
      return 0;
    }
    const cpu_space space(of, request.target, {request.bound, request.threads});
    if (json) {
      nlohmann::ordered_json out;
      out["operator"] = chosen.title;
      out["schedule_from"] = from;
      out["trace"] = to_text(steps);
      if (seconds > 0) out["median_seconds"] = seconds;
      out["decisions"] = space.sites.size();
      out["schedules"] = static_cast<double>(space.size());
      out["loop_nest"] = to_text(nest);
      out["llvm_ir"] = native::emit_llvm(nest, request.target, {request.strict_fp, ""}).value();
      out["c"] = emit_c(nest);
      std::printf("%s\n", out.dump(2).c_str());
      return 0;
    }
    std::printf("== space ==\n%zu decisions, %.3g schedules\n\nschedule: %s\n\n",
                space.sites.size(), static_cast<double>(space.size()), from.c_str());
    std::fputs(explain_schedule(desc.view(), steps, request).c_str(), stdout);
    return 0;
  }
};

}  // namespace

command add_explain(CLI::App& app) {
  const auto state = std::make_shared<explain_command>();
  CLI::App* const own =
      app.add_subcommand("explain", "Show operator, schedule, loop nest and generated code");
  state->problem.add_to(*own);
  own->get_option("operator")->required();
  own->add_option("--trace", state->given,
                  "schedule to explain; default: the one in the cache, else the estimate");
  own->add_flag("--c", state->c_text, "print the kernel as C11 and nothing else");
  own->add_flag("--json", state->json, "all of it as JSON, the C text included");
  own->footer("Example: lathe explain gemm 64 64 64 --trace 'vectorize(C.j)'");
  return {own, [state] { return state->run(); }};
}

}  // namespace tools
