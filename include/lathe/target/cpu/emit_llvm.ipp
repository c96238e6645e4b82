/// @file
/// Body of emit_llvm.hpp.
#pragma once

#include <lathe/lower/plan_of.hpp>
#include <lathe/target/cpu/emit_llvm.hpp>
#include <lathe/target/cpu/llvm_writer.hpp>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <set>

namespace lathe::native {
namespace detail {

/// What is known of a loop variable while its loop is being written.
struct bound_variable {
  enum class form : unsigned char { unbound, runtime, constant, vector } how = form::unbound;
  std::string name;          ///< runtime
  std::int64_t value = 0;    ///< constant
  std::size_t level = 0;     ///< runtime: level whose body binds it
};

class llvm_emitter : llvm_writer {
 public:
  llvm_emitter(const ir::nest& nest, const cpu_target& target, const emit_options& options)
      : llvm_writer(target, !options.strict_fp), nest_(nest), exprs_(nest.exprs), options_(options) {}

  result<std::string> emit() {
    scratch_ = scratch_offsets(nest_);
    for (const ir::phase& phase : nest_.phases) function(phase);
    if (!reason_.empty()) return error("LATHE-E320", reason_);
    std::string module;
    module.reserve(body_.size() + 4096);
    module += "; " + nest_.name + "\n";
    for (const std::string& declaration : declarations_) module += declaration + "\n";
    module += body_;
    module += "attributes #0 = { nounwind }\n!0 = !{}\n";
    return module;
  }

 private:
  void refuse(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
  }

  // ---------------------------------------------------------------- functions and control flow

  void function(const ir::phase& phase) {
    levels_.clear();
    variables_.assign(exprs_.variable_count(), {});
    loads_.clear();
    pointers_.clear();
    slots_.clear();
    never_.clear();
    vector_ = {};
    guard_.clear();
    counter_ = 0;
    levels_.push_back({"", "entry", {}, {}});
    const ir::statement& outer = nest_[phase.body];
    std::string skip;
    if (phase.parallel) {
      const std::string any = define("icmp slt i64 %begin, %end");
      line("br i1 " + any + ", label %work, label %done");
      top().text += "work:\n";
      top().block = "work";
      runtime_loop(outer, "%begin", "%end");
      line("br label %done");
      top().text += "done:\n";
    } else {
      statement(phase.body);
    }
    line("ret void");
    body_ += "define void @" + options_.prefix + phase.name +
             "(ptr nocapture readonly %buffers, ptr noalias nocapture %scratch, i64 %begin, i64 %end) "
             "#0 {\nentry:\n" +
             entry_ + levels_[0].text + "}\n\n";
    entry_.clear();
  }

  void statements(const std::vector<ir::stmt>& list) {
    for (const ir::stmt each : list) statement(each);
  }

  void statement(ir::stmt handle) {
    if (!reason_.empty()) return;
    if (body_.size() + top().text.size() > text_limit) return refuse("the kernel's code is too large");
    const ir::statement& at = nest_[handle];
    switch (at.what) {
      case ir::stmt_kind::block: statements(at.children); break;
      case ir::stmt_kind::loop: loop(at); break;
      case ir::stmt_kind::branch: branch(at); break;
      case ir::stmt_kind::store: store(at); break;
      case ir::stmt_kind::prefetch: prefetch(at); break;
    }
  }

  bound_variable& bound(ir::expr variable) {
    return variables_[static_cast<std::size_t>(exprs_.variable_index(variable))];
  }

  void loop(const ir::statement& at) {
    const std::optional<std::int64_t> count = known(at.extent);
    if (at.how == ir::loop_kind::vectorized && vector_.lanes == 1) return vector_loop(at, count);
    const bool unroll = at.how == ir::loop_kind::unrolled && count;
    if (unroll || (count && *count == 1)) {
      for (std::int64_t value = 0; value < *count; ++value) {
        bound(at.variable) = {bound_variable::form::constant, "", value, 0};
        statements(at.children);
      }
      bound(at.variable) = {};
      return;
    }
    const llvm_value extent = integer(at.extent);
    if (extent.lanes != 1) return refuse("a loop's trip count differs between vector lanes");
    runtime_loop(at, "0", extent.text);
  }

  /// A loop from `first` to `last`, at least one iteration (trip counts are never 0).
  void runtime_loop(const ir::statement& at, const std::string& first, const std::string& last) {
    const std::string id = std::to_string(++counter_);
    const std::string head = "head" + id, exit = "exit" + id, variable = "%i" + id;
    std::set<std::int32_t> written;
    written_registers(at.children, written);
    std::vector<std::pair<std::pair<std::int32_t, std::int64_t>, llvm_value>> carried;
    for (auto& [slot, value] : slots_) {
      if (!written.contains(slot.first)) continue;
      carried.emplace_back(slot, value);
      value.text = fresh("a");
    }
    std::vector<std::string> names;
    for (const auto& [slot, value] : carried) names.push_back(slots_[slot].text);

    levels_.push_back({"", head, {}, {}});
    bound(at.variable) = {bound_variable::form::runtime, variable, 0, levels_.size() - 1};
    loads_.clear();
    statements(at.children);
    loads_.clear();
    bound(at.variable) = {};
    const std::string next = define("add nuw nsw i64 " + variable + ", 1");
    const std::string more = define("icmp slt i64 " + next + ", " + last);
    line("br i1 " + more + ", label %" + head + ", label %" + exit);
    const code_level body = std::move(levels_.back());
    levels_.pop_back();

    const std::string before = top().block;
    line("br label %" + head);
    std::string& out = top().text;
    out += head + ":\n";
    line(variable + " = phi i64 [ " + first + ", %" + before + " ], [ " + next + ", %" + body.block + " ]");
    for (std::size_t at_slot = 0; at_slot < carried.size(); ++at_slot) {
      const auto& [slot, start] = carried[at_slot];
      if (slots_[slot].lanes != start.lanes) continue;  // left over from a tile of another width
      line(names[at_slot] + " = phi " + type_of(start) + " [ " + start.text + ", %" + before +
           " ], [ " + slots_[slot].text + ", %" + body.block + " ]");
    }
    top().text += body.text;
    top().text += exit + ":\n";
    top().block = exit;
  }

  void vector_loop(const ir::statement& at, const std::optional<std::int64_t>& count) {
    const std::int64_t most = count ? *count : at.lanes;
    if (most == 1 && count) {
      bound(at.variable) = {bound_variable::form::constant, "", 0, 0};
      statements(at.children);
      bound(at.variable) = {};
      return;
    }
    vector_.lanes = static_cast<int>(std::bit_ceil(static_cast<std::uint64_t>(std::max<std::int64_t>(at.lanes, most))));
    if (count && *count < vector_.lanes / 2)
      vector_.lanes = static_cast<int>(std::bit_ceil(static_cast<std::uint64_t>(*count)));
    vector_.variable = exprs_.variable_index(at.variable);
    vector_.active = count ? *count : -1;
    vector_.mask.clear();
    if (!count) {
      const llvm_value limit = widen(integer(at.extent), vector_.lanes);
      vector_.mask = define("icmp slt " + type_of(limit) + " " + lane_numbers(vector_.lanes) + ", " + limit.text);
    } else if (*count < vector_.lanes) {
      vector_.mask = "<";
      for (int lane = 0; lane < vector_.lanes; ++lane)
        vector_.mask += std::string(lane == 0 ? "" : ", ") + "i1 " + (lane < *count ? "true" : "false");
      vector_.mask += ">";
    }
    bound(at.variable) = {bound_variable::form::vector, "", 0, 0};
    loads_.clear();
    statements(at.children);
    loads_.clear();
    bound(at.variable) = {};
    vector_ = {};
  }

  void branch(const ir::statement& at) {
    if (const auto condition = known(at.condition)) {
      if (*condition != 0) statement(at.children[0]);
      else if (at.children.size() > 1) statement(at.children[1]);
      return;
    }
    const llvm_value condition = value(at.condition);
    if (condition.lanes != 1) return refuse("a branch differs between vector lanes");
    const std::string id = std::to_string(++counter_);
    const std::string labels[2] = {"then" + id, "else" + id};
    const std::string join = "join" + id;
    const bool two = at.children.size() > 1;
    const auto before = slots_;
    std::map<std::pair<std::int32_t, std::int64_t>, llvm_value> after[2] = {before, before};
    std::string ends[2] = {top().block, top().block};
    std::string texts[2];
    for (int arm = 0; arm < (two ? 2 : 1); ++arm) {
      slots_ = before;
      loads_.clear();
      levels_.push_back({"", labels[arm], {}, {}});
      statement(at.children[static_cast<std::size_t>(arm)]);
      line("br label %" + join);
      after[arm] = slots_;
      ends[arm] = top().block;
      texts[arm] = labels[arm] + ":\n" + top().text;
      levels_.pop_back();
    }
    loads_.clear();
    line("br i1 " + condition.text + ", label %" + labels[0] + ", label %" + (two ? labels[1] : join));
    top().text += texts[0] + texts[1] + join + ":\n";
    top().block = join;
    slots_.clear();
    for (const auto& [slot, left] : after[0]) {
      const auto right = after[1].find(slot);
      if (right == after[1].end() || right->second.lanes != left.lanes) continue;
      slots_[slot] = left;
      if (right->second.text == left.text) continue;
      slots_[slot].text = define("phi " + type_of(left) + " [ " + left.text + ", %" + ends[0] + " ], [ " +
                                 right->second.text + ", %" + ends[1] + " ]");
    }
  }

  void written_registers(const std::vector<ir::stmt>& list, std::set<std::int32_t>& out) const {
    for (const ir::stmt each : list) {
      const ir::statement& at = nest_[each];
      if (at.what == ir::stmt_kind::store && buffer(at.buffer).where == ir::scope::registers)
        out.insert(at.buffer);
      written_registers(at.children, out);
    }
  }

  const ir::buffer& buffer(std::int64_t index) const {
    return nest_.buffers[static_cast<std::size_t>(index)];
  }

  // ---------------------------------------------------------------- integers and addresses

  /// Value of an integer or boolean expression if the constants bound so far decide it.
  std::optional<std::int64_t> known(ir::expr handle) const {
    const ir::node& at = exprs_[handle];
    switch (at.what) {
      case ir::kind::linear: {
        std::int64_t sum = at.imm;
        for (const ir::term& each : exprs_.terms(handle)) {
          const auto part = known(each.atom);
          if (!part) return std::nullopt;
          sum += *part * each.coef;
        }
        return sum;
      }
      case ir::kind::variable: {
        const bound_variable& of = variables_[static_cast<std::size_t>(at.imm)];
        if (of.how != bound_variable::form::constant) return std::nullopt;
        return of.value;
      }
      case ir::kind::floor_div:
      case ir::kind::floor_mod: {
        const auto inner = known(at.a);
        if (!inner) return std::nullopt;
        const std::int64_t quotient = ir::detail::floor_quotient(*inner, at.imm);
        return at.what == ir::kind::floor_div ? quotient : *inner - quotient * at.imm;
      }
      case ir::kind::literal:
        if (is_float(at.type)) return std::nullopt;
        return at.imm;
      case ir::kind::binary: {
        const dtype operands = exprs_[at.a].type;
        if (operands != dtype::i64 && operands != dtype::boolean) return std::nullopt;
        const auto left = known(at.a), right = known(at.b);
        if (at.fn == opcode::logical_and && ((left && *left == 0) || (right && *right == 0))) return 0;
        if (!left || !right) return std::nullopt;
        switch (at.fn) {
          case opcode::min: return std::min(*left, *right);
          case opcode::max: return std::max(*left, *right);
          case opcode::less: return *left < *right;
          case opcode::less_equal: return *left <= *right;
          case opcode::greater: return *left > *right;
          case opcode::greater_equal: return *left >= *right;
          case opcode::equal: return *left == *right;
          case opcode::not_equal: return *left != *right;
          case opcode::logical_and: return *left != 0 && *right != 0;
          case opcode::logical_or: return *left != 0 || *right != 0;
          default: return std::nullopt;
        }
      }
      default: return std::nullopt;
    }
  }

  /// How an expression may be kept: the level it belongs to, and what it depends on.
  struct dependence {
    std::size_t level = 0;
    bool constants = false;  ///< on an unrolled variable: differs between copies of the code
    bool lanes = false;      ///< on the vectorized variable
    bool element = false;    ///< contains loads or element arithmetic, which stay where they are used
  };

  dependence depends(ir::expr handle) const {
    dependence out;
    if (handle == ir::none) return out;
    const auto join = [&out](const dependence& other) {
      out.level = std::max(out.level, other.level);
      out.constants |= other.constants;
      out.lanes |= other.lanes;
      out.element |= other.element;
    };
    const ir::node& at = exprs_[handle];
    if (at.what == ir::kind::variable) {
      const bound_variable& of = variables_[static_cast<std::size_t>(at.imm)];
      out.level = of.level;
      out.constants = of.how == bound_variable::form::constant;
      out.lanes = of.how == bound_variable::form::vector;
    }
    const bool index_node = at.what == ir::kind::linear || at.what == ir::kind::variable ||
                            at.what == ir::kind::floor_div || at.what == ir::kind::floor_mod ||
                            (at.what == ir::kind::binary && at.type == dtype::i64 &&
                             (at.fn == opcode::min || at.fn == opcode::max));
    out.element = !index_node;
    for (const ir::term& each : exprs_.terms(handle)) join(depends(each.atom));
    for (const ir::expr each : exprs_.args(handle)) join(depends(each));
    join(depends(at.a));
    join(depends(at.b));
    join(depends(at.c));
    return out;
  }

  /// Emits an i64 expression; run-time scalars are computed once, in the loop where they are known.
  llvm_value integer(ir::expr handle) {
    if (const auto fixed = known(handle)) return constant(*fixed);
    const dependence on = depends(handle);
    const bool kept = !on.constants && !on.lanes && !on.element;
    const std::size_t level = kept ? on.level : levels_.size() - 1;
    if (kept) {
      const auto found = levels_[level].values.find(handle);
      if (found != levels_[level].values.end()) return found->second;
    }
    llvm_value made = on.lanes ? lanes_integer(handle) : scalar_integer(handle, level);
    if (kept) levels_[level].values[handle] = made;
    return made;
  }

  llvm_value scalar_integer(ir::expr handle, std::size_t level) {
    const ir::node& at = exprs_[handle];
    const auto made = [&](std::string text) {
      return llvm_value{define_at(level, text), dtype::i64, 1};
    };
    switch (at.what) {
      case ir::kind::linear: {
        std::string sum;
        std::int64_t fixed = at.imm;
        for (const ir::term& each : exprs_.terms(handle)) {
          if (const auto part = known(each.atom)) {
            fixed += *part * each.coef;
            continue;
          }
          std::string part = integer(each.atom).text;
          if (each.coef != 1) part = define_at(level, "mul nsw i64 " + part + ", " + std::to_string(each.coef));
          sum = sum.empty() ? part : define_at(level, "add nsw i64 " + sum + ", " + part);
        }
        if (fixed != 0) sum = define_at(level, "add nsw i64 " + sum + ", " + std::to_string(fixed));
        return {sum, dtype::i64, 1};
      }
      case ir::kind::variable: return {variables_[static_cast<std::size_t>(at.imm)].name, dtype::i64, 1};
      case ir::kind::floor_div:
      case ir::kind::floor_mod: return floor_division(at, integer(at.a), level);
      case ir::kind::binary:
        if (at.fn == opcode::min || at.fn == opcode::max) {
          const std::string left = integer(at.a).text, right = integer(at.b).text;
          const std::string less = define_at(
              level, std::string("icmp ") + (at.fn == opcode::min ? "slt" : "sgt") + " i64 " + left + ", " + right);
          return made("select i1 " + less + ", i64 " + left + ", i64 " + right);
        }
        return element(handle);
      default: return element(handle);
    }
  }

  /// Quotient or remainder rounded towards minus infinity, scalar or per lane.
  llvm_value floor_division(const ir::node& at, const llvm_value& inner, std::size_t level) {
    const std::string type = type_of(inner);
    const std::string divisor = widen_constant(at.imm, inner.lanes);
    const bool negative = exprs_.range(at.a).low < 0;
    const auto put = [&](const std::string& text) { return define_at(level, text); };
    if (!negative)
      return {put(std::string(at.what == ir::kind::floor_div ? "udiv " : "urem ") + type + " " + inner.text +
                  ", " + divisor),
              dtype::i64, inner.lanes};
    const std::string remainder = put("srem " + type + " " + inner.text + ", " + divisor);
    const std::string below = put("icmp slt " + type + " " + remainder + ", " + widen_constant(0, inner.lanes));
    const std::string flag = type_text(dtype::boolean, inner.lanes);
    if (at.what == ir::kind::floor_mod) {
      const std::string up = put("add " + type + " " + remainder + ", " + divisor);
      return {put("select " + flag + " " + below + ", " + type + " " + up + ", " + type + " " + remainder),
              dtype::i64, inner.lanes};
    }
    const std::string quotient = put("sdiv " + type + " " + inner.text + ", " + divisor);
    const std::string lower = put("sub " + type + " " + quotient + ", " + widen_constant(1, inner.lanes));
    return {put("select " + flag + " " + below + ", " + type + " " + lower + ", " + type + " " + quotient),
            dtype::i64, inner.lanes};
  }

  /// An i64 expression that differs between lanes.
  llvm_value lanes_integer(ir::expr handle) {
    const ir::node& at = exprs_[handle];
    const int lanes = vector_.lanes;
    switch (at.what) {
      case ir::kind::linear: {
        const std::string type = type_text(dtype::i64, lanes);
        std::string sum;
        std::int64_t fixed = at.imm;
        for (const ir::term& each : exprs_.terms(handle)) {
          if (const auto part = known(each.atom)) {
            fixed += *part * each.coef;
            continue;
          }
          std::string part = widen(integer(each.atom), lanes).text;
          if (each.coef != 1) part = define("mul nsw " + type + " " + part + ", " + widen_constant(each.coef, lanes));
          sum = sum.empty() ? part : define("add nsw " + type + " " + sum + ", " + part);
        }
        if (fixed != 0) sum = define("add nsw " + type + " " + sum + ", " + widen_constant(fixed, lanes));
        return {sum, dtype::i64, lanes};
      }
      case ir::kind::variable: return {lane_numbers(lanes), dtype::i64, lanes};
      case ir::kind::floor_div:
      case ir::kind::floor_mod: return floor_division(at, widen(integer(at.a), lanes), levels_.size() - 1);
      default: return widen(element(handle), lanes);
    }
  }

  std::string pointer_of(std::int32_t index) {
    const auto found = pointers_.find(index);
    if (found != pointers_.end()) return found->second;
    const ir::buffer& of = buffer(index);
    const std::string name = "%b" + std::to_string(index);
    if (of.where == ir::scope::scratch) {
      entry_ += "  " + name + " = getelementptr inbounds i8, ptr %scratch, i64 " +
                std::to_string(scratch_[static_cast<std::size_t>(index)]) + "\n";
    } else {
      entry_ += "  " + name + ".p = getelementptr inbounds ptr, ptr %buffers, i64 " +
                std::to_string(table_index(index)) + "\n  " + name + " = load ptr, ptr " + name +
                ".p, !invariant.load !0\n";
    }
    pointers_[index] = name;
    return name;
  }

  /// Position in the kernel's buffer table: parameters and workspaces, in order.
  int table_index(std::int32_t index) const {
    int position = 0;
    for (std::int32_t before = 0; before < index; ++before) {
      const ir::scope where = buffer(before).where;
      if (where == ir::scope::param || where == ir::scope::workspace) ++position;
    }
    return position;
  }

  /// A flat index taken apart: constant, summands per level, and the vector lanes' stride.
  struct address {
    std::string base;          ///< pointer without the constant part
    std::int64_t fixed = 0;    ///< [elements]
    std::int64_t stride = 0;   ///< between lanes; 0 = the same element
    llvm_value lanes;          ///< set if the lanes' offsets follow no stride
  };

  address address_of(std::int32_t index, ir::expr flat) {
    address out;
    out.base = pointer_of(index);
    const std::string type = memory_type(buffer(index).type, 1);
    struct summand {
      std::size_t level;
      std::string text;
      std::int64_t coef;
    };
    std::vector<summand> moving;
    out.fixed = exprs_[flat].imm;
    bool irregular = false;
    for (const ir::term& each : exprs_.terms(flat)) {
      if (const auto part = known(each.atom)) {
        out.fixed += *part * each.coef;
        continue;
      }
      const dependence on = depends(each.atom);
      if (on.lanes) {
        if (exprs_[each.atom].what == ir::kind::variable)
          out.stride += each.coef;
        else
          irregular = true;
        continue;
      }
      const std::size_t level = on.constants || on.element ? levels_.size() - 1 : on.level;
      moving.push_back({level, integer(each.atom).text, each.coef});
    }
    if (irregular) {
      out.fixed = 0;
      out.lanes = lanes_integer(flat);
      return out;
    }
    std::ranges::stable_sort(moving, {}, &summand::level);
    for (const summand& each : moving) {
      std::string key = out.base + "+" + std::to_string(each.coef) + "*" + each.text;
      auto& known_addresses = levels_[each.level].addresses;
      const auto found = known_addresses.find(key);
      if (found != known_addresses.end()) {
        out.base = found->second;
        continue;
      }
      const std::string offset =
          each.coef == 1 ? each.text
                         : define_at(each.level, "mul nsw i64 " + each.text + ", " + std::to_string(each.coef));
      out.base = define_at(each.level, "getelementptr inbounds " + type + ", ptr " + out.base + ", i64 " + offset);
      known_addresses[key] = out.base;
    }
    return out;
  }

  std::string pointer(std::int32_t index, const address& at, std::int64_t more = 0) {
    if (at.fixed + more == 0) return at.base;
    return define("getelementptr inbounds " + memory_type(buffer(index).type, 1) + ", ptr " + at.base +
                  ", i64 " + std::to_string(at.fixed + more));
  }

  /// One pointer per lane, for irregular accesses.
  std::string lane_pointers(std::int32_t index, const address& at) {
    llvm_value offsets = at.lanes;
    if (offsets.text.empty()) {
      offsets = {lane_numbers(vector_.lanes), dtype::i64, vector_.lanes};
      if (at.stride != 1)
        offsets.text = define("mul nsw " + type_of(offsets) + " " + offsets.text + ", " +
                              widen_constant(at.stride, vector_.lanes));
    }
    return define("getelementptr " + memory_type(buffer(index).type, 1) + ", ptr " + pointer(index, at) +
                  ", " + type_of(offsets) + " " + offsets.text);
  }

  // ---------------------------------------------------------------- memory

  /// The condition under which the current lanes may touch memory: vector tail and guard. "" = always.
  std::string lane_mask() {
    if (guard_.empty()) return vector_.mask;
    const llvm_value guard = widen({guard_, dtype::boolean, guard_lanes_}, vector_.lanes);
    if (vector_.mask.empty()) return guard.text;
    const std::string type = type_text(dtype::boolean, vector_.lanes);
    return define("and " + type + " " + guard.text + ", " + vector_.mask);
  }

  std::string alignment(dtype type) const { return std::to_string(size_of(type)); }

  llvm_value register_slot(const ir::node& at, ir::expr flat, bool lanes) {
    const auto slot = slot_of(static_cast<std::int32_t>(at.imm), flat);
    const auto found = slots_.find(slot);
    if (found == slots_.end()) {
      refuse("register tile '" + buffer(at.imm).name + "' is read before it is written");
      return constant(0, at.type);
    }
    if (lanes && found->second.lanes != vector_.lanes)
      refuse("register tile '" + buffer(at.imm).name + "' is read with another vector width");
    return found->second;
  }

  /// Key of a register: the flat index with the vectorized variable at 0.
  std::pair<std::int32_t, std::int64_t> slot_of(std::int32_t index, ir::expr flat) {
    std::int64_t slot = exprs_[flat].imm;
    for (const ir::term& each : exprs_.terms(flat)) {
      if (const auto part = known(each.atom)) {
        slot += *part * each.coef;
      } else if (!depends(each.atom).lanes || exprs_[each.atom].what != ir::kind::variable) {
        refuse("register tile '" + buffer(index).name + "' is indexed by a run-time value");
      }
    }
    return {index, slot};
  }

  llvm_value load(ir::expr handle) {
    const ir::node& at = exprs_[handle];
    const auto index = static_cast<std::int32_t>(at.imm);
    const ir::expr flat = exprs_.args(handle)[0];
    const bool lanes = depends(flat).lanes;
    const ir::buffer& of = buffer(index);
    if (of.where == ir::scope::registers) return register_slot(at, flat, lanes);

    const address where = address_of(index, flat);
    const bool contiguous = where.lanes.text.empty() && where.stride == 1;
    const std::string key = where.base + ":" + std::to_string(where.fixed) + ":" + std::to_string(where.stride) +
                            where.lanes.text + "?" + guard_;
    if (const auto found = loads_.find(key); found != loads_.end()) return found->second;
    const std::string note =
        of.where == ir::scope::param && !of.output ? ", !invariant.load !0" : "";
    llvm_value made{"", at.type, lanes ? vector_.lanes : 1};
    const std::string type = memory_type(at.type, made.lanes);
    const std::string align = alignment(at.type);
    if (!lanes) {
      std::string from = pointer(index, where);
      if (!guard_.empty())  // not taken: read element 0, the value is not used
        from = define("select i1 " + (guard_lanes_ == 1 ? guard_ : any_lane()) + ", ptr " + from +
                      ", ptr " + pointer_of(index));
      made.text = define("load " + type + ", ptr " + from + ", align " + align + (guard_.empty() ? note : ""));
    } else {
      const std::string mask = lane_mask();
      const std::string vector = mangled(at.type == dtype::boolean ? dtype::u8 : at.type, made.lanes);
      const std::string mask_type = type_text(dtype::boolean, made.lanes);
      if (contiguous && mask.empty()) {
        made.text = define("load " + type + ", ptr " + pointer(index, where) + ", align " + align + note);
      } else if (contiguous) {
        const std::string lanes_read = guard_.empty() ? mask : opaque(mask);
        declare("declare " + type + " @llvm.masked.load." + vector + ".p0(ptr, i32, " + mask_type + ", " + type + ")");
        made.text = define("call " + type + " @llvm.masked.load." + vector + ".p0(ptr " + pointer(index, where) +
                           ", i32 " + align + ", " + mask_type + " " + lanes_read + ", " + type + " zeroinitializer)");
      } else if (guard_.empty() && vector_.active >= 0 && where.lanes.text.empty()) {
        made.text = "poison";  // strided: one scalar load per lane costs no more than a gather
        for (int lane = 0; lane < vector_.active; ++lane) {
          const std::string one = define("load " + memory_type(at.type, 1) + ", ptr " +
                                         pointer(index, where, lane * where.stride) + ", align " + align + note);
          made.text = define("insertelement " + type + " " + made.text + ", " + memory_type(at.type, 1) + " " + one +
                             ", i32 " + std::to_string(lane));
        }
      } else {
        const std::string pointers = "<" + std::to_string(made.lanes) + " x ptr>";
        const std::string name = "@llvm.masked.gather." + vector + ".v" + std::to_string(made.lanes) + "p0";
        declare("declare " + type + " " + name + "(" + pointers + ", i32, " + mask_type + ", " + type + ")");
        made.text = define("call " + type + " " + name + "(" + pointers + " " + lane_pointers(index, where) +
                           ", i32 " + align + ", " + mask_type + " " +
                           (mask.empty() ? constant_vector("i1", "true", made.lanes) : mask) + ", " + type +
                           " zeroinitializer)");
      }
    }
    if (at.type == dtype::boolean)
      made.text = define("trunc " + type + " " + made.text + " to " + type_text(dtype::boolean, made.lanes));
    loads_[key] = made;
    return made;
  }

  /// The mask, hidden from constant folding. LLVM 14 to 19 drop the mask of a masked load on AVX2 if,
  /// after splitting the vector into registers, one part of the mask is known to be false.
  std::string opaque(const std::string& mask) {
    if (target_.set == isa::avx512) return mask;  // k registers: not affected
    if (never_.empty()) {
      never_ = "%never";
      entry_ += "  %never = icmp slt i64 %end, 0\n";
    }
    const std::string never = widen({never_, dtype::boolean, 1}, vector_.lanes).text;
    return define("or " + type_text(dtype::boolean, vector_.lanes) + " " + mask + ", " + never);
  }

  /// True if the guard holds in any lane in use: then what is the same in all lanes may be evaluated.
  std::string any_lane() {
    const std::string type = type_text(dtype::boolean, guard_lanes_);
    const std::string name = "@llvm.vector.reduce.or.v" + std::to_string(guard_lanes_) + "i1";
    declare("declare i1 " + name + "(" + type + ")");
    return define("call i1 " + name + "(" + type + " " + lane_mask() + ")");
  }

  void store(const ir::statement& at) {
    const ir::buffer& of = buffer(at.buffer);
    const bool lanes = depends(at.index).lanes;
    llvm_value stored = value(at.value);
    if (lanes) stored = widen(stored, vector_.lanes);
    if (!reason_.empty()) return;
    if (!lanes && stored.lanes != 1) return refuse("lanes of one vector store the same element of '" + of.name + "'");
    if (of.where == ir::scope::registers) {
      slots_[slot_of(at.buffer, at.index)] = stored;
      return;
    }
    const address where = address_of(at.buffer, at.index);
    if (of.type == dtype::boolean) {
      stored.text = define("zext " + type_of(stored) + " " + stored.text + " to " + memory_type(of.type, stored.lanes));
      stored.type = dtype::u8;
    }
    const std::string align = alignment(of.type);
    const std::string type = type_of(stored);
    if (!lanes) {
      line("store " + type + " " + stored.text + ", ptr " + pointer(at.buffer, where) + ", align " + align);
    } else if (where.lanes.text.empty() && where.stride == 1 && vector_.mask.empty()) {
      line("store " + type + " " + stored.text + ", ptr " + pointer(at.buffer, where) + ", align " + align);
    } else if (where.lanes.text.empty() && where.stride == 1) {
      const std::string name = "@llvm.masked.store." + mangled(stored.type, stored.lanes) + ".p0";
      const std::string mask_type = type_text(dtype::boolean, stored.lanes);
      declare("declare void " + name + "(" + type + ", ptr, i32, " + mask_type + ")");
      line("call void " + name + "(" + type + " " + stored.text + ", ptr " + pointer(at.buffer, where) + ", i32 " +
           align + ", " + mask_type + " " + vector_.mask + ")");
    } else if (vector_.active >= 0 && where.lanes.text.empty()) {
      for (int lane = 0; lane < vector_.active; ++lane) {
        const llvm_value one = lane_of(stored, lane);
        line("store " + type_of(one) + " " + one.text + ", ptr " + pointer(at.buffer, where, lane * where.stride) +
             ", align " + align);
      }
    } else {
      const std::string count = std::to_string(stored.lanes);
      const std::string pointers = "<" + count + " x ptr>";
      const std::string name = "@llvm.masked.scatter." + mangled(stored.type, stored.lanes) + ".v" + count + "p0";
      const std::string mask_type = type_text(dtype::boolean, stored.lanes);
      declare("declare void " + name + "(" + type + ", " + pointers + ", i32, " + mask_type + ")");
      line("call void " + name + "(" + type + " " + stored.text + ", " + pointers + " " +
           lane_pointers(at.buffer, where) + ", i32 " + align + ", " + mask_type + " " +
           (vector_.mask.empty() ? constant_vector("i1", "true", stored.lanes) : vector_.mask) + ")");
    }
    loads_.clear();
  }

  void prefetch(const ir::statement& at) {
    if (depends(at.index).lanes) return;
    const address where = address_of(at.buffer, at.index);
    declare("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)");
    const std::string from =
        define("getelementptr " + memory_type(buffer(at.buffer).type, 1) + ", ptr " + where.base + ", i64 " +
               std::to_string(where.fixed));
    line("call void @llvm.prefetch.p0(ptr " + from + ", i32 0, i32 3, i32 1)");
  }

  // ---------------------------------------------------------------- values

  /// Any expression; i64 ones go through integer().
  llvm_value value(ir::expr handle) {
    return exprs_[handle].type == dtype::i64 ? integer(handle) : element(handle);
  }

  /// Brings operands to the same number of lanes.
  void match(llvm_value& left, llvm_value& right) {
    const int lanes = std::max(left.lanes, right.lanes);
    left = widen(left, lanes);
    right = widen(right, lanes);
  }

  llvm_value element(ir::expr handle) {
    const ir::node& at = exprs_[handle];
    switch (at.what) {
      case ir::kind::literal:
        if (is_float(at.type)) return {number(at.num, at.type), at.type, 1};
        return constant(at.imm, at.type);
      case ir::kind::load: return load(handle);
      case ir::kind::unary: return unary_operation(at.fn, value(at.a));
      case ir::kind::binary: {
        llvm_value left = value(at.a), right = value(at.b);
        match(left, right);
        if (!is_float(left.type) && (at.fn == opcode::div || at.fn == opcode::mod))
          right = safe_divisor(right);
        return arithmetic(at.fn, at.type, left, right);
      }
      case ir::kind::select: return select(at);
      case ir::kind::cast: return convert(value(at.a), at.type);
      case ir::kind::call: {
        std::vector<llvm_value> operands;
        int lanes = 1;
        for (const ir::expr each : exprs_.args(handle)) {
          operands.push_back(value(each));
          lanes = std::max(lanes, operands.back().lanes);
        }
        for (llvm_value& each : operands) each = widen(each, lanes);
        return external_call(exprs_.name(at.imm), at.type, operands, lanes);
      }
      default: return integer(handle);
    }
  }

  /// A lane or branch that is not taken must not divide by zero.
  llvm_value safe_divisor(const llvm_value& divisor) {
    llvm_value out = divisor;
    const llvm_value one = widen(constant(1, divisor.type), divisor.lanes);
    if (divisor.lanes > 1) {
      const std::string mask = lane_mask();
      if (!mask.empty()) out = choose({mask, dtype::boolean, divisor.lanes}, out, one);
    } else if (!guard_.empty()) {
      out = choose({guard_lanes_ == 1 ? guard_ : any_lane(), dtype::boolean, 1}, out, one);
    }
    return out;
  }

  /// Evaluates one branch of a select under its condition, so that its loads stay in range.
  llvm_value guarded(ir::expr handle, const llvm_value& condition, bool holds) {
    const std::string outer = guard_;
    const int outer_lanes = guard_lanes_;
    llvm_value guard = condition;
    if (!holds) guard = unary_operation(opcode::logical_not, guard);
    if (!outer.empty()) {
      llvm_value both{outer, dtype::boolean, outer_lanes};
      match(both, guard);
      guard = arithmetic(opcode::logical_and, dtype::boolean, both, guard);
    }
    guard_ = guard.text;
    guard_lanes_ = guard.lanes;
    llvm_value made = value(handle);
    guard_ = outer;
    guard_lanes_ = outer_lanes;
    return made;
  }

  llvm_value select(const ir::node& at) {
    if (const auto fixed = known(at.a)) return value(*fixed != 0 ? at.b : at.c);
    llvm_value condition = value(at.a);
    const auto arm = [&](ir::expr handle, bool holds) {
      return needs_guard(handle) ? guarded(handle, condition, holds) : value(handle);
    };
    llvm_value then = arm(at.b, true);
    llvm_value otherwise = arm(at.c, false);
    match(then, otherwise);
    const int lanes = std::max(condition.lanes, then.lanes);
    return choose(widen(condition, lanes), widen(then, lanes), widen(otherwise, lanes));
  }

  /// True if evaluating an expression needlessly could fault: it loads or divides integers.
  bool needs_guard(ir::expr handle) const {
    if (handle == ir::none) return false;
    const ir::node& at = exprs_[handle];
    if (at.what == ir::kind::load) return buffer(at.imm).where != ir::scope::registers;
    if (at.what == ir::kind::binary && !is_float(at.type) && (at.fn == opcode::div || at.fn == opcode::mod))
      return true;
    for (const ir::term& each : exprs_.terms(handle))
      if (needs_guard(each.atom)) return true;
    for (const ir::expr each : exprs_.args(handle))
      if (needs_guard(each)) return true;
    return needs_guard(at.a) || needs_guard(at.b) || needs_guard(at.c);
  }

  static constexpr std::size_t text_limit = 24u << 20;  ///< [bytes]; far above any useful kernel

  const ir::nest& nest_;
  const ir::pool& exprs_;
  const emit_options& options_;
  std::vector<std::int64_t> scratch_;
  std::string body_, entry_;
  std::string never_;  ///< a condition that is false, but not known to be
  std::vector<bound_variable> variables_;
  std::map<std::int32_t, std::string> pointers_;
  std::map<std::string, llvm_value> loads_;  ///< loads still valid in the current block
  std::map<std::pair<std::int32_t, std::int64_t>, llvm_value> slots_;  ///< register tiles
  struct {
    int lanes = 1;
    std::int64_t variable = -1;
    std::int64_t active = 1;  ///< lanes in use, -1 = known at run time only
    std::string mask;         ///< "" = all lanes
  } vector_;
  std::string guard_;  ///< condition of the enclosing selects, "" = none
  int guard_lanes_ = 1;
  std::string reason_;
};

}  // namespace detail

LATHE_INLINE result<std::string> emit_llvm(const ir::nest& nest, const cpu_target& target,
                                           const emit_options& options) {
  return detail::llvm_emitter(nest, target, options).emit();
}

}  // namespace lathe::native
