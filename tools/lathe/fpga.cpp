// lathe fpga: designs for FPGAs, by a model. Nothing is synthesised and no board is needed.
#include <lathe/api/fpga.hpp>
#include <lathe/api/fpga_report.hpp>

#include "../interrupt.hpp"
#include "command.hpp"
#include "fpga_validate.hpp"
#include "fpga_yolo.hpp"
#include "operators.hpp"
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

namespace tools {
namespace {

using namespace lathe;

nlohmann::ordered_json json_of(const fpga_resources& of) {
  return {
      {"dsp", of.dsp}, {"bram36", of.bram36}, {"uram", of.uram}, {"lut", of.lut}, {"ff", of.ff}};
}

nlohmann::ordered_json json_of(const fpga_device& of) {
  return {{"device", of.name},
          {"part", of.part},
          {"has", json_of(of.has)},
          {"memory_banks", of.memory_banks},
          {"bank_gbytes", of.bank_gbytes},
          {"mhz", of.mhz},
          {"source", of.source}};
}

nlohmann::ordered_json json_of(const fpga_found& of, const std::string& title) {
  return {{"operator", title},
          {"device", of.device.name},
          {"estimated_by", "model"},  // nothing was synthesised
          {"cycles", of.estimate.cycles},
          {"seconds", of.estimate.seconds},
          {"gflops", of.gflops()},
          {"bound", name_of(of.estimate.bound)},
          {"least_seconds", of.least_seconds},
          {"fits", of.estimate.fits()},
          {"takes", json_of(of.estimate.takes)},
          {"trials", of.trials},
          {"trace", to_text(of.steps)}};
}

void print(const nlohmann::ordered_json& out) { std::printf("%s\n", out.dump(2).c_str()); }

struct fpga_command {
  CLI::App *devices = nullptr, *explore = nullptr, *yolo = nullptr, *validate = nullptr;
  std::string name, type = "f32", device = "vu9p", folder;
  std::vector<std::string> extents;
  std::optional<std::string> steps;
  fpga_options options;
  bool json = false;

  int print_devices() const {
    if (json) {
      nlohmann::ordered_json out = nlohmann::ordered_json::array();
      for (const fpga_device& each : fpga_devices()) out.push_back(json_of(each));
      print(out);
      return 0;
    }
    for (const fpga_device& each : fpga_devices())
      std::printf(
          "%-6s %5lld DSP %5lld BRAM36 %5lld URAM %8lld LUT %8lld FF, %d x %g GB/s, %g MHz; %s\n",
          each.name.c_str(), static_cast<long long>(each.has.dsp),
          static_cast<long long>(each.has.bram36), static_cast<long long>(each.has.uram),
          static_cast<long long>(each.has.lut), static_cast<long long>(each.has.ff),
          each.memory_banks, each.bank_gbytes, each.mhz, each.source.c_str());
    return 0;
  }

  void write(const fpga_found& design) const {
    std::filesystem::create_directories(folder);
    const auto put = [&](const std::string& file, const std::string& text) {
      const std::filesystem::path path = std::filesystem::path(folder) / file;
      std::ofstream out(path);
      out << text;
      if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
      std::fprintf(json ? stderr : stdout, "wrote %s\n", path.c_str());
    };
    const hls_files& files = design.files;
    put(files.name + ".cpp", files.source);
    put(files.name + "_tb.cpp", files.testbench);
    put(files.name + ".tcl", files.script);
    put(files.name + ".html", to_html(design));
  }

  int run_explore() {
    const chosen_operator chosen = choose_operator(name, extents, type);
    const interruptible search;
    options.cancel = search.flag();
    const fpga_found found =
        steps ? design_description(chosen.desc.view(), parse_trace(*steps).value(), options.device)
                    .value()
              : explore_description(chosen.desc.view(), options).value();
    if (json)
      print(json_of(found, chosen.title));
    else
      std::printf("%s\n%s", chosen.title.c_str(), to_text(found).c_str());
    if (!folder.empty()) write(found);
    return 0;
  }

  int run() {
    if (devices->parsed()) return print_devices();
    options.device = find_fpga_device(device).value();
    if (validate->parsed()) return validate_fpga_model(folder, options.trials, json);
    return yolo->parsed() ? print_yolo_table(options, json) : run_explore();
  }
};

}  // namespace

command add_fpga(CLI::App& app) {
  const auto state = std::make_shared<fpga_command>();
  CLI::App* const own = app.add_subcommand("fpga", "Designs for FPGAs, by an analytic model");
  own->require_subcommand(1);
  state->devices = own->add_subcommand("devices", "List the devices that are known");
  state->explore =
      own->add_subcommand("explore", "Search for a design and write it as Vitis HLS C++");
  state->explore
      ->add_option("operator", state->name, "name of an operator, see `lathe tune --list`")
      ->required();
  state->explore->add_option("extents", state->extents, "numbers in order, or NAME=NUMBER");
  state->explore->add_option("--type", state->type, "of the elements; default f32")
      ->check(CLI::IsMember(type_words()));
  state->explore->add_option("--trace", state->steps, "schedule to take instead of a search");
  state->explore->add_option("--out", state->folder,
                             "folder for source, test bench, script and HTML report");
  state->explore->footer(
      "Example: lathe fpga explore gemm 1024 1024 1024 --device u250 --out gemm");
  state->yolo = own->add_subcommand("yolo", "The layers of YOLO-v1 beside published figures");
  state->validate = own->add_subcommand(
      "validate", "Compare the model with published tables; exit status 1 if a goal is missed");
  state->validate
      ->add_option("folder", state->folder, "of the tables, see tools/lathe/fpga_validate.hpp")
      ->required();
  for (CLI::App* each : {state->explore, state->yolo}) {
    each->add_option("--device", state->device,
                     "vu9p, u250, u280, zu9eg, or NAME:key=value,...; default vu9p");
    each->add_option("--seed", state->options.seed, "of the search; default 1");
  }
  for (CLI::App* each : {state->devices, state->explore, state->yolo, state->validate})
    each->add_flag("--json", state->json, "print the result as JSON");
  for (CLI::App* each : {state->explore, state->yolo, state->validate})
    each->add_option("--trials", state->options.trials, "designs estimated at most; default 2000")
        ->check(CLI::Range(1, std::numeric_limits<int>::max()));
  return {own, [state] { return state->run(); }};
}

}  // namespace tools
