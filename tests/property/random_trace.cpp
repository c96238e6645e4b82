#include "property/random_trace.hpp"

#include <lathe/lower/apply_factor.hpp>
#include <lathe/lower/build.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace lathe::property {
namespace {

class schedule_generator {
 public:
  schedule_generator(const program& base, random_engine& engine) : now_(base), engine_(engine) {}

  random_schedule make(const program& base) {
    for (const program_tensor& tensor : base.tensors)
      if (tensor.param >= 0 && tensor.producer < 0 && chance(0.3))
        out_.options.bound.push_back(tensor.name);
    if (chance(0.5)) factor();
    const int attempts = 3 + static_cast<int>(below(22));
    const bool flat_first = chance(0.3);
    if (flat_first) flatten();
    if (chance(0.7)) narrow();
    if (chance(0.2)) pad();
    if (!flat_first && chance(0.6)) flatten();
    if (chance(0.4)) tile(any_stage());
    if (chance(0.2)) transpose(std::string(any_stage().name));
    for (int at = 0; at < attempts && out_.broken.empty(); ++at) propose();
    if (chance(0.3)) tile(any_stage());
    return legal(base);
  }

  /// A schedule for GPUs: tiles over blocks and threads, copies that threads make together.
  random_schedule make_for_gpu(const program& base) {
    for (const program_tensor& tensor : base.tensors)
      if (tensor.param >= 0 && tensor.producer < 0 && chance(0.2))
        out_.options.bound.push_back(tensor.name);
    if (chance(0.2)) factor();
    if (chance(0.3)) narrow();
    if (chance(0.4)) flatten();
    if (chance(0.8)) pad();
    for (int at = static_cast<int>(below(3)); at > 0; --at) {
      if (chance(0.4))
        copy(primitive::pack);
      else if (chance(0.5))
        annotate(primitive::inline_stage, std::string(any_stage().name), "");
    }
    std::vector<std::string> names;
    for (const program_stage& each : now_.stages)
      if (!each.inlined) names.push_back(each.name);
    for (const std::string& each : names)
      if (chance(0.9)) gpu_tile(each);
    for (int at = static_cast<int>(below(6)); at > 0 && out_.broken.empty(); --at) propose();
    return legal(base);
  }

 private:
  /// The steps accepted, without those at the end that are illegal together.
  random_schedule legal(const program& base) {
    while (!out_.steps.steps.empty() && !apply(base, out_.steps, out_.options))
      out_.steps.steps.pop_back();
    return std::move(out_);
  }

  std::uint32_t below(std::size_t bound) {
    return engine_.below(static_cast<std::uint32_t>(bound));
  }
  bool chance(double probability) { return engine_.chance(probability); }
  std::string fresh(const std::string& stem) { return stem + std::to_string(++names_); }

  const program_stage& any_stage() {
    std::size_t at = below(now_.stages.size());
    while (now_.stages[at].inlined) at = (at + 1) % now_.stages.size();
    return now_.stages[at];
  }
  const stage_loop& any_loop(const program_stage& stage) {
    return stage.loops[below(stage.loops.size())];
  }
  bool reads(const program_stage& stage, int tensor) const {
    const lathe::sequence<int> readers = now_.readers(tensor);
    return std::ranges::find(readers, static_cast<int>(&stage - now_.stages.data())) !=
           readers.end();
  }
  const program_tensor& any_tensor() { return now_.tensors[below(now_.tensors.size())]; }

  /// Applies a step to a copy, so that a refused one leaves no trace.
  bool accept(step what) {
    program next = now_;
    const std::string reason = apply_step(next, what, out_.options);
    if (!reason.empty()) {
      ++out_.refused;
      return false;
    }
    if (chance(0.9) && !check_schedule(next).empty()) {
      ++out_.refused;
      return false;
    }
    now_ = std::move(next);
    out_.steps.steps.push_back(std::move(what));
    return true;
  }

  bool annotate(primitive what, const std::string& stage, const std::string& loop) {
    step made;
    made.what = what;
    made.stage = stage;
    made.loop = loop;
    return accept(made);
  }

  // ---------------------------------------------------------------- conditions as loop bounds

  /// What must come before the loops of a stage are changed: phases of some axes, bounds of reduce
  /// axes that depend on some others, elements of intermediates. Consumers first.
  void narrow() {
    for (std::size_t at = now_.stages.size(); at-- > 0;) {
      const std::string name = now_.stages[at].name;
      const auto axes = [&]() -> const lathe::sequence<program_axis>& {
        return now_.stages[at].axes;
      };
      step made;
      made.stage = name;
      if (chance(0.4) && !axes().empty()) {
        made.what = primitive::phase;
        made.loop = axes()[below(axes().size())].name;
        made.parts = {{fresh("p"), 1 + static_cast<std::int64_t>(below(4))}, {fresh("q"), 0}};
        accept(made);
      }
      made.what = primitive::narrow;
      made.parts.clear();
      for (std::size_t axis = 0; axis < axes().size(); ++axis) {
        made.loop = axes()[axis].name;
        made.loops.clear();
        if (axes()[axis].reduce)
          for (const program_axis& other : axes())
            if (!other.reduce && chance(0.85)) made.loops.push_back(other.name);
        if (chance(0.8)) accept(made);
      }
    }
  }

  // ---------------------------------------------------------------- neighbouring axes as one

  /// What must come before the loops of a stage are changed, too. Producers first.
  void flatten() {
    for (std::size_t at = 0; at < now_.stages.size(); ++at) {
      step made;
      made.what = primitive::flatten;
      made.stage = now_.stages[at].name;
      for (std::size_t first = 0; first + 1 < now_.stages[at].axes.size();) {
        const auto& axes = now_.stages[at].axes;
        const std::size_t count = std::min<std::size_t>(chance(0.2) ? 3 : 2, axes.size() - first);
        made.loops.clear();
        for (std::size_t axis = first; axis < first + count; ++axis)
          made.loops.push_back(axes[axis].name);
        made.result = chance(0.3) ? made.loops[below(count)] : fresh("v");
        if (!chance(0.8) || !accept(made)) ++first;
      }
    }
  }

  // ---------------------------------------------------------------- whole tiles

  /// What must come before the loops of a stage are changed, too.
  void pad() {
    constexpr std::array<std::int64_t, 7> multiples{2, 3, 4, 8, 12, 16, 5};
    for (std::size_t at = 0; at < now_.stages.size(); ++at) {
      step made;
      made.what = primitive::pad;
      made.stage = now_.stages[at].name;
      for (std::size_t axis = 0; axis < now_.stages[at].axes.size(); ++axis) {
        made.loop = now_.stages[at].axes[axis].name;
        made.distance = multiples[below(multiples.size())];
        if (chance(0.6)) accept(made);
      }
    }
  }

  // ---------------------------------------------------------------- single proposals

  void propose() {
    const program_stage& stage = any_stage();
    if (stage.loops.empty()) return;
    switch (below(32)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4: split(stage.name, any_loop(stage).name, below(4) == 0 ? 3 : 2); break;
      case 5:
      case 6: fuse(stage); break;
      case 7:
      case 8: reorder(stage); break;
      case 9:
        annotate(chance(0.8) ? primitive::unroll : primitive::dot, stage.name,
                 any_loop(stage).name);
        break;
      case 10:
      case 11: annotate(primitive::vectorize, stage.name, any_loop(stage).name); break;
      case 12: annotate(primitive::vectorize, stage.name, stage.loops.back().name); break;
      case 13: annotate(primitive::parallel, stage.name, stage.loops.front().name); break;
      case 14: {
        step made;
        made.what = primitive::inline_stage;
        made.stage = stage.name;
        accept(made);
        break;
      }
      case 15:
      case 16:
      case 17: compute_at(stage); break;
      case 18: cache_write(stage); break;
      case 19:
      case 20:
      case 21: copy(primitive::cache_read); break;
      case 22: copy(primitive::pack); break;
      case 23: annotate(primitive::rfactor, stage.name, any_loop(stage).name); break;
      case 24: prefetch(); break;
      case 25: factor(); break;
      case 26: bind(stage.name, any_loop(stage).name); break;
      case 27: buffers(stage.name); break;
      case 28:
      case 29: tensor(stage); break;
      case 30: annotate(primitive::factor, stage.name, any_loop(stage).name); break;
      default: nonsense(stage); break;
    }
  }

  void bind(const std::string& stage, const std::string& loop, const char* to = nullptr) {
    constexpr std::array<const char*, 3> kinds{"block", "thread", "vthread"};
    step made;
    made.what = primitive::bind;
    made.stage = stage;
    made.loop = loop;
    made.result = to != nullptr ? to : kinds[below(kinds.size())];
    accept(made);
  }

  /// A loop of 8 or 16 terms, split off where there is none.
  void tensor(const program_stage& stage) {
    const std::string name = stage.name;
    const std::int64_t terms = chance(0.5) ? 8 : 16;
    lathe::sequence<std::string> possible;
    for (const stage_loop& loop : stage.loops) {
      const loop_dim& dim = stage.dims[static_cast<std::size_t>(loop.dim)];
      if (dim.reduce && lathe::trip_counts(dim, loop.part).front() % terms == 0)
        possible.push_back(loop.name);
    }
    if (possible.empty()) return;
    const std::string loop = possible[below(possible.size())], inner = fresh("t");
    step made;
    made.what = primitive::split;
    made.stage = name;
    made.loop = loop;
    made.parts = {{fresh("t"), 0}, {inner, terms}};
    annotate(primitive::tensor, name, accept(made) ? inner : loop);
  }

  void buffers(const std::string& stage) {
    step made;
    made.what = primitive::buffers;
    made.stage = stage;
    made.distance = 2 + below(3);
    accept(made);
  }

  void split(const std::string& stage, const std::string& loop, int parts) {
    constexpr std::array<std::int64_t, 8> factors{1, 2, 3, 4, 5, 8, 16, 7};
    step made;
    made.what = primitive::split;
    made.stage = stage;
    made.loop = loop;
    for (int part = 0; part < parts; ++part)
      made.parts.push_back({part == 0 && chance(0.2) ? loop : fresh(loop.substr(0, 1)),
                            part == 0 ? 0 : factors[below(factors.size())]});
    accept(made);
  }

  void fuse(const program_stage& stage) {
    step made;
    made.what = primitive::fuse;
    made.stage = stage.name;
    const std::size_t count = 2 + below(2);
    if (stage.loops.size() < count) return;
    const std::size_t first = below(stage.loops.size() - count + 1);
    for (std::size_t at = first; at < first + count; ++at)
      made.loops.push_back(stage.loops[at].name);
    made.result = chance(0.2) ? made.loops[0] : fresh("f");
    accept(made);
  }

  /// A random order that keeps the parts of a split in order, as far as they are easy to see.
  void reorder(const program_stage& stage) {
    lathe::sequence<stage_loop> order = stage.loops;
    for (std::size_t at = order.size(); at > 1; --at) std::swap(order[at - 1], order[below(at)]);
    for (std::size_t at = 0; at < order.size(); ++at)
      for (std::size_t later = at + 1; later < order.size(); ++later)
        if (order[at].dim == order[later].dim && order[at].part > order[later].part)
          std::swap(order[at], order[later]);
    step made;
    made.what = primitive::reorder;
    made.stage = stage.name;
    for (const stage_loop& each : order) made.loops.push_back(each.name);
    accept(made);
  }

  void compute_at(const program_stage& consumer) {
    step made;
    made.what = primitive::compute_at;
    made.at_stage = consumer.name;
    made.at_loop = any_loop(consumer).name;
    lathe::sequence<std::string> producers;
    for (const program_stage& each : now_.stages)
      if (!each.inlined && reads(consumer, each.tensor)) producers.push_back(each.name);
    made.stage = producers.empty() ? any_stage().name : producers[below(producers.size())];
    if (accept(made)) line_buffer(made.stage);
  }

  /// Rows are kept wherever that is possible.
  void line_buffer(const std::string& stage) {
    step made;
    made.what = primitive::line_buffer;
    made.stage = stage;
    program next = now_;
    if (apply_step(next, made, out_.options).empty() && check_schedule(next).empty() &&
        build(std::move(next)))
      accept(made);
  }

  void cache_write(const program_stage& stage) {
    step made;
    made.what = primitive::cache_write;
    made.stage = stage.name;
    if (chance(0.5)) {
      made.at_stage = stage.name;
      made.at_loop = any_loop(stage).name;
    }
    if (chance(0.3)) made.result = "buffer";
    accept(made);
  }

  void copy(primitive what) {
    step made;
    made.what = what;
    const program_stage& reader = any_stage();
    if (reader.loops.empty()) return;  // a stage of one element
    lathe::sequence<std::string> read;
    for (std::size_t at = 0; at < now_.tensors.size(); ++at)
      if (reads(reader, static_cast<int>(at))) read.push_back(now_.tensors[at].name);
    made.stage = read.empty() ? any_tensor().name : read[below(read.size())];
    made.result = fresh("X");
    if (what == primitive::cache_read && chance(0.85)) {
      made.at_stage = reader.name;
      made.at_loop = any_loop(reader).name;
    }
    if (chance(0.7))
      layout(now_.tensors[static_cast<std::size_t>(now_.find_tensor(made.stage))], made);
    if (!accept(made)) return;
    if (!made.at_stage.empty()) line_buffer(made.result);
    if (chance(0.6)) transpose(made.result);
    const auto loops = [&]() -> const lathe::sequence<stage_loop>& {
      return now_.stages[static_cast<std::size_t>(now_.find_stage(made.result))].loops;
    };
    if (!made.at_stage.empty() && chance(0.2) && !loops().empty()) {  // as the threads of a GPU do
      bind(made.result, loops().front().name, "thread");
      buffers(made.result);
    }
  }

  /// What packs across their source look like: neighbouring loops fused, one loop split and
  /// unrolled around another one that is vectorized.
  void transpose(const std::string& name) {
    const auto stage = [&]() -> const program_stage& {
      return now_.stages[static_cast<std::size_t>(now_.find_stage(name))];
    };
    if (chance(0.4)) fuse(stage());
    if (stage().loops.size() < 2) return;
    const std::size_t across = below(stage().loops.size());
    const std::size_t along = (across + 1 + below(stage().loops.size() - 1)) % stage().loops.size();
    const std::string names[] = {stage().loops[along].name, stage().loops[across].name};
    for (const std::string& loop : names)
      if (chance(0.7)) split(name, loop, 2);
    step order;
    order.what = primitive::reorder;
    order.stage = name;
    lathe::sequence<std::string> inner;
    for (const std::string& loop : names) {  // the inner part of a split, or the loop itself
      const int at = stage().find_loop(loop);
      const int dim = at >= 0 ? stage().loops[static_cast<std::size_t>(at)].dim : -1;
      for (const stage_loop& each : stage().loops) {
        const auto parts = stage().dims[static_cast<std::size_t>(each.dim)].blocks.size();
        const bool last = static_cast<std::size_t>(each.part) + 1 == parts;
        if (last && (dim >= 0 ? each.dim == dim : each.name[0] == loop[0]) &&
            std::ranges::find(inner, each.name) == inner.end()) {
          inner.push_back(each.name);
          break;
        }
      }
    }
    for (const stage_loop& each : stage().loops)
      if (std::ranges::find(inner, each.name) == inner.end()) order.loops.push_back(each.name);
    order.loops.insert(order.loops.end(), inner.begin(), inner.end());
    if (inner.size() < 2 || !accept(order)) return;
    annotate(primitive::unroll, name, inner[0]);
    annotate(primitive::vectorize, name, inner[1]);
  }

  void layout(const program_tensor& of, step& made) {
    constexpr std::array<std::int64_t, 5> factors{2, 3, 4, 8, 16};
    for (std::size_t dim = 0; dim < of.shape.size(); ++dim) {
      const std::string name = "d" + std::to_string(dim);
      std::int64_t block = 1;
      for (int levels = static_cast<int>(below(3)); levels > 0; --levels) {
        const std::int64_t factor = factors[below(factors.size())];
        made.layout.push_back({name, block, factor});
        block *= factor;
      }
      made.layout.push_back({name, block, 0, block == 1 && chance(0.25)});
    }
    for (std::size_t at = made.layout.size(); at > 1; --at)
      std::swap(made.layout[at - 1], made.layout[below(at)]);
    if (chance(0.2) && !made.layout.empty())
      made.layout[below(made.layout.size())].gap = 1 + below(4);
  }

  /// Few sums can be factored: looks for them.
  void factor() {
    std::vector<std::pair<std::string, std::string>> possible;
    for (const program_stage& stage : now_.stages)
      for (std::size_t axis = 0; axis < stage.axes.size() && !stage.inlined; ++axis)
        if (stage.axes[axis].reduce &&
            lathe::detail::factoring_at(now_, stage, static_cast<int>(axis)).refused.empty())
          possible.emplace_back(stage.name, stage.axes[axis].name);
    if (possible.empty()) return;
    const auto& [stage, loop] = possible[below(possible.size())];
    annotate(primitive::factor, stage, loop);
  }

  void prefetch() {
    const program_stage& reader = any_stage();
    if (reader.loops.empty()) return;
    step made;
    made.what = primitive::prefetch;
    made.stage = any_tensor().name;
    made.at_stage = reader.name;
    made.at_loop = any_loop(reader).name;
    made.distance = 1 + below(4);
    accept(made);
  }

  /// Steps that must be refused: names that do not exist, factors below 1, a layout with holes.
  void nonsense(const program_stage& stage) {
    step made;
    made.stage = stage.name;
    made.loop = any_loop(stage).name;
    switch (below(6)) {
      case 0: made.stage = "nowhere"; break;
      case 1: made.loop = "nothing"; break;
      case 2: made.parts = {{"x", 0}, {"y", -static_cast<std::int64_t>(below(2))}}; break;
      case 3: made.parts = {{"x", 0}, {"x", 2}}; break;
      case 4: made.parts = {{"x", 0}}; break;
      default:
        made.what = primitive::pack;
        made.stage = any_tensor().name;
        made.result = fresh("X");
        made.layout = {{"d0", 2, 0}};
        break;
    }
    program next = now_;
    if (apply_step(next, made, out_.options).empty())
      out_.broken = "accepted a step that makes no sense: " + lathe::to_text(made);
  }

  // ---------------------------------------------------------------- a register tile

  /// What every tuned reduction looks like: split, order outer | reduce | inner, unroll, vectorize,
  /// accumulate in registers.
  void tile(const program_stage& chosen) {
    const std::string name = chosen.name;
    const auto stage = [&]() -> const program_stage& {
      return now_.stages[static_cast<std::size_t>(now_.find_stage(name))];
    };
    lathe::sequence<std::string> before;
    for (const stage_loop& each : stage().loops) before.push_back(each.name);
    for (const std::string& loop : before) split(name, loop, 2);
    lathe::sequence<std::string> outer, middle, inner;
    for (const stage_loop& loop : stage().loops) {
      const loop_dim& dim = stage().dims[static_cast<std::size_t>(loop.dim)];
      const bool last = static_cast<std::size_t>(loop.part) + 1 == dim.blocks.size();
      (dim.reduce ? middle : last && dim.blocks.size() > 1 ? inner : outer).push_back(loop.name);
    }
    if (chance(0.4) && inner.size() > 1)  // vectors across the memory of the result
      std::swap(inner.back(), inner[below(inner.size() - 1)]);
    std::string terms;  // of a dot product, inside the vectors
    for (const stage_loop& loop : stage().loops) {
      const loop_dim& dim = stage().dims[static_cast<std::size_t>(loop.dim)];
      const std::int64_t count = lathe::trip_counts(dim, loop.part).front();
      if (dim.reduce && (count == 2 || count == 4) && chance(0.5)) terms = loop.name;
    }
    if (!terms.empty()) {
      erase_if(middle, [&](const std::string& loop) { return loop == terms; });
      inner.push_back(terms);
    }
    if (chance(0.3) && !outer.empty() && !middle.empty()) {  // a reduce loop among the outer ones
      outer.insert(outer.begin() + below(outer.size() + 1), middle.front());
      middle.erase(middle.begin());
    }
    step order;
    order.what = primitive::reorder;
    order.stage = name;
    for (const auto* part : {&outer, &middle, &inner})
      order.loops.insert(order.loops.end(), part->begin(), part->end());
    if (!accept(order)) return;
    if (!terms.empty()) {
      annotate(primitive::dot, name, terms);
      inner.pop_back();
    }
    for (std::size_t at = 0; at < inner.size(); ++at)
      annotate(at + 1 == inner.size() ? primitive::vectorize : primitive::unroll, name, inner[at]);
    if (chance(0.3) && !middle.empty()) annotate(primitive::unroll, name, middle.back());
    step write;
    write.what = primitive::cache_write;
    write.stage = name;
    if (chance(0.6)) {
      write.at_stage = name;
      for (const stage_loop& loop : stage().loops)
        if (stage().dims[static_cast<std::size_t>(loop.dim)].reduce &&
            (write.at_loop.empty() || chance(0.3)))
          write.at_loop = loop.name;
      if (write.at_loop.empty()) write.at_stage.clear();
    }
    accept(write);
  }

  // ---------------------------------------------------------------- a tile of a GPU

  /// Blocks, threads and virtual threads of spatial axes, tiles of the sum, copies of what is read.
  void gpu_tile(const std::string& name) {
    const auto stage = [&]() -> const program_stage& {
      return now_.stages[static_cast<std::size_t>(now_.find_stage(name))];
    };
    lathe::sequence<std::string> before;
    for (const stage_loop& each : stage().loops) before.push_back(each.name);
    for (const std::string& loop : before) {
      const stage_loop& at = stage().loops[static_cast<std::size_t>(stage().find_loop(loop))];
      const bool reduce = stage().dims[static_cast<std::size_t>(at.dim)].reduce;
      if (chance(0.85)) even_split(name, loop, reduce ? 2 : 2 + static_cast<int>(below(3)));
    }
    lathe::sequence<std::string> blocks, threads, outer, inner;
    for (const stage_loop& loop : stage().loops) {
      const loop_dim& dim = stage().dims[static_cast<std::size_t>(loop.dim)];
      const bool last = static_cast<std::size_t>(loop.part) + 1 == dim.blocks.size();
      auto& where = dim.reduce                       ? (last ? inner : outer)
                    : loop.part == 0                 ? blocks
                    : loop.part == 1 && !chance(0.2) ? threads
                                                     : inner;
      where.insert(where.begin() + (chance(0.3) ? below(where.size() + 1)
                                                : static_cast<std::uint32_t>(where.size())),
                   loop.name);
    }
    step order;
    order.what = primitive::reorder;
    order.stage = name;
    for (const auto* part : {&blocks, &threads, &outer, &inner})
      order.loops.insert(order.loops.end(), part->begin(), part->end());
    if (!accept(order)) return;
    for (const std::string& each : blocks)
      if (chance(0.9)) bind(name, each, "block");
    for (const std::string& each : threads)
      if (chance(0.9)) bind(name, each, "thread");
    for (const std::string& each : inner)
      if (chance(0.25)) bind(name, each, "vthread");
    if (chance(0.7)) {
      step write;
      write.what = primitive::cache_write;
      write.stage = name;
      accept(write);
    }
    lathe::sequence<std::string> read;
    for (std::size_t at = 0; at < now_.tensors.size(); ++at)
      if (reads(stage(), static_cast<int>(at))) read.push_back(now_.tensors[at].name);
    for (const std::string& each : read)
      if (chance(0.75)) gpu_copy(name, each, outer.empty() || chance(0.1) ? threads : outer);
    for (const std::string& each : inner)
      if (chance(0.4)) annotate(primitive::unroll, name, each);
    if (!inner.empty() && chance(0.6)) annotate(primitive::vectorize, name, inner.back());
  }

  /// A split whose parts divide the loop, if there are such.
  void even_split(const std::string& stage, const std::string& loop, int parts) {
    const program_stage& of = now_.stages[static_cast<std::size_t>(now_.find_stage(stage))];
    const loop_dim& dim = of.dims[static_cast<std::size_t>(
        of.loops[static_cast<std::size_t>(of.find_loop(loop))].dim)];
    std::int64_t left = dim.extent;
    step made;
    made.what = primitive::split;
    made.stage = stage;
    made.loop = loop;
    made.parts.push_back({fresh(loop.substr(0, 1)), 0});
    for (int part = 1; part < parts; ++part) {
      lathe::sequence<std::int64_t> possible;
      for (std::int64_t factor = 1; factor <= 16; ++factor)
        if (left % factor == 0 || (factor == 3 && chance(0.1))) possible.push_back(factor);
      const std::int64_t factor = possible[below(possible.size())];
      if (left % factor == 0) left /= factor;
      made.parts.push_back({fresh(loop.substr(0, 1)), factor});
    }
    accept(made);
  }

  /// A copy of what the body of one of the loops reads, made by the threads of the block.
  void gpu_copy(const std::string& reader, const std::string& tensor,
                const lathe::sequence<std::string>& loops) {
    step made;
    made.what = primitive::cache_read;
    made.stage = tensor;
    made.result = fresh("X");
    if (!loops.empty()) {
      made.at_stage = reader;
      made.at_loop = loops[below(loops.size())];
    }
    if (chance(0.4)) layout(now_.tensors[static_cast<std::size_t>(now_.find_tensor(tensor))], made);
    if (!accept(made)) return;
    const auto stage = [&]() -> const program_stage& {
      return now_.stages[static_cast<std::size_t>(now_.find_stage(made.result))];
    };
    if (stage().loops.size() > 1 && chance(0.7)) {
      step fused;
      fused.what = primitive::fuse;
      fused.stage = made.result;
      for (const stage_loop& each : stage().loops) fused.loops.push_back(each.name);
      fused.result = fresh("f");
      accept(fused);
    }
    if (stage().loops.empty()) return;
    constexpr std::array<std::int64_t, 8> threads{1, 2, 4, 8, 16, 32, 3, 64};
    const std::string loop = stage().loops.back().name;
    step split;
    split.what = primitive::split;
    split.stage = made.result;
    split.loop = loop;
    split.parts = {{fresh("f"), 0}, {fresh("t"), threads[below(threads.size())]}};
    if (chance(0.5)) split.parts.push_back({fresh("v"), chance(0.5) ? 4 : 2});
    if (!accept(split)) return bind(made.result, loop, "thread");
    bind(made.result, split.parts[1].name, "thread");
    if (split.parts.size() > 2) annotate(primitive::vectorize, made.result, split.parts[2].name);
    if (chance(0.5)) buffers(made.result);
  }

  program now_;
  random_engine& engine_;
  random_schedule out_;
  int names_ = 0;
};

}  // namespace

random_schedule make_schedule(const program& base, random_engine& engine) {
  return schedule_generator(base, engine).make(base);
}

random_schedule make_gpu_schedule(const program& base, random_engine& engine) {
  return schedule_generator(base, engine).make_for_gpu(base);
}

}  // namespace lathe::property
