#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/portal/list.h"
#include "tests/portal/tables.h"

// Users, departments, absences and the portal's calendar (portal docs: user-get.md,
// user/user-scope.md, department-get.md, im-user-list-get.md, calendar-settings-get.md,
// calendar-accessibility-get.md).

namespace b24::sim {
namespace {

// Conditions given flat, among other parameters: {"PARENT": 1, "sort": "NAME"}.
template <class Row>
Json flat_filter(const Json& params, std::span<const Field<Row>> fields) {
  Json filter = Json::object();
  if (!params.is_object()) return filter;
  for (const auto& [name, value] : params.items()) {
    const auto split = split_key(name, kCrmOperators);
    if (split && find_field(fields, split->field) != nullptr) filter[name] = value;
  }
  return filter;
}

// `sort` names the field, `order` the direction, both texts.
template <class Row>
std::vector<OrderBy<Row>> flat_order(const Json& params, std::span<const Field<Row>> fields) {
  const Field<Row>* field = find_field(fields, to_text(param(params, "sort")));
  if (field == nullptr) return {};
  const std::string way = to_text(param(params, "order"));
  return {{field->get, way == "DESC" || way == "desc", field->name == "ID"}};
}

// Contacts come with `user` and `user_basic`, the last login with `user` alone.
bool in_scope(const World& world, std::string_view field) {
  const auto& scopes = world.options.scopes;
  if (scopes.contains("user")) return true;
  if (field == "LAST_LOGIN") return false;
  const bool contact = field == "EMAIL" || field == "PERSONAL_MOBILE" || field == "WORK_PHONE" ||
                       field == "PERSONAL_WWW";
  return scopes.contains("user_basic") || !contact;
}

Outcome user_list(Call& call) {
  const Json& given = param(call.params, "filter");
  const Json flat = flat_filter(call.params, user_fields());
  std::string unknown;
  ListQuery<User> query;
  query.filter = read_filter(given.is_null() ? flat : given, user_fields(), kCrmOperators,
                             call.world.options.offset, unknown);
  query.order = flat_order(call.params, user_fields());
  query.select = read_select(param(call.params, "select"), user_fields());
  std::erase_if(query.select.fields,
                [&](const auto* field) { return !in_scope(call.world, field->name); });
  query.start = read_start(call.params);
  if (call.faults.ignore_id_filter) drop_id_conditions(query.filter);
  const auto found =
      find_rows<User>(call.world, call.world.data.users, query, [](const User&) { return true; });
  Outcome outcome;
  write_rows(outcome.result, call.world, found, query.select, call.faults,
             [](std::string&, const User&) {});
  set_paging(outcome, query, found);
  return outcome;
}

Outcome current_user(Call& call) {
  const User* user = call.world.user(call.world.owner);
  if (user == nullptr) return fail(400, "ERROR_CORE", "User not found");
  Scratch scratch{call.world, {}};
  std::string out = "{";
  write_fields(out, *user, read_select<User>(Json(), user_fields()), scratch, nullptr);
  return ok(out + '}');
}

// Keys without a value are left out, they are not null.
Selected<Department> filled(const Department& department) {
  Selected<Department> select;
  for (const auto& field : department_fields()) {
    if (field.name == "PARENT" && department.parent == 0) continue;
    if (field.name == "UF_HEAD" && department.head == 0) continue;
    select.fields.push_back(&field);
  }
  return select;
}

Outcome department_list(Call& call) {
  std::string unknown;
  ListQuery<Department> query;
  query.filter = read_filter(flat_filter(call.params, department_fields()), department_fields(),
                             kCrmOperators, seconds{0}, unknown);
  query.order = flat_order(call.params, department_fields());
  query.start = read_start(call.params);
  const auto found = find_rows<Department>(call.world, call.world.data.departments, query,
                                           [](const Department&) { return true; });
  Scratch scratch{call.world, {}};
  Outcome outcome;
  outcome.result = "[";
  for (const Department* department : found.rows) {
    comma(outcome.result);
    outcome.result += '{';
    write_fields(outcome.result, *department, filled(*department), scratch, nullptr);
    outcome.result += '}';
  }
  outcome.result += ']';
  set_paging(outcome, query, found);
  return outcome;
}

// The date until which, that day included.
std::optional<Unix> absent_until(const World& world, Id user) {
  for (const AbsenceRow& absence : world.data.absences) {
    if (absence.user == user && absence.from <= world.now() && world.now() < absence.to) {
      return absence.all_day ? absence.to - kDay : absence.to;
    }
  }
  return std::nullopt;
}

void write_im_user(std::string& out, const World& world, const User& user) {
  out += '{';
  key(out, "id");
  integer(out, user.id);
  out += user.active ? R"(,"active":true)" : R"(,"active":false)";
  key(out, "name");
  quoted(out, user.first_name + " " + user.last_name);
  key(out, "first_name");
  quoted(out, user.first_name);
  key(out, "last_name");
  quoted(out, user.last_name);
  key(out, "work_position");
  quoted(out, user.position);
  out += R"(,"color":"#df532d","avatar":"","avatar_hr":"","gender":)";
  out += user.female ? R"("F")" : R"("M")";
  out += R"(,"birthday":"","extranet":false,"network":false,"bot":false,"connector":false,)"
         R"("external_auth_id":"default","status":"online","idle":false)";
  key(out, "last_activity_date");
  time_text(out, world.now(), world.options.offset);
  out += R"(,"mobile_last_date":false,"desktop_last_date":false)";
  key(out, "absent");
  if (const auto until = absent_until(world, user.id)) {
    time_text(out, *until, world.options.offset);
  } else {
    out += "false";
  }
  out += R"(,"departments":[)";
  for (const Id id : user.departments) {
    comma(out);
    integer(out, id);
  }
  out += R"(],"phones":{"work_phone":"","personal_mobile":"","inner_phone":")";
  integer(out, user.id + 100);
  out += R"("},"website":"")";
  key(out, "email");
  quoted(out, fmt::format("user{}@example.com", user.id));
  out += R"(,"bot_data":null,"type":"user"})";
}

// An object keyed by id, or an array when asked for.
Outcome im_users(Call& call) {
  const Json& ids = param(call.params, "ID");
  if (!ids.is_array()) {
    return fail(400, "INVALID_FORMAT", "A wrong format for the ID field is passed");
  }
  const bool array = to_text(param(call.params, "RESULT_TYPE")) == "array";
  std::string out = array ? "[" : "{";
  for (const Json& id : ids) {
    const User* user = call.world.user(to_int(id));
    if (array && user == nullptr) continue;
    if (array) {
      comma(out);
    } else {
      key(out, std::to_string(to_int(id)));
    }
    if (user == nullptr) {
      out += "null";
    } else {
      write_im_user(out, call.world, *user);
    }
  }
  if (out == "{") return ok("[]");
  return ok(out + (array ? ']' : '}'));
}

Outcome calendar_settings(Call&) {
  return ok(
      R"({"work_time_start":"9","work_time_end":"18",)"
      R"("year_holidays":"1.01,2.01,7.01,23.02,8.03,1.05,9.05,12.06,4.11","year_workdays":"",)"
      R"("week_holidays":["SA","SU"],"week_start":"MO",)"
      R"("user_name_template":"#NAME# #LAST_NAME#","sync_by_push":false,"user_show_login":true,)"
      R"("path_to_user":"\/company\/personal\/user\/#user_id#\/",)"
      R"("path_to_user_calendar":"\/company\/personal\/user\/#user_id#\/calendar\/",)"
      R"("path_to_group":"\/workgroups\/group\/#group_id#\/",)"
      R"("path_to_group_calendar":"\/workgroups\/group\/#group_id#\/calendar\/",)"
      R"("path_to_vr":"","path_to_rm":"","rm_iblock_type":"","rm_iblock_id":"",)"
      R"("dep_manager_sub":true,"denied_superpose_types":[],"pathes_for_sites":"",)"
      R"("forum_id":"8","rm_for_sites":true,"path_to_type_company_calendar":"",)"
      R"("path_to_type_location":"","path_to_type_open_event":""})");
}

std::string display_time(Unix at, seconds offset) {
  std::string iso;
  time_text(iso, at, offset);
  return fmt::format("{}.{}.{} {}", iso.substr(9, 2), iso.substr(6, 2), iso.substr(1, 4),
                     iso.substr(12, 8));
}

struct Event {
  Id id = 0;
  const char* name = "Отпуск";
  const char* accessibility = "absent";
};

// An all-day event names its last day; any other one ends where it ends.
void write_event(std::string& out, const World& world, const AbsenceRow& absence,
                 const Event& event) {
  const seconds offset = world.options.offset;
  const Unix to = absence.all_day ? absence.to - 86400 : absence.to;
  const auto add = [&](std::string_view name, std::string_view text) {
    key(out, name);
    quoted(out, text);
  };
  comma(out);
  out += '{';
  add("ID", std::to_string(event.id));
  add("NAME", event.name);
  add("DATE_FROM", display_time(absence.from, offset));
  add("DATE_TO", display_time(to, offset));
  add("DATE_FROM_TS_UTC", std::to_string(absence.from));
  add("DATE_TO_TS_UTC", std::to_string(to));
  key(out, "~USER_OFFSET_FROM");
  integer(out, offset.count());
  key(out, "~USER_OFFSET_TO");
  integer(out, offset.count());
  add("DT_SKIP_TIME", absence.all_day ? "Y" : "N");
  add("TZ_FROM", "Europe/Moscow");
  add("TZ_TO", "Europe/Moscow");
  add("ACCESSIBILITY", event.accessibility);
  add("IMPORTANCE", "normal");
  add("EVENT_TYPE", "");
  out += '}';
}

Outcome accessibility(Call& call) {
  for (const std::string_view name : {"from", "to", "users"}) {
    if (param(call.params, name).is_null()) {
      return fail(400, "",
                  fmt::format("The required parameter \"{}\" for the method "
                              "\"calendar.accessibility.get\" is not set.",
                              name));
    }
  }
  const seconds offset = call.world.options.offset;
  const auto from = to_time(to_text(param(call.params, "from")), offset).value_or(0);
  const auto to = to_time(to_text(param(call.params, "to")), offset).value_or(0) + 86400;
  std::string out = "{";
  for (const Json& id : param(call.params, "users")) {
    key(out, std::to_string(to_int(id)));
    out += '[';
    Id number = 1200;
    for (const AbsenceRow& absence : call.world.data.absences) {
      ++number;
      if (absence.user == to_int(id) && absence.from < to && absence.to > from) {
        write_event(out, call.world, absence, {number});
      }
    }
    // Everybody has a long meeting now, at which nobody is absent.
    const Unix now = call.world.now();
    write_event(out, call.world, {to_int(id), now - 10 * kDay, now + kDay, false},
                {++number, "Стратегическая сессия", "busy"});
    out += ']';
  }
  return ok(out == "{" ? "[]" : out + '}');
}

constexpr Method kPeopleMethods[] = {
    {"user.get", "user", Cost::page, user_list},
    {"user.current", "user", Cost::call, current_user},
    {"department.get", "department", Cost::page, department_list},
    {"im.user.list.get", "im", Cost::call, im_users},
    {"calendar.settings.get", "calendar", Cost::call, calendar_settings},
    {"calendar.accessibility.get", "calendar", Cost::call, accessibility},
};

}  // namespace

std::span<const Method> people_methods() { return kPeopleMethods; }

}  // namespace b24::sim
