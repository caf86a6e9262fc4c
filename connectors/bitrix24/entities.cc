#include "connectors/bitrix24/entities.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace b24 {
namespace {

using enum FieldType;

constexpr Field kUserFields[] = {
    {"ACTIVE", "ACTIVE", "active", flag},
    {"NAME", "NAME", "first_name", text},
    {"LAST_NAME", "LAST_NAME", "last_name", text},
    {"SECOND_NAME", "SECOND_NAME", "second_name", text},
    {"WORK_POSITION", "WORK_POSITION", "position", text},
    {"UF_DEPARTMENT", "UF_DEPARTMENT", "departments", id_list},
    {"TIME_ZONE", "TIME_ZONE", "time_zone", text},
    {"USER_TYPE", "USER_TYPE", "user_type", text},
    {"DATE_REGISTER", "DATE_REGISTER", "registered_at", time},
    {"UF_EMPLOYMENT_DATE", "UF_EMPLOYMENT_DATE", "hired_on", date},
    {"UF_PHONE_INNER", "UF_PHONE_INNER", "inner_phone", phone},
    {"WORK_PHONE", "WORK_PHONE", "work_phone", phone},
    {"PERSONAL_MOBILE", "PERSONAL_MOBILE", "mobile_phone", phone},
    {"PERSONAL_PHONE", "PERSONAL_PHONE", "personal_phone", phone},
};
// Of the contacts only the numbers count: a call to a colleague is no call to a client. The rest
// changes with every click of the user.
constexpr std::string_view kUserDropped[] = {
    "EMAIL",     "PERSONAL_*",  "WORK_*", "UF_*",  "LAST_LOGIN",       "LAST_ACTIVITY_DATE",
    "IS_ONLINE", "TIMESTAMP_X", "XML_ID", "TITLE", "TIME_ZONE_OFFSET", "IS_ADMIN",
};

constexpr Field kDepartmentFields[] = {
    {"NAME", "NAME", "name", text, true},
    {"SORT", "SORT", "sort", integer},
    {"PARENT", "PARENT", "parent_id", integer},
    {"UF_HEAD", "UF_HEAD", "head_id", integer},
};

constexpr Field kPipelineFields[] = {
    {"name", "name", "name", text},
    {"sort", "sort", "sort", integer},
    {"isDefault", "isDefault", "is_default", flag},
};
constexpr std::string_view kPipelineDropped[] = {"entityTypeId", "originId", "originatorId"};

constexpr Field kStageFields[] = {
    {"ENTITY_ID", "ENTITY_ID", "entity_id", text, true},
    {"STATUS_ID", "STATUS_ID", "status_id", text, true},
    {"NAME", "NAME", "name", text},
    {"SORT", "SORT", "sort", integer},
    {"SEMANTICS", "SEMANTICS", "semantics", text},
};
constexpr std::string_view kStageDropped[] = {"NAME_INIT", "SYSTEM", "COLOR", "EXTRA",
                                              "CATEGORY_ID"};

constexpr Field kDealFields[] = {
    {"title", "title", "title", text},
    {"categoryId", "categoryId", "pipeline_id", integer},
    {"stageId", "stageId", "stage_id", text},
    {"stageSemanticId", "stageSemanticId", "semantic", text},
    {"closed", "closed", "closed", flag},
    {"opportunity", "opportunity", "amount", real},
    {"currencyId", "currencyId", "currency", text},
    {"assignedById", "assignedById", "manager_id", integer},
    {"createdBy", "createdBy", "created_by", integer},
    {"updatedBy", "updatedBy", "updated_by", integer},
    {"movedBy", "movedBy", "moved_by", integer},
    {"createdTime", "createdTime", "created_at", time},
    {"updatedTime", "updatedTime", "updated_at", time},
    {"movedTime", "movedTime", "moved_at", time},
    {"lastActivityTime", "lastActivityTime", "last_activity_at", time},
    {"lastActivityBy", "lastActivityBy", "last_activity_by", integer},
    {"begindate", "begindate", "begin_date", date},
    {"closedate", "closedate", "close_date", date},
    {"companyId", "companyId", "company_id", integer},
    {"contactId", "contactId", "contact_id", integer},
    {"leadId", "leadId", "lead_id", integer},
    {"sourceId", "sourceId", "source_id", text},
    {"typeId", "typeId", "type_id", text},
    {"isRecurring", "isRecurring", "recurring", flag},
};
constexpr std::string_view kDealDropped[] = {"fm", "utm*", "observers", "contactIds"};
// The docs do not say whether a move or an activity touches updatedTime.
constexpr std::string_view kDealAlsoChanged[] = {"movedTime", "lastActivityTime"};

constexpr Field kTaskFields[] = {
    {"title", "TITLE", "title", text},
    {"status", "STATUS", "status", integer},
    {"responsibleId", "RESPONSIBLE_ID", "manager_id", integer},
    {"createdBy", "CREATED_BY", "creator_id", integer},
    {"closedBy", "CLOSED_BY", "closed_by", integer},
    {"deadline", "DEADLINE", "deadline_at", time},
    {"createdDate", "CREATED_DATE", "created_at", time},
    {"changedDate", "CHANGED_DATE", "changed_at", time},
    {"closedDate", "CLOSED_DATE", "closed_at", time},
    {"statusChangedDate", "STATUS_CHANGED_DATE", "status_changed_at", time},
    {"activityDate", "ACTIVITY_DATE", "activity_at", time},
    {"priority", "PRIORITY", "priority", integer},
    {"groupId", "GROUP_ID", "group_id", integer},
    {"parentId", "PARENT_ID", "parent_id", integer},
    {"taskControl", "TASK_CONTROL", "control", flag},
};
// People in full, rendered texts, and what is relative to whoever asks.
constexpr std::string_view kTaskDropped[] = {
    "group",        "responsible",       "creator",
    "accomplices",  "accomplicesData",   "auditors",
    "auditorsData", "counter",           "subStatus",
    "description*", "parsedDescription", "tags",
    "favorite",     "lengthDeadline",    "viewedDate",
    "timeElapsed",  "timerIsRunning*",   "newCommentsCount",
    "action",       "checklist",
};

constexpr Field kCallFields[] = {
    {"CALL_ID", "CALL_ID", "call_id", text},
    {"CALL_TYPE", "CALL_TYPE", "type", integer},
    {"CALL_FAILED_CODE", "CALL_FAILED_CODE", "code", text},
    {"CALL_DURATION", "CALL_DURATION", "duration_seconds", integer},
    {"CALL_START_DATE", "CALL_START_DATE", "started_at", time},
    {"PORTAL_USER_ID", "PORTAL_USER_ID", "manager_id", integer},
    {"PORTAL_NUMBER", "PORTAL_NUMBER", "line", text},
    {"PHONE_NUMBER", "PHONE_NUMBER", "phone", text},
    {"CRM_ENTITY_TYPE", "CRM_ENTITY_TYPE", "crm_entity_type", text},
    {"CRM_ENTITY_ID", "CRM_ENTITY_ID", "crm_entity_id", integer},
    {"CRM_ACTIVITY_ID", "CRM_ACTIVITY_ID", "activity_id", integer},
};
constexpr std::string_view kCallDropped[] = {
    "CALL_LOG",   "CALL_RECORD_URL",    "RECORD_*", "TRANSCRIPT_*", "COST*",         "SESSION_ID",
    "REST_APP_*", "CALL_FAILED_REASON", "COMMENT",  "CALL_VOTE",    "CALL_CATEGORY",
};

constexpr seconds kOverlap = minutes{5};

constexpr EntitySpec kSpecs[] = {
    {.entity = Entity::user,
     .method = "user.get",
     .id_select = "ID",
     .id_answer = "ID",
     .paging = Paging::keyset,
     .every = hours{1},
     .fields = kUserFields,
     .dropped = kUserDropped},
    {.entity = Entity::department,
     .method = "department.get",
     .id_select = "ID",
     .id_answer = "ID",
     .paging = Paging::offset,
     .every = hours{1},
     .fields = kDepartmentFields},
    {.entity = Entity::pipeline,
     .method = "crm.category.list",
     .list_path = "categories",
     .id_select = "id",
     .id_answer = "id",
     .paging = Paging::whole,
     .every = hours{1},
     .fields = kPipelineFields,
     .dropped = kPipelineDropped},
    {.entity = Entity::stage,
     .method = "crm.status.list",
     .id_select = "ID",
     .id_answer = "ID",
     .paging = Paging::whole,
     .every = hours{1},
     .fields = kStageFields,
     .dropped = kStageDropped},
    {.entity = Entity::deal,
     .method = "crm.item.list",
     .list_path = "items",
     .id_select = "id",
     .id_answer = "id",
     .paging = Paging::keyset,
     .changed_filter = "updatedTime",
     .also_changed = kDealAlsoChanged,
     .overlap = kOverlap,
     .fields = kDealFields,
     .dropped = kDealDropped},
    // The docs do not say whether closing a task moves CHANGED_DATE, and the filter knows no OR.
    // ACTIVITY_DATE cannot be filtered by at all: it is as of the last change.
    {.entity = Entity::task,
     .method = "tasks.task.list",
     .list_path = "tasks",
     .id_select = "ID",
     .id_answer = "id",
     .paging = Paging::keyset,
     .changed_filter = "CHANGED_DATE",
     .also_filter = "CLOSED_DATE",
     .overlap = kOverlap,
     .fields = kTaskFields,
     .dropped = kTaskDropped},
    // Old calls may be registered late, so new ones are found by id; the activity, the contact and
    // the rest may be filled in later without a date of change.
    {.entity = Entity::call,
     .method = "voximplant.statistic.get",
     .id_select = "ID",
     .id_answer = "ID",
     .paging = Paging::keyset,
     .recent_filter = "CALL_START_DATE",
     .recent = hours{48},
     .every = hours{1},
     .fields = kCallFields,
     .dropped = kCallDropped},
};

// Ids as numbers, references as they are.
Params id_value(const std::string& after) {
  const bool digits =
      !after.empty() && after.size() < 19 && after.find_first_not_of("0123456789") == after.npos;
  return digits ? Params(std::stoll(after)) : Params(after);
}

Params selection(const EntitySpec& spec, const PageQuery& query) {
  Params select = Params::array({std::string(spec.id_select)});
  if (query.ids_only) return select;
  for (const Field& field : spec.fields) select.push_back(std::string(field.select));
  return select;
}

// `in` is the operator that takes a list of ids: "@", or none.
Params filter(const EntitySpec& spec, const PageQuery& query, std::string_view in) {
  Params result = Params::object();
  const std::string id{spec.id_select};
  if (!query.ids.empty()) {
    result[std::string(in) + id] = query.ids;
    return result;
  }
  result[">" + id] = id_value(query.after);
  const auto at_least = [&](std::string_view field, Time since) {
    return Params{{">=" + std::string(field), format_offset(since, query.portal_offset)}};
  };
  if (query.since && !spec.changed_filter.empty()) {
    if (spec.also_changed.empty()) {
      result.update(at_least(spec.changed_filter, *query.since));
    } else {
      Params any = {{"logic", "OR"}, {"0", at_least(spec.changed_filter, *query.since)}};
      for (std::size_t i = 0; i < spec.also_changed.size(); ++i) {
        any[std::to_string(i + 1)] = at_least(spec.also_changed[i], *query.since);
      }
      result["0"] = std::move(any);
    }
  }
  if (query.also_since && !spec.also_filter.empty()) {
    result.update(at_least(spec.also_filter, *query.also_since));
  }
  if (query.recent_since && !spec.recent_filter.empty()) {
    result.update(at_least(spec.recent_filter, *query.recent_since));
  }
  return result;
}

}  // namespace

std::span<const EntitySpec> specs() { return kSpecs; }

const EntitySpec& spec(Entity entity) {
  return *std::find_if(std::begin(kSpecs), std::end(kSpecs),
                       [&](const EntitySpec& s) { return s.entity == entity; });
}

Params page_params(const EntitySpec& spec, const PageQuery& query) {
  const std::string id{spec.id_select};
  Params params = Params::object();
  switch (spec.entity) {
    case Entity::deal:
      params["entityTypeId"] = 2;
      params["select"] = selection(spec, query);
      params["filter"] = filter(spec, query, "@");
      params["order"] = {{id, "ASC"}};
      params["start"] = query.start;
      params["useOriginalUfNames"] = "Y";
      break;
    case Entity::task:
      params["order"] = {{id, "asc"}};
      params["filter"] = filter(spec, query, "");
      params["select"] = selection(spec, query);
      params["start"] = query.start;
      break;
    case Entity::call:
      params["FILTER"] = filter(spec, query, "");
      params["SORT"] = id;
      params["ORDER"] = "ASC";
      params["start"] = query.start;
      break;
    case Entity::user:
      params["FILTER"] = filter(spec, query, "@");
      params["sort"] = id;
      params["order"] = "ASC";
      params["select"] = selection(spec, query);
      params["start"] = query.start;
      break;
    case Entity::department:
      if (!query.ids.empty()) params[id] = query.ids;
      params["sort"] = id;
      params["order"] = "ASC";
      if (query.start >= 0) params["START"] = query.start;
      break;
    case Entity::pipeline:
      params["entityTypeId"] = 2;
      if (query.start > 0) params["start"] = query.start;
      break;
    case Entity::stage:
      params["order"] = {{id, "ASC"}};
      if (!query.ids.empty()) params["filter"] = {{"@" + id, query.ids}};
      if (query.start > 0) params["start"] = query.start;
      break;
    case Entity::lead:
    case Entity::quote:
    case Entity::invoice:
    case Entity::contact:
    case Entity::company:
    case Entity::activity:
    case Entity::deal_move:
    case Entity::lead_move:
    case Entity::invoice_move:
      break;
  }
  return params;
}

}  // namespace b24
