#include "rules/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

#include "rules/base/language.h"
#include "rules/rows.h"

namespace b24 {

std::string to_string(const AlertKey& key) {
  if (key.kind == AlertKey::Kind::manager) return fmt::format("manager:{}", key.id);
  return fmt::format("{}:{}", name(key.entity), key.id);
}

std::optional<AlertKey> parse_alert_key(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view word = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  AlertKey key;
  const auto [end, problem] = std::from_chars(digits.begin(), digits.end(), key.id);
  if (problem != std::errc{} || end != digits.end()) return std::nullopt;
  if (word == "manager") return key;
  const auto entity = entity_named(word);
  if (!entity) return std::nullopt;
  key.kind = AlertKey::Kind::object;
  key.entity = *entity;
  return key;
}

namespace {

struct Reading {
  std::optional<double> value = 0;  // nothing: the query gave NULL
  bool where_holds = true;
  std::map<std::string, Value> fields;
};

Error metric_error(const std::string& metric, std::string_view ru, std::string_view en,
                   const std::string& who) {
  return error(ErrorKind::invalid_input,
               metric_subject(metric) + fmt::format(fmt::runtime(tr(ru, en)), who));
}

std::string person(const People& people, std::int64_t id) {
  return fmt::format("{} ({})", people.name(id), id);
}

const std::set<std::string> kOwnColumns = {"manager_id", "value", std::string{kWhereColumn}};

// One reading for every manager, zero where the query has no row.
Result<std::map<std::int64_t, Reading>> read_values(const std::string& metric, const Table& rows,
                                                    const People& people) {
  const auto owner = need_column(rows, "manager_id", metric_subject(metric));
  if (!owner) return owner.error();
  const auto value = need_column(rows, "value", metric_subject(metric));
  if (!value) return value.error();
  const auto where = rows.column(kWhereColumn);
  std::map<std::int64_t, Reading> readings;
  for (const auto& row : rows.rows) {
    const auto id = as_integer(row[*owner]);
    if (!id || !people.is_manager(*id)) continue;
    if (std::holds_alternative<std::string>(row[*value])) {
      return metric_error(metric, ": value у сотрудника {} – текст, а нужно число",
                          ": the value of {} is text, a number is needed", person(people, *id));
    }
    const bool judged = !where || as_number(row[*where]).value_or(0) != 0;
    Reading reading{as_number(row[*value]), judged, named_values(rows, row, kOwnColumns)};
    if (!readings.emplace(*id, std::move(reading)).second) {
      return metric_error(metric,
                          ": две строки для сотрудника {}, а должна быть одна – нужен "
                          "GROUP BY manager_id",
                          ": two rows for {} where one is expected; GROUP BY manager_id is missing",
                          person(people, *id));
    }
  }
  for (const std::int64_t id : people.managers()) readings.try_emplace(id);
  return readings;
}

// What the team's median allows, if it may speak.
std::optional<double> median_limit(const MetricShape& shape,
                                   const std::map<std::int64_t, Reading>& readings) {
  if (!shape.above_median_times) return std::nullopt;
  std::vector<double> values;
  for (const auto& [id, reading] : readings) {
    if (reading.value) values.push_back(*reading.value);
  }
  if (static_cast<int>(values.size()) < shape.median_of_at_least) return std::nullopt;
  const double limit = *shape.above_median_times * median(std::move(values));
  return limit > 0 ? std::optional{limit} : std::nullopt;
}

struct Verdict {
  enum class Kind { calm, clearing, breached };
  Kind kind = Kind::calm;
  double norm = 0;
};

Verdict judge_value(const MetricShape& shape, double value, std::optional<double> of_median) {
  using enum Verdict::Kind;
  if (shape.above && value > *shape.above) return {breached, *shape.above};
  if (shape.below && value < *shape.below) return {breached, *shape.below};
  if (of_median && value > *of_median) return {breached, *of_median};
  if (shape.clear_below && value >= *shape.clear_below) {
    return {clearing, shape.above.value_or(of_median.value_or(*shape.clear_below))};
  }
  if (shape.clear_above && value <= *shape.clear_above) {
    return {clearing, shape.below.value_or(*shape.clear_above)};
  }
  return {};
}

}  // namespace

Result<Judgement> judge_metric(const Rule& rule, const MetricShape& shape, const Table& rows,
                               const Table& objects, const Circumstances& now) {
  auto readings = read_values(shape.metric, rows, now.people);
  if (!readings) return readings.error();
  const auto limit = median_limit(shape, *readings);
  const Day today = now.calendar.day_of(now.now);
  Judgement judgement;
  for (auto& [id, reading] : *readings) {
    if (!reading.value) {
      judgement.silences.push_back({rule.id, id, {"нет данных", "no data"}});
      continue;
    }
    if (shape.below && now.absences.absent_on(id, today, now.calendar)) {
      judgement.silences.push_back({rule.id, id, {"сегодня отсутствует", "absent today"}});
      continue;
    }
    const Verdict verdict = judge_value(shape, *reading.value, limit);
    if (verdict.kind == Verdict::Kind::calm) continue;
    Finding finding;
    finding.rule_id = rule.id;
    finding.key = {AlertKey::Kind::manager, Entity::user, id};
    finding.manager_id = id;
    finding.value = *reading.value;
    finding.norm = verdict.norm;
    finding.clearing = verdict.kind == Verdict::Kind::clearing || !reading.where_holds;
    finding.fields = std::move(reading.fields);
    judgement.findings.push_back(std::move(finding));
  }
  return attach_items(std::move(judgement), shape.metric, objects);
}

Result<Judgement> attach_items(Judgement judgement, const std::string& metric,
                               const Table& objects) {
  if (objects.columns.empty()) return judgement;
  const auto owner = need_column(objects, "manager_id", metric_subject(metric) + ", objects");
  if (!owner) return owner.error();
  const auto id = need_column(objects, "id", metric_subject(metric) + ", objects");
  if (!id) return id.error();
  std::map<std::int64_t, std::pair<std::int64_t, std::vector<Item>>> lists;
  for (const auto& row : objects.rows) {
    const auto manager = as_integer(row[*owner]);
    const auto object = as_integer(row[*id]);
    if (!manager || !object) continue;
    auto& [count, items] = lists[*manager];
    ++count;
    if (items.size() < kMaxItems) {
      items.push_back({*object, named_values(objects, row, {"manager_id", "id"})});
    }
  }
  for (Finding& finding : judgement.findings) {
    auto& [count, items] = lists[finding.manager_id];
    finding.items = items;
    finding.fields["count"] = count;
  }
  return judgement;
}

}  // namespace b24
