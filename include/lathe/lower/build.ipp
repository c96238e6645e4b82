/// @file
/// Body of build.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/lower/nest_writer.hpp>

#include <cstdlib>

namespace lathe {
namespace detail {

/// Walks the loops of every root stage and writes their statements.
class nest_builder : nest_writer {
 public:
  explicit nest_builder(program&& source) : nest_writer(std::move(source)) {}

  result<ir::nest> build() {
    nest_.name = program_.name;
    nest_.param_count = program_.param_count;
    add_buffers();
    for (std::size_t at = 0; at < program_.stages.size(); ++at) {
      const program_stage& stage = program_.stages[at];
      if (!stage.inlined && stage.attach_stage < 0) add_phase(static_cast<int>(at));
      if (!reason_.empty()) return error("LATHE-E205", reason_);
    }
    nest_.exprs = std::move(program_.exprs);
    return std::move(nest_);
  }

 private:
  enum class leaf { compute, start, resume, finish, keep };

  // ---------------------------------------------------------------- phases and loops

  void add_phase(int index) {
    stage_frame frame;
    frame.stage = index;
    const program_stage& stage = stage_of(frame);
    for (const program_axis& axis : stage.axes) {
      (void)axis;
      frame.base.push_back(exprs().constant(0));
    }
    for (const loop_dim& dim : stage.dims)
      frame.size.push_back({exprs().constant(dim.extent), {dim.extent}});
    frame.beyond = stage.is_padded();
    enter_stage(frame);

    statements body;
    loops(frame, all_loops(stage), 0, leaf::compute, body);
    ir::phase made;
    made.name = "phase" + std::to_string(nest_.phases.size());
    made.body = block(std::move(body));
    made.bind_only = tensor(stage.tensor).bound;
    const ir::statement& outer = nest_[made.body];
    if (outer.what == ir::stmt_kind::loop && outer.how == ir::loop_kind::parallel) {
      made.parallel = true;
      made.tasks = exprs().constant_value(outer.extent);
    }
    nest_.phases.push_back(std::move(made));
  }

  void enter_stage(stage_frame& frame) {
    const program_stage& stage = stage_of(frame);
    for (const loop_dim& dim : stage.dims) frame.value.emplace_back(dim.blocks.size(), ir::none);
    for (const program_axis& axis : stage.axes) frame.sized.push_back(axis.size == ir::none);
  }

  static sequence<int> all_loops(const program_stage& stage) {
    sequence<int> order(stage.loops.size());
    for (std::size_t at = 0; at < order.size(); ++at) order[at] = static_cast<int>(at);
    return order;
  }

  bool is_static_loop(const stage_loop& loop) const {
    return ir::is_written_out(loop.how) || loop.how == ir::loop_kind::vectorized;
  }

  /// Runs `generate` once per possible size of a dimension's block, selected by a branch.
  template <class Generate>
  void specialise(stage_frame& frame, int dim, statements& into, Generate&& generate) {
    block_size& size = frame.size[static_cast<std::size_t>(dim)];
    const block_size old = size;
    statements chain;
    for (std::size_t at = old.possible.size(); at-- > 0;) {
      const std::int64_t value = old.possible[at];
      frame.size[static_cast<std::size_t>(dim)] = {exprs().constant(value), {value}};
      statements body;
      generate(body);
      if (at + 1 == old.possible.size()) {
        chain = std::move(body);
        continue;
      }
      statements next;
      branch(exprs().binary(opcode::equal, dtype::boolean, old.value, exprs().constant(value)),
             std::move(body), std::move(chain), next);
      chain = std::move(next);
    }
    frame.size[static_cast<std::size_t>(dim)] = old;
    into.insert(into.end(), chain.begin(), chain.end());
  }

  static constexpr std::size_t most_copies = 6;  ///< of static code per dimension

  void loops(stage_frame& frame, const sequence<int>& order, std::size_t at, leaf what,
             statements& into) {
    if (!reason_.empty()) return;
    if (++generated_ > 20000) return refuse("the schedule needs too many specialised tiles");
    const program_stage& stage = stage_of(frame);
    if (what == leaf::compute && !accumulating_ && at < order.size() &&
        order[at] == accumulation_start(stage))
      return accumulate(frame, order, at, into);
    if (at == order.size()) return write_leaf(frame, what, into);

    const stage_loop& loop = stage.loops[static_cast<std::size_t>(order[at])];
    const loop_dim& dim = stage.dims[static_cast<std::size_t>(loop.dim)];
    const bool even = divides_evenly(stage, dim);
    const block_size size =
        even ? block_around(dim, loop.part) : frame.size[static_cast<std::size_t>(loop.dim)];
    if (size.possible == size_choices{0}) return;
    if (contains(size.possible, 0) &&
        !(is_static_loop(loop) && size.possible.size() <= most_copies))
      return run_if_any(frame, order, at, what, into);
    if (stage.register_tile && !stage.tile_in_buffer && !dim.reduce && size.possible.size() > 1 &&
        order[at] >= accumulation_start(stage) && depends_on_running_loop(size.value))
      return refuse("loop " + stage.name + "." + loop.name +
                    " runs a different number of times in "
                    "different iterations of a fused loop of the same register tile; fuse outside "
                    "the tile");
    if (const int varying = varying_dim(frame, order, at); varying >= 0)
      return specialise(frame, varying, into,
                        [&](statements& body) { loops(frame, order, at, what, body); });

    const std::int64_t block_extent = dim.blocks[static_cast<std::size_t>(loop.part)];
    const ir::expr count = exprs().floor_div(
        exprs().add(size.value, exprs().constant(block_extent - 1)), block_extent);
    const std::int64_t most = exprs().range(count).high;
    const stage_frame saved = frame;
    const bool once = exprs().is_constant(count) && most == 1;
    const ir::expr variable = once ? exprs().constant(0) : exprs().make_variable(loop.name, most);
    frame.value[static_cast<std::size_t>(loop.dim)][static_cast<std::size_t>(loop.part)] = variable;
    frame.size[static_cast<std::size_t>(loop.dim)] =
        even ? block_around(dim, entered_parts(frame, loop.dim))
             : inner_size(size, variable, block_extent);
    if (dim.axis < 0 && static_cast<std::size_t>(loop.part) + 1 == dim.blocks.size())
      enter_sources(frame, loop.dim);
    narrow_sizes(frame);
    if (loop.how == ir::loop_kind::vectorized && !once)
      for (const block_size& inner : frame.size)
        if (exprs().depends_on(inner.value, variable))
          return refuse(
              "the loops inside " + stage.name + "." + loop.name +
              " run a different number of times in its last iteration, so it cannot be "
              "vectorized; vectorize the innermost part, or choose a factor that divides");

    const bool runs = !ir::is_written_out(loop.how) && !once;
    if (runs) running_.push_back(variable);
    statements body;
    if (what == leaf::compute) {
      place_attached(frame, loop.name, body);
      if (runs) begin_line_buffers(frame, loop, into);
      place_prefetches(frame, order[at], variable, body);
    }
    loops(frame, order, at + 1, what, body);
    if (!frame.reaches_out.empty()) leave_out_beyond(frame, loop.dim, body);
    frame = saved;
    if (runs) running_.pop_back();
    if (once) {
      into.insert(into.end(), body.begin(), body.end());
      return;
    }
    ir::statement made;
    made.what = ir::stmt_kind::loop;
    made.how = loop.how;
    made.variable = variable;
    made.extent = count;
    made.lanes = loop.how == ir::loop_kind::vectorized ? most : 0;
    made.children = std::move(body);
    into.push_back(nest_.add(std::move(made)));
  }

  /// Makes the body of a copy's loop ask, as soon as an index of the tensor is known, if there is
  /// such an element.
  void leave_out_beyond(const stage_frame& frame, int dim, statements& body) {
    const program_stage& stage = stage_of(frame);
    if (static_cast<std::size_t>(dim) >= frame.reaches_out.size() ||
        frame.reaches_out[static_cast<std::size_t>(dim)] == 0 ||
        contains(frame.value[static_cast<std::size_t>(dim)], ir::none))
      return;
    statements asked;
    branch(is_index_of(stage.tensor, frame, dim), std::move(body), {}, asked);
    body = std::move(asked);
  }

  /// Dimension whose block has several possible sizes, of the static loops that begin at `at`; -1
  /// if there is none. All of them are told apart outside of the first: straight code has no
  /// branches.
  int varying_dim(const stage_frame& frame, const sequence<int>& order, std::size_t at) {
    const program_stage& stage = stage_of(frame);
    sequence<int> entered;
    for (; at < order.size(); ++at) {
      const stage_loop& loop = stage.loops[static_cast<std::size_t>(order[at])];
      if (!is_static_loop(loop)) break;
      const size_choices& possible = frame.size[static_cast<std::size_t>(loop.dim)].possible;
      if (!contains(entered, loop.dim) && possible.size() > 1 && possible.size() <= most_copies)
        return loop.dim;
      entered.push_back(loop.dim);
    }
    return -1;
  }

  /// A loop that may have nothing to do: every other one runs at least once.
  void run_if_any(stage_frame& frame, const sequence<int>& order, std::size_t at, leaf what,
                  statements& into) {
    const stage_loop& loop = stage_of(frame).loops[static_cast<std::size_t>(order[at])];
    block_size& size = frame.size[static_cast<std::size_t>(loop.dim)];
    const block_size old = size;
    erase_if(size.possible, [](std::int64_t value) { return value == 0; });
    statements body;
    loops(frame, order, at, what, body);
    frame.size[static_cast<std::size_t>(loop.dim)] = old;
    branch(exprs().binary(opcode::greater, dtype::boolean, old.value, exprs().constant(0)),
           std::move(body), {}, into);
  }

  /// True if a size differs between iterations of a loop that stays a loop: unrolled ones do not.
  bool depends_on_running_loop(ir::expr size) {
    for (const ir::expr variable : running_)
      if (exprs().depends_on(size, variable)) return true;
    return false;
  }

  /// Size of the block inside one iteration: the full block, or what is left of it.
  block_size inner_size(const block_size& size, ir::expr variable, std::int64_t block_extent) {
    size_choices next;
    for (const std::int64_t value : size.possible) {
      if (value >= block_extent) next.push_back(block_extent);
      if (value % block_extent != 0) next.push_back(value % block_extent);
    }
    sort(next, [](std::int64_t left, std::int64_t right) { return left > right; });
    remove_repeated(next);
    if (next.size() == 1) return {exprs().constant(next[0]), next};
    const ir::expr left = exprs().sub(size.value, exprs().scale(variable, block_extent));
    const ir::expr value =
        exprs().binary(opcode::min, dtype::i64, exprs().constant(block_extent), left);
    return {value, std::move(next)};
  }

  /// All parts of a fused dimension are known: so are the loops it was made of.
  void enter_sources(stage_frame& frame, int fused) {
    const program_stage& stage = stage_of(frame);
    const loop_dim& dim = stage.dims[static_cast<std::size_t>(fused)];
    ir::expr rest = dim_value(frame, fused);
    sequence<ir::expr> values(dim.sources.size());
    for (std::size_t at = dim.sources.size(); at-- > 0;) {
      const auto [source, part] = dim.sources[at];
      const block_size& part_of = frame.size[static_cast<std::size_t>(source)];
      const loop_dim& whole = stage.dims[static_cast<std::size_t>(source)];
      const std::int64_t count = whole.blocks.size() == 1 && part_of.is_static()
                                     ? part_of.possible.front()
                                     : trip_counts(whole, part).front();
      values[at] = at == 0 ? rest : exprs().floor_mod(rest, count);
      rest = exprs().floor_div(rest, count);
    }
    for (std::size_t at = 0; at < dim.sources.size(); ++at) {  // outermost first, like the blocks
      const auto [source, part] = dim.sources[at];
      const loop_dim& of = stage.dims[static_cast<std::size_t>(source)];
      frame.value[static_cast<std::size_t>(source)][static_cast<std::size_t>(part)] = values[at];
      block_size& size = frame.size[static_cast<std::size_t>(source)];
      size = divides_evenly(stage, of)
                 ? block_around(of, entered_parts(frame, source))
                 : inner_size(size, values[at], of.blocks[static_cast<std::size_t>(part)]);
      if (of.axis < 0 && static_cast<std::size_t>(part) + 1 == of.blocks.size())
        enter_sources(frame, source);
      narrow_sizes(frame);
    }
  }

  void write_leaf(stage_frame& frame, leaf what, statements& into) {
    const program_stage& stage = stage_of(frame);
    if (what == leaf::keep) return take_rows(frame, *kept_, into);
    if (!stage.reduction) {
      store_inside(frame, place(stage.tensor).buffer, output_index(frame),
                   flatten(frame, stage.body), into);
      return;
    }
    const auto [buffer, index] = accumulator(frame);
    const dtype type = exprs()[stage.identity].type;
    const ir::expr current = exprs().load(buffer, type, {&index, 1});
    const auto with = [&](ir::expr value, ir::expr term) {
      return exprs().rewrite_loads(value, [&](ir::expr load, std::span<const ir::expr>) {
        const std::int64_t of = exprs()[load].imm;
        return of == accumulated ? current : of == new_term ? term : load;
      });
    };
    switch (what) {
      case leaf::start:
        store_inside(frame, buffer, index, flatten(frame, stage.identity), into);
        break;
      case leaf::resume: {
        const ir::expr from = output_index(frame);
        store_inside(frame, buffer, index,
                     exprs().select(is_inside(frame),
                                    exprs().load(place(stage.tensor).buffer, type, {&from, 1}),
                                    stage.identity),
                     into);
        break;
      }
      case leaf::compute:
        store_inside(frame, buffer, index, with(stage.combine, flatten(frame, term(stage))), into);
        break;
      case leaf::keep: break;
      case leaf::finish: {
        // flatten first: afterwards `accumulated` must not meet tensor loads of the epilogue
        const ir::expr value = with(flatten(frame, stage.epilogue), ir::none);
        store_inside(frame, place(stage.tensor).buffer, output_index(frame), value, into);
        break;
      }
    }
  }

  /// A store at the current point: not beyond the end of a padded axis, but for the register tile,
  /// which has room for all of it.
  void store_inside(const stage_frame& frame, std::int32_t buffer, ir::expr index, ir::expr value,
                    statements& into) {
    const bool tile = nest_.buffers[static_cast<std::size_t>(buffer)].where == ir::scope::registers;
    const ir::stmt made = store(buffer, index, value);
    branch(tile ? exprs().literal(dtype::boolean, 1, 0) : is_inside(frame), {made}, {}, into);
  }

  // ---------------------------------------------------------------- reductions

  /// Positions of the spatial loops inside the accumulation: the accumulated tile.
  sequence<int> tile_loops(const program_stage& stage) const {
    sequence<int> tile;
    for (int at = accumulation_start(stage); at < static_cast<int>(stage.loops.size()); ++at) {
      const stage_loop& loop = stage.loops[static_cast<std::size_t>(at)];
      if (!stage.dims[static_cast<std::size_t>(loop.dim)].reduce) tile.push_back(at);
    }
    return tile;
  }

  /// Buffer and index of the accumulator of the current point: the output itself, or the tile.
  std::pair<std::int32_t, ir::expr> accumulator(const stage_frame& frame) {
    const program_stage& stage = stage_of(frame);
    if (!stage.register_tile && program_.stores_plain_result(stage))
      return {place(stage.tensor).buffer, output_index(frame)};
    // A vectorized loop around the accumulation runs all its iterations at once: one element each.
    sequence<int> tile = tile_loops(stage);
    for (int at = 0; at < accumulation_start(stage); ++at)
      if (stage.loops[static_cast<std::size_t>(at)].how == ir::loop_kind::vectorized)
        tile.push_back(at);
    ir::expr index = exprs().constant(0);
    std::int64_t elements = 1;
    sequence<std::int64_t> shape;
    for (const int at : tile) {
      const stage_loop& loop = stage.loops[static_cast<std::size_t>(at)];
      const std::int64_t count =
          trip_counts(stage.dims[static_cast<std::size_t>(loop.dim)], loop.part).front();
      const ir::expr value =
          frame.value[static_cast<std::size_t>(loop.dim)][static_cast<std::size_t>(loop.part)];
      index =
          exprs().add(exprs().scale(index, count), value == ir::none ? exprs().constant(0) : value);
      elements *= count;
      shape.push_back(count);
    }
    tile_buffer_.resize(program_.stages.size(), ir::none);
    std::int32_t& buffer = tile_buffer_[static_cast<std::size_t>(frame.stage)];
    if (buffer == ir::none)
      buffer = add_buffer(
          {stage.name + "_acc", exprs()[stage.identity].type, elements,
           stage.register_tile && !stage.tile_in_buffer ? ir::scope::registers : ir::scope::scratch,
           false, false, false, std::move(shape)});
    return {buffer, index};
  }

  void accumulate(stage_frame& frame, const sequence<int>& order, std::size_t at,
                  statements& into) {
    const program_stage& stage = stage_of(frame);
    const sequence<int> tile = tile_loops(stage);
    if (stage.register_tile && !stage.tile_in_buffer) {
      for (const int position : tile) {
        const int dim = stage.loops[static_cast<std::size_t>(position)].dim;
        const block_size& size = frame.size[static_cast<std::size_t>(dim)];
        if (size.is_static()) continue;
        if (size.possible.empty() || size.possible.size() > most_copies)
          return refuse("the register tile of '" + stage.name +
                        "' has no fixed size: compute the stage at an outer loop");
        return specialise(frame, dim, into,
                          [&](statements& body) { accumulate(frame, order, at, body); });
      }
    }
    // Narrowed reduce loops that are straight code: one copy per trip count, chosen out here.
    for (std::size_t axis = static_cast<std::size_t>(stage.spatial); axis < stage.axes.size();
         ++axis) {
      const block_size& size = frame.size[axis];
      if (stage.axes[axis].size == ir::none || size.is_static() ||
          size.possible.size() > most_copies || !any_of(stage.loops, [&](const stage_loop& loop) {
            return loop.dim == static_cast<int>(axis) && is_static_loop(loop);
          }))
        continue;
      return specialise(frame, static_cast<int>(axis), into,
                        [&](statements& body) { accumulate(frame, order, at, body); });
    }
    ir::expr first = exprs().literal(dtype::boolean, 1, 0);
    for (std::size_t outer = 0; outer < at; ++outer) {
      const stage_loop& loop = stage.loops[static_cast<std::size_t>(order[outer])];
      if (!stage.dims[static_cast<std::size_t>(loop.dim)].reduce) continue;
      const ir::expr value =
          frame.value[static_cast<std::size_t>(loop.dim)][static_cast<std::size_t>(loop.part)];
      first =
          exprs().binary(opcode::logical_and, dtype::boolean, first,
                         exprs().binary(opcode::equal, dtype::boolean, value, exprs().constant(0)));
    }
    statements start, resume;
    loops(frame, tile, 0, leaf::start, start);
    if (!exprs().is_constant(first)) loops(frame, tile, 0, leaf::resume, resume);
    branch(first, std::move(start), std::move(resume), into);
    accumulating_ = true;
    loops(frame, order, at, leaf::compute, into);
    accumulating_ = false;
    if (stage.register_tile || !program_.stores_plain_result(stage))
      loops(frame, tile, 0, leaf::finish, into);
  }

  // ---------------------------------------------------------------- producers inside consumers

  void place_attached(stage_frame& frame, const std::string& loop, statements& into) {
    statements kept;  // of line buffers: after all that is read
    for (std::size_t at = 0; at < program_.stages.size(); ++at) {
      const program_stage& producer = program_.stages[at];
      if (producer.inlined || producer.attach_stage != frame.stage || producer.attach_loop != loop)
        continue;
      stage_frame around = frame, inner;
      inner.stage = static_cast<int>(at);
      if (producer.is_cooperative() && !leave_threads(around)) return;
      if (!find_region(around, producer, inner)) return;
      enter_stage(inner);
      const bool outer_accumulating = accumulating_;
      accumulating_ = false;
      statements body;
      if (producer.line_buffer)
        fill_line_buffer(around, loop, inner, body, kept);
      else
        loops(inner, all_loops(producer), 0, leaf::compute, body);
      accumulating_ = outer_accumulating;
      if (!producer.is_cooperative()) {
        into.insert(into.end(), body.begin(), body.end());
        continue;
      }
      ir::statement made;
      made.what = ir::stmt_kind::together;
      made.buffers = producer.buffers;
      made.children = std::move(body);
      into.push_back(nest_.add(std::move(made)));
    }
    into.insert(into.end(), kept.begin(), kept.end());
  }

  /// Computes the rows of a line buffer that the iteration before had not, and `kept` moves the
  /// others to their place before them.
  void fill_line_buffer(const stage_frame& around, const std::string& loop, stage_frame& inner,
                        statements& into, statements& kept) {
    const program_stage& producer = stage_of(inner);
    line_rows rows;
    if (!find_rows(around, loop, inner, rows)) return;
    const auto dim = static_cast<std::size_t>(rows.dim);
    tensor_place& at = place(producer.tensor);
    rows.buffer = at;
    rows.fresh = fresh_rows(producer, rows);
    stage_frame next = inner;
    next.base[dim] = exprs().add(next.base[dim], exprs().constant(rows.count - rows.step));
    next.size[dim] = {exprs().constant(rows.step), {rows.step}};
    at = rows.fresh;
    loops(next, all_loops(producer), 0, leaf::compute, into);
    at = rows.buffer;
    sequence<int> others = all_loops(producer);
    erase_if(others, [&](int position) {
      return producer.loops[static_cast<std::size_t>(position)].dim == rows.dim;
    });
    kept_ = &rows;
    loops(inner, others, 0, leaf::keep, kept);
    kept_ = nullptr;
  }

  /// Before a loop: the first rows of the line buffers that are filled in it, a step further back
  /// than where its first iteration wants them.
  void begin_line_buffers(const stage_frame& frame, const stage_loop& loop, statements& into) {
    for (std::size_t at = 0; at < program_.stages.size() && reason_.empty(); ++at) {
      const program_stage& producer = program_.stages[at];
      if (!producer.line_buffer || producer.attach_stage != frame.stage ||
          producer.attach_loop != loop.name)
        continue;
      stage_frame around = frame, inner;
      inner.stage = static_cast<int>(at);
      line_rows rows;
      const tensor_place steady = place(producer.tensor);
      if (!find_region(around, producer, inner)) return;
      enter_stage(inner);
      if (!find_rows(around, loop.name, inner, rows)) return;
      around.value[static_cast<std::size_t>(loop.dim)][static_cast<std::size_t>(loop.part)] =
          exprs().constant(0);
      inner = {};
      inner.stage = static_cast<int>(at);
      if (!find_region(around, producer, inner)) return;
      enter_stage(inner);
      const auto dim = static_cast<std::size_t>(rows.dim);
      tensor_place& made = place(producer.tensor);
      inner.base[dim] = made.base[dim];
      if (!inner.reaches_out.empty()) inner.reaches_out[dim] = 1;
      made.base[dim] = exprs().sub(made.base[dim], exprs().constant(rows.step));
      const std::int64_t count = rows.count - rows.step;
      inner.size[dim] = {exprs().constant(count), {count}};
      const bool outer_accumulating = accumulating_;
      accumulating_ = false;
      loops(inner, all_loops(producer), 0, leaf::compute, into);
      accumulating_ = outer_accumulating;
      made = steady;
    }
  }

  /// Makes a frame that of all threads of a block: what they read together is what one of them
  /// computes in their place.
  bool leave_threads(stage_frame& frame) {
    const program_stage& stage = stage_of(frame);
    for (const stage_loop& loop : stage.loops) {
      const auto dim = static_cast<std::size_t>(loop.dim);
      ir::expr& value = frame.value[dim][static_cast<std::size_t>(loop.part)];
      if (loop.how != ir::loop_kind::thread || value == ir::none) continue;
      if (exprs().is_constant(value)) continue;  // one thread
      if (!divides_evenly(stage, stage.dims[dim])) {
        refuse("loop '" + loop.name + "' of stage '" + stage.name +
               "' runs over threads that compute something together; its axis must be split evenly "
               "and not be fused: pad it");
        return false;
      }
      value = ir::none;
      frame.size[dim] = block_around(stage.dims[dim], entered_parts(frame, loop.dim));
    }
    return true;
  }

  sequence<std::int32_t> tile_buffer_;  ///< by stage
  sequence<ir::expr> running_;          ///< variables of the open loops that are not unrolled
  const line_rows* kept_ = nullptr;     ///< of the line buffer whose rows are being moved
  bool accumulating_ = false;
  int generated_ = 0;
};

}  // namespace detail

LATHE_INLINE result<ir::nest> build(program source) {
  return detail::nest_builder(std::move(source)).build();
}

}  // namespace lathe
