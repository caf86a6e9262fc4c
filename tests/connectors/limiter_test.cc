#include "connectors/bitrix24/limiter.h"

#include <gtest/gtest.h>

#include <random>

namespace b24 {
namespace {

constexpr SteadyTime kStart{milliseconds{1'000'000}};

SteadyTime at(double second) {
  return kStart + milliseconds{static_cast<std::int64_t>(second * 1000)};
}

double wait_seconds(const Limiter& limiter, SteadyTime now) {
  return std::chrono::duration<double>(limiter.request_at(now) - now).count();
}

// The portal's counter as the docs describe it: each request adds one, once a second it falls by
// the drain, and a request that finds it full is refused.
class StrictBucket {
 public:
  StrictBucket(const LimiterOptions& options, milliseconds phase)
      : options_(options), tick_(kStart + phase) {}

  bool accept(SteadyTime now) {
    while (tick_ <= now) {
      level_ = std::max(0.0, level_ - options_.drain_per_second);
      tick_ += seconds{1};
    }
    if (level_ + 1 > options_.burst) return false;
    level_ += 1;
    return true;
  }

 private:
  LimiterOptions options_;
  SteadyTime tick_;
  double level_ = 0;
};

TEST(LimiterTest, NeverMeetsARefusalWhateverTheOrderOfCalls) {
  LimiterOptions usual;
  LimiterOptions enterprise;
  enterprise.drain_per_second = 5;
  enterprise.burst = 250;
  LimiterOptions greedy;
  greedy.leave_free = 0;
  for (const LimiterOptions& options : {usual, enterprise, greedy}) {
    for (unsigned seed = 1; seed <= 60; ++seed) {
      std::mt19937 random(seed);
      StrictBucket bucket(options, milliseconds{random() % 1000});
      Limiter limiter(options);
      SteadyTime now = kStart;
      for (int call = 0; call < 600; ++call) {
        // Mostly one call after the other, at times a pause in which the bucket drains.
        if (random() % 50 == 0) now += milliseconds{random() % 40'000};
        now = limiter.request_at(now);
        limiter.sent(now);
        now += milliseconds{random() % 300};  // the way to the portal
        ASSERT_TRUE(bucket.accept(now)) << "seed " << seed << ", call " << call;
      }
    }
  }
}

TEST(LimiterTest, SpendsTheBurstAtOnceAndThenKeepsThePace) {
  Limiter limiter({});
  for (int i = 0; i < 47; ++i) {
    EXPECT_EQ(limiter.request_at(kStart), kStart) << i;
    limiter.sent(kStart);
  }
  EXPECT_NEAR(wait_seconds(limiter, kStart), 0.25, 0.001);
  SteadyTime now = kStart;
  for (int i = 0; i < 20; ++i) {
    now = limiter.request_at(now);
    limiter.sent(now);
  }
  EXPECT_NEAR(std::chrono::duration<double>(now - kStart).count(), 0.25 + 19 * 0.5, 0.05);
  EXPECT_EQ(limiter.report(now).requests, 67U);
}

TEST(LimiterTest, SlowsDownAfterARefusalAndRecovers) {
  Limiter limiter({});
  limiter.refused(kStart);
  EXPECT_EQ(limiter.report(kStart).refusals, 1U);
  EXPECT_NEAR(wait_seconds(limiter, kStart), 3.5 / 1.6, 0.01);  // 80 % of the pace
  limiter.refused(kStart);
  EXPECT_NEAR(wait_seconds(limiter, kStart), 3.5 / 1.28, 0.01);
  for (int i = 0; i < 20; ++i) limiter.refused(kStart);
  EXPECT_NEAR(wait_seconds(limiter, kStart), 3.5 / 0.5, 0.01);  // and never slower than a quarter

  SteadyTime now = kStart;
  for (int i = 0; i < 400; ++i) {
    now = limiter.request_at(now);
    limiter.sent(now);
  }
  EXPECT_NEAR(wait_seconds(limiter, now), 0.5, 0.01);
}

TEST(LimiterTest, LetsAMethodRestWhenItsBudgetIsSpent) {
  Limiter limiter({});
  EXPECT_EQ(limiter.method_at("crm.item.list", kStart), kStart);
  limiter.reported("crm.item.list", 470.3, seconds{300}, kStart);
  EXPECT_EQ(limiter.method_at("crm.item.list", kStart), kStart);
  limiter.reported("crm.item.list", 471, seconds{300}, kStart);
  EXPECT_EQ(limiter.method_at("crm.item.list", kStart), at(300));
  EXPECT_EQ(limiter.method_at("tasks.task.list", kStart), kStart);
  EXPECT_EQ(limiter.method_at("crm.item.list", at(301)), at(301));
  EXPECT_DOUBLE_EQ(limiter.report(at(301)).operating.at("crm.item.list"), 471);
  EXPECT_DOUBLE_EQ(limiter.report(at(1000)).operating.at("crm.item.list"), 0);
}

// The portal's budget as the docs describe it: what is spent lives ten minutes, a call that finds
// it spent is refused, and the one that crosses the line is not.
TEST(LimiterTest, SpendsAMethodsBudgetToTheLastCallThatFits) {
  const struct {
    double cost;
    int calls;  // in all; ours may leave one of a hundred to the next ten minutes
  } cases[] = {{0.02, 23'500}, {0.7, 670}, {4, 117}, {40, 12}, {200, 3}};
  for (const auto& c : cases) {
    Limiter limiter({});
    double spent = 0;
    int calls = 0;
    while (limiter.method_at("crm.item.list", kStart) == kStart) {
      // What was never called is asked for with one page first, which also counts.
      const std::size_t fit = calls == 0 ? 1 : limiter.calls_that_fit("crm.item.list", kStart);
      for (std::size_t i = 0; i < fit; ++i) {
        ASSERT_LT(spent, 480) << c.cost << ": the portal refuses call " << calls;
        spent += c.cost;
        ++calls;
        limiter.reported("crm.item.list", spent, seconds{600}, kStart);
      }
    }
    EXPECT_GE(calls, c.calls) << c.cost;
  }
}

TEST(LimiterTest, AsksWithOneCallHowMuchIsFreeAfterTheReset) {
  Limiter limiter({});
  EXPECT_EQ(limiter.calls_that_fit("crm.item.list", kStart), 50U);
  limiter.reported("crm.item.list", 469, seconds{60}, kStart);
  limiter.reported("crm.item.list", 471, seconds{60}, kStart);
  EXPECT_EQ(limiter.calls_that_fit("crm.item.list", at(61)), 1U);
  limiter.reported("crm.item.list", 431, seconds{60}, at(61));
  EXPECT_EQ(limiter.calls_that_fit("crm.item.list", at(61)), 19U);  // of 39.4 seconds
  EXPECT_EQ(limiter.calls_that_fit("tasks.task.list", at(61)), 50U);
  EXPECT_EQ(limiter.calls_that_fit("crm.item.list", at(61 + 60 + 601)), 50U);
}

TEST(LimiterTest, KnowsWhatAnEarlierRunHasSpent) {
  Limiter limiter({});
  limiter.assume(49, {{"crm.item.list", 475}, {"user.get", 460.0}, {"crm.status.list", 3}}, kStart);
  EXPECT_GT(wait_seconds(limiter, kStart), 1);
  EXPECT_EQ(limiter.calls_that_fit("crm.item.list", kStart), 1U);
  EXPECT_EQ(limiter.calls_that_fit("user.get", kStart), 10U);
  EXPECT_EQ(limiter.calls_that_fit("crm.status.list", kStart), 50U);
  // Its calls are not taken for one dear call of ours for longer than two of them.
  limiter.reported("user.get", 300, seconds{60}, kStart);
  EXPECT_EQ(limiter.calls_that_fit("user.get", kStart), 1U);
  limiter.reported("user.get", 300.5, seconds{60}, kStart);
  EXPECT_EQ(limiter.calls_that_fit("user.get", kStart), 50U);
}

TEST(LimiterTest, ParksAnExhaustedMethodUntilItsReset) {
  const struct {
    double reset_in;
    double want;
  } cases[] = {{0, 10}, {5, 10}, {100, 101}, {600, 600}, {5000, 600}};
  for (const auto& c : cases) {
    Limiter limiter({});
    limiter.reported("crm.item.list", 10, seconds{static_cast<int>(c.reset_in)}, kStart);
    limiter.exhausted("crm.item.list", kStart);
    EXPECT_EQ(limiter.method_at("crm.item.list", kStart), at(c.want)) << c.reset_in;
  }
  Limiter limiter({});
  limiter.exhausted("user.get", kStart);  // nothing was ever reported
  EXPECT_EQ(limiter.method_at("user.get", kStart), at(10));
}

TEST(LimiterTest, HoldsNothingBackWhenThePortalHasNoLimits) {
  LimiterOptions options;
  options.enabled = false;
  Limiter limiter(options);
  for (int i = 0; i < 1000; ++i) limiter.sent(kStart);
  EXPECT_EQ(limiter.request_at(kStart), kStart);
  limiter.reported("crm.item.list", 5000, seconds{600}, kStart);
  EXPECT_EQ(limiter.method_at("crm.item.list", kStart), kStart);
  limiter.refused(kStart);  // said to have none, yet refuses
  EXPECT_EQ(limiter.request_at(kStart), at(1));
}

}  // namespace
}  // namespace b24
