#include "connectors/bitrix24/scopes.h"

#include <algorithm>

#include "connectors/bitrix24/errors.h"
#include "connectors/bitrix24/portal.h"
#include "connectors/say.h"

namespace b24 {
namespace {

constexpr std::string_view kCrm[] = {"crm."};
constexpr std::string_view kTasks[] = {"tasks.", "task."};
constexpr std::string_view kUsers[] = {"user."};
constexpr std::string_view kDepartments[] = {"department."};
constexpr std::string_view kTelephony[] = {"voximplant.", "telephony."};
constexpr std::string_view kMessages[] = {"im."};
constexpr std::string_view kCalendar[] = {"calendar."};
constexpr std::string_view kShop[] = {"sale."};
constexpr std::string_view kWorkdays[] = {"timeman."};
constexpr std::string_view kOpenLines[] = {"imopenlines."};

}  // namespace

std::span<const Scope> scopes() {
  static const Scope table[] = {
      {"crm", kCrm, {"сделки, лиды, дела", "deals, leads, activities"}},
      {"task", kTasks, {"задачи", "tasks"}},
      {"user_basic", kUsers, {"сотрудники", "employees"}},
      {"department", kDepartments, {"подразделения", "departments"}},
      {"telephony", kTelephony, {"звонки", "calls"}},
      {"im", kMessages, {"уведомления", "notifications"}},
      {"calendar", kCalendar, {"рабочее время", "working hours"}, false},
      {"sale", kShop, {"оплаты", "payments"}, false},
      {"timeman", kWorkdays, {"рабочий день сотрудников", "working days of employees"}, false},
      {"imopenlines", kOpenLines, {"ответы в открытых линиях", "answers in Open Lines"}, false},
  };
  return table;
}

std::string_view scope_of(std::string_view method) {
  for (const Scope& scope : scopes()) {
    const auto opens = [&](std::string_view head) { return method.starts_with(head); };
    if (std::any_of(scope.methods.begin(), scope.methods.end(), opens)) return scope.name;
  }
  return {};
}

std::vector<std::string> missing_scopes(const std::set<std::string>& granted) {
  std::vector<std::string> missing;
  for (const Scope& scope : scopes()) {
    const std::string name{scope.name};
    const bool user =
        name == "user_basic" && (granted.contains("user") || granted.contains("user_brief"));
    if (scope.needed && !user && !granted.contains(name)) missing.push_back(name);
  }
  return missing;
}

std::string about_scopes(const std::vector<std::string>& missing, Way way) {
  std::string list;
  for (const Scope& scope : scopes()) {
    if (std::find(missing.begin(), missing.end(), scope.name) == missing.end()) continue;
    list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", scope.name, scope.what.pick());
  }
  if (list.empty()) return {};
  if (way == Way::application) {
    return say("У приложения нет прав: {} – добавьте их в карточке приложения на портале.",
               "The application lacks the scopes {}: add them on its card on the portal.", list);
  }
  return say("У вебхука нет прав: {} – добавьте их в настройках вебхука на портале.",
             "The webhook lacks the scopes {}: add them in the settings of the webhook on the "
             "portal.",
             list);
}

}  // namespace b24
