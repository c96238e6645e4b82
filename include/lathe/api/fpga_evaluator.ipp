/// @file
/// Bodies of fpga_evaluator.hpp.
#pragma once

#include <lathe/api/fpga_evaluator.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/target/fpga/model.hpp>

namespace lathe {

LATHE_INLINE result<fpga_kernel> fpga_kernel_of(const program& base, const trace& steps,
                                                const fpga_device& device) {
  result<program> scheduled = apply(base, steps);
  if (!scheduled) return scheduled.error();
  result<ir::nest> nest = build(static_cast<program&&>(*scheduled));
  if (!nest) return nest.error();
  return make_fpga_kernel(static_cast<ir::nest&&>(*nest), device);
}

LATHE_INLINE sequence<observation> fpga_evaluator::evaluate(std::span<const point> points,
                                                            double seconds) {
  const double begin = monotonic_seconds();
  sequence<observation> out;
  for (const point& at : points) {
    if (cancel_ != nullptr && cancel_->is_set()) break;
    if (monotonic_seconds() - begin > seconds) break;
    const result<fpga_kernel> kernel = fpga_kernel_of(base_, space_.to_trace(at), device_);
    measurement outcome;
    if (!kernel) {
      outcome = measurement::failure_of(failure::illegal, kernel.error().text());
    } else {
      const fpga_estimate estimate = estimate_fpga(kernel->design, device_);
      if (estimate.fits())
        outcome.samples.push_back(estimate.seconds);
      else
        outcome = measurement::failure_of(failure::limit, estimate.excess);
    }
    out.push_back({at, static_cast<measurement&&>(outcome)});
  }
  return out;
}

LATHE_INLINE fpga_optimum enumerate_fpga(const fpga_space& space, evaluator& judge) {
  fpga_optimum out;
  seen_points seen;
  point at;
  at.choices.assign(space.sites.size(), 0);
  for (bool more = true; more;) {
    if (!space.why_rejected(at) && seen.add(space, at)) {
      ++out.designs;
      const sequence<observation> found =
          judge.evaluate({&at, 1}, std::numeric_limits<double>::infinity());
      if (!found.empty() && found[0].outcome.ok() &&
          (!out.best || found[0].outcome.seconds() < out.best->outcome.seconds()))
        out.best = found[0];
    }
    more = false;  // counts up: the first site is the last digit
    for (std::size_t site = 0; site < space.sites.size() && !more; ++site) {
      more = ++at.choices[site] < space.sites[site].choices;
      if (!more) at.choices[site] = 0;
    }
  }
  return out;
}

}  // namespace lathe
