// The probes' inner loops: compiled for this machine, unlike the rest of the bench.
#include "roofline.hpp"
#include <immintrin.h>

namespace bench {
namespace {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64, chains = 24;
#else
constexpr int vector_bytes = 32, chains = 12;
#endif
using vector [[gnu::vector_size(vector_bytes), gnu::aligned(4)]] = float;
constexpr int lanes = vector_bytes / 4;

}  // namespace

float read_once(const float* data, std::size_t count) {
  constexpr int streams = 8;
  vector sums[streams] = {};
  for (std::size_t at = 0; at + streams * lanes <= count; at += streams * lanes) {
#pragma GCC unroll 8
    for (int s = 0; s < streams; ++s)
      sums[s] += *reinterpret_cast<const vector*>(data + at + s * lanes);
  }
  for (int s = 1; s < streams; ++s) sums[0] += sums[s];
  return sums[0][0] + sums[0][lanes - 1];
}

void copy_once(const float* from, float* to, std::size_t count, bool past_caches) {
  constexpr int step = 8;  // floats of an AVX vector; two make a line
  for (std::size_t at = 0; at + step <= count; at += step) {
    const __m256 value = _mm256_load_ps(from + at);
    past_caches ? _mm256_stream_ps(to + at, value) : _mm256_store_ps(to + at, value);
  }
  if (past_caches) _mm_sfence();
}

double multiply_add(long rounds) {
  vector sums[chains], factor = vector{} + 0.999999f, step = vector{} + 1e-6f;
#pragma GCC unroll 24
  for (int c = 0; c < chains; ++c) {
    sums[c] = vector{} + 1.f;
    asm volatile("" : "+v"(sums[c]));  // else the equal chains become one
  }
#pragma GCC unroll 1
  for (long round = 0; round < rounds; ++round) {
#pragma GCC unroll 24
    for (int c = 0; c < chains; ++c) sums[c] = sums[c] * factor + step;
  }
#pragma GCC unroll 24
  for (int c = 0; c < chains; ++c) asm volatile("" : "+v"(sums[c]));
  return 2. * lanes * chains * static_cast<double>(rounds);
}

}  // namespace bench
