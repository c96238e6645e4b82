/// @file
/// Bodies of print.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/core/number_text.hpp>
#include <lathe/lower/print.hpp>

namespace lathe {
namespace detail {

/// With a point or an exponent, so that it reads as a real number: "2.0", "1e+30", "-inf".
LATHE_INLINE std::string real_constant(double number, dtype type) {
  std::string out =
      type == dtype::f32 ? number_text(static_cast<float>(number)) : number_text(number);
  if (math::isfinite(number) && out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

/// How tightly an operator binds its operands; larger is tighter.
enum class binding : int { any, logical_or, logical_and, comparison, sum, product, atom };

struct infix {
  const char* text = nullptr;
  binding strength = binding::atom;
};

/// The infix form of an operation; text is null for those written as functions.
LATHE_INLINE infix infix_of(opcode fn, bool floating) {
  switch (fn) {
    case opcode::add: return {" + ", binding::sum};
    case opcode::sub: return {" - ", binding::sum};
    case opcode::mul: return {" * ", binding::product};
    case opcode::div: return floating ? infix{" / ", binding::product} : infix{};
    case opcode::less: return {" < ", binding::comparison};
    case opcode::less_equal: return {" <= ", binding::comparison};
    case opcode::greater: return {" > ", binding::comparison};
    case opcode::greater_equal: return {" >= ", binding::comparison};
    case opcode::equal: return {" == ", binding::comparison};
    case opcode::not_equal: return {" != ", binding::comparison};
    case opcode::logical_and: return {" && ", binding::logical_and};
    case opcode::logical_or: return {" || ", binding::logical_or};
    default: return {};
  }
}

/// Name of an operation that is written as a function.
LATHE_INLINE const char* function_name(opcode fn) {
  switch (fn) {
    case opcode::div: return "div";
    case opcode::mod: return "mod";
    case opcode::floor_div: return "floor_div";
    case opcode::floor_mod: return "floor_mod";
    case opcode::min: return "min";
    case opcode::max: return "max";
    case opcode::abs: return "abs";
    case opcode::exp: return "exp";
    case opcode::log: return "log";
    case opcode::sqrt: return "sqrt";
    case opcode::tanh: return "tanh";
    case opcode::erf: return "erf";
    case opcode::sin: return "sin";
    case opcode::cos: return "cos";
    case opcode::pow: return "pow";
    case opcode::floor: return "floor";
    default: return "?";
  }
}

/// Prints expressions of one pool. The C printer (target/c/c_text.ipp) replaces what C writes
/// differently; sums, names and parentheses are the same.
class expression_printer {
 public:
  expression_printer(const ir::pool& exprs, std::span<const std::string> buffers,
                     std::span<const std::string> variables)
      : exprs_(exprs), buffers_(buffers), variables_(variables) {}
  virtual ~expression_printer() = default;

  /// @param outside  how tightly the place binds that the text will stand in
  virtual std::string print(ir::expr handle, binding outside = binding::any) {
    if (handle == ir::none) return "none";
    const ir::node& at = exprs_[handle];
    switch (at.what) {
      case ir::kind::linear: return linear(handle, outside);
      case ir::kind::variable: return variable(at.imm);
      case ir::kind::floor_div:
      case ir::kind::floor_mod:
        return wrap(print(at.a, binding::atom) + (at.what == ir::kind::floor_div ? "/" : "%") +
                        std::to_string(at.imm),
                    binding::product, outside);
      case ir::kind::literal: {
        const std::string text = literal(at);
        return wrap(text, text[0] == '-' ? binding::sum : binding::atom, outside);
      }
      case ir::kind::load: return buffer(at.imm) + "[" + list(exprs_.args(handle)) + "]";
      case ir::kind::unary: return unary(at, outside);
      case ir::kind::binary: return binary(at, outside);
      case ir::kind::select:
        return "select(" + print(at.a) + ", " + print(at.b) + ", " + print(at.c) + ")";
      case ir::kind::cast: return std::string(name_of(at.type)) + "(" + print(at.a) + ")";
      case ir::kind::call: return exprs_.name(at.imm) + "(" + list(exprs_.args(handle)) + ")";
    }
    return "?";
  }

 protected:
  static std::string wrap(std::string text, binding inside, binding outside) {
    return inside < outside ? "(" + text + ")" : text;
  }

  /// The next tighter binding, for right operands: a - (b - c).
  static binding tighter(binding than) { return static_cast<binding>(static_cast<int>(than) + 1); }

  std::string variable(std::int64_t index) const {
    const auto at = static_cast<std::size_t>(index);
    if (at < variables_.size() && !variables_[at].empty()) return variables_[at];
    return exprs_.variable_at(index).name;
  }

  std::string buffer(std::int64_t index) const {
    if (index >= 0 && static_cast<std::size_t>(index) < buffers_.size())
      return buffers_[static_cast<std::size_t>(index)];
    return (index < 0 ? "arg" : "b") + std::to_string(index < 0 ? -index : index);
  }

  static std::string literal(const ir::node& at) {
    if (at.type == dtype::boolean) return at.imm != 0 ? "true" : "false";
    if (!is_float(at.type))
      return std::string(name_of(at.type)) + "(" + std::to_string(at.imm) + ")";
    return real_constant(at.num, at.type) + (at.type == dtype::f32 ? "f" : "");
  }

  std::string list(std::span<const ir::expr> items) {
    std::string out;
    for (const ir::expr each : items) out += (out.empty() ? "" : ", ") + print(each);
    return out;
  }

  /// Largest strides first, then by text; the constant comes last.
  std::string linear(ir::expr handle, binding outside) {
    const std::span<const ir::term> terms = exprs_.terms(handle);
    const std::int64_t constant = exprs_[handle].imm;
    if (terms.empty())
      return wrap(std::to_string(constant), constant < 0 ? binding::sum : binding::atom, outside);
    if (terms.size() == 1 && terms[0].coef == 1 && constant == 0)
      return print(terms[0].atom, outside);
    struct summand {
      std::int64_t coef;
      std::string text;
    };
    sequence<summand> summands;
    for (const ir::term& each : terms) {
      const bool scaled = each.coef != 1 && each.coef != -1;
      summands.push_back({each.coef, print(each.atom, scaled ? binding::atom : binding::product)});
    }
    const auto size = [](std::int64_t coef) {
      return coef < 0 ? 0 - static_cast<std::uint64_t>(coef) : static_cast<std::uint64_t>(coef);
    };
    sort(summands, [&](const summand& left, const summand& right) {
      if (size(left.coef) != size(right.coef)) return size(left.coef) > size(right.coef);
      return left.text != right.text ? left.text < right.text : left.coef > right.coef;
    });
    // A sum that would begin with a minus sign begins with a positive summand if it has one.
    std::size_t positive = 0;
    while (positive != summands.size() && summands[positive].coef <= 0) ++positive;
    const bool constant_first = positive == summands.size() && constant > 0;
    if (positive != summands.size()) {
      const summand first = summands[positive];
      summands.erase(summands.begin() + positive);
      summands.insert(summands.begin(), first);
    }

    std::string out = constant_first ? std::to_string(constant) : "";
    for (const summand& each : summands) {
      out += each.coef < 0 ? (out.empty() ? "-" : " - ") : (out.empty() ? "" : " + ");
      out += each.text;
      if (size(each.coef) != 1) out += "*" + std::to_string(size(each.coef));
    }
    if (!constant_first && constant != 0)
      out += (constant < 0 ? " - " : " + ") + std::to_string(size(constant));
    const bool product = constant == 0 && summands.size() == 1 && out[0] != '-';
    return wrap(out, product ? binding::product : binding::sum, outside);
  }

  std::string unary(const ir::node& at, binding outside) {
    if (at.fn == opcode::neg) return wrap("-" + print(at.a, binding::atom), binding::sum, outside);
    if (at.fn == opcode::logical_not) return "!" + print(at.a, binding::atom);
    return std::string(function_name(at.fn)) + "(" + print(at.a) + ")";
  }

  std::string binary(const ir::node& at, binding outside) {
    const infix form = infix_of(at.fn, is_float(at.type));
    if (form.text == nullptr)
      return std::string(function_name(at.fn)) + "(" + print(at.a) + ", " + print(at.b) + ")";
    return wrap(print(at.a, form.strength) + form.text + print(at.b, tighter(form.strength)),
                form.strength, outside);
  }

  const ir::pool& exprs_;
  std::span<const std::string> buffers_;
  std::span<const std::string> variables_;
};

LATHE_INLINE void name_loops(const ir::nest& nest, ir::stmt handle,
                             sequence<std::string>& enclosing, sequence<std::string>& names) {
  const ir::statement& at = nest[handle];
  const bool loop = at.what == ir::stmt_kind::loop;
  if (loop) {
    const auto index = static_cast<std::size_t>(nest.exprs.variable_index(at.variable));
    const std::string& base = nest.exprs.variable_of(at.variable).name;
    std::string name = base;
    for (int copy = 2; contains(enclosing, name); ++copy) name = base + "_" + std::to_string(copy);
    if (names[index].empty()) names[index] = name;
    enclosing.push_back(names[index]);
  }
  for (const ir::stmt child : at.children) name_loops(nest, child, enclosing, names);
  if (loop) enclosing.pop_back();
}

/// Prints the statements of one nest.
class nest_printer {
 public:
  explicit nest_printer(const ir::nest& nest) : nest_(nest), variables_(loop_names(nest)) {
    for (const ir::buffer& buffer : nest.buffers) buffers_.push_back(buffer.name);
  }

  std::string print() {
    out_ = "nest " + nest_.name + "\n";
    for (const ir::buffer& each : nest_.buffers) buffer(each);
    for (const ir::phase& each : nest_.phases) {
      out_ += each.name;
      if (each.parallel) out_ += " parallel";
      if (each.bind_only) out_ += " bind_only";
      out_ += "\n";
      statement(each.body, 1);
    }
    return std::move(out_);
  }

 private:
  void line(int depth, const std::string& text) {
    out_.append(static_cast<std::size_t>(2 * depth), ' ');
    out_ += text;
    out_ += '\n';
  }

  std::string text(ir::expr handle) const {
    return expression_printer(nest_.exprs, buffers_, variables_).print(handle);
  }

  void buffer(const ir::buffer& each) {
    std::string kind;
    switch (each.where) {
      case ir::scope::param:
        kind = each.output ? "output " : each.scalar ? "scalar " : "param ";
        break;
      case ir::scope::workspace: kind = each.bound ? "bound " : "workspace "; break;
      case ir::scope::scratch: kind = "scratch "; break;
      case ir::scope::shared: kind = "shared "; break;
      case ir::scope::registers: kind = "registers "; break;
    }
    line(1,
         kind + each.name + " " + name_of(each.type) + "[" + std::to_string(each.elements) + "]");
  }

  void statement(ir::stmt handle, int depth) {
    const ir::statement& at = nest_[handle];
    switch (at.what) {
      case ir::stmt_kind::block:
        for (const ir::stmt child : at.children) statement(child, depth);
        break;
      case ir::stmt_kind::together:
        line(depth, at.buffers > 1 ? "together buffers " + std::to_string(at.buffers) : "together");
        for (const ir::stmt child : at.children) statement(child, depth + 1);
        break;
      case ir::stmt_kind::loop: {
        const char* how[] = {"for ", "parallel ", "unrolled ", "vectorized ",
                             "dot ", "block ",    "thread ",   "tensor "};
        std::string head =
            how[static_cast<int>(at.how)] + text(at.variable) + " < " + text(at.extent);
        if (at.how == ir::loop_kind::vectorized && !nest_.exprs.is_constant(at.extent))
          head += " lanes " + std::to_string(at.lanes);
        line(depth, head);
        for (const ir::stmt child : at.children) statement(child, depth + 1);
        break;
      }
      case ir::stmt_kind::branch:
        line(depth, "if " + text(at.condition));
        statement(at.children[0], depth + 1);
        if (at.children.size() > 1) {
          line(depth, "else");
          statement(at.children[1], depth + 1);
        }
        break;
      case ir::stmt_kind::store: line(depth, element(at) + " = " + text(at.value)); break;
      case ir::stmt_kind::prefetch: line(depth, "prefetch " + element(at)); break;
    }
  }

  std::string element(const ir::statement& at) const {
    return buffers_[static_cast<std::size_t>(at.buffer)] + "[" + text(at.index) + "]";
  }

  const ir::nest& nest_;
  sequence<std::string> buffers_;
  sequence<std::string> variables_;
  std::string out_;
};

}  // namespace detail

LATHE_INLINE std::string to_text(const ir::pool& exprs, ir::expr handle,
                                 std::span<const std::string> buffer_names,
                                 std::span<const std::string> variable_names) {
  return detail::expression_printer(exprs, buffer_names, variable_names).print(handle);
}

LATHE_INLINE std::string to_text(const ir::nest& nest) {
  return detail::nest_printer(nest).print();
}

LATHE_INLINE sequence<std::string> loop_names(const ir::nest& nest) {
  sequence<std::string> names(nest.exprs.variable_count());
  sequence<std::string> enclosing;
  for (const ir::phase& phase : nest.phases)
    if (phase.body != ir::none) detail::name_loops(nest, phase.body, enclosing, names);
  return names;
}

}  // namespace lathe
