#include <algorithm>
#include <set>

#include "connectors/say.h"
#include "daemon/engine/puller.h"

// The Puller's part that reads lists and says how far each stream has come.

namespace b24 {
namespace {

// A method whose budget is used up rests for up to ten minutes.
constexpr seconds kWorthWaiting{15};

// Where the portal says nothing of its clock, ours may be ahead of it by this much.
constexpr seconds kClockDoubt{600};

// The portal does not give what may well be missing from it.
bool is_refused_option(Entity entity, const std::optional<Error>& why) {
  return why && spec(entity).optional && !passes_by_itself(why->kind);
}

}  // namespace

Puller::Reading::Reading(Client& client, std::vector<Plan> what, seconds portal_offset, Time now)
    : plans(std::move(what)),
      reader(
          client,
          [&] {
            std::vector<ListRequest> requests;
            for (const Plan& plan : plans) requests.push_back(plan.request);
            return requests;
          }(),
          portal_offset),
      began_here(now) {}

bool Puller::Reading::all_changes_read(Entity entity) const {
  return std::all_of(plans.begin(), plans.end(), [&](const Plan& plan) {
    const bool changes = plan.mode == Mode::changed || plan.mode == Mode::also_changed;
    return plan.entity != entity || !changes || plan.answered;
  });
}

PulledPart Puller::take(Reading& reading, ListPart part) {
  Plan& plan = reading.plans[part.list];
  StreamState& state = states_.at(plan.entity);
  PulledPart out;
  out.sweep_began_at = reading.began_here;
  out.ids_only = plan.mode == Mode::sweep || plan.mode == Mode::count;
  if (part.failed) {
    state.problem = part.failed->text;
    state.refused = !passes_by_itself(part.failed->kind);
    failed_.insert(plan.entity);
    // A refused hint or count says nothing of the list itself.
    const bool itself = plan.mode == Mode::full || plan.mode == Mode::changed ||
                        plan.mode == Mode::newer || plan.mode == Mode::whole;
    if (itself && is_refused_option(plan.entity, part.failed)) {
      rest_until_[plan.entity] = clock_.steady_now() + options_.refused_every;
    }
    // Nobody will answer a refused hint; asking for ever is useless.
    if (state.refused) plan.missing.clear();
    if (plan.swept) out.sweep = PulledPart::Sweep::abandon;
    out.state = state;
    return out;
  }
  plan.answered = part.done;
  if (part.total) plan.total = part.total;
  advance(reading, plan, part, out);
  if ((part.done || !part.records.empty()) && !failed_.contains(plan.entity)) {
    // Somebody has given rights: perhaps those for the rest as well.
    if (state.refused) rest_until_.clear();
    state.problem.clear();
    state.refused = false;
  }
  out.state = state;
  out.records = std::move(part.records);
  out.rejected = std::move(part.rejected);
  return out;
}

void Puller::advance(const Reading& reading, Plan& plan, const ListPart& part, PulledPart& out) {
  StreamState& state = states_.at(plan.entity);
  const Time now = clock_.now();
  const Time began = reading.began.value_or(now - kClockDoubt);
  const auto sweep = part.done ? PulledPart::Sweep::finish : PulledPart::Sweep::rows;
  const SteadyTime list_due = clock_.steady_now() + spec(plan.entity).every;
  const SteadyTime sweep_due = clock_.steady_now() + options_.sweep_every;
  switch (plan.mode) {
    case Mode::full:
      if (!state.full_began_at) state.full_began_at = began;
      state.cursor_id = std::max(state.cursor_id, part.last_id);
      if (part.done) {
        state.full_done = true;
        state.watermark = state.full_began_at;
        state.fresh_at = now;
        state.recent_at = now;
        state.swept_at = now;
        list_due_[plan.entity] = list_due;
        sweep_due_[plan.entity] = sweep_due;
      }
      break;
    case Mode::changed:
    case Mode::also_changed:
      if (const auto awaited = awaited_.find(plan.entity); awaited != awaited_.end()) {
        for (const Record& record : part.records) awaited->second.erase(record.id);
      }
      note_unfinished(reading, plan, part, began);
      if (reading.all_changes_read(plan.entity)) end_changes(reading, state);
      break;
    case Mode::newer:
      state.cursor_id = std::max(state.cursor_id, part.last_id);
      if (part.done) state.fresh_at = now;
      break;
    case Mode::whole:
      if (part.done) {
        state.full_done = true;
        state.fresh_at = now;
        list_due_[plan.entity] = list_due;
      }
      out.sweep = sweep;
      break;
    case Mode::sweep:
      for (const Record& record : part.records) plan.shown.push_back(record.id);
      if (part.done) {
        state.swept_at = now;
        sweep_due_[plan.entity] = sweep_due;
        differences_.compared(plan.entity);
      }
      out.sweep = sweep;
      break;
    case Mode::hinted:
      for (const Record& record : part.records) plan.missing.erase(record.id);
      plan.rejected = plan.rejected || !part.rejected.empty();
      // Which of them a row that is not understood stands for, nobody knows; what is gone is found
      // by the count.
      if (part.done && !plan.rejected) out.gone.assign(plan.missing.begin(), plan.missing.end());
      break;
    case Mode::recent:
      note_unfinished(reading, plan, part, began);
      for (const Record& record : part.records) plan.shown.push_back(record.id);
      if (part.done) {
        ask_for_left(plan);
        unfinished_.erase({plan.entity, plan.mode});
        state.recent_at = now;
        list_due_[plan.entity] = list_due;
      }
      break;
    case Mode::count:
      break;
  }
}

void Puller::ask_for_left(const Plan& plan) {
  // Of a list that went on after a rest the beginning is not known here.
  if (!spec(plan.entity).recent_may_leave || plan.request.after_id != 0) return;
  const std::set<std::int64_t> shown{plan.shown.begin(), plan.shown.end()};
  for (const std::int64_t id : reader_.recent(plan.entity, plan.request.recent_since.value())) {
    if (!shown.contains(id)) hints_.put_back({plan.entity, id});
  }
}

void Puller::note_unfinished(const Reading& reading, const Plan& plan, const ListPart& part,
                             Time began) {
  const std::pair key{plan.entity, plan.mode};
  Unfinished& list =
      unfinished_.try_emplace(key, Unfinished{plan.request, began, reading.began_here})
          .first->second;
  list.request.after_id = part.last_id;
  list.done = part.done;
}

void Puller::end_changes(const Reading& reading, StreamState& state) {
  Time began = Time::max();
  Time began_here = Time::max();
  for (const Mode mode : {Mode::changed, Mode::also_changed}) {
    const auto list = unfinished_.extract({state.entity, mode});
    if (!list) continue;
    began = std::min(began, list.mapped().began);
    began_here = std::min(began_here, list.mapped().began_here);
  }
  state.watermark = began;
  // What took several passes is as old as its beginning.
  const bool at_once = began_here >= reading.began_here;
  state.fresh_at =
      at_once ? clock_.now() : std::max(state.fresh_at.value_or(began_here), began_here);
}

bool Puller::step(Reading& reading, PassReport& report, const std::stop_token& stop) {
  auto answer = reading.reader.next(stop);
  if (!answer) {
    report.error = answer.error();
    return false;
  }
  if (!reading.began) reading.began = answer->portal_time;
  if (answer->portal_offset) portal_offset_ = *answer->portal_offset;
  Pulled pulled;
  for (ListPart& part : answer->parts) {
    Plan& plan = reading.plans[part.list];
    const bool told = part.failed && !is_refused_option(plan.entity, part.failed);
    if (told) report.streams.push_back(*part.failed);
    report.rows += part.records.size() + part.rejected.size();
    if ((plan.mode == Mode::sweep || plan.mode == Mode::whole) && !plan.swept && !part.failed) {
      pulled.parts.push_back({.state = states_.at(plan.entity),
                              .records = {},
                              .rejected = {},
                              .gone = {},
                              .sweep = PulledPart::Sweep::begin,
                              .sweep_began_at = reading.began_here});
      plan.swept = true;
    }
    pulled.parts.push_back(take(reading, std::move(part)));
  }
  const LimiterReport limits = client_.report();
  pulled.limits = limits;
  shown_.requests = limits.requests;
  shown_.rows = report.rows;
  if (!events_.push(std::move(pulled), stop)) {
    report.error = stopped();
    return false;
  }
  if (progress_) {
    shown_.expected = report.rows + reading.reader.rest();
    progress_(shown_);
  }
  return true;
}

void Puller::fill(PassReport& report, const std::stop_token& stop) {
  if (!filling_) {
    std::vector<Plan> plans = plan_optional();
    if (plans.empty()) return;
    filling_.emplace(client_, std::move(plans), portal_offset_, clock_.now());
  }
  for (int i = 0; i < options_.fill_requests && !filling_->reader.done(); ++i) {
    if (rests(*filling_, Counts::when_due)) return;
    if (!step(*filling_, report, stop)) return;
  }
  if (filling_->reader.done()) filling_.reset();
}

bool Puller::rests(const Reading& reading, Counts counts) const {
  return counts == Counts::when_due &&
         reading.reader.ready_at() > clock_.steady_now() + kWorthWaiting;
}

std::vector<Puller::Plan> Puller::read(std::vector<Plan> plans, Counts counts, PassReport& report,
                                       const std::stop_token& stop) {
  if (plans.empty()) return plans;
  Reading reading{client_, std::move(plans), portal_offset_, clock_.now()};
  while (!reading.reader.done() && !rests(reading, counts) && step(reading, report, stop)) {
  }
  // One list of changes does not wait for another that fails.
  std::erase_if(unfinished_, [&](const auto& entry) {
    return entry.second.done && failed_.contains(entry.first.first);
  });
  for (const Plan& plan : reading.plans) {
    if (plan.answered) continue;
    for (const std::int64_t id : plan.missing) hints_.put_back({plan.entity, id});
  }
  return std::move(reading.plans);
}

}  // namespace b24
