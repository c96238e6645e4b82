/// @file
/// Bodies of verify.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/print.hpp>
#include <lathe/lower/verify.hpp>

namespace lathe {
namespace detail {

/// Judges one nest: first everything that printing a statement needs, then the rest.
class nest_verifier {
 public:
  explicit nest_verifier(const ir::nest& nest)
      : nest_(nest), exprs_(nest.exprs), loop_of_(nest.exprs.variable_count(), nullptr) {}

  std::string verify() {
    for (const ir::buffer& each : nest_.buffers) names_.push_back(each.name);
    buffers();
    for (ir::expr at = 0; at < count(exprs_.size()) && ok(); ++at) node(at);
    used_.assign(nest_.stmts.size(), false);
    for (const ir::phase& each : nest_.phases) {
      if (ok() && !is_statement(each.body)) refuse("phase '" + each.name + "' has no body");
      if (ok()) handles(each.body);
    }
    for (const ir::phase& each : nest_.phases)
      if (ok()) phase(each);
    return std::move(reason_);
  }

 private:
  bool ok() const { return reason_.empty(); }
  void refuse(std::string reason) {
    if (ok()) reason_ = std::move(reason);
  }
  static std::int32_t count(std::size_t size) { return static_cast<std::int32_t>(size); }
  bool is_expr(ir::expr handle) const { return handle >= 0 && handle < count(exprs_.size()); }
  bool is_statement(ir::stmt handle) const {
    return handle >= 0 && handle < count(nest_.stmts.size());
  }
  bool is_buffer(std::int64_t index) const { return index >= 0 && index < count(names_.size()); }
  const ir::buffer& buffer(std::int64_t index) const {
    return nest_.buffers[static_cast<std::size_t>(index)];
  }
  dtype type(ir::expr handle) const { return exprs_[handle].type; }
  std::string text(ir::expr handle) const { return to_text(exprs_, handle, names_); }

  // ---------------------------------------------------------------- buffers

  void buffers() {
    int params = 0;
    int last = 0;
    for (const ir::buffer& each : nest_.buffers) {
      const bool param = each.where == ir::scope::param;
      const int rank = param ? 0 : each.where == ir::scope::workspace ? 1 : 2;
      const std::string name = "buffer '" + each.name + "' ";
      if (rank < last) refuse(name + "is listed after buffers of a narrower scope");
      if (each.elements < 1) refuse(name + "has no elements");
      if (each.output && !param) refuse(name + "is an output but no parameter");
      if (each.scalar && (!param || each.output || each.elements != 1))
        refuse(name + "is a scalar but not an input of one element");
      if (each.bound && each.where != ir::scope::workspace)
        refuse(name + "is bound but no workspace");
      params += param;
      last = rank;
    }
    if (params != nest_.param_count)
      refuse("param_count is " + std::to_string(nest_.param_count) + ", but the nest has " +
             std::to_string(params) + " parameters");
  }

  // ---------------------------------------------------------------- expressions

  /// One node: its operands exist and have the right types.
  void node(ir::expr handle) {
    const ir::node& at = exprs_[handle];
    const auto wrong = [&](const char* what) {
      refuse("expression " + std::to_string(handle) + ": " + what);
    };
    for (const ir::expr operand : {at.a, at.b, at.c})
      if (operand != ir::none && (!is_expr(operand) || operand >= handle))
        return wrong("an operand does not exist");
    for (const ir::expr operand : exprs_.args(handle))
      if (!is_expr(operand) || operand >= handle) return wrong("an argument does not exist");
    const bool has_a = at.a != ir::none, has_b = at.b != ir::none, has_c = at.c != ir::none;
    switch (at.what) {
      case ir::kind::linear:
        if (at.type != dtype::i64) wrong("a linear expression is not i64");
        for (const ir::term& each : exprs_.terms(handle)) {
          if (!is_expr(each.atom) || each.atom >= handle) return wrong("a summand does not exist");
          if (type(each.atom) != dtype::i64) wrong("a summand is not i64");
        }
        break;
      case ir::kind::variable:
        if (at.imm < 0 || at.imm >= count(exprs_.variable_count())) wrong("no such variable");
        break;
      case ir::kind::floor_div:
      case ir::kind::floor_mod:
        if (!has_a || type(at.a) != dtype::i64 || at.imm <= 0)
          wrong("not an i64 value divided by a positive constant");
        break;
      case ir::kind::literal:
        if (at.type == dtype::weak_int || at.type == dtype::weak_float) wrong("an untyped literal");
        break;
      case ir::kind::load:
        // Loads of the program (one index per dimension, its own buffer numbers) share the arena:
        // those that the nest uses are checked where they are used.
        break;
      case ir::kind::unary:
        if (!has_a || type(at.a) != at.type)
          wrong("operand and result differ in type");
        else if (is_math_function(at.fn) && !is_float(at.type) && at.fn != opcode::pow)
          wrong("a math function of integers");
        else if (at.fn == opcode::logical_not && at.type != dtype::boolean)
          wrong("'!' of a number");
        break;
      case ir::kind::binary: {
        if (!has_a || !has_b || type(at.a) != type(at.b)) return wrong("operands differ in type");
        const bool boolean = is_comparison(at.fn) || is_logical(at.fn);
        if (boolean != (at.type == dtype::boolean)) wrong("result and operation differ in type");
        if (is_logical(at.fn) && type(at.a) != dtype::boolean) wrong("'&&' or '||' of numbers");
        if (!boolean && type(at.a) != at.type) wrong("operands and result differ in type");
        break;
      }
      case ir::kind::select:
        if (!has_a || !has_b || !has_c) return wrong("select without three operands");
        if (type(at.a) != dtype::boolean) wrong("the condition of select is not boolean");
        if (type(at.b) != at.type || type(at.c) != at.type)
          wrong("the branches of select differ in type");
        break;
      case ir::kind::cast:
        if (!has_a) wrong("cast of nothing");
        break;
      case ir::kind::call: break;
    }
  }

  /// An expression that a statement uses: its variables are bound, its loads are sound.
  /// @param guarded  reached under a condition only
  void use(ir::expr handle, bool guarded) {
    if (handle == ir::none || !ok()) return;
    const ir::node& at = exprs_[handle];
    if (at.what == ir::kind::variable) {
      if (loop_of_[static_cast<std::size_t>(at.imm)] == nullptr)
        refuse("variable '" + exprs_.variable_at(at.imm).name + "' is used outside its loop" +
               where());
      return;
    }
    sequence<char>& seen = guarded ? seen_guarded_ : seen_;
    if (seen[static_cast<std::size_t>(handle)]) return;
    seen[static_cast<std::size_t>(handle)] = true;
    for (const ir::term& each : exprs_.terms(handle)) use(each.atom, guarded);
    for (const ir::expr each : exprs_.args(handle)) use(each, guarded);
    if (at.what == ir::kind::load) {
      if (!is_buffer(at.imm) || exprs_.args(handle).size() != 1)
        return refuse("a load has no buffer or not one flat index" + where());
      if (at.type != buffer(at.imm).type)
        refuse(text(handle) + " is read as " + name_of(at.type) + ", but '" + buffer(at.imm).name +
               "' holds " + name_of(buffer(at.imm).type));
      index(at.imm, exprs_.args(handle)[0], guarded);
    }
    const bool lazy =
        at.what == ir::kind::select || (at.what == ir::kind::binary && is_logical(at.fn));
    use(at.a, guarded);
    use(at.b, guarded || lazy);
    use(at.c, guarded || lazy);
  }

  // ---------------------------------------------------------------- indices

  void index(std::int64_t of, ir::expr at, bool guarded) {
    if (type(at) != dtype::i64) return refuse("an index of '" + buffer(of).name + "' is not i64");
    if (buffer(of).where == ir::scope::registers && !is_static(at))
      refuse("registers '" + buffer(of).name + "' are indexed by " + text(at) +
             ", which is not constant after unrolling and vectorizing");
    if (guarded || guards_ > 0) return;
    const ir::interval reached = reached_range(at);
    if (reached.low < 0 || reached.high >= buffer(of).elements)
      refuse("index " + text(at) + " of '" + buffer(of).name + "' reaches " +
             std::to_string(reached.low < 0 ? reached.low : reached.high) + ", outside [0, " +
             std::to_string(buffer(of).elements) + ")" + where());
  }

  /// True if the value is constant once unrolled and vectorized variables are.
  bool is_static(ir::expr handle) const {
    if (handle == ir::none) return true;
    const ir::node& at = exprs_[handle];
    if (at.what == ir::kind::load || at.what == ir::kind::call) return false;
    if (at.what == ir::kind::variable) {
      const ir::statement* loop = loop_of_[static_cast<std::size_t>(at.imm)];
      if (loop == nullptr) return false;
      if (loop->how == ir::loop_kind::vectorized) return true;
      return ir::is_written_out(loop->how) && is_static(loop->extent);
    }
    for (const ir::term& each : exprs_.terms(handle))
      if (!is_static(each.atom)) return false;
    return is_static(at.a) && is_static(at.b) && is_static(at.c);
  }

  /// Lowest and highest value that an unguarded linear index is sure to take: variables of loops
  /// with a computed trip count are sure to be 0 only. For other indices: a range that holds no
  /// violation unless all of their values are one.
  ir::interval reached_range(ir::expr handle) const {
    std::int64_t low = exprs_[handle].imm, high = low;
    bool exact = true;
    for (const ir::term& each : exprs_.terms(handle)) {
      const ir::node& atom = exprs_[each.atom];
      if (atom.what != ir::kind::variable) {
        exact = false;
        break;
      }
      const ir::statement* loop = loop_of_[static_cast<std::size_t>(atom.imm)];
      const bool whole = loop != nullptr && exprs_.is_constant(loop->extent);
      const std::int64_t last = whole ? exprs_.constant_value(loop->extent) - 1 : 0;
      (each.coef < 0 ? low : high) += each.coef * last;
    }
    if (exact) return {low, high};
    const ir::interval all = exprs_.range(handle);
    return {smaller(all.high, std::int64_t{0}), larger(all.low, std::int64_t{0})};
  }

  // ---------------------------------------------------------------- statements

  /// The statements below `handle` and their expressions exist, and no statement has two parents.
  void handles(ir::stmt handle) {
    if (!ok()) return;
    const ir::statement& at = nest_[handle];
    const std::string name = "statement " + std::to_string(handle);
    if (used_[static_cast<std::size_t>(handle)]) return refuse(name + " has two parents");
    used_[static_cast<std::size_t>(handle)] = true;
    switch (at.what) {
      case ir::stmt_kind::block:
      case ir::stmt_kind::together: break;
      case ir::stmt_kind::loop:
        if (!is_expr(at.variable) || !exprs_.is_variable(at.variable))
          refuse(name + ": a loop without variable");
        else if (!is_expr(at.extent) || type(at.extent) != dtype::i64)
          refuse(name + ": a loop without i64 extent");
        break;
      case ir::stmt_kind::branch:
        if (!is_expr(at.condition) || type(at.condition) != dtype::boolean)
          refuse(name + ": a branch without boolean condition");
        else if (at.children.empty() || at.children.size() > 2)
          refuse(name + ": a branch has one or two children");
        break;
      case ir::stmt_kind::store:
        if (!is_expr(at.value)) refuse(name + ": a store without value");
        [[fallthrough]];
      case ir::stmt_kind::prefetch:
        if (!is_buffer(at.buffer) || !is_expr(at.index) || type(at.index) != dtype::i64)
          refuse(name + ": no buffer or no i64 index");
        if (!at.children.empty()) refuse(name + ": a store or prefetch has no children");
        break;
    }
    for (const ir::stmt child : at.children) {
      if (!is_statement(child)) return refuse(name + ": a child does not exist");
      handles(child);
    }
  }

  void phase(const ir::phase& of) {
    const ir::statement& body = nest_[of.body];
    const bool parallel = body.what == ir::stmt_kind::loop && body.how == ir::loop_kind::parallel;
    int same = 0;
    for (const ir::phase& each : nest_.phases) same += each.name == of.name ? 1 : 0;
    if (of.name.empty() || same != 1) refuse("phase name '" + of.name + "' is not unique");
    if (of.parallel != parallel)
      refuse("phase '" + of.name + "' and its outermost statement disagree about being parallel");
    const bool counted = parallel && exprs_.is_constant(body.extent);
    const std::int64_t tasks = counted ? exprs_.constant_value(body.extent) : 1;
    if ((parallel && !counted) || tasks != of.tasks)
      refuse("phase '" + of.name + "' has not as many tasks as its outermost loop has iterations");
    statement(of.body, true);
  }

  /// " in C[i] = A[i]" of the statement being judged.
  std::string where() const {
    const ir::statement& at = nest_[current_];
    switch (at.what) {
      case ir::stmt_kind::store:
        return " in " + names_[static_cast<std::size_t>(at.buffer)] + "[" + text(at.index) +
               "] = " + text(at.value);
      case ir::stmt_kind::branch: return " in if " + text(at.condition);
      case ir::stmt_kind::loop: return " in for " + text(at.variable) + " < " + text(at.extent);
      default: return "";
    }
  }

  void begin(ir::stmt handle) {
    current_ = handle;
    seen_.assign(exprs_.size(), false);
    seen_guarded_.assign(exprs_.size(), false);
  }

  void statement(ir::stmt handle, bool outermost) {
    if (!ok()) return;
    const ir::statement& at = nest_[handle];
    begin(handle);
    switch (at.what) {
      case ir::stmt_kind::block:
      case ir::stmt_kind::together:
        for (const ir::stmt child : at.children) statement(child, false);
        break;
      case ir::stmt_kind::loop: loop(at, outermost); break;
      case ir::stmt_kind::branch:
        use(at.condition, false);
        ++guards_;
        for (const ir::stmt child : at.children) statement(child, false);
        --guards_;
        break;
      case ir::stmt_kind::store: {
        const ir::buffer& to = buffer(at.buffer);
        if (to.where == ir::scope::param && !to.output)
          refuse("store to the input '" + to.name + "'");
        if (type(at.value) != to.type)
          refuse("a value of type " + std::string(name_of(type(at.value))) + " is stored to '" +
                 to.name + "' of type " + name_of(to.type) + where());
        use(at.value, false);
        use(at.index, false);
        if (ok()) index(at.buffer, at.index, false);
        break;
      }
      case ir::stmt_kind::prefetch: use(at.index, false); break;
    }
  }

  void loop(const ir::statement& at, bool outermost) {
    const ir::variable& variable = exprs_.variable_of(at.variable);
    const auto slot = static_cast<std::size_t>(exprs_.variable_index(at.variable));
    const bool vector = at.how == ir::loop_kind::vectorized;
    use(at.extent, false);
    if (loop_of_[slot] != nullptr)
      refuse("variable '" + variable.name + "' is bound twice" + where());
    if (exprs_.range(at.extent).low > variable.extent)
      refuse("the trip count is above the variable's extent " + std::to_string(variable.extent) +
             where());
    if (at.how == ir::loop_kind::parallel && !outermost)
      refuse("a parallel loop is not a phase's outermost statement" + where());
    if (vector && vectorized_ > 0) refuse("a vectorized loop is inside another" + where());
    if (vector && (at.lanes < 1 || exprs_.range(at.extent).low > at.lanes))
      refuse("a vectorized loop has " + std::to_string(at.lanes) + " lanes" + where());
    loop_of_[slot] = &at;
    vectorized_ += vector;
    for (const ir::stmt child : at.children) statement(child, false);
    vectorized_ -= vector;
    loop_of_[slot] = nullptr;
  }

  const ir::nest& nest_;
  const ir::pool& exprs_;
  sequence<std::string> names_;             ///< of the buffers
  sequence<const ir::statement*> loop_of_;  ///< by variable: the loop being inside of
  sequence<char> used_;                     ///< by statement
  sequence<char> seen_, seen_guarded_;      ///< by expression, for the current statement
  ir::stmt current_ = ir::none;
  int guards_ = 0;
  int vectorized_ = 0;
  std::string reason_;
};

}  // namespace detail

LATHE_INLINE std::string verify(const ir::nest& nest) {
  return detail::nest_verifier(nest).verify();
}

}  // namespace lathe
