/// @file
/// Body of summary.hpp.
#pragma once

#include <lathe/analysis/stats.hpp>
#include <lathe/api/summary.hpp>

#include <cstdio>

namespace lathe {
namespace detail {

LATHE_INLINE std::string shape_text(const desc_tensor& tensor) {
  std::string out = std::string(tensor.name) + "[";
  for (int dim = 0; dim < tensor.rank; ++dim)
    out += (dim == 0 ? "" : ", ") + std::to_string(tensor.shape[dim]);
  return out + "] " + name_of(tensor.type);
}

LATHE_INLINE std::string count_text(double count) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", count);
  return text;
}

}  // namespace detail

LATHE_INLINE std::string summary_of(const desc_view& desc) {
  std::string out = std::string(desc.name) + "\n";
  for (int at = 0; at < desc.tensor_count; ++at) {
    const desc_tensor& tensor = desc.tensors[at];
    const char* role = tensor.param < 0       ? "intermediate"
                       : tensor.producer >= 0 ? "output"
                       : tensor.scalar        ? "scalar"
                                              : "input";
    out += std::string("  ") + role + " " + detail::shape_text(tensor) + "\n";
  }
  for (int at = 0; at < desc.stage_count; ++at) {
    const desc_stage& stage = desc.stages[at];
    out += "  stage " + std::string(stage.name) + ":";
    for (int axis = 0; axis < stage.spatial + stage.reduce; ++axis) {
      const desc_axis& loop = desc.axes[stage.first_axis + axis];
      out += std::string(loop.reduce ? " reduce " : " ") + loop.name + "=" +
             std::to_string(loop.extent);
    }
    out += "  (" + std::to_string(stage.spatial) + " spatial, " + std::to_string(stage.reduce) +
           " reduce loops)\n";
  }
  const double flops = flops_of(desc), bytes = bytes_of(desc);
  out +=
      "  " + detail::count_text(flops) + " flop, " + detail::count_text(bytes) + " bytes at least";
  if (flops > 0 && bytes > 0) out += ", " + detail::count_text(flops / bytes) + " flop per byte";
  return out + "\n";
}

}  // namespace lathe
