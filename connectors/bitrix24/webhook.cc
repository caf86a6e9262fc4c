#include <fmt/format.h>

#include "connectors/bitrix24/client.h"
#include "rules/base/language.h"

namespace b24 {
namespace {

Error malformed() {
  return error(
      ErrorKind::invalid_input,
      std::string(tr("Адрес вебхука должен выглядеть так: "
                     "https://портал.bitrix24.ru/rest/17/ключ/ – скопируйте его на портале "
                     "целиком: Разработчикам → Другое → Входящий вебхук.",
                     "The address of a webhook must look like this: "
                     "https://portal.bitrix24.com/rest/17/key/. Copy the whole of it on "
                     "the portal: Developer resources → Other → Inbound webhook.")));
}

std::string_view stripped(std::string_view text) {
  constexpr std::string_view kAround = " \t\r\n\"'";
  const auto first = text.find_first_not_of(kAround);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kAround) - first + 1);
}

bool only(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kKey =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
constexpr std::string_view kRest = "/rest/";

}  // namespace

Result<Webhook> parse_webhook(const Secret& address) {
  auto url = parse_url(stripped(address.reveal()));
  if (!url) return url.error();
  const std::string path = url->path;
  const auto rest = path.find(kRest);
  if (rest == std::string::npos) return malformed();
  std::string_view tail = std::string_view(path).substr(rest + kRest.size());
  const auto slash = tail.find('/');
  if (slash == std::string_view::npos || slash > 18) return malformed();
  const std::string_view user = tail.substr(0, slash);
  tail.remove_prefix(slash + 1);
  // The portal shows the address together with a method: "…/key/profile.json".
  const std::string_view key = tail.substr(0, tail.find('/'));
  if (!only(user, kDigits) || !only(key, kKey)) return malformed();

  Webhook webhook;
  webhook.user_id = std::stoll(std::string(user));
  webhook.path = Secret(path.substr(0, rest) + fmt::format("/rest/{}/{}", user, key));
  webhook.url = std::move(*url);
  webhook.url.path = "/";
  return webhook;
}

}  // namespace b24
