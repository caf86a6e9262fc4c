#include <fmt/format.h>

#include "connectors/bitrix24/application.h"
#include "connectors/bitrix24/client.h"

namespace b24 {

Access::Access(Webhook webhook)
    : url(std::move(webhook.url)), path(std::move(webhook.path)), user_id(webhook.user_id) {}

Access::Access(std::shared_ptr<Application> given)
    : url(given->keys().portal), application(std::move(given)) {
  path = Secret{(url.path == "/" ? "" : url.path) + "/rest"};
  url.path = "/";
}

std::string Access::portal_url() const {
  const int usual = url.tls ? 443 : 80;
  const std::string port = url.port == usual ? "" : fmt::format(":{}", url.port);
  const bool v6 = url.host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}{}", url.tls ? "https" : "http", v6 ? "[" : "", url.host,
                     v6 ? "]" : "", port);
}

}  // namespace b24
