/// @file
/// Ctrl-C ends the search, not the program. In: SIGINT. Out: a flag for tune_options::cancel. Used
/// around every search of the command line programs.
#pragma once

#include <lathe/core/stop_flag.hpp>

#include <csignal>

namespace tools {

/// While an object lives, the first Ctrl-C sets the flag; a second one ends the program as usual.
/// One object at a time.
class interruptible {
 public:
  interruptible() {
    pressed().clear();
    struct sigaction action {};
    action.sa_handler = &note;
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    sigaction(SIGINT, &action, &before_);
  }
  ~interruptible() { sigaction(SIGINT, &before_, nullptr); }
  interruptible(const interruptible&) = delete;
  interruptible& operator=(const interruptible&) = delete;

  /// True once Ctrl-C was pressed.
  const lathe::stop_flag* flag() const { return &pressed(); }

 private:
  static lathe::stop_flag& pressed() {
    static constinit lathe::stop_flag is_pressed;
    return is_pressed;
  }
  static void note(int) { pressed().set(); }

  struct sigaction before_ {};
};

}  // namespace tools
