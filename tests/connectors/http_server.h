#pragma once

#include <unistd.h>
#include <zlib.h>

#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "connectors/http.h"
#include "tests/support/certificates.h"

// A small real HTTP(S) server on loopback for the tests of connectors: it answers what it is told
// to, also in the ways servers should not.

namespace b24::test {

inline std::string gzipped(const std::string& text) {
  z_stream z{};
  deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  std::string in = text;
  z.next_in = reinterpret_cast<Bytef*>(in.data());
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

struct Seen {
  std::string target;
  std::string body{};
  std::string host;
  std::string accept_encoding;
  int connection = 0;  // counted from 1
};

enum class Manner {
  proper,
  gzip,         // compressed
  gzip_spoilt,  // with a byte changed on the way
  hang_up,      // a proper answer, then the connection is closed without a word about it
  cut,          // half of the body, then closed
  drip_head,    // one byte of the head now and then, for ever
  drip_body,    // the same with the body
  silence,      // no answer at all
};

struct Reply {
  std::string body{};
  int status = 200;
  std::string location{};
  Manner manner = Manner::proper;
};

class HttpServer {
 public:
  using Handler = std::function<Reply(const Seen&)>;

  // Throws boost::system::system_error where it may not listen.
  explicit HttpServer(Handler handler, const std::optional<Certificate>& certificate = {},
                      const std::string& address = "127.0.0.1", unsigned short port = 0)
      : handler_(std::move(handler)),
        acceptor_(io_, {boost::asio::ip::make_address(address), port}) {
    if (certificate) {
      tls_.emplace(boost::asio::ssl::context::tls_server);
      tls_->use_certificate_file(certificate->file.string(), boost::asio::ssl::context::pem);
      tls_->use_private_key_file(certificate->key.string(), boost::asio::ssl::context::pem);
    }
    port_ = acceptor_.local_endpoint().port();
    accepting_ = std::jthread([this] { accept(); });
  }
  ~HttpServer() {
    stopping_ = true;
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    accepting_.join();
    {
      std::lock_guard lock{mutex_};
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    threads_.clear();
    for (const int fd : open_) ::close(fd);
  }

  int port() const { return port_; }
  Url url(const std::string& host = "127.0.0.1") const {
    return {tls_.has_value(), host, port_, "/"};
  }
  // Waits until so many connections have been closed by this side; false if they never are.
  [[nodiscard]] bool wait_ended(int connections) {
    std::unique_lock lock{mutex_};
    return ended_changed_.wait_for(lock, std::chrono::seconds{60},
                                   [&] { return ended_ >= connections; });
  }
  std::vector<Seen> seen() const {
    std::lock_guard lock{mutex_};
    return seen_;
  }

 private:
  using Socket = boost::asio::ip::tcp::socket;
  using Request = boost::beast::http::request<boost::beast::http::string_body>;

  void accept() {
    for (int number = 1; !stopping_; ++number) {
      boost::system::error_code error;
      Socket socket(io_);
      acceptor_.accept(socket, error);
      if (error || stopping_) return;
      socket.set_option(boost::asio::ip::tcp::no_delay(true));
      std::lock_guard lock{mutex_};
      open_.push_back(::dup(socket.native_handle()));
      threads_.emplace_back(
          [this, number, s = std::make_shared<Socket>(std::move(socket))] { serve(*s, number); });
    }
  }

  void serve(Socket& socket, int number) {
    try {
      if (tls_) {
        boost::asio::ssl::stream<Socket&> stream(socket, *tls_);
        stream.handshake(boost::asio::ssl::stream_base::server);
        converse(stream, number);
      } else {
        converse(socket, number);
      }
    } catch (const std::exception&) {
      // The other side went away: what most of these tests provoke.
    }
    boost::system::error_code ignored;
    socket.shutdown(Socket::shutdown_both, ignored);
    std::lock_guard lock{mutex_};
    ++ended_;
    ended_changed_.notify_all();
  }

  template <class Stream>
  void converse(Stream& stream, int number) {
    boost::beast::flat_buffer buffer;
    while (!stopping_) {
      Request request;
      boost::beast::http::read(stream, buffer, request);
      Seen seen{std::string(request.target()), request.body(), std::string(request["Host"]),
                std::string(request["Accept-Encoding"]), number};
      {
        std::lock_guard lock{mutex_};
        seen_.push_back(seen);
      }
      if (!answer(stream, handler_(seen))) return;
    }
  }

  // False when the connection is to be closed.
  template <class Stream>
  bool answer(Stream& stream, const Reply& reply) {
    const bool gzip = reply.manner == Manner::gzip || reply.manner == Manner::gzip_spoilt;
    std::string body = gzip ? gzipped(reply.body) : reply.body;
    if (reply.manner == Manner::gzip_spoilt) body[body.size() / 2] ^= 1;
    std::string head =
        "HTTP/1.1 " + std::to_string(reply.status) +
        " X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n";
    if (gzip) head += "Content-Encoding: gzip\r\n";
    if (!reply.location.empty()) head += "Location: " + reply.location + "\r\n";
    head += "\r\n";
    switch (reply.manner) {
      case Manner::cut:
        send(stream, head + body.substr(0, body.size() / 2));
        return false;
      case Manner::silence:
        drip(stream, "");
        return false;
      case Manner::drip_head:
        drip(stream, "HTTP/1.1 200 OK\r\nX-Long: ");
        return false;
      case Manner::drip_body:
        send(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        drip(stream, "{");
        return false;
      default:
        send(stream, head + body);
        return reply.manner != Manner::hang_up;
    }
  }

  template <class Stream>
  void send(Stream& stream, const std::string& text) {
    boost::asio::write(stream, boost::asio::buffer(text));
  }

  // Sends the text and then a byte every few milliseconds until somebody gives up.
  template <class Stream>
  void drip(Stream& stream, const std::string& text) {
    if (!text.empty()) send(stream, text);
    while (!stopping_) {
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
      if (!text.empty()) send(stream, "a");
    }
  }

  Handler handler_;
  boost::asio::io_context io_;
  std::optional<boost::asio::ssl::context> tls_;
  boost::asio::ip::tcp::acceptor acceptor_;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  int ended_ = 0;
  std::condition_variable ended_changed_;
  std::vector<Seen> seen_;
  std::vector<int> open_;
  std::list<std::jthread> threads_;
  std::jthread accepting_;
};

}  // namespace b24::test
