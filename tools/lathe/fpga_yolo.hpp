/// @file
/// The 15 convolutions of YOLO-v1 that FlexTensor reports on a VU9P, by our model. In: a device and
/// the effort of the search. Out: a table, and the designs for the check of their bounds.
#pragma once

#include <lathe/api/fpga.hpp>

#include <span>

namespace tools {

/// One layer: padding is half of the window, everything is f32, one image.
struct yolo_layer {
  const char* name;
  int channels, filters, size, window, stride;
  /// Published for a VU9P in f32, read from the bars of FlexTensor's figure 6c (Zheng et al.,
  /// ASPLOS 2020), a multiply-add counted as one [10^9/s]. The averages in the text: 110.42,
  /// 178.16.
  double hand_optimised, flextensor;
};

std::span<const yolo_layer> yolo_layers();

/// The best design for a layer. @error lathe::error
lathe::fpga_found explore_layer(const yolo_layer& layer, const lathe::fpga_options& options);

/// Prints the table, or all figures as JSON. Returns the exit status.
int print_yolo_table(const lathe::fpga_options& options, bool json);

}  // namespace tools
