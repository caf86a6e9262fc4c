#include "daemon/store/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/store/json_columns.h"

namespace b24 {
namespace {

constexpr const char* kStreams =
    "SELECT entity, full_done, cursor_id, full_began_at, watermark, fresh_at, swept_at, "
    "recent_at, problem, refused FROM streams";
constexpr const char* kAlerts =
    "SELECT rule_id, key, manager_id, state, episode, since, changed_at, seen_at, held_seconds, "
    "value, norm, fields, items FROM alerts ORDER BY rule_id, key";
constexpr const char* kAlertsOfRule =
    "SELECT rule_id, key, manager_id, state, episode, since, changed_at, seen_at, held_seconds, "
    "value, norm, fields, items FROM alerts WHERE rule_id = ? ORDER BY key";
constexpr const char* kMeta = "SELECT value FROM meta WHERE name = ?";

StoreFailure unreadable(const Connection& connection, const std::string& key) {
  return StoreFailure{fmt::format(
      fmt::runtime(tr("В базе {} есть тревога, которую нельзя прочитать ({}): удалите её запись.",
                      "The database {} has an alert that cannot be read ({}): delete its row.")),
      connection.file().string(), key)};
}

std::vector<Alert> take_alerts(const Connection& connection, Run run) {
  std::vector<Alert> alerts;
  while (run.next()) {
    const auto key = parse_alert_key(run.text(1));
    const auto state = alert_state_named(run.text(3));
    if (!key || !state) throw unreadable(connection, run.text(1));
    Alert& alert = alerts.emplace_back();
    alert.rule_id = run.text(0);
    alert.key = *key;
    alert.manager_id = run.integer(2);
    alert.state = *state;
    alert.episode = run.integer(4);
    alert.since = run.time(5);
    alert.changed_at = run.time(6);
    alert.seen_at = run.time(7);
    alert.held = seconds{run.integer(8)};
    alert.value = run.number(9);
    alert.norm = run.number(10);
    alert.fields = fields_from_json(run.text(11));
    alert.items = items_from_json(run.text(12));
  }
  return alerts;
}

}  // namespace

std::vector<StreamState> read_streams(Connection& connection) {
  std::vector<StreamState> streams;
  for (const Entity entity : kEntities) streams.emplace_back().entity = entity;
  for (Run run = connection.run(kStreams); run.next();) {
    const auto entity = entity_named(run.text(0));
    const auto found = std::find_if(streams.begin(), streams.end(),
                                    [&](const StreamState& s) { return entity == s.entity; });
    if (found == streams.end()) continue;
    found->full_done = run.integer(1) != 0;
    found->cursor_id = run.integer(2);
    found->full_began_at = run.maybe_time(3);
    found->watermark = run.maybe_time(4);
    found->fresh_at = run.maybe_time(5);
    found->swept_at = run.maybe_time(6);
    found->recent_at = run.maybe_time(7);
    found->problem = run.text(8);
    found->refused = run.integer(9) != 0;
  }
  return streams;
}

std::vector<Alert> read_alerts(Connection& connection) {
  return take_alerts(connection, connection.run(kAlerts));
}

std::vector<Alert> read_alerts(Connection& connection, const std::string& rule_id) {
  return take_alerts(connection, connection.run(kAlertsOfRule, rule_id));
}

std::optional<std::string> read_meta(Connection& connection, const std::string& name) {
  Run run = connection.run(kMeta, name);
  if (!run.next()) return std::nullopt;
  return run.text(0);
}

}  // namespace b24
