#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "daemon/engine/log.h"
#include "daemon/engine/puller.h"

// The Puller's part that compares mirror and portal in the quiet hours.

namespace b24 {
namespace {

// By the portal's clock.
constexpr hours kQuietFrom{1};
constexpr hours kQuietTo{5};
// Where the program never runs at night, it does not wait for one for ever.
constexpr seconds kLateMost = days{2};
// Between the two looks: the slowest ways in which the mirror is renewed take an hour.
constexpr seconds kRenewed{4500};
constexpr seconds kRetry{3600};  // after a failure
constexpr std::size_t kNamedMost = 5;

std::string named(const Verification& found) {
  std::string text;
  for (std::size_t i = 0; i < std::min(found.differences.size(), kNamedMost); ++i) {
    const Difference& d = found.differences[i];
    text += fmt::format("{}{}:{}:{}", i == 0 ? "" : " ", name(d.entity), d.id, name(d.kind));
  }
  return text;
}

void log_result(const Verification& found) {
  std::int64_t ids = 0;
  std::int64_t rows = 0;
  for (const StreamVerdict& stream : found.streams) ids += stream.ids, rows += stream.rows;
  if (found.differing() == 0) {
    log::info("mirror equals the portal ids={} rows={} requests={}", ids, rows, found.requests);
    return;
  }
  log::warn("mirror differed from the portal differences={} first={} ids={} rows={} requests={}",
            found.differing(), log::quoted(named(found)), ids, rows, found.requests);
}

}  // namespace

bool Puller::verify_is_due() const {
  const SteadyTime steady = clock_.steady_now();
  if (options_.verify_requests == 0 || steady < verify_due_) return false;
  // The first reading comes before.
  if (filling_ || !plan_optional().empty()) return false;
  const auto by_portal = (clock_.now() + portal_offset_).time_since_epoch() % days{1};
  const bool quiet = by_portal >= kQuietFrom && by_portal < kQuietTo;
  return quiet || steady >= verify_due_ + kLateMost;
}

void Puller::verify(PassReport& report, const std::stop_token& stop) {
  const SteadyTime steady = clock_.steady_now();
  const bool waits =
      verifying_ && verifying_->look_over() && (steady < verify_again_at_ || !sweeps_.empty());
  if (waits || (!verifying_ && !verify_is_due())) return;
  // What this pass has read must not look as if it lacked.
  if (!commit(After::nothing, stop)) return;
  if (!verifying_) {
    verifying_ = std::make_unique<Verifier>(client_, reader_, clock_, options_.verify);
    verify_again_at_ = {};
  } else if (verifying_->look_over()) {
    verifying_->look_again(Verifier::Mirror::counted);
  }
  for (int i = 0; i < options_.verify_requests && !verifying_->look_over(); ++i) {
    // A method that must rest is not waited for beside the polls.
    if (verifying_->must_rest()) return;
    if (!verify_step(report, stop)) return;
  }
  if (!verifying_->look_over()) return;
  const bool first = verify_again_at_ == SteadyTime{};
  verify_again_at_ = steady + kRenewed;
  if (!first || verifying_->suspected().empty()) end_verify(stop);
}

// False: given up for now.
bool Puller::verify_step(PassReport& report, const std::stop_token& stop) {
  const auto asked = verifying_->step(stop);
  if (asked) {
    mend(*verifying_, stop);
    return true;
  }
  const Error& why = asked.error();
  verifying_.reset();
  verify_due_ = clock_.steady_now() + kRetry;
  // The poll has gone well: what is only too heavy for the portal is no trouble.
  if (why.kind == ErrorKind::stopped || why.kind == ErrorKind::blocked) {
    report.error = why;
  } else {
    log::warn("mirror not compared with the portal kind={} text={}", name(why.kind),
              log::quoted(why.text));
  }
  return false;
}

void Puller::end_verify(const std::stop_token& stop) {
  const Verification found = verifying_->result();
  ask_again(*verifying_);
  for (const Difference& difference : found.differences) {
    // Which rows they are, a comparison of all ids tells.
    if (difference.kind == Difference::Kind::count) sweep_due_[difference.entity] = {};
  }
  verifying_.reset();
  verify_due_ = clock_.steady_now() + options_.verify_every;
  log_result(found);
  events_.push(Verified{found}, stop);
}

std::int64_t Puller::mend(Verifier& verifier, const std::stop_token& stop) {
  Pulled written;
  std::int64_t count = 0;
  for (auto& [entity, rows] : verifier.take_rows_to_write()) {
    count += static_cast<std::int64_t>(rows.size());
    written.parts.push_back({.state = states_.at(entity),
                             .records = std::move(rows),
                             .rejected = {},
                             .gone = {},
                             .trust = Trust::nothing});
  }
  if (count > 0) events_.push(std::move(written), stop);
  if (DetailsRead details{verifier.take_details_to_write(), {}}; !details.rows.empty()) {
    count += static_cast<std::int64_t>(details.rows.size());
    events_.push(std::move(details), stop);
  }
  return count;
}

std::int64_t Puller::ask_again(const Verifier& verifier) {
  std::int64_t count = 0;
  for (const auto& [entity, ids] : verifier.only_here()) {
    for (const std::int64_t id : ids) hints_.put_back({entity, id});
    count += static_cast<std::int64_t>(ids.size());
  }
  return count;
}

}  // namespace b24
