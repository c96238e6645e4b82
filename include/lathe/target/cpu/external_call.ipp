/// @file
/// Body of external_call.hpp.
#pragma once

#include <lathe/lower/interpret.hpp>
#include <lathe/target/cpu/external_call.hpp>

#include <cstddef>

namespace lathe::native {
namespace detail {

/// Type of a parameter or result in LLVM's text.
LATHE_INLINE const char* parameter_type(dtype type) {
  switch (type) {
    case dtype::boolean: return "i1";
    case dtype::i8:
    case dtype::u8: return "i8";
    case dtype::i32: return "i32";
    case dtype::f32: return "float";
    case dtype::f64: return "double";
    default: return "i64";
  }
}

/// Type of the member of external_value that `type` uses.
LATHE_INLINE const char* wide_type(dtype type) { return is_float(type) ? "double" : "i64"; }

/// `%to` = the value of `type` that an external_value holds in `%from`, or the other way round.
LATHE_INLINE std::string adapted(dtype type, bool to_wide, const std::string& from,
                                 const std::string& to) {
  const std::string narrow = parameter_type(type), wide = wide_type(type);
  const char* how = "bitcast";  // nothing to do
  if (narrow != wide && is_float(type)) how = to_wide ? "fpext" : "fptrunc";
  if (narrow != wide && !is_float(type)) {
    const bool with_sign = type != dtype::u8 && type != dtype::boolean;
    how = !to_wide ? "trunc" : with_sign ? "sext" : "zext";
  }
  return "  " + to + " = " + how + " " + (to_wide ? narrow : wide) + " " + from + " to " +
         (to_wide ? wide : narrow) + "\n";
}

/// `name` = address of the member that `type` uses of external_value number `index` at `pointer`.
LATHE_INLINE std::string member_of(dtype type, const std::string& pointer, int index,
                                   const std::string& name) {
  const std::size_t offset =
      static_cast<std::size_t>(index) * sizeof(external_value) +
      (is_float(type) ? offsetof(external_value, real) : offsetof(external_value, whole));
  return "  " + name + " = getelementptr i8, ptr " + pointer + ", i64 " + std::to_string(offset) +
         "\n";
}

}  // namespace detail

LATHE_INLINE std::string adapter_text(const ir::pool& exprs) {
  std::string declarations = "\n", bodies;
  for (ir::expr handle = 0; handle < static_cast<ir::expr>(exprs.size()); ++handle) {
    const ir::node& at = exprs[handle];
    if (at.what != ir::kind::call) continue;
    const std::string& name = exprs.name(at.imm);
    const std::string result = extension_of(at.type) +
                               (" " + std::string(detail::parameter_type(at.type))) + " @" +
                               external_symbol(name) + "(";
    if (declarations.find("\ndeclare" + result) != std::string::npos) continue;
    std::string body, types, arguments;
    int count = 0;
    for (const ir::expr argument : exprs.args(handle)) {
      const dtype type = exprs[argument].type;
      const std::string number = std::to_string(count);
      const std::string one =
          (count == 0 ? "" : ", ") + std::string(detail::parameter_type(type)) + extension_of(type);
      body += detail::member_of(type, "%arguments", count, "%p" + number) + "  %w" + number +
              " = load " + detail::wide_type(type) + ", ptr %p" + number + "\n" +
              detail::adapted(type, false, "%w" + number, "%a" + number);
      types += one;
      arguments += one + " %a" + number;
      ++count;
    }
    declarations += "declare" + result + types + ")\n";
    bodies += "define void @" + adapter_symbol(name) + "(ptr %arguments, ptr %result) {\n" + body +
              "  %r = call" + result + arguments + ")\n" +
              detail::adapted(at.type, true, "%r", "%w") +
              detail::member_of(at.type, "%result", 0, "%p") + "  store " +
              detail::wide_type(at.type) + " %w, ptr %p\n  ret void\n}\n";
  }
  return declarations + bodies;
}

}  // namespace lathe::native
