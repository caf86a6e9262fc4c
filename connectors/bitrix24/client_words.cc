#include "connectors/bitrix24/client_words.h"

#include "connectors/say.h"

namespace b24 {

Error unreadable_answer(Way way, const std::string& host, const HttpAnswer& answer) {
  if (answer.status == 404 && way == Way::application) {
    return error(ErrorKind::unavailable,
                 say("По адресу {} отвечает не REST Битрикс24 (HTTP 404) – проверьте "
                     "portal.application.address в настройках.",
                     "What answers at {} is not the REST of Bitrix24 (HTTP 404): check "
                     "portal.application.address in the settings.",
                     host));
  }
  if (answer.status == 404) {
    return error(
        ErrorKind::unavailable,
        say("По адресу {} отвечает не REST Битрикс24 (HTTP 404) – проверьте адрес вебхука.",
            "What answers at {} is not the REST of Bitrix24 (HTTP 404): check the address "
            "of the webhook.",
            host));
  }
  if (answer.body.find_first_not_of(" \t\r\n") == std::string::npos) {
    return error(ErrorKind::unavailable,
                 say("Портал {} прислал пустой ответ (HTTP {}) – повторим позже.",
                     "The portal {} sent an empty answer (HTTP {}); we shall try again later.",
                     host, answer.status));
  }
  if (answer.body[answer.body.find_first_not_of(" \t\r\n")] == '{') {
    return error(ErrorKind::unavailable,
                 say("Ответ портала {} оборван или испорчен (HTTP {}) – повторим позже.",
                     "The answer of the portal {} is cut or spoilt (HTTP {}); we shall try again "
                     "later.",
                     host, answer.status));
  }
  return error(
      ErrorKind::unavailable,
      say("Портал {} прислал страницу вместо данных (HTTP {}) – повторим позже.",
          "The portal {} sent a page in place of data (HTTP {}); we shall try again later.", host,
          answer.status));
}

Error points_elsewhere(Way way, const std::string& host, const std::string& target) {
  const std::string named = target.empty() ? "" : " (" + target + ")";
  if (way == Way::application) {
    return error(ErrorKind::blocked,
                 say("Портал {} отсылает на другой адрес{} – если он переехал, впишите новый адрес "
                     "портала в portal.application.address.",
                     "The portal {} points to another address{}: if it has moved, put the new "
                     "address of the portal into portal.application.address.",
                     host, named));
  }
  return error(ErrorKind::blocked,
               say("Портал {} отсылает на другой адрес{} – если он переехал, впишите новый адрес "
                   "вебхука в настройки.",
                   "The portal {} points to another address{}: if it has moved, put the new "
                   "address of the webhook into the settings.",
                   host, named));
}

}  // namespace b24
