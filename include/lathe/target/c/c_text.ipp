/// @file
/// Bodies of c_text.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/math.hpp>
#include <lathe/lower/print.ipp>
#include <lathe/target/c/c_text.hpp>

#include <cstdint>
#include <utility>

namespace lathe {

LATHE_INLINE const char* c_type_name(dtype type) {
  switch (type) {
    case dtype::boolean: return "bool";
    case dtype::i8: return "int8_t";
    case dtype::u8: return "uint8_t";
    case dtype::i32: return "int32_t";
    case dtype::bf16:
    case dtype::f16: return "uint16_t";  // its bits
    case dtype::f32: return "float";
    case dtype::f64:
    case dtype::weak_float: return "double";
    default: return "int64_t";
  }
}

// ------------------------------------------------------------------------------ identifiers

LATHE_INLINE c_identifiers::c_identifiers() {
  // Keywords of C11 and C++20, then names of <math.h>, <stdlib.h>, of CUDA and of the
  // emitted frame.
  constexpr std::string_view reserved =
      "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t "
      "char16_t char32_t class co_await co_return co_yield compl concept const const_cast "
      "consteval constexpr constinit continue decltype default delete do double dynamic_cast "
      "else enum explicit export extern false float for friend goto if inline int long mutable "
      "namespace new noexcept not not_eq nullptr operator or or_eq private protected public "
      "register reinterpret_cast requires restrict return short signed sizeof static "
      "static_assert static_cast struct switch template this thread_local throw true try "
      "typedef typeid typename union unsigned using virtual void volatile wchar_t while xor "
      "xor_eq abort abs acos acosh aligned_alloc asin asinh atan atan2 atanh atexit atof atoi "
      "bsearch calloc cbrt ceil copysign cos cosh div erf erfc exit exp exp2 expm1 fabs fdim "
      "floor fma fmax fmin fmod fpclassify free frexp gamma getenv hypot ilogb isfinite isinf "
      "isnan isnormal labs ldexp ldiv lgamma llrint llround log log10 log1p log2 logb lrint "
      "lround main malloc modf nan nearbyint nextafter pow qsort rand random realloc remainder "
      "remquo rint round scalbn signbit sin sinh sqrt srand strtod system tan tanh tgamma trunc "
      "INDEPENDENT INFINITY INT32_MIN INT64_MIN NAN NULL PRAGMA PREFETCH UNROLL begin buffers "
      "bf16_to_f32 end f16_to_f32 f32_to_bf16 f32_to_f16 floor_div floor_mod int32_t int64_t "
      "int8_t linux scratch std "
      "uint16_t uint32_t uint8_t unix "
      "blockDim blockIdx gridDim lanes lathe_shared threadIdx uint2 uint4 warpSize";
  for (std::size_t at = 0; at < reserved.size();) {
    const std::size_t space = smaller(reserved.find(' ', at), reserved.size());
    taken_.insert(reserved.substr(at, space - at));
    at = space + 1;
  }
  for (const char* stem :
       {"min_", "max_", "abs_", "div_", "mod_", "less_", "less_equal_", "greater_",
        "greater_equal_", "equal_", "not_equal_"})  // helper functions
    for (const char* type : {"bool", "i8", "u8", "i32", "i64", "f32", "f64"})
      taken_.insert(std::string(stem) + type);
}

LATHE_INLINE std::string c_identifiers::make(std::string_view wanted) {
  std::string name;
  for (const char each : wanted) {
    const bool letter = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z');
    const bool digit = each >= '0' && each <= '9';
    // Names that begin with an underscore belong to the compiler, so do double underscores in C++.
    if (name.empty() && !letter) name = "v";
    name += letter || digit ? each : '_';
    if (name.ends_with("__")) name.pop_back();
  }
  if (name.empty()) name = "v";
  if (taken_.contains(name)) {
    if (!name.ends_with('_')) name += '_';
    for (int copy = 2; taken_.contains(name); ++copy) {
      name.resize(name.find_last_of('_') + 1);
      name += std::to_string(copy);
    }
  }
  taken_.insert(name);
  return name;
}

// ------------------------------------------------------------------------------ expressions

namespace detail {

/// What C writes differently from the text of print.hpp.
class c_printer : public expression_printer {
 public:
  explicit c_printer(c_text& owner)
      : expression_printer(owner.nest_.exprs, owner.buffers_, owner.variables_), owner_(owner) {}

  std::string print(ir::expr handle, binding outside = binding::any) override {
    if (const auto known = owner_.temporaries_.find(handle); known != owner_.temporaries_.end())
      return known->second;
    const ir::node& at = exprs_[handle];
    switch (at.what) {
      case ir::kind::linear:
        if (at.count == 0 && at.imm == INT64_MIN) return "INT64_MIN";
        break;
      case ir::kind::floor_div:
      case ir::kind::floor_mod:
        // C rounds towards zero: the same where nothing is negative.
        if (exprs_.range(at.a).low < 0)
          return helper(at.what == ir::kind::floor_div ? opcode::floor_div : opcode::floor_mod,
                        dtype::i64) +
                 "(" + print(at.a) + ", " + std::to_string(at.imm) + ")";
        break;
      case ir::kind::literal: {
        const std::string text = constant(at);
        return wrap(text, text[0] == '-' ? binding::sum : binding::atom, outside);
      }
      case ir::kind::unary: return unary_text(at, outside);
      case ir::kind::binary: return binary_text(at, outside);
      case ir::kind::select:
        return "(" + print(at.a) + " ? " + branch(at.b) + " : " + branch(at.c) + ")";
      case ir::kind::cast: {
        std::string operand = print(at.a, binding::atom);
        const dtype from = exprs_[at.a].type;
        if (is_half(from)) operand = half_helper(from, dtype::f32) + "(" + operand + ")";
        if (is_half(at.type))
          return half_helper(dtype::f32, at.type) + "(" + conversion(dtype::f32, operand) + ")";
        return conversion(at.type, operand);
      }
      case ir::kind::call: declare(handle); break;
      case ir::kind::load: return element(at.imm, exprs_.args(handle));
      default: break;
    }
    return expression_printer::print(handle, outside);
  }

  /// An element of an array of as many dimensions as there are indices.
  std::string element(std::int64_t of, std::span<const ir::expr> indices) {
    std::string out = buffer(of);
    if (owner_.dialect_.scalars_by_value && of >= 0 &&
        owner_.nest_.buffers[static_cast<std::size_t>(of)].scalar)
      return out;
    for (const ir::expr each : indices) out += "[" + print(each) + "]";
    return out;
  }

 private:
  std::string conversion(dtype type, const std::string& operand) const {
    return std::string("(") + owner_.type_name(type) + ")" + operand;
  }

  /// An operand of `?:`; a bare constant would have type int and make the result int too.
  std::string branch(ir::expr handle) {
    const bool bare = exprs_[handle].type == dtype::i64 && exprs_.is_constant(handle);
    return bare ? conversion(dtype::i64, print(handle, binding::atom)) : print(handle);
  }

  static std::string constant(const ir::node& at) {
    if (at.type == dtype::i32 && at.imm == INT32_MIN) return "INT32_MIN";
    if (at.type == dtype::boolean) return at.imm != 0 ? "true" : "false";
    if (!is_float(at.type)) return std::to_string(at.imm);
    if (at.type == dtype::bf16) return std::to_string(bf16(at.num).bits);
    if (at.type == dtype::f16) return std::to_string(f16(at.num).bits);
    if (math::isnan(at.num)) return "NAN";
    const double value = rounded_to(at.type, at.num);
    if (math::isinf(value)) return value > 0 ? "INFINITY" : "-INFINITY";
    return real_constant(value, at.type) + (at.type == dtype::f32 ? "f" : "");
  }

  /// C computes i8 and u8 in int: the result is narrowed to wrap as the element type does.
  std::string narrowed(dtype type, const std::string& text, binding inside, binding outside) const {
    if (type == dtype::i8 || type == dtype::u8) return conversion(type, "(" + text + ")");
    return wrap(text, inside, outside);
  }

  std::string math(opcode fn, dtype type) const {
    const char* name = fn == opcode::abs ? "fabs" : fn == opcode::mod ? "fmod" : function_name(fn);
    return owner_.dialect_.math_prefix + name + (type == dtype::f32 ? "f" : "");
  }

  std::string unary_text(const ir::node& at, binding outside) {
    if (at.fn == opcode::neg)
      return narrowed(at.type, "-" + print(at.a, binding::atom), binding::sum, outside);
    if (at.fn == opcode::logical_not) return "!" + print(at.a, binding::atom);
    return (is_float(at.type) ? math(at.fn, at.type) : helper(at.fn, at.type)) + "(" + print(at.a) +
           ")";
  }

  /// True if compilers would warn that a comparison always has the same result: within the range of
  /// the operands' type, or with itself. A function hides that from them.
  bool is_decided(const ir::node& at) const {
    if (at.a == at.b) return true;
    if (at.fn == opcode::equal || at.fn == opcode::not_equal) return false;
    return is_extreme(at.a) || is_extreme(at.b);
  }

  /// True for the constants that are the smallest or largest value of their type.
  bool is_extreme(ir::expr handle) const {
    if (!exprs_.is_constant(handle)) return false;
    const std::int64_t value = exprs_.constant_value(handle);
    switch (exprs_[handle].type) {
      case dtype::boolean: return true;
      case dtype::i8: return value == INT8_MIN || value == INT8_MAX;
      case dtype::u8: return value == 0 || value == UINT8_MAX;
      case dtype::i32: return value == INT32_MIN || value == INT32_MAX;
      default: return value == INT64_MIN || value == INT64_MAX;
    }
  }

  /// True if a compiler may find that an expression is zero: made of constants, but no other one.
  bool may_fold_to_zero(ir::expr handle) const {
    return exprs_.is_constant(handle) ? exprs_.constant_value(handle) == 0 : is_fixed(handle);
  }

  /// True if an expression is made of constants alone.
  bool is_fixed(ir::expr handle) const {
    if (exprs_.is_constant(handle)) return true;
    const ir::node& at = exprs_[handle];
    switch (at.what) {
      case ir::kind::unary:
      case ir::kind::cast: return is_fixed(at.a);
      case ir::kind::binary: return is_fixed(at.a) && is_fixed(at.b);
      case ir::kind::select: return is_fixed(at.a) && is_fixed(at.b) && is_fixed(at.c);
      default: return at.what == ir::kind::literal;
    }
  }

  std::string binary_text(const ir::node& at, binding outside) {
    const bool floating = is_float(at.type);
    if (is_comparison(at.fn) && is_decided(at))
      return helper(at.fn, exprs_[at.a].type) + "(" + print(at.a) + ", " + print(at.b) + ")";
    // In a branch that is never taken; compilers warn all the same.
    if ((at.fn == opcode::div || at.fn == opcode::mod) && !floating && may_fold_to_zero(at.b))
      return helper(at.fn, at.type) + "(" + print(at.a) + ", " + print(at.b) + ")";
    infix form = infix_of(at.fn, true);
    if (at.fn == opcode::mod && !floating) form = {" % ", binding::product};
    if (form.text == nullptr) {
      const bool library = at.fn == opcode::pow || at.fn == opcode::mod;
      return (library ? math(at.fn, at.type) : helper(at.fn, at.type)) + "(" + print(at.a) + ", " +
             print(at.b) + ")";
    }
    // Compilers warn about a && b || c and a < b == c without parentheses.
    binding left = form.strength;
    if (is_comparison(at.fn)) left = binding::sum;
    if (is_logical(at.fn) && exprs_[at.a].fn != at.fn) left = binding::comparison;
    const binding right = is_logical(at.fn) ? binding::comparison : tighter(form.strength);
    return narrowed(at.type, print(at.a, left) + form.text + print(at.b, right), form.strength,
                    outside);
  }

  static const char* comparison_name(opcode fn) {
    switch (fn) {
      case opcode::less: return "less";
      case opcode::less_equal: return "less_equal";
      case opcode::greater: return "greater";
      case opcode::greater_equal: return "greater_equal";
      case opcode::equal: return "equal";
      default: return "not_equal";
    }
  }

  /// Name of a helper function; its definition is noted.
  std::string helper(opcode fn, dtype type) {
    const std::string element = owner_.type_name(type);
    const bool floors = fn == opcode::floor_div || fn == opcode::floor_mod;
    const char* stem = is_comparison(fn) ? comparison_name(fn) : function_name(fn);
    const std::string name = stem + (floors ? std::string() : std::string("_") + name_of(type));
    std::string body;
    switch (fn) {
      case opcode::min:
        body = "(" + element + " a, " + element + " b) { return a < b ? a : b; }";
        break;
      case opcode::max:
        body = "(" + element + " a, " + element + " b) { return a > b ? a : b; }";
        break;
      case opcode::abs:
        body = "(" + element + " a) { return " +
               (type == dtype::u8 ? "a" : "a < 0 ? (" + element + ")-a : a") + "; }";
        break;
      case opcode::div:
      case opcode::mod:
        body = "(" + element + " a, " + element + " b) { return (" + element + ")(a " +
               (fn == opcode::div ? "/" : "%") + " b); }";
        break;
      case opcode::floor_div:
        body = "(" + element + " a, " + element + " b) { return a / b - (a % b < 0); }";
        break;
      case opcode::floor_mod:
        body = "(" + element + " a, " + element + " b) { return a % b + (a % b < 0 ? b : 0); }";
        break;
      default:
        body =
            "(" + element + " a, " + element + " b) { return a" + infix_of(fn, false).text + "b; }";
        break;
    }
    std::string result = owner_.type_name(floors              ? dtype::i64
                                          : is_comparison(fn) ? dtype::boolean
                                                              : type);
    owner_.functions_[name] = owner_.dialect_.function_prefix + result + " " + name + body;
    return name;
  }

  /// Name of the function that makes a float of a number of two bytes, or the nearest such number
  /// of a float, ties to even; its definition is noted unless the dialect has its own.
  std::string half_helper(dtype from, dtype to) {
    const std::string name = owner_.dialect_.half_prefix + name_of(from) + "_to_" + name_of(to);
    if (!owner_.dialect_.half_prefix.empty()) return name;
    const char* text =
        from == dtype::bf16 ? "float bf16_to_f32(uint16_t a) { union { uint32_t bits; float "
                              "number; } v; v.bits = (uint32_t)a << 16; return v.number; }"
        : from == dtype::f16
            ? "float f16_to_f32(uint16_t a) { union { uint32_t bits; float number; } v; "
              "const uint32_t size = (a & 0x7fffu) << 13; "
              "v.bits = size + (size < 0x0f800000 ? 0x38000000 : 0x70000000); "
              "if (size < 0x00800000) v.number = (float)(a & 0x7fff) / 16777216; "
              "v.bits |= (uint32_t)(a & 0x8000u) << 16; return v.number; }"
        : to == dtype::bf16
            ? "uint16_t f32_to_bf16(float a) { union { float number; uint32_t bits; } v; v.number "
              "= a; return (uint16_t)((a == a ? v.bits + 0x7fff + (v.bits >> 16 & 1) : v.bits | "
              "0x400000) >> 16); }"
            : "uint16_t f32_to_f16(float a) { union { float number; uint32_t bits; } v; v.number "
              "= a; const uint32_t sign = v.bits >> 16 & 0x8000u; v.bits &= 0x7fffffff; "
              "if (a != a) return (uint16_t)(sign | 0x7e00 | (v.bits >> 13 & 0x3ff)); "
              "if (v.bits >= 0x477ff000) return (uint16_t)(sign | 0x7c00); "
              "if (v.bits < 0x38800000) { v.number += 0.5f; return (uint16_t)(sign | (v.bits & "
              "0x7ff)); } "
              "v.bits -= 0x38000000; "
              "return (uint16_t)(sign | (v.bits + 0xfff + (v.bits >> 13 & 1)) >> 13); }";
    owner_.functions_[name] = owner_.dialect_.function_prefix + text;
    return name;
  }

  /// Notes the declaration of an external function.
  void declare(ir::expr handle) {
    const ir::node& at = exprs_[handle];
    std::string parameters;
    for (const ir::expr each : exprs_.args(handle))
      parameters +=
          (parameters.empty() ? "" : ", ") + std::string(owner_.type_name(exprs_[each].type));
    const std::string& name = exprs_.name(at.imm);
    owner_.functions_[name] = owner_.type_name(at.type) + (" " + name) + "(" + parameters + ");";
  }

  c_text& owner_;
};

}  // namespace detail

LATHE_INLINE c_text::c_text(const ir::nest& nest, c_dialect dialect)
    : nest_(nest), dialect_(std::move(dialect)) {
  for (const ir::phase& each : nest.phases) identifiers_.make(each.name);
  flat_set<std::int64_t> functions;
  for (ir::expr at = 0; at < static_cast<ir::expr>(nest.exprs.size()); ++at)
    if (nest.exprs[at].what == ir::kind::call && functions.insert(nest.exprs[at].imm))
      identifiers_.make(nest.exprs.name(nest.exprs[at].imm));
  for (const ir::buffer& each : nest.buffers) buffers_.push_back(identifiers_.make(each.name));
  flat_map<std::string, std::string>
      made;  // loops side by side share names, as they do in print.hpp
  for (const std::string& name : loop_names(nest)) {
    if (!name.empty() && !made.contains(name)) made[name] = identifiers_.make(name);
    variables_.push_back(name.empty() ? "" : made[name]);
  }
}

LATHE_INLINE std::string c_text::expression(ir::expr handle, bool operand) {
  return detail::c_printer(*this).print(handle,
                                        operand ? detail::binding::atom : detail::binding::any);
}

LATHE_INLINE std::string c_text::element(std::int64_t buffer, std::span<const ir::expr> indices) {
  return detail::c_printer(*this).element(buffer, indices);
}

LATHE_INLINE sequence<std::string> c_text::temporaries(ir::expr handle) {
  temporaries_.clear();
  const ir::pool& exprs = nest_.exprs;
  flat_map<ir::expr, int> uses;
  const auto operands = [&exprs](ir::expr of, auto&& visit) {  // visit(operand, lazy)
    const ir::node& at = exprs[of];
    const bool lazy =
        at.what == ir::kind::select || (at.what == ir::kind::binary && is_logical(at.fn));
    for (const ir::expr each : exprs.args(of)) visit(each, false);
    for (const ir::term& each : exprs.terms(of)) visit(each.atom, false);
    if (at.a != ir::none) visit(at.a, false);
    if (at.b != ir::none) visit(at.b, lazy);
    if (at.c != ir::none) visit(at.c, lazy);
  };
  const auto count = [&](auto&& self, ir::expr of) -> void {
    if (++uses[of] > 1) return;
    operands(of, [&](ir::expr each, bool) { self(self, each); });
  };
  count(count, handle);

  sequence<std::string> lines;
  flat_set<ir::expr> seen;
  const auto define = [&](auto&& self, ir::expr of) -> void {
    if (!seen.insert(of)) return;
    operands(of, [&](ir::expr each, bool lazy) {
      if (!lazy) self(self, each);
    });
    const ir::kind what = exprs[of].what;
    const bool computed = what == ir::kind::unary || what == ir::kind::binary ||
                          what == ir::kind::select || what == ir::kind::call;
    if (!computed || uses[of] < 2) return;
    const std::string name = identifiers_.make("t" + std::to_string(temporary_count_++));
    lines.push_back(std::string("const ") + type_name(exprs[of].type) + " " + name + " = " +
                    expression(of) + ";");
    temporaries_[of] = name;
  };
  define(define, handle);
  return lines;
}

LATHE_INLINE std::string c_text::functions() const {
  std::string out;
  for (const auto& [name, text] : functions_) out += text + "\n";
  return out;
}

}  // namespace lathe
