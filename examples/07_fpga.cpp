// A convolution layer as a design for an FPGA: searched by an analytic model, written as Vitis HLS
// C++ with a test bench and a script. Nothing is synthesised here and no board is needed: what the
// text computes is checked by compiling and running it, its speed is the model's estimate.
//   07_fpga [folder for the files]
#include <lathe/fpga.hpp>

#include "example.hpp"
#include <filesystem>
#include <fstream>
#include <string>

using namespace lathe;

int main(int count, char** words) {
  const std::filesystem::path folder = count > 1 ? words[1] : "fpga-example";
  const auto layer = ops::conv2d(1, 64, 28, 28, 32, 3, 1, 1);

  fpga_options options;
  options.device = find_fpga_device("zu9eg:mhz=250").value();  // a known one, at another clock
  options.trials = 500;
  const fpga_found design = explore_fpga(layer, options);
  std::fputs(to_text(design).c_str(), stdout);

  const std::string name = design.files.name;
  std::filesystem::create_directories(folder);
  std::ofstream(folder / (name + ".cpp")) << design.files.source;
  std::ofstream(folder / (name + "_tb.cpp")) << design.files.testbench;
  std::ofstream(folder / (name + ".tcl")) << design.files.script;  // vitis_hls -f conv2d.tcl
  std::ofstream(folder / (name + ".html")) << to_html(design);

  // The test bench is plain C++ too: the tool's pragmas are comments for other compilers.
  const std::string base = (folder / name).string();
  const std::string build =
      "c++ -O1 -Wno-unknown-pragmas " + base + ".cpp " + base + "_tb.cpp -o " + base;
  return example::finish(std::system(build.c_str()) == 0 && std::system(base.c_str()) == 0);
}
