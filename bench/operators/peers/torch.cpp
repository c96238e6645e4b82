#include "absent.hpp"

#if LATHE_BENCH_TORCH
#  include <ATen/Parallel.h>
#  include <dlfcn.h>
#  include <memory>
#  include <torch/torch.h>

namespace bench {
namespace {

at::Tensor on(float* data, std::vector<std::int64_t> shape) {
  return torch::from_blob(data, shape);
}

struct entry {
  const problem& of;
  const operands& data;
  contestants& into;

  float* get(const char* name) const { return data.get<float>(name); }
  void add(const char* how, std::function<void()> run, std::function<void()> finish = {}) const {
    into.push_back({"libtorch", how, contract::plain,
                    [run] {
                      const torch::InferenceMode no_gradients;
                      run();
                    },
                    std::move(finish)});
  }

  void operator()(const matrix_vector& s) const {
    add("mv", [a = on(get("A"), {s.rows, s.depth}), x = on(get("x"), {s.depth}),
               y = on(get("y"), {s.rows})]() mutable { at::mv_out(y, a, x); });
  }
  void operator()(const matrix_product& s) const {
    if (of.element != lathe::dtype::f32) return;
    add("mm", [a = on(get("A"), {s.rows, s.depth}), b = on(get("B"), {s.depth, s.columns}),
               c = on(get("C"), {s.rows, s.columns})]() mutable { at::mm_out(c, a, b); });
  }
  void operator()(const bilinear_form& s) const {
    returning(
        "bilinear", "Y",
        [a = on(get("A"), {s.batch, s.left}), b = on(get("B"), {s.batch, s.right}),
         w = on(get("W"), {s.features, s.left, s.right})] { return at::bilinear(a, b, w, {}); });
  }
  void operator()(const convolution& s) const {
    std::vector<std::int64_t> source{s.batch, s.channels}, weights;
    if (s.transposed)
      weights = {s.channels, s.filters / s.groups};
    else
      weights = {s.filters, s.channels / s.groups};
    const auto dims = static_cast<std::size_t>(s.dims);
    for (std::size_t d = 3 - dims; d < 3; ++d) source.push_back(s.size[d]);
    weights.insert(weights.end(), dims, s.kernel);
    const std::vector<std::int64_t> stride(dims, s.stride), padding(dims, s.padding),
        dilation(dims, s.dilation), output_padding(dims, s.output_padding);
    for (const bool with_onednn : {true, false}) {
      returning(with_onednn ? "convolution" : "convolution, native", "Y",
                [=, x = on(get("X"), source), w = on(get("W"), weights), transposed = s.transposed,
                 groups = s.groups] {
                  at::globalContext().setUserEnabledMkldnn(with_onednn);
                  return at::convolution(x, w, {}, stride, padding, dilation, transposed,
                                         output_padding, groups);
                });
    }
  }
  void operator()(const auto&) const {}

 private:
  /// A function that allocates its result, as users of the library have it.
  void returning(const char* how, const char* name, std::function<at::Tensor()> run) const {
    const auto result = std::make_shared<at::Tensor>();
    add(
        how, [=] { *result = run(); },
        [=, to = get(name)] {
          const float* const from = result->data_ptr<float>();
          std::copy(from, from + result->numel(), to);
        });
  }
};

}  // namespace

peer find_torch() {
  const auto use_threads = [](int threads) {
    at::set_num_threads(threads);
    // Its BLAS is the one linked to the program; OpenBLAS with threads of its own needs to be told.
    if (void* const f = ::dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))
      reinterpret_cast<void (*)(int)>(f)(threads);
  };
  return {"libtorch", TORCH_VERSION, true, use_threads,
          [](const problem& of, const operands& data, contestants& into) {
            std::visit(entry{of, data, into}, of.extents);
          }};
}

}  // namespace bench
#else
namespace bench {
peer find_torch() { return absent("libtorch", "libtorch-dev (never installed by tools/bench)"); }
}  // namespace bench
#endif
