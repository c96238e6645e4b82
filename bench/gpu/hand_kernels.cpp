#include "hand_kernels.hpp"

#include <lathe/api/cuda_session.hpp>

#include <initializer_list>
#include <string>
#include <utility>

namespace bench {
namespace {

constexpr int threads = 256;

/// Compiles `body`, which computes element `at` of `size`, the last parameter's.
lathe::gpu::executable compile(std::initializer_list<std::pair<const char*, int>> constants,
                               const std::string& parameters, const std::string& body,
                               std::initializer_list<lathe::plan_buffer> buffers) {
  lathe::cuda_source source;
  source.buffers = buffers;
  const std::int64_t size = source.buffers.back().elements;
  for (const auto& [name, value] : constants)
    source.text +=
        "static constexpr int " + std::string(name) + " = " + std::to_string(value) + ";\n";
  source.text += "extern \"C\" __global__ void __launch_bounds__(256) hand(" + parameters +
                 ") {\n  const unsigned at = blockIdx.x * 256u + threadIdx.x;\n  if (at >= " +
                 std::to_string(size) + "u) return;\n" + body + "}\n";
  lathe::cuda_launch launch;
  launch.symbol = "hand";
  launch.blocks = (size + threads - 1) / threads;
  launch.threads = threads;
  for (int at = 0; at < static_cast<int>(source.buffers.size()); ++at)
    launch.arguments.push_back(at);
  source.launches.push_back(launch);
  const lathe::cuda_toolchain with = lathe::cuda_toolchain::find({}, false).value();
  lathe::gpu::cuda_code code = with.compiler.compile(source.text, with.options).value();
  return lathe::gpu::executable::make(std::move(source), std::move(code.bytes), with.where).value();
}

lathe::plan_buffer parameter(const char* name, lathe::dtype type, std::int64_t elements,
                             bool output = false) {
  lathe::plan_buffer out;
  out.name = name;
  out.type = type;
  out.elements = elements;
  out.param = true;
  out.output = output;
  return out;
}

}  // namespace

lathe::gpu::executable expand_circulant_kernel(const circulant_product& s) {
  const std::int64_t dense = std::int64_t{s.depth} * s.columns;
  return compile({{"columns", s.columns}, {"block", s.block}},
                 "const float* __restrict__ w, float* __restrict__ dense",
                 R"(  const int j = at % columns, k = at / columns;
  dense[at] = w[(k / block * (columns / block) + j / block) * block
                + (j % block + block - k % block) % block];
)",
                 {parameter("w", lathe::dtype::f32, dense / s.block),
                  parameter("dense", lathe::dtype::f32, dense, true)});
}

lathe::gpu::executable shift_kernel(const shift_convolution& s) {
  const std::int64_t size = std::int64_t{s.batch} * s.height * s.width * s.channels;
  return compile(
      {{"height", s.height},
       {"width", s.width},
       {"channels", s.channels},
       {"kernel", s.kernel},
       {"border", (s.kernel - 1) / 2}},
      "const float* __restrict__ x, const int* __restrict__ offsets, float* __restrict__ y",
      R"(  const int c = at % channels, column = at / channels % width;
  const int row = at / channels / width % height, n = at / channels / width / height;
  const int yy = row + offsets[c] / kernel - border, xx = column + offsets[c] % kernel - border;
  const bool inside = yy >= 0 && yy < height && xx >= 0 && xx < width;
  y[at] = inside ? x[((n * height + yy) * width + xx) * channels + c] : 0.0f;
)",
      {parameter("x", lathe::dtype::f32, size), parameter("S", lathe::dtype::i32, s.channels),
       parameter("y", lathe::dtype::f32, size, true)});
}

}  // namespace bench
