/// @file
/// What a search finds out, kept in the store trial by trial, so that a search that was killed can
/// go on. In: observations. Out: stored trials, and what they say to the next search of the same
/// key. Called by the sessions.
#pragma once

#include <lathe/api/traced_space.hpp>
#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/search/resume.hpp>
#include <lathe/store/cache.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace lathe::detail {

/// See the head of this file.
class trial_log {
 public:
  /// @param code  what compiles kernels: what another one made says nothing about its own
  LATHE_INLINE trial_log(cache store, const cache_key& key, const traced_space& space,
                         std::string_view code);

  /// Hands over what is stored. Not what ran out of time: the machine may have been busy.
  LATHE_INLINE void give(resuming_evaluator& to);

  /// For resuming_evaluator; `log` is a trial_log.
  LATHE_INLINE static void note(const observation& found, void* log);

 private:
  cache store_;
  std::string key_hash_, maker_;
  traced_space space_;
  sequence<trial> stored_;
  std::int64_t next_ = 0;  // number
};

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/api/trial_log.ipp>
#endif
