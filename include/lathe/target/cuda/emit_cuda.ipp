/// @file
/// Bodies of emit_cuda.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/target/c/c_statements.hpp>
#include <lathe/target/cuda/cuda_prelude.hpp>
#include <lathe/target/cuda/emit_cuda.hpp>
#include <lathe/target/cuda/lane_access.hpp>

#include <utility>

namespace lathe {
namespace detail {

/// 32-bit indices are faster on GPUs; the i64 of the nest is one where everything fits.
LATHE_INLINE const char* narrow_cuda_type(dtype type) {
  return type == dtype::i64 ? "int" : c_type_name(type);
}

/// Writes one nest as CUDA.
class cuda_emitter : c_statements {
 public:
  explicit cuda_emitter(const ir::nest& nest)
      : c_statements(nest, {needs_wide_indices(nest) ? c_type_name : narrow_cuda_type,
                            "static __device__ __forceinline__ ", ""}) {}

  result<cuda_source> emit() {
    cuda_source out;
    for (const ir::buffer& each : nest_.buffers)
      if (!ir::is_private(each.where) && each.where != ir::scope::registers)
        out.buffers.push_back({each.name, each.type, each.elements, each.where == ir::scope::param,
                               each.output, each.scalar, each.bound});
    for (ir::expr at = 0; at < static_cast<ir::expr>(nest_.exprs.size()); ++at)
      if (nest_.exprs[at].what == ir::kind::call)
        refuse("it calls the function '" + nest_.exprs.name(nest_.exprs[at].imm) +
               "' of the host; write it as an expression");
    for (const ir::phase& phase : nest_.phases) {
      kernel(phase, out);
      if (!reason_.empty())
        return error("LATHE-E330",
                     "'" + nest_.name + "' cannot be written as a CUDA kernel: " + reason_);
    }
    const std::string functions = text_.functions();
    out.text = functions + (functions.empty() ? "" : "\n") + code_;
    out.prelude = cuda_prelude(out.text);
    return out;
  }

 private:
  void refuse(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
  }

  static bool needs_wide_indices(const ir::nest& nest) {
    constexpr std::int64_t most = INT32_MAX;
    for (const ir::buffer& each : nest.buffers)
      if (each.elements > most || each.type == dtype::i64) return true;
    for (ir::expr at = 0; at < static_cast<ir::expr>(nest.exprs.size()); ++at) {
      if (nest.exprs[at].type != dtype::i64) continue;
      const ir::interval range = nest.exprs.range(at);
      if (range.bounded() && (range.low < -most || range.high > most)) return true;
    }
    return false;
  }

  // ---------------------------------------------------------------- kernels

  /// Most iterations of the nested loops of one kind below a statement; those of what is done
  /// together do not count: they share the threads once more.
  std::int64_t chain(ir::stmt handle, ir::loop_kind how) const {
    const ir::statement& at = nest_[handle];
    if (at.what == ir::stmt_kind::together) return 1;
    std::int64_t most = 1;
    for (const ir::stmt child : at.children) most = larger(most, chain(child, how));
    return at.what == ir::stmt_kind::loop && at.how == how ? most * extent_of(at) : most;
  }

  std::int64_t extent_of(const ir::statement& loop) const {
    return nest_.exprs.variable_of(loop.variable).extent;
  }

  /// Threads that a statement keeps busy, alone or together.
  std::int64_t threads_of(ir::stmt handle) const {
    std::int64_t most = chain(handle, ir::loop_kind::thread);
    const ir::statement& at = nest_[handle];
    for (const ir::stmt child : at.children) most = larger(most, threads_of(child));
    return most;
  }

  bool contains_kind(ir::stmt handle, ir::stmt_kind what, ir::loop_kind how) const {
    const ir::statement& at = nest_[handle];
    if (at.what == what && (what != ir::stmt_kind::loop || at.how == how)) return true;
    return any_of(at.children, [&](ir::stmt child) { return contains_kind(child, what, how); });
  }
  bool has_threads(ir::stmt handle) const {
    return contains_kind(handle, ir::stmt_kind::loop, ir::loop_kind::thread) ||
           has_together(handle);
  }
  bool has_together(ir::stmt handle) const {
    return contains_kind(handle, ir::stmt_kind::together, {});
  }

  /// True if others than the own thread see what a statement stores.
  bool stores_for_others(ir::stmt handle) const {
    const ir::statement& at = nest_[handle];
    if (at.what == ir::stmt_kind::store) {
      const ir::scope where = buffer(at.buffer).where;
      return where != ir::scope::registers && where != ir::scope::scratch;
    }
    return any_of(at.children, [&](ir::stmt child) { return stores_for_others(child); });
  }

  /// Statements after unrolling: what the compiler's time grows with.
  std::int64_t unrolled(ir::stmt handle) const {
    const ir::statement& at = nest_[handle];
    std::int64_t sum = at.what == ir::stmt_kind::store ? 1 : 0;
    for (const ir::stmt child : at.children) sum += unrolled(child);
    const bool straight = at.what == ir::stmt_kind::loop &&
                          (ir::is_written_out(at.how) || at.how == ir::loop_kind::vectorized);
    return straight ? sum * extent_of(at) : sum;
  }

  /// One kernel: its head, its memory, its body.
  void kernel(const ir::phase& phase, cuda_source& out) {
    cuda_launch launch;
    launch.symbol = phase.name;
    launch.bind_only = phase.bind_only;
    launch.blocks = blocks_ = chain(phase.body, ir::loop_kind::block);
    launch.threads = threads_ = threads_of(phase.body);
    launch.unrolled = unrolled(phase.body);
    if (!code_.empty()) code_ += '\n';
    std::string parameters, memory;
    const flat_set<std::int32_t> used = touched(phase.body);
    for (const std::int32_t index : used) {
      const ir::buffer& of = buffer(index);
      const std::string& name = text_.buffer_name(index);
      const std::string type = text_.type_name(of.type);
      switch (of.where) {
        case ir::scope::param:
        case ir::scope::workspace: {
          const bool input = of.where == ir::scope::param && !of.output;
          parameters += (parameters.empty() ? "" : ", ");
          if (of.scalar)
            parameters += type + " " + name + "_value";
          else
            parameters += (input ? "const " : "") + type + "* __restrict__ " + name;
          launch.arguments.push_back(index);
          break;
        }
        default: break;
      }
    }
    line("extern \"C\" __global__ void __launch_bounds__(" + std::to_string(threads_) + ") " +
         phase.name + "(" + parameters + ") {");
    ++depth_;
    bool carved = false;
    for (const std::int32_t index : used) {
      const ir::buffer& of = buffer(index);
      const std::string& name = text_.buffer_name(index);
      const std::string type = text_.type_name(of.type);
      if (of.scalar) {
        line("const " + type + "* const " + name + " = &" + name + "_value;");
      } else if (of.where == ir::scope::registers || of.where == ir::scope::scratch) {
        line(type + " " + name + "[" + std::to_string(of.elements) + "];");
        if (of.where == ir::scope::registers)
          launch.registers_at_least += of.elements * larger(size_of(of.type), 4) / 4;
      } else if (of.where == ir::scope::shared) {
        const std::int64_t copies = buffers_of(phase.body, index);
        if (!carved) line("extern __shared__ __align__(16) unsigned char lathe_shared[];");
        carved = true;
        line(type + "* const " + name + " = reinterpret_cast<" + type + "*>(lathe_shared + " +
             std::to_string(launch.shared_bytes) + ");");
        launch.shared_bytes += copies * bytes_of(of);
      }
    }
    available_ = threads_;
    free_blocks_ = blocks_;
    shared_since_barrier_.clear();
    after_barrier_ = std::string::npos;
    body(phase.body);
    --depth_;
    line("}");
    out.launches.push_back(std::move(launch));
  }

  /// [bytes] of one buffer in shared memory.
  static std::int64_t bytes_of(const ir::buffer& of) {
    return (of.elements * size_of(of.type) + 15) / 16 * 16;
  }

  /// How many buffers of its kind a pipeline needs; 1 for those of none.
  std::int64_t buffers_of(ir::stmt handle, std::int32_t index) const {
    const ir::statement& at = nest_[handle];
    std::int64_t most = 1;
    if (const pipeline found = pipeline_in(at); found.stages > 1)
      for (std::size_t each = 0; each < found.copies; ++each)
        if (touched(at.children[each]).contains(index)) most = found.stages;
    for (const ir::stmt child : at.children) most = larger(most, buffers_of(child, index));
    return most;
  }

  // ---------------------------------------------------------------- pipelines

  /// A loop that begins with what threads do together, in several buffers.
  struct pipeline {
    std::size_t copies = 0;  ///< leading children of the loop
    int stages = 1;          ///< buffers
  };

  pipeline pipeline_in(const ir::statement& at) const {
    pipeline out;
    if (at.what != ir::stmt_kind::loop || at.how != ir::loop_kind::serial) return out;
    for (const ir::stmt child : at.children) {
      const ir::statement& inner = nest_[child];
      if (inner.what != ir::stmt_kind::together) break;
      out.stages = out.copies == 0 ? inner.buffers : smaller(out.stages, inner.buffers);
      ++out.copies;
    }
    return out;
  }

  /// Chunk k + stages - 1 is fetched while chunk k is used: one barrier per chunk, which ends both
  /// the use of the buffer that is filled next and the wait for the one that is used next.
  void pipelined_loop(const ir::statement& at, const pipeline& of) {
    const std::string index = text_.type_name(dtype::i64);
    const std::string variable = text_.variable_name(at.variable);
    const std::string ahead = std::to_string(of.stages - 1);
    const std::string next = text_.new_name(variable + "_next");
    define(at.extent);
    const std::string extent = text_.expression(at.extent, true);
    if (after_barrier_ != code_.size()) barrier();
    line("#pragma unroll");
    open("for (" + index + " " + next + " = 0; " + next + " < " + ahead + "; ++" + next + ")");
    fetch(at, of, next, extent);
    line("lathe_copy_async_commit();");
    close();
    line("#pragma unroll 1");
    open("for (" + index + " " + variable + " = 0; " + variable + " < " + extent + "; ++" +
         variable + ")");
    line("lathe_copy_async_wait<" + std::to_string(of.stages - 2) + ">();");
    line("__syncthreads();");
    open("");
    line("const " + index + " " + next + " = " + variable + " + " + ahead + ";");
    fetch(at, of, next, extent);
    close();
    line("lathe_copy_async_commit();");
    const buffer_names before = use_buffers(at, of, variable);
    for (std::size_t child = of.copies; child < at.children.size(); ++child)
      body(at.children[child]);
    restore(before);
    close();
    line("lathe_copy_async_wait<0>();");
    barrier();
    shared_since_barrier_.clear();
  }

  /// Fills the buffers of one chunk.
  void fetch(const ir::statement& at, const pipeline& of, const std::string& chunk,
             const std::string& extent) {
    open("if (" + chunk + " < " + extent + ")");
    const buffer_names before = use_buffers(at, of, chunk);
    const std::string variable = text_.rename_variable(at.variable, chunk);
    const std::int64_t available = std::exchange(available_, threads_);
    asynchronous_ = true;
    for (std::size_t child = 0; child < of.copies; ++child)
      for (const ir::stmt each : nest_[at.children[child]].children) body(each);
    asynchronous_ = false;
    available_ = available;
    text_.rename_variable(at.variable, variable);
    restore(before);
    close();
  }

  using buffer_names = sequence<std::pair<std::int32_t, std::string>>;

  /// Declares pointers to the buffers of a chunk and lets them stand for the buffers; returns the
  /// names before.
  buffer_names use_buffers(const ir::statement& at, const pipeline& of, const std::string& chunk) {
    flat_set<std::int32_t> filled;
    for (std::size_t child = 0; child < of.copies; ++child)
      for (const std::int32_t each : touched(at.children[child]))
        if (buffer(each).where == ir::scope::shared) filled.insert(each);
    buffer_names before;
    for (const std::int32_t each : filled) {
      const std::string whole = text_.buffer_name(each);
      const std::string name = text_.new_name(whole + "_of_" + chunk);
      line(text_.type_name(buffer(each).type) + ("* const " + name) + " = " + whole + " + " +
           chunk + " % " + std::to_string(of.stages) + " * " +
           std::to_string(bytes_of(buffer(each)) / size_of(buffer(each).type)) + ";");
      before.push_back({each, text_.rename_buffer(each, name)});
    }
    return before;
  }

  void restore(const buffer_names& before) {
    for (const auto& [index, name] : before) text_.rename_buffer(index, name);
  }

  // ---------------------------------------------------------------- blocks and threads

  /// A statement where `available_` threads have not been told apart yet: what they all would
  /// store is stored by one of them.
  void body(ir::stmt handle) {
    if (available_ == 1 || has_threads(handle) || !stores_for_others(handle))
      return statement(handle);
    const std::int64_t before = available_;
    open("if (" + thread_part() + " == 0)");
    available_ = 1;
    statement(handle);
    available_ = before;
    close();
  }

  /// Index of a thread among those that are available.
  std::string thread_part() const {
    return available_ == threads_ ? "threadIdx.x" : "threadIdx.x % " + std::to_string(available_);
  }

  void block_loop(const ir::statement& at) {
    std::int64_t inner = 1;
    for (const ir::stmt child : at.children)
      inner = larger(inner, chain(child, ir::loop_kind::block));
    const std::int64_t extent = extent_of(at);
    if (!nest_.exprs.is_constant(at.extent) || extent * inner != free_blocks_)
      return refuse("its loops over blocks are not one chain of loops with constant trip counts");
    open("");
    std::string index = "blockIdx.x";
    if (free_blocks_ != blocks_) index += " % " + std::to_string(free_blocks_);
    if (inner != 1)
      index = (free_blocks_ != blocks_ ? "(" + index + ")" : index) + " / " + std::to_string(inner);
    index_variable(at, index);
    const std::int64_t before = free_blocks_;
    free_blocks_ = inner;
    for (const ir::stmt child : at.children) body(child);
    free_blocks_ = before;
    close();
  }

  void index_variable(const ir::statement& at, const std::string& value) {
    const std::string type = text_.type_name(dtype::i64);
    line("const " + type + " " + text_.variable_name(at.variable) + " = (" + type + ")(" + value +
         ");");
  }

  void thread_loop(const ir::statement& at) {
    std::int64_t inner = 1;
    bool barriers = false;
    for (const ir::stmt child : at.children) {
      inner = larger(inner, chain(child, ir::loop_kind::thread));
      barriers |= has_together(child);
    }
    const std::int64_t extent = extent_of(at);
    const bool all = nest_.exprs.is_constant(at.extent) && extent * inner == available_;
    if (barriers && !all)
      return refuse("loop '" + nest_.exprs.variable_of(at.variable).name + "' leaves " +
                    "threads idle that have to meet at a barrier inside it");
    open("");
    std::string index = thread_part();
    if (inner != 1)
      index = (available_ != threads_ ? "(" + index + ")" : index) + " / " + std::to_string(inner);
    index_variable(at, index);
    define(at.extent);
    if (!all)
      open("if (" + text_.variable_name(at.variable) + " < " + text_.expression(at.extent, true) +
           ")");
    const std::int64_t before = available_;
    available_ = inner;
    thread_variables_.push_back(at.variable);
    for (const ir::stmt child : at.children) body(child);
    thread_variables_.pop_back();
    available_ = before;
    if (!all) close();
    close();
  }

  void barrier() {
    line("__syncthreads();");
    after_barrier_ = code_.size();
  }

  /// Between barriers; neighbours that do not read each other's results share them.
  void together(const ir::statement& at) override {
    if (shared_conditions_ > 0)
      return refuse("threads meet at a barrier under a condition that differs among them");
    flat_set<std::int32_t> used;
    for (const ir::stmt child : at.children)
      for (const std::int32_t each : touched(child)) used.insert(each);
    bool reads = false;
    for (const std::int32_t each : shared_since_barrier_) reads |= used.contains(each);
    if (after_barrier_ == code_.size() && !reads && !shared_since_barrier_.empty()) {
      code_.resize(code_.rfind("__syncthreads"));
      code_.resize(code_.rfind('\n') + 1);
    } else {
      shared_since_barrier_.clear();
      if (after_barrier_ != code_.size()) barrier();
    }
    for (const std::int32_t each : used)
      if (buffer(each).where == ir::scope::shared) shared_since_barrier_.insert(each);
    const std::int64_t before = available_;
    available_ = threads_;
    for (const ir::stmt child : at.children) body(child);
    available_ = before;
    barrier();
  }

  // ---------------------------------------------------------------- statements

  bool differs_among_threads(ir::expr value) const {
    return any_of(thread_variables_,
                  [&](ir::expr variable) { return nest_.exprs.depends_on(value, variable); });
  }

  void branch(const ir::statement& at) override {
    const bool differs = differs_among_threads(at.condition);
    shared_conditions_ += differs;
    define(at.condition);
    open("if (" + text_.expression(at.condition) + ")");
    body(at.children[0]);
    if (at.children.size() > 1) {
      --depth_;
      open("} else");
      body(at.children[1]);
    }
    close();
    shared_conditions_ -= differs;
  }

  /// L2 and the other threads hide what a prefetch would; the copies into shared memory do the
  /// rest.
  void prefetch(const ir::statement&) override {}

  void loop(const ir::statement& at) override {
    if (at.how == ir::loop_kind::block) return block_loop(at);
    if (at.how == ir::loop_kind::thread) return thread_loop(at);
    if (at.how == ir::loop_kind::vectorized && vector_loop(at)) return;
    if (const pipeline found = pipeline_in(at); found.stages > 1) {
      if (shared_conditions_ > 0 || differs_among_threads(at.extent))
        return refuse("threads meet at a barrier under a condition that differs among them");
      return pipelined_loop(at, found);
    }
    const bool differs = differs_among_threads(at.extent);
    shared_conditions_ += differs;
    define(at.extent);
    const bool straight = ir::is_written_out(at.how) || at.how == ir::loop_kind::vectorized;
    line(straight ? "#pragma unroll" : "#pragma unroll 1");
    const std::string& name = text_.variable_name(at.variable);
    open(std::string("for (") + text_.type_name(dtype::i64) + " " + name + " = 0; " + name + " < " +
         text_.expression(at.extent, true) + "; ++" + name + ")");
    for (const ir::stmt child : at.children) body(child);
    close();
    shared_conditions_ -= differs;
  }

  // ---------------------------------------------------------------- vectors

  /// True for copies that a pipeline need not wait for: 4, 8 or 16 bytes of the device's memory as
  /// they are.
  bool is_asynchronous(const ir::statement& at, const lane_copy& source, std::int64_t lanes) const {
    if (!asynchronous_ || source.load == ir::none) return false;
    const ir::node& load = nest_.exprs[source.load];
    const ir::scope from = buffer(static_cast<std::int32_t>(load.imm)).where;
    const std::int64_t bytes = lanes * size_of(load.type);
    return buffer(at.buffer).where == ir::scope::shared && load.type == buffer(at.buffer).type &&
           (from == ir::scope::param || from == ir::scope::workspace) &&
           (bytes == 4 || bytes == 8 || bytes == 16);
  }

  std::string asynchronous_copy(const ir::statement& at, const lane_copy& source,
                                std::int64_t lanes) {
    return "lathe_copy_async" + std::to_string(lanes * size_of(buffer(at.buffer).type)) + "(&" +
           element(at) + ", &" + text_.expression(source.load) + ");";
  }

  void store(const ir::statement& at) override {
    const lane_copy source =
        asynchronous_ ? lane_access(nest_.exprs, ir::none, 1).copied(at.value) : lane_copy{};
    if (!is_asynchronous(at, source, 1)) return c_statements::store(at);
    text_.forget_temporaries();
    if (source.condition == ir::none) return line(asynchronous_copy(at, source, 1));
    open("if (" + text_.expression(source.condition) + ")");
    line(asynchronous_copy(at, source, 1));
    --depth_;
    open("} else");
    line(element(at) + " = " + text_.expression(source.otherwise) + ";");
    close();
  }

  /// A vectorized loop that is one store, under conditions that all lanes share.
  struct vector_store {
    lane_access lanes;
    sequence<ir::expr> conditions;
    const ir::statement* store = nullptr;
    lane_copy source;     ///< what is stored, if it is a copy
    bool loads = false;   ///< one access reads the source
    bool stores = false;  ///< one access writes the result
  };

  /// Writes a vectorized loop with accesses of 8 or 16 bytes where its elements lie side by side.
  /// False if none do.
  bool vector_loop(const ir::statement& at) {
    if (at.children.size() != 1 || !nest_.exprs.is_constant(at.extent)) return false;
    vector_store of{lane_access(nest_.exprs, at.variable, nest_.exprs.constant_value(at.extent)),
                    {},
                    nullptr,
                    {}};
    of.store = &nest_[at.children[0]];
    while (of.store->what == ir::stmt_kind::branch && of.store->children.size() == 1) {
      if (!of.lanes.is_uniform(of.store->condition)) return false;
      of.conditions.push_back(of.store->condition);
      of.store = &nest_[of.store->children[0]];
    }
    if (of.store->what != ir::stmt_kind::store) return false;
    of.stores = is_one_access(of.lanes, of.store->buffer, of.store->index);
    of.source = of.lanes.copied(of.store->value);
    if (of.source.load != ir::none)
      of.loads = is_one_access(of.lanes, static_cast<std::int32_t>(nest_.exprs[of.source.load].imm),
                               nest_.exprs.args(of.source.load)[0]);
    if (!of.stores && is_asynchronous(*of.store, of.source, 1)) return false;  // lane by lane
    if (of.loads || of.stores) write_vector(of, text_.variable_name(at.variable));
    return of.loads || of.stores;
  }

  bool is_one_access(const lane_access& lanes, std::int32_t index, ir::expr at) const {
    const ir::buffer& of = buffer(index);
    return of.where != ir::scope::registers && of.where != ir::scope::scratch &&
           lanes.is_contiguous(at, size_of(of.type));
  }

  void for_each_lane(const vector_store& of, const std::string& lane, const std::string& text) {
    line("#pragma unroll");
    line("for (" + lane + " = 0; " + lane + " < " + std::to_string(of.lanes.count()) + "; ++" +
         lane + ") " + text);
    line(lane + " = 0;");
  }

  void write_vector(const vector_store& of, const std::string& lane) {
    const dtype type = buffer(of.store->buffer).type;
    const std::string vector = of.lanes.bytes(size_of(type)) == 16 ? "uint4" : "uint2";
    const std::string lanes_as = "*reinterpret_cast<" + vector + "*>(lanes)";
    text_.forget_temporaries();
    open("");
    line("__align__(16) " +
         (text_.type_name(type) + (" lanes[" + std::to_string(of.lanes.count()))) + "];");
    line(text_.type_name(dtype::i64) + (" " + lane) + " = 0;");
    for (const ir::expr each : of.conditions) open("if (" + text_.expression(each) + ")");
    const auto fill = [&](ir::expr value) {
      for_each_lane(of, lane, "lanes[" + lane + "] = " + text_.expression(value) + ";");
    };
    const auto drain = [&] {
      if (of.stores)
        line("*reinterpret_cast<" + vector + "*>(&" + element(*of.store) + ") = " + lanes_as + ";");
      else
        for_each_lane(of, lane, element(*of.store) + " = lanes[" + lane + "];");
    };
    const bool direct =
        of.loads && of.stores && is_asynchronous(*of.store, of.source, of.lanes.count());
    if (!of.loads) {
      fill(of.store->value);
    } else {
      const bool guarded = of.source.condition != ir::none;
      if (guarded) open("if (" + text_.expression(of.source.condition) + ")");
      line(direct ? asynchronous_copy(*of.store, of.source, of.lanes.count())
                  : lanes_as + " = *reinterpret_cast<const " + vector + "*>(&" +
                        text_.expression(of.source.load) + ");");
      if (guarded) {
        --depth_;
        open("} else");
        fill(of.source.otherwise);
        if (direct) drain();
        close();
      }
    }
    if (!direct) drain();
    for (std::size_t each = 0; each < of.conditions.size(); ++each) close();
    close();
  }

  std::string reason_;
  std::int64_t threads_ = 1, blocks_ = 1;
  std::int64_t available_ = 1;    ///< threads that the open loops have not told apart
  std::int64_t free_blocks_ = 1;  ///< blocks likewise
  int shared_conditions_ = 0;     ///< open conditions that differ among threads
  bool asynchronous_ = false;     ///< a pipeline's copies are being written
  sequence<ir::expr> thread_variables_;
  flat_set<std::int32_t> shared_since_barrier_;    ///< written or read together since a barrier
  std::size_t after_barrier_ = std::string::npos;  ///< length of the code after the last barrier
};

}  // namespace detail

LATHE_INLINE result<cuda_source> emit_cuda(const ir::nest& nest) {
  return detail::cuda_emitter(nest).emit();
}

}  // namespace lathe
