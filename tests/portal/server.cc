#include "tests/portal/server.h"

#include <zlib.h>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast.hpp>
#include <boost/beast/ssl.hpp>
#include <optional>
#include <stdexcept>
#include <thread>

namespace b24::sim {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using asio::awaitable;
using asio::use_awaitable;

constexpr std::size_t kBodyLimit = 16 * 1024 * 1024;
constexpr seconds kIdle{120};

std::string gzip(const std::string& text) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  deflateInit2(&stream, 1, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

using Parser = http::request_parser<http::string_body>;
using Answer = http::response<http::string_body>;

HttpRequest to_request(const http::request<http::string_body>& from, std::string source) {
  HttpRequest request;
  request.verb = std::string{from.method_string()};
  request.target = std::string{from.target()};
  request.body = from.body();
  request.content_type = std::string{from[http::field::content_type]};
  request.source = std::move(source);
  request.gzip = from[http::field::accept_encoding].find("gzip") != beast::string_view::npos;
  return request;
}

Answer to_answer(const HttpReply& reply, const HttpRequest& request, bool may_gzip,
                 bool keep_alive) {
  Answer answer{static_cast<http::status>(reply.status), 11};
  answer.set(http::field::server, "b24portal");
  answer.set(http::field::content_type, reply.content_type);
  if (!reply.location.empty()) answer.set(http::field::location, reply.location);
  const bool packed =
      may_gzip && request.gzip && reply.end == HttpReply::End::normal && !reply.body.empty();
  if (packed) answer.set(http::field::content_encoding, "gzip");
  answer.body() = packed ? gzip(reply.body) : reply.body;
  answer.keep_alive(keep_alive && reply.end == HttpReply::End::normal);
  answer.prepare_payload();
  return answer;
}

tcp::socket& socket_of(beast::tcp_stream& stream) { return stream.socket(); }
tcp::socket& socket_of(beast::ssl_stream<beast::tcp_stream>& stream) {
  return beast::get_lowest_layer(stream).socket();
}

void reset(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace

struct Server::Impl {
  Impl(ServerOptions given, Handler on_request, std::function<bool()> may_accept,
       std::function<void(std::size_t)> on_sent)
      : options(std::move(given)),
        handler(std::move(on_request)),
        accepting(std::move(may_accept)),
        sent(std::move(on_sent)) {
    if (!options.tls_certificate.empty()) {
      tls.emplace(asio::ssl::context::tls_server);
      tls->use_certificate_chain_file(options.tls_certificate);
      tls->use_private_key_file(options.tls_key, asio::ssl::context::pem);
    }
    const tcp::endpoint endpoint{asio::ip::make_address(options.address),
                                 static_cast<std::uint16_t>(options.port)};
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
    bound_port = acceptor.local_endpoint().port();
    asio::co_spawn(io, accept_loop(), asio::detached);
    thread = std::thread([this] { io.run(); });
  }

  ~Impl() {
    io.stop();
    thread.join();
  }

  awaitable<void> accept_loop() {
    for (;;) {
      auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(use_awaitable));
      if (error) co_return;
      if (!accepting()) {
        reset(socket);
        continue;
      }
      boost::system::error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      asio::co_spawn(io, connection(std::move(socket)), asio::detached);
    }
  }

  awaitable<void> connection(tcp::socket socket) {
    boost::system::error_code error;
    const auto peer = socket.remote_endpoint(error);
    const std::string source = error ? "unknown" : peer.address().to_string();
    try {
      if (tls) {
        beast::ssl_stream<beast::tcp_stream> stream{std::move(socket), *tls};
        beast::get_lowest_layer(stream).expires_after(kIdle);
        co_await stream.async_handshake(asio::ssl::stream_base::server, use_awaitable);
        co_await serve(stream, source);
      } else {
        beast::tcp_stream stream{std::move(socket)};
        co_await serve(stream, source);
      }
    } catch (const boost::system::system_error&) {
      // The client went away; nothing is owed to it.
    }
  }

  template <class Stream>
  awaitable<void> serve(Stream& stream, std::string source) {
    beast::flat_buffer buffer;
    for (;;) {
      Parser parser;
      parser.body_limit(kBodyLimit);
      beast::get_lowest_layer(stream).expires_after(kIdle);
      co_await http::async_read(stream, buffer, parser, use_awaitable);
      if (!accepting()) {
        reset(socket_of(stream));
        co_return;
      }
      const bool keep_alive = parser.get().keep_alive();
      const HttpRequest request = to_request(parser.get(), source);
      const HttpReply reply = handler(request);
      if (reply.delay.count() > 0) {
        asio::steady_timer timer{io, reply.delay};
        co_await timer.async_wait(use_awaitable);
      }
      if (reply.end == HttpReply::End::reset) {
        reset(socket_of(stream));
        co_return;
      }
      Answer answer = to_answer(reply, request, options.gzip, keep_alive);
      sent(answer.body().size());
      beast::get_lowest_layer(stream).expires_after(kIdle);
      if (reply.end == HttpReply::End::truncated) {
        co_await write_half(stream, answer);
        co_return;
      }
      co_await http::async_write(stream, answer, use_awaitable);
      if (answer.need_eof()) break;
    }
    boost::system::error_code ignored;
    socket_of(stream).shutdown(tcp::socket::shutdown_send, ignored);
  }

  template <class Stream>
  awaitable<void> write_half(Stream& stream, Answer& answer) {
    http::response_serializer<http::string_body> serializer{answer};
    co_await http::async_write_header(stream, serializer, use_awaitable);
    const std::string half = answer.body().substr(0, answer.body().size() / 2);
    co_await asio::async_write(stream, asio::buffer(half), use_awaitable);
    boost::system::error_code ignored;
    socket_of(stream).shutdown(tcp::socket::shutdown_both, ignored);
  }

  ServerOptions options;
  Handler handler;
  std::function<bool()> accepting;
  std::function<void(std::size_t)> sent;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  std::optional<asio::ssl::context> tls;
  int bound_port = 0;
  std::thread thread;
};

Server::Server(ServerOptions options, Handler handler, std::function<bool()> accepting,
               std::function<void(std::size_t)> sent) {
  try {
    impl_ = std::make_unique<Impl>(std::move(options), std::move(handler), std::move(accepting),
                                   std::move(sent));
  } catch (const boost::system::system_error& failure) {
    throw std::runtime_error(failure.what());
  }
}

Server::~Server() = default;

int Server::port() const { return impl_->bound_port; }

}  // namespace b24::sim
