#include "problem.hpp"

#include <lathe/lathe.hpp>

#include <stdexcept>

namespace bench {
namespace {

namespace ops = lathe::ops;

template <class... Functions>
struct overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
overloaded(Functions...) -> overloaded<Functions...>;

template <class Operation>
lathe::owned_desc owned(const Operation& operation) {
  const auto description = lathe::describe(operation);
  if (!description.valid()) throw std::logic_error(lathe::error_of(description.problem).what());
  return lathe::owned_desc(description);
}

lathe::owned_desc describe_convolution(const convolution& c) {
  const auto [depth, height, width] = c.size;
  if (c.transposed) {
    if (c.dims == 1) {
      return owned(ops::conv_transpose1d(c.batch, c.channels, width, c.filters, c.kernel, c.stride,
                                         c.padding, c.output_padding, c.dilation));
    }
    if (c.dims == 2) {
      return owned(ops::conv_transpose2d(c.batch, c.channels, height, width, c.filters, c.kernel,
                                         c.stride, c.padding, c.output_padding, c.dilation));
    }
    return owned(ops::conv_transpose3d(c.batch, c.channels, depth, height, width, c.filters,
                                       c.kernel, c.stride, c.padding, c.output_padding,
                                       c.dilation));
  }
  if (c.groups == c.channels) {
    return owned(ops::depthwise_conv2d(c.batch, c.channels, height, width, c.filters / c.channels,
                                       c.kernel, c.stride, c.padding, c.dilation));
  }
  if (c.groups > 1) {
    return owned(ops::group_conv2d(c.batch, c.channels, height, width, c.filters, c.groups,
                                   c.kernel, c.stride, c.padding, c.dilation));
  }
  if (c.dims == 1) {
    return owned(ops::conv1d(c.batch, c.channels, width, c.filters, c.kernel, c.stride, c.padding,
                             c.dilation));
  }
  if (c.dims == 2) {
    return owned(ops::conv2d(c.batch, c.channels, height, width, c.filters, c.kernel, c.stride,
                             c.padding, c.dilation));
  }
  return owned(ops::conv3d(c.batch, c.channels, depth, height, width, c.filters, c.kernel, c.stride,
                           c.padding, c.dilation));
}

/// Pairs of an input and an output point that one kernel tap connects, along one dimension.
double connected_pairs(const convolution& c, int d) {
  const int from = c.transposed ? c.size[d] : c.output(d);
  const int to = c.transposed ? c.output(d) : c.size[d];
  const bool real = d >= 3 - c.dims;
  double pairs = 0;
  for (int at = 0; at < from; ++at) {
    for (int tap = 0; tap < c.kernel_extent(d); ++tap) {
      const int other = real ? at * c.stride + tap * c.dilation - c.padding : at;
      pairs += other >= 0 && other < to;
    }
  }
  return pairs;
}

}  // namespace

int convolution::output(int d) const {
  if (d < 3 - dims) return 1;
  const int reach = dilation * (kernel - 1) + 1;
  return transposed ? (size[d] - 1) * stride - 2 * padding + reach + output_padding
                    : (size[d] + 2 * padding - reach) / stride + 1;
}

lathe::owned_desc problem::describe() const {
  const bool wide = element == lathe::dtype::f64;
  return std::visit(
      overloaded{[](const matrix_vector& s) { return owned(ops::gemv(s.rows, s.depth)); },
                 [&](const matrix_product& s) {
                   const auto made = [&]<class... Elements>() {
                     return owned(ops::gemm<Elements...>(s.rows, s.columns, s.depth));
                   };
                   switch (element) {
                     case lathe::dtype::f64: return made.template operator()<double>();
                     case lathe::dtype::u8:
                       return made.template operator()<std::uint8_t, std::int8_t, int>();
                     case lathe::dtype::bf16:
                       return made.template operator()<lathe::bf16, lathe::bf16, float>();
                     case lathe::dtype::f16:
                       return made.template operator()<lathe::f16, lathe::f16, float>();
                     default: return made.template operator()<float>();
                   }
                 },
                 [](const bilinear_form& s) {
                   return owned(ops::bilinear(s.batch, s.features, s.left, s.right));
                 },
                 [](const convolution& s) { return describe_convolution(s); },
                 [](const circulant_product& s) {
                   return owned(ops::block_circulant_matmul(s.rows, s.columns, s.depth, s.block));
                 },
                 [](const circulant_projection& s) {
                   return owned(ops::block_circulant_project(s.rows, s.columns, s.block));
                 },
                 [](const channel_shift& s) {
                   return owned(ops::shift(s.batch, s.height, s.width, s.channels, s.kernel));
                 },
                 [](const shift_convolution& s) {
                   return owned(ops::shift_conv(s.batch, s.height, s.width, s.channels, s.filters,
                                                s.kernel));
                 },
                 [&](const khatri_rao_product& s) {
                   return wide ? owned(ops::mttkrp<double>(s.rows, s.depth, s.height, s.rank))
                               : owned(ops::mttkrp(s.rows, s.depth, s.height, s.rank));
                 },
                 [&](const stencil& s) {
                   return wide ? owned(ops::jacobi3d<double>(s.depth, s.height, s.width))
                               : owned(ops::jacobi3d<float>(s.depth, s.height, s.width));
                 }},
      extents);
}

double problem::flops() const {
  return std::visit(
      overloaded{
          [](const matrix_vector& s) { return 2. * s.rows * s.depth; },
          [](const matrix_product& s) { return 2. * s.rows * s.columns * s.depth; },
          [](const bilinear_form& s) { return 2. * s.batch * s.features * s.left * s.right; },
          [](const convolution& s) {
            return 2. * s.batch * s.filters * (s.channels / s.groups) * s.kernel_points() *
                   (s.transposed ? s.input_points() : s.output_points());
          },
          [](const circulant_product& s) { return 2. * s.rows * s.columns * s.depth; },
          [](const circulant_projection&) { return 0.; }, [](const channel_shift&) { return 0.; },
          [](const shift_convolution& s) {
            return 2. * s.batch * s.height * s.width * s.channels * s.filters;
          },
          [](const khatri_rao_product& s) { return 2. * s.rows * s.depth * s.height * s.rank; },
          [](const stencil& s) { return 8. * (s.depth - 2) * (s.height - 2) * (s.width - 2); }},
      extents);
}

double problem::needed_flops() const {
  const auto* c = std::get_if<convolution>(&extents);
  if (c == nullptr) return flops();
  return 2. * c->batch * c->filters * (c->channels / c->groups) * connected_pairs(*c, 0) *
         connected_pairs(*c, 1) * connected_pairs(*c, 2);
}

double problem::bytes() const { return lathe::bytes_of(describe().view()); }

double problem::output_bytes() const {
  const lathe::owned_desc desc = describe();
  double sum = 0;
  for (int at = 0; at < desc.view().param_count; ++at) {
    const lathe::desc_tensor& tensor = desc.view().tensors[at];
    if (tensor.producer < 0) continue;
    double bytes = lathe::size_of(tensor.type);
    for (int d = 0; d < tensor.rank; ++d) bytes *= static_cast<double>(tensor.shape[d]);
    sum += bytes;
  }
  return sum;
}

std::string problem::weights() const {
  return std::visit(
      overloaded{[](const matrix_vector&) { return "A"; },
                 [](const matrix_product&) { return "B"; },
                 [](const bilinear_form&) { return "W"; }, [](const convolution&) { return "W"; },
                 [](const circulant_product&) { return "w"; },
                 [](const shift_convolution&) { return "W"; }, [](const auto&) { return ""; }},
      extents);
}

}  // namespace bench
