/// @file
/// Tuning beside a program that already computes. In: an operator. Out: a kernel that works at once
/// and becomes faster while a thread searches.
#pragma once

#include <lathe/analysis/describe.hpp>
#include <lathe/analysis/owned_desc.hpp>
#include <lathe/api/kernel.hpp>
#include <lathe/api/tune.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/mutex.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/stop_flag.hpp>
#include <lathe/core/threads.hpp>

#include <optional>
#include <utility>

namespace lathe {

/// The search and the best kernel so far, without the operator's type. Safe to use from several
/// threads at once.
class background_tuning {
 public:
  /// @param first  what runs until something better is found
  LATHE_INLINE background_tuning(const desc_view& desc, tuning_request request, tuned first);
  background_tuning(const background_tuning&) = delete;
  background_tuning& operator=(const background_tuning&) = delete;
  /// Ends the search and waits for its thread: at most as long as a candidate takes.
  ~background_tuning() { cancel(); }

  /// The best kernel so far.
  LATHE_INLINE shared<const kernel_core> best() const;
  /// How often the kernel was replaced.
  LATHE_INLINE int improvements() const;
  /// True when the search is over.
  LATHE_INLINE bool is_done() const;
  /// Returns when it is.
  LATHE_INLINE void wait() const;
  /// Ends the search soon; the best kernel so far stays.
  void cancel() { stop_.set(); }
  /// Why the search failed, if it did: the kernel at the beginning stays.
  LATHE_INLINE std::optional<error> problem() const;

 private:
  LATHE_INLINE void search();
  LATHE_INLINE void replace(tuned better);
  /// What the search tells of a better kernel. @param self  the background_tuning
  LATHE_INLINE static void consider(void* self, const tuned& better);

  /// What the thread runs.
  struct job {
    background_tuning* self;
    void operator()() { self->search(); }
  };

  owned_desc desc_;
  tuning_request request_;
  stop_flag stop_;
  mutable detail::mutex guard_;
  mutable detail::condition changed_;
  shared<const kernel_core> best_;
  int improvements_ = 0;
  bool is_done_ = false;
  std::optional<error> problem_;
  job job_{this};
  detail::background<job> thread_;  // last: it uses all that is above
};

/// The analytic schedule or the cached winner, and a search that begins at once if the latter does
/// not make it needless. @error as tune()
LATHE_INLINE result<shared<background_tuning>> start_background_tuning(const desc_view& desc,
                                                                       const cpu& target,
                                                                       const tune_options& options);

/// A kernel that is replaced by better ones while it is in use. Cheap to copy; copies share the
/// search, which ends with the last of them.
///
///     const auto step = lathe::tune_in_background(op, lathe::cpu(), {.threads = 3});
///     while (...) step(a, b, c);   // every call runs the best kernel known by then
template <class Operation>
class live_kernel {
 public:
  explicit live_kernel(shared<background_tuning> search) : search_(std::move(search)) {}

  /// Runs the best kernel so far; as kernel::operator(). Calls that began before go on with theirs.
  template <class... Arguments>
  void operator()(Arguments&&... arguments) const {
    current()(std::forward<Arguments>(arguments)...);
  }

  /// The best kernel so far, which stays what it is: to bind operands, to save, to explain. Ask
  /// again when improvements() has changed.
  kernel<Operation> current() const { return kernel<Operation>(search_->best()); }

  /// How often the kernel was replaced.
  int improvements() const { return search_->improvements(); }
  /// True when the search is over.
  bool is_done() const { return search_->is_done(); }
  /// Returns when it is.
  void wait() const { search_->wait(); }
  /// Ends the search soon; the best kernel so far stays.
  void cancel() const { search_->cancel(); }
  /// Why the search failed, if it did: the kernel at the beginning stays.
  std::optional<error> problem() const { return search_->problem(); }

 private:
  shared<background_tuning> search_;
};

/// Returns at once with a kernel of the analytic schedule, or the cached winner, and lets a thread
/// of its own search for better ones; candidates are measured in a process of their own and take
/// turns with the program where no core is free for them, which makes both slower and the search
/// less sure: leave it a core. Limits are those of tune(); the winner is cached as usual.
/// `options.cancel` is not looked at: call cancel().
/// @error as tune()
template <class Operation>
result<live_kernel<Operation>> try_tune_in_background(const Operation& operation,
                                                      const cpu& target = {},
                                                      const tune_options& options = {}) {
  const auto described = describe(operation);
  if (!described.valid()) return error_of(described.problem);
  auto started = start_background_tuning(described, target, options);
  if (!started) return started.error();
  return live_kernel<Operation>(std::move(started).value());
}

/// try_tune_in_background(), or its error raised.
template <class Operation>
live_kernel<Operation> tune_in_background(const Operation& operation, const cpu& target = {},
                                          const tune_options& options = {}) {
  return try_tune_in_background(operation, target, options).value();
}

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/background.ipp>
#endif
