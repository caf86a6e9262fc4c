#include "tests/portal/stream.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

namespace b24::sim {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLongestWait = std::chrono::hours{1};

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

Stream& stream_of(BIO* bio) { return *static_cast<Stream*>(BIO_get_data(bio)); }

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL and knows no deadline.
const BIO_METHOD* stream_bio() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
    BIO_meth_set_read(made, [](BIO* bio, char* to, int size) {
      return static_cast<int>(stream_of(bio).read_raw(to, static_cast<std::size_t>(size)));
    });
    BIO_meth_set_write(made, [](BIO* bio, const char* from, int size) {
      return stream_of(bio).write_raw({from, static_cast<std::size_t>(size)}) ? size : -1;
    });
    BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) -> long {
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return made;
  }();
  return method;
}

}  // namespace

Tls::Tls(const std::string& certificate_file, const std::string& key_file)
    : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
  if (SSL_CTX_use_certificate_chain_file(context_.get(), certificate_file.c_str()) != 1) {
    throw std::runtime_error("no certificate can be read from " + certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context_.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("the certificate's key cannot be read from " + key_file);
  }
}

Tls::Tls() : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {}

Stream::~Stream() { ::close(descriptor_); }

void Stream::expires_after(std::chrono::milliseconds time) {
  deadline_ = steady_clock::now() + time;
}

bool Stream::accept_tls(const Tls& tls) { return start_tls(tls, SSL_accept); }
bool Stream::connect_tls(const Tls& tls) { return start_tls(tls, SSL_connect); }

bool Stream::start_tls(const Tls& tls, int (*shake_hands)(ssl_st*)) {
  tls_ = {SSL_new(tls.get()), SSL_free};
  BIO* const bio = BIO_new(stream_bio());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(tls_.get(), bio, bio);
  return shake_hands(tls_.get()) == 1;
}

std::size_t Stream::read(char* to, std::size_t size) {
  if (!tls_) return read_raw(to, size);
  std::size_t got = 0;
  return SSL_read_ex(tls_.get(), to, size, &got) == 1 ? got : 0;
}

bool Stream::write(std::string_view text) {
  if (!tls_) return write_raw(text);
  std::size_t sent = 0;
  return text.empty() || SSL_write_ex(tls_.get(), text.data(), text.size(), &sent) == 1;
}

void Stream::shut_down() { ::shutdown(descriptor_, SHUT_RDWR); }

void Stream::finish() { ::shutdown(descriptor_, SHUT_WR); }

void Stream::reset_on_close() {
  const linger at_once{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool Stream::wait_for(short event) const {
  for (;;) {
    const auto now = steady_clock::now();
    if (now >= deadline_) return false;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        std::min<steady_clock::duration>(deadline_ - now, kLongestWait));
    pollfd waited{descriptor_, event, 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::size_t Stream::read_raw(char* to, std::size_t size) {
  while (wait_for(POLLIN)) {
    const ssize_t got = ::recv(descriptor_, to, size, MSG_DONTWAIT);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (!would_block()) return 0;
  }
  return 0;
}

bool Stream::write_raw(std::string_view text) {
  while (!text.empty()) {
    if (!wait_for(POLLOUT)) return false;
    const ssize_t sent = ::send(descriptor_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
    } else if (!would_block()) {
      return false;
    }
  }
  return true;
}

std::unique_ptr<Stream> connect_to(const std::string& host, const std::string& port,
                                   std::chrono::milliseconds time) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return nullptr;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{found, ::freeaddrinfo};
  for (const addrinfo* place = found; place != nullptr; place = place->ai_next) {
    const int descriptor = ::socket(place->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) continue;
    auto stream = std::make_unique<Stream>(descriptor);
    const timeval limit{time.count() / 1000, time.count() % 1000 * 1000};
    const int yes = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (::connect(descriptor, place->ai_addr, place->ai_addrlen) == 0) {
      stream->expires_after(time);
      return stream;
    }
  }
  return nullptr;
}

}  // namespace b24::sim
