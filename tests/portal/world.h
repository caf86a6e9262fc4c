#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/portal/faults.h"
#include "tests/portal/kinds.h"
#include "tests/portal/limits.h"
#include "tests/portal/model.h"
#include "tests/portal/oauth.h"
#include "tests/portal/portal.h"

// The portal's whole state, behind the one lock of Portal::Impl: the company, the inbox, the
// budgets and the faults. Methods work on it; only the server and the threads know the lock.

namespace b24::sim {

struct Bot {
  Id id = 0;
  std::string code, token, name, position, type, event_mode, language = "ru";
};

struct BotCommand {
  Id id = 0;
  Id bot = 0;
  std::string command;
  bool common = false, hidden = false, extranet = false;
};

struct BotEvent {
  Id id = 0;
  Id bot = 0;
  std::string type;
  Unix at = 0;
  std::string data;  // JSON text
};

struct BoundEvent {
  std::string event;  // upper case
  std::string url;
  std::string token;
  Id id = 0;
  bool by_application = false;
  bool offline = false;  // kept in the queue
};

// As PHP's http_build_query writes names and values.
std::string encode_brackets(const std::string& text);

// A POST that waits to be sent to a bound handler.
struct Outgoing {
  std::string url;
  std::string body;
};

struct World {
  explicit World(PortalOptions given) : options(std::move(given)) {}

  PortalOptions options;
  Data data;
  Id owner = 1;  // of the webhook
  std::string domain = "127.0.0.1";

  std::vector<Notification> notifications;
  std::vector<Message> messages;
  std::vector<Bot> bots;
  std::vector<BotCommand> commands;
  std::vector<BotEvent> bot_events;
  std::vector<BoundEvent> bound;
  std::deque<Outgoing> outgoing;
  std::function<void()> on_outgoing;  // wakes the thread that posts

  OAuth oauth;
  Counters counters;
  std::deque<RequestLine> requests;
  Faults faults;
  std::map<std::string, Bucket> buckets;  // by source address
  std::map<std::string, Operating> operating;
  Id next_id = 100'000;                // of everything that is posted
  std::map<const void*, Id> last_ids;  // by table, of rows that are gone: no id is used again
  std::unordered_map<Id, Id> task_activities;  // by task: its activity

  struct Backup {
    Data data;
    std::map<const void*, Id> last_ids;
    std::unordered_map<Id, Id> task_activities;
  };
  std::optional<Backup> backup;

  // What the webhook's owner may not see, whoever he is.
  std::set<std::pair<Entity, Id>> hidden;
  bool hides(Entity entity, Id id) const { return hidden.contains({entity, id}); }

  std::optional<Time> frozen;

  Unix now() const;
  SteadyTime steady_now() const;
  Id new_id() { return next_id++; }

  const User* user(Id id) const;
  // The active ones who sell.
  std::vector<Id> sellers() const;
  const Status& stage(const StagedCard& card) const {
    return data.statuses[static_cast<std::size_t>(card.stage)];
  }
  // Index into `statuses` of a kind's stage by its id ("C5:NEW"), or nothing.
  std::optional<std::int32_t> stage_index(std::int32_t type, std::string_view status_id) const;
  // First stage of a kind, in one of its pipelines if it has any.
  std::int32_t first_stage(std::int32_t type, Id pipeline = 0) const;
  template <class Row>
  Row* card(Id id);
  template <class Row>
  const Row* card(Id id) const;

  // Changes to rows, the only way the rows change after they were made: they set the times of
  // change and post events.
  template <class Row>
  Row& add_card(Row row, Id by);
  template <class Row>
  void touch_card(Row& row, Id by);
  template <class Row>
  void move_card(Row& row, std::int32_t stage, Id by);
  // Its activities go too, unless somebody else is bound to them. Other cards that name it keep
  // their word: what a portal does with those is not documented.
  template <class Row>
  bool delete_card(Id id);
  Task& add_task(Task task, Id by);
  void touch_task(Task& task, Id by);
  void set_task_status(Task& task, int status, Id by);
  bool delete_task(Id id);
  CallRow& add_call(CallRow call);
  Activity& add_activity(Activity activity, Id by);
  void touch_activity(Activity& activity, Id by);
  void complete_activity(Activity& activity, bool completed, Id by);
  bool delete_activity(Id id);
  // With an activity of its own, open, for the card that `activity` names.
  ChatSession& add_session(ChatSession session, Activity activity);
  // Changes nothing of the activity.
  void write_message(ChatSession& session, Id sender);
  // The system says so, and the activity is completed.
  void close_session(ChatSession& session, Id by);
  bool is_open(const ChatSession& session) const;
  // Whether the portal keeps somebody's working time.
  bool tracks_day(const User& user) const;

  // Goods of a deal have changed: the deal has changed with them.
  void touch_products(Deal& deal, Id by);
  // A payment is asked for, with an order of its own; is made, or taken back; is returned.
  Payment& add_payment(std::int32_t owner_type, Id owner, std::int64_t sum, Id by);
  void set_paid(Payment& payment, bool paid, Id by);
  void return_payment(Payment& payment, Id by);
  // Its order stays, and the order's bond with its card.
  bool delete_payment(Id id, Id by);
  // With its payments and its bond; gives how many payments. None while one of them is paid: the
  // portal refuses that (portal docs: sale-order-delete.md).
  int delete_order(Id order, Id by);
  // The order belongs to nobody from now on (portal docs: crm-order-entity-delete-by-filter.md).
  bool unbind_order(Id order);
  Comment& add_comment(Comment comment);

  // Queues `event` for every handler bound to it; `data` is form-encoded pairs.
  void post_event(const std::string& event, const std::string& data);
  void queue_event(const std::string& event, const std::string& data);

 private:
  void release_activities(std::int32_t type, Id id, Id by);
  void release_trade(std::int32_t type, Id id);
  void payment_changed(const Payment& payment, Id by);
  Activity* activity_of_task(Id task);
};

// Rows sorted by id.
template <class Row>
Row* find_row(std::vector<Row>& rows, Id id) {
  auto at = std::lower_bound(rows.begin(), rows.end(), id,
                             [](const Row& row, Id wanted) { return row.id < wanted; });
  return at != rows.end() && at->id == id ? &*at : nullptr;
}

template <class Row>
const Row* find_row(const std::vector<Row>& rows, Id id) {
  return find_row(const_cast<std::vector<Row>&>(rows), id);
}

template <class Row>
Row* World::card(Id id) {
  return find_row(data.*Kind<Row>::rows, id);
}

template <class Row>
const Row* World::card(Id id) const {
  return find_row(data.*Kind<Row>::rows, id);
}

}  // namespace b24::sim
