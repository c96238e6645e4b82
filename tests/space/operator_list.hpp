/// @file
/// Operators of all kinds and real sizes as programs, for tests that need many.
#pragma once

#include <lathe/analysis/owned_desc.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/ops/circulant.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/pooling.hpp>
#include <lathe/ops/shift.hpp>
#include <lathe/ops/softmax.hpp>
#include <lathe/ops/stencil.hpp>
#include <lathe/ops/transposed_convolution.hpp>

#include "cases.hpp"
#include <string>

namespace test {

/// Calls visit(name, program) for every size of cases.hpp.
template <class Visit>
void for_each_case(const Visit& visit) {
  int number = 0;
  const auto one = [&](const char* name, const auto& source) {
    visit(std::string(name) + " " + std::to_string(number++),
          lathe::make_program(lathe::describe(source)));
  };
  namespace ops = lathe::ops;
  for (const auto& [a, b] : cases::gemv) one("gemv", ops::gemv(a, b));
  for (const auto& [a, b, c] : cases::gemm) one("gemm", ops::gemm(a, b, c));
  for (const auto& [a, b, c, d] : cases::bilinear) one("bilinear", ops::bilinear(a, b, c, d));
  for (const auto& [a, b, c] : cases::circulant)
    one("block_circulant_project", ops::block_circulant_project(a, b, c));
  for (const auto& [a, b, c, d, e, f] : cases::shift) one("shift", ops::shift(1, a, b, c, d, e, f));
  for (const auto& [a, b, c, d, e, f, g] : cases::conv1d)
    one("conv1d", ops::conv1d(1, a, b, c, d, e, f, g));
  for (const auto& [a, b, c, d, e, f, g, h, i] : cases::conv2d)
    one("conv2d", ops::conv2d(a, b, c, d, e, f, g, h, i));
  for (const auto& [a, b, c, d, e, f, g, h, i, j] : cases::group_conv2d)
    one("group_conv2d", ops::group_conv2d(a, b, c, d, e, f, g, h, i, j));
  for (const auto& [a, b, c, d, e, f, g] : cases::depthwise_conv2d)
    one("depthwise_conv2d", ops::depthwise_conv2d(1, a, b, c, d, e, f, g));
  for (const auto& [a, b, c, d, e, f, g, h] : cases::conv3d)
    one("conv3d", ops::conv3d(1, a, b, c, d, e, f, g, h));
  for (const auto& [a, b, c, d, e, f, g] : cases::conv_transpose1d)
    one("conv_transpose1d", ops::conv_transpose1d(1, a, b, c, d, e, f, g));
  for (const auto& [a, b, c, d, e, f, g, h] : cases::conv_transpose2d)
    one("conv_transpose2d", ops::conv_transpose2d(1, a, b, c, d, e, f, g, h));
  for (const auto& [a, b, c, d, e, f, g, h, i] : cases::conv_transpose3d)
    one("conv_transpose3d", ops::conv_transpose3d(1, a, b, c, d, e, f, g, h, i));
}

/// Calls visit(name, program) for one odd size of every other operator.
template <class Visit>
void for_each_small_operator(const Visit& visit) {
  const auto one = [&](const char* name, const auto& source) {
    visit(std::string(name), lathe::make_program(lathe::describe(source)));
  };
  namespace ops = lathe::ops;
  one("gemm", ops::gemm(37, 53, 41));
  one("gemm of one element", ops::gemm(1, 1, 1));
  one("gemm f64", ops::gemm<double>(129, 1, 97));
  one("gemv", ops::gemv(67, 131));
  one("bilinear", ops::bilinear(7, 5, 19, 23));
  one("mttkrp", ops::mttkrp(11, 13, 17, 19));
  one("conv2d", ops::conv2d(1, 5, 13, 17, 19, 3, 1, 1));
  one("group_conv2d", ops::group_conv2d(1, 6, 11, 13, 9, 3, 3, 1, 1));
  one("depthwise_conv2d", ops::depthwise_conv2d(1, 19, 11, 13, 1, 3, 1, 1));
  one("conv_transpose2d", ops::conv_transpose2d(1, 5, 7, 9, 3, 3, 2, 1, 1));
  one("conv3d", ops::conv3d(1, 3, 5, 7, 19, 5, 3, 1, 1));
  one("block_circulant_project", ops::block_circulant_project(22, 37, 5));
  one("block_circulant_matmul", ops::block_circulant_matmul(13, 35, 21, 7));
  one("max_pool2d", ops::max_pool2d(1, 5, 17, 23, 3, 2, 1));
  one("avg_pool2d", ops::avg_pool2d(1, 19, 7, 7, 7, 7));
  one("shift", ops::shift(1, 13, 11, 19, 3));
  one("shift_conv", ops::shift_conv(1, 7, 11, 13, 17, 3));
  one("softmax", ops::softmax(7, 37));
  one("jacobi3d", ops::jacobi3d(7, 11, 19));
}

}  // namespace test
