#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/evaluate.h"

// The life of an alert, as a state machine with `now` as an argument.
//
//   (none) -> pending -> firing -> resolved -> (a new episode)
//                \-> (none), silently
//   (none) -> known -> resolved-silently       what already held when we first looked
//
// An alert's identity is rule + key. An episode is one stretch of firing; it numbers the messages,
// so that a later episode is news and not a repeat. State survives restarts and reloads; time that
// passed while nobody watched does not count towards `for`.

namespace b24 {

enum class AlertState { pending, firing, known, resolved };
std::string_view name(AlertState state);
std::optional<AlertState> alert_state_named(std::string_view word);

struct Alert {
  std::string rule_id;
  AlertKey key;
  std::int64_t manager_id = 0;
  AlertState state = AlertState::pending;
  std::int64_t episode = 0;  // counts the firings of this rule and key, from 1
  Time since;                // when the condition was first seen in this stretch
  Time changed_at;           // when the state was entered
  Time seen_at;              // the last evaluation that found the condition to hold
  seconds held{0};           // observed time of the condition in this stretch, for `for`
  double value = 0;          // latest
  double norm = 0;
  std::map<std::string, Value> fields;
  std::vector<Item> items;
};

// Why a step changed something; also the word in the journal.
enum class Transition { none, started, fired, became_known, continued, resolved, vanished };
std::string_view name(Transition transition);

struct StepOptions {
  seconds hold{0};
  // Longest gap between two evaluations that still counts as watching.
  seconds watch_gap{600};
  // After a longer gap a pending alert starts again from zero.
  seconds outage{3600};
  // The first look at this rule ever: what holds is known, not news.
  bool first_look = false;
};

struct StepResult {
  std::optional<Alert> alert;  // nothing: the alert is over and forgotten
  Transition transition = Transition::none;
};

// Advances one alert. `alert` is what is stored, or nothing; `finding` is what holds now, or null.
// A resolved alert is kept as such, with the value last seen (its episode number is remembered).
StepResult step(const std::optional<Alert>& alert, const Finding* finding,
                const StepOptions& options, Time now);

// One rule's judgement against its stored alerts. Returned alerts replace the stored ones with the
// same key; `gone` lists the keys to forget. An alert without a finding whose manager the rule
// could not judge (a Silence) stays untouched. All three are ordered by key.
struct RuleStep {
  std::vector<Alert> alerts;
  std::vector<AlertKey> gone;
  std::vector<std::pair<AlertKey, Transition>> transitions;  // without Transition::none
};
RuleStep step_rule(const Rule& rule, const std::vector<Alert>& stored, const Judgement& judgement,
                   bool first_look, Time now);

}  // namespace b24
