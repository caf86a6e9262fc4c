#include "daemon/web/server.h"

#include <fmt/core.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <exception>
#include <map>
#include <optional>
#include <string_view>
#include <thread>
#include <unordered_set>

#include "daemon/engine/log.h"
#include "rules/base/language.h"

namespace b24 {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Failure = boost::system::error_code;
using Request = http::request<http::string_body>;

// A broken connection is no exception here: every await gives its error as a value.
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

constexpr int kBacklog = 1024;
constexpr std::chrono::milliseconds kAcceptPause{100};  // when the process has no descriptor left
constexpr std::chrono::milliseconds kLinger{500};
constexpr std::size_t kLingerBytes = 256 * 1024;
constexpr std::chrono::minutes kRefusalLogEvery{1};

struct Answer {
  http::status status = http::status::ok;
  std::string_view text = "ok\n";
  std::string_view allow = {};
};

constexpr Answer kNotFound{http::status::not_found, "not found\n"};
constexpr Answer kNoForm{http::status::bad_request, "not a form\n"};
constexpr Answer kTooFast{http::status::service_unavailable, "too many events\n"};

bool is_event(std::string_view path) { return path == "/event" || path == "/event/"; }

bool is_installation(std::string_view path) { return path == "/install" || path == "/install/"; }

std::string_view path_of(const Request& request) {
  const std::string_view target{request.target().data(), request.target().size()};
  return target.substr(0, target.find('?'));
}

// Judges a request by its head, so that the body of a hopeless one is never read.
Answer judge_head(const Request& request, bool takes_installations) {
  const std::string_view path = path_of(request);
  const http::verb verb = request.method();
  if (is_event(path) || (takes_installations && is_installation(path))) {
    if (verb != http::verb::post) {
      return {http::status::method_not_allowed, "only POST\n", "POST"};
    }
    if (request.count(http::field::content_encoding) > 0) {
      return {http::status::unsupported_media_type, "no Content-Encoding, please\n"};
    }
    return {};
  }
  if (path != "/health") return kNotFound;
  if (verb == http::verb::get || verb == http::verb::head) return {};
  return {http::status::method_not_allowed, "only GET\n", "GET, HEAD"};
}

// Whether a peer whose request could not be read is still there to be told why.
bool can_hear(const Failure& failure) {
  return failure.category() == make_error_code(http::error::bad_method).category() &&
         failure != http::error::end_of_stream && failure != http::error::partial_message;
}

Answer judge_failure(const Failure& failure) {
  if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
    return {http::status::request_header_fields_too_large, "head too large\n"};
  }
  if (failure == http::error::body_limit) {
    return {http::status::payload_too_large, "body too large\n"};
  }
  return {http::status::bad_request, "bad request\n"};
}

// Whether an event has the shape of one. Without a token it is refused for its shape or for its
// lack of rights, so that the token has no say in the answer.
bool is_form(std::string_view body) {
  const Result<std::vector<Hint>> hints = parse_event(body, Secret{});
  return hints || hints.error().kind != ErrorKind::invalid_input;
}

// A bucket of one second's worth of events.
class EventBudget {
 public:
  explicit EventBudget(double per_second) : rate_(per_second), tokens_(capacity()) {}

  bool take() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> passed = now - filled_at_;
    filled_at_ = now;
    tokens_ = std::min(capacity(), tokens_ + passed.count() * rate_);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double capacity() const { return std::max(1.0, rate_); }

  double rate_;
  double tokens_;
  std::chrono::steady_clock::time_point filled_at_ = std::chrono::steady_clock::now();
};

std::string reason_of(const Failure& failure) {
  if (failure == asio::error::address_in_use) {
    return std::string{tr("порт занят другой программой", "another program uses the port")};
  }
  if (failure == asio::error::access_denied) {
    return std::string{tr("порты ниже 1024 доступны только root", "ports below 1024 need root")};
  }
  if (failure.value() == EADDRNOTAVAIL) {
    return std::string{tr("у этого сервера нет такого адреса", "this machine has no such address")};
  }
  return failure.message();
}

Error cannot_listen(ErrorKind kind, const WebOptions& options, const std::string& reason) {
  return error(
      kind,
      fmt::format(fmt::runtime(tr("Не удалось принимать события на {}:{}: {}. Измените http.listen "
                                  "в настройках.",
                                  "Cannot take events at {}:{}: {}. Change http.listen in the "
                                  "settings.")),
                  options.host, options.port, reason));
}

void log_thrown(const std::exception_ptr& thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    log::error("a request failed: reason={}", log::quoted(e.what()));
  }
}

}  // namespace

// Everything but the counters belongs to the listener's thread once it runs.
struct WebServer::Impl {
  // One open connection, entered in the listener's books for as long as it lives.
  struct Connection {
    Connection(Impl& impl, tcp::socket socket, asio::ip::address address)
        : home(impl), from(std::move(address)), stream(std::move(socket)) {
      home.open.insert(this);
      ++home.per_address[from];
    }
    ~Connection() {
      home.open.erase(this);
      const auto count = home.per_address.find(from);
      if (--count->second == 0) home.per_address.erase(count);
      home.room.cancel();
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    Impl& home;
    asio::ip::address from;
    beast::tcp_stream stream;
    // Holds a head, or the part of a body that the parser has not taken yet.
    beast::flat_buffer buffer{home.options.head_limit + 1024};
  };

  struct Reply {
    Answer answer;
    bool keep_alive = false;
    bool head_only = false;
  };

  Impl(WebOptions with, HintSink to)
      : options(std::move(with)), sink(std::move(to)), budget(options.events_per_second) {}

  Result<int> start();
  void stop();

  asio::awaitable<void> accept_all();
  void admit(tcp::socket socket);
  asio::awaitable<void> serve(std::unique_ptr<Connection> connection);
  asio::awaitable<bool> serve_one(Connection& connection);
  asio::awaitable<Failure> read_body(Connection& connection,
                                     http::request_parser<http::string_body>& parser);
  Reply serve_whole(const Connection& connection, const Request& request);
  asio::awaitable<bool> send(Connection& connection, const Reply& reply);
  asio::awaitable<void> part(Connection& connection);
  Answer take_event(const Connection& connection, std::string_view body);
  Answer take_installation(const Connection& connection, std::string_view body);
  Result<std::vector<Hint>> hints_of(std::string_view body) const;
  void refuse(const Connection& connection, const char* reason);

  const WebOptions options;
  const HintSink sink;
  EventBudget budget;
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> events{0};
  std::atomic<std::uint64_t> refused{0};
  std::chrono::steady_clock::time_point refusal_logged{};

  bool stopping = false;
  std::unordered_set<Connection*> open;
  std::map<asio::ip::address, std::size_t> per_address;
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  asio::steady_timer room{context};  // cancelled whenever a connection ends
  std::jthread thread;
};

Result<int> WebServer::Impl::start() {
  Failure failure;
  const auto address = asio::ip::make_address(options.host, failure);
  if (failure) {
    return cannot_listen(ErrorKind::invalid_input, options,
                         std::string{tr("это не IP-адрес", "this is no IP address")});
  }
  if (options.port < 0 || options.port > 65535) {
    return cannot_listen(ErrorKind::invalid_input, options,
                         std::string{tr("такого порта нет", "there is no such port")});
  }
  const tcp::endpoint place{address, static_cast<std::uint16_t>(options.port)};
  acceptor.open(place.protocol(), failure);
  if (!failure) acceptor.set_option(tcp::acceptor::reuse_address{true}, failure);
  if (!failure) acceptor.bind(place, failure);
  if (!failure) acceptor.listen(kBacklog, failure);
  if (failure) {
    // A port may come free; a right does not come by waiting.
    const bool forbidden = failure == asio::error::access_denied;
    return cannot_listen(forbidden ? ErrorKind::invalid_input : ErrorKind::unavailable, options,
                         reason_of(failure));
  }

  const int port = acceptor.local_endpoint().port();
  asio::co_spawn(context, accept_all(), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  thread = std::jthread{[this] {
    pthread_setname_np(pthread_self(), "web");
    context.run();
  }};
  return port;
}

void WebServer::Impl::stop() {
  if (!thread.joinable()) return;
  asio::post(context, [this] {
    stopping = true;
    Failure ignored;
    acceptor.close(ignored);
    room.cancel();
    for (Connection* connection : open) connection->stream.close();
  });
  thread.join();
}

asio::awaitable<void> WebServer::Impl::accept_all() {
  while (!stopping) {
    if (open.size() >= options.connections) {
      room.expires_at(asio::steady_timer::time_point::max());
      co_await room.async_wait(kAsTuple);
      continue;
    }
    auto [failure, socket] = co_await acceptor.async_accept(kAsTuple);
    if (!failure) {
      admit(std::move(socket));
    } else if (!stopping) {
      log::warn("cannot accept a connection: reason={}", log::quoted(failure.message()));
      room.expires_after(kAcceptPause);
      co_await room.async_wait(kAsTuple);
    }
  }
}

void WebServer::Impl::admit(tcp::socket socket) {
  Failure failure;
  const asio::ip::address from = socket.remote_endpoint(failure).address();
  if (failure) return;  // gone already
  const auto count = per_address.find(from);
  if (count != per_address.end() && count->second >= options.connections_per_address) {
    log::debug("connection closed, too many of one address: from={}", from.to_string());
    return;
  }
  socket.set_option(tcp::no_delay{true}, failure);
  auto connection = std::make_unique<Connection>(*this, std::move(socket), from);
  asio::co_spawn(context, serve(std::move(connection)), log_thrown);
}

asio::awaitable<void> WebServer::Impl::serve(std::unique_ptr<Connection> connection) {
  bool again = true;
  while (again && !stopping) again = co_await serve_one(*connection);
}

// Serves one request and tells whether the connection may carry another.
asio::awaitable<bool> WebServer::Impl::serve_one(Connection& connection) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(options.head_limit));
  parser.body_limit(options.body_limit);
  connection.stream.expires_after(options.request_deadline);

  // GCC 12 garbles temporaries of conditional expressions in coroutines: so there are none here.
  Reply reply;
  auto [failure, size] =
      co_await http::async_read_header(connection.stream, connection.buffer, parser, kAsTuple);
  if (!failure) {
    ++requests;
    reply.answer = judge_head(parser.get(), static_cast<bool>(options.installation));
    if (reply.answer.status == http::status::ok) failure = co_await read_body(connection, parser);
  }
  if (failure) {
    if (!can_hear(failure)) co_return false;
    reply.answer = judge_failure(failure);
  } else if (reply.answer.status == http::status::ok) {
    reply = serve_whole(connection, parser.get());
  }
  const bool sent = co_await send(connection, reply);
  if (!sent) co_return false;
  if (!reply.keep_alive) co_await part(connection);
  co_return reply.keep_alive;
}

WebServer::Impl::Reply WebServer::Impl::serve_whole(const Connection& connection,
                                                    const Request& request) {
  Reply reply;
  reply.keep_alive = request.keep_alive();
  reply.head_only = request.method() == http::verb::head;
  if (is_event(path_of(request))) reply.answer = take_event(connection, request.body());
  if (is_installation(path_of(request))) {
    reply.answer = take_installation(connection, request.body());
  }
  return reply;
}

asio::awaitable<Failure> WebServer::Impl::read_body(
    Connection& connection, http::request_parser<http::string_body>& parser) {
  // Old clients wait a second for this line before they send a larger body.
  if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    auto [failure, written] = co_await asio::async_write(
        connection.stream, asio::buffer(kContinue.data(), kContinue.size()), kAsTuple);
    if (failure) co_return failure;
  }
  auto [failure, size] =
      co_await http::async_read(connection.stream, connection.buffer, parser, kAsTuple);
  co_return failure;
}

asio::awaitable<bool> WebServer::Impl::send(Connection& connection, const Reply& reply) {
  const Answer& answer = reply.answer;
  http::response<http::string_body> response{answer.status, 11};
  response.set(http::field::content_type, "text/plain; charset=utf-8");
  if (!answer.allow.empty()) {
    response.set(http::field::allow, beast::string_view{answer.allow.data(), answer.allow.size()});
  }
  response.keep_alive(reply.keep_alive);
  response.content_length(answer.text.size());
  if (!reply.head_only) response.body() = answer.text;
  auto [failure, written] = co_await http::async_write(connection.stream, response, kAsTuple);
  co_return !failure;
}

// Closing a socket with unread bytes resets it, and the peer may lose our answer: so our half is
// closed first and what still comes is thrown away, within a limit.
asio::awaitable<void> WebServer::Impl::part(Connection& connection) {
  Failure ignored;
  connection.stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  connection.stream.expires_after(kLinger);
  std::array<char, 4096> scrap;
  for (std::size_t taken = 0; taken < kLingerBytes && !stopping;) {
    auto [failure, size] =
        co_await connection.stream.async_read_some(asio::buffer(scrap), kAsTuple);
    if (failure) break;
    taken += size;
  }
}

Answer WebServer::Impl::take_event(const Connection& connection, std::string_view body) {
  if (!budget.take()) {
    refuse(connection, "too_fast");
    return kTooFast;
  }
  const Result<std::vector<Hint>> hints = hints_of(body);
  if (!hints) {
    refuse(connection, name(hints.error().kind));
    // The same answer as to a believed event: a stranger must not learn if his guess was right.
    return is_form(body) ? Answer{} : kNoForm;
  }
  ++events;
  for (const Hint& hint : *hints) {
    if (!sink(hint)) log::debug("hint dropped, no room: {}={}", name(hint.entity), hint.id);
  }
  return {};
}

// Proven by the outbound webhook's token or by the application's.
Result<std::vector<Hint>> WebServer::Impl::hints_of(std::string_view body) const {
  auto hints = parse_event(body, options.application_token);
  if (hints || hints.error().kind != ErrorKind::no_rights || !options.installed_token) return hints;
  return parse_event(body, options.installed_token());
}

// Believed or not is found out later, by asking the token server: nobody learns it from the answer.
Answer WebServer::Impl::take_installation(const Connection& connection, std::string_view body) {
  if (!budget.take()) {
    refuse(connection, "too_fast");
    return kTooFast;
  }
  if (!is_form(body)) return kNoForm;
  options.installation(std::string{body});
  return {};
}

void WebServer::Impl::refuse(const Connection& connection, const char* reason) {
  ++refused;
  const auto now = std::chrono::steady_clock::now();
  if (refusal_logged != decltype(now){} && now - refusal_logged < kRefusalLogEvery) return;
  refusal_logged = now;
  log::warn("event refused: reason={} from={} refused={}", reason, connection.from.to_string(),
            refused.load());
}

WebServer::WebServer(WebOptions options, HintSink sink)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(sink))) {}

WebServer::~WebServer() { impl_->stop(); }

Result<int> WebServer::start() { return impl_->start(); }

void WebServer::stop() { impl_->stop(); }

WebCounters WebServer::counters() const {
  return {.requests = impl_->requests, .events = impl_->events, .refused = impl_->refused};
}

}  // namespace b24
