#include <fmt/format.h>

#include <algorithm>

#include "daemon/engine/judge.h"
#include "daemon/engine/statements.h"
#include "rules/route.h"
#include "rules/text.h"

// What can be wrong with a rule that only the mirror's schema tells: its SQL, its columns, and the
// values its texts name.

namespace b24 {
namespace {

using Names = std::vector<std::string>;

bool has(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Gathers the problems of one rule.
class RuleCheck {
 public:
  RuleCheck(const Rule& rule, const RuleMarks& marks) : rule_(rule), marks_(marks) {}

  void check_columns(const Needed& needed, const Names& given) {
    for (const std::string& column : needed.columns) {
      if (has(given, column)) continue;
      add("R202", needed.statement.whole->mark,
          {fmt::format("запрос «{}» должен давать колонку «{}»", needed.what, column),
           fmt::format("the query of \"{}\" must give a column \"{}\"", needed.what, column)});
    }
  }

  void check_text(const char* key, const Text& text, const Names& known) {
    check_words(key, ".ru", text.ru, known);
    check_words(key, ".en", text.en, known);
  }

  void add(Problem problem) { problems_.push_back(std::move(problem)); }
  bool failed() const { return has_errors(problems_); }
  std::vector<Problem> take() { return std::move(problems_); }

 private:
  void add(const char* code, const Mark& mark, Text text) {
    problems_.push_back({.code = code, .mark = mark, .text = std::move(text)});
  }

  // Where a text of the rule stands: "text.ru", or "text" when it is written once.
  Mark mark_of(const std::string& key, const char* language) const {
    for (const std::string& name : {key + language, key}) {
      if (const auto found = marks_.find(name); found != marks_.end()) return found->second;
    }
    return rule_.mark;
  }

  void check_words(const char* key, const char* language, const std::string& words,
                   const Names& known) {
    if (words.empty()) return;
    const auto parsed = Template::parse(words);
    if (!parsed) {
      add("R203", mark_of(key, language), {parsed.error().text, parsed.error().text});
      return;
    }
    for (const std::string& name : parsed->names()) {
      if (has(known, name)) continue;
      Text text{fmt::format("нет значения {{{}}}", name), fmt::format("no value {{{}}}", name)};
      if (const std::string guess = nearest(name, known); !guess.empty()) {
        text.ru += fmt::format(" – может быть, {{{}}}?", guess);
        text.en += fmt::format(" - did you mean {{{}}}?", guess);
      }
      add("R204", mark_of(key, language), std::move(text));
    }
  }

  const Rule& rule_;
  const RuleMarks& marks_;
  std::vector<Problem> problems_;
};

Names joined(const std::set<std::string>& names, const Names& columns) {
  Names all(names.begin(), names.end());
  all.insert(all.end(), columns.begin(), columns.end());
  return all;
}

}  // namespace

std::vector<Problem> Judge::check(const RuleSet& rules, const Rule& rule, const RuleMarks& marks) {
  RuleCheck check{rule, marks};
  Names row_columns;   // a manager's
  Names item_columns;  // an object's
  for (const Needed& needed : statements(rules, rule)) {
    const auto info = reader_.prepare(needed.statement.text);
    if (!info) {
      check.add(problem_of(needed.statement, info.error()));
      continue;
    }
    check.check_columns(needed, info->columns);
    Names& columns = has(needed.columns, "id") ? item_columns : row_columns;
    columns.insert(columns.end(), info->columns.begin(), info->columns.end());
  }
  // While a query is wrong nobody knows what it would give.
  if (!check.failed()) {
    const Names for_message = joined(message_names(rule), row_columns);
    check.check_text("text", rule.text, for_message);
    check.check_text("resolved", rule.resolved, for_message);
    check.check_text("item", rule.item, joined(item_names(rule), item_columns));
  }
  return check.take();
}

std::vector<Problem> check_rules(Reader& reader, const LoadedRules& loaded) {
  static const RuleMarks kNone;
  Judge judge{reader};
  judge.set_surroundings({Calendar::make({}).value(), {}, {}, {}});
  std::vector<Problem> problems;
  for (const Rule& rule : loaded.rules.rules) {
    const auto marks = loaded.marks.find(rule.id);
    for (Problem& problem :
         judge.check(loaded.rules, rule, marks == loaded.marks.end() ? kNone : marks->second)) {
      // Two rules over one metric meet the same mistake in it.
      const bool known = std::any_of(problems.begin(), problems.end(), [&](const Problem& p) {
        return format_line(p) == format_line(problem);
      });
      if (!known) problems.push_back(std::move(problem));
    }
  }
  return problems;
}

}  // namespace b24
