/// @file
/// Bodies of gpu_tile.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/space/gpu_tile.hpp>
#include <lathe/space/step_writer.hpp>

#include <utility>

namespace lathe {
namespace detail {

/// Threads of the blocks of pointwise stages.
inline constexpr std::int64_t pointwise_threads = 256;

/// Writes the steps of one stage and keeps the program that they make.
class gpu_scheduler {
 public:
  gpu_scheduler(program& scheduled, int stage, trace& out)
      : program_(scheduled), out_(out), name_(stage_at(stage).name) {}

  void reduction(gpu_tile tile) {
    const sequence<load_use> uses = loads_of(program_, stage());
    for (std::size_t at = 0; at < uses.size() && at < tile.staged.size(); ++at)
      if (tile.staged[at] != 0) staged_.push_back(uses[at].tensor);
    prepare_tensor(tile);
    if (tile.split > 1 && !share(tile.split, true, tile)) tile.split = 1;
    if (tile.cross > 1) {
      if (cross_threads(tile)) return;
      tile = plain_tile(program_, stage());
    }
    fit(tile);
    inline_producers();
    pad(tile);
    split_spatial(tile);
    const std::string attach = split_reduce(tile);
    order(tile);
    bind(tile);
    apply([&](step_writer& write) { write.cache_write(name_, ""); });
    stage_operands(tile, attach);
  }

  void points(int vector) {
    sequence<std::string> names;
    for (const stage_loop& loop : stage().loops) names.push_back(loop.name);
    std::string all = names.empty() ? "" : names[0];
    if (names.size() > 1) {
      all = part_name(stage(), "p", 'f');
      apply([&](step_writer& write) { write.merge(primitive::fuse, name_, names, all); });
    }
    if (all.empty()) return;
    const std::string block = part_name(stage(), all, '0'), thread = part_name(stage(), all, 't'),
                      lane = part_name(stage(), all, 'v');
    sequence<split_part> parts{{block, 0}, {thread, pointwise_threads}};
    if (vector > 1) parts.push_back({lane, vector});
    apply([&](step_writer& write) {
      write.split(name_, all, parts);
      write.bind(name_, block, "block");
      write.bind(name_, thread, "thread");
      if (vector > 1) write.annotate(primitive::vectorize, name_, lane);
    });
  }

 private:
  program_stage& stage_at(int index) { return program_.stages[static_cast<std::size_t>(index)]; }
  program_stage& stage() { return stage_at(program_.find_stage(name_)); }

  /// Writes steps and takes them; those that turn out illegal are left out.
  template <class Write>
  bool apply(Write&& write) {
    trace made;
    step_writer writer(made);
    write(writer);
    for (step& each : made.steps)
      if (!take(program_, std::move(each), out_)) return false;
    return true;
  }

  std::string part(const std::string& axis, char level) { return part_name(stage(), axis, level); }

  /// Matrix instructions: no virtual threads, no shared sums, operands in shared memory.
  void prepare_tensor(gpu_tile& tile) {
    if (!tile.tensor.found()) return;
    tile.cross = tile.split = 1;
    for (std::int64_t& each : tile.vthreads) each = 1;
    for (const load_use& use : loads_of(program_, stage()))
      if (!contains(staged_, use.tensor)) staged_.push_back(use.tensor);
    const auto axis = static_cast<std::size_t>(tile.tensor.terms);
    std::int64_t& chunk = tile.chunk[axis - tile.threads.size()];
    const std::int64_t depth = tile.tensor.depth;
    chunk = (smaller(chunk, stage().axes[axis].extent) + depth - 1) / depth * depth;
  }

  /// Axes that cannot be padded take factors that divide them.
  void fit(gpu_tile& tile) {
    const program_stage& of = stage();
    if (!of.is_narrowed()) return;
    for (std::size_t axis = 0; axis < tile.threads.size(); ++axis) {
      const std::int64_t extent = of.axes[axis].extent;
      const bool varies = of.axes[axis].size != ir::none;
      for (std::int64_t* factor : {&tile.threads[axis], &tile.rows[axis], &tile.vthreads[axis]})
        while (*factor > 1 && (varies || extent % tile.block(axis) != 0)) --*factor;
    }
    staged_.clear();
  }

  void pad(const gpu_tile& tile) {
    const program_stage of = stage();
    if (of.is_narrowed()) return;
    const bool copies = !staged_.empty();
    for (std::size_t axis = 0; axis < of.axes.size(); ++axis) {
      const auto spatial = static_cast<std::size_t>(of.spatial);
      const std::int64_t unit = axis < spatial ? tile.block(axis)
                                : copies       ? tile.chunk[axis - spatial]
                                               : 1;
      const bool tensor = tile.tensor.terms == static_cast<int>(axis);
      if (unit >= of.axes[axis].extent && axis >= spatial && !tensor) continue;
      if (of.axes[axis].extent % unit == 0) continue;
      apply([&](step_writer& write) { write.pad(name_, of.axes[axis].name, unit); });
    }
  }

  void split_spatial(const gpu_tile& tile) {
    const program_stage of = stage();
    for (std::size_t axis = 0; axis < tile.threads.size(); ++axis) {
      const std::string& name = of.axes[axis].name;
      sequence<split_part> parts{{part(name, '0'), 0}};
      levels level{};
      level.block = parts[0].name;
      const auto add = [&](std::int64_t factor, char letter, std::string& into) {
        if (factor == 1) return;
        into = part(name, letter);
        parts.push_back({into, factor});
      };
      add(tile.vthreads[axis], 'v', level.vthread);
      add(tile.threads[axis], 't', level.thread);
      add(tile.rows[axis], 'r', level.row);
      if (tile.tensor.points(axis) > 1) {
        const bool rows = tile.tensor.rows == static_cast<int>(axis);
        if (rows) add(2, 'h', level.pair);
        add(rows ? 8 : 4, rows ? 'g' : 'q', level.lane);
        if (!rows) add(2, 'h', level.pair);
      }
      if (parts.size() == 1)
        level.block = name;
      else
        apply([&](step_writer& write) { write.split(name_, name, parts); });
      spatial_.push_back(level);
    }
  }

  /// Splits the reduce axes; returns the loop whose iterations are the chunks.
  std::string split_reduce(const gpu_tile& tile) {
    const program_stage of = stage();
    const auto spatial = static_cast<std::size_t>(of.spatial);
    sequence<std::int64_t> straight(of.axes.size(), 1);  // terms as straight code, innermost first
    std::int64_t left = tile.unroll;
    for (std::size_t axis = of.axes.size(); axis-- > spatial && left > 1;) {
      if (of.axes[axis].size != ir::none) break;
      const std::int64_t terms = smaller(tile.chunk[axis - spatial], of.axes[axis].extent);
      straight[axis] = smaller(terms, left);
      while (terms % straight[axis] != 0) --straight[axis];
      if (straight[axis] != terms) break;
      left /= terms;
    }
    for (std::size_t axis = spatial; axis < of.axes.size(); ++axis) {
      const program_axis& at = of.axes[axis];
      const std::int64_t chunk = smaller(tile.chunk[axis - spatial], at.extent);
      if (tile.tensor.terms == static_cast<int>(axis)) {
        split_tensor_terms(at.name, tile.chunk[axis - spatial], tile.tensor.depth);
        continue;
      }
      const bool chunked = at.size == ir::none && chunk < at.extent;
      const bool cut = straight[axis] > 1 && straight[axis] < chunk;
      sequence<split_part> parts;
      if (chunked) parts.push_back({part(at.name, '0'), 0});
      if (chunked || cut)
        parts.push_back({part(at.name, '1'), parts.empty() ? 0 : chunk / straight[axis]});
      if (cut) parts.push_back({part(at.name, '2'), straight[axis]});
      if (!cut && chunked) parts.back().factor = chunk;
      if (chunked) chunks_.push_back(parts[0].name);
      if (!parts.empty()) apply([&](step_writer& write) { write.split(name_, at.name, parts); });
      const bool whole = parts.empty();
      terms_.push_back(whole ? at.name : parts[chunked ? 1 : 0].name);
      if (cut) terms_.push_back(parts.back().name);
      if (straight[axis] > 1) unrolled_.push_back(terms_.back());
    }
    if (!chunks_.empty()) return chunks_.back();
    for (std::size_t axis = spatial_.size(); axis-- > 0;)
      if (!spatial_[axis].thread.empty()) return spatial_[axis].thread;
    return spatial_.empty() ? std::string() : spatial_.back().block;
  }

  /// Chunks, instructions of a chunk, terms of an instruction.
  void split_tensor_terms(const std::string& axis, std::int64_t chunk, int depth) {
    const std::string chunks = part(axis, '0'), instructions = part(axis, '1');
    tensor_terms_ = part(axis, '2');
    apply([&](step_writer& write) {
      write.split(name_, axis,
                  {{chunks, 0}, {instructions, chunk / depth}, {tensor_terms_, depth}});
    });
    chunks_.push_back(chunks);
    terms_.push_back(instructions);
    if (chunk / depth > 1) unrolled_.push_back(instructions);
  }

  void order(const gpu_tile& tile) {
    sequence<std::string> all;
    const auto add = [&](std::string levels::*level) {
      for (const levels& each : spatial_)
        if (!(each.*level).empty()) all.push_back(each.*level);
    };
    const auto add_tensor = [&](std::string levels::*level) {
      if (!tile.tensor.found()) return;
      for (const int axis : {tile.tensor.rows, tile.tensor.columns})
        all.push_back(spatial_[static_cast<std::size_t>(axis)].*level);
    };
    add(&levels::block);
    add(&levels::thread);
    add_tensor(&levels::lane);
    all.append(chunks_.begin(), chunks_.end());
    all.append(terms_.begin(), terms_.end());
    add(&levels::vthread);
    add(&levels::row);
    if (tile.tensor.found()) all.push_back(tensor_terms_);
    add_tensor(&levels::pair);
    apply([&](step_writer& write) { write.reorder(name_, all); });
  }

  void bind(const gpu_tile& tile) {
    const sequence<std::int64_t> strides = output_strides(program_, stage());
    apply([&](step_writer& write) {
      for (const levels& each : spatial_) write.bind(name_, each.block, "block");
      for (std::size_t axis = 0; axis < spatial_.size(); ++axis) {
        const levels& each = spatial_[axis];
        if (!each.thread.empty()) write.bind(name_, each.thread, "thread");
        if (!each.vthread.empty()) write.bind(name_, each.vthread, "vthread");
        if (!each.lane.empty()) write.bind(name_, each.lane, "thread");
        if (!each.pair.empty()) write.annotate(primitive::unroll, name_, each.pair);
        if (each.row.empty()) continue;
        const bool lanes = !tile.tensor.found() && axis + 1 == spatial_.size() &&
                           strides[axis] == 1 && tile.rows[axis] == tile.vector && tile.vector > 1;
        write.annotate(lanes ? primitive::vectorize : primitive::unroll, name_, each.row);
      }
      if (tile.tensor.found()) write.annotate(primitive::tensor, name_, tensor_terms_);
      for (const std::string& each : unrolled_) write.annotate(primitive::unroll, name_, each);
    });
  }

  // ---------------------------------------------------------------- operands in shared memory

  /// Producers whose results are not staged are computed where they are read.
  void inline_producers() {
    for (const load_use& use : loads_of(program_, stage())) {
      const program_stage* const producer = own_producer(program_, stage(), use.tensor);
      if (producer == nullptr || contains(staged_, use.tensor)) continue;
      const std::string name = producer->name;
      apply([&](step_writer& write) { write.inline_stage(name); });
    }
  }

  void stage_operands(const gpu_tile& tile, const std::string& attach) {
    sequence<int> done;
    for (const load_use& use : loads_of(program_, stage())) {
      if (!contains(staged_, use.tensor) || contains(done, use.tensor)) continue;
      done.push_back(use.tensor);
      if (const program_stage* const producer = own_producer(program_, stage(), use.tensor))
        compute_in_block(producer->name, tile, attach);
      else
        copy(use, tile, attach);
    }
  }

  /// A pointwise producer in shared memory.
  void compute_in_block(const std::string& producer, const gpu_tile& tile,
                        const std::string& attach) {
    const std::string owner = name_;
    apply([&](step_writer& write) { write.place(primitive::compute_at, producer, owner, attach); });
    name_ = producer;
    sequence<std::string> loops;
    for (const program_axis& each : stage().axes) loops.push_back(each.name);
    share_among_threads(loops, tile, 1);
    name_ = owner;
  }

  /// Spreads the loops of a stage, in that order, over the threads of a block.
  void share_among_threads(const sequence<std::string>& loops, const gpu_tile& tile, int lanes) {
    std::string all = loops[0];
    if (loops.size() > 1) {
      all = part("p", 'f');
      apply([&](step_writer& write) { write.merge(primitive::fuse, name_, loops, all); });
    }
    const std::string thread = part(all, 't'), lane = part(all, 'v');
    sequence<split_part> parts{{part(all, '0'), 0}, {thread, tile.threads_of_block()}};
    if (lanes > 1) parts.push_back({lane, lanes});
    apply([&](step_writer& write) {
      write.split(name_, all, parts);
      write.bind(name_, thread, "thread");
      if (lanes > 1) write.annotate(primitive::vectorize, name_, lane);
      if (tile.buffers > 1 && !chunks_.empty()) write.buffers(name_, tile.buffers);
    });
  }

  /// One copy: rows of a thread side by side in shared memory, read from the tensor along its rows.
  void copy(const load_use& use, const gpu_tile& tile, const std::string& attach) {
    const std::string tensor = program_.tensors[static_cast<std::size_t>(use.tensor)].name;
    std::string result = tensor + "_shared";
    while (program_.find_tensor(result) >= 0) result += '_';
    const std::size_t rank = use.axis_of_dim.size();
    std::size_t last = rank;  // dimension whose neighbours one thread reads
    for (std::size_t dim = 0; dim < rank; ++dim) {
      const int axis = use.axis_of_dim[dim];
      if (axis >= 0 && static_cast<std::size_t>(axis) < tile.rows.size() &&
          tile.rows[static_cast<std::size_t>(axis)] > 1)
        last = dim;
    }
    sequence<layout_item> layout;
    if (last + 1 < rank) {
      for (std::size_t dim = 0; dim < rank; ++dim)
        if (dim != last) layout.push_back({"d" + std::to_string(dim)});
      layout.push_back({"d" + std::to_string(last)});
    }
    const bool moved = !layout.empty();
    if (tile.gap > 0 && rank > 1) {
      for (std::size_t dim = 0; dim < rank && !moved; ++dim)
        layout.push_back({"d" + std::to_string(dim)});
      layout.back().gap = tile.gap;
    }
    const bool copied = apply([&](step_writer& write) {
      write.copy(primitive::cache_read, tensor, result, name_, attach, layout);
    });
    if (!copied) return;
    const std::string owner = std::exchange(name_, result);
    sequence<std::string> loops;  // in the order of the tensor's dimensions
    for (const program_axis& each : stage().axes) loops.push_back(each.name);
    if (moved) {
      sequence<std::string> rows(rank);
      for (std::size_t dim = 0; dim < rank; ++dim)
        for (std::size_t axis = 0; axis < stage().axes.size(); ++axis)
          if (stage().point[dim] == stage().axes[axis].variable)
            rows[dim] = stage().axes[axis].name;
      loops = rows;
      apply([&](step_writer& write) { write.reorder(name_, loops); });
    }
    share_among_threads(loops, tile, tile.vector > 1 && in_vectors(use, tile) ? tile.vector : 1);
    name_ = owner;
  }

  /// True if the part of a chunk that lies side by side in the tensor is made of whole vectors.
  bool in_vectors(const load_use& use, const gpu_tile& tile) {
    const program_tensor& of = program_.tensors[static_cast<std::size_t>(use.tensor)];
    const int axis = use.axis_of_dim.empty() ? -1 : use.axis_of_dim.back();
    if (axis < 0 || of.shape.back() % tile.vector != 0) return false;
    const auto at = static_cast<std::size_t>(axis);
    const std::int64_t run = at < tile.rows.size()
                                 ? tile.block(at)
                                 : smaller(tile.chunk[at - tile.rows.size()], of.shape.back());
    return run % tile.vector == 0;
  }

  // ---------------------------------------------------------------- shared sums

  /// Splits the longest reduce axis and gives its parts to a stage of partial sums. `outer`: the
  /// number of parts is given, else the terms of a part. The name of that stage becomes name_.
  bool share(std::int64_t count, bool outer, gpu_tile& tile) {
    const program_stage of = stage();
    const auto spatial = static_cast<std::size_t>(of.spatial);
    std::size_t longest = spatial;
    for (std::size_t axis = spatial; axis < of.axes.size(); ++axis)
      if (of.axes[axis].extent > of.axes[longest].extent) longest = axis;
    const program_axis& axis = of.axes[longest];
    if (of.is_narrowed() || axis.extent < 2 * count) return false;
    const std::int64_t inner = outer ? (axis.extent + count - 1) / count : count;
    const std::string first = part(axis.name, 'p'), second = part(axis.name, 'q');
    const bool made = apply([&](step_writer& write) {
      write.split(name_, axis.name, {{first, 0}, {second, inner}});
      write.annotate(primitive::rfactor, name_, outer ? first : second);
    });
    if (!made) return false;
    if (!outer) return true;
    append_gpu_steps(program_, program_.find_stage(name_), sum_tile(), out_);
    name_ += "_rf";
    tile.threads.push_back(1);
    tile.rows.push_back(1);
    tile.vthreads.push_back(1);
    if (longest != spatial) {  // the part that is left of the axis comes first now
      const std::int64_t chunk = tile.chunk[longest - spatial];
      tile.chunk.erase(tile.chunk.begin() + static_cast<std::ptrdiff_t>(longest - spatial));
      tile.chunk.insert(tile.chunk.begin(), chunk);
    }
    return true;
  }

  /// The tile of a stage that adds partial sums up.
  gpu_tile sum_tile() {
    gpu_tile tile = plain_tile(program_, stage());
    tile.chunk.back() = stage().axes.back().extent;
    return tile;
  }

  /// Several threads per sum: partial sums in shared memory, in the loop over blocks of the stage
  /// that adds them up.
  bool cross_threads(gpu_tile tile) {
    const std::int64_t lanes = tile.vector;
    if (!share(tile.cross * lanes, false, tile)) return false;
    const std::string partial = name_ + "_rf";
    gpu_tile sums = tile;
    sums.cross = 1;
    for (std::int64_t& each : sums.rows) each = 1;
    for (std::int64_t& each : sums.vthreads) each = 1;
    sums.chunk = {tile.cross * lanes};
    sums.unroll = 16;
    pad(sums);
    split_spatial(sums);
    split_reduce(sums);
    order(sums);
    bind(sums);
    apply([&](step_writer& write) {
      write.cache_write(name_, "");
      write.place(primitive::compute_at, partial, name_, spatial_.back().block);
    });
    name_ = partial;
    const program_stage of = stage();
    const std::string& shared_axis = of.axes[static_cast<std::size_t>(of.spatial) - 1].name;
    const std::string thread = part(shared_axis, 't'), lane = part(shared_axis, 'v');
    if (lanes > 1)
      apply([&](step_writer& write) {
        write.split(name_, shared_axis, {{thread, 0}, {lane, lanes}});
      });
    sequence<std::string> order;
    sequence<std::string> threads;
    for (int axis = 0; axis + 1 < of.spatial; ++axis)
      threads.push_back(of.axes[static_cast<std::size_t>(axis)].name);
    threads.push_back(lanes > 1 ? thread : shared_axis);
    order = threads;
    for (std::size_t axis = static_cast<std::size_t>(of.spatial); axis < of.axes.size(); ++axis)
      order.push_back(of.axes[axis].name);
    if (lanes > 1) order.push_back(lane);
    apply([&](step_writer& write) {
      write.reorder(name_, order);
      for (const std::string& each : threads) write.bind(name_, each, "thread");
      if (lanes > 1) write.annotate(primitive::vectorize, name_, lane);
      write.cache_write(name_, "");
    });
    return true;
  }

  /// Loops of one spatial axis; "" = there is none.
  struct levels {
    std::string block, vthread, thread, row;
    std::string pair, lane;  ///< of a matrix instruction: two rows or columns of a thread, threads
  };

  program& program_;
  trace& out_;
  std::string name_;
  sequence<int> staged_;  ///< tensors that are read through shared memory
  sequence<levels> spatial_;
  sequence<std::string> chunks_, terms_, unrolled_;
  std::string tensor_terms_;
};

}  // namespace detail

LATHE_INLINE gpu_tile plain_tile(const program& of, const program_stage& stage) {
  gpu_tile tile;
  std::int64_t left = detail::pointwise_threads;
  for (std::size_t axis = static_cast<std::size_t>(stage.spatial); axis-- > 0;) {
    std::int64_t threads = 1;
    while (threads < left && threads < stage.axes[axis].extent) threads *= 2;
    left /= threads;
    tile.threads.insert(tile.threads.begin(), threads);
    tile.rows.push_back(1);
    tile.vthreads.push_back(1);
  }
  for (std::size_t axis = static_cast<std::size_t>(stage.spatial); axis < stage.axes.size(); ++axis)
    tile.chunk.push_back(stage.axes[axis].extent);
  tile.staged.resize(loads_of(of, stage).size());
  return tile;
}

LATHE_INLINE void append_gpu_steps(program& scheduled, int stage, gpu_tile tile, trace& out) {
  detail::gpu_scheduler(scheduled, stage, out).reduction(std::move(tile));
}

LATHE_INLINE void append_gpu_points(program& scheduled, int stage, int vector, trace& out) {
  detail::gpu_scheduler(scheduled, stage, out).points(vector);
}

}  // namespace lathe
