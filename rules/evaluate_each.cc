#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "rules/base/language.h"
#include "rules/evaluate.h"
#include "rules/rows.h"

// The `each` shape: objects that stay in one state too long.

namespace b24 {
namespace {

constexpr double kSecondsInDay = 24 * 60 * 60;

double age_in(Span::Unit unit, Time since, const Circumstances& now) {
  switch (unit) {
    case Span::Unit::clock:
      return static_cast<double>((now.now - since).count()) / kSecondsInDay;
    case Span::Unit::work_minutes:
      return static_cast<double>(now.calendar.work_minutes(since, now.now).count());
    case Span::Unit::work_days:
      return now.calendar.work_days(since, now.now);
  }
  return 0;
}

double amount_of(const Span& span) {
  return span.unit == Span::Unit::clock ? static_cast<double>(span.clock.count()) / kSecondsInDay
                                        : span.amount;
}

struct Limit {
  Span::Unit unit;
  double amount;
};

// Where the row's columns stand.
struct Columns {
  std::size_t id;
  std::size_t manager;
  std::size_t since;
  std::optional<std::size_t> overridden;
  std::optional<std::size_t> learned;
};

Result<Columns> find_columns(const std::string& subject, const EachShape& shape,
                             const Table& rows) {
  const auto id = need_column(rows, "id", subject);
  if (!id) return id.error();
  const auto manager = need_column(rows, "manager_id", subject);
  if (!manager) return manager.error();
  const auto since = need_column(rows, shape.since, subject);
  if (!since) return since.error();
  Columns columns{*id, *manager, *since, std::nullopt, std::nullopt};
  if (!shape.overrides.empty()) {
    const auto found = need_column(rows, shape.override_column, subject);
    if (!found) return found.error();
    columns.overridden = *found;
  }
  if (!shape.learned_column.empty()) {
    const auto found = need_column(rows, shape.learned_column, subject);
    if (!found) return found.error();
    columns.learned = *found;
  }
  return columns;
}

Result<std::map<std::string, double>> read_learned(const std::string& subject,
                                                   const Table& learned) {
  std::map<std::string, double> limits;
  if (learned.columns.empty()) return limits;
  const auto key = need_column(learned, "key", subject + ", learned");
  if (!key) return key.error();
  const auto amount = need_column(learned, "days", subject + ", learned");
  if (!amount) return amount.error();
  for (const auto& row : learned.rows) {
    if (const auto value = as_number(row[*amount])) limits[as_text(row[*key])] = *value;
  }
  return limits;
}

Limit limit_of(const EachShape& shape, const Columns& columns, const std::vector<Value>& row,
               const std::map<std::string, double>& learned) {
  const Span* span = &shape.longer_than;
  if (columns.overridden) {
    const auto found = shape.overrides.find(as_text(row[*columns.overridden]));
    if (found != shape.overrides.end()) span = &found->second;
  }
  Limit limit{span->unit, amount_of(*span)};
  const bool same_days = limit.unit == shape.longer_than.unit;
  if (columns.learned && same_days && limit.unit != Span::Unit::work_minutes) {
    const auto found = learned.find(as_text(row[*columns.learned]));
    if (found != learned.end()) limit.amount = std::max(limit.amount, found->second);
  }
  return limit;
}

Error twice(const Rule& rule, std::int64_t id) {
  return error(ErrorKind::invalid_input,
               rule_subject(rule.id) +
                   fmt::format(fmt::runtime(tr(": две строки с id {}, а должна быть одна",
                                               ": two rows with id {} where one is expected")),
                               id));
}

// One object against its limit; nothing when it is within, or not to be judged.
std::optional<Finding> judge_row(const Rule& rule, const EachShape& shape, const Table& rows,
                                 const std::vector<Value>& row, const Columns& columns,
                                 const std::map<std::string, double>& learned,
                                 const Circumstances& now) {
  const auto manager = as_integer(row[columns.manager]);
  const auto since = as_integer(row[columns.since]);
  if (!manager || !since || !now.people.is_manager(*manager)) return std::nullopt;
  if (*since <= 0 || from_unix(*since) > now.now) return std::nullopt;
  const Limit limit = limit_of(shape, columns, row, learned);
  const double age = age_in(limit.unit, from_unix(*since), now);
  if (age <= limit.amount) return std::nullopt;
  Finding finding;
  finding.rule_id = rule.id;
  finding.manager_id = *manager;
  finding.value = age;
  finding.norm = limit.amount;
  finding.fields = named_values(rows, row, {"id", "manager_id"});
  finding.fields[std::string{kUnitField}] = std::string{name(limit.unit)};
  return finding;
}

}  // namespace

Result<Judgement> judge_each(const Rule& rule, const EachShape& shape, const Table& rows,
                             const Table& learned, const Circumstances& now) {
  const auto columns = find_columns(rule_subject(rule.id), shape, rows);
  if (!columns) return columns.error();
  const auto limits = read_learned(rule_subject(rule.id), learned);
  if (!limits) return limits.error();
  Judgement judgement;
  std::set<std::int64_t> seen;
  for (const auto& row : rows.rows) {
    const auto id = as_integer(row[columns->id]);
    if (!id) continue;
    if (!seen.insert(*id).second) return twice(rule, *id);
    auto finding = judge_row(rule, shape, rows, row, *columns, *limits, now);
    if (!finding) continue;
    finding->key = {AlertKey::Kind::object, shape.entity, *id};
    finding->items.push_back({*id, finding->fields});
    judgement.findings.push_back(std::move(*finding));
  }
  std::sort(judgement.findings.begin(), judgement.findings.end(),
            [](const Finding& a, const Finding& b) { return a.key < b.key; });
  return judgement;
}

}  // namespace b24
