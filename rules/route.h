#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rules/alert.h"
#include "rules/base/notice.h"

// Who is told what, and when a message is replaced or closed. A message belongs to one rule, one
// manager and one recipient, and lives as long as any alert in it fires. Pure.

namespace b24 {

// What we remember of a message between evaluations.
struct Message {
  std::string rule_id;
  std::int64_t manager_id = 0;
  std::int64_t recipient = 0;
  std::int64_t episode = 0;  // counts the messages of this rule, manager and recipient, from 1
  bool open = false;
  Time opened_at;
  Time told_at;                // when its latest text was queued
  double told_value = 0;       // the worst value in it
  std::vector<AlertKey> keys;  // of the alerts it spoke of, sorted
  std::string text_hash;       // of its latest text
};

// The portal-side name of a message: same for every version of it, new for a new episode.
// "b24watch:deal_stuck_stage:m17:u5:e2".
std::string tag_of(const Message& message);

struct Outgoing {
  Message message;  // as it is to be stored
  Notice notice;    // id 0
};

struct RouteInput {
  const RuleSet& rules;
  const People& people;
  const Calendar& calendar;
  std::string portal_url;  // "https://example.bitrix24.ru", for links; no trailing slash
  Time now;
};

// Decides for one rule: given its alerts after the step and its stored messages.
// Speaks when a message opens (any alert fires), when a new object joins, when the number is worse
// by `worse_by_percent` than was told, not sooner than group.wait after the last text; and when all
// its alerts are over (the closing text replaces it). Says nothing about known alerts.
std::vector<Outgoing> route(const Rule& rule, const std::vector<Alert>& alerts,
                            const std::vector<Message>& messages, const RouteInput& input);

// The one message of the first start: what already holds, by rule, to each recipient. Empty when
// nothing holds.
std::vector<Outgoing> first_summary(const std::vector<Alert>& known, const RouteInput& input);

}  // namespace b24
