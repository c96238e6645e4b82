/// @file
/// CUDA kernels written by hand, as emit_cuda.hpp writes them: what the tests of the simulator, of
/// the mutator and of NVRTC run. Each comes with what it computes.
#pragma once

#include <lathe/target/cuda/cuda_prelude.hpp>
#include <lathe/target/cuda/cuda_source.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// A kernel, its inputs and the outputs that it must compute, as bytes in the order of its
/// parameters.
struct cuda_text {
  lathe::cuda_source source;
  std::vector<std::vector<std::byte>> parameters;  ///< outputs: what is expected
};

/// `parameters` with the bytes of outputs set to 0: what a run is given.
std::vector<std::vector<std::byte>> arguments_for(const cuda_text& text);

/// C = A B in blocks of 16 x 16 elements, tiles of shared memory and two barriers per step.
cuda_text tiled_gemm(int m, int n, int k);
/// The same in blocks of 32 x 32 by 64 threads of 4 x 4 elements each, with asynchronous copies of
/// 16 bytes into two buffers in turn. n and k are multiples of 4.
cuda_text buffered_gemm(int m, int n, int k);
/// C = A B by matrix instructions: a warp computes 16 x 8 elements.
/// @param type  f32 (as tf32), f16 or bf16
cuda_text matrix_gemm(int m, int n, int k, const char* type);
/// The sum of each row of A times a parameter: shuffles in warps, then between warps.
cuda_text row_sums(int rows, int columns);

/// All of them, with sizes that fill their blocks and such that do not.
std::vector<std::pair<std::string, cuda_text>> all_texts();

}  // namespace test
