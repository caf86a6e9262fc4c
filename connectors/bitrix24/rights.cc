#include "connectors/bitrix24/rights.h"

#include <algorithm>
#include <iterator>

namespace b24 {
namespace {

struct Right {
  std::string_view method;
  Text text;
};

// Portal docs: the line "who can execute the method" of each page; crm-item-list.md and
// tasks-task-list.md on what a list leaves out.
const Right kRights[] = {
    {"crm.item.list",
     {"чтение всех карточек; чужое без права молча пропускается",
      "to read all cards; those he may not read are left out without a word"}},
    {"crm.item.payment.list", {"чтение карточки", "to read the card"}},
    {"crm.currency.list", {"доступ к настройкам CRM", "access to the settings of the CRM"}},
    {"crm.orderentity.list", {"менеджер магазина", "manager of the shop"}},
    {"sale.payment.list", {"администратор", "administrator"}},
    {"tasks.task.list",
     {"администратор; иначе только свои и подчинённых",
      "administrator; others see their own and their employees' tasks"}},
    {"voximplant.statistic.get",
     {"просмотр статистики звонков, всех сотрудников", "to view the statistics of all calls"}},
    {"imopenlines.session.history.get",
     {"доступ к диалогам линии", "access to the dialogues of the line"}},
    {"timeman.status",
     {"право на чужой рабочий день портал не описывает: проверяет doctor",
      "for others' days the docs name none: doctor tries it"}},
};
const Text kNone = {"отдельного не названо", "none is named"};

}  // namespace

const Text& right_for(std::string_view method) {
  const auto* const found = std::ranges::find(kRights, method, &Right::method);
  return found == std::end(kRights) ? kNone : found->text;
}

}  // namespace b24
