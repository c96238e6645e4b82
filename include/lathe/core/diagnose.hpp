/// @file
/// The compile-time errors of lathe: ids, texts, and the named conditions that fail.
///
/// Each rule is a variable template over the user's own names. A failed static_assert prints the
/// text, and the compiler prints the condition with its arguments: `axis_is_bound<id<'k'>,
/// id<'C'>>` says which axis and which tensor. Rules about numbers (extents, shapes) are also found
/// at run time, with the same ids and texts: see analysis/check.hpp.
#pragma once

#include <lathe/config.hpp>

#include <cstdint>

// Every text says what is wrong and what to write instead. (E001, "needs C++20", is in config.hpp.)
// -- rules of single expressions, checked where the expression is written
#define LATHE_E010 \
  "[LATHE-E010] wrong number of indices: write one index per dimension of the tensor"
#define LATHE_E011 \
  "[LATHE-E011] a tensor index must be an integer: use axes, integers and integer tensors"
#define LATHE_E012                                                                              \
  "[LATHE-E012] an axis is multiplied or divided by an axis, so that the index is not affine: " \
  "use a constant"
#define LATHE_E013                                                                             \
  "[LATHE-E013] an axis is not an element value: write cast<float>(axis) to compute with its " \
  "value"
#define LATHE_E014 \
  "[LATHE-E014] the operands have different element types: convert one with cast<T>(...)"
#define LATHE_E015 "[LATHE-E015] a condition must be a comparison: write select(A(i) > 0, ..., ...)"
#define LATHE_E016 \
  "[LATHE-E016] not an expression: operands are tensor elements A(i, j), params, axes and numbers"
#define LATHE_E017                                                                           \
  "[LATHE-E017] the left-hand side takes plain axes only: write C(i, j) = ... and move the " \
  "arithmetic into the indices on the right"
#define LATHE_E018 \
  "[LATHE-E018] a reduction runs over one or more plain axes: write sum(k)(...) or sum(r, s)(...)"
#define LATHE_E019 \
  "[LATHE-E019] a reducer's combiner must not capture: use a lambda [](auto a, auto b) { ... }"
#define LATHE_E020 "[LATHE-E020] a name has 1 to 31 characters: write a shorter one"
#define LATHE_E021 \
  "[LATHE-E021] an external function takes at most three arguments: call<\"f\", float>(x, y, z)"
#define LATHE_E022                                                                          \
  "[LATHE-E022] not an element type: use float, double, int, std::int64_t, std::int8_t or " \
  "std::uint8_t, or lathe::f16 or lathe::bf16 for storage"
#define LATHE_E023                                                           \
  "[LATHE-E023] a tensor has rank 0 to 6: write tensor<\"A\", float, 2> or " \
  "tensor<\"A\", float[64][32]>"
#define LATHE_E024 \
  "[LATHE-E024] op<\"name\">(...) takes tensors and params: write op<\"gemm\">(A, B, C)(...)"
#define LATHE_E025 \
  "[LATHE-E025] an operator's body is a list of one or more statements: C(i, j) = ..."
#define LATHE_E026                                                                                 \
  "[LATHE-E026] a tensor is assigned without indices: write C(i, j) = ..., or C() = ... for rank " \
  "0"
#define LATHE_E027 "[LATHE-E027] an axis or a dimension has no extent of 1 to 2^40: give it one"
#define LATHE_E028 \
  "[LATHE-E028] a math function takes floating-point numbers: write exp(cast<float>(...))"
#define LATHE_E029 \
  "[LATHE-E029] % takes integers: for floating-point numbers use x - y * floor(x / y)"
#define LATHE_E030 \
  "[LATHE-E030] a comparison is not a number: write select(condition, 1, 0) or cast<float>(...)"
#define LATHE_E031                                                                                 \
  "[LATHE-E031] the combiner returns no expression of the reduced element type: cast<T>(...) its " \
  "result"
#define LATHE_E032 \
  "[LATHE-E032] a statement assigns with = alone: write C(i, j) = sum(k)(...) instead of +="
#define LATHE_E033 \
  "[LATHE-E033] f16 and bf16 are for storage: convert before computing, cast<float>(A(i, k))"
// -- rules of whole operators, checked when the statements are put together
#define LATHE_E040                                                                                 \
  "[LATHE-E040] an axis is neither on the left-hand side of its statement nor reduced: add it to " \
  "one of them"
#define LATHE_E041 \
  "[LATHE-E041] a reduce axis is used outside its reduction: widen the parentheses of sum(k)(...)"
#define LATHE_E042 \
  "[LATHE-E042] the same axis is used for two loops of one statement: declare a second axis"
#define LATHE_E043 \
  "[LATHE-E043] two axes of one statement have the same name but different extents: rename one"
#define LATHE_E044 \
  "[LATHE-E044] two tensors have the same name but different element types or ranks: rename one"
#define LATHE_E045                                                                              \
  "[LATHE-E045] a tensor is read that is neither a parameter of op nor computed by an earlier " \
  "statement: add it to op<\"name\">(...)"
#define LATHE_E046 \
  "[LATHE-E046] a tensor is computed by two statements: give one of them another name"
#define LATHE_E047                                                                               \
  "[LATHE-E047] a tensor is read by a statement before the one that computes it: reorder them, " \
  "or "                                                                                          \
  "pass the old values as a separate input"
#define LATHE_E048 \
  "[LATHE-E048] a statement reads the tensor it computes: pass the old values as a separate input"
#define LATHE_E049 \
  "[LATHE-E049] a parameter of op is neither read nor computed: remove it from op<\"name\">(...)"
#define LATHE_E050                                                                               \
  "[LATHE-E050] a tensor is computed but never read: add it to op<\"name\">(...) to make it an " \
  "output"
#define LATHE_E051 "[LATHE-E051] two parameters of op have the same name: rename one"
#define LATHE_E052 "[LATHE-E052] an index leaves the tensor's shape: guard it with select(...)"
#define LATHE_E053 "[LATHE-E053] one tensor has two different shapes: declare it once"
#define LATHE_E054                                                                                \
  "[LATHE-E054] a computed tensor is declared larger than its axes cover: every element must be " \
  "computed"
#define LATHE_E055 "[LATHE-E055] a statement has more than 16 loops: split it into two statements"
#define LATHE_E056                                                                     \
  "[LATHE-E056] a tensor's shape cannot be inferred from how it is read: declare it, " \
  "tensor<\"X\", float, 2> X{H, W}"
#define LATHE_E057 "[LATHE-E057] an index is divided by a constant below 1: divide by 1 or more"
#define LATHE_E058 "[LATHE-E058] a tensor has more than 2^40 elements: compute it in parts"
// -- rules of calls, checked where a kernel or evaluate() is called
#define LATHE_E060                                                                                \
  "[LATHE-E060] wrong number of arguments: pass one per parameter of op<\"name\">(...), in that " \
  "order"
#define LATHE_E061 \
  "[LATHE-E061] the argument's element type is not the parameter's: pass the same type"
#define LATHE_E062                                                                                 \
  "[LATHE-E062] an output is given read-only data: pass a pointer, span or container that can be " \
  "written"
#define LATHE_E063 \
  "[LATHE-E063] the argument's rank is not the tensor's: pass a view of the same rank"
#define LATHE_E064                                                                             \
  "[LATHE-E064] not a tensor argument: pass a pointer, an array, a contiguous range (vector, " \
  "span) or a "                                                                                \
  "view with extents and strides (mdspan)"
#define LATHE_E065 \
  "[LATHE-E065] a parameter is not given, or given twice: pass each name once, \"A\"_a = a"
#define LATHE_E066 \
  "[LATHE-E066] a name is no parameter of the operator: use the names in op<\"name\">(...)"
#define LATHE_E067                                                                              \
  "[LATHE-E067] some arguments have names, others have not: name all of them, \"A\"_a = a, or " \
  "none"
#define LATHE_E068 "[LATHE-E068] a param is given by value: pass a number that its type can hold"
#define LATHE_E069 "[LATHE-E069] bind() takes named arguments: write kernel.bind(\"W\"_a = w)"
#define LATHE_E070                                                                             \
  "[LATHE-E070] a kernel is bound once: pass all operands together, kernel.bind(\"W\"_a = w, " \
  "\"V\"_a = v)"

namespace lathe {

/// Ids of the rules of whole operators; the value is the number of the id (E040 is 40).
enum class diagnostic : unsigned char {
  none = 0,
  illegal_extent = 27,
  unbound_axis = 40,
  axis_outside_reduction,
  axis_used_twice,
  two_extents,
  name_clash,
  tensor_not_available,
  computed_twice,
  read_before_computed,
  reads_own_output,
  unused_parameter,
  unused_intermediate,
  two_parameters_of_one_name,
  out_of_bounds,
  two_shapes,
  partly_computed,
  too_many_loops,
  shape_unknown,
  divisor_below_one,
  too_many_elements
};

/// A broken rule and the names involved: an axis or tensor, and the statement it occurs in.
struct diagnosis {
  diagnostic code = diagnostic::none;
  const char* subject = "";  ///< axis or tensor at fault
  const char* place = "";    ///< tensor computed by the statement, or ""
  std::int64_t found = 0;    ///< rules about numbers: the offending index, extent or divisor
  std::int64_t limit = 0;    ///< rules about numbers: the extent or number it conflicts with

  /// True when no rule is broken.
  constexpr bool ok() const { return code == diagnostic::none; }
};

/// True for the rules whose diagnosis has numbers.
constexpr bool has_numbers(diagnostic code) {
  return code == diagnostic::illegal_extent || code == diagnostic::two_extents ||
         code == diagnostic::out_of_bounds || code == diagnostic::two_shapes ||
         code == diagnostic::partly_computed || code == diagnostic::divisor_below_one ||
         code == diagnostic::too_many_elements;
}

/// "[LATHE-E040] what is wrong: what to write instead". @pre code != diagnostic::none
constexpr const char* text_of(diagnostic code) {
  switch (code) {
    case diagnostic::none: break;
    case diagnostic::illegal_extent: return LATHE_E027;
    case diagnostic::unbound_axis: return LATHE_E040;
    case diagnostic::axis_outside_reduction: return LATHE_E041;
    case diagnostic::axis_used_twice: return LATHE_E042;
    case diagnostic::two_extents: return LATHE_E043;
    case diagnostic::name_clash: return LATHE_E044;
    case diagnostic::tensor_not_available: return LATHE_E045;
    case diagnostic::computed_twice: return LATHE_E046;
    case diagnostic::read_before_computed: return LATHE_E047;
    case diagnostic::reads_own_output: return LATHE_E048;
    case diagnostic::unused_parameter: return LATHE_E049;
    case diagnostic::unused_intermediate: return LATHE_E050;
    case diagnostic::two_parameters_of_one_name: return LATHE_E051;
    case diagnostic::out_of_bounds: return LATHE_E052;
    case diagnostic::two_shapes: return LATHE_E053;
    case diagnostic::partly_computed: return LATHE_E054;
    case diagnostic::too_many_loops: return LATHE_E055;
    case diagnostic::shape_unknown: return LATHE_E056;
    case diagnostic::divisor_below_one: return LATHE_E057;
    case diagnostic::too_many_elements: return LATHE_E058;
  }
  return "";
}

/// The conditions that static_asserts name. All are false for the arguments they are used with,
/// except those that compute their answer.
namespace rule {

template <class Tensor, int Takes, int Given>
inline constexpr bool takes_indices = Takes == Given;
template <class Index>
inline constexpr bool is_integer_index = false;
template <class Left, class Right>
inline constexpr bool is_affine = false;
template <class Axis>
inline constexpr bool is_element_value = false;
template <class Left, class Right>
inline constexpr bool same_element_type = false;
template <class Condition>
inline constexpr bool is_condition = false;
template <class Operand>
inline constexpr bool is_expression = false;
template <class Index>
inline constexpr bool is_plain_axis = false;
template <class... Axes>
inline constexpr bool are_reduce_axes = false;
template <class Combiner>
inline constexpr bool captures_nothing = false;
template <auto Size>
inline constexpr bool name_length_is_between_1_and_31 = Size >= 1 && Size <= 31;
template <int Given>
inline constexpr bool has_at_most_three_arguments = Given <= 3;
template <class Element>
inline constexpr bool is_element_type = false;
template <int Rank>
inline constexpr bool rank_is_between_0_and_6 = Rank >= 0 && Rank <= 6;
template <class Parameter>
inline constexpr bool is_tensor_or_param = false;
template <class Statement>
inline constexpr bool is_statement = false;
template <class Tensor, class Operand>
inline constexpr bool is_assigned_with_indices = false;
template <class Element>
inline constexpr bool is_floating_point = false;
template <class Element>
inline constexpr bool is_integer = false;
template <class... Operands>
inline constexpr bool is_number = false;
template <class Combined>
inline constexpr bool is_combined_value = false;
template <class Tensor>
inline constexpr bool is_plainly_assigned = false;
template <class... Elements>
inline constexpr bool is_for_computing = false;

// Rules of whole operators: the names of an axis or tensor and of the statement.
template <class Axis, class Statement>
inline constexpr bool axis_is_bound = false;
template <class Axis, class Statement>
inline constexpr bool axis_is_used_inside_its_reduction = false;
template <class Axis, class Statement>
inline constexpr bool axis_is_one_loop_only = false;
template <class Axis, class Statement>
inline constexpr bool axis_has_one_extent = false;
template <class Axis, class Statement>
inline constexpr bool extent_is_1_to_2_to_the_40 = false;
template <class Tensor, class Statement>
inline constexpr bool tensor_is_well_used = false;
template <class Tensor, class Statement>
inline constexpr bool index_stays_inside_the_shape = false;

// Rules of calls: the name of the parameter, and the types involved.
template <int Takes, int Given>
inline constexpr bool takes_arguments = Takes == Given;
template <class Parameter, class Wanted, class Given>
inline constexpr bool has_element_type = false;
template <class Parameter>
inline constexpr bool output_can_be_written = false;
template <class Parameter, int Takes, int Given>
inline constexpr bool has_rank = Takes == Given;
template <class Parameter, class Given>
inline constexpr bool is_tensor_argument = false;
template <class Parameter>
inline constexpr bool is_given_once = false;
template <class Name>
inline constexpr bool is_parameter = false;
template <int Named, int Given>
inline constexpr bool all_or_no_arguments_have_names = Named == 0 || Named == Given;
template <class Parameter, class Wanted, class Given>
inline constexpr bool is_a_value = false;
template <class... Given>
inline constexpr bool are_named_arguments = false;
template <class Bound>
inline constexpr bool is_not_bound_yet = false;

}  // namespace rule
}  // namespace lathe
