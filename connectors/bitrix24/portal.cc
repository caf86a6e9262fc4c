#include "connectors/bitrix24/portal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "connectors/ascii.h"
#include "rules/base/language.h"

namespace b24 {
namespace {

using Json = nlohmann::json;

// What a person may have typed into the portal's settings of the calendar, bit by bit; nothing
// that cannot be read replaces a default.

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number()) return found->dump();
  return {};
}

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "9", "9.30", "18:00" as time since midnight. The part after the point is minutes.
std::optional<minutes> day_time(std::string_view text) {
  const auto point = text.find_first_of(".:");
  const auto h = number(text.substr(0, point));
  const auto m = point == std::string_view::npos ? 0U : number(text.substr(point + 1));
  if (!h || !m || *h > 24 || *m > 59) return std::nullopt;
  return hours{*h} + minutes{*m};
}

// "1.01,2.01,23.02": day, then month.
std::set<MonthDay> month_days(std::string_view text) {
  std::set<MonthDay> result;
  while (!text.empty()) {
    const auto comma = text.find_first_of(",;");
    std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    const auto point = item.find('.');
    if (point == std::string_view::npos) continue;
    const auto day = number(item.substr(0, point));
    const auto month = number(item.substr(point + 1));
    if (day && month && *day >= 1 && *day <= 31 && *month >= 1 && *month <= 12) {
      result.insert({*month, *day});
    }
  }
  return result;
}

std::optional<std::set<unsigned>> weekdays(const Json& object) {
  constexpr std::string_view kNames[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
  const auto found = object.find("week_holidays");
  if (found == object.end() || !found->is_array()) return std::nullopt;
  std::set<unsigned> days;
  for (const Json& item : *found) {
    for (unsigned day = 0; day < 7; ++day) {
      if (item.is_string() && item.get_ref<const std::string&>() == kNames[day]) days.insert(day);
    }
  }
  return days.size() < 7 ? std::optional(days) : std::nullopt;
}

std::optional<CalendarSettings> calendar_of(const Json& object) {
  if (!object.is_object()) return std::nullopt;
  CalendarSettings settings;
  const auto start = day_time(text_of(object, "work_time_start"));
  const auto end = day_time(text_of(object, "work_time_end"));
  if (start && end && *start < *end) {
    settings.work_start = *start;
    settings.work_end = *end;
  }
  if (auto days = weekdays(object)) settings.week_holidays = std::move(*days);
  settings.year_holidays = month_days(text_of(object, "year_holidays"));
  settings.year_workdays = month_days(text_of(object, "year_workdays"));
  return settings;
}

Json parsed(std::string_view text) { return Json::parse(text, nullptr, false); }

void read_profile(const Json& profile, PortalFacts& facts) {
  if (!profile.is_object()) return;
  const std::string id = text_of(profile, "ID");
  std::from_chars(id.data(), id.data() + id.size(), facts.user_id);
  const auto admin = profile.find("ADMIN");
  facts.admin = admin != profile.end() && (*admin == Json(true) || *admin == Json("Y") ||
                                           *admin == Json(1) || *admin == Json("1"));
  facts.user_zone = text_of(profile, "TIME_ZONE");
  const std::string first = text_of(profile, "NAME");
  const std::string last = text_of(profile, "LAST_NAME");
  facts.user_name = first + (first.empty() || last.empty() ? "" : " ") + last;
}

void read_scopes(const Json& scopes, PortalFacts& facts) {
  if (!scopes.is_structured()) return;
  for (const Json& scope : scopes) {
    if (scope.is_string()) facts.scopes.insert(lower_ascii(scope.get<std::string>()));
  }
}

void read_clock(const Json& time, const BatchAnswer& answer, PortalFacts& facts) {
  facts.portal_time = answer.portal_time;
  facts.portal_offset = answer.portal_offset.value_or(seconds{0});
  if (!time.is_string()) return;
  const std::string text = time.get<std::string>();
  if (!facts.portal_time) facts.portal_time = parse_time(text);
  if (const auto offset = parse_offset(text)) facts.portal_offset = *offset;
}

void read_calendar(const Result<std::string_view>& result, PortalFacts& facts) {
  if (!result) {
    facts.calendar_problem = result.error().text;
    return;
  }
  facts.calendar = calendar_of(parsed(*result));
  if (!facts.calendar) {
    facts.calendar_problem =
        tr("Портал не сообщил настройки календаря – задайте рабочее время в "
           "настройках b24watch.",
           "The portal did not tell the settings of its calendar: set the "
           "working hours in the settings of b24watch.");
  }
}

}  // namespace

Result<PortalFacts> read_portal_facts(Client& client, const std::stop_token& stop) {
  const std::vector<Command> commands = {{"profile", "profile", ""},
                                         {"scope", "scope", ""},
                                         {"time", "server.time", ""},
                                         {"calendar", "calendar.settings.get", ""}};
  const auto answer = client.batch(commands, stop);
  if (!answer) return answer.error();
  // Without these two nothing else can be trusted; both are open to every webhook.
  for (const std::size_t i : {0U, 1U}) {
    if (!answer->commands[i].result) return answer->commands[i].result.error();
  }
  PortalFacts facts;
  facts.way = client.access().way();
  read_profile(parsed(*answer->commands[0].result), facts);
  read_scopes(parsed(*answer->commands[1].result), facts);
  const auto& time = answer->commands[2].result;
  read_clock(time ? parsed(*time) : Json(), *answer, facts);
  read_calendar(answer->commands[3].result, facts);
  if (facts.user_id == 0) {
    return error(ErrorKind::unavailable,
                 fmt::format(fmt::runtime(tr("Портал {} не сообщил, чей это вебхук, – повторим "
                                             "позже.",
                                             "The portal {} did not tell whose webhook this is; we "
                                             "shall try again later.")),
                             client.host()));
  }
  return facts;
}

namespace {

// "1733158800" or 1733158800.
std::optional<Time> unix_time(const Json& event, const char* key) {
  const std::string text = text_of(event, key);
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return from_unix(value);
}

std::optional<Absence> absence_of(std::int64_t user, const Json& event, seconds portal_offset) {
  if (!event.is_object() || text_of(event, "ACCESSIBILITY") != "absent") return std::nullopt;
  auto from = unix_time(event, "DATE_FROM_TS_UTC");
  auto to = unix_time(event, "DATE_TO_TS_UTC");
  if (!from || !to) return std::nullopt;
  if (text_of(event, "DT_SKIP_TIME") == "Y") {
    const auto day_start = [&](Time t) {
      return Time{std::chrono::floor<days>(t + portal_offset)} - portal_offset;
    };
    from = day_start(*from);
    to = day_start(*to) + days{1};
  }
  if (*to <= *from) return std::nullopt;
  return Absence{user, *from, *to};
}

void collect_absences(const Json& by_user, seconds portal_offset, std::vector<Absence>& absences) {
  if (!by_user.is_object()) return;  // PHP writes an empty map as a list
  for (const auto& [id, events] : by_user.items()) {
    std::int64_t user = 0;
    std::from_chars(id.data(), id.data() + id.size(), user);
    if (user <= 0 || !events.is_structured()) continue;
    for (const Json& event : events) {
      if (auto absence = absence_of(user, event, portal_offset)) absences.push_back(*absence);
    }
  }
}

}  // namespace

Result<std::vector<Absence>> read_absences(Client& client, const std::vector<std::int64_t>& users,
                                           Time from, Time to, seconds portal_offset,
                                           const std::stop_token& stop) {
  std::vector<Absence> absences;
  const std::string first = format_offset(from, portal_offset).substr(0, 10);
  const std::string last = format_offset(to, portal_offset).substr(0, 10);
  for (std::size_t at = 0; at < users.size();) {
    std::vector<Command> commands;
    while (at < users.size() && commands.size() < kBatchCommands) {
      const std::size_t end = std::min(users.size(), at + kPageRows);
      const Params params = {
          {"from", first},
          {"to", last},
          {"users", std::vector(users.begin() + static_cast<std::ptrdiff_t>(at),
                                users.begin() + static_cast<std::ptrdiff_t>(end))}};
      commands.push_back(
          {fmt::format("a{}", commands.size()), "calendar.accessibility.get", to_query(params)});
      at = end;
    }
    const auto answer = client.batch(commands, stop);
    if (!answer) return answer.error();
    for (const CommandAnswer& command : answer->commands) {
      if (!command.result) return command.result.error();
      collect_absences(parsed(*command.result), portal_offset, absences);
    }
  }
  return absences;
}

}  // namespace b24
