#include "blas.hpp"

#include "parts.hpp"
#include <memory>

namespace bench {
namespace {

/// A temporary that lives as long as the contestant that uses it.
template <class Element>
std::shared_ptr<Element> scratch(std::size_t count) {
  array<Element> made = make_array<Element>(count);
  return std::shared_ptr<Element>(made.release(), deleter());
}

struct entry {
  const blas& with;
  const problem& of;
  const operands& data;
  contestants& into;

  void add(const char* how, contract terms, std::function<void()> run) const {
    into.push_back({with.library, with.prefix + how, terms, std::move(run)});
  }

  void operator()(const matrix_vector& s) const {
    const float *a = data.get<float>("A"), *x = data.get<float>("x");
    float* const y = data.get<float>("y");
    if (with.sgemv)
      add("sgemv", contract::plain, [=, f = with.sgemv] { f(s.rows, s.depth, a, x, y); });
    else
      add("sgemm", contract::plain,
          [=, f = with.sgemm] { f(false, false, s.rows, 1, s.depth, a, s.depth, x, 1, y, 1); });
  }

  template <class Element>
  void product(const matrix_product& s, const char* how, const gemm_function<Element>& f) const {
    if (!f) return;
    const auto *a = data.get<Element>("A"), *b = data.get<Element>("B");
    auto* const c = data.get<Element>("C");
    add(how, contract::plain, [=] {
      f(false, false, s.rows, s.columns, s.depth, a, s.depth, b, s.columns, c, s.columns);
    });
  }
  void operator()(const matrix_product& s) const {
    if (of.element == lathe::dtype::f64)
      product(s, "dgemm", with.dgemm);
    else if (of.element == lathe::dtype::f32)
      product(s, "sgemm", with.sgemm);
  }

  /// T[i,(j,k)] = sum_l B[i,l] W[(j,k),l] as one product, then Y[i,j] = sum_k A[i,k] T[i,j,k]; and
  /// the same per feature, whose T fits the cache.
  void operator()(const bilinear_form& s) const {
    const float *a = data.get<float>("A"), *b = data.get<float>("B"), *w = data.get<float>("W");
    float* const y = data.get<float>("Y");
    const auto all = scratch<float>(std::size_t(s.batch) * s.features * s.left);
    add("sgemm + contraction", contract::plain, [=, f = with.sgemm] {
      const int wide = s.features * s.left;
      f(false, true, s.batch, wide, s.right, b, s.right, w, s.right, all.get(), wide);
      contract_rows(s.batch, s.features, s.left, a, all.get(), y);
    });
    const auto one = scratch<float>(std::size_t(s.batch) * s.right);
    add("sgemm per feature", contract::plain, [=, f = with.sgemm] {
      for (int j = 0; j < s.features; ++j) {
        f(false, false, s.batch, s.right, s.left, a, s.left, w + std::size_t(j) * s.left * s.right,
          s.right, one.get(), s.right);
        dot_rows(s.batch, s.right, b, one.get(), y + j, s.features);
      }
    });
  }

  void operator()(const convolution& s) const {
    if (!s.is_product()) return;
    const float *x = data.get<float>("X"), *w = data.get<float>("W");
    float* const y = data.get<float>("Y");
    add("sgemm per image", contract::plain, [=, f = with.sgemm] {
      const int points = s.input_points();
      const int rows = s.filters / s.groups, depth = s.channels / s.groups;
      for (int g = 0; g < s.batch * s.groups; ++g) {
        f(s.transposed, false, rows, points, depth, w + std::size_t(g % s.groups) * rows * depth,
          s.transposed ? rows : depth, x + std::size_t(g) * depth * points, points,
          y + std::size_t(g) * rows * points, points);
      }
    });
  }

  void operator()(const circulant_product& s) const {
    const float *a = data.get<float>("A"), *w = data.get<float>("w");
    float* const c = data.get<float>("C");
    const auto dense = scratch<float>(std::size_t(s.depth) * s.columns);
    const auto multiply = [=, f = with.sgemm] {
      f(false, false, s.rows, s.columns, s.depth, a, s.depth, dense.get(), s.columns, c, s.columns);
    };
    const auto expand = [=] { expand_circulant(s.depth, s.columns, s.block, w, dense.get()); };
    expand();
    add("expand + sgemm", contract::plain, [=] { expand(), multiply(); });
    add("sgemm, expanded", contract::packed, multiply);
  }

  void operator()(const shift_convolution& s) const {
    const float *x = data.get<float>("X"), *w = data.get<float>("W");
    const int* const offsets = data.get<int>("S");
    float* const y = data.get<float>("Y");
    const int points = s.batch * s.height * s.width;
    const auto moved = scratch<float>(std::size_t(points) * s.channels);
    add("shift + sgemm", contract::plain, [=, f = with.sgemm] {
      shift_channels({s.batch, s.height, s.width, s.channels, s.kernel}, x, offsets, moved.get());
      f(false, false, points, s.filters, s.channels, moved.get(), s.channels, w, s.filters, y,
        s.filters);
    });
  }

  /// The Khatri-Rao product as a matrix, then one product: how tensor toolboxes do it.
  template <class Element>
  void unfolded(const khatri_rao_product& s, const char* how,
                const gemm_function<Element>& f) const {
    if (!f) return;
    const auto *a = data.get<Element>("A"), *b = data.get<Element>("B"),
               *c = data.get<Element>("C");
    auto* const d = data.get<Element>("D");
    const int depth = s.depth * s.height;
    const auto matrix = scratch<Element>(std::size_t(depth) * s.rank);
    add(how, contract::plain, [=] {
      khatri_rao(s, b, c, matrix.get());
      f(false, false, s.rows, s.rank, depth, a, depth, matrix.get(), s.rank, d, s.rank);
    });
  }
  void operator()(const khatri_rao_product& s) const {
    if (of.element == lathe::dtype::f64)
      unfolded(s, "Khatri-Rao + dgemm", with.dgemm);
    else
      unfolded(s, "Khatri-Rao + sgemm", with.sgemm);
  }

  void operator()(const circulant_projection&) const {}
  void operator()(const channel_shift&) const {}
  void operator()(const stencil&) const {}
};

}  // namespace

void enter_blas(const blas& with, const problem& of, const operands& data, contestants& into) {
  std::visit(entry{with, of, data, into}, of.extents);
}

}  // namespace bench
