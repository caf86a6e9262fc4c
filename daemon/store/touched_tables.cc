#include "daemon/store/touched_tables.h"

#include <sqlite3.h>

#include <map>
#include <memory>
#include <string_view>

namespace b24 {
namespace {

// sqlite.org/opcode.html: OpenRead and ReopenIdx have the root page in P2, the database in P3.
constexpr int kOpcode = 1;
constexpr int kRootPage = 3;
constexpr int kDatabase = 4;
constexpr const char* kRoots = "SELECT rootpage, tbl_name FROM sqlite_schema WHERE rootpage > 0";

struct Finish {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

}  // namespace

std::optional<std::set<std::string>> touched_tables(Connection& connection,
                                                    const std::string& sql) {
  // The schema table itself is the first page.
  std::map<std::int64_t, std::string> table_at = {{1, "sqlite_schema"}};
  for (Run run = connection.run(kRoots); run.next();) table_at[run.integer(0)] = run.text(1);
  sqlite3_stmt* raw = nullptr;
  const std::string explain = "EXPLAIN " + sql;
  if (sqlite3_prepare_v2(connection.handle(), explain.c_str(), -1, &raw, nullptr) != SQLITE_OK) {
    return std::nullopt;
  }
  const std::unique_ptr<sqlite3_stmt, Finish> statement{raw};
  std::set<std::string> tables;
  while (sqlite3_step(raw) == SQLITE_ROW) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(raw, kOpcode));
    const std::string_view opcode = text != nullptr ? text : "";
    if (opcode != "OpenRead" && opcode != "ReopenIdx") continue;
    if (sqlite3_column_int(raw, kDatabase) != 0) continue;
    const auto found = table_at.find(sqlite3_column_int64(raw, kRootPage));
    if (found == table_at.end()) return std::nullopt;
    tables.insert(found->second);
  }
  return tables;
}

}  // namespace b24
