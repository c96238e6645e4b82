/// @file
/// The nest that a trace makes of an operator, as text, for tests of exact nests and of refusals.
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/lower/print.hpp>
#include <lathe/lower/verify.hpp>
#include <lathe/schedule/trace.hpp>

#include <doctest/doctest.h>
#include <string>
#include <utility>

namespace lathe::test {

/// The nest under a trace from its first phase on, after a newline; or why there is none.
inline std::string nest_of(const desc_view& desc, const char* steps) {
  result<program> scheduled = apply(make_program(desc), parse_trace(steps).value());
  if (!scheduled) return scheduled.error().what();
  const result<ir::nest> nest = build(std::move(*scheduled));
  if (!nest) return nest.error().what();
  CHECK(verify(*nest) == "");
  const std::string text = to_text(*nest);
  return "\n" + text.substr(text.find("phase0"));
}

inline void check_refused(const desc_view& desc, const char* steps, const char* reason) {
  const std::string message = nest_of(desc, steps);
  CHECK_MESSAGE(message.find(reason) != std::string::npos, steps << " gave: " << message);
}

}  // namespace lathe::test
