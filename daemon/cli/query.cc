#include <fmt/format.h>

#include <iostream>

#include "daemon/cli/commands.h"
#include "daemon/cli/values.h"
#include "daemon/engine/statements.h"
#include "rules/base/characters.h"

namespace b24 {
namespace {

// A person waits for the answer, so it may take longer than a rule's query.
constexpr QueryLimits kLimits{.time = seconds{60}, .rows = 10'000'000};

void print_error(const std::string& sql, const SqlError& failure) {
  std::cerr << "b24watch: " << explain(failure).pick() << '\n';
  if (failure.offset < 0) return;
  const auto at = std::min(static_cast<std::size_t>(failure.offset), sql.size());
  const auto before = at == 0 ? std::string::npos : sql.rfind('\n', at - 1);
  const auto begin = before == std::string::npos ? 0 : before + 1;
  const std::string line = sql.substr(begin, sql.find('\n', begin) - begin);
  const std::size_t indent = count_characters(std::string_view{sql}.substr(begin, at - begin));
  std::cerr << "  " << line << "\n  " << std::string(indent, ' ') << "^\n";
}

}  // namespace

Exit query_command(const Common& common, const QueryArguments& arguments) {
  const auto loaded = load_all(common, Wanted::settings);
  if (!loaded) return Exit::usage;
  auto mirror = open_mirror(loaded->config);
  if (!mirror) return Exit::store;
  const auto now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  auto rows = mirror->reader->query(arguments.sql, {{":now", to_unix(now)}}, kLimits);
  if (!rows) {
    print_error(arguments.sql, rows.error());
    return Exit::failed;
  }
  if (!common.json) {
    std::cout << format_table(*rows);
    return Exit::ok;
  }
  // Row by row: an answer may be larger than one wants to hold twice.
  std::cout << '[';
  for (std::size_t r = 0; r < rows->rows.size(); ++r) {
    OrderedJson row = OrderedJson::object();
    for (std::size_t c = 0; c < rows->columns.size(); ++c) {
      row[rows->columns[c]] = value_json(rows->rows[r][c]);
    }
    std::cout << (r == 0 ? "\n" : ",\n") << dump(row);
  }
  std::cout << "\n]\n";
  return Exit::ok;
}

}  // namespace b24
