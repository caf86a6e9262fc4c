#include "daemon/engine/judge.h"

#include "daemon/engine/statements.h"

namespace b24 {
namespace {

Error to_error(const Problem& problem) {
  return error(ErrorKind::invalid_input, format_line(problem));
}

}  // namespace

void Judge::set_surroundings(const Surroundings& around) { reader_.set_surroundings(around); }

Result<Judgement> Judge::judge(const RuleSet& rules, const Rule& rule, const Surroundings& around,
                               Time now, const StandingNorms& standing) {
  const Circumstances circumstances{around.calendar, around.absences, around.people, now};
  const auto run = [&](const Statement& statement,
                       const std::map<std::string, Value>& values) -> Result<Table> {
    auto rows = reader_.query(statement.text, values);
    if (!rows) return to_error(problem_of(statement, rows.error()));
    return std::move(*rows);
  };
  const auto run_metric = [&](const Metric& metric, const std::map<std::string, Value>& values) {
    return run(rule.where ? metric_where_statement(metric, *rule.where) : metric_statement(metric),
               values);
  };
  const auto run_objects = [&](const Metric& metric, const std::map<std::string, Value>& values) {
    return metric.objects ? run(plain_statement(*metric.objects), values) : Result<Table>{Table{}};
  };
  if (const auto* m = std::get_if<MetricShape>(&rule.shape)) {
    const Metric& metric = rules.metrics.at(m->metric);
    auto rows = run_metric(metric, parameters(now));
    if (!rows) return rows.error();
    auto judgement = judge_metric(rule, *m, *rows, {}, circumstances);
    // The objects are asked for only where there is something to tell.
    if (!judgement || judgement->findings.empty()) return judgement;
    auto objects = run_objects(metric, parameters(now));
    if (!objects) return objects.error();
    return attach_items(std::move(*judgement), metric.id, *objects);
  }
  if (const auto* c = std::get_if<CompareShape>(&rule.shape)) {
    const Metric& metric = rules.metrics.at(c->metric);
    const auto values = day_parameters(days_needed(*c, circumstances), around.calendar, now);
    auto rows = run_metric(metric, values);
    if (!rows) return rows.error();
    auto judgement = judge_compare(rule, *c, *rows, reader_.calls_covered_from(around.calendar),
                                   circumstances, standing);
    if (!judgement || judgement->findings.empty()) return judgement;
    auto objects = run_objects(metric, values);
    if (!objects) return objects.error();
    return attach_items(std::move(*judgement), metric.id, *objects);
  }
  const auto& each = std::get<EachShape>(rule.shape);
  auto rows = run(each_statement(each, rule), parameters(now));
  if (!rows) return rows.error();
  Table learned;
  if (each.learned) {
    auto found = run(plain_statement(*each.learned), parameters(now));
    if (!found) return found.error();
    learned = std::move(*found);
  }
  return judge_each(rule, each, *rows, learned, circumstances);
}

Result<Reads> Judge::reads(const RuleSet& rules, const Rule& rule) {
  Reads read;
  for (const Needed& needed : statements(rules, rule)) {
    auto info = reader_.prepare(needed.statement.text);
    if (!info) return to_error(problem_of(needed.statement, info.error()));
    read.entities.insert(info->reads.begin(), info->reads.end());
    read.details.insert(info->details.begin(), info->details.end());
  }
  return read;
}

}  // namespace b24
