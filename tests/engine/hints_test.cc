#include "daemon/engine/hints.h"

#include <gtest/gtest.h>

#include <thread>

#include "daemon/engine/queue.h"

namespace b24 {
namespace {

TEST(HintsTest, AStormAboutOneObjectIsOneHint) {
  Hints hints;
  for (int i = 0; i < 3000; ++i) {
    EXPECT_TRUE(hints.add({Entity::deal, 7}));
    EXPECT_TRUE(hints.add({Entity::task, 7 + i % 2}));
  }
  const std::map<Entity, std::set<std::int64_t>> merged = {{Entity::deal, {7}},
                                                           {Entity::task, {7, 8}}};
  EXPECT_EQ(hints.take(), merged);
  EXPECT_TRUE(hints.take().empty());
}

TEST(HintsTest, WhatFindsNoRoomIsCounted) {
  Hints hints{2};
  EXPECT_TRUE(hints.add({Entity::deal, 1}));
  EXPECT_TRUE(hints.add({Entity::task, 1}));
  EXPECT_FALSE(hints.add({Entity::deal, 2}));
  EXPECT_TRUE(hints.add({Entity::deal, 1})) << "known already";
  EXPECT_EQ(hints.dropped(), 1U);
  hints.take();
  EXPECT_TRUE(hints.add({Entity::deal, 2}));
}

TEST(HintsTest, WaitingEndsWithAHintOrAStop) {
  Hints hints;
  std::stop_source stop;
  EXPECT_FALSE(hints.wait(milliseconds{0}, stop.get_token()));
  {
    const std::jthread portal{[&] { hints.add({Entity::call, 0}); }};
    EXPECT_TRUE(hints.wait(minutes{10}, stop.get_token()));
  }
  hints.take();
  const std::jthread person{[&] { stop.request_stop(); }};
  EXPECT_FALSE(hints.wait(minutes{10}, stop.get_token()));
}

TEST(QueueTest, KeepsTheOrderAndItsLimit) {
  Queue<int> queue{2};
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_TRUE(queue.try_push(2));
  EXPECT_FALSE(queue.try_push(3));
  EXPECT_EQ(queue.pop(milliseconds{0}, {}), 1);
  EXPECT_EQ(queue.pop(milliseconds{0}, {}), 2);
  EXPECT_EQ(queue.pop(milliseconds{0}, {}), std::nullopt);
}

TEST(QueueTest, AFullQueueMakesItsSenderWait) {
  Queue<int> queue{1};
  std::stop_source stop;
  const std::jthread sender{[&] {
    for (int i = 0; i < 100; ++i) queue.push(i, stop.get_token());
  }};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(queue.pop(minutes{10}, stop.get_token()), i);
}

TEST(QueueTest, AStopEndsWaitingOnBothSides) {
  Queue<int> queue{1};
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(queue.pop(minutes{10}, stop.get_token()), std::nullopt);
  EXPECT_TRUE(queue.push(1, stop.get_token())) << "there is room";
  EXPECT_FALSE(queue.push(2, stop.get_token()));
  EXPECT_EQ(queue.pop(minutes{10}, stop.get_token()), 1) << "what is in it is not lost";
}

}  // namespace
}  // namespace b24
