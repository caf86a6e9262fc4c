#include "daemon/store/query.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>

#include "daemon/store/functions.h"
#include "daemon/store/mirror_table.h"
#include "daemon/store/sql_text.h"
#include "daemon/store/touched_tables.h"

namespace b24 {
namespace {

constexpr std::size_t kStatementsKept = 64;
// Some 400 MB at worst: a slip must not take the machine's memory.
constexpr std::int64_t kMostCells = 10'000'000;

template <class... A>
std::string formatted(std::string_view ru, std::string_view en, const A&... values) {
  return fmt::format(fmt::runtime(tr(ru, en)), values...);
}

SqlError at_place(std::string text, std::size_t offset) {
  return {std::move(text), static_cast<int>(offset)};
}

// The machine's trouble and not the query's.
bool is_store_failure(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_BUSY:
    case SQLITE_PROTOCOL:
      return true;
    default:
      return false;
  }
}

// SQLite gives no place for a missing table; its name is in the message.
int place_of_table(const std::string& sql, std::string_view message) {
  constexpr std::string_view kNoTable = "no such table: ";
  if (!message.starts_with(kNoTable)) return -1;
  std::string_view table = message.substr(kNoTable.size());
  const int whole = find_word(sql, table);
  return whole >= 0 ? whole : find_word(sql, table.substr(table.rfind('.') + 1));
}

Value cell(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      return {};
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    default:
      break;
  }
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  return bytes == nullptr ? std::string{} : std::string{bytes, size};
}

struct Reset {
  void operator()(sqlite3_stmt* statement) const { sqlite3_reset(statement); }
};

int bind_value(sqlite3_stmt* statement, int place, const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, place, *i);
  }
  if (const auto* d = std::get_if<double>(&value)) {
    return sqlite3_bind_double(statement, place, *d);
  }
  if (const auto* s = std::get_if<std::string>(&value)) {
    return sqlite3_bind_text64(statement, place, s->data(), s->size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
  }
  return sqlite3_bind_null(statement, place);
}

tl::expected<std::vector<std::string>, SqlError> parameters_of(sqlite3_stmt* statement,
                                                               const std::string& sql) {
  std::vector<std::string> names;
  for (int i = 1; i <= sqlite3_bind_parameter_count(statement); ++i) {
    const char* name = sqlite3_bind_parameter_name(statement, i);
    if (name == nullptr || *name == '?') {
      return tl::unexpected(at_place(
          std::string{tr("параметр пишется с именем, например :now", "name the parameter: :now")},
          std::min(sql.find('?'), sql.size())));
    }
    names.emplace_back(name);
  }
  return names;
}

}  // namespace

void QueryRunner::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

QueryRunner::QueryRunner(Connection& connection) : connection_(connection), sandbox_(connection) {
  register_now(connection.handle(), &now_);
}

tl::expected<QueryInfo, SqlError> QueryRunner::prepare(const std::string& sql) {
  const auto query = prepared(sql);
  if (!query) return tl::unexpected(query.error());
  return (*query)->info;
}

tl::expected<Table, SqlError> QueryRunner::query(const std::string& sql,
                                                 const std::map<std::string, Value>& parameters,
                                                 const QueryLimits& limits) {
  const auto query = prepared(sql);
  if (!query) return tl::unexpected(query.error());
  if (auto missing = bind(**query, parameters)) return tl::unexpected(std::move(*missing));
  // After a change of the schema SQLite prepares again by itself, hence the same scope.
  const Sandbox::Scope scope{sandbox_, Sandbox::Access::views,
                             std::chrono::steady_clock::now() + limits.time};
  const auto now = parameters.find(":now");
  now_ = now == parameters.end() ? std::nullopt : as_integer(now->second);
  // A statement that is not at its end would hold the reader's snapshot.
  const std::unique_ptr<sqlite3_stmt, Reset> running{(*query)->statement.get()};
  return rows_of(**query, limits);
}

tl::expected<QueryRunner::Prepared*, SqlError> QueryRunner::prepared(const std::string& sql) {
  const auto found =
      std::find_if(kept_.begin(), kept_.end(), [&](const Prepared& p) { return p.sql == sql; });
  if (found != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, found);
    return &kept_.front();
  }
  auto statement = [&] {
    const Sandbox::Scope scope{sandbox_, Sandbox::Access::views};
    return compile(sql);
  }();
  if (!statement) return tl::unexpected(statement.error());
  auto names = parameters_of(statement->get(), sql);
  if (!names) return tl::unexpected(names.error());
  QueryInfo info{{}, std::move(*names), sandbox_.reads(), {}};
  if (const auto touched = touched_tables(connection_, sql)) {
    std::set<Entity> reads;
    for (const std::string& table : *touched) {
      if (const auto detail = detail_of_table(table)) info.details.insert(*detail);
      if (const auto entity = entity_of_table(table)) reads.insert(*entity);
    }
    info.reads = std::move(reads);
  }
  for (int i = 0; i < sqlite3_column_count(statement->get()); ++i) {
    info.columns.emplace_back(sqlite3_column_name(statement->get(), i));
  }
  kept_.push_front({sql, std::move(*statement), std::move(info)});
  if (kept_.size() > kStatementsKept) kept_.pop_back();
  return &kept_.front();
}

tl::expected<std::unique_ptr<sqlite3_stmt, QueryRunner::Finalize>, SqlError> QueryRunner::compile(
    const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  if (is_blank_sql(sql)) {
    return tl::unexpected(SqlError{std::string{tr("запрос пуст", "the query is empty")}});
  }
  const int code =
      sqlite3_prepare_v3(connection_.handle(), sql.c_str(), static_cast<int>(sql.size()) + 1,
                         SQLITE_PREPARE_PERSISTENT, &raw, &tail);
  std::unique_ptr<sqlite3_stmt, Finalize> statement{raw};
  if (code != SQLITE_OK) return tl::unexpected(compile_error(sql, code));
  const auto used = static_cast<std::size_t>(tail - sql.c_str());
  const auto more = first_code(std::string_view{sql}.substr(std::min(used, sql.size())));
  if (more != std::string_view::npos) {
    return tl::unexpected(
        at_place(std::string{tr("запрос должен быть один: уберите лишнее после «;»",
                                "one statement only: remove what follows the ;")},
                 used + more));
  }
  // VACUUM INTO is prepared without a question to the authorizer, and EXPLAIN shows inner matters.
  if (sqlite3_stmt_readonly(raw) == 0 || sqlite3_stmt_isexplain(raw) != 0) {
    return tl::unexpected(
        at_place(std::string{tr("здесь можно только читать: нужен один запрос SELECT",
                                "only reading is allowed here: one SELECT")},
                 first_code(sql)));
  }
  return statement;
}

SqlError QueryRunner::compile_error(const std::string& sql, int code) const {
  sqlite3* const database = connection_.handle();
  const std::string message = sqlite3_errmsg(database);
  if (is_store_failure(code)) connection_.fail(code, message);
  int offset = sqlite3_error_offset(database);
  if (const auto& refusal = sandbox_.refusal()) {
    if (const int found = find_word(sql, refusal->identifier); found >= 0) offset = found;
    return {refusal->text, offset < 0 ? static_cast<int>(first_code(sql)) : offset};
  }
  if (offset < 0) offset = place_of_table(sql, message);
  return {message, offset};
}

std::optional<SqlError> QueryRunner::bind(const Prepared& query,
                                          const std::map<std::string, Value>& parameters) const {
  int place = 0;
  for (const std::string& name : query.info.parameters) {
    const auto given = parameters.find(name);
    if (given == parameters.end()) {
      return SqlError{
          formatted("у параметра {} нет значения", "the parameter {} has no value", name),
          find_word(query.sql, name)};
    }
    const int code = bind_value(query.statement.get(), ++place, given->second);
    if (code != SQLITE_OK) connection_.fail(code, sqlite3_errmsg(connection_.handle()));
  }
  return std::nullopt;
}

tl::expected<Table, SqlError> QueryRunner::rows_of(const Prepared& query,
                                                   const QueryLimits& limits) const {
  sqlite3_stmt* const statement = query.statement.get();
  const auto width = static_cast<std::int64_t>(query.info.columns.size());
  const std::int64_t most = std::min(limits.rows, kMostCells / std::max<std::int64_t>(width, 1));
  Table table{query.info.columns, {}};
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    if (static_cast<std::int64_t>(table.rows.size()) >= most) {
      return tl::unexpected(
          SqlError{formatted("запрос даёт больше {} строк: сузьте его или добавьте LIMIT",
                             "the query gives more than {} rows: narrow it or add a LIMIT", most)});
    }
    auto& row = table.rows.emplace_back();
    row.reserve(query.info.columns.size());
    for (int i = 0; i < static_cast<int>(width); ++i) row.push_back(cell(statement, i));
  }
  if (code != SQLITE_DONE) return tl::unexpected(run_error(code, limits));
  return table;
}

SqlError QueryRunner::run_error(int code, const QueryLimits& limits) const {
  const std::string message = sqlite3_errmsg(connection_.handle());
  if (is_store_failure(code)) connection_.fail(code, message);
  if (code != SQLITE_INTERRUPT) return {message};
  return {formatted("запрос не уложился в {} мс", "the query took longer than {} ms",
                    limits.time.count()),
          -1, true};
}

}  // namespace b24
