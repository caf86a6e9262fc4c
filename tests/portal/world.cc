#include "tests/portal/world.h"

#include <algorithm>

namespace b24::sim {
namespace {

std::string crm_event(Id id) { return "data[FIELDS][ID]=" + std::to_string(id); }

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

StageMove move_of(const Deal& deal, const Status& stage, Step step) {
  StageMove move;
  move.at = deal.moved;
  move.deal = static_cast<std::int32_t>(deal.id);
  move.pipeline = deal.pipeline;
  move.stage = static_cast<std::int16_t>(deal.stage);
  const std::int16_t within = stage.semantic == 'P' ? 2 : 3;
  move.type = step == Step::created ? 1 : step == Step::other_pipeline ? 5 : within;
  return move;
}

}  // namespace

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

std::optional<std::int32_t> World::stage_index(std::string_view status_id) const {
  for (std::size_t i = 0; i < data.statuses.size(); ++i) {
    const Status& status = data.statuses[i];
    if (status.pipeline >= 0 && status.status_id == status_id) return static_cast<std::int32_t>(i);
  }
  return std::nullopt;
}

std::int32_t World::first_stage(Id pipeline) const {
  for (std::size_t i = 0; i < data.statuses.size(); ++i) {
    if (data.statuses[i].pipeline == pipeline) return static_cast<std::int32_t>(i);
  }
  return 0;
}

Deal& World::add_deal(Deal deal, Id by) {
  deal.created = deal.updated = deal.moved = deal.last_activity = now();
  deal.created_by = deal.updated_by = deal.moved_by = deal.last_activity_by =
      static_cast<std::int32_t>(by);
  Deal& added = append_row(*this, data.deals, std::move(deal));
  append_row(*this, data.moves, move_of(added, stage(added), Step::created));
  post_event("ONCRMDEALADD", crm_event(added.id));
  return added;
}

void World::touch_deal(Deal& deal, Id by, const char* event) {
  deal.updated = now();
  deal.updated_by = static_cast<std::int32_t>(by);
  post_event(event, crm_event(deal.id));
}

void World::move_deal(Deal& deal, std::int32_t stage_to, Id by) {
  const auto pipeline_before = deal.pipeline;
  deal.stage = stage_to;
  deal.pipeline = static_cast<std::int32_t>(stage(deal).pipeline);
  deal.moved = now();
  deal.moved_by = static_cast<std::int32_t>(by);
  const bool moved_over = deal.pipeline != pipeline_before;
  append_row(*this, data.moves,
             move_of(deal, stage(deal), moved_over ? Step::other_pipeline : Step::moved));
  // One event in place of the other, and for applications alone (transport.md, 7.3).
  touch_deal(deal, by, moved_over ? "ONCRMDEALMOVETOCATEGORY" : "ONCRMDEALUPDATE");
}

bool World::delete_deal(Id id) {
  if (!erase_row(*this, data.deals, id)) return false;
  post_event("ONCRMDEALDELETE", crm_event(id));
  return true;
}

Task& World::add_task(Task task, Id by) {
  task.created = task.changed = task.activity = task.status_changed = now();
  if (task.creator == 0) task.creator = static_cast<std::int32_t>(by);
  task.changed_by = static_cast<std::int32_t>(by);
  Task& added = append_row(*this, data.tasks, std::move(task));
  post_event("ONTASKADD",
             "data[FIELDS_BEFORE]=undefined&data[FIELDS_AFTER][ID]=" + std::to_string(added.id) +
                 "&data[IS_ACCESSIBLE_BEFORE]=N&data[IS_ACCESSIBLE_AFTER]=undefined");
  return added;
}

void World::touch_task(Task& task, Id by) {
  task.changed = task.activity = now();
  task.changed_by = static_cast<std::int32_t>(by);
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

void World::post_event(const std::string& event, const std::string& fields) {
  bool any = false;
  for (const BoundEvent& handler : bound) {
    if (handler.event != event) continue;
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
