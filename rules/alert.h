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
//               \-> firing                     once its number is clearly worse than then
//
// An alert's identity is rule + key. An episode is one stretch of firing; it numbers the messages,
// so that a later episode is news and not a repeat. State survives restarts and reloads; time that
// passed while nobody watched does not count towards `for`.
//
// An end is `resolved` only when what was watched got well. A rule that was edited, or a person
// who is no longer watched, ends alerts too (`dropped`), and nobody is told of a recovery.

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
  double value = 0;          // latest; of a known alert, the best since it is known
  double norm = 0;
  std::map<std::string, Value> fields;
  std::vector<Item> items;
};

// Why a step changed something; also the word in the journal.
enum class Transition {
  none,
  started,
  fired,
  became_known,
  continued,
  resolved,
  dropped,
  vanished
};
std::string_view name(Transition transition);

struct StepOptions {
  seconds hold{0};
  // A firing alert ends only when the condition has not held for this long.
  seconds keep{0};
  // Longest gap between two evaluations that still counts as watching.
  seconds watch_gap{600};
  // After a longer gap a pending alert starts again from zero.
  seconds outage{3600};
  // The first look at this rule, or the first since its condition was edited: what holds is known,
  // not news, and what no longer holds is dropped.
  bool first_look = false;
  // Of the finding against the alert, by worse_by(): at 1 a known alert fires, once it has held
  // long enough.
  double worse_by = 0;
};

// How much worse a number is than it was, in units of the rule's `worse_by_percent`; negative when
// it is better. Zero for `each`: the age of an object grows by itself.
double worse_by(const Rule& rule, double was, double value, double norm);

struct StepResult {
  std::optional<Alert> alert;  // nothing: the alert is over and forgotten
  Transition transition = Transition::none;
};

// Advances one alert. `alert` is what is stored, or nothing; `finding` is what holds now, or null.
// A resolved alert is kept as such, with the value last seen (its episode number is remembered).
StepResult step(const std::optional<Alert>& alert, const Finding* finding,
                const StepOptions& options, Time now);

// One rule's judgement against its stored alerts. Returned are all alerts as they are now, those
// that nothing happened to included; `gone` lists the keys to forget. An alert without a finding
// whose manager the rule could not judge (a Silence) stays untouched; one whose manager is no
// longer watched is dropped. All three are ordered by key.
struct RuleStep {
  std::vector<Alert> alerts;
  std::vector<AlertKey> gone;
  std::vector<std::pair<AlertKey, Transition>> transitions;  // without Transition::none
};
RuleStep step_rule(const Rule& rule, const std::vector<Alert>& stored, const Judgement& judgement,
                   const People& people, bool first_look, Time now);

}  // namespace b24
