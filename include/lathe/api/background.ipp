/// @file
/// Bodies of background.hpp.
#pragma once

#include <lathe/analysis/stats.hpp>
#include <lathe/api/background.hpp>
#include <lathe/api/session.hpp>

namespace lathe {

LATHE_INLINE background_tuning::background_tuning(const desc_view& desc, tuning_request request,
                                                  tuned first)
    : desc_(desc),
      request_(std::move(request)),
      best_(shared<const kernel_core>::make(owned_desc(desc), request_, std::move(first))),
      thread_(job_) {}

LATHE_INLINE shared<const kernel_core> background_tuning::best() const {
  const detail::lock_guard lock(guard_);
  return best_;
}

LATHE_INLINE int background_tuning::improvements() const {
  const detail::lock_guard lock(guard_);
  return improvements_;
}

LATHE_INLINE bool background_tuning::is_done() const {
  const detail::lock_guard lock(guard_);
  return is_done_;
}

LATHE_INLINE void background_tuning::wait() const {
  const detail::lock_guard lock(guard_);
  changed_.wait(guard_, [this] { return is_done_; });
}

LATHE_INLINE std::optional<error> background_tuning::problem() const {
  const detail::lock_guard lock(guard_);
  return problem_;
}

LATHE_INLINE void background_tuning::replace(tuned better) {
  better.flops = flops_of(desc_.view());
  auto made =
      shared<const kernel_core>::make(owned_desc(desc_.view()), request_, std::move(better));
  const detail::lock_guard lock(guard_);
  if (to_text(made->how().steps) != to_text(best_->how().steps)) ++improvements_;
  best_ = std::move(made);
}

LATHE_INLINE void background_tuning::consider(void* self, const tuned& better) {
  auto& here = *static_cast<background_tuning*>(self);
  // A cached winner is not replaced by the first candidate that works.
  const double now = here.best()->how().median_seconds;
  if (now <= 0 || better.median_seconds < now) here.replace(better);
}

LATHE_INLINE void background_tuning::search() {
  tuning_request request = request_;
  request.cancel = &stop_;
  request.on_better = {&background_tuning::consider, this};
  result<tuned> found = tune_description(desc_.view(), request);
  // The finalists were timed side by side: the winner replaces whatever looked best before.
  if (found) replace(std::move(*found));
  const detail::lock_guard lock(guard_);
  if (!found) problem_ = found.error();
  is_done_ = true;
  changed_.notify_all();
}

LATHE_INLINE result<shared<background_tuning>> start_background_tuning(
    const desc_view& desc, const cpu& target, const tune_options& options) {
  result<tuning_request> request = detail::request_of(desc, target, options);
  if (!request) return request.error();
  tuning_request at_once = *request;
  at_once.effort = effort_level::wisdom_only;
  result<tuned> first = tune_description(desc, at_once);
  if (!first) {
    at_once.effort = effort_level::estimate;
    first = tune_description(desc, at_once);
  }
  if (!first) return first.error();
  return shared<background_tuning>::make(desc, std::move(*request), std::move(*first));
}

}  // namespace lathe
