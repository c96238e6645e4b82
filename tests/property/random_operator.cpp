#include "property/random_operator.hpp"

#include "property/functions.hpp"
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace lathe::property {
namespace {

constexpr std::array<std::int64_t, 11> extents{1, 2, 3, 5, 7, 8, 13, 16, 17, 31, 33};
constexpr std::array<const char*, 4> spatial_names{"i", "j", "k", "l"};
constexpr std::array<const char*, 3> reduce_names{"r", "s", "t"};
constexpr std::array<const char*, 4> stage_names{"P", "Q", "R", "S"};
constexpr std::array<const char*, 10> input_names{"A", "B", "C", "D", "E", "F", "G", "H", "U", "V"};
constexpr std::array<const char*, 3> index_names{"M", "N", "O"};
constexpr std::array<const char*, 2> scalar_names{"alpha", "beta"};
constexpr std::array<dtype, 6> number_types{dtype::f32, dtype::f64, dtype::i64,
                                            dtype::i32, dtype::i8,  dtype::u8};
constexpr double most_points = 3000;          ///< iterations of one statement
constexpr std::int64_t most_elements = 5000;  ///< of an input

/// An expression node with the interval of its values and their number of fractional bits.
struct value {
  short node = -1;
  dtype type{};
  double low = 0, high = 0;
  int fraction = 0;
};

/// An index expression with its range.
struct index {
  short node = -1;
  std::int64_t low = 0, high = 0;
};

struct limits {
  double low, high;
};

limits limits_of(dtype type) {
  switch (type) {
    case dtype::i8: return {-128, 127};
    case dtype::u8: return {0, 255};
    case dtype::i32: return {-0x1p31, 0x1p31 - 1};
    case dtype::bf16: return {-0x1p8, 0x1p8};
    case dtype::f16: return {-0x1p11, 0x1p11};
    case dtype::f32: return {-0x1p24, 0x1p24};
    case dtype::f64: return {-0x1p52, 0x1p52};
    case dtype::boolean: return {0, 1};
    default: return {-0x1p60, 0x1p60};
  }
}

class operator_generator {
 public:
  operator_generator(random_engine& engine, bool math) : engine_(engine), math_(math) {}

  random_operator make() {
    const int types = 1 + below(3);
    if (math_) types_.push_back(chance(0.6) ? dtype::f32 : dtype::f64);
    for (int n = 0; n < types; ++n) types_.push_back(number_types[below(number_types.size())]);
    const int stages = 1 + (chance(0.6) ? below(2) : below(4));
    for (int n = 0; n < stages; ++n) add_stage(n, n + 1 == stages);
    choose_outputs();
    parameters_first();
    return std::move(out_);
  }

 private:
  std::uint32_t below(std::size_t bound) {
    return engine_.below(static_cast<std::uint32_t>(bound));
  }
  bool chance(double probability) { return engine_.chance(probability); }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::size_t>(high - low + 1)));
  }
  dtype any_type() { return types_[below(types_.size())]; }
  dtype any_half() { return chance(0.5) ? dtype::bf16 : dtype::f16; }

  short push(const desc_expr& node) {
    out_.exprs.push_back(node);
    return static_cast<short>(out_.exprs.size() - 1);
  }

  // ---------------------------------------------------------------- stages

  void add_stage(int at, bool last) {
    desc_stage stage;
    stage.name = stage_names[static_cast<std::size_t>(at)];
    stage.first_axis = static_cast<short>(out_.axes.size());
    points_ = 1;
    stage_ = static_cast<short>(at);
    open_.clear();
    const int spatial = 1 + below(4);
    desc_access write;
    write.stage = stage_;
    write.write = true;
    desc_tensor tensor;
    for (int dim = 0; dim < spatial; ++dim) {
      const short axis = open_axis(spatial_names[static_cast<std::size_t>(dim)], false);
      tensor.shape[dim] = out_.axes[static_cast<std::size_t>(axis)].extent;
      write.index[dim] = axis_node(axis);
    }
    stage.spatial = static_cast<short>(spatial);
    tensor.name = stage.name;
    tensor.rank = static_cast<short>(spatial);

    const double kind = engine_.uniform();
    value body = math_ && last ? math_body()
                 : kind < 0.35 ? any_value(any_type(), 3)
                 : kind < 0.65 ? reduction()
                 : kind < 0.85 ? combine(reduction(), 2)
                               : combine_reductions();
    if (!last && chance(0.05))
      body = condition(1);
    else if (!math_ && chance(0.05))
      body = converted(body, any_half());
    stage.body = body.node;
    stage.reduce =
        static_cast<short>(out_.axes.size() - static_cast<std::size_t>(stage.first_axis) -
                           static_cast<std::size_t>(spatial));
    tensor.type = body.type;
    tensor.producer = stage_;
    stage.tensor = static_cast<short>(out_.tensors.size());
    write.tensor = stage.tensor;
    stage.write = static_cast<short>(out_.accesses.size());
    out_.accesses.push_back(write);
    add_tensor(tensor, body);
    out_.tolerance.back() = tolerance_;
    out_.stages.push_back(stage);
  }

  short open_axis(const char* name, bool reduce) {
    std::int64_t extent = extents[below(extents.size())];
    while (extent > 1 && points_ * static_cast<double>(extent) > most_points)
      extent = extents[below(extents.size())];
    points_ *= static_cast<double>(extent);
    out_.axes.push_back({name, extent, stage_, reduce});
    open_.push_back(static_cast<short>(out_.axes.size() - 1));
    return open_.back();
  }

  short add_tensor(const desc_tensor& tensor, const value& elements, std::int64_t bound = 0) {
    out_.tensors.push_back(tensor);
    out_.index_bound.push_back(bound);
    out_.tolerance.push_back(0);
    elements_.push_back(elements);
    return static_cast<short>(out_.tensors.size() - 1);
  }

  // ---------------------------------------------------------------- math functions

  /// What the last statement computes with functions that are not exact. Nothing reads it.
  value math_body() {
    const dtype type = types_[0];
    tolerance_ = 12;
    if (chance(0.4)) return function(any_value(type, 2), false);
    if (chance(0.5)) {  // both branches for every lane, each with its own guard
      const value test = condition(1);
      const value yes = function(any_value(type, 1), false), no = function(load_as(type), false);
      value out = yes;
      out.node = push({opcode::select, type, {}, test.node, yes.node, no.node});
      return out;
    }
    const std::size_t outer = open_.size();
    desc_expr node{opcode::reduce, type, reducer_kind::sum};
    node.imm = static_cast<std::int64_t>(out_.axes.size());
    node.count = 1;
    const short axis = open_axis(reduce_names[0], true);
    const value term = function(any_value(type, 1), true);
    open_.resize(outer);
    node.a = term.node;
    tolerance_ +=
        4 * std::sqrt(static_cast<double>(out_.axes[static_cast<std::size_t>(axis)].extent));
    value out = term;
    out.node = push(node);
    return out;
  }

  value load_as(dtype type) { return converted(load(), type); }

  /// A function of `of`, scaled by a power of two into [-4, 4] where all of them behave.
  value function(const value& of, bool positive) {
    const dtype type = of.type;
    value at = of;
    const double most = std::max(std::fabs(of.low), std::fabs(of.high));
    if (most > 4) {
      const double scale = std::exp2(-std::ceil(std::log2(most / 4)));
      at.node = push({opcode::mul, type, {}, of.node, literal(type, scale).node});
    }
    constexpr std::array<opcode, 7> all{opcode::exp, opcode::log, opcode::pow, opcode::tanh,
                                        opcode::erf, opcode::sin, opcode::cos};
    const opcode fn = all[below(positive ? 3 : all.size())];
    value out{-1, type, -1, 1, 0};
    if (fn == opcode::log || fn == opcode::pow) {  // of 2 + |x|
      const short size = push({opcode::abs, type, {}, at.node});
      at.node = push({opcode::add, type, {}, size, literal(type, 2).node});
    }
    if (fn == opcode::pow)
      out.node = push({fn, type, {}, at.node, literal(type, 1.5).node});
    else
      out.node = push({fn, type, {}, at.node});
    return out;
  }

  value combine_reductions() {
    const value left = reduction();
    const value right = chance(0.7) ? reduction() : left;
    return arithmetic(left, converted(right, left.type), 1);
  }

  value reduction() {
    const std::size_t outer = open_.size();
    const int count = 1 + below(3);
    desc_expr node;
    node.op = opcode::reduce;
    node.imm = static_cast<std::int64_t>(out_.axes.size());
    node.count = static_cast<short>(count);
    double terms = 1;
    std::optional<value> first;  // a factor that depends on the first axis alone
    for (int n = 0; n < count; ++n) {
      const short axis = open_axis(reduce_names[static_cast<std::size_t>(n)], true);
      terms *= static_cast<double>(out_.axes[static_cast<std::size_t>(axis)].extent);
      if (n == 0 && count > 1 && chance(0.5)) first = any_value(any_type(), 1);
    }
    value term = !first && chance(0.1) ? product_of_words()
                                       : any_value(first ? first->type : any_type(), first ? 1 : 2);
    if (first) term = product(*first, term);
    open_.resize(outer);
    node.type = term.type;
    node.a = term.node;
    value made = reduced(term, terms, node);
    made.node = push(node);
    return made;
  }

  /// What dot product instructions take, if the schedule puts the terms together.
  value product_of_words() {
    const bool bytes = chance(0.5);
    const std::vector<dtype> others =
        bytes ? std::exchange(types_, {dtype::i8, dtype::u8}) : std::exchange(types_, {any_half()});
    const dtype type = bytes ? dtype::i32 : dtype::f32;
    const value left = converted(load(), type);
    const value made = product(left, converted(load(), type));
    types_ = others;
    return made;
  }

  /// Chooses a reducer whose result the type holds exactly.
  value reduced(const value& term, double terms, desc_expr& node) {
    value sum = term;
    sum.low = std::min(0.0, term.low * terms);
    sum.high = std::max(0.0, term.high * terms);
    const bool can_sum = fit(sum);
    const double most = std::max(std::fabs(term.low), std::fabs(term.high));
    const double product = std::pow(std::max(most, 1.0), terms);
    value prod = term;
    prod.low = -product;
    prod.high = product;
    const bool can_multiply = term.fraction == 0 && fit(prod);
    const double pick = engine_.uniform();
    if (can_sum && pick < 0.6) {
      node.kind = reducer_kind::sum;
      return sum;
    }
    if (can_multiply && pick < 0.75) {
      node.kind = reducer_kind::prod;
      return prod;
    }
    value out = term;
    if (pick < 0.9) {
      node.kind = chance(0.5) ? reducer_kind::max : reducer_kind::min;
      return out;
    }
    // The largest term, written with a comparison; or a sum, for all but the generator a mystery.
    node.kind = reducer_kind::user;
    desc_expr accumulated, term_argument;
    accumulated.op = term_argument.op = opcode::arg;
    accumulated.type = term_argument.type = term.type;
    term_argument.imm = 1;
    const short left = push(accumulated), right = push(term_argument);
    if (can_sum && chance(0.5)) {
      node.b = literal(term.type, 0).node;
      node.c = push({opcode::add, term.type, {}, left, right});
      return sum;
    }
    node.b = literal(term.type, std::floor(std::max(term.low, limits_of(term.type).low))).node;
    const short less = push({opcode::less, dtype::boolean, {}, left, right});
    node.c = push({opcode::select, term.type, {}, less, right, left});
    return out;
  }

  // ---------------------------------------------------------------- values

  /// Makes the interval of a result valid, or says that the type cannot hold it exactly.
  static bool fit(value& of) {
    const limits range = limits_of(of.type);
    if (of.type == dtype::i8 || of.type == dtype::u8) {  // wraps
      if (of.low < range.low || of.high > range.high) of.low = range.low, of.high = range.high;
      return true;
    }
    if (of.type == dtype::f16 && of.fraction > 24) return false;  // its smallest number is 2^-24
    const double scale = std::ldexp(1.0, of.fraction);
    return of.low * scale >= range.low && of.high * scale <= range.high;
  }

  value literal(dtype type, double number) {
    desc_expr node;
    node.op = opcode::literal;
    node.type = type;
    if (is_float(type))
      node.num = number;
    else
      node.imm = static_cast<std::int64_t>(number);
    const int fraction = std::floor(number) == number ? 0 : 1;
    return {push(node), type, number, number, fraction};
  }

  value small_literal(dtype type) {
    if (is_float(type) && chance(0.2)) return literal(type, 0.5);
    return literal(type, static_cast<double>(between(type == dtype::u8 ? 0 : -3, 5)));
  }

  value any_value(dtype type, int depth) {
    const std::uint32_t pick = below(depth > 0 ? 17 : 6);
    switch (pick) {
      case 0: return small_literal(type);
      case 1: return chance(0.5) ? axis_value(type) : converted(load(), type);
      case 2: return guarded_load(type);
      case 3:
      case 4:
      case 5: return converted(load(), type);
      case 6:
      case 7:
      case 8:
      case 9:
      case 10: return combine(any_value(type, depth - 1), depth - 1);
      case 11: return one_operand(any_value(type, depth - 1));
      case 12: return choice(type, depth - 1);
      case 13: return converted(any_value(any_type(), depth - 1), type);
      case 14: return divided(any_value(type, depth - 1), depth - 1);
      case 15: return called(any_value(type, depth - 1), any_value(type, depth - 1));
      default: return converted(condition(depth - 1), type);
    }
  }

  value combine(const value& left, int depth) {
    return arithmetic(left, any_value(left.type, depth), depth);
  }

  /// The product, or `left` if its type does not hold that exactly.
  value product(const value& left, const value& right) {
    const double corners[] = {left.low * right.low, left.low * right.high, left.high * right.low,
                              left.high * right.high};
    value out{-1, left.type, *std::ranges::min_element(corners), *std::ranges::max_element(corners),
              left.fraction + right.fraction};
    if (!fit(out)) return left;
    out.node = push({opcode::mul, left.type, {}, left.node, right.node});
    return out;
  }

  value arithmetic(const value& left, const value& right, int) {
    constexpr std::array<opcode, 7> operations{opcode::add, opcode::add, opcode::sub, opcode::mul,
                                               opcode::mul, opcode::min, opcode::max};
    const opcode op = operations[below(operations.size())];
    value out{-1, left.type, 0, 0, std::max(left.fraction, right.fraction)};
    switch (op) {
      case opcode::add:
        out.low = left.low + right.low;
        out.high = left.high + right.high;
        break;
      case opcode::sub:
        out.low = left.low - right.high;
        out.high = left.high - right.low;
        break;
      case opcode::mul: return product(left, right);
      case opcode::min:
        out.low = std::min(left.low, right.low);
        out.high = std::min(left.high, right.high);
        break;
      default:
        out.low = std::max(left.low, right.low);
        out.high = std::max(left.high, right.high);
        break;
    }
    if (!fit(out)) return left;
    out.node = push({op, left.type, {}, left.node, right.node});
    return out;
  }

  value one_operand(const value& of) {
    value out = of;
    opcode op = opcode::abs;
    if (of.type != dtype::u8 && chance(0.5)) {
      op = opcode::neg;
      out.low = -of.high;
      out.high = -of.low;
    } else if (is_float(of.type) && chance(0.4)) {
      op = opcode::floor;
      out.low = std::floor(of.low);
      out.high = std::floor(of.high);
      out.fraction = 0;
    } else if (of.low < 0) {
      out.high = std::max(-of.low, of.high);
      out.low = 0;
    }
    if (!fit(out)) return of;
    out.node = push({op, of.type, {}, of.node});
    return out;
  }

  value divided(const value& of, int depth) {
    value out = of;
    if (is_float(of.type)) {
      const bool by_four = chance(0.5);
      out.fraction += by_four ? 2 : 1;
      out.low = std::min(0.0, of.low);
      out.high = std::max(0.0, of.high);
      value scaled = out;
      if (!fit(scaled)) return of;
      out.node = push({opcode::div, of.type, {}, of.node, literal(of.type, by_four ? 4 : 2).node});
      return out;
    }
    const opcode op = chance(0.5) ? opcode::div : opcode::mod;
    const double most = std::max(std::fabs(of.low), std::fabs(of.high));
    out.low = of.type == dtype::u8 ? 0 : -most;
    out.high = most;
    if (!fit(out)) return of;
    if (chance(0.5)) {
      out.node = push(
          {op, of.type, {}, of.node, literal(of.type, static_cast<double>(between(2, 7))).node});
      return out;
    }
    // Lazy: the divisor may be zero where the other branch is taken.
    const value divisor = any_value(of.type, std::min(depth, 1));
    const short zero = literal(of.type, 0).node;
    const short positive = push({opcode::greater, dtype::boolean, {}, divisor.node, zero});
    const short quotient = push({op, of.type, {}, of.node, divisor.node});
    out.node = push({opcode::select, of.type, {}, positive, quotient, zero});
    return out;
  }

  /// A function of the program: the larger one of two numbers (functions.cpp).
  value called(const value& left, const value& right) {
    value out{-1, left.type, std::max(left.low, right.low), std::max(left.high, right.high),
              std::max(left.fraction, right.fraction)};
    if (!fit(out)) return left;
    desc_expr node{opcode::call, left.type, {}, left.node, right.node};
    node.name = larger_name(left.type);
    out.node = push(node);
    return out;
  }

  value choice(dtype type, int depth) {
    const value test = condition(depth);
    const value yes = any_value(type, depth), no = any_value(type, depth);
    value out{-1, type, std::min(yes.low, no.low), std::max(yes.high, no.high),
              std::max(yes.fraction, no.fraction)};
    if (!fit(out)) return yes;
    out.node = push({opcode::select, type, {}, test.node, yes.node, no.node});
    return out;
  }

  value condition(int depth) {
    value out{-1, dtype::boolean, 0, 1, 0};
    const std::uint32_t pick = below(depth > 0 ? 5 : 3);
    if (pick == 0) {  // between indices
      const index left = any_index();
      const short right = index_constant(between(left.low, left.high + 1));
      out.node = push({comparison(), dtype::boolean, {}, left.node, right});
    } else if (pick <= 2) {
      const dtype type = any_type();
      const value left = any_value(type, std::max(depth - 1, 0));
      const value right = any_value(type, std::max(depth - 1, 0));
      out.node = push({comparison(), dtype::boolean, {}, left.node, right.node});
    } else if (pick == 3) {
      out.node = push({opcode::logical_not, dtype::boolean, {}, condition(depth - 1).node});
    } else {
      const short left = condition(depth - 1).node, right = condition(depth - 1).node;
      out.node = push({chance(0.5) ? opcode::logical_and : opcode::logical_or,
                       dtype::boolean,
                       {},
                       left,
                       right});
    }
    return out;
  }

  opcode comparison() {
    constexpr std::array<opcode, 6> all{opcode::less,    opcode::less_equal,
                                        opcode::greater, opcode::greater_equal,
                                        opcode::equal,   opcode::not_equal};
    return all[below(all.size())];
  }

  value converted(const value& of, dtype type) {
    if (of.type == type) return of;
    value out = of;
    out.type = type;
    const limits range = limits_of(type);
    if (!is_float(type)) {
      const bool inside = of.low >= range.low && of.high <= range.high;
      if (is_float(of.type) && !inside) return small_literal(type);  // undefined in C++
      if (!inside) out.low = range.low, out.high = range.high;
      out.fraction = 0;
    }
    if (!fit(out)) return small_literal(type);
    out.node = push({opcode::cast, type, {}, of.node});
    return out;
  }

  value axis_value(dtype type) {
    const index at = any_index();
    const value number{at.node, dtype::i64, static_cast<double>(at.low),
                       static_cast<double>(at.high), 0};
    return converted(number, type);
  }

  // ---------------------------------------------------------------- indices

  short axis_node(short axis) {
    desc_expr node;
    node.op = opcode::axis;
    node.type = dtype::i64;
    node.imm = axis;
    return push(node);
  }
  short index_constant(std::int64_t number) {
    return literal(dtype::i64, static_cast<double>(number)).node;
  }
  short index_node(opcode op, short left, short right) {
    return push({op, dtype::i64, {}, left, right});
  }

  index plain_axis() {
    const short axis = open_[below(open_.size())];
    return {axis_node(axis), 0, out_.axes[static_cast<std::size_t>(axis)].extent - 1};
  }

  index scaled(const index& of, std::int64_t factor) {
    if (factor == 1) return of;
    const std::int64_t ends[] = {of.low * factor, of.high * factor};
    return {index_node(opcode::mul, of.node, index_constant(factor)), std::min(ends[0], ends[1]),
            std::max(ends[0], ends[1])};
  }

  index shifted(const index& of, std::int64_t offset) {
    if (offset == 0) return of;
    return {index_node(opcode::add, of.node, index_constant(offset)), of.low + offset,
            of.high + offset};
  }

  /// Strides, dilations, negative coefficients and offsets; may be negative.
  index affine() {
    index out = scaled(plain_axis(), chance(0.2) ? -1 : between(1, 3));
    if (chance(0.6)) {
      const index other = scaled(plain_axis(), chance(0.15) ? -2 : between(1, 3));
      out = {index_node(opcode::add, out.node, other.node), out.low + other.low,
             out.high + other.high};
    }
    return shifted(out, between(-3, 3));
  }

  index quotient(const index& of, std::int64_t divisor) {
    const auto floored = [&](std::int64_t at) { return at / divisor - (at % divisor < 0 ? 1 : 0); };
    return {index_node(opcode::floor_div, of.node, index_constant(divisor)), floored(of.low),
            floored(of.high)};
  }

  index remainder(const index& of, std::int64_t divisor) {
    return {index_node(opcode::floor_mod, of.node, index_constant(divisor)), 0, divisor - 1};
  }

  index any_index() {
    switch (below(10)) {
      case 0:
      case 1: return affine();
      case 2: return quotient(affine(), between(2, 5));
      case 3: return remainder(affine(), between(2, 9));
      case 4: return chance(0.5) ? gathered() : plain_axis();
      default: return plain_axis();
    }
  }

  /// An element of an integer tensor as an index.
  index gathered() {
    short tensor = -1;
    for (std::size_t at = 0; at < out_.tensors.size(); ++at)
      if (out_.index_bound[at] > 0 && chance(0.5)) tensor = static_cast<short>(at);
    if (tensor < 0 && gathers_ == index_names.size()) return plain_axis();
    if (tensor < 0) {
      constexpr std::array<dtype, 3> kinds{dtype::i32, dtype::i64, dtype::u8};
      desc_tensor made;
      made.name = index_names[gathers_++];
      made.type = kinds[below(kinds.size())];
      made.rank = 1;
      made.shape[0] = extents[3 + below(5)];
      const std::int64_t bound = between(2, 9);
      tensor = add_tensor(made, {-1, made.type, 0, static_cast<double>(bound - 1), 0}, bound);
    }
    const desc_tensor& of = out_.tensors[static_cast<std::size_t>(tensor)];
    desc_access access;
    access.tensor = tensor;
    access.stage = stage_;
    access.index[0] = inside(of.shape[0]).node;
    short node = load_node(access);
    if (of.type != dtype::i64) node = push({opcode::cast, dtype::i64, {}, node});
    return {node, 0, out_.index_bound[static_cast<std::size_t>(tensor)] - 1};
  }

  /// An index in [0, extent).
  index inside(std::int64_t extent) {
    for (int attempt = 0; attempt < 4; ++attempt) {
      const index made = attempt == 0 ? plain_axis() : not_a_gather();
      if (made.high - made.low >= extent) continue;
      return shifted(made, made.low < 0          ? -made.low
                           : made.high >= extent ? extent - 1 - made.high
                                                 : 0);
    }
    if (chance(0.2)) return {index_constant(extent - 1), extent - 1, extent - 1};
    return remainder(plain_axis(), extent);
  }
  index not_a_gather() {
    const std::uint32_t pick = below(4);
    return pick == 0 ? quotient(affine(), between(2, 5)) : pick == 1 ? affine() : plain_axis();
  }

  // ---------------------------------------------------------------- tensors

  short load_node(const desc_access& access) {
    out_.accesses.push_back(access);
    out_.tensors[static_cast<std::size_t>(access.tensor)].read = true;
    desc_expr node;
    node.op = opcode::load;
    node.type = out_.tensors[static_cast<std::size_t>(access.tensor)].type;
    node.imm = static_cast<std::int64_t>(out_.accesses.size()) - 1;
    return push(node);
  }

  value loaded(const desc_access& access) {
    value out = elements_[static_cast<std::size_t>(access.tensor)];
    out.node = load_node(access);
    return out;
  }

  static value input_elements(dtype type) {
    const double most = input_magnitude(type);
    return {-1, type,
            type == dtype::u8 || type == dtype::boolean ? 0
            : type == dtype::i8                         ? -128
                                                        : -most,
            most, 0};
  }

  value load() {
    desc_access access;
    access.stage = stage_;
    const double pick = engine_.uniform();
    if (pick < 0.06 && scalars_ < scalar_names.size()) {
      desc_tensor made;
      made.name = scalar_names[scalars_++];
      made.type = any_type();
      made.scalar = true;
      access.tensor = add_tensor(made, input_elements(made.type));
      return loaded(access);
    }
    if (!out_.tensors.empty() && (pick < 0.55 || inputs_ == input_names.size())) {
      access.tensor = static_cast<short>(below(out_.tensors.size()));
      for (int attempt = 0; attempt < 3 && chance(0.7); ++attempt)  // intermediates make pipelines
        if (out_.tensors[static_cast<std::size_t>(access.tensor)].producer < 0)
          access.tensor = static_cast<short>(below(out_.tensors.size()));
      const desc_tensor of = out_.tensors[static_cast<std::size_t>(access.tensor)];
      for (int dim = 0; dim < of.rank; ++dim) access.index[dim] = inside(of.shape[dim]).node;
      return loaded(access);
    }
    desc_tensor made = new_input();
    std::int64_t elements = 1;
    for (int dim = 0; dim < made.rank; ++dim) {
      index at = any_index();
      if (at.low < 0) at = shifted(at, -at.low);
      if (elements * (at.high + 1) > most_elements) at = remainder(at, 5);
      elements *= at.high + 1;
      access.index[dim] = at.node;
      made.shape[dim] = at.high + 1;
      if (chance(0.15)) made.shape[dim] += between(1, 3);
    }
    access.tensor = add_tensor(made, input_elements(made.type));
    return loaded(access);
  }

  desc_tensor new_input() {
    desc_tensor made;
    made.name = input_names[inputs_++];
    made.type = chance(0.03) ? dtype::boolean : chance(0.05) ? any_half() : any_type();
    made.rank = static_cast<short>(1 + below(3));
    made.declared = true;
    return made;
  }

  /// select(index is inside, X(index), other): padding, cropping, and the holes of a strided
  /// scatter.
  value guarded_load(dtype type) {
    if (inputs_ == input_names.size()) return small_literal(type);
    desc_tensor made = new_input();
    made.rank = static_cast<short>(1 + below(2));
    desc_access access;
    access.stage = stage_;
    access.guarded = true;
    short test = -1;
    const auto require = [&](opcode op, short left, std::int64_t right) {
      const short one = push({op, dtype::boolean, {}, left, index_constant(right)});
      test = test < 0 ? one : push({opcode::logical_and, dtype::boolean, {}, test, one});
    };
    for (int dim = 0; dim < made.rank; ++dim) {
      index at = dim == 0 || chance(0.5) ? affine() : plain_axis();
      if (chance(0.25)) {
        const std::int64_t stride = between(2, 3);
        require(opcode::equal, remainder(at, stride).node, 0);
        at = quotient(at, stride);
      }
      const std::int64_t extent = between(1, std::max<std::int64_t>(at.high, 1));
      if (at.low < 0 || chance(0.3)) require(opcode::greater_equal, at.node, 0);
      if (at.high >= extent || chance(0.3)) require(opcode::less, at.node, extent);
      access.index[dim] = at.node;
      made.shape[dim] = extent;
    }
    if (test < 0) require(opcode::less_equal, access.index[0], made.shape[0] - 1);
    access.tensor = add_tensor(made, input_elements(made.type));
    const value taken = converted(loaded(access), type);
    const value other = chance(0.6) ? literal(type, 0) : small_literal(type);
    value out{-1, type, std::min(taken.low, other.low), std::max(taken.high, other.high),
              std::max(taken.fraction, other.fraction)};
    out.node = push({opcode::select, type, {}, test, taken.node, other.node});
    return out;
  }

  // ---------------------------------------------------------------- parameters

  /// What nobody reads must be an output; so may anything else.
  void choose_outputs() {
    for (desc_tensor& tensor : out_.tensors)
      if (tensor.producer < 0 || !tensor.read || chance(0.15)) tensor.param = 0;
  }

  void parameters_first() {
    // An input that lost its only load (the expression was dropped) stays a parameter: harmless.
    std::vector<short> order, place(out_.tensors.size());
    for (const bool params : {true, false})
      for (std::size_t at = 0; at < out_.tensors.size(); ++at)
        if ((out_.tensors[at].param >= 0) == params) order.push_back(static_cast<short>(at));
    std::vector<desc_tensor> tensors;
    std::vector<std::int64_t> bound;
    std::vector<double> tolerance;
    for (const short from : order) {
      place[static_cast<std::size_t>(from)] = static_cast<short>(tensors.size());
      tensors.push_back(out_.tensors[static_cast<std::size_t>(from)]);
      bound.push_back(out_.index_bound[static_cast<std::size_t>(from)]);
      tolerance.push_back(out_.tolerance[static_cast<std::size_t>(from)]);
      if (tensors.back().param < 0) continue;
      tensors.back().param = static_cast<short>(tensors.size() - 1);
      out_.param_count = static_cast<short>(tensors.size());
    }
    out_.tensors = std::move(tensors);
    out_.index_bound = std::move(bound);
    out_.tolerance = std::move(tolerance);
    for (desc_access& each : out_.accesses)
      each.tensor = place[static_cast<std::size_t>(each.tensor)];
    for (desc_stage& each : out_.stages) each.tensor = place[static_cast<std::size_t>(each.tensor)];
  }

  random_engine& engine_;
  random_operator out_;
  std::vector<dtype> types_;
  std::vector<value> elements_;  ///< by tensor: what its elements can be
  std::vector<short> open_;      ///< axes in scope
  short stage_ = 0;
  double points_ = 1;  ///< iterations of the current statement
  bool math_ = false;
  double tolerance_ = 0;
  std::size_t inputs_ = 0, gathers_ = 0, scalars_ = 0;
};

const char* symbol_of(opcode op) {
  switch (op) {
    case opcode::add: return " + ";
    case opcode::sub: return " - ";
    case opcode::mul: return " * ";
    case opcode::div: return " / ";
    case opcode::mod: return " % ";
    case opcode::floor_div: return " // ";
    case opcode::floor_mod: return " %% ";
    case opcode::min: return " min ";
    case opcode::max: return " max ";
    case opcode::less: return " < ";
    case opcode::less_equal: return " <= ";
    case opcode::greater: return " > ";
    case opcode::greater_equal: return " >= ";
    case opcode::equal: return " == ";
    case opcode::not_equal: return " != ";
    case opcode::logical_and: return " && ";
    case opcode::logical_or: return " || ";
    case opcode::neg: return "-";
    case opcode::logical_not: return "!";
    case opcode::abs: return "abs";
    case opcode::floor: return "floor";
    case opcode::call: return " larger ";
    case opcode::exp: return "exp";
    case opcode::log: return "log";
    case opcode::tanh: return "tanh";
    case opcode::erf: return "erf";
    case opcode::sin: return "sin";
    case opcode::cos: return "cos";
    case opcode::pow: return " pow ";
    default: return "?";
  }
}

std::string text_of(const random_operator& in, int at) {
  const desc_expr& node = in.exprs[static_cast<std::size_t>(at)];
  switch (node.op) {
    case opcode::literal:
      return is_float(node.type) ? std::to_string(node.num) : std::to_string(node.imm);
    case opcode::axis: return in.axes[static_cast<std::size_t>(node.imm)].name;
    case opcode::arg: return node.imm == 0 ? "#0" : "#1";
    case opcode::load: {
      const desc_access& access = in.accesses[static_cast<std::size_t>(node.imm)];
      const desc_tensor& tensor = in.tensors[static_cast<std::size_t>(access.tensor)];
      std::string out = tensor.name;
      for (int dim = 0; dim < tensor.rank; ++dim)
        out += (dim == 0 ? "(" : ", ") + text_of(in, access.index[dim]);
      return tensor.rank > 0 ? out + ")" : out;
    }
    case opcode::select:
      return "select(" + text_of(in, node.a) + ", " + text_of(in, node.b) + ", " +
             text_of(in, node.c) + ")";
    case opcode::cast: return std::string(name_of(node.type)) + "(" + text_of(in, node.a) + ")";
    case opcode::reduce: {
      constexpr std::array<const char*, 5> names{"sum", "prod", "max", "min", "user"};
      std::string out = names[static_cast<std::size_t>(node.kind)];
      if (node.kind == reducer_kind::user)
        out += "{" + text_of(in, node.b) + ", " + text_of(in, node.c) + "}";
      for (int n = 0; n < node.count; ++n) {
        const desc_axis& axis = in.axes[static_cast<std::size_t>(node.imm + n)];
        out += (n == 0 ? "(" : ", ") + std::string(axis.name) + ":" + std::to_string(axis.extent);
      }
      return out + ")(" + text_of(in, node.a) + ")";
    }
    default:
      if (node.b < 0) return symbol_of(node.op) + ("(" + text_of(in, node.a) + ")");
      return "(" + text_of(in, node.a) + symbol_of(node.op) + text_of(in, node.b) + ")";
  }
}

}  // namespace

desc_view random_operator::view() const {
  desc_view out;
  out.name = "random";
  out.exprs = exprs.data();
  out.axes = axes.data();
  out.tensors = tensors.data();
  out.accesses = accesses.data();
  out.stages = stages.data();
  out.expr_count = static_cast<short>(exprs.size());
  out.axis_count = static_cast<short>(axes.size());
  out.tensor_count = static_cast<short>(tensors.size());
  out.access_count = static_cast<short>(accesses.size());
  out.stage_count = static_cast<short>(stages.size());
  out.param_count = param_count;
  return out;
}

std::int64_t random_operator::elements(int tensor) const {
  const desc_tensor& of = tensors[static_cast<std::size_t>(tensor)];
  std::int64_t count = 1;
  for (int dim = 0; dim < of.rank; ++dim) count *= of.shape[dim];
  return count;
}

random_operator copy_of(const desc_view& source) {
  random_operator out;
  out.exprs.assign(source.exprs, source.exprs + source.expr_count);
  out.axes.assign(source.axes, source.axes + source.axis_count);
  out.tensors.assign(source.tensors, source.tensors + source.tensor_count);
  out.accesses.assign(source.accesses, source.accesses + source.access_count);
  out.stages.assign(source.stages, source.stages + source.stage_count);
  out.index_bound.assign(out.tensors.size(), 0);
  out.tolerance.assign(out.tensors.size(), 0);
  out.param_count = source.param_count;
  return out;
}

random_operator make_operator(random_engine& engine, bool math) {
  return operator_generator(engine, math).make();
}

int input_magnitude(dtype type) {
  switch (type) {
    case dtype::boolean: return 1;
    case dtype::i8: return 127;
    case dtype::u8: return 255;
    case dtype::bf16:
    case dtype::f16:
    case dtype::f32: return 2;
    default: return 9;
  }
}

std::string to_text(const random_operator& source) {
  std::string out;
  for (std::size_t at = 0; at < source.tensors.size(); ++at) {
    const desc_tensor& tensor = source.tensors[at];
    out += std::string(tensor.param < 0       ? "intermediate "
                       : tensor.producer >= 0 ? "output "
                                              : "input ") +
           name_of(tensor.type) + " " + tensor.name;
    for (int dim = 0; dim < tensor.rank; ++dim)
      out += "[" + std::to_string(tensor.shape[dim]) + "]";
    if (source.index_bound[at] > 0) out += " below " + std::to_string(source.index_bound[at]);
    out += "\n";
  }
  for (const desc_stage& stage : source.stages) {
    out += stage.name;
    for (int dim = 0; dim < stage.spatial; ++dim) {
      const desc_axis& axis = source.axes[static_cast<std::size_t>(stage.first_axis + dim)];
      out += (dim == 0 ? "(" : ", ") + std::string(axis.name) + ":" + std::to_string(axis.extent);
    }
    out += ") = " + text_of(source, stage.body) + "\n";
  }
  return out;
}

}  // namespace lathe::property
