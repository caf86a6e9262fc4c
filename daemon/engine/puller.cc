#include "daemon/engine/puller.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "connectors/say.h"
#include "daemon/engine/log.h"
#include "daemon/engine/offline_events.h"
#include "daemon/engine/surroundings.h"

namespace b24 {
namespace {

// Of hinted ids, which the request of a poll has room for.
constexpr std::size_t kPagesBesideAPoll = 20;
constexpr seconds kBackoffMost{300};
constexpr seconds kVerifyAfterStart{900};
// A refused connection is probed slowly: somebody has to act.
constexpr seconds kBlockedPause{600};

Error not_admin(const PortalFacts& facts) {
  if (facts.way == Way::application) {
    return error(ErrorKind::no_rights,
                 say("Приложение установил сотрудник без прав администратора (id {}): ему виден не "
                     "весь портал, и цифры были бы неверны. Пусть администратор портала выполнит "
                     "sudo b24watch authorize.",
                     "The application was installed by a user without administrator rights (id "
                     "{}): he does not see the whole portal, and the figures would be wrong. Let "
                     "an administrator of the portal run sudo b24watch authorize.",
                     facts.user_id));
  }
  return error(
      ErrorKind::no_rights,
      fmt::format(
          fmt::runtime(
              tr("Вебхук создан сотрудником без прав администратора (id {}): ему виден не весь "
                 "портал, и цифры были бы неверны. Создайте входящий вебхук под администратором.",
                 "The webhook belongs to a user without administrator rights (id {}): he does "
                 "not see the whole portal, and the figures would be wrong. Create the inbound "
                 "webhook as an administrator.")),
          facts.user_id));
}

}  // namespace

Puller::Puller(Client& client, Reader& reader, EventQueue& events, Hints& hints, Clock& clock,
               PullerOptions options)
    : client_(client),
      reader_(reader),
      events_(events),
      hints_(hints),
      clock_(clock),
      options_(std::move(options)),
      details_(client, reader, events, clock, options_.details),
      presence_(client, reader, events, clock, options_.presence),
      fates_(client, reader, events, hints, clock, options_.fate_requests) {
  load_states();
}

void Puller::load_states() {
  states_.clear();
  sweeps_.clear();
  filling_.reset();
  verifying_.reset();
  unfinished_.clear();
  differences_ = {};
  details_.load();
  for (const Entity entity : kEntities) states_[entity].entity = entity;
  for (const StreamState& state : reader_.streams()) {
    const EntitySpec& s = spec(state.entity);
    states_[state.entity] = state;
    const bool whole = s.renewal == Renewal::whole;
    list_due_[state.entity] = due_after(whole ? state.fresh_at : state.recent_at, s.every);
    sweep_due_[state.entity] = due_after(state.swept_at, options_.sweep_every);
  }
  const auto verified = kept_verification(reader_);
  // A start has other things to do first.
  verify_due_ = std::max(clock_.steady_now() + kVerifyAfterStart,
                         due_after(verified ? std::optional{verified->ended_at} : std::nullopt,
                                   options_.verify_every));
}

SteadyTime Puller::due_after(const std::optional<Time>& done, seconds every) const {
  const seconds passed = done ? clock_.now() - *done : every;
  return clock_.steady_now() + (every - std::clamp(passed, seconds{0}, every));
}

bool Puller::rests(Entity entity) const {
  const auto found = rest_until_.find(entity);
  return found != rest_until_.end() && clock_.steady_now() < found->second;
}

void Puller::renew(Renewed what) {
  std::erase_if(list_due_, [&](const auto& entry) {
    return what == Renewed::all || spec(entry.first).renewal == Renewal::whole;
  });
}

void Puller::know(const PortalFacts& facts) {
  portal_offset_ = facts.portal_offset;
  // The engine says what is wrong with a calendar; until then any hour is a working one.
  if (auto calendar = calendar_of(facts, options_.calendar)) calendar_ = std::move(*calendar);
  presence_.know(facts, calendar_);
}

seconds Puller::pace() const {
  return calendar_ ? pace_at(options_.pace, *calendar_, clock_.now()) : options_.pace.busy;
}

void Puller::assume(const PortalFacts& facts, Time read_at) {
  know(facts);
  facts_due_ = due_after(read_at, options_.facts_every);
}

void Puller::assume_presence(PresencePart part, Time read_at) {
  const PresenceOptions& every = options_.presence;
  const bool calendar = part == PresencePart::calendar;
  presence_.assume(part,
                   due_after(read_at, calendar ? every.calendars_every : every.presence_every));
}

Result<PortalFacts> Puller::read_facts(const std::stop_token& stop) {
  auto facts = read_portal_facts(client_, stop);
  if (!facts) return facts;
  if (!facts->admin) return not_admin(*facts);
  know(*facts);
  facts_due_ = clock_.steady_now() + options_.facts_every;
  events_.push(FactsRead{*facts}, stop);
  return facts;
}

std::vector<Puller::Plan> Puller::plan(Counts counts) {
  std::vector<Plan> plans;
  const auto add = [&](Mode mode, Entity entity, ListRequest request) {
    request.entity = entity;
    if (const auto found = unfinished_.find({entity, mode}); found != unfinished_.end()) {
      if (found->second.done) return;
      request = found->second.request;
    }
    plans.push_back({.mode = mode, .entity = entity, .request = std::move(request)});
  };
  const Time now = clock_.now();
  const SteadyTime steady = clock_.steady_now();
  const bool count_due = counts == Counts::now || steady >= count_due_;
  for (const EntitySpec& s : specs()) {
    if (rests(s.entity)) continue;
    const StreamState& state = states_.at(s.entity);
    const bool list_due = steady >= list_due_[s.entity];
    if (s.renewal == Renewal::whole) {
      if (list_due || !state.full_done) add(Mode::whole, s.entity, {});
      continue;
    }
    if (!state.full_done) {
      if (!s.optional) add(Mode::full, s.entity, {.after_id = state.cursor_id});
      continue;
    }
    if (s.renewal == Renewal::changed_since) {
      const Time since = state.watermark.value_or(now) - s.overlap;
      add(Mode::changed, s.entity, {.since = since});
      if (!s.also_filter.empty()) add(Mode::also_changed, s.entity, {.also_since = since});
    } else {
      add(Mode::newer, s.entity, {.after_id = state.cursor_id});
    }
    if (s.renewal == Renewal::recent_by && list_due) {
      add(Mode::recent, s.entity, {.recent_since = now - s.recent});
    }
    if (count_due || differences_.is_open(s.entity)) {
      add(Mode::count, s.entity, {.count_only = true});
    }
  }
  if (count_due) count_due_ = steady + options_.count_every;
  return plans;
}

std::vector<Puller::Plan> Puller::plan_optional() const {
  std::vector<Plan> plans;
  for (const EntitySpec& s : specs()) {
    const StreamState& state = states_.at(s.entity);
    const bool apart = s.optional && s.renewal != Renewal::whole;
    if (!apart || state.full_done || rests(s.entity)) continue;
    plans.push_back({.mode = Mode::full,
                     .entity = s.entity,
                     .request = {.entity = s.entity, .after_id = state.cursor_id}});
  }
  return plans;
}

Puller::Plan Puller::hinted(Entity entity, std::set<std::int64_t> ids) {
  return {.mode = Mode::hinted,
          .entity = entity,
          .request = {.entity = entity, .ids = {ids.begin(), ids.end()}},
          .missing = std::move(ids)};
}

std::vector<Puller::Plan> Puller::plan_hints() {
  std::vector<Plan> plans;
  for (auto& [entity, ids] : hints_.take()) {
    // An id of zero says only "something new": the poll itself finds it.
    std::erase_if(ids, [](std::int64_t id) { return id <= 0; });
    // What changes while a stream rests is found when it is read again.
    if (ids.empty() || rests(entity)) continue;
    plans.push_back(hinted(entity, std::move(ids)));
  }
  return plans;
}

void Puller::wait_for_changes(std::vector<Plan>& hints) {
  std::vector<Plan> now;
  std::size_t room = kPagesBesideAPoll;
  for (Plan& plan : hints) {
    const std::size_t pages = (plan.missing.size() + kPageRows - 1) / kPageRows;
    const bool by_changes = spec(plan.entity).renewal == Renewal::changed_since;
    if (pages > room && by_changes && states_.at(plan.entity).full_done) {
      awaited_[plan.entity] = std::move(plan.missing);
      continue;
    }
    room -= std::min(room, pages);
    now.push_back(std::move(plan));
  }
  hints = std::move(now);
}

void Puller::read_awaited(Counts counts, PassReport& report, const std::stop_token& stop) {
  std::vector<Plan> plans;
  for (auto& [entity, ids] : std::exchange(awaited_, {})) {
    if (report.error) {
      for (const std::int64_t id : ids) hints_.put_back({entity, id});
    } else if (!ids.empty()) {
      plans.push_back(hinted(entity, std::move(ids)));
    }
  }
  read(std::move(plans), counts, report, stop);
}

void Puller::read_details(Counts counts, PassReport& report, const std::stop_token& stop) {
  if (counts == Counts::when_due && clock_.steady_now() < details_due_) return;
  // As often as the polls, and no more often when a storm of hints asks for looks between them.
  details_due_ = clock_.steady_now() + pace();
  // What this pass has read is asked for as well.
  if (!commit(After::nothing, stop)) return;
  const auto pace =
      counts == Counts::now ? DetailPuller::Pace::now : DetailPuller::Pace::beside_polls;
  if (auto read = details_.read(pace, stop); !read) report.error = read.error();
}

bool Puller::commit(After after, const std::stop_token& stop) {
  PassDone done{after == After::judge, std::make_shared<std::promise<Committed>>(),
                client_.report()};
  auto committed = done.committed->get_future();
  if (!events_.push(done, stop)) return false;
  while (committed.wait_for(milliseconds{20}) != std::future_status::ready) {
    if (stop.stop_requested()) return false;
  }
  if (committed.get() == Committed::done) return true;
  load_states();
  begun_anew_ = true;
  return false;
}

void Puller::tell_trouble(const Error& why, const std::stop_token& stop) {
  if (why.kind == ErrorKind::stopped) return;
  Pulled problems;
  for (auto& [entity, state] : states_) {
    if (state.refused) continue;
    state.problem = why.text;
    problems.parts.push_back({.state = state});
  }
  events_.push(std::move(problems), stop);
}

void Puller::end_trouble(const std::stop_token& stop) {
  Pulled over;
  for (auto& [entity, state] : states_) {
    // A refusal ends when the stream itself is read.
    if (state.problem.empty() || state.refused || failed_.contains(entity)) continue;
    state.problem.clear();
    over.parts.push_back({.state = state});
  }
  if (!over.parts.empty()) events_.push(std::move(over), stop);
}

PassReport Puller::pass(Counts counts, const std::stop_token& stop) {
  begun_anew_ = false;
  if (queue_ != nullptr) {
    if (auto ready = queue_->before_look(stop); !ready) {
      tell_trouble(ready.error(), stop);
      return {.error = ready.error()};
    }
  }
  PassReport report = look(counts, stop);
  if (begun_anew_) {
    const std::uint64_t rows = report.rows;
    report = look(counts, stop);
    report.rows += rows;
  }
  if (queue_ != nullptr && report.committed && !report.error) queue_->after_good_look();
  return report;
}

PassReport Puller::look(Counts counts, const std::stop_token& stop) {
  PassReport report;
  failed_.clear();
  const std::vector<ObjectRef> lost = fates_.lost();
  std::vector<Plan> plans = plan(counts);
  if (counts == Counts::now) std::ranges::move(plan_optional(), std::back_inserter(plans));
  std::vector<Plan> hints = plan_hints();
  wait_for_changes(hints);
  std::ranges::move(hints, std::back_inserter(plans));
  const auto full = [&] {
    return std::count_if(states_.begin(), states_.end(),
                         [](const auto& entry) { return entry.second.full_done; });
  };
  // A full read takes its time: what changed meanwhile belongs to it. False: as of commit().
  const auto catch_up = [&](auto full_before) {
    if (report.error || full() <= full_before) return true;
    if (!commit(After::nothing, stop)) return false;
    plans = read(plan(Counts::now), counts, report, stop);
    return true;
  };
  const auto full_at_first = full();
  plans = read(std::move(plans), counts, report, stop);
  read_awaited(counts, report, stop);
  // A pass that is made by hand asks at once for what has left a list of recent rows.
  if (counts == Counts::now && !report.error) read(plan_hints(), counts, report, stop);
  if (!catch_up(full_at_first)) return report;
  if (!check_counts(std::exchange(plans, {}), counts, report, stop)) return report;
  if (!report.error) sweep(counts, report, stop);
  const auto full_before_filling = full();
  if (!report.error && counts == Counts::when_due) fill(report, stop);
  if (!catch_up(full_before_filling)) return report;
  if (!check_counts(std::exchange(plans, {}), counts, report, stop)) return report;
  if (!report.error && counts == Counts::when_due) verify(report, stop);
  if (!report.error) read_details(counts, report, stop);
  if (!report.error) report.error = fates_.ask(lost, stop);
  if (!report.error) {
    if (auto read = presence_.read_when_due(stop); !read) report.error = read.error();
  }
  if (report.error) {
    tell_trouble(*report.error, stop);
  } else {
    end_trouble(stop);
  }
  report.committed = commit(After::judge, stop);
  return report;
}

seconds Puller::pause_after(const Error& why, seconds last, seconds poll) {
  if (why.kind == ErrorKind::blocked) return kBlockedPause;
  return std::clamp(last * 2, poll, std::max(poll, kBackoffMost));
}

// The next poll comes no later for hints that are still gathered.
void Puller::wait_for_look(const std::stop_token& stop) {
  const SteadyTime looked = clock_.steady_now();
  const seconds poll = pace();
  if (!hints_.wait(poll, stop)) {
    gathering_ = {};
    return;
  }
  const SteadyTime came = clock_.steady_now();
  const milliseconds gather = gathering_.after(came - looked, poll);
  clock_.sleep_until(std::min(came + gather, looked + poll), stop);
}

void Puller::run(const std::stop_token& stop) {
  seconds pause{0};
  std::string problem;
  const auto failed = [&](const Error& why) {
    if (why.text != problem)
      log::warn("portal not read kind={} text={}", name(why.kind), log::quoted(why.text));
    problem = why.text;
    pause = pause_after(why, pause, pace());
    client_.sit_out(clock_.steady_now() + pause, stop);
  };
  while (!stop.stop_requested()) {
    if (clock_.steady_now() >= facts_due_) {
      if (auto facts = read_facts(stop); !facts) {
        tell_trouble(facts.error(), stop);
        failed(facts.error());
        continue;
      }
    }
    const PassReport report = pass(Counts::when_due, stop);
    if (stop.stop_requested()) return;
    if (report.error) {
      failed(*report.error);
      continue;
    }
    if (!problem.empty()) log::info("portal read again rows={}", report.rows);
    problem.clear();
    pause = seconds{0};
    wait_for_look(stop);
  }
}

}  // namespace b24
