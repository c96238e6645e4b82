/// @file
/// Ctrl-C ends the search, not the program. In: SIGINT. Out: a flag for tune_options::cancel. Used
/// around every search of the command line programs.
#pragma once

#include <atomic>
#include <csignal>

namespace tools {

/// While an object lives, the first Ctrl-C sets the flag; a second one ends the program as usual.
/// One object at a time.
class interruptible {
 public:
  interruptible() {
    pressed() = false;
    struct sigaction action {};
    action.sa_handler = &note;
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    sigaction(SIGINT, &action, &before_);
  }
  ~interruptible() { sigaction(SIGINT, &before_, nullptr); }
  interruptible(const interruptible&) = delete;
  interruptible& operator=(const interruptible&) = delete;

  /// True once Ctrl-C was pressed.
  const std::atomic<bool>* flag() const { return &pressed(); }

 private:
  static std::atomic<bool>& pressed() {
    static constinit std::atomic<bool> is_pressed{false};
    return is_pressed;
  }
  static void note(int) { pressed() = true; }

  struct sigaction before_ {};
};

}  // namespace tools
