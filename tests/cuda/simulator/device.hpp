/// @file
/// The CUDA C++ that emitted kernels use, for a host compiler: the compilation of a kernel includes
/// it before the text. Declares what it needs of the C library itself, since headers of the
/// standard library take longer than a kernel. lathe's functions are described in cuda_prelude.hpp.
#pragma once

#include "device_interface.hpp"

extern "C" cuda_simulator::device_interface* cuda_simulator_device;
cuda_simulator::device_interface* cuda_simulator_device;  // set by whoever loads the library

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#define threadIdx (cuda_simulator_device->thread)
#define blockIdx (cuda_simulator_device->block)
#define blockDim (cuda_simulator_device->block_size)
#define gridDim (cuda_simulator_device->grid_size)
#define warpSize 32

// NOLINTBEGIN(google-runtime-int): the names that CUDA C++ and <stdint.h> give them
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __SIZE_TYPE__ size_t;
// NOLINTEND(google-runtime-int)
#define INT32_MIN (-2147483647 - 1)
#define INT64_MIN (-__INT64_MAX__ - 1)
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")

#define CUDA_SIMULATOR_VECTORS(type, name)                         \
  struct __attribute__((aligned(2 * sizeof(type)))) name##2 {      \
    type x, y;                                                     \
  };                                                               \
  struct __attribute__((aligned(4 * sizeof(type)))) name##4 {      \
    type x, y, z, w;                                               \
  };                                                               \
  inline name##2 make_##name##2(type x, type y) { return {x, y}; } \
  inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }
CUDA_SIMULATOR_VECTORS(float, float)
CUDA_SIMULATOR_VECTORS(int, int)
CUDA_SIMULATOR_VECTORS(unsigned, uint)
CUDA_SIMULATOR_VECTORS(short, short)
CUDA_SIMULATOR_VECTORS(unsigned short, ushort)
CUDA_SIMULATOR_VECTORS(signed char, char)
CUDA_SIMULATOR_VECTORS(unsigned char, uchar)
#undef CUDA_SIMULATOR_VECTORS
struct __attribute__((aligned(16))) double2 {
  double x, y;
};
struct __attribute__((aligned(16))) longlong2 {
  long long x, y;
};
inline double2 make_double2(double x, double y) { return {x, y}; }
inline longlong2 make_longlong2(long long x, long long y) { return {x, y}; }

// ------------------------------------------------------------------------------------ numbers

#define CUDA_SIMULATOR_MATH1(name) \
  extern "C" double name(double);  \
  extern "C" float name##f(float); \
  inline float name(float x) { return name##f(x); }
#define CUDA_SIMULATOR_MATH2(name)        \
  extern "C" double name(double, double); \
  extern "C" float name##f(float, float); \
  inline float name(float x, float y) { return name##f(x, y); }
CUDA_SIMULATOR_MATH1(exp)
CUDA_SIMULATOR_MATH1(log)
CUDA_SIMULATOR_MATH1(tanh)
CUDA_SIMULATOR_MATH1(erf)
CUDA_SIMULATOR_MATH1(sin)
CUDA_SIMULATOR_MATH1(cos)
CUDA_SIMULATOR_MATH1(sqrt)
CUDA_SIMULATOR_MATH1(floor)
CUDA_SIMULATOR_MATH1(ceil)
CUDA_SIMULATOR_MATH1(trunc)
CUDA_SIMULATOR_MATH1(rint)
CUDA_SIMULATOR_MATH1(fabs)
CUDA_SIMULATOR_MATH1(exp2)
CUDA_SIMULATOR_MATH1(log2)
CUDA_SIMULATOR_MATH2(pow)
CUDA_SIMULATOR_MATH2(fmin)
CUDA_SIMULATOR_MATH2(fmax)
CUDA_SIMULATOR_MATH2(fmod)
#undef CUDA_SIMULATOR_MATH1
#undef CUDA_SIMULATOR_MATH2
extern "C" double fma(double, double, double);
extern "C" float fmaf(float, float, float);
extern "C" int abs(int);
extern "C" long long llabs(long long);
inline float fdividef(float x, float y) { return x / y; }
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline int min(int x, int y) { return y < x ? y : x; }
inline int max(int x, int y) { return x < y ? y : x; }
inline unsigned min(unsigned x, unsigned y) { return y < x ? y : x; }
inline unsigned max(unsigned x, unsigned y) { return x < y ? y : x; }
inline long long min(long long x, long long y) { return y < x ? y : x; }
inline long long max(long long x, long long y) { return x < y ? y : x; }
inline float __uint_as_float(unsigned x) { return __builtin_bit_cast(float, x); }
inline unsigned __float_as_uint(float x) { return __builtin_bit_cast(unsigned, x); }
inline float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
inline int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
inline double __longlong_as_double(long long x) { return __builtin_bit_cast(double, x); }
inline long long __double_as_longlong(double x) { return __builtin_bit_cast(long long, x); }
inline long min(long x, long y) { return y < x ? y : x; }
inline long max(long x, long y) { return x < y ? y : x; }
inline float abs(float x) { return fabsf(x); }
inline double abs(double x) { return fabs(x); }
inline long long abs(long long x) { return llabs(x); }
template <class Type>
Type atomicAdd(Type* to, Type by) {
  const Type before = *to;
  *to = before + by;
  return before;
}
template <class Type>
Type __ldg(const Type* from) {
  return *from;
}

typedef unsigned short lathe_f16;
typedef unsigned short lathe_bf16;

inline float lathe_bf16_to_f32(lathe_bf16 x) {
  return __uint_as_float(static_cast<unsigned>(x) << 16);
}
inline lathe_bf16 lathe_f32_to_bf16(float x) {
  const unsigned bits = __float_as_uint(x);
  if (x != x) return static_cast<lathe_bf16>(bits >> 16 | 0x40u);
  return static_cast<lathe_bf16>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}
inline float lathe_f16_to_f32(lathe_f16 x) {
  const unsigned sign = (x & 0x8000u) << 16, exponent = x >> 10 & 31u, digits = x & 0x3ffu;
  if (exponent == 31) return __uint_as_float(sign | 0x7f800000u | digits << 13);
  if (exponent != 0) return __uint_as_float(sign | (exponent + 112) << 23 | digits << 13);
  const float small = static_cast<float>(digits) * 0x1p-24f;
  return sign != 0 ? -small : small;
}
inline lathe_f16 lathe_f32_to_f16(float x) {
  const unsigned bits = __float_as_uint(x), sign = bits >> 16 & 0x8000u;
  const float size = __uint_as_float(bits & 0x7fffffffu);
  if (x != x) return static_cast<lathe_f16>(sign | 0x7e00u);
  if (size >= 65520.0f) return static_cast<lathe_f16>(sign | 0x7c00u);
  if (size < 0x1p-14f)  // a multiple of 2^-24: the sum rounds to one
    return static_cast<lathe_f16>(sign | (__float_as_uint(size + 0.5f) - __float_as_uint(0.5f)));
  const unsigned kept = __float_as_uint(size) - (112u << 23);
  return static_cast<lathe_f16>(sign | (kept + 0xfffu + (kept >> 13 & 1u)) >> 13);
}
inline unsigned lathe_to_tf32(float x) {  // infinities stay, since their digits are zeros
  return x != x ? 0x7fffffffu : (__float_as_uint(x) + 0x1000u) & 0xffffe000u;
}

// -------------------------------------------------------------------------- blocks and warps

#define __syncthreads() cuda_simulator_device->barrier(__COUNTER__, __LINE__)
#define __syncwarp(...) cuda_simulator::sync_warp(__COUNTER__, __LINE__ __VA_OPT__(, ) __VA_ARGS__)
#define __shfl_sync(...) \
  cuda_simulator::shuffle(__COUNTER__, __LINE__, cuda_simulator::from_lane, __VA_ARGS__)
#define __shfl_up_sync(...) \
  cuda_simulator::shuffle(__COUNTER__, __LINE__, cuda_simulator::from_below, __VA_ARGS__)
#define __shfl_down_sync(...) \
  cuda_simulator::shuffle(__COUNTER__, __LINE__, cuda_simulator::from_above, __VA_ARGS__)
#define __shfl_xor_sync(...) \
  cuda_simulator::shuffle(__COUNTER__, __LINE__, cuda_simulator::from_xor, __VA_ARGS__)
#define lathe_mma_m16n8k8_tf32(...) \
  cuda_simulator::multiply<8, 1, cuda_simulator::tf32_element>(__COUNTER__, __LINE__, __VA_ARGS__)
#define lathe_mma_m16n8k16_f16(...) \
  cuda_simulator::multiply<16, 2, cuda_simulator::f16_element>(__COUNTER__, __LINE__, __VA_ARGS__)
#define lathe_mma_m16n8k16_bf16(...) \
  cuda_simulator::multiply<16, 2, cuda_simulator::bf16_element>(__COUNTER__, __LINE__, __VA_ARGS__)
#define lathe_copy_async4(to, from) cuda_simulator_device->copy_async(to, from, 4, __LINE__)
#define lathe_copy_async8(to, from) cuda_simulator_device->copy_async(to, from, 8, __LINE__)
#define lathe_copy_async16(to, from) cuda_simulator_device->copy_async(to, from, 16, __LINE__)
#define lathe_copy_async_commit() cuda_simulator_device->copy_async_commit()

template <int Groups>
inline void lathe_copy_async_wait() {
  cuda_simulator_device->copy_async_wait(Groups);
}

namespace cuda_simulator {

inline void sync_warp(int site, int line, unsigned mask = 0xffffffffu) {
  cuda_simulator_device->exchange(site, line, mask, nullptr, 0);
}

enum shuffle_source { from_lane, from_below, from_above, from_xor };

/// The CUDA C++ Programming Guide, "Warp Shuffle Functions".
template <class Type>
Type shuffle(int site, int line, shuffle_source source, unsigned mask, Type value, int operand,
             int width = 32) {
  static_assert(sizeof(Type) <= lane_bytes);
  const unsigned char* gifts =
      cuda_simulator_device->exchange(site, line, mask, &value, static_cast<int>(sizeof(Type)));
  const int lane = static_cast<int>(threadIdx.x % 32), first = lane / width * width;
  int from = lane;
  switch (source) {
    case from_lane:
      from =
          first + static_cast<int>(static_cast<unsigned>(operand) % static_cast<unsigned>(width));
      break;
    case from_below: from = lane - operand < first ? lane : lane - operand; break;
    case from_above: from = lane + operand >= first + width ? lane : lane + operand; break;
    case from_xor: from = (lane ^ operand) >= first + width ? lane : lane ^ operand; break;
  }
  __builtin_memcpy(&value, gifts + from * lane_bytes, sizeof(Type));
  return value;
}

/// tf32 uses the upper 19 bits of a register and ignores the others.
inline float tf32_element(unsigned bits, int) { return __uint_as_float(bits & 0xffffe000u); }
inline float f16_element(unsigned bits, int at) {
  return lathe_f16_to_f32(static_cast<lathe_f16>(bits >> 16 * at));
}
inline float bf16_element(unsigned bits, int at) {
  return lathe_bf16_to_f32(static_cast<lathe_bf16>(bits >> 16 * at));
}

/// d += a b of a warp. Products and sums in double: devices add in an order and with a rounding
/// that the PTX manual leaves open.
/// @tparam PerRegister  elements in a register
template <int Depth, int PerRegister, float (*Element)(unsigned, int)>
void multiply(int site, int line, float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  unsigned given[6] = {a[0], a[1], a[2], a[3], b[0], b[1]};
  const unsigned char* gifts =
      cuda_simulator_device->exchange(site, line, 0xffffffffu, given, sizeof given);
  const auto of_lane = [gifts](int lane, int at) {
    unsigned bits;
    __builtin_memcpy(&bits, gifts + lane * lane_bytes + at * 4, 4);
    return bits;
  };
  const int lane = static_cast<int>(threadIdx.x % 32);
  for (int at = 0; at < 4; ++at) {
    const int row = lane / 4 + at / 2 * 8, column = lane % 4 * 2 + at % 2;
    double sum = d[at];
    for (int k = 0; k < Depth; ++k) {  // registers hold PerRegister neighbours in k, halves of k
      const int t = k % (Depth / 2) / PerRegister, half = k / (Depth / 2), part = k % PerRegister;
      sum += static_cast<double>(Element(of_lane(row % 8 * 4 + t, row / 8 + 2 * half), part)) *
             Element(of_lane(column * 4 + t, 4 + half), part);
    }
    d[at] = static_cast<float>(sum);
  }
}

/// An altered comparison of mutation.hpp: in place of `a < b` stands `a <altered<less>{1}> b`.
enum relation { less, less_equal, greater, greater_equal };
template <relation Relation>
struct altered {
  int by;                  ///< added to the left side
  bool inclusive = false;  ///< equality counts, too
};
template <relation Relation, class Left>
struct half_of_comparison {
  altered<Relation> how;
  Left left;
};
template <relation Relation, class Left>
half_of_comparison<Relation, Left> operator<(Left left, altered<Relation> how) {
  return {how, left};
}
template <relation Relation, class Left, class Right>
bool operator>(half_of_comparison<Relation, Left> half, Right right) {
  const auto compare = [right](auto left) {
    switch (Relation) {
      case less: return left < right;
      case less_equal: return left <= right;
      case greater: return left > right;
      default: return left >= right;
    }
  };
  const bool now = compare(half.left + half.how.by) || (half.how.inclusive && half.left == right);
  if (now != compare(half.left)) cuda_simulator_device->changed = true;
  return now;
}

template <class Int, Int... Numbers>
struct numbers {};
#if defined(__has_builtin) && __has_builtin(__make_integer_seq)
template <int Count>
using numbers_below = __make_integer_seq<numbers, int, Count>;
#else
template <int Count>
using numbers_below = numbers<int, __integer_pack(Count)...>;
#endif

template <class... Parameters, int... At>
void call(void (*kernel)(Parameters...), void** addresses, numbers<int, At...>) {
  kernel(*static_cast<Parameters*>(addresses[At])...);
}

/// Calls a kernel with the arguments that `addresses` point to, as the driver does.
template <class... Parameters>
void call(void (*kernel)(Parameters...), void** addresses) {
  call(kernel, addresses, numbers_below<static_cast<int>(sizeof...(Parameters))>{});
}

template <class Type>
inline constexpr unsigned char parameter_kind = sizeof(Type);
template <class Type>
inline constexpr unsigned char parameter_kind<Type*> = 255;

/// One byte per parameter: 255 for a pointer, the size of a number; a 0 at the end.
template <class Kernel>
struct parameter_list;
template <class... Parameters>
struct parameter_list<void (*)(Parameters...)> {
  static constexpr unsigned char kinds[] = {parameter_kind<Parameters>..., 0};
};

}  // namespace cuda_simulator
