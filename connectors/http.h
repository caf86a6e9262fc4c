#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/secret.h"
#include "rules/base/result.h"
#include "rules/base/time.h"

// One HTTPS connection to one host. The only file that includes httplib.
//
// TLS 1.2 or newer, verified against the system's store; plain http only to a loopback address.
// Redirects are not followed. The address holds the secret, so no error names more than the host.

namespace b24 {

struct HttpOptions {
  seconds connect_timeout{10};
  seconds total_timeout{90};  // of one exchange; the portal itself cuts a call at 60 s
  std::size_t answer_limit = 64 * 1024 * 1024;  // bytes, after decompression
  std::string ca_file;  // besides the system's store; for tests and private portals
  std::string user_agent = "b24watch";
  std::map<std::string, std::string> addresses;  // host -> address, in place of DNS; for tests
};

struct HttpAnswer {
  int status = 0;
  std::string body;      // decompressed
  std::string location;  // of a 3xx answer
};

// The parts of "https://host:port/path".
struct Url {
  bool tls = true;
  std::string host;
  int port = 443;
  std::string path;  // begins with '/'; no trailing slash
};
// Fails with invalid_input: not http(s), no host, plain http to a host that is not loopback.
Result<Url> parse_url(std::string_view text);

// Thread-compatible: one thread at a time. cancel() may come from any thread.
class HttpConnection {
 public:
  HttpConnection(Url url, HttpOptions options);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // POSTs `body` to `path` (absolute, on this host). `unavailable`: no connection, cut, timed out,
  // answer too large; the text says which. `blocked`: the certificate is not to be trusted, and
  // says why (expired, unknown issuer, other name). `stopped`: cancel() was called.
  Result<HttpAnswer> post(const std::string& path, const std::string& body,
                          std::string_view content_type);

  // Ends a post() under way and refuses further ones. Only the look-up of the host's name cannot be
  // broken off; the system's resolver bounds it.
  void cancel();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace b24
