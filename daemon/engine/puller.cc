#include "daemon/engine/puller.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/engine/log.h"

namespace b24 {
namespace {

// Where the portal says nothing of its clock, ours may be ahead of it by this much.
constexpr seconds kClockDoubt{600};
// A burst of hints is gathered for this long before the portal is asked.
constexpr milliseconds kGatherHints{1000};
// Norms look back over some weeks of presence, and vacations are known in advance.
constexpr days kAbsencesBack{150};
constexpr days kAbsencesAhead{60};
constexpr seconds kBackoffMost{300};
// A refused connection is probed slowly: somebody has to act.
constexpr seconds kBlockedPause{600};

bool is_incremental(const EntitySpec& s) {
  return s.paging == Paging::keyset && (!s.changed_filter.empty() || !s.recent_filter.empty());
}

Error not_admin(const PortalFacts& facts) {
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
      options_(options) {
  for (const Entity entity : kEntities) states_[entity].entity = entity;
  for (const StreamState& state : reader_.streams()) states_[state.entity] = state;
}

Result<PortalFacts> Puller::read_facts(const std::stop_token& stop) {
  auto facts = read_portal_facts(client_, stop);
  if (!facts) return facts;
  if (!facts->admin) return not_admin(*facts);
  portal_offset_ = facts->portal_offset;
  facts_at_ = clock_.now();
  events_.push(FactsRead{*facts}, stop);
  return facts;
}

std::vector<Puller::Plan> Puller::plan(Counts counts, Time now) {
  std::vector<Plan> plans;
  const auto add = [&](Mode mode, Entity entity, ListRequest request) {
    request.entity = entity;
    plans.push_back({mode, entity, std::move(request), {}, false, {}, {}});
  };
  const bool count_due =
      counts == Counts::now || !counted_at_ || now - *counted_at_ >= options_.count_every;
  for (const EntitySpec& s : specs()) {
    const StreamState& state = states_.at(s.entity);
    if (!is_incremental(s)) {
      const bool due = !state.full_done || !state.fresh_at || now - *state.fresh_at >= s.every;
      if (due) add(Mode::whole, s.entity, {});
      continue;
    }
    if (!state.full_done) {
      add(Mode::full, s.entity, {.after_id = state.cursor_id});
      continue;
    }
    if (!s.changed_filter.empty()) {
      add(Mode::changed, s.entity, {.since = state.watermark.value_or(now) - s.overlap});
    } else {
      add(Mode::newer, s.entity, {.after_id = state.cursor_id});
      const bool recent_due = !state.recent_at || now - *state.recent_at >= s.every;
      if (recent_due) add(Mode::recent, s.entity, {.recent_since = now - s.recent});
    }
    if (count_due) add(Mode::count, s.entity, {.count_only = true});
  }
  if (count_due) counted_at_ = now;
  return plans;
}

std::vector<Puller::Plan> Puller::plan_hints() {
  std::vector<Plan> plans;
  for (const auto& [entity, ids] : hints_.take()) {
    Plan plan{Mode::hinted, entity, {.entity = entity}, {}, false, {}, {}};
    // An id of zero says only "something new": the poll itself finds it.
    for (const std::int64_t id : ids) {
      if (id > 0) plan.missing.insert(id);
    }
    plan.request.ids.assign(plan.missing.begin(), plan.missing.end());
    if (!plan.missing.empty()) plans.push_back(std::move(plan));
  }
  return plans;
}

PulledPart Puller::take(Plan& plan, ListPart part, const std::optional<Time>& pass_began,
                        Time now) {
  StreamState& state = states_.at(plan.entity);
  PulledPart out;
  if (part.failed) {
    state.problem = part.failed->text;
    state.refused = part.failed->kind != ErrorKind::unavailable;
    out.state = state;
    return out;
  }
  if (part.total) plan.total = part.total;
  const Time began = pass_began.value_or(now - kClockDoubt);
  const auto sweep = part.done ? PulledPart::Sweep::finish : PulledPart::Sweep::rows;
  switch (plan.mode) {
    case Mode::full:
      if (!state.full_began_at) state.full_began_at = began;
      if (part.total && state.cursor_id == 0) state.expected_rows = part.total;
      state.cursor_id = std::max(state.cursor_id, part.last_id);
      if (part.done) {
        state.full_done = true;
        state.watermark = state.full_began_at;
        state.fresh_at = now;
        state.recent_at = now;
        state.swept_at = now;
      }
      break;
    case Mode::changed:
      if (part.done) {
        state.watermark = began;
        state.fresh_at = now;
      }
      break;
    case Mode::newer:
      state.cursor_id = std::max(state.cursor_id, part.last_id);
      if (part.done) state.fresh_at = now;
      break;
    case Mode::whole:
      if (part.done) {
        state.full_done = true;
        state.fresh_at = now;
      }
      out.sweep = sweep;
      break;
    case Mode::sweep:
      for (const Record& record : part.records) plan.shown.push_back(record.id);
      if (part.done) state.swept_at = now;
      out.sweep = sweep;
      break;
    case Mode::hinted:
      for (const Record& record : part.records) plan.missing.erase(record.id);
      if (part.done) out.gone.assign(plan.missing.begin(), plan.missing.end());
      break;
    case Mode::recent:
      if (part.done) state.recent_at = now;
      break;
    case Mode::count:
      break;
  }
  if (part.done || !part.records.empty()) {
    state.problem.clear();
    state.refused = false;
  }
  out.state = state;
  out.records = std::move(part.records);
  out.rejected = std::move(part.rejected);
  return out;
}

void Puller::read(std::vector<Plan>& plans, PassReport& report, const std::stop_token& stop) {
  if (plans.empty()) return;
  std::vector<ListRequest> requests;
  for (const Plan& plan : plans) requests.push_back(plan.request);
  ListReader reader{client_, std::move(requests), portal_offset_};
  std::optional<Time> began;
  const Time began_here = clock_.now();
  while (!reader.done()) {
    auto answer = reader.next(stop);
    if (!answer) {
      report.error = answer.error();
      return;
    }
    if (!began) began = answer->portal_time;
    if (answer->portal_offset) portal_offset_ = *answer->portal_offset;
    Pulled pulled;
    for (ListPart& part : answer->parts) {
      Plan& plan = plans[part.list];
      if (part.failed && part.failed->kind != ErrorKind::wait_until) {
        report.streams.push_back(*part.failed);
      }
      report.rows += part.records.size() + part.rejected.size();
      if ((plan.mode == Mode::sweep || plan.mode == Mode::whole) && !plan.swept && !part.failed) {
        pulled.parts.push_back({.state = states_.at(plan.entity),
                                .records = {},
                                .rejected = {},
                                .gone = {},
                                .sweep = PulledPart::Sweep::begin,
                                .sweep_began_at = began_here});
        plan.swept = true;
      }
      PulledPart taken = take(plan, std::move(part), began, clock_.now());
      taken.sweep_began_at = began_here;
      taken.ids_only = plan.mode == Mode::sweep || plan.mode == Mode::count;
      pulled.parts.push_back(std::move(taken));
    }
    const LimiterReport limits = client_.report();
    pulled.bucket_level = limits.bucket_level;
    shown_.requests = limits.requests;
    shown_.rows = report.rows;
    if (!events_.push(std::move(pulled), stop)) {
      report.error = error(ErrorKind::stopped, std::string{tr("остановлено", "stopped")});
      return;
    }
    if (progress_) {
      shown_.expected = report.rows + reader.rest();
      progress_(shown_);
    }
  }
}

void Puller::read_absences_when_due(PassReport& report, const std::stop_token& stop) {
  const Time now = clock_.now();
  if (absences_at_ && now - *absences_at_ < options_.facts_every) return;
  std::vector<std::int64_t> users;
  for (const Person& person : reader_.persons()) {
    if (person.active) users.push_back(person.id);
  }
  if (users.empty()) return;
  auto absences = read_absences(client_, users, now - kAbsencesBack, now + kAbsencesAhead,
                                portal_offset_, stop);
  if (absences) {
    absences_at_ = now;
    events_.push(AbsencesRead{std::move(*absences)}, stop);
  } else if (absences.error().kind == ErrorKind::no_rights ||
             absences.error().kind == ErrorKind::rejected) {
    // The scope `calendar` is optional: absences then come from the settings alone.
    absences_at_ = now;
    log::info("absences not read text={}", log::quoted(absences.error().text));
  } else {
    report.error = absences.error();
  }
}

bool Puller::commit(After after, const std::stop_token& stop) {
  PassDone done{after == After::judge, std::make_shared<std::promise<void>>()};
  auto committed = done.committed->get_future();
  if (!events_.push(done, stop)) return false;
  while (committed.wait_for(milliseconds{20}) != std::future_status::ready) {
    if (stop.stop_requested()) return false;
  }
  return true;
}

std::vector<Puller::Plan> Puller::sweeps_needed(const std::vector<Plan>& counted, Time now) {
  std::vector<Plan> plans;
  const auto rows = reader_.row_counts();
  for (const Plan& plan : counted) {
    if (plan.mode != Mode::count) continue;
    const StreamState& state = states_.at(plan.entity);
    const auto here = rows.find(plan.entity);
    const bool differs = plan.total && *plan.total != (here == rows.end() ? 0 : here->second);
    const bool due = state.swept_at && now - *state.swept_at >= options_.sweep_every;
    if (!differs && !due) continue;
    if (differs) {
      log::info("row counts differ entity={} portal={} mirror={}", name(plan.entity), *plan.total,
                here == rows.end() ? 0 : here->second);
    }
    plans.push_back({Mode::sweep,
                     plan.entity,
                     {.entity = plan.entity, .ids_only = true, .expected = plan.total},
                     {},
                     false,
                     {},
                     {}});
  }
  return plans;
}

void Puller::sweep(const std::vector<Plan>& counted, PassReport& report,
                   const std::stop_token& stop) {
  std::vector<Plan> sweeps = sweeps_needed(counted, clock_.now());
  if (sweeps.empty()) return;
  read(sweeps, report, stop);
  if (report.error || !commit(After::nothing, stop)) return;
  std::vector<Plan> lacking;
  for (const Plan& plan : sweeps) {
    Plan lack{Mode::hinted, plan.entity, {.entity = plan.entity}, {}, false, {}, {}};
    lack.request.ids = reader_.missing(plan.entity, plan.shown);
    if (lack.request.ids.empty()) continue;
    log::info("rows missing from the mirror entity={} rows={}", name(plan.entity),
              lack.request.ids.size());
    lack.missing.insert(lack.request.ids.begin(), lack.request.ids.end());
    lacking.push_back(std::move(lack));
  }
  read(lacking, report, stop);
}

PassReport Puller::pass(Counts counts, const std::stop_token& stop) {
  PassReport report;
  const auto was_full = [&] {
    return std::all_of(states_.begin(), states_.end(), [](const auto& entry) {
      return entry.second.full_done || entry.second.refused;
    });
  };
  const bool full_before = was_full();
  std::vector<Plan> plans = plan(counts, clock_.now());
  for (Plan& hinted : plan_hints()) plans.push_back(std::move(hinted));
  read(plans, report, stop);
  // A full read takes its time: what changed meanwhile belongs to it.
  if (!report.error && !full_before) {
    if (!commit(After::nothing, stop)) return report;
    plans = plan(Counts::now, clock_.now());
    read(plans, report, stop);
  }
  if (!report.error && !plans.empty()) {
    const bool counted = std::any_of(plans.begin(), plans.end(),
                                     [](const Plan& p) { return p.mode == Mode::count; });
    if (counted) {
      if (!commit(After::nothing, stop)) return report;
      sweep(plans, report, stop);
    }
  }
  if (!report.error) read_absences_when_due(report, stop);
  if (report.error) {
    Pulled problems;
    for (auto& [entity, state] : states_) {
      state.problem = report.error->text;
      problems.parts.push_back({.state = state});
    }
    if (report.error->kind != ErrorKind::stopped) events_.push(std::move(problems), stop);
  }
  commit(After::judge, stop);
  return report;
}

void Puller::run(const std::stop_token& stop) {
  seconds pause{0};
  std::string problem;
  const auto failed = [&](const Error& why) {
    if (why.text != problem)
      log::warn("portal not read kind={} text={}", name(why.kind), log::quoted(why.text));
    problem = why.text;
    pause = why.kind == ErrorKind::blocked ? kBlockedPause
                                           : std::clamp(pause * 2, options_.poll, kBackoffMost);
    clock_.sleep_until(clock_.steady_now() + pause, stop);
  };
  while (!stop.stop_requested()) {
    if (!facts_at_ || clock_.now() - *facts_at_ >= options_.facts_every) {
      if (auto facts = read_facts(stop); !facts) {
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
    if (hints_.wait(options_.poll, stop)) {
      clock_.sleep_until(clock_.steady_now() + kGatherHints, stop);
    }
  }
}

}  // namespace b24
