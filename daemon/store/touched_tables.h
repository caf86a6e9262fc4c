#pragma once

#include <optional>
#include <set>
#include <string>

#include "daemon/store/connection.h"

namespace b24 {

// The tables whose pages a statement would open, indexes counted as their tables. SQLite's
// authorizer names every table behind a view; the compiled program opens only those behind the
// columns that are asked for. Nothing when the program cannot be understood.
std::optional<std::set<std::string>> touched_tables(Connection& connection, const std::string& sql);

}  // namespace b24
