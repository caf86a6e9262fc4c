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

// "+7 (999) 123-45-67" as "9991234567": without signs, the last ten characters.
void set_phone_key(std::string_view phone, std::string& key) {
  constexpr std::size_t kNational = 10;
  key.clear();
  for (const char c : phone) {
    if (std::string_view{"+ -()"}.find(c) == std::string_view::npos) key += c;
  }
  std::size_t from = key.size();
  for (std::size_t characters = 0; from > 0 && characters < kNational;) {
    if ((static_cast<unsigned char>(key[--from]) & 0xC0) != 0x80) ++characters;
  }
  key.erase(0, from);
}

ValueView view_of(const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) return *i;
  if (const auto* d = std::get_if<double>(&value)) return *d;
  if (const auto* s = std::get_if<std::string>(&value)) return std::string_view{*s};
  return {};
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
  if (table == kWorkdays || table == kWorkdayRules) return Entity::user;
  const auto* const found = std::find_if(std::begin(kEntities), std::end(kEntities),
                                         [&](Entity entity) { return table_of(entity) == table; });
  return found == std::end(kEntities) ? std::nullopt : std::optional(*found);
}

std::vector<MirrorTable::Further> MirrorTable::further_of(const EntitySpec& spec) {
  std::vector<Further> further = {Further::extra, Further::row_hash, Further::seen_at, Further::id};
  if (spec.entity == Entity::call) {
    further.insert(further.begin(), {Further::day, Further::phone_key});
  }
  return further;
}

std::vector<std::string> MirrorTable::written_columns() const {
  std::vector<std::string> columns;
  for (const Field& field : spec_.fields) columns.emplace_back(field.column);
  constexpr const char* kNames[] = {"day", "phone_key", "extra", "row_hash", "seen_at", "id"};
  for (const Further column : further_) columns.emplace_back(kNames[static_cast<int>(column)]);
  return columns;
}

// "WHERE true" tells SQLite that ON CONFLICT is no part of a join.
std::string MirrorTable::insert_sql(std::string_view on_conflict) const {
  const auto columns = written_columns();
  return fmt::format(
      "INSERT INTO {} ({}) SELECT {} FROM new_rows WHERE true ON CONFLICT (id) DO {}",
      table_of(spec_.entity), fmt::join(columns, ", "), NewRows::columns(columns.size()),
      on_conflict);
}

MirrorTable::MirrorTable(Connection& connection, NewRows& new_rows, const EntitySpec& spec)
    : connection_(connection),
      new_rows_(new_rows),
      spec_(spec),
      further_(further_of(spec)),
      changed_(change_time_index(spec)),
      started_(spec.entity == Entity::call ? index_of(spec, "started_at") : std::nullopt),
      phone_(spec.entity == Entity::call ? index_of(spec, "phone") : std::nullopt),
      linked_(spec.entity == Entity::task ? index_of(spec, "crm_links") : std::nullopt),
      wishes_(connection, spec) {
  if (linked_) links_.emplace(connection);
  const std::string table = table_of(spec.entity);
  std::string taken;
  for (const std::string& column : written_columns()) {
    if (column != "id") taken += fmt::format("{0} = excluded.{0}, ", column);
  }
  any_between_ = &connection.statement(
      fmt::format("SELECT 1 FROM {} WHERE id BETWEEN ? AND ? LIMIT 1", table));
  insert_ = &connection.statement(insert_sql("NOTHING"));
  overwrite_ = &connection.statement(insert_sql("UPDATE SET " + taken + "deleted_at = NULL"));
  select_ = &connection.statement(select_sql(spec));
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
  for (const Record& record : records) check_size(record);
  wishes_.renew();
  UpsertCounts counts;
  if (are_new(records)) {
    counts.inserted = write(*insert_, records);
    for (const Record& record : records) add_links(record);
    add_rows(counts.inserted);
    return counts;
  }
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

void MirrorTable::check_size(const Record& record) const {
  if (record.values.size() == spec_.fields.size()) return;
  throw std::logic_error{fmt::format("a record of {} has {} values in place of {}",
                                     name(spec_.entity), record.values.size(),
                                     spec_.fields.size())};
}

bool MirrorTable::are_new(std::span<const Record> records) {
  if (records.empty()) return true;
  const auto not_above = [](const Record& a, const Record& b) { return b.id <= a.id; };
  if (std::ranges::adjacent_find(records, not_above) != records.end()) return false;
  return !Run{connection_, *any_between_, records.front().id, records.back().id}.next();
}

std::int64_t MirrorTable::write(SQLite::Statement& how, std::span<const Record> records) {
  records_ = records;
  return new_rows_.run(how, *this);
}

void MirrorTable::go_to(std::size_t row) {
  record_ = &records_[row];
  hash_ = hash_of(*record_);
  if (started_) set_day(*record_);
  if (!phone_) return;
  if (const auto* phone = std::get_if<std::string>(&record_->values[*phone_])) {
    set_phone_key(*phone, phone_key_);
  }
}

ValueView MirrorTable::value(std::size_t column) const {
  const auto& values = record_->values;
  if (column < values.size()) return view_of(values[column]);
  switch (further_[column - values.size()]) {
    case Further::day:
      return as_integer(values[*started_]) ? ValueView{std::string_view{day_text_}} : ValueView{};
    case Further::phone_key:
      return std::holds_alternative<std::string>(values[*phone_])
                 ? ValueView{std::string_view{phone_key_}}
                 : ValueView{};
    case Further::extra:
      return record_->extra.empty() ? ValueView{} : ValueView{std::string_view{record_->extra}};
    case Further::row_hash:
      return hash_;
    case Further::seen_at:
      return to_unix(seen_at_);
    case Further::id:
      return record_->id;
  }
  return {};
}

MirrorTable::Outcome MirrorTable::upsert_one(const Record& record) {
  if (write(*insert_, {&record, 1}) == 0) return update(record);
  add_links(record);
  return Outcome::inserted;
}

void MirrorTable::add_links(const Record& record) {
  if (linked_) links_->add(record.id, record.values[*linked_]);
  wishes_.add(record, seen_at_);
}

MirrorTable::Outcome MirrorTable::update(const Record& record) {
  Run stored{connection_, *select_, record.id};
  if (!stored.next()) return Outcome::unchanged;
  const bool deleted = !stored.is_null(kDeletedColumn);
  const bool trusted = trust_ == Trust::kept;
  const bool equal = trusted && stored.integer(kHashColumn) == hash_;
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
    Run{connection_, *rehash_, hash_, record.id}.exec();
    return revived;
  }
  write(*overwrite_, {&record, 1});
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

void MirrorTable::set_day(const Record& record) {
  const auto started_at = as_integer(record.values[*started_]);
  if (!started_at) return;
  const Day day = calendar_->day_of(from_unix(*started_at));
  if (day_ == day) return;
  day_ = day;
  day_text_ = format_day(day);
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
