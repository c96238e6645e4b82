// lathe export: a kernel as a C library, for programs and machines without lathe and LLVM.
#include <lathe/api/export.hpp>
#include <lathe/api/session.hpp>
#include <lathe/target/cpu/host.hpp>

#include "command.hpp"
#include "operators.hpp"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

namespace tools {
namespace {

using namespace lathe;

struct export_command {
  problem_options problem;
  export_options options;
  std::string folder, form = "object";
  std::optional<std::string> given;
  std::vector<std::string> sets;
  bool json = false;

  int run() {
    if (form == "source") options.form = export_form::source;
    for (const std::string& each : sets) options.sets.push_back(*native::parse_isa(each));
    const owned_desc desc = choose_operator(problem.name, problem.extents, problem.type).desc;
    const tuning_request request = problem.request(desc.view(), {});
    const known_schedule known = schedule_of(given, desc.view(), request);
    const exported_kernel made =
        export_description(desc.view(), known.steps, request, options).value();
    write_files(made, folder).value();
    if (json) {
      nlohmann::ordered_json out{{"folder", folder}, {"schedule", known.from}};
      for (const exported_file& each : made.files) out["files"].push_back(each.name);
      for (const std::string& each : made.notes) out["variants"].push_back(each);
      std::printf("%s\n", out.dump(2).c_str());
      return 0;
    }
    std::printf("from %s\n", known.from.c_str());
    for (const std::string& each : made.notes) std::printf("%s\n", each.c_str());
    for (const exported_file& each : made.files)
      std::printf("%s/%s\n", folder.c_str(), each.name.c_str());
    return 0;
  }
};

}  // namespace

command add_export(CLI::App& app) {
  const auto state = std::make_shared<export_command>();
  CLI::App* const own = app.add_subcommand(
      "export", "Write a kernel as a C library that needs neither lathe nor LLVM");
  state->problem.add_to(*own);
  own->get_option("operator")->required();
  own->add_option("--output", state->folder, "folder for the files, which is made")->required();
  own->add_option("--name", state->options.name, "of the C function; default: the operator's");
  own->add_option("--form", state->form,
                  "object: compiled, x86-64 Linux; source: C11, as fast as your compiler makes it")
      ->check(CLI::IsMember({"object", "source"}));
  own->add_option("--isa", state->sets,
                  "instruction set of a variant (repeatable), chosen among when it runs; default: "
                  "all. Those other than this machine's have what `LATHE_TARGET=avx2 lathe tune` "
                  "has found, otherwise an analytic schedule")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"sse2", "avx2", "avx512"}));
  own->add_option("--trace", state->given,
                  "schedule for this machine; default: the one in the cache, else an analytic one");
  own->add_flag("--json", state->json, "print the result as JSON");
  own->footer("Example: lathe export gemm 512 512 512 --bound B --name dense --output dense/");
  return {own, [state] { return state->run(); }};
}

}  // namespace tools
