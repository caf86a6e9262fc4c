#include "tests/support/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

namespace b24 {
namespace {

std::vector<char*> as_pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

TerminalProcess::TerminalProcess(const std::vector<std::string>& command,
                                 const std::vector<std::string>& environment) {
  terminal_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal_ < 0 || grantpt(terminal_) != 0 || unlockpt(terminal_) != 0) {
    throw std::runtime_error("no terminal");
  }
  char name[128];
  if (ptsname_r(terminal_, name, sizeof name) != 0) throw std::runtime_error("no terminal");
  slave_ = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // The first terminal that the leader of a new session opens becomes its own.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&files, descriptor, name, O_RDWR, 0);
  }
  std::vector<std::string> all = environment;
  for (char** entry = environ; *entry != nullptr; ++entry) all.emplace_back(*entry);
  const int fault = posix_spawn(&pid_, command.front().c_str(), &files, &attributes,
                                as_pointers(command).data(), as_pointers(all).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (fault != 0) throw std::runtime_error("cannot start " + command.front());
}

TerminalProcess::~TerminalProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(slave_);
  close(terminal_);
}

void TerminalProcess::type(const std::string& text) {
  if (write(terminal_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error("the terminal takes no more");
  }
}

bool TerminalProcess::read_some(milliseconds most) {
  pollfd wanted{terminal_, POLLIN, 0};
  if (poll(&wanted, 1, static_cast<int>(most.count())) <= 0) return false;
  char buffer[4096];
  const ssize_t got = read(terminal_, buffer, sizeof buffer);
  if (got <= 0) return false;
  screen_.append(buffer, static_cast<std::size_t>(got));
  return true;
}

bool TerminalProcess::shows(const std::string& text, milliseconds most) {
  const auto until = std::chrono::steady_clock::now() + most;
  for (;;) {
    const auto at = screen_.find(text, looked_);
    if (at != std::string::npos) {
      looked_ = at + text.size();
      return true;
    }
    if (std::chrono::steady_clock::now() > until) return false;
    read_some(milliseconds{50});
  }
}

bool TerminalProcess::echoes() const {
  termios mode{};
  return tcgetattr(slave_, &mode) == 0 && (mode.c_lflag & static_cast<tcflag_t>(ECHO)) != 0;
}

int TerminalProcess::wait() {
  int status = 0;
  const auto until = std::chrono::steady_clock::now() + seconds{60};
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > until) kill(pid_, SIGKILL);
    read_some(milliseconds{20});
  }
  pid_ = -1;
  while (read_some(milliseconds{0})) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace b24
