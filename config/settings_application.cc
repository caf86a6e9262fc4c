#include <fmt/format.h>

#include "config/load.h"
#include "config/settings.h"

// portal.application: the portal reached by an OAuth application in place of a webhook.

namespace b24 {
namespace {

std::optional<Url> read_address(const YamlNode& node, Problems& problems) {
  const auto text = read_text(node, problems);
  if (!text) return std::nullopt;
  auto url = parse_url(*text);
  if (url) return *url;
  problems.error("R120", node,
                 {fmt::format("«{}» – не адрес: пишите, например, 'https://example.bitrix24.ru'",
                              excerpt(*text)),
                  fmt::format("\"{}\" is no address: write, for example, "
                              "'https://example.bitrix24.com'",
                              excerpt(*text))});
  return std::nullopt;
}

}  // namespace

void read_application(const YamlNode& node, Config& config, SettingsContext& context) {
  Problems& problems = context.problems;
  const Map map(node, problems,
                {"address", "client_id", "client_secret", "client_secret_file", "server"});
  ApplicationKeys keys;
  if (const YamlNode* address = map.need("address")) {
    if (auto url = read_address(*address, problems)) keys.portal = std::move(*url);
  }
  if (const YamlNode* id = map.need("client_id")) {
    keys.client_id = read_text(*id, problems).value_or("");
  }
  keys.client_secret = read_secret(map, "client_secret", context);
  if (keys.client_secret.empty()) keys.client_secret = credential("client_secret");
  if (keys.client_secret.empty() && !problems.any_errors()) {
    problems.error(kNoWebhookCode, node,
                   {"не задан ключ приложения: положите его в файл и назовите его в "
                    "client_secret_file или передайте через systemd "
                    "(LoadCredential=client_secret:путь)",
                    "no secret of the application: put it into a file named by client_secret_file, "
                    "or hand it over by systemd (LoadCredential=client_secret:path)"});
  }
  if (const YamlNode* server = map.get("server")) keys.server = read_address(*server, problems);
  config.portal.application = std::move(keys);
}

}  // namespace b24
