#include "daemon/engine/trouble.h"

#include <fmt/format.h>

#include "rules/base/language.h"
#include "rules/text.h"

namespace b24 {
namespace {

// "21.11 12:40"
std::string moment(Time t, const Calendar& calendar) {
  const std::string day = format_day(calendar.day_of(t));  // "2026-11-21"
  const minutes minute = calendar.minute_of(t);
  return fmt::format("{}.{} {:02}:{:02}", day.substr(8, 2), day.substr(5, 2), minute.count() / 60,
                     minute.count() % 60);
}

std::string names(const std::set<Entity>& lists) {
  // Without exception: the portal itself.
  if (lists.size() == std::size(kEntities)) return std::string{tr("все данные", "everything")};
  std::string text;
  for (const Entity entity : lists) {
    text += text.empty() ? "" : ", ";
    text += list_name(entity);
  }
  return text;
}

}  // namespace

std::string outage_text(const std::set<Entity>& lists, Time since, const std::string& why,
                        const Calendar& calendar) {
  return fmt::format(
      fmt::runtime(tr("🔴 [b]b24watch: данные портала не читаются[/b] с {}: {}.\n{}\nПравила, "
                      "которым они нужны, пока молчат.",
                      "🔴 [b]b24watch cannot read the portal[/b] since {}: {}.\n{}\nRules that "
                      "need them keep silent.")),
      moment(since, calendar), names(lists), escape_bb(why));
}

std::string outage_over_text(const std::set<Entity>& lists, Time since, Time until,
                             const Calendar& calendar) {
  return fmt::format(
      fmt::runtime(tr("✅ [b]b24watch: данные портала снова читаются[/b]. Не читались с {} до {}: "
                      "{}. Всё, что изменилось за это время, прочитано.",
                      "✅ [b]b24watch reads the portal again[/b]. Not read from {} to {}: {}. "
                      "Whatever changed meanwhile has been read.")),
      moment(since, calendar), moment(until, calendar), names(lists));
}

std::string hidden_rows_text(const std::map<Entity, std::int64_t>& rows) {
  std::string lists;
  for (const auto& [entity, count] : rows) {
    if (count > 0)
      lists += fmt::format("{}{} – {}", lists.empty() ? "" : ", ", list_name(entity), count);
  }
  return lists;
}

std::string_view hidden_from(Way way) {
  return way == Way::application
             ? tr("установившему приложение", "whoever installed the application")
             : tr("пользователю вебхука", "the webhook's user");
}

std::string hidden_text(const std::map<Entity, std::int64_t>& rows, Way way) {
  return fmt::format(
      fmt::runtime(tr("🔴 [b]b24watch: {} больше не видна часть портала[/b]: {}.\n"
                      "Они не удалены, у него отняли права на них. В открытых показателях их пока "
                      "нет. Верните ему права администратора – вернутся и они.",
                      "🔴 [b]b24watch: {} may not see a part of the portal any "
                      "more[/b]: {}.\nThey are not deleted: he has lost the rights to them. Until "
                      "then they are in no open figure. Make him an administrator again, and they "
                      "come back.")),
      hidden_from(way), hidden_rows_text(rows));
}

std::string hidden_over_text(const std::map<Entity, std::int64_t>& rows, Way way) {
  return fmt::format(
      fmt::runtime(tr("✅ [b]b24watch: {} снова видно всё[/b]. Не было видно: {}.",
                      "✅ [b]b24watch: {} sees everything again[/b]. Hidden were: {}.")),
      hidden_from(way), hidden_rows_text(rows));
}

std::string portal_restored_text(const std::map<Entity, std::int64_t>& gone) {
  std::string lists;
  for (const auto& [entity, rows] : gone) {
    lists += fmt::format("{}{} ({})", lists.empty() ? "" : ", ", list_name(entity), rows);
  }
  return fmt::format(
      fmt::runtime(tr("🔴 [b]b24watch: похоже, портал восстановили из резервной копии[/b] – пропали "
                      "самые новые {}.\nВсё читается заново, до конца чтения правила молчат. О "
                      "тревогах, которые после этого исчезнут, как о решённых не сообщу.",
                      "🔴 [b]b24watch: the portal seems to be restored from a backup[/b]: the "
                      "newest {} are gone.\nEverything is read again; until then the rules keep "
                      "silent. Alerts that are gone afterwards will not be called resolved.")),
      lists);
}

}  // namespace b24
