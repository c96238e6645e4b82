/// @file
/// Bodies of calls.hpp.
#pragma once

#include <lathe/api/calls.hpp>
#include <lathe/api/functions.hpp>
#include <lathe/target/cpu/external_call.hpp>

#include <string>
#include <utility>

namespace lathe {
namespace detail {

/// The C declaration that a call implies: "f32 name(f32, i64)".
LATHE_INLINE std::string signature_of(const ir::pool& exprs, ir::expr call) {
  std::string arguments;
  for (const ir::expr each : exprs.args(call))
    arguments += (arguments.empty() ? "" : ", ") + std::string(name_of(exprs[each].type));
  return name_of(exprs[call].type) + (" " + exprs.name(exprs[call].imm)) + "(" + arguments + ")";
}

/// The first call of the same function; `call` itself if it is that.
LATHE_INLINE ir::expr first_call(const ir::pool& exprs, ir::expr call) {
  for (ir::expr at = 0; at < call; ++at)
    if (exprs[at].what == ir::kind::call && exprs[at].imm == exprs[call].imm) return at;
  return call;
}

}  // namespace detail

LATHE_INLINE result<bool> define_calls(const program& of, const native::jit& compiler) {
  for (ir::expr at = 0; at < static_cast<ir::expr>(of.exprs.size()); ++at) {
    if (of.exprs[at].what != ir::kind::call) continue;
    const ir::expr first = detail::first_call(of.exprs, at);
    if (first != at) {
      const std::string one = detail::signature_of(of.exprs, first);
      const std::string other = detail::signature_of(of.exprs, at);
      if (one == other) continue;
      return error("LATHE-E113", "operator '" + of.name + "' calls one function as " + one +
                                     " and as " + other +
                                     "; a C function has one type: cast<Element>(...) the "
                                     "arguments to those it takes");
    }
    const std::string& name = of.exprs.name(of.exprs[at].imm);
    const result<void*> found = detail::find_function(name.c_str());
    if (!found) return found.error();
    result<bool> defined = compiler.define(native::external_symbol(name), *found);
    if (!defined) return defined;
  }
  return true;
}

LATHE_INLINE result<called_functions> called_functions::make(const program& of,
                                                             const native::jit& compiler) {
  called_functions out;
  const result<bool> defined = define_calls(of, compiler);
  if (!defined) return defined.error();
  for (ir::expr at = 0; at < static_cast<ir::expr>(of.exprs.size()); ++at)
    if (of.exprs[at].what == ir::kind::call && detail::first_call(of.exprs, at) == at)
      out.functions_.push_back({of.exprs.name(of.exprs[at].imm), nullptr});
  if (out.functions_.empty()) return out;
  const result<sequence<std::byte>> object = compiler.compile(native::adapter_text(of.exprs));
  if (!object) return object.error();
  result<native::loaded_object> loaded = compiler.load(*object);
  if (!loaded) return loaded.error();
  for (external_function& each : out.functions_) {
    const result<void*> address = loaded->lookup(native::adapter_symbol(each.name));
    if (!address) return address.error();
    each.function = reinterpret_cast<decltype(each.function)>(*address);
  }
  out.code_ = std::move(*loaded);
  return out;
}

}  // namespace lathe
