/// @file
/// Body of build.hpp.
#pragma once

#include <lathe/lower/build.hpp>

#include <algorithm>

namespace lathe {
namespace detail {

/// A block size: its value and the values it can take (empty = not enumerated).
struct block_size {
  ir::expr value = ir::none;
  size_choices possible;
  bool is_static() const { return possible.size() == 1; }
};

/// Where a tensor lives while code is generated: the region [base, base + extent) of each dimension.
struct tensor_place {
  std::int32_t buffer = ir::none;
  std::vector<ir::expr> base;
  std::vector<std::int64_t> extent;
};

/// One instance of a stage being generated.
struct stage_frame {
  int stage = 0;
  std::vector<ir::expr> base;                    ///< per axis: start of the region
  std::vector<block_size> size;                  ///< per dimension: block that its next part divides
  std::vector<std::vector<ir::expr>> value;      ///< per dimension and part; none = loop not entered
};

class nest_builder {
 public:
  explicit nest_builder(program&& source) : program_(std::move(source)) {}

  result<ir::nest> build() {
    nest_.name = program_.name;
    nest_.param_count = program_.param_count;
    places_.resize(program_.tensors.size());
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
  using statements = std::vector<ir::stmt>;
  enum class leaf { compute, start, resume, finish };

  ir::pool& exprs() { return program_.exprs; }
  program_stage& stage_of(const stage_frame& frame) {
    return program_.stages[static_cast<std::size_t>(frame.stage)];
  }
  program_tensor& tensor(int index) { return program_.tensors[static_cast<std::size_t>(index)]; }
  tensor_place& place(int index) { return places_[static_cast<std::size_t>(index)]; }
  void refuse(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
  }

  // ---------------------------------------------------------------- buffers and addresses

  static std::int64_t layout_extent(const layout_dim& item, const std::vector<std::int64_t>& extent) {
    if (item.mod != 0) return item.mod;
    return (extent[static_cast<std::size_t>(item.dim)] + item.div - 1) / item.div;
  }

  std::int64_t element_count(const program_tensor& of, const std::vector<std::int64_t>& extent) const {
    std::int64_t count = 1;
    for (const layout_dim& item : of.layout) count *= layout_extent(item, extent);
    return count;
  }

  std::int32_t add_buffer(ir::buffer made) {
    nest_.buffers.push_back(std::move(made));
    return static_cast<std::int32_t>(nest_.buffers.size() - 1);
  }

  void add_buffers() {
    for (int pass = 0; pass < 2; ++pass) {  // parameters first, in order; tensors are in that order
      for (std::size_t at = 0; at < program_.tensors.size(); ++at) {
        const program_tensor& of = program_.tensors[at];
        const bool param = of.param >= 0;
        if (param != (pass == 0)) continue;
        if (!param) {
          const program_stage& producer = program_.stages[static_cast<std::size_t>(of.producer)];
          if (producer.inlined || producer.attach_stage >= 0) continue;
        }
        tensor_place& made = places_[at];
        made.extent = of.shape;
        made.base.assign(of.shape.size(), exprs().constant(0));
        made.buffer = add_buffer({of.name, of.type, element_count(of, of.shape),
                                  param ? ir::scope::param : ir::scope::workspace,
                                  param && of.producer >= 0, of.scalar, of.bound});
      }
    }
  }

  ir::expr flat_index(int index, std::span<const ir::expr> point) {
    const program_tensor& of = tensor(index);
    const tensor_place& at = place(index);
    ir::expr flat = exprs().constant(0);
    for (const layout_dim& item : of.layout) {
      const auto dim = static_cast<std::size_t>(item.dim);
      ir::expr value = exprs().floor_div(exprs().sub(point[dim], at.base[dim]), item.div);
      if (item.mod != 0) value = exprs().floor_mod(value, item.mod);
      flat = exprs().add(exprs().scale(flat, layout_extent(item, at.extent)), value);
    }
    return flat;
  }

  /// Value of dimension `dim` inside its block structure; parts not entered count as 0.
  ir::expr dim_value(const stage_frame& frame, int dim) {
    const loop_dim& of = stage_of(frame).dims[static_cast<std::size_t>(dim)];
    ir::expr value = exprs().constant(0);
    for (std::size_t part = 0; part < of.blocks.size(); ++part) {
      const ir::expr entered = frame.value[static_cast<std::size_t>(dim)][part];
      if (entered != ir::none) value = exprs().add(value, exprs().scale(entered, of.blocks[part]));
    }
    return value;
  }

  ir::expr axis_value(const stage_frame& frame, int axis) {
    return exprs().add(frame.base[static_cast<std::size_t>(axis)], dim_value(frame, axis));
  }

  /// Index expressions and values of a stage in terms of the loop variables, loads made flat.
  ir::expr flatten(const stage_frame& frame, ir::expr value) {
    const program_stage& stage = stage_of(frame);
    std::vector<std::pair<ir::expr, ir::expr>> mapping;
    for (std::size_t axis = 0; axis < stage.axes.size(); ++axis)
      mapping.emplace_back(stage.axes[axis].variable, axis_value(frame, static_cast<int>(axis)));
    const ir::expr moved = exprs().substitute(value, mapping);
    return exprs().rewrite_loads(moved, [&](ir::expr load, std::span<const ir::expr> indices) {
      const ir::node at = exprs()[load];
      if (at.imm < 0) return load;
      const ir::expr flat = flat_index(static_cast<int>(at.imm), indices);
      return exprs().load(place(static_cast<int>(at.imm)).buffer, at.type, {&flat, 1});
    });
  }

  /// Flat index of the element of the stage's own tensor at the current point.
  ir::expr output_index(const stage_frame& frame) {
    const program_stage& stage = stage_of(frame);
    std::vector<ir::expr> point;
    for (int axis = 0; axis < stage.spatial; ++axis) point.push_back(axis_value(frame, axis));
    return flat_index(stage.tensor, point);
  }

  // ---------------------------------------------------------------- statements

  ir::stmt store(std::int32_t buffer, ir::expr index, ir::expr value) {
    ir::statement made;
    made.what = ir::stmt_kind::store;
    made.buffer = buffer;
    made.index = index;
    made.value = value;
    return nest_.add(std::move(made));
  }

  ir::stmt block(statements list) {
    if (list.size() == 1) return list[0];
    ir::statement made;
    made.what = ir::stmt_kind::block;
    made.children = std::move(list);
    return nest_.add(std::move(made));
  }

  void branch(ir::expr condition, statements then, statements otherwise, statements& into) {
    if (exprs().is_constant(condition)) {
      const statements& taken = exprs().constant_value(condition) != 0 ? then : otherwise;
      into.insert(into.end(), taken.begin(), taken.end());
      return;
    }
    ir::statement made;
    made.what = ir::stmt_kind::branch;
    made.condition = condition;
    made.children.push_back(block(std::move(then)));
    if (!otherwise.empty()) made.children.push_back(block(std::move(otherwise)));
    into.push_back(nest_.add(std::move(made)));
  }

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
    for (const loop_dim& dim : stage.dims)
      frame.value.emplace_back(dim.blocks.size(), ir::none);
  }

  static std::vector<int> all_loops(const program_stage& stage) {
    std::vector<int> order(stage.loops.size());
    for (std::size_t at = 0; at < order.size(); ++at) order[at] = static_cast<int>(at);
    return order;
  }

  bool is_static_loop(const stage_loop& loop) const {
    return loop.how == ir::loop_kind::unrolled || loop.how == ir::loop_kind::vectorized;
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

  void loops(stage_frame& frame, const std::vector<int>& order, std::size_t at, leaf what,
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
    const block_size size = frame.size[static_cast<std::size_t>(loop.dim)];
    if (stage.register_tile && !dim.reduce && size.possible.size() > 1 &&
        order[at] >= accumulation_start(stage))
      return refuse("loop " + stage.name + "." + loop.name + " runs a different number of times in "
                    "different iterations of a fused loop of the same register tile; fuse outside "
                    "the tile");
    if (is_static_loop(loop) && size.possible.size() > 1 && size.possible.size() <= most_copies)
      return specialise(frame, loop.dim, into,
                        [&](statements& body) { loops(frame, order, at, what, body); });

    const std::int64_t block_extent = dim.blocks[static_cast<std::size_t>(loop.part)];
    const ir::expr count = exprs().floor_div(
        exprs().add(size.value, exprs().constant(block_extent - 1)), block_extent);
    const std::int64_t most = exprs().range(count).high;
    const stage_frame saved = frame;
    const bool once = exprs().is_constant(count) && most == 1;
    const ir::expr variable = once ? exprs().constant(0) : exprs().make_variable(loop.name, most);
    frame.value[static_cast<std::size_t>(loop.dim)][static_cast<std::size_t>(loop.part)] = variable;
    frame.size[static_cast<std::size_t>(loop.dim)] = inner_size(size, variable, block_extent);
    if (dim.axis < 0 && static_cast<std::size_t>(loop.part) + 1 == dim.blocks.size())
      enter_sources(frame, loop.dim);
    if (loop.how == ir::loop_kind::vectorized && !once)
      for (const block_size& inner : frame.size)
        if (exprs().depends_on(inner.value, variable))
          return refuse("the loops inside " + stage.name + "." + loop.name +
                        " run a different number of times in its last iteration, so it cannot be "
                        "vectorized; vectorize the innermost part, or choose a factor that divides");

    statements body;
    if (what == leaf::compute) {
      place_attached(frame, loop.name, body);
      place_prefetches(frame, order[at], variable, body);
    }
    loops(frame, order, at + 1, what, body);
    frame = saved;
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

  /// Size of the block inside one iteration: the full block, or what is left of it.
  block_size inner_size(const block_size& size, ir::expr variable, std::int64_t block_extent) {
    size_choices next;
    for (const std::int64_t value : size.possible) {
      if (value >= block_extent) next.push_back(block_extent);
      if (value % block_extent != 0) next.push_back(value % block_extent);
    }
    std::ranges::sort(next, std::greater<>{});
    next.erase(std::unique(next.begin(), next.end()), next.end());
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
    std::vector<ir::expr> values(dim.sources.size());
    for (std::size_t at = dim.sources.size(); at-- > 0;) {
      const auto [source, part] = dim.sources[at];
      const std::int64_t count =
          trip_counts(stage.dims[static_cast<std::size_t>(source)], part).front();
      values[at] = at == 0 ? rest : exprs().floor_mod(rest, count);
      rest = exprs().floor_div(rest, count);
    }
    for (std::size_t at = 0; at < dim.sources.size(); ++at) {  // outermost first, like the blocks
      const auto [source, part] = dim.sources[at];
      const loop_dim& of = stage.dims[static_cast<std::size_t>(source)];
      frame.value[static_cast<std::size_t>(source)][static_cast<std::size_t>(part)] = values[at];
      block_size& size = frame.size[static_cast<std::size_t>(source)];
      size = inner_size(size, values[at], of.blocks[static_cast<std::size_t>(part)]);
      if (of.axis < 0 && static_cast<std::size_t>(part) + 1 == of.blocks.size())
        enter_sources(frame, source);
    }
  }

  void write_leaf(stage_frame& frame, leaf what, statements& into) {
    const program_stage& stage = stage_of(frame);
    if (!stage.reduction) {
      into.push_back(store(place(stage.tensor).buffer, output_index(frame), flatten(frame, stage.body)));
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
      case leaf::start: into.push_back(store(buffer, index, flatten(frame, stage.identity))); break;
      case leaf::resume: {
        const ir::expr from = output_index(frame);
        into.push_back(
            store(buffer, index, exprs().load(place(stage.tensor).buffer, type, {&from, 1})));
        break;
      }
      case leaf::compute:
        into.push_back(store(buffer, index, with(stage.combine, flatten(frame, stage.body))));
        break;
      case leaf::finish: {
        // flatten first: afterwards `accumulated` must not meet tensor loads of the epilogue
        const ir::expr value = with(flatten(frame, stage.epilogue), ir::none);
        into.push_back(store(place(stage.tensor).buffer, output_index(frame), value));
        break;
      }
    }
  }

  // ---------------------------------------------------------------- reductions

  /// Positions of the spatial loops inside the accumulation: the accumulated tile.
  std::vector<int> tile_loops(const program_stage& stage) const {
    std::vector<int> tile;
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
    std::vector<int> tile = tile_loops(stage);
    for (int at = 0; at < accumulation_start(stage); ++at)
      if (stage.loops[static_cast<std::size_t>(at)].how == ir::loop_kind::vectorized) tile.push_back(at);
    ir::expr index = exprs().constant(0);
    std::int64_t elements = 1;
    for (const int at : tile) {
      const stage_loop& loop = stage.loops[static_cast<std::size_t>(at)];
      const std::int64_t count =
          trip_counts(stage.dims[static_cast<std::size_t>(loop.dim)], loop.part).front();
      const ir::expr value =
          frame.value[static_cast<std::size_t>(loop.dim)][static_cast<std::size_t>(loop.part)];
      index = exprs().add(exprs().scale(index, count), value == ir::none ? exprs().constant(0) : value);
      elements *= count;
    }
    tile_buffer_.resize(program_.stages.size(), ir::none);
    std::int32_t& buffer = tile_buffer_[static_cast<std::size_t>(frame.stage)];
    if (buffer == ir::none)
      buffer = add_buffer({stage.name + "_acc", exprs()[stage.identity].type, elements,
                           stage.register_tile ? ir::scope::registers : ir::scope::scratch, false,
                           false, false});
    return {buffer, index};
  }

  void accumulate(stage_frame& frame, const std::vector<int>& order, std::size_t at,
                  statements& into) {
    const program_stage& stage = stage_of(frame);
    const std::vector<int> tile = tile_loops(stage);
    if (stage.register_tile) {
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
    ir::expr first = exprs().literal(dtype::boolean, 1, 0);
    for (std::size_t outer = 0; outer < at; ++outer) {
      const stage_loop& loop = stage.loops[static_cast<std::size_t>(order[outer])];
      if (!stage.dims[static_cast<std::size_t>(loop.dim)].reduce) continue;
      const ir::expr value =
          frame.value[static_cast<std::size_t>(loop.dim)][static_cast<std::size_t>(loop.part)];
      first = exprs().binary(
          opcode::logical_and, dtype::boolean, first,
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
    for (std::size_t at = 0; at < program_.stages.size(); ++at) {
      const program_stage& producer = program_.stages[at];
      if (producer.inlined || producer.attach_stage != frame.stage || producer.attach_loop != loop)
        continue;
      stage_frame inner;
      inner.stage = static_cast<int>(at);
      if (!find_region(frame, producer, inner)) return;
      enter_stage(inner);
      const bool outer_accumulating = accumulating_;
      accumulating_ = false;
      loops(inner, all_loops(producer), 0, leaf::compute, into);
      accumulating_ = outer_accumulating;
    }
  }

  /// True if a load of `tensor` stands in a branch of a select.
  bool is_guarded(ir::expr value, int tensor_index, bool under) {
    if (value == ir::none) return false;
    const ir::node at = exprs()[value];
    if (at.what == ir::kind::load && at.imm == tensor_index && under) return true;
    for (const ir::term& each : exprs().terms(value))
      if (is_guarded(each.atom, tensor_index, under)) return true;
    for (const ir::expr each : exprs().args(value))
      if (is_guarded(each, tensor_index, under)) return true;
    if (at.what == ir::kind::select)
      return is_guarded(at.a, tensor_index, under) || is_guarded(at.b, tensor_index, true) ||
             is_guarded(at.c, tensor_index, true);
    return is_guarded(at.a, tensor_index, under) || is_guarded(at.b, tensor_index, under);
  }

  struct region {
    ir::expr base = ir::none;
    block_size size;
    std::int64_t most = 1;
  };

  /// What one dimension's index expression covers while the loops not yet entered run.
  region cover(const stage_frame& frame, ir::expr index, std::int64_t extent) {
    const program_stage& stage = stage_of(frame);
    const region whole{exprs().constant(0), {exprs().constant(extent), {extent}}, extent};
    region out;
    const std::vector<ir::term> terms(exprs().terms(index).begin(), exprs().terms(index).end());
    out.base = exprs().constant(exprs()[index].imm);
    out.size = {exprs().constant(1), {1}};
    for (const ir::term& each : terms) {
      if (exprs()[each.atom].what != ir::kind::variable) {
        std::vector<std::pair<ir::expr, ir::expr>> mapping;
        for (std::size_t axis = 0; axis < stage.axes.size(); ++axis) {
          if (!exprs().depends_on(each.atom, stage.axes[axis].variable)) continue;
          if (frame.size[axis].possible != size_choices{1}) return whole;
          mapping.emplace_back(stage.axes[axis].variable, axis_value(frame, static_cast<int>(axis)));
        }
        if (!loads_in(exprs(), each.atom).empty()) return whole;
        out.base = exprs().add(out.base, exprs().scale(exprs().substitute(each.atom, mapping), each.coef));
        continue;
      }
      std::size_t axis = 0;
      while (axis < stage.axes.size() &&
             exprs().variable_index(stage.axes[axis].variable) != exprs()[each.atom].imm)
        ++axis;
      const block_size& size = frame.size[axis];
      const ir::expr reach = exprs().sub(size.value, exprs().constant(1));
      ir::expr low = exprs().scale(axis_value(frame, static_cast<int>(axis)), each.coef);
      if (each.coef < 0) low = exprs().add(low, exprs().scale(reach, each.coef));
      out.base = exprs().add(out.base, low);
      const std::int64_t step = each.coef < 0 ? -each.coef : each.coef;
      out.size.value = exprs().add(out.size.value, exprs().scale(reach, step));
      size_choices sums;
      for (const std::int64_t left : out.size.possible)
        for (const std::int64_t right : size.possible) sums.push_back(left + step * (right - 1));
      std::ranges::sort(sums, std::greater<>{});
      sums.erase(std::unique(sums.begin(), sums.end()), sums.end());
      out.size.possible = std::move(sums);
    }
    out.most = exprs().range(out.size.value).high;
    if (!out.size.possible.empty()) out.most = std::min(out.most, out.size.possible.front());
    return out;
  }

  /// The part of a producer's tensor that the consumer's current iteration reads.
  bool find_region(const stage_frame& frame, const program_stage& producer, stage_frame& inner) {
    const program_stage& consumer = stage_of(frame);
    const int of = producer.tensor;
    if (is_guarded(consumer.body, of, false) || is_guarded(consumer.epilogue, of, false)) {
      refuse("stage '" + producer.name + "' is read under a condition in '" + consumer.name +
             "', so the part it needs there is not known: compute it at root or inline it");
      return false;
    }
    std::vector<region> need;
    const std::vector<std::int64_t> shape = tensor(of).shape;
    for (const ir::expr root : {consumer.body, consumer.epilogue}) {
      if (root == ir::none) continue;
      for (const ir::expr load : loads_in(exprs(), root)) {
        if (exprs()[load].imm != of) continue;
        const std::vector<ir::expr> indices(exprs().args(load).begin(), exprs().args(load).end());
        for (std::size_t dim = 0; dim < shape.size(); ++dim) {
          const region found = cover(frame, indices[dim], shape[dim]);
          if (need.size() <= dim)
            need.push_back(found);
          else
            need[dim] = join(need[dim], found, shape[dim]);
        }
      }
    }
    tensor_place& at = place(of);
    at.base.clear();
    std::vector<std::int64_t> extent;
    for (const region& each : need) {
      at.base.push_back(each.base);
      extent.push_back(std::min(each.most, shape[extent.size()]));
      inner.base.push_back(each.base);
    }
    for (std::size_t dim = 0; dim < producer.dims.size(); ++dim) {
      if (dim < need.size()) {
        inner.size.push_back(need[dim].size);
      } else {
        const std::int64_t whole = producer.dims[dim].extent;
        inner.size.push_back({exprs().constant(whole), {whole}});
        if (producer.dims[dim].axis < 0 && !producer.dims[dim].reduce &&
            !std::ranges::equal(extent, shape)) {
          refuse("stage '" + producer.name + "' has fused loops, so only all of it can be computed");
          return false;
        }
        if (dim < producer.axes.size()) inner.base.push_back(exprs().constant(0));
      }
    }
    const std::int64_t elements = element_count(tensor(of), extent);
    if (at.buffer == ir::none) {
      at.extent = extent;
      at.buffer = add_buffer({tensor(of).name, tensor(of).type, elements, ir::scope::scratch, false,
                              false, false});
    } else {
      for (std::size_t dim = 0; dim < extent.size(); ++dim)
        at.extent[dim] = std::max(at.extent[dim], extent[dim]);
      nest_.buffers[static_cast<std::size_t>(at.buffer)].elements =
          std::max(nest_.buffers[static_cast<std::size_t>(at.buffer)].elements,
                   element_count(tensor(of), at.extent));
    }
    return true;
  }

  /// Smallest region that holds two whose starts differ by a constant; the whole dimension otherwise.
  region join(const region& left, const region& right, std::int64_t extent) {
    const ir::expr gap = exprs().sub(right.base, left.base);
    if (!exprs().is_constant(gap) || left.size.value != right.size.value)
      return {exprs().constant(0), {exprs().constant(extent), {extent}}, extent};
    const std::int64_t distance = exprs().constant_value(gap);
    region out = distance >= 0 ? left : right;
    const std::int64_t more = distance >= 0 ? distance : -distance;
    out.size.value = exprs().add(out.size.value, exprs().constant(more));
    for (std::int64_t& value : out.size.possible) value += more;
    out.most += more;
    return out;
  }

  // ---------------------------------------------------------------- prefetch

  void place_prefetches(stage_frame& frame, int position, ir::expr variable, statements& into) {
    const program_stage& stage = stage_of(frame);
    const stage_loop& loop = stage.loops[static_cast<std::size_t>(position)];
    for (const stage_prefetch& hint : stage.prefetches) {
      if (hint.loop != loop.name || exprs().is_constant(variable)) continue;
      for (const ir::expr load : loads_in(exprs(), stage.body)) {
        if (exprs()[load].imm != hint.tensor) continue;
        // Loops below that are unrolled address different lines: one hint for each.
        stage_frame ahead = frame;
        ahead.value[static_cast<std::size_t>(loop.dim)][static_cast<std::size_t>(loop.part)] =
            exprs().add(variable, exprs().constant(hint.distance));
        prefetch_lines(ahead, position + 1, load, hint.tensor, into);
      }
    }
  }

  void prefetch_lines(stage_frame& frame, int position, ir::expr load, int tensor_index,
                      statements& into) {
    const program_stage& stage = stage_of(frame);
    if (position < static_cast<int>(stage.loops.size())) {
      const stage_loop& loop = stage.loops[static_cast<std::size_t>(position)];
      const loop_dim& dim = stage.dims[static_cast<std::size_t>(loop.dim)];
      if (loop.how == ir::loop_kind::unrolled && dim.axis >= 0 &&
          exprs().depends_on(load, stage.axes[static_cast<std::size_t>(dim.axis)].variable)) {
        const std::int64_t count = trip_counts(dim, loop.part).front();
        for (std::int64_t at = 0; at < count; ++at) {
          stage_frame inner = frame;
          inner.value[static_cast<std::size_t>(loop.dim)][static_cast<std::size_t>(loop.part)] =
              exprs().constant(at);
          prefetch_lines(inner, position + 1, load, tensor_index, into);
        }
        return;
      }
      return prefetch_lines(frame, position + 1, load, tensor_index, into);
    }
    const ir::expr flat = flatten(frame, load);
    const auto flat_loads = loads_in(exprs(), flat);
    if (flat_loads.size() != 1) return;  // a gather: its address would have to be loaded first
    ir::statement made;
    made.what = ir::stmt_kind::prefetch;
    made.buffer = place(tensor_index).buffer;
    made.index = exprs().args(flat_loads[0])[0];
    into.push_back(nest_.add(std::move(made)));
  }

  program program_;
  ir::nest nest_;
  std::vector<tensor_place> places_;          ///< by tensor
  std::vector<std::int32_t> tile_buffer_;     ///< by stage
  bool accumulating_ = false;
  int generated_ = 0;
  std::string reason_;
};

}  // namespace detail

LATHE_INLINE result<ir::nest> build(program source) {
  return detail::nest_builder(std::move(source)).build();
}

}  // namespace lathe
