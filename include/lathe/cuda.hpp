/// @file
/// Operators on NVIDIA GPUs: tune(op, cuda()) and what it returns. Include it beside lathe.hpp;
/// driver and NVRTC are opened at run time, nothing of CUDA is needed to build.
#pragma once

#include <lathe/api/cuda_kernel.hpp>
#include <lathe/lathe.hpp>
