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
    case dtype::bf16: return "i16";  // its bits
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

/// The f32 whose upper half a bf16 is.
LATHE_INLINE llvm_value llvm_writer::widened(const llvm_value& value) {
  const std::string word = type_text(dtype::i32, value.lanes);
  const std::string whole = define("zext " + type_of(value) + " " + value.text + " to " + word);
  const std::string upper = define("shl " + word + " " + whole + ", " +
                                   widen(constant(16, dtype::i32), value.lanes).text);
  return {define("bitcast " + word + " " + upper + " to " + type_text(dtype::f32, value.lanes)),
          dtype::f32, value.lanes};
}

/// The nearest bf16 of an f32, ties to even; what is no number stays so. In integers: not every
/// processor has an instruction, and those that have one flush denormals.
LATHE_INLINE llvm_value llvm_writer::narrowed(const llvm_value& value) {
  const std::string word = type_text(dtype::i32, value.lanes);
  const auto all = [&](std::int64_t number) {
    return widen(constant(number, dtype::i32), value.lanes).text;
  };
  const auto put = [&](const char* how, const std::string& left, const std::string& right) {
    return define(std::string(how) + " " + word + " " + left + ", " + right);
  };
  const std::string bits = define("bitcast " + type_of(value) + " " + value.text + " to " + word);
  const std::string odd = put("and", put("lshr", bits, all(16)), all(1));
  const std::string up = put("add", put("add", bits, all(0x7fff)), odd);
  const std::string quiet = put("or", bits, all(0x400000));
  const std::string is_number =
      define("fcmp ord " + type_of(value) + " " + value.text + ", " + value.text);
  const std::string chosen = define("select " + type_text(dtype::boolean, value.lanes) + " " +
                                    is_number + ", " + word + " " + up + ", " + word + " " + quiet);
  const std::string upper = put("lshr", chosen, all(16));
  return {define("trunc " + word + " " + upper + " to " + type_text(dtype::bf16, value.lanes)),
          dtype::bf16, value.lanes};
}

LATHE_INLINE llvm_value llvm_writer::convert(const llvm_value& value, dtype type) {
  if (value.type == type) return value;
  if (value.type == dtype::bf16) return convert(widened(value), type);
  if (type == dtype::bf16) return narrowed(convert(value, dtype::f32));
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
