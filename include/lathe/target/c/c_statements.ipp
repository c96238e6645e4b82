/// @file
/// Bodies of c_statements.hpp.
#pragma once

#include <lathe/target/c/c_statements.hpp>

namespace lathe::detail {

LATHE_INLINE void c_statements::line(const std::string& text) {
  code_.append(static_cast<std::size_t>(2 * depth_), ' ');
  code_ += text;
  code_ += '\n';
}

LATHE_INLINE void c_statements::open(const std::string& head) {
  line(head + (head.empty() ? "{" : " {"));
  ++depth_;
}

LATHE_INLINE void c_statements::close() {
  --depth_;
  line("}");
}

LATHE_INLINE void c_statements::statement(ir::stmt handle) {
  const ir::statement& at = nest_[handle];
  switch (at.what) {
    case ir::stmt_kind::block: statements(at.children); break;
    case ir::stmt_kind::together: together(at); break;
    case ir::stmt_kind::loop: loop(at); break;
    case ir::stmt_kind::branch: branch(at); break;
    case ir::stmt_kind::store: store(at); break;
    case ir::stmt_kind::prefetch: prefetch(at); break;
  }
}

LATHE_INLINE void c_statements::store(const ir::statement& at) {
  define(at.value);
  line(element(at) + " = " + text_.expression(at.value) + ";");
}

LATHE_INLINE void c_statements::branch(const ir::statement& at) {
  define(at.condition);
  open("if (" + text_.expression(at.condition) + ")");
  statement(at.children[0]);
  if (at.children.size() > 1) {
    --depth_;
    open("} else");
    statement(at.children[1]);
  }
  close();
}

LATHE_INLINE void c_statements::loop_text(const ir::statement& at, const std::string& first,
                                          const std::string& last) {
  const std::string& name = text_.variable_name(at.variable);
  open(std::string("for (") + text_.type_name(dtype::i64) + " " + name + " = " + first + "; " +
       name + " < " + last + "; ++" + name + ")");
  statements(at.children);
  close();
}

LATHE_INLINE void c_statements::define(ir::expr value) {
  for (const std::string& each : text_.temporaries(value)) line(each);
}

LATHE_INLINE std::string c_statements::element(const ir::statement& at) {
  return text_.buffer_name(at.buffer) + "[" + text_.expression(at.index) + "]";
}

LATHE_INLINE flat_set<std::int32_t> c_statements::touched(ir::stmt handle) const {
  flat_set<std::int32_t> out;
  touched(handle, out);
  return out;
}

LATHE_INLINE void c_statements::touched(ir::stmt handle, flat_set<std::int32_t>& out) const {
  const ir::statement& at = nest_[handle];
  if (at.buffer != ir::none) out.insert(at.buffer);
  flat_set<ir::expr> seen;
  for (const ir::expr each : {at.extent, at.condition, at.index, at.value})
    touched_by(each, seen, out);
  for (const ir::stmt child : at.children) touched(child, out);
}

LATHE_INLINE void c_statements::touched_by(ir::expr handle, flat_set<ir::expr>& seen,
                                           flat_set<std::int32_t>& out) const {
  if (handle == ir::none || !seen.insert(handle)) return;
  const ir::node& at = nest_.exprs[handle];
  if (at.what == ir::kind::load) out.insert(static_cast<std::int32_t>(at.imm));
  for (const ir::term& each : nest_.exprs.terms(handle)) touched_by(each.atom, seen, out);
  for (const ir::expr each : nest_.exprs.args(handle)) touched_by(each, seen, out);
  for (const ir::expr each : {at.a, at.b, at.c}) touched_by(each, seen, out);
}

LATHE_INLINE bool c_statements::stores_follow(const sequence<ir::stmt>& list,
                                              ir::expr variable) const {
  for (const ir::stmt each : list) {
    const ir::statement& at = nest_[each];
    if (at.what == ir::stmt_kind::store && !nest_.exprs.depends_on(at.index, variable))
      return false;
    if (!stores_follow(at.children, variable)) return false;
  }
  return true;
}

}  // namespace lathe::detail
