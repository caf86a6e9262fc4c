#pragma once

#include <cstdint>
#include <string>

#include "rules/base/result.h"

// A message to one person, as the judgement words it and a connector delivers it.

namespace b24 {

// `tag` names the message towards the portal: a later notice with the same tag and recipient
// replaces the earlier one, so sending a notice twice shows it once.
struct Notice {
  std::int64_t id = 0;         // of the outbox row; grows with time
  std::int64_t recipient = 0;  // the portal's user id
  std::string tag;
  std::string text;   // BB code, for the bell
  std::string plain;  // the same without mark-up, for e-mail and push

  friend bool operator==(const Notice&, const Notice&) = default;
};

// Brings notices to people. Implemented by connectors; called by the sender thread only.
class Notifier {
 public:
  virtual ~Notifier() = default;
  // The portal's id of the message. After `unavailable` nobody can say whether it was shown.
  virtual Result<std::int64_t> deliver(const Notice& notice) = 0;
};

}  // namespace b24
