#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "daemon/engine/engine.h"

// What the engine knows besides rows: the portal's settings as kept between runs, the calendar and
// the people made of them, and the fingerprints of rules.

namespace b24 {
namespace {

using Json = nlohmann::json;

Json month_days(const std::set<MonthDay>& days_of_year) {
  Json list = Json::array();
  for (const MonthDay& day : days_of_year) list.push_back({day.month, day.day});
  return list;
}

std::set<MonthDay> month_days(const Json& list) {
  std::set<MonthDay> days_of_year;
  for (const Json& day : list) days_of_year.insert({day.at(0), day.at(1)});
  return days_of_year;
}

}  // namespace

std::string to_json(const KeptFacts& kept) {
  const PortalFacts& facts = kept.facts;
  Json json = {{"read_at", to_unix(kept.read_at)},
               {"user_id", facts.user_id},
               {"admin", facts.admin},
               {"scopes", facts.scopes},
               {"offset", facts.portal_offset.count()},
               {"user_zone", facts.user_zone}};
  if (const auto& c = facts.calendar) {
    json["calendar"] = {{"work_start", c->work_start.count()},
                        {"work_end", c->work_end.count()},
                        {"week_holidays", c->week_holidays},
                        {"year_holidays", month_days(c->year_holidays)},
                        {"year_workdays", month_days(c->year_workdays)}};
  }
  return json.dump();
}

std::optional<KeptFacts> facts_from_json(const std::string& text) try {
  const Json json = Json::parse(text);
  PortalFacts facts;
  facts.user_id = json.at("user_id");
  facts.admin = json.at("admin");
  facts.scopes = json.at("scopes").get<std::set<std::string>>();
  facts.portal_offset = seconds{json.at("offset").get<std::int64_t>()};
  facts.user_zone = json.at("user_zone");
  if (json.contains("calendar")) {
    const Json& c = json.at("calendar");
    CalendarSettings calendar;
    calendar.work_start = minutes{c.at("work_start").get<int>()};
    calendar.work_end = minutes{c.at("work_end").get<int>()};
    calendar.week_holidays = c.at("week_holidays").get<std::set<unsigned>>();
    calendar.year_holidays = month_days(c.at("year_holidays"));
    calendar.year_workdays = month_days(c.at("year_workdays"));
    facts.calendar = std::move(calendar);
  }
  return KeptFacts{std::move(facts), from_unix(json.at("read_at"))};
} catch (const Json::exception&) {
  return std::nullopt;  // written by another version: the portal is asked again
}

std::string to_json(const std::vector<Absence>& absences, Time read_at) {
  Json list = Json::array();
  for (const Absence& away : absences) {
    list.push_back({away.user_id, to_unix(away.from), to_unix(away.to)});
  }
  return Json{{"read_at", to_unix(read_at)}, {"absences", std::move(list)}}.dump();
}

std::optional<KeptAbsences> absences_from_json(const std::string& text) try {
  const Json json = Json::parse(text);
  KeptAbsences kept{{}, from_unix(json.at("read_at"))};
  for (const Json& away : json.at("absences")) {
    kept.absences.push_back({away.at(0), from_unix(away.at(1)), from_unix(away.at(2))});
  }
  return kept;
} catch (const Json::exception&) {
  return std::nullopt;  // written by another version: the portal is asked again
}

std::string portal_zone(const PortalFacts& facts) {
  if (!facts.user_zone.empty()) return facts.user_zone;
  const auto offset = std::chrono::duration_cast<hours>(facts.portal_offset);
  if (offset == hours{3}) return "Europe/Moscow";
  // POSIX signs: Etc/GMT-5 is five hours east of Greenwich.
  return offset == hours{0} ? "Etc/UTC" : fmt::format("Etc/GMT{:+}", -offset.count());
}

Result<Surroundings> read_surroundings(Reader& reader, const Config& config,
                                       const std::optional<PortalFacts>& facts) {
  std::optional<CalendarSettings> portal_calendar;
  if (facts) portal_calendar = facts->calendar;
  const std::string zone = facts ? portal_zone(*facts) : std::string{};
  auto calendar = Calendar::make(merged(portal_calendar, config.calendar, zone));
  if (!calendar) return calendar.error();
  std::vector<Absence> absences;
  if (const auto text = reader.meta(kAbsencesMeta)) {
    if (auto kept = absences_from_json(*text)) absences = std::move(kept->absences);
  }
  for (const AbsenceDays& away : config.absences) {
    absences.push_back(
        {away.user_id, calendar->start_of(away.from), calendar->start_of(away.to + days{1})});
  }
  PeopleSettings people = config.people;
  if (!people.fallback && facts) people.fallback = facts->user_id;
  return Surroundings{std::move(*calendar), Absences{std::move(absences)},
                      People{reader.persons(), reader.departments(), std::move(people)}};
}

namespace {

std::string words_of(const Span& span) {
  return fmt::format("{}:{}:{}", static_cast<int>(span.unit), span.clock.count(), span.amount);
}

struct ShapeWords {
  const RuleSet& rules;

  std::string sql_of(const std::string& metric) const {
    const Metric* found = rules.metric(metric);
    return found == nullptr ? std::string{} : found->sql.text;
  }
  std::string operator()(const MetricShape& m) const {
    return fmt::format("metric|{}|{}|{}|{}|{}|{}", m.metric, m.above.value_or(-1),
                       m.below.value_or(-1), m.above_median_times.value_or(-1),
                       m.median_of_at_least, sql_of(m.metric));
  }
  std::string operator()(const CompareShape& c) const {
    return fmt::format("compare|{}|{}|{}|{}|{}|{}|{}|{}", c.metric, c.window_days, c.norm_days,
                       c.need_days, c.median, c.drop_percent, c.norm_at_least, sql_of(c.metric));
  }
  std::string operator()(const EachShape& e) const {
    std::string words = fmt::format("each|{}|{}|{}|{}", e.view, e.since, words_of(e.longer_than),
                                    e.override_column);
    for (const auto& [value, span] : e.overrides) words += value + "=" + words_of(span);
    return words + (e.learned ? e.learned->text : "");
  }
};

// FNV-1a: stable between runs and machines, which std::hash does not promise.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 14695981039346656037ULL;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return value;
}

}  // namespace

std::string fingerprint(const RuleSet& rules, const Rule& rule) {
  std::string words = std::visit(ShapeWords{rules}, rule.shape);
  if (rule.where) words += "|" + rule.where->text;
  return fmt::format("{:016x}", hash(words));
}

}  // namespace b24
