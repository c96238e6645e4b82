// lathe fpga: designs for FPGAs, by a model. Nothing is synthesised and no board is needed.
#include <lathe/target/fpga/device.hpp>

#include "command.hpp"
#include "fpga_validate.hpp"
#include <cstdio>
#include <memory>

namespace tools {
namespace {

using namespace lathe;

struct fpga_command {
  CLI::App *devices = nullptr, *validate = nullptr;
  std::string folder;

  static int print_devices() {
    for (const fpga_device& each : fpga_devices())
      std::printf(
          "%-6s %5lld DSP %5lld BRAM36 %5lld URAM %8lld LUT %8lld FF, %d x %g GB/s, %g MHz; %s\n",
          each.name.c_str(), static_cast<long long>(each.has.dsp),
          static_cast<long long>(each.has.bram36), static_cast<long long>(each.has.uram),
          static_cast<long long>(each.has.lut), static_cast<long long>(each.has.ff),
          each.memory_banks, each.bank_gbytes, each.mhz, each.source.c_str());
    return 0;
  }

  int run() const { return devices->parsed() ? print_devices() : validate_fpga_model(folder); }
};

}  // namespace

command add_fpga(CLI::App& app) {
  const auto state = std::make_shared<fpga_command>();
  CLI::App* const own = app.add_subcommand("fpga", "Designs for FPGAs, by an analytic model");
  own->require_subcommand(1);
  state->devices = own->add_subcommand("devices", "List the devices that are known");
  state->validate = own->add_subcommand(
      "validate", "Compare the model with published tables; exit status 1 if a goal is missed");
  state->validate
      ->add_option("folder", state->folder, "of the tables, see tools/lathe/fpga_validate.hpp")
      ->required();
  return {own, [state] { return state->run(); }};
}

}  // namespace tools
