#pragma once

#include <string>
#include <vector>

#include "rules/base/language.h"

// The analyst's reference: every view and column as views.sql explains them, the functions, and
// worked queries, which stand in queries.sql.

namespace b24 {

struct WorkedQuery {
  Text title;
  Text text;  // what it answers and how to read the answer
  std::string sql;
};
const std::vector<WorkedQuery>& worked_queries();

// Markdown in the language in force.
std::string reference();

}  // namespace b24
