#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"
#include "daemon/store/store.h"
#include "rules/evaluate.h"
#include "rules/rule.h"

// The SQL that a rule comes to, and the way back from SQLite's byte offset to the place in a file.

namespace b24 {

// A piece of somebody's SQL inside a statement of ours.
struct SqlPiece {
  std::size_t begin;
  const Sql* source;
};

struct Statement {
  std::string text;
  std::vector<SqlPiece> pieces;
  const Sql* whole = nullptr;  // blamed when the offset is in no piece

  void ours(std::string_view sql) { text += sql; }
  void theirs(const Sql& sql) {
    pieces.push_back({text.size(), &sql});
    if (whole == nullptr) whole = &sql;
    text += sql.text;
  }
};

// What is wrong with somebody's SQL, in a person's words where SQLite's are known.
Text explain(const SqlError& failure);

// The same, at its place in a file.
Problem problem_of(const Statement& statement, const SqlError& failure);

Statement metric_statement(const Metric& metric);
// The metric's rows with the rule's own condition over their columns: as a further column, since
// rows for which it does not hold still count in a median.
Statement metric_where_statement(const Metric& metric, const Sql& where);
Statement each_statement(const EachShape& shape, const Rule& rule);
Statement plain_statement(const Sql& sql);

std::map<std::string, Value> parameters(Time now);
std::map<std::string, Value> day_parameters(const DayRange& range, const Calendar& calendar,
                                            Time now);

// A statement of a rule with the columns it must give.
struct Needed {
  Statement statement;
  std::vector<std::string> columns;
  std::string what;  // the metric or the rule, for sentences
};
std::vector<Needed> statements(const RuleSet& rules, const Rule& rule);

}  // namespace b24
