#include "daemon/engine/statements.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "rules/base/characters.h"
#include "rules/text.h"

namespace b24 {
namespace {

// The place in the file of a byte of the SQL: lines map one to one, columns count characters.
Mark mark_at(const Sql& sql, std::size_t offset) {
  const std::string_view before = std::string_view{sql.text}.substr(0, offset);
  const auto line_start = before.rfind('\n');
  Mark mark = sql.mark;
  mark.line += static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t from = line_start == std::string_view::npos ? 0 : line_start + 1;
  const int column = static_cast<int>(count_characters(before.substr(from)));
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
  return std::max(1, static_cast<int>(count_characters(sql.substr(offset, end - offset))));
}

std::vector<std::string> all_columns() {
  std::vector<std::string> names;
  for (const ViewInfo& view : view_infos()) {
    names.push_back(view.name);
    for (const ViewColumn& column : view.columns) names.push_back(column.name);
  }
  return names;
}

// What stands between two pieces of SQLite's words.
std::optional<std::string> between(const std::string& said, std::string_view start,
                                   std::string_view end = {}) {
  const auto at = said.find(start);
  if (at == std::string::npos) return std::nullopt;
  const std::string rest = said.substr(at + start.size());
  const auto stop = end.empty() ? rest.size() : rest.rfind(end);
  if (stop == std::string::npos) return std::nullopt;
  return rest.substr(0, stop);
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('.') + 1); }

Text with_guess(const std::string& word, Text text) {
  if (const std::string guess = nearest(word, all_columns()); !guess.empty()) {
    text.ru += fmt::format(" – может быть, «{}»?", guess);
    text.en += fmt::format(" - did you mean \"{}\"?", guess);
  } else {
    text.ru += " – виды и колонки показывает b24watch schema";
    text.en += " - b24watch schema shows the views and columns";
  }
  return text;
}

std::optional<Text> about_names(const std::string& said) {
  if (const auto path = between(said, "no such column: ")) {
    const std::string word = last_name(*path);
    return with_guess(word, {fmt::format("нет колонки «{}»", word),
                             fmt::format("there is no column \"{}\"", word)});
  }
  if (const auto path = between(said, "no such table: ")) {
    const std::string word = last_name(*path);
    return with_guess(word, {fmt::format("нет таблицы или вида «{}»", word),
                             fmt::format("there is no table or view \"{}\"", word)});
  }
  if (const auto word = between(said, "no such function: ")) {
    return Text{fmt::format("нет функции «{}»", *word),
                fmt::format("there is no function \"{}\"", *word)};
  }
  if (const auto word = between(said, "ambiguous column name: ")) {
    return Text{fmt::format("колонка «{}» есть в нескольких видах – назовите перед ней вид", *word),
                fmt::format("several views have a column \"{}\" - name its view before it", *word)};
  }
  return std::nullopt;
}

// What the rule's texts name.
std::set<std::string> named(const Rule& rule) {
  std::set<std::string> names;
  for (const Text* text : {&rule.text, &rule.item, &rule.resolved}) {
    for (const std::string& words : {text->ru, text->en}) {
      if (const auto parsed = Template::parse(words)) names.merge(parsed->names());
    }
  }
  return names;
}

// The columns a rule over every object is given: those derived from other tables only if it wants
// them. They would cost, and the rule would wait for streams that are nothing to it.
std::vector<std::string> each_columns(const EachShape& shape, const Rule& rule) {
  std::set<std::string> wanted = named(rule);
  wanted.insert({shape.since, shape.override_column, shape.learned_column});
  std::vector<std::string> columns;
  for (const ViewInfo& view : view_infos()) {
    if (view.name != shape.view) continue;
    for (const ViewColumn& column : view.columns) {
      if (!column.derived || wanted.contains(column.name)) columns.push_back(column.name);
    }
  }
  return columns;
}

}  // namespace

Text explain(const SqlError& failure) {
  const std::string& said = failure.text;
  if (failure.too_slow) {
    return {"запрос идёт дольше разрешённого – сузьте его по времени или добавьте условие",
            "the query takes longer than allowed - narrow it in time or add a condition"};
  }
  if (auto text = about_names(said)) return *text;
  if (const auto word = between(said, "near \"", "\": syntax error")) {
    return {fmt::format("ошибка в SQL рядом с «{}»", *word),
            fmt::format("SQL syntax error near \"{}\"", *word)};
  }
  if (said.starts_with("cannot modify ")) {
    return {"здесь можно только читать: нужен один запрос SELECT",
            "only reading is allowed here: one SELECT"};
  }
  if (said == "incomplete input") {
    return {"запрос оборван: он не дописан до конца", "the query breaks off before its end"};
  }
  if (const auto word = between(said, "wrong number of arguments to function ")) {
    return {fmt::format("у функции {} другое число аргументов", *word),
            fmt::format("the function {} takes another number of arguments", *word)};
  }
  return {fmt::format("ошибка в SQL: {}", said), fmt::format("SQL error: {}", said)};
}

Problem problem_of(const Statement& statement, const SqlError& failure) {
  Problem problem{.code = "R201", .mark = {}, .text = explain(failure)};
  const Sql* source = statement.whole;
  std::size_t offset = 0;
  if (failure.offset >= 0) {
    for (const SqlPiece& piece : statement.pieces) {
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

Statement metric_statement(const Metric& metric) {
  Statement s;
  s.theirs(metric.sql);
  return s;
}

Statement metric_where_statement(const Metric& metric, const Sql& where) {
  Statement s;
  s.ours("SELECT m.*, (\n");
  s.theirs(where);
  s.ours(fmt::format("\n) AS {} FROM (\n", kWhereColumn));
  s.theirs(metric.sql);
  s.ours("\n) AS m");
  s.whole = &where;
  return s;
}

Statement each_statement(const EachShape& shape, const Rule& rule) {
  Statement s;
  s.ours(fmt::format("SELECT {} FROM {}", fmt::join(each_columns(shape, rule), ", "), shape.view));
  if (rule.where) {
    s.ours(" WHERE (\n");
    s.theirs(*rule.where);
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
    all.push_back({each_statement(*e, rule), columns, rule.id});
    if (e->learned) all.push_back({plain_statement(*e->learned), {"key", "days"}, rule.id});
  }
  return all;
}

}  // namespace b24
