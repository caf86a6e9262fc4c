#include <fmt/format.h>
#include <array>
#include <nlohmann/json.hpp>

#include "tests/portal/list.h"
#include "tests/portal/tables.h"

// tasks.task.* of the classic interface: names in capitals go in, camel case comes out, ids are
// texts (portal docs: tasks-task-list.md, tasks-task-get.md, -add.md, -update.md, -delete.md,
// tasks-task-history-list.md).

namespace b24::sim {
namespace {

bool mine(const Call& call, const Task& task) {
  if (call.world.hides(Entity::task, task.id)) return false;
  return call.as_admin || task.manager == call.world.owner || task.creator == call.world.owner;
}

bool selects(const Selected<Task>& select, std::string_view answer) {
  return std::any_of(select.fields.begin(), select.fields.end(),
                     [&](const Field<Task>* f) { return f->answer == answer; });
}

void write_person(std::string& out, const World& world, std::string_view name, Id id) {
  const User* user = world.user(id);
  key(out, name);
  out += '{';
  key(out, "id");
  out += '"' + std::to_string(id) + '"';
  key(out, "name");
  quoted(out, user == nullptr ? std::string{} : user->first_name + " " + user->last_name);
  key(out, "link");
  quoted(out, fmt::format("/company/personal/user/{}/", id));
  key(out, "icon");
  quoted(out, "/bitrix/images/tasks/default_avatar.png");
  key(out, "workPosition");
  quoted(out, user == nullptr ? std::string_view{} : user->position);
  out += '}';
}

// What comes along with certain fields without being asked for.
void write_company(std::string& out, const World& world, const Task& task,
                   const Selected<Task>& select) {
  key(out, "group");
  out += "[]";
  if (selects(select, "createdBy")) write_person(out, world, "creator", task.creator);
  if (selects(select, "responsibleId")) write_person(out, world, "responsible", task.manager);
  for (const auto& [field, name] :
       {std::pair{"accomplices", "accomplicesData"}, std::pair{"auditors", "auditorsData"}}) {
    if (!selects(select, field)) continue;
    key(out, name);
    out += "[]";
  }
}

bool names(const Json& select, std::string_view name) {
  return select.is_array() && std::any_of(select.begin(), select.end(),
                                          [&](const Json& item) { return to_text(item) == name; });
}

void write_asked_for(std::string& out, const Json& params, const Task& task) {
  const Json& select = param(params, "select");
  if (names(select, "DEADLINE")) out += R"(,"lengthDeadline":"1")";
  if (names(select, "TAGS")) out += R"(,"tags":[])";
  if (names(select, "COUNTERS")) {
    out += R"(,"counter":{"counters":{"expired":0,"newComments":0,"projectExpired":0,)"
           R"("projectNewComments":0,"mutedExpired":0,"mutedNewComments":0},"color":"gray",)"
           R"("value":0})";
  }
  const Json& more = param(params, "params");
  if (to_flag(param(more, "WITH_RESULT_INFO"))) {
    out += R"(,"taskRequireResult":"N","taskHasOpenResult":"N","taskHasResult":"N")";
  }
  if (to_flag(param(more, "WITH_TIMER_INFO"))) {
    out += R"(,"timeElapsed":null,"timerIsRunningForCurrentUser":"N")";
  }
  if (to_flag(param(more, "WITH_PARSED_DESCRIPTION"))) {
    key(out, "parsedDescription");
    quoted(out, task.description);
  }
}

// STATUS in select brings both `status` and `subStatus`; DEADLINE and DESCRIPTION bring a helper.
Selected<Task> read_task_select(const Json& select) {
  Json wanted = select.is_array() ? select : Json::array();
  if (wanted.empty()) return read_select(wanted, task_fields());
  if (names(wanted, "STATUS") || names(wanted, "REAL_STATUS")) {
    wanted.push_back("STATUS");
    wanted.push_back("REAL_STATUS");
  }
  wanted.push_back("DESCRIPTION_IN_BBCODE");
  Selected<Task> selected = read_select(wanted, task_fields());
  // Fields of the portal's own come only when one of them is named (portal docs: tasks/fields.md).
  if (names(wanted, "*") && !names(wanted, "UF_CRM_TASK") && !names(wanted, "UF_*")) {
    std::erase_if(selected.fields, [](const auto* f) { return f->name == "UF_CRM_TASK"; });
  }
  return selected;
}

// The docs demand the parameters in this order; the simulator holds clients to it.
bool in_documented_order(const Json& params) {
  constexpr std::array<std::string_view, 5> kOrder = {"order", "filter", "select", "params",
                                                      "start"};
  std::size_t at = 0;
  for (const auto& [name, value] : params.items()) {
    const auto place = std::find(kOrder.begin(), kOrder.end(), name);
    if (place == kOrder.end()) continue;
    const auto index = static_cast<std::size_t>(place - kOrder.begin());
    if (index < at) return false;
    at = index;
  }
  return true;
}

Outcome bad_task_call(const std::string& text) { return fail(400, "0", text); }

Outcome task_list(Call& call) {
  if (!in_documented_order(call.params)) {
    return fail(400, "100",
                "Invalid value to match with parameter {order}. Should be value of type array. "
                "(internal error)");
  }
  std::string unknown;
  ListQuery<Task> query;
  query.order = read_order(param(call.params, "order"), task_fields(), unknown);
  if (!unknown.empty()) return bad_task_call("Invalid sorting key (internal error)");
  query.filter = read_filter(param(call.params, "filter"), task_fields(), kTaskOperators,
                             call.world.options.offset, unknown);
  if (!unknown.empty() && unknown != "::SUBFILTER-PARAMS") {
    return bad_task_call("Invalid filter key " + unknown + " (internal error)");
  }
  const Field<Task>& id = task_fields().front();
  if (query.order.empty()) query.order.push_back({id.get, true, true});
  query.select = read_task_select(param(call.params, "select"));
  query.start = read_start(call.params);
  if (call.faults.ignore_id_filter) drop_id_conditions(query.filter);
  const auto found = find_rows<Task>(call.world, call.world.data.tasks, query,
                                     [&](const Task& t) { return mine(call, t); });
  Outcome outcome;
  outcome.result = R"({"tasks":)";
  write_rows(outcome.result, call.world, found, query.select, call.faults,
             [&](std::string& out, const Task& task) {
               write_company(out, call.world, task, query.select);
               write_asked_for(out, call.params, task);
             });
  outcome.result += '}';
  set_paging(outcome, query, found);
  return outcome;
}

constexpr std::string_view kActions =
    R"("action":{"accept":false,"decline":false,"complete":true,"approve":false,)"
    R"("disapprove":false,"start":true,"pause":false,"delegate":true,"remove":true,"edit":true,)"
    R"("defer":true,"renew":false,"create":true,"changeDeadline":true,"checklistAddItems":true,)"
    R"("addFavorite":true,"deleteFavorite":false,"rate":true,"take":false,)"
    R"("edit.originator":false,"checklist.reorder":true,"elapsedtime.add":true,)"
    R"("dayplan.timer.toggle":false,"edit.plan":true,"checklist.add":true,"favorite.add":true,)"
    R"("favorite.delete":false})";

constexpr std::string_view kChecklist =
    R"("checkListTree":{"nodeId":0,"fields":{"id":null,"copiedId":null,"entityId":null,)"
    R"("userId":1,"createdBy":null,"parentId":null,"title":"","sortIndex":null,)"
    R"("displaySortIndex":"","isComplete":false,"isImportant":false,"completedCount":0,)"
    R"("members":[],"attachments":[]},"action":[],"descendants":[]},"checkListCanAdd":true)";

Outcome one_task(const World& world, const Task& task, const Json& select, bool whole) {
  Selected<Task> selected = read_task_select(select);
  if (select.is_array() && !select.empty()) {
    for (const auto& field : task_fields()) {
      if (field.name == "FAVORITE") selected.fields.push_back(&field);
    }
  } else {
    std::erase_if(selected.fields,
                  [](const auto* f) { return f->name == "UF_CRM_TASK" || f->name == "STATUS"; });
  }
  Scratch scratch{world, {}};
  std::string out = R"({"task":{)";
  write_fields(out, task, selected, scratch, nullptr);
  if (whole) out += R"(,"checklist":[],"newCommentsCount":0)";
  write_company(out, world, task, selected);
  if (names(select, "UF_TASK_WEBDAV_FILES")) out += R"(,"ufTaskWebdavFiles":[])";
  if (names(select, "UF_CRM_TASK")) out += R"(,"ufMailMessage":null)";
  out += ',';
  out += kActions;
  if (whole) {
    out += ',';
    out += kChecklist;
  }
  return ok(out + "}}");
}

Task* readable_task(Call& call) {
  Task* task = find_row(call.world.data.tasks, to_int(param(call.params, "taskId")));
  return task != nullptr && mine(call, *task) ? task : nullptr;
}

Outcome no_task() { return fail(400, "0", "Task not found or not accessible"); }

Outcome task_get(Call& call) {
  const Json& select = param(call.params, "select");
  if (!select.is_null() && !select.is_array()) {
    return fail(400, "100",
                "Invalid value {} to match with parameter {select}. Should be value of type "
                "array. (internal error)");
  }
  const Task* task = readable_task(call);
  return task == nullptr ? no_task() : one_task(call.world, *task, select, false);
}

// Writes the given fields; says which status the task shall have afterwards.
int apply_task(const World& world, Task& task, const Json& fields) {
  int status = task.status;
  for (const auto& [name, value] : fields.items()) {
    const auto number = static_cast<std::int32_t>(to_int(value));
    const auto time = to_time(to_text(value), world.options.offset).value_or(0);
    if (name == "TITLE") task.title = to_text(value);
    if (name == "DESCRIPTION") task.description = to_text(value);
    if (name == "RESPONSIBLE_ID") task.manager = number;
    if (name == "CREATED_BY") task.creator = number;
    if (name == "DEADLINE") task.deadline = time;
    if (name == "PRIORITY") task.priority = static_cast<std::int8_t>(number);
    if (name == "GROUP_ID") task.group = number;
    if (name == "PARENT_ID") task.parent = number;
    if (name == "TASK_CONTROL") task.control = to_flag(value);
    if (name == "STATUS") status = number;
    if (name == "UF_CRM_TASK") {
      for (const auto& link : value) {
        const std::string text = to_text(link);
        if (text.starts_with("D_")) task.deal = static_cast<std::int32_t>(php_int(text.substr(2)));
      }
    }
  }
  return status;
}

Outcome task_add(Call& call) {
  const Json& fields = param(call.params, "fields");
  if (to_text(param(fields, "TITLE")).empty()) {
    return fail(400, "ERROR_CORE", "Task title is not specified<br>");
  }
  if (to_int(param(fields, "RESPONSIBLE_ID")) == 0) {
    return fail(400, "ERROR_CORE", "Task assignee is not specified<br>");
  }
  Task task;
  const int status = apply_task(call.world, task, fields);
  Task& added = call.world.add_task(std::move(task), call.world.owner);
  if (status != added.status) call.world.set_task_status(added, status, call.world.owner);
  return one_task(call.world, added, Json(), true);
}

Outcome task_update(Call& call) {
  Task* task = readable_task(call);
  if (task == nullptr) return no_task();
  const Json& fields = param(call.params, "fields");
  const int status = fields.is_object() ? apply_task(call.world, *task, fields) : task->status;
  if (status != task->status) {
    call.world.set_task_status(*task, status, call.world.owner);
  } else {
    call.world.touch_task(*task, call.world.owner);
  }
  return one_task(call.world, *task, Json(), true);
}

Outcome task_delete(Call& call) {
  const Task* task = readable_task(call);
  if (task == nullptr) return no_task();
  call.world.delete_task(task->id);
  return ok(R"({"task":true})");
}

void write_event(std::string& out, const World& world, const Task& task, int index, Unix at, Id by,
                 std::string_view field, const std::string& to) {
  const User* user = world.user(by);
  comma(out);
  out += fmt::format(R"({{"id":{},"createdDate":)", task.id * 2 + index);
  time_text(out, at, world.options.offset);
  out += fmt::format(R"(,"field":"{}","value":{{"from":null,"to":{}}},"user":{{"id":{},"name":)",
                     field, to, by);
  quoted(out, user == nullptr ? std::string_view{} : user->first_name);
  key(out, "lastName");
  quoted(out, user == nullptr ? std::string_view{} : user->last_name);
  out += R"(,"secondName":"","login":"user@example.com"}})";
}

// The making of a task and its latest status; the newest first. Of a task that is not there nothing
// has happened.
Outcome task_history(Call& call) {
  const Json& given = param(call.params, "taskId");
  if (given.is_null()) {
    return fail(400, "100",
                "CTaskItem All parameters in the constructor must have real class type "
                "(internal error)");
  }
  const Id id = to_int(given);
  if (id <= 0) return fail(400, "0", "wrong task id (internal error)");
  const Task* task = find_row(call.world.data.tasks, id);
  if (task == nullptr) return ok(R"({"list":[]})");
  if (!mine(call, *task)) return fail(400, "0", "Access denied. (internal error)");
  std::string out = R"({"list":[)";
  if (task->status_changed > task->created) {
    write_event(out, call.world, *task, 1, task->status_changed, task->status_changed_by,
                "REAL_STATUS", fmt::format(R"("{}")", task->status));
  }
  write_event(out, call.world, *task, 0, task->created, task->creator, "NEW", "null");
  return ok(out + "]}");
}

constexpr Method kTaskMethods[] = {
    {"tasks.task.list", "task", Cost::page, task_list},
    {"tasks.task.get", "task", Cost::call, task_get},
    {"tasks.task.add", "task", Cost::call, task_add},
    {"tasks.task.update", "task", Cost::call, task_update},
    {"tasks.task.delete", "task", Cost::call, task_delete},
    {"tasks.task.history.list", "task", Cost::call, task_history},
};

}  // namespace

std::span<const Method> task_methods() { return kTaskMethods; }

}  // namespace b24::sim
