#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

#include "rules/base/time.h"

// The real program, started the way a person or systemd starts it.

namespace b24 {

struct Finished {
  int exit_code = -1;  // -1: killed by a signal
  std::string out;
  std::string err;
};

class Process {
 public:
  // Starts at once; stdout and stderr go to files in `folder`. `environment` is added to ours.
  Process(const std::vector<std::string>& command, const std::string& folder,
          const std::vector<std::string>& environment = {});
  ~Process();  // SIGKILL if it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  bool running();
  // Waits for the end; a process that does not end in time is killed and `exit_code` is -1.
  Finished wait(milliseconds most = seconds{60});
  std::string out() const;
  std::string err() const;

 private:
  pid_t pid_ = -1;
  std::string out_file_;
  std::string err_file_;
  int status_ = 0;
};

Finished run_process(const std::vector<std::string>& command, const std::string& folder,
                     const std::vector<std::string>& environment = {});

// The program under test.
std::string b24watch_program();

}  // namespace b24
