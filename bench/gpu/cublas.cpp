#include <lathe/target/cuda/context.hpp>

#include "gpu_entry.hpp"
#include "gpu_peers.hpp"
#include "hand_kernels.hpp"
#include <cstdint>
#include <memory>

namespace bench {
namespace {

struct handle;

/// Values of cublas_api.h.
constexpr int plain = 0, transposed = 1;    // CUBLAS_OP_N, CUBLAS_OP_T
constexpr int f32 = 0, f16 = 2, bf16 = 14;  // CUDA_R_32F, CUDA_R_16F, CUDA_R_16BF
constexpr int own_choice = -1;              // CUBLAS_GEMM_DEFAULT

/// How products are computed: cublasComputeType_t.
struct precision {
  const char* name;
  contract terms;
  int compute;
};
constexpr precision precisions[] = {{"f32", contract::plain, 68},
                                    {"f32 pedantic", contract::plain, 69},
                                    {"TF32", contract::tf32, 77}};

/// A row-major matrix, or several behind each other.
struct matrix {
  void* data;
  int row;                  ///< [elements] from one row to the next
  std::int64_t stride = 0;  ///< [elements] from one matrix to the next
  bool turned = false;      ///< the transposed of what is in memory
  int type = f32;
};

class cublas {
 public:
  explicit cublas(shared_object from)
      : from_(std::move(from)),
        gemm_(from_.function<gemm_function>("cublasGemmEx")),
        batched_(from_.function<batched_function>("cublasGemmStridedBatchedEx")),
        gemv_(from_.function<gemv_function>("cublasSgemv_v2")) {
    if (gemm_ == nullptr || batched_ == nullptr || gemv_ == nullptr) {
      problem_ = "left out: it lacks cublasGemmEx, cublasGemmStridedBatchedEx or cublasSgemv_v2";
      return;
    }
    auto* const create = from_.function<int(handle**)>("cublasCreate_v2");
    auto* const get_version = from_.function<int(handle*, int*)>("cublasGetVersion_v2");
    const int status = create == nullptr ? -1 : create(&handle_);
    if (status != 0)
      problem_ = "left out: cublasCreate: status " + std::to_string(status);
    else if (get_version != nullptr)
      get_version(handle_, &version_);
  }
  const std::string& problem() const { return problem_; }
  std::string version() const { return std::to_string(version_) + ", f32 without and with TF32"; }

  /// C = A B, `batch` times. cuBLAS counts by columns: there it is C' = B' A'.
  void multiply(const precision& how, int rows, int columns, int depth, const matrix& a,
                const matrix& b, const matrix& c, int batch = 1) const {
    const float one = 1, zero = 0;
    const int left = b.turned ? transposed : plain, right = a.turned ? transposed : plain;
    if (batch == 1)
      check_status("cublasGemmEx", gemm_(handle_, left, right, columns, rows, depth, &one, b.data,
                                         b.type, b.row, a.data, a.type, a.row, &zero, c.data, f32,
                                         c.row, how.compute, own_choice));
    else
      check_status("cublasGemmStridedBatchedEx",
                   batched_(handle_, left, right, columns, rows, depth, &one, b.data, f32, b.row,
                            b.stride, a.data, f32, a.row, a.stride, &zero, c.data, f32, c.row,
                            c.stride, batch, how.compute, own_choice));
  }
  /// y = A x
  void multiply_vector(int rows, int depth, const float* a, const float* x, float* y) const {
    const float one = 1, zero = 0;
    check_status("cublasSgemv",
                 gemv_(handle_, transposed, depth, rows, &one, a, depth, x, 1, &zero, y, 1));
  }

 private:
  using gemm_function = int(handle*, int, int, int, int, int, const void*, const void*, int, int,
                            const void*, int, int, const void*, void*, int, int, int, int);
  using batched_function = int(handle*, int, int, int, int, int, const void*, const void*, int, int,
                               long long, const void*, int, int, long long, const void*, void*, int,
                               int, long long, int, int, int);
  using gemv_function = int(handle*, int, int, int, const float*, const float*, int, const float*,
                            int, const float*, float*, int);

  shared_object from_;
  gemm_function* gemm_;
  batched_function* batched_;
  gemv_function* gemv_;
  handle* handle_ = nullptr;
  int version_ = 0;
  std::string problem_;
};

/// Memory that lives as long as the contestant that uses it.
std::shared_ptr<lathe::gpu::device_memory> scratch(const device_operands& data,
                                                   std::int64_t floats) {
  return std::make_shared<lathe::gpu::device_memory>(
      lathe::gpu::device_memory::allocate(data.where(), 4 * floats).value());
}
float* begin(const std::shared_ptr<lathe::gpu::device_memory>& of) {
  return reinterpret_cast<float*>(of->address());
}

struct entry {
  const cublas& with;
  const problem& of;
  const device_operands& data;
  std::vector<contestant>& into;

  float* in(int copy, const char* name) const { return data.get<float>(copy, name); }

  /// One contestant per precision. @param enqueue  called with the precision and the copy
  template <class Enqueue>
  void add(const char* how, Enqueue enqueue) const {
    for (const precision& each : precisions) {
      const auto run = [enqueue, &each, where = data.where()](int copy) {
        const lathe::gpu::current_context here(where);
        enqueue(each, copy);
      };
      into.push_back(
          gpu_entry("cuBLAS", std::string(how) + " " + each.name, each.terms, data, run));
    }
  }

  void operator()(const matrix_vector& s) const {
    const auto gemv = [=, *this](int copy) {
      const lathe::gpu::current_context here(data.where());
      with.multiply_vector(s.rows, s.depth, in(copy, "A"), in(copy, "x"), in(copy, "y"));
    };
    into.push_back(gpu_entry("cuBLAS", "sgemv", contract::plain, data, gemv));
    add("gemm", [=, *this](const precision& how, int copy) {
      with.multiply(how, s.rows, 1, s.depth, {in(copy, "A"), s.depth}, {in(copy, "x"), 1},
                    {in(copy, "y"), 1});
    });
  }

  void operator()(const matrix_product& s) const {
    if (lathe::is_half(of.element)) return halves(s);
    if (of.element != lathe::dtype::f32) return;
    add("gemm", [=, *this](const precision& how, int copy) {
      with.multiply(how, s.rows, s.columns, s.depth, {in(copy, "A"), s.depth},
                    {in(copy, "B"), s.columns}, {in(copy, "C"), s.columns});
    });
  }

  /// Tensor cores: the products are exact, the sums are in f32.
  void halves(const matrix_product& s) const {
    const int type = of.element == lathe::dtype::f16 ? f16 : bf16;
    const auto run = [=, *this](int copy) {
      const lathe::gpu::current_context here(data.where());
      with.multiply(precisions[0], s.rows, s.columns, s.depth,
                    {in(copy, "A"), s.depth, 0, false, type},
                    {in(copy, "B"), s.columns, 0, false, type}, {in(copy, "C"), s.columns});
    };
    into.push_back(gpu_entry("cuBLAS", std::string("gemm ") + name_of(of.element), contract::plain,
                             data, run));
  }

  /// T[i,(j,k)] = sum_l B[i,l] W[(j,k),l], then Y[i,j] = sum_k T[i,j,k] A[i,k] for every i.
  void operator()(const bilinear_form& s) const {
    const int wide = s.features * s.left;
    const auto all = scratch(data, std::int64_t{s.batch} * wide);
    add("gemm + batched gemm", [=, *this](const precision& how, int copy) {
      with.multiply(how, s.batch, wide, s.right, {in(copy, "B"), s.right},
                    {in(copy, "W"), s.right, 0, true}, {begin(all), wide});
      with.multiply(how, s.features, 1, s.left, {begin(all), s.left, wide},
                    {in(copy, "A"), 1, s.left}, {in(copy, "Y"), 1, s.features}, s.batch);
    });
  }

  /// 1 x 1: a product per image and group.
  void operator()(const convolution& s) const {
    if (!s.is_product()) return;
    const int points = s.input_points();
    const int rows = s.filters / s.groups, depth = s.channels / s.groups;
    add(s.groups > 1 ? "batched gemm" : "gemm", [=, *this](const precision& how, int copy) {
      const matrix weights{in(copy, "W"), s.transposed ? rows : depth, std::int64_t{rows} * depth,
                           s.transposed};
      for (int n = 0; n < s.batch; ++n)
        with.multiply(how, rows, points, depth, weights,
                      {in(copy, "X") + std::int64_t{n} * s.channels * points, points,
                       std::int64_t{depth} * points},
                      {in(copy, "Y") + std::int64_t{n} * s.filters * points, points,
                       std::int64_t{rows} * points},
                      s.groups);
    });
  }

  void operator()(const circulant_product& s) const {
    const auto dense = scratch(data, std::int64_t{s.depth} * s.columns);
    const auto expand = expand_circulant_kernel(s);
    add("expand + gemm", [=, *this](const precision& how, int copy) {
      void* const parameters[] = {in(copy, "w"), begin(dense)};
      expand(parameters).value();
      with.multiply(how, s.rows, s.columns, s.depth, {in(copy, "A"), s.depth},
                    {begin(dense), s.columns}, {in(copy, "C"), s.columns});
    });
  }

  void operator()(const shift_convolution& s) const {
    const int points = s.batch * s.height * s.width;
    const auto moved = scratch(data, std::int64_t{points} * s.channels);
    const auto shift = shift_kernel(s);
    add("shift + gemm", [=, *this](const precision& how, int copy) {
      void* const parameters[] = {in(copy, "X"), data.get<int>(copy, "S"), begin(moved)};
      shift(parameters).value();
      with.multiply(how, points, s.filters, s.channels, {begin(moved), s.channels},
                    {in(copy, "W"), s.filters}, {in(copy, "Y"), s.filters});
    });
  }

  void operator()(const auto&) const {}
};

}  // namespace

gpu_peer find_cublas(const lathe::gpu::context& in) {
  gpu_peer out{"cuBLAS", {}};
  constexpr const char* names[] = {"libcublas.so.13", "libcublas.so.12", "libcublas.so.11"};
  auto opened = open_cuda_library("LATHE_BENCH_CUBLAS", names, out.version);
  if (!opened) return out;
  const lathe::gpu::current_context here(in);
  const auto with = std::make_shared<const cublas>(std::move(*opened));
  out.version = with->problem().empty() ? with->version() : with->problem();
  if (!with->problem().empty()) return out;
  out.enter = [with](const problem& of, const device_operands& data,
                     std::vector<contestant>& into) {
    std::visit(entry{*with, of, data, into}, of.extents);
  };
  return out;
}

}  // namespace bench
