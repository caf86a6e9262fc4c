#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/store/connection.h"

// Rows of ours as a table of SQL, "new_rows": one statement takes a whole answer of the portal,
// each value read where it lies, in place of a statement a row with each value bound to it. That
// halves the time of writing.

namespace b24 {

// One of SQLite's four values; a text is not copied.
using ValueView = std::variant<std::monostate, std::int64_t, double, std::string_view>;

// The rows that a statement finds in new_rows.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual std::size_t rows() const noexcept = 0;
  // The values asked for next are of this row. Their texts must live until the next go_to, the last
  // ones until the statement has ended.
  virtual void go_to(std::size_t row) = 0;
  virtual ValueView value(std::size_t column) const = 0;
};

// Makes the table in a connection, which it must outlive. Its columns: v0, v1, ...
class NewRows {
 public:
  static constexpr std::size_t kColumns = 64;

  explicit NewRows(Connection& connection);
  NewRows(const NewRows&) = delete;
  NewRows& operator=(const NewRows&) = delete;

  // Runs a statement that reads `source` from new_rows; how many rows it has written. It must be
  // done with a row before it takes the next, as INSERT ... SELECT is: no max(), no join. What
  // `source` throws comes out as SqliteFailure.
  std::int64_t run(SQLite::Statement& statement, RowSource& source);
  // "v0, v1, v2". Throws std::logic_error when the table has fewer columns.
  static std::string columns(std::size_t count);

 private:
  Connection& connection_;
  RowSource* source_ = nullptr;  // of the statement at work
};

}  // namespace b24
