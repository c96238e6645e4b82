/// @file
/// Bodies of statement_features.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/search/nest_walk.hpp>
#include <lathe/search/statement_features.hpp>

namespace lathe {
namespace detail {

/// log2(1 + |x|) with the sign of x.
LATHE_INLINE float squeezed(double x) {
  const double size = math::log(1 + math::abs(x)) / math::log(2.0);
  return static_cast<float>(x < 0 ? -size : size);
}

/// Writes the row of one store.
class statement_row {
 public:
  statement_row(const ir::nest& of, const sequence<walked_store>& all, const walked_store& at,
                sequence<float>& out)
      : nest_(of), all_(all), at_(at), out_(out) {}

  void write() {
    computation();
    buffers();
    intensity();
    allocation();
    number(at_.executions());
    number(static_cast<double>(at_.loops.size()));
    number(product_of(ir::loop_kind::unrolled));
  }

 private:
  static constexpr double line_bytes = 64;

  void number(double x) { out_.push_back(squeezed(x)); }
  void choice(std::size_t taken, std::size_t count) {
    for (std::size_t n = 0; n < count; ++n) out_.push_back(n == taken ? 1.0F : 0.0F);
  }

  static bool is(const walked_loop& loop, ir::loop_kind how) {
    return how == ir::loop_kind::unrolled ? ir::is_written_out(loop.how) : loop.how == how;
  }
  double product_of(ir::loop_kind how) const {
    double product = 1;
    for (const walked_loop& each : at_.loops)
      if (is(each, how)) product *= each.extent;
    return product;
  }

  void computation() {
    const double executions = at_.executions();
    for (const double each : at_.float_ops) number(each * executions);
    for (const double each : at_.integer_ops) number(each * executions);
    number(at_.logic_ops * executions);
    number(at_.selects * executions);
    for (const ir::loop_kind how :
         {ir::loop_kind::vectorized, ir::loop_kind::unrolled, ir::loop_kind::parallel})
      annotation(how);
    for (int n = 0; n < 8; ++n) number(0);  // a GPU's grid
  }

  void annotation(ir::loop_kind how) {
    double innermost = 0, count = 0;
    for (const walked_loop& each : at_.loops) {
      if (!is(each, how)) continue;
      innermost = each.extent;
      ++count;
    }
    number(innermost);
    number(count > 0 ? product_of(how) : 0);
    number(count);
    choice(position_of(how), 8);
  }

  /// 0 none, 1 to 3 inner, middle, outer spatial, 4 to 6 the same of reduce loops, 7 several.
  std::size_t position_of(ir::loop_kind how) const {
    std::size_t found = 0;
    for (std::size_t n = 0; n < at_.loops.size(); ++n) {
      const walked_loop& loop = at_.loops[n];
      if (!is(loop, how)) continue;
      bool inner = false, outer = false;
      for (std::size_t other = 0; other < at_.loops.size(); ++other) {
        if (at_.loops[other].reduce != loop.reduce || other == n) continue;
        (other < n ? outer : inner) = true;
      }
      const std::size_t here = (loop.reduce ? 4U : 1U) + (!inner ? 0U : outer ? 1U : 2U);
      found = found == 0 || found == here ? here : 7;
    }
    return found;
  }

  double bytes_of(const walked_buffer& of) const {
    return size_of(nest_.buffers[static_cast<std::size_t>(of.buffer)].type);
  }

  void buffers() {
    constexpr std::size_t count = 5, columns = 18;
    sequence<const walked_buffer*> order;
    for (const walked_buffer& each : at_.buffers) order.push_back(&each);
    sort(order, [&](const walked_buffer* left, const walked_buffer* right) {
      return left->touched[0] * bytes_of(*left) > right->touched[0] * bytes_of(*right);
    });
    for (std::size_t n = 0; n < count; ++n) {
      if (n < order.size())
        buffer(*order[n]);
      else
        for (std::size_t column = 0; column < columns; ++column) out_.push_back(0);
    }
  }

  void buffer(const walked_buffer& of) {
    const std::size_t loops = at_.loops.size();
    const double element = bytes_of(of), executions = at_.executions();
    const auto accesses = static_cast<double>(of.indices.size());
    // From the innermost loop out: iterations that read the same element again, then the stride.
    double same = 1, stride = 0;
    std::size_t moving = loops;
    while (moving > 0 && of.strides[moving - 1] == 0) same *= at_.loops[--moving].extent;
    if (moving > 0) stride = of.strides[moving - 1];
    const double bytes = executions * element * accesses;
    const double different_bytes = of.touched[0] * element;
    const double lines =
        larger(1.0, executions / same * accesses * smaller(1.0, stride * element / line_bytes));
    double run = element;  // bytes that lie side by side
    for (std::size_t n = 0; n < loops; ++n)
      if (of.strides[n] == 1) run = larger(run, at_.loops[n].extent * element);
    const double different_lines = larger(1.0, different_bytes / smaller(line_bytes, run));

    choice(of.read && of.written ? 2 : of.written ? 1 : 0, 3);
    number(bytes);
    number(different_bytes);
    number(lines);
    number(different_lines);

    // The innermost loop that does not move it: what is touched between two of its iterations.
    std::size_t reusing = loops;
    while (reusing > 0 && of.strides[reusing - 1] != 0) --reusing;
    double count = 0, iterations = 0, distance = 0;
    std::size_t type = 2;
    if (reusing > 0) {
      type = 0;
      count = at_.loops[reusing - 1].extent;
      iterations = at_.iterations(reusing, loops);
      distance = at_.bytes_touched(nest_, reusing);
    } else if (of.indices.size() > 1) {
      type = 1;
      count = accesses - 1;
      iterations = 1;
      distance = at_.bytes_touched(nest_, loops);
    }
    choice(type, 3);
    number(iterations);
    number(distance);
    number(count);
    const double share = count > 0 ? 1 / count : 2;
    number(bytes * share);
    number(different_bytes * share);
    number(lines * share);
    number(different_lines * share);
    number(stride);
  }

  /// Operations per byte of the loops [n, end) for every n, seen along the logarithm of operations.
  void intensity() {
    constexpr int samples = 10;
    sequence<double> work, ratio;  // innermost loop first
    for (std::size_t n = at_.loops.size() + 1; n-- > 0;) {
      const double operations = larger(1.0, at_.operations()) * at_.iterations(n, at_.loops.size());
      work.push_back(squeezed(operations));
      ratio.push_back(squeezed(operations / larger(1.0, at_.bytes_touched(nest_, n))));
    }
    std::size_t above = 0;
    for (int sample = 0; sample < samples; ++sample) {
      const double place = work.front() + (work.back() - work.front()) * sample / (samples - 1);
      while (above + 1 < work.size() && work[above] < place) ++above;
      double value = ratio[above];
      if (above > 0 && work[above] > work[above - 1]) {
        const double share = (place - work[above - 1]) / (work[above] - work[above - 1]);
        value = ratio[above - 1] + clamped(share, 0.0, 1.0) * (ratio[above] - ratio[above - 1]);
      }
      out_.push_back(static_cast<float>(value));
    }
  }

  /// A buffer lives in the loops that all stores to it share.
  void allocation() {
    std::size_t shared = at_.loops.size();
    for (const walked_store& other : all_) {
      if (other.buffer != at_.buffer) continue;
      std::size_t same = 0;
      while (same < shared && same < other.loops.size() &&
             other.loops[same].variable == at_.loops[same].variable)
        ++same;
      shared = same;
    }
    const ir::buffer& of = nest_.buffers[static_cast<std::size_t>(at_.buffer)];
    if (of.where == ir::scope::param || of.where == ir::scope::workspace) shared = 0;
    const double bytes = static_cast<double>(of.elements) * size_of(of.type);
    const double outside = at_.iterations(0, shared);
    number(bytes);
    number(bytes * outside);
    number(outside);
    number(at_.executions() / outside);
  }

  const ir::nest& nest_;
  const sequence<walked_store>& all_;
  const walked_store& at_;
  sequence<float>& out_;
};

}  // namespace detail

LATHE_INLINE feature_rows statement_features(const ir::nest& of) {
  feature_rows out{statement_feature_count, {}};
  const sequence<walked_store> all = stores_of(of);
  const auto work = [&](std::size_t number) {
    return all[number].executions() * (1 + all[number].operations());
  };
  sequence<std::size_t> order;
  for (std::size_t n = 0; n < all.size(); ++n) order.push_back(n);
  sort(order, [&](std::size_t left, std::size_t right) { return work(left) > work(right); });
  order.resize(smaller(order.size(), most_statement_rows));
  sort(order);
  for (const std::size_t number : order)
    detail::statement_row(of, all, all[number], out.values).write();
  return out;
}

}  // namespace lathe
