#include "daemon/cli/terminal.h"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <iostream>

namespace b24 {
namespace {

constexpr std::size_t kLongestLine = 4000;

volatile std::sig_atomic_t caught_signal = 0;
void on_ending_signal(int number) { caught_signal = number; }

// While it lives the terminal does not show what is typed, and a signal to end only interrupts the
// reading; when it goes, the terminal is as before and the signal strikes.
class HiddenTyping {
 public:
  HiddenTyping() {
    caught_signal = 0;
    struct sigaction action {};
    action.sa_handler = on_ending_signal;  // no SA_RESTART: the reading must end
    for (std::size_t i = 0; i < kEnding.size(); ++i) sigaction(kEnding[i], &action, &before_[i]);
    // A shell would be left with a terminal that shows nothing.
    action.sa_handler = SIG_IGN;
    sigaction(SIGTSTP, &action, &stop_before_);
    shown_ = tcgetattr(STDIN_FILENO, &mode_) == 0;
    if (!shown_) return;
    termios hidden = mode_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  ~HiddenTyping() {
    if (shown_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &mode_);
    sigaction(SIGTSTP, &stop_before_, nullptr);
    for (std::size_t i = 0; i < kEnding.size(); ++i) sigaction(kEnding[i], &before_[i], nullptr);
    if (caught_signal != 0) std::raise(caught_signal);
  }
  HiddenTyping(const HiddenTyping&) = delete;
  HiddenTyping& operator=(const HiddenTyping&) = delete;

 private:
  static constexpr std::array<int, 4> kEnding = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  std::array<struct sigaction, 4> before_{};
  struct sigaction stop_before_ {};
  termios mode_{};
  bool shown_ = false;
};

}  // namespace

bool can_ask() { return isatty(STDIN_FILENO) == 1; }

std::optional<std::string> read_line() {
  std::string line;
  for (;;) {
    char c = 0;
    const ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR && caught_signal == 0) continue;
    if (got <= 0) return line.empty() ? std::nullopt : std::optional(line);
    if (c == '\n') return line;
    if (line.size() < kLongestLine) line += c;
  }
}

std::optional<std::string> ask(std::string_view question) {
  std::cerr << question << std::flush;
  return read_line();
}

std::optional<Secret> ask_hidden(std::string_view question) {
  std::cerr << question << std::flush;
  std::optional<std::string> line;
  {
    const HiddenTyping hidden;
    line = read_line();
    std::cerr << '\n' << std::flush;  // that of the person was not shown
  }
  return line ? std::optional(Secret{std::move(*line)}) : std::nullopt;
}

}  // namespace b24
