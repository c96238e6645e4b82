/// @file
/// Bodies of interpret.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/lower/interpret.hpp>
#include <lathe/lower/print.hpp>
#include <lathe/lower/wide_memory.hpp>
#include <lathe/lower/wide_number.hpp>

#include <array>
#include <bit>
#include <cstring>

namespace lathe {
namespace detail {

/// Executes one nest.
class nest_interpreter {
 public:
  using number_type = wide_number;

  nest_interpreter(const ir::nest& nest, std::span<const external_function> functions)
      : nest_(nest),
        exprs_(nest.exprs),
        variables_(nest.exprs.variable_count(), INT64_MIN),
        repeated_(nest.exprs.size()),
        memo_stamp_(nest.exprs.size()),
        memo_number_(nest.exprs.size()),
        memo_integer_(nest.exprs.size()) {
    find_functions(functions);
    find_repeated();
  }

  interpretation run(std::span<const std::span<const std::byte>> inputs) {
    make_memory(inputs);
    for (const ir::phase& phase : nest_.phases) {
      if (!error_.empty()) break;
      run_phase(phase);
    }
    current_ = ir::none;
    interpretation out;
    for (std::size_t at = 0; at < nest_.buffers.size(); ++at)
      if (nest_.buffers[at].output) out.outputs.push_back(finish(at));
    out.error = std::move(error_);
    if (!out.ok()) out.outputs.clear();
    return out;
  }

 private:
  // ---------------------------------------------------------------- set-up

  /// Resolves the names of external functions once.
  void find_functions(std::span<const external_function> functions) {
    for (ir::expr at = 0; at < static_cast<ir::expr>(exprs_.size()); ++at) {
      const ir::node& node = exprs_[at];
      if (node.what != ir::kind::call) continue;
      const auto index = static_cast<std::size_t>(node.imm);
      if (functions_.size() <= index) functions_.resize(index + 1);
      for (const external_function& each : functions)
        if (each.name == exprs_.name(node.imm)) functions_[index] = each.function;
    }
  }

  /// Values used more than once are kept while one statement runs, so that shared subexpressions
  /// cost their size as a graph, not as a tree.
  void find_repeated() {
    sequence<int> uses(exprs_.size());
    const auto use = [&uses](ir::expr operand) {
      if (operand != ir::none) ++uses[static_cast<std::size_t>(operand)];
    };
    for (ir::expr at = 0; at < static_cast<ir::expr>(exprs_.size()); ++at) {
      const ir::node& node = exprs_[at];
      use(node.a);
      use(node.b);
      use(node.c);
      for (const ir::term& each : exprs_.terms(at)) use(each.atom);
      for (const ir::expr each : exprs_.args(at)) use(each);
    }
    for (const ir::statement& each : nest_.stmts) {
      use(each.index);
      use(each.value);
    }
    for (std::size_t at = 0; at < uses.size(); ++at) {
      const ir::kind what = exprs_[static_cast<ir::expr>(at)].what;
      repeated_[at] =
          uses[at] > 1 && what != ir::kind::variable && what != ir::kind::literal &&
          (what != ir::kind::linear || exprs_.terms(static_cast<ir::expr>(at)).size() > 1);
    }
  }

  void make_memory(std::span<const std::span<const std::byte>> inputs) {
    memory_.resize(nest_.buffers.size());
    for (std::size_t at = 0; at < nest_.buffers.size(); ++at) {
      const ir::buffer& buffer = nest_.buffers[at];
      const bool input = buffer.where == ir::scope::param && !buffer.output;
      memory_[at] = make_wide_memory(buffer.type, buffer.elements, input ? 0 : -1);
      if (!input) continue;
      const std::size_t given = at < inputs.size() ? inputs[at].size() : 0;
      const auto wanted = static_cast<std::size_t>(buffer.elements * size_of(buffer.type));
      if (given != wanted)
        return fail("parameter '" + buffer.name + "' has " + std::to_string(given) +
                    " bytes, expected " + std::to_string(wanted));
      read_elements(buffer.type, inputs[at], memory_[at]);
    }
  }

  /// The result in public form; fails if an element was never written.
  wide_buffer finish(std::size_t index) {
    const ir::buffer& buffer = nest_.buffers[index];
    const wide_memory& from = memory_[index];
    const std::size_t missing = position(from.writer, -1);
    if (missing != from.writer.size())
      fail("output " + element_text(index, static_cast<std::int64_t>(missing)) +
           " is never written");
    wide_buffer out{buffer.name, buffer.type, {}, from.magnitude, from.integers};
    out.value.reserve(from.value.size());
    for (const wide_real value : from.value) out.value.push_back(static_cast<double>(value));
    return out;
  }

  // ---------------------------------------------------------------- errors

  void fail(std::string text) {
    if (!error_.empty()) return;
    error_ = std::move(text);
    if (current_ == ir::none) return;
    const ir::statement& at = nest_[current_];
    sequence<std::string> names;
    for (const ir::buffer& buffer : nest_.buffers) names.push_back(buffer.name);
    const auto print = [&](ir::expr each) { return to_text(exprs_, each, names); };
    if (at.what == ir::stmt_kind::store)
      error_ += ", in " + names[static_cast<std::size_t>(at.buffer)] + "[" + print(at.index) +
                "] = " + print(at.value);
    if (at.what == ir::stmt_kind::branch) error_ += ", in if " + print(at.condition);
    if (at.what == ir::stmt_kind::loop)
      error_ += ", in for " + print(at.variable) + " < " + print(at.extent);
  }

  std::string element_text(std::size_t buffer, std::int64_t index) const {
    return nest_.buffers[buffer].name + "[" + std::to_string(index) + "]";
  }

  // ---------------------------------------------------------------- statements

  void run_phase(const ir::phase& phase) {
    phase_first_ = stamp_ = next_stamp_;
    next_stamp_ = stamp_ + 1;
    const ir::statement& body = nest_[phase.body];
    const bool tasks = body.what == ir::stmt_kind::loop && body.how == ir::loop_kind::parallel;
    if (!tasks) return statement(phase.body);
    const auto extent = trip_count(phase.body, body);
    for (std::int64_t task = 0; task < extent && error_.empty(); ++task) {
      stamp_ = phase_first_ + static_cast<std::int32_t>(task);
      next_stamp_ = stamp_ + 1;
      variable(body) = task;
      for (const ir::stmt child : body.children) statement(child);
    }
    variable(body) = INT64_MIN;
  }

  void statement(ir::stmt handle) {
    if (!error_.empty()) return;
    const ir::statement& at = nest_[handle];
    switch (at.what) {
      case ir::stmt_kind::block:
      case ir::stmt_kind::together:
        for (const ir::stmt child : at.children) statement(child);
        break;
      case ir::stmt_kind::loop: {
        const std::int64_t extent = trip_count(handle, at);
        for (std::int64_t value = 0; value < extent && error_.empty(); ++value) {
          variable(at) = value;
          for (const ir::stmt child : at.children) statement(child);
        }
        variable(at) = INT64_MIN;
        break;
      }
      case ir::stmt_kind::branch: {
        begin(handle);
        const bool taken = integer(at.condition) != 0;
        if (taken)
          statement(at.children[0]);
        else if (at.children.size() > 1)
          statement(at.children[1]);
        break;
      }
      case ir::stmt_kind::store: store(handle, at); break;
      case ir::stmt_kind::prefetch: break;
    }
  }

  /// Forgets the kept values: a new statement reads memory anew.
  void begin(ir::stmt handle) {
    current_ = handle;
    if (++memo_now_ == 0) {
      memo_stamp_.assign(memo_stamp_.size(), 0u);
      memo_now_ = 1;
    }
  }

  std::int64_t& variable(const ir::statement& loop) {
    return variables_[static_cast<std::size_t>(exprs_.variable_index(loop.variable))];
  }

  std::int64_t trip_count(ir::stmt handle, const ir::statement& loop) {
    begin(handle);
    const std::int64_t extent = integer(loop.extent);
    std::int64_t most = exprs_.variable_of(loop.variable).extent;
    if (loop.how == ir::loop_kind::vectorized) most = smaller(most, loop.lanes);
    if (extent < 0 || extent > most)
      fail("trip count " + std::to_string(extent) + " is outside [0, " + std::to_string(most) +
           "]");
    return error_.empty() ? extent : 0;
  }

  /// True if a store only moves an element of memory of this task that was not written, to other
  /// such memory: what is there stays unwritten.
  bool is_private_copy_of_nothing(const ir::buffer& to, const ir::statement& at) {
    ir::expr moved = at.value;
    if (const ir::node& sum = exprs_[moved];
        sum.what == ir::kind::linear && sum.imm == 0 && sum.count == 1) {
      const ir::term& only = exprs_.terms(moved)[0];
      if (only.coef == 1) moved = only.atom;
    }
    const ir::node& value = exprs_[moved];
    if (is_shared(to) || value.what != ir::kind::load || value.type != to.type) return false;
    const auto from = static_cast<std::size_t>(value.imm);
    if (is_shared(nest_.buffers[from])) return false;
    const std::int64_t index = locate(from, exprs_.args(moved)[0]);
    return error_.empty() && memory_[from].writer[static_cast<std::size_t>(index)] != stamp_;
  }

  void store(ir::stmt handle, const ir::statement& at) {
    begin(handle);
    const auto buffer = static_cast<std::size_t>(at.buffer);
    const ir::buffer& of = nest_.buffers[buffer];
    wide_memory& to = memory_[buffer];
    const std::int64_t index = locate(buffer, at.index);
    if (of.where == ir::scope::param && !of.output) fail("store to the input '" + of.name + "'");
    // A line buffer moves its rows, those beyond the tensor too, which nobody has written.
    if (is_private_copy_of_nothing(of, at)) {
      to.writer[static_cast<std::size_t>(index)] = -1;
      return;
    }
    if (is_float(of.type)) {
      const number_type value = number(at.value);
      if (!error_.empty()) return;
      to.value[static_cast<std::size_t>(index)] = value.value;
      to.magnitude[static_cast<std::size_t>(index)] = value.magnitude;
    } else {
      const std::int64_t value = integer(at.value);
      if (!error_.empty()) return;
      to.integers[static_cast<std::size_t>(index)] = wrapped(of.type, value);
    }
    std::int32_t& writer = to.writer[static_cast<std::size_t>(index)];
    if (is_shared(of) && writer >= phase_first_ && writer != stamp_)
      fail("tasks " + std::to_string(writer - phase_first_) + " and " +
           std::to_string(stamp_ - phase_first_) + " both write " + element_text(buffer, index));
    writer = stamp_;
  }

  // ---------------------------------------------------------------- memory

  static bool is_shared(const ir::buffer& buffer) {
    return buffer.where == ir::scope::param || buffer.where == ir::scope::workspace;
  }

  /// Value of an index expression, or 0 after a failure.
  std::int64_t locate(std::size_t buffer, ir::expr index) {
    const std::int64_t at = integer(index);
    const std::int64_t elements = nest_.buffers[buffer].elements;
    if (at >= 0 && at < elements) return at;
    fail(element_text(buffer, at) + " is out of range: '" + nest_.buffers[buffer].name + "' has " +
         std::to_string(elements) + " elements");
    return 0;
  }

  /// Place of a loaded element; -1 after a failure.
  std::int64_t readable(std::size_t buffer, ir::expr load) {
    const std::int64_t index = locate(buffer, exprs_.args(load)[0]);
    if (!error_.empty()) return -1;
    const std::int32_t writer = memory_[buffer].writer[static_cast<std::size_t>(index)];
    const bool shared = is_shared(nest_.buffers[buffer]);
    if (writer < 0 || (!shared && writer != stamp_))
      fail(element_text(buffer, index) + " is read before it is written");
    else if (shared && writer >= phase_first_ && writer != stamp_)
      fail("task " + std::to_string(stamp_ - phase_first_) + " reads " +
           element_text(buffer, index) + " that task " + std::to_string(writer - phase_first_) +
           " of the same phase writes");
    return error_.empty() ? index : -1;
  }

  // ---------------------------------------------------------------- expressions

  std::int64_t integer(ir::expr handle) {
    const auto slot = static_cast<std::size_t>(handle);
    if (!repeated_[slot]) return integer_of(handle);
    if (memo_stamp_[slot] != memo_now_) {
      memo_integer_[slot] = integer_of(handle);
      memo_stamp_[slot] = memo_now_;
    }
    return memo_integer_[slot];
  }

  number_type number(ir::expr handle) {
    const auto slot = static_cast<std::size_t>(handle);
    if (!repeated_[slot]) return number_of(handle);
    if (memo_stamp_[slot] != memo_now_) {
      memo_number_[slot] = number_of(handle);
      memo_stamp_[slot] = memo_now_;
    }
    return memo_number_[slot];
  }

  std::int64_t integer_of(ir::expr handle) {
    const ir::node& at = exprs_[handle];
    switch (at.what) {
      case ir::kind::linear: {
        std::int64_t sum = at.imm;
        for (const ir::term& each : exprs_.terms(handle))
          sum = wrapping_add(sum, wrapping_mul(integer(each.atom), each.coef));
        return sum;
      }
      case ir::kind::variable: {
        const std::int64_t value = variables_[static_cast<std::size_t>(at.imm)];
        if (value == INT64_MIN)
          fail("loop variable '" + exprs_.variable_at(at.imm).name + "' is used outside its loop");
        return value;
      }
      case ir::kind::floor_div: return floor_div(integer(at.a), at.imm);
      case ir::kind::floor_mod: return floor_mod(integer(at.a), at.imm);
      case ir::kind::literal: return at.imm;
      case ir::kind::load: {
        const auto buffer = static_cast<std::size_t>(at.imm);
        const std::int64_t index = readable(buffer, handle);
        return index < 0 ? 0 : memory_[buffer].integers[static_cast<std::size_t>(index)];
      }
      case ir::kind::unary: {
        const std::int64_t value = integer(at.a);
        if (at.fn == opcode::logical_not) return value == 0;
        if (at.fn == opcode::neg || value < 0) return wrapped(at.type, wrapping_mul(value, -1));
        return value;
      }
      case ir::kind::binary: return integer_operator(at);
      case ir::kind::select: return integer(integer(at.a) != 0 ? at.b : at.c);
      case ir::kind::cast: return cast_to_integer(at);
      case ir::kind::call: {
        double magnitude = 0;
        return wrapped(at.type, call(handle, magnitude).whole);
      }
    }
    return 0;
  }

  std::int64_t integer_operator(const ir::node& at) {
    if (is_comparison(at.fn)) {
      if (!is_float(exprs_[at.a].type)) {
        const std::int64_t left = integer(at.a);
        return compares(at.fn, left, integer(at.b));
      }
      const wide_real left = number(at.a).value;
      return compares(at.fn, left, number(at.b).value);
    }
    const std::int64_t left = integer(at.a);
    if (at.fn == opcode::logical_and) return left != 0 && integer(at.b) != 0;
    if (at.fn == opcode::logical_or) return left != 0 || integer(at.b) != 0;
    const std::int64_t right = integer(at.b);
    switch (at.fn) {
      case opcode::add: return wrapped(at.type, wrapping_add(left, right));
      case opcode::sub: return wrapped(at.type, wrapping_add(left, wrapping_mul(right, -1)));
      case opcode::mul: return wrapped(at.type, wrapping_mul(left, right));
      case opcode::min: return smaller(left, right);
      case opcode::max: return larger(left, right);
      default: break;
    }
    const bool remainder = at.fn == opcode::mod || at.fn == opcode::floor_mod;
    if (right == 0) {
      fail(std::string(remainder ? "remainder" : "division") + " of integers by zero");
      return 0;
    }
    if (right == -1) return remainder ? 0 : wrapped(at.type, wrapping_mul(left, -1));
    if (at.fn == opcode::div) return left / right;
    if (at.fn == opcode::mod) return left % right;
    return remainder ? floor_mod(left, right) : floor_div(left, right);
  }

  std::int64_t cast_to_integer(const ir::node& at) {
    if (!is_float(exprs_[at.a].type)) return wrapped(at.type, integer(at.a));
    return to_integer(at.type, number(at.a).value);
  }

  /// C++ conversion: towards zero; a value that does not fit is an error, as it is undefined there.
  template <class Number>
  std::int64_t to_integer(dtype type, Number value) {
    if (type == dtype::boolean) return value != 0;
    const Number limit = static_cast<Number>(9223372036854775808.0);
    const bool fits = value >= -limit && value < limit;
    const std::int64_t whole = fits ? static_cast<std::int64_t>(value) : 0;
    if (!fits || wrapped(type, whole) != whole)
      fail(std::to_string(value) + " does not fit into " + name_of(type));
    return whole;
  }

  number_type number_of(ir::expr handle) {
    const ir::node& at = exprs_[handle];
    switch (at.what) {
      case ir::kind::literal: return exact_number(rounded(at.type, static_cast<wide_real>(at.num)));
      case ir::kind::load: {
        const auto buffer = static_cast<std::size_t>(at.imm);
        const std::int64_t index = readable(buffer, handle);
        if (index < 0) return {};
        const wide_memory& from = memory_[buffer];
        return {from.value[static_cast<std::size_t>(index)],
                from.magnitude[static_cast<std::size_t>(index)]};
      }
      case ir::kind::unary: {
        const number_type operand = number(at.a);
        if (at.fn == opcode::neg) return {-operand.value, operand.magnitude};
        if (at.fn == opcode::abs) return {math::abs(operand.value), operand.magnitude};
        return apply_function(at.fn, operand);
      }
      case ir::kind::binary: {
        const number_type left = number(at.a);
        return apply_operator(at.fn, left, number(at.b));
      }
      case ir::kind::select: return number(integer(at.a) != 0 ? at.b : at.c);
      case ir::kind::cast: {
        if (!is_float(exprs_[at.a].type))
          return exact_number(rounded(at.type, static_cast<wide_real>(integer(at.a))));
        const number_type operand = number(at.a);
        const dtype from = exprs_[at.a].type;
        if (from == at.type || size_of(from) < size_of(at.type)) return operand;
        // What comes before was rounded otherwise: it may be the neighbour that it is rounded to.
        const double size = math::abs(static_cast<double>(operand.value));
        double distance = 0;  // of neighbours, over the 2^-20 that error_bound() multiplies with
        if (is_half(at.type) && operand.magnitude != size)
          distance = at.type == dtype::bf16 ? 0x1p13 * size : 0x1p10 * larger(size, 0x1p-14);
        return {rounded(at.type, operand.value), operand.magnitude + distance};
      }
      case ir::kind::call: {
        double magnitude = 0;
        const double value = call(handle, magnitude).real;
        return {static_cast<wide_real>(value), larger(magnitude, math::abs(value))};
      }
      default: break;
    }
    return {};
  }

  /// A number in the precision of its own type.
  static wide_real rounded(dtype type, wide_real value) {
    if (is_half(type))
      return static_cast<wide_real>(
          rounded_to(type, static_cast<double>(static_cast<float>(value))));
    return type == dtype::f32 ? static_cast<wide_real>(static_cast<float>(value))
                              : static_cast<wide_real>(static_cast<double>(value));
  }

  /// The derivative of an external function is unknown: S is the largest of its operands' and its
  /// own. Leaves the operands' in `magnitude`.
  external_value call(ir::expr handle, double& magnitude) {
    const ir::node& at = exprs_[handle];
    std::array<external_value, max_call_arguments> arguments{};
    std::size_t count = 0;
    for (const ir::expr each : exprs_.args(handle)) {
      if (count == arguments.size()) {
        fail("the external function '" + exprs_.name(at.imm) + "' has more than " +
             std::to_string(count) + " arguments");
        break;
      }
      external_value& to = arguments[count++];
      if (is_float(exprs_[each].type)) {
        const number_type value = number(each);
        to.real = static_cast<double>(value.value);
        magnitude = larger(magnitude, value.magnitude);
      } else {
        to.whole = integer(each);
        magnitude = larger(magnitude, math::abs(static_cast<double>(to.whole)));
      }
    }
    external_value result;
    const auto function = functions_[static_cast<std::size_t>(at.imm)];
    if (function == nullptr)
      fail("the external function '" + exprs_.name(at.imm) + "' is not registered");
    if (error_.empty()) function(arguments.data(), &result);
    return result;
  }

  const ir::nest& nest_;
  const ir::pool& exprs_;
  sequence<wide_memory> memory_;      ///< by buffer
  sequence<std::int64_t> variables_;  ///< INT64_MIN = not inside its loop
  sequence<void (*)(const external_value*, external_value*)> functions_;  ///< by name index
  sequence<char> repeated_;  ///< by expression: has several users
  sequence<std::uint32_t> memo_stamp_;
  sequence<number_type> memo_number_;
  sequence<std::int64_t> memo_integer_;
  std::uint32_t memo_now_ = 0;
  // Every task has a stamp of its own; those of the running phase start at phase_first_.
  std::int32_t phase_first_ = 1, stamp_ = 1, next_stamp_ = 1;
  ir::stmt current_ = ir::none;
  std::string error_;
};

}  // namespace detail

LATHE_INLINE interpretation interpret(const ir::nest& nest,
                                      std::span<const std::span<const std::byte>> inputs,
                                      std::span<const external_function> functions) {
  return detail::nest_interpreter(nest, functions).run(inputs);
}

LATHE_INLINE sequence<std::byte> to_elements(const wide_buffer& buffer) {
  const auto width = static_cast<std::size_t>(size_of(buffer.type));
  const std::size_t count = is_float(buffer.type) ? buffer.value.size() : buffer.integers.size();
  sequence<std::byte> out(count * width);
  for (std::size_t at = 0; at < count; ++at) {
    const auto put = [&](auto element) {
      std::memcpy(out.data() + at * width, &element, sizeof element);
    };
    switch (buffer.type) {
      case dtype::bf16: put(bf16(buffer.value[at])); break;
      case dtype::f16: put(f16(buffer.value[at])); break;
      case dtype::f32: put(static_cast<float>(buffer.value[at])); break;
      case dtype::f64: put(buffer.value[at]); break;
      case dtype::i8: put(static_cast<std::int8_t>(buffer.integers[at])); break;
      case dtype::i32: put(static_cast<std::int32_t>(buffer.integers[at])); break;
      case dtype::i64: put(buffer.integers[at]); break;
      default: put(static_cast<std::uint8_t>(buffer.integers[at])); break;
    }
  }
  return out;
}

}  // namespace lathe
