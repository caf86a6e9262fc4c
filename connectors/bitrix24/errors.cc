#include "connectors/bitrix24/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "connectors/ascii.h"
#include "connectors/say.h"
#include "connectors/utf8.h"
#include "rules/base/language.h"

namespace b24 {
namespace {

// What a person is told; several codes share one advice.
enum class Advice {
  slower,
  portal_fault,
  method_rest,
  new_webhook,
  owner_gone,
  portal_closed,
  subscription,
  commercial_plan,
  ask_support,
  add_scope,
  no_method,
  more_rights,
  not_for_webhooks,
  confirm_method,
  app_access,
  not_found,
  no_such_part,
  report_us,
};

struct Row {
  std::string_view code;  // lower case
  Reaction reaction;
  Advice advice;
};

constexpr auto kTable = std::to_array<Row>({
    {"query_limit_exceeded", Reaction::retry, Advice::slower},
    {"operation_time_limit", Reaction::wait_method, Advice::method_rest},
    {"overload_limit", Reaction::vendor_block, Advice::ask_support},
    {"internal_server_error", Reaction::retry_reads, Advice::portal_fault},
    {"error_unexpected_answer", Reaction::retry_reads, Advice::portal_fault},
    {"no_auth_found", Reaction::stop, Advice::new_webhook},
    {"invalid_credentials", Reaction::stop, Advice::new_webhook},
    {"expired_token", Reaction::refresh, Advice::new_webhook},
    {"invalid_token", Reaction::refresh, Advice::new_webhook},
    {"authorization_error", Reaction::stop, Advice::owner_gone},
    {"application_not_found", Reaction::stop, Advice::new_webhook},
    {"error_oauth", Reaction::stop, Advice::new_webhook},
    {"not_installed", Reaction::stop, Advice::new_webhook},
    {"wrong_client", Reaction::stop, Advice::new_webhook},
    {"invalid_client", Reaction::stop, Advice::new_webhook},
    {"invalid_grant", Reaction::stop, Advice::new_webhook},
    {"user_access_error", Reaction::stop, Advice::app_access},
    {"payment_required", Reaction::stop, Advice::subscription},
    {"portal_deleted", Reaction::stop, Advice::portal_closed},
    {"insufficient_scope", Reaction::no_rights, Advice::add_scope},
    {"invalid_scope", Reaction::no_rights, Advice::add_scope},
    {"error_method_not_found", Reaction::no_rights, Advice::no_method},
    {"access_error", Reaction::no_rights, Advice::more_rights},
    {"allowed_only_intranet_user", Reaction::no_rights, Advice::more_rights},
    {"method_confirm_waiting", Reaction::no_rights, Advice::confirm_method},
    {"method_confirm_denied", Reaction::no_rights, Advice::confirm_method},
    {"wrong_auth_type", Reaction::our_mistake, Advice::not_for_webhooks},
    {"not_found", Reaction::gone, Advice::not_found},
    {"error_not_found", Reaction::gone, Advice::not_found},
    {"entity_type_not_supported", Reaction::no_rights, Advice::no_such_part},
    // Of the shop (portal docs: sale-payment-list.md, crm-order-entity-list.md).
    {"200040300010", Reaction::no_rights, Advice::more_rights},
    {"200540400002", Reaction::no_rights, Advice::no_such_part},
    {"invalid_request", Reaction::our_mistake, Advice::report_us},
    {"invalid_arg_value", Reaction::our_mistake, Advice::report_us},
    {"error_argument", Reaction::our_mistake, Advice::report_us},
    {"error_batch_length_exceeded", Reaction::our_mistake, Advice::report_us},
    {"error_batch_method_not_allowed", Reaction::our_mistake, Advice::report_us},
    {"error_manifest_is_not_available", Reaction::our_mistake, Advice::report_us},
    // REST 3.0, without the common beginning and end.
    {"v3:entitynotfound", Reaction::gone, Advice::not_found},
    {"v3:accessdenied", Reaction::no_rights, Advice::more_rights},
    {"v3:insufficientscope", Reaction::no_rights, Advice::add_scope},
    {"v3:methodnotfound", Reaction::no_rights, Advice::no_method},
});

constexpr Row kMistake{"", Reaction::our_mistake, Advice::report_us};
constexpr Row kFault{"", Reaction::retry_reads, Advice::portal_fault};
constexpr Row kTooFast{"", Reaction::retry, Advice::slower};
constexpr Row kNoRights{"", Reaction::no_rights, Advice::more_rights};
constexpr Row kGone{"", Reaction::gone, Advice::not_found};
constexpr Row kNoSuchPart{"", Reaction::no_rights, Advice::no_such_part};
constexpr Row kPlan{"", Reaction::stop, Advice::commercial_plan};
constexpr Row kNotForWebhooks{"", Reaction::our_mistake, Advice::not_for_webhooks};

// "BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION" -> "v3:entitynotfound".
std::string normal(std::string_view code) {
  std::string result = lower_ascii(code);
  constexpr std::string_view kHead = "bitrix_rest_v3_exception_";
  constexpr std::string_view kTail = "exception";
  if (result.rfind(kHead, 0) != 0) return result;
  result.replace(0, kHead.size(), "v3:");
  if (result.ends_with(kTail)) result.resize(result.size() - kTail.size());
  return result;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Texts are in the portal's language; Russian letters are not folded, so stems go without capitals.
bool says_denied(std::string_view text) {
  return has(text, "access denied") || has(text, "оступ запрещ") || has(text, "ет доступа") ||
         has(text, "едостаточно прав");
}

bool says_missing(std::string_view text) {
  return has(text, "not found") || has(text, "не найден") || has(text, "не существует");
}

bool says_unsupported(std::string_view text) {
  return has(text, "is not supported") || has(text, "не поддержива");
}

// ACCESS_DENIED says three different things, told apart by its text alone.
const Row& access_denied(std::string_view text) {
  if (has(text, "commercial plan") || has(text, "оммерческ")) return kPlan;
  if (has(text, "application context")) return kNotForWebhooks;
  return kNoRights;
}

const Row& by_status(int status) {
  if (status == 429) return kTooFast;
  if (status >= 500 || status == 408) return kFault;
  if (status == 403) return kNoRights;
  return kMistake;
}

const Row& row_of(const PortalError& error) {
  const std::string code = normal(error.code);
  const std::string text = lower_ascii(error.description);
  if (code == "access_denied") return access_denied(text);
  for (const Row& row : kTable) {
    if (row.code == code) return row;
  }
  if (code.empty() || code == "0" || code == "100" || code == "400" || code == "error_core") {
    if (says_denied(text)) return kNoRights;
    if (says_missing(text)) return kGone;
    if (says_unsupported(text)) return kNoSuchPart;
  }
  return by_status(error.status);
}

// "CODE" or, without one, the HTTP status.
std::string label(const PortalError& error) {
  if (!error.code.empty() && error.code != "0") return clip_utf8(error.code, 80);
  return error.status ? fmt::format("HTTP {}", error.status)
                      : std::string(tr("без кода", "no code"));
}

// The portal's own words, for the cases in which only they tell what is wrong.
std::string quoted(const PortalError& error) {
  if (error.description.empty()) return label(error);
  return fmt::format("{}: «{}»", label(error), clip_utf8(error.description, 200));
}

std::string about_rights(const PortalError& error, std::string_view method) {
  if (method.starts_with("voximplant.")) {
    return fmt::format(
        fmt::runtime(
            tr("Владельцу вебхука не хватает прав для {} ({}) – дайте ему право «Статистика "
               "звонков – просмотр» в телефонии портала.",
               "The owner of the webhook lacks the rights for {} ({}): give him the right "
               "“Call statistics – view” in the portal's telephony.")),
        method, quoted(error));
  }
  return fmt::format(
      fmt::runtime(tr("Владельцу вебхука не хватает прав для {} ({}) – создайте вебхук от имени "
                      "администратора портала.",
                      "The owner of the webhook lacks the rights for {} ({}): create the webhook "
                      "as an administrator of the portal.")),
      method, quoted(error));
}

std::string about_scope(std::string_view method) {
  return fmt::format(
      fmt::runtime(tr("У вебхука нет права «{}» (нужно для {}) – добавьте его в настройках вебхука "
                      "на портале.",
                      "The webhook lacks the scope “{}” (needed for {}): add it in the settings of "
                      "the webhook on the portal.")),
      scope_of(method).empty() ? method : scope_of(method), method);
}

std::string about_method(const PortalError& error, std::string_view method) {
  const std::string_view scope = scope_of(method);
  return fmt::format(
      fmt::runtime(
          tr("На портале нет метода {} ({}) – добавьте вебхуку право «{}» и проверьте, что "
             "этот раздел портала включён.",
             "The portal has no method {} ({}): add the scope “{}” to the webhook and "
             "check that this part of the portal is switched on.")),
      method, label(error), scope.empty() ? method : scope);
}

// The texts that need the code alone.
Text by_code(Advice advice) {
  switch (advice) {
    case Advice::new_webhook:
      return {
          "Портал не принимает вебхук ({}): он удалён, просрочен или скопирован не целиком – "
          "создайте новый входящий вебхук и впишите его адрес в настройки.",
          "The portal does not accept the webhook ({}): it was deleted, has expired or was "
          "copied in part. Create a new inbound webhook and put its address into the settings."};
    case Advice::owner_gone:
      return {
          "Портал не принимает вебхук ({}): его владелец уволен или отключён – создайте вебхук "
          "от имени действующего администратора и впишите его адрес в настройки.",
          "The portal does not accept the webhook ({}): its owner is dismissed or switched off. "
          "Create a webhook as an active administrator and put its address into the settings."};
    case Advice::app_access:
      return {
          "Администратор портала закрыл владельцу вебхука доступ ({}) – попросите открыть его "
          "или создайте вебхук от имени администратора.",
          "The portal's administrator has closed the access to the owner of the webhook ({}): "
          "ask for it, or create the webhook as an administrator."};
    case Advice::portal_closed:
      return {
          "Портал удалён или закрыт ({}) – проверьте его адрес; если портал на своём сервере, "
          "откройте публичную часть сайта.",
          "The portal is deleted or closed ({}): check its address; if it runs on a server of "
          "your own, open the public part of the site."};
    case Advice::subscription:
      return {"На портале закончилась подписка, без неё REST не работает ({}) – продлите её.",
              "The portal's subscription has ended and REST does not work without it ({}): renew "
              "it."};
    case Advice::commercial_plan:
      return {
          "REST на этом портале закрыт: он есть только на коммерческих тарифах ({}) – смените "
          "тариф.",
          "REST is closed on this portal: only commercial plans have it ({}). Change the plan."};
    case Advice::ask_support:
      return {
          "Битрикс24 вручную заблокировал REST этого портала ({}) – снять блокировку может "
          "только поддержка Битрикс24, напишите в неё.",
          "Bitrix24 has blocked REST of this portal by hand ({}): only the support of Bitrix24 "
          "can lift that, write to it."};
    default:
      return {"Портал просит обращаться к нему реже ({}) – повторим позже.",
              "The portal asks to be called less often ({}); we shall try again later."};
  }
}

// The texts that need the method and the portal's words.
Text by_method(Advice advice) {
  switch (advice) {
    case Advice::portal_fault:
      return {"Сбой на стороне портала при вызове {} ({}) – повторим позже.",
              "A fault on the portal's side in {} ({}); we shall try again later."};
    case Advice::method_rest:
      return {
          "Портал просит отдохнуть от метода {} ({}) – продолжим, когда он разрешит, обычно "
          "через несколько минут.",
          "The portal asks to let the method {} rest ({}); we shall go on when it allows, "
          "usually in a few minutes."};
    case Advice::not_for_webhooks:
      return {"Метод {} не разрешён вебхукам ({}) – сообщите об этом разработчикам b24watch.",
              "The method {} is not open to webhooks ({}): tell the developers of b24watch."};
    case Advice::confirm_method:
      return {
          "Вызов {} ждёт разрешения администратора портала ({}) – подтвердите запрос в "
          "уведомлениях портала.",
          "{} waits for the consent of the portal's administrator ({}): confirm the request in "
          "the portal's notifications."};
    case Advice::not_found:
      return {
          "Портал не нашёл объект при вызове {} ({}) – он удалён или не виден владельцу "
          "вебхука.",
          "The portal did not find the object in {} ({}): it is deleted, or the owner of the "
          "webhook may not see it."};
    case Advice::no_such_part:
      return {
          "Портал не даёт этих данных: {} ({}) – этот раздел CRM на нём выключен или ещё не "
          "поддерживается. Если раздел нужен, включите его на портале.",
          "The portal does not give these data: {} ({}). This part of the CRM is switched off "
          "there or not supported yet; if you need it, switch it on in the portal."};
    default:
      return {"Портал отклонил вызов {} ({}) – сообщите об этом разработчикам b24watch.",
              "The portal refused {} ({}): tell the developers of b24watch."};
  }
}

// What differs for an application; nothing: as for a webhook.
std::string of_application(Advice advice, const PortalError& error, std::string_view method) {
  const std::string_view scope = scope_of(method);
  switch (advice) {
    case Advice::new_webhook:
      return say(
          "Портал не принимает приложение ({}): оно удалено или его доступ отозван – "
          "установите его на портале заново или выполните на этом сервере: sudo b24watch "
          "authorize.",
          "The portal does not accept the application ({}): it was removed, or its access "
          "was. Install it on the portal again, or run on this machine: sudo b24watch "
          "authorize.",
          label(error));
    case Advice::owner_gone:
      return say(
          "Портал не принимает приложение ({}): сотрудник, который его установил, уволен или "
          "отключён – пусть действующий администратор выполнит sudo b24watch authorize.",
          "The portal does not accept the application ({}): whoever installed it is "
          "dismissed or switched off. Let an active administrator run sudo b24watch "
          "authorize.",
          label(error));
    case Advice::app_access:
      return say(
          "Администратор портала закрыл доступ к приложению ({}) – попросите открыть его "
          "тому, кто установил приложение.",
          "The portal's administrator has closed the access to the application ({}): ask "
          "for it for whoever installed it.",
          label(error));
    case Advice::add_scope:
      return say(
          "У приложения нет права «{}» (нужно для {}) – добавьте его в карточке приложения "
          "на портале.",
          "The application lacks the scope “{}” (needed for {}): add it on its card on the "
          "portal.",
          scope.empty() ? method : scope, method);
    case Advice::no_method:
      return say(
          "На портале нет метода {} ({}) – добавьте приложению право «{}» и проверьте, что "
          "этот раздел портала включён.",
          "The portal has no method {} ({}): add the scope “{}” to the application and "
          "check that this part of the portal is switched on.",
          method, label(error), scope.empty() ? method : scope);
    case Advice::more_rights:
      return say(
          "Тому, кто установил приложение, не хватает прав для {} ({}) – пусть администратор "
          "портала выполнит sudo b24watch authorize.",
          "Whoever installed the application lacks the rights for {} ({}): let an "
          "administrator of the portal run sudo b24watch authorize.",
          method, quoted(error));
    case Advice::not_for_webhooks:
      return say("Метод {} не разрешён приложениям ({}) – сообщите об этом разработчикам b24watch.",
                 "The method {} is not open to applications ({}): tell the developers of b24watch.",
                 method, quoted(error));
    case Advice::not_found:
      return say(
          "Портал не нашёл объект при вызове {} ({}) – он удалён или не виден тому, кто "
          "установил приложение.",
          "The portal did not find the object in {} ({}): it is deleted, or whoever "
          "installed the application may not see it.",
          method, quoted(error));
    default:
      return {};
  }
}

std::string sentence(Advice advice, const PortalError& error, std::string_view method, Way way) {
  if (way == Way::application) {
    if (std::string own = of_application(advice, error, method); !own.empty()) return own;
  }
  switch (advice) {
    case Advice::add_scope:
      return about_scope(method);
    case Advice::no_method:
      return about_method(error, method);
    case Advice::more_rights:
      return about_rights(error, method);
    case Advice::portal_fault:
    case Advice::method_rest:
      return fmt::format(fmt::runtime(by_method(advice).pick()), method, label(error));
    case Advice::not_for_webhooks:
    case Advice::confirm_method:
    case Advice::not_found:
    case Advice::no_such_part:
    case Advice::report_us:
      return fmt::format(fmt::runtime(by_method(advice).pick()), method, quoted(error));
    default:
      return fmt::format(fmt::runtime(by_code(advice).pick()), label(error));
  }
}

}  // namespace

Reaction reaction_to(const PortalError& error) { return row_of(error).reaction; }

ErrorKind kind_of(Reaction reaction) {
  switch (reaction) {
    case Reaction::retry:
    case Reaction::retry_reads:
      return ErrorKind::unavailable;
    case Reaction::wait_method:
      return ErrorKind::wait_until;
    case Reaction::our_mistake:
      return ErrorKind::rejected;
    case Reaction::no_rights:
      return ErrorKind::no_rights;
    case Reaction::gone:
      return ErrorKind::gone;
    // A webhook has no token that could be refreshed; that of an application was.
    case Reaction::refresh:
    case Reaction::stop:
    case Reaction::vendor_block:
      return ErrorKind::blocked;
  }
  return ErrorKind::rejected;
}

Error to_error(const PortalError& error, std::string_view method, Way way) {
  const Row& row = row_of(error);
  // What a list does not find is its own kind of objects.
  const bool list = row.advice == Advice::not_found && method.ends_with(".list");
  return {kind_of(row.reaction),
          sentence(list ? Advice::no_such_part : row.advice, error, method, way)};
}

Error to_command_error(const PortalError& error, std::string_view method, Way way) {
  Error result = to_error(error, method, way);
  if (result.kind != ErrorKind::blocked) return result;
  return {ErrorKind::no_rights, sentence(Advice::more_rights, error, method, way)};
}

}  // namespace b24
