/// @file
/// Bodies of llvm_index.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/target/cpu/llvm_index.hpp>

namespace lathe::native::detail {

/// Value of an integer or boolean expression if the constants bound so far decide it.
LATHE_INLINE std::optional<std::int64_t> llvm_index_writer::known(ir::expr handle) const {
  const ir::node& at = exprs_[handle];
  switch (at.what) {
    case ir::kind::linear: {
      std::int64_t sum = at.imm;
      for (const ir::term& each : exprs_.terms(handle)) {
        const auto part = known(each.atom);
        if (!part) return std::nullopt;
        sum += *part * each.coef;
      }
      return sum;
    }
    case ir::kind::variable: {
      const bound_variable& of = variables_[static_cast<std::size_t>(at.imm)];
      if (of.how != bound_variable::form::constant) return std::nullopt;
      return of.value;
    }
    case ir::kind::floor_div:
    case ir::kind::floor_mod: {
      const auto inner = known(at.a);
      if (!inner) return std::nullopt;
      return at.what == ir::kind::floor_div ? floor_div(*inner, at.imm) : floor_mod(*inner, at.imm);
    }
    case ir::kind::literal:
      if (is_float(at.type)) return std::nullopt;
      return at.imm;
    case ir::kind::binary: {
      const dtype operands = exprs_[at.a].type;
      if (operands != dtype::i64 && operands != dtype::boolean) return std::nullopt;
      const auto left = known(at.a), right = known(at.b);
      if (at.fn == opcode::logical_and && ((left && *left == 0) || (right && *right == 0)))
        return 0;
      if (!left || !right) return std::nullopt;
      switch (at.fn) {
        case opcode::min: return smaller(*left, *right);
        case opcode::max: return larger(*left, *right);
        case opcode::less: return *left < *right;
        case opcode::less_equal: return *left <= *right;
        case opcode::greater: return *left > *right;
        case opcode::greater_equal: return *left >= *right;
        case opcode::equal: return *left == *right;
        case opcode::not_equal: return *left != *right;
        case opcode::logical_and: return *left != 0 && *right != 0;
        case opcode::logical_or: return *left != 0 || *right != 0;
        default: return std::nullopt;
      }
    }
    default: return std::nullopt;
  }
}

LATHE_INLINE llvm_index_writer::dependence llvm_index_writer::depends(ir::expr handle) const {
  dependence out;
  if (handle == ir::none) return out;
  const auto join = [&out](const dependence& other) {
    out.level = larger(out.level, other.level);
    out.constants |= other.constants;
    out.lanes |= other.lanes;
    out.element |= other.element;
  };
  const ir::node& at = exprs_[handle];
  if (at.what == ir::kind::variable) {
    const bound_variable& of = variables_[static_cast<std::size_t>(at.imm)];
    out.level = of.level;
    out.constants = of.how == bound_variable::form::constant;
    out.lanes = of.how == bound_variable::form::vector;
  }
  const bool index_node = at.what == ir::kind::linear || at.what == ir::kind::variable ||
                          at.what == ir::kind::floor_div || at.what == ir::kind::floor_mod ||
                          (at.what == ir::kind::binary && at.type == dtype::i64 &&
                           (at.fn == opcode::min || at.fn == opcode::max));
  out.element = !index_node;
  for (const ir::term& each : exprs_.terms(handle)) join(depends(each.atom));
  for (const ir::expr each : exprs_.args(handle)) join(depends(each));
  join(depends(at.a));
  join(depends(at.b));
  join(depends(at.c));
  return out;
}

/// Emits an i64 expression; run-time scalars are computed once, in the loop where they are known.
LATHE_INLINE llvm_value llvm_index_writer::integer(ir::expr handle) {
  if (const auto fixed = known(handle)) return constant(*fixed);
  const dependence on = depends(handle);
  const bool kept = !on.constants && !on.lanes && !on.element;
  const std::size_t level = kept ? on.level : levels_.size() - 1;
  if (kept) {
    const auto found = levels_[level].values.find(handle);
    if (found != levels_[level].values.end()) return found->second;
  }
  llvm_value made = on.lanes ? lanes_integer(handle) : scalar_integer(handle, level);
  if (kept) levels_[level].values[handle] = made;
  return made;
}

LATHE_INLINE llvm_value llvm_index_writer::scalar_integer(ir::expr handle, std::size_t level) {
  const ir::node& at = exprs_[handle];
  const auto made = [&](std::string text) {
    return llvm_value{define_at(level, text), dtype::i64, 1};
  };
  switch (at.what) {
    case ir::kind::linear: {
      std::string sum;
      std::int64_t fixed = at.imm;
      for (const ir::term& each : exprs_.terms(handle)) {
        if (const auto part = known(each.atom)) {
          fixed += *part * each.coef;
          continue;
        }
        std::string part = integer(each.atom).text;
        if (each.coef != 1)
          part = define_at(level, "mul nsw i64 " + part + ", " + std::to_string(each.coef));
        sum = sum.empty() ? part : define_at(level, "add nsw i64 " + sum + ", " + part);
      }
      if (fixed != 0) sum = define_at(level, "add nsw i64 " + sum + ", " + std::to_string(fixed));
      return {sum, dtype::i64, 1};
    }
    case ir::kind::variable:
      return {variables_[static_cast<std::size_t>(at.imm)].name, dtype::i64, 1};
    case ir::kind::floor_div:
    case ir::kind::floor_mod: return floor_division(at, integer(at.a), level);
    case ir::kind::binary:
      if (at.fn == opcode::min || at.fn == opcode::max) {
        const std::string left = integer(at.a).text, right = integer(at.b).text;
        const std::string less =
            define_at(level, std::string("icmp ") + (at.fn == opcode::min ? "slt" : "sgt") +
                                 " i64 " + left + ", " + right);
        return made("select i1 " + less + ", i64 " + left + ", i64 " + right);
      }
      return element(handle);
    default: return element(handle);
  }
}

/// Quotient or remainder rounded towards minus infinity, scalar or per lane.
LATHE_INLINE llvm_value llvm_index_writer::floor_division(const ir::node& at,
                                                          const llvm_value& inner,
                                                          std::size_t level) {
  const std::string type = type_of(inner);
  const std::string divisor = widen_constant(at.imm, inner.lanes, inner.type);
  const bool negative = exprs_.range(at.a).low < 0;
  const auto put = [&](const std::string& text) { return define_at(level, text); };
  if (!negative)
    return {put(std::string(at.what == ir::kind::floor_div ? "udiv " : "urem ") + type + " " +
                inner.text + ", " + divisor),
            inner.type, inner.lanes};
  const std::string remainder = put("srem " + type + " " + inner.text + ", " + divisor);
  const std::string below =
      put("icmp slt " + type + " " + remainder + ", " + widen_constant(0, inner.lanes, inner.type));
  const std::string flag = type_text(dtype::boolean, inner.lanes);
  if (at.what == ir::kind::floor_mod) {
    const std::string up = put("add " + type + " " + remainder + ", " + divisor);
    return {put("select " + flag + " " + below + ", " + type + " " + up + ", " + type + " " +
                remainder),
            inner.type, inner.lanes};
  }
  const std::string quotient = put("sdiv " + type + " " + inner.text + ", " + divisor);
  const std::string lower =
      put("sub " + type + " " + quotient + ", " + widen_constant(1, inner.lanes, inner.type));
  return {put("select " + flag + " " + below + ", " + type + " " + lower + ", " + type + " " +
              quotient),
          inner.type, inner.lanes};
}

/// An i64 expression that differs between lanes.
LATHE_INLINE llvm_value llvm_index_writer::lanes_integer(ir::expr handle) {
  const ir::node& at = exprs_[handle];
  const int lanes = vector_.lanes;
  switch (at.what) {
    case ir::kind::linear: {
      const std::string type = type_text(dtype::i64, lanes);
      std::string sum;
      std::int64_t fixed = at.imm;
      for (const ir::term& each : exprs_.terms(handle)) {
        if (const auto part = known(each.atom)) {
          fixed += *part * each.coef;
          continue;
        }
        std::string part = widen(integer(each.atom), lanes).text;
        if (each.coef != 1)
          part = define("mul nsw " + type + " " + part + ", " + widen_constant(each.coef, lanes));
        sum = sum.empty() ? part : define("add nsw " + type + " " + sum + ", " + part);
      }
      if (fixed != 0)
        sum = define("add nsw " + type + " " + sum + ", " + widen_constant(fixed, lanes));
      return {sum, dtype::i64, lanes};
    }
    case ir::kind::variable: return {lane_numbers(lanes), dtype::i64, lanes};
    case ir::kind::floor_div:
    case ir::kind::floor_mod:
      return floor_division(at, widen(integer(at.a), lanes), levels_.size() - 1);
    default: return widen(element(handle), lanes);
  }
}

/// True if an i64 expression is known to fit into 32 bits.
LATHE_INLINE bool llvm_index_writer::is_narrow(ir::expr handle) const {
  const ir::node& at = exprs_[handle];
  if (at.what == ir::kind::cast) return exprs_[at.a].type == dtype::i32;
  const auto terms = exprs_.terms(handle);
  if (at.what == ir::kind::linear && at.imm == 0 && terms.size() == 1 && terms[0].coef == 1)
    return is_narrow(terms[0].atom);
  const ir::interval of = exprs_.range(handle);
  return of.low >= INT32_MIN && of.high <= INT32_MAX;
}

/// The last 32 bits of an i64 expression, per lane.
LATHE_INLINE llvm_value llvm_index_writer::narrow_lanes(ir::expr handle) {
  const ir::node& at = exprs_[handle];
  const int lanes = vector_.lanes;
  if (const auto fixed = known(handle))
    return {widen_constant(static_cast<std::int32_t>(*fixed), lanes, dtype::i32), dtype::i32,
            lanes};
  switch (at.what) {
    case ir::kind::linear: return narrow_sum(exprs_.terms(handle), at.imm);
    case ir::kind::variable:
      if (depends(handle).lanes) return {lane_numbers(lanes, dtype::i32), dtype::i32, lanes};
      break;
    case ir::kind::floor_div:
    case ir::kind::floor_mod:
      if (is_narrow(at.a) && at.imm <= INT32_MAX)
        return floor_division(at, narrow_lanes(at.a), levels_.size() - 1);
      break;
    case ir::kind::cast:
      if (exprs_[at.a].type == dtype::i32) return widen(element(at.a), lanes);
      break;
    default: break;
  }
  const llvm_value wide = integer(handle);
  return widen({define("trunc " + type_of(wide) + " " + wide.text + " to " +
                       type_text(dtype::i32, wide.lanes)),
                dtype::i32, wide.lanes},
               lanes);
}

/// The last 32 bits of a sum, per lane.
LATHE_INLINE llvm_value llvm_index_writer::narrow_sum(std::span<const ir::term> terms,
                                                      std::int64_t fixed) {
  const int lanes = vector_.lanes;
  const std::string type = type_text(dtype::i32, lanes);
  const auto last = [&](std::int64_t value) {
    return widen_constant(static_cast<std::int32_t>(value), lanes, dtype::i32);
  };
  std::string sum = last(fixed);
  for (const ir::term& each : terms) {
    std::string part = narrow_lanes(each.atom).text;
    if (each.coef != 1) part = define("mul " + type + " " + part + ", " + last(each.coef));
    sum = define("add " + type + " " + sum + ", " + part);
  }
  return {sum, dtype::i32, lanes};
}

/// What the terms of an irregular index that differ between lanes add to it. In 32 bits, which
/// gathers prefer, if that is known to fit: the index lies in the buffer, and the other terms do
/// not move it far.
LATHE_INLINE llvm_value llvm_index_writer::lane_offsets(std::int32_t index, ir::expr flat) {
  sequence<ir::term> moving;
  double reach = static_cast<double>(buffer(index).elements) +
                 math::abs(static_cast<double>(exprs_[flat].imm));
  for (const ir::term& each : exprs_.terms(flat)) {
    if (depends(each.atom).lanes) {
      moving.push_back(each);
      continue;
    }
    const ir::interval of = exprs_.range(each.atom);
    reach +=
        math::abs(static_cast<double>(each.coef)) *
        larger(math::abs(static_cast<double>(of.low)), math::abs(static_cast<double>(of.high)));
  }
  if (reach <= INT32_MAX) return narrow_sum(moving, 0);
  const std::string type = type_text(dtype::i64, vector_.lanes);
  std::string sum = widen_constant(0, vector_.lanes);
  for (const ir::term& each : moving) {
    const std::string part =
        define("mul nsw " + type + " " + widen(integer(each.atom), vector_.lanes).text + ", " +
               widen_constant(each.coef, vector_.lanes));
    sum = define("add nsw " + type + " " + sum + ", " + part);
  }
  return {sum, dtype::i64, vector_.lanes};
}

LATHE_INLINE std::string llvm_index_writer::pointer_of(std::int32_t index) {
  const auto found = pointers_.find(index);
  if (found != pointers_.end()) return found->second;
  const ir::buffer& of = buffer(index);
  const std::string name = "%b" + std::to_string(index);
  if (ir::is_private(of.where)) {
    entry_ += "  " + name + " = getelementptr inbounds i8, ptr %scratch, i64 " +
              std::to_string(scratch_[static_cast<std::size_t>(index)]) + "\n";
  } else {
    entry_ += "  " + name + ".p = getelementptr inbounds ptr, ptr %buffers, i64 " +
              std::to_string(table_index(index)) + "\n  " + name + " = load ptr, ptr " + name +
              ".p, !invariant.load !0\n";
  }
  pointers_[index] = name;
  return name;
}

/// Position in the kernel's buffer table: parameters and workspaces, in order.
LATHE_INLINE int llvm_index_writer::table_index(std::int32_t index) const {
  int position = 0;
  for (std::int32_t before = 0; before < index; ++before) {
    const ir::scope where = buffer(before).where;
    if (where == ir::scope::param || where == ir::scope::workspace) ++position;
  }
  return position;
}

LATHE_INLINE std::optional<std::int64_t> llvm_index_writer::step_along(ir::expr flat,
                                                                       ir::expr loop) const {
  const ir::expr variable = exprs_.terms(loop)[0].atom;
  std::int64_t step = 0;
  for (const ir::term& term : exprs_.terms(flat)) {
    if (term.atom == variable)
      step += term.coef;
    else if (exprs_.depends_on(term.atom, loop))
      return std::nullopt;
  }
  return step;
}

LATHE_INLINE llvm_index_writer::address llvm_index_writer::address_of(std::int32_t index,
                                                                      ir::expr flat) {
  address out;
  out.base = pointer_of(index);
  const std::string type = memory_type(buffer(index).type, 1);
  struct summand {
    std::size_t level;
    std::string text;
    std::int64_t coef;
    bool is_bound;  ///< the start of a narrowed loop
  };
  sequence<summand> moving;
  out.fixed = exprs_[flat].imm;
  bool irregular = false;
  for (const ir::term& each : exprs_.terms(flat)) {
    if (const auto part = known(each.atom)) {
      out.fixed += *part * each.coef;
      continue;
    }
    const dependence on = depends(each.atom);
    if (on.lanes) {
      if (exprs_[each.atom].what == ir::kind::variable)
        out.stride += each.coef;
      else
        irregular = true;
      continue;
    }
    const std::size_t level = on.constants || on.element ? levels_.size() - 1 : on.level;
    moving.push_back(
        {level, integer(each.atom).text, each.coef, exprs_[each.atom].what == ir::kind::binary});
  }
  if (irregular) out.lanes = lane_offsets(index, flat);
  // Outer loops first: what they contribute is computed where they are.
  sort(moving, [](const summand& left, const summand& right) { return left.level < right.level; });
  for (const summand& each : moving) {
    std::string key = out.base + "+" + std::to_string(each.coef) + "*" + each.text;
    auto& known_addresses = levels_[each.level].addresses;
    const auto found = known_addresses.find(key);
    if (found != known_addresses.end()) {
      out.base = found->second;
      continue;
    }
    const std::string offset =
        each.coef == 1
            ? each.text
            : define_at(each.level, "mul nsw i64 " + each.text + ", " + std::to_string(each.coef));
    out.base =
        define_at(each.level, "getelementptr " + type + ", ptr " + out.base + ", i64 " + offset);
    // LLVM's loop strength reduction does not see that addresses with a minimum or maximum in them
    // differ by constants, and keeps a pointer in memory for each; so it is not shown any.
    if (each.is_bound) out.base = define_at(each.level, "freeze ptr " + out.base);
    known_addresses[key] = out.base;
  }
  return out;
}

LATHE_INLINE std::string llvm_index_writer::pointer(std::int32_t index, const address& at,
                                                    std::int64_t more) {
  if (at.fixed + more == 0) return at.base;
  return define("getelementptr " + memory_type(buffer(index).type, 1) + ", ptr " + at.base +
                ", i64 " + std::to_string(at.fixed + more));
}

/// One pointer per lane, for irregular accesses.
LATHE_INLINE std::string llvm_index_writer::lane_pointers(std::int32_t index, const address& at) {
  llvm_value offsets = at.lanes;
  if (offsets.text.empty()) {
    offsets = {lane_numbers(vector_.lanes), dtype::i64, vector_.lanes};
    if (at.stride != 1)
      offsets.text = define("mul nsw " + type_of(offsets) + " " + offsets.text + ", " +
                            widen_constant(at.stride, vector_.lanes));
  }
  return define("getelementptr " + memory_type(buffer(index).type, 1) + ", ptr " +
                pointer(index, at) + ", " + type_of(offsets) + " " + offsets.text);
}

}  // namespace lathe::native::detail
