/// @file
/// What scheduling and lowering need to know about a processor, as plain data. In: probed by
/// target/cpu/host.hpp or written by hand in tests. Out: spaces, cost models, the LLVM emitter and
/// the store's key read it. Nothing here touches the machine.
#pragma once

#include <cstdint>
#include <string>

namespace lathe {

/// Vector instruction sets that kernels are generated for, in ascending order.
enum class isa : unsigned char {
  sse2,   ///< 128-bit vectors, 16 registers, no FMA
  avx2,   ///< 256-bit vectors, 16 registers, FMA, conversions of f16 (F16C)
  avx512  ///< 512-bit vectors, 32 registers, FMA, masks (F, BW, DQ, VL)
};

/// Name as written in options, records and file names: "sse2", "avx2", "avx512".
constexpr const char* name_of(isa set) {
  switch (set) {
    case isa::sse2: return "sse2";
    case isa::avx2: return "avx2";
    case isa::avx512: return "avx512";
  }
  return "?";
}

/// Width of a vector register [bytes].
constexpr int vector_bytes_of(isa set) {
  return set == isa::avx512 ? 64 : set == isa::avx2 ? 32 : 16;
}

/// Number of architectural vector registers.
constexpr int vector_registers_of(isa set) { return set == isa::avx512 ? 32 : 16; }

/// Which vector forms of the math functions the C library offers (glibc's libmvec).
enum class vector_math : unsigned char {
  none,        ///< no libmvec: scalar libm only
  glibc_2_22,  ///< exp log sin cos pow
  glibc_2_35   ///< also tanh erf exp2 log2 ... and the other trigonometric and hyperbolic functions
};

/// A processor as the code generator and the search see it.
struct cpu_target {
  isa set = isa::sse2;
  int vector_bytes = 16;      ///< [bytes] of one vector register
  int vector_registers = 16;  ///< architectural vector registers
  bool fma = false;           ///< fused multiply-add instructions
  bool dot_u8i8 = false;      ///< dot products of 4 bytes per lane, u8 x i8 into i32 (VNNI)
  bool dot_bf16 = false;      ///< dot products of 2 bf16 per lane into f32 (AVX512_BF16)

  std::int64_t l1_bytes = 32 * 1024;        ///< [bytes] L1 data cache of one core
  std::int64_t l2_bytes = 512 * 1024;       ///< [bytes] L2 cache of one core
  std::int64_t l3_bytes = 8 * 1024 * 1024;  ///< [bytes] last-level cache, shared
  int threads = 1;                          ///< CPUs this process may use
  vector_math math = vector_math::none;

  std::string model;          ///< processor name as the vendor writes it
  std::string llvm_cpu;       ///< LLVM -mcpu name; "" = the processor LLVM runs on
  std::string llvm_features;  ///< LLVM -mattr string; used only if llvm_cpu is not ""

  /// Elements of `element_bytes` bytes in one vector.
  int lanes(int element_bytes) const { return vector_bytes / element_bytes; }
};

/// A target with the register file of `set` and the default caches; for tests and cross-generation.
inline cpu_target generic_cpu(isa set) {
  cpu_target out;
  out.set = set;
  out.vector_bytes = vector_bytes_of(set);
  out.vector_registers = vector_registers_of(set);
  out.fma = set != isa::sse2;
  out.math = vector_math::glibc_2_35;
  out.model = std::string("generic ") + name_of(set);
  out.llvm_cpu = set == isa::avx512 ? "x86-64-v4" : set == isa::avx2 ? "x86-64-v3" : "x86-64";
  return out;
}

}  // namespace lathe
