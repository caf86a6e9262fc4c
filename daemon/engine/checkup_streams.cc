#include <fmt/format.h>

#include <algorithm>

#include "connectors/bitrix24/entities.h"
#include "connectors/bitrix24/errors.h"
#include "connectors/bitrix24/scopes.h"
#include "connectors/say.h"
#include "daemon/engine/checkup.h"

// What the portal gives: scope by scope and list by list.

namespace b24 {
namespace {

// 12 000
std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, " ");
  return text;
}

// " Молчат правила: «…», «…»." or nothing.
std::string silenced(const std::vector<Entity>& entities, const RuleReaders& readers) {
  std::vector<std::string> rules;
  for (const Entity entity : entities) {
    const auto found = readers.find(entity);
    if (found == readers.end()) continue;
    for (const std::string& rule : found->second) {
      if (std::find(rules.begin(), rules.end(), rule) == rules.end()) rules.push_back(rule);
    }
  }
  if (rules.empty()) return {};
  std::string list;
  for (const std::string& rule : rules) {
    list += fmt::format("{}{}{}{}", list.empty() ? "" : ", ", tr("«", "“"), rule, tr("»", "”"));
  }
  return rules.size() == 1 ? say(" Молчит правило {}.", " The rule {} is silent.", list)
                           : say(" Молчат правила: {}.", " These rules are silent: {}.", list);
}

std::vector<Entity> streams_of(const Scope& scope) {
  std::vector<Entity> entities;
  for (const EntitySpec& spec : specs()) {
    if (scope_of(spec.method) == scope.name) entities.push_back(spec.entity);
  }
  return entities;
}

struct Lack {
  std::string_view scope;
  Outcome outcome;
  Text text;
};

// What it means when a scope is not granted; the calendar's has a check of its own.
const Lack* lack_of(std::string_view scope) {
  static const Lack kLacks[] = {
      {"crm",
       Outcome::failure,
       {"Права crm нет: не видны сделки и всё остальное в CRM.",
        "The scope crm is not granted: deals and all else of the CRM are not seen."}},
      {"task",
       Outcome::warning,
       {"Права task нет: задачи не видны.", "The scope task is not granted: tasks are not seen."}},
      {"user_basic",
       Outcome::failure,
       {"Права user_basic нет: сотрудники не видны, следить не за кем.",
        "The scope user_basic is not granted: employees are not seen, there is nobody to watch."}},
      {"department",
       Outcome::failure,
       {"Права department нет: неизвестно, кто чей руководитель.",
        "The scope department is not granted: nobody knows who heads whom."}},
      {"telephony",
       Outcome::warning,
       {"Права telephony нет: звонки не видны.",
        "The scope telephony is not granted: calls are not seen."}},
      {"timeman",
       Outcome::warning,
       {"Права timeman нет: кто когда начал и кончил рабочий день, не видно.",
        "The scope timeman is not granted: who began and ended his working day, and when, is not "
        "seen."}},
      {"imopenlines",
       Outcome::warning,
       {"Права imopenlines нет: кто и когда ответил в открытых линиях, не видно.",
        "The scope imopenlines is not granted: who answered in Open Lines, and when, is not "
        "seen."}},
      {"im",
       Outcome::failure,
       {"Права im нет: сообщать нельзя никому.",
        "The scope im is not granted: nobody can be told anything."}},
  };
  const auto* const found = std::find_if(std::begin(kLacks), std::end(kLacks),
                                         [&](const Lack& lack) { return lack.scope == scope; });
  return found == std::end(kLacks) ? nullptr : found;
}

std::string how_to_grant(const Scope& scope, Way way) {
  if (way == Way::application) {
    return say("Добавьте право {} в карточке приложения на портале.",
               "Add the scope {} on the application's card on the portal.", scope.name);
  }
  return say("Добавьте право {} в настройках вебхука на портале; адрес вебхука останется прежним.",
             "Add the scope {} in the settings of the webhook on the portal; its address stays the "
             "same.",
             scope.name);
}

Check check_missing(const Scope& scope, const Lack& lack, const RuleReaders& readers, Way way) {
  return {.id = fmt::format("scope_{}", scope.name),
          .outcome = lack.outcome,
          .text = lack.text.pick() + silenced(streams_of(scope), readers),
          .advice = how_to_grant(scope, way)};
}

Check check_notifying(const PortalProbe& probe) {
  if (probe.may_notify.value_or(true)) {
    return {.id = "scope_im",
            .text = say("Право im есть: сообщать можно.",
                        "The scope im is granted: people can be told.")};
  }
  return {.id = "scope_im",
          .outcome = Outcome::failure,
          .text = say("Право im есть, но отправить уведомление портал не даёт "
                      "(im.notify.system.add).",
                      "The scope im is granted, but the portal does not let notifications be sent "
                      "(im.notify.system.add)."),
          .advice = say("Если портал на своём сервере, обновите на нём модуль im; иначе напишите в "
                        "поддержку Битрикс24.",
                        "On a server of your own, update the module im there; otherwise write to "
                        "the support of Bitrix24.")};
}

// What a granted scope shows: "сделки – 400, лиды – 120".
Check check_granted(const Scope& scope, const std::string& granted, const PortalProbe& probe) {
  std::string seen;
  for (const Entity entity : streams_of(scope)) {
    const auto found = probe.streams.find(entity);
    if (found == probe.streams.end() || found->second.refused) continue;
    seen += (seen.empty() ? "" : ", ") + std::string{list_name(entity)};
    if (found->second.total) seen += " – " + grouped(*found->second.total);
  }
  Check check{.id = fmt::format("scope_{}", scope.name)};
  check.text = seen.empty() ? say("Право {} есть.", "The scope {} is granted.", granted)
                            : say("Право {} есть, видны: {}.",
                                  "The scope {} is granted, it shows: {}.", granted, seen);
  return check;
}

// Scopes are there, and yet a list is refused: rights, the tariff, a part that is switched off.
Check check_refused(Entity entity, const Error& refusal, const RuleReaders& readers) {
  const bool optional = spec(entity).optional;
  const bool essential = entity != Entity::task && entity != Entity::call && !optional;
  Check check{.id = fmt::format("stream_{}", name(entity)),
              .outcome = essential ? Outcome::failure : Outcome::warning,
              .text = say("Список «{}» не читается. {}", "The list of {} cannot be read. {}",
                          list_name(entity), refusal.text)};
  if (essential && passes_by_itself(refusal.kind)) check.blame = Blame::passing;
  // Rules about leads find none; those that read histories of stages do without.
  const bool judged = spec(entity).dispensable && entity != Entity::lead;
  const std::string silent = judged ? "" : silenced({entity}, readers);
  check.advice = optional ? say("Обходимся без этого и спрашиваем снова раз в час.{}",
                                "We do without and ask again once an hour.{}", silent)
                          : say("Без этого правила о них судить не могут.{}",
                                "Without it no rule can judge them.{}", silent);
  return check;
}

Check check_telephony(const StreamProbe& calls, const std::optional<std::int64_t>& recent) {
  if (recent.value_or(1) > 0) {
    return {.id = "telephony",
            .text = recent ? say("За последние 30 дней звонков: {}.",
                                 "Calls in the last 30 days: {}.", grouped(*recent))
                           : say("Звонки есть.", "There are calls.")};
  }
  return {
      .id = "telephony",
      .outcome = Outcome::warning,
      .text = calls.total == 0
                  ? say("На портале нет ни одного звонка: правила о звонках молчат.",
                        "There are no calls on the portal: the rules about calls are silent.")
                  : say("За последние 30 дней на портале ни одного звонка: правила о звонках "
                        "молчат.",
                        "There were no calls on the portal in the last 30 days: the rules about "
                        "calls are silent."),
      .advice = say("Подключите к Битрикс24 телефонию, которой пользуется отдел продаж.",
                    "Connect the telephony that the sales department uses to Bitrix24.")};
}

// By which way payments are read; both serve, one of them with returns.
Check check_payments(const PortalSight& sight) {
  const auto given = [&](Entity entity) {
    const auto found = sight.probe.streams.find(entity);
    return found != sight.probe.streams.end() && !found->second.refused;
  };
  const auto payments = sight.probe.streams.find(Entity::payment);
  if (given(Entity::payment) && given(Entity::order_link)) {
    return {.id = "payments",
            .text = say("Оплаты видны списком: {}.", "Payments are seen as a list: {}.",
                        grouped(payments->second.total.value_or(0)))};
  }
  return {.id = "payments",
          .text = say("Списка оплат портал не даёт: если они нужны правилу, спрашиваем их у сделок "
                      "и счетов, без возвратов. Весь список открывает право sale.",
                      "The portal gives no list of payments: when a rule needs them, deals and "
                      "invoices are asked, without returns. The scope sale opens the whole list.")};
}

Check check_leads(LeadsMode mode) {
  switch (mode) {
    case LeadsMode::with_leads:
      return {.id = "leads", .text = say("CRM работает с лидами.", "The CRM works with leads.")};
    case LeadsMode::without_leads:
      return {.id = "leads",
              .text = say("CRM работает без лидов: новые обращения сразу становятся сделками.",
                          "The CRM works without leads: what comes in becomes a deal at once.")};
    case LeadsMode::untold:
      break;
  }
  return {.id = "leads",
          .outcome = Outcome::warning,
          .text = say("Портал не сказал, включены ли лиды.",
                      "The portal did not tell whether leads are switched on."),
          .advice = say("Делать ничего не нужно: лиды читаются, если портал их даёт.",
                        "There is nothing to do: leads are read if the portal gives them.")};
}

// The granted scope that serves as the wanted one; empty: none does.
std::string granted_as(const PortalFacts& facts, const Scope& scope) {
  if (facts.scopes.contains(std::string{scope.name})) return std::string{scope.name};
  if (scope.name != "user_basic") return {};
  for (const char* wider : {"user", "user_brief"}) {
    if (facts.scopes.contains(wider)) return wider;
  }
  return {};
}

}  // namespace

std::vector<Check> check_streams(const PortalSight& sight, const RuleReaders& readers) {
  std::vector<Check> checks;
  const PortalProbe& probe = sight.probe;
  bool crm = false;
  bool telephony = false;
  for (const Scope& scope : scopes()) {
    const std::string granted = granted_as(sight.facts, scope);
    const Lack* lack = lack_of(scope.name);
    if (lack == nullptr) continue;
    if (granted.empty()) {
      checks.push_back(check_missing(scope, *lack, readers, sight.facts.way));
      continue;
    }
    crm = crm || scope.name == "crm";
    telephony = telephony || scope.name == "telephony";
    checks.push_back(scope.name == "im" ? check_notifying(probe)
                                        : check_granted(scope, granted, probe));
    for (const Entity entity : streams_of(scope)) {
      const auto found = probe.streams.find(entity);
      if (found == probe.streams.end() || !found->second.refused) continue;
      // Of a portal without leads nobody expects any.
      const bool leads = entity == Entity::lead || entity == Entity::lead_move;
      if (leads && probe.leads == LeadsMode::without_leads) continue;
      checks.push_back(check_refused(entity, *found->second.refused, readers));
    }
  }
  if (crm) checks.push_back(check_leads(probe.leads));
  if (crm) checks.push_back(check_payments(sight));
  const auto calls = probe.streams.find(Entity::call);
  if (telephony && calls != probe.streams.end() && !calls->second.refused) {
    checks.push_back(check_telephony(calls->second, probe.recent_calls));
  }
  for (Check& check : check_lines(sight.lines, sight.facts.way)) checks.push_back(std::move(check));
  return checks;
}

}  // namespace b24
