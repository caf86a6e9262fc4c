#include <fmt/format.h>

#include "tests/portal/tables.h"

// Portal docs: tasks-task-list.md, tasks-task-add.md, tasks/fields.md.

namespace b24::sim {
namespace {

using TaskField = Field<Task>;

Cell null_of(const Task&, Scratch&) { return null_cell(); }
Cell empty_list(const Task&, Scratch&) { return json_cell("[]"); }
Cell no(const Task&, Scratch&) { return flag_cell(false); }
Cell zero(const Task&, Scratch&) { return digits_cell(0); }
Cell person(std::int32_t id) { return id == 0 ? null_cell() : digits_cell(id); }

Cell guid(const Task& task, Scratch& scratch) {
  scratch.text =
      fmt::format("{{{:08x}-0000-4000-8000-{:012x}}}", task.id * 2654435761 & 0xffffffff, task.id);
  return text_cell(scratch.text);
}

// The status as the caller sees it: -1 overdue, otherwise the status.
Cell sub_status(const Task& task, Scratch& scratch) {
  const bool waits = task.status == 2 || task.status == 3;
  const bool late = waits && task.deadline != 0 && task.deadline < scratch.world.now();
  return digits_cell(late ? -1 : task.status);
}

Cell crm_links(const Task& task, Scratch& scratch) {
  if (task.deal == 0) return json_cell("[]");
  scratch.text = fmt::format("[\"D_{}\"]", task.deal);
  return json_cell(scratch.text);
}

constexpr TaskField kTaskFields[] = {
    {"ID", "id", [](const Task& t, Scratch&) { return digits_cell(t.id); }},
    {"PARENT_ID", "parentId", [](const Task& t, Scratch&) { return person(t.parent); }},
    {"TITLE", "title", [](const Task& t, Scratch&) { return text_cell(t.title); }},
    {"DESCRIPTION", "description", [](const Task& t, Scratch&) { return text_cell(t.description); },
     TaskField::In::select_only},
    {"MARK", "mark", null_of},
    {"PRIORITY", "priority", [](const Task& t, Scratch&) { return digits_cell(t.priority); }},
    {"MULTITASK", "multitask", no, TaskField::In::select_only},
    {"NOT_VIEWED", "notViewed", no, TaskField::In::select_only},
    {"REPLICATE", "replicate", no, TaskField::In::select_only},
    {"STAGE_ID", "stageId", zero},
    {"CREATED_BY", "createdBy", [](const Task& t, Scratch&) { return digits_cell(t.creator); }},
    {"CREATED_DATE", "createdDate", [](const Task& t, Scratch&) { return time_cell(t.created); }},
    {"RESPONSIBLE_ID", "responsibleId",
     [](const Task& t, Scratch&) { return digits_cell(t.manager); }},
    {"CHANGED_BY", "changedBy", [](const Task& t, Scratch&) { return digits_cell(t.changed_by); },
     TaskField::In::select_only},
    {"CHANGED_DATE", "changedDate", [](const Task& t, Scratch&) { return time_cell(t.changed); }},
    {"STATUS_CHANGED_BY", "statusChangedBy",
     [](const Task& t, Scratch&) { return person(t.status_changed_by); }},
    {"CLOSED_BY", "closedBy",
     [](const Task& t, Scratch&) {
       // Open for the first time it is null, once it has been touched it is "0": both are seen.
       return t.closed_by == 0 && t.changed == t.created ? null_cell() : digits_cell(t.closed_by);
     }},
    {"CLOSED_DATE", "closedDate", [](const Task& t, Scratch&) { return time_cell(t.closed); }},
    {"ACTIVITY_DATE", "activityDate",
     [](const Task& t, Scratch&) { return time_cell(t.activity); }},
    {"DATE_START", "dateStart", null_of},
    {"DEADLINE", "deadline", [](const Task& t, Scratch&) { return time_cell(t.deadline); }},
    {"START_DATE_PLAN", "startDatePlan", null_of},
    {"END_DATE_PLAN", "endDatePlan", null_of},
    {"GUID", "guid", guid, TaskField::In::select_only},
    {"XML_ID", "xmlId", null_of, TaskField::In::select_only},
    {"COMMENTS_COUNT", "commentsCount", null_of, TaskField::In::select_only},
    {"SERVICE_COMMENTS_COUNT", "serviceCommentsCount", null_of, TaskField::In::select_only},
    {"ALLOW_CHANGE_DEADLINE", "allowChangeDeadline", no, TaskField::In::select_only},
    {"ALLOW_TIME_TRACKING", "allowTimeTracking", no, TaskField::In::select_only},
    {"TASK_CONTROL", "taskControl", [](const Task& t, Scratch&) { return flag_cell(t.control); },
     TaskField::In::select_only},
    {"ADD_IN_REPORT", "addInReport", no},
    {"FORKED_BY_TEMPLATE_ID", "forkedByTemplateId", null_of, TaskField::In::select_only},
    {"TIME_ESTIMATE", "timeEstimate", zero, TaskField::In::select_only},
    {"TIME_SPENT_IN_LOGS", "timeSpentInLogs", null_of, TaskField::In::select_only},
    {"MATCH_WORK_TIME", "matchWorkTime", no, TaskField::In::select_only},
    {"FORUM_TOPIC_ID", "forumTopicId", null_of},
    {"FORUM_ID", "forumId", null_of, TaskField::In::select_only},
    {"SITE_ID", "siteId", [](const Task&, Scratch&) { return text_cell("s1"); }},
    {"SUBORDINATE", "subordinate", [](const Task&, Scratch&) { return flag_cell(true); },
     TaskField::In::select_only},
    {"EXCHANGE_MODIFIED", "exchangeModified", null_of, TaskField::In::select_only},
    {"EXCHANGE_ID", "exchangeId", null_of, TaskField::In::select_only},
    {"OUTLOOK_VERSION", "outlookVersion", [](const Task&, Scratch&) { return digits_cell(1); },
     TaskField::In::select_only},
    {"VIEWED_DATE", "viewedDate", null_of, TaskField::In::select_only},
    {"SORTING", "sorting", null_of, TaskField::In::select_only},
    {"DURATION_FACT", "durationFact", null_of, TaskField::In::select_only},
    {"IS_MUTED", "isMuted", no, TaskField::In::select_only},
    {"IS_PINNED", "isPinned", no, TaskField::In::select_only},
    {"IS_PINNED_IN_GROUP", "isPinnedInGroup", no, TaskField::In::select_only},
    {"FLOW_ID", "flowId", null_of, TaskField::In::select_only},
    {"DESCRIPTION_IN_BBCODE", "descriptionInBbcode",
     [](const Task&, Scratch&) { return flag_cell(true); }, TaskField::In::select_only},
    {"REAL_STATUS", "status", [](const Task& t, Scratch&) { return digits_cell(t.status); }},
    {"STATUS", "subStatus", sub_status},
    {"STATUS_CHANGED_DATE", "statusChangedDate",
     [](const Task& t, Scratch&) { return time_cell(t.status_changed); },
     TaskField::In::select_only},
    {"DURATION_PLAN", "durationPlan", null_of, TaskField::In::select_only},
    {"DURATION_TYPE", "durationType", [](const Task&, Scratch&) { return text_cell("days"); },
     TaskField::In::select_only},
    {"FAVORITE", "favorite", no, TaskField::In::select_only},
    {"GROUP_ID", "groupId", [](const Task& t, Scratch&) { return digits_cell(t.group); }},
    {"AUDITORS", "auditors", empty_list, TaskField::In::select_only},
    {"ACCOMPLICES", "accomplices", empty_list, TaskField::In::select_only},
    {"UF_CRM_TASK", "ufCrmTask", crm_links},
};

}  // namespace

std::span<const Field<Task>> task_fields() { return kTaskFields; }

}  // namespace b24::sim
