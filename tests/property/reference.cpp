#include "property/reference.hpp"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace lathe::property {
namespace {

/// A number of any element type: `real` for floating-point types, `whole` otherwise.
struct scalar {
  double real = 0;
  std::int64_t whole = 0;
};

/// Rounds or wraps a result to what its type holds.
scalar rounded(dtype type, scalar value) {
  switch (type) {
    case dtype::f32: return {static_cast<double>(static_cast<float>(value.real)), 0};
    case dtype::f64: return {value.real, 0};
    case dtype::bf16:
    case dtype::f16: return {rounded_to(type, value.real), 0};
    case dtype::boolean: return {0, value.whole != 0 ? 1 : 0};
    case dtype::i8: return {0, static_cast<std::int8_t>(value.whole)};
    case dtype::u8: return {0, static_cast<std::uint8_t>(value.whole)};
    case dtype::i32: return {0, static_cast<std::int32_t>(value.whole)};
    default: return {0, value.whole};
  }
}

template <class Element>
scalar read_as(const std::byte* from) {
  Element element;
  std::memcpy(&element, from, sizeof element);
  if constexpr (is_float(dtype_of<Element>))
    return {static_cast<double>(element), 0};
  else
    return {0, static_cast<std::int64_t>(element)};
}

scalar read(dtype type, const std::byte* data, std::int64_t at) {
  const std::byte* from = data + at * size_of(type);
  switch (type) {
    case dtype::f32: return read_as<float>(from);
    case dtype::f64: return read_as<double>(from);
    case dtype::bf16: return read_as<bf16>(from);
    case dtype::f16: return read_as<f16>(from);
    case dtype::i32: return read_as<std::int32_t>(from);
    case dtype::i64: return read_as<std::int64_t>(from);
    case dtype::i8: return read_as<std::int8_t>(from);
    default: return read_as<std::uint8_t>(from);
  }
}

template <class Element, class Number>
void write_as(std::byte* to, Number number) {
  const auto element = static_cast<Element>(number);
  std::memcpy(to, &element, sizeof element);
}

void write(dtype type, std::byte* data, std::int64_t at, scalar value) {
  std::byte* to = data + at * size_of(type);
  switch (type) {
    case dtype::f32: return write_as<float>(to, value.real);
    case dtype::f64: return write_as<double>(to, value.real);
    case dtype::bf16: return write_as<bf16>(to, value.real);
    case dtype::f16: return write_as<f16>(to, value.real);
    case dtype::i32: return write_as<std::int32_t>(to, value.whole);
    case dtype::i64: return write_as<std::int64_t>(to, value.whole);
    default: return write_as<std::uint8_t>(to, value.whole);
  }
}

class evaluator {
 public:
  evaluator(const random_operator& source, tensor_data& data)
      : source_(source), data_(data), axis_(source.axes.size(), 0) {}

  void run() {
    for (const desc_stage& stage : source_.stages) {
      for_each(stage.first_axis, stage.spatial, [&] {
        const desc_access& write_access = source_.accesses[static_cast<std::size_t>(stage.write)];
        write(source_.tensors[static_cast<std::size_t>(stage.tensor)].type,
              data_[static_cast<std::size_t>(stage.tensor)].data(), place(write_access),
              value(stage.body));
      });
    }
  }

 private:
  /// Runs `body` for all values of `count` axes, outermost first.
  template <class Body>
  void for_each(int first, int count, Body&& body) {
    if (count == 0) return body();
    std::int64_t& at = axis_[static_cast<std::size_t>(first)];
    for (at = 0; at < source_.axes[static_cast<std::size_t>(first)].extent; ++at)
      for_each(first + 1, count - 1, body);
  }

  std::int64_t place(const desc_access& access) {
    const desc_tensor& tensor = source_.tensors[static_cast<std::size_t>(access.tensor)];
    std::int64_t at = 0;
    for (int dim = 0; dim < tensor.rank; ++dim) {
      const std::int64_t index = value(access.index[dim]).whole;
      if (index < 0 || index >= tensor.shape[dim]) std::abort();  // the generator made a bad access
      at = at * tensor.shape[dim] + index;
    }
    return at;
  }

  scalar value(int handle) {
    const desc_expr& node = source_.exprs[static_cast<std::size_t>(handle)];
    switch (node.op) {
      case opcode::literal: return {node.num, node.imm};
      case opcode::axis: return {0, axis_[static_cast<std::size_t>(node.imm)]};
      case opcode::arg: return node.imm == 0 ? accumulated_ : term_;
      case opcode::load: {
        const desc_access& access = source_.accesses[static_cast<std::size_t>(node.imm)];
        return read(node.type, data_[static_cast<std::size_t>(access.tensor)].data(),
                    place(access));
      }
      case opcode::select: return value(value(node.a).whole != 0 ? node.b : node.c);
      case opcode::cast: return cast(node);
      case opcode::reduce: return reduce(node);
      case opcode::logical_not: return {0, value(node.a).whole == 0};
      case opcode::logical_and: return {0, value(node.a).whole != 0 && value(node.b).whole != 0};
      case opcode::logical_or: return {0, value(node.a).whole != 0 || value(node.b).whole != 0};
      default: break;
    }
    const dtype type = source_.exprs[static_cast<std::size_t>(node.a)].type;
    const scalar left = value(node.a), right = node.b >= 0 ? value(node.b) : scalar{};
    if (is_float(type)) return rounded(node.type, real_operation(node.op, left.real, right.real));
    return rounded(node.type, {0, whole_operation(node.op, left.whole, right.whole)});
  }

  static scalar real_operation(opcode op, double left, double right) {
    switch (op) {
      case opcode::add: return {left + right, 0};
      case opcode::sub: return {left - right, 0};
      case opcode::mul: return {left * right, 0};
      case opcode::div: return {left / right, 0};
      case opcode::min: return {left < right ? left : right, 0};
      case opcode::max: return {left > right ? left : right, 0};
      case opcode::neg: return {-left, 0};
      case opcode::abs: return {std::fabs(left), 0};
      case opcode::floor: return {std::floor(left), 0};
      case opcode::exp: return {std::exp(left), 0};
      case opcode::log: return {std::log(left), 0};
      case opcode::tanh: return {std::tanh(left), 0};
      case opcode::erf: return {std::erf(left), 0};
      case opcode::sin: return {std::sin(left), 0};
      case opcode::cos: return {std::cos(left), 0};
      case opcode::pow: return {std::pow(left, right), 0};
      case opcode::call: return {left > right ? left : right, 0};
      case opcode::less: return {0, left < right};
      case opcode::less_equal: return {0, left <= right};
      case opcode::greater: return {0, left > right};
      case opcode::greater_equal: return {0, left >= right};
      case opcode::equal: return {0, left == right};
      case opcode::not_equal: return {0, left != right};
      default: std::abort();
    }
  }

  static std::int64_t whole_operation(opcode op, std::int64_t left, std::int64_t right) {
    const auto floored = [&] { return left / right - (left % right < 0 ? 1 : 0); };
    switch (op) {
      case opcode::add: return left + right;
      case opcode::sub: return left - right;
      case opcode::mul: return left * right;
      case opcode::div: return left / right;
      case opcode::mod: return left % right;
      case opcode::floor_div: return floored();
      case opcode::floor_mod: return left - floored() * right;
      case opcode::min: return left < right ? left : right;
      case opcode::max: return left > right ? left : right;
      case opcode::neg: return -left;
      case opcode::abs: return left < 0 ? -left : left;
      case opcode::call: return left > right ? left : right;
      case opcode::less: return left < right;
      case opcode::less_equal: return left <= right;
      case opcode::greater: return left > right;
      case opcode::greater_equal: return left >= right;
      case opcode::equal: return left == right;
      case opcode::not_equal: return left != right;
      default: std::abort();
    }
  }

  scalar cast(const desc_expr& node) {
    const dtype from = source_.exprs[static_cast<std::size_t>(node.a)].type;
    scalar of = value(node.a);
    if (is_float(from) && !is_float(node.type)) of.whole = static_cast<std::int64_t>(of.real);
    if (!is_float(from) && is_float(node.type)) of.real = static_cast<double>(of.whole);
    return rounded(node.type, of);
  }

  scalar reduce(const desc_expr& node) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    scalar total;
    bool first = true;
    if (node.kind == reducer_kind::user) total = value(node.b);
    if (node.kind == reducer_kind::prod) total = {1, 1};
    if (node.kind == reducer_kind::max) total = {-infinity, 0};
    if (node.kind == reducer_kind::min) total = {infinity, 0};
    for_each(static_cast<int>(node.imm), node.count, [&] {
      const scalar term = value(node.a);
      const auto joined = [&](opcode op) {
        return rounded(node.type, is_float(node.type)
                                      ? real_operation(op, total.real, term.real)
                                      : scalar{0, whole_operation(op, total.whole, term.whole)});
      };
      switch (node.kind) {
        case reducer_kind::sum: total = joined(opcode::add); break;
        case reducer_kind::prod: total = joined(opcode::mul); break;
        case reducer_kind::max: total = first ? term : joined(opcode::max); break;
        case reducer_kind::min: total = first ? term : joined(opcode::min); break;
        case reducer_kind::user:
          accumulated_ = total;
          term_ = term;
          total = value(node.c);
          break;
      }
      first = false;
    });
    return total;
  }

  const random_operator& source_;
  tensor_data& data_;
  lathe::sequence<std::int64_t> axis_;
  scalar accumulated_, term_;
};

}  // namespace

tensor_data make_data(const random_operator& source, random_engine& engine) {
  tensor_data data;
  for (std::size_t at = 0; at < source.tensors.size(); ++at) {
    const desc_tensor& tensor = source.tensors[at];
    const std::int64_t count = source.elements(static_cast<int>(at));
    data.emplace_back(static_cast<std::size_t>(count * size_of(tensor.type)));
    if (tensor.producer >= 0) continue;
    const int most = input_magnitude(tensor.type);
    const int least = tensor.type == dtype::u8 || tensor.type == dtype::boolean ? 0
                      : tensor.type == dtype::i8                                ? -128
                                                                                : -most;
    for (std::int64_t n = 0; n < count; ++n) {
      std::int64_t number = least;
      number += engine.below(static_cast<std::uint32_t>(most - least + 1));
      if (source.index_bound[at] > 0)
        number = engine.below(static_cast<std::uint32_t>(source.index_bound[at]));
      write(tensor.type, data.back().data(), n, {static_cast<double>(number), number});
    }
  }
  return data;
}

void evaluate(const random_operator& source, tensor_data& data) { evaluator(source, data).run(); }

}  // namespace lathe::property
