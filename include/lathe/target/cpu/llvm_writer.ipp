/// @file
/// Bodies of llvm_writer.hpp.
#pragma once

#include <lathe/target/cpu/external_call.hpp>
#include <lathe/target/cpu/llvm_writer.hpp>
#include <lathe/target/cpu/vector_math.hpp>

#include <bit>
#include <cstdio>

namespace lathe::native::detail {

LATHE_INLINE const char* llvm_writer::scalar_type(dtype type) {
  switch (type) {
    case dtype::boolean: return "i1";
    case dtype::i8:
    case dtype::u8: return "i8";
    case dtype::bf16:
    case dtype::f16: return "i16";  // its bits
    case dtype::i32: return "i32";
    case dtype::f32: return "float";
    case dtype::f64: return "double";
    default: return "i64";
  }
}

LATHE_INLINE std::string llvm_writer::type_text(dtype type, int lanes) {
  if (lanes == 1) return scalar_type(type);
  return "<" + std::to_string(lanes) + " x " + scalar_type(type) + ">";
}

LATHE_INLINE std::string llvm_writer::memory_type(dtype type, int lanes) {
  return type_text(type == dtype::boolean ? dtype::u8 : type, lanes);
}

LATHE_INLINE std::string llvm_writer::mangled(dtype type, int lanes) {
  const std::string element = type == dtype::f32   ? "f32"
                              : type == dtype::f64 ? "f64"
                                                   : std::string(scalar_type(type));
  return lanes == 1 ? element : "v" + std::to_string(lanes) + element;
}

LATHE_INLINE std::string llvm_writer::number(double value, dtype type) {
  if (type == dtype::bf16) return std::to_string(bf16(value).bits);
  if (type == dtype::f16) return std::to_string(f16(value).bits);
  value = rounded_to(type, value);
  char text[32];
  std::snprintf(text, sizeof text, "0x%016llX",
                static_cast<unsigned long long>(std::bit_cast<std::uint64_t>(value)));
  return text;
}

LATHE_INLINE llvm_value llvm_writer::constant(std::int64_t value, dtype type) {
  if (is_float(type)) return {number(static_cast<double>(value), type), type, 1};
  if (type == dtype::boolean) return {value != 0 ? "true" : "false", type, 1};
  if (type == dtype::i8 || type == dtype::u8) value = static_cast<std::int8_t>(value);
  if (type == dtype::i32) value = static_cast<std::int32_t>(value);
  return {std::to_string(value), type, 1};
}

LATHE_INLINE std::string llvm_writer::constant_vector(const std::string& element,
                                                      const std::string& value, int lanes) {
  std::string text = "<";
  for (int lane = 0; lane < lanes; ++lane) text += (lane == 0 ? "" : ", ") + element + " " + value;
  return text + ">";
}

LATHE_INLINE std::string llvm_writer::widen_constant(std::int64_t value, int lanes, dtype type) {
  const std::string text = std::to_string(value);
  return lanes == 1 ? text : constant_vector(type_text(type, 1), text, lanes);
}

LATHE_INLINE std::string llvm_writer::lane_numbers(int lanes, dtype type) {
  const std::string element = type_text(type, 1) + " ";
  std::string text = "<";
  for (int lane = 0; lane < lanes; ++lane)
    text += (lane == 0 ? element : ", " + element) + std::to_string(lane);
  return text + ">";
}

LATHE_INLINE std::string llvm_writer::fresh(const char* stem) {
  return "%" + std::string(stem) + std::to_string(++counter_);
}

LATHE_INLINE void llvm_writer::line_at(std::size_t level, std::string_view text) {
  std::string& out = levels_[level].text;
  out += "  ";
  out += text;
  out += '\n';
}

LATHE_INLINE std::string llvm_writer::define_at(std::size_t level, std::string_view instruction) {
  std::string name = fresh();
  std::string& out = levels_[level].text;
  out += "  ";
  out += name;
  out += " = ";
  out += instruction;
  out += '\n';
  return name;
}

LATHE_INLINE llvm_value llvm_writer::widen(const llvm_value& value, int lanes) {
  if (value.lanes == lanes) return value;
  const std::string element = scalar_type(value.type), whole = type_text(value.type, lanes);
  if (value.text[0] != '%') return {constant_vector(element, value.text, lanes), value.type, lanes};
  const std::string one =
      define("insertelement " + whole + " poison, " + element + " " + value.text + ", i32 0");
  return {define("shufflevector " + whole + " " + one + ", " + whole + " poison, <" +
                 std::to_string(lanes) + " x i32> zeroinitializer"),
          value.type, lanes};
}

LATHE_INLINE llvm_value llvm_writer::lane_of(const llvm_value& value, int lane) {
  if (value.lanes == 1) return value;
  return {define("extractelement " + type_of(value) + " " + value.text + ", i32 " +
                 std::to_string(lane)),
          value.type, 1};
}

LATHE_INLINE llvm_value llvm_writer::arithmetic(opcode fn, dtype type, const llvm_value& left,
                                                const llvm_value& right) {
  const bool real = is_float(left.type);
  const bool with_sign = left.type != dtype::u8 && left.type != dtype::boolean;
  const std::string operands = " " + type_of(left) + " " + left.text + ", " + right.text;
  const std::string fast = contract_ ? " contract" : "";
  const auto made = [&](const std::string& instruction) {
    return llvm_value{define(instruction + operands), type, left.lanes};
  };
  const auto compare = [&](const char* ordered, const char* sign, const char* plain) {
    return std::string(real ? "fcmp " : "icmp ") + (real ? ordered : with_sign ? sign : plain);
  };
  switch (fn) {
    case opcode::add: return made(real ? "fadd" + fast : "add");
    case opcode::sub: return made(real ? "fsub" + fast : "sub");
    case opcode::mul: return made(real ? "fmul" + fast : "mul");
    case opcode::div: return made(real ? "fdiv" : with_sign ? "sdiv" : "udiv");
    case opcode::mod: return made(real ? "frem" : with_sign ? "srem" : "urem");
    case opcode::less: return made(compare("olt", "slt", "ult"));
    case opcode::less_equal: return made(compare("ole", "sle", "ule"));
    case opcode::greater: return made(compare("ogt", "sgt", "ugt"));
    case opcode::greater_equal: return made(compare("oge", "sge", "uge"));
    case opcode::equal: return made(compare("oeq", "eq", "eq"));
    case opcode::not_equal: return made(compare("une", "ne", "ne"));
    case opcode::logical_and: return made("and");
    case opcode::logical_or: return made("or");
    case opcode::min:
    case opcode::max: {
      const bool smallest = fn == opcode::min;
      const std::string first = define(
          (smallest ? compare("olt", "slt", "ult") : compare("ogt", "sgt", "ugt")) + operands);
      return {define("select " + type_text(dtype::boolean, left.lanes) + " " + first + ", " +
                     type_of(left) + " " + left.text + ", " + type_of(left) + " " + right.text),
              type, left.lanes};
    }
    default: return library_call(fn, {left, right});
  }
}

LATHE_INLINE llvm_value llvm_writer::unary_operation(opcode fn, const llvm_value& operand) {
  const std::string type = type_of(operand);
  const bool real = is_float(operand.type);
  const auto intrinsic = [&](const char* stem) {
    const std::string name =
        std::string("@llvm.") + stem + "." + mangled(operand.type, operand.lanes);
    declare("declare " + type + " " + name + "(" + type + ")");
    return llvm_value{define("call " + type + " " + name + "(" + type + " " + operand.text + ")"),
                      operand.type, operand.lanes};
  };
  switch (fn) {
    case opcode::neg:
      if (real) return {define("fneg " + type + " " + operand.text), operand.type, operand.lanes};
      return arithmetic(opcode::sub, operand.type, widen(constant(0, operand.type), operand.lanes),
                        operand);
    case opcode::abs: {
      if (real) return intrinsic("fabs");
      if (operand.type == dtype::u8) return operand;
      return arithmetic(opcode::max, operand.type, operand, unary_operation(opcode::neg, operand));
    }
    case opcode::sqrt: return intrinsic("sqrt");
    case opcode::floor: return intrinsic("floor");
    case opcode::logical_not: {
      const llvm_value yes = widen(constant(1, dtype::boolean), operand.lanes);
      return {define("xor " + type + " " + operand.text + ", " + yes.text), dtype::boolean,
              operand.lanes};
    }
    default: return library_call(fn, {operand});
  }
}

/// One vector call where libmvec has the width; halves where the vector is wider than a register;
/// scalar calls otherwise.
LATHE_INLINE llvm_value llvm_writer::library_call(opcode fn, const sequence<llvm_value>& operands) {
  const dtype type = operands[0].type;
  const int lanes = operands[0].lanes;
  const std::string vector = lanes > 1 ? vector_math_symbol(fn, lanes, type, target_) : "";
  if (!vector.empty()) return external_call(vector, type, operands, 0);
  if (lanes > 1 && lanes * size_of(type) > target_.vector_bytes) {
    const auto half = [&](const llvm_value& value, int first) {
      std::string mask = "<";
      for (int lane = 0; lane < lanes / 2; ++lane)
        mask += (lane == 0 ? "i32 " : ", i32 ") + std::to_string(first + lane);
      return llvm_value{
          define("shufflevector " + type_of(value) + " " + value.text + ", " + type_of(value) +
                 " poison, <" + std::to_string(lanes / 2) + " x i32> " + mask + ">"),
          value.type, lanes / 2};
    };
    sequence<llvm_value> low, high;
    for (const llvm_value& each : operands) {
      low.push_back(half(each, 0));
      high.push_back(half(each, lanes / 2));
    }
    const llvm_value left = library_call(fn, low), right = library_call(fn, high);
    std::string mask = "<";
    for (int lane = 0; lane < lanes; ++lane)
      mask += (lane == 0 ? "i32 " : ", i32 ") + std::to_string(lane);
    return {define("shufflevector " + type_of(left) + " " + left.text + ", " + type_of(right) +
                   " " + right.text + ", <" + std::to_string(lanes) + " x i32> " + mask + ">"),
            type, lanes};
  }
  return external_call(scalar_math_symbol(fn, type), type, operands, lanes);
}

/// Calls a function per lane (`lanes` >= 1), or once with the operands as they are (`lanes` 0).
LATHE_INLINE llvm_value llvm_writer::external_call(const std::string& name, dtype type,
                                                   const sequence<llvm_value>& operands,
                                                   int lanes) {
  const int width = lanes == 0 ? operands[0].lanes : 1;
  const std::string result_type = type_text(type, width);
  const auto call = [&](const sequence<llvm_value>& given) {
    std::string types, arguments;
    for (const llvm_value& each : given) {
      const std::string one = type_of(each) + extension_of(each.type);
      types += (types.empty() ? "" : ", ") + one;
      arguments += (arguments.empty() ? "" : ", ") + one + " " + each.text;
    }
    const std::string result = extension_of(type) + (" " + result_type) + " @" + name + "(";
    declare("declare" + result + types + ") #0");
    return llvm_value{define("call" + result + arguments + ")"), type, width};
  };
  if (lanes <= 1) return call(operands);
  llvm_value made{"poison", type, lanes};
  for (int lane = 0; lane < lanes; ++lane) {
    sequence<llvm_value> given;
    for (const llvm_value& each : operands) given.push_back(lane_of(each, lane));
    const llvm_value one = call(given);
    made.text = define("insertelement " + type_of(made) + " " + made.text + ", " + type_of(one) +
                       " " + one.text + ", i32 " + std::to_string(lane));
  }
  return made;
}

/// The words of a vector, or one: instructions on them as text.
struct llvm_writer::word_lanes {
  llvm_writer& to;
  int lanes;

  std::string type() const { return type_text(dtype::i32, lanes); }
  std::string floats() const { return type_text(dtype::f32, lanes); }
  std::string all(std::int64_t number) const {
    return to.widen(constant(number, dtype::i32), lanes).text;
  }
  std::string put(const char* how, const std::string& left, std::int64_t right) const {
    return put(how, left, all(right));
  }
  std::string put(const char* how, const std::string& left, const std::string& right) const {
    return to.define(std::string(how) + " " + type() + " " + left + ", " + right);
  }
  /// Instruction on two floats, of which one is the same everywhere.
  std::string put_float(const char* how, const std::string& left, double right) const {
    const std::string number =
        to.widen({llvm_writer::number(right, dtype::f32), dtype::f32, 1}, lanes).text;
    return to.define(std::string(how) + " " + floats() + " " + left + ", " + number);
  }
  std::string choose(const std::string& test, const std::string& yes, const std::string& no) const {
    return to.define("select " + type_text(dtype::boolean, lanes) + " " + test + ", " + type() +
                     " " + yes + ", " + type() + " " + no);
  }
  std::string cast(const char* how, const std::string& from, const std::string& value,
                   const std::string& into) const {
    return to.define(std::string(how) + " " + from + " " + value + " to " + into);
  }
};

/// The f32 that a number of two bytes is. Of f16 in integers where the processor has no
/// instruction: LLVM would call a function of its run time, which nobody links.
LATHE_INLINE llvm_value llvm_writer::widened(const llvm_value& value) {
  const word_lanes in{*this, value.lanes};
  const std::string half = type_of(value);
  if (value.type == dtype::f16 && target_.set != isa::sse2) {
    const std::string number = in.cast("bitcast", half, value.text, half_type(value.lanes));
    return {in.cast("fpext", half_type(value.lanes), number, in.floats()), dtype::f32, value.lanes};
  }
  const std::string whole = in.cast("zext", half, value.text, in.type());
  std::string bits;
  if (value.type == dtype::bf16) {  // it is the upper half
    bits = in.put("shl", whole, 16);
  } else {
    const std::string sign = in.put("shl", in.put("and", whole, 0x8000), 16);
    const std::string size = in.put("shl", in.put("and", whole, 0x7fff), 13);
    const std::string normal = in.put("add", size, 112 << 23);
    const std::string special = in.put("add", normal, 112 << 23);  // infinite or not a number
    const std::string above =
        in.cast("bitcast", in.type(), in.put("add", size, 113 << 23), in.floats());
    const std::string small =  // denormal: what it is above the smallest normal number
        in.cast("bitcast", in.floats(), in.put_float("fsub", above, 0x1p-14), in.type());
    const std::string finite = in.choose(in.put("icmp slt", size, 0x00800000), small, normal);
    bits = in.put("or", sign, in.choose(in.put("icmp sge", size, 0x0f800000), special, finite));
  }
  return {in.cast("bitcast", in.type(), bits, in.floats()), dtype::f32, value.lanes};
}

/// The nearest bf16 or f16 of an f32, ties to even; what is no number stays so. In integers: not
/// every processor has an instruction, and those that have one for bf16 flush denormals.
LATHE_INLINE llvm_value llvm_writer::narrowed(const llvm_value& value, dtype type) {
  const word_lanes in{*this, value.lanes};
  const std::string half = type_text(type, value.lanes);
  if (type == dtype::f16 && target_.set != isa::sse2) {
    const std::string number = in.cast("fptrunc", in.floats(), value.text, half_type(value.lanes));
    return {in.cast("bitcast", half_type(value.lanes), number, half), type, value.lanes};
  }
  const std::string bits = in.cast("bitcast", in.floats(), value.text, in.type());
  /// `number` without its last digits, to nearest.
  const auto rounded = [&](const std::string& number, int digits) {
    const std::string odd = in.put("and", in.put("lshr", number, digits), 1);
    const std::string up = in.put("add", in.put("add", number, (1 << (digits - 1)) - 1), odd);
    return in.put("lshr", up, digits);
  };
  std::string out;
  if (type == dtype::bf16) {
    const std::string quiet = in.put("lshr", in.put("or", bits, 0x400000), 16);
    const std::string is_number =
        define("fcmp ord " + in.floats() + " " + value.text + ", " + value.text);
    out = in.choose(is_number, rounded(bits, 16), quiet);
  } else {
    const std::string sign = in.put("and", in.put("lshr", bits, 16), 0x8000);
    const std::string size = in.put("and", bits, 0x7fffffff);
    const std::string sum =  // below 2^-14: it is rounded to a multiple of 2^-24
        in.put_float("fadd", in.cast("bitcast", in.type(), size, in.floats()), 0.5);
    const std::string small = in.put("and", in.cast("bitcast", in.floats(), sum, in.type()), 0x7ff);
    const std::string quiet = in.put("or", in.put("and", in.put("lshr", size, 13), 0x3ff), 0x7e00);
    const std::string normal = rounded(in.put("sub", size, 112 << 23), 13);
    out = in.choose(in.put("icmp slt", size, 0x38800000), small, normal);
    out = in.choose(in.put("icmp sge", size, 0x477ff000), in.all(0x7c00), out);  // from 65520
    out = in.put("or", sign, in.choose(in.put("icmp sgt", size, 0x7f800000), quiet, out));
  }
  return {in.cast("trunc", in.type(), out, half), type, value.lanes};
}

LATHE_INLINE llvm_value llvm_writer::convert(const llvm_value& value, dtype type) {
  if (value.type == type) return value;
  if (is_half(value.type)) return convert(widened(value), type);
  if (is_half(type)) return narrowed(convert(value, dtype::f32), type);
  const bool from_real = is_float(value.type), to_real = is_float(type);
  const bool from_sign = value.type != dtype::u8 && value.type != dtype::boolean;
  if (type == dtype::boolean) {
    const llvm_value zero = widen(constant(0, value.type), value.lanes);
    return arithmetic(opcode::not_equal, dtype::boolean, value, zero);
  }
  const char* how = nullptr;
  if (from_real && to_real) {
    how = size_of(type) > size_of(value.type) ? "fpext" : "fptrunc";
  } else if (from_real) {
    how = type == dtype::u8 ? "fptoui" : "fptosi";
  } else if (to_real) {
    how = from_sign ? "sitofp" : "uitofp";
  } else {
    const int from_size = value.type == dtype::boolean ? 0 : size_of(value.type);
    if (from_size == size_of(type)) return {value.text, type, value.lanes};
    how = size_of(type) < from_size ? "trunc" : from_sign ? "sext" : "zext";
  }
  return {define(std::string(how) + " " + type_of(value) + " " + value.text + " to " +
                 type_text(type, value.lanes)),
          type, value.lanes};
}

LATHE_INLINE llvm_value llvm_writer::choose(const llvm_value& condition, const llvm_value& then,
                                            const llvm_value& otherwise) {
  return {define("select " + type_of(condition) + " " + condition.text + ", " + type_of(then) +
                 " " + then.text + ", " + type_of(otherwise) + " " + otherwise.text),
          then.type, then.lanes};
}

}  // namespace lathe::native::detail
