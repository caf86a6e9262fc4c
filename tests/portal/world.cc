#include "tests/portal/world.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace b24::sim {
namespace {

// Invoices share their events with the objects a portal invents (portal docs:
// crm/universal/events/).
template <class Row>
std::string crm_event(Id id) {
  std::string fields = "data[FIELDS][ID]=" + std::to_string(id);
  if constexpr (Kind<Row>::type == kInvoiceType) {
    fields += "&data[FIELDS][ENTITY_TYPE_ID]=" + std::to_string(kInvoiceType);
  }
  return fields;
}

std::string activity_event(Id id) { return "data[FIELDS][ID]=" + std::to_string(id); }

template <class Row>
bool erase_row(World& world, std::vector<Row>& rows, Id id) {
  const Row* row = find_row(rows, id);
  if (row == nullptr) return false;
  Id& last = world.last_ids[&rows];
  last = std::max(last, rows.back().id);
  rows.erase(rows.begin() + (row - rows.data()));
  return true;
}

template <class Row>
Row& append_row(World& world, std::vector<Row>& rows, Row row) {
  row.id = std::max(world.last_ids[&rows], rows.empty() ? 0 : rows.back().id) + 1;
  rows.push_back(std::move(row));
  return rows.back();
}

enum class Step { created, moved, other_pipeline };

// Writes the card's arrival at its stage into the history.
template <class Row>
void note_move(World& world, const Row& card, Step step) {
  if constexpr (Kind<Row>::moves != nullptr) {
    if (!world.options.history) return;
    StageMove move;
    move.at = card.moved;
    move.owner = short_id(card.id);
    move.pipeline = card.pipeline;
    move.stage = static_cast<std::int16_t>(card.stage);
    const std::int16_t within = world.stage(card).semantic == 'P' ? 2 : 3;
    move.type = step == Step::created ? 1 : step == Step::other_pipeline ? 5 : within;
    append_row(world, world.data.*Kind<Row>::moves, move);
  }
}

// What a card says besides of the stage it has come to.
void settle(const World& world, Lead& lead) {
  lead.closed = world.stage(lead).semantic == 'P' ? 0 : lead.moved;
}
void settle(const World& world, Deal& deal) {
  deal.pipeline = short_id(world.stage(deal).pipeline);
}
void settle(const World&, Quote&) {}
void settle(const World& world, Invoice& invoice) {
  invoice.pipeline = short_id(world.stage(invoice).pipeline);
}

template <class Row>
std::string event_name(std::string_view what) {
  return std::string{Kind<Row>::event} + std::string{what};
}

// How a task's activity follows it.
void follow_task(Activity& activity, const Task& task) {
  activity.subject = task.title;
  activity.deadline = activity.end = task.deadline;
  activity.manager = task.manager;
  activity.completed = task.status == 5;
}

// Makes one of those bound besides the owner; false when nobody is.
bool inherit(Activity& activity) {
  const std::pair<std::int32_t, std::int32_t*> heirs[] = {{kDealType, &activity.deal},
                                                          {kContactType, &activity.contact},
                                                          {kCompanyType, &activity.company}};
  for (const auto& [type, heir] : heirs) {
    if (*heir == 0) continue;
    activity.owner_type = type;
    activity.owner = std::exchange(*heir, 0);
    return true;
  }
  return false;
}

}  // namespace

std::string encode_brackets(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[') {
      out += "%5B";
    } else if (c == ']') {
      out += "%5D";
    } else if (c == ':') {
      out += "%3A";
    } else if (c == '/') {
      out += "%2F";
    } else {
      out += c;
    }
  }
  return out;
}

Unix World::now() const {
  if (options.clock != nullptr) return to_unix(options.clock->now());
  if (frozen) return to_unix(*frozen);
  return to_unix(SystemClock{}.now());
}

SteadyTime World::steady_now() const {
  return options.clock != nullptr ? options.clock->steady_now() : SystemClock{}.steady_now();
}

const User* World::user(Id id) const { return find_row(data.users, id); }

std::vector<Id> World::sellers() const {
  std::vector<Id> found;
  for (const User& user : data.users) {
    if (user.active && user.position.starts_with("Менеджер")) found.push_back(user.id);
  }
  return found;
}

std::optional<std::int32_t> World::stage_index(std::int32_t type,
                                               std::string_view status_id) const {
  for (std::size_t i = 0; i < data.statuses.size(); ++i) {
    const Status& status = data.statuses[i];
    if (status.type == type && status.status_id == status_id) return static_cast<std::int32_t>(i);
  }
  return std::nullopt;
}

std::int32_t World::first_stage(std::int32_t type, Id pipeline) const {
  for (std::size_t i = 0; i < data.statuses.size(); ++i) {
    const Status& status = data.statuses[i];
    if (status.type == type && status.pipeline == pipeline) return static_cast<std::int32_t>(i);
  }
  return 0;
}

template <class Row>
Row& World::add_card(Row row, Id by) {
  row.created = row.updated = row.last_activity = now();
  row.created_by = row.updated_by = row.last_activity_by = short_id(by);
  if constexpr (kStaged<Row>) {
    row.moved = now();
    row.moved_by = short_id(by);
    settle(*this, row);
  }
  Row& added = append_row(*this, data.*Kind<Row>::rows, std::move(row));
  note_move(*this, added, Step::created);
  post_event(event_name<Row>("ADD"), crm_event<Row>(added.id));
  return added;
}

template <class Row>
void World::touch_card(Row& row, Id by) {
  row.updated = now();
  row.updated_by = short_id(by);
  post_event(event_name<Row>("UPDATE"), crm_event<Row>(row.id));
}

template <class Row>
void World::move_card(Row& row, std::int32_t stage_to, Id by) {
  const auto pipeline_before = row.pipeline;
  if constexpr (std::is_same_v<Row, Invoice>) row.stage_before = row.stage;
  row.stage = stage_to;
  row.moved = row.updated = now();
  row.moved_by = row.updated_by = short_id(by);
  settle(*this, row);
  const bool moved_over = row.pipeline != pipeline_before;
  note_move(*this, row, moved_over ? Step::other_pipeline : Step::moved);
  // One event in place of the other, and for applications alone (transport.md, 7.3).
  post_event(event_name<Row>(moved_over ? "MOVETOCATEGORY" : "UPDATE"), crm_event<Row>(row.id));
}

template <class Row>
bool World::delete_card(Id id) {
  if (!erase_row(*this, data.*Kind<Row>::rows, id)) return false;
  post_event(event_name<Row>("DELETE"), crm_event<Row>(id));
  release_activities(Kind<Row>::type, id, owner);
  release_trade(Kind<Row>::type, id);
  return true;
}

template Lead& World::add_card(Lead, Id);
template Deal& World::add_card(Deal, Id);
template Quote& World::add_card(Quote, Id);
template Invoice& World::add_card(Invoice, Id);
template Contact& World::add_card(Contact, Id);
template Company& World::add_card(Company, Id);
template void World::touch_card(Lead&, Id);
template void World::touch_card(Deal&, Id);
template void World::touch_card(Quote&, Id);
template void World::touch_card(Invoice&, Id);
template void World::touch_card(Contact&, Id);
template void World::touch_card(Company&, Id);
template void World::move_card(Lead&, std::int32_t, Id);
template void World::move_card(Deal&, std::int32_t, Id);
template void World::move_card(Quote&, std::int32_t, Id);
template void World::move_card(Invoice&, std::int32_t, Id);
template bool World::delete_card<Lead>(Id);
template bool World::delete_card<Deal>(Id);
template bool World::delete_card<Quote>(Id);
template bool World::delete_card<Invoice>(Id);
template bool World::delete_card<Contact>(Id);
template bool World::delete_card<Company>(Id);

Task& World::add_task(Task task, Id by) {
  task.created = task.changed = task.activity = task.status_changed = now();
  if (task.creator == 0) task.creator = static_cast<std::int32_t>(by);
  task.changed_by = static_cast<std::int32_t>(by);
  Task& added = append_row(*this, data.tasks, std::move(task));
  post_event("ONTASKADD",
             "data[FIELDS_BEFORE]=undefined&data[FIELDS_AFTER][ID]=" + std::to_string(added.id) +
                 "&data[IS_ACCESSIBLE_BEFORE]=N&data[IS_ACCESSIBLE_AFTER]=undefined");
  // A task that is linked to a card stands in the card's timeline too.
  if (added.deal != 0 && options.activities != 0) {
    Activity activity;
    activity.provider = Provider::task;
    activity.owner_type = kDealType;
    activity.owner = added.deal;
    activity.associated = short_id(added.id);
    activity.start = added.created;
    follow_task(activity, added);
    task_activities[added.id] = add_activity(std::move(activity), by).id;
  }
  return added;
}

void World::touch_task(Task& task, Id by) {
  task.changed = task.activity = now();
  task.changed_by = static_cast<std::int32_t>(by);
  if (Activity* activity = activity_of_task(task.id)) {
    follow_task(*activity, task);
    touch_activity(*activity, by);
  }
  const std::string id = std::to_string(task.id);
  post_event("ONTASKUPDATE", "data[FIELDS_BEFORE][ID]=" + id + "&data[FIELDS_AFTER][ID]=" + id +
                                 "&data[IS_ACCESSIBLE_BEFORE]=undefined"
                                 "&data[IS_ACCESSIBLE_AFTER]=undefined");
}

void World::set_task_status(Task& task, int status, Id by) {
  task.status = static_cast<std::int8_t>(status);
  task.status_changed = now();
  task.status_changed_by = static_cast<std::int32_t>(by);
  task.closed = status == 5 ? now() : 0;
  task.closed_by = status == 5 ? static_cast<std::int32_t>(by) : 0;
  const Unix changed = task.changed;
  touch_task(task, by);
  if (status == 5 && !options.closing_changes_tasks) task.changed = changed;
}

bool World::delete_task(Id id) {
  if (!erase_row(*this, data.tasks, id)) return false;
  if (const Activity* activity = activity_of_task(id)) delete_activity(activity->id);
  post_event("ONTASKDELETE", "data[FIELDS_BEFORE][ID]=" + std::to_string(id) +
                                 "&data[FIELDS_AFTER]=undefined"
                                 "&data[IS_ACCESSIBLE_BEFORE]=undefined"
                                 "&data[IS_ACCESSIBLE_AFTER]=N");
  return true;
}

CallRow& World::add_call(CallRow call) {
  CallRow& added = append_row(*this, data.calls, call);
  post_event("ONVOXIMPLANTCALLEND", "data[CALL_ID]=externalCall." + std::to_string(added.id) +
                                        "&data[CALL_TYPE]=" + std::to_string(added.type) +
                                        "&data[PORTAL_USER_ID]=" + std::to_string(added.manager) +
                                        "&data[CALL_DURATION]=" + std::to_string(added.duration));
  return added;
}

Activity& World::add_activity(Activity activity, Id by) {
  activity.created = activity.updated = now();
  activity.author = activity.editor = short_id(by);
  if (activity.manager == 0) activity.manager = short_id(by);
  // The card's last activity is this one; whether that is a change of the card is not documented,
  // and here it is none.
  for_each_kind([&](auto kind) {
    using Row = typename decltype(kind)::Row;
    if (kind.type != activity.owner_type) return;
    if (Row* owner_card = card<Row>(activity.owner)) {
      owner_card->last_activity = now();
      owner_card->last_activity_by = short_id(by);
    }
  });
  Activity& added = append_row(*this, data.activities, std::move(activity));
  post_event("ONCRMACTIVITYADD", activity_event(added.id));
  return added;
}

void World::touch_activity(Activity& activity, Id by) {
  activity.updated = now();
  activity.editor = short_id(by);
  post_event("ONCRMACTIVITYUPDATE", activity_event(activity.id));
}

void World::complete_activity(Activity& activity, bool completed, Id by) {
  activity.completed = completed;
  touch_activity(activity, by);
}

bool World::delete_activity(Id id) {
  const Activity* activity = find_row(data.activities, id);
  if (activity == nullptr) return false;
  if (activity->provider == Provider::task) task_activities.erase(activity->associated);
  erase_row(*this, data.activities, id);
  post_event("ONCRMACTIVITYDELETE", activity_event(id));
  return true;
}

ChatSession& World::add_session(ChatSession session, Activity activity) {
  activity.provider = Provider::chat;
  activity.line = static_cast<std::int16_t>(session.line);
  activity.incoming_channel = true;
  activity.direction = 1;
  activity.start = activity.end = now();
  ChatSession& added = append_row(*this, data.sessions, std::move(session));
  activity.associated = short_id(added.id);
  const Id by = activity.manager;
  added.activity = add_activity(std::move(activity), by).id;
  write_message(added, 0);
  return added;
}

void World::write_message(ChatSession& session, Id sender) {
  session.messages.push_back({++data.last_message, now(), sender});
}

void World::close_session(ChatSession& session, Id by) {
  write_message(session, 0);
  Activity* activity = find_row(data.activities, session.activity);
  if (activity == nullptr) return;
  activity->end = now();
  complete_activity(*activity, true, by);
}

bool World::is_open(const ChatSession& session) const {
  const Activity* activity = find_row(data.activities, session.activity);
  return activity != nullptr && !activity->completed;
}

bool World::tracks_day(const User& user) const {
  return user.active &&
         (user.position.starts_with("Менеджер") || user.position.starts_with("Руководитель"));
}

// The owner is gone: who is bound besides takes its place, and when nobody is the activity goes.
void World::release_activities(std::int32_t type, Id id, Id by) {
  std::vector<Id> alone;
  for (Activity& activity : data.activities) {
    if (type == kContactType && activity.contact == id) activity.contact = 0;
    if (type == kCompanyType && activity.company == id) activity.company = 0;
    if (type == kDealType && activity.deal == id) activity.deal = 0;
    if (activity.owner_type != type || activity.owner != id) continue;
    if (inherit(activity)) {
      touch_activity(activity, by);
    } else {
      alone.push_back(activity.id);
    }
  }
  for (const Id activity : alone) delete_activity(activity);
}

// Its goods and comments go with it. Payments stay, as documents of the shop; whether they do is
// not documented.
void World::release_trade(std::int32_t type, Id id) {
  if (type == kDealType) data.deal_products.erase(id);
  std::erase_if(data.order_links,
                [&](const OrderLink& link) { return link.owner_type == type && link.owner == id; });
  std::erase_if(data.comments, [&](const Comment& comment) {
    return comment.owner_type == type && comment.owner == id;
  });
}

void World::touch_products(Deal& deal, Id by) {
  std::int64_t sum = 0;
  for (const ProductRow& row : data.deal_products[deal.id]) {
    sum += std::llround(static_cast<double>(row.price) * row.quantity);
  }
  deal.amount = static_cast<double>(sum) / 100;
  touch_card(deal, by);
}

// The docs do not say whether this is a change of the card.
void World::payment_changed(const Payment& payment, Id by) {
  if (!options.payments_change_cards) return;
  const OrderLink* link = find_row(data.order_links, payment.order);
  if (link == nullptr) return;
  if (link->owner_type == kDealType) {
    if (Deal* deal = card<Deal>(link->owner)) touch_card(*deal, by);
  } else if (Invoice* invoice = card<Invoice>(link->owner)) {
    touch_card(*invoice, by);
  }
}

Payment& World::add_payment(std::int32_t owner_type, Id to, std::int64_t sum, Id by) {
  const Id order = ++data.last_order;
  data.order_links.push_back({order, owner_type, short_id(to)});
  Payment payment;
  payment.order = short_id(order);
  payment.sum = sum;
  payment.billed = now();
  payment.manager = short_id(by);
  Payment& added = append_row(*this, data.payments, std::move(payment));
  payment_changed(added, by);
  return added;
}

void World::set_paid(Payment& payment, bool paid, Id by) {
  payment.paid = paid;
  payment.paid_at = paid ? now() : 0;
  payment.paid_by = paid ? short_id(by) : 0;
  payment_changed(payment, by);
}

void World::return_payment(Payment& payment, Id by) {
  payment.returned = true;
  payment.return_date = now() - now() % kDay;
  payment.returned_by = short_id(by);
  payment_changed(payment, by);
}

bool World::delete_payment(Id id, Id by) {
  const Payment* payment = find_row(data.payments, id);
  if (payment == nullptr) return false;
  payment_changed(*payment, by);
  return erase_row(*this, data.payments, id);
}

int World::delete_order(Id order, Id by) {
  std::vector<Id> own;
  for (const Payment& payment : data.payments) {
    if (payment.order != order) continue;
    if (payment.paid) return 0;
    own.push_back(payment.id);
  }
  for (const Id payment : own) delete_payment(payment, by);
  unbind_order(order);
  return static_cast<int>(own.size());
}

bool World::unbind_order(Id order) { return erase_row(*this, data.order_links, order); }

Comment& World::add_comment(Comment comment) {
  comment.id = new_id();
  comment.at = now();
  for_each_kind([&](auto kind) {
    using Row = typename decltype(kind)::Row;
    if (kind.type != comment.owner_type) return;
    if (Row* written_in = card<Row>(comment.owner)) {
      written_in->last_activity = now();
      written_in->last_activity_by = comment.author;
    }
  });
  data.comments.push_back(std::move(comment));
  return data.comments.back();
}

Activity* World::activity_of_task(Id task) {
  const auto found = task_activities.find(task);
  return found == task_activities.end() ? nullptr : find_row(data.activities, found->second);
}

void World::post_event(const std::string& event, const std::string& fields) {
  bool any = false;
  for (const BoundEvent& handler : bound) {
    if (handler.event != event) continue;
    if (handler.offline) {
      queue_event(event, fields);
      continue;
    }
    const std::string body =
        "event=" + event + "&event_handler_id=" + std::to_string(handler.id) + "&" + fields +
        "&ts=" + std::to_string(now()) + "&auth[domain]=" + domain +
        "&auth[client_endpoint]=http://" + domain +
        "/rest/&auth[server_endpoint]=https://oauth.bitrix.info/rest/"
        "&auth[member_id]=a223c6b3710f85df22e9377d6c4f7553&auth[application_token]=" +
        handler.token;
    outgoing.push_back({handler.url, encode_brackets(body)});
    any = true;
  }
  if (any && on_outgoing) on_outgoing();
}

}  // namespace b24::sim
