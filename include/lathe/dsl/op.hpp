/// @file
/// Operators: a parameter list and statements. `op<"gemm">(A, B, C)(C(i, j) = ...)`.
#pragma once

#include <lathe/dsl/reducer.hpp>
#include <lathe/dsl/tensor.hpp>

namespace lathe {
namespace detail {
/// What the type of an operator alone says, and the check of it. Defined in analysis/describe.hpp,
/// so that dsl/ does not depend on the analysis: include that header, or lathe.hpp.
template <class Operation>
struct structure_of;
}  // namespace detail

namespace dsl {

/// The parameter list of an operator, as a type.
template <class... Parameters>
struct parameter_list {};

/// A complete operator: what op<"name">(parameters...)(statements...) returns. Copyable; its type
/// is the same for every size. Structural questions are static members, so that they work in a
/// static_assert on any object, constexpr or not.
template <class Id, class Parameters, class... Statements>
struct operation;

template <class Id, class... Parameters, class... Statements>
struct operation<Id, parameter_list<Parameters...>, Statements...> {
  using id = Id;
  using parameters_type = parameter_list<Parameters...>;
  detail::hana::basic_tuple<Parameters...> parameters;  ///< tensors and params, in call order
  detail::hana::basic_tuple<Statements...> statements;  ///< in the order written
  static constexpr capacity size =
      (Statements::size + ... + capacity{0, 0, int(sizeof...(Parameters))});

  /// Number of statements.
  static constexpr int stages() { return int(sizeof...(Statements)); }
  /// Number of parameters, inputs and outputs together.
  static constexpr int params() { return int(sizeof...(Parameters)); }
  /// Number of spatial loops, summed over the stages.
  static constexpr int spatial_loops() { return analysis::spatial_loops(); }
  /// Number of spatial loops of one stage.
  static constexpr int spatial_loops(int stage) { return analysis::spatial_loops(stage); }
  /// Number of reduce loops, summed over the stages.
  static constexpr int reduce_loops() { return analysis::reduce_loops(); }
  /// Number of reduce loops of one stage.
  static constexpr int reduce_loops(int stage) { return analysis::reduce_loops(stage); }
  /// Number of parameters that no statement computes.
  static constexpr int inputs() { return params() - outputs(); }
  /// Number of parameters that a statement computes.
  static constexpr int outputs() { return analysis::outputs(); }
  /// Hash of the structure: no names, no extents, no other numbers.
  static constexpr auto structure_fingerprint() { return analysis::fingerprint(); }

 private:
  using analysis = detail::structure_of<operation>;
};

template <class Operand>
inline constexpr bool is_operation = false;
template <class Id, class Parameters, class... Statements>
inline constexpr bool is_operation<operation<Id, Parameters, Statements...>> = true;

/// A parameter list waiting for its statements.
template <class Id, class... Parameters>
struct signature {
  detail::hana::basic_tuple<Parameters...> parameters;

  /// The operator with these statements.
  /// @error E025 if one is not a statement, E040 to E058 if together they break a rule
  template <class... Statements>
  [[nodiscard]] constexpr auto operator()(const Statements&... statements) const {
    if constexpr ((is_poison<Statements> || ...)) {
      return poison{};
    } else if constexpr (sizeof...(Statements) == 0 || !(is_statement<Statements> && ...)) {
      static_assert(rule::is_statement<Id>, LATHE_E025);
      return poison{};
    } else {
      using result = operation<Id, parameter_list<Parameters...>, Statements...>;
      if constexpr (detail::structure_of<result>::check()) {
        return result{parameters, detail::hana::basic_tuple<Statements...>{statements...}};
      } else {
        return poison{};
      }
    }
  }
};

/// What a mistake in the parameter list leaves behind.
struct poison_signature {
  template <class... Statements>
  constexpr poison operator()(const Statements&...) const {
    return {};
  }
};

}  // namespace dsl

/// Starts an operator: `op<"gemm">(A, B, C)(C(i, j) = ...)`. The list is its C-like signature, in
/// the order of a call; parameters that a statement computes are outputs, the others inputs.
/// Computed tensors outside the list are intermediates.
/// @error E024 if a parameter is neither a tensor nor a param
template <fixed_string Name, class... Parameters>
constexpr auto op(const Parameters&... parameters) {
  if constexpr (!((dsl::is_tensor<Parameters> || dsl::is_param<Parameters>)&&...)) {
    static_assert(rule::is_tensor_or_param<dsl::id_of<Name>>, LATHE_E024);
    return dsl::poison_signature{};
  } else if constexpr (!(dsl::is_well_formed_tensor<typename Parameters::element,
                                                    Parameters::rank> &&
                         ...)) {
    (dsl::explain_tensor<typename Parameters::element, Parameters::rank>(), ...);
    return dsl::poison_signature{};
  } else {
    return dsl::signature<dsl::id_of<Name>, Parameters...>{
        detail::hana::basic_tuple<Parameters...>{parameters...}};
  }
}

}  // namespace lathe
