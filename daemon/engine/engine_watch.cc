#include <fmt/format.h>

#include <algorithm>

#include "daemon/engine/engine.h"
#include "daemon/engine/log.h"
#include "daemon/engine/trouble.h"
#include "rules/text.h"

// The engine's third part: what befalls the portal as a whole, and who is told of it.

namespace b24 {

void Engine::tell_administrators(const std::string& text, const std::string& name, Time now) {
  std::vector<std::int64_t> recipients = config_.administrators;
  if (recipients.empty() && facts_) recipients.push_back(facts_->user_id);
  for (const std::int64_t recipient : recipients) {
    const std::string tag = fmt::format("b24watch:{}:u{}", name, recipient);
    writer_.queue({0, recipient, tag, text, plain_text(text)}, now);
    log::info("administrator told recipient={} tag={}", recipient, tag);
  }
}

void Engine::watch_streams(Time now) {
  std::set<Entity> bad;
  Time since = now;
  std::string why;
  for (const auto& [entity, state] : streams_) {
    const auto troubled = troubled_since_.find(entity);
    // What the portal does not have is no trouble.
    const bool option = spec(entity).optional && state.refused;
    if (state.problem.empty() || option || troubled == troubled_since_.end()) continue;
    const bool known = outage_ && outage_->lists.contains(entity);
    if (!known && now - troubled->second < kOutageWorthTelling) continue;
    bad.insert(entity);
    since = std::min(since, state.fresh_at.value_or(troubled->second));
    why = state.problem;
  }
  const bool over = outage_ && bad.empty();
  if (outage_ && over != outage_->over_at.has_value()) {
    KeptOutage noted = *outage_;
    noted.over_at = over ? std::optional{now} : std::nullopt;
    writer_.set_meta(kOutageMeta, to_json(noted));
    outage_ = std::move(noted);
  }
  if (is_quiet(now)) return;
  const std::set<Entity> told = outage_ ? outage_->lists : std::set<Entity>{};
  const bool more = !std::includes(told.begin(), told.end(), bad.begin(), bad.end());
  if (!over && !more) return;
  // One message, in which the later words replace the earlier.
  const Time from = outage_ ? outage_->since : since;
  const std::string name = fmt::format("outage:{}", to_unix(from));
  std::optional<KeptOutage> next;
  Writer::Transaction transaction{writer_};
  if (over) {
    tell_administrators(outage_over_text(told, from, *outage_->over_at, around_.calendar), name,
                        now);
  } else {
    bad.insert(told.begin(), told.end());
    tell_administrators(outage_text(bad, from, why, around_.calendar), name, now);
    next = KeptOutage{from, std::move(bad)};
  }
  writer_.set_meta(kOutageMeta, next ? to_json(*next) : std::string{});
  transaction.commit();
  outage_ = std::move(next);
}

void Engine::clear_for_restored(Time now) {
  writer_.clear_mirror();
  writer_.set_meta(kHiddenMeta, "");  // what was hidden in the old one
  forget_looks();
  tell_administrators(portal_restored_text(lost_ends_), fmt::format("restored:{}", to_unix(now)),
                      now);
}

void Engine::begin_anew() {
  std::string lists;
  for (const auto& [entity, rows] : lost_ends_) {
    lists += fmt::format("{}{}={}", lists.empty() ? "" : " ", name(entity), rows);
  }
  log::error("portal restored from a backup, everything is read again gone={}", log::quoted(lists));
  for (const StreamState& state : reader_.streams()) streams_[state.entity] = state;
  for (const DetailState& state : reader_.details()) details_[state.detail] = state;
  lost_ends_.clear();
  judged_at_.reset();
  check_.forget();
  begun_anew_ = true;
}

}  // namespace b24
