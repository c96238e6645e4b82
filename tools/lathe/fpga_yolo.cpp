#include "fpga_yolo.hpp"

#include <lathe/ops/convolution.hpp>

#include <cstdio>
#include <nlohmann/json.hpp>

namespace tools {
namespace {

// Table 4 of the paper.
constexpr yolo_layer layers[] = {
    // channels, filters, size, window, stride; hand-optimised, FlexTensor
    {"C1", 3, 64, 448, 7, 2, 123.5, 207.5},      {"C2", 64, 192, 112, 3, 1, 108.6, 184.7},
    {"C3", 192, 128, 56, 1, 1, 82.3, 144.1},     {"C4", 128, 256, 56, 3, 1, 103.2, 187.9},
    {"C5", 256, 256, 56, 1, 1, 104.0, 186.2},    {"C6", 256, 512, 56, 3, 1, 126.7, 224.4},
    {"C7", 512, 256, 28, 1, 1, 128.0, 206.0},    {"C8", 256, 512, 28, 3, 1, 105.7, 126.8},
    {"C9", 512, 512, 28, 1, 1, 84.7, 156.7},     {"C10", 512, 1024, 28, 3, 1, 131.0, 186.0},
    {"C11", 1024, 512, 14, 1, 1, 97.5, 188.0},   {"C12", 512, 1024, 14, 3, 1, 107.6, 149.5},
    {"C13", 1024, 1024, 14, 3, 1, 116.5, 156.1}, {"C14", 1024, 1024, 14, 3, 2, 106.7, 165.5},
    {"C15", 1024, 1024, 7, 3, 1, 131.1, 204.5},
};

}  // namespace

std::span<const yolo_layer> yolo_layers() { return layers; }

lathe::fpga_found explore_layer(const yolo_layer& of, const lathe::fpga_options& options) {
  return lathe::explore_fpga(lathe::ops::conv2d(1, of.channels, of.size, of.size, of.filters,
                                                of.window, of.stride, of.window / 2),
                             options);
}

int print_yolo_table(const lathe::fpga_options& options, bool json) {
  if (json) {
    nlohmann::ordered_json out = nlohmann::ordered_json::array();
    for (const yolo_layer& each : layers) {
      const lathe::fpga_found found = explore_layer(each, options);
      out.push_back({{"layer", each.name},
                     {"device", options.device.name},
                     {"gmacs", found.gflops() / 2},
                     {"cycles", found.estimate.cycles},
                     {"dsp", found.estimate.takes.dsp},
                     {"bram36", found.estimate.takes.bram36},
                     {"bound", name_of(found.estimate.bound)},
                     {"published_hand_optimised_gmacs", each.hand_optimised},
                     {"published_flextensor_gmacs", each.flextensor}});
    }
    std::printf("%s\n", out.dump(2).c_str());
    return 0;
  }
  std::printf(
      "YOLO-v1 on %s, f32, one image, %.0f MHz. Ours: an analytic model's estimates of generated\n"
      "designs, nothing was synthesised. Beside it: published figures for a VU9P (FlexTensor, "
      "ASPLOS\n"
      "2020, figure 6c; its clock is not given). All in 10^9 multiply-adds per second, as "
      "published.\n\n"
      "      ours: model |  published: hand-optimised, FlexTensor |  cycles    DSP  BRAM36  "
      "bound\n",
      options.device.name.c_str(), options.device.mhz);
  double ours = 0, hand = 0, flextensor = 0;
  for (const yolo_layer& each : layers) {
    const lathe::fpga_found found = explore_layer(each, options);
    const double rate = found.gflops() / 2;
    std::printf("%-5s %11.1f | %27.1f %11.1f | %8.0f %5.0f %% %5.0f %%  %s\n", each.name, rate,
                each.hand_optimised, each.flextensor, found.estimate.cycles,
                100.0 * static_cast<double>(found.estimate.takes.dsp) /
                    static_cast<double>(found.device.has.dsp),
                100.0 * static_cast<double>(found.estimate.takes.bram36) /
                    static_cast<double>(found.device.has.bram36),
                name_of(found.estimate.bound));
    std::fflush(stdout);
    ours += rate;
    hand += each.hand_optimised;
    flextensor += each.flextensor;
  }
  const double count = static_cast<double>(std::size(layers));
  std::printf("mean  %11.1f | %27.1f %11.1f | published averages: 110.42 and 178.16\n",
              ours / count, hand / count, flextensor / count);
  return 0;
}

}  // namespace tools
