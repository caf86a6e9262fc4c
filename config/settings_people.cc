#include <fmt/format.h>

#include <algorithm>

#include "config/settings.h"

// The sections `people` and `calendar` of the settings.

namespace b24 {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

void read_people(const YamlNode& node, Config& config, Problems& problems) {
  const Map map(node, problems,
                {"departments", "exclude", "heads", "notify", "notify_hours", "fallback",
                 "administrators", "absences"});
  for (const auto id : read_ids(map.get("departments"), problems)) {
    config.people.departments.insert(id);
  }
  for (const auto id : read_ids(map.get("exclude"), problems)) config.people.exclude.insert(id);
  if (const YamlNode* heads = map.section("heads")) read_heads(*heads, config.people, problems);
  config.people.notify = read_ids(map.get("notify"), problems);
  if (const YamlNode* when = map.get("notify_hours")) {
    const bool any = read_word(*when, {"working", "any"}, problems) == "any";
    config.notify_hours = any ? Config::NotifyHours::any : Config::NotifyHours::working;
  }
  if (const YamlNode* fallback = map.get("fallback")) {
    config.people.fallback = read_id(*fallback, problems);
  }
  config.administrators = read_ids(map.get("administrators"), problems);
  const YamlNode* absences = map.get("absences");
  const auto* items = absences ? read_list(*absences, EmptyList::allowed, problems) : nullptr;
  if (items == nullptr) return;
  for (const YamlNode& item : *items) read_absence(item, config, problems);
}

void read_calendar(const YamlNode& node, CalendarOverrides& calendar, Problems& problems) {
  const Map map(node, problems,
                {"zone", "work_time", "days_off", "extra_holidays", "extra_workdays"});
  if (const YamlNode* zone = map.get("zone")) read_zone(*zone, calendar, problems);
  if (const YamlNode* work_time = map.get("work_time")) {
    if (const auto range = read_hours(*work_time, problems)) {
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

}  // namespace b24
