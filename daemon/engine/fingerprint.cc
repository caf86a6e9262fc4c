#include <fmt/format.h>
#include <fmt/ranges.h>

#include "daemon/engine/engine.h"
#include "rules/base/hash.h"

namespace b24 {
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
    std::string words = fmt::format("each|{}|{}|{}|{}|{}", e.view, e.since, words_of(e.longer_than),
                                    e.override_column, e.learned_column);
    for (const auto& [value, span] : e.overrides) words += value + "=" + words_of(span);
    return words + (e.learned ? e.learned->text : "");
  }
};

std::string words_of(const SalesScope& scope) {
  std::string words = fmt::format(
      "{}|{}|{}|{}", fmt::join(scope.pipelines, ","), fmt::join(scope.test_titles, "\n"),
      fmt::join(scope.test_deal_types, "\n"), fmt::join(scope.test_task_groups, ","));
  for (const auto& [line, offset] : scope.duration_offsets) {
    words += fmt::format("|{}={}", line, offset.count());
  }
  return words;
}

}  // namespace

std::string fingerprint(const RuleSet& rules, const Rule& rule, const Config& config) {
  std::string words = std::visit(ShapeWords{rules}, rule.shape);
  if (rule.where) words += "|" + rule.where->text;
  words += fmt::format("|{}|{}|{}", fmt::join(config.people.departments, ","),
                       fmt::join(config.people.exclude, ","), words_of(config.scope));
  for (const auto& [department, head] : config.people.heads) {
    words += fmt::format("|{}:{}", department, head);
  }
  return fmt::format("{:016x}", stable_hash(words));
}

}  // namespace b24
