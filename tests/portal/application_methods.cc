#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/portal/method.h"
#include "tests/portal/text.h"

// What an application alone may ask: itself, its handlers, its queue of offline events (portal
// docs: events/, common/system/).

namespace b24::sim {
namespace {

constexpr std::size_t kUsualLimit = 50;

Outcome not_for_webhooks() {
  return fail(403, "WRONG_AUTH_TYPE", "Current authorization type is denied for this method");
}

Outcome application_info(Call& call) {
  if (!call.world.oauth.asks) {
    return fail(400, "ACCESS_DENIED", "Access denied! Application context required");
  }
  return ok(R"({"ID":5,"CODE":"b24watch.local","VERSION":1,"STATUS":"L","INSTALLED":true,)"
            R"("PAYMENT_EXPIRED":"N","DAYS":null,"LANGUAGE_ID":"ru","LICENSE":"ru_pro100",)"
            R"("LICENSE_TYPE":"pro100","LICENSE_FAMILY":"pro"})");
}

Outcome feature_get(Call& call) {
  const std::string code = to_text(param(call.params, "CODE"));
  if (code.empty()) return fail(400, "CODE_EMPTY", "CODE can't be empty");
  const bool on = code == "rest_offline_extended" && call.world.options.application.offline;
  return ok(fmt::format(R"({{"value":"{}"}})", on ? "Y" : "N"));
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// As far as the company has such objects.
bool is_event(const std::string& name) {
  for (const char* head :
       {"ONCRM", "ONTASK", "ONVOXIMPLANT", "ONUSER", "ONAPP", "ONOFFLINEEVENT"}) {
    if (name.starts_with(head)) return true;
  }
  return false;
}

Outcome no_offline_events(std::string_view what) {
  return fail(403, "ACCESS_DENIED", fmt::format("Access denied! {}", what));
}

bool may_use_queue(const World& world) {
  return world.options.application.offline && world.options.admin;
}

Outcome event_bind(Call& call) {
  World& world = call.world;
  if (!world.oauth.asks) return not_for_webhooks();
  const std::string name = upper(to_text(param(call.params, "event")));
  const std::string handler = to_text(param(call.params, "handler"));
  const bool offline = to_text(param(call.params, "event_type")) == "offline";
  if (offline && !may_use_queue(world)) {
    return no_offline_events("Offline events binding requires administrator access rights");
  }
  if (!is_event(name)) return fail(400, "ERROR_EVENT_NOT_FOUND", "Event not found");
  if (!offline && handler.empty()) return fail(400, "ERROR_ARGUMENT", "Handler is not set");
  for (const BoundEvent& bound : world.bound) {
    if (bound.event == name && bound.url == handler && bound.offline == offline &&
        bound.by_application) {
      return fail(400, "ERROR_CORE", "Unable to set event handler: Handler already binded");
    }
  }
  world.bound.push_back({.event = name,
                         .url = handler,
                         .token = world.oauth.application_token,
                         .id = world.new_id(),
                         .by_application = true,
                         .offline = offline});
  return ok("true");
}

Outcome handlers_get(Call& call) {
  if (!call.world.oauth.asks) return not_for_webhooks();
  Json list = Json::array();
  for (const BoundEvent& bound : call.world.bound) {
    if (!bound.by_application) continue;
    list.push_back({{"event", bound.event},
                    {"handler", bound.url},
                    {"auth_type", "0"},
                    {"offline", bound.offline ? 1 : 0}});
  }
  return ok(list.dump());
}

Outcome event_unbind(Call& call) {
  World& world = call.world;
  if (!world.oauth.asks) return not_for_webhooks();
  const std::string name = upper(to_text(param(call.params, "event")));
  const std::string handler = to_text(param(call.params, "handler"));
  const bool offline = to_text(param(call.params, "event_type")) == "offline";
  const auto gone = std::erase_if(world.bound, [&](const BoundEvent& bound) {
    if (!bound.by_application || bound.offline != offline) return false;
    return (name.empty() || bound.event == name) && (handler.empty() || bound.url == handler);
  });
  return ok(fmt::format(R"({{"count":{}}})", gone));
}

void write_record(std::string& out, const World& world, const OfflineRecord& record) {
  comma(out);
  out += fmt::format(R"({{"ID":"{}","TIMESTAMP_X":)", record.id);
  time_text(out, record.at, world.options.offset);
  out += fmt::format(
      R"(,"EVENT_NAME":"{}","EVENT_DATA":{},"EVENT_ADDITIONAL":false,"MESSAGE_ID":"{}")",
      record.event, record.data, record.message_id);
}

// Without `process_id` the oldest records that nobody has; they are deleted, or with clear=0 set
// aside under a name of their own. With it those set aside under that name. No filters.
Outcome offline_get(Call& call) {
  World& world = call.world;
  if (!world.oauth.asks) return not_for_webhooks();
  if (!may_use_queue(world)) return fail(403, "ACCESS_DENIED", "Access denied!");
  const Json& wish = param(call.params, "clear");
  const bool clear = wish.is_null() || to_int(wish) == 1;
  const auto given = to_int(param(call.params, "limit"));
  const std::size_t limit = given > 0 ? static_cast<std::size_t>(given) : kUsualLimit;
  const std::string wanted = to_text(param(call.params, "process_id"));
  const bool errors = to_int(param(call.params, "error")) == 1;
  const std::string process =
      wanted.empty() ? fmt::format("process{:025}", world.new_id()) : wanted;
  std::string events = "[";
  std::size_t count = 0;
  for (OfflineRecord& record : world.oauth.queue) {
    if (count == limit) break;
    if (record.process_id != wanted || record.error != errors) continue;
    write_record(events, world, record);
    events += '}';
    record.process_id = process;
    ++count;
  }
  if (clear) {
    std::erase_if(world.oauth.queue,
                  [&](const OfflineRecord& record) { return record.process_id == process; });
  }
  return ok(fmt::format(R"({{"process_id":{},"events":{}]}})",
                        clear && wanted.empty() ? "null" : quote(process), events));
}

Outcome offline_list(Call& call) {
  World& world = call.world;
  if (!world.oauth.asks) return not_for_webhooks();
  if (!may_use_queue(world)) return fail(403, "ACCESS_DENIED", "Access denied!");
  const Json& filter = param(call.params, "filter");
  const bool reserved = filter.is_object() && filter.contains(">PROCESS_ID");
  const auto start = std::max<std::int64_t>(to_int(param(call.params, "start")), 0);
  std::string out = "[";
  std::int64_t at = 0;
  for (const OfflineRecord& record : world.oauth.queue) {
    if (reserved && record.process_id <= to_text(filter[">PROCESS_ID"])) continue;
    if (at++ < start || at > start + static_cast<std::int64_t>(kUsualLimit)) continue;
    write_record(out, world, record);
    out += fmt::format(R"(,"PROCESS_ID":"{}","ERROR":"{}"}})", record.process_id,
                       record.error ? 1 : 0);
  }
  Outcome outcome = ok(out + ']');
  outcome.total = at;
  return outcome;
}

// The values of a list, however it is written.
std::set<std::string> words(const Json& list) {
  std::set<std::string> found;
  if (!list.is_structured()) return found;
  for (const auto& value : list) found.insert(to_text(value));
  return found;
}

bool is_meant(const OfflineRecord& record, const std::string& process,
              const std::set<std::string>& ids, const std::set<std::string>& messages) {
  if (record.process_id != process) return false;
  if (!ids.empty()) return ids.contains(std::to_string(record.id));
  return messages.empty() || messages.contains(record.message_id);
}

Outcome offline_clear(Call& call) {
  World& world = call.world;
  if (!world.oauth.asks) return not_for_webhooks();
  if (!may_use_queue(world)) return fail(403, "ACCESS_DENIED", "Access denied!");
  const std::string process = to_text(param(call.params, "process_id"));
  if (process.empty()) return fail(400, "ERROR_ARGUMENT", "Argument 'PROCESS_ID' is null or empty");
  const auto ids = words(param(call.params, "id"));
  const auto messages = words(param(call.params, "message_id"));
  std::erase_if(world.oauth.queue, [&](const OfflineRecord& record) {
    return is_meant(record, process, ids, messages);
  });
  return ok("true");
}

Outcome offline_error(Call& call) {
  World& world = call.world;
  if (!world.oauth.asks) return not_for_webhooks();
  if (!may_use_queue(world)) return fail(403, "ACCESS_DENIED", "Access denied!");
  const auto messages = words(param(call.params, "message_id"));
  for (OfflineRecord& record : world.oauth.queue) {
    const std::string process = to_text(param(call.params, "process_id"));
    if (is_meant(record, process, {}, messages)) record.error = true;
  }
  return ok("true");
}

constexpr Method kApplicationMethods[] = {
    {"app.info", "", Cost::call, application_info},
    {"feature.get", "", Cost::call, feature_get},
    {"event.bind", "", Cost::call, event_bind},
    {"event.get", "", Cost::call, handlers_get},
    {"event.unbind", "", Cost::call, event_unbind},
    {"event.offline.get", "", Cost::call, offline_get},
    {"event.offline.list", "", Cost::call, offline_list},
    {"event.offline.clear", "", Cost::call, offline_clear},
    {"event.offline.error", "", Cost::call, offline_error},
};

// {"FIELDS":{"ID":"7"}} of "data[FIELDS][ID]=7".
std::string data_of(const World& world, const std::string& fields) {
  if (!world.options.application.event_data) return "false";
  const Json form = parse_form(fields);
  const Json& data = param(form, "data");
  return data.is_object() ? data.dump() : "false";
}

}  // namespace

std::span<const Method> application_methods() { return kApplicationMethods; }

// Changes of one object that nobody has set aside yet are one record.
void World::queue_event(const std::string& event, const std::string& fields) {
  const std::string message = fmt::format("{:016x}", std::hash<std::string>{}(event + fields));
  for (OfflineRecord& record : oauth.queue) {
    if (record.message_id != message || !record.process_id.empty()) continue;
    record.at = now();
    return;
  }
  oauth.queue.push_back({.id = oauth.next_record++,
                         .at = now(),
                         .event = event,
                         .data = data_of(*this, fields),
                         .message_id = message});
}

}  // namespace b24::sim
