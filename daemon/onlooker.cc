#include "daemon/onlooker.h"

#include <algorithm>

#include "daemon/engine/kept.h"
#include "daemon/engine/surroundings.h"
#include "daemon/engine/verify.h"
#include "daemon/same_portal.h"

namespace b24 {
namespace {

// How many polls the service gets to bring the mirror up to date.
constexpr int kPolls = 4;
constexpr seconds kLeastPatience{60};
constexpr seconds kMostPatience{900};
constexpr milliseconds kGlance{200};
// A look that ended within the same seconds may have been answered before ours.
constexpr seconds kMargin{3};

// The service has looked at the suspected streams since; people and directories, which it reads by
// the hour, are not waited for.
bool has_moved_on(Reader& reader, const std::set<Entity>& suspected, Time since) {
  const auto streams = reader.streams();
  return std::all_of(streams.begin(), streams.end(), [&](const StreamState& state) {
    const bool waited =
        suspected.contains(state.entity) && spec(state.entity).renewal != Renewal::whole;
    return !waited || (state.fresh_at && *state.fresh_at >= since + kMargin);
  });
}

// As the service reckons; it keeps the busy pace while the portal's calendar is not known.
seconds patience(Reader& reader, const Config& config, Time now) {
  Pace pace{config.portal.poll, config.portal.poll_quiet};
  const auto kept = kept_facts(reader);
  if (!kept) pace.quiet = pace.busy;
  const auto calendar =
      calendar_of(kept ? std::optional{kept->facts} : std::nullopt, config.calendar);
  return calendar ? patience_at(pace, *calendar, now) : kMostPatience;
}

void wait_for_service(Reader& reader, const Verifier& verifier, seconds most, Clock& clock) {
  const SteadyTime until = clock.steady_now() + most;
  while (clock.steady_now() < until &&
         !has_moved_on(reader, verifier.suspected(), verifier.looked_at())) {
    clock.sleep_until(clock.steady_now() + kGlance, {});
  }
}

Result<void> look(Verifier& verifier) {
  while (!verifier.look_over()) {
    if (auto asked = verifier.step({}); !asked) return asked.error();
  }
  return {};
}

}  // namespace

seconds patience_at(const Pace& pace, const Calendar& calendar, Time now) {
  return std::clamp(pace_at(pace, calendar, now) * kPolls, kLeastPatience, kMostPatience);
}

Result<VerifyReport> verify_beside_service(const Config& config, const VerifyOptions& wish,
                                           const OnlookerEvents& events, Clock& clock) {
  const SteadyTime began = clock.steady_now();
  auto access = access_of(config, config.state_dir, {}, clock);
  if (!access) return access.error();
  auto reader = Reader::open(StorePaths{config.state_dir});
  if (!reader) return reader.error();
  const auto same =
      same_portal((*reader)->meta(kPortalMeta), (*reader)->meta(kMovedMeta), access->url.host);
  if (!same) return same.error();
  const auto client =
      make_client(std::move(*access), config, {}, (*reader)->meta(kLimitsMeta), clock);
  Verifier verifier{*client, **reader, clock, wish};
  verifier.on_progress(events.progress);
  if (auto first = look(verifier); !first) return first.error();
  if (!verifier.suspected().empty()) {
    const seconds most = patience(**reader, config, clock.now());
    if (events.waiting) events.waiting(most);
    wait_for_service(**reader, verifier, most, clock);
    verifier.look_again(Verifier::Mirror::maybe_behind);
    if (auto second = look(verifier); !second) return second.error();
  }
  VerifyReport report;
  report.found = verifier.result();
  report.seconds = std::chrono::duration<double>(clock.steady_now() - began).count();
  return report;
}

}  // namespace b24
