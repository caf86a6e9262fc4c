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
  double value = 0;             // the number; for `each`, the age in the limit's unit (below)
  double norm = 0;              // the limit, norm or baseline it is judged by
  // Not good yet, but no reason to begin: between the threshold and `clear_below` (or
  // `clear_above`), less than half of a drop made up, or `where` does not hold. Keeps a firing
  // alert, starts none.
  bool clearing = false;
  std::map<std::string, Value> fields;  // further columns, for the text
  std::vector<Item> items;              // the objects behind it, worst first, at most kMaxItems
};
inline constexpr std::size_t kMaxItems = 10'000;

// A manager whom a rule could not judge, and why: "too little history", "no data". His alerts stay
// as they are: what cannot be seen has neither begun nor ended.
struct Silence {
  std::string rule_id;
  std::int64_t manager_id = 0;
  Text reason;
};

struct Judgement {
  std::vector<Finding> findings;  // ordered by key
  std::vector<Silence> silences;
  // `keep_firing` does not hold these: nobody was told of them, or their object is no more.
  std::set<AlertKey> unkept = {};
};

// Everything but the rows.
struct Circumstances {
  const Calendar& calendar;
  const Absences& absences;
  const People& people;
  Time now;
};

// metric: `rows` has manager_id and value; managers without a row count as zero; rows of people
// who are not managers are dropped. A second row of one manager is an error of the metric, and so
// is a value that is no number; NULL is "no data", a Silence. Further columns become `fields`.
// A rule's `where` comes as the column kWhereColumn: it says who may begin. With 0 or NULL there an
// alert does not start, and one that fires lasts until its number is good; the median counts all
// (without them, it would be a median of the worst).
// `objects` are the metric's objects (already queried), or empty: see attach_items().
//
// The norm of a finding is `above` (or `below`) when that limit is crossed or cleared from, else
// times * median. The median is taken over all managers with a value, zeroes included; it does not
// speak for fewer than median_of_at_least of them, nor when it is zero. A rule with `below`
// does not judge whoever is absent today.
inline constexpr std::string_view kWhereColumn = "where_holds";
Result<Judgement> judge_metric(const Rule& rule, const MetricShape& shape, const Table& rows,
                               const Table& objects, const Circumstances& now);

// Fills in Finding::items of manager findings from rows of manager_id, id and further columns, in
// their order, and fields["count"] with the number of all of them. An empty table (no columns)
// changes nothing.
Result<Judgement> attach_items(Judgement judgement, const std::string& metric,
                               const Table& objects);

// compare: `rows` has manager_id, day ("2026-11-21" or a number of days since 1970) and value, for
// the days that days_needed() names; `covered_from` is the first day the mirror holds in full.
// Value and norm are per-day figures: the mean of the last window_days present days before today,
// and the median (or mean) of the norm_days present days before those. Present days without a row
// count as zero; days before the hiring or before `covered_from` do not count at all. Silent are:
// managers with fewer than need_days, all when `covered_from` is unknown, and whoever is absent
// today. A norm below norm_at_least is not compared. Whoever has a standing alert is judged by
// the norm it began with (`standing`), lest a lasting fall become the norm; half of the drop made
// up, it is over (a finding until then, `clearing`). `fields` has "window_days", "norm_days" (the
// days that were there) and "total" (of the window).
//
// Dead source: a working day on which nobody at all has a row above zero, though at least two
// managers were present whose norms make kLivelyNorm or more, says nothing about people. If it is
// the newest day, everybody is silent; older ones are left out of windows and norms.
struct DayRange {
  Day from;
  Day to;  // exclusive: today
};
inline constexpr double kLivelyNorm = 5;
// Further back nobody looks: absences are known for this long.
inline constexpr days kLongestHistory{150};
using StandingNorms = std::map<std::int64_t, double>;  // by manager
DayRange days_needed(const CompareShape& shape, const Circumstances& now);
Result<Judgement> judge_compare(const Rule& rule, const CompareShape& shape, const Table& rows,
                                std::optional<Day> covered_from, const Circumstances& now,
                                const StandingNorms& standing = {});

// each: `rows` has id, manager_id, the `since` column and whatever the texts name. `learned` has
// key and days (working or calendar days, the unit of `longer_than`), or is empty.
//
// Value and norm are in the limit's unit: calendar days for a clock span, work minutes, work days.
// The limit of an object is its override, else longer_than, raised to the learned one when both
// count the same kind of days. An object is left out when nobody watched answers for it (a head,
// another department, a dismissed person), and when `since` is NULL, not positive or in the future.
// Findings have one item, the object itself; both `fields` hold the row's columns, and the
// finding's also kUnitField: name(Span::Unit).
inline constexpr std::string_view kUnitField = "limit_unit";
Result<Judgement> judge_each(const Rule& rule, const EachShape& shape, const Table& rows,
                             const Table& learned, const Circumstances& now);

}  // namespace b24
