#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "config/load.h"
#include "config/read.h"

// The settings file, section by section: each function reads one section of Config.

namespace b24 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestSecret = 1000;

struct Context {
  fs::path folder;  // of the settings: relative paths begin here
  Problems problems;
};

fs::path resolve(const Context& context, const std::string& path) {
  return (context.folder / path).lexically_normal();
}

// Whether others than the owner may read or change a file.
bool is_open_to_others(const fs::path& file) {
  struct stat info {};
  return stat(file.c_str(), &info) == 0 && (info.st_mode & 077U) != 0;
}

std::string trimmed(std::string text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// One line of a file that holds nothing else.
std::optional<Secret> secret_of_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(kLongestSecret + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  if (text.size() > kLongestSecret) return std::nullopt;
  text = trimmed(text);
  if (text.empty() || text.find_first_of("\r\n") != std::string::npos) return std::nullopt;
  return Secret(text);
}

std::optional<Secret> read_secret_file(const YamlNode& node, Context& context) {
  const auto path = read_text(node, context.problems);
  if (!path) return std::nullopt;
  const fs::path file = resolve(context, *path);
  const auto secret = secret_of_file(file);
  if (!secret) {
    context.problems.error(
        "R006", node,
        {fmt::format("в файле «{}» нет секрета: создайте файл с одной строкой и дайте службе "
                     "право его читать",
                     file.string()),
         fmt::format("no secret in the file \"{}\": create it with one line and let the service "
                     "read it",
                     file.string())});
  } else if (is_open_to_others(file)) {
    context.problems.warning("R008", node,
                             {fmt::format("файл «{}» доступен не только владельцу: выполните "
                                          "chmod 600",
                                          file.string()),
                              fmt::format("the file \"{}\" is open to others than its owner: run "
                                          "chmod 600",
                                          file.string())});
  }
  return secret;
}

// A secret written as `key` in the settings, or in the file named by `key`_file.
Secret read_secret(const Map& map, const std::string& key, const fs::path& settings,
                   Context& context) {
  const YamlNode* inlined = map.get(key);
  const YamlNode* by_file = map.get(key + "_file");
  if (inlined != nullptr && by_file != nullptr) {
    context.problems.warning("R009", *by_file,
                             {fmt::format("«{}_file» не читается, потому что задан и «{}»: "
                                          "оставьте что-то одно",
                                          key, key),
                              fmt::format("\"{}_file\" is not read because \"{}\" is given too: "
                                          "keep one of them",
                                          key, key)});
  }
  if (inlined != nullptr) {
    if (is_open_to_others(settings)) {
      context.problems.warning("R008", *inlined,
                               {"здесь секрет, а файл доступен не только владельцу: выполните "
                                "chmod 600",
                                "here is a secret, and the file is open to others than its owner: "
                                "run chmod 600"});
    }
    return Secret(trimmed(read_text(*inlined, context.problems).value_or("")));
  }
  if (by_file == nullptr) return {};
  return read_secret_file(*by_file, context).value_or(Secret{});
}

Secret credential(const char* name) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) return {};
  return secret_of_file(fs::path(folder) / name).value_or(Secret{});
}

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

void read_portal(const YamlNode* node, Config& config, Context& context) {
  const YamlNode empty;
  Problems& problems = context.problems;
  const Map map(node ? *node : empty, problems,
                {"webhook", "webhook_file", "poll", "limits", "ca_file"});
  config.portal.webhook = read_secret(map, "webhook", config.file, context);
  if (const YamlNode* poll = map.get("poll")) {
    config.portal.poll =
        read_duration(*poll, seconds{5}, hours{1}, problems).value_or(config.portal.poll);
  }
  if (const YamlNode* limits = map.section("limits")) {
    read_limits(*limits, config.portal.limits, problems);
  }
  if (const YamlNode* ca = map.get("ca_file")) {
    if (const auto path = read_text(*ca, problems)) {
      const fs::path file = resolve(context, *path);
      if (!std::ifstream(file).good() || fs::is_directory(file)) {
        problems.error("R001", *ca,
                       {fmt::format("файл «{}» не читается", file.string()),
                        fmt::format("the file \"{}\" cannot be read", file.string())});
      }
      config.portal.ca_file = file.string();
    }
  }
}

void read_rule_folders(const YamlNode& node, Config& config, Context& context) {
  const auto* items = read_list(node, EmptyList::allowed, context.problems);
  if (items == nullptr) return;
  for (const YamlNode& item : *items) {
    const auto path = read_text(item, context.problems);
    if (!path) continue;
    config.rules.push_back(resolve(context, *path));
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

void read_heads(const YamlNode& node, PeopleSettings& people, Problems& problems) {
  if (node.kind != YamlNode::Kind::map) {
    problems.error("R110", node,
                   {"«heads» пишут так: {номер отдела: номер руководителя}",
                    "\"heads\" is written as {department id: user id}"});
    return;
  }
  for (const YamlEntry& entry : node.entries) {
    const auto department = read_id(entry.key, problems);
    const auto head = read_id(entry.value, problems);
    if (department && head) people.heads[*department] = *head;
  }
}

void read_absence(const YamlNode& node, Config& config, Problems& problems) {
  const Map map(node, problems, {"user", "from", "to"});
  const YamlNode* user = map.need("user");
  const YamlNode* from = map.need("from");
  const YamlNode* to = map.need("to");
  const auto id = user ? read_id(*user, problems) : std::nullopt;
  const auto first = from ? read_day(*from, problems) : std::nullopt;
  const auto last = to ? read_day(*to, problems) : std::nullopt;
  if (!id || !first || !last) return;
  if (*last < *first) {
    problems.error(
        "R115", *to,
        {"отсутствие кончается раньше, чем начинается", "the absence ends before it begins"});
    return;
  }
  config.absences.push_back({*id, *first, *last});
}

void read_people(const YamlNode& node, Config& config, Problems& problems) {
  const Map map(node, problems,
                {"departments", "exclude", "heads", "notify", "fallback", "absences"});
  for (const auto id : read_ids(map.get("departments"), problems)) {
    config.people.departments.insert(id);
  }
  for (const auto id : read_ids(map.get("exclude"), problems)) config.people.exclude.insert(id);
  if (const YamlNode* heads = map.section("heads")) read_heads(*heads, config.people, problems);
  config.people.notify = read_ids(map.get("notify"), problems);
  if (const YamlNode* fallback = map.get("fallback")) {
    config.people.fallback = read_id(*fallback, problems);
  }
  const YamlNode* absences = map.get("absences");
  const auto* items = absences ? read_list(*absences, EmptyList::allowed, problems) : nullptr;
  if (items == nullptr) return;
  for (const YamlNode& item : *items) read_absence(item, config, problems);
}

void read_zone(const YamlNode& node, CalendarOverrides& calendar, Problems& problems) {
  const auto zone = read_text(node, problems);
  if (!zone) return;
  const bool plain = zone->find_first_not_of(
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                         "0123456789_+-/") == std::string::npos;
  std::error_code code;
  const fs::path database = "/usr/share/zoneinfo";
  if (!plain || zone->front() == '/' ||
      (fs::exists(database, code) && !fs::is_regular_file(database / *zone, code))) {
    problems.error("R119", node,
                   {fmt::format("часового пояса «{}» нет: пишите, например, Europe/Moscow или "
                                "Asia/Yekaterinburg",
                                excerpt(*zone)),
                    fmt::format("there is no time zone \"{}\": write, for example, Europe/Moscow",
                                excerpt(*zone))});
    return;
  }
  calendar.zone = *zone;
}

void read_days_off(const YamlNode& node, CalendarOverrides& calendar, Problems& problems) {
  // In the order of C: Sunday is 0.
  static const std::vector<std::string> kDays = {"sunday",   "monday", "tuesday", "wednesday",
                                                 "thursday", "friday", "saturday"};
  const auto* items = read_list(node, EmptyList::allowed, problems);
  if (items == nullptr) return;
  std::set<unsigned> off;
  for (const YamlNode& item : *items) {
    const auto word = read_word(item, kDays, problems);
    const auto found = word ? std::find(kDays.begin(), kDays.end(), *word) : kDays.end();
    if (found != kDays.end()) off.insert(static_cast<unsigned>(found - kDays.begin()));
  }
  if (off.size() == kDays.size()) {
    problems.error("R104", node,
                   {"должен остаться хотя бы один рабочий день недели",
                    "at least one day of the week must be left for work"});
    return;
  }
  calendar.week_holidays = off;
}

std::set<Day> read_days(const YamlNode* node, Problems& problems) {
  std::set<Day> result;
  const auto* items = node ? read_list(*node, EmptyList::allowed, problems) : nullptr;
  if (items == nullptr) return result;
  for (const YamlNode& item : *items) {
    if (const auto day = read_day(item, problems)) result.insert(*day);
  }
  return result;
}

void read_calendar(const YamlNode& node, CalendarOverrides& calendar, Problems& problems) {
  const Map map(node, problems,
                {"zone", "work_time", "days_off", "extra_holidays", "extra_workdays"});
  if (const YamlNode* zone = map.get("zone")) read_zone(*zone, calendar, problems);
  if (const YamlNode* hours = map.get("work_time")) {
    if (const auto range = read_hours(*hours, problems)) {
      calendar.work_start = range->first;
      calendar.work_end = range->second;
    }
  }
  if (const YamlNode* off = map.get("days_off")) read_days_off(*off, calendar, problems);
  calendar.extra_holidays = read_days(map.get("extra_holidays"), problems);
  const YamlNode* workdays = map.get("extra_workdays");
  calendar.extra_workdays = read_days(workdays, problems);
  const bool both = std::any_of(calendar.extra_workdays.begin(), calendar.extra_workdays.end(),
                                [&](Day day) { return calendar.extra_holidays.contains(day); });
  if (both) {
    problems.error("R104", *workdays,
                   {"один и тот же день стоит и в extra_holidays, и в extra_workdays",
                    "the same day stands in extra_holidays and in extra_workdays"});
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

void read_http(const YamlNode& node, Config& config, Context& context) {
  const Map map(node, context.problems, {"listen", "application_token", "application_token_file"});
  if (const YamlNode* listen = map.get("listen")) {
    read_listen(*listen, config.http, context.problems);
  }
  config.http.application_token = read_secret(map, "application_token", config.file, context);
}

void read_log(const YamlNode& node, Config& config, Problems& problems) {
  const Map map(node, problems, {"level"});
  if (const YamlNode* level = map.get("level")) {
    config.log_level =
        read_word(*level, {"error", "warn", "info", "debug"}, problems).value_or(config.log_level);
  }
}

void read_settings(const YamlNode& root, Config& config, Context& context) {
  Problems& problems = context.problems;
  const Map map(root, problems,
                {"language", "portal", "state_dir", "rules", "people", "calendar", "http", "log"});
  if (const YamlNode* language = map.get("language")) {
    const auto word = read_word(*language, {"ru", "en"}, problems);
    config.language = word == "en" ? Language::en : Language::ru;
  }
  read_portal(map.section("portal"), config, context);
  if (const YamlNode* folder = map.get("state_dir")) {
    if (const auto path = read_text(*folder, problems)) config.state_dir = resolve(context, *path);
  }
  if (const YamlNode* rules = map.section("rules")) read_rule_folders(*rules, config, context);
  if (const YamlNode* people = map.section("people")) read_people(*people, config, problems);
  if (const YamlNode* days = map.section("calendar")) {
    read_calendar(*days, config.calendar, problems);
  }
  if (const YamlNode* http = map.section("http")) read_http(*http, config, context);
  if (const YamlNode* log = map.section("log")) read_log(*log, config, problems);
}

// Without a webhook nothing works, but its lack is told only of settings that could be read.
void require_webhook(Config& config, const std::optional<Secret>& given, Context& context) {
  if (given && !given->empty()) config.portal.webhook = *given;
  if (config.portal.webhook.empty()) config.portal.webhook = credential("webhook");
  if (!config.portal.webhook.empty() || context.problems.any_errors()) return;
  context.problems.error(
      std::string{kNoWebhookCode}, config.file,
      {"не задан вебхук портала: впишите его в portal.webhook, или положите в файл и назовите его "
       "в portal.webhook_file, или передайте через systemd (LoadCredential=webhook:путь)",
       "no webhook of the portal: write it as portal.webhook, or put it into a file named by "
       "portal.webhook_file, or hand it over by systemd (LoadCredential=webhook:path)"});
}

}  // namespace

LoadedConfig load_config(const fs::path& file, const std::optional<Secret>& webhook) {
  LoadedConfig loaded;
  Context context{fs::absolute(file).parent_path(), {}};
  loaded.config.file = file;
  std::error_code code;
  if (!fs::exists(file, code)) {
    context.problems.error(
        "R001", file,
        {"файла настроек нет: создайте его командой b24watch init или назовите другой ключом "
         "--config",
         "there is no settings file: create it with b24watch init or name another one with "
         "--config"});
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
