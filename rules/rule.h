#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rules/base/entity.h"
#include "rules/base/language.h"
#include "rules/base/time.h"

// Metrics and rules as plain data, the way config/ reads them from YAML. What they mean is written
// in evaluate.h; how they are written, in README.ru.md.

namespace b24 {

// Where a thing was written, for messages: file, 1-based line and column (in characters).
struct Mark {
  std::string file;
  int line = 0;
  int column = 0;
};

// A piece of SQL and where each of its lines came from. `indent` columns were cut from every line.
struct Sql {
  std::string text;
  Mark mark;       // of its first character
  int indent = 0;  // of a block scalar; 0 for a one-line value, whose column is the mark's
};

enum class MetricKind {
  state,  // as of :now. Columns manager_id, value; further columns are free
  daily,  // events counted by local day within [:from_day, :to_day). Columns manager_id, day, value
};

// A number per manager.
struct Metric {
  std::string id;
  Text title;
  MetricKind kind = MetricKind::state;
  Sql sql;
  // Optional: the ids behind one manager's number. Columns manager_id, id [, further columns for
  // the link's text]; ordered worst first. Daily metrics get :from_day and :to_day here too.
  std::optional<Sql> objects;
  std::optional<Entity> object_entity;  // what the ids are
  Mark mark;
};

// 7 days, or 7 work days. For working time the calendar counts.
struct Span {
  enum class Unit { clock, work_minutes, work_days };
  Unit unit = Unit::clock;
  seconds clock{0};   // when unit is clock
  double amount = 0;  // of work minutes or work days
};

constexpr std::string_view name(Span::Unit unit) {
  constexpr std::string_view kNames[] = {"days", "work_minutes", "work_days"};
  return kNames[static_cast<int>(unit)];
}

// metric: a manager's value against a threshold.
struct MetricShape {
  std::string metric{};
  std::optional<double> above{};  // breached when value > above
  std::optional<double> below{};  // breached when value < below
  // Also breached when value > times * median over all managers (zeroes included).
  std::optional<double> above_median_times{};
  int median_of_at_least = 3;           // managers; fewer: the median does not speak
  std::optional<double> clear_below{};  // a firing alert ends only below this
  std::optional<double> clear_above{};
};

// metric + compare: a manager's recent days against his own norm.
struct CompareShape {
  std::string metric{};  // of kind daily
  int window_days = 3;   // mean over the last present days before today
  int norm_days = 20;    // norm over the present days before the window
  int need_days = 10;    // fewer: "too little history", the rule is silent
  bool median = true;    // of the norm; else the average
  // Breached when value < norm * (1 - drop_percent / 100); over when half of the drop is made up.
  double drop_percent = 30;
  double norm_at_least = 5;  // a smaller norm is not compared
};

// each: every object that stays in one state too long.
struct EachShape {
  std::string view;  // "v_deal", "v_task", "v_call"
  Entity entity = Entity::deal;
  std::string since;  // column with the time the state began
  Span longer_than;
  // Other limits by a column's value: override: {stage: {"Счёт выставлен": 5 days}}.
  std::string override_column;
  std::map<std::string, Span> overrides;
  // Optional: limits learned from the mirror's own history. Columns key, days; the limit of an
  // object is the larger of its own and the learned one. `learned_column` gives the object's key.
  std::optional<Sql> learned;
  std::string learned_column;
};

struct Grouping {
  seconds wait{600};  // a message is not replaced sooner than this after the last one
  int max_items = 7;  // lines in a message; the rest is "…ещё N"
};

struct Rule {
  std::string id;
  Text name;
  bool enabled = true;
  std::variant<MetricShape, CompareShape, EachShape> shape;
  std::optional<Sql> where;  // a condition over the metric's columns or the view's
  seconds hold{0};           // `for`: how long it must last before it is told
  seconds keep_firing{0};    // `keep_firing_for`: how long it must be gone before it is over
  seconds fresh{900};        // `needs_fresh`: with an older mirror the rule waits
  // A number that was told is told again when it is that much worse: a share of itself, or, for
  // `compare`, of the norm.
  double worse_by_percent = 20;
  Grouping group;
  // Templates; text.h says what may stand in braces.
  Text text;      // the message's first line(s), one per manager
  Text item;      // one line an object; empty: no list
  Text resolved;  // the closing message
  Mark mark;
};

// Whether a smaller number is the worse one.
inline bool lower_is_worse(const Rule& rule) {
  const auto* metric = std::get_if<MetricShape>(&rule.shape);
  return std::holds_alternative<CompareShape>(rule.shape) || (metric != nullptr && metric->below);
}

// All rules and metrics together; checked as a whole, exchanged as a whole.
struct RuleSet {
  std::map<std::string, Metric> metrics;
  std::vector<Rule> rules;  // in the order of files and of writing

  const Metric* metric(const std::string& id) const {
    const auto found = metrics.find(id);
    return found == metrics.end() ? nullptr : &found->second;
  }
};

}  // namespace b24
