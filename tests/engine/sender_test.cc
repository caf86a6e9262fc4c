#include "daemon/engine/sender.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>

namespace b24 {
namespace {

class ScriptedNotifier : public Notifier {
 public:
  explicit ScriptedNotifier(std::function<Result<std::int64_t>(const Notice&)> script)
      : script_(std::move(script)) {}
  Result<std::int64_t> deliver(const Notice& notice) override { return script_(notice); }

 private:
  std::function<Result<std::int64_t>(const Notice&)> script_;
};

std::optional<Delivered> next_delivery(EventQueue& events) {
  auto event = events.pop(milliseconds{0}, {});
  if (!event || !std::holds_alternative<Delivered>(*event)) return std::nullopt;
  return std::get<Delivered>(*event);
}

TEST(SenderTest, ReportsTheNoticeUnderWayThoughAStopComesAndNothingHasRoom) {
  EventQueue events{1};
  ASSERT_TRUE(events.try_push(PassDone{}));
  std::stop_source stop;
  ScriptedNotifier notifier{[&](const Notice& notice) {
    stop.request_stop();
    return Result<std::int64_t>{notice.id + 100};
  }};
  Sender sender{notifier, events};
  ASSERT_TRUE(sender.hand({.id = 1}));
  ASSERT_TRUE(sender.hand({.id = 2}));
  sender.run(stop.get_token());
  ASSERT_TRUE(events.pop(milliseconds{0}, {}));  // what filled the queue
  const auto delivered = next_delivery(events);
  ASSERT_TRUE(delivered);
  EXPECT_EQ(delivered->outbox_id, 1);
  EXPECT_EQ(delivered->outcome.value(), 101);
  EXPECT_FALSE(next_delivery(events)) << "after the stop nothing new is sent";
}

TEST(SenderTest, ANoticeThatTheEndBrokeOffIsNoFailure) {
  EventQueue events{8};
  ScriptedNotifier notifier{
      [](const Notice&) { return Result<std::int64_t>{error(ErrorKind::stopped, "")}; }};
  Sender sender{notifier, events};
  ASSERT_TRUE(sender.hand({.id = 1}));
  sender.run({});
  EXPECT_FALSE(next_delivery(events));
}

TEST(QueueTest, GivesTheRestAfterItWasClosed) {
  Queue<int> queue{1};
  ASSERT_TRUE(queue.try_push(1));
  EXPECT_FALSE(queue.try_push(2));
  queue.put(3);
  std::jthread closing{[&] { queue.close(); }};
  EXPECT_EQ(queue.pop_last(), 1);
  EXPECT_EQ(queue.pop_last(), 3);
  EXPECT_EQ(queue.pop_last(), std::nullopt);
}

}  // namespace
}  // namespace b24
