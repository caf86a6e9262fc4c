#include "connectors/bitrix24/entities.h"

#include <algorithm>

namespace b24 {
namespace {

using enum FieldType;

// The portal's numbers of its kinds of objects.
constexpr int kLeadType = 1;
constexpr int kDealType = 2;
constexpr int kContactType = 3;
constexpr int kCompanyType = 4;
constexpr int kQuoteType = 7;
constexpr int kInvoiceType = 31;

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
    {"opportunity", "opportunity", "amount_minor", money},
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

constexpr Field kLeadFields[] = {
    {"title", "title", "title", text},
    {"stageId", "stageId", "stage_id", text},
    {"stageSemanticId", "stageSemanticId", "semantic", text},
    {"opportunity", "opportunity", "amount_minor", money},
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
    {"companyId", "companyId", "company_id", integer},
    {"contactId", "contactId", "contact_id", integer},
    {"sourceId", "sourceId", "source_id", text},
    {"isReturnCustomer", "isReturnCustomer", "repeated", flag},
    {"hasPhone", "hasPhone", "has_phone", flag},
    {"hasEmail", "hasEmail", "has_email", flag},
    {"hasImol", "hasImol", "has_chat", flag},
};

// Quotes have neither a semantic nor a time of their latest move.
constexpr Field kQuoteFields[] = {
    {"quoteNumber", "quoteNumber", "number", text},
    {"title", "title", "title", text},
    {"stageId", "stageId", "stage_id", text},
    {"closed", "closed", "closed", flag},
    {"opportunity", "opportunity", "amount_minor", money},
    {"currencyId", "currencyId", "currency", text},
    {"assignedById", "assignedById", "manager_id", integer},
    {"createdBy", "createdBy", "created_by", integer},
    {"updatedBy", "updatedBy", "updated_by", integer},
    {"createdTime", "createdTime", "created_at", time},
    {"updatedTime", "updatedTime", "updated_at", time},
    {"begindate", "begindate", "begin_date", date},
    {"closedate", "closedate", "close_date", date},
    {"actualDate", "actualDate", "valid_until", date},
    {"dealId", "dealId", "deal_id", integer},
    {"leadId", "leadId", "lead_id", integer},
    {"companyId", "companyId", "company_id", integer},
    {"contactId", "contactId", "contact_id", integer},
};

// Invoices have neither a semantic nor a flag when they are closed.
constexpr Field kInvoiceFields[] = {
    {"accountNumber", "accountNumber", "number", text},
    {"title", "title", "title", text},
    {"categoryId", "categoryId", "pipeline_id", integer},
    {"stageId", "stageId", "stage_id", text},
    {"opportunity", "opportunity", "amount_minor", money},
    {"currencyId", "currencyId", "currency", text},
    {"assignedById", "assignedById", "manager_id", integer},
    {"createdBy", "createdBy", "created_by", integer},
    {"updatedBy", "updatedBy", "updated_by", integer},
    {"movedBy", "movedBy", "moved_by", integer},
    {"createdTime", "createdTime", "created_at", time},
    {"updatedTime", "updatedTime", "updated_at", time},
    {"movedTime", "movedTime", "moved_at", time},
    {"begindate", "begindate", "begin_date", date},
    {"closedate", "closedate", "close_date", date},
    {"companyId", "companyId", "company_id", integer},
    {"contactId", "contactId", "contact_id", integer},
    {"parentId2", "parentId2", "deal_id", integer},
    {"parentId7", "parentId7", "quote_id", integer},
};

constexpr Field kContactFields[] = {
    {"name", "name", "first_name", text},
    {"lastName", "lastName", "last_name", text},
    {"companyId", "companyId", "company_id", integer},
    {"assignedById", "assignedById", "manager_id", integer},
    {"createdTime", "createdTime", "created_at", time},
    {"updatedTime", "updatedTime", "updated_at", time},
    {"lastActivityTime", "lastActivityTime", "last_activity_at", time},
};

constexpr Field kCompanyFields[] = {
    {"title", "title", "title", text},
    {"assignedById", "assignedById", "manager_id", integer},
    {"createdTime", "createdTime", "created_at", time},
    {"updatedTime", "updatedTime", "updated_at", time},
    {"lastActivityTime", "lastActivityTime", "last_activity_at", time},
};

// People's names, numbers and addresses, where nobody named them.
constexpr std::string_view kItemDropped[] = {"fm",     "utm*",   "observers", "contactIds",
                                             "phone*", "email*", "companyIds"};
// The docs do not say whether a move or an activity touches updatedTime. A filter by a field that
// the object does not have is refused.
constexpr std::string_view kAlsoMovedOrTouched[] = {"movedTime", "lastActivityTime"};
constexpr std::string_view kAlsoMoved[] = {"movedTime"};
constexpr std::string_view kAlsoTouched[] = {"lastActivityTime"};

constexpr Field kActivityFields[] = {
    {"OWNER_TYPE_ID", "OWNER_TYPE_ID", "owner_type_id", integer},
    {"OWNER_ID", "OWNER_ID", "owner_id", integer},
    {"TYPE_ID", "TYPE_ID", "type_id", integer},
    {"PROVIDER_ID", "PROVIDER_ID", "provider_id", text},
    {"PROVIDER_TYPE_ID", "PROVIDER_TYPE_ID", "provider_type_id", text},
    {"SUBJECT", "SUBJECT", "subject", text},
    {"COMPLETED", "COMPLETED", "completed", flag},
    {"STATUS", "STATUS", "status", integer},
    {"DIRECTION", "DIRECTION", "direction", integer},
    {"PRIORITY", "PRIORITY", "priority", integer},
    {"RESPONSIBLE_ID", "RESPONSIBLE_ID", "manager_id", integer},
    {"AUTHOR_ID", "AUTHOR_ID", "author_id", integer},
    {"EDITOR_ID", "EDITOR_ID", "editor_id", integer},
    {"CREATED", "CREATED", "created_at", time},
    {"LAST_UPDATED", "LAST_UPDATED", "updated_at", time},
    {"START_TIME", "START_TIME", "starts_at", time},
    {"END_TIME", "END_TIME", "ends_at", time},
    {"DEADLINE", "DEADLINE", "deadline_at", time},
    {"IS_INCOMING_CHANNEL", "IS_INCOMING_CHANNEL", "incoming", flag},
    {"ASSOCIATED_ENTITY_ID", "ASSOCIATED_ENTITY_ID", "associated_id", integer},
};
// What was written and said, with whom, and what other programs keep there.
constexpr std::string_view kActivityDropped[] = {
    "DESCRIPTION*",      "COMMUNICATIONS", "FILES",      "STORAGE_*", "WEBDAV_*",
    "LOCATION",          "SETTINGS",       "PROVIDER_*", "RESULT_*",  "NOTIFY_*",
    "AUTOCOMPLETE_RULE", "ORIGIN*",        "BINDINGS",
};

constexpr Field kMoveFields[] = {
    {"TYPE_ID", "TYPE_ID", "type", integer},
    {"OWNER_ID", "OWNER_ID", "owner_id", integer},
    {"CREATED_TIME", "CREATED_TIME", "at", time},
    {"CATEGORY_ID", "CATEGORY_ID", "pipeline_id", integer},
    {"STAGE_ID", "STAGE_ID", "stage_id", text},
    {"STAGE_SEMANTIC_ID", "STAGE_SEMANTIC_ID", "semantic", text},
};
// Leads have no pipelines, and call their stages statuses.
constexpr Field kLeadMoveFields[] = {
    {"TYPE_ID", "TYPE_ID", "type", integer},
    {"OWNER_ID", "OWNER_ID", "owner_id", integer},
    {"CREATED_TIME", "CREATED_TIME", "at", time},
    {"STATUS_ID", "STATUS_ID", "stage_id", text},
    {"STATUS_SEMANTIC_ID", "STATUS_SEMANTIC_ID", "semantic", text},
};

constexpr Field kTaskFields[] = {
    {"title", "TITLE", "title", text},
    {"status", "STATUS", "status", integer},
    {"responsibleId", "RESPONSIBLE_ID", "manager_id", integer},
    {"createdBy", "CREATED_BY", "creator_id", integer},
    {"changedBy", "CHANGED_BY", "changed_by", integer},
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
    {"ufCrmTask", "UF_CRM_TASK", "crm_links", crm_links},
};
constexpr std::string_view kTaskAsOfChange[] = {"activity_at"};
// People in full, rendered texts, and what is relative to whoever asks.
constexpr std::string_view kTaskDropped[] = {
    "group",         "responsible",       "creator",
    "accomplices",   "accomplicesData",   "auditors",
    "auditorsData",  "counter",           "subStatus",
    "description*",  "parsedDescription", "tags",
    "favorite",      "lengthDeadline",    "viewedDate",
    "timeElapsed",   "timerIsRunning*",   "newCommentsCount",
    "action",        "checklist",         "ufTaskWebdavFiles",
    "ufMailMessage",
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

// The rate is that of `nominal` units, in the base currency, with four decimal places
// (crm/data-types.md).
constexpr Field kCurrencyFields[] = {
    {"CURRENCY", "CURRENCY", "code", text, true},
    {"FULL_NAME", "FULL_NAME", "name", text},
    {"AMOUNT", "AMOUNT", "rate", real},
    {"AMOUNT_CNT", "AMOUNT_CNT", "nominal", integer},
    {"BASE", "BASE", "is_base", flag},
    {"SORT", "SORT", "sort", integer},
    {"DECIMALS", "DECIMALS", "decimals", integer},
    {"DATE_UPDATE", "DATE_UPDATE", "updated_at", time},
};
// How sums are written on the portal's pages.
constexpr std::string_view kCurrencyDropped[] = {"LID", "FORMAT_STRING", "DEC_POINT",
                                                 "THOUSANDS_SEP", "LANG"};
// Whether something was returned, and when, is told by a letter and a date: "Y" to the client's
// account in the shop, "P" through the system of payment (dev.1c-bitrix.ru, Payment::setReturn).
constexpr Field kPaymentFields[] = {
    {"accountNumber", "accountNumber", "number", text},
    {"orderId", "orderId", "order_id", integer},
    {"sum", "sum", "sum_minor", money},
    {"currency", "currency", "currency", text},
    {"paid", "paid", "paid", flag},
    {"datePaid", "datePaid", "paid_at", time},
    {"dateBill", "dateBill", "billed_at", time},
    {"isReturn", "isReturn", "return_kind", text},
    {"payReturnDate", "payReturnDate", "return_date", date},
    {"responsibleId", "responsibleId", "manager_id", integer},
    {"paySystemName", "paySystemName", "pay_system", text},
};
constexpr std::string_view kPaymentDropped[] = {
    "paySystem*", "payVoucher*", "payReturn*", "ps*",     "emp*",      "comments",
    "companyId",  "date*",       "external*",  "id1c",    "version1c", "updated1c",
    "marked",     "priceCod",    "xmlId",      "reason*",
};

constexpr Field kOrderLinkFields[] = {
    {"ownerTypeId", "ownerTypeId", "owner_type_id", integer},
    {"ownerId", "ownerId", "owner_id", integer},
};

constexpr seconds kOverlap = minutes{5};

// A kind of object of the one list for all of them.
constexpr EntitySpec crm_item(Entity entity, int type, std::span<const Field> fields,
                              std::span<const std::string_view> also_changed) {
  return {.entity = entity,
          .method = "crm.item.list",
          .style = RequestStyle::crm_item,
          .crm_type = type,
          .list_path = "items",
          .id_select = "id",
          .id_answer = "id",
          .paging = Paging::keyset,
          .renewal = Renewal::changed_since,
          .changed_filter = "updatedTime",
          .also_changed = also_changed,
          .overlap = kOverlap,
          .fields = fields,
          .dropped = kItemDropped};
}

// The portal's own history of stages: a line is added with every move, and stays as it is.
constexpr EntitySpec stage_moves(Entity entity, int type, std::span<const Field> fields) {
  return {.entity = entity,
          .method = "crm.stagehistory.list",
          .style = RequestStyle::stage_history,
          .crm_type = type,
          .list_path = "items",
          .id_select = "ID",
          .id_answer = "ID",
          .paging = Paging::keyset,
          .renewal = Renewal::appended,
          .fields = fields};
}

constexpr EntitySpec optional(EntitySpec spec) {
  spec.optional = true;
  return spec;
}
constexpr EntitySpec dispensable(EntitySpec spec) {
  spec.dispensable = true;
  return optional(spec);
}

constexpr EntitySpec kSpecs[] = {
    {.entity = Entity::user,
     .method = "user.get",
     .style = RequestStyle::user,
     .id_select = "ID",
     .id_answer = "ID",
     .paging = Paging::keyset,
     .renewal = Renewal::whole,
     .every = hours{1},
     .fields = kUserFields,
     .dropped = kUserDropped},
    {.entity = Entity::department,
     .method = "department.get",
     .style = RequestStyle::department,
     .id_select = "ID",
     .id_answer = "ID",
     .paging = Paging::offset,
     .renewal = Renewal::whole,
     .every = hours{1},
     .fields = kDepartmentFields},
    {.entity = Entity::pipeline,
     .method = "crm.category.list",
     .style = RequestStyle::category,
     .crm_type = kDealType,
     .list_path = "categories",
     .id_select = "id",
     .id_answer = "id",
     .paging = Paging::whole,
     .renewal = Renewal::whole,
     .every = hours{1},
     .fields = kPipelineFields,
     .dropped = kPipelineDropped},
    {.entity = Entity::stage,
     .method = "crm.status.list",
     .style = RequestStyle::status,
     .id_select = "ID",
     .id_answer = "ID",
     .paging = Paging::whole,
     .renewal = Renewal::whole,
     .every = hours{1},
     .fields = kStageFields,
     .dropped = kStageDropped},
    crm_item(Entity::deal, kDealType, kDealFields, kAlsoMovedOrTouched),
    // The docs do not say whether closing a task moves CHANGED_DATE, and the filter knows no OR.
    // ACTIVITY_DATE cannot be filtered by at all: it is as of the last change.
    {.entity = Entity::task,
     .method = "tasks.task.list",
     .style = RequestStyle::task,
     .list_path = "tasks",
     .id_select = "ID",
     .id_answer = "id",
     .paging = Paging::keyset,
     .renewal = Renewal::changed_since,
     .changed_filter = "CHANGED_DATE",
     .also_filter = "CLOSED_DATE",
     .as_of_change = kTaskAsOfChange,
     .overlap = kOverlap,
     .fields = kTaskFields,
     .dropped = kTaskDropped},
    // Old calls may be registered late, so new ones are found by id; the activity, the contact and
    // the rest may be filled in later without a date of change.
    {.entity = Entity::call,
     .method = "voximplant.statistic.get",
     .style = RequestStyle::call,
     .id_select = "ID",
     .id_answer = "ID",
     .paging = Paging::keyset,
     .renewal = Renewal::recent_by,
     .recent_filter = "CALL_START_DATE",
     .recent = hours{48},
     .every = hours{1},
     .fields = kCallFields,
     .dropped = kCallDropped},
    dispensable(crm_item(Entity::lead, kLeadType, kLeadFields, kAlsoMovedOrTouched)),
    optional(crm_item(Entity::quote, kQuoteType, kQuoteFields, {})),
    optional(crm_item(Entity::invoice, kInvoiceType, kInvoiceFields, kAlsoMoved)),
    optional(crm_item(Entity::contact, kContactType, kContactFields, kAlsoTouched)),
    optional(crm_item(Entity::company, kCompanyType, kCompanyFields, kAlsoTouched)),
    {.entity = Entity::activity,
     .method = "crm.activity.list",
     .style = RequestStyle::activity,
     .optional = true,
     .id_select = "ID",
     .id_answer = "ID",
     .paging = Paging::keyset,
     .renewal = Renewal::changed_since,
     .changed_filter = "LAST_UPDATED",
     .overlap = kOverlap,
     .fields = kActivityFields,
     .dropped = kActivityDropped},
    dispensable(stage_moves(Entity::deal_move, kDealType, kMoveFields)),
    dispensable(stage_moves(Entity::lead_move, kLeadType, kLeadMoveFields)),
    dispensable(stage_moves(Entity::invoice_move, kInvoiceType, kMoveFields)),
    // For those alone who may see the settings of the CRM.
    {.entity = Entity::currency,
     .method = "crm.currency.list",
     .style = RequestStyle::currency,
     .optional = true,
     .id_select = "CURRENCY",
     .id_answer = "CURRENCY",
     .id_style = IdStyle::code,
     .uncounted = true,
     .paging = Paging::whole,
     .renewal = Renewal::whole,
     .every = hours{1},
     .fields = kCurrencyFields,
     .dropped = kCurrencyDropped},
    // A payment has no time of change. Those asked for are new by their id; when one is made, it is
    // found by the time of that. What is corrected or returned later is found for five weeks, so
    // that a month can be closed.
    {.entity = Entity::payment,
     .method = "sale.payment.list",
     .style = RequestStyle::payment,
     .optional = true,
     .dispensable = true,
     .list_path = "payments",
     .id_select = "id",
     .id_answer = "id",
     .always_counted = true,
     .paging = Paging::keyset,
     .renewal = Renewal::recent_by,
     .recent_filter = "datePaid",
     .recent = days{35},
     .recent_may_leave = true,  // when it counts as unpaid again
     .every = minutes{15},
     .fields = kPaymentFields,
     .dropped = kPaymentDropped},
    // Whose an order is does not change. One that is bound long after it was made is missed by its
    // id, and found by the count.
    {.entity = Entity::order_link,
     .method = "crm.orderentity.list",
     .style = RequestStyle::order_link,
     .optional = true,
     .dispensable = true,
     .list_path = "orderEntity",
     .id_select = "orderId",
     .id_answer = "orderId",
     .always_counted = true,
     .paging = Paging::keyset,
     .renewal = Renewal::appended,
     .fields = kOrderLinkFields},
};

}  // namespace

std::span<const EntitySpec> specs() { return kSpecs; }

const EntitySpec& spec(Entity entity) {
  return *std::find_if(std::begin(kSpecs), std::end(kSpecs),
                       [&](const EntitySpec& s) { return s.entity == entity; });
}

}  // namespace b24
