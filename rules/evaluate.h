#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/entity.h"
#include "rules/calendar.h"
#include "rules/people.h"
#include "rules/rule.h"

// From what the queries gave to what holds now. Pure: rows, people, calendar and `now` come in,
// findings go out; nothing here reads a clock or a database.

namespace b24 {

// Whom or what an alert is about: ids only, so that names and values may change under it.
struct AlertKey {
  enum class Kind { manager, object };
  Kind kind = Kind::manager;
  Entity entity = Entity::user;  // of the object
  std::int64_t id = 0;
  auto operator<=>(const AlertKey&) const = default;
};

// "manager:17", "deal:7405".
std::string to_string(const AlertKey& key);
std::optional<AlertKey> parse_alert_key(std::string_view text);

// One object in a list: its id and the columns that the item's text may name.
struct Item {
  std::int64_t id = 0;
  std::map<std::string, Value> fields;
};

// A condition that holds (or still holds: see `clearing`) for one key.
struct Finding {
  std::string rule_id;
  AlertKey key;
  std::int64_t manager_id = 0;  // who answers for it; groups messages
  double value = 0;             // the number; for `each`, the age in the limit's unit
  double norm = 0;              // the limit, norm or baseline it is judged by
  // Above `clear_below` (or below `clear_above`) but not beyond the threshold: keeps a firing
  // alert, starts none.
  bool clearing = false;
  std::map<std::string, Value> fields;  // further columns, for the text
  std::vector<Item> items;              // the objects behind it, worst first
};

// A manager whom a rule could not judge, and why: "too little history", "no data".
struct Silence {
  std::string rule_id;
  std::int64_t manager_id = 0;
  Text reason;
};

struct Judgement {
  std::vector<Finding> findings;  // ordered by key
  std::vector<Silence> silences;
};

// Everything but the rows.
struct Circumstances {
  const Calendar& calendar;
  const Absences& absences;
  const People& people;
  Time now;
};

// metric: `rows` has manager_id and value; managers without a row count as zero; rows of people
// who are not managers are dropped. A second row of one manager is an error of the metric.
// `items` are the metric's objects by manager (already queried), or empty.
Result<Judgement> judge_metric(const Rule& rule, const MetricShape& shape, const Table& rows,
                               const Circumstances& now);

// compare: `rows` has manager_id, day ("2026-11-21" or a number of days since 1970) and value, for
// the days that days_needed() names; `covered_from` is the first day the mirror holds in full.
// Present days without a row count as zero. Managers with fewer than need_days are silent, as are
// all when `covered_from` is unknown. Absent managers (today) are not judged.
struct DayRange {
  Day from;
  Day to;  // exclusive: today
};
DayRange days_needed(const CompareShape& shape, const Circumstances& now);
Result<Judgement> judge_compare(const Rule& rule, const CompareShape& shape, const Table& rows,
                                std::optional<Day> covered_from, const Circumstances& now);

// each: `rows` has id, manager_id, the `since` column and whatever the texts name. `learned` has
// key and days (working or calendar days, the unit of `longer_than`), or is empty.
Result<Judgement> judge_each(const Rule& rule, const EachShape& shape, const Table& rows,
                             const Table& learned, const Circumstances& now);

}  // namespace b24
