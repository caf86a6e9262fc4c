#include "daemon/store/sandbox.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "daemon/store/mirror_table.h"
#include "daemon/store/store.h"

namespace b24 {
namespace {

using std::chrono::steady_clock;

constexpr int kStepsBetweenLooks = 1000;
constexpr int kMostValueBytes = 1'000'000;

// Whatever is not here is refused: above all functions that write text of any length in one call
// (printf, format, zeroblob, hex), that give another answer each time, and that reach outside.
// Blanks stand around every name.
constexpr std::string_view kAllowedFunctions =
    " -> ->> abs absent_through acos asin atan atan2 avg ceil ceiling char coalesce cos "
    "count cume_dist current_date current_time current_timestamp date datetime degrees "
    "dense_rank effective_deadline exp first_value floor group_concat ifnull iif instr "
    "is_manager is_sales is_test_deal is_test_task json json_array json_array_length "
    "json_extract json_group_array json_group_object json_object json_quote json_type json_valid "
    "julianday lag last_value lead length like likelihood likely ln local_day log log10 log2 "
    "lower ltrim max min mod nth_value ntile nullif percent_rank pi pow power radians rank "
    "replace round row_number rtrim sign sin sqrt strftime substr substring sum talk_seconds tan "
    "time to_base total trim trunc typeof unicode unixepoch unlikely upper work_days work_minutes ";

constexpr const char* kTables = "SELECT name FROM sqlite_schema WHERE type = 'table'";

// Tables that are functions: rows from the JSON text of their argument.
constexpr std::string_view kTableFunctions[] = {"json_each", "json_tree"};

bool is_allowed_function(std::string_view name) {
  return kAllowedFunctions.find(fmt::format(" {} ", name)) != std::string_view::npos;
}

bool is_table_function(std::string_view name) {
  return std::find(std::begin(kTableFunctions), std::end(kTableFunctions), name) !=
         std::end(kTableFunctions);
}

struct Limit {
  int id;
  int value;
};
constexpr Limit kLimits[] = {
    {SQLITE_LIMIT_SQL_LENGTH, 100'000},  {SQLITE_LIMIT_COLUMN, 500},
    {SQLITE_LIMIT_EXPR_DEPTH, 200},      {SQLITE_LIMIT_COMPOUND_SELECT, 50},
    {SQLITE_LIMIT_FUNCTION_ARG, 100},    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_VARIABLE_NUMBER, 100}, {SQLITE_LIMIT_TRIGGER_DEPTH, 0},
    {SQLITE_LIMIT_WORKER_THREADS, 0},
};

std::string formatted(std::string_view ru, std::string_view en, std::string_view value) {
  return fmt::format(fmt::runtime(tr(ru, en)), value);
}

}  // namespace

Sandbox::Sandbox(Connection& connection) : database_(connection.handle()) {
  for (const Limit& limit : kLimits) sqlite3_limit(database_, limit.id, limit.value);
  // A name in double quotes is a name, never a string in disguise.
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_set_authorizer(database_, on_action, this);
  sqlite3_progress_handler(database_, kStepsBetweenLooks, on_progress, this);
  learn(connection);
}

Sandbox::~Sandbox() {
  sqlite3_set_authorizer(database_, nullptr, nullptr);
  sqlite3_progress_handler(database_, 0, nullptr, nullptr);
}

Sandbox::Scope::Scope(Sandbox& sandbox, Access access,
                      std::optional<steady_clock::time_point> deadline)
    : sandbox_(sandbox),
      usual_length_(access == Access::program
                        ? -1
                        : sqlite3_limit(sandbox.database_, SQLITE_LIMIT_LENGTH, kMostValueBytes)) {
  sandbox_.access_ = access;
  sandbox_.deadline_ = deadline;
  sandbox_.reads_.clear();
  sandbox_.read_through_views_.clear();
  sandbox_.refusal_.reset();
}

Sandbox::Scope::~Scope() {
  sandbox_.access_ = Access::program;
  sandbox_.deadline_.reset();
  if (usual_length_ > 0) sqlite3_limit(sandbox_.database_, SQLITE_LIMIT_LENGTH, usual_length_);
}

// Every view is prepared once, to see through it. Asking "in the name of a view" alone would not
// do: SQLite gives the name of a WITH table in the same place, and that may be called like a view.
// The tables that are functions come to life at their first use, by an inner CREATE TABLE that
// would be refused later.
void Sandbox::learn(Connection& connection) {
  for (Run run = connection.run(kTables); run.next();) tables_.insert(run.text(0));
  std::vector<std::string> first_uses;
  for (const ViewInfo& view : view_infos()) first_uses.push_back("SELECT * FROM " + view.name);
  for (const std::string_view table : kTableFunctions) {
    first_uses.push_back(fmt::format("SELECT value FROM {}('[]')", table));
  }
  learning_ = true;
  for (const std::string& sql : first_uses) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr);
    sqlite3_finalize(statement);
    if (code != SQLITE_OK) connection.fail(code, sqlite3_errmsg(database_));
  }
  learning_ = false;
  for (const ViewInfo& view : view_infos()) views_.insert(view.name);
}

int Sandbox::on_action(void* self, int action, const char* first, const char* second,
                       const char* /*database*/, const char* view) {
  auto& sandbox = *static_cast<Sandbox*>(self);
  try {
    return sandbox.allows(action, first, second, view) ? SQLITE_OK : SQLITE_DENY;
  } catch (...) {
    return SQLITE_DENY;
  }
}

bool Sandbox::allows(int action, const char* first, const char* second, const char* view) {
  const std::string_view table = first != nullptr ? first : "";
  const std::string_view through = view != nullptr ? view : "";
  if (learning_) {
    if (action == SQLITE_READ && view != nullptr)
      tables_behind_[std::string{through}].emplace(table);
    return true;
  }
  if (access_ == Access::program) return true;
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
      return true;
    case SQLITE_READ:
      return allows_read(table, through, second == nullptr || *second == '\0');
    case SQLITE_FUNCTION: {
      const std::string_view function = second != nullptr ? second : "";
      if (is_allowed_function(function)) return true;
      refuse(formatted("функцию {}() здесь использовать нельзя", "the function {}() is not allowed",
                       function),
             function);
      return false;
    }
    default:
      refuse(std::string{tr("здесь можно только читать: нужен один запрос SELECT",
                            "only reading is allowed here: one SELECT")},
             "");
      return false;
  }
}

// `no_column`: nothing is taken from the table but the number of its rows. SQLite then asks once
// more, after a view has dissolved into the statement: in nobody's name, and for the tables of WITH
// as well.
bool Sandbox::allows_read(std::string_view table, std::string_view through, bool no_column) {
  if (views_.contains(table) || is_table_function(table)) return true;
  const bool internal = table.starts_with("sqlite_") || table.starts_with("pragma_");
  const bool ours = tables_.contains(table);
  if (no_column && !internal && (!ours || read_through_views_.contains(table))) return true;
  const auto behind = tables_behind_.find(through);
  const bool through_view = behind != tables_behind_.end() && behind->second.contains(table);
  if (through_view) {
    read_through_views_.emplace(table);
    if (const auto entity = entity_of_table(table)) reads_.insert(*entity);
    return true;
  }
  refuse(
      formatted("таблица {} закрыта: читайте представления v_… (их список – b24watch schema)",
                "the table {} is closed: read the views v_… (b24watch schema lists them)", table),
      table);
  return false;
}

void Sandbox::refuse(std::string text, std::string_view identifier) {
  if (!refusal_) refusal_ = Refusal{std::move(text), std::string{identifier}};
}

int Sandbox::on_progress(void* self) {
  const auto& sandbox = *static_cast<const Sandbox*>(self);
  return sandbox.deadline_ && steady_clock::now() >= *sandbox.deadline_ ? 1 : 0;
}

}  // namespace b24
