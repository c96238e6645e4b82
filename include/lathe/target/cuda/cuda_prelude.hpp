/// @file
/// The names that emitted CUDA text uses and that CUDA C++ has only in headers: asynchronous
/// copies, matrix instructions, 16-bit floats; the integer types and constants of <stdint.h> and
/// <math.h>. In: a text. Out: their definitions, as inline PTX that needs no header. Put before the
/// text by emit_cuda.hpp.
///
/// | function | what it does | architecture |
/// |---|---|---|
/// | `lathe_copy_async4/8/16(void* shared, const void* global)` | starts to copy that many bytes;
/// both addresses are multiples of it | sm_80 | | `lathe_copy_async_commit()` | makes the copies
/// that this thread has started since the last one a group | sm_80 | | `lathe_copy_async_wait<N>()`
/// | waits until all but the last N groups of this thread are there | sm_80 | |
/// `lathe_to_tf32(float) -> unsigned` | rounds to 10 binary digits, ties away from zero | sm_80 |
/// | `lathe_mma_m16n8k8_tf32(d, a, b)` | d += a b by a warp: f32 16 x 8, tf32 16 x 8, tf32 8 x 8 |
/// sm_80 | | `lathe_mma_m16n8k16_f16(d, a, b)` | d += a b by a warp: f32 16 x 8, f16 16 x 16, f16
/// 16 x 8 | sm_80 | | `lathe_mma_m16n8k16_bf16(d, a, b)` | the same with bf16 | sm_80 | |
/// `lathe_f16_to_f32(lathe_f16)`, `lathe_bf16_to_f32(lathe_bf16)` | exact | all | |
/// `lathe_f32_to_f16(float)`, `lathe_f32_to_bf16(float)` | to nearest, ties to even | all |
///
/// `lathe_f16` and `lathe_bf16` are the bits, `unsigned short`. Fragments of a matrix instruction
/// are `float (&d)[4]`, `const unsigned (&a)[4]`, `const unsigned (&b)[2]`, distributed over the
/// lanes of a warp as the PTX manual has it ("Matrix Fragments for mma.m16n8k8", "...
/// mma.m16n8k16"): with g = lane / 4 and t = lane % 4,
///
///     m16n8k8    a: (g, t) (g + 8, t) (g, t + 4) (g + 8, t + 4)        b: (t, g) (t + 4, g)
///     m16n8k16   a: (g, 2t) (g + 8, 2t) (g, 2t + 8) (g + 8, 2t + 8)    b: (2t, g) (2t + 8, g)
///     both       d: (g, 2t) (g, 2t + 1) (g + 8, 2t) (g + 8, 2t + 1)
///
/// and in m16n8k16 the upper half of each register is the next column of a, the next row of b.
#pragma once

#include <lathe/config.hpp>

#include <string>
#include <string_view>

namespace lathe {

/// Definitions of the functions and types above that `text` names; "" if it names none. They stand
/// between `#ifdef __CUDACC__` and `#endif`: other compilers, which a simulator uses, see none.
LATHE_INLINE std::string cuda_prelude(std::string_view text);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/target/cuda/cuda_prelude.ipp>
#endif
