#include "rules/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "rules/base/language.h"

namespace b24 {

Result<std::size_t> need_column(const Table& table, std::string_view column,
                                const std::string& subject) {
  if (const auto found = table.column(column)) return *found;
  return error(ErrorKind::invalid_input,
               fmt::format(fmt::runtime(tr("{}: запрос не даёт колонку «{}»",
                                           "{}: the query gives no column \"{}\"")),
                           subject, column));
}

std::map<std::string, Value> named_values(const Table& table, const std::vector<Value>& row,
                                          const std::set<std::string>& without) {
  std::map<std::string, Value> values;
  for (std::size_t i = 0; i < table.columns.size() && i < row.size(); ++i) {
    if (!without.contains(table.columns[i])) values.emplace(table.columns[i], row[i]);
  }
  return values;
}

std::string metric_subject(const std::string& id) {
  return fmt::format(fmt::runtime(tr("метрика «{}»", "metric \"{}\"")), id);
}

std::string rule_subject(const std::string& id) {
  return fmt::format(fmt::runtime(tr("правило «{}»", "rule \"{}\"")), id);
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const std::size_t middle = values.size() / 2;
  std::sort(values.begin(), values.end());
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

}  // namespace b24
