/// @file
/// Bodies of process.hpp: Linux processes, a sequenced-packet socket between them.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/measure/process.hpp>
#include <lathe/measure/timer.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lathe {

namespace detail {

/// One packet on the socket.
struct process_message {
  enum : int {
    fork_child,  ///< host to supervisor
    ready,       ///< child to host; value = its process id
    request,     ///< host to child
    reply,       ///< child to host
    died,        ///< supervisor to host; value = status as of waitpid()
    closed       ///< never sent: what the host sees when nobody is at the other end
  };
  int kind = 0;
  int value = 0;
};

inline bool send_message(int channel, process_message message) {
  ssize_t sent = 0;
  do {
    sent = ::send(channel, &message, sizeof message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(sizeof message);
}

/// Blocks. False when the other end is closed.
inline bool receive_message(int channel, process_message& message) {
  ssize_t received = 0;
  do {
    received = recv(channel, &message, sizeof message, 0);
  } while (received < 0 && errno == EINTR);
  return received == static_cast<ssize_t>(sizeof message);
}

/// Bytes of address space in use, without allocating.
inline std::int64_t address_space_bytes() {
  char text[64] = {};
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  return length > 0 ? std::strtoll(text, nullptr, 10) * sysconf(_SC_PAGESIZE) : 0;
}

inline void limit_resource(int which, std::int64_t most) {
  rlimit limit{};
  getrlimit(static_cast<__rlimit_resource>(which), &limit);
  if (limit.rlim_max == RLIM_INFINITY || static_cast<rlim_t>(most) < limit.rlim_max) {
    limit.rlim_cur = static_cast<rlim_t>(most);
    limit.rlim_max = limit.rlim_cur;
    setrlimit(static_cast<__rlimit_resource>(which), &limit);
  }
}

/// The host's handlers and masks are not for the child: every signal has its default effect.
inline void reset_signals() {
  for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace detail

LATHE_INLINE worker_process::worker_process(const process_behaviour& behaviour)
    : behaviour_(behaviour) {}

LATHE_INLINE worker_process::~worker_process() { stop_supervisor(); }

LATHE_INLINE bool worker_process::start() {
  using message = detail::process_message;
  // A lock that another thread held at the moment of the fork stays locked in the child, for ever:
  // a child that does not report is given up, and the next one comes from a new fork of the host.
  for (int attempt = 0; attempt < 3 && child_ == 0; ++attempt) {
    if (supervisor_ == 0 && !start_supervisor()) return false;
    int kind = message::died;
    int value = 0;
    if (send(message::fork_child) && receive(&kind, &value, behaviour_.start_seconds) &&
        kind == message::ready) {
      child_ = value;
      ++starts_;
    } else {
      if (kind == message::died) note_end(value);
      stop_supervisor();
    }
  }
  return child_ != 0;
}

LATHE_INLINE request_end worker_process::request(double seconds) {
  using message = detail::process_message;
  request_end end = request_end::died;
  int kind = message::closed;
  int value = 0;
  if (send(message::request)) {
    if (!receive(&kind, &value, seconds)) {
      end = request_end::timed_out;
      kill(-child_, SIGKILL);
      // The reply may have crossed with the signal: the death comes after it.
      while (receive(&kind, &value, 5) && kind == message::reply) continue;
    } else if (kind == message::reply) {
      return request_end::replied;
    }
  }
  child_ = 0;
  if (kind == message::died) {
    note_end(value);
  } else {
    stop_supervisor();  // somebody ended it, or it does not answer
    signal_ = SIGKILL;
  }
  return end;
}

LATHE_INLINE void worker_process::note_end(int status) {
  signal_ = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

LATHE_INLINE std::string worker_process::end_text() const {
  switch (signal_) {
    case 0: return "left the process with exit code " + std::to_string(exit_code_);
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case SIGABRT: return "SIGABRT";
    case SIGTRAP: return "SIGTRAP";
    case SIGSYS: return "SIGSYS";
    case SIGKILL: return "SIGKILL, perhaps for want of memory";
    default: return "signal " + std::to_string(signal_);
  }
}

LATHE_INLINE bool worker_process::start_supervisor() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
  const pid_t host = getpid();
  const pid_t supervisor = fork();
  if (supervisor == 0) {
    close(ends[0]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != host) _exit(0);  // the host died before the line above
    supervise(behaviour_, ends[1]);
  }
  close(ends[1]);
  if (supervisor < 0) {
    close(ends[0]);
    return false;
  }
  channel_ = ends[0];
  supervisor_ = supervisor;
  return true;
}

LATHE_INLINE void worker_process::stop_supervisor() {
  if (supervisor_ == 0) return;
  // The child first, so that the supervisor reaps it and ends by itself: in a container whose first
  // process does not reap, orphans would stay as zombies.
  if (child_ != 0) kill(-child_, SIGKILL);
  close(channel_);
  const double deadline = monotonic_seconds() + 0.5;
  pid_t ended = 0;
  while ((ended = waitpid(supervisor_, nullptr, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
    if (monotonic_seconds() > deadline) kill(supervisor_, SIGKILL);
    usleep(200);
  }
  supervisor_ = 0;
  child_ = 0;
  channel_ = -1;
}

LATHE_INLINE bool worker_process::receive(int* kind, int* value, double seconds) {
  const double deadline = monotonic_seconds() + seconds;
  while (true) {
    const double left = smaller(larger(0.0, deadline - monotonic_seconds()), 1e6);
    pollfd channel{channel_, POLLIN, 0};
    const int ready = poll(&channel, 1, static_cast<int>(math::ceil(left * 1e3)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return false;
    detail::process_message message;
    if (ready < 0 || !detail::receive_message(channel_, message)) {
      message = {detail::process_message::closed, 0};
    }
    *kind = message.kind;
    *value = message.value;
    return true;
  }
}

LATHE_INLINE bool worker_process::send(int kind) {
  return detail::send_message(channel_, {kind, 0});
}

LATHE_INLINE void worker_process::supervise(const process_behaviour& behaviour, int channel) {
  // Own session: Ctrl-C in the host's terminal is the host's business. Nothing here allocates.
  setsid();
  detail::reset_signals();
  detail::process_message message;
  while (detail::receive_message(channel, message)) {
    const pid_t self = getpid();
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != self) _exit(0);
      serve(behaviour, channel);
    }
    int status = 0;
    if (child > 0) {
      while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    }
    if (!detail::send_message(channel, {detail::process_message::died, status})) break;
  }
  _exit(0);
}

LATHE_INLINE void worker_process::serve(const process_behaviour& behaviour, int channel) {
  setpgid(0, 0);
  detail::limit_resource(RLIMIT_CORE, 0);
  // Programs may keep files of their own, as the GPU's driver does.
  if (behaviour.program.empty()) detail::limit_resource(RLIMIT_FSIZE, 0);
  if (behaviour.memory_bytes > 0) {
    detail::limit_resource(RLIMIT_AS, detail::address_space_bytes() + behaviour.memory_bytes);
  }
  if (!behaviour.program.empty()) execute(behaviour, channel);
  serve_requests(behaviour, channel);
}

LATHE_INLINE void worker_process::execute(const process_behaviour& behaviour, int channel) {
  // Everything else that the host has open closes by itself.
  for (const int kept : {channel, behaviour.memory}) fcntl(kept, F_SETFD, 0);
  char numbers[2][16];
  std::snprintf(numbers[0], sizeof numbers[0], "%d", channel);
  std::snprintf(numbers[1], sizeof numbers[1], "%d", behaviour.memory);
  execl(behaviour.program.c_str(), behaviour.program.c_str(), behaviour.role.c_str(), numbers[0],
        numbers[1], static_cast<char*>(nullptr));
  _exit(127);
}

LATHE_INLINE void worker_process::serve_requests(const process_behaviour& behaviour, int channel) {
  if (behaviour.on_start != nullptr) behaviour.on_start(behaviour.context);
  detail::send_message(channel, {detail::process_message::ready, getpid()});
  detail::process_message message;
  while (detail::receive_message(channel, message)) {
    behaviour.on_request(behaviour.context);
    detail::send_message(channel, {detail::process_message::reply, 0});
  }
  _exit(0);
}

}  // namespace lathe
