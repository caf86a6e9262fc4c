#include <fmt/format.h>

#include "tests/portal/tables.h"

// Portal docs: user-get.md, department-get.md, crm-status-list.md, crm-stage-history-list.md.

namespace b24::sim {
namespace {

using U = Field<User>;
using D = Field<Department>;
using S = Field<Status>;
using M = Field<StageMove>;

Cell email(const User& user, Scratch& scratch) {
  scratch.text = fmt::format("user{}@example.com", user.id);
  return text_cell(scratch.text);
}

Cell departments(const User& user, Scratch& scratch) {
  scratch.text = "[";
  for (const Id id : user.departments) {
    comma(scratch.text);
    integer(scratch.text, id);
  }
  scratch.text += ']';
  return json_cell(scratch.text);
}

// An unset date is an empty text here, not null.
Cell date_or_empty(Unix at) { return at == 0 ? text_cell("") : date_cell(at); }

Cell nothing(const User&, Scratch&) { return text_cell(""); }
Cell php_date(const User&, Scratch&) { return json_cell("{}"); }

constexpr U kUsers[] = {
    {"ID", "ID", [](const User& u, Scratch&) { return digits_cell(u.id); }},
    {"ACTIVE", "ACTIVE", [](const User& u, Scratch&) { return truth_cell(u.active); }},
    {"NAME", "NAME", [](const User& u, Scratch&) { return text_cell(u.first_name); }},
    {"LAST_NAME", "LAST_NAME", [](const User& u, Scratch&) { return text_cell(u.last_name); }},
    {"SECOND_NAME", "SECOND_NAME",
     [](const User& u, Scratch&) { return text_cell(u.second_name); }},
    {"EMAIL", "EMAIL", email},
    {"LAST_LOGIN", "LAST_LOGIN",
     [](const User& u, Scratch&) { return time_cell(u.registered + 86400); }},
    {"DATE_REGISTER", "DATE_REGISTER",
     [](const User& u, Scratch&) { return date_cell(u.registered); }},
    {"TIME_ZONE", "TIME_ZONE", [](const User& u, Scratch&) { return text_cell(u.time_zone); }},
    {"IS_ONLINE", "IS_ONLINE", [](const User& u, Scratch&) { return flag_cell(u.active); }},
    {"TIMESTAMP_X", "TIMESTAMP_X", php_date},
    {"LAST_ACTIVITY_DATE", "LAST_ACTIVITY_DATE", php_date},
    {"PERSONAL_GENDER", "PERSONAL_GENDER",
     [](const User& u, Scratch&) { return text_cell(u.female ? "F" : "M"); }},
    {"PERSONAL_WWW", "PERSONAL_WWW", nothing},
    {"PERSONAL_BIRTHDAY", "PERSONAL_BIRTHDAY", nothing},
    {"PERSONAL_PHONE", "PERSONAL_PHONE", nothing},
    {"PERSONAL_MOBILE", "PERSONAL_MOBILE",
     [](const User& u, Scratch&) { return text_cell(u.mobile_phone); }},
    {"PERSONAL_CITY", "PERSONAL_CITY", nothing},
    {"WORK_PHONE", "WORK_PHONE", nothing},
    {"WORK_POSITION", "WORK_POSITION",
     [](const User& u, Scratch&) { return text_cell(u.position); }},
    {"UF_EMPLOYMENT_DATE", "UF_EMPLOYMENT_DATE",
     [](const User& u, Scratch&) { return date_or_empty(u.hired); }},
    {"UF_PHONE_INNER", "UF_PHONE_INNER",
     [](const User& u, Scratch&) { return text_cell(u.inner_phone); }},
    {"UF_DEPARTMENT", "UF_DEPARTMENT", departments},
    {"USER_TYPE", "USER_TYPE", [](const User&, Scratch&) { return text_cell("employee"); }},
};

constexpr D kDepartments[] = {
    {"ID", "ID", [](const Department& d, Scratch&) { return digits_cell(d.id); }},
    {"NAME", "NAME", [](const Department& d, Scratch&) { return text_cell(d.name); }},
    {"SORT", "SORT", [](const Department& d, Scratch&) { return integer_cell(d.sort); }},
    {"PARENT", "PARENT",
     [](const Department& d, Scratch&) {
       return d.parent == 0 ? null_cell() : digits_cell(d.parent);
     }},
    {"UF_HEAD", "UF_HEAD",
     [](const Department& d, Scratch&) { return d.head == 0 ? null_cell() : digits_cell(d.head); }},
};

std::string_view color_of(const Status& status) {
  if (status.semantic == 'S') return "#7BD500";
  return status.semantic == 'F' ? "#FF5752" : "#39A8EF";
}

Cell semantics(const Status& status, Scratch&) {
  return status.semantic == 'P' ? null_cell() : text_cell({&status.semantic, 1});
}

// Only stages of leads, deals and quotes have it filled (portal docs: crm-status-list.md).
Cell extra(const Status& status, Scratch& scratch) {
  if (status.type == 0 || status.type == kInvoiceType) return json_cell("[]");
  const std::string_view word = status.semantic == 'S'   ? "success"
                                : status.semantic == 'P' ? "process"
                                : status.apology         ? "apology"
                                                         : "failure";
  scratch.text = fmt::format(R"({{"SEMANTICS":"{}","COLOR":"{}"}})", word, color_of(status));
  return json_cell(scratch.text);
}

constexpr S kStatuses[] = {
    {"ID", "ID", [](const Status& s, Scratch&) { return digits_cell(s.id); }},
    {"ENTITY_ID", "ENTITY_ID", [](const Status& s, Scratch&) { return text_cell(s.entity_id); }},
    {"STATUS_ID", "STATUS_ID", [](const Status& s, Scratch&) { return text_cell(s.status_id); }},
    {"NAME", "NAME", [](const Status& s, Scratch&) { return text_cell(s.name); }},
    {"NAME_INIT", "NAME_INIT",
     [](const Status& s, Scratch&) { return text_cell(s.system ? s.name : std::string_view{}); }},
    {"SORT", "SORT", [](const Status& s, Scratch&) { return digits_cell(s.sort); }},
    {"SYSTEM", "SYSTEM", [](const Status& s, Scratch&) { return flag_cell(s.system); }},
    {"CATEGORY_ID", "CATEGORY_ID",
     [](const Status& s, Scratch&) {
       return s.pipeline <= 0 ? null_cell() : digits_cell(s.pipeline);
     }},
    {"COLOR", "COLOR", [](const Status& s, Scratch&) { return text_cell(color_of(s)); }},
    {"SEMANTICS", "SEMANTICS", semantics},
    {"EXTRA", "EXTRA", extra},
};

const Status& stage_of(const StageMove& move, const Scratch& scratch) {
  return scratch.world.data.statuses[static_cast<std::size_t>(move.stage)];
}

Cell move_id(const StageMove& move, Scratch&) { return integer_cell(move.id); }
Cell move_type(const StageMove& move, Scratch&) { return integer_cell(move.type); }
Cell move_owner(const StageMove& move, Scratch&) { return integer_cell(move.owner); }
Cell move_time(const StageMove& move, Scratch&) { return time_cell(move.at); }
Cell move_category(const StageMove& move, Scratch&) { return integer_cell(move.pipeline); }
Cell move_semantic(const StageMove& move, Scratch& scratch) {
  return text_cell({&stage_of(move, scratch).semantic, 1});
}
Cell move_stage(const StageMove& move, Scratch& scratch) {
  return text_cell(stage_of(move, scratch).status_id);
}

constexpr M kMoves[] = {
    {"ID", "ID", move_id},
    {"TYPE_ID", "TYPE_ID", move_type},
    {"OWNER_ID", "OWNER_ID", move_owner},
    {"CREATED_TIME", "CREATED_TIME", move_time},
    {"CATEGORY_ID", "CATEGORY_ID", move_category},
    {"STAGE_SEMANTIC_ID", "STAGE_SEMANTIC_ID", move_semantic},
    {"STAGE_ID", "STAGE_ID", move_stage},
};

// Leads have no pipelines, and a word of their own for the stage.
constexpr M kLeadMoves[] = {
    {"ID", "ID", move_id},
    {"TYPE_ID", "TYPE_ID", move_type},
    {"OWNER_ID", "OWNER_ID", move_owner},
    {"CREATED_TIME", "CREATED_TIME", move_time},
    {"STATUS_SEMANTIC_ID", "STATUS_SEMANTIC_ID", move_semantic},
    {"STATUS_ID", "STATUS_ID", move_stage},
};

}  // namespace

std::span<const Field<User>> user_fields() { return kUsers; }
std::span<const Field<Department>> department_fields() { return kDepartments; }
std::span<const Field<Status>> status_fields() { return kStatuses; }
std::span<const Field<StageMove>> move_fields() { return kMoves; }
std::span<const Field<StageMove>> lead_move_fields() { return kLeadMoves; }

}  // namespace b24::sim
