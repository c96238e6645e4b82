/// @file
/// Bodies of trial_log.hpp.
#pragma once

#include <lathe/api/trial_log.hpp>
#include <lathe/core/sha256.hpp>
#include <lathe/version.hpp>

#include <utility>

namespace lathe::detail {

LATHE_INLINE trial_log::trial_log(cache store, const cache_key& key, const traced_space& space,
                                  std::string_view code)
    : store_(std::move(store)), key_hash_(key.hash()), space_(space), stored_(store_.trials(key)) {
  maker_ = sha256_hex(version_text() + '|' + std::string(code)).substr(0, 16);
  if (!stored_.empty()) next_ = stored_.back().number + 1;
}

LATHE_INLINE void trial_log::give(resuming_evaluator& to) {
  for (trial& each : stored_) {
    if (each.maker != maker_ || each.outcome == name_of(failure::timeout)) continue;
    const result<trace> steps = parse_trace(each.trace);
    if (!steps) continue;
    measurement outcome =
        measurement::failure_of(failure_named(each.outcome), "in an earlier search");
    if (each.outcome == name_of(failure::none)) {
      if (each.times.empty()) continue;
      outcome = {};
      outcome.samples = std::move(each.times);
    }
    to.know(hash_of(*steps), std::move(outcome));
  }
  stored_.clear();
}

LATHE_INLINE void trial_log::note(const observation& found, void* log) {
  trial_log& self = *static_cast<trial_log*>(log);
  trial out;
  out.key_hash = self.key_hash_;
  out.number = self.next_++;
  out.trace = to_text(self.space_.to_trace(found.at));
  out.outcome = name_of(found.outcome.failed);
  out.times = found.outcome.samples;
  out.maker = self.maker_;
  self.store_.put(out);
}

}  // namespace lathe::detail
