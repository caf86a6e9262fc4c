#include "tests/portal/http_call.h"

#include <zlib.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast.hpp>
#include <boost/beast/ssl.hpp>

#include "rules/base/time.h"

namespace b24::sim {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

constexpr std::string_view kPlain = "http://";
constexpr std::string_view kTls = "https://";
constexpr std::size_t kBodyLimit = 256 * 1024 * 1024;

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

HttpResult to_result(const http::response<http::string_body>& answer) {
  HttpResult result;
  result.status = static_cast<int>(answer.result_int());
  result.body = answer.body();
  for (const auto& field : answer) {
    std::string name{field.name_string()};
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    result.headers[name] = std::string{field.value()};
  }
  return result;
}

template <class Stream>
HttpResult talk(Stream& stream, const http::request<http::string_body>& request) {
  http::write(stream, request);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kBodyLimit);
  http::read(stream, buffer, parser);
  return to_result(parser.get());
}

}  // namespace

HttpResult http_call(const std::string& url, const std::string& body, std::string_view content_type,
                     std::string_view accept_encoding) {
  const Place place = split(url);
  const auto verb = content_type.empty() ? http::verb::get : http::verb::post;
  http::request<http::string_body> request{verb, place.path, 11};
  request.set(http::field::host, place.host + ':' + place.port);
  request.set(http::field::user_agent, "Bitrix24 Webhook Engine");
  if (!content_type.empty()) request.set(http::field::content_type, std::string{content_type});
  if (!accept_encoding.empty()) {
    request.set(http::field::accept_encoding, std::string{accept_encoding});
  }
  request.body() = body;
  request.prepare_payload();
  try {
    asio::io_context io;
    asio::ssl::context trust{asio::ssl::context::tls_client};
    beast::ssl_stream<beast::tcp_stream> stream{io, trust};
    beast::tcp_stream& plain = stream.next_layer();
    plain.expires_after(seconds{10});
    plain.connect(tcp::resolver{io}.resolve(place.host, place.port));
    if (!place.tls) return talk(plain, request);
    stream.handshake(asio::ssl::stream_base::client);
    return talk(stream, request);
  } catch (const boost::system::system_error&) {
    return {};
  }
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
