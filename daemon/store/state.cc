#include "daemon/store/backup.h"
#include "daemon/store/json_columns.h"
#include "daemon/store/rows.h"
#include "daemon/store/writer.h"

// The Writer's half that cannot be read again: alerts, messages, the outbox.

namespace b24 {
namespace {

constexpr days kChangesKept{400};
constexpr days kDeliveredKept{30};
constexpr days kRejectedKept{30};

constexpr const char* kSaveAlert =
    "INSERT INTO alerts (rule_id, key, manager_id, state, episode, since, changed_at, seen_at, "
    "held_seconds, value, norm, fields, items) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (rule_id, key) DO UPDATE SET manager_id = excluded.manager_id, "
    "state = excluded.state, episode = excluded.episode, since = excluded.since, "
    "changed_at = excluded.changed_at, seen_at = excluded.seen_at, "
    "held_seconds = excluded.held_seconds, value = excluded.value, norm = excluded.norm, "
    "fields = excluded.fields, items = excluded.items";
constexpr const char* kForgetAlert = "DELETE FROM alerts WHERE rule_id = ? AND key = ?";
constexpr const char* kIsSaved =
    "SELECT 1 FROM alerts WHERE rule_id = ? AND key = ? AND manager_id = ? AND state = ? "
    "AND episode = ? AND since = ? AND changed_at = ? AND ? - seen_at BETWEEN 0 AND ? "
    "AND (? OR value IS ?) AND norm IS ? AND fields = ? AND items = ?";
constexpr const char* kJournal =
    "INSERT INTO alert_events (rule_id, key, transition, episode, value, norm, at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)";
constexpr const char* kMessages =
    "SELECT rule_id, manager_id, recipient, episode, open, opened_at, told_at, told_value, keys, "
    "text_hash FROM messages WHERE rule_id = ? ORDER BY manager_id, recipient";
constexpr const char* kSaveMessage =
    "INSERT INTO messages (rule_id, manager_id, recipient, episode, open, opened_at, told_at, "
    "told_value, keys, text_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (rule_id, manager_id, recipient) DO UPDATE SET episode = excluded.episode, "
    "open = excluded.open, opened_at = excluded.opened_at, told_at = excluded.told_at, "
    "told_value = excluded.told_value, keys = excluded.keys, text_hash = excluded.text_hash";
constexpr const char* kLatestOfTag =
    "SELECT id, text, plain FROM outbox WHERE recipient = ? AND tag = ? ORDER BY id DESC LIMIT 1";
constexpr const char* kDropWaiting =
    "DELETE FROM outbox WHERE recipient = ? AND tag = ? AND delivered_at IS NULL AND given_up = 0";
constexpr const char* kMaybeSeen =
    "SELECT coalesce(max(maybe_seen OR delivered_at IS NOT NULL), 0) FROM outbox "
    "WHERE recipient = ? AND tag = ?";
constexpr const char* kQueue =
    "INSERT INTO outbox (recipient, tag, text, plain, queued_at, maybe_seen) "
    "VALUES (?, ?, ?, ?, ?, ?) RETURNING id";
constexpr const char* kUnseen =
    "SELECT id FROM outbox WHERE recipient = ? AND tag = ? AND delivered_at IS NULL "
    "AND given_up = 0 AND failures > 0 AND maybe_seen = 0";
constexpr const char* kWithdraw =
    "DELETE FROM outbox WHERE id = ? AND delivered_at IS NULL AND maybe_seen = 0";
constexpr const char* kDue =
    "SELECT id, recipient, tag, text, plain, failures, refusals, problem FROM outbox "
    "WHERE delivered_at IS NULL AND given_up = 0 "
    "AND (next_try_at IS NULL OR next_try_at <= ?1 OR next_try_at > ?1 + ?2) AND id > ?4 "
    "ORDER BY id LIMIT ?3";
constexpr const char* kLastQueued = "SELECT coalesce(max(id), 0) FROM outbox";
constexpr const char* kUndelivered =
    "SELECT id, recipient, tag, text, plain, failures, refusals, problem FROM outbox "
    "WHERE delivered_at IS NULL AND given_up = 0 AND id = ?";
constexpr const char* kMarkDelivered =
    "UPDATE outbox SET delivered_at = ?, portal_id = ?, next_try_at = NULL, problem = '' "
    "WHERE id = ?";
constexpr const char* kMarkFailed =
    "UPDATE outbox SET failures = failures + 1, refusals = refusals + ?1, "
    "maybe_seen = maybe_seen OR ?2, problem = ?3, next_try_at = ?4, given_up = ?4 IS NULL "
    "WHERE id = ?5";
constexpr const char* kMetas =
    "SELECT name, value FROM meta WHERE substr(name, 1, length(?1)) = ?1";
constexpr const char* kSetMeta =
    "INSERT INTO meta (name, value) VALUES (?, ?) "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value";
constexpr const char* kForgetServiceUsers = "DELETE FROM service_users WHERE user_id <> ?";
constexpr const char* kSetServiceUser =
    "INSERT INTO service_users (user_id) VALUES (?) ON CONFLICT DO NOTHING";
// Ids grow with time, so the old entries are the first ones; no index on the time is needed.
constexpr const char* kPruneChanges =
    "DELETE FROM changes WHERE id < coalesce((SELECT id FROM changes WHERE seen_at >= ?1 "
    "ORDER BY id LIMIT 1), 9223372036854775807)";
constexpr const char* kPruneEvents =
    "DELETE FROM alert_events WHERE id < coalesce((SELECT id FROM alert_events WHERE at >= ?1 "
    "ORDER BY id LIMIT 1), 9223372036854775807)";
// A later firing counts its episodes from one again; messages are named by episodes of their own.
constexpr const char* kPruneAlerts =
    "DELETE FROM alerts WHERE state = 'resolved' AND changed_at < ?";
constexpr const char* kPruneOutbox =
    "DELETE FROM outbox WHERE (delivered_at IS NOT NULL OR given_up = 1) AND queued_at < ?";
constexpr const char* kPruneWorkdays = "DELETE FROM workdays WHERE opened_at < ?";
constexpr const char* kPruneRejected = "DELETE FROM rejected_rows WHERE seen_at < ?";

bool must_be_exact(const Alert& alert) {
  return alert.state == AlertState::pending || alert.state == AlertState::firing;
}

bool is_saved(Connection& connection, const Alert& alert) {
  const seconds slack = must_be_exact(alert) ? seconds{0} : kSeenSlack - seconds{1};
  const bool ages = alert.key.kind == AlertKey::Kind::object;
  return connection
      .run(kIsSaved, alert.rule_id, to_string(alert.key), alert.manager_id, name(alert.state),
           alert.episode, alert.since, alert.changed_at, alert.seen_at, slack.count(), ages,
           alert.value, alert.norm, fields_to_json(alert.fields), items_to_json(alert.items))
      .next();
}

std::vector<OutboxEntry> take_entries(Run run) {
  std::vector<OutboxEntry> entries;
  while (run.next()) {
    OutboxEntry& entry = entries.emplace_back();
    entry.notice = {run.integer(0), run.integer(1), run.text(2), run.text(3), run.text(4)};
    entry.failures = run.integer(5);
    entry.refusals = run.integer(6);
    entry.problem = run.text(7);
  }
  return entries;
}

}  // namespace

std::vector<Alert> Writer::alerts() { return read_alerts(impl_->connection); }

std::vector<Alert> Writer::alerts(const std::string& rule_id) {
  return read_alerts(impl_->connection, rule_id);
}

void Writer::save_alert(const Alert& alert) {
  Alert kept = alert;
  const bool known = alert.state == AlertState::known;
  if (known || alert.state == AlertState::resolved) kept.items.clear();
  if (known) kept.fields.clear();
  if (is_saved(impl_->connection, kept)) return;
  impl_->connection
      .run(kSaveAlert, kept.rule_id, to_string(kept.key), kept.manager_id, name(kept.state),
           kept.episode, kept.since, kept.changed_at, kept.seen_at, kept.held.count(), kept.value,
           kept.norm, fields_to_json(kept.fields), items_to_json(kept.items))
      .exec();
}

void Writer::forget_alert(const std::string& rule_id, const AlertKey& key) {
  impl_->connection.run(kForgetAlert, rule_id, to_string(key)).exec();
}

void Writer::journal(const std::string& rule_id, const AlertKey& key, Transition transition,
                     std::int64_t episode, double value, double norm, Time at) {
  impl_->connection
      .run(kJournal, rule_id, to_string(key), name(transition), episode, value, norm, at)
      .exec();
}

std::vector<Message> Writer::messages(const std::string& rule_id) {
  std::vector<Message> messages;
  for (Run run = impl_->connection.run(kMessages, rule_id); run.next();) {
    Message& message = messages.emplace_back();
    message.rule_id = run.text(0);
    message.manager_id = run.integer(1);
    message.recipient = run.integer(2);
    message.episode = run.integer(3);
    message.open = run.integer(4) != 0;
    message.opened_at = run.time(5);
    message.told_at = run.time(6);
    message.told_value = run.number(7);
    message.keys = keys_from_json(run.text(8));
    message.text_hash = run.text(9);
  }
  return messages;
}

void Writer::save_message(const Message& message) {
  impl_->connection
      .run(kSaveMessage, message.rule_id, message.manager_id, message.recipient, message.episode,
           message.open, message.opened_at, message.told_at, message.told_value,
           keys_to_json(message.keys), message.text_hash)
      .exec();
}

std::int64_t Writer::queue(const Notice& notice, Time at) {
  {
    Run run = impl_->connection.run(kLatestOfTag, notice.recipient, notice.tag);
    if (run.next() && run.text(1) == notice.text && run.text(2) == notice.plain) {
      return run.integer(0);
    }
  }
  Run before = impl_->connection.run(kMaybeSeen, notice.recipient, notice.tag);
  before.next();
  const std::int64_t maybe_seen = before.integer(0);
  impl_->connection.run(kDropWaiting, notice.recipient, notice.tag).exec();
  Run run = impl_->connection.run(kQueue, notice.recipient, notice.tag, notice.text, notice.plain,
                                  at, maybe_seen);
  run.next();
  const std::int64_t id = run.integer(0);
  run.exec();
  return id;
}

std::optional<std::int64_t> Writer::unseen(std::int64_t recipient, const std::string& tag) {
  Run run = impl_->connection.run(kUnseen, recipient, tag);
  return run.next() ? std::optional{run.integer(0)} : std::nullopt;
}

void Writer::withdraw(std::int64_t id) { impl_->connection.run(kWithdraw, id).exec(); }

void Writer::mark_delivered(std::int64_t id, std::int64_t portal_id, Time at) {
  impl_->connection.run(kMarkDelivered, at, portal_id, id).exec();
}

void Writer::mark_failed(std::int64_t id, Failure failure, const std::string& reason,
                         std::optional<Time> next_try_at) {
  const std::int64_t refused = failure == Failure::refusal ? 1 : 0;
  const std::int64_t unanswered = failure == Failure::unanswered ? 1 : 0;
  impl_->connection.run(kMarkFailed, refused, unanswered, reason, next_try_at, id).exec();
}

std::vector<OutboxEntry> Writer::due(Time now, seconds longest_pause, std::int64_t after_id) {
  return take_entries(impl_->connection.run(kDue, now, longest_pause.count(), kMostDue, after_id));
}

std::int64_t Writer::last_queued() {
  Run run = impl_->connection.run(kLastQueued);
  return run.next() ? run.integer(0) : 0;
}

std::optional<OutboxEntry> Writer::undelivered(std::int64_t id) {
  auto entries = take_entries(impl_->connection.run(kUndelivered, id));
  if (entries.empty()) return std::nullopt;
  return std::move(entries.front());
}

void Writer::prune(Time now) {
  impl_->connection.run(kPruneChanges, now - kChangesKept).exec();
  impl_->connection.run(kPruneEvents, now - kChangesKept).exec();
  impl_->connection.run(kPruneAlerts, now - kChangesKept).exec();
  impl_->connection.run(kPruneOutbox, now - kDeliveredKept).exec();
  impl_->connection.run(kPruneRejected, now - kRejectedKept).exec();
  impl_->connection.run(kPruneWorkdays, now - kChangesKept).exec();
}

std::optional<std::string> Writer::meta(const std::string& name) {
  return read_meta(impl_->connection, name);
}

std::map<std::string, std::string> Writer::metas(const std::string& prefix) {
  std::map<std::string, std::string> found;
  for (Run run = impl_->connection.run(kMetas, prefix); run.next();) {
    found.emplace(run.text(0), run.text(1));
  }
  return found;
}

void Writer::set_meta(const std::string& name, const std::string& value) {
  impl_->connection.run(kSetMeta, name, value).exec();
}

std::optional<Time> Writer::backed_up_at() const {
  const auto all = backups({impl_->connection.file().parent_path()});
  return all.empty() ? std::nullopt : std::optional{all.front().made_at};
}

void Writer::back_up(Time now) { b24::back_up({impl_->connection.file().parent_path()}, now); }

void Writer::set_service_user(std::int64_t user_id) {
  impl_->connection.run(kForgetServiceUsers, user_id).exec();
  impl_->connection.run(kSetServiceUser, user_id).exec();
}

}  // namespace b24
