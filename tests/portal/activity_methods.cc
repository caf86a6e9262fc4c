#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/portal/list.h"
#include "tests/portal/tables.h"

// crm.activity.*: names in capitals, ids as texts (portal docs: crm/timeline/activities/).

namespace b24::sim {
namespace {

// A card an activity stands in. Zero in a wish: of any kind, or any of the kind.
struct Binding {
  Id type = 0;
  Id id = 0;
};

std::vector<Binding> bindings(const Activity& activity) {
  std::vector<Binding> all = {{activity.owner_type, activity.owner}};
  if (activity.contact != 0) all.push_back({kContactType, activity.contact});
  if (activity.company != 0) all.push_back({kCompanyType, activity.company});
  if (activity.deal != 0) all.push_back({kDealType, activity.deal});
  return all;
}

bool mine(const Call& call, const Activity& activity) {
  if (call.world.hides(Entity::activity, activity.id)) return false;
  return call.as_admin || activity.manager == call.world.owner;
}

// Classic methods of the CRM have no code for their errors.
Outcome refuse(std::string text) { return fail(400, "", std::move(text)); }

// `BINDINGS` of a filter: [{"OWNER_TYPE_ID":2},{"OWNER_TYPE_ID":3,"OWNER_ID":5}].
std::vector<Binding> wished(const Json& filter) {
  std::vector<Binding> wishes;
  const Json& given = param(filter, "BINDINGS");
  if (!given.is_structured()) return wishes;
  for (const Json& wish : given) {
    const Binding binding{to_int(param(wish, "OWNER_TYPE_ID")), to_int(param(wish, "OWNER_ID"))};
    if (binding.type != 0 || binding.id != 0) wishes.push_back(binding);
  }
  return wishes;
}

// An activity is given once for each of its bindings that is wished for, so the same one may come
// twice.
int times_given(const Activity& activity, const std::vector<Binding>& wishes) {
  const auto all = bindings(activity);
  return static_cast<int>(std::count_if(all.begin(), all.end(), [&](const Binding& binding) {
    return std::any_of(wishes.begin(), wishes.end(), [&](const Binding& wish) {
      return (wish.type == 0 || wish.type == binding.type) &&
             (wish.id == 0 || wish.id == binding.id);
    });
  }));
}

// By START_TIME unless told.
std::vector<OrderBy<Activity>> usual_order() {
  return {{find_field(activity_fields(), "START_TIME")->get, false, false}};
}

bool is_map(const Json& value) { return value.is_null() || value.is_structured(); }

Outcome activity_list(Call& call) {
  const auto fields = activity_fields();
  if (!is_map(param(call.params, "order"))) return refuse("Parameter 'order' must be array.");
  if (!is_map(param(call.params, "filter"))) return refuse("Parameter 'filter' must be array.");
  Json filter = param(call.params, "filter");
  const std::vector<Binding> wishes = wished(filter);
  const bool by_binding = filter.is_object() && filter.erase("BINDINGS") != 0;
  std::string unknown;
  ListQuery<Activity> query;
  query.filter = read_filter(filter, fields, kCrmOperators, call.world.options.offset, unknown);
  query.order = read_order(param(call.params, "order"), fields, unknown);
  // Of unknown fields the page says nothing; this is its word for whatever else goes wrong.
  if (!unknown.empty()) return refuse("Failed to get list. General error.");
  if (query.order.empty()) query.order = usual_order();
  query.select = read_select(param(call.params, "select"), fields);
  query.start = read_start(call.params);
  if (call.faults.ignore_id_filter) drop_id_conditions(query.filter);
  const auto found = find_rows<Activity>(call.world, call.world.data.activities, query,
                                         [&](const Activity& activity) {
                                           if (!mine(call, activity)) return 0;
                                           return by_binding ? times_given(activity, wishes) : 1;
                                         });
  Outcome outcome;
  write_rows(outcome.result, call.world, found, query.select, call.faults,
             [](std::string&, const Activity&) {});
  set_paging(outcome, query, found);
  return outcome;
}

// The activity named by `id`, or why it is not given.
Activity* find_activity(Call& call, std::string_view name, Outcome& problem) {
  Activity* activity = find_row(call.world.data.activities, to_int(param(call.params, name)));
  if (activity == nullptr) {
    problem = refuse("Activity is not found");
  } else if (!mine(call, *activity)) {
    problem = refuse("Access denied.");
    return nullptr;
  }
  return activity;
}

Outcome activity_get(Call& call) {
  Outcome problem;
  const Activity* activity = find_activity(call, "id", problem);
  if (activity == nullptr) return problem;
  Scratch scratch{call.world, {}};
  std::string out = "{";
  write_fields(out, *activity, read_select<Activity>(Json(), activity_fields()), scratch, nullptr);
  return ok(out + '}');
}

// The method's development has ended, yet it answers. Only what people change in the card.
Outcome activity_update(Call& call) {
  Outcome problem;
  Activity* activity = find_activity(call, "id", problem);
  if (activity == nullptr) return problem;
  const Json& fields = param(call.params, "fields");
  if (fields.is_object()) {
    for (const auto& [name, value] : fields.items()) {
      const auto time = to_time(to_text(value), call.world.options.offset);
      if (name == "SUBJECT") activity->subject = to_text(value);
      if (name == "DESCRIPTION") activity->description = to_text(value);
      if (name == "RESPONSIBLE_ID") activity->manager = short_id(to_int(value));
      if (name == "COMPLETED") activity->completed = to_flag(value);
      if (name == "DEADLINE") activity->deadline = time.value_or(0);
    }
  }
  call.world.touch_activity(*activity, call.world.owner);
  return ok("true");
}

Outcome activity_delete(Call& call) {
  Outcome problem;
  const Activity* activity = find_activity(call, "id", problem);
  if (activity == nullptr) return problem;
  call.world.delete_activity(activity->id);
  return ok("true");
}

Outcome binding_list(Call& call) {
  Outcome problem;
  const Activity* activity = find_activity(call, "activityId", problem);
  if (activity == nullptr) return fail(400, "NOT_FOUND", "Element not found");
  std::string out = "[";
  for (const Binding& binding : bindings(*activity)) {
    comma(out);
    out += fmt::format(R"({{"entityTypeId":{},"entityId":{}}})", binding.type, binding.id);
  }
  return ok(out + ']');
}

bool is_card(const World& world, Id type, Id id) {
  bool is = false;
  for_each_kind([&](auto kind) {
    using Row = typename decltype(kind)::Row;
    if (kind.type == type) is = world.card<Row>(id) != nullptr;
  });
  return is;
}

std::string_view word_of(Id type) {
  std::string_view word;
  for_each_kind([&](auto kind) {
    if (kind.type == type) word = kind.word;
  });
  return word;
}

Outcome todo_add(Call& call) {
  World& world = call.world;
  const Id type = to_int(param(call.params, "ownerTypeId"));
  const Id owner = to_int(param(call.params, "ownerId"));
  const Json& deadline = param(call.params, "deadline");
  if (word_of(type).empty()) return fail(400, "NOT_FOUND", "Not found.");
  if (deadline.is_null()) {
    return fail(400, "100", "Could not find value for parameter {deadline}");
  }
  const auto until = to_time(to_text(deadline), world.options.offset);
  if (!until) return fail(400, "WRONG_DATETIME_FORMAT", "Wrong datetime format");
  if (!is_card(world, type, owner)) return fail(400, "NOT_FOUND", "Not found.");
  if (!sees_card(call, type, owner)) return fail(400, "ACCESS_DENIED", "Access denied");
  Activity activity;
  activity.subject = to_text(param(call.params, "title"));
  activity.description = to_text(param(call.params, "description"));
  activity.manager = short_id(to_int(param(call.params, "responsibleId")));
  activity.owner_type = short_id(type);
  activity.owner = short_id(owner);
  activity.start = activity.end = activity.deadline = *until;
  const Activity& added = world.add_activity(std::move(activity), world.owner);
  world.messages.push_back({added.id, "todo", fmt::format("{}:{}", word_of(type), owner),
                            added.subject, from_unix(world.now()), 0});
  return ok(fmt::format(R"({{"id":{}}})", added.id));
}

constexpr Method kActivityMethods[] = {
    {"crm.activity.list", "crm", Cost::page, activity_list},
    {"crm.activity.get", "crm", Cost::call, activity_get},
    {"crm.activity.update", "crm", Cost::call, activity_update},
    {"crm.activity.delete", "crm", Cost::call, activity_delete},
    {"crm.activity.binding.list", "crm", Cost::call, binding_list},
    {"crm.activity.todo.add", "crm", Cost::call, todo_add},
};

}  // namespace

std::span<const Method> activity_methods() { return kActivityMethods; }

}  // namespace b24::sim
