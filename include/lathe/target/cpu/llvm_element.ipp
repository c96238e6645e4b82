/// @file
/// Bodies of llvm_element.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/target/cpu/external_call.hpp>
#include <lathe/target/cpu/llvm_element.hpp>

namespace lathe::native::detail {

// ------------------------------------------------------------------------------ memory

/// The condition under which the current lanes may touch memory: vector tail and guard. "" =
/// always.
LATHE_INLINE std::string llvm_element_writer::lane_mask() {
  if (guard_.empty()) return vector_.mask;
  const llvm_value guard = widen({guard_, dtype::boolean, guard_lanes_}, vector_.lanes);
  if (vector_.mask.empty()) return guard.text;
  // A select, not an `and`: lanes not in use may be poison in the guard.
  const std::string type = type_text(dtype::boolean, vector_.lanes);
  return define("select " + type + " " + vector_.mask + ", " + type + " " + guard.text + ", " +
                type + " zeroinitializer");
}

LATHE_INLINE llvm_value llvm_element_writer::register_slot(const ir::node& at, ir::expr flat,
                                                           bool lanes) {
  const auto slot = slot_of(static_cast<std::int32_t>(at.imm), flat);
  const auto found = slots_.find(slot);
  if (found == slots_.end()) {
    refuse("register tile '" + buffer(at.imm).name + "' is read before it is written");
    return constant(0, at.type);
  }
  const int wanted = lanes ? vector_.lanes : 1;
  if (found->second.lanes < wanted)
    refuse("register tile '" + buffer(at.imm).name + "' is read with more lanes than it has");
  return with_lanes(found->second, wanted);
}

/// Key of a register: the flat index with the vectorized variable at 0.
LATHE_INLINE std::pair<std::int32_t, std::int64_t> llvm_element_writer::slot_of(std::int32_t index,
                                                                                ir::expr flat) {
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

LATHE_INLINE llvm_value llvm_element_writer::load(ir::expr handle) {
  const ir::node& at = exprs_[handle];
  const auto index = static_cast<std::int32_t>(at.imm);
  const ir::expr flat = exprs_.args(handle)[0];
  const bool lanes = depends(flat).lanes;
  const ir::buffer& of = buffer(index);
  if (of.where == ir::scope::registers) return register_slot(at, flat, lanes);

  flush(index);
  const address where = address_of(index, flat);
  const bool contiguous = where.lanes.text.empty() && where.stride == 1;
  const std::string key = where.base + ":" + std::to_string(where.fixed) + ":" +
                          std::to_string(where.stride) + where.lanes.text + "?" + guard_;
  if (const auto found = loads_.find(key); found != loads_.end()) return found->second;
  const std::string note = of.where == ir::scope::param && !of.output ? ", !invariant.load !0" : "";
  llvm_value made{"", at.type, lanes ? vector_.lanes : 1};
  const std::string type = memory_type(at.type, made.lanes);
  const std::string align = std::to_string(size_of(at.type));
  if (!lanes) {
    std::string from = pointer(index, where);
    if (!guard_.empty())  // not taken: read element 0, the value is not used
      from = define("select i1 " + (guard_lanes_ == 1 ? guard_ : any_lane()) + ", ptr " + from +
                    ", ptr " + pointer_of(index));
    made.text = define("load " + type + ", ptr " + from + ", align " + align +
                       (guard_.empty() ? note : ""));
  } else {
    const std::string mask = lane_mask();
    const std::string vector = mangled(at.type == dtype::boolean ? dtype::u8 : at.type, made.lanes);
    const std::string mask_type = type_text(dtype::boolean, made.lanes);
    if (contiguous && mask.empty()) {
      made.text =
          define("load " + type + ", ptr " + pointer(index, where) + ", align " + align + note);
    } else if (contiguous) {
      const std::string lanes_read = guard_.empty() ? mask : opaque(mask);
      // A load of no lanes from a page that is not there takes hundreds of cycles.
      std::string from = pointer(index, where);
      if (!guard_of_all_.empty())
        from =
            define("select i1 " + guard_of_all_ + ", ptr " + from + ", ptr " + pointer_of(index));
      made.text = masked_load({"", at.type, made.lanes}, from, align, lanes_read);
    } else if (guard_.empty() && vector_.active >= 0 && where.lanes.text.empty()) {
      if (const auto beside = load_column(index, flat, where)) return *beside;
      if (auto picked = load_strided(index, where)) {
        loads_[key] = *picked;
        return *picked;
      }
      // Lanes not in use must not be poison: it would spread through comparisons into masks.
      made.text = vector_.active < made.lanes ? "zeroinitializer" : "poison";
      for (int lane = 0; lane < vector_.active; ++lane) {
        const std::string one =
            define("load " + memory_type(at.type, 1) + ", ptr " +
                   pointer(index, where, lane * where.stride) + ", align " + align + note);
        made.text = define("insertelement " + type + " " + made.text + ", " +
                           memory_type(at.type, 1) + " " + one + ", i32 " + std::to_string(lane));
      }
    } else {
      const std::string pointers = "<" + std::to_string(made.lanes) + " x ptr>";
      const std::string name =
          "@llvm.masked.gather." + vector + ".v" + std::to_string(made.lanes) + "p0";
      declare("declare " + type + " " + name + "(" + pointers + ", i32, " + mask_type + ", " +
              type + ")");
      made.text = define("call " + type + " " + name + "(" + pointers + " " +
                         lane_pointers(index, where) + ", i32 " + align + ", " + mask_type + " " +
                         (mask.empty() ? constant_vector("i1", "true", made.lanes) : mask) + ", " +
                         type + " zeroinitializer)");
    }
  }
  if (at.type == dtype::boolean)
    made.text =
        define("trunc " + type + " " + made.text + " to " + type_text(dtype::boolean, made.lanes));
  loads_[key] = made;
  return made;
}

/// Loads the lanes of a vector that the mask names; the others are 0.
LATHE_INLINE std::string llvm_element_writer::masked_load(const llvm_value& what,
                                                          const std::string& from,
                                                          const std::string& align,
                                                          const std::string& mask) {
  const std::string type = memory_type(what.type, what.lanes);
  const std::string mask_type = type_text(dtype::boolean, what.lanes);
  const std::string name =
      "@llvm.masked.load." +
      mangled(what.type == dtype::boolean ? dtype::u8 : what.type, what.lanes) + ".p0";
  declare("declare " + type + " " + name + "(ptr, i32, " + mask_type + ", " + type + ")");
  return define("call " + type + " " + name + "(ptr " + from + ", i32 " + align + ", " + mask_type +
                " " + mask + ", " + type + " zeroinitializer)");
}

/// The mask, hidden from constant folding. LLVM 14 to 19 drop the mask of a masked load on AVX2 if,
/// after splitting the vector into registers, one part of the mask is known to be false.
LATHE_INLINE std::string llvm_element_writer::opaque(const std::string& mask) {
  if (target_.set == isa::avx512) return mask;  // k registers: not affected
  return define("or " + type_text(dtype::boolean, vector_.lanes) + " " + mask + ", " +
                never(vector_.lanes));
}

/// A vector of conditions that are false, but not known to be.
LATHE_INLINE std::string llvm_element_writer::never(int lanes) {
  if (never_.empty()) {
    never_ = "%never";
    entry_ += "  %never = icmp slt i64 %end, 0\n";
  }
  return widen({never_, dtype::boolean, 1}, lanes).text;
}

/// True if the guard holds in any lane in use: then what is the same in all lanes may be evaluated.
LATHE_INLINE std::string llvm_element_writer::any_lane() {
  const std::string type = type_text(dtype::boolean, guard_lanes_);
  const std::string name = "@llvm.vector.reduce.or.v" + std::to_string(guard_lanes_) + "i1";
  declare("declare i1 " + name + "(" + type + ")");
  return define("call i1 " + name + "(" + type + " " + lane_mask() + ")");
}

LATHE_INLINE void llvm_element_writer::store(const ir::statement& at, llvm_value stored) {
  const ir::buffer& of = buffer(at.buffer);
  const bool lanes = depends(at.index).lanes;
  if (lanes) stored = widen(stored, vector_.lanes);
  if (!reason_.empty()) return;
  if (!lanes && stored.lanes != 1)
    return refuse("lanes of one vector store the same element of '" + of.name + "'");
  if (of.where == ir::scope::registers) {
    slots_[slot_of(at.buffer, at.index)] = stored;
    return;
  }
  const address where = address_of(at.buffer, at.index);
  if (of.type == dtype::boolean) {
    stored.text = define("zext " + type_of(stored) + " " + stored.text + " to " +
                         memory_type(of.type, stored.lanes));
    stored.type = dtype::u8;
  }
  const std::string align = std::to_string(size_of(of.type));
  const std::string type = type_of(stored);
  const bool strided =
      lanes && vector_.active >= 0 && where.lanes.text.empty() && where.stride != 1;
  loads_.clear();
  if (strided && store_column(at, where, stored)) return;
  flush(at.buffer);
  if (!lanes) {
    line("store " + type + " " + stored.text + ", ptr " + pointer(at.buffer, where) + ", align " +
         align);
  } else if (where.lanes.text.empty() && where.stride == 1 && vector_.mask.empty()) {
    line("store " + type + " " + stored.text + ", ptr " + pointer(at.buffer, where) + ", align " +
         align);
  } else if (where.lanes.text.empty() && where.stride == 1) {
    const std::string name = "@llvm.masked.store." + mangled(stored.type, stored.lanes) + ".p0";
    const std::string mask_type = type_text(dtype::boolean, stored.lanes);
    declare("declare void " + name + "(" + type + ", ptr, i32, " + mask_type + ")");
    line("call void " + name + "(" + type + " " + stored.text + ", ptr " +
         pointer(at.buffer, where) + ", i32 " + align + ", " + mask_type + " " + vector_.mask +
         ")");
  } else if (strided) {
    for (int lane = 0; lane < vector_.active; ++lane) {
      const llvm_value one = lane_of(stored, lane);
      line("store " + type_of(one) + " " + one.text + ", ptr " +
           pointer(at.buffer, where, lane * where.stride) + ", align " + align);
    }
  } else {
    const std::string count = std::to_string(stored.lanes);
    const std::string pointers = "<" + count + " x ptr>";
    const std::string name =
        "@llvm.masked.scatter." + mangled(stored.type, stored.lanes) + ".v" + count + "p0";
    const std::string mask_type = type_text(dtype::boolean, stored.lanes);
    declare("declare void " + name + "(" + type + ", " + pointers + ", i32, " + mask_type + ")");
    line("call void " + name + "(" + type + " " + stored.text + ", " + pointers + " " +
         lane_pointers(at.buffer, where) + ", i32 " + align + ", " + mask_type + " " +
         (vector_.mask.empty() ? constant_vector("i1", "true", stored.lanes) : vector_.mask) + ")");
  }
}

LATHE_INLINE void llvm_element_writer::prefetch(const ir::statement& at) {
  if (depends(at.index).lanes) return;
  const address where = address_of(at.buffer, at.index);
  declare("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)");
  const std::string from = define("getelementptr " + memory_type(buffer(at.buffer).type, 1) +
                                  ", ptr " + where.base + ", i64 " + std::to_string(where.fixed));
  line("call void @llvm.prefetch.p0(ptr " + from + ", i32 0, i32 3, i32 1)");
}

// ------------------------------------------------------------------------------ values

/// Any expression; i64 ones go through integer().
LATHE_INLINE llvm_value llvm_element_writer::value(ir::expr handle) {
  return exprs_[handle].type == dtype::i64 ? integer(handle) : element(handle);
}

/// Brings operands to the same number of lanes.
LATHE_INLINE void llvm_element_writer::match(llvm_value& left, llvm_value& right) {
  const int lanes = larger(left.lanes, right.lanes);
  left = widen(left, lanes);
  right = widen(right, lanes);
}

LATHE_INLINE llvm_value llvm_element_writer::element(ir::expr handle) {
  const ir::node& at = exprs_[handle];
  switch (at.what) {
    case ir::kind::literal:
      if (is_float(at.type)) return {number(at.num, at.type), at.type, 1};
      return constant(at.imm, at.type);
    case ir::kind::load: return load(handle);
    case ir::kind::unary: return unary_operation(at.fn, value(at.a));
    case ir::kind::binary: {
      // Masks from indices: twice as many lanes of 32 bits are compared at a time.
      const bool narrow = at.type == dtype::boolean && exprs_[at.a].type == dtype::i64 &&
                          (depends(at.a).lanes || depends(at.b).lanes) && is_narrow(at.a) &&
                          is_narrow(at.b);
      llvm_value left = narrow ? narrow_lanes(at.a) : value(at.a);
      llvm_value right = narrow ? narrow_lanes(at.b) : value(at.b);
      match(left, right);
      if (!is_float(left.type) && (at.fn == opcode::div || at.fn == opcode::mod))
        right = safe_divisor(right);
      return arithmetic(at.fn, at.type, left, right);
    }
    case ir::kind::select: return select(at);
    case ir::kind::cast: return convert(value(at.a), at.type);
    case ir::kind::call: return call(handle);
    default: return integer(handle);
  }
}

/// A function of the program, lane by lane, for the lanes in use alone: on other arguments than the
/// operator gives it, it may do anything.
LATHE_INLINE llvm_value llvm_element_writer::call(ir::expr handle) {
  const ir::node& at = exprs_[handle];
  const std::string symbol = external_symbol(exprs_.name(at.imm));
  sequence<llvm_value> operands;
  int lanes = 1;
  for (const ir::expr each : exprs_.args(handle)) {
    operands.push_back(value(each));
    lanes = larger(lanes, operands.back().lanes);
  }
  if (lanes == 1) {
    if (guard_.empty()) return external_call(symbol, at.type, operands, 1);
    return call_if(guard_lanes_ == 1 ? guard_ : any_lane(), symbol, at.type, operands);
  }
  const bool counted = guard_.empty() && vector_.active >= 0;  // the first lanes are in use
  const std::string mask = counted ? "" : lane_mask();
  llvm_value made{"zeroinitializer", at.type, lanes};
  for (int lane = 0; lane < lanes && (!counted || lane < vector_.active); ++lane) {
    sequence<llvm_value> given;
    for (const llvm_value& each : operands) given.push_back(lane_of(each, lane));
    const llvm_value one = mask.empty() ? external_call(symbol, at.type, given, 1)
                                        : call_if(lane_of({mask, dtype::boolean, lanes}, lane).text,
                                                  symbol, at.type, given);
    made.text = define("insertelement " + type_of(made) + " " + made.text + ", " + type_of(one) +
                       " " + one.text + ", i32 " + std::to_string(lane));
  }
  return made;
}

/// A call in a block of its own, which is left out where the condition does not hold: then the
/// value is 0.
LATHE_INLINE llvm_value llvm_element_writer::call_if(const std::string& condition,
                                                     const std::string& symbol, dtype type,
                                                     const sequence<llvm_value>& operands) {
  const std::string id = std::to_string(++counter_);
  const std::string inside = "call" + id, after = "after" + id, before = top().block;
  line("br i1 " + condition + ", label %" + inside + ", label %" + after);
  top().text += inside + ":\n";
  const llvm_value made = external_call(symbol, type, operands, 1);
  line("br label %" + after);
  top().text += after + ":\n";
  top().block = after;
  return {define("phi " + type_of(made) + " [ " + made.text + ", %" + inside + " ], [ " +
                 constant(0, type).text + ", %" + before + " ]"),
          type, 1};
}

/// A lane or branch that is not taken must not divide by zero.
LATHE_INLINE llvm_value llvm_element_writer::safe_divisor(const llvm_value& divisor) {
  llvm_value out = divisor;
  const llvm_value one = widen(constant(1, divisor.type), divisor.lanes);
  if (divisor.lanes > 1) {
    const std::string mask = lane_mask();
    if (mask.empty()) return out;
    // Hidden from constant folding: of a constant divisor with a zero among its lanes, LLVM 19
    // takes the whole for undefined and uses `one` in all lanes.
    const std::string type = type_text(divisor.type, divisor.lanes);
    const std::string zero = define("zext " + type_text(dtype::boolean, divisor.lanes) + " " +
                                    never(divisor.lanes) + " to " + type);
    out.text = define("add " + type + " " + out.text + ", " + zero);
    out = choose({mask, dtype::boolean, divisor.lanes}, out, one);
  } else if (!guard_.empty()) {
    out = choose({guard_lanes_ == 1 ? guard_ : any_lane(), dtype::boolean, 1}, out, one);
  }
  return out;
}

/// Evaluates one branch of a select under its condition, so that its loads stay in range.
LATHE_INLINE llvm_value llvm_element_writer::guarded(ir::expr handle, const llvm_value& condition,
                                                     bool holds) {
  const std::string outer = guard_;
  const int outer_lanes = guard_lanes_;
  llvm_value guard = condition;
  if (!holds) guard = unary_operation(opcode::logical_not, guard);
  if (!outer.empty()) {
    llvm_value both{outer, dtype::boolean, outer_lanes};
    match(both, guard);
    const llvm_value never = widen(constant(0, dtype::boolean), guard.lanes);
    guard = choose(both, guard, never);  // may be poison where the outer one does not hold
  }
  guard_ = guard.text;
  guard_lanes_ = guard.lanes;
  llvm_value made = value(handle);
  guard_ = outer;
  guard_lanes_ = outer_lanes;
  return made;
}

LATHE_INLINE llvm_value llvm_element_writer::select(const ir::node& at) {
  if (const auto fixed = known(at.a)) {
    const bool here = depends(at.a).constants;  // other iterations may take the other branch
    conditional_ += here;
    llvm_value taken = value(*fixed != 0 ? at.b : at.c);
    conditional_ -= here;
    return taken;
  }
  llvm_value condition = value(at.a);
  const auto arm = [&](ir::expr handle, bool holds) {
    return needs_guard(handle) ? guarded(handle, condition, holds) : value(handle);
  };
  const std::string outer = guard_of_all_;
  if (const std::string own = condition_of_all(at.a); !own.empty())
    guard_of_all_ = outer.empty() ? own : define("and i1 " + outer + ", " + own);
  llvm_value then = arm(at.b, true);
  guard_of_all_ = outer;
  llvm_value otherwise = arm(at.c, false);
  match(then, otherwise);
  const int lanes = larger(condition.lanes, then.lanes);
  return choose(widen(condition, lanes), widen(then, lanes), widen(otherwise, lanes));
}

/// The part of a condition that is the same in all lanes, "" if there is none.
LATHE_INLINE std::string llvm_element_writer::condition_of_all(ir::expr condition) {
  const ir::node& at = exprs_[condition];
  if (!depends(condition).lanes)
    return known(condition) || needs_guard(condition) ? "" : value(condition).text;
  if (at.what != ir::kind::binary || at.fn != opcode::logical_and) return "";
  const std::string left = condition_of_all(at.a), right = condition_of_all(at.b);
  if (left.empty() || right.empty()) return left + right;
  return define("and i1 " + left + ", " + right);
}

/// True if evaluating an expression needlessly could fault: it loads, divides integers or calls a
/// function of the program.
LATHE_INLINE bool llvm_element_writer::needs_guard(ir::expr handle) const {
  if (handle == ir::none) return false;
  const ir::node& at = exprs_[handle];
  if (at.what == ir::kind::load) return buffer(at.imm).where != ir::scope::registers;
  if (at.what == ir::kind::call) return true;
  if (at.what == ir::kind::binary && !is_float(at.type) &&
      (at.fn == opcode::div || at.fn == opcode::mod))
    return true;
  for (const ir::term& each : exprs_.terms(handle))
    if (needs_guard(each.atom)) return true;
  for (const ir::expr each : exprs_.args(handle))
    if (needs_guard(each)) return true;
  return needs_guard(at.a) || needs_guard(at.b) || needs_guard(at.c);
}

}  // namespace lathe::native::detail
