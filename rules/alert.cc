#include "rules/alert.h"

#include <algorithm>

namespace b24 {
namespace {

constexpr std::pair<AlertState, std::string_view> kStateNames[] = {
    {AlertState::pending, "pending"},
    {AlertState::firing, "firing"},
    {AlertState::known, "known"},
    {AlertState::resolved, "resolved"},
};

bool is_over(const std::optional<Alert>& alert) {
  return !alert || alert->state == AlertState::resolved;
}

void enter(Alert& alert, AlertState state, Time now) {
  alert.state = state;
  alert.changed_at = now;
}

void take_over(Alert& alert, const Finding& finding) {
  alert.manager_id = finding.manager_id;
  alert.value = finding.value;
  alert.norm = finding.norm;
  alert.fields = finding.fields;
  alert.items = finding.items;
}

void fire(Alert& alert, Time now) {
  enter(alert, AlertState::firing, now);
  ++alert.episode;
}

// The condition begins. `before` is the earlier episode, or nothing.
StepResult begin(const std::optional<Alert>& before, const Finding& finding,
                 const StepOptions& options, Time now) {
  Alert alert;
  alert.rule_id = finding.rule_id;
  alert.key = finding.key;
  alert.episode = before ? before->episode : 0;
  alert.since = now;
  alert.seen_at = now;
  take_over(alert, finding);
  if (options.first_look) {
    enter(alert, AlertState::known, now);
    return {std::move(alert), Transition::became_known};
  }
  if (options.hold <= seconds{0}) {
    fire(alert, now);
    return {std::move(alert), Transition::fired};
  }
  enter(alert, AlertState::pending, now);
  return {std::move(alert), Transition::started};
}

// Ends what was never told. An earlier episode stays on record.
StepResult vanish(Alert alert, Time now) {
  if (alert.episode == 0) return {std::nullopt, Transition::vanished};
  enter(alert, AlertState::resolved, now);
  return {std::move(alert), Transition::vanished};
}

// The condition goes on: notes the time it was watched.
void observe(Alert& alert, const StepOptions& options, Time now) {
  const seconds gap = now - alert.seen_at;
  if (gap > options.outage && alert.state == AlertState::pending) {
    alert.held = seconds{0};
    alert.since = now;
  } else if (gap > seconds{0} && gap <= options.watch_gap) {
    alert.held += gap;
  }
  alert.seen_at = now;
}

StepResult go_on(Alert alert, const Finding& finding, const StepOptions& options, Time now) {
  observe(alert, options, now);
  take_over(alert, finding);
  const bool long_enough = alert.held >= options.hold;
  if (alert.state == AlertState::pending && long_enough) {
    fire(alert, now);
    return {std::move(alert), Transition::fired};
  }
  if (alert.state == AlertState::firing && !long_enough && !finding.clearing) {
    enter(alert, AlertState::pending, now);
  }
  return {std::move(alert), Transition::continued};
}

}  // namespace

std::string_view name(AlertState state) {
  for (const auto& [value, word] : kStateNames) {
    if (value == state) return word;
  }
  return "unknown";
}

std::optional<AlertState> alert_state_named(std::string_view word) {
  for (const auto& [value, known] : kStateNames) {
    if (known == word) return value;
  }
  return std::nullopt;
}

std::string_view name(Transition transition) {
  switch (transition) {
    case Transition::none:
      return "none";
    case Transition::started:
      return "started";
    case Transition::fired:
      return "fired";
    case Transition::became_known:
      return "became_known";
    case Transition::continued:
      return "continued";
    case Transition::resolved:
      return "resolved";
    case Transition::vanished:
      return "vanished";
  }
  return "unknown";
}

StepResult step(const std::optional<Alert>& alert, const Finding* finding,
                const StepOptions& options, Time now) {
  if (is_over(alert)) {
    if (finding == nullptr || finding->clearing) return {alert, Transition::none};
    return begin(alert, *finding, options, now);
  }
  const bool untold = alert->state != AlertState::firing;
  if (finding == nullptr) {
    if (untold) return vanish(*alert, now);
    Alert ended = *alert;
    enter(ended, AlertState::resolved, now);
    return {std::move(ended), Transition::resolved};
  }
  if (finding->clearing && alert->state == AlertState::pending) return vanish(*alert, now);
  return go_on(*alert, *finding, options, now);
}

RuleStep step_rule(const Rule& rule, const std::vector<Alert>& stored, const Judgement& judgement,
                   bool first_look, Time now) {
  struct Pair {
    const Alert* alert = nullptr;
    const Finding* finding = nullptr;
  };
  std::map<AlertKey, Pair> pairs;
  for (const Alert& alert : stored) pairs[alert.key].alert = &alert;
  for (const Finding& finding : judgement.findings) pairs[finding.key].finding = &finding;
  std::set<std::int64_t> silent;
  for (const Silence& silence : judgement.silences) silent.insert(silence.manager_id);

  StepOptions options;
  options.hold = rule.hold;
  options.first_look = first_look;
  RuleStep result;
  for (const auto& [key, pair] : pairs) {
    const bool unseen = pair.finding == nullptr && silent.contains(pair.alert->manager_id);
    if (unseen) continue;
    const auto before = pair.alert != nullptr ? std::optional{*pair.alert} : std::nullopt;
    StepResult stepped = step(before, pair.finding, options, now);
    if (stepped.transition == Transition::none) continue;
    result.transitions.emplace_back(key, stepped.transition);
    if (stepped.alert) {
      result.alerts.push_back(std::move(*stepped.alert));
    } else {
      result.gone.push_back(key);
    }
  }
  return result;
}

}  // namespace b24
