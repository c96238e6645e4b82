#include "table_features.hpp"

#include <lathe/lower/program.hpp>

#include <stdexcept>

namespace lab {

table_features::table_features(const lathe::desc_view& desc, const lathe::tuning_request& request,
                               const std::vector<variation>& variations,
                               const lathe::recorded_table& table, lathe::feature_kind what)
    : space_(lathe::make_program(desc), request.target, {request.bound, request.threads}),
      part_(space_, variations),
      features_(lathe::make_program(desc), space_, request.bound, what) {
  bool same = part_.sites().size() == table.sites.size();
  for (std::size_t at = 0; same && at < table.sites.size(); ++at)
    same = part_.sites()[at].name == table.sites[at].name &&
           part_.sites()[at].choices == table.sites[at].choices;
  if (!same)
    throw std::runtime_error("the space of '" + table.title +
                             "' is another one now: record it again with `" + table.command + "`");
}

}  // namespace lab
