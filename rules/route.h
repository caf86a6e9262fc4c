#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
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
  double told_value = 0;       // the worst value in it; for `each`, the greatest age
  std::vector<AlertKey> keys;  // of the alerts it spoke of, sorted
  std::string text_hash;       // of its latest text
};

// The portal-side name of a message: same for every version of it, new for a new episode.
// "b24watch:deal_stuck_stage:m17:u5:e2".
std::string tag_of(const Message& message);

struct Outgoing {
  Message message;                    // as it is to be stored
  Notice notice;                      // id 0
  std::vector<ObjectRef> named = {};  // in the text, not those that "…ещё N" counts
};

struct RouteInput {
  const RuleSet& rules;
  const People& people;
  const Calendar& calendar;
  std::string portal_url;  // "https://example.bitrix24.ru", for links; no trailing slash
  Time now;
  std::set<std::int64_t> away{};  // recipients who are absent today
  bool quiet = false;             // outside the hours in which people are told anything
};

// Whether the rule's condition was edited since it was last judged, or the portal was restored from
// a backup.
enum class Condition { same, edited, restored };

// Decides for one rule: given all its alerts after the step and its stored messages.
//
// Speaks when a message opens (any alert fires), when a new object joins or fires again, when the
// number is worse by `worse_by_percent` than was told, not sooner than group.wait after the last
// text; when some of it is over (an object left, or the number is that much better), but not sooner
// than kReliefWait: good news must not ring all day; and when all its alerts are over (the closing
// text replaces it). What is due is decided from the stored state alone, so a change that had to
// wait is told by the first call after the wait, and nothing is said while `quiet`. The age of an
// object is no number in this sense: it grows by itself.
//
// Closing texts speak of a recovery only if there was one: not for a manager who is no longer
// watched, nor when the rule was edited (that is said at once, quiet or not: somebody is at work),
// nor when the portal was restored from a backup.
//
// Who stands in for an absent recipient is not told what that one knows already.
//
// Says nothing about known alerts. An alert that went back to pending, because its rule now wants a
// longer `for`, keeps its message open and unchanged. Whoever is no longer a recipient hears of the
// end of what he was told, and of nothing else; a dismissed one hears nothing.
//
// At most kMessageLength visible characters: item lines give way first, the rest is "…ещё N".
std::vector<Outgoing> route(const Rule& rule, const std::vector<Alert>& alerts,
                            const std::vector<Message>& messages, const RouteInput& input,
                            Condition condition = Condition::same);
inline constexpr std::size_t kMessageLength = 600;
inline constexpr seconds kReliefWait{24 * 60 * 60};

// Closes the open messages of a rule that was removed or switched off. `rule_name` is what people
// know it by.
std::vector<Outgoing> close_removed(std::string_view rule_name,
                                    const std::vector<Message>& messages, const RouteInput& input);

// One message of what already holds, by rule, to each recipient, instead of a flood: at the first
// start, and for rules that are new or edited. Tagged "b24watch:start:u5:e1" and stored under the
// rule id kStartRule, closed; `earlier` are those stored. At most kSummaryLength visible
// characters. Empty when nothing holds. Comes at once, quiet or not: somebody has just set this up.
enum class Occasion { first_start, rules_changed, portal_restored };
std::vector<Outgoing> summary(const std::vector<Alert>& known, Occasion occasion,
                              const std::vector<Message>& earlier, const RouteInput& input);
inline constexpr std::size_t kSummaryLength = 2500;
inline constexpr std::string_view kStartRule = "b24watch:start";

// What the router adds to the columns of the query, for checking a rule's templates (text.h says
// what the names mean): in `text` and `resolved`, and in `item`.
const std::set<std::string>& message_names(const Rule& rule);
const std::set<std::string>& item_names(const Rule& rule);

}  // namespace b24
