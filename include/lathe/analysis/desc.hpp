/// @file
/// The flat description of an operator: the value behind the seam. In: what dsl/ emits (see
/// describe.hpp). Out: plain arrays that analysis, schedule, lowering and search read. Nothing here
/// is a template on the user's expression; everything is usable in constant expressions.
///
/// An operator is a list of stages, one per statement, in the order written. Each stage is a
/// perfect loop nest: spatial axes (order of the left-hand side), then reduce axes (order of the
/// reducers' argument lists), and one body expression. Expressions are nodes in one array, children
/// before parents; index expressions are ordinary nodes of type i64.
#pragma once

#include <lathe/core/dtype.hpp>
#include <lathe/core/opcode.hpp>

#include <cstdint>

namespace lathe {

/// One expression node.
struct desc_expr {
  opcode op{};
  dtype type{};
  reducer_kind kind{};  ///< reduce nodes only
  short a = -1, b = -1, c = -1;
  short count = 0;  ///< reduce nodes: number of reduce axes
  std::int64_t imm = 0;
  double num = 0;
  const char* name = "";  ///< external function of a call
};

/// One loop of a stage.
struct desc_axis {
  const char* name = "";
  std::int64_t extent = unknown_extent;  ///< [iterations], >= 1
  short stage = 0;
  bool reduce = false;
};

/// One tensor: an input or output (parameter of the operator) or an intermediate.
struct desc_tensor {
  const char* name = "";
  dtype type{};
  short rank = 0;
  short param = -1;       ///< position in op<>(...), -1 for intermediates
  short producer = -1;    ///< stage that computes it, -1 for inputs
  bool scalar = false;    ///< param<"alpha", float>: a rank-0 run-time scalar
  bool read = false;      ///< some stage loads from it
  bool declared = false;  ///< shape given by the user rather than inferred
  std::int64_t shape[max_rank] = {unknown_extent, unknown_extent, unknown_extent,
                                  unknown_extent, unknown_extent, unknown_extent};
};

/// One occurrence of a tensor in a stage: element [index[0], index[1], ...], row-major.
struct desc_access {
  short tensor = 0;
  short stage = 0;
  bool write = false;
  bool guarded = false;  ///< under a select: the index may leave the shape when not taken
  short index[max_rank] = {-1, -1, -1, -1, -1, -1};  ///< expression per dimension
};

/// One statement of the operator.
struct desc_stage {
  const char* name = "";  ///< name of the tensor it computes
  short tensor = 0;       ///< output tensor
  short first_axis = 0;   ///< axes [first_axis, first_axis + spatial + reduce)
  short spatial = 0;
  short reduce = 0;
  short body = -1;  ///< root of the right-hand side
  short write = 0;  ///< access index of the left-hand side
};

/// Borrowed, non-template view of a description: pointers and counts.
struct desc_view {
  const char* name = "";
  const desc_expr* exprs = nullptr;
  const desc_axis* axes = nullptr;
  const desc_tensor* tensors = nullptr;
  const desc_access* accesses = nullptr;
  const desc_stage* stages = nullptr;
  short expr_count = 0, axis_count = 0, tensor_count = 0, access_count = 0, stage_count = 0;
  short param_count = 0;  ///< tensors 0 .. param_count-1 are the operator's parameters, in order
};

}  // namespace lathe
