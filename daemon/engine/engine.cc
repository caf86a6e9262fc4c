#include "daemon/engine/engine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "daemon/engine/doubt.h"
#include "daemon/engine/kept.h"
#include "daemon/engine/log.h"
#include "daemon/engine/retry.h"
#include "daemon/engine/surroundings.h"
#include "daemon/store/backup.h"

namespace b24 {
namespace {

// The loop wakes at least this often: for deliveries that are due and conditions that only time
// makes true.
constexpr milliseconds kTurn{1000};
// How often the rules are judged when nothing has changed.
constexpr seconds kJudgeEvery{60};
constexpr seconds kPruneEvery{86400};
constexpr std::size_t kAskedInDoubt = 10;

}  // namespace

Engine::Engine(Writer& writer, Reader& reader, const Config& config, RuleSet rules,
               EventQueue& events, Clock& clock, EngineOptions options,
               std::function<bool(const Notice&)> send)
    : writer_(writer),
      reader_(reader),
      config_(config),
      rules_(std::move(rules)),
      events_(events),
      clock_(clock),
      options_(std::move(options)),
      send_(std::move(send)),
      judge_(reader),
      check_(options_.look_at, clock),
      around_{Calendar::make({}).value(), {}, {}, {}},
      rules_from_(clock.now()) {
  for (const StreamState& state : reader_.streams()) streams_[state.entity] = state;
  for (const DetailState& state : reader_.details()) details_[state.detail] = state;
  if (auto kept = kept_facts(reader_)) facts_ = std::move(kept->facts);
  days_zone_ = reader_.meta(kDaysZoneMeta).value_or("");
  outage_ = kept_outage(reader_);
  // What was troubled is so until it is read: a restart ends no outage.
  for (const auto& [entity, state] : streams_) {
    if (!state.problem.empty()) troubled_since_.emplace(entity, clock_.now());
  }
  if (!reader_.meta(kRestoredMeta).value_or("").empty()) held_until_ = writer_.last_queued();
  refresh_surroundings();
}

void Engine::run(const std::stop_token& stop) {
  stop_ = stop;
  while (!stop.stop_requested()) {
    turns_.fetch_add(1, std::memory_order_relaxed);
    const Time now = clock_.now();
    if (options_.judging) {
      judge_when_due(now);
      back_up_when_due(now);
    }
    outlast([&] { prune_when_due(now); });
    if (const auto event = events_.pop(kTurn, stop)) outlast([&] { take(*event); });
  }
}

void Engine::finish() {
  while (const auto event = events_.pop_last()) {
    const auto* delivered = std::get_if<Delivered>(&*event);
    if (delivered != nullptr) outlast([&] { take_delivery(*delivered); });
  }
}

void Engine::judge_when_due(Time now) {
  outlast([&] { send_due(now); });
  // A clock that was set back must not keep the rules waiting.
  const bool waited = judged_at_ && (now < *judged_at_ || now - *judged_at_ >= kJudgeEvery);
  if (waited) outlast([&] { judge_all(now); });
}

// What is old is so by the portal's clock: ours may be years ahead for a while after a start.
void Engine::prune_when_due(Time now) {
  const SteadyTime steady = clock_.steady_now();
  if (pruned_at_ && steady - *pruned_at_ < kPruneEvery) return;
  std::optional<Time> portal;
  for (const auto& [entity, state] : streams_) portal = std::max(portal, state.watermark);
  if (!portal) return;
  Writer::Transaction transaction{writer_};
  writer_.prune(std::min(now, *portal));
  transaction.commit();
  pruned_at_ = steady;
}

void Engine::take(const Event& event) {
  // Neither are calls written nor rules judged by days of two zones.
  const bool days_settled = settle_days();
  if (auto* rows = std::get_if<Pulled>(&event)) {
    {
      const log::Held lines;
      take_rows(*rows);
    }
    // A transaction of its own: what is committed is not taken twice.
    const auto watch = [this] {
      const log::Held lines;
      watch_streams(clock_.now());
    };
    if (options_.judging) outlast(watch);
    return;
  }
  if (auto* facts = std::get_if<FactsRead>(&event)) return take_facts(*facts);
  if (auto* absences = std::get_if<AbsencesRead>(&event)) return take_absences(*absences);
  if (auto* workdays = std::get_if<WorkdaysRead>(&event)) return take_workdays(*workdays);
  if (auto* told = std::get_if<PresenceTold>(&event)) return take_presence(*told);
  if (auto* verified = std::get_if<Verified>(&event)) return take_verified(*verified);
  if (auto* read = std::get_if<DetailsRead>(&event)) return take_details(*read);
  if (auto* fates = std::get_if<FatesRead>(&event)) return take_fates(*fates);
  if (auto* noted = std::get_if<Noted>(&event)) return take_noted(*noted);
  if (auto* delivered = std::get_if<Delivered>(&event)) return take_delivery(*delivered);
  if (auto* rules = std::get_if<RulesLoaded>(&event)) return take_rules(*rules);
  const auto& done = std::get<PassDone>(event);
  take_limits(done.limits);
  // Nothing new in the mirror: what time alone makes true can wait for the loop's own pace.
  const bool worth_judging = changed_ || !judged_at_ || check_.is_waiting();
  if (done.judge && options_.judging && days_settled && worth_judging) judge_all(clock_.now());
  if (done.judge) check_.look_ended();
  if (done.judge && options_.judging) watch_hidden(clock_.now());
  done.committed->set_value(std::exchange(begun_anew_, false) ? Committed::begun_anew
                                                              : Committed::done);
}

void Engine::take_rows(const Pulled& pulled) {
  // The puller learns of it at the end of its pass; until then it speaks of a mirror that is no
  // more.
  if (begun_anew_) return;
  const Time now = clock_.now();
  Writer::Transaction transaction{writer_};
  for (const PulledPart& part : pulled.parts) take_part(part, now);
  keep_limits(pulled.limits);
  const bool restored = lost_ends_.size() >= kListsOfABackup;
  if (restored) clear_for_restored(now);
  transaction.commit();
  if (restored) return begin_anew();
  for (const PulledPart& part : pulled.parts) {
    StreamState& known = streams_[part.state.entity];
    if (part.state.problem.empty()) {
      troubled_since_.erase(part.state.entity);
    } else {
      troubled_since_.try_emplace(part.state.entity, now);
    }
    if (part.state.problem != known.problem) {
      if (part.state.problem.empty()) {
        log::info("stream goes on entity={}", name(part.state.entity));
      } else {
        log::warn("stream stopped entity={} text={}", name(part.state.entity),
                  log::quoted(part.state.problem));
      }
    }
    if (part.state.full_done && !known.full_done) {
      log::info("stream complete entity={}", name(part.state.entity));
    }
    known = part.state;
  }
}

void Engine::take_part(const PulledPart& part, Time now) {
  const Entity entity = part.state.entity;
  if (part.sweep == PulledPart::Sweep::begin) writer_.begin_sweep(entity);
  if (part.sweep == PulledPart::Sweep::abandon) writer_.abandon_sweep(entity);
  check_.shown(entity, part.records);
  if (!part.ids_only && !part.records.empty()) {
    const UpsertCounts counts =
        writer_.upsert(entity, part.records, now, around_.calendar, part.trust);
    changed_ = changed_ || counts.inserted + counts.updated > 0;
    log::debug("rows taken entity={} inserted={} updated={} unchanged={}", name(entity),
               counts.inserted, counts.updated, counts.unchanged);
  }
  if (!part.rejected.empty()) {
    writer_.reject(part.rejected, now);
    log::warn("rows not understood entity={} rows={} reason={}", name(entity), part.rejected.size(),
              log::quoted(part.rejected.front().reason));
  }
  if (part.ids_only && !part.records.empty()) {
    writer_.add_swept(entity, part.records);
  }
  std::vector<std::int64_t> gone = part.gone;
  if (part.sweep == PulledPart::Sweep::finish) gone = finish_sweep(part);
  if (!gone.empty()) {
    const std::int64_t marked = writer_.mark_deleted(entity, gone, now);
    changed_ = changed_ || marked > 0;
    if (marked > 0) log::info("rows gone entity={} rows={}", name(entity), marked);
  }
  writer_.save_stream(part.state);
}

std::vector<std::int64_t> Engine::finish_sweep(const PulledPart& part) {
  const Entity entity = part.state.entity;
  auto [gone, tail] = writer_.finish_sweep(entity);
  const SweepResult found{reader_.row_counts()[entity], static_cast<std::int64_t>(gone.size()),
                          tail, part.sweep_began_at};
  const std::optional<Doubt> before = writer_.doubt(entity);
  const std::optional<Doubt> after = doubt_after(before, found);
  if (after != before) writer_.save_doubt(entity, after);
  if (after && !before) {
    log::warn("portal shows too few rows to be believed yet entity={} gone={} mirror={}",
              name(entity), found.gone, found.here);
  } else if (before && !after) {
    log::info("doubt is over entity={} doubted={} gone={} mirror={}", name(entity), before->rows,
              found.gone, found.here);
  }
  if (after && stands_by_itself(entity) && lost_its_end(found)) {
    lost_ends_[entity] = tail;
  } else {
    lost_ends_.erase(entity);
  }
  writer_.ask_hidden_again(entity);
  if (!after) return gone;
  // Of a few of them the portal is asked why: rights that are lost are told at once.
  if (!before) {
    writer_.ask_fate(entity, std::span{gone}.first(std::min(gone.size(), kAskedInDoubt)));
  }
  return {};
}

void Engine::take_facts(const FactsRead& read) {
  PortalFacts facts = read.facts;
  const PortalFacts before = facts_.value_or(PortalFacts{});
  // A calendar that could not be read this time is still in force; without the scope it is not.
  if (!facts.calendar && facts.scopes.contains("calendar")) facts.calendar = before.calendar;
  if (!facts.calendar_problem.empty() && facts.calendar_problem != before.calendar_problem) {
    log::warn("calendar not read text={}", log::quoted(facts.calendar_problem));
  }
  if (facts_ && facts.scopes != before.scopes) {
    log::warn("scopes of the webhook have changed missing={}",
              log::quoted(fmt::format("{}", fmt::join(missing_scopes(facts.scopes), " "))));
  }
  if (facts.user_zone != before.user_zone && !facts.user_zone.empty() &&
      portal_zone(facts) != facts.user_zone) {
    log::warn("time zone not known zone={} in_its_place={}", log::quoted(facts.user_zone),
              portal_zone(facts));
  }
  facts_ = std::move(facts);
  {
    Writer::Transaction transaction{writer_};
    writer_.set_meta(kFactsMeta, to_json(KeptFacts{*facts_, clock_.now()}));
    writer_.set_service_user(facts_->user_id);
    transaction.commit();
  }
  refresh_surroundings();
  settle_days();
}

// Chunk by chunk: a kill loses one of them, and the watchdog sees that the work goes on.
bool Engine::settle_days() {
  const std::string& zone = around_.calendar.settings().zone;
  if (days_zone_ == zone) return true;
  log::info("local days are computed for a zone zone={}", zone);
  for (bool all = false; !all; turns_.fetch_add(1, std::memory_order_relaxed)) {
    if (stop_.stop_requested()) return false;
    Writer::Transaction transaction{writer_};
    all = writer_.recompute_days(around_.calendar);
    transaction.commit();
  }
  days_zone_ = zone;
  return true;
}

void Engine::take_absences(const AbsencesRead& read) {
  Writer::Transaction transaction{writer_};
  writer_.set_meta(absences_meta(read.part), to_json(KeptAbsences{read.absences, clock_.now()}));
  transaction.commit();
}

void Engine::take_workdays(const WorkdaysRead& read) {
  Writer::Transaction transaction{writer_};
  writer_.save_workday_rules(read.rules);
  const bool changed = writer_.save_workdays(read.days, clock_.now());
  transaction.commit();
  changed_ = changed_ || changed;
}

void Engine::take_presence(const PresenceTold& told) {
  Writer::Transaction transaction{writer_};
  writer_.set_meta(kPresenceTroublesMeta, to_json(told.troubles));
  transaction.commit();
}

void Engine::take_verified(const Verified& verified) {
  Writer::Transaction transaction{writer_};
  writer_.set_meta(kVerifiedMeta, to_json(verified.found));
  transaction.commit();
}

void Engine::take_noted(const Noted& noted) {
  Writer::Transaction transaction{writer_};
  writer_.set_meta(noted.name, noted.text);
  transaction.commit();
}

void Engine::take_limits(const std::optional<LimiterReport>& limits) {
  if (!limits || limits->requests == kept_requests_) return;
  Writer::Transaction transaction{writer_};
  keep_limits(limits);
  transaction.commit();
}

void Engine::keep_limits(const std::optional<LimiterReport>& limits) {
  if (!limits) return;
  writer_.set_meta(kLimitsMeta,
                   to_json(KeptLimits{limits->bucket_level, limits->operating, clock_.now()}));
  kept_requests_ = limits->requests;
}

void Engine::take_details(const DetailsRead& read) {
  Writer::Transaction transaction{writer_};
  keep_limits(read.limits);
  writer_.save_details(read.rows);
  for (const DetailState& state : read.states) writer_.save_detail(state);
  transaction.commit();
  changed_ = changed_ || !read.rows.empty();
  for (const DetailState& state : read.states) {
    DetailState& known = details_[state.detail];
    changed_ = changed_ || known.full_done != state.full_done || known.refused != state.refused;
    known = state;
  }
}

void Engine::refresh_surroundings() {
  auto around = read_surroundings(reader_, config_, facts_);
  if (!around) {
    log::error("calendar not usable text={}", log::quoted(around.error().text));
    return;
  }
  around_ = std::move(*around);
  judge_.set_surroundings(around_);
}

void Engine::send_due(Time now) {
  for (const OutboxEntry& entry : writer_.due(now, kLongestPause, held_until_.value_or(0))) {
    if (in_flight_.contains(entry.notice.id)) continue;
    if (!send_(entry.notice)) return;  // no room: the rest waits for the next turn
    in_flight_.insert(entry.notice.id);
  }
}

void Engine::take_delivery(const Delivered& delivered) {
  in_flight_.erase(delivered.outbox_id);
  const auto entry = writer_.undelivered(delivered.outbox_id);
  const bool broken_off =
      !delivered.outcome && delivered.outcome.error().kind == ErrorKind::stopped;
  // A newer text has taken its place meanwhile, or our own stop came between.
  if (!entry || broken_off) return;
  const Time now = clock_.now();
  const log::Held lines;
  Writer::Transaction transaction{writer_};
  if (delivered.outcome) {
    writer_.mark_delivered(delivered.outbox_id, *delivered.outcome, now);
    log::info("message delivered outbox_id={} portal_id={} failures={}", delivered.outbox_id,
              *delivered.outcome, entry->failures);
  } else {
    note_failure(*entry, delivered.outcome.error(), now);
  }
  transaction.commit();
}

// One line for a reason, however often it comes: a portal may be away for hours.
void Engine::note_failure(const OutboxEntry& entry, const Error& why, Time now) {
  const Retry retry = retry_after(why.kind, entry);
  if (!retry.pause) {
    writer_.mark_failed(entry.notice.id, retry.failure, why.text, std::nullopt);
    log::error("message given up outbox_id={} recipient={} failures={} kind={} text={}",
               entry.notice.id, entry.notice.recipient, entry.failures + 1, name(why.kind),
               log::quoted(why.text));
    return;
  }
  writer_.mark_failed(entry.notice.id, retry.failure, why.text, now + *retry.pause);
  if (entry.problem == why.text) return;
  log::warn("message not delivered outbox_id={} recipient={} kind={} again_in_seconds={} text={}",
            entry.notice.id, entry.notice.recipient, name(why.kind), retry.pause->count(),
            log::quoted(why.text));
}

}  // namespace b24
