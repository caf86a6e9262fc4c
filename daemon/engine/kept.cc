#include "daemon/engine/kept.h"

#include <nlohmann/json.hpp>

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
  return std::nullopt;
}

std::optional<KeptFacts> kept_facts(Reader& reader) {
  const auto text = reader.meta(kFactsMeta);
  return text ? facts_from_json(*text) : std::nullopt;
}

std::string to_json(const KeptAbsences& kept) {
  Json list = Json::array();
  for (const Absence& away : kept.absences) {
    list.push_back({away.user_id, to_unix(away.from), to_unix(away.to)});
  }
  return Json{{"read_at", to_unix(kept.read_at)}, {"absences", std::move(list)}}.dump();
}

std::optional<KeptAbsences> absences_from_json(const std::string& text) try {
  const Json json = Json::parse(text);
  KeptAbsences kept{{}, from_unix(json.at("read_at"))};
  for (const Json& away : json.at("absences")) {
    kept.absences.push_back({away.at(0), from_unix(away.at(1)), from_unix(away.at(2))});
  }
  return kept;
} catch (const Json::exception&) {
  return std::nullopt;
}

const char* absences_meta(PresencePart part) {
  return part == PresencePart::leave ? kLeaveMeta : kAbsencesMeta;
}

std::optional<KeptAbsences> kept_absences(Reader& reader, PresencePart part) {
  const auto text = reader.meta(absences_meta(part));
  return text ? absences_from_json(*text) : std::nullopt;
}

std::string to_json(const PresenceTroubles& troubles) {
  Json json = Json::object();
  for (const auto& [part, text] : troubles) json[std::string{name(part)}] = text;
  return json.dump();
}

std::optional<PresenceTroubles> presence_troubles_from_json(const std::string& text) try {
  const Json json = Json::parse(text);
  PresenceTroubles troubles;
  for (const PresencePart part : kPresenceParts) {
    const auto found = json.find(std::string{name(part)});
    if (found != json.end()) troubles[part] = found->get<std::string>();
  }
  return troubles;
} catch (const Json::exception&) {
  return std::nullopt;
}

PresenceTroubles kept_presence_troubles(Reader& reader) {
  const auto text = reader.meta(kPresenceTroublesMeta);
  return (text ? presence_troubles_from_json(*text) : std::nullopt).value_or(PresenceTroubles{});
}

std::string to_json(const KeptOutage& kept) {
  Json lists = Json::array();
  for (const Entity entity : kept.lists) lists.push_back(std::string{name(entity)});
  Json json{{"since", to_unix(kept.since)}, {"lists", std::move(lists)}};
  if (kept.over_at) json["over_at"] = to_unix(*kept.over_at);
  return json.dump();
}

std::optional<KeptOutage> outage_from_json(const std::string& text) try {
  const Json json = Json::parse(text);
  KeptOutage kept{from_unix(json.at("since")), {}};
  if (json.contains("over_at")) kept.over_at = from_unix(json.at("over_at"));
  for (const Json& list : json.at("lists")) {
    if (const auto entity = entity_named(list.get<std::string>())) kept.lists.insert(*entity);
  }
  return kept;
} catch (const Json::exception&) {
  return std::nullopt;
}

std::optional<KeptOutage> kept_outage(Reader& reader) {
  const auto text = reader.meta(kOutageMeta);
  return text ? outage_from_json(*text) : std::nullopt;
}

std::string to_json(const KeptHidden& kept) {
  Json rows = Json::object();
  for (const auto& [entity, count] : kept.rows) rows[std::string{name(entity)}] = count;
  return Json{{"since", to_unix(kept.since)}, {"rows", std::move(rows)}}.dump();
}

std::optional<KeptHidden> hidden_from_json(const std::string& text) try {
  const Json json = Json::parse(text);
  KeptHidden kept{from_unix(json.at("since")), {}};
  for (const auto& [word, count] : json.at("rows").items()) {
    if (const auto entity = entity_named(word)) kept.rows[*entity] = count;
  }
  return kept;
} catch (const Json::exception&) {
  return std::nullopt;
}

std::optional<KeptHidden> kept_hidden(Reader& reader) {
  const auto text = reader.meta(kHiddenMeta);
  return text ? hidden_from_json(*text) : std::nullopt;
}

std::string to_json(const KeptLimits& kept) {
  return Json{{"level", kept.level}, {"operating", kept.operating}, {"at", to_unix(kept.at)}}
      .dump();
}

std::optional<KeptLimits> limits_from_json(const std::string& text) try {
  const Json json = Json::parse(text);
  return KeptLimits{json.at("level"), json.at("operating").get<std::map<std::string, double>>(),
                    from_unix(json.at("at"))};
} catch (const Json::exception&) {
  return std::nullopt;
}

}  // namespace b24
