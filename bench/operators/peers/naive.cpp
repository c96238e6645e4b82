#include "absent.hpp"
#include "naive_loops.hpp"

namespace bench {
namespace {

struct entry {
  const char* name;
  const naive_loops& loops;
  const problem& of;
  const operands& data;
  contestants& into;

  void add(std::function<void()> run) const {
    into.push_back({name, "loops", contract::naive, std::move(run)});
  }
  const float* in(const char* operand) const { return data.get<float>(operand); }
  float* out(const char* operand) const { return data.get<float>(operand); }
  bool wide() const { return of.element == lathe::dtype::f64; }

  void operator()(const matrix_vector& s) const {
    add([=, f = loops.gemv, a = in("A"), x = in("x"), y = out("y")] {
      f(s.rows, s.depth, a, x, y);
    });
  }
  template <class Element, class Function>
  void product(const matrix_product& s, Function* f) const {
    add([=, a = data.get<Element>("A"), b = data.get<Element>("B"), c = data.get<Element>("C")] {
      f(s.rows, s.columns, s.depth, a, b, c);
    });
  }
  void operator()(const matrix_product& s) const {
    if (wide())
      product<double>(s, loops.dgemm);
    else if (of.element == lathe::dtype::f32)
      product<float>(s, loops.sgemm);
  }
  void operator()(const bilinear_form& s) const {
    add([=, f = loops.bilinear, a = in("A"), b = in("B"), w = in("W"), y = out("Y")] {
      f(s.batch, s.features, s.left, s.right, a, b, w, y);
    });
  }
  void operator()(const convolution& s) const {
    add([=, f = loops.convolution, x = in("X"), w = in("W"), y = out("Y")] {
      int kernel[3], padding[3], output[3];
      for (int d = 0; d < 3; ++d) {
        kernel[d] = s.kernel_extent(d);
        padding[d] = d < 3 - s.dims ? 0 : s.padding;
        output[d] = s.output(d);
      }
      f(s.batch, s.channels, s.size.data(), s.filters, s.groups, kernel, s.stride, padding,
        s.dilation, output, s.transposed, x, w, y);
    });
  }
  void operator()(const circulant_product& s) const {
    add([=, f = loops.circulant_product, a = in("A"), w = in("w"), c = out("C")] {
      f(s.rows, s.columns, s.depth, s.block, a, w, c);
    });
  }
  void operator()(const circulant_projection& s) const {
    add([=, f = loops.circulant_projection, x = in("X"), o = out("O")] {
      f(s.rows, s.columns, s.block, x, o);
    });
  }
  void operator()(const channel_shift& s) const {
    add([=, f = loops.shift, x = in("X"), at = data.get<int>("S"), y = out("Y")] {
      f(s.batch, s.height, s.width, s.channels, s.kernel, x, at, y);
    });
  }
  void operator()(const shift_convolution& s) const {
    add([=, f = loops.shift_convolution, x = in("X"), at = data.get<int>("S"), w = in("W"),
         y = out("Y")] {
      f(s.batch, s.height, s.width, s.channels, s.filters, s.kernel, x, at, w, y);
    });
  }
  template <class Element, class Function>
  void mttkrp(const khatri_rao_product& s, Function* f) const {
    add([=, a = data.get<Element>("A"), b = data.get<Element>("B"), c = data.get<Element>("C"),
         d = data.get<Element>("D")] { f(s.rows, s.depth, s.height, s.rank, a, b, c, d); });
  }
  void operator()(const khatri_rao_product& s) const {
    wide() ? mttkrp<double>(s, loops.dmttkrp) : mttkrp<float>(s, loops.smttkrp);
  }
  template <class Element, class Function>
  void sweep(const stencil& s, Function* f) const {
    add([=, a = data.get<Element>("a"), b = data.get<Element>("b"), u = data.get<Element>("U"),
         v = data.get<Element>("V")] { f(s.depth, s.height, s.width, *a, *b, u, v); });
  }
  void operator()(const stencil& s) const {
    wide() ? sweep<double>(s, loops.dstencil) : sweep<float>(s, loops.sstencil);
  }
};

}  // namespace

// Plain loops use one thread, whatever set_threads() says.
peer find_naive_gcc() {
  return {"g++", std::string(loops_of_gcc.compiler) + " -O3 -march=native", true, nullptr,
          [](const problem& of, const operands& data, contestants& into) {
            std::visit(entry{"g++", loops_of_gcc, of, data, into}, of.extents);
          }};
}

#if LATHE_BENCH_CLANG
peer find_naive_clang() {
  return {"clang++", std::string(loops_of_clang.compiler) + " -O3 -march=native", true, nullptr,
          [](const problem& of, const operands& data, contestants& into) {
            std::visit(entry{"clang++", loops_of_clang, of, data, into}, of.extents);
          }};
}
#else
peer find_naive_clang() { return absent("clang++", "clang"); }
#endif

}  // namespace bench
