#include "daemon/store/mirror_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "daemon/store/lost_rows.h"
#include "daemon/store/row_difference.h"
#include "daemon/store/row_hash.h"

namespace b24 {
namespace {

constexpr const char* kLog =
    "INSERT INTO changes (entity, entity_id, field, old_value, new_value, seen_at) "
    "VALUES (?, ?, ?, ?, ?, ?)";
constexpr const char* kAddRows = "UPDATE streams SET rows = rows + ? WHERE entity = ?";

// What schema_2.sql gives to a row that cannot have the columns of its version yet. That they are
// filled is no change on the portal.
constexpr std::int64_t kHashOfVersion1 = 0;
constexpr std::string_view kColumnsOfVersion2[] = {"changed_by", "crm_links"};

// Columns of the select besides the spec's own.
constexpr int kHashColumn = 0;
constexpr int kDeletedColumn = 1;
constexpr int kFirstColumn = 2;

std::int64_t hash_of(const Record& record) {
  RowHash hash;
  for (const Value& value : record.values) hash.add(value);
  hash.add(std::string_view{record.extra});
  return hash.result();
}

bool is_of_version_2(std::string_view column) {
  return std::ranges::find(kColumnsOfVersion2, column) != std::end(kColumnsOfVersion2);
}

// What bind_row binds, in its order; the id comes last.
std::vector<std::string> written_columns(const EntitySpec& spec) {
  std::vector<std::string> columns;
  for (const Field& field : spec.fields) columns.emplace_back(field.column);
  if (spec.entity == Entity::call) columns.emplace_back("day");
  for (const char* column : {"extra", "row_hash", "seen_at"}) columns.emplace_back(column);
  return columns;
}

std::string insert_sql(const EntitySpec& spec) {
  const auto columns = written_columns(spec);
  std::string places;
  for (std::size_t i = 0; i <= columns.size(); ++i) places += i == 0 ? "?" : ", ?";
  return fmt::format("INSERT INTO {} ({}, id) VALUES ({}) ON CONFLICT (id) DO NOTHING",
                     table_of(spec.entity), fmt::join(columns, ", "), places);
}

std::string update_sql(const EntitySpec& spec) {
  return fmt::format("UPDATE {} SET {} = ?, deleted_at = NULL WHERE id = ?", table_of(spec.entity),
                     fmt::join(written_columns(spec), " = ?, "));
}

std::string select_sql(const EntitySpec& spec) {
  std::string columns;
  for (const Field& field : spec.fields) columns += fmt::format("{}, ", field.column);
  return fmt::format("SELECT row_hash, deleted_at, {}extra FROM {} WHERE id = ?", columns,
                     table_of(spec.entity));
}

}  // namespace

std::optional<std::size_t> index_of(const EntitySpec& spec, std::string_view column) {
  for (std::size_t i = 0; i < spec.fields.size(); ++i) {
    if (spec.fields[i].column == column) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> change_time_index(const EntitySpec& spec) {
  for (std::size_t i = 0; i < spec.fields.size(); ++i) {
    if (spec.fields[i].select == spec.changed_filter) return i;
  }
  return std::nullopt;
}

std::string table_of(Entity entity) {
  const std::string_view word = name(entity);
  if (!word.ends_with('y')) return fmt::format("{}s", word);
  return fmt::format("{}ies", word.substr(0, word.size() - 1));
}

std::optional<Entity> entity_of_table(std::string_view table) {
  if (table == kTaskLinks) return Entity::task;
  if (const auto detail = detail_of_table(table)) return spec(*detail).owner;
  const auto* const found = std::find_if(std::begin(kEntities), std::end(kEntities),
                                         [&](Entity entity) { return table_of(entity) == table; });
  return found == std::end(kEntities) ? std::nullopt : std::optional(*found);
}

MirrorTable::MirrorTable(Connection& connection, const EntitySpec& spec)
    : connection_(connection),
      spec_(spec),
      changed_(change_time_index(spec)),
      started_(spec.entity == Entity::call ? index_of(spec, "started_at") : std::nullopt),
      linked_(spec.entity == Entity::task ? index_of(spec, "crm_links") : std::nullopt),
      wishes_(connection, spec) {
  if (linked_) links_.emplace(connection);
  const std::string table = table_of(spec.entity);
  insert_ = &connection.statement(insert_sql(spec));
  select_ = &connection.statement(select_sql(spec));
  update_ = &connection.statement(update_sql(spec));
  rehash_ = &connection.statement(fmt::format("UPDATE {} SET row_hash = ? WHERE id = ?", table));
  set_deleted_ =
      &connection.statement(fmt::format("UPDATE {} SET deleted_at = ?1, seen_at = ?2 WHERE id = ?3 "
                                        "AND (deleted_at IS NULL) = (?1 IS NOT NULL)",
                                        table));
  log_ = &connection.statement(kLog);
}

UpsertCounts MirrorTable::upsert(std::span<const Record> records, Time seen_at,
                                 const Calendar& calendar, Trust trust) {
  seen_at_ = seen_at;
  calendar_ = &calendar;
  trust_ = trust;
  day_.reset();
  revived_ = 0;
  UpsertCounts counts;
  for (const Record& record : records) {
    switch (upsert_one(record)) {
      case Outcome::inserted:
        ++counts.inserted;
        break;
      case Outcome::updated:
        ++counts.updated;
        break;
      case Outcome::unchanged:
        ++counts.unchanged;
        break;
    }
  }
  add_rows(counts.inserted + revived_);
  return counts;
}

MirrorTable::Outcome MirrorTable::upsert_one(const Record& record) {
  if (record.values.size() != spec_.fields.size()) {
    throw std::logic_error{fmt::format("a record of {} has {} values in place of {}",
                                       name(spec_.entity), record.values.size(),
                                       spec_.fields.size())};
  }
  const std::int64_t hash = hash_of(record);
  Run insert{connection_, *insert_};
  bind_row(insert, record, hash);
  if (insert.exec() != 1) return update(record, hash);
  if (linked_) links_->add(record.id, record.values[*linked_]);
  wishes_.add(record, seen_at_);
  return Outcome::inserted;
}

MirrorTable::Outcome MirrorTable::update(const Record& record, std::int64_t hash) {
  Run stored{connection_, *select_, record.id};
  if (!stored.next()) return Outcome::unchanged;
  const bool deleted = !stored.is_null(kDeletedColumn);
  const bool trusted = trust_ == Trust::kept;
  const bool equal = trusted && stored.integer(kHashColumn) == hash;
  if (equal && !deleted) return Outcome::unchanged;
  if (deleted) {
    // Whatever its age, a row that the portal shows is there.
    log(record.id, "deleted_at", stored.value(kDeletedColumn), Value{});
    Run{connection_, *set_deleted_, std::nullopt, seen_at_, record.id}.exec();
    forget_lost(connection_, spec_.entity, record.id, seen_at_);
    ++revived_;
    wishes_.add(record, seen_at_);
  }
  const Outcome revived = deleted ? Outcome::updated : Outcome::unchanged;
  if (equal || (trusted && is_older(record, stored))) return revived;
  if (!log_differences(record, stored)) {
    // Only the way of hashing has changed, as after an upgrade, or nothing has.
    Run{connection_, *rehash_, hash, record.id}.exec();
    return revived;
  }
  Run run{connection_, *update_};
  bind_row(run, record, hash);
  run.exec();
  if (linked_) links_->replace(record.id, record.values[*linked_]);
  wishes_.add(record, seen_at_);
  return Outcome::updated;
}

bool MirrorTable::is_older(const Record& record, const Run& stored) const {
  if (!changed_) return false;
  const auto ours = stored.maybe_integer(kFirstColumn + static_cast<int>(*changed_));
  const auto theirs = as_integer(record.values[*changed_]);
  return ours && theirs && *theirs < *ours;
}

bool MirrorTable::log_differences(const Record& record, const Run& stored) {
  const auto found = row_differences(spec_, stored, kFirstColumn, record);
  const bool of_version_1 = stored.integer(kHashColumn) == kHashOfVersion1;
  for (const FieldDifference& d : found) {
    if (of_version_1 && is_of_version_2(d.field)) continue;
    log(record.id, d.field, d.here, d.there);
  }
  const int extra = kFirstColumn + static_cast<int>(spec_.fields.size());
  const bool same_text =
      (stored.is_null(extra) ? std::string{} : stored.text(extra)) == record.extra;
  return !found.empty() || !same_text;
}

void MirrorTable::log(std::int64_t id, std::string_view field, const Value& before,
                      const Value& after) {
  Run{connection_, *log_, name(spec_.entity), id, field, before, after, seen_at_}.exec();
}

void MirrorTable::bind_row(Run& run, const Record& record, std::int64_t hash) {
  for (const Value& value : record.values) run.bind(value);
  if (started_) run.bind(day_of(record));
  if (record.extra.empty()) {
    run.bind(std::nullopt);
  } else {
    run.bind_uncopied(record.extra);
  }
  run.with(hash, seen_at_, record.id);
}

const Value& MirrorTable::day_of(const Record& record) {
  static const Value kNone;
  const auto started_at = as_integer(record.values[*started_]);
  if (!started_at) return kNone;
  const Day day = calendar_->day_of(from_unix(*started_at));
  if (day_ != day) {
    day_ = day;
    day_text_ = format_day(day);
  }
  return day_text_;
}

std::int64_t MirrorTable::mark_deleted(std::span<const std::int64_t> ids, Time seen_at) {
  seen_at_ = seen_at;
  std::int64_t count = 0;
  for (const std::int64_t id : ids) {
    if (Run{connection_, *set_deleted_, seen_at, seen_at, id}.exec() == 0) continue;
    log(id, "deleted_at", Value{}, Value{to_unix(seen_at)});
    wishes_.remove(id);
    note_lost(connection_, spec_.entity, id);
    ++count;
  }
  add_rows(-count);
  return count;
}

void MirrorTable::add_rows(std::int64_t count) {
  if (count != 0) connection_.run(kAddRows, count, name(spec_.entity)).exec();
}

}  // namespace b24
