#include "tests/portal/server.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

#include "tests/portal/http_message.h"
#include "tests/portal/stream.h"

namespace b24::sim {
namespace {

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

HttpRequest to_request(HttpMessage& from, const std::string& source) {
  HttpRequest request;
  const std::string& line = from.first_line;
  const std::size_t verb_end = std::min(line.find(' '), line.size());
  const std::size_t target = std::min(verb_end + 1, line.size());
  request.verb = line.substr(0, verb_end);
  request.target = line.substr(target, line.find(' ', target) - target);
  request.body = std::move(from.body);
  request.content_type = from.header("content-type");
  request.source = source;
  request.gzip = from.header("accept-encoding").find("gzip") != std::string_view::npos;
  return request;
}

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

enum class After { keep, close };

std::string to_head(const HttpReply& reply, std::size_t body_size, bool packed, After after) {
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + ' ' + reason(reply.status) +
                     "\r\nServer: b24portal\r\nContent-Type: " + reply.content_type + "\r\n";
  if (!reply.location.empty()) head += "Location: " + reply.location + "\r\n";
  if (packed) head += "Content-Encoding: gzip\r\n";
  if (after == After::close) head += "Connection: close\r\n";
  return head + "Content-Length: " + std::to_string(body_size) + "\r\n\r\n";
}

std::runtime_error refused(const ServerOptions& options, const char* why) {
  return std::runtime_error("cannot listen at " + options.address + ':' +
                            std::to_string(options.port) + ": " + why);
}

int listen_at(const ServerOptions& options) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(options.port);
  if (const int problem = ::getaddrinfo(options.address.c_str(), port.c_str(), &hints, &found)) {
    throw refused(options, ::gai_strerror(problem));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{found, ::freeaddrinfo};
  const int descriptor = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  if (descriptor < 0 || ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      ::bind(descriptor, found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(descriptor, SOMAXCONN) != 0) {
    const int why = errno;
    if (descriptor >= 0) ::close(descriptor);
    throw refused(options, std::strerror(why));
  }
  return descriptor;
}

// The end of a connection, or of a listener.
struct Address {
  sockaddr_storage place{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&place); }

  std::string host() {
    char name[NI_MAXHOST] = "unknown";
    ::getnameinfo(get(), size, name, sizeof name, nullptr, 0, NI_NUMERICHOST);
    return name;
  }

  int port() {
    char name[NI_MAXSERV] = "0";
    ::getnameinfo(get(), size, nullptr, 0, name, sizeof name, NI_NUMERICSERV);
    return std::stoi(name);
  }
};

}  // namespace

struct Server::Impl {
  struct Connection {
    explicit Connection(int descriptor) : stream(std::make_unique<Stream>(descriptor)) {}
    std::unique_ptr<Stream> stream;  // under the lock, but for the connection's own thread
    std::thread thread;
  };

  Impl(ServerOptions given, Handler on_request, std::function<bool()> may_accept,
       std::function<void(std::size_t)> on_sent)
      : options(std::move(given)),
        handler(std::move(on_request)),
        accepting(std::move(may_accept)),
        sent(std::move(on_sent)) {
    if (!options.tls_certificate.empty()) tls.emplace(options.tls_certificate, options.tls_key);
    listener = listen_at(options);
    Address address;
    ::getsockname(listener, address.get(), &address.size);
    bound_port = address.port();
    thread = std::thread([this] { accept_all(); });
  }

  ~Impl() {
    {
      std::lock_guard lock{mutex};
      stopping = true;
      for (Connection& connection : connections) {
        if (connection.stream) connection.stream->shut_down();
      }
    }
    stop_wish.notify_all();
    ::shutdown(listener, SHUT_RDWR);
    thread.join();
    ::close(listener);
    for (Connection& connection : connections) connection.thread.join();
  }

  void accept_all() {
    for (;;) {
      Address peer;
      const int descriptor = ::accept4(listener, peer.get(), &peer.size, SOCK_CLOEXEC);
      if (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
      if (descriptor < 0) return;
      join_those_over();
      if (accepting()) {
        let_in(descriptor, peer.host());
      } else {
        Stream{descriptor}.reset_on_close();
      }
    }
  }

  void let_in(int descriptor, std::string source) {
    const int yes = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    std::lock_guard lock{mutex};
    Connection& connection = connections.emplace_back(descriptor);
    if (stopping) connection.stream->shut_down();
    connection.thread = std::thread([this, &connection, source = std::move(source)] {
      serve(*connection.stream, source);
      std::lock_guard closing{mutex};
      connection.stream.reset();
    });
  }

  // A connection without a stream has a thread that is about to end.
  void join_those_over() {
    std::list<Connection> over;
    {
      std::lock_guard lock{mutex};
      for (auto it = connections.begin(); it != connections.end();) {
        const auto next = std::next(it);
        if (!it->stream) over.splice(over.end(), connections, it);
        it = next;
      }
    }
    for (Connection& connection : over) connection.thread.join();
  }

  void serve(Stream& stream, const std::string& source) {
    stream.expires_after(kIdle);
    if (tls && !stream.accept_tls(*tls)) return;
    HttpReader reader{stream, BodyEnd::nothing, kBodyLimit};
    for (;;) {
      stream.expires_after(kIdle);
      std::optional<HttpMessage> message = reader.next();
      if (!message) return;
      if (!accepting()) return stream.reset_on_close();
      const bool keep_alive = message->keep_alive();
      const HttpRequest request = to_request(*message, source);
      const HttpReply reply = answer(request);
      if (!pause(reply.delay)) return;
      if (reply.end == HttpReply::End::reset) return stream.reset_on_close();
      stream.expires_after(kIdle);
      const bool kept = keep_alive && reply.end == HttpReply::End::normal;
      if (!send(stream, reply, request, kept ? After::keep : After::close) || !kept) return;
    }
  }

  HttpReply answer(const HttpRequest& request) {
    std::lock_guard lock{one_request};
    return handler(request);
  }

  // Whether the time passed; not when the server stops meanwhile.
  bool pause(milliseconds time) {
    if (time.count() <= 0) return true;
    std::unique_lock lock{mutex};
    return !stop_wish.wait_for(lock, time, [this] { return stopping; });
  }

  bool send(Stream& stream, const HttpReply& reply, const HttpRequest& request, After after) {
    const bool whole = reply.end == HttpReply::End::normal;
    const bool packed = options.gzip && request.gzip && whole && !reply.body.empty();
    const std::string body = packed ? gzip(reply.body) : reply.body;
    sent(body.size());
    const std::size_t shown = whole ? body.size() : body.size() / 2;
    if (!stream.write(to_head(reply, body.size(), packed, after) + body.substr(0, shown))) {
      return false;
    }
    if (after == After::close) stream.finish();
    return true;
  }

  ServerOptions options;
  Handler handler;
  std::mutex one_request;  // the handler is called by one thread at a time
  std::function<bool()> accepting;
  std::function<void(std::size_t)> sent;
  std::optional<Tls> tls;
  int listener = -1;
  int bound_port = 0;

  std::mutex mutex;  // guards what follows
  std::condition_variable stop_wish;
  bool stopping = false;
  std::list<Connection> connections;

  std::thread thread;
};

Server::Server(ServerOptions options, Handler handler, std::function<bool()> accepting,
               std::function<void(std::size_t)> sent)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler), std::move(accepting),
                                   std::move(sent))) {}

Server::~Server() = default;

int Server::port() const { return impl_->bound_port; }

}  // namespace b24::sim
