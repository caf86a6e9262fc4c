#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "connectors/bitrix24/hint.h"
#include "connectors/secret.h"
#include "rules/base/result.h"
#include "rules/base/time.h"

// The listener: takes the portal's events and answers health checks. Boost.Beast, one thread of
// its own, one coroutine a connection. TLS is a reverse proxy's business.

namespace b24 {

struct WebOptions {
  std::string host = "127.0.0.1";
  int port = 0;                        // 0: any free port
  Secret application_token;            // empty: every event is refused with 403
  std::size_t connections = 256;       // in all; above it accepting pauses
  std::size_t connections_per_address = 64;
  std::size_t head_limit = 8 * 1024;
  std::size_t body_limit = 64 * 1024;
  double events_per_second = 5000;     // above it: 503, and the next poll finds the change
  milliseconds request_deadline{5000}; // of one whole request, not of a byte
};

struct WebCounters {
  std::uint64_t requests = 0;
  std::uint64_t events = 0;    // accepted
  std::uint64_t refused = 0;   // wrong token, too fast, not an event
};

// Takes a hint and gives false if it had no room for it: the event is then answered all the same,
// since the next poll finds the change.
using HintSink = std::function<bool(const Hint&)>;

class WebServer {
 public:
  WebServer(WebOptions options, HintSink sink);
  ~WebServer();

  // Binds and starts the thread. invalid_input when the address cannot be bound, with what to do.
  Result<int> start();  // the port
  void stop();          // within milliseconds, whatever connections are open
  WebCounters counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace b24
