#include "daemon/store/new_rows.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>
#include <new>
#include <stdexcept>

// A virtual table as SQLite wants it (sqlite.org/vtab.html): it exists by its name alone, and one
// cursor walks through the rows of the source at work.

namespace b24 {
namespace {
namespace vtab {

struct Table : sqlite3_vtab {
  RowSource** source = nullptr;
};

struct Cursor : sqlite3_vtab_cursor {
  RowSource* source = nullptr;
  std::size_t row = 0;
};

Cursor& at(sqlite3_vtab_cursor* cursor) { return *static_cast<Cursor*>(cursor); }

// SQLite is C: no exception may pass through it. It frees the message.
template <class F>
int guarded(char*& message, F work) noexcept {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  } catch (const std::exception& failure) {
    sqlite3_free(message);
    message = sqlite3_mprintf("%s", failure.what());
    return SQLITE_ERROR;
  }
}

int connect(sqlite3* database, void* source, int, const char* const*, sqlite3_vtab** made,
            char** message) {
  return guarded(*message, [&] {
    const std::string sql = fmt::format("CREATE TABLE x ({})", NewRows::columns(NewRows::kColumns));
    const int code = sqlite3_declare_vtab(database, sql.c_str());
    if (code != SQLITE_OK) return code;
    auto table = std::make_unique<Table>();
    table->source = static_cast<RowSource**>(source);
    *made = table.release();
    return SQLITE_OK;
  });
}

int disconnect(sqlite3_vtab* table) {
  delete static_cast<Table*>(table);
  return SQLITE_OK;
}

int best_index(sqlite3_vtab*, sqlite3_index_info*) { return SQLITE_OK; }

int open(sqlite3_vtab* table, sqlite3_vtab_cursor** made) {
  return guarded(table->zErrMsg, [&] {
    auto cursor = std::make_unique<Cursor>();
    cursor->source = *static_cast<Table*>(table)->source;
    *made = cursor.release();
    return SQLITE_OK;
  });
}

int close(sqlite3_vtab_cursor* cursor) {
  delete static_cast<Cursor*>(cursor);
  return SQLITE_OK;
}

int at_end(sqlite3_vtab_cursor* cursor) {
  return at(cursor).source == nullptr || at(cursor).row >= at(cursor).source->rows() ? 1 : 0;
}

int go_to(sqlite3_vtab_cursor* cursor, std::size_t row) {
  at(cursor).row = row;
  if (at_end(cursor) != 0) return SQLITE_OK;
  return guarded(cursor->pVtab->zErrMsg, [&] {
    at(cursor).source->go_to(row);
    return SQLITE_OK;
  });
}

int filter(sqlite3_vtab_cursor* cursor, int, const char*, int, sqlite3_value**) {
  return go_to(cursor, 0);
}

int next(sqlite3_vtab_cursor* cursor) { return go_to(cursor, at(cursor).row + 1); }

int column(sqlite3_vtab_cursor* cursor, sqlite3_context* to, int index) {
  return guarded(cursor->pVtab->zErrMsg, [&] {
    const ValueView value = at(cursor).source->value(static_cast<std::size_t>(index));
    if (const auto* i = std::get_if<std::int64_t>(&value)) {
      sqlite3_result_int64(to, *i);
    } else if (const auto* d = std::get_if<double>(&value)) {
      sqlite3_result_double(to, *d);
    } else if (const auto* s = std::get_if<std::string_view>(&value)) {
      sqlite3_result_text64(to, s->data(), s->size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    return SQLITE_OK;
  });
}

int rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
  *id = static_cast<sqlite3_int64>(at(cursor).row);
  return SQLITE_OK;
}

const sqlite3_module* module() {
  static const sqlite3_module made = [] {
    sqlite3_module m{};
    m.xConnect = connect;
    m.xBestIndex = best_index;
    m.xDisconnect = disconnect;
    m.xOpen = open;
    m.xClose = close;
    m.xFilter = filter;
    m.xNext = next;
    m.xEof = at_end;
    m.xColumn = column;
    m.xRowid = rowid;
    return m;
  }();
  return &made;
}

}  // namespace vtab
}  // namespace

NewRows::NewRows(Connection& connection) : connection_(connection) {
  const int code = sqlite3_create_module(connection.handle(), "new_rows", vtab::module(), &source_);
  if (code != SQLITE_OK) connection.fail(code, sqlite3_errmsg(connection.handle()));
}

std::int64_t NewRows::run(SQLite::Statement& statement, RowSource& source) {
  source_ = &source;
  Run run{connection_, statement};
  return run.exec();
}

std::string NewRows::columns(std::size_t count) {
  if (count > kColumns) throw std::logic_error{"new_rows has too few columns"};
  std::string names;
  for (std::size_t i = 0; i < count; ++i) names += fmt::format("{}v{}", i == 0 ? "" : ", ", i);
  return names;
}

}  // namespace b24
