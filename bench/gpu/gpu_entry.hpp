/// @file
/// How a way to compute a case on the device becomes a contestant of timing.hpp.
#pragma once

#include "contestant.hpp"
#include "device_operands.hpp"
#include <memory>
#include <utility>
#include <vector>

namespace bench {

/// Makes a contestant of something that enqueues one call on a copy of the operands. Every call
/// takes the next copy; `data` outlives the contestant.
/// @param enqueue  called with the number of the copy
template <class Enqueue>
contestant gpu_entry(std::string library, std::string how, contract terms,
                     const device_operands& data, Enqueue enqueue) {
  const auto last = std::make_shared<int>(-1);
  contestant out{std::move(library), std::move(how), terms, [last, &data, enqueue] {
                   *last = (*last + 1) % data.copies();
                   enqueue(*last);
                 }};
  out.finish = [last, &data] { data.fetch_output(*last); };
  return out;
}

}  // namespace bench
