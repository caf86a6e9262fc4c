#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

// A TCP connection that blocks, plain or TLS, and never longer than its deadline. One thread uses
// it; only shut_down() may come from another.

struct ssl_ctx_st;
struct ssl_st;

namespace b24::sim {

// The keys of one side. Shared by its connections.
class Tls {
 public:
  // For a server. Throws std::runtime_error when a file cannot be read.
  Tls(const std::string& certificate_file, const std::string& key_file);
  Tls();  // for a client, which believes whoever answers
  ssl_ctx_st* get() const { return context_.get(); }

 private:
  std::shared_ptr<ssl_ctx_st> context_;
};

class Stream {
 public:
  explicit Stream(int descriptor) : descriptor_(descriptor) {}
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void expires_after(std::chrono::milliseconds time);
  // Shakes hands; what follows is encrypted.
  bool accept_tls(const Tls& tls);
  bool connect_tls(const Tls& tls);

  // How many bytes came; 0 at the end, on an error and at the deadline.
  std::size_t read(char* to, std::size_t size);
  bool write(std::string_view text);

  // Ends both directions; whoever reads or writes comes back.
  void shut_down();
  // Says that nothing more will be sent.
  void finish();
  // From now on closing tells the other side that the connection broke.
  void reset_on_close();

  // What passes below TLS.
  std::size_t read_raw(char* to, std::size_t size);
  bool write_raw(std::string_view text);

 private:
  bool wait_for(short event) const;
  bool start_tls(const Tls& tls, int (*shake_hands)(ssl_st*));

  int descriptor_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls_{nullptr, nullptr};
};

// A stream to host:port, or nothing when nobody answers before the time is over.
std::unique_ptr<Stream> connect_to(const std::string& host, const std::string& port,
                                   std::chrono::milliseconds time);

}  // namespace b24::sim
