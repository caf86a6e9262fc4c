#include "daemon/store/lost_rows.h"

#include <fmt/format.h>

#include <map>

#include "connectors/bitrix24/fate.h"
#include "daemon/store/rows.h"
#include "daemon/store/writer.h"

namespace b24 {
namespace {

// After so many silences a row stays what it is: deleted.
constexpr int kLostTries = 5;
// Asked about again after one comparison of ids.
constexpr int kHiddenAgain = 1000;

constexpr const char* kNoteLost =
    "INSERT INTO lost_rows (entity, entity_id) VALUES (?, ?) ON CONFLICT DO NOTHING";
constexpr const char* kForgetLost = "DELETE FROM lost_rows WHERE entity = ? AND entity_id = ?";
constexpr const char* kCountTry =
    "UPDATE lost_rows SET tries = tries + 1 WHERE entity = ? AND entity_id = ?";
constexpr const char* kGiveUpLost =
    "DELETE FROM lost_rows WHERE entity = ? AND entity_id = ? AND tries >= ?";
constexpr const char* kHide =
    "INSERT INTO hidden_rows (entity, entity_id, seen_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
constexpr const char* kHiddenSince =
    "SELECT seen_at FROM hidden_rows WHERE entity = ? AND entity_id = ?";
constexpr const char* kForgetHidden = "DELETE FROM hidden_rows WHERE entity = ? AND entity_id = ?";
constexpr const char* kLogHidden =
    "INSERT INTO changes (entity, entity_id, field, old_value, new_value, seen_at) "
    "VALUES (?, ?, 'hidden_at', ?, ?, ?)";
constexpr const char* kAskHidden =
    "INSERT INTO lost_rows (entity, entity_id) SELECT entity, entity_id FROM hidden_rows "
    "WHERE entity = ? ORDER BY random() LIMIT ? ON CONFLICT DO NOTHING";
constexpr const char* kHiddenCounts = "SELECT entity, count(*) FROM hidden_rows GROUP BY entity";
constexpr const char* kLost =
    "SELECT entity_id FROM lost_rows WHERE entity = ? ORDER BY tries LIMIT ?";

void forget_hidden(Connection& connection, Entity entity, std::int64_t id, Time seen_at) {
  std::optional<std::int64_t> since;
  if (Run run = connection.run(kHiddenSince, name(entity), id); run.next()) since = run.integer(0);
  if (!since) return;
  connection.run(kForgetHidden, name(entity), id).exec();
  connection.run(kLogHidden, name(entity), id, *since, std::nullopt, seen_at).exec();
}

bool is_gone(Connection& connection, const ObjectRef& object) {
  const std::string sql = fmt::format("SELECT 1 FROM {} WHERE id = ? AND deleted_at IS NOT NULL",
                                      table_of(object.entity));
  return connection.run(sql.c_str(), object.id).next();
}

}  // namespace

// Kind by kind in turn, so that few do not wait behind many.
std::vector<ObjectRef> read_lost(Connection& connection, const std::set<Entity>& without,
                                 std::size_t most) {
  std::vector<std::vector<ObjectRef>> kinds;
  for (const Entity entity : kEntities) {
    if (fate_method(entity).empty() || without.contains(entity)) continue;
    std::vector<ObjectRef>& rows = kinds.emplace_back();
    for (Run run = connection.run(kLost, name(entity), most); run.next();) {
      rows.push_back({entity, run.integer(0)});
    }
  }
  std::vector<ObjectRef> lost;
  for (std::size_t i = 0; i < most; ++i) {
    for (const auto& rows : kinds) {
      if (i < rows.size() && lost.size() < most) lost.push_back(rows[i]);
    }
  }
  return lost;
}

std::map<Entity, std::int64_t> read_hidden_counts(Connection& connection) {
  std::map<Entity, std::int64_t> counts;
  for (Run run = connection.run(kHiddenCounts); run.next();) {
    if (const auto entity = entity_named(run.text(0))) counts[*entity] = run.integer(1);
  }
  return counts;
}

void note_lost(Connection& connection, Entity entity, std::int64_t id) {
  if (fate_method(entity).empty()) return;
  connection.run(kNoteLost, name(entity), id).exec();
}

void forget_lost(Connection& connection, Entity entity, std::int64_t id, Time seen_at) {
  if (fate_method(entity).empty()) return;
  connection.run(kForgetLost, name(entity), id).exec();
  forget_hidden(connection, entity, id, seen_at);
}

void Writer::ask_hidden_again(Entity entity) {
  impl_->connection.run(kAskHidden, name(entity), kHiddenAgain).exec();
}

void Writer::ask_fate(Entity entity, std::span<const std::int64_t> ids) {
  for (const std::int64_t id : ids) note_lost(impl_->connection, entity, id);
}

SavedFates Writer::save_fates(std::span<const ObjectFate> fates, Time seen_at) {
  Connection& connection = impl_->connection;
  SavedFates saved;
  for (const auto& [object, fate] : fates) {
    const std::string_view entity = name(object.entity);
    if (!fate) {
      connection.run(kCountTry, entity, object.id).exec();
      connection.run(kGiveUpLost, entity, object.id, kLostTries).exec();
      continue;
    }
    if (fate == Fate::hidden) {
      // One of a list that is doubted: of this row there is no doubt.
      const std::int64_t id = object.id;
      saved.left += mark_deleted(object.entity, {&id, 1}, seen_at);
      if (is_gone(connection, object) && connection.run(kHide, entity, id, seen_at).exec() == 1) {
        connection.run(kLogHidden, entity, id, std::nullopt, seen_at, seen_at).exec();
        ++saved.hidden[object.entity];
      }
    }
    if (fate == Fate::deleted) forget_hidden(connection, object.entity, object.id, seen_at);
    connection.run(kForgetLost, entity, object.id).exec();
  }
  return saved;
}

}  // namespace b24
