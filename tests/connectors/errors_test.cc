#include "connectors/bitrix24/errors.h"

#include <gtest/gtest.h>

#include "connectors/utf8.h"
#include "rules/base/language.h"

namespace b24 {
namespace {

TEST(ErrorsTest, DecidesByCodeWhateverItsCase) {
  const struct {
    const char* code;
    const char* description;
    int status;
    Reaction want;
  } cases[] = {
      {"QUERY_LIMIT_EXCEEDED", "Too many requests", 503, Reaction::retry},
      {"query_limit_exceeded", "", 200, Reaction::retry},
      {"OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429,
       Reaction::wait_method},
      {"OVERLOAD_LIMIT", "REST API is blocked due to overload.", 503, Reaction::vendor_block},
      {"INTERNAL_SERVER_ERROR", "", 500, Reaction::retry_reads},
      {"ERROR_UNEXPECTED_ANSWER", "", 200, Reaction::retry_reads},
      {"NO_AUTH_FOUND", "Wrong authorization data", 401, Reaction::stop},
      {"expired_token", "", 401, Reaction::refresh},
      {"EXPIRED_TOKEN", "", 401, Reaction::refresh},
      {"invalid_token", "", 401, Reaction::refresh},
      {"INVALID_CREDENTIALS", "Invalid request credentials", 401, Reaction::stop},
      {"insufficient_scope", "", 403, Reaction::no_rights},
      {"ACCESS_DENIED", "Access denied!", 403, Reaction::no_rights},
      {"ACCESS_DENIED", "REST is available only on commercial plans.", 403, Reaction::stop},
      {"ACCESS_DENIED", "REST доступен только на коммерческих тарифах", 403, Reaction::stop},
      {"ACCESS_DENIED", "Access denied! Application context required", 403, Reaction::our_mistake},
      {"user_access_error", "", 403, Reaction::stop},
      {"WRONG_AUTH_TYPE", "", 403, Reaction::our_mistake},
      {"PAYMENT_REQUIRED", "Subscription has been ended", 401, Reaction::stop},
      {"PORTAL_DELETED", "Portal was deleted", 500, Reaction::stop},
      {"ERROR_METHOD_NOT_FOUND", "Method not found!", 404, Reaction::no_rights},
      {"INVALID_REQUEST", "Https required", 400, Reaction::our_mistake},
      {"ERROR_BATCH_LENGTH_EXCEEDED", "", 400, Reaction::our_mistake},
      {"ERROR_BATCH_METHOD_NOT_ALLOWED", "", 405, Reaction::our_mistake},
      {"ERROR_MANIFEST_IS_NOT_AVAILABLE", "", 404, Reaction::our_mistake},
      {"METHOD_CONFIRM_WAITING", "Waiting for confirmation", 401, Reaction::no_rights},
      {"METHOD_CONFIRM_DENIED", "Method call denied", 403, Reaction::no_rights},
      {"authorization_error", "Unable to authorize user", 401, Reaction::stop},
      {"APPLICATION_NOT_FOUND", "", 401, Reaction::stop},
      {"ERROR_OAUTH", "Application not installed", 401, Reaction::stop},
      {"NOT_INSTALLED", "", 401, Reaction::stop},
      {"wrong_client", "", 200, Reaction::stop},
      {"allowed_only_intranet_user", "", 403, Reaction::no_rights},
      {"INVALID_ARG_VALUE", "Invalid filter: field 'X' is not allowed in filter", 400,
       Reaction::our_mistake},
      {"ERROR_ARGUMENT", "", 400, Reaction::our_mistake},
      {"NOT_FOUND", "Element not found", 400, Reaction::gone},
      {"ENTITY_TYPE_NOT_SUPPORTED", "Entity type is not supported", 400, Reaction::no_rights},
      {"0", "SHIPMENT_DOCUMENT entity is not supported", 400, Reaction::no_rights},
      {"100", "Could not find value for parameter {entityTypeId}", 400, Reaction::our_mistake},
      {"0", "Invalid sorting key (internal error)", 400, Reaction::our_mistake},
      {"0", "Access denied. (internal error)", 400, Reaction::no_rights},
      {"", "Not found", 400, Reaction::gone},
      {"", "Элемент не найден", 400, Reaction::gone},
      {"", "Access denied.", 400, Reaction::no_rights},
      {"", "Доступ запрещён", 400, Reaction::no_rights},
      {"", "Parameter 'filter' must be array.", 400, Reaction::our_mistake},
      {"BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION", "", 400, Reaction::gone},
      {"BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION", "", 403, Reaction::no_rights},
      {"BITRIX_REST_V3_EXCEPTION_INSUFFICIENTSCOPEEXCEPTION", "", 403, Reaction::no_rights},
      {"BITRIX_REST_V3_EXCEPTION_METHODNOTFOUNDEXCEPTION", "", 404, Reaction::no_rights},
      {"BITRIX_REST_V3_EXCEPTION_INVALIDFILTEREXCEPTION", "", 400, Reaction::our_mistake},
      {"BITRIX_REST_V3_EXCEPTION_IDEMPOTENCYKEYREUSEDEXCEPTION", "", 422, Reaction::our_mistake},
      {"SOMETHING_NEW", "", 400, Reaction::our_mistake},
      {"SOMETHING_NEW", "", 502, Reaction::retry_reads},
      {"", "", 504, Reaction::retry_reads},
      {"", "", 429, Reaction::retry},
      {"", "", 403, Reaction::no_rights},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(static_cast<int>(reaction_to({c.code, c.description, c.status})),
              static_cast<int>(c.want))
        << c.code << " / " << c.description << " / " << c.status;
  }
}

TEST(ErrorsTest, SaysWhatHappenedAndWhatToDo) {
  const struct {
    PortalError error;
    const char* method;
    ErrorKind kind;
    const char* text;
  } cases[] = {
      {{"INVALID_CREDENTIALS", "Invalid request credentials", 401},
       "profile",
       ErrorKind::blocked,
       "Портал не принимает вебхук (INVALID_CREDENTIALS): он удалён, просрочен или скопирован не "
       "целиком – создайте новый входящий вебхук и впишите его адрес в настройки."},
      {{"authorization_error", "Unable to authorize user", 401},
       "profile",
       ErrorKind::blocked,
       "Портал не принимает вебхук (authorization_error): его владелец уволен или отключён – "
       "создайте вебхук от имени действующего администратора и впишите его адрес в настройки."},
      {{"insufficient_scope", "", 403},
       "voximplant.statistic.get",
       ErrorKind::no_rights,
       "У вебхука нет права «telephony» (нужно для voximplant.statistic.get) – добавьте его в "
       "настройках вебхука на портале."},
      {{"ERROR_METHOD_NOT_FOUND", "Method not found!", 404},
       "voximplant.statistic.get",
       ErrorKind::no_rights,
       "На портале нет метода voximplant.statistic.get (ERROR_METHOD_NOT_FOUND) – добавьте вебхуку "
       "право «telephony» и проверьте, что этот раздел портала включён."},
      {{"ACCESS_DENIED", "Access denied!", 403},
       "voximplant.statistic.get",
       ErrorKind::no_rights,
       "Владельцу вебхука не хватает прав для voximplant.statistic.get (ACCESS_DENIED: «Access "
       "denied!») – дайте ему право «Статистика звонков – просмотр» в телефонии портала."},
      {{"ACCESS_DENIED", "REST is available only on commercial plans.", 403},
       "profile",
       ErrorKind::blocked,
       "REST на этом портале закрыт: он есть только на коммерческих тарифах (ACCESS_DENIED) – "
       "смените тариф."},
      {{"", "Access denied.", 400},
       "crm.item.list",
       ErrorKind::no_rights,
       "Владельцу вебхука не хватает прав для crm.item.list (HTTP 400: «Access denied.») – "
       "создайте "
       "вебхук от имени администратора портала."},
      {{"OVERLOAD_LIMIT", "REST API is blocked due to overload.", 503},
       "batch",
       ErrorKind::blocked,
       "Битрикс24 вручную заблокировал REST этого портала (OVERLOAD_LIMIT) – снять блокировку "
       "может "
       "только поддержка Битрикс24, напишите в неё."},
      {{"PORTAL_DELETED", "Portal was deleted", 500},
       "batch",
       ErrorKind::blocked,
       "Портал удалён или закрыт (PORTAL_DELETED) – проверьте его адрес; если портал на своём "
       "сервере, откройте публичную часть сайта."},
      {{"PAYMENT_REQUIRED", "", 401},
       "batch",
       ErrorKind::blocked,
       "На портале закончилась подписка, без неё REST не работает (PAYMENT_REQUIRED) – продлите "
       "её."},
      {{"QUERY_LIMIT_EXCEEDED", "", 503},
       "batch",
       ErrorKind::unavailable,
       "Портал просит обращаться к нему реже (QUERY_LIMIT_EXCEEDED) – повторим позже."},
      {{"OPERATION_TIME_LIMIT", "", 429},
       "crm.item.list",
       ErrorKind::wait_until,
       "Портал просит отдохнуть от метода crm.item.list (OPERATION_TIME_LIMIT) – продолжим, когда "
       "он разрешит, обычно через несколько минут."},
      {{"INTERNAL_SERVER_ERROR", "", 500},
       "crm.item.list",
       ErrorKind::unavailable,
       "Сбой на стороне портала при вызове crm.item.list (INTERNAL_SERVER_ERROR) – повторим "
       "позже."},
      {{"INVALID_ARG_VALUE", "Invalid filter: field 'X' is not allowed in filter", 400},
       "crm.item.list",
       ErrorKind::rejected,
       "Портал отклонил вызов crm.item.list (INVALID_ARG_VALUE: «Invalid filter: field 'X' is not "
       "allowed in filter») – сообщите об этом разработчикам b24watch."},
      {{"NOT_FOUND", "Element not found", 400},
       "crm.item.get",
       ErrorKind::gone,
       "Портал не нашёл объект при вызове crm.item.get (NOT_FOUND: «Element not found») – он "
       "удалён "
       "или не виден владельцу вебхука."},
      {{"NOT_FOUND", "Smart process not found", 400},
       "crm.item.list",
       ErrorKind::gone,
       "Портал не даёт этих данных: crm.item.list (NOT_FOUND: «Smart process not found») – этот "
       "раздел CRM на нём выключен или ещё не поддерживается. Если раздел нужен, включите его на "
       "портале."},
      {{"0", "INVOICE entity is not supported", 400},
       "crm.stagehistory.list",
       ErrorKind::no_rights,
       "Портал не даёт этих данных: crm.stagehistory.list (HTTP 400: «INVOICE entity is not "
       "supported») – этот раздел CRM на нём выключен или ещё не поддерживается. Если раздел "
       "нужен, включите его на портале."},
  };
  for (const auto& c : cases) {
    const Error error = to_error(c.error, c.method);
    EXPECT_EQ(error.text, c.text);
    EXPECT_EQ(name(error.kind), std::string(name(c.kind))) << c.text;
  }
}

TEST(ErrorsTest, SpeaksEnglishWhenAsked) {
  set_language(Language::en);
  const Error scope = to_error({"insufficient_scope", "", 403}, "crm.item.list");
  const Error limit = to_error({"QUERY_LIMIT_EXCEEDED", "", 503}, "batch");
  set_language(Language::ru);
  EXPECT_EQ(
      scope.text,
      "The webhook lacks the scope “crm” (needed for crm.item.list): add it in the settings of "
      "the webhook on the portal.");
  EXPECT_EQ(limit.text,
            "The portal asks to be called less often (QUERY_LIMIT_EXCEEDED); we shall try again "
            "later.");
}

TEST(ErrorsTest, InsideABatchARefusalIsAboutTheCommand) {
  const PortalError refusal{"INVALID_CREDENTIALS", "Invalid request credentials", 200};
  EXPECT_EQ(to_error(refusal, "im.notify.system.add").kind, ErrorKind::blocked);
  EXPECT_EQ(to_command_error(refusal, "im.notify.system.add").kind, ErrorKind::no_rights);
  EXPECT_EQ(to_command_error({"NOT_FOUND", "", 200}, "crm.item.get").kind, ErrorKind::gone);
}

TEST(Utf8Test, MendsWhatIsNoUtf8) {
  EXPECT_EQ(repair_utf8("Сделка"), "Сделка");
  EXPECT_EQ(repair_utf8("a\xFF"
                        "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(repair_utf8("\xD0"), "\xEF\xBF\xBD");                  // cut in the middle
  EXPECT_EQ(repair_utf8("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");  // overlong
  EXPECT_EQ(repair_utf8("\xED\xA0\x80x"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx");  // surrogate
  EXPECT_EQ(clip_utf8("Сделка", 5), "Сд…");
  EXPECT_EQ(clip_utf8("a\nb", 10), "a b");
}

// Whoever comes as an application has no webhook to mend.
TEST(ErrorsTest, AnApplicationIsToldOfItself) {
  const PortalError refusals[] = {
      {"invalid_token", "", 401},          {"authorization_error", "", 401},
      {"user_access_error", "", 403},      {"insufficient_scope", "", 403},
      {"ERROR_METHOD_NOT_FOUND", "", 404}, {"ACCESS_DENIED", "", 403},
      {"WRONG_AUTH_TYPE", "", 403},        {"NOT_FOUND", "", 400}};
  for (const PortalError& refusal : refusals) {
    for (const Language language : {Language::ru, Language::en}) {
      set_language(language);
      const std::string text = to_error(refusal, "crm.item.get", Way::application).text;
      EXPECT_EQ(text.find("ебхук"), std::string::npos) << text;
      EXPECT_EQ(text.find("webhook"), std::string::npos) << text;
      EXPECT_NE(text.find(tr("риложени", "application")), std::string::npos) << text;
    }
  }
  set_language(Language::ru);
  EXPECT_EQ(to_error({"insufficient_scope", "", 403}, "crm.item.list", Way::application).text,
            "У приложения нет права «crm» (нужно для crm.item.list) – добавьте его в карточке "
            "приложения на портале.");
}

}  // namespace
}  // namespace b24
