/// @file
/// Bodies of llvm_tile.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/target/cpu/llvm_tile.hpp>

#include <bit>

namespace lathe::native::detail {

// ------------------------------------------------------------------------------ loops

LATHE_INLINE void llvm_tile_writer::open_unrolled(const ir::statement& loop, std::int64_t extent) {
  if (straight_.empty()) {
    if (!is_straight(loop.children)) return;
    stored_.clear();
    collect_stored(loop.children);
  }
  straight_.push_back({loop.variable, extent});
}

LATHE_INLINE void llvm_tile_writer::close_unrolled(const ir::statement& loop) {
  if (straight_.empty() || straight_.back().variable != loop.variable) return;
  straight_.pop_back();
  if (!straight_.empty()) return;
  flush_all();
  columns_.clear();
}

/// True if no loop and no branch is left of the statements when they are written, and all
/// iterations of the loops run, whatever the other loops.
LATHE_INLINE bool llvm_tile_writer::is_straight(const sequence<ir::stmt>& list) const {
  return all_of(list, [&](ir::stmt handle) {
    const ir::statement& at = nest_[handle];
    if (at.what == ir::stmt_kind::branch) return false;
    if (at.what == ir::stmt_kind::loop) {
      const auto count = known(at.extent);
      const bool written_out = ir::is_written_out(at.how) || at.how == ir::loop_kind::vectorized;
      if (!count || (!written_out && *count != 1)) return false;
    }
    return is_straight(at.children);
  });
}

LATHE_INLINE void llvm_tile_writer::collect_stored(const sequence<ir::stmt>& list) {
  for (const ir::stmt each : list) {
    const ir::statement& at = nest_[each];
    if (at.what == ir::stmt_kind::store) stored_.insert(at.buffer);
    collect_stored(at.children);
  }
}

/// The open unrolled loop that moves an index by one element, forwards or backwards, if there is
/// one.
LATHE_INLINE std::optional<llvm_tile_writer::open_loop> llvm_tile_writer::loop_along(
    ir::expr flat) const {
  for (const open_loop& each : straight_) {
    const auto step = step_along(flat, each.variable);
    if (step == 1 || step == -1) return each;
  }
  return std::nullopt;
}

/// The tile of an access: one cache line of columns, if they fit in half of the registers.
LATHE_INLINE llvm_tile_writer::neighbours llvm_tile_writer::neighbours_of(
    std::int32_t index, ir::expr flat, const address& where) const {
  const auto loop = loop_along(flat);
  if (!loop) return {};
  const std::int64_t bytes = size_of(buffer(index).type);
  const std::int64_t room =
      static_cast<std::int64_t>(target_.vector_registers) * target_.vector_bytes / 2;
  const auto most = larger<std::int64_t>(
      2, smaller<std::int64_t>(64 / bytes,
                               static_cast<std::int64_t>(std::bit_floor(
                                   static_cast<std::uint64_t>(room / (bytes * vector_.lanes))))));
  std::int64_t value = *known(loop->variable);
  if (step_along(flat, loop->variable) < 0) value = loop->extent - 1 - value;
  const std::int64_t before = value % most;
  const std::int64_t count = smaller(most, loop->extent - (value - before));
  if (math::abs(where.stride) < count) return {};  // the rows overlap
  return {before, count};
}

/// Columns that are transposed together, of those that are left: a power of two, at most 128 bits.
LATHE_INLINE std::int64_t llvm_tile_writer::block_of(std::int64_t columns, int lanes,
                                                     int element_bytes) const {
  const std::int64_t most = smaller<std::int64_t>(16 / element_bytes, lanes);
  return smaller(most,
                 static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(columns))));
}

// ------------------------------------------------------------------------------ loads

LATHE_INLINE std::optional<llvm_value> llvm_tile_writer::load_column(std::int32_t index,
                                                                     ir::expr flat,
                                                                     const address& where) {
  if (straight_.empty() || conditional_ != 0 || stored_.contains(index) ||
      buffer(index).type == dtype::boolean)
    return std::nullopt;
  const std::string stem = where.base + ":" + std::to_string(where.stride) + ":" +
                           std::to_string(vector_.lanes) + "/" + std::to_string(vector_.active) +
                           ":";
  const std::string key = stem + std::to_string(where.fixed);
  if (!columns_.contains(key)) {
    const neighbours beside = neighbours_of(index, flat, where);
    if (beside.count < 2) return std::nullopt;
    address first = where;
    first.fixed -= beside.before;
    load_tile(index, first, beside.count, stem);
  }
  const llvm_value& made = columns_.find(key)->second;
  if (made.text.empty()) return std::nullopt;
  return made;
}

LATHE_INLINE std::optional<llvm_value> llvm_tile_writer::load_strided(std::int32_t index,
                                                                      const address& where) {
  const ir::buffer& of = buffer(index);
  const std::int64_t lanes = vector_.lanes, used = vector_.active, step = math::abs(where.stride);
  const std::int64_t span = (used - 1) * step + 1, first = where.stride < 0 ? 1 - span : 0;
  if (step < 1 || step > 4 || lanes < 4 || span < lanes || of.output || of.type == dtype::boolean)
    return std::nullopt;
  const std::int64_t count = (span + lanes - 1) / lanes;
  const std::string note = of.where == ir::scope::param ? ", !invariant.load !0" : "";
  struct part {
    std::int64_t begin;
    llvm_value elements;
  };
  sequence<part> parts;  // the last one ends with the last element
  for (std::int64_t at = 0; at < count; ++at) {
    part made{smaller(at * lanes, span - lanes), {"", of.type, vector_.lanes}};
    made.elements.text = define("load " + type_of(made.elements) + ", ptr " +
                                pointer(index, where, first + made.begin) + ", align " +
                                std::to_string(size_of(of.type)) + note);
    parts.push_back(std::move(made));
  }
  // Pairs of parts give their lanes, pairs of those all.
  const auto place = [&](std::int64_t lane) {  // lanes not in use repeat the last one
    const std::int64_t at = smaller(lane, used - 1);
    return (where.stride < 0 ? used - 1 - at : at) * step;
  };
  const auto part_of = [&](std::int64_t lane) { return smaller(place(lane) / lanes, count - 1); };
  sequence<llvm_value> halves;
  for (std::int64_t pair = 0; pair < count; pair += 2) {
    sequence<std::int64_t> picked;
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      const std::int64_t from = part_of(lane);
      const bool here = from / 2 == pair / 2;
      const std::int64_t within =
          here ? place(lane) - parts[static_cast<std::size_t>(from)].begin : 0;
      picked.push_back(here ? within + (from - pair) * lanes : 0);
    }
    const auto at = static_cast<std::size_t>(pair);
    halves.push_back(shuffle(parts[at].elements,
                             pair + 1 < count ? parts[at + 1].elements.text : "poison", picked));
  }
  if (halves.size() == 1) return halves[0];
  sequence<std::int64_t> chosen;
  for (std::int64_t lane = 0; lane < lanes; ++lane)
    chosen.push_back(part_of(lane) < 2 ? lane : lane + lanes);
  return shuffle(halves[0], halves[1].text, chosen);
}

/// Loads columns `first`, `first` + 1, ... and keeps them under `key` and their offsets.
LATHE_INLINE void llvm_tile_writer::load_tile(std::int32_t index, const address& first,
                                              std::int64_t columns, const std::string& key) {
  const ir::buffer& of = buffer(index);
  const int bytes = size_of(of.type), lanes = vector_.lanes;
  const std::string note = of.where == ir::scope::param && !of.output ? ", !invariant.load !0" : "";
  struct block {
    std::int64_t first, width;
    sequence<llvm_value> vectors;
  };
  sequence<block> blocks;
  for (std::int64_t at = 0; at < columns;) {
    const std::int64_t width = block_of(columns - at, lanes, bytes);
    if (width > 1)
      blocks.push_back({at, width, {}});
    else
      columns_[key + std::to_string(first.fixed + at)] = {};  // the odd one: element by element
    at += width;
  }
  // Vector r of a block: rows r, r + width, ... one piece each. All of a row before the next row,
  // because rows at a power of two from each other push each other out of the cache.
  for (std::int64_t row = 0; row < 16 / bytes; ++row) {
    for (block& each : blocks) {
      if (row >= each.width) continue;
      const int width = static_cast<int>(each.width);
      sequence<llvm_value> pieces;
      for (std::int64_t lane = row; lane < lanes; lane += each.width) {
        llvm_value piece{"zeroinitializer", of.type, width};
        if (lane < vector_.active)
          piece.text = define("load " + type_of(piece) + ", ptr " +
                              pointer(index, first, lane * first.stride + each.first) + ", align " +
                              std::to_string(bytes) + note);
        pieces.push_back(std::move(piece));
      }
      while (pieces.size() > 1) {
        for (std::size_t at = 0; at < pieces.size() / 2; ++at) {
          sequence<std::int64_t> both;
          for (std::int64_t lane = 0; lane < 2 * pieces[2 * at].lanes; ++lane) both.push_back(lane);
          pieces[at] = shuffle(pieces[2 * at], pieces[2 * at + 1].text, both);
        }
        pieces.resize(pieces.size() / 2);
      }
      each.vectors.push_back(std::move(pieces[0]));
    }
  }
  for (block& each : blocks) {
    transpose(each.vectors);
    for (std::size_t at = 0; at < each.vectors.size(); ++at)
      columns_[key + std::to_string(first.fixed + each.first + static_cast<std::int64_t>(at))] =
          each.vectors[at];
  }
}

// ------------------------------------------------------------------------------ stores

LATHE_INLINE bool llvm_tile_writer::store_column(const ir::statement& at, const address& where,
                                                 const llvm_value& stored) {
  if (straight_.empty() || neighbours_of(at.buffer, at.index, where).count < 2) return false;
  const bool other = any_of(pending_, [&](const column& each) {
    return each.buffer == at.buffer &&
           (each.where.base != where.base || each.where.stride != where.stride ||
            each.value.lanes != stored.lanes || each.rows != vector_.active ||
            each.where.fixed == where.fixed);
  });
  if (other) flush(at.buffer);  // it may write the same elements: keep the order
  pending_.push_back({at.buffer, where, stored, vector_.active});
  return true;
}

LATHE_INLINE void llvm_tile_writer::flush_all() {
  while (!pending_.empty()) flush(pending_[0].buffer);
}

LATHE_INLINE void llvm_tile_writer::flush(std::int32_t index) {
  if (pending_.empty()) return;
  sequence<column> columns;
  for (const column& each : pending_)
    if (each.buffer == index) columns.push_back(each);
  if (columns.empty()) return;
  erase_if(pending_, [&](const column& each) { return each.buffer == index; });
  sort(columns, [](const column& left, const column& right) {
    return left.where.fixed < right.where.fixed;
  });
  for (std::size_t first = 0; first < columns.size();) {
    std::size_t last = first + 1;
    const std::int64_t stride = math::abs(columns[first].where.stride);
    while (last < columns.size() &&
           columns[last].where.fixed == columns[last - 1].where.fixed + 1 &&
           static_cast<std::int64_t>(last - first) < smaller<std::int64_t>(16, stride))
      ++last;
    store_tile(&columns[first], static_cast<std::int64_t>(last - first));
    first = last;
  }
}

/// Stores columns that lie next to each other.
LATHE_INLINE void llvm_tile_writer::store_tile(const column* columns, std::int64_t count) {
  const column& front = columns[0];
  const std::string align = ", align " + std::to_string(size_of(front.value.type));
  const int lanes = front.value.lanes;
  if ((count == 2 || count == 4) && front.where.stride == count && front.rows == lanes) {
    const llvm_value all = interleaved(columns, count);
    return line("store " + type_of(all) + " " + all.text + ", ptr " +
                pointer(front.buffer, front.where) + align);
  }
  struct block {
    std::int64_t first, width;
    sequence<llvm_value> vectors;
  };
  sequence<block> blocks;
  for (std::int64_t at = 0; at < count;) {
    const std::int64_t width = block_of(count - at, lanes, size_of(front.value.type));
    blocks.push_back({at, width, {}});
    for (std::int64_t next = 0; next < width; ++next)
      blocks.back().vectors.push_back(columns[at + next].value);
    transpose(blocks.back().vectors);
    at += width;
  }
  for (std::int64_t row = 0; row < front.rows; ++row) {
    for (const block& each : blocks) {
      const llvm_value& from = each.vectors[static_cast<std::size_t>(row % each.width)];
      llvm_value piece;
      if (each.width == 1) {
        piece = lane_of(from, static_cast<int>(row));
      } else {
        sequence<std::int64_t> part;
        for (std::int64_t lane = 0; lane < each.width; ++lane)
          part.push_back(row / each.width * each.width + lane);
        piece = shuffle(from, "poison", part);
      }
      line("store " + type_of(piece) + " " + piece.text + ", ptr " +
           pointer(front.buffer, front.where, row * front.where.stride + each.first) + align);
    }
  }
}

// ------------------------------------------------------------------------------ shuffles

/// The lanes of 2 or 4 columns in turn: rows that follow each other in memory.
LATHE_INLINE llvm_value llvm_tile_writer::interleaved(const column* columns, std::int64_t count) {
  sequence<llvm_value> parts;
  for (std::int64_t at = 0; at < count; ++at) parts.push_back(columns[at].value);
  for (std::size_t half = parts.size() / 2; half > 0; half /= 2) {
    sequence<std::int64_t> picked;
    for (std::int64_t lane = 0; lane < parts[0].lanes; ++lane) {
      picked.push_back(lane);
      picked.push_back(lane + parts[0].lanes);
    }
    for (std::size_t at = 0; at < half; ++at)
      parts[at] = shuffle(parts[at], parts[at + half].text, picked);
  }
  return parts[0];
}

/// Transposes `n` vectors in every part of `n` lanes, n a power of two: log2(n) times the halves of
/// the list are interleaved, low halves of the parts and high ones (the perfect shuffle of Stone,
/// "Parallel processing with the perfect shuffle", IEEE ToC 1971).
LATHE_INLINE void llvm_tile_writer::transpose(sequence<llvm_value>& block) {
  const auto count = static_cast<std::int64_t>(block.size());
  const std::int64_t lanes = block[0].lanes, half = count / 2;
  sequence<std::int64_t> low, high;
  for (std::int64_t part = 0; part < lanes; part += count)
    for (std::int64_t at = 0; at < half; ++at)
      for (const std::int64_t from : {part + at, lanes + part + at}) {
        low.push_back(from);
        high.push_back(from + half);
      }
  for (std::int64_t stage = 1; stage < count; stage *= 2) {
    sequence<llvm_value> next;
    for (std::int64_t at = 0; at < half; ++at) {
      const llvm_value& left = block[static_cast<std::size_t>(at)];
      const std::string& right = block[static_cast<std::size_t>(at + half)].text;
      next.push_back(shuffle(left, right, low));
      next.push_back(shuffle(left, right, high));
    }
    block = std::move(next);
  }
}

LATHE_INLINE llvm_value llvm_tile_writer::with_lanes(const llvm_value& value, int lanes) {
  if (value.lanes == lanes) return value;
  if (lanes == 1) return lane_of(value, 0);
  if (value.lanes == 1)
    return {define("insertelement " + type_text(value.type, lanes) + " zeroinitializer, " +
                   type_of(value) + " " + value.text + ", i32 0"),
            value.type, lanes};
  sequence<std::int64_t> picked;
  for (std::int64_t lane = 0; lane < lanes; ++lane)
    picked.push_back(smaller<std::int64_t>(lane, value.lanes));
  return shuffle(value, "zeroinitializer", picked);
}

/// The picked lanes of two vectors, those of the second counted on from the first's.
LATHE_INLINE llvm_value llvm_tile_writer::shuffle(const llvm_value& left, const std::string& right,
                                                  const sequence<std::int64_t>& picked) {
  std::string mask;
  for (const std::int64_t lane : picked)
    mask += (mask.empty() ? "i32 " : ", i32 ") + std::to_string(lane);
  const std::string type = type_of(left);
  const int lanes = static_cast<int>(picked.size());
  return {define("shufflevector " + type + " " + left.text + ", " + type + " " + right + ", <" +
                 std::to_string(lanes) + " x i32> <" + mask + ">"),
          left.type, lanes};
}

}  // namespace lathe::native::detail
