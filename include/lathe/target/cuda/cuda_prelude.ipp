/// @file
/// Body of cuda_prelude.hpp. Source: "Parallel Thread Execution ISA", the sections on cp.async, cvt
/// and mma. All of it is inline PTX because cuda_fp16.h, mma.h and cuda_pipeline.h need an include
/// path and cost 10 to 50 ms per compilation.
#pragma once

#include <lathe/target/cuda/cuda_prelude.hpp>

namespace lathe {
namespace detail {

/// What a text needs in which the name occurs.
struct cuda_prelude_part {
  std::string_view name;
  std::string_view definition;
};

/// What others use comes first.
inline constexpr cuda_prelude_part cuda_prelude_parts[] = {
    {"int8_t", R"(typedef signed char int8_t;
typedef unsigned char uint8_t;
)"},
    {"int16_t", R"(typedef short int16_t;
typedef unsigned short uint16_t;
)"},
    {"int32_t", R"(typedef int int32_t;
typedef unsigned int uint32_t;
)"},
    {"int64_t", R"(typedef long long int64_t;
typedef unsigned long long uint64_t;
)"},
    {"INT32_MIN", R"(#define INT32_MIN (-2147483647 - 1)
)"},
    {"INT64_MIN", R"(#define INT64_MIN (-9223372036854775807ll - 1)
)"},
    {"INFINITY", R"(#define INFINITY __int_as_float(0x7f800000)
)"},
    {"NAN", R"(#define NAN __int_as_float(0x7fffffff)
)"},
    {"f16", R"(typedef unsigned short lathe_f16;
)"},
    {"bf16", R"(typedef unsigned short lathe_bf16;
)"},
    {"lathe_f16_to_f32", R"(__device__ __forceinline__ float lathe_f16_to_f32(lathe_f16 x) {
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
  return y;
}
)"},
    {"lathe_f32_to_f16", R"(__device__ __forceinline__ lathe_f16 lathe_f32_to_f16(float x) {
  lathe_f16 y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(x));
  return y;
}
)"},
    {"lathe_bf16_to_f32", R"(__device__ __forceinline__ float lathe_bf16_to_f32(lathe_bf16 x) {
  return __uint_as_float((unsigned)x << 16);
}
)"},
    // Not cvt.rn.bf16.f32, which older architectures lack. What is no number stays none.
    {"lathe_f32_to_bf16", R"(__device__ __forceinline__ lathe_bf16 lathe_f32_to_bf16(float x) {
  const unsigned bits = __float_as_uint(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return bits >> 16 | 0x40u;
  return (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
}
)"},
    {"lathe_copy_async", R"(#define LATHE_COPY_ASYNC(bytes, cache) \
__device__ __forceinline__ void lathe_copy_async##bytes(void* shared, const void* global) { \
  asm volatile("{ .reg .u64 a; .reg .u32 b; cvta.to.shared.u64 a, %0; cvt.u32.u64 b, a;\n" \
               "  cp.async." #cache ".shared.global [b], [%1], " #bytes "; }" \
               :: "l"(shared), "l"(global) : "memory"); \
}
LATHE_COPY_ASYNC(4, ca)
LATHE_COPY_ASYNC(8, ca)
LATHE_COPY_ASYNC(16, cg)
#undef LATHE_COPY_ASYNC
__device__ __forceinline__ void lathe_copy_async_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int Groups>
__device__ __forceinline__ void lathe_copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" :: "n"(Groups) : "memory");
}
)"},
    {"lathe_to_tf32", R"(__device__ __forceinline__ unsigned lathe_to_tf32(float x) {
  unsigned y;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
  return y;
}
)"},
    {"lathe_mma_", R"(#define LATHE_MMA(shape, type) \
__device__ __forceinline__ void lathe_mma_##shape##_##type( \
    float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) { \
  asm volatile("mma.sync.aligned." #shape ".row.col.f32." #type "." #type ".f32 " \
               "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" \
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1])); \
}
LATHE_MMA(m16n8k8, tf32)
LATHE_MMA(m16n8k16, f16)
LATHE_MMA(m16n8k16, bf16)
#undef LATHE_MMA
)"},
};

}  // namespace detail

LATHE_INLINE std::string cuda_prelude(std::string_view text) {
  std::string out;
  for (const detail::cuda_prelude_part& part : detail::cuda_prelude_parts)
    if (text.find(part.name) != std::string_view::npos) out += part.definition;
  return out.empty() ? out : "#ifdef __CUDACC__\n" + out + "#endif\n";
}

}  // namespace lathe
