#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "daemon/store/store.h"
#include "tests/support/temp_folder.h"

namespace b24 {

inline const Time kStart = from_unix(1'795'244'400);  // 2026-11-21 10:00 in Moscow, a Saturday

inline Value text(std::string value) { return Value{std::move(value)}; }
inline Value integer(std::int64_t value) { return Value{value}; }

// A row with the named columns; the others are NULL.
inline Record record(Entity entity, std::int64_t id, const std::map<std::string, Value>& columns,
                     std::string extra = {}) {
  Record made{id, {}, std::move(extra)};
  std::size_t used = 0;
  for (const Field& field : spec(entity).fields) {
    const auto found = columns.find(std::string{field.column});
    used += found != columns.end();
    made.values.push_back(found == columns.end() ? Value{} : found->second);
  }
  if (used != columns.size()) throw std::logic_error{"a column that the spec does not have"};
  return made;
}

// A store in a folder of its own, with a Writer.
class StoreTest : public testing::Test {
 protected:
  StoreTest() { open_writer(); }

  void open_writer() {
    writer_.reset();
    auto writer = Writer::open(paths_);
    if (!writer) throw std::runtime_error{writer.error().text};
    writer_ = std::move(*writer);
  }

  std::unique_ptr<Reader> reader() {
    auto made = Reader::open(paths_);
    if (!made) throw std::runtime_error{made.error().text};
    return std::move(*made);
  }

  // In a transaction of its own.
  UpsertCounts upsert(Entity entity, const std::vector<Record>& records, Time seen_at = kStart) {
    Writer::Transaction transaction{*writer_};
    const UpsertCounts counts = writer_->upsert(entity, records, seen_at, calendar_);
    transaction.commit();
    return counts;
  }
  template <class F>
  void in_transaction(F work) {
    Writer::Transaction transaction{*writer_};
    work();
    transaction.commit();
  }

  // Rows as "a|b|c", from whatever table, over a connection without any sandbox.
  std::vector<std::string> rows(const std::string& sql) {
    SQLite::Database database{paths_.file().string(), SQLite::OPEN_READONLY, 5000};
    SQLite::Statement statement{database, sql};
    std::vector<std::string> found;
    while (statement.executeStep()) {
      std::string row;
      for (int i = 0; i < statement.getColumnCount(); ++i) {
        row += (i > 0 ? "|" : "") +
               (statement.isColumnNull(i) ? "NULL" : statement.getColumn(i).getString());
      }
      found.push_back(row);
    }
    return found;
  }

  static Calendar moscow() {
    auto made = Calendar::make({});
    if (!made) throw std::runtime_error{made.error().text};
    return *made;
  }

  TempFolder folder_;
  StorePaths paths_{folder_.path() / "state"};
  Calendar calendar_ = moscow();
  std::unique_ptr<Writer> writer_;
};

}  // namespace b24
