#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tests/portal/stream.h"

// HTTP/1.1 as it comes over a stream: a first line, headers, a body.

namespace b24::sim {

struct HttpMessage {
  std::string first_line;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  // The header's value, or "".
  std::string_view header(const std::string& name) const;
  // What the sender means to do with the connection; HTTP/1.1 keeps it unless told otherwise.
  bool keep_alive() const;
};

// What ends a body without a length.
enum class BodyEnd {
  nothing,  // there is none: a request
  close,    // the end of the connection: an answer
};

class HttpReader {
 public:
  HttpReader(Stream& stream, BodyEnd without_length, std::size_t body_limit)
      : stream_(stream), without_length_(without_length), body_limit_(body_limit) {}

  // The next whole message; nothing when the connection ends or breaks before, when the deadline
  // is over, when it is no HTTP or longer than the limit.
  std::optional<HttpMessage> next();

 private:
  bool fill();
  std::optional<std::string> take_line();
  bool take(std::size_t size, std::string& to);
  bool read_body(HttpMessage& message);
  bool read_chunks(std::string& to);
  bool read_to_close(std::string& to);

  Stream& stream_;
  BodyEnd without_length_;
  std::size_t body_limit_;
  std::string ahead_;  // came, but is not used yet
};

}  // namespace b24::sim
