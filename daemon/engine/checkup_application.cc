#include <nlohmann/json.hpp>

#include "connectors/bitrix24/hint.h"
#include "connectors/say.h"
#include "daemon/engine/checkup.h"

// What only an application has: its installation, and the portal's queue of events.

namespace b24 {
namespace {

using Json = nlohmann::json;

// Of the events in the queue, how many are bound; `list` is what event.get gives.
std::size_t queued_events(std::string_view list) {
  const Json json = Json::parse(list, nullptr, false);
  std::size_t count = 0;
  if (!json.is_structured()) return count;
  for (const Json& row : json) {
    if (!row.is_object() || !row.contains("offline")) continue;
    const Json& offline = row["offline"];
    count += offline == Json(1) || offline == Json("1") || offline == Json(true) ? 1U : 0U;
  }
  return count;
}

bool says_no(std::string_view feature) {
  const Json json = Json::parse(feature, nullptr, false);
  return json.is_object() && json.value("value", Json()) == Json("N");
}

}  // namespace

Check check_not_installed(const Error& lacking) {
  return {
      .id = "application",
      .outcome = Outcome::failure,
      .text = lacking.text,
      .advice = say("Карточка приложения: Разработчикам → Другое → Локальное приложение.",
                    "The application's card: Developer resources → Other → Local application.")};
}

Result<Check> check_offline_events(Client& client, const std::stop_token& stop) {
  Check check{.id = "offline_events"};
  const std::vector<Command> questions = {
      {"handlers", "event.get", ""},
      {"queue", "event.offline.list", ""},
      {"feature", "feature.get", to_query({{"CODE", "rest_offline_extended"}})}};
  const auto answer = client.batch(questions, stop);
  if (!answer) return answer.error();
  const auto& handlers = answer->commands[0].result;
  const auto& queue = answer->commands[1].result;
  const auto& feature = answer->commands[2].result;
  for (const auto* result : {&handlers, &queue}) {
    if (*result) continue;
    check.outcome = Outcome::warning;
    check.text = say("Офлайн-событий портал не даёт: {}", "The portal gives no offline events: {}",
                     result->error().text);
    check.advice = say("Удалённое тогда находит только ночная сверка; остальное читают опросы.",
                       "What is deleted is then found by the nightly comparison alone; the polls "
                       "read the rest.");
    return check;
  }
  const std::size_t bound = queued_events(*handlers);
  const std::size_t all = understood_events().size();
  if (feature && says_no(*feature)) {
    check.outcome = Outcome::warning;
    check.text = say("На тарифе портала нет офлайн-событий с подтверждением.",
                     "The portal's plan has no offline events that are confirmed.");
    check.advice = say("Без них всё читают опросы; удалённое находит ночная сверка.",
                       "Without them the polls read everything; the nightly comparison finds what "
                       "is deleted.");
  } else if (bound == 0) {
    check.outcome = Outcome::warning;
    check.text = say("Подписок на офлайн-события ещё нет.", "No offline events are bound yet.");
    check.advice = say("Их делает служба: sudo systemctl start b24watch.",
                       "The service binds them: sudo systemctl start b24watch.");
  } else {
    check.text = say("Офлайн-события портала доступны, подписок: {} из {}.",
                     "The portal gives offline events; bound: {} of {}.", bound, all);
  }
  return check;
}

}  // namespace b24
