#include <fmt/format.h>

#include "tests/portal/card_fields.h"
#include "tests/portal/tables.h"

// Portal docs: crm-activity-list.md, crm-activity-fields.md. The docs name the providers of calls
// and to-dos; those of meetings, e-mails, tasks and chats are as portals in the field write them.

namespace b24::sim {
namespace {

using ActivityField = Field<Activity>;

struct ProviderWords {
  std::string_view id;
  std::string_view type;
  int type_id;
};
// "TO" "DO": in one piece it reads as unfinished work.
constexpr ProviderWords kProviders[] = {{"VOXIMPLANT_CALL", "CALL", 2},
                                        {"CRM_MEETING", "MEETING", 1},
                                        {"CRM_EMAIL", "EMAIL", 4},
                                        {"CRM_TASKS_TASK", "TASK", 3},
                                        {"CRM_TODO",
                                         "TO"
                                         "DO",
                                         6},
                                        {"IMOPENLINES_SESSION", "", 6}};

const ProviderWords& words(const Activity& activity) {
  return kProviders[static_cast<std::size_t>(activity.provider)];
}

template <auto member>
Cell digits_of(const Activity& activity, Scratch&) {
  return digits_cell(activity.*member);
}
template <int number>
Cell number_of(const Activity&, Scratch&) {
  return digits_cell(number);
}

// Without a deadline it is the last day a portal can write.
Cell deadline(const Activity& activity, Scratch& scratch) {
  constexpr Unix kLastDay = 253'402'214'400;  // 9999-12-31T00:00:00Z
  if (activity.deadline != 0) return time_cell(activity.deadline);
  return time_cell(kLastDay - scratch.world.options.offset.count());
}

// Of a chat it is the line.
Cell provider_type(const Activity& activity, Scratch& scratch) {
  if (activity.provider != Provider::chat) return text_cell(words(activity).type);
  scratch.text = std::to_string(activity.line);
  return text_cell(scratch.text);
}

// 1 waits, 2 done.
Cell status(const Activity& activity, Scratch&) { return digits_cell(activity.completed ? 2 : 1); }

// The client's number or address, for what is said to him.
Cell communications(const Activity& activity, Scratch& scratch) {
  const bool call = activity.provider == Provider::call;
  const bool spoken = call || activity.provider == Provider::email;
  const Id client =
      activity.owner_type == kContactType ? activity.owner : std::int32_t{activity.contact};
  const Contact* contact = spoken ? scratch.world.card<Contact>(client) : nullptr;
  if (contact == nullptr) return json_cell("[]");
  const std::string value{(call ? phone_of(*contact, scratch) : email_of(*contact, scratch)).text};
  std::string settings = R"({"HONORIFIC":"","SECOND_NAME":"")";
  key(settings, "NAME");
  quoted(settings, contact->first_name);
  key(settings, "LAST_NAME");
  quoted(settings, contact->last_name);
  scratch.text = fmt::format(
      R"([{{"ID":"{}","TYPE":"{}","VALUE":"{}","ENTITY_ID":"{}","ENTITY_TYPE_ID":"3",)"
      R"("ENTITY_SETTINGS":{},"COMPANY_TITLE":"","COMPANY_ID":"{}"}}}}])",
      activity.id, call ? "PHONE" : "EMAIL", value, contact->id, settings, contact->company);
  return json_cell(scratch.text);
}

// BINDINGS is left out: whether naming it fills it is not documented (see
// crm.activity.binding.list).
constexpr ActivityField kActivityFields[] = {
    {"ID", "ID", digits_of<&Activity::id>},
    {"OWNER_ID", "OWNER_ID", digits_of<&Activity::owner>},
    {"OWNER_TYPE_ID", "OWNER_TYPE_ID", digits_of<&Activity::owner_type>},
    {"TYPE_ID", "TYPE_ID",
     [](const Activity& a, Scratch&) { return digits_cell(words(a).type_id); }},
    {"PROVIDER_ID", "PROVIDER_ID",
     [](const Activity& a, Scratch&) { return text_cell(words(a).id); }},
    {"PROVIDER_TYPE_ID", "PROVIDER_TYPE_ID", provider_type},
    {"PROVIDER_GROUP_ID", "PROVIDER_GROUP_ID", unset_of<Activity>},
    {"ASSOCIATED_ENTITY_ID", "ASSOCIATED_ENTITY_ID", digits_of<&Activity::associated>},
    {"SUBJECT", "SUBJECT", text_of<Activity, &Activity::subject>},
    {"CREATED", "CREATED", time_of<Activity, &Activity::created>},
    {"LAST_UPDATED", "LAST_UPDATED", time_of<Activity, &Activity::updated>},
    {"START_TIME", "START_TIME", time_of<Activity, &Activity::start>},
    {"END_TIME", "END_TIME", time_of<Activity, &Activity::end>},
    {"DEADLINE", "DEADLINE", deadline},
    {"COMPLETED", "COMPLETED", flag_of<Activity, &Activity::completed>},
    {"STATUS", "STATUS", status},
    {"RESPONSIBLE_ID", "RESPONSIBLE_ID", digits_of<&Activity::manager>},
    {"PRIORITY", "PRIORITY", digits_of<&Activity::priority>},
    {"NOTIFY_TYPE", "NOTIFY_TYPE", number_of<1>},
    {"NOTIFY_VALUE", "NOTIFY_VALUE", number_of<15>},
    {"DESCRIPTION", "DESCRIPTION", text_of<Activity, &Activity::description>},
    {"DESCRIPTION_TYPE", "DESCRIPTION_TYPE", number_of<1>},
    {"DIRECTION", "DIRECTION", digits_of<&Activity::direction>},
    {"LOCATION", "LOCATION", empty_text_of<Activity>},
    {"SETTINGS", "SETTINGS", empty_list_of<Activity>},
    {"ORIGINATOR_ID", "ORIGINATOR_ID", unset_of<Activity>},
    {"ORIGIN_ID", "ORIGIN_ID", unset_of<Activity>},
    {"AUTHOR_ID", "AUTHOR_ID", digits_of<&Activity::author>},
    {"EDITOR_ID", "EDITOR_ID", digits_of<&Activity::editor>},
    {"PROVIDER_PARAMS", "PROVIDER_PARAMS", empty_list_of<Activity>},
    {"PROVIDER_DATA", "PROVIDER_DATA", unset_of<Activity>},
    {"RESULT_MARK", "RESULT_MARK", number_of<0>},
    {"RESULT_VALUE", "RESULT_VALUE", unset_of<Activity>},
    {"RESULT_SUM", "RESULT_SUM", unset_of<Activity>},
    {"RESULT_CURRENCY_ID", "RESULT_CURRENCY_ID", unset_of<Activity>},
    {"RESULT_STATUS", "RESULT_STATUS", number_of<0>},
    {"RESULT_STREAM", "RESULT_STREAM", number_of<0>},
    {"RESULT_SOURCE_ID", "RESULT_SOURCE_ID", unset_of<Activity>},
    {"AUTOCOMPLETE_RULE", "AUTOCOMPLETE_RULE", number_of<0>},
    {"IS_INCOMING_CHANNEL", "IS_INCOMING_CHANNEL", flag_of<Activity, &Activity::incoming_channel>},
    {"COMMUNICATIONS", "COMMUNICATIONS", communications, ActivityField::In::named},
    {"FILES", "FILES", empty_list_of<Activity>, ActivityField::In::named},
};

}  // namespace

std::span<const Field<Activity>> activity_fields() { return kActivityFields; }

}  // namespace b24::sim
