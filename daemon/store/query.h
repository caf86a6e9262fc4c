#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "daemon/store/connection.h"
#include "daemon/store/sandbox.h"
#include "daemon/store/store.h"

struct sqlite3_stmt;

namespace b24 {

// Prepares and runs other people's SQL inside the sandbox; keeps the statements it used last.
class QueryRunner {
 public:
  // The connection must outlive the runner.
  explicit QueryRunner(Connection& connection);

  tl::expected<QueryInfo, SqlError> prepare(const std::string& sql);
  tl::expected<Table, SqlError> query(const std::string& sql,
                                      const std::map<std::string, Value>& parameters,
                                      const QueryLimits& limits);

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  struct Prepared {
    std::string sql;
    std::unique_ptr<sqlite3_stmt, Finalize> statement;
    QueryInfo info;
  };
  tl::expected<Prepared*, SqlError> prepared(const std::string& sql);
  tl::expected<std::unique_ptr<sqlite3_stmt, Finalize>, SqlError> compile(const std::string& sql);
  SqlError compile_error(const std::string& sql, int code) const;
  std::optional<SqlError> bind(const Prepared& query,
                               const std::map<std::string, Value>& parameters) const;
  tl::expected<Table, SqlError> rows_of(const Prepared& query, const QueryLimits& limits) const;
  SqlError run_error(int code, const QueryLimits& limits) const;

  Connection& connection_;
  Sandbox sandbox_;
  std::optional<std::int64_t> now_;  // of the query at work
  std::list<Prepared> kept_;         // the latest used first
};

}  // namespace b24
