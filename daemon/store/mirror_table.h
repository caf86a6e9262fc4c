#pragma once

#include <string>
#include <vector>

#include "connectors/bitrix24/entities.h"
#include "daemon/store/connection.h"
#include "daemon/store/details.h"
#include "daemon/store/link_table.h"
#include "daemon/store/new_rows.h"

namespace b24 {

// "deals" for Entity::deal, "activities" for Entity::activity.
std::string table_of(Entity entity);
// Whose rows a table of the mirror holds, or nothing: "deals" -> Entity::deal, "task_links" ->
// Entity::task.
std::optional<Entity> entity_of_table(std::string_view table);
// Where a column stands among the spec's fields; that of the time of change.
std::optional<std::size_t> index_of(const EntitySpec& spec, std::string_view column);
std::optional<std::size_t> change_time_index(const EntitySpec& spec);

// Writes rows of one entity into its table, and what changed into the change log. Statements are
// made from the entity's spec. Works inside the caller's transaction.
class MirrorTable : private RowSource {
 public:
  MirrorTable(Connection& connection, NewRows& new_rows, const EntitySpec& spec);

  UpsertCounts upsert(std::span<const Record> records, Time seen_at, const Calendar& calendar,
                      Trust trust);
  std::int64_t mark_deleted(std::span<const std::int64_t> ids, Time seen_at);

 private:
  // What is written of a row besides the columns of its spec, in this order, as far as the table
  // has it.
  enum class Further { day, phone_key, extra, row_hash, seen_at, id };
  static std::vector<Further> further_of(const EntitySpec& spec);
  std::vector<std::string> written_columns() const;
  std::string insert_sql(std::string_view on_conflict) const;

  std::size_t rows() const noexcept override { return records_.size(); }
  void go_to(std::size_t row) override;
  ValueView value(std::size_t column) const override;

  enum class Outcome { inserted, updated, unchanged };
  Outcome upsert_one(const Record& record);
  Outcome update(const Record& record);
  void check_size(const Record& record) const;
  // Whether all of them are new, in the order of their ids.
  bool are_new(std::span<const Record> records);
  // The number of rows written.
  std::int64_t write(SQLite::Statement& how, std::span<const Record> records);
  void add_links(const Record& record);
  bool is_older(const Record& record, const Run& stored) const;
  bool log_differences(const Record& record, const Run& stored);
  void log(std::int64_t id, std::string_view field, const Value& before, const Value& after);
  void set_day(const Record& record);
  void add_rows(std::int64_t count);

  Connection& connection_;
  NewRows& new_rows_;
  const EntitySpec& spec_;
  std::vector<Further> further_;
  std::optional<std::size_t> changed_;  // index of the time of change: what changed_filter names
  std::optional<std::size_t> started_;  // index of the time that `day` is computed from
  std::optional<std::size_t> phone_;    // index of the number that `phone_key` is made of
  std::optional<std::size_t> linked_;   // index of the links that have a table of their own
  std::optional<LinkTable> links_;
  DetailWishes wishes_;
  SQLite::Statement* any_between_;
  SQLite::Statement* insert_;
  SQLite::Statement* overwrite_;
  SQLite::Statement* select_;
  SQLite::Statement* rehash_;
  SQLite::Statement* set_deleted_;
  SQLite::Statement* log_;

  // Of the upsert at work.
  Time seen_at_{};
  const Calendar* calendar_ = nullptr;
  Trust trust_ = Trust::kept;
  std::int64_t revived_ = 0;
  // What new_rows gives: the records, and what is known of the one it stands at.
  std::span<const Record> records_;
  const Record* record_ = nullptr;
  std::int64_t hash_ = 0;
  std::string phone_key_;
  std::optional<Day> day_;  // the latest, with its text: calls come in the order of time
  std::string day_text_;
};

}  // namespace b24
