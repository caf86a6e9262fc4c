#include "connectors/http.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <httplib.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "connectors/certificate.h"
#include "connectors/gzip.h"
#include "connectors/say.h"

namespace b24 {
namespace {

bool is_address(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  return inet_pton(AF_INET, host.c_str(), &v4) == 1 || inet_pton(AF_INET6, host.c_str(), &v6) == 1;
}

std::string without_controls(std::string text) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return text;
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

// Writing to a closed connection raises SIGPIPE, which would end the program. Held back in this
// thread while a call lasts, and swallowed if it came.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    const timespec at_once{};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

std::string broken_connection(httplib::Error code, const std::string& host) {
  switch (code) {
    case httplib::Error::SSLConnection:
      return say("Не удалось установить защищённое соединение с порталом {} – проверьте его адрес.",
                 "No secure connection to the portal {} could be made: check its address.", host);
    case httplib::Error::ConnectionTimeout:
    case httplib::Error::Connection:
      return say(
          "Нет связи с порталом {} – проверьте его адрес и доступ в интернет.",
          "No connection to the portal {}: check its address and the access to the internet.",
          host);
    default:
      return say("Портал {} оборвал соединение, не закончив ответ, – повторим позже.",
                 "The portal {} broke the connection before its answer was complete; we shall try "
                 "again later.",
                 host);
  }
}

}  // namespace

struct HttpConnection::Impl {
  Impl(Url u, HttpOptions o) : url(std::move(u)), options(std::move(o)) { set_up(); }
  ~Impl() {
    const NoBrokenPipe quiet;  // TLS says good-bye to a peer that may be gone
    client.reset();
    forget_socket();
  }

  void set_up();
  void set_up_tls();
  void drop_if_stale();
  Result<HttpAnswer> exchange(httplib::Request& request);
  Result<HttpAnswer> unpacked(HttpAnswer answer);
  Error failure(httplib::Error code, bool too_large);
  Error certificate_failure() const;

  static int verify(X509_STORE_CTX* store, void* self);

  // The socket of the connection, as a duplicate of our own: shutting it down ends a call in any
  // state of httplib, and its number cannot pass to somebody else's file meanwhile.
  void remember_socket(int fd);
  void forget_socket();
  void shut_down();

  enum class End { none, expired, cancelled };
  // Ends the exchange under way when its time is over or cancel() was called.
  void watch(const std::stop_token& stop, std::chrono::steady_clock::time_point deadline);

  Url url;
  HttpOptions options;
  std::unique_ptr<httplib::Client> client;
  bool ca_file_bad = false;
  std::optional<CertificateFault> fault;

  std::mutex mutex;  // guards what follows
  std::condition_variable_any changed;
  int socket = -1;
  bool cancelled = false;
  End end = End::none;
};

void HttpConnection::Impl::set_up() {
  client = std::make_unique<httplib::Client>(
      fmt::format("{}://{}:{}", url.tls ? "https" : "http", bracketed(url.host), url.port));
  client->set_connection_timeout(options.connect_timeout);
  // The watch ends an exchange; these only keep httplib's own defaults of five seconds away.
  client->set_read_timeout(options.total_timeout + seconds{5});
  client->set_write_timeout(options.total_timeout + seconds{5});
  client->set_keep_alive(true);
  client->set_tcp_nodelay(true);
  client->set_follow_location(false);
  client->set_decompress(false);  // gunzip() does it, several times as quickly
  client->set_hostname_addr_map(options.addresses);
  client->set_socket_options([this](socket_t fd) { remember_socket(fd); });
  if (url.tls) set_up_tls();
}

void HttpConnection::Impl::set_up_tls() {
  SSL_CTX* context = client->ssl_context();
  if (!context) return;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  client->enable_server_certificate_verification(true);
  // httplib loads the system's store at the first call; this comes on top of it.
  if (!options.ca_file.empty()) {
    ca_file_bad = SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1;
  }
  SSL_CTX_set_cert_verify_callback(context, &Impl::verify, this);
}

// OpenSSL's own verification, with the host among what is verified, so that one result names
// whatever is wrong. httplib then refuses the connection by that result.
int HttpConnection::Impl::verify(X509_STORE_CTX* store, void* self) {
  auto* impl = static_cast<Impl*>(self);
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(store);
  if (is_address(impl->url.host)) {
    X509_VERIFY_PARAM_set1_ip_asc(param, impl->url.host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(param, impl->url.host.c_str(), 0);
  }
  const int result = X509_verify_cert(store);
  if (result != 1) impl->fault = certificate_fault(store);
  return result;
}

void HttpConnection::Impl::remember_socket(int fd) {
  const int copy = dup(fd);
  std::lock_guard lock{mutex};
  if (socket >= 0) ::close(socket);
  socket = copy;
}

void HttpConnection::Impl::forget_socket() {
  std::lock_guard lock{mutex};
  if (socket >= 0) ::close(socket);
  socket = -1;
}

void HttpConnection::Impl::shut_down() {
  std::lock_guard lock{mutex};
  if (socket >= 0) ::shutdown(socket, SHUT_RDWR);
}

void HttpConnection::Impl::watch(const std::stop_token& stop,
                                 std::chrono::steady_clock::time_point deadline) {
  {
    std::unique_lock lock{mutex};
    changed.wait_until(lock, stop, deadline, [this] { return cancelled; });
    if (stop.stop_requested()) return;
    end = cancelled ? End::cancelled : End::expired;
  }
  // Again and again, since the socket may be opened only now.
  while (!stop.stop_requested()) {
    shut_down();
    std::unique_lock lock{mutex};
    changed.wait_for(lock, stop, milliseconds{20}, [] { return false; });
  }
}

// A server may have closed the idle connection meanwhile; over TLS httplib would notice only by
// losing the next request.
void HttpConnection::Impl::drop_if_stale() {
  int fd = -1;
  {
    std::lock_guard lock{mutex};
    fd = socket;
  }
  if (fd < 0) return;
  pollfd state{fd, POLLIN | POLLRDHUP, 0};
  if (::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
    client->stop();
    forget_socket();
  }
}

Error HttpConnection::Impl::certificate_failure() const {
  const CertificateFault f = fault.value_or(CertificateFault{});
  return error(ErrorKind::blocked, about(f, url.host));
}

Error HttpConnection::Impl::failure(httplib::Error code, bool too_large) {
  End how = End::none;
  {
    std::lock_guard lock{mutex};
    how = end;
  }
  if (how == End::cancelled) return stopped();
  if (how == End::none && code == httplib::Error::SSLServerVerification) {
    return certificate_failure();
  }
  std::string text;
  if (how == End::expired) {
    text = say("Портал {} не ответил за {} с – повторим позже.",
               "The portal {} did not answer within {} s; we shall try again later.", url.host,
               options.total_timeout.count());
  } else if (too_large) {
    text = say("Ответ портала {} больше {} МиБ – он не принят.",
               "The answer of the portal {} is larger than {} MiB and was not taken.", url.host,
               options.answer_limit / (1024 * 1024));
  } else {
    text = broken_connection(code, url.host);
  }
  return error(ErrorKind::unavailable, std::move(text));
}

Result<HttpAnswer> HttpConnection::Impl::exchange(httplib::Request& request) {
  const NoBrokenPipe quiet;
  HttpAnswer answer;
  bool too_large = false;
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    too_large = size > options.answer_limit - answer.body.size();
    if (!too_large) answer.body.append(data, size);
    return !too_large;
  };
  const auto deadline = std::chrono::steady_clock::now() + options.total_timeout;
  httplib::Result result{nullptr, httplib::Error::Unknown};
  {
    const std::jthread watcher{
        [this, deadline](const std::stop_token& stop) { watch(stop, deadline); }};
    drop_if_stale();
    result = client->send(request);
  }
  if (!result) {
    client->stop();
    forget_socket();
    return failure(result.error(), too_large);
  }
  answer.status = result->status;
  answer.location = result->get_header_value("Location");
  const bool packed = result->get_header_value("Content-Encoding") == "gzip";
  return packed ? unpacked(std::move(answer)) : Result<HttpAnswer>{std::move(answer)};
}

Result<HttpAnswer> HttpConnection::Impl::unpacked(HttpAnswer answer) {
  const std::string packed = std::exchange(answer.body, {});
  switch (gunzip(packed, options.answer_limit, answer.body)) {
    case Gunzip::done:
      return answer;
    case Gunzip::too_large:
      return failure(httplib::Error::Unknown, /*too_large=*/true);
    case Gunzip::broken:
      break;
  }
  return failure(httplib::Error::Read, /*too_large=*/false);
}

HttpConnection::HttpConnection(Url url, HttpOptions options)
    : impl_(std::make_unique<Impl>(std::move(url), std::move(options))) {}

HttpConnection::~HttpConnection() = default;

Result<HttpAnswer> HttpConnection::post(const std::string& path, const std::string& body,
                                        std::string_view content_type) {
  if (impl_->ca_file_bad) {
    return error(
        ErrorKind::blocked,
        fmt::format(fmt::runtime(tr("Файл сертификатов {} не читается – проверьте ca_file.",
                                    "The file of certificates {} cannot be read: check "
                                    "ca_file.")),
                    impl_->options.ca_file));
  }
  {
    std::lock_guard lock{impl_->mutex};
    impl_->end = impl_->cancelled ? Impl::End::cancelled : Impl::End::none;
    impl_->fault.reset();
  }
  if (impl_->end == Impl::End::cancelled) return impl_->failure(httplib::Error::Canceled, false);
  httplib::Request request;
  request.method = "POST";
  request.path = path;
  request.body = body;
  request.headers = {{"Content-Type", without_controls(std::string(content_type))},
                     {"Accept", "application/json"},
                     {"Accept-Encoding", "gzip"},
                     {"User-Agent", without_controls(impl_->options.user_agent)}};
  return impl_->exchange(request);
}

void HttpConnection::cancel() {
  {
    std::lock_guard lock{impl_->mutex};
    impl_->cancelled = true;
  }
  impl_->changed.notify_all();
}

}  // namespace b24
