/// @file
/// Broken rules about numbers as run-time errors. In: an operator with run-time extents. Out: its
/// description, or lathe::error with the id and text that the compiler would have printed. api/
/// calls this before it tunes, compiles or evaluates.
#pragma once

#include <lathe/analysis/describe.hpp>
#include <lathe/core/error.hpp>

#include <string>

namespace lathe {

/// The error for a broken rule: its id, its text, and the names and numbers involved.
/// @pre !problem.ok()
inline error error_of(const diagnosis& problem) {
  const std::string text = text_of(problem.code);  // "[LATHE-E0nn] what is wrong ..."
  const std::size_t end = text.find(']');
  std::string names = std::string(" ('") + problem.subject + "'";
  if (*problem.place != 0) names += std::string(" in the statement of '") + problem.place + "'";
  if (has_numbers(problem.code)) {
    names += ": " + std::to_string(problem.found) + " against " + std::to_string(problem.limit);
  }
  return {text.substr(1, end - 1), text.substr(end + 2) + names + ")"};
}

/// describe(), or the error of the first broken rule about numbers.
/// @error E027, E043, E052 to E058, as lathe::error; without exceptions prints it and aborts
template <class Operation>
auto checked_describe(const Operation& operation) {
  auto result = describe(operation);
  if (!result.valid()) {
    const error failure = error_of(result.problem);
    fail(failure.id(), failure.text());
  }
  return result;
}

}  // namespace lathe
