#pragma once

#include <stop_token>

#include "connectors/bitrix24/client.h"
#include "rules/base/notice.h"

namespace b24 {

// Delivers notices to the bell: im.notify.system.add with TAG and CLIENT_ID, so that a repeat or a
// newer text replaces the earlier one (portal docs: im-notify-system-add.md). Sender thread only.
class BellNotifier : public Notifier {
 public:
  BellNotifier(Client& client, std::stop_token stop);
  Result<std::int64_t> deliver(const Notice& notice) override;

 private:
  Client& client_;
  std::stop_token stop_;
};

// Our name towards the portal. Constant: with another one, earlier messages could not be replaced.
inline constexpr std::string_view kClientId = "b24watch";

}  // namespace b24
