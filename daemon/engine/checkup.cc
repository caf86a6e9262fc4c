#include "daemon/engine/checkup.h"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/say.h"
#include "daemon/engine/surroundings.h"

namespace b24 {
namespace {

// Both clocks count whole seconds, and the question travels.
constexpr seconds kClocksAgree{30};
constexpr seconds kClocksAstray{600};

Check check_address(const PortalSight& sight) {
  Check check{.id = "portal"};
  if (!sight.tls) {
    check.text =
        say("Портал {} отвечает (без шифрования: он на этой же машине).",
            "The portal {} answers (not encrypted: it is on this very machine).", sight.host);
  } else {
    check.text = say("Портал {} отвечает, соединение защищено.",
                     "The portal {} answers, the connection is secure.", sight.host);
  }
  if (sight.moved_to.empty() || sight.moved_to == sight.host) return check;
  check.outcome = Outcome::warning;
  check.text = say("Портал {} переехал: теперь он {}.", "The portal {} has moved: it is {} now.",
                   sight.host, sight.moved_to);
  check.advice = say("Впишите новый адрес вебхука в настройки.",
                     "Put the new address of the webhook into the settings.");
  return check;
}

Check check_application(const PortalFacts& facts) {
  return {.id = "application",
          .text = say("Приложение принято, оно действует от имени сотрудника {} (id {}).",
                      "The application is accepted; it acts for {} (id {}).", facts.user_name,
                      facts.user_id)};
}

Check check_webhook(const PortalFacts& facts) {
  if (facts.user_name.empty()) {
    return {.id = "webhook",
            .text = say("Вебхук принят, его владелец – сотрудник {}.",
                        "The webhook is accepted; it belongs to user {}.", facts.user_id)};
  }
  return {.id = "webhook",
          .text = say("Вебхук принят, его владелец – {} (id {}).",
                      "The webhook is accepted; it belongs to {} (id {}).", facts.user_name,
                      facts.user_id)};
}

Check check_administrator(const PortalFacts& facts) {
  if (facts.way == Way::application) {
    Check check{.id = "administrator",
                .text = say("Он администратор: ему видны все сделки.",
                            "He is an administrator: he sees all deals.")};
    if (facts.admin) return check;
    check.outcome = Outcome::failure;
    check.text = say("Он не администратор: ему виден не весь портал, и цифры были бы неверны.",
                     "He is no administrator: he does not see the whole portal, and the figures "
                     "would be wrong.");
    check.advice = say("Пусть администратор портала выполнит sudo b24watch authorize.",
                       "Let an administrator of the portal run sudo b24watch authorize.");
    return check;
  }
  if (facts.admin) {
    return {.id = "administrator",
            .text = say("Владелец вебхука – администратор: ему видны все сделки.",
                        "The owner of the webhook is an administrator: he sees all deals.")};
  }
  return {.id = "administrator",
          .outcome = Outcome::failure,
          .text = say("Владелец вебхука – не администратор: ему виден не весь портал, и цифры были "
                      "бы неверны.",
                      "The owner of the webhook is no administrator: he does not see the whole "
                      "portal, and the figures would be wrong."),
          .advice = say("Создайте входящий вебхук под администратором портала и возьмите его "
                        "вместо этого.",
                        "Create an inbound webhook as an administrator of the portal and use it in "
                        "place of this one.")};
}

Check check_clocks(const PortalSight& sight) {
  Check check{.id = "clock"};
  if (!sight.facts.portal_time) {
    check.outcome = Outcome::warning;
    check.text = say("Портал не сообщил, который час: сверить часы не с чем.",
                     "The portal did not tell the time: there is nothing to set the clock by.");
    check.advice = say("Проверьте часы этой машины: timedatectl.",
                       "Check the clock of this machine: timedatectl.");
    return check;
  }
  const seconds ahead = sight.asked_at - *sight.facts.portal_time;
  const seconds apart = ahead < seconds{0} ? -ahead : ahead;
  if (apart <= kClocksAgree) {
    check.text = say("Часы этой машины и портала сходятся.",
                     "The clocks of this machine and of the portal agree.");
    return check;
  }
  check.outcome = apart > kClocksAstray ? Outcome::failure : Outcome::warning;
  check.blame = Blame::settings;
  const std::string by = rough_duration(apart);
  check.text = ahead > seconds{0}
                   ? say("Часы этой машины спешат: впереди часов портала на {}.",
                         "The clock of this machine is fast: {} ahead of the portal's.", by)
                   : say("Часы этой машины отстают от часов портала на {}.",
                         "The clock of this machine is slow: {} behind the portal's.", by);
  check.advice = say("Включите сверку времени: sudo timedatectl set-ntp true.",
                     "Let the time be synchronised: sudo timedatectl set-ntp true.");
  return check;
}

// "UTC+3", "UTC+5:30", "UTC".
std::string utc_offset(seconds offset) {
  const auto whole = std::chrono::duration_cast<minutes>(offset).count();
  if (whole == 0) return "UTC";
  const auto size = whole < 0 ? -whole : whole;
  return fmt::format("UTC{}{}{}", whole < 0 ? "−" : "+", size / 60,
                     size % 60 == 0 ? "" : fmt::format(":{:02}", size % 60));
}

std::string clock_time(minutes since_midnight) {
  return fmt::format("{}:{:02}", since_midnight.count() / 60, since_midnight.count() % 60);
}

std::string days_off(const std::set<unsigned>& week_holidays) {
  constexpr const char* kRu[] = {"вс", "пн", "вт", "ср", "чт", "пт", "сб"};
  constexpr const char* kEn[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  std::string list;
  for (const unsigned day : {1U, 2U, 3U, 4U, 5U, 6U, 0U}) {
    if (!week_holidays.contains(day)) continue;
    list += fmt::format("{}{}", list.empty() ? "" : ", ", tr(kRu[day], kEn[day]));
  }
  return list.empty() ? say("нет", "none") : list;
}

Check check_zone(const PortalSight& sight, const Config& config, const Calendar& calendar) {
  const std::string zone = calendar.settings().zone;
  const std::string here = utc_offset(calendar.offset(sight.asked_at));
  if (config.calendar.zone) {
    return {.id = "zone",
            .text = say("Часовой пояс – {} ({}), из настроек.",
                        "The time zone is {} ({}), from the settings.", zone, here)};
  }
  if (zone == sight.facts.user_zone) {
    return {.id = "zone",
            .text = say("Часовой пояс – {} ({}), как у владельца вебхука. Другой задаёт "
                        "calendar.zone.",
                        "The time zone is {} ({}), that of the webhook's owner. calendar.zone sets "
                        "another one.",
                        zone, here)};
  }
  return {.id = "zone",
          .text = say("Часовой пояс – {}, по часам портала. Другой задаёт calendar.zone.",
                      "The time zone is {}, by the portal's clock. calendar.zone sets another one.",
                      here)};
}

Check check_hours(const PortalSight& sight, const CalendarSettings& calendar) {
  const std::string hours_text =
      fmt::format("{}–{}", clock_time(calendar.work_start), clock_time(calendar.work_end));
  const std::string off = days_off(calendar.week_holidays);
  if (sight.facts.calendar) {
    return {.id = "hours",
            .text = say("Рабочее время – {}, выходные: {}; праздников в календаре портала: {}.",
                        "Working hours are {}, days off: {}; holidays in the portal's calendar: "
                        "{}.",
                        hours_text, off, calendar.year_holidays.size())};
  }
  const bool granted = sight.facts.scopes.contains("calendar");
  return {.id = "hours",
          .outcome = Outcome::warning,
          .text = say("Календарь портала не виден: рабочее время – {}, выходные: {}, праздники {}"
                      "не учитываются.",
                      "The portal's calendar is not seen: working hours are {}, days off: {}, "
                      "holidays {}do not count.",
                      hours_text, off, granted ? "" : tr("и отпуска ", "and absences ")),
          .advice =
              granted ? say("Задайте рабочие часы и праздники в настройках, раздел calendar.",
                            "Set the working hours and holidays in the settings, section calendar.")
                      : say("Добавьте вебхуку на портале право calendar.",
                            "Add the scope calendar to the webhook on the portal.")};
}

}  // namespace

const char* name(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::warning:
      return "warning";
    case Outcome::failure:
      return "failure";
  }
  return "";
}

std::string rough_duration(seconds duration) {
  const auto s = duration.count();
  if (s < 120) return say("{} с", "{} s", s);
  if (s < 7200) return say("{} мин", "{} min", s / 60);
  if (s < 172800) return say("{} ч", "{} h", s / 3600);
  return say("{} дн.", "{} days", s / 86400);
}

Outcome worst(const std::vector<Check>& checks) {
  Outcome found = Outcome::ok;
  for (const Check& check : checks) found = std::max(found, check.outcome);
  return found;
}

std::optional<Blame> blame_of(const std::vector<Check>& checks) {
  std::optional<Blame> found;
  for (const Check& check : checks) {
    if (check.outcome != Outcome::failure) continue;
    found = found ? std::min(*found, check.blame) : check.blame;
  }
  return found;
}

Result<PortalSight> meet_portal(Client& client, Clock& clock, const std::stop_token& stop) {
  const Access& access = client.access();
  const Time asked = clock.now();
  auto facts = read_portal_facts(client, stop);
  if (!facts) return facts.error();
  PortalSight sight{.host = access.url.host, .tls = access.url.tls, .facts = std::move(*facts)};
  if (client.host() != sight.host) sight.moved_to = client.host();
  // The portal told its time when it began to answer; a slow answer is not a wrong clock.
  sight.asked_at =
      std::clamp(sight.facts.portal_time.value_or(asked), asked, std::max(asked, clock.now()));
  return sight;
}

Result<void> probe_sight(Client& client, PortalSight& sight, const std::stop_token& stop) {
  auto probe = probe_portal(client, sight.facts.portal_offset,
                            sight.facts.portal_time.value_or(sight.asked_at), stop);
  if (!probe) return probe.error();
  sight.probe = std::move(*probe);
  auto lines = probe_lines(client, stop);
  if (!lines) return lines.error();
  sight.lines = std::move(*lines);
  return {};
}

Check check_refusal(const Error& refusal, const std::string& portal_url, Way way) {
  Check check{.id = "portal", .outcome = Outcome::failure, .text = refusal.text};
  if (passes_by_itself(refusal.kind)) {
    check.blame = Blame::passing;
    check.advice = say(
        "Попробуйте с этой машины: curl -I {}. Мешать могут прокси и брандмауэр.",
        "Try from this machine: curl -I {}. A proxy or a firewall may be in the way.", portal_url);
  } else if (way == Way::application) {
    check.id = "application";
    check.advice = say("Карточка приложения: Разработчикам → Другое → Локальное приложение.",
                       "The application's card: Developer resources → Other → Local application.");
  } else {
    check.id = "webhook";
    check.advice = say("Вебхуки портала: Разработчикам → Другое → Входящий вебхук.",
                       "The portal's webhooks: Developer resources → Other → Inbound webhook.");
  }
  return check;
}

std::vector<Check> check_owner(const PortalSight& sight) {
  const bool application = sight.facts.way == Way::application;
  return {check_address(sight),
          application ? check_application(sight.facts) : check_webhook(sight.facts),
          check_administrator(sight.facts), check_clocks(sight)};
}

std::vector<Check> check_calendar(const PortalSight& sight, const Config& config) {
  const CalendarSettings settings =
      merged(sight.facts.calendar, config.calendar, portal_zone(sight.facts));
  const auto calendar = Calendar::make(settings);
  if (!calendar) {
    return {{.id = "zone",
             .outcome = Outcome::failure,
             .text = calendar.error().text,
             .advice = say("Исправьте раздел calendar в настройках.",
                           "Mend the section calendar of the settings."),
             .blame = Blame::settings}};
  }
  return {check_zone(sight, config, *calendar), check_hours(sight, settings)};
}

}  // namespace b24
