/// @file
/// A GPU for the tests of the run time: the stand-in driver and compiler of fake/, or those of the
/// machine. With LATHE_CUDA_DRIVER=libcuda.so.1 in the environment the same tests run on hardware.
#pragma once

#include <lathe/target/cuda/context.hpp>
#include <lathe/target/cuda/cuda_source.hpp>
#include <lathe/target/cuda/executable.hpp>
#include <lathe/target/cuda/nvrtc.hpp>

#include <string>

namespace test {

/// True if the tests run on the stand-ins.
bool gpu_is_fake();

/// The driver's context; the driver is the stand-in unless the environment names another.
lathe::gpu::context gpu_context();

/// The compiler that makes code for that driver.
const lathe::gpu::nvrtc& gpu_compiler();

/// Prelude and text compiled for that driver.
lathe::gpu::cuda_code gpu_code(const lathe::cuda_source& source);

/// Compiled and loaded.
lathe::gpu::executable gpu_executable(const lathe::cuda_source& source);

/// Runs `body` in a child process whose driver starts with LATHE_FAKE_CUDA_ERROR=`error`, and
/// returns what it does: errors of a device stay in their process.
int with_driver_error(const char* error, int (*body)());

}  // namespace test
