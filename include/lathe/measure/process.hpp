/// @file
/// A child process that may die without harm. In: what it does with a request, or the program that
/// serves them. Out: whether it replied, ran out of time or died, and of what. Knows nothing about
/// kernels; called by trial_host.hpp.
///
///     host ── supervisor ── child      one socket: the host asks, the child replies,
///      └────────────────────┘          the supervisor reports the child's death and forks the next
///
/// The supervisor is forked from the host once and has one thread, so that later children cost the
/// same 0.2 ms however large the host has grown and whatever locks its other threads hold.
#pragma once

#include <lathe/config.hpp>

#include <cstdint>
#include <string>

namespace lathe {

/// What the child runs. Both functions get `context` as the host had it at the first start.
///
/// Where a forked child cannot do the work (the CUDA driver does not survive a fork) it executes
/// `program` instead, as `program <role> <channel> <memory>` with two inherited file descriptors by
/// number: the program ends in worker_process::serve_requests().
struct process_behaviour {
  void (*on_start)(void* context) = nullptr;    ///< in every new child
  void (*on_request)(void* context) = nullptr;  ///< once per request; results go to shared memory
  void* context = nullptr;
  std::int64_t memory_bytes = 0;  ///< address space the child may add to what the host has; 0 = any
  double start_seconds = 5;       ///< [s] until it must be ready
  std::string program{};          ///< "" = the functions above
  std::string role{};             ///< its first argument
  int memory = -1;                ///< descriptor of memory that it shares with the host
};

/// How a request ended.
enum class request_end : unsigned char { replied, timed_out, died };

/// The supervisor and its current child. Belongs to one thread at a time; that thread must live as
/// long as the object (the system ends the supervisor with it).
class worker_process {
 public:
  LATHE_INLINE explicit worker_process(const process_behaviour& behaviour);
  worker_process(const worker_process&) = delete;
  worker_process& operator=(const worker_process&) = delete;
  LATHE_INLINE ~worker_process();

  /// Makes sure that a child is ready. False if the system does not allow it.
  LATHE_INLINE bool start();
  /// Lets the child handle one request and waits for it. A child that takes longer than `seconds`
  /// is killed with everything it started. After anything but `replied` call start() again.
  /// @pre the last start() succeeded
  LATHE_INLINE request_end request(double seconds);

  /// How the last child died: a signal number, or 0 if it left by itself.
  int signal() const { return signal_; }
  /// "SIGSEGV", "left with exit code 3".
  LATHE_INLINE std::string end_text() const;
  /// Children started so far.
  int starts() const { return starts_; }
  /// With which exit code the last child left, 0 if by a signal.
  int exit_code() const { return exit_code_; }
  /// True if a child is ready.
  bool running() const { return child_ > 0; }

  /// The child's side: reports that it is ready and handles requests until the host is gone.
  [[noreturn]] LATHE_INLINE static void serve_requests(const process_behaviour& behaviour,
                                                       int channel);

 private:
  LATHE_INLINE bool start_supervisor();
  LATHE_INLINE void stop_supervisor();
  LATHE_INLINE bool receive(int* kind, int* value, double seconds);
  LATHE_INLINE bool send(int kind);
  LATHE_INLINE void note_end(int status);
  [[noreturn]] LATHE_INLINE static void supervise(const process_behaviour& behaviour, int channel);
  [[noreturn]] LATHE_INLINE static void serve(const process_behaviour& behaviour, int channel);
  [[noreturn]] LATHE_INLINE static void execute(const process_behaviour& behaviour, int channel);

  process_behaviour behaviour_;
  int channel_ = -1;
  int supervisor_ = 0;  // process id, 0 = none
  int child_ = 0;       // process id, 0 = none
  int signal_ = 0;
  int exit_code_ = 0;
  int starts_ = 0;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/process.ipp>
#endif
