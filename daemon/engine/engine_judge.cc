#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "daemon/engine/engine.h"
#include "daemon/engine/log.h"
#include "daemon/engine/pace.h"
#include "daemon/engine/unknown.h"

// The engine's second half: what the rules say of the mirror, and what people are told of it.

namespace b24 {
namespace {

// A message names a few objects; an alert need not remember thousands.
constexpr std::size_t kKeptItems = 50;
// A stream that fails for so long is not waited for before the first look at the rules.
constexpr seconds kPatience{3600};
// How often cards that may have been paid meanwhile are asked again.
constexpr hours kPaymentsAgain{6};
// So long after a start or a reload the first summary comes at any hour.
constexpr seconds kSetUp{3600};

// What a rule's condition was when it was last judged, what people know the rule by, and since when
// anything is judged at all.
std::string look_meta(const std::string& rule_id) { return "looked:" + rule_id; }
std::string name_meta(const std::string& rule_id) { return "rule_name:" + rule_id; }
constexpr const char* kWatchingMeta = "watching_since";
// In place of a condition: the mirror was begun anew since.
constexpr const char* kBegunAnew = "begun anew";

Condition since_last_look(const std::string& looked, bool first_look) {
  if (!first_look || looked.empty()) return Condition::same;
  return looked == kBegunAnew ? Condition::restored : Condition::edited;
}

const Alert* alert_of(const RuleStep& step, const AlertKey& key) {
  const auto found = std::ranges::lower_bound(step.alerts, key, {}, &Alert::key);
  return found != step.alerts.end() && found->key == key ? &*found : nullptr;
}

}  // namespace

bool Engine::mirror_ready(Time now) {
  std::set<Entity> asked_for;
  for (const Rule& rule : rules_.rules) {
    if (const auto known = reads(rule); rule.enabled && known)
      asked_for.merge(std::set(known->entities));
  }
  return std::all_of(std::begin(kEntities), std::end(kEntities), [&](Entity entity) {
    if (spec(entity).optional && !asked_for.contains(entity)) return true;
    const auto found = streams_.find(entity);
    if (found == streams_.end()) return false;
    if (found->second.full_done || found->second.refused) return true;
    const auto troubled = troubled_since_.find(entity);
    return troubled != troubled_since_.end() && now - troubled->second >= kPatience;
  });
}

bool Engine::is_quiet(Time now) const {
  return config_.notify_hours == Config::NotifyHours::working &&
         !around_.calendar.is_working_time(now);
}

Result<Reads> Engine::reads(const Rule& rule) {
  const auto known = reads_.find(rule.id);
  if (known != reads_.end()) return known->second;
  auto found = judge_.reads(rules_, rule);
  if (found) reads_.emplace(rule.id, *found);
  return found;
}

std::optional<std::string> Engine::stale(const Rule& rule, Time now) {
  const auto known = reads(rule);
  if (!known) return known.error().text;
  const Pace polls{config_.portal.poll, config_.portal.poll_quiet};
  for (const Detail detail : known->details) {
    if (!is_asked_for(detail)) continue;
    const DetailState& state = details_[detail];
    if (state.refused && spec(detail).dispensable) continue;
    // Where its owners are refused, the owners' stream says so below.
    if (state.refused || (!state.full_done && !streams_[spec(detail).owner].refused)) {
      return fmt::format("{} details={}", state.refused ? "not given" : "not read yet",
                         name(detail));
    }
    if (spec(detail).dispensable || !state.full_done) continue;
    const seconds pace = pace_at(polls, around_.calendar, now);
    const seconds allowed = std::max(rule.fresh, pace * 2 + spec(detail).open_again);
    if (!state.fresh_at || *state.fresh_at > now || now - *state.fresh_at > allowed) {
      return fmt::format("mirror too old details={}", name(detail));
    }
  }
  std::set<Entity> needed = known->entities;
  // Who is judged, and by whom it is heard.
  needed.insert({Entity::user, Entity::department});
  if (config_.people.departments.empty()) needed.insert(Entity::deal);
  for (const Entity entity : needed) {
    const StreamState& state = streams_[entity];
    // Nothing is fresher than the pace it is asked for at.
    const EntitySpec& list = spec(entity);
    const seconds pace =
        list.renewal == Renewal::whole ? list.every : pace_at(polls, around_.calendar, now);
    const seconds allowed = std::max(rule.fresh, pace * 2);
    if (list.dispensable && state.refused && !state.full_done) continue;
    if (!state.full_done) {
      return fmt::format("{} entity={}", state.refused ? "not given" : "not read yet",
                         name(entity));
    }
    const bool ahead = state.fresh_at && *state.fresh_at > now;  // our clock was set back
    if (!state.fresh_at || ahead || now - *state.fresh_at > allowed) {
      return fmt::format("mirror too old entity={}", name(entity));
    }
  }
  return std::nullopt;
}

bool Engine::is_asked_for(Detail detail) {
  if (detail != Detail::deal_payment && detail != Detail::invoice_payment) return true;
  // Whoever gives the list of payments is not asked by deals: until it is read or refused nobody
  // knows.
  const StreamState& payments = streams_[Entity::payment];
  const StreamState& orders = streams_[Entity::order_link];
  const bool read = payments.full_done && orders.full_done;
  return !read && (payments.refused || orders.refused);
}

void Engine::ask_for_details(Time now) {
  std::set<Detail> needed;
  for (const Rule& rule : rules_.rules) {
    if (const auto known = reads(rule); rule.enabled && known) {
      needed.insert(known->details.begin(), known->details.end());
    }
  }
  std::erase_if(needed, [&](Detail detail) { return !is_asked_for(detail); });
  const bool again =
      (needed.contains(Detail::deal_payment) || needed.contains(Detail::invoice_payment)) &&
      clock_.steady_now() >= payments_again_at_;
  if (needed == needed_ && !again) return;
  Writer::Transaction transaction{writer_};
  if (needed != needed_) writer_.need_details(needed, now);
  if (again) writer_.want_payments_again(now);
  transaction.commit();
  // The puller hears of it when the wishes are there: without any it would think all were read.
  options_.needed->set(needed);
  needed_ = std::move(needed);
  if (again) payments_again_at_ = clock_.steady_now() + kPaymentsAgain;
  for (const DetailState& state : reader_.details()) details_[state.detail] = state;
}

void Engine::complain(const std::string& rule_id, const std::string& problem) {
  std::string& known = complaints_[rule_id];
  if (known == problem) return;
  if (problem.empty()) {
    log::info("rule judged again rule={}", rule_id);
  } else {
    log::warn("rule waits rule={} why={}", rule_id, log::quoted(problem));
  }
  known = problem;
}

std::optional<Engine::Outcome> Engine::judge_rule(const Rule& rule, Time now) {
  if (const auto why = stale(rule, now)) {
    complain(rule.id, *why);
    return std::nullopt;
  }
  const std::string looked = reader_.meta(look_meta(rule.id)).value_or("");
  const bool first_look = looked != fingerprint(rules_, rule, config_);
  // Whoever has just set this up wants to see it; others are not woken for a summary, nor for what
  // a restored portal no longer shows.
  const bool set_up = now - rules_from_ < kSetUp && looked != kBegunAnew;
  if (first_look && is_quiet(now) && !set_up) return std::nullopt;
  const std::vector<Alert> alerts = writer_.alerts(rule.id);
  StandingNorms standing;
  for (const Alert& alert : alerts) {
    const bool stands = alert.state == AlertState::firing || alert.state == AlertState::known;
    if (stands && !first_look) standing[alert.manager_id] = alert.norm;
  }
  auto judgement = judge_.judge(rules_, rule, around_, now, standing);
  if (!judgement) {
    complain(rule.id, judgement.error().text);
    return std::nullopt;
  }
  complain(rule.id, "");
  for (Finding& finding : judgement->findings) {
    if (finding.items.size() > kKeptItems) finding.items.resize(kKeptItems);
  }
  if (rule.keep_firing > seconds{0}) judgement->unkept = unkept(rule, alerts, *judgement);
  return Outcome{&rule, step_rule(rule, alerts, *judgement, around_.people, first_look, now),
                 first_look, since_last_look(looked, first_look)};
}

std::set<AlertKey> Engine::unkept(const Rule& rule, const std::vector<Alert>& alerts,
                                  const Judgement& judgement) {
  std::set<AlertKey> found;
  const auto messages = writer_.messages(rule.id);
  for (const Alert& alert : alerts) {
    if (alert.state != AlertState::firing) continue;
    const AlertKey& key = alert.key;
    const bool told = std::ranges::any_of(messages, [&](const Message& message) {
      return message.open && std::ranges::binary_search(message.keys, key);
    });
    const bool deleted =
        key.kind == AlertKey::Kind::object && !reader_.deleted(key.entity, {key.id}).empty();
    if (!told || deleted) found.insert(key);
  }
  for (const Finding& finding : judgement.findings) found.erase(finding.key);
  return found;
}

void Engine::judge_all(Time now) {
  ask_for_details(now);
  if (!mirror_ready(now)) return;
  refresh_surroundings();
  if (!judged_at_) {
    close_removed_rules(now);
    for (const Text& text : unknown_names(config_, reader_)) {
      log::warn("settings name what is not there text={}", log::quoted(text.pick()));
    }
  }
  std::vector<Outcome> outcomes;
  bool any_rule = false;
  for (const Rule& rule : rules_.rules) {
    if (!rule.enabled) continue;
    any_rule = true;
    turns_.fetch_add(1, std::memory_order_relaxed);  // a query may take seconds
    if (auto outcome = judge_rule(rule, now)) outcomes.push_back(std::move(*outcome));
  }
  // While no rule could be judged there is nothing to begin with.
  if (!outcomes.empty()) tell(outcomes, now);
  judged_at_ = now;
  changed_ = false;
  if (held_until_ && (!any_rule || !outcomes.empty())) end_restore();
  send_due(now);
}

RouteInput Engine::route_input(Time now) const {
  RouteInput input{rules_, around_.people, around_.calendar, options_.portal_url, now};
  const Day today = around_.calendar.day_of(now);
  for (const std::int64_t id : around_.people.possible_recipients()) {
    if (around_.absences.absent_on(id, today, around_.calendar)) input.away.insert(id);
  }
  input.quiet = is_quiet(now);
  return input;
}

void Engine::save(const Outcome& outcome, Time now) {
  const std::string& rule_id = outcome.rule->id;
  for (const AlertKey& key : outcome.step.gone) writer_.forget_alert(rule_id, key);
  for (const auto& [key, transition] : outcome.step.transitions) {
    const Alert* alert = alert_of(outcome.step, key);
    const bool found = alert != nullptr;
    if (found) writer_.save_alert(*alert);
    if (transition == Transition::continued) continue;
    writer_.journal(rule_id, key, transition, found ? alert->episode : 0, found ? alert->value : 0,
                    found ? alert->norm : 0, now);
    log::info("alert rule={} key={} change={}", rule_id, to_string(key), name(transition));
  }
  if (outcome.first_look) {
    writer_.set_meta(look_meta(rule_id), fingerprint(rules_, *outcome.rule, config_));
  }
  const std::string& name = outcome.rule->name.pick();
  if (writer_.meta(name_meta(rule_id)) != name) writer_.set_meta(name_meta(rule_id), name);
}

std::vector<Outgoing> Engine::begin_with(const std::vector<Outcome>& outcomes,
                                         const RouteInput& input) {
  std::vector<Alert> known;
  for (const Outcome& outcome : outcomes) {
    for (const auto& [key, transition] : outcome.step.transitions) {
      const Alert* alert = alert_of(outcome.step, key);
      if (transition == Transition::became_known && alert != nullptr) known.push_back(*alert);
    }
  }
  const bool restored = std::ranges::any_of(
      outcomes, [](const Outcome& outcome) { return outcome.condition == Condition::restored; });
  const Occasion occasion = !reader_.meta(kWatchingMeta) ? Occasion::first_start
                            : restored                   ? Occasion::portal_restored
                                                         : Occasion::rules_changed;
  return summary(known, occasion, writer_.messages(std::string{kStartRule}), input);
}

bool Engine::waits(const std::vector<ObjectRef>& named, Naming naming) {
  std::vector<ObjectRef> there;
  for (const ObjectRef& object : named) {
    if (reader_.deleted(object.entity, {object.id}).empty()) {
      there.push_back(object);
    } else if (naming == Naming::old) {
      return true;
    }
    // A rule that has just been judged and names what it knows to be deleted means it.
  }
  return !check_.confirmed(there);
}

void Engine::tell(const std::vector<Outcome>& outcomes, Time now) {
  const RouteInput input = route_input(now);
  const log::Held lines;
  Writer::Transaction transaction{writer_};
  const std::vector<Outgoing> beginning = begin_with(outcomes, input);
  // What is known from the start is told once: until then it is looked at for the first time.
  std::vector<ObjectRef> named;
  for (const Outgoing& out : beginning) {
    named.insert(named.end(), out.named.begin(), out.named.end());
  }
  const bool begins = !waits(named, Naming::fresh);
  for (const Outcome& outcome : outcomes) {
    if (outcome.first_look && !begins) continue;
    save(outcome, now);
    const std::vector<Alert>& alerts = outcome.step.alerts;
    for (const Outgoing& out : route(*outcome.rule, alerts, writer_.messages(outcome.rule->id),
                                     input, outcome.condition)) {
      const bool fresh = std::ranges::any_of(out.message.keys, [&](const AlertKey& key) {
        const Alert* alert = alert_of(outcome.step, key);
        return alert != nullptr && alert->seen_at == now;
      });
      if (!waits(out.named, fresh ? Naming::fresh : Naming::old)) put(out, now);
    }
  }
  if (begins) {
    for (const Outgoing& out : beginning) put(out, now);
    if (!reader_.meta(kWatchingMeta)) {
      writer_.set_meta(kWatchingMeta, std::to_string(to_unix(now)));
    }
  }
  transaction.commit();
  check_.judged();
}

void Engine::forget_looks() {
  for (const auto& [look, condition] : writer_.metas(look_meta(""))) {
    if (!condition.empty()) writer_.set_meta(look, kBegunAnew);
  }
}

void Engine::put(const Outgoing& out, Time now) {
  const Message& message = out.message;
  writer_.save_message(message);
  const auto unseen =
      message.open ? std::nullopt : writer_.unseen(out.notice.recipient, out.notice.tag);
  if (unseen && !in_flight_.contains(*unseen)) {
    writer_.withdraw(*unseen);
    log::info("message is over unseen rule={} manager={} recipient={} episode={}", message.rule_id,
              message.manager_id, message.recipient, message.episode);
    return;
  }
  writer_.queue(out.notice, now);
  log::info("message queued rule={} manager={} recipient={} episode={} open={}", message.rule_id,
            message.manager_id, message.recipient, message.episode, message.open);
}

void Engine::take_rules(const RulesLoaded& loaded) {
  rules_ = loaded.rules;
  rules_from_ = clock_.now();
  reads_.clear();
  complaints_.clear();
  log::info("rules loaded rules={} metrics={}", rules_.rules.size(), rules_.metrics.size());
  close_removed_rules(clock_.now());
  if (judged_at_) judge_all(clock_.now());
}

// A rule that is gone or switched off says so in its open messages and forgets its alerts.
void Engine::close_removed_rules(Time now) {
  const auto active = [&](const std::string& rule_id) {
    return std::any_of(rules_.rules.begin(), rules_.rules.end(),
                       [&](const Rule& rule) { return rule.enabled && rule.id == rule_id; });
  };
  const RouteInput input = route_input(now);
  const log::Held lines;
  Writer::Transaction transaction{writer_};
  std::set<std::string> removed;
  for (const Alert& alert : writer_.alerts()) {
    if (active(alert.rule_id)) continue;
    removed.insert(alert.rule_id);
    writer_.forget_alert(alert.rule_id, alert.key);
  }
  for (const auto& [name, condition] : writer_.metas(look_meta(""))) {
    const std::string rule_id = name.substr(look_meta("").size());
    if (!condition.empty() && !active(rule_id)) removed.insert(rule_id);
  }
  for (const std::string& rule_id : removed) {
    const std::string name = writer_.meta(name_meta(rule_id)).value_or(rule_id);
    for (const Outgoing& out : close_removed(name, writer_.messages(rule_id), input)) put(out, now);
    writer_.set_meta(look_meta(rule_id), "");
    log::info("rule removed rule={}", rule_id);
  }
  transaction.commit();
}

}  // namespace b24
