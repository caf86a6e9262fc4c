#include <algorithm>

#include "daemon/engine/log.h"
#include "daemon/engine/puller.h"

// The Puller's part that finds what the portal no longer shows, and what the mirror lacks.

namespace b24 {
namespace {

constexpr seconds kSecondLook{3660};  // a minute more than a doubt lasts

}  // namespace

bool Puller::check_counts(std::vector<Plan> counted, Counts counts, PassReport& report,
                          const std::stop_token& stop) {
  const bool any = std::any_of(counted.begin(), counted.end(),
                               [](const Plan& plan) { return plan.mode == Mode::count; });
  if (report.error || !any) return true;
  if (!commit(After::nothing, stop)) return false;
  compare(counted);
  if (counts == Counts::when_due || !differences_.doubts()) return true;
  // The second look that otherwise comes with the next pass.
  counted = read(plan(Counts::when_due), counts, report, stop);
  if (report.error) return true;
  if (!commit(After::nothing, stop)) return false;
  compare(counted);
  return true;
}

void Puller::compare(const std::vector<Plan>& counted) {
  const auto rows = reader_.row_counts();
  const auto doubts = reader_.doubts();
  for (const Plan& plan : counted) {
    if (plan.mode != Mode::count || !plan.total || sweeps_.contains(plan.entity)) continue;
    const auto found = rows.find(plan.entity);
    const std::int64_t here = found == rows.end() ? 0 : found->second;
    const bool differs = differences_.believed(plan.entity, *plan.total - here);
    SteadyTime& due = sweep_due_[plan.entity];
    // A comparison that was not believed: a second one may be (doubt.h).
    if (const auto doubt = doubts.find(plan.entity); doubt != doubts.end()) {
      due = std::min(due, due_after(doubt->second.since, kSecondLook));
    }
    if (!differs && clock_.steady_now() < due) continue;
    if (differs) {
      log::info("row counts differ entity={} portal={} mirror={}", name(plan.entity), *plan.total,
                here);
    }
    std::vector<Plan> ids{
        {.mode = Mode::sweep,
         .entity = plan.entity,
         .request = {.entity = plan.entity, .ids_only = true, .expected = plan.total}}};
    sweeps_.try_emplace(plan.entity, client_, std::move(ids), portal_offset_, clock_.now());
  }
}

void Puller::sweep(Counts counts, PassReport& report, const std::stop_token& stop) {
  // What this pass has read must not look as if it lacked.
  if (sweeps_.empty() || !commit(After::nothing, stop)) return;
  for (auto at = sweeps_.begin(); at != sweeps_.end();) {
    Reading& reading = at->second;
    do {
      if (!sweep_chunk(reading, counts, report, stop)) return;
    } while (counts == Counts::now && !reading.reader.done());
    at = reading.reader.done() ? sweeps_.erase(at) : std::next(at);
  }
}

bool Puller::sweep_chunk(Reading& reading, Counts counts, PassReport& report,
                         const std::stop_token& stop) {
  Plan& plan = reading.plans.front();
  const std::string method{spec(plan.entity).method};
  for (int i = 0; i < options_.sweep_requests && !reading.reader.done(); ++i) {
    // A method that must rest is not waited for beside the polls.
    const SteadyTime ready = client_.ready_at(method);
    if (counts == Counts::when_due && ready > clock_.steady_now()) break;
    if (!step(reading, report, stop)) return false;
  }
  Plan lacking{.mode = Mode::hinted, .entity = plan.entity, .request = {.entity = plan.entity}};
  lacking.request.ids = reader_.missing(plan.entity, plan.shown);
  plan.shown.clear();
  if (lacking.request.ids.empty()) return true;
  log::info("rows missing from the mirror entity={} rows={}", name(plan.entity),
            lacking.request.ids.size());
  lacking.missing.insert(lacking.request.ids.begin(), lacking.request.ids.end());
  read({std::move(lacking)}, counts, report, stop);
  return !report.error;
}

}  // namespace b24
