#pragma once

#include <map>
#include <string>
#include <string_view>

// One HTTP exchange, for the events the portal posts and for tests that look at the wire.

namespace b24::sim {

struct HttpResult {
  int status = 0;  // 0: no whole answer came
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case
};

// POSTs `body` to "http://host:port/path" on a connection of its own; GETs when `content_type` is
// empty. An https certificate is not verified: whoever is at the other end of a test is ours.
// `accept_encoding` is sent as given. Ten seconds at most.
HttpResult http_call(const std::string& url, const std::string& body, std::string_view content_type,
                     std::string_view accept_encoding = "");

// The text behind Content-Encoding: gzip.
std::string gunzip(const std::string& packed);

}  // namespace b24::sim
