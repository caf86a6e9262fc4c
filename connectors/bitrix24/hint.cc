#include "connectors/bitrix24/hint.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "connectors/bitrix24/form.h"
#include "rules/base/language.h"

namespace b24 {
namespace {

std::string upper(std::string_view text) {
  std::string result{text};
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

constexpr std::string_view kTypeField = "data[FIELDS][ENTITY_TYPE_ID]";
constexpr std::string_view kInvoiceTypeText = "31";

struct Event {
  std::string_view name;
  Entity entity;
  std::string_view id_field;   // empty: the event names no id that a list would know
  std::string_view type = {};  // what kTypeField must say; empty: anything
};

constexpr Event kEvents[] = {
    {"ONCRMDEALADD", Entity::deal, "data[FIELDS][ID]"},
    {"ONCRMDEALUPDATE", Entity::deal, "data[FIELDS][ID]"},
    {"ONCRMDEALMOVETOCATEGORY", Entity::deal, "data[FIELDS][ID]"},
    {"ONCRMDEALDELETE", Entity::deal, "data[FIELDS][ID]"},
    {"ONCRMLEADADD", Entity::lead, "data[FIELDS][ID]"},
    {"ONCRMLEADUPDATE", Entity::lead, "data[FIELDS][ID]"},
    {"ONCRMLEADDELETE", Entity::lead, "data[FIELDS][ID]"},
    {"ONCRMCONTACTADD", Entity::contact, "data[FIELDS][ID]"},
    {"ONCRMCONTACTUPDATE", Entity::contact, "data[FIELDS][ID]"},
    {"ONCRMCONTACTDELETE", Entity::contact, "data[FIELDS][ID]"},
    {"ONCRMCOMPANYADD", Entity::company, "data[FIELDS][ID]"},
    {"ONCRMCOMPANYUPDATE", Entity::company, "data[FIELDS][ID]"},
    {"ONCRMCOMPANYDELETE", Entity::company, "data[FIELDS][ID]"},
    {"ONCRMQUOTEADD", Entity::quote, "data[FIELDS][ID]"},
    {"ONCRMQUOTEUPDATE", Entity::quote, "data[FIELDS][ID]"},
    {"ONCRMQUOTEDELETE", Entity::quote, "data[FIELDS][ID]"},
    {"ONCRMACTIVITYADD", Entity::activity, "data[FIELDS][ID]"},
    {"ONCRMACTIVITYUPDATE", Entity::activity, "data[FIELDS][ID]"},
    {"ONCRMACTIVITYDELETE", Entity::activity, "data[FIELDS][ID]"},
    // Invoices are smart processes to the portal; those of the portal's own are none of ours.
    {"ONCRMDYNAMICITEMADD", Entity::invoice, "data[FIELDS][ID]", kInvoiceTypeText},
    {"ONCRMDYNAMICITEMUPDATE", Entity::invoice, "data[FIELDS][ID]", kInvoiceTypeText},
    {"ONCRMDYNAMICITEMDELETE", Entity::invoice, "data[FIELDS][ID]", kInvoiceTypeText},
    {"ONCRMDYNAMICITEMADD_31", Entity::invoice, "data[FIELDS][ID]"},
    {"ONCRMDYNAMICITEMUPDATE_31", Entity::invoice, "data[FIELDS][ID]"},
    {"ONCRMDYNAMICITEMDELETE_31", Entity::invoice, "data[FIELDS][ID]"},
    {"ONTASKADD", Entity::task, "data[FIELDS_AFTER][ID]"},
    {"ONTASKUPDATE", Entity::task, "data[FIELDS_AFTER][ID]"},
    {"ONTASKDELETE", Entity::task, "data[FIELDS_BEFORE][ID]"},
    // Carries the id of the call, not that of its row in the statistics.
    {"ONVOXIMPLANTCALLEND", Entity::call, ""},
    {"ONUSERADD", Entity::user, "data[ID]"},
};

std::optional<std::int64_t> id_of(std::string_view text) {
  std::int64_t id = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (fault != std::errc{} || end != text.data() + text.size() || id <= 0) return std::nullopt;
  return id;
}

Error not_an_event() {
  return error(ErrorKind::invalid_input,
               std::string(tr("Это не событие Битрикс24.", "This is no event of Bitrix24.")));
}

// What an event says, as far as it is about something that we mirror.
Result<std::vector<Hint>> hints_of(const std::string& name, const Fields& fields) {
  for (const Event& event : kEvents) {
    if (event.name != name) continue;
    if (!event.type.empty() && field(fields, kTypeField) != event.type) break;
    if (event.id_field.empty()) return std::vector<Hint>{{event.entity, 0}};
    const auto id = id_of(field(fields, event.id_field));
    if (!id) return not_an_event();
    return std::vector<Hint>{{event.entity, *id}};
  }
  return std::vector<Hint>{};
}

// {"FIELDS":{"ID":7}} as the fields of a form.
void flatten(const nlohmann::json& value, const std::string& name, int depth, Fields& to) {
  constexpr int kDeepest = 4;
  if (value.is_structured() && depth < kDeepest) {
    for (const auto& item : value.items()) {
      flatten(item.value(), name + "[" + item.key() + "]", depth + 1, to);
    }
  } else if (value.is_string()) {
    to[name] = value.get<std::string>();
  } else if (value.is_number_integer()) {
    to[name] = value.dump();
  }
}

}  // namespace

Result<std::vector<Hint>> parse_event(std::string_view body, const Secret& token) {
  const auto fields = read_form(body);
  if (!fields) return not_an_event();
  // Before anything else, so that a stranger learns nothing.
  const std::string_view given = field(*fields, "auth[application_token]");
  if (token.empty() || !token.equals(given)) {
    return error(ErrorKind::no_rights,
                 std::string(tr("Событие пришло с чужим ключом приложения – проверьте "
                                "application_token в настройках и в исходящем вебхуке портала.",
                                "The event came with a foreign application token: check "
                                "application_token in the settings and in the portal's outbound "
                                "webhook.")));
  }
  const std::string name = upper(field(*fields, "event"));
  if (name.empty()) return not_an_event();
  return hints_of(name, *fields);
}

std::vector<std::string_view> understood_events() {
  std::vector<std::string_view> names;
  for (const Event& event : kEvents) {
    // The same objects have an event of their own name.
    if (!event.name.ends_with("_31")) names.push_back(event.name);
  }
  return names;
}

std::optional<Hint> hint_of_record(std::string_view event, std::string_view data) {
  Fields fields;
  auto json = nlohmann::json::parse(data, nullptr, false);
  // Handlers get a list of arguments, the first of which tells what happened.
  if (json.is_array() && !json.empty()) json = json.front();
  if (json.is_object()) flatten(json, "data", 0, fields);
  const std::string name = upper(event);
  if (auto named = hints_of(name, fields); named && !named->empty()) return named->front();
  for (const Event& known : kEvents) {
    // Of another type than ours, or of no type that is told.
    if (known.name != name) continue;
    if (!known.type.empty() && !field(fields, kTypeField).empty()) return std::nullopt;
    return Hint{known.entity, 0};
  }
  return std::nullopt;
}

}  // namespace b24
