/// @file
/// Runs one operator in every way there is and compares each with evaluate(). In: an operator and
/// sizes. Out: doctest checks that name operator, instruction set and trace.
#pragma once

#include <lathe/analysis/owned_desc.hpp>
#include <lathe/api/evaluate.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// An operator without its type.
struct operator_case {
  std::string name;
  lathe::owned_desc desc;
  std::function<void(void* const* params)> evaluate;  ///< the plain loops of api/evaluate.hpp
  std::vector<std::string> weights;                   ///< inputs that may be bound
};

namespace detail {

template <class Parameter>
auto argument_of(void* data) {
  auto* const first = static_cast<typename Parameter::element*>(data);
  if constexpr (lathe::dsl::is_param<Parameter>) {
    return *first;
  } else {
    return first;
  }
}

template <class Id, class... Parameters, class... Statements, std::size_t... At>
void evaluate_untyped(const lathe::dsl::operation<Id, lathe::dsl::parameter_list<Parameters...>,
                                                  Statements...>& source,
                      void* const* params, std::index_sequence<At...>) {
  lathe::evaluate(source, argument_of<Parameters>(params[At])...);
}

}  // namespace detail

/// @param weights  inputs that stay the same over many calls, as for tune_options::bound
template <class Operation>
operator_case make_case(std::string name, const Operation& source,
                        std::vector<std::string> weights = {}) {
  return {std::move(name), lathe::owned_desc(lathe::describe(source).view()),
          [source](void* const* params) {
            detail::evaluate_untyped(
                source, params,
                std::make_index_sequence<static_cast<std::size_t>(Operation::params())>{});
          },
          std::move(weights)};
}

/// How much of it to check.
struct check_extent {
  int points = 2;                     ///< random points of the schedule space per instruction set
  bool search = false;                ///< also one real, short tuning
  std::vector<const char*> traces{};  ///< schedules by hand
};

/// The unscheduled kernel, the estimate, hand-written traces, random points and a tuned kernel,
/// with and without bound weights, on one and two threads and every instruction set of this
/// machine: all must give what evaluate() gives. $LATHE_TEST_POINTS replaces the number of random
/// points.
void check_operator(const operator_case& of, const check_extent& extent = {});

}  // namespace test
