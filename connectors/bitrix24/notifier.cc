#include "connectors/bitrix24/notifier.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "rules/base/language.h"

namespace b24 {
namespace {

constexpr std::string_view kMethod = "im.notify.system.add";

// The id of the message: 12345 or "12345"; nothing for `false`.
std::optional<std::int64_t> message_id(std::string_view result) {
  while (!result.empty() && (result.front() == '"' || result.front() == ' '))
    result.remove_prefix(1);
  while (!result.empty() && (result.back() == '"' || result.back() == ' ')) result.remove_suffix(1);
  std::int64_t id = 0;
  const auto [end, fault] = std::from_chars(result.data(), result.data() + result.size(), id);
  if (fault != std::errc{} || end != result.data() + result.size() || id <= 0) return std::nullopt;
  return id;
}

}  // namespace

BellNotifier::BellNotifier(Client& client, std::stop_token stop)
    : client_(client), stop_(std::move(stop)) {}

Result<std::int64_t> BellNotifier::deliver(const Notice& notice) {
  const Params params = {{"USER_ID", notice.recipient},
                         {"MESSAGE", notice.text},
                         {"MESSAGE_OUT", notice.plain},
                         {"TAG", notice.tag},
                         {"CLIENT_ID", kClientId}};
  // A repeat is as harmless as a read: the tag makes it replace the first one.
  const auto answer = client_.call(kMethod, params, Effect::read, stop_);
  if (!answer) return answer.error();
  if (const auto id = message_id(answer->result)) return *id;
  return error(ErrorKind::gone,
               fmt::format(fmt::runtime(tr("Портал не принял уведомление для пользователя {} – "
                                           "проверьте, что он работает и может получать "
                                           "уведомления.",
                                           "The portal did not take the notification for the user "
                                           "{}: check that he is active and may be notified.")),
                           notice.recipient));
}

}  // namespace b24
