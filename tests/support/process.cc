#include "tests/support/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace b24 {
namespace {

std::string read_all(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

// Ours, with `own` in place of what has the same name.
std::vector<std::string> environment_with(const std::vector<std::string>& own) {
  std::vector<std::string> all = own;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::string_view head = text.substr(0, text.find('=') + 1);
    const bool replaced = std::any_of(
        own.begin(), own.end(), [&](const std::string& ours) { return ours.starts_with(head); });
    if (!replaced) all.emplace_back(text);
  }
  return all;
}

// Not by fork: its child would allocate while another thread of the test holds the allocator.
pid_t spawn(const std::vector<std::string>& command, const std::string& out, const std::string& err,
            const std::vector<std::string>& own) {
  constexpr int kNew = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(), kNew, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, err.c_str(), kNew, 0600);
  const std::vector<std::string> environment = environment_with(own);
  pid_t pid = -1;
  const int fault = posix_spawn(&pid, command.front().c_str(), &files, nullptr,
                                pointers(command).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&files);
  if (fault != 0) throw std::runtime_error("cannot start " + command.front());
  return pid;
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::string& folder,
                 const std::vector<std::string>& environment) {
  static std::atomic<int> counter{0};
  const std::string stem = folder + "/process" + std::to_string(counter++);
  out_file_ = stem + ".out";
  err_file_ = stem + ".err";
  pid_ = spawn(command, out_file_, err_file_, environment);
}

Process::~Process() {
  if (!running()) return;
  signal(SIGKILL);
  waitpid(pid_, &status_, 0);
}

void Process::signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

bool Process::running() {
  if (pid_ <= 0) return false;
  if (waitpid(pid_, &status_, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

Finished Process::wait(milliseconds most) {
  const auto until = std::chrono::steady_clock::now() + most;
  while (running()) {
    if (std::chrono::steady_clock::now() > until) {
      signal(SIGKILL);
      waitpid(pid_, &status_, 0);
      pid_ = -1;
      break;
    }
    std::this_thread::sleep_for(milliseconds{2});
  }
  return {WIFEXITED(status_) ? WEXITSTATUS(status_) : -1, out(), err()};
}

std::string Process::out() const { return read_all(out_file_); }
std::string Process::err() const { return read_all(err_file_); }

Finished run_process(const std::vector<std::string>& command, const std::string& folder,
                     const std::vector<std::string>& environment) {
  return Process{command, folder, environment}.wait();
}

std::string b24watch_program() { return B24_BINARY_DIR "/b24watch"; }

}  // namespace b24
