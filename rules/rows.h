#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/entity.h"
#include "rules/base/result.h"

// Reading what a query gave. Shared by the files of evaluate.h.

namespace b24 {

// The index of a column that must be there. `subject` opens the sentence: "метрика «calls»".
Result<std::size_t> need_column(const Table& table, std::string_view column,
                                const std::string& subject);

// A row as named values, but for the columns in `without`.
std::map<std::string, Value> named_values(const Table& table, const std::vector<Value>& row,
                                          const std::set<std::string>& without);

// "метрика «calls_out»", "правило «deal_stuck»".
std::string metric_subject(const std::string& id);
std::string rule_subject(const std::string& id);

// The middle value; of an even number of values, the mean of the two. Zero of nothing.
double median(std::vector<double> values);

}  // namespace b24
