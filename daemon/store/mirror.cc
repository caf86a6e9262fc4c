#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "daemon/store/indexes.h"
#include "daemon/store/row_hash.h"
#include "daemon/store/rows.h"
#include "daemon/store/writer.h"

// The Writer's half that can be read again from the portal.

namespace b24 {
namespace {

constexpr std::int64_t kMostRejectedRows = 5000;
constexpr std::size_t kMostRawBytes = 4096;
constexpr std::int64_t kDaysChunk = 10'000;

constexpr const char* kReject =
    "INSERT INTO rejected_rows (entity, raw, reason, hash, first_seen_at, seen_at) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?5) "
    "ON CONFLICT (hash) DO UPDATE SET count = count + 1, seen_at = excluded.seen_at";
constexpr const char* kBoundRejected =
    "DELETE FROM rejected_rows WHERE id <= "
    "(SELECT id FROM rejected_rows ORDER BY id DESC LIMIT 1 OFFSET ?)";
constexpr const char* kSaveStream =
    "UPDATE streams SET full_done = ?, cursor_id = ?, full_began_at = ?, watermark = ?, "
    "fresh_at = ?, swept_at = ?, recent_at = ?, problem = ?, refused = ? "
    "WHERE entity = ?";
constexpr const char* kDaysOfCalls =
    "SELECT id, started_at, day FROM calls WHERE id > ? ORDER BY id LIMIT ?";
constexpr const char* kSetDay = "UPDATE calls SET day = ? WHERE id = ?";
constexpr const char* kDoubt =
    "SELECT doubted_at, doubted_rows FROM streams WHERE entity = ? AND doubted_at IS NOT NULL";
constexpr const char* kSaveDoubt =
    "UPDATE streams SET doubted_at = ?, doubted_rows = ? WHERE entity = ?";
constexpr const char* kForgetStreams =
    "UPDATE streams SET full_done = 0, cursor_id = 0, full_began_at = NULL, watermark = NULL, "
    "fresh_at = NULL, swept_at = NULL, recent_at = NULL, rows = 0, doubted_at = NULL, "
    "doubted_rows = NULL; "
    "UPDATE details SET full_done = 0; DELETE FROM wanted_details; DELETE FROM task_links; "
    "DELETE FROM rejected_rows; DELETE FROM lost_rows; DELETE FROM hidden_rows";
constexpr const char* kHasTable = "SELECT 1 FROM temp.sqlite_schema WHERE name = ?";

std::string swept_table(Entity entity) { return fmt::format("swept_{}", table_of(entity)); }

bool sweeps(Connection& connection, Entity entity) {
  return connection.run(kHasTable, swept_table(entity)).next();
}

// At most `limit` bytes, not cut inside a character.
std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

// How far days were computed in a zone, from the text kept of it.
std::int64_t place_in(std::string_view kept, std::string_view zone) {
  std::int64_t id = std::numeric_limits<std::int64_t>::min();
  if (kept.starts_with(zone) && kept.substr(zone.size()).starts_with(' ')) {
    std::from_chars(kept.data() + zone.size() + 1, kept.data() + kept.size(), id);
  }
  return id;
}

std::int64_t hash_of(const RejectedRow& row) {
  RowHash hash;
  hash.add(static_cast<std::uint64_t>(row.entity));
  hash.add(std::string_view{row.raw});
  hash.add(std::string_view{row.reason});
  return hash.result();
}

}  // namespace

UpsertCounts Writer::upsert(Entity entity, std::span<const Record> records, Time seen_at,
                            const Calendar& calendar, Trust trust) {
  // What is shown while a sweep goes on is there, wherever the sweep stands.
  if (sweeps(impl_->connection, entity)) add_swept(entity, records);
  return impl_->table(entity).upsert(records, seen_at, calendar, trust);
}

std::int64_t Writer::mark_deleted(Entity entity, std::span<const std::int64_t> ids, Time seen_at) {
  return impl_->table(entity).mark_deleted(ids, seen_at);
}

void Writer::reject(std::span<const RejectedRow> rows, Time seen_at) {
  for (const RejectedRow& row : rows) {
    impl_->connection
        .run(kReject, name(row.entity), cut(row.raw, kMostRawBytes), cut(row.reason, kMostRawBytes),
             hash_of(row), seen_at)
        .exec();
  }
  impl_->connection.run(kBoundRejected, kMostRejectedRows).exec();
}

void Writer::save_stream(const StreamState& state) {
  impl_->connection
      .run(kSaveStream, state.full_done, state.cursor_id, state.full_began_at, state.watermark,
           state.fresh_at, state.swept_at, state.recent_at, state.problem, state.refused,
           name(state.entity))
      .exec();
  if (state.full_done) make_indexes(impl_->connection, state.entity);
}

void Writer::begin_sweep(Entity entity) {
  const std::string table = swept_table(entity);
  impl_->connection.exec(
      fmt::format("CREATE TEMP TABLE IF NOT EXISTS {0} (id INTEGER PRIMARY KEY); DELETE FROM {0}",
                  table)
          .c_str());
}

void Writer::add_swept(Entity entity, std::span<const Record> records) {
  auto& insert = impl_->connection.statement(fmt::format(
      "INSERT INTO temp.{} (id) VALUES (?) ON CONFLICT DO NOTHING", swept_table(entity)));
  for (const Record& record : records) Run{impl_->connection, insert, record.id}.exec();
}

Swept Writer::finish_sweep(Entity entity) {
  if (!sweeps(impl_->connection, entity)) return {};
  const std::string table = swept_table(entity);
  Swept swept;
  {
    Run run = impl_->connection.run(
        fmt::format("SELECT id, id > (SELECT coalesce(max(id), 0) FROM temp.{1}) FROM {0} AS m "
                    "WHERE deleted_at IS NULL "
                    "AND NOT EXISTS (SELECT 1 FROM temp.{1} AS s WHERE s.id = m.id) ORDER BY id",
                    table_of(entity), table));
    while (run.next()) {
      swept.gone.push_back(run.integer(0));
      swept.tail += run.integer(1);
    }
  }
  abandon_sweep(entity);
  return swept;
}

void Writer::abandon_sweep(Entity entity) {
  impl_->connection.exec(fmt::format("DROP TABLE IF EXISTS temp.{}", swept_table(entity)).c_str());
}

void Writer::clear_mirror() {
  for (const Entity entity : kEntities) {
    abandon_sweep(entity);
    impl_->connection.exec(fmt::format("DELETE FROM {}", table_of(entity)).c_str());
  }
  for (const Detail detail : kDetails) {
    impl_->connection.exec(fmt::format("DELETE FROM {}", table_of(detail)).c_str());
  }
  impl_->connection.exec(kForgetStreams);
}

std::optional<Doubt> Writer::doubt(Entity entity) {
  Run run = impl_->connection.run(kDoubt, name(entity));
  if (!run.next()) return std::nullopt;
  return Doubt{run.time(0), run.integer(1)};
}

void Writer::save_doubt(Entity entity, const std::optional<Doubt>& doubt) {
  std::optional<Time> since;
  std::optional<std::int64_t> rows;
  if (doubt) since = doubt->since, rows = doubt->rows;
  impl_->connection.run(kSaveDoubt, since, rows, name(entity)).exec();
}

bool Writer::recompute_days(const Calendar& calendar) {
  const std::string& zone = calendar.settings().zone;
  const std::string kept = meta(kDaysZoneMeta).value_or("");
  if (kept == zone) return true;
  struct Change {
    std::int64_t id;
    std::string day;
  };
  std::vector<Change> changes;
  std::int64_t last = place_in(kept, zone);
  std::int64_t rows = 0;
  for (Run run = impl_->connection.run(kDaysOfCalls, last, kDaysChunk); run.next(); ++rows) {
    last = run.integer(0);
    const auto started_at = run.maybe_time(1);
    if (!started_at) continue;
    std::string day = format_day(calendar.day_of(*started_at));
    if (run.is_null(2) || run.text(2) != day) changes.push_back({last, std::move(day)});
  }
  for (const Change& change : changes) {
    impl_->connection.run(kSetDay, std::string_view{change.day}, change.id).exec();
  }
  const bool all = rows < kDaysChunk;
  set_meta(kDaysZoneMeta, all ? zone : fmt::format("{} {}", zone, last));
  return all;
}

}  // namespace b24
