#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "config/load.h"
#include "config/read.h"
#include "config/settings.h"

// The settings file, section by section: each function reads one section of Config.

namespace b24 {
namespace {

namespace fs = std::filesystem;

void read_limits(const YamlNode& node, LimiterOptions& limits, Problems& problems) {
  const Map map(node, problems, {"plan", "leave_free_percent"});
  if (const YamlNode* plan = map.get("plan")) {
    const auto word = read_word(*plan, {"standard", "enterprise", "none"}, problems);
    if (word == "enterprise") {
      limits.drain_per_second = 5;
      limits.burst = 250;
    }
    limits.enabled = word != "none";
  }
  if (const YamlNode* percent = map.get("leave_free_percent")) {
    limits.leave_free = read_number(*percent, {0, 90}, problems).value_or(5) / 100;
  }
}

void read_portal(const YamlNode* node, Config& config, SettingsContext& context) {
  const YamlNode empty;
  Problems& problems = context.problems;
  const Map map(
      node ? *node : empty, problems,
      {"webhook", "webhook_file", "application", "poll", "poll_quiet", "limits", "ca_file"});
  config.portal.webhook = read_secret(map, "webhook", context);
  if (const YamlNode* application = map.section("application")) {
    read_application(*application, config, context);
    if (map.has("webhook") || map.has("webhook_file")) {
      problems.error("R104", map.entry("application")->key,
                     {"заданы и вебхук, и приложение: оставьте что-то одно",
                      "both a webhook and an application are given: keep one of them"});
    }
  }
  if (const YamlNode* poll = map.get("poll")) {
    config.portal.poll =
        read_duration(*poll, seconds{1}, hours{1}, problems).value_or(config.portal.poll);
  }
  if (const YamlNode* poll = map.get("poll_quiet")) {
    config.portal.poll_quiet =
        read_duration(*poll, seconds{1}, hours{1}, problems).value_or(config.portal.poll_quiet);
  }
  if (const YamlNode* limits = map.section("limits")) {
    read_limits(*limits, config.portal.limits, problems);
  }
  if (const YamlNode* ca = map.get("ca_file")) {
    if (const auto path = read_text(*ca, problems)) {
      const fs::path file = context.resolve(*path);
      if (!std::ifstream(file).good() || fs::is_directory(file)) {
        problems.error("R001", *ca,
                       {fmt::format("файл «{}» не читается", file.string()),
                        fmt::format("the file \"{}\" cannot be read", file.string())});
      }
      config.portal.ca_file = file.string();
    }
  }
}

void read_rule_folders(const YamlNode& node, Config& config, SettingsContext& context) {
  const auto* items = read_list(node, EmptyList::allowed, context.problems);
  if (items == nullptr) return;
  for (const YamlNode& item : *items) {
    const auto path = read_text(item, context.problems);
    if (!path) continue;
    config.rules.push_back(context.resolve(*path));
    std::error_code code;
    if (fs::is_directory(config.rules.back(), code)) continue;
    context.problems.error("R004", item,
                           {fmt::format("папки с правилами «{}» нет: создайте её или уберите "
                                        "строку",
                                        config.rules.back().string()),
                            fmt::format("there is no folder of rules \"{}\": create it or drop "
                                        "the line",
                                        config.rules.back().string())});
  }
}

void read_listen(const YamlNode& node, HttpSettings& http, Problems& problems) {
  const auto text = read_text(node, problems);
  if (!text) return;
  const std::size_t colon = text->rfind(':');
  std::string host = text->substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  const std::string port = colon == std::string::npos ? "" : text->substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 && port.front() != '0' &&
                      port.find_first_not_of("0123456789") == std::string::npos;
  const int number = digits ? std::stoi(port) : 0;
  if (host.empty() || number < 1 || number > 65535) {
    problems.error(
        "R120", node,
        {fmt::format("«{}» – не адрес: пишите, например, '127.0.0.1:8071'", excerpt(*text)),
         fmt::format("\"{}\" is no address: write, for example, '127.0.0.1:8071'",
                     excerpt(*text))});
    return;
  }
  http.host = host;
  http.port = number;
}

void read_public_address(const YamlNode& node, HttpSettings& http, Problems& problems) {
  const auto text = read_text(node, problems);
  if (!text) return;
  if (!parse_url(*text)) {
    problems.error("R120", node,
                   {fmt::format("«{}» – не адрес: пишите, например, 'https://watch.example.ru'",
                                excerpt(*text)),
                    fmt::format("\"{}\" is no address: write, for example, "
                                "'https://watch.example.com'",
                                excerpt(*text))});
    return;
  }
  http.public_address = text->substr(0, text->find_last_not_of('/') + 1);
}

void read_http(const YamlNode& node, Config& config, SettingsContext& context) {
  const Map map(node, context.problems,
                {"listen", "application_token", "application_token_file", "public_address"});
  if (const YamlNode* listen = map.get("listen")) {
    read_listen(*listen, config.http, context.problems);
  }
  config.http.application_token = read_secret(map, "application_token", context);
  if (const YamlNode* address = map.get("public_address")) {
    read_public_address(*address, config.http, context.problems);
  }
}

void read_log(const YamlNode& node, Config& config, Problems& problems) {
  const Map map(node, problems, {"level"});
  if (const YamlNode* level = map.get("level")) {
    config.log_level =
        read_word(*level, {"error", "warn", "info", "debug"}, problems).value_or(config.log_level);
  }
}

void read_settings(const YamlNode& root, Config& config, SettingsContext& context) {
  Problems& problems = context.problems;
  const Map map(
      root, problems,
      {"language", "portal", "state_dir", "rules", "people", "scope", "calendar", "http", "log"});
  if (const YamlNode* language = map.get("language")) {
    const auto word = read_word(*language, {"ru", "en"}, problems);
    config.language = word == "en" ? Language::en : Language::ru;
  }
  read_portal(map.section("portal"), config, context);
  if (const YamlNode* folder = map.get("state_dir")) {
    if (const auto path = read_text(*folder, problems)) config.state_dir = context.resolve(*path);
  }
  if (const YamlNode* rules = map.section("rules")) read_rule_folders(*rules, config, context);
  if (const YamlNode* people = map.section("people")) read_people(*people, config, problems);
  if (const YamlNode* scope = map.section("scope")) read_scope(*scope, config.scope, problems);
  if (const YamlNode* days = map.section("calendar")) {
    read_calendar(*days, config.calendar, problems);
  }
  if (const YamlNode* http = map.section("http")) read_http(*http, config, context);
  if (const YamlNode* log = map.section("log")) read_log(*log, config, problems);
}

// Without a webhook nothing works, but its lack is told only of settings that could be read.
void require_webhook(Config& config, const std::optional<Secret>& given, SettingsContext& context) {
  if (config.portal.application) return;
  if (given && !given->empty()) config.portal.webhook = *given;
  if (config.portal.webhook.empty()) config.portal.webhook = credential("webhook");
  if (!config.portal.webhook.empty() || context.problems.any_errors()) return;
  context.problems.error(
      kNoWebhookCode, config.file,
      {"не задан вебхук портала: впишите его в portal.webhook, или положите в файл и назовите его "
       "в portal.webhook_file, или передайте через systemd (LoadCredential=webhook:путь), или "
       "опишите приложение в portal.application",
       "no webhook of the portal: write it as portal.webhook, or put it into a file named by "
       "portal.webhook_file, or hand it over by systemd (LoadCredential=webhook:path), or describe "
       "an application in portal.application"});
}

}  // namespace

void pass_over_secrets(std::vector<Problem>& problems) {
  std::erase_if(problems, [](const Problem& problem) {
    return problem.code == kNoWebhookCode || problem.code == kSecretClosedCode;
  });
}

LoadedConfig load_config(const fs::path& file, const std::optional<Secret>& webhook) {
  LoadedConfig loaded;
  SettingsContext context{file, {}};
  loaded.config.file = file;
  std::error_code code;
  if (!fs::exists(file, code)) {
    context.problems.error(
        "R001", file,
        {"файла настроек нет: создайте его или назовите другой ключом --config",
         "there is no settings file: create it or name another one with --config"});
  } else if (const auto text = read_file(file, context.problems)) {
    YamlDocument document = parse_yaml(file.string(), *text);
    for (Problem& problem : document.problems) context.problems.add(std::move(problem));
    read_settings(document.root, loaded.config, context);
    require_webhook(loaded.config, webhook, context);
  }
  loaded.problems = context.problems.take();
  return loaded;
}

}  // namespace b24
