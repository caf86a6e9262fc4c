#include "tests/support/process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

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

[[noreturn]] void become(const std::vector<std::string>& command, const std::string& out,
                         const std::string& err, const std::vector<std::string>& environment) {
  const int in_fd = open("/dev/null", O_RDONLY);
  const int out_fd = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err_fd = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(in_fd, STDIN_FILENO);
  dup2(out_fd, STDOUT_FILENO);
  dup2(err_fd, STDERR_FILENO);
  for (const std::string& entry : environment) putenv(const_cast<char*>(entry.c_str()));
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::string& folder,
                 const std::vector<std::string>& environment) {
  static std::atomic<int> counter{0};
  const std::string stem = folder + "/process" + std::to_string(counter++);
  out_file_ = stem + ".out";
  err_file_ = stem + ".err";
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) become(command, out_file_, err_file_, environment);
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
