#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "rules/base/time.h"

// The real program at a terminal, with somebody who types.

namespace b24 {

class TerminalProcess {
 public:
  // Stdin, stdout and stderr are one new terminal, which is the program's own: Ctrl-C reaches it.
  TerminalProcess(const std::vector<std::string>& command,
                  const std::vector<std::string>& environment = {});
  ~TerminalProcess();  // SIGKILL if it still runs
  TerminalProcess(const TerminalProcess&) = delete;
  TerminalProcess& operator=(const TerminalProcess&) = delete;

  void type(const std::string& text);
  // Reads on until `text` has been shown since the last look; false when it ends or takes too long.
  bool shows(const std::string& text, milliseconds most = seconds{30});
  // All that was shown so far.
  const std::string& screen() const { return screen_; }
  // Whether the terminal shows what is typed.
  bool echoes() const;
  // Reads to the end. The exit code, or minus the number of the signal that killed it.
  int wait();

 private:
  bool read_some(milliseconds most);

  int terminal_ = -1;  // the person's side
  int slave_ = -1;     // the program's; held so that its settings outlive the program
  pid_t pid_ = -1;
  std::string screen_;
  std::size_t looked_ = 0;
};

}  // namespace b24
