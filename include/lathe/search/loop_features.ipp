/// @file
/// Bodies of loop_features.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/search/loop_features.hpp>
#include <lathe/search/nest_walk.hpp>

#include <utility>

namespace lathe {
namespace detail {

LATHE_INLINE double log2_of(double x) { return math::log(1 + x) / math::log(2.0); }

/// The store with most work, and its buffers, those with most bytes first.
struct main_store {
  explicit main_store(const ir::nest& of) {
    double most = -1;
    for (walked_store& each : stores_of(of)) {
      const double work = each.executions() * (1 + each.operations());
      if (!(work > most)) continue;
      most = work;
      store = std::move(each);
    }
    for (const walked_buffer& each : store.buffers) buffers.push_back(&each);
    sort(buffers, [&](const walked_buffer* left, const walked_buffer* right) {
      return left->touched[0] > right->touched[0];
    });
  }
  main_store(const main_store&) = delete;
  main_store& operator=(const main_store&) = delete;

  /// Executions of loops [loop, end) per element that a buffer is touched at.
  double reuse(const walked_buffer& of, std::size_t loop) const {
    return store.iterations(loop, store.loops.size()) * static_cast<double>(of.indices.size()) /
           of.touched[loop];
  }

  walked_store store;
  sequence<const walked_buffer*> buffers;
};

}  // namespace detail

LATHE_INLINE feature_rows loop_features(const ir::nest& of) {
  constexpr std::size_t most_loops = 16, most_buffers = 4, kinds = 5,
                        columns = 7 + kinds + 4 * most_buffers;
  feature_rows out{most_loops * columns, {}};
  const detail::main_store main(of);
  const walked_store& store = main.store;
  const std::size_t loops = store.loops.size();
  const auto number = [&](double x) {
    out.values.push_back(static_cast<float>(detail::log2_of(x)));
  };
  const auto operations = [&](operation what) {
    return store.float_ops[static_cast<std::size_t>(what)] +
           store.integer_ops[static_cast<std::size_t>(what)];
  };
  for (std::size_t from_inside = 0; from_inside < most_loops; ++from_inside) {
    if (from_inside >= loops) {
      for (std::size_t column = 0; column < columns; ++column) out.values.push_back(0);
      continue;
    }
    const std::size_t loop = loops - 1 - from_inside;
    const double inside = store.iterations(loop, loops);
    number(store.loops[loop].extent);
    number(static_cast<double>(loop));
    number(store.iterations(0, loop + 1));
    number(inside);
    for (std::size_t how = 0; how < kinds; ++how)
      out.values.push_back(static_cast<std::size_t>(store.loops[loop].how) == how ? 1.0F : 0.0F);
    const double multiply_adds = operations(operation::multiply_add);
    number(inside * (multiply_adds + operations(operation::add)));
    number(inside * (multiply_adds + operations(operation::multiply)));
    number(inside * operations(operation::divide));
    for (std::size_t n = 0; n < most_buffers; ++n) {
      const bool there = n < main.buffers.size();
      number(there ? main.buffers[n]->strides[loop] : 0);
      number(there ? main.buffers[n]->touched[loop] : 0);
      number(there ? static_cast<double>(main.buffers[n]->indices.size()) : 0);
      number(there ? main.reuse(*main.buffers[n], loop) : 0);
    }
  }
  return out;
}

LATHE_INLINE feature_rows curve_features(const ir::nest& of) {
  constexpr std::size_t most_buffers = 3, places = 20, relations = 4;
  feature_rows out{most_buffers * relations * places * 2, {}};
  const detail::main_store main(of);
  const std::size_t loops = main.store.loops.size();
  using relation = sequence<std::pair<double, double>>;
  const auto curve = [&](relation pairs) {
    sort(pairs, [](const auto& left, const auto& right) { return left.first < right.first; });
    double best = 0, reached = 0;
    std::size_t next = 0;
    for (std::size_t place = 0; place < places; ++place) {
      const auto x = static_cast<double>(place);
      for (; next < pairs.size() && pairs[next].first <= x; ++next) {
        reached = pairs[next].first;
        best = larger(best, pairs[next].second);
      }
      out.values.push_back(static_cast<float>(best));
      out.values.push_back(static_cast<float>(x - reached));
    }
  };
  for (std::size_t n = 0; n < most_buffers; ++n) {
    relation to_reuse, to_count, to_top_down, from_top_down;
    for (std::size_t loop = 0; loop < loops && n < main.buffers.size(); ++loop) {
      const double count = detail::log2_of(main.buffers[n]->touched[loop]);
      const double reuse = detail::log2_of(main.reuse(*main.buffers[n], loop));
      const double top_down = detail::log2_of(main.store.iterations(0, loop + 1));
      to_reuse.emplace_back(count, reuse);
      to_count.emplace_back(reuse, count);
      to_top_down.emplace_back(count, top_down);
      from_top_down.emplace_back(top_down, count);
    }
    for (relation* each : {&to_reuse, &to_count, &to_top_down, &from_top_down})
      curve(std::move(*each));
  }
  return out;
}

}  // namespace lathe
