/// @file
/// Bodies of transposition.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/space/transposition.hpp>

namespace lathe::detail {

/// Blocks of vectors along the one memory and of unrolled iterations along the other: cache lines
/// and pages are used up while they are near.
inline constexpr std::int64_t transposed_vectors = 8, transposed_runs = 2;

LATHE_INLINE transposition transposition_of(const sequence<layout_item>& layout,
                                            const sequence<std::string>& names,
                                            const program_tensor& source,
                                            const sequence<char>& whole) {
  transposition out;
  for (const layout_item& item : layout) {
    const bool part = item.mod != 0 || item.div > 1;
    out.loops.push_back(item.axis + (!part ? "" : item.div > 1 ? "_0" : "_1"));
  }
  const auto dim_of = [&](std::size_t at) { return position(names, layout[at].axis); };
  const auto count_of = [&](std::size_t at) {
    const layout_item& item = layout[at];
    return item.mod != 0 ? item.mod : (source.shape[dim_of(at)] + item.div - 1) / item.div;
  };
  const std::size_t end = layout.size() - 1;
  out.count = count_of(end);
  std::size_t at = 0;
  while (at < end && (dim_of(at) + 1 != names.size() || layout[at].div != 1)) ++at;
  if (at == end) return out;
  out.first = out.last = at;
  out.run = count_of(at);
  if (layout[at].mod != 0) return out;
  const auto continues = [&](std::size_t before) {
    return layout[before].div == 1 && layout[before].mod == 0 &&
           layout[before].reversed == layout[before + 1].reversed &&
           dim_of(before) + 1 == dim_of(before + 1) && whole[dim_of(before + 1)] != 0;
  };
  while (out.first > 0 && continues(out.first - 1)) out.run *= count_of(--out.first);
  return out;
}

LATHE_INLINE transposition transposition_of(const program& of, const program_stage& stage) {
  transposition out;
  for (const program_axis& axis : stage.axes) out.loops.push_back(axis.name);
  const std::size_t last = stage.axes.size() - 1;
  out.count = stage.axes[last].extent;
  if (out.count == 1) return out;
  const sequence<load_use> uses = loads_of(of, stage);
  for (std::size_t axis = 0; axis < last; ++axis) {
    const std::int64_t extent = stage.axes[axis].extent;
    const bool runs = any_of(uses, [&](const load_use& use) {
      return use.irregular[axis] == 0 && use.stride[axis] == 1 && use.irregular[last] == 0 &&
             math::abs(use.stride[last]) >= smaller<std::int64_t>(extent, 16);  // rows lie apart
    });
    if (extent == 1 || !runs) continue;
    out.first = out.last = axis;
    out.run = extent;
  }
  const auto continues = [&](std::size_t before) {
    return all_of(uses, [&](const load_use& use) {
      return use.irregular[before] == 0 && use.irregular[before + 1] == 0 &&
             use.stride[before] == use.stride[before + 1] * stage.axes[before + 1].extent;
    });
  };
  while (out.run > 1 && out.first > 0 && continues(out.first - 1))
    out.run *= stage.axes[--out.first].extent;
  return out;
}

LATHE_INLINE sequence<std::string> transpose_steps(step_writer& write, const std::string& stage,
                                                   const transposition& what, int lanes,
                                                   int element_bytes) {
  sequence<std::string> outside, blocks;
  for (std::size_t at = 0; at + 1 < what.loops.size(); ++at)
    if (at < what.first || at > what.last) outside.push_back(what.loops[at]);
  const auto part = [&](const std::string& loop, char level) {
    std::string name = loop + level;
    while (contains(what.loops, name)) name += '_';
    return name;
  };
  std::string run = what.loops[what.first], across = what.loops.back();
  if (what.last > what.first) {
    const sequence<std::string> sources(what.loops.begin() + what.first,
                                        what.loops.begin() + what.last + 1);
    for (std::size_t at = 1; at < sources.size(); ++at) run += "_" + sources[at];
    while (contains(what.loops, run)) run += '_';
    write.merge(primitive::fuse, stage, sources, run);
  }
  // Vectors of the result are stored; if its rows are short and odd, vectors of the source loaded,
  // and if they are 2 or 4 long and follow each other: then all of them are one vector.
  const bool is_power = (what.count & (what.count - 1)) == 0;
  const bool adjacent = what.count <= 4 && what.last + 2 == what.loops.size();
  const bool load_vectors = what.count < lanes && (!is_power || adjacent);
  const std::int64_t length = load_vectors ? lanes : smaller(16, 64 / element_bytes);
  const bool blocked = what.count > transposed_vectors * lanes;
  if (what.count > lanes) {
    const std::string vectors = part(across, 'v'), lane = part(across, 'l');
    sequence<split_part> parts{{vectors, 0}, {lane, lanes}};
    if (blocked) {
      outside.push_back(part(across, 'b'));
      parts = {{outside.back(), 0}, {vectors, transposed_vectors}, {lane, lanes}};
    }
    write.split(stage, across, parts);
    // Rows of few vectors: as many long runs of the source at a time as the tile has, no more.
    (blocked ? blocks : outside).push_back(vectors);
    across = lane;
  }
  if (what.run > length) {
    const std::string pieces = part(run, 'v'), piece = part(run, 'u');
    sequence<split_part> parts{{pieces, 0}, {piece, length}};
    outside.push_back(pieces);
    if (blocked && what.run > transposed_runs * length) {
      blocks.insert(blocks.begin(), part(run, 'w'));
      parts = {{pieces, 0}, {blocks[0], transposed_runs}, {piece, length}};
    }
    write.split(stage, run, parts);
    run = piece;
  }
  const std::string& unrolled = load_vectors ? across : run;
  const std::string& vector = load_vectors ? run : across;
  sequence<std::string> order = outside;
  order.insert(order.end(), blocks.begin(), blocks.end());
  order.push_back(unrolled);
  order.push_back(vector);
  write.reorder(stage, order);
  write.annotate(primitive::unroll, stage, unrolled);
  write.annotate(primitive::vectorize, stage, vector);
  return outside;
}

}  // namespace lathe::detail
