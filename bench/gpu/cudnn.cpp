#include <lathe/target/cuda/context.hpp>

#include "gpu_entry.hpp"
#include "gpu_peers.hpp"
#include <array>
#include <cstddef>
#include <memory>

namespace bench {
namespace {

struct handle;
struct descriptor;  // of a tensor, a filter or a convolution

/// Values of cudnn_graph.h and cudnn_cnn.h.
constexpr int f32 = 0, packed_rows = 0;         // CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW
constexpr int cross_correlation = 1;            // CUDNN_CROSS_CORRELATION
constexpr int default_math = 0, fma_math = 3;   // CUDNN_DEFAULT_MATH allows TF32
constexpr int tensor_math_with_conversion = 2;  // to f16: another operation

/// cudnnConvolutionFwdAlgoPerf_t and cudnnConvolutionBwdDataAlgoPerf_t.
struct performance {
  int algorithm, status;
  float milliseconds;
  std::size_t memory;
  int determinism, math, reserved[3];
};
static_assert(sizeof(performance) == 48);

/// Forward convolution and gradient by data, which is the transposed one: functions of the same
/// form, and algorithms, of which those from `first_inexact` on are FFT and Winograd.
struct direction {
  const char *find, *run;
  std::array<const char*, 8> names;
  int first_inexact;
};
constexpr direction forward{"cudnnFindConvolutionForwardAlgorithm",
                            "cudnnConvolutionForward",
                            {"implicit gemm", "precomputed gemm", "gemm", "direct", "FFT",
                             "tiled FFT", "Winograd", "nonfused Winograd"},
                            4};
constexpr direction backward{"cudnnFindConvolutionBackwardDataAlgorithm",
                             "cudnnConvolutionBackwardData",
                             {"backward 0", "backward 1", "backward FFT", "backward tiled FFT",
                              "backward Winograd", "backward nonfused Winograd", "", ""},
                             2};

class cudnn {
 public:
  /// What a function of this signature returns.
  template <class Signature, class... Arguments>
  auto call(const char* name, Arguments... arguments) const {
    return from_.function<Signature>(name)(arguments...);
  }

  explicit cudnn(shared_object from) : from_(std::move(from)) {
    for (const char* name :
         {"cudnnCreate", "cudnnGetVersion", "cudnnCreateTensorDescriptor",
          "cudnnSetTensorNdDescriptor", "cudnnCreateFilterDescriptor", "cudnnSetFilterNdDescriptor",
          "cudnnCreateConvolutionDescriptor", "cudnnSetConvolutionNdDescriptor",
          "cudnnSetConvolutionGroupCount", "cudnnSetConvolutionMathType", forward.find, forward.run,
          backward.find, backward.run}) {
      if (from_.function<void()>(name) != nullptr) continue;
      problem_ = std::string("left out: it lacks ") + name;
      return;
    }
    if (const int status = call<int(handle**)>("cudnnCreate", &handle_); status != 0)
      problem_ = "left out: cudnnCreate: status " + std::to_string(status);
  }
  const std::string& problem() const { return problem_; }
  std::string version() const {
    return std::to_string(call<std::size_t()>("cudnnGetVersion")) +
           ", f32 by fused multiply-adds, TF32 apart; the best algorithm that it finds";
  }

  /// Makes a descriptor, which lives until the process ends, as few as there are.
  descriptor* create(const char* name) const {
    descriptor* made = nullptr;
    check_status(name, call<int(descriptor**)>(name, &made));
    return made;
  }
  /// Throws if the status is not 0.
  template <class Signature, class... Arguments>
  void checked(const char* name, Arguments... arguments) const {
    check_status(name, call<Signature>(name, arguments...));
  }
  handle* get() const { return handle_; }

 private:
  shared_object from_;
  handle* handle_ = nullptr;
  std::string problem_;
};

/// A convolution as cuDNN describes it. For a transposed one, input and output are exchanged.
struct problem_descriptors {
  descriptor *image, *filter, *shape, *result;
};

descriptor* tensor(const cudnn& with, std::vector<int> sizes) {
  std::vector<int> strides(sizes.size(), 1);
  for (std::size_t at = sizes.size() - 1; at > 0; --at) strides[at - 1] = strides[at] * sizes[at];
  descriptor* const made = with.create("cudnnCreateTensorDescriptor");
  with.checked<int(descriptor*, int, int, const int*, const int*)>(
      "cudnnSetTensorNdDescriptor", made, f32, static_cast<int>(sizes.size()), sizes.data(),
      strides.data());
  return made;
}

problem_descriptors describe(const cudnn& with, const convolution& s, int math) {
  // At least two image dimensions, of which those that are missing have one element.
  std::vector<int> from{s.batch, s.channels}, to{s.batch, s.filters};
  std::vector<int> weights{s.transposed ? s.channels : s.filters,
                           (s.transposed ? s.filters : s.channels) / s.groups};
  std::vector<int> padding, stride, dilation;
  for (int d = s.dims == 3 ? 0 : 1; d < 3; ++d) {
    const bool real = d >= 3 - s.dims;
    from.push_back(s.size[static_cast<std::size_t>(d)]);
    to.push_back(s.output(d));
    weights.push_back(s.kernel_extent(d));
    padding.push_back(real ? s.padding : 0);
    stride.push_back(real ? s.stride : 1);
    dilation.push_back(real ? s.dilation : 1);
  }
  problem_descriptors out{tensor(with, from), with.create("cudnnCreateFilterDescriptor"),
                          with.create("cudnnCreateConvolutionDescriptor"), tensor(with, to)};
  with.checked<int(descriptor*, int, int, int, const int*)>(
      "cudnnSetFilterNdDescriptor", out.filter, f32, packed_rows, static_cast<int>(weights.size()),
      weights.data());
  with.checked<int(descriptor*, int, const int*, const int*, const int*, int, int)>(
      "cudnnSetConvolutionNdDescriptor", out.shape, static_cast<int>(padding.size()),
      padding.data(), stride.data(), dilation.data(), cross_correlation, f32);
  with.checked<int(descriptor*, int)>("cudnnSetConvolutionGroupCount", out.shape, s.groups);
  with.checked<int(descriptor*, int)>("cudnnSetConvolutionMathType", out.shape, math);
  return out;
}

/// What find mode says, the fastest first, of those that work.
std::vector<performance> find(const cudnn& with, const direction& way,
                              const problem_descriptors& of, bool transposed) {
  std::vector<performance> found(32);
  int count = 0;
  descriptor* const first = transposed ? of.filter : of.image;
  descriptor* const second = transposed ? of.image : of.filter;
  with.checked<int(handle*, descriptor*, descriptor*, descriptor*, descriptor*, int, int*,
                   performance*)>(way.find, with.get(), first, second, of.shape, of.result,
                                  static_cast<int>(found.size()), &count, found.data());
  found.resize(static_cast<std::size_t>(count));
  std::erase_if(found, [&](const performance& each) {
    return each.status != 0 || each.math == tensor_math_with_conversion || each.algorithm < 0 ||
           each.algorithm >= static_cast<int>(way.names.size());
  });
  return found;
}

void enter_algorithm(const cudnn& with, const direction& way, const convolution& s, int math,
                     const performance& best, const device_operands& data,
                     std::vector<contestant>& into) {
  const bool exactly = math == fma_math;
  const problem_descriptors of = describe(with, s, exactly ? math : best.math);
  const auto memory = std::make_shared<lathe::gpu::device_memory>(
      lathe::gpu::device_memory::allocate(data.where(), static_cast<std::int64_t>(best.memory))
          .value());
  const auto run = [&with, &way, &data, of, best, memory, transposed = s.transposed](int copy) {
    const lathe::gpu::current_context here(data.where());
    const float one = 1, zero = 0;
    const float* const x = data.get<float>(copy, "X");
    const float* const w = data.get<float>(copy, "W");
    with.checked<int(handle*, const void*, descriptor*, const void*, descriptor*, const void*,
                     descriptor*, int, void*, std::size_t, const void*, descriptor*, void*)>(
        way.run, with.get(), &one, transposed ? of.filter : of.image, transposed ? w : x,
        transposed ? of.image : of.filter, transposed ? x : w, of.shape, best.algorithm,
        reinterpret_cast<void*>(memory->address()), best.memory, &zero, of.result,
        data.get<float>(copy, "Y"));
  };
  const std::string name = way.names[static_cast<std::size_t>(best.algorithm)];
  into.push_back(gpu_entry("cuDNN", name + (exactly ? "" : " TF32"),
                           exactly ? contract::plain : contract::tf32, data, run));
  into.back().inexact = best.algorithm >= way.first_inexact;
}

/// The best algorithm and, where that is FFT or Winograd, the best direct one too.
void enter_convolution(const cudnn& with, const convolution& s, const device_operands& data,
                       std::vector<contestant>& into) {
  const lathe::gpu::current_context here(data.where());
  const direction& way = s.transposed ? backward : forward;
  for (const int math : {fma_math, default_math}) {
    for (const performance& each : find(with, way, describe(with, s, math), s.transposed)) {
      const bool is_first = into.empty() || into.back().library != "cuDNN" ||
                            (into.back().terms == contract::plain) != (math == fma_math);
      const bool is_exact = each.algorithm < way.first_inexact;
      if (is_first || (is_exact && into.back().inexact))
        enter_algorithm(with, way, s, math, each, data, into);
    }
  }
}

}  // namespace

gpu_peer find_cudnn(const lathe::gpu::context& in) {
  gpu_peer out{"cuDNN", {}};
  constexpr const char* names[] = {"libcudnn.so.9", "libcudnn.so.8"};
  auto opened = open_cuda_library("LATHE_BENCH_CUDNN", names, out.version);
  if (!opened) return out;
  const lathe::gpu::current_context here(in);
  const auto with = std::make_shared<const cudnn>(std::move(*opened));
  out.version = with->problem().empty() ? with->version() : with->problem();
  if (!with->problem().empty()) return out;
  out.enter = [with](const problem& of, const device_operands& data,
                     std::vector<contestant>& into) {
    if (const auto* const s = std::get_if<convolution>(&of.extents))
      enter_convolution(*with, *s, data, into);
  };
  return out;
}

}  // namespace bench
