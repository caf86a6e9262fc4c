#include "daemon/onlooker.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/workplace.h"

// A comparison beside the service waits for it as long as it takes to look at the portal again.

namespace b24 {
namespace {

TEST(OnlookerTest, WaitsAtThePaceInForce) {
  const Calendar calendar = Calendar::make({.zone = "Europe/Moscow"}).value();
  const Time day = parse_time("2026-11-20T12:00:00+03:00").value();
  const Time night = parse_time("2026-11-20T23:00:00+03:00").value();
  EXPECT_EQ(patience_at({seconds{30}, minutes{5}}, calendar, day), seconds{120});
  EXPECT_EQ(patience_at({seconds{30}, minutes{2}}, calendar, night), minutes{8});
  EXPECT_EQ(patience_at({seconds{1}, seconds{1}}, calendar, day), minutes{1});
  EXPECT_EQ(patience_at({seconds{30}, hours{1}}, calendar, night), minutes{15});
}

// The time in which `after` passes; then something happens, once.
class EventfulClock : public FakeClock {
 public:
  EventfulClock(Time start, seconds after, std::function<void()> happens)
      : FakeClock(start), at_(start + after), happens_(std::move(happens)) {}
  bool sleep_until(SteadyTime until, const std::stop_token& stop) override {
    const bool goes_on = FakeClock::sleep_until(until, stop);
    if (happens_ && now() >= at_) std::exchange(happens_, nullptr)();
    return goes_on;
  }

 private:
  const Time at_;
  std::function<void()> happens_;
};

TEST(OnlookerTest, ASlowServiceIsWaitedForAtNight) {
  Workplace workplace{
      {.managers = 3, .deals = 20, .tasks = 5, .calls = 5, .limits = {.enabled = false}}};
  ASSERT_EQ(workplace.run({"sync"}).exit_code, 0);
  Config config;
  config.portal.webhook = Secret{workplace.portal().webhook()};
  config.state_dir = workplace.folder() + "/state";
  config.calendar.week_holidays = std::set<unsigned>{0, 1, 2, 3, 4, 5, 6};
  const StorePaths paths{config.state_dir};
  const auto tamper = [&](const std::string& sql) {
    SQLite::Database{paths.file().string(), SQLite::OPEN_READWRITE, 5000}.exec(sql);
  };
  tamper("UPDATE deals SET title = title || '!' WHERE id = (SELECT min(id) FROM deals)");
  // As the service does when it looks at last.
  const Time start = SystemClock{}.now();
  constexpr minutes kSlow{4};
  EventfulClock clock{
      start, kSlow, [&] {
        tamper("UPDATE deals SET title = rtrim(title, '!')");
        tamper(fmt::format("UPDATE streams SET fresh_at = {}", to_unix(start + kSlow)));
      }};
  std::optional<seconds> waited;
  const auto report = verify_beside_service(config, {.streams = {Entity::deal}},
                                            {{}, [&](seconds most) { waited = most; }}, clock);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(waited, minutes{15});
  EXPECT_EQ(report->found.differing(), 0);
  EXPECT_EQ(report->found.undecided(), 0);
}

}  // namespace
}  // namespace b24
