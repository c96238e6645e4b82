#include "absent.hpp"
#include "blas.hpp"
#include "parts.hpp"

#if LATHE_BENCH_ONEDNN
#  include <cstring>
#  include <dnnl.hpp>
#  include <memory>
#  include <omp.h>
#  include <unordered_map>

namespace bench {
namespace {

using dnnl::memory;
constexpr auto f32 = memory::data_type::f32;
using tag = memory::format_tag;

const dnnl::engine& processor() {
  static const dnnl::engine made(dnnl::engine::kind::cpu, 0);
  return made;
}
dnnl::stream& stream() {
  static dnnl::stream made(processor());
  return made;
}

memory on(const memory::desc& layout, const void* data) {
  return {layout, processor(), const_cast<void*>(data)};
}

/// Which way an operand goes.
enum class way { in, out };

/// One operand of a primitive: where it is, and the way from or to the user's array.
class argument {
 public:
  argument(way direction, const memory::desc& user, const memory::desc& wanted, const void* data)
      : user_(on(user, data)), used_(user_) {
    if (user == wanted) return;
    used_ = memory(wanted, processor());
    // Padded channels of blocked layouts must be zero.
    std::memset(used_.get_data_handle(), 0, wanted.get_size());
    from_ = direction == way::in ? user_ : used_;
    to_ = direction == way::in ? used_ : user_;
    reorder_ = dnnl::reorder(from_, to_);
  }
  /// Brings the data to the primitive, or the result to the user; nothing if it is there already.
  void move() const {
    if (reorder_) reorder_.execute(stream(), {{DNNL_ARG_FROM, from_}, {DNNL_ARG_TO, to_}});
  }
  const memory& used() const { return used_; }

 private:
  memory user_, used_, from_, to_;
  dnnl::reorder reorder_;
};

/// A primitive with three operands, bound to the user's arrays.
struct bound_primitive {
  dnnl::primitive run;
  argument source, weights, result;

  void execute() const {
    run.execute(stream(), {{DNNL_ARG_SRC, source.used()},
                           {DNNL_ARG_WEIGHTS, weights.used()},
                           {DNNL_ARG_DST, result.used()}});
  }
};

/// Enters a primitive under every contract that differs for it.
void enter_primitive(bound_primitive made, const std::string& how, bool inexact,
                     contestants& into) {
  const auto shared = std::make_shared<const bound_primitive>(std::move(made));
  const auto wait = [] { stream().wait(); };
  shared->source.move();
  shared->weights.move();
  wait();
  if (!inexact) {
    into.push_back({"oneDNN", how, contract::plain, [=] {
                      shared->source.move();
                      shared->weights.move();
                      shared->execute();
                      shared->result.move();
                      wait();
                    }});
  }
  into.push_back({"oneDNN", how, inexact ? contract::winograd : contract::packed, [=] {
                    shared->source.move();
                    shared->execute();
                    shared->result.move();
                    wait();
                  }});
  into.push_back({"oneDNN", how + ", own layout", inexact ? contract::winograd : contract::own,
                  [=] {
                    shared->execute();
                    wait();
                  },
                  [=] {
                    shared->result.move();
                    wait();
                  }});
}

/// The extents of a convolution in oneDNN's terms.
struct convolution_layouts {
  memory::dims source, weights, result, strides, dilation, before, after, weight_strides;
  tag plain, channels_last;

  explicit convolution_layouts(const convolution& s) {
    const bool grouped = s.groups > 1;
    if (grouped) weights.push_back(s.groups);
    weights.insert(weights.end(), {s.filters / s.groups, s.channels / s.groups});
    source = {s.batch, s.channels};
    result = {s.batch, s.filters};
    for (int d = 3 - s.dims; d < 3; ++d) {
      source.push_back(s.size[d]);
      result.push_back(s.output(d));
      weights.push_back(s.kernel);
      strides.push_back(s.stride);
      dilation.push_back(s.dilation - 1);
      before.push_back(s.padding);
      after.push_back(s.padding - s.output_padding);
    }
    weight_strides.assign(weights.size(), 1);
    for (std::size_t at = weights.size() - 1; at > 0; --at)
      weight_strides[at - 1] = weight_strides[at] * weights[at];
    if (s.transposed) {  // the user's are [channels, filters, ...]
      const std::size_t f = grouped;
      weight_strides[f] = s.kernel_points();
      weight_strides[f + 1] = s.kernel_points() * weights[f];
    }
    const tag plains[] = {tag::ncw, tag::nchw, tag::ncdhw};
    const tag lasts[] = {tag::nwc, tag::nhwc, tag::ndhwc};
    plain = plains[s.dims - 1];
    channels_last = lasts[s.dims - 1];
  }
};

struct convolution_entry {
  const convolution& s;
  const operands& data;
  contestants& into;
  convolution_layouts layouts{s};

  /// Offers up to `most` implementations for these formats of source and result.
  void offer(tag format, dnnl::algorithm algorithm, const std::string& title, int most) const {
    const memory::desc source(layouts.source, f32, format), result(layouts.result, f32, format);
    const memory::desc weights(layouts.weights, f32, tag::any);
    try {
      if (s.transposed) {
        const dnnl::deconvolution_forward::desc wanted(
            dnnl::prop_kind::forward_inference, algorithm, source, weights, result, layouts.strides,
            layouts.dilation, layouts.before, layouts.after);
        dnnl::deconvolution_forward::primitive_desc plan(wanted, processor());
        offer_all<dnnl::deconvolution_forward>(plan, title, most);
      } else {
        const dnnl::convolution_forward::desc wanted(
            dnnl::prop_kind::forward_inference, algorithm, source, weights, result, layouts.strides,
            layouts.dilation, layouts.before, layouts.before);
        dnnl::convolution_forward::primitive_desc plan(wanted, processor());
        offer_all<dnnl::convolution_forward>(plan, title, most);
      }
    } catch (const dnnl::error&) {
      // This implementation does not exist for these extents.
    }
  }

  template <class Primitive, class Plan>
  void offer_all(Plan& plan, const std::string& title, int most) const {
    int offered = 0;
    do {
      const std::string name = plan.impl_info_str();
      if (offered > 0 && name.find("ref") != std::string::npos) return;  // hopeless
      enter_primitive(bind(Primitive(plan), plan.src_desc(), plan.weights_desc(), plan.dst_desc(),
                           plain_weights(), data.get<float>("W")),
                      title + name, title.find("Winograd") == 0, into);
    } while (++offered < most && plan.next_impl());
  }

  memory::desc plain_weights() const { return {layouts.weights, f32, layouts.weight_strides}; }
  bound_primitive bind(const dnnl::primitive& run, const memory::desc& source,
                       const memory::desc& weights, const memory::desc& result,
                       const memory::desc& user_weights, const float* user_data) const {
    return {
        run,
        {way::in, memory::desc(layouts.source, f32, layouts.plain), source, data.get<float>("X")},
        {way::in, user_weights, weights, user_data},
        {way::out, memory::desc(layouts.result, f32, layouts.plain), result, data.get<float>("Y")}};
  }

  /// Stride 1: a transposed convolution is a convolution with flipped weights, made ahead.
  void offer_flipped() const {
    if (!s.transposed || s.stride != 1 || s.groups != 1 || s.output_padding != 0) return;
    const int taps = s.kernel_points();
    const float* const w = data.get<float>("W");
    const std::shared_ptr<float> flipped(
        make_array<float>(std::size_t(s.filters) * s.channels * taps).release(), deleter());
    for (int f = 0; f < s.filters; ++f)
      for (int c = 0; c < s.channels; ++c)
        for (int t = 0; t < taps; ++t)
          flipped.get()[(std::size_t(f) * s.channels + c) * taps + t] =
              w[(std::size_t(c) * s.filters + f) * taps + taps - 1 - t];
    memory::dims border(layouts.before.size(), s.dilation * (s.kernel - 1) - s.padding);
    memory::dims strides(layouts.weights.size(), 1);
    for (std::size_t at = strides.size() - 1; at > 0; --at)
      strides[at - 1] = strides[at] * layouts.weights[at];
    const auto any = [](const memory::dims& shape) { return memory::desc(shape, f32, tag::any); };
    try {
      const dnnl::convolution_forward::primitive_desc plan(
          {dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
           any(layouts.source), any(layouts.weights), any(layouts.result), layouts.strides,
           layouts.dilation, border, border},
          processor());
      contestants made;
      enter_primitive(
          bind(dnnl::convolution_forward(plan), plan.src_desc(), plan.weights_desc(),
               plan.dst_desc(), memory::desc(layouts.weights, f32, strides), flipped.get()),
          std::string("flipped ") + plan.impl_info_str(), false, made);
      for (contestant& each : made) {
        if (each.terms == contract::plain) continue;  // flipping is not in the call
        each.run = [run = each.run, flipped] { run(); };
        into.push_back(std::move(each));
      }
    } catch (const dnnl::error&) {
    }
  }
};

/// Types of the factors and of the sum of a product.
struct product_types {
  memory::data_type source, weights, result;
};
constexpr product_types floats{f32, f32, f32};

product_types types_of(lathe::dtype element) {
  using type = memory::data_type;
  if (element == lathe::dtype::u8) return {type::u8, type::s8, type::s32};
  if (element == lathe::dtype::bf16) return {type::bf16, type::bf16, type::f32};
  if (element == lathe::dtype::f16) return {type::f16, type::f16, type::f32};
  return floats;
}

memory::desc matrix(int rows, int columns, memory::data_type type) {
  return {{rows, columns}, type, tag::ab};
}

/// result[rows, outputs] = source[rows, depth] weights^T, weights [outputs, depth] with any
/// strides.
bound_primitive inner_product(int rows, int outputs, int depth, const product_types& types,
                              const void* source, const memory::desc& user_weights,
                              const void* weights, void* result, std::string& how) {
  const memory::desc from = matrix(rows, depth, types.source);
  const memory::desc to = matrix(rows, outputs, types.result);
  const dnnl::inner_product_forward::primitive_desc plan(
      {dnnl::prop_kind::forward_inference, from,
       memory::desc({outputs, depth}, types.weights, tag::any), to},
      processor());
  how = std::string("inner product ") + plan.impl_info_str();
  return {dnnl::inner_product_forward(plan),
          {way::in, from, from, source},
          {way::in, user_weights, plan.weights_desc(), weights},
          {way::out, to, to, result}};
}

struct entry {
  const problem& of;
  const operands& data;
  contestants& into;

  void operator()(const convolution& s) const {
    const convolution_entry enter{s, data, into};
    using dnnl::algorithm;
    const auto direct =
        s.transposed ? algorithm::deconvolution_direct : algorithm::convolution_direct;
    enter.offer(tag::any, direct, "", 3);
    enter.offer(enter.layouts.plain, direct, "plain ", 1);
    enter.offer(enter.layouts.channels_last, direct, "channels last ", 1);
    enter.offer_flipped();
    enter.offer(tag::any,
                s.transposed ? algorithm::deconvolution_winograd : algorithm::convolution_winograd,
                "Winograd ", 1);
  }

  void operator()(const matrix_product& s) const {
    if (of.element == lathe::dtype::f64) return;
    const product_types types = types_of(of.element);
    const void *a = data.get<std::byte>("A"), *b = data.get<std::byte>("B");
    void* const c = data.get<std::byte>("C");
    const memory::desc left = matrix(s.rows, s.depth, types.source);
    const memory::desc right = matrix(s.depth, s.columns, types.weights);
    const memory::desc product = matrix(s.rows, s.columns, types.result);
    const memory::desc any({s.depth, s.columns}, types.weights, tag::any);
    for (const bool packs : {false, true}) {
      try {
        const dnnl::matmul::primitive_desc plan({left, packs ? any : right, product}, processor());
        enter_product({dnnl::matmul(plan),
                       {way::in, left, left, a},
                       {way::in, right, plan.weights_desc(), b},
                       {way::out, product, product, c}},
                      std::string("matmul ") + plan.impl_info_str(), packs);
      } catch (const dnnl::error&) {
      }
    }
    enter_inner_product(s.rows, s.columns, s.depth, types, a,
                        {{s.columns, s.depth}, types.weights, tag::ba}, b, c);
    if (of.element == lathe::dtype::u8) enter_byte_product(s);
  }

  void operator()(const matrix_vector& s) const {
    enter_inner_product(1, s.rows, s.depth, floats, data.get<float>("x"),
                        {{s.rows, s.depth}, f32, tag::ab}, data.get<float>("A"),
                        data.get<float>("y"));
  }

  void operator()(const bilinear_form& s) const {
    const int wide = s.features * s.left;
    const auto all =
        std::shared_ptr<float>(make_array<float>(std::size_t(s.batch) * wide).release(), deleter());
    const float* const a = data.get<float>("A");
    float* const y = data.get<float>("Y");
    contestants products;
    const entry inner{of, data, products};
    inner.enter_inner_product(s.batch, wide, s.right, floats, data.get<float>("B"),
                              {{wide, s.right}, f32, tag::ab}, data.get<float>("W"), all.get());
    for (contestant& each : products) {
      into.push_back(
          {each.library, each.how + " + contraction", each.terms, [=, multiply = each.run] {
             multiply();
             contract_rows(s.batch, s.features, s.left, a, all.get(), y);
           }});
    }
  }

  void operator()(const auto&) const {}

 private:
  void enter_product(bound_primitive made, const std::string& how, bool packs) const {
    contestants ways;
    enter_primitive(std::move(made), how, false, ways);
    // Without a layout of its own the contracts are all the same.
    for (contestant& each : ways)
      if (each.terms == contract::plain || (packs && each.terms == contract::packed))
        into.push_back(std::move(each));
  }
  /// The product of bytes with a BLAS interface: plain matrices.
  void enter_byte_product(const matrix_product& s) const {
    const auto* const a = data.get<std::uint8_t>("A");
    const auto* const b = data.get<std::int8_t>("B");
    auto* const c = data.get<std::int32_t>("C");
    into.push_back({"oneDNN", "gemm_u8s8s32", contract::plain, [=] {
                      const std::int32_t zero = 0;
                      dnnl_gemm_u8s8s32('N', 'N', 'F', s.rows, s.columns, s.depth, 1, a, s.depth, 0,
                                        b, s.columns, 0, 0, c, s.columns, &zero);
                    }});
  }
  void enter_inner_product(int rows, int outputs, int depth, const product_types& types,
                           const void* source, const memory::desc& user_weights,
                           const void* weights, void* result) const {
    try {
      std::string how;
      bound_primitive made =
          inner_product(rows, outputs, depth, types, source, user_weights, weights, result, how);
      enter_product(std::move(made), how, true);
    } catch (const dnnl::error&) {
    }
  }
};

void enter(const problem& of, const operands& data, contestants& into) {
  static const blas functions{"oneDNN",
                              {},
                              [](bool ta, bool tb, int m, int n, int k, const float* a, int sa,
                                 const float* b, int sb, float* c, int sc) {
                                dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1, a, sa, b, sb,
                                           0, c, sc);
                              }};
  enter_blas(functions, of, data, into);
  std::visit(entry{of, data, into}, of.extents);
}

}  // namespace

peer find_onednn() {
  const dnnl_version_t* const version = dnnl_version();
  return {"oneDNN",
          std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
              std::to_string(version->patch) + ", instruction set " +
              std::to_string(static_cast<int>(dnnl::get_effective_cpu_isa())),
          true, [](int threads) { omp_set_num_threads(threads); }, enter};
}

}  // namespace bench
#else
namespace bench {
peer find_onednn() { return absent("oneDNN", "libdnnl-dev"); }
}  // namespace bench
#endif
