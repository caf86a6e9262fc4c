#include "rules/alert.h"

#include <algorithm>
#include <cmath>

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

StepResult end(Alert alert, Transition why, Time now) {
  enter(alert, AlertState::resolved, now);
  return {std::move(alert), why};
}

// Ends without a recovery: nobody looks any more.
StepResult drop(Alert alert, Time now) {
  return alert.state == AlertState::firing ? end(std::move(alert), Transition::dropped, now)
                                           : vanish(std::move(alert), now);
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

// What held from the first look on was never told; it is when it gets clearly worse.
StepResult stay_known(Alert alert, const Finding& finding, const StepOptions& options, Time now) {
  observe(alert, options, now);
  const double best = options.worse_by > 0 ? alert.value : finding.value;
  take_over(alert, finding);
  if (options.worse_by >= 1 && !finding.clearing && alert.held >= options.hold) {
    fire(alert, now);
    return {std::move(alert), Transition::fired};
  }
  alert.value = best;
  return {std::move(alert), Transition::continued};
}

StepResult go_on(Alert alert, const Finding& finding, const StepOptions& options, Time now) {
  if (alert.state == AlertState::known) return stay_known(std::move(alert), finding, options, now);
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

StepOptions options_of(const Rule& rule, bool first_look) {
  StepOptions options;
  options.hold = rule.hold;
  options.keep = rule.keep_firing;
  options.first_look = first_look;
  return options;
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
    case Transition::dropped:
      return "dropped";
    case Transition::vanished:
      return "vanished";
  }
  return "unknown";
}

double worse_by(const Rule& rule, double was, double value, double norm) {
  if (std::holds_alternative<EachShape>(rule.shape) || value == was) return 0;
  const double whole = std::holds_alternative<CompareShape>(rule.shape) ? norm : was;
  // A hair less, so that binary fractions do not decide about "exactly 20 %".
  const double unit = std::abs(whole) * rule.worse_by_percent / 100 * (1 - 1e-9);
  const double worse = lower_is_worse(rule) ? was - value : value - was;
  return unit > 0 ? worse / unit : std::copysign(1, worse);
}

StepResult step(const std::optional<Alert>& alert, const Finding* finding,
                const StepOptions& options, Time now) {
  if (is_over(alert)) {
    if (finding == nullptr || finding->clearing) return {alert, Transition::none};
    return begin(alert, *finding, options, now);
  }
  const bool untold = alert->state != AlertState::firing;
  if (finding == nullptr) {
    if (untold || options.first_look) return drop(*alert, now);
    const seconds gone = now - alert->seen_at;  // below zero when the clock was set back
    if (gone >= seconds{0} && gone < options.keep) return {alert, Transition::continued};
    return end(*alert, Transition::resolved, now);
  }
  if (finding->clearing && alert->state == AlertState::pending) return vanish(*alert, now);
  return go_on(*alert, *finding, options, now);
}

RuleStep step_rule(const Rule& rule, const std::vector<Alert>& stored, const Judgement& judgement,
                   const People& people, bool first_look, Time now) {
  struct Pair {
    const Alert* alert = nullptr;
    const Finding* finding = nullptr;
  };
  std::map<AlertKey, Pair> pairs;
  for (const Alert& alert : stored) pairs[alert.key].alert = &alert;
  for (const Finding& finding : judgement.findings) pairs[finding.key].finding = &finding;
  std::set<std::int64_t> silent;
  for (const Silence& silence : judgement.silences) silent.insert(silence.manager_id);

  StepOptions options = options_of(rule, first_look);
  RuleStep result;
  for (const auto& [key, pair] : pairs) {
    const auto before = pair.alert != nullptr ? std::optional{*pair.alert} : std::nullopt;
    StepResult stepped{before, Transition::none};
    if (pair.finding == nullptr && !is_over(before) && !people.is_manager(before->manager_id)) {
      stepped = drop(*before, now);
    } else if (pair.finding != nullptr || !silent.contains(before->manager_id)) {
      options.worse_by =
          before && pair.finding != nullptr
              ? worse_by(rule, before->value, pair.finding->value, pair.finding->norm)
              : 0;
      options.keep = judgement.unkept.contains(key) ? seconds{0} : rule.keep_firing;
      stepped = step(before, pair.finding, options, now);
    }
    if (stepped.transition != Transition::none) {
      result.transitions.emplace_back(key, stepped.transition);
    }
    if (stepped.alert) {
      result.alerts.push_back(std::move(*stepped.alert));
    } else if (before) {
      result.gone.push_back(key);
    }
  }
  return result;
}

}  // namespace b24
