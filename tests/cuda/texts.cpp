#include "cuda/texts.hpp"

#include <bit>

namespace test {
namespace {

using lathe::dtype;

/// $name in the text becomes the number.
std::string filled(std::string text, std::initializer_list<std::pair<const char*, int>> values) {
  for (const auto& [name, value] : values)
    for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;)
      text.replace(at, std::strlen(name), std::to_string(value));
  return text;
}

/// Small integers other than 0: all sums of products are exact, and every element matters.
std::vector<int> integers(int count, int seed) {
  std::vector<int> out;
  for (int at = 0; at < count; ++at) {
    const int value = (at * 7 + at / 11 + seed) % 8 - 4;
    out.push_back(value < 0 ? value : value + 1);
  }
  return out;
}

template <class To>
std::vector<std::byte> bytes_of(const std::vector<int>& values, To convert) {
  using element = decltype(convert(0));
  std::vector<std::byte> out(values.size() * sizeof(element));
  for (std::size_t at = 0; at < values.size(); ++at) {
    const element value = convert(values[at]);
    std::memcpy(out.data() + at * sizeof value, &value, sizeof value);
  }
  return out;
}

std::vector<std::byte> floats(const std::vector<int>& values) {
  return bytes_of(values, [](int value) { return static_cast<float>(value); });
}

std::vector<int> product(const std::vector<int>& a, const std::vector<int>& b, int m, int n,
                         int k) {
  std::vector<int> out;
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      int sum = 0;
      for (int at = 0; at < k; ++at)
        sum += a[static_cast<std::size_t>(i * k + at)] * b[static_cast<std::size_t>(at * n + j)];
      out.push_back(sum);
    }
  return out;
}

lathe::plan_buffer parameter(const char* name, dtype type, std::int64_t elements,
                             bool output = false) {
  lathe::plan_buffer out;
  out.name = name;
  out.type = type;
  out.elements = elements;
  out.param = true;
  out.output = output;
  return out;
}

/// C[m x n] = A[m x k] B[k x n] with blocks of bm x bn elements.
cuda_text gemm(std::string text, int m, int n, int k, int bm, int bn, int threads, int shared) {
  const int down = (m + bm - 1) / bm, across = (n + bn - 1) / bn;
  cuda_text out;
  out.source.text = filled(std::move(text), {{"$m", m}, {"$n", n}, {"$k", k}, {"$across", across}});
  out.source.prelude = lathe::cuda_prelude(out.source.text);
  out.source.buffers = {parameter("A", dtype::f32, std::int64_t{m} * k),
                        parameter("B", dtype::f32, std::int64_t{k} * n),
                        parameter("C", dtype::f32, std::int64_t{m} * n, true)};
  lathe::cuda_launch launch;
  launch.symbol = "gemm";
  launch.blocks = std::int64_t{down} * across;
  launch.threads = threads;
  launch.shared_bytes = shared;
  launch.arguments = {0, 1, 2};
  out.source.launches = {launch};
  const std::vector<int> a = integers(m * k, 1), b = integers(k * n, 5);
  out.parameters = {floats(a), floats(b), floats(product(a, b, m, n, k))};
  return out;
}

}  // namespace

std::vector<std::vector<std::byte>> arguments_for(const cuda_text& text) {
  std::vector<std::vector<std::byte>> out = text.parameters;
  for (std::size_t at = 0; at < out.size(); ++at)
    if (text.source.buffers[at].output) out[at].assign(out[at].size(), std::byte{0});
  return out;
}

cuda_text tiled_gemm(int m, int n, int k) {
  return gemm(R"(
extern "C" __global__ void __launch_bounds__(256) gemm(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C) {
  extern __shared__ __align__(16) unsigned char lathe_shared[];
  float* const As = reinterpret_cast<float*>(lathe_shared);
  float* const Bs = reinterpret_cast<float*>(lathe_shared + 1024);
  const int j0 = threadIdx.x % 16;
  const int i0 = threadIdx.x / 16;
  const int i = blockIdx.x / $across * 16 + i0;
  const int j = blockIdx.x % $across * 16 + j0;
  float sum = 0.0f;
  for (int k0 = 0; k0 < $k; k0 += 16) {
    As[i0 * 16 + j0] = i < $m && k0 + j0 < $k ? A[i * $k + k0 + j0] : 0.0f;
    Bs[i0 * 16 + j0] = k0 + i0 < $k && j < $n ? B[(k0 + i0) * $n + j] : 0.0f;
    __syncthreads();
    #pragma unroll
    for (int k1 = 0; k1 < 16; ++k1) {
      sum += As[i0 * 16 + k1] * Bs[k1 * 16 + j0];
    }
    __syncthreads();
  }
  if (i < $m && j < $n) {
    C[i * $n + j] = sum;
  }
}
)",
              m, n, k, 16, 16, 256, 2048);
}

cuda_text buffered_gemm(int m, int n, int k) {
  return gemm(R"(
__device__ __forceinline__ void fill(unsigned char* shared, const float* A, const float* B, int k0, int i0, int j0) {
  #pragma unroll
  for (int e = threadIdx.x; e < 128; e += 64) {
    const int r = e / 4;
    const int c = e % 4 * 4;
    if (i0 + r < $m && k0 + c < $k) {
      lathe_copy_async16(shared + (r * 16 + c) * 4, &A[(i0 + r) * $k + k0 + c]);
    } else {
      *reinterpret_cast<float4*>(shared + (r * 16 + c) * 4) = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    }
  }
  #pragma unroll
  for (int e = threadIdx.x; e < 128; e += 64) {
    const int r = e / 8;
    const int c = e % 8 * 4;
    if (k0 + r < $k && j0 + c < $n) {
      lathe_copy_async16(shared + 2048 + (r * 32 + c) * 4, &B[(k0 + r) * $n + j0 + c]);
    } else {
      *reinterpret_cast<float4*>(shared + 2048 + (r * 32 + c) * 4) = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    }
  }
  lathe_copy_async_commit();
}
extern "C" __global__ void __launch_bounds__(64) gemm(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C) {
  extern __shared__ __align__(16) unsigned char lathe_shared[];
  const int i0 = blockIdx.x / $across * 32;
  const int j0 = blockIdx.x % $across * 32;
  const int i1 = threadIdx.x / 8 * 4;
  const int j1 = threadIdx.x % 8 * 4;
  float acc[4][4];
  #pragma unroll
  for (int i = 0; i < 4; ++i) {
    #pragma unroll
    for (int j = 0; j < 4; ++j) {
      acc[i][j] = 0.0f;
    }
  }
  fill(lathe_shared, A, B, 0, i0, j0);
  for (int k0 = 0; k0 < $k; k0 += 16) {
    if (k0 + 16 < $k) {
      fill(lathe_shared + (k0 / 16 + 1) % 2 * 4096, A, B, k0 + 16, i0, j0);
      lathe_copy_async_wait<1>();
    } else {
      lathe_copy_async_wait<0>();
    }
    __syncthreads();
    const float* const As = reinterpret_cast<const float*>(lathe_shared + k0 / 16 % 2 * 4096);
    const float* const Bs = As + 512;
    #pragma unroll
    for (int k1 = 0; k1 < 16; ++k1) {
      const float4 b = *reinterpret_cast<const float4*>(&Bs[k1 * 32 + j1]);
      #pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float a = As[(i1 + i) * 16 + k1];
        acc[i][0] += a * b.x;
        acc[i][1] += a * b.y;
        acc[i][2] += a * b.z;
        acc[i][3] += a * b.w;
      }
    }
    __syncthreads();
  }
  #pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (i0 + i1 + i < $m && j0 + j1 < $n) {
      *reinterpret_cast<float4*>(&C[(i0 + i1 + i) * $n + j0 + j1]) = make_float4(acc[i][0], acc[i][1], acc[i][2], acc[i][3]);
    }
  }
}
)",
              m, n, k, 32, 32, 64, 8192);
}

cuda_text matrix_gemm(int m, int n, int k, const char* type) {
  const std::string kind = type;
  const bool tf32 = kind == "f32";
  // Registers hold one element of tf32, two neighbours in k of the others.
  cuda_text out = gemm((tf32 ? std::string(R"(
__device__ __forceinline__ unsigned a_at(const float* A, int i, int k) {
  return lathe_to_tf32(i < $m && k < $k ? A[i * $k + k] : 0.0f);
}
__device__ __forceinline__ unsigned b_at(const float* B, int k, int j) {
  return lathe_to_tf32(k < $k && j < $n ? B[k * $n + j] : 0.0f);
}
)")
                             : std::string(R"(
__device__ __forceinline__ unsigned a_at(const ELEMENT* A, int i, int k) {
  unsigned bits = 0;
  for (int h = 0; h < 2; ++h) {
    if (i < $m && k + h < $k) {
      bits |= A[i * $k + k + h] << 16 * h;
    }
  }
  return bits;
}
__device__ __forceinline__ unsigned b_at(const ELEMENT* B, int k, int j) {
  unsigned bits = 0;
  for (int h = 0; h < 2; ++h) {
    if (k + h < $k && j < $n) {
      bits |= B[(k + h) * $n + j] << 16 * h;
    }
  }
  return bits;
}
)")) + R"(
extern "C" __global__ void __launch_bounds__(32) gemm(const ELEMENT* __restrict__ A, const ELEMENT* __restrict__ B, float* __restrict__ C) {
  const int g = threadIdx.x / 4;
  const int t = threadIdx.x % 4;
  const int i0 = blockIdx.x / $across * 16;
  const int j0 = blockIdx.x % $across * 8;
  float d[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  for (int k0 = 0; k0 < $k; k0 += DEPTH) {
    const unsigned a[4] = {a_at(A, i0 + g, k0 + t * PER), a_at(A, i0 + g + 8, k0 + t * PER),
                           a_at(A, i0 + g, k0 + t * PER + DEPTH / 2), a_at(A, i0 + g + 8, k0 + t * PER + DEPTH / 2)};
    const unsigned b[2] = {b_at(B, k0 + t * PER, j0 + g), b_at(B, k0 + t * PER + DEPTH / 2, j0 + g)};
    lathe_mma_NAME(d, a, b);
  }
  #pragma unroll
  for (int e = 0; e < 4; ++e) {
    const int i = i0 + g + e / 2 * 8;
    const int j = j0 + t * 2 + e % 2;
    if (i < $m && j < $n) {
      C[i * $n + j] = d[e];
    }
  }
}
)",
                       m, n, k, 16, 8, 32, 0);
  const auto put = [&](const std::string& what, const std::string& by) {
    std::string& text = out.source.text;
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
      text.replace(at, what.size(), by);
  };
  put("ELEMENT", tf32 ? "float" : "lathe_" + kind);
  put("DEPTH", tf32 ? "8" : "16");
  put("PER", tf32 ? "1" : "2");
  put("NAME", tf32 ? "m16n8k8_tf32" : "m16n8k16_" + kind);
  out.source.prelude = lathe::cuda_prelude(out.source.text);
  if (tf32) return out;
  const auto narrow = [&](int value) {
    return kind == "f16" ? lathe::f16(value).bits : lathe::bf16(value).bits;
  };
  out.parameters[0] = bytes_of(integers(m * k, 1), narrow);
  out.parameters[1] = bytes_of(integers(k * n, 5), narrow);
  out.source.buffers[0].type = out.source.buffers[1].type =
      kind == "f16" ? dtype::f16 : dtype::bf16;
  return out;
}

cuda_text row_sums(int rows, int columns) {
  cuda_text out;
  out.source.text = filled(R"(
extern "C" __global__ void __launch_bounds__(128) row_sums(const float* __restrict__ A, float* __restrict__ S, float alpha) {
  extern __shared__ __align__(16) unsigned char lathe_shared[];
  float* const parts = reinterpret_cast<float*>(lathe_shared);
  float sum = 0.0f;
  for (int j = threadIdx.x; j < $columns; j += 128) {
    sum += A[blockIdx.x * $columns + j];
  }
  #pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    sum += __shfl_down_sync(0xffffffffu, sum, distance);
  }
  if (threadIdx.x % 32 == 0) {
    parts[threadIdx.x / 32] = sum;
  }
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = threadIdx.x < 4 ? parts[threadIdx.x] : 0.0f;
    sum += __shfl_xor_sync(0xffffffffu, sum, 2);
    sum += __shfl_xor_sync(0xffffffffu, sum, 1);
    if (threadIdx.x == 0) {
      S[blockIdx.x] = alpha * sum;
    }
  }
}
)",
                           {{"$columns", columns}});
  out.source.buffers = {parameter("A", dtype::f32, std::int64_t{rows} * columns),
                        parameter("S", dtype::f32, rows, true), parameter("alpha", dtype::f32, 1)};
  out.source.buffers[2].scalar = true;
  lathe::cuda_launch launch;
  launch.symbol = "row_sums";
  launch.blocks = rows;
  launch.threads = 128;
  launch.shared_bytes = 16;
  launch.arguments = {0, 1, 2};
  out.source.launches = {launch};
  const std::vector<int> a = integers(rows * columns, 3);
  constexpr int alpha = 2;
  std::vector<int> sums(static_cast<std::size_t>(rows));
  for (std::size_t at = 0; at < a.size(); ++at)
    sums[at / static_cast<std::size_t>(columns)] += alpha * a[at];
  out.parameters = {floats(a), floats(sums), floats({alpha})};
  return out;
}

std::vector<std::pair<std::string, cuda_text>> all_texts() {
  return {{"tiled gemm, 33 x 17 x 29", tiled_gemm(33, 17, 29)},
          {"tiled gemm, 32 x 32 x 32", tiled_gemm(32, 32, 32)},
          {"buffered gemm, 35 x 44 x 52", buffered_gemm(35, 44, 52)},
          {"buffered gemm, 64 x 32 x 32", buffered_gemm(64, 32, 32)},
          {"matrix gemm of tf32, 19 x 13 x 21", matrix_gemm(19, 13, 21, "f32")},
          {"matrix gemm of f16, 17 x 11 x 33", matrix_gemm(17, 11, 33, "f16")},
          {"matrix gemm of bf16, 33 x 7 x 18", matrix_gemm(33, 7, 18, "bf16")},
          {"row sums, 5 x 301", row_sums(5, 301)}};
}

}  // namespace test
