#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/store/store.h"
#include "rules/base/entity.h"
#include "rules/base/time.h"

struct sqlite3;
namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

// SQLite for SQL of ours: statements that are kept, values bound and read by type, and every
// failure turned into a StoreFailure that says what to do. One thread at a time.

namespace b24 {

class Connection;

// A StoreFailure with SQLite's result code.
struct SqliteFailure : StoreFailure {
  SqliteFailure(int result_code, const std::string& text) : StoreFailure(text), code(result_code) {}
  int code;  // where there is no room, SQLITE_FULL, whatever SQLite calls it
};

// One execution of a statement: bind in order with `with`, then `next` or `exec`. Resets the
// statement when it ends, so that it holds no lock.
class Run {
 public:
  template <class... A>
  Run(const Connection& connection, SQLite::Statement& statement, const A&... values)
      : connection_(connection), statement_(statement) {
    with(values...);
  }
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  template <class... A>
  Run& with(const A&... values) {
    (bind(values), ...);
    return *this;
  }
  void bind(double value);
  void bind(std::string_view value);  // copied
  void bind(std::nullopt_t);
  void bind(Time value) { bind(to_unix(value)); }
  // Neither this text nor that in a Value is copied: it must live until the run is over.
  void bind_uncopied(const std::string& value);
  template <std::same_as<Value> T>
  void bind(const T& value) {
    bind_value(value);
  }
  template <std::integral T>
  void bind(T value) {
    bind_integer(static_cast<std::int64_t>(value));
  }
  template <class T>
  void bind(const std::optional<T>& value) {
    if (value) return bind(*value);
    bind(std::nullopt);
  }

  bool next();          // steps to the next row
  std::int64_t exec();  // runs to the end; the number of rows written

  std::int64_t integer(int column) const;
  double number(int column) const;
  std::string text(int column) const;
  Time time(int column) const { return from_unix(integer(column)); }
  bool is_null(int column) const;
  std::optional<std::int64_t> maybe_integer(int column) const;
  std::optional<Time> maybe_time(int column) const;
  Value value(int column) const;

 private:
  void bind_integer(std::int64_t value);
  void bind_value(const Value& value);
  const Connection& connection_;
  SQLite::Statement& statement_;
  int bound_ = 0;
};

class Connection {
 public:
  enum class Mode { write, read };
  // The file must exist. Fails as StoreFailure.
  Connection(std::filesystem::path file, Mode mode);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void exec(const char* sql);  // one or several statements without values
  // The statement of this text; prepared once. The reference holds as long as the connection.
  SQLite::Statement& statement(const std::string& sql);
  template <class... A>
  Run run(const std::string& sql, const A&... values) {
    return Run{*this, statement(sql), values...};
  }

  sqlite3* handle() const;
  const std::filesystem::path& file() const { return file_; }
  // Throws the SqliteFailure of a SQLite result code.
  [[noreturn]] void fail(int code, const std::string& message) const;

 private:
  std::filesystem::path file_;
  std::unique_ptr<SQLite::Database> database_;
  std::map<std::string, std::unique_ptr<SQLite::Statement>, std::less<>> statements_;
};

}  // namespace b24
