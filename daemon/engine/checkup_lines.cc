#include "connectors/bitrix24/errors.h"
#include "connectors/say.h"
#include "daemon/engine/checkup.h"

// Working days and Open Lines: whether the portal shows what the docs leave open.

namespace b24 {
namespace {

std::string_view whom(Way way) {
  return way == Way::application
             ? tr("установившему приложение", "whoever installed the application")
             : tr("владельцу вебхука", "the owner of the webhook");
}

Check check_sessions(const SessionProbe& session, Way way) {
  Check check{.id = "open_lines"};
  if (!session.refused) {
    check.text = say("Сообщения открытых линий видны.", "Messages of Open Lines are seen.");
    return check;
  }
  check.outcome = Outcome::warning;
  check.text = say("Сообщения открытых линий не видны. {}",
                   "Messages of Open Lines are not seen. {}", session.refused->text);
  check.advice =
      say("Дайте {} доступ к открытым линиям: CRM → Контакт-центр → права доступа.",
          "Give {} access to Open Lines: CRM → Contact center → access permissions.", whom(way));
  return check;
}

Check check_workdays(const WorkdayProbe& day, Way way) {
  Check check{.id = "workdays"};
  if (!day.refused) {
    check.text =
        say("Рабочий день других сотрудников виден.", "Working days of other employees are seen.");
    return check;
  }
  check.outcome = Outcome::warning;
  check.text = say("Рабочий день других сотрудников не виден. {}",
                   "Working days of other employees are not seen. {}", day.refused->text);
  check.advice = say("Дайте {} право видеть рабочее время всех сотрудников.",
                     "Give {} the right to see the working time of all employees.", whom(way));
  return check;
}

}  // namespace

std::vector<Check> check_lines(const LinesProbe& lines, Way way) {
  std::vector<Check> checks;
  if (lines.workday) checks.push_back(check_workdays(*lines.workday, way));
  if (lines.session) checks.push_back(check_sessions(*lines.session, way));
  return checks;
}

}  // namespace b24
