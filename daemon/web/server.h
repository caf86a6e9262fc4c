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
//
//   POST /event    an event of the outbound webhook: 200, whether it was believed or not; 503 above
//                  the allowed rate
//   POST /install  the portal has installed the application, updated or removed it: the same
//                  answers
//   GET  /health   200 "ok"
//
// 400 for what is not HTTP or not a form, 404 and 405 for other addresses and verbs, 413 and 431
// above the limits, 415 for an encoded body; what its head condemns is not read on, and closes the
// connection. A request that outlives its deadline is cut.

namespace b24 {

struct WebOptions {
  std::string host = "127.0.0.1";  // an address of this machine, no name
  int port = 0;                    // 0: any free port
  Secret application_token;        // empty: every event is refused
  // The same of an installed application, as it is now. Called by the listener's thread.
  std::function<Secret()> installed_token{};
  // Takes what comes to /install, unproven; nothing: there is no such address. Must not block.
  std::function<void(std::string)> installation{};
  std::size_t connections = 256;             // in all; above it accepting pauses
  std::size_t connections_per_address = 64;  // above it a new one is closed at once
  std::size_t head_limit = 8 * 1024;
  std::size_t body_limit = 64 * 1024;
  double events_per_second = 5000;      // above it: 503, and the next poll finds the change
  milliseconds request_deadline{5000};  // of one whole request, not of a byte; also of idleness
};

struct WebCounters {
  std::uint64_t requests = 0;  // whose head was read
  std::uint64_t events = 0;    // accepted
  std::uint64_t refused = 0;   // wrong token, too fast, not an event; the answer does not tell why
};

// Takes a hint and gives false if it had no room for it: the event is then answered all the same,
// since the next poll finds the change. Called by the listener's thread; must not block.
using HintSink = std::function<bool(const Hint&)>;

class WebServer {
 public:
  WebServer(WebOptions options, HintSink sink);
  ~WebServer();

  // Binds and starts the thread; once. Fails with what to do: invalid_input when it is no address,
  // unavailable when it cannot be bound, as another program may hold it for a while.
  Result<int> start();  // the port
  void stop();          // within milliseconds, whatever connections are open; any number of times
  WebCounters counters() const;  // any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace b24
