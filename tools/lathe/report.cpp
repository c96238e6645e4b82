// lathe report: a kernel as a page to look at.
#include <lathe/api/kernel_page.hpp>
#include <lathe/api/search_report.hpp>
#include <lathe/api/tuning_page.hpp>
#include <lathe/target/cpu/peak.hpp>

#include "command.hpp"
#include "operators.hpp"
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

namespace tools {
namespace {

using namespace lathe;

struct report_command {
  problem_options problem;
  std::optional<std::string> given;
  std::string output;
  bool json = false;

  int run() const {
    const chosen_operator chosen = choose_operator(problem.name, problem.extents, problem.type);
    const desc_view& desc = chosen.desc.view();
    const tuning_request request = problem.request(desc, {});
    const known_schedule known = schedule_of(given, desc, request);
    kernel_page_facts facts{known.from, known.seconds, 0, 0};
    const native::jit compiler = detail::shared_jit(request.target).value();
    // Byte products have peaks of their own, which are not measured.
    const bool is_double = problem.type == "f64";
    if (is_double || problem.type == "f32") {
      const native::cpu_peak peak = native::measured_peak(compiler, request.target).value();
      facts.peak_gflops = request.threads * (is_double ? peak.f64_gflops : peak.f32_gflops);
      facts.peak_gbytes = peak.copy_gbs;  // of one thread: more seldom fetch more
    }
    const std::string page = kernel_page(desc, known.steps, request, facts).value();
    write_report(output, page).value();
    if (json) {
      const nlohmann::ordered_json out{
          {"file", output}, {"schedule_from", known.from}, {"trace", to_text(known.steps)}};
      std::printf("%s\n", out.dump(2).c_str());
    } else {
      std::printf("%s: %s\n", output.c_str(), known.from.c_str());
    }
    return 0;
  }
};

}  // namespace

command add_report(CLI::App& app) {
  const auto state = std::make_shared<report_command>();
  CLI::App* const own =
      app.add_subcommand("report", "Write a page about a kernel: loops, memory, speed, source");
  state->problem.add_to(*own);
  own->get_option("operator")->required();
  own->add_option("--trace", state->given,
                  "schedule to show; default: the one in the cache, else an analytic one");
  own->add_option("--output", state->output, "file for the page")->required();
  own->add_flag("--json", state->json, "print what was written as JSON");
  own->footer("Example: lathe report gemm 512 512 512 --threads 1 --output gemm.html");
  return {own, [state] { return state->run(); }};
}

}  // namespace tools
