/// @file
/// Bodies of ir.hpp: interning, canonical linear forms, range analysis and simplification.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/lower/ir.hpp>

#include <bit>

namespace lathe::ir {

/// A linear expression taken apart.
struct pool::parts {
  std::int64_t constant = 0;
  sequence<term> terms;
};

namespace detail {

LATHE_INLINE std::int64_t saturating_add(std::int64_t left, std::int64_t right) {
  std::int64_t out = 0;
  if (!__builtin_add_overflow(left, right, &out)) return out;
  return left > 0 ? INT64_MAX : INT64_MIN;
}

LATHE_INLINE std::int64_t saturating_mul(std::int64_t left, std::int64_t right) {
  std::int64_t out = 0;
  if (!__builtin_mul_overflow(left, right, &out)) return out;
  return (left > 0) == (right > 0) ? INT64_MAX : INT64_MIN;
}

/// Sum of interval ends; an end at a limit stays at the limit ("unknown").
LATHE_INLINE interval sum(const interval& left, const interval& right) {
  return {left.low == INT64_MIN || right.low == INT64_MIN ? INT64_MIN
                                                          : saturating_add(left.low, right.low),
          left.high == INT64_MAX || right.high == INT64_MAX
              ? INT64_MAX
              : saturating_add(left.high, right.high)};
}

LATHE_INLINE interval scaled(const interval& value, std::int64_t factor) {
  if (factor == 0) return {0, 0};
  const std::int64_t low = value.low == INT64_MIN ? (factor > 0 ? INT64_MIN : INT64_MAX)
                                                  : saturating_mul(value.low, factor);
  const std::int64_t high = value.high == INT64_MAX ? (factor > 0 ? INT64_MAX : INT64_MIN)
                                                    : saturating_mul(value.high, factor);
  return factor > 0 ? interval{low, high} : interval{high, low};
}

}  // namespace detail

// ------------------------------------------------------------------------------ interning

LATHE_INLINE expr pool::intern(const node& value, std::span<const term> new_terms,
                               std::span<const expr> new_args) {
  std::uint64_t hash = 14695981039346656037ull;
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 1099511628211ull;
    hash ^= hash >> 29;
  };
  mix(static_cast<std::uint64_t>(value.what));
  mix(static_cast<std::uint64_t>(value.type));
  mix(static_cast<std::uint64_t>(value.fn));
  mix(static_cast<std::uint64_t>(value.a));
  mix(static_cast<std::uint64_t>(value.b));
  mix(static_cast<std::uint64_t>(value.c));
  mix(static_cast<std::uint64_t>(value.imm));
  mix(std::bit_cast<std::uint64_t>(value.num));
  for (const term& each : new_terms) {
    mix(static_cast<std::uint64_t>(each.atom));
    mix(static_cast<std::uint64_t>(each.coef));
  }
  for (const expr each : new_args) mix(static_cast<std::uint64_t>(each));

  for (expr at = chains_.empty() ? none : chains_[hash & (chains_.size() - 1)]; at != none;
       at = links_[static_cast<std::size_t>(at)].next) {
    if (links_[static_cast<std::size_t>(at)].hash != hash) continue;
    const node& other = (*this)[at];
    const bool same_head =
        other.what == value.what && other.type == value.type && other.fn == value.fn &&
        other.a == value.a && other.b == value.b && other.c == value.c && other.imm == value.imm &&
        std::bit_cast<std::uint64_t>(other.num) == std::bit_cast<std::uint64_t>(value.num);
    if (!same_head) continue;
    const auto old_terms = terms(at);
    const auto old_args = args(at);
    if (equal(old_terms, new_terms) && equal(old_args, new_args)) return at;
  }
  node stored = value;
  if (value.what == kind::linear) {
    stored.first = static_cast<std::int32_t>(terms_.size());
    stored.count = static_cast<std::int32_t>(new_terms.size());
    terms_.insert(terms_.end(), new_terms.begin(), new_terms.end());
  } else {
    stored.first = static_cast<std::int32_t>(args_.size());
    stored.count = static_cast<std::int32_t>(new_args.size());
    args_.insert(args_.end(), new_args.begin(), new_args.end());
  }
  nodes_.push_back(stored);
  const expr handle = static_cast<expr>(nodes_.size() - 1);
  links_.push_back({hash, none});
  if (nodes_.size() > chains_.size()) {
    chains_.assign(chains_.empty() ? 64 : 2 * chains_.size(), none);
    for (expr each = 0; each != handle; ++each) chain(each);
  }
  chain(handle);
  return handle;
}

LATHE_INLINE void pool::chain(expr handle) {
  link& of = links_[static_cast<std::size_t>(handle)];
  expr& head = chains_[of.hash & (chains_.size() - 1)];
  of.next = head;
  head = handle;
}

LATHE_INLINE std::span<const term> pool::terms(expr linear) const {
  const node& at = (*this)[linear];
  if (at.what != kind::linear) return {};
  return {terms_.data() + at.first, static_cast<std::size_t>(at.count)};
}

LATHE_INLINE std::span<const expr> pool::args(expr load_or_call) const {
  const node& at = (*this)[load_or_call];
  if (at.what == kind::linear) return {};
  return {args_.data() + at.first, static_cast<std::size_t>(at.count)};
}

LATHE_INLINE pool::parts pool::split(expr handle) const {
  const node& at = (*this)[handle];
  if (at.what != kind::linear) return {0, {{handle, 1}}};
  const auto all = terms(handle);
  return {at.imm, {all.begin(), all.end()}};
}

/// Sorts, merges equal atoms, drops zeros, and folds `d*c*(e/d) + c*(e%d)` into `c*e`.
LATHE_INLINE expr pool::make_linear(std::int64_t constant, sequence<term> list) {
  for (bool again = true; again;) {
    again = false;
    sort(list, [](const term& left, const term& right) { return left.atom < right.atom; });
    std::size_t kept = 0;
    for (std::size_t at = 0; at < list.size();) {
      term merged = list[at++];
      while (at < list.size() && list[at].atom == merged.atom) merged.coef += list[at++].coef;
      if (merged.coef != 0) list[kept++] = merged;
    }
    list.resize(kept);
    for (std::size_t remainder = 0; remainder < list.size() && !again; ++remainder) {
      const node whole = (*this)[list[remainder].atom];
      if (whole.what != kind::floor_mod) continue;
      for (std::size_t quotient = 0; quotient < list.size() && !again; ++quotient) {
        const node other = (*this)[list[quotient].atom];
        if (other.what != kind::floor_div ||
            list[quotient].coef != list[remainder].coef * whole.imm ||
            floor_div(whole.a, whole.imm) != as_linear(list[quotient].atom))
          continue;
        const std::int64_t factor = list[remainder].coef;
        const parts original = split(whole.a);
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(larger(quotient, remainder)));
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(smaller(quotient, remainder)));
        constant += factor * original.constant;
        for (const term& each : original.terms) list.push_back({each.atom, factor * each.coef});
        again = true;
      }
    }
  }
  node value;
  value.what = kind::linear;
  value.type = dtype::i64;
  value.imm = constant;
  return intern(value, list, {});
}

LATHE_INLINE expr pool::from_parts(const parts& value) {
  return make_linear(value.constant, value.terms);
}

/// i64 atoms are always seen wrapped in a linear node.
LATHE_INLINE expr pool::as_linear(expr atom) {
  if (atom == none || (*this)[atom].type != dtype::i64 || (*this)[atom].what == kind::linear)
    return atom;
  return make_linear(0, {{atom, 1}});
}

// ------------------------------------------------------------------------------ leaves

LATHE_INLINE expr pool::make_variable(std::string name, std::int64_t extent) {
  variables_.push_back({std::move(name), extent});
  node value;
  value.what = kind::variable;
  value.type = dtype::i64;
  value.imm = static_cast<std::int64_t>(variables_.size() - 1);
  return as_linear(intern(value, {}, {}));
}

LATHE_INLINE expr pool::constant(std::int64_t value) { return make_linear(value, {}); }

LATHE_INLINE expr pool::literal(dtype type, std::int64_t value, double number) {
  if (type == dtype::i64 || type == dtype::weak_int) return constant(value);
  node made;
  made.what = kind::literal;
  made.type = type;
  if (is_float(type))
    made.num = number;
  else
    made.imm = value;
  return intern(made, {}, {});
}

LATHE_INLINE expr pool::load(std::int32_t buffer, dtype type, std::span<const expr> indices) {
  node value;
  value.what = kind::load;
  value.type = type;
  value.imm = buffer;
  const sequence<expr> copy(indices.begin(), indices.end());
  return as_linear(intern(value, {}, copy));
}

LATHE_INLINE expr pool::call(std::string_view name, dtype type, std::span<const expr> args) {
  const std::size_t found = position(names_, name);
  if (found == names_.size()) names_.push_back(std::string(name));
  node value;
  value.what = kind::call;
  value.type = type;
  value.imm = static_cast<std::int64_t>(found);
  const sequence<expr> copy(args.begin(), args.end());
  return as_linear(intern(value, {}, copy));
}

// ------------------------------------------------------------------------------ i64 arithmetic

LATHE_INLINE expr pool::add(expr left, expr right) {
  parts sum = split(left);
  const parts other = split(right);
  sum.constant += other.constant;
  sum.terms.insert(sum.terms.end(), other.terms.begin(), other.terms.end());
  return from_parts(sum);
}

LATHE_INLINE expr pool::sub(expr left, expr right) { return add(left, scale(right, -1)); }

LATHE_INLINE expr pool::scale(expr value, std::int64_t factor) {
  // In two's complement, as i64 elements wrap: INT64_MIN * -1 is one of them.
  const auto times = [factor](std::int64_t number) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(number) *
                                     static_cast<std::uint64_t>(factor));
  };
  parts product = split(value);
  product.constant = times(product.constant);
  for (term& each : product.terms) each.coef = times(each.coef);
  return from_parts(product);
}

/// With the largest unit g for which it holds: (g*x + r) / (g*d) == x / d and (g*x + r) % (g*d) ==
/// g * (x % d) + r, because 0 <= r < g. Unit 1 if there is none.
LATHE_INLINE pool::measured pool::in_units(const parts& value, std::int64_t divisor) {
  measured best;
  for (const term& candidate : value.terms) {
    const std::int64_t unit = greatest_divisor(divisor, candidate.coef);
    if (unit <= best.unit) continue;
    parts units, left;
    units.constant = lathe::floor_div(value.constant, unit);
    left.constant = value.constant - units.constant * unit;
    for (const term& each : value.terms)
      if (each.coef % unit == 0)
        units.terms.push_back({each.atom, each.coef / unit});
      else
        left.terms.push_back(each);
    const expr rest = from_parts(left);
    const interval span = range(rest);
    if (span.low >= 0 && span.high < unit) best = {unit, from_parts(units), rest};
  }
  return best;
}

LATHE_INLINE expr pool::floor_div(expr value, std::int64_t divisor) {
  if (divisor == 1) return as_linear(value);
  const parts whole = split(value);
  parts quotient, rest;
  quotient.constant = lathe::floor_div(whole.constant, divisor);
  rest.constant = whole.constant - quotient.constant * divisor;
  for (const term& each : whole.terms) {
    if (each.coef % divisor == 0)
      quotient.terms.push_back({each.atom, each.coef / divisor});
    else
      rest.terms.push_back(each);
  }
  expr remainder = from_parts(rest);
  const interval span = range(remainder);
  if (span.bounded() &&
      lathe::floor_div(span.low, divisor) == lathe::floor_div(span.high, divisor)) {
    quotient.constant += lathe::floor_div(span.low, divisor);
    return from_parts(quotient);
  }
  if (const auto [unit, units, left] = in_units(rest, divisor); unit > 1)
    return add(from_parts(quotient), floor_div(units, divisor / unit));
  for (std::size_t at = 0; at < rest.terms.size(); ++at) {
    const node inner = (*this)[rest.terms[at].atom];
    if (rest.terms[at].coef != 1 || inner.what != kind::floor_div) continue;
    // (x + y/a) / b == (a*x + y) / (a*b), unless a*x might wrap
    parts others = rest;
    others.terms.erase(others.terms.begin() + static_cast<std::ptrdiff_t>(at));
    const expr both = add(scale(from_parts(others), inner.imm), inner.a);
    if ((others.terms.empty() && others.constant == 0) || range(both).bounded())
      return add(from_parts(quotient), floor_div(both, inner.imm * divisor));
  }
  node made;
  made.what = kind::floor_div;
  made.type = dtype::i64;
  made.a = remainder;
  made.imm = divisor;
  quotient.terms.push_back({intern(made, {}, {}), 1});
  return from_parts(quotient);
}

LATHE_INLINE expr pool::floor_mod(expr value, std::int64_t divisor) {
  if (divisor == 1) return constant(0);
  parts rest = split(value);
  erase_if(rest.terms, [&](const term& each) { return each.coef % divisor == 0; });
  rest.constant -= lathe::floor_div(rest.constant, divisor) * divisor;
  const expr remainder = from_parts(rest);
  const interval span = range(remainder);
  if (span.bounded()) {
    const std::int64_t low = lathe::floor_div(span.low, divisor);
    if (low == lathe::floor_div(span.high, divisor))
      return add(remainder, constant(-low * divisor));
  }
  for (std::size_t at = 0; at < rest.terms.size(); ++at) {
    // c * (a % m) == c * a + a multiple of d, if d divides c * m
    const node inner = (*this)[rest.terms[at].atom];
    if (inner.what != kind::floor_mod || rest.terms[at].coef * inner.imm % divisor != 0) continue;
    const expr same =
        add(sub(remainder, make_linear(0, {rest.terms[at]})), scale(inner.a, rest.terms[at].coef));
    if (range(same).bounded()) return floor_mod(same, divisor);  // elements may wrap around
  }
  if (const auto [unit, units, left] = in_units(rest, divisor); unit > 1)
    return add(scale(floor_mod(units, divisor / unit), unit), left);
  node made;
  made.what = kind::floor_mod;
  made.type = dtype::i64;
  made.a = remainder;
  made.imm = divisor;
  return make_linear(0, {{intern(made, {}, {}), 1}});
}

// ------------------------------------------------------------------------------ values

LATHE_INLINE expr pool::unary(opcode fn, dtype type, expr operand) {
  if (type == dtype::i64 && fn == opcode::neg) return scale(operand, -1);
  if (fn == opcode::logical_not && is_constant(operand))
    return literal(dtype::boolean, constant_value(operand) == 0, 0);
  node value;
  value.what = kind::unary;
  value.type = type;
  value.fn = fn;
  value.a = operand;
  return as_linear(intern(value, {}, {}));
}

LATHE_INLINE expr pool::binary(opcode fn, dtype type, expr left, expr right) {
  const auto boolean = [this](bool value) { return literal(dtype::boolean, value, 0); };
  if (type == dtype::i64) {
    switch (fn) {
      case opcode::add: return add(left, right);
      case opcode::sub: return sub(left, right);
      case opcode::mul:
        if (is_constant(right)) return scale(left, constant_value(right));
        if (is_constant(left)) return scale(right, constant_value(left));
        break;
      case opcode::floor_div: return floor_div(left, constant_value(right));
      case opcode::floor_mod: return floor_mod(left, constant_value(right));
      case opcode::min:
      case opcode::max: {
        const interval gap = range(sub(left, right));
        if (gap.high <= 0) return fn == opcode::min ? left : right;
        if (gap.low >= 0) return fn == opcode::min ? right : left;
        break;
      }
      default: break;
    }
  }
  if (is_comparison(fn) && (*this)[left].type == dtype::i64) {
    const interval gap = range(sub(left, right));
    switch (fn) {
      case opcode::less:
        if (gap.high < 0) return boolean(true);
        if (gap.low >= 0) return boolean(false);
        break;
      case opcode::less_equal:
        if (gap.high <= 0) return boolean(true);
        if (gap.low > 0) return boolean(false);
        break;
      case opcode::greater:
        if (gap.low > 0) return boolean(true);
        if (gap.high <= 0) return boolean(false);
        break;
      case opcode::greater_equal:
        if (gap.low >= 0) return boolean(true);
        if (gap.high < 0) return boolean(false);
        break;
      case opcode::equal:
      case opcode::not_equal:
        if (gap.low == 0 && gap.high == 0) return boolean(fn == opcode::equal);
        if (gap.low > 0 || gap.high < 0) return boolean(fn == opcode::not_equal);
        break;
      default: break;
    }
  }
  if (fn == opcode::logical_and || fn == opcode::logical_or) {
    const bool absorbing = fn == opcode::logical_or;
    for (const auto& [one, other] : {std::pair{left, right}, std::pair{right, left}})
      if (is_constant(one))
        return (constant_value(one) != 0) == absorbing ? boolean(absorbing) : other;
  }
  node value;
  value.what = kind::binary;
  value.type = type;
  value.fn = fn;
  value.a = left;
  value.b = right;
  return as_linear(intern(value, {}, {}));
}

LATHE_INLINE expr pool::select(expr condition, expr then, expr otherwise) {
  if (is_constant(condition)) return constant_value(condition) != 0 ? then : otherwise;
  if (then == otherwise) return then;
  node value;
  value.what = kind::select;
  value.type = (*this)[then].type;
  value.a = condition;
  value.b = then;
  value.c = otherwise;
  return as_linear(intern(value, {}, {}));
}

LATHE_INLINE expr pool::cast(dtype type, expr operand) {
  const node from = (*this)[operand];
  if (from.type == type) return operand;
  if (from.what == kind::literal && is_float(from.type) && is_float(type))
    return literal(type, 0, rounded_to(type, from.num));
  if (is_constant(operand) && is_float(type))
    return literal(type, 0, rounded_to(type, static_cast<double>(constant_value(operand))));
  node value;
  value.what = kind::cast;
  value.type = type;
  value.a = operand;
  return as_linear(intern(value, {}, {}));
}

// ------------------------------------------------------------------------------ questions

LATHE_INLINE bool pool::is_variable(expr handle) const {
  const node& at = (*this)[handle];
  if (at.what == kind::variable) return true;
  return at.what == kind::linear && at.imm == 0 && at.count == 1 && terms(handle)[0].coef == 1 &&
         (*this)[terms(handle)[0].atom].what == kind::variable;
}

LATHE_INLINE std::int64_t pool::variable_index(expr handle) const {
  const node& at = (*this)[handle];
  return at.what == kind::variable ? at.imm : (*this)[terms(handle)[0].atom].imm;
}

LATHE_INLINE bool pool::is_constant(expr handle) const {
  const node& at = (*this)[handle];
  return (at.what == kind::linear && at.count == 0) ||
         (at.what == kind::literal && !is_float(at.type));
}

LATHE_INLINE std::int64_t pool::constant_value(expr handle) const { return (*this)[handle].imm; }

LATHE_INLINE interval pool::range(expr handle) const {
  const node& at = (*this)[handle];
  switch (at.what) {
    case kind::linear: {
      interval total{at.imm, at.imm};
      for (const term& each : terms(handle))
        total = detail::sum(total, detail::scaled(range(each.atom), each.coef));
      return total;
    }
    case kind::variable: return {0, variable_at(at.imm).extent - 1};
    case kind::floor_div: {
      const interval inner = range(at.a);
      return {inner.low == INT64_MIN ? INT64_MIN : lathe::floor_div(inner.low, at.imm),
              inner.high == INT64_MAX ? INT64_MAX : lathe::floor_div(inner.high, at.imm)};
    }
    case kind::floor_mod: return {0, at.imm - 1};
    case kind::binary: {
      if (at.type != dtype::i64 || (at.fn != opcode::min && at.fn != opcode::max)) return {};
      const interval left = range(at.a), right = range(at.b);
      if (at.fn == opcode::min)
        return {smaller(left.low, right.low), smaller(left.high, right.high)};
      return {larger(left.low, right.low), larger(left.high, right.high)};
    }
    case kind::select: {
      if (at.type != dtype::i64) return {};
      const interval then = range(at.b), otherwise = range(at.c);
      return {smaller(then.low, otherwise.low), larger(then.high, otherwise.high)};
    }
    case kind::cast:
      switch ((*this)[at.a].type) {
        case dtype::boolean: return {0, 1};
        case dtype::i8: return {-128, 127};
        case dtype::u8: return {0, 255};
        case dtype::i32: return {INT32_MIN, INT32_MAX};
        default: return {};
      }
    default: return {};
  }
}

LATHE_INLINE bool pool::depends_on(expr handle, expr variable_expr) const {
  if (handle == none) return false;
  const node& at = (*this)[handle];
  if (at.what == kind::variable) return at.imm == variable_index(variable_expr);
  for (const term& each : terms(handle))
    if (depends_on(each.atom, variable_expr)) return true;
  for (const expr each : args(handle))
    if (depends_on(each, variable_expr)) return true;
  return depends_on(at.a, variable_expr) || depends_on(at.b, variable_expr) ||
         depends_on(at.c, variable_expr);
}

LATHE_INLINE expr pool::substitute(expr handle, std::span<const std::pair<expr, expr>> mapping) {
  flat_map<std::int64_t, expr> by_variable;
  for (const auto& [from, to] : mapping) by_variable.add(variable_index(from), to);
  flat_map<expr, expr> memo;
  auto leaf = [&](expr at, std::span<const expr>) -> expr {
    const node& value = (*this)[at];
    if (value.what != kind::variable) return at;
    const auto found = by_variable.find(value.imm);
    return found == by_variable.end() ? at : found->second;
  };
  return transform(handle, memo, leaf);
}

LATHE_INLINE expr pool::replace(expr handle, std::span<const std::pair<expr, expr>> mapping) {
  flat_map<expr, expr> memo;
  for (const auto& [from, to] : mapping) memo.add(from, to);
  auto leaf = [](expr at, std::span<const expr>) { return at; };
  return transform(handle, memo, leaf);
}

}  // namespace lathe::ir
