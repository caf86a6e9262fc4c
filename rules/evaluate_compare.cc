#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "rules/base/language.h"
#include "rules/evaluate.h"
#include "rules/rows.h"

// The `compare` shape: a manager's recent days against his own norm.

namespace b24 {
namespace {

// How many dead days we can make up for.
constexpr int kSpareDays = 10;

struct Counts {
  std::map<std::pair<std::int64_t, Day>, double> of;  // managers only
  std::map<Day, double> total;                        // everybody, heads too

  double get(std::int64_t id, Day day) const {
    const auto found = of.find({id, day});
    return found == of.end() ? 0 : found->second;
  }
};

std::optional<Day> as_day(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return parse_day(*text);
  const auto number = as_integer(value);
  // Dates of four-digit years only.
  if (!number || *number < -700'000 || *number > 2'900'000) return std::nullopt;
  return Day{days{static_cast<int>(*number)}};
}

Error row_error(const std::string& metric, std::string_view ru, std::string_view en,
                const std::string& what) {
  return error(ErrorKind::invalid_input,
               metric_subject(metric) + fmt::format(fmt::runtime(tr(ru, en)), what));
}

Result<Counts> read_counts(const std::string& metric, const Table& rows, const People& people) {
  const auto owner = need_column(rows, "manager_id", metric_subject(metric));
  if (!owner) return owner.error();
  const auto date = need_column(rows, "day", metric_subject(metric));
  if (!date) return date.error();
  const auto value = need_column(rows, "value", metric_subject(metric));
  if (!value) return value.error();
  Counts counts;
  for (const auto& row : rows.rows) {
    const auto id = as_integer(row[*owner]);
    if (!id) continue;
    const auto day = as_day(row[*date]);
    if (!day) {
      return row_error(metric, ": «{}» в колонке day – не день, нужен вид «2026-11-21»",
                       ": \"{}\" in the column day is no day, \"2026-11-21\" is needed",
                       as_text(row[*date]));
    }
    const double number = as_number(row[*value]).value_or(0);
    counts.total[*day] += number;
    if (!people.is_manager(*id)) continue;
    if (!counts.of.emplace(std::pair{*id, *day}, number).second) {
      return row_error(metric,
                       ": две строки за один день для сотрудника {}, а должна быть одна – нужен "
                       "GROUP BY manager_id, day",
                       ": two rows of one day for {} where one is expected; GROUP BY manager_id, "
                       "day is missing",
                       fmt::format("{} ({}, {})", people.name(*id), *id, format_day(*day)));
    }
  }
  return counts;
}

// One manager's days and what they gave.
struct Measure {
  std::int64_t id = 0;
  std::vector<Day> window;  // newest first
  std::vector<Day> past;    // of the norm
  double total = 0;
  double value = 0;
  double norm = 0;

  bool had(Day day) const {
    return std::find(window.begin(), window.end(), day) != window.end() ||
           std::find(past.begin(), past.end(), day) != past.end();
  }
};

Measure measure(std::int64_t id, Day first_day, const std::set<Day>& dead,
                const CompareShape& shape, const Counts& counts, const Circumstances& now) {
  Measure result;
  result.id = id;
  const auto window = static_cast<std::size_t>(std::max(shape.window_days, 1));
  const auto wanted = window + static_cast<std::size_t>(std::max(shape.norm_days, 1));
  const Day today = now.calendar.day_of(now.now);
  for (const Day day :
       present_days(now.calendar, now.absences, id, today, wanted + dead.size(), first_day)) {
    if (dead.contains(day)) continue;
    if (result.window.size() < window) {
      result.window.push_back(day);
    } else if (result.past.size() + window < wanted) {
      result.past.push_back(day);
    }
  }
  for (const Day day : result.window) result.total += counts.get(id, day);
  result.value = result.total / static_cast<double>(window);
  std::vector<double> norms;
  for (const Day day : result.past) norms.push_back(counts.get(id, day));
  if (norms.empty()) return result;
  double sum = 0;
  for (const double one : norms) sum += one;
  result.norm = shape.median ? median(norms) : sum / static_cast<double>(norms.size());
  return result;
}

bool enough(const Measure& measured, const CompareShape& shape) {
  return static_cast<int>(measured.window.size()) >= shape.window_days &&
         static_cast<int>(measured.past.size()) >= std::max(shape.need_days, 1);
}

Text too_little(const Measure& measured, const CompareShape& shape) {
  const std::size_t have = measured.past.size();
  return {fmt::format("мало истории: рабочих дней {} из {}", have, shape.need_days),
          fmt::format("too little history: {} working days of {}", have, shape.need_days)};
}

// Days on which the source, not the people, was silent.
std::set<Day> dead_days(const std::vector<Measure>& team, const Counts& counts) {
  std::set<Day> candidates;
  for (const Measure& one : team) {
    candidates.insert(one.window.begin(), one.window.end());
    candidates.insert(one.past.begin(), one.past.end());
  }
  std::set<Day> dead;
  for (const Day day : candidates) {
    const auto total = counts.total.find(day);
    if (total != counts.total.end() && total->second > 0) continue;
    int present = 0;
    double norms = 0;
    for (const Measure& one : team) {
      if (one.norm <= 0 || !one.had(day)) continue;
      ++present;
      norms += one.norm;
    }
    if (present >= 2 && norms >= kLivelyNorm) dead.insert(day);
  }
  return dead;
}

// Exactly at the limit is not below it, whatever binary fractions make of 70 %.
bool is_lower(const Measure& measured, const CompareShape& shape, double percent) {
  const double slack = 1e-9 * measured.norm;
  return measured.norm >= shape.norm_at_least && measured.norm > 0 &&
         measured.value < measured.norm * (1 - percent / 100) - slack;
}

Finding finding_of(const Rule& rule, const Measure& measured) {
  Finding finding;
  finding.rule_id = rule.id;
  finding.key = {AlertKey::Kind::manager, Entity::user, measured.id};
  finding.manager_id = measured.id;
  finding.value = measured.value;
  finding.norm = measured.norm;
  finding.fields["total"] = measured.total;
  finding.fields["window_days"] = static_cast<std::int64_t>(measured.window.size());
  finding.fields["norm_days"] = static_cast<std::int64_t>(measured.past.size());
  return finding;
}

// The managers who can be measured; the others become silences.
std::vector<Measure> measure_team(const Rule& rule, const CompareShape& shape, Day covered_from,
                                  const Counts& counts, const Circumstances& now,
                                  const std::set<Day>& dead, std::vector<Silence>& silences) {
  const Day today = now.calendar.day_of(now.now);
  const Day first = std::max(covered_from, days_needed(shape, now).from);
  std::vector<Measure> team;
  for (const std::int64_t id : now.people.managers()) {
    if (now.absences.absent_on(id, today, now.calendar)) {
      silences.push_back({rule.id, id, {"сегодня отсутствует", "absent today"}});
      continue;
    }
    const Person* person = now.people.find(id);
    const bool dated = person != nullptr && person->hired_at.has_value();
    const Day own = dated ? std::max(first, now.calendar.day_of(*person->hired_at)) : first;
    Measure measured = measure(id, own, dead, shape, counts, now);
    if (enough(measured, shape)) {
      team.push_back(std::move(measured));
    } else {
      silences.push_back({rule.id, id, too_little(measured, shape)});
    }
  }
  return team;
}

void silence_all(const Rule& rule, const std::vector<Measure>& team, const Text& reason,
                 std::vector<Silence>& silences) {
  for (const Measure& one : team) silences.push_back({rule.id, one.id, reason});
  std::sort(silences.begin(), silences.end(),
            [](const Silence& a, const Silence& b) { return a.manager_id < b.manager_id; });
}

}  // namespace

DayRange days_needed(const CompareShape& shape, const Circumstances& now) {
  const Day today = now.calendar.day_of(now.now);
  const auto count = static_cast<std::size_t>(std::max(shape.window_days, 1) +
                                              std::max(shape.norm_days, 1) + kSpareDays);
  DayRange range{today, today};
  for (const std::int64_t id : now.people.managers()) {
    const auto present =
        present_days(now.calendar, now.absences, id, today, count, today - kLongestHistory);
    if (!present.empty()) range.from = std::min(range.from, present.back());
  }
  return range;
}

Result<Judgement> judge_compare(const Rule& rule, const CompareShape& shape, const Table& rows,
                                std::optional<Day> covered_from, const Circumstances& now,
                                const StandingNorms& standing) {
  const auto counts = read_counts(shape.metric, rows, now.people);
  if (!counts) return counts.error();
  Judgement judgement;
  if (!covered_from) {
    for (const std::int64_t id : now.people.managers()) {
      judgement.silences.push_back({rule.id,
                                    id,
                                    {"мало истории: данные ещё читаются",
                                     "too little history: the data is still being read"}});
    }
    return judgement;
  }
  auto team = measure_team(rule, shape, *covered_from, *counts, now, {}, judgement.silences);
  Day newest{};
  for (const Measure& one : team) newest = std::max(newest, one.window.front());
  const auto dead = dead_days(team, *counts);
  if (dead.contains(newest)) {
    silence_all(rule, team, {"похоже, телефония молчит", "telephony seems to be silent"},
                judgement.silences);
    return judgement;
  }
  if (!dead.empty()) {
    judgement.silences.clear();
    team = measure_team(rule, shape, *covered_from, *counts, now, dead, judgement.silences);
  }
  for (Measure& one : team) {
    if (const auto began = standing.find(one.id); began != standing.end()) one.norm = began->second;
    if (!is_lower(one, shape, shape.drop_percent / 2)) continue;
    judgement.findings.push_back(finding_of(rule, one));
    judgement.findings.back().clearing = !is_lower(one, shape, shape.drop_percent);
  }
  return judgement;
}

}  // namespace b24
