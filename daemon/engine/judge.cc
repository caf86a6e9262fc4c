#include "daemon/engine/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "rules/route.h"
#include "rules/text.h"

namespace b24 {
namespace {

// A piece of somebody's SQL inside a statement of ours, so that SQLite's byte offset finds its way
// back to the file and line.
struct Piece {
  std::size_t begin;
  const Sql* source;
};

struct Statement {
  std::string text;
  std::vector<Piece> pieces;
  const Sql* whole = nullptr;  // blamed when the offset is in no piece

  void ours(std::string_view sql) { text += sql; }
  void theirs(const Sql& sql) {
    pieces.push_back({text.size(), &sql});
    if (whole == nullptr) whole = &sql;
    text += sql.text;
  }
};

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// The place in the file of a byte of the SQL: lines map one to one, columns count characters.
Mark mark_at(const Sql& sql, std::size_t offset) {
  const std::string_view before = std::string_view{sql.text}.substr(0, offset);
  const auto line_start = before.rfind('\n');
  Mark mark = sql.mark;
  mark.line += static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t from = line_start == std::string_view::npos ? 0 : line_start + 1;
  const int column = static_cast<int>(characters(before.substr(from)));
  const bool first_line = line_start == std::string_view::npos;
  mark.column = (first_line ? sql.mark.column : sql.indent + 1) + column;
  return mark;
}

int word_width(std::string_view sql, std::size_t offset) {
  std::size_t end = offset;
  while (end < sql.size() &&
         (std::isalnum(static_cast<unsigned char>(sql[end])) != 0 || sql[end] == '_' ||
          (static_cast<unsigned char>(sql[end]) & 0x80) != 0)) {
    ++end;
  }
  return std::max(1, static_cast<int>(characters(sql.substr(offset, end - offset))));
}

std::vector<std::string> all_columns() {
  std::vector<std::string> names;
  for (const ViewInfo& view : view_infos()) {
    names.push_back(view.name);
    for (const ViewColumn& column : view.columns) names.push_back(column.name);
  }
  return names;
}

// SQLite's words for the commonest slips, said for a person; its own words otherwise.
Text explain(const SqlError& failure) {
  const std::string& said = failure.text;
  const auto after = [&](std::string_view start) -> std::optional<std::string> {
    const auto at = said.find(start);
    if (at == std::string::npos) return std::nullopt;
    std::string rest = said.substr(at + start.size());
    if (const auto dot = rest.rfind('.'); dot != std::string::npos) rest.erase(0, dot + 1);
    return rest;
  };
  const auto maybe = [](const std::string& word, Text text) {
    if (const std::string guess = nearest(word, all_columns()); !guess.empty()) {
      text.ru += fmt::format(" – может быть, «{}»?", guess);
      text.en += fmt::format(" - did you mean \"{}\"?", guess);
    }
    return text;
  };
  if (failure.too_slow) {
    return {"запрос идёт дольше разрешённого – сузьте его по времени или добавьте условие",
            "the query takes longer than allowed - narrow it in time or add a condition"};
  }
  if (const auto word = after("no such column: ")) {
    return maybe(*word, {fmt::format("нет колонки «{}»", *word),
                         fmt::format("there is no column \"{}\"", *word)});
  }
  if (const auto word = after("no such table: ")) {
    return maybe(*word, {fmt::format("нет таблицы или вида «{}»", *word),
                         fmt::format("there is no table or view \"{}\"", *word)});
  }
  if (const auto word = after("no such function: ")) {
    return {fmt::format("нет функции «{}»", *word),
            fmt::format("there is no function \"{}\"", *word)};
  }
  return {fmt::format("ошибка в SQL: {}", said), fmt::format("SQL error: {}", said)};
}

Problem problem_of(const Statement& statement, const SqlError& failure) {
  Problem problem{.code = "R201", .mark = {}, .text = explain(failure)};
  const Sql* source = statement.whole;
  std::size_t offset = 0;
  if (failure.offset >= 0) {
    for (const Piece& piece : statement.pieces) {
      const auto at = static_cast<std::size_t>(failure.offset);
      if (at >= piece.begin && at <= piece.begin + piece.source->text.size()) {
        source = piece.source;
        offset = at - piece.begin;
      }
    }
  }
  if (source != nullptr) {
    problem.mark = mark_at(*source, offset);
    problem.width = word_width(source->text, offset);
  }
  return problem;
}

Error to_error(const Problem& problem) {
  return error(ErrorKind::invalid_input, format_line(problem));
}

Statement metric_statement(const Metric& metric) {
  Statement s;
  s.theirs(metric.sql);
  return s;
}

// The metric's rows with the rule's own condition over their columns: as a further column, since
// rows for which it does not hold still count in a median; for days, as a filter.
Statement metric_where_statement(const Metric& metric, const Sql& where) {
  Statement s;
  if (metric.kind == MetricKind::state) {
    s.ours("SELECT m.*, (\n");
    s.theirs(where);
    s.ours(fmt::format("\n) AS {} FROM (\n", kWhereColumn));
    s.theirs(metric.sql);
    s.ours("\n) AS m");
  } else {
    s.ours("SELECT m.* FROM (\n");
    s.theirs(metric.sql);
    s.ours("\n) AS m WHERE (\n");
    s.theirs(where);
    s.ours("\n)");
  }
  s.whole = &where;
  return s;
}

Statement each_statement(const EachShape& shape, const std::optional<Sql>& where) {
  Statement s;
  s.ours("SELECT * FROM " + shape.view);
  if (where) {
    s.ours(" WHERE (\n");
    s.theirs(*where);
    s.ours("\n)");
  }
  return s;
}

Statement plain_statement(const Sql& sql) {
  Statement s;
  s.theirs(sql);
  return s;
}

std::map<std::string, Value> parameters(Time now) { return {{":now", to_unix(now)}}; }

std::map<std::string, Value> day_parameters(const DayRange& range, const Calendar& calendar,
                                            Time now) {
  return {{":now", to_unix(now)},
          {":from_day", format_day(range.from)},
          {":to_day", format_day(range.to)},
          {":from", to_unix(calendar.start_of(range.from))},
          {":to", to_unix(calendar.start_of(range.to))}};
}

// All statements of a rule, each with the columns it must give.
struct Needed {
  Statement statement;
  std::vector<std::string> columns;
  std::string what;  // for the sentence: "метрика «…»"
};

std::vector<Needed> statements(const RuleSet& rules, const Rule& rule) {
  std::vector<Needed> all;
  const auto add_metric = [&](const std::string& id, bool daily) {
    const Metric* metric = rules.metric(id);
    if (metric == nullptr) return;
    std::vector<std::string> columns = {"manager_id", "value"};
    if (daily) columns.push_back("day");
    all.push_back({metric_statement(*metric), columns, metric->id});
    if (metric->objects) {
      all.push_back({plain_statement(*metric->objects), {"manager_id", "id"}, metric->id});
    }
    if (rule.where) all.push_back({metric_where_statement(*metric, *rule.where), {}, rule.id});
  };
  if (const auto* m = std::get_if<MetricShape>(&rule.shape)) add_metric(m->metric, false);
  if (const auto* c = std::get_if<CompareShape>(&rule.shape)) add_metric(c->metric, true);
  if (const auto* e = std::get_if<EachShape>(&rule.shape)) {
    std::vector<std::string> columns = {"id", "manager_id", e->since};
    if (!e->override_column.empty()) columns.push_back(e->override_column);
    if (e->learned && !e->learned_column.empty()) columns.push_back(e->learned_column);
    all.push_back({each_statement(*e, rule.where), columns, rule.id});
    if (e->learned) all.push_back({plain_statement(*e->learned), {"key", "days"}, rule.id});
  }
  return all;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void Judge::set_surroundings(const Surroundings& around) {
  reader_.set_circumstances(around.calendar, around.absences, around.people);
}

Result<Judgement> Judge::judge(const RuleSet& rules, const Rule& rule, const Surroundings& around,
                               Time now) {
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
    auto judgement =
        judge_compare(rule, *c, *rows, reader_.calls_covered_from(around.calendar), circumstances);
    if (!judgement || judgement->findings.empty()) return judgement;
    auto objects = run_objects(metric, values);
    if (!objects) return objects.error();
    return attach_items(std::move(*judgement), metric.id, *objects);
  }
  const auto& each = std::get<EachShape>(rule.shape);
  auto rows = run(each_statement(each, rule.where), parameters(now));
  if (!rows) return rows.error();
  Table learned;
  if (each.learned) {
    auto found = run(plain_statement(*each.learned), parameters(now));
    if (!found) return found.error();
    learned = std::move(*found);
  }
  return judge_each(rule, each, *rows, learned, circumstances);
}

Result<std::set<Entity>> Judge::reads(const RuleSet& rules, const Rule& rule) {
  std::set<Entity> read;
  for (const Needed& needed : statements(rules, rule)) {
    auto info = reader_.prepare(needed.statement.text);
    if (!info) return to_error(problem_of(needed.statement, info.error()));
    read.insert(info->reads.begin(), info->reads.end());
  }
  return read;
}

std::vector<Problem> Judge::check(const RuleSet& rules, const Rule& rule) {
  std::vector<Problem> problems;
  std::vector<std::string> row_columns;   // for {places} in text
  std::vector<std::string> item_columns;  // for {places} in item
  for (const Needed& needed : statements(rules, rule)) {
    auto info = reader_.prepare(needed.statement.text);
    if (!info) {
      problems.push_back(problem_of(needed.statement, info.error()));
      continue;
    }
    for (const std::string& column : needed.columns) {
      if (has(info->columns, column)) continue;
      Problem problem{.code = "R202", .mark = rule.mark, .text = {}};
      if (needed.statement.whole != nullptr) problem.mark = needed.statement.whole->mark;
      problem.text = {
          fmt::format("запрос в «{}» должен давать колонку «{}»", needed.what, column),
          fmt::format("the query of \"{}\" must give a column \"{}\"", needed.what, column)};
      problems.push_back(std::move(problem));
    }
    const bool objects = has(needed.columns, "id");
    auto& into = objects ? item_columns : row_columns;
    into.insert(into.end(), info->columns.begin(), info->columns.end());
  }
  const auto check_text = [&](const Text& text, std::vector<std::string> known, const char* key) {
    for (const std::string& words : {text.ru, text.en}) {
      if (words.empty()) continue;
      auto parsed = Template::parse(words);
      if (!parsed) {
        problems.push_back({.code = "R301",
                            .mark = rule.mark,
                            .text = {parsed.error().text, parsed.error().text}});
        continue;
      }
      for (const std::string& name : parsed->names()) {
        if (has(known, name)) continue;
        Text text_of{fmt::format("в «{}» правила «{}» нет значения {{{}}}", key, rule.id, name),
                     fmt::format("\"{}\" of rule \"{}\" has no value {{{}}}", key, rule.id, name)};
        if (const std::string guess = nearest(name, known); !guess.empty()) {
          text_of.ru += fmt::format(" – может быть, {{{}}}?", guess);
          text_of.en += fmt::format(" - did you mean {{{}}}?", guess);
        }
        problems.push_back({.code = "R302", .mark = rule.mark, .text = std::move(text_of)});
      }
    }
  };
  const auto& message = message_names(rule);
  const auto& item = item_names(rule);
  std::vector<std::string> for_text(message.begin(), message.end());
  for_text.insert(for_text.end(), row_columns.begin(), row_columns.end());
  std::vector<std::string> for_item(item.begin(), item.end());
  for_item.insert(for_item.end(), item_columns.begin(), item_columns.end());
  if (has_errors(problems)) return problems;  // the columns are not known for sure
  check_text(rule.text, for_text, "text");
  check_text(rule.resolved, for_text, "resolved");
  check_text(rule.item, for_item, "item");
  return problems;
}

}  // namespace b24
