#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/portal/impl.h"
#include "tests/portal/php.h"

// The same as Portal's methods, over HTTP, for shell scripts and other processes:
//   GET  /control/inbox[?user=3]   visible notifications, all ever posted, other messages
//   GET  /control/counters         POST /control/reset-counters
//   GET  /control/streams          {"deal":400,...}: rows of each kind that is read by its changes
//   GET  /control/facts            GET  /control/rows/deal[?id=17]
//   GET  /control/faults           those that have not struck yet
//                                  POST /control/faults {"kind","method","count",...}
//   POST /control/clear-faults     POST /control/clear-inbox
//   POST /control/mutate {"count":10,"seed":1}
//   POST /control/hide {"entity":"deal","id":17}     from the webhook's owner; /control/show again
//   POST /control/remove {"entity":"deal","id":17}   without an event
//   POST /control/call {"method":"crm.item.update","params":{...}}
//   POST /control/bind {"event":"ONCRMDEALUPDATE","url":"http://...","token":"..."}
//   POST /control/install {"url":"http://.../install"}   POST /control/authorize: {"code":"..."}
//   POST /control/press {"user":3,"command":"ack","params":"a=17"}
//   POST /control/set-now {"now":"2026-11-20T12:00:00+03:00"}

namespace b24::sim {
namespace {

Json notification_json(const Notification& n) {
  return {{"id", n.id},
          {"user_id", n.user_id},
          {"text", n.text},
          {"plain", n.plain},
          {"tag", n.tag},
          {"sub_tag", n.sub_tag},
          {"client_id", n.client_id},
          {"system", n.system},
          {"at", format_utc(n.at)},
          {"visible", n.visible}};
}

std::string inbox(const Portal& portal, const Json& query) {
  const auto user = to_int(param(query, "user"));
  Json out = {{"visible", Json::array()}, {"history", Json::array()}, {"messages", Json::array()}};
  for (const Notification& n : portal.notifications()) {
    if (user != 0 && n.user_id != user) continue;
    out["history"].push_back(notification_json(n));
    if (n.visible) out["visible"].push_back(notification_json(n));
  }
  for (const Message& m : portal.messages()) {
    out["messages"].push_back({{"id", m.id},
                               {"kind", m.kind},
                               {"target", m.target},
                               {"text", m.text},
                               {"at", format_utc(m.at)},
                               {"edits", m.edits}});
  }
  return out.dump();
}

std::string counters(const Portal& portal) {
  const Counters c = portal.counters();
  const Json out = {{"requests", c.requests},
                    {"commands", c.commands},
                    {"bytes_out", c.bytes_out},
                    {"methods", c.methods},
                    {"refusals", c.refusals}};
  return out.dump();
}

std::string rows(const Portal& portal, const std::string& word, const Json& query) {
  const std::optional<Entity> entity = entity_named(word);
  if (!entity) return "";
  const Json& id = param(query, "id");
  return id.is_null() ? portal.rows(*entity) : portal.row(*entity, to_int(id));
}

std::string add_fault(Portal& portal, const Json& given) {
  const auto kind = fault_named(to_text(param(given, "kind")));
  if (!kind) return "";
  Fault fault;
  fault.kind = *kind;
  fault.method = to_text(param(given, "method"));
  fault.detail = to_text(param(given, "detail"));
  fault.body = to_text(param(given, "body"));
  const auto number = [&](const char* name, double otherwise) {
    const Json& value = param(given, name);
    return value.is_null() ? otherwise : to_real(value);
  };
  fault.count = static_cast<int>(number("count", 1));
  fault.probability = number("probability", 1);
  fault.status = static_cast<int>(number("status", 400));
  fault.delay = milliseconds{static_cast<std::int64_t>(number("delay_ms", 0))};
  if (to_text(param(given, "strikes")) == "after") fault.strikes = Strikes::after;
  portal.add_fault(fault);
  return "{}";
}

std::string faults(const Portal& portal) {
  Json out = Json::array();
  for (const Fault& fault : portal.faults()) {
    out.push_back({{"kind", name(fault.kind)}, {"method", fault.method}, {"count", fault.count}});
  }
  return out.dump();
}

std::string mutate(Portal& portal, const Json& given) {
  const Json& count = param(given, "count");
  const MutationCounts made =
      portal.mutate(count.is_null() ? 1 : static_cast<int>(to_int(count)),
                    static_cast<std::uint64_t>(to_int(param(given, "seed"))));
  const Json out = {{"deals_added", made.deals_added},
                    {"deals_changed", made.deals_changed},
                    {"deals_moved", made.deals_moved},
                    {"deals_deleted", made.deals_deleted},
                    {"tasks_added", made.tasks_added},
                    {"tasks_changed", made.tasks_changed},
                    {"tasks_closed", made.tasks_closed},
                    {"tasks_deleted", made.tasks_deleted},
                    {"calls_added", made.calls_added},
                    {"leads_added", made.leads_added},
                    {"leads_changed", made.leads_changed},
                    {"leads_moved", made.leads_moved},
                    {"leads_deleted", made.leads_deleted},
                    {"quotes_added", made.quotes_added},
                    {"quotes_changed", made.quotes_changed},
                    {"quotes_moved", made.quotes_moved},
                    {"quotes_deleted", made.quotes_deleted},
                    {"invoices_added", made.invoices_added},
                    {"invoices_changed", made.invoices_changed},
                    {"invoices_moved", made.invoices_moved},
                    {"invoices_deleted", made.invoices_deleted},
                    {"contacts_added", made.contacts_added},
                    {"contacts_changed", made.contacts_changed},
                    {"contacts_deleted", made.contacts_deleted},
                    {"companies_added", made.companies_added},
                    {"companies_changed", made.companies_changed},
                    {"companies_deleted", made.companies_deleted},
                    {"activities_added", made.activities_added},
                    {"activities_changed", made.activities_changed},
                    {"activities_completed", made.activities_completed},
                    {"activities_deleted", made.activities_deleted},
                    {"rates_changed", made.rates_changed},
                    {"payments_added", made.payments_added},
                    {"payments_paid", made.payments_paid},
                    {"payments_returned", made.payments_returned},
                    {"payments_deleted", made.payments_deleted},
                    {"orders_deleted", made.orders_deleted},
                    {"products_changed", made.products_changed},
                    {"comments_added", made.comments_added},
                    {"chats_added", made.chats_added},
                    {"chat_messages_added", made.chat_messages_added},
                    {"chats_closed", made.chats_closed},
                    {"workdays_changed", made.workdays_changed}};
  return out.dump();
}

std::string streams(const Portal& portal) {
  Json out = Json::object();
  for (const Entity entity : kStreams) {
    if (const std::size_t rows = portal.count(entity); rows > 0)
      out[std::string{name(entity)}] = rows;
  }
  return out.dump();
}

std::string set_now(Portal& portal, const Json& given) {
  const auto now = parse_time(to_text(param(given, "now")));
  if (!now) return "";
  portal.set_now(*now);
  return "{}";
}

std::string change_one(Portal& portal, const std::string& what, const Json& given) {
  const auto entity = entity_named(to_text(param(given, "entity")));
  const auto id = to_int(param(given, "id"));
  if (!entity || id == 0) return "";
  if (what == "hide") portal.hide(*entity, id);
  if (what == "show") portal.show(*entity, id);
  if (what == "remove") portal.remove(*entity, id);
  return "{}";
}

std::string read_page(const Portal& portal, const std::string& what, const Json& query) {
  if (what == "inbox") return inbox(portal, query);
  if (what == "counters") return counters(portal);
  if (what == "facts") return portal.facts();
  if (what == "faults") return faults(portal);
  if (what == "streams") return streams(portal);
  if (what.starts_with("rows/")) return rows(portal, what.substr(5), query);
  return "";
}

std::string act(Portal& portal, const std::string& what, const Json& given) {
  if (what == "faults") return add_fault(portal, given);
  if (what == "clear-faults") return portal.clear_faults(), "{}";
  if (what == "clear-inbox") return portal.clear_inbox(), "{}";
  if (what == "reset-counters") return portal.reset_counters(), "{}";
  if (what == "mutate") return mutate(portal, given);
  if (what == "set-now") return set_now(portal, given);
  if (what == "hide" || what == "show" || what == "remove") return change_one(portal, what, given);
  if (what == "call") {
    return portal.call(to_text(param(given, "method")), param(given, "params").dump());
  }
  if (what == "bind") {
    portal.bind_event(to_text(param(given, "event")), to_text(param(given, "url")),
                      to_text(param(given, "token")));
    return "{}";
  }
  if (what == "install") {
    return fmt::format(R"({{"status":{}}})", portal.install(to_text(param(given, "url"))));
  }
  if (what == "authorize") return Json{{"code", portal.authorize()}}.dump();
  if (what == "press") {
    portal.press(to_int(param(given, "user")), to_text(param(given, "command")),
                 to_text(param(given, "params")));
    return "{}";
  }
  return "";
}

}  // namespace

HttpReply handle_control(Portal& portal, const HttpRequest& request) {
  const std::string target = request.target.substr(std::string_view{"/control/"}.size());
  const std::size_t question = std::min(target.find('?'), target.size());
  const std::string what = target.substr(0, question);
  const Json query = parse_form(question < target.size() ? target.substr(question + 1) : "");
  HttpReply reply;
  if (request.verb == "GET") {
    reply.body = read_page(portal, what, query);
  } else {
    Json given = Json::parse(request.body.empty() ? "{}" : request.body, nullptr, false);
    reply.body = given.is_discarded() ? "" : act(portal, what, given);
  }
  if (reply.body.empty()) {
    reply.status = 404;
    reply.body = R"({"error":"no such page, or its parameters are wrong"})";
  }
  return reply;
}

}  // namespace b24::sim
