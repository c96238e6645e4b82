/// @file
/// Bodies of flatten.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/lower/apply_loops.hpp>
#include <lathe/lower/flatten.hpp>
#include <lathe/lower/stage_axes.hpp>

namespace lathe::detail {

/// One axis in the place of neighbouring ones: the last of them that has iterations takes the new
/// axis for its value, the others count as 0. That is right wherever each of them moves what it is
/// part of by the extents inside it times what the last one does.
class axis_flattener {
 public:
  /// @param first, count  the axes; neighbours of one kind
  axis_flattener(program& target, program_stage& stage, int first, int count)
      : target_(target),
        exprs_(target.exprs),
        stage_(stage),
        first_(static_cast<std::size_t>(first)),
        count_(static_cast<std::size_t>(count)),
        joined_(target.tensors.size()) {
    for (std::size_t at = first_ + count_; at-- > first_;) {
      const program_axis& axis = stage.axes[at];
      if (axis.extent > max_extent / extent_) {
        extent_ = 0;
        return;
      }
      if (axis.extent > 1) factors_.add(exprs_.terms(axis.variable)[0].atom, extent_);
      if (axis.extent > 1 && extent_ == 1) last_ = at;
      extent_ *= axis.extent;
    }
  }

  /// The reason why the axes cannot be one (empty = they can). Changes nothing but the pool.
  std::string check() {
    if (extent_ == 0) return "together they have more than 2^40 iterations";
    for (std::size_t dim = 0; dim < joined_.size(); ++dim)
      joined_[dim].assign(target_.tensors[dim].shape.size(), 0);
    if (!stage_.axes[first_].reduce) join_point();
    sequence<ir::expr> values, loads;
    change_expressions(stage_, [&](ir::expr value) {
      values.push_back(value);
      return value;
    });
    for (const ir::expr value : values)
      for (const ir::expr load : loads_in(exprs_, value))
        if (exprs_[load].imm >= 0) loads.push_back(load);
    for (bool again = true; again;) {
      again = false;
      for (const ir::expr load : loads)
        if (std::string reason = join(load, again); !reason.empty()) return reason;
    }
    for (const ir::expr index : joined(stage_.point, stage_.tensor)) values.push_back(index);
    return all_of(values, [&](ir::expr value) { return is_one(value); })
               ? ""
               : "stage " + quoted(stage_.name) + " asks for them one by one";
  }

  /// Makes the axis. @pre check() gave no reason
  void apply(const std::string& name) {
    for (program_stage& each : target_.stages)
      change_expressions(each, [&](ir::expr value) { return with_joined_loads(value); });
    stage_.point = joined(stage_.point, stage_.tensor);
    for (std::size_t tensor = 0; tensor < joined_.size(); ++tensor) join_shape(tensor);

    program_axis made{name, exprs_.make_variable(name, extent_), extent_};
    made.reduce = stage_.axes[first_].reduce;
    sequence<std::pair<ir::expr, ir::expr>> mapping;
    for (std::size_t at = first_; at < first_ + count_; ++at)
      mapping.emplace_back(stage_.axes[at].variable,
                           at == last_ ? made.variable : exprs_.constant(0));
    if (factors_.size() == 0) mapping.back().second = made.variable;
    substitute_axes(exprs_, stage_, mapping);
    const auto begin = stage_.axes.begin() + static_cast<std::ptrdiff_t>(first_);
    stage_.axes.erase(begin, begin + static_cast<std::ptrdiff_t>(count_) - 1);
    if (!made.reduce) stage_.spatial -= static_cast<int>(count_) - 1;
    stage_.axes[first_] = std::move(made);
    reset_loops(stage_);
  }

 private:
  /// True if a sum moves with the axes as with one.
  bool moves_as_one(ir::expr sum) const {
    if (factors_.size() == 0) return true;
    std::int64_t step = 0;  // of the last axis that has iterations
    std::size_t found = 0;
    const ir::expr last = exprs_.terms(stage_.axes[last_].variable)[0].atom;
    for (const ir::term& each : exprs_.terms(sum)) {
      if (each.atom == last) step = each.coef;
      found += factors_.find(each.atom) != factors_.end();
    }
    if (found == 0) return true;
    return found == factors_.size() && all_of(exprs_.terms(sum), [&](const ir::term& each) {
             const auto factor = factors_.find(each.atom);
             return factor == factors_.end() || each.coef == step * factor->second;
           });
  }

  /// True if everything that a value is made of does.
  bool is_one(ir::expr value) {
    if (value == ir::none) return true;
    if (const auto known = known_.find(value); known != known_.end()) return known->second;
    const bool out = look(value);
    known_.add(value, out);
    return out;
  }

  bool look(ir::expr value) {
    const ir::node at = exprs_[value];
    if (at.what == ir::kind::variable) return factors_.find(value) == factors_.end();
    if (at.what == ir::kind::linear) {
      const sequence<ir::term> terms(exprs_.terms(value).begin(), exprs_.terms(value).end());
      return moves_as_one(value) && all_of(terms, [&](const ir::term& each) {
               return factors_.find(each.atom) != factors_.end() || is_one(each.atom);
             });
    }
    sequence<ir::expr> parts(exprs_.args(value).begin(), exprs_.args(value).end());
    if (at.what == ir::kind::load && at.imm >= 0) parts = joined(parts, static_cast<int>(at.imm));
    for (const ir::expr part : {at.a, at.b, at.c}) parts.push_back(part);
    return all_of(parts, [&](ir::expr part) { return is_one(part); });
  }

  /// The dimensions of the stage's own tensor that the axes index become one, whatever they move.
  void join_point() {
    sequence<std::size_t> dims;
    for (std::size_t dim = 0; dim < stage_.point.size(); ++dim)
      for (std::size_t at = first_; at < first_ + count_; ++at)
        if (exprs_.depends_on(stage_.point[dim], stage_.axes[at].variable)) dims.push_back(dim);
    if (dims.empty()) return;
    for (std::size_t dim = dims.front(); dim < dims.back(); ++dim) joins_of(stage_.tensor)[dim] = 1;
  }

  /// True if a flattened axis is all that moves in a dimension of one element of an input: the
  /// dimension is joined with a neighbour, so that layouts need not name it.
  bool is_trivial(const program_tensor& tensor, std::size_t dim, ir::expr index) const {
    if (tensor.producer >= 0 || tensor.shape[dim] > 1) return false;
    for (std::size_t at = first_; at < first_ + count_; ++at)
      if (exprs_.depends_on(index, stage_.axes[at].variable)) return true;
    return false;
  }

  /// Joins dimensions of a tensor until each index of a load moves with the axes as with one.
  std::string join(ir::expr load, bool& changed) {
    const int number = static_cast<int>(exprs_[load].imm);
    const program_tensor& tensor = target_.tensors[static_cast<std::size_t>(number)];
    const sequence<ir::expr> indices(exprs_.args(load).begin(), exprs_.args(load).end());
    for (std::size_t dim = 0; dim < indices.size() && indices.size() > 1; ++dim)
      if (is_trivial(tensor, dim, indices[dim]))
        joins_of(number)[dim + 1 < indices.size() ? dim : dim - 1] = 1;
    ir::expr index = ir::none;
    for (std::size_t dim = 0; dim < indices.size(); ++dim) {
      index = index == ir::none ? indices[dim]
                                : exprs_.add(exprs_.scale(index, tensor.shape[dim]), indices[dim]);
      char& joins = joins_of(number)[dim];
      if (joins == 0 && !moves_as_one(index)) {
        if (dim + 1 == indices.size())
          return quoted(tensor.name) + " is read with other distances between its elements";
        if (tensor.producer >= 0 && number != stage_.tensor)
          return quoted(tensor.name) + " is computed with axes of their own; flatten stage " +
                 quoted(target_.stages[static_cast<std::size_t>(tensor.producer)].name) + " first";
        joins = 1;
        changed = true;
      }
      if (joins == 0) index = ir::none;
    }
    return {};
  }

  sequence<char>& joins_of(int tensor) { return joined_[static_cast<std::size_t>(tensor)]; }

  /// The indices of an element in the joined dimensions.
  sequence<ir::expr> joined(const sequence<ir::expr>& indices, int tensor) {
    const sequence<std::int64_t>& shape = target_.tensors[static_cast<std::size_t>(tensor)].shape;
    sequence<ir::expr> out;
    bool joins = false;
    for (std::size_t dim = 0; dim < indices.size(); ++dim) {
      if (joins)
        out.back() = exprs_.add(exprs_.scale(out.back(), shape[dim]), indices[dim]);
      else
        out.push_back(indices[dim]);
      joins = joins_of(tensor)[dim] != 0;
    }
    return out;
  }

  ir::expr with_joined_loads(ir::expr value) {
    return exprs_.rewrite_loads(value, [&](ir::expr load, std::span<const ir::expr> indices) {
      const ir::node from = exprs_[load];
      if (from.imm < 0 || !contains(joins_of(static_cast<int>(from.imm)), 1)) return load;
      const sequence<ir::expr> old(indices.begin(), indices.end());
      return exprs_.load(static_cast<std::int32_t>(from.imm), from.type,
                         joined(old, static_cast<int>(from.imm)));
    });
  }

  void join_shape(std::size_t number) {
    program_tensor& tensor = target_.tensors[number];
    if (!contains(joined_[number], 1)) return;
    sequence<std::int64_t> shape;
    for (std::size_t dim = 0; dim < tensor.shape.size(); ++dim)
      if (dim > 0 && joined_[number][dim - 1] != 0)
        shape.back() *= tensor.shape[dim];
      else
        shape.push_back(tensor.shape[dim]);
    tensor.shape = std::move(shape);
    tensor.layout.clear();
    for (std::size_t dim = 0; dim < tensor.shape.size(); ++dim)
      tensor.layout.push_back({static_cast<int>(dim), 1, 0});
  }

  program& target_;
  ir::pool& exprs_;
  program_stage& stage_;
  std::size_t first_, count_;
  std::int64_t extent_ = 1;                   ///< of the new axis; 0 = too large
  std::size_t last_ = 0;                      ///< the last axis that has iterations
  flat_map<ir::expr, std::int64_t> factors_;  ///< of the axes that have iterations
  sequence<sequence<char>> joined_;  ///< per tensor and dimension: one with the next dimension
  flat_map<ir::expr, bool> known_;   ///< is_one()
};

LATHE_INLINE std::string apply_flatten(program& target, int index, const step& what) {
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  if (!has_default_loops(target, index)) return comes_first(stage, "flatten");
  if (what.loops.size() < 2) return "flatten needs at least two axes";
  const int first = find_axis(stage, what.loops[0]);
  const int count = static_cast<int>(what.loops.size());
  for (int at = 0; at < count; ++at) {
    const std::string& name = what.loops[static_cast<std::size_t>(at)];
    const int axis = find_axis(stage, name);
    if (axis < 0) return unknown_axis(stage, name);
    const program_axis& of = stage.axes[static_cast<std::size_t>(axis)];
    if (axis != first + at || of.reduce != stage.axes[static_cast<std::size_t>(first)].reduce)
      return "flatten takes neighbouring axes in their order, all spatial or all of the sum; " +
             quoted(name) + " does not follow " +
             quoted(what.loops[static_cast<std::size_t>(larger(at, 1) - 1)]);
    if (of.size != ir::none || of.value != ir::none)
      return quoted(name) + " is narrowed: its iterations are not all those of the statement";
    if (of.inside != 0) return quoted(name) + " is padded; flatten comes first";
  }
  const int taken = find_axis(stage, what.result);
  if (taken >= 0 && (taken < first || taken >= first + count))
    return "the name " + quoted(what.result) + " is taken";
  axis_flattener flattener(target, stage, first, count);
  std::string reason = flattener.check();
  if (!reason.empty()) return "the axes cannot be one: " + reason;
  flattener.apply(what.result);
  return {};
}

}  // namespace lathe::detail
