/// @file
/// A description that owns its arrays: what kernels keep after the operator object is gone. In: any
/// desc_view. Out: an equal desc_view for as long as this object lives. Names are not copied: they
/// are static text of the operator's types.
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/core/sequence.hpp>

namespace lathe {

/// Copy of a description. Moving it keeps its views valid; it cannot be copied by accident.
class owned_desc {
 public:
  explicit owned_desc(const desc_view& of)
      : exprs_(of.exprs, of.exprs + of.expr_count),
        axes_(of.axes, of.axes + of.axis_count),
        tensors_(of.tensors, of.tensors + of.tensor_count),
        accesses_(of.accesses, of.accesses + of.access_count),
        stages_(of.stages, of.stages + of.stage_count),
        view_(of) {
    view_.exprs = exprs_.data();
    view_.axes = axes_.data();
    view_.tensors = tensors_.data();
    view_.accesses = accesses_.data();
    view_.stages = stages_.data();
  }
  owned_desc(owned_desc&&) = default;
  owned_desc& operator=(owned_desc&&) = default;

  /// The description; valid until this object is destroyed.
  const desc_view& view() const { return view_; }

 private:
  sequence<desc_expr> exprs_;
  sequence<desc_axis> axes_;
  sequence<desc_tensor> tensors_;
  sequence<desc_access> accesses_;
  sequence<desc_stage> stages_;
  desc_view view_;
};

}  // namespace lathe
