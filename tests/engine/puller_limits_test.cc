#include <nlohmann/json.hpp>

#include "tests/engine/desk.h"

// The puller under the portal's limits, which the portal keeps to by the same clock: what a first
// reading costs in requests and in time, and that nothing is ever refused, be the program started
// anew as often as one likes.

namespace b24 {
namespace {

using Refusals = std::map<std::string, std::uint64_t>;

// The portal's figures, a tenth of them: a few requests drain the bucket.
constexpr double kDrain = 0.2;
constexpr double kBurst = 5;
constexpr double kStarting = 3.5;  // seconds that a start may cost (same_portal.h)

LimiterOptions small_bucket() {
  LimiterOptions limits;
  limits.drain_per_second = kDrain;
  limits.burst = kBurst;
  return limits;
}

sim::PortalOptions company() {
  sim::PortalOptions options = small_company();
  options.deals = 800;
  options.leads = options.contacts = options.companies = 300;
  options.tasks = 2600;
  options.calls = 4000;
  options.activities = 0;
  options.products = options.payments = options.comments = false;
  options.limits = {.drain_per_second = kDrain, .burst = kBurst};
  return options;
}

PullerOptions rows_only() { return {.verify_requests = 0, .details = {.requests = 0}}; }

class Bucket : public testing::Test {
 protected:
  double rows() {
    std::size_t rows = 0;
    for (const Entity entity : sim::kStreams) rows += desk_.portal().count(entity);
    return static_cast<double>(rows);
  }
  double requests() { return static_cast<double>(desk_.portal().counters().requests); }
  double passed() {
    return std::chrono::duration<double>(desk_.clock.steady_now() - began_).count();
  }
  // What a bucket that is empty at first makes of so many requests.
  double shortest() { return (requests() - kBurst) / kDrain; }
  void expect_all_read() {
    for (const Entity entity : kEntities) {
      EXPECT_TRUE(desk_.stream(entity).full_done) << name(entity);
    }
    for (const Entity entity : sim::kStreams) {
      const auto counts = desk_.reader().row_counts();
      const auto found = counts.find(entity);
      const std::int64_t here = found == counts.end() ? 0 : found->second;
      EXPECT_EQ(here, static_cast<std::int64_t>(desk_.portal().count(entity))) << name(entity);
    }
  }

  Desk desk_{company(), rows_only(), {}, Way::webhook, small_bucket()};
  const SteadyTime began_ = SteadyTime{milliseconds{1'000'000}};
};

TEST_F(Bucket, AFirstReadingTakesWhatTheRowsAndTheBucketAllow) {
  ASSERT_FALSE(desk_.pass(Puller::Counts::now).error);
  expect_all_read();
  EXPECT_EQ(desk_.portal().counters().refusals, Refusals{});
  EXPECT_LE(requests(), 1.03 * rows() / 2500 + 20) << rows();
  EXPECT_GT(passed(), 30) << "the bucket was never full";
  EXPECT_LE(passed(), 1.05 * shortest()) << requests();
}

TEST_F(Bucket, StartsInTheMiddleAreNeverRefusedAndLoseNothing) {
  int starts = 0;
  while (!desk_.stream(Entity::call).full_done) {
    ASSERT_LT(starts, 20);
    // The bucket stays as full as it was.
    std::stop_source stop;
    int steps = 0;
    desk_.puller->on_progress([&](const Progress&) {
      if (++steps == 2) stop.request_stop();
    });
    desk_.puller->pass(Puller::Counts::now, stop.get_token());
    desk_.restart_process(rows_only());
    ASSERT_TRUE(desk_.puller->read_facts(desk_.stop()));
    ++starts;
  }
  ASSERT_FALSE(desk_.pass(Puller::Counts::now).error);
  EXPECT_GE(starts, 3);
  expect_all_read();
  EXPECT_EQ(desk_.portal().counters().refusals, Refusals{});
  EXPECT_LE(passed(), 1.05 * shortest() + starts * kStarting) << starts << " " << requests();
}

// What belongs to the objects is asked for with no list between: a start after it must know of it.
TEST(BucketOfDetails, IsKnownAfterAStart) {
  sim::PortalOptions options = sim::bare(small_company());
  options.activities = 400;
  options.limits = {.drain_per_second = kDrain, .burst = kBurst};
  Desk desk{options, {.verify_requests = 0}, {}, Way::webhook, small_bucket()};
  for (int start = 0; start < 3; ++start) {
    ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
    desk.restart_process({.verify_requests = 0});
    ASSERT_TRUE(desk.puller->read_facts(desk.stop()));
  }
  EXPECT_EQ(desk.portal().counters().refusals, Refusals{});
}

// With the portal's own figures.
class Starts : public testing::Test {
 protected:
  Starts() {
    sim::PortalOptions options = sim::bare(small_company());
    options.clock = &clock_;
    options.limits = {};
    portal_ = std::make_unique<sim::Portal>(options);
    portal_->start();
  }
  std::unique_ptr<Client> client(const std::optional<std::string>& kept = {}) {
    return make_client(*parse_webhook(Secret{portal_->webhook()}), Config{}, {}, kept, clock_);
  }
  Refusals refusals() const { return portal_->counters().refusals; }

  FakeClock clock_{from_unix(1'795'244'400)};
  std::unique_ptr<sim::Portal> portal_;
};

TEST_F(Starts, ThatAreKilledAtOnceAreNeverRefused) {
  std::optional<std::string> kept;
  for (int start = 0; start < 60; ++start) {
    const auto own = client(kept);
    kept = limits_now(*own, clock_);
    // Killed before anything more is noted.
    ASSERT_TRUE(read_portal_facts(*own, {}));
  }
  EXPECT_GE(portal_->counters().requests, 60U) << "more than the bucket holds";
  EXPECT_EQ(refusals(), Refusals{});
}

TEST_F(Starts, LeaveAPartOfTheBucketToOthersAtThisAddress) {
  const auto own = client();
  for (int i = 0; i < 120; ++i) ASSERT_TRUE(own->call("profile", {}, Effect::read, {}));
  Config unlimited;
  unlimited.portal.limits.enabled = false;
  const auto other =
      make_client(*parse_webhook(Secret{portal_->webhook()}), unlimited, {}, std::nullopt, clock_);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(other->call("profile", {}, Effect::read, {}));
  EXPECT_EQ(refusals(), Refusals{}) << "a twentieth of fifty is theirs";
}

// The list of calls is so dear that it takes several of the ten minutes in which twelve pages fit.
TEST(OperatingBudget, IsSpentToItsEndAndNeverOverspent) {
  constexpr const char* kMethod = "voximplant.statistic.get";
  constexpr double kPageCost = 40;
  constexpr int kPagesInTenMinutes = 12;
  sim::PortalOptions options = sim::bare(small_company());
  options.calls = 3400;
  options.limits = {.method_cost = {{kMethod, kPageCost}}};
  Desk desk{options, rows_only(), {}, Way::webhook, LimiterOptions{}};
  const SteadyTime began = desk.clock.steady_now();
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  ASSERT_TRUE(desk.stream(Entity::call).full_done);
  EXPECT_EQ(desk.number("SELECT count(*) FROM v_call"), 3400);
  EXPECT_EQ(desk.portal().counters().refusals, Refusals{});
  const auto pages = static_cast<int>(desk.calls(kMethod));
  EXPECT_GE(pages, 69);
  const seconds allowed = (pages - 1) / kPagesInTenMinutes * minutes{10};
  EXPECT_GT(allowed, minutes{40});
  const auto passed = std::chrono::duration_cast<seconds>(desk.clock.steady_now() - began);
  EXPECT_LE(static_cast<double>(passed.count()), 1.05 * static_cast<double>(allowed.count()))
      << pages;
}

}  // namespace
}  // namespace b24
