#pragma once

#include <functional>
#include <memory>
#include <string>

#include "rules/base/time.h"

// The HTTP side: keep-alive connections, plain or TLS, a thread for each.

namespace b24::sim {

struct HttpRequest {
  std::string verb;
  std::string target;
  std::string body;
  std::string content_type;
  std::string source;  // address of the client
  bool gzip = false;   // the client accepts it
};

struct HttpReply {
  int status = 200;
  std::string body;
  std::string content_type = "application/json; charset=utf-8";
  std::string location;
  milliseconds delay{0};  // before it is sent
  enum class End {
    normal,
    truncated,  // half the body, then the connection is closed
    reset,      // nothing, and the connection is reset
  } end = End::normal;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;
  std::string tls_certificate = {};
  std::string tls_key = {};
  bool gzip = true;
};

class Server {
 public:
  // Called for one request at a time, on the thread of its connection. `accepting` says whether
  // connections are let in at all; it and `sent`, which gets the size of every body, may be called
  // by several threads at once.
  using Handler = std::function<HttpReply(const HttpRequest&)>;

  // Throws std::runtime_error when the port is taken or the certificate cannot be read.
  Server(ServerOptions options, Handler handler, std::function<bool()> accepting,
         std::function<void(std::size_t)> sent);
  // Breaks the connections off, also those whose answer is on its way or delayed.
  ~Server();
  int port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace b24::sim
