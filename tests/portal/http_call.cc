#include "tests/portal/http_call.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "rules/base/time.h"
#include "tests/portal/http_message.h"
#include "tests/portal/stream.h"

namespace b24::sim {
namespace {

constexpr std::string_view kPlain = "http://";
constexpr std::string_view kTls = "https://";
constexpr std::size_t kCallBodyLimit = 256 * 1024 * 1024;

struct Place {
  bool tls = false;
  std::string host;
  std::string port;
  std::string path;
};

Place split(const std::string& url) {
  const bool tls = url.starts_with(kTls);
  const std::string rest = url.substr(std::min(tls ? kTls.size() : kPlain.size(), url.size()));
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string host = rest.substr(0, slash);
  const std::size_t colon = std::min(host.find(':'), host.size());
  const std::string otherwise = tls ? "443" : "80";
  return {tls, host.substr(0, colon), colon < host.size() ? host.substr(colon + 1) : otherwise,
          slash < rest.size() ? rest.substr(slash) : "/"};
}

std::string to_request(const Place& place, const std::string& body, std::string_view content_type,
                       std::string_view accept_encoding) {
  std::string text = content_type.empty() ? "GET " : "POST ";
  text += place.path + " HTTP/1.1\r\nHost: " + place.host + ':' + place.port +
          "\r\nUser-Agent: Bitrix24 Webhook Engine\r\n";
  const auto add = [&text](std::string_view name, std::string_view value) {
    if (!value.empty()) text.append(name).append(": ").append(value).append("\r\n");
  };
  add("Content-Type", content_type);
  add("Accept-Encoding", accept_encoding);
  if (!body.empty() || !content_type.empty()) add("Content-Length", std::to_string(body.size()));
  return text + "\r\n" + body;
}

// The number in "HTTP/1.1 200 OK", or 0.
int status_of(const std::string& first_line) {
  const std::size_t space = std::min(first_line.find(' '), first_line.size());
  int status = 0;
  std::from_chars(first_line.data() + std::min(space + 1, first_line.size()),
                  first_line.data() + first_line.size(), status);
  return status;
}

}  // namespace

HttpResult http_call(const std::string& url, const std::string& body, std::string_view content_type,
                     std::string_view accept_encoding) {
  const Place place = split(url);
  const std::unique_ptr<Stream> stream = connect_to(place.host, place.port, seconds{10});
  if (!stream || (place.tls && !stream->connect_tls(Tls{}))) return {};
  if (!stream->write(to_request(place, body, content_type, accept_encoding))) return {};
  std::optional<HttpMessage> answer = HttpReader{*stream, BodyEnd::close, kCallBodyLimit}.next();
  if (!answer) return {};
  return {status_of(answer->first_line), std::move(answer->body), std::move(answer->headers)};
}

std::string gunzip(const std::string& packed) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  inflateInit2(&stream, kGzipWindow);
  std::string in = packed;
  std::string out;
  std::string part(64 * 1024, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(part, 0, part.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  return state == Z_STREAM_END ? out : "";
}

}  // namespace b24::sim
