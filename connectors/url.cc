#include <arpa/inet.h>

#include <charconv>
#include <optional>
#include <utility>

#include "connectors/ascii.h"
#include "connectors/http.h"
#include "rules/base/language.h"

namespace b24 {
namespace {

bool is_loopback(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
  return host == "localhost" || host == "::1";
}

// Letters, digits and what host names and IPv6 addresses need; above all no CR or LF.
bool is_host(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  return host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._:") ==
         std::string_view::npos;
}

bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F)
      return false;
  }
  return true;
}

Error bad_url(std::string_view ru, std::string_view en) {
  return error(ErrorKind::invalid_input, std::string(tr(ru, en)));
}

// "host", "host:port" or "[v6]:port" into its two parts; the port with its colon.
std::pair<std::string_view, std::string_view> host_and_port(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return {};
    return {authority.substr(1, end - 1), authority.substr(end + 1)};
  }
  const auto colon = authority.find(':');
  if (colon == std::string_view::npos) return {authority, {}};
  return {authority.substr(0, colon), authority.substr(colon)};
}

std::optional<int> port_number(std::string_view text) {
  int number = 0;
  if (!text.starts_with(':')) return std::nullopt;
  text.remove_prefix(1);
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = fault == std::errc{} && end == text.data() + text.size();
  return whole && number >= 1 && number <= 65535 ? std::optional(number) : std::nullopt;
}

std::optional<Error> fault_of(const Url& url) {
  for (const char c : url.host) {
    if (static_cast<unsigned char>(c) < 0x80) continue;
    return bad_url(
        "Имя портала в адресе должно быть латиницей – русское имя запишите в виде xn--….",
        "The portal's name in the address must be in Latin letters: write another one "
        "as xn--….");
  }
  if (!is_host(url.host)) {
    return bad_url("В адресе нет имени портала.", "The address names no portal.");
  }
  if (url.path[0] != '/' || !is_printable(url.path)) {
    return bad_url("В адресе есть лишние знаки.", "There are stray characters in the address.");
  }
  if (!url.tls && !is_loopback(url.host)) {
    return bad_url("Адрес должен начинаться с https:// – без шифрования ключ вебхука виден всем.",
                   "The address must begin with https://: without encryption everybody can see "
                   "the webhook's key.");
  }
  return std::nullopt;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  Url url;
  const auto scheme = text.find("://");
  const std::string name =
      scheme == std::string_view::npos ? "" : lower_ascii(text.substr(0, scheme));
  if (name != "https" && name != "http") {
    return bad_url("Адрес должен начинаться с https://.", "The address must begin with https://.");
  }
  url.tls = name == "https";
  url.port = url.tls ? 443 : 80;
  text.remove_prefix(scheme + 3);

  const auto slash = text.find_first_of("/?#");
  const auto [host, port] = host_and_port(text.substr(0, slash));
  url.host = lower_ascii(host);
  url.path = slash == std::string_view::npos ? "/" : std::string(text.substr(slash));
  while (url.path.size() > 1 && url.path.back() == '/') url.path.pop_back();
  if (auto fault = fault_of(url)) return *fault;
  if (!port.empty()) {
    const auto number = port_number(port);
    if (!number) {
      return bad_url("В адресе неверный порт.", "The port in the address is wrong.");
    }
    url.port = *number;
  }
  return url;
}

}  // namespace b24
