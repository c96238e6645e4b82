/// @file
/// Designs for FPGAs: `#include <lathe/fpga.hpp>` beside or instead of lathe.hpp, and call
/// lathe::explore_fpga(). It is not part of lathe.hpp, whose users would pay for parsing it.
#pragma once

#include <lathe/api/fpga.hpp>
#include <lathe/api/fpga_report.hpp>
#include <lathe/ops/circulant.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/pooling.hpp>
#include <lathe/ops/shift.hpp>
#include <lathe/ops/softmax.hpp>
#include <lathe/ops/stencil.hpp>
#include <lathe/ops/transposed_convolution.hpp>
