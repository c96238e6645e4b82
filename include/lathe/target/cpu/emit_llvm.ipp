/// @file
/// Body of emit_llvm.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/lower/plan_of.hpp>
#include <lathe/target/cpu/emit_llvm.hpp>
#include <lathe/target/cpu/llvm_dot.hpp>

#include <bit>
#include <optional>

namespace lathe::native {
namespace detail {

/// Writes functions and control flow.
class llvm_emitter : llvm_dot_writer {
 public:
  llvm_emitter(const ir::nest& nest, const cpu_target& target, const emit_options& options)
      : llvm_dot_writer(nest, target, !options.strict_fp), options_(options) {}

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
    body_ +=
        "define void @" + options_.prefix + phase.name +
        "(ptr nocapture readonly %buffers, ptr noalias nocapture %scratch, i64 %begin, i64 %end) "
        "#0 {\nentry:\n" +
        entry_ + levels_[0].text + "}\n\n";
    entry_.clear();
  }

  void statements(const sequence<ir::stmt>& list) {
    for (const ir::stmt each : list) statement(each);
  }

  void statement(ir::stmt handle) {
    if (!reason_.empty()) return;
    if (text_size() > text_limit)
      return refuse(
          "the kernel has more than 1 MiB of LLVM IR, which takes minutes to compile; "
          "unroll less: smaller tiles, or unroll() and vectorize() of shorter loops");
    const ir::statement& at = nest_[handle];
    switch (at.what) {
      case ir::stmt_kind::block:
      case ir::stmt_kind::together: statements(at.children); break;
      case ir::stmt_kind::loop: loop(at); break;
      case ir::stmt_kind::branch: branch(at); break;
      case ir::stmt_kind::store: store(at); break;
      case ir::stmt_kind::prefetch: prefetch(at); break;
    }
  }

  void loop(const ir::statement& at) {
    const std::optional<std::int64_t> count = known(at.extent);
    if (at.how == ir::loop_kind::vectorized && vector_.lanes == 1) return vector_loop(at, count);
    if (at.how == ir::loop_kind::dot && count && dot_product(at, *count)) return;
    const bool unroll = ir::is_written_out(at.how) && count;
    if (unroll || (count && *count == 1)) {
      open_unrolled(at, *count);
      for (std::int64_t value = 0; value < *count; ++value) {
        bound(at.variable) = {bound_variable::form::constant, "", value, 0};
        statements(at.children);
      }
      bound(at.variable) = {};
      close_unrolled(at);
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
    flat_set<std::int32_t> written;
    written_registers(at.children, written);
    sequence<std::pair<std::pair<std::int32_t, std::int64_t>, llvm_value>> carried;
    for (auto& [slot, value] : slots_) {
      if (!written.contains(slot.first)) continue;
      carried.emplace_back(slot, value);
      value.text = fresh("a");
    }
    sequence<std::string> names;
    for (const auto& [slot, value] : carried) names.push_back(slots_[slot].text);

    levels_.push_back({"", head, {}, {}});
    bound(at.variable) = {bound_variable::form::runtime, variable, 0, levels_.size() - 1};
    loads_.clear();
    statements(at.children);
    loads_.clear();
    bound(at.variable) = {};
    sequence<std::string> last_values;
    for (const auto& [slot, start] : carried)
      last_values.push_back(with_lanes(slots_[slot], start.lanes).text);
    const std::string next = define("add nuw nsw i64 " + variable + ", 1");
    const std::string more = define("icmp slt i64 " + next + ", " + last);
    line("br i1 " + more + ", label %" + head + ", label %" + exit);
    const code_level body = std::move(levels_.back());
    levels_.pop_back();

    const std::string before = top().block;
    line("br label %" + head);
    std::string& out = top().text;
    out += head + ":\n";
    line(variable + " = phi i64 [ " + first + ", %" + before + " ], [ " + next + ", %" +
         body.block + " ]");
    for (std::size_t at_slot = 0; at_slot < carried.size(); ++at_slot) {
      const llvm_value& start = carried[at_slot].second;
      line(names[at_slot] + " = phi " + type_of(start) + " [ " + start.text + ", %" + before +
           " ], [ " + last_values[at_slot] + ", %" + body.block + " ]");
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
    vector_.lanes = static_cast<int>(
        std::bit_ceil(static_cast<std::uint64_t>(larger<std::int64_t>(at.lanes, most))));
    if (count && *count < vector_.lanes / 2)
      vector_.lanes = static_cast<int>(std::bit_ceil(static_cast<std::uint64_t>(*count)));
    vector_.active = count ? *count : -1;
    vector_.mask.clear();
    if (!count) {
      const llvm_value limit = widen(integer(at.extent), vector_.lanes);
      vector_.mask = define("icmp slt " + type_of(limit) + " " + lane_numbers(vector_.lanes) +
                            ", " + limit.text);
    } else if (*count < vector_.lanes) {
      vector_.mask = "<";
      for (int lane = 0; lane < vector_.lanes; ++lane)
        vector_.mask +=
            std::string(lane == 0 ? "" : ", ") + "i1 " + (lane < *count ? "true" : "false");
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
      if (*condition != 0)
        statement(at.children[0]);
      else if (at.children.size() > 1)
        statement(at.children[1]);
      return;
    }
    const llvm_value condition = value(at.condition);
    if (condition.lanes != 1) return refuse("a branch differs between vector lanes");
    const std::string id = std::to_string(++counter_);
    const std::string labels[2] = {"then" + id, "else" + id};
    const std::string join = "join" + id;
    const bool two = at.children.size() > 1;
    const auto before = slots_;
    flat_map<std::pair<std::int32_t, std::int64_t>, llvm_value> after[2] = {before, before};
    code_level arms[2];
    for (std::size_t arm = 0; arm < (two ? 2u : 1u); ++arm) {
      slots_ = before;
      loads_.clear();
      levels_.push_back({"", labels[arm], {}, {}});
      statement(at.children[arm]);
      after[arm] = slots_;
      arms[arm] = std::move(levels_.back());
      levels_.pop_back();
    }
    loads_.clear();
    // A full tile and its tail may differ in width: what was written last is as wide as the wider.
    for (auto& [slot, left] : after[0]) {
      const auto right = after[1].find(slot);
      if (right == after[1].end() || right->second.lanes == left.lanes) continue;
      const std::size_t narrow = right->second.lanes < left.lanes ? 1 : 0;
      llvm_value& shorter = narrow == 1 ? right->second : left;
      const int lanes = larger(left.lanes, right->second.lanes);
      const bool in_arm = narrow == 0 || two;
      if (in_arm) levels_.push_back(std::move(arms[narrow]));
      shorter = with_lanes(shorter, lanes);
      if (!in_arm) continue;
      arms[narrow] = std::move(levels_.back());
      levels_.pop_back();
    }
    const std::string ends[2] = {arms[0].block, two ? arms[1].block : top().block};
    line("br i1 " + condition.text + ", label %" + labels[0] + ", label %" +
         (two ? labels[1] : join));
    for (std::size_t arm = 0; arm < (two ? 2u : 1u); ++arm)
      top().text += labels[arm] + ":\n" + arms[arm].text + "  br label %" + join + "\n";
    top().text += join + ":\n";
    top().block = join;
    slots_.clear();
    for (const auto& [slot, left] : after[0]) {
      const auto right = after[1].find(slot);
      if (right == after[1].end()) continue;
      slots_[slot] = left;
      if (right->second.text == left.text) continue;
      slots_[slot].text = define("phi " + type_of(left) + " [ " + left.text + ", %" + ends[0] +
                                 " ], [ " + right->second.text + ", %" + ends[1] + " ]");
    }
  }

  void written_registers(const sequence<ir::stmt>& list, flat_set<std::int32_t>& out) const {
    for (const ir::stmt each : list) {
      const ir::statement& at = nest_[each];
      if (at.what == ir::stmt_kind::store && buffer(at.buffer).where == ir::scope::registers)
        out.insert(at.buffer);
      written_registers(at.children, out);
    }
  }

  /// What has been written so far [bytes].
  std::size_t text_size() const {
    std::size_t bytes = body_.size();
    for (const code_level& each : levels_) bytes += each.text.size();
    return bytes;
  }

  static constexpr std::size_t text_limit =
      1u << 20;  ///< [bytes]; twice the largest estimate (tests/space)

  const emit_options& options_;
  std::string body_;
};

}  // namespace detail

LATHE_INLINE result<std::string> emit_llvm(const ir::nest& nest, const cpu_target& target,
                                           const emit_options& options) {
  return detail::llvm_emitter(nest, target, options).emit();
}

}  // namespace lathe::native
