#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace b24 {

// A TCP connection that says byte for byte what it is told: for requests no library would make.
class RawClient {
 public:
  // `from` is the address it comes from; the whole of 127.0.0.0/8 is this machine.
  explicit RawClient(int port, const char* from = "127.0.0.1") {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in own = address(from, 0);
    sockaddr_in to = address("127.0.0.1", port);
    if (::bind(fd_, as_any(&own), sizeof own) != 0 || ::connect(fd_, as_any(&to), sizeof to) != 0) {
      close();
    }
  }
  ~RawClient() { close(); }
  RawClient(RawClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawClient& operator=(RawClient&&) = delete;

  bool connected() const { return fd_ >= 0; }

  // False when the peer has closed or reset the connection meanwhile.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  // What comes until the peer closes, or `until` has come, or the deadline passes.
  std::string receive(std::string_view until = {},
                      std::chrono::milliseconds within = std::chrono::seconds{20}) {
    const auto deadline = std::chrono::steady_clock::now() + within;
    std::string got;
    while (until.empty() || got.find(until) == std::string::npos) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      pollfd wait{fd_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) break;
      char part[4096];
      const ssize_t n = ::recv(fd_, part, sizeof part, 0);
      if (n <= 0) {
        closed_ = true;
        break;
      }
      got.append(part, static_cast<std::size_t>(n));
    }
    return got;
  }

  // Whether the last receive() ended because the peer closed the connection.
  bool closed_by_peer() const { return closed_; }

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  static sockaddr_in address(const char* text, int port) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, text, &made.sin_addr);
    return made;
  }
  static sockaddr* as_any(sockaddr_in* in) { return reinterpret_cast<sockaddr*>(in); }

  int fd_ = -1;
  bool closed_ = false;
};

}  // namespace b24
