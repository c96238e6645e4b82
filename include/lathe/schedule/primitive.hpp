/// @file
/// Schedule primitives as plain data. A trace (trace.hpp) is an ordered list of steps, each one
/// primitive with its parameters; the text form of trace.hpp is the only representation stored.
///
/// Loops are named `stage.axis`: the stage is the tensor it computes, the axis a loop of it, at
/// first the axes of the statement, later the names that split and fuse give.
#pragma once

#include <lathe/core/sequence.hpp>

#include <cstdint>
#include <string>

namespace lathe {

/// What a step does. The text form of each stands beside it.
enum class primitive : unsigned char {
  split,      ///< split(C.i -> i0:_, i1:12, i2:10)   outermost first, `_` = what is left; tails are
              ///< legal
  fuse,       ///< fuse(C.i0, C.j0 -> ij)             adjacent loops, outer first, become one
  reorder,    ///< reorder(C: ij k0 i1 k1 i2 j2)      the complete new order, outermost first
  vectorize,  ///< vectorize(C.j2)                    a spatial loop; tails are masked
  unroll,     ///< unroll(C.i2)
  dot,     ///< dot(C.k2)                          2 or 4 terms inside the vectorized loop, as one
           ///< dot product instruction
  tensor,  ///< tensor(C.k2)                       8 terms (of f16: 16) around 2 rows and 2 columns
           ///< of a thread, as one matrix instruction of a GPU's warp
  parallel,      ///< parallel(C.ij)                     the outermost loop, spatial
  inline_stage,  ///< inline(P)                          a pointwise stage is computed where it is
                 ///< read
  compute_at,    ///< compute_at(P, C.c0)                only the part that one iteration of C.c0
                 ///< reads
  cache_write,   ///< cache_write(C at C.k0, register)   accumulate in registers over the reduce
                 ///< loops below
                 ///<                                    k0; `cache_write(C, register)`: over all of
                 ///<                                    them; `buffer` instead of `register`: in a
                 ///<                                    buffer, so that no loop has to be unrolled
  cache_read,    ///< cache_read(B -> Bp at C.k0, [j/32 k j%32])  a packed copy of what C.k0's body
                 ///< reads; without `at`: of the whole tensor, once per call
  pack,     ///< pack(W -> Wp, [f/16 c r s f%16])   a packed copy of a whole input, made once per
            ///<                                    call, or once in bind()
  rfactor,  ///< rfactor(C.k1)                      stage C_rf computes partial results per k1
  factor,   ///< factor(C.l)                        stage C_inner computes the sums over l (and what
            ///<                                    else the other factors do not depend on)
  prefetch,  ///< prefetch(A at C.k1, 4)             touch what A's loads need 4 iterations later
  flatten,   ///< flatten(Y.y, Y.x -> yx)            neighbouring axes, outer first, become one: all
             ///< that is read and written moves with them as with y * extent of x + x
  pad,       ///< pad(C.i, 64)                       the axis runs to the next multiple of 64; what
             ///< lies beyond its end is neither read nor stored
  bind,  ///< bind(C.i0, block)                  a spatial loop over the blocks of a GPU, over the
         ///< threads of a block (`thread`), or as straight code around the tile of a thread
         ///< (`vthread`)
  buffers,  ///< buffers(As, 2)                     what threads compute together is kept in so many
            ///< buffers: those of the next iterations are filled while one is used
  phase,    ///< phase(Y.x -> xr:2, xq:_)           x = 2 xq + xr: the even x, then the odd ones
  line_buffer,  ///< line_buffer(P)                     of what P holds, at the loop that it is
                ///< computed at, the rows that the iteration before had are kept, and only the
                ///< others computed
  narrow  ///< narrow(Y.rx: xr)                   only the terms whose conditions on rx and xr can
          ///<                                    hold; `narrow(P.xp)`: of an intermediate, only
          ///<                                    the elements that are read
};

/// One part of a split or phase: `name:factor`, or `name:_` (factor 0) for the part that takes what
/// is left.
struct split_part {
  std::string name;
  std::int64_t factor =
      0;  ///< [iterations], 0 = what is left (split: outermost, phase: innermost part)
  friend bool operator==(const split_part&, const split_part&) = default;
};

/// One dimension of a packed layout: `axis`, `axis/f` or `axis%f` of a dimension of the tensor, or
/// `-axis`, a whole one from its last index to its first. A dimension is named by the axis that
/// indexes it in the reading stage (or, for an intermediate, in the stage that computes it), or by
/// position: `d0`, `d1`, ...
struct layout_item {
  std::string axis;
  std::int64_t div = 1;   ///< index / div ...
  std::int64_t mod = 0;   ///< ... % mod; 0 = no modulo
  bool reversed = false;  ///< of a whole dimension: the last index comes first
  std::int64_t gap = 0;  ///< elements left free after its last index, so that what lies a row apart
                         ///< lies in other banks of a memory: `axis+4`
  friend bool operator==(const layout_item&, const layout_item&) = default;
};

/// One primitive with its parameters. Unused members are empty.
struct step {
  primitive what{};
  std::string stage;  ///< the stage acted on; prefetch, cache_read, pack: the tensor read
  std::string loop;   ///< loop acted on (split, vectorize, unroll, dot, tensor, parallel, rfactor,
                      ///< factor, bind); phase, narrow, pad: the axis
  sequence<std::string> loops;    ///< fuse: loops to fuse; flatten: axes; reorder: the new order;
                                  ///< narrow: the axes that run outside
  sequence<split_part> parts;     ///< split, phase
  std::string result;             ///< fuse, flatten: new loop, axis; cache_read, pack: new stage;
                                  ///< bind: block, thread or vthread;
                                  ///< cache_write: "buffer", empty = registers
  std::string at_stage, at_loop;  ///< `at` clause (compute_at, cache_write, cache_read, prefetch)
  sequence<layout_item> layout;   ///< cache_read, pack; empty = the tensor's own order
  std::int64_t distance = 0;      ///< prefetch [iterations ahead]; pad: the multiple; buffers: how
                                  ///< many
  friend bool operator==(const step&, const step&) = default;
};

}  // namespace lathe
