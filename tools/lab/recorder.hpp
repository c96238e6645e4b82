/// @file
/// Tries every point of a part of an operator's space on this machine. In: an operator and what to
/// vary. Out: a table (lathe/search/table.hpp). Called by `lathe lab record`.
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/api/request.hpp>
#include <lathe/search/table.hpp>

#include "restriction.hpp"
#include <string>
#include <vector>

namespace lab {

/// How a table is recorded.
struct recording {
  std::string title;    ///< of the table
  std::string command;  ///< kept in the table
  std::vector<variation> variations;
  int passes = 3;  ///< over all programs, each in another order: a disturbance hits few samples of
                   ///< each
  std::string notebook;  ///< file to which every measurement is appended at once; a recording that
                         ///< was interrupted goes on from there
};

/// All kernels are compiled first, on all CPUs, then measured one after the other, each in the
/// process of a worker. Says on stderr what it does.
/// @error lathe::error if the operator cannot be compiled or checked; std::runtime_error if the
/// part
///        has more than 2^20 points or the notebook cannot be written
lathe::recorded_table record_space(const lathe::desc_view& desc,
                                   const lathe::tuning_request& request, const recording& how);

}  // namespace lab
