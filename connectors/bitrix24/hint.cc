#include "connectors/bitrix24/hint.h"

#include <charconv>
#include <map>

#include "rules/base/language.h"

namespace b24 {
namespace {

constexpr std::size_t kBodyLimit = 64 * 1024;
constexpr std::size_t kFieldLimit = 1000;

using Fields = std::map<std::string, std::string, std::less<>>;

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex(text[i + 1]) : -1;
    const int low = high >= 0 ? hex(text[i + 2]) : -1;
    if (low >= 0) {
      result += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      result += text[i] == '+' ? ' ' : text[i];
    }
  }
  return result;
}

// Names stay as PHP writes them: "data[FIELDS][ID]".
std::optional<Fields> parse_form(std::string_view body) {
  Fields fields;
  if (body.size() > kBodyLimit) return std::nullopt;
  while (!body.empty()) {
    const auto end = body.find('&');
    const std::string_view pair = body.substr(0, end);
    body = end == std::string_view::npos ? std::string_view{} : body.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    if (fields.size() >= kFieldLimit) return std::nullopt;
    fields[decoded(pair.substr(0, equals))] = decoded(pair.substr(equals + 1));
  }
  return fields;
}

std::string_view field(const Fields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string_view{} : std::string_view(found->second);
}

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

}  // namespace

Result<std::vector<Hint>> parse_event(std::string_view body, const Secret& token) {
  const auto fields = parse_form(body);
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
  for (const Event& event : kEvents) {
    if (event.name != name) continue;
    if (!event.type.empty() && field(*fields, kTypeField) != event.type) break;
    if (event.id_field.empty()) return std::vector<Hint>{{event.entity, 0}};
    const auto id = id_of(field(*fields, event.id_field));
    if (!id) return not_an_event();
    return std::vector<Hint>{{event.entity, *id}};
  }
  return std::vector<Hint>{};
}

}  // namespace b24
