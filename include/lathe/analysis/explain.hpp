/// @file
/// Broken rules of whole operators as compile-time errors: diagnosis in, one static_assert out.
/// describe.hpp instantiates this only when a rule is broken.
#pragma once

#include <lathe/core/diagnose.hpp>

namespace lathe::detail {

/// Turns a broken rule into one static_assert whose condition names the axis or tensor and the
/// statement. Instantiated only when a rule is broken.
template <diagnostic Code, class Subject, class Place>
constexpr void explain() {
  if constexpr (Code == diagnostic::illegal_extent) {
    static_assert(rule::extent_is_1_to_2_to_the_40<Subject, Place>, LATHE_E027);
  } else if constexpr (Code == diagnostic::unbound_axis) {
    static_assert(rule::axis_is_bound<Subject, Place>, LATHE_E040);
  } else if constexpr (Code == diagnostic::axis_outside_reduction) {
    static_assert(rule::axis_is_used_inside_its_reduction<Subject, Place>, LATHE_E041);
  } else if constexpr (Code == diagnostic::axis_used_twice) {
    static_assert(rule::axis_is_one_loop_only<Subject, Place>, LATHE_E042);
  } else if constexpr (Code == diagnostic::two_extents) {
    static_assert(rule::axis_has_one_extent<Subject, Place>, LATHE_E043);
  } else if constexpr (Code == diagnostic::name_clash) {
    static_assert(rule::tensor_is_well_used<Subject, Place>, LATHE_E044);
  } else if constexpr (Code == diagnostic::tensor_not_available) {
    static_assert(rule::tensor_is_well_used<Subject, Place>, LATHE_E045);
  } else if constexpr (Code == diagnostic::computed_twice) {
    static_assert(rule::tensor_is_well_used<Subject, Place>, LATHE_E046);
  } else if constexpr (Code == diagnostic::read_before_computed) {
    static_assert(rule::tensor_is_well_used<Subject, Place>, LATHE_E047);
  } else if constexpr (Code == diagnostic::reads_own_output) {
    static_assert(rule::tensor_is_well_used<Subject, Place>, LATHE_E048);
  } else if constexpr (Code == diagnostic::unused_parameter) {
    static_assert(rule::tensor_is_well_used<Subject, Place>, LATHE_E049);
  } else if constexpr (Code == diagnostic::unused_intermediate) {
    static_assert(rule::tensor_is_well_used<Subject, Place>, LATHE_E050);
  } else if constexpr (Code == diagnostic::two_parameters_of_one_name) {
    static_assert(rule::tensor_is_well_used<Subject, Place>, LATHE_E051);
  } else if constexpr (Code == diagnostic::out_of_bounds) {
    static_assert(rule::index_stays_inside_the_shape<Subject, Place>, LATHE_E052);
  } else if constexpr (Code == diagnostic::two_shapes) {
    static_assert(rule::tensor_is_well_used<Subject, Place>, LATHE_E053);
  } else if constexpr (Code == diagnostic::partly_computed) {
    static_assert(rule::index_stays_inside_the_shape<Subject, Place>, LATHE_E054);
  } else if constexpr (Code == diagnostic::too_many_loops) {
    static_assert(rule::axis_is_one_loop_only<Subject, Place>, LATHE_E055);
  } else if constexpr (Code == diagnostic::shape_unknown) {
    static_assert(rule::tensor_is_well_used<Subject, Place>, LATHE_E056);
  } else if constexpr (Code == diagnostic::divisor_below_one) {
    static_assert(rule::index_stays_inside_the_shape<Subject, Place>, LATHE_E057);
  } else if constexpr (Code == diagnostic::too_many_elements) {
    static_assert(rule::tensor_is_well_used<Subject, Place>, LATHE_E058);
  }
}

}  // namespace lathe::detail
