#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "daemon/store/functions.h"
#include "daemon/store/store.h"
#include "tests/support/temp_folder.h"

namespace b24 {

inline const Time kStart = from_unix(1'795'244'400);  // 2026-11-21 10:00 in Moscow, a Saturday

inline Value text(std::string value) { return Value{std::move(value)}; }
inline Value integer(std::int64_t value) { return Value{value}; }

using Columns = std::map<std::string, Value>;

// The row with the named columns put anew.
inline Record with(Entity entity, Record row, const Columns& columns) {
  const auto& fields = spec(entity).fields;
  row.values.resize(fields.size());
  for (const auto& [column, value] : columns) {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& field) { return field.column == column; });
    if (found == fields.end()) throw std::logic_error{"no column " + column};
    row.values[static_cast<std::size_t>(found - fields.begin())] = value;
  }
  return row;
}

// A row with the named columns; the others are NULL.
inline Record record(Entity entity, std::int64_t id, const Columns& columns,
                     std::string extra = {}) {
  return with(entity, Record{id, {}, std::move(extra)}, columns);
}

// What an activity is bound to, as pairs of kind and id.
using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;
inline DetailRows links_of(std::int64_t activity_id, const Pairs& pairs) {
  DetailRows links{Detail::activity_link, activity_id, {}};
  for (const auto& [type, id] : pairs) links.records.push_back({id, {integer(type)}, {}});
  return links;
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
  // From then on its table has its indexes.
  void read_in_full(Entity entity) {
    in_transaction([&] { writer_->save_stream({.entity = entity, .full_done = true}); });
  }

  // Rows as "a|b|c", from whatever table, over a connection that knows our functions and has no
  // sandbox.
  std::vector<std::string> rows(const std::string& sql) {
    const auto counting = std::make_unique<Counting>(Surroundings{calendar_, {}, {}, {}});
    SQLite::Database database{paths_.file().string(), SQLite::OPEN_READONLY, 5000};
    register_functions(database.getHandle(), &counting);
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
