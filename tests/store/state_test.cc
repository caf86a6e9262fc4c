#include <gmock/gmock.h>

#include <cmath>
#include <functional>

#include "tests/store/store_fixture.h"

namespace b24 {
namespace {

using Rows = std::vector<std::string>;
using testing::ElementsAre;
using testing::IsEmpty;

AlertKey manager(std::int64_t id) { return {AlertKey::Kind::manager, Entity::user, id}; }
AlertKey deal(std::int64_t id) { return {AlertKey::Kind::object, Entity::deal, id}; }

class StateTest : public StoreTest {
 protected:
  static Notice notice(const std::string& text, const std::string& tag = "b24watch:a:m1:u5:e1",
                       std::int64_t recipient = 5) {
    return {0, recipient, tag, text, text + " (plain)"};
  }
  std::vector<std::string> due(Time now) {
    std::vector<std::string> texts;
    for (const OutboxEntry& entry : writer_->due(now, hours{1})) {
      texts.push_back(entry.notice.text);
    }
    return texts;
  }
  std::vector<std::string> waiting() { return due(kStart); }
  static Alert standing(const AlertKey& key, AlertState state) {
    Alert alert;
    alert.rule_id = "r";
    alert.key = key;
    alert.manager_id = 17;
    alert.state = state;
    alert.since = alert.changed_at = alert.seen_at = kStart;
    alert.value = 12;
    alert.fields = {{"title", text("а")}};
    alert.items = {{1, {{"title", text("а")}}}};
    return alert;
  }
  void save(const Alert& alert) {
    in_transaction([&] { writer_->save_alert(alert); });
  }
};

TEST_F(StateTest, AlertsComeBackAsTheyWere) {
  Alert alert;
  alert.rule_id = "deal_stuck_stage";
  alert.key = deal(7405);
  alert.manager_id = 17;
  alert.state = AlertState::firing;
  alert.episode = 3;
  alert.since = kStart;
  alert.changed_at = kStart + seconds{1};
  alert.seen_at = kStart + seconds{2};
  alert.held = seconds{900};
  alert.value = 12.5;
  alert.norm = 7;
  alert.fields = {{"title", text("«Окна» [b]\"\\")},
                  {"count", integer(5)},
                  {"share", Value{5.0}},
                  {"none", Value{}},
                  {"big", integer(9'007'199'254'740'993)}};
  alert.items = {{7405, {{"title", text("а")}, {"amount", Value{19000.25}}}}, {8, {}}};
  Alert other;
  other.rule_id = "overdue_pile";
  other.key = manager(17);
  other.since = other.changed_at = other.seen_at = kStart;
  in_transaction([&] {
    writer_->save_alert(other);
    writer_->save_alert(other);
    writer_->save_alert(alert);
  });

  for (const auto& alerts : {writer_->alerts(), reader()->alerts()}) {
    ASSERT_EQ(alerts.size(), 2U);
    const Alert& got = alerts[0];
    EXPECT_EQ(got.rule_id, alert.rule_id);
    EXPECT_EQ(got.key, alert.key);
    EXPECT_EQ(got.manager_id, 17);
    EXPECT_EQ(got.state, AlertState::firing);
    EXPECT_EQ(got.episode, 3);
    EXPECT_EQ(got.since, alert.since);
    EXPECT_EQ(got.changed_at, alert.changed_at);
    EXPECT_EQ(got.seen_at, alert.seen_at);
    EXPECT_EQ(got.held, seconds{900});
    EXPECT_EQ(got.value, 12.5);
    EXPECT_EQ(got.norm, 7);
    EXPECT_EQ(got.fields, alert.fields);
    ASSERT_EQ(got.items.size(), 2U);
    EXPECT_EQ(got.items[0].id, 7405);
    EXPECT_EQ(got.items[0].fields, alert.items[0].fields);
    EXPECT_EQ(got.items[1].fields.size(), 0U);
    EXPECT_EQ(alerts[1].key, manager(17));
  }
  EXPECT_EQ(writer_->alerts("overdue_pile").size(), 1U);
  EXPECT_EQ(rows("SELECT rule_id, key, manager_id, state, episode, since, value, norm FROM v_alert "
                 "WHERE key = 'deal:7405'"),
            Rows{"deal_stuck_stage|deal:7405|17|firing|3|1795244400|12.5|7.0"});

  in_transaction([&] { writer_->forget_alert("deal_stuck_stage", deal(7405)); });
  EXPECT_THAT(writer_->alerts("deal_stuck_stage"), IsEmpty());
  EXPECT_EQ(writer_->alerts().size(), 1U);
}

TEST_F(StateTest, AStandingAlertIsNotWrittenEveryMinute) {
  const struct {
    AlertKey key;
    AlertState state;
    bool skipped;
  } cases[] = {
      {deal(1), AlertState::known, true},    {manager(1), AlertState::known, true},
      {deal(1), AlertState::firing, false},  {manager(1), AlertState::firing, false},
      {deal(1), AlertState::pending, false}, {manager(1), AlertState::pending, false},
  };
  for (const auto& c : cases) {
    Alert alert = standing(c.key, c.state);
    save(alert);
    const auto saved = [&] { return writer_->alerts("r").at(0); };
    alert.seen_at = kStart + kSeenSlack - seconds{1};
    alert.held = seconds{299};
    save(alert);
    EXPECT_EQ(saved().seen_at, c.skipped ? kStart : alert.seen_at) << to_string(c.key);
    EXPECT_EQ(saved().held, saved().seen_at - kStart) << "so that no time is lost";
    alert.seen_at = kStart + kSeenSlack;
    alert.held = kSeenSlack;
    save(alert);
    EXPECT_EQ(saved().seen_at, alert.seen_at);
    EXPECT_EQ(saved().held, alert.held);
    alert.seen_at = kStart - hours{6};
    save(alert);
    EXPECT_EQ(saved().seen_at, alert.seen_at) << "the clock was set back";
    in_transaction([&] { writer_->forget_alert("r", c.key); });
  }
}

TEST_F(StateTest, AChangedAlertIsWrittenAtOnce) {
  const std::function<void(Alert&)> changes[] = {
      [](Alert& a) { a.manager_id = 18; },
      [](Alert& a) { a.state = AlertState::firing; },
      [](Alert& a) { a.episode = 2; },
      [](Alert& a) { a.since += seconds{1}; },
      [](Alert& a) { a.changed_at += seconds{1}; },
      [](Alert& a) { a.norm = 7; },
      [](Alert& a) { a.value = 13; },
  };
  Alert alert = standing(manager(1), AlertState::known);
  save(alert);
  for (const auto& change : changes) {
    change(alert);
    alert.seen_at += seconds{1};
    save(alert);
    EXPECT_EQ(writer_->alerts("r").at(0).seen_at, alert.seen_at);
    alert.state = AlertState::known;
    save(alert);
  }
}

TEST_F(StateTest, OnlyWhatIsToldIsKeptWithItsObjects) {
  for (const AlertState state :
       {AlertState::pending, AlertState::firing, AlertState::known, AlertState::resolved}) {
    const Alert alert = standing(manager(1), state);
    ASSERT_FALSE(alert.items.empty() || alert.fields.empty());
    save(alert);
    const Alert saved = writer_->alerts("r").at(0);
    const bool told = state == AlertState::pending || state == AlertState::firing;
    EXPECT_EQ(saved.items.empty(), !told) << name(state);
    EXPECT_EQ(saved.fields.empty(), state == AlertState::known) << name(state);
  }
}

TEST_F(StateTest, TheAgeOfAnObjectAloneIsNotWritten) {
  Alert alert = standing(deal(1), AlertState::known);
  save(alert);
  alert.seen_at += seconds{60};
  alert.value += 0.001;
  save(alert);
  EXPECT_EQ(writer_->alerts("r").at(0).value, 12);
}

TEST_F(StateTest, AResolvedAlertIsKeptWithoutItsItemsAndNotForEver) {
  Alert alert = standing(deal(1), AlertState::resolved);
  alert.episode = 3;
  save(alert);
  EXPECT_EQ(rows("SELECT episode, items FROM alerts"), Rows{"3|[]"});
  Alert old = standing(deal(2), AlertState::resolved);
  old.changed_at = kStart - days{401};
  save(old);
  Alert standing_long = standing(deal(3), AlertState::firing);
  standing_long.changed_at = old.changed_at;
  save(standing_long);
  in_transaction([&] { writer_->prune(kStart); });
  EXPECT_EQ(rows("SELECT key FROM alerts"), (Rows{"deal:1", "deal:3"}));
}

TEST_F(StateTest, TextThatIsNoUtf8IsKeptReadable) {
  Alert alert;
  alert.rule_id = "r";
  alert.fields = {{"title", text("сло\xD0")}};
  in_transaction([&] { writer_->save_alert(alert); });
  EXPECT_EQ(writer_->alerts()[0].fields.at("title"), text("сло\xEF\xBF\xBD"));
}

TEST_F(StateTest, TheJournalKeepsEveryTransition) {
  in_transaction([&] {
    writer_->journal("r", manager(17), Transition::fired, 1, 12, 10, kStart);
    writer_->journal("r", manager(17), Transition::resolved, 1, 6, 10, kStart + hours{1});
  });
  EXPECT_EQ(rows("SELECT rule_id, key, transition, episode, value, norm, at FROM alert_events"),
            (Rows{"r|manager:17|fired|1|12.0|10.0|1795244400",
                  "r|manager:17|resolved|1|6.0|10.0|1795248000"}));
}

TEST_F(StateTest, MessagesComeBackAsTheyWere) {
  Message message{"r",  17, 5, 2, true, kStart, kStart + seconds{60}, 4.5, {deal(1), deal(7)},
                  "abc"};
  in_transaction([&] { writer_->save_message(message); });
  auto messages = writer_->messages("r");
  ASSERT_EQ(messages.size(), 1U);
  const Message& got = messages[0];
  EXPECT_EQ(got.rule_id, "r");
  EXPECT_EQ(got.manager_id, 17);
  EXPECT_EQ(got.recipient, 5);
  EXPECT_EQ(got.episode, 2);
  EXPECT_TRUE(got.open);
  EXPECT_EQ(got.opened_at, message.opened_at);
  EXPECT_EQ(got.told_at, message.told_at);
  EXPECT_EQ(got.told_value, 4.5);
  EXPECT_THAT(got.keys, ElementsAre(deal(1), deal(7)));
  EXPECT_EQ(got.text_hash, "abc");

  message.open = false;
  message.keys.clear();
  in_transaction([&] { writer_->save_message(message); });
  messages = writer_->messages("r");
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_FALSE(messages[0].open);
  EXPECT_THAT(messages[0].keys, IsEmpty());
  EXPECT_THAT(writer_->messages("other"), IsEmpty());
}

TEST_F(StateTest, ANewerNoticeReplacesTheOneThatWaits) {
  in_transaction([&] {
    writer_->queue(notice("первый"), kStart);
    writer_->queue(notice("другому", "b24watch:a:m1:u5:e1", 6), kStart);
    writer_->queue(notice("о другом", "b24watch:a:m2:u5:e1"), kStart);
    writer_->queue(notice("второй"), kStart);
  });
  EXPECT_THAT(waiting(), ElementsAre("другому", "о другом", "второй"));
}

TEST_F(StateTest, TheSameWordsAreNotQueuedTwice) {
  std::int64_t first = 0;
  in_transaction([&] {
    first = writer_->queue(notice("а"), kStart);
    EXPECT_EQ(writer_->queue(notice("а"), kStart), first);
    writer_->mark_delivered(first, 900, kStart);
    EXPECT_EQ(writer_->queue(notice("а"), kStart), first) << "and not after delivery";
  });
  EXPECT_THAT(waiting(), IsEmpty());
  in_transaction([&] {
    EXPECT_GT(writer_->queue(notice("б"), kStart), first);
    EXPECT_GT(writer_->queue(notice("а"), kStart), first) << "something else was said since";
  });
  EXPECT_THAT(waiting(), ElementsAre("а"));
}

TEST_F(StateTest, IdsGrowEvenAfterTheNewestIsGone) {
  in_transaction([&] {
    const auto first = writer_->queue(notice("а"), kStart);
    const auto second = writer_->queue(notice("б"), kStart);
    const auto third = writer_->queue(notice("в"), kStart);
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
  });
}

TEST_F(StateTest, FailuresAreCounted) {
  std::int64_t id = 0;
  in_transaction([&] { id = writer_->queue(notice("а"), kStart); });
  auto entry = writer_->undelivered(id);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->notice, (Notice{id, 5, "b24watch:a:m1:u5:e1", "а", "а (plain)"}));
  EXPECT_EQ(entry->failures, 0);
  EXPECT_EQ(entry->problem, "");

  in_transaction([&] {
    writer_->mark_failed(id, Failure::passing, "портал не отвечает", kStart + minutes{5});
    writer_->mark_failed(id, Failure::refusal, "нет прав", kStart + minutes{10});
  });
  entry = writer_->undelivered(id);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->failures, 2);
  EXPECT_EQ(entry->refusals, 1);
  EXPECT_EQ(entry->problem, "нет прав");
  EXPECT_EQ(reader()->outbox_counts().problem, "нет прав");

  in_transaction([&] { writer_->mark_delivered(id, 77, kStart + minutes{11}); });
  EXPECT_FALSE(writer_->undelivered(id));
  const auto counts = reader()->outbox_counts();
  EXPECT_EQ(counts.waiting, 0);
  EXPECT_EQ(counts.waiting_since, std::nullopt);
  EXPECT_EQ(counts.delivered_at, kStart + minutes{11});
  EXPECT_EQ(counts.problem, "");
}

TEST_F(StateTest, KnowsWhatNobodyCanHaveSeen) {
  const Notice first = notice("а");
  const auto unseen = [&] { return writer_->unseen(first.recipient, first.tag); };
  const auto fail = [&](std::int64_t id, Failure failure) {
    in_transaction([&] { writer_->mark_failed(id, failure, "сбой", kStart); });
  };
  const auto queue = [&](const char* text) {
    std::int64_t id = 0;
    in_transaction([&] { id = writer_->queue(notice(text), kStart); });
    return id;
  };
  const auto one = queue("а");
  EXPECT_EQ(unseen(), std::nullopt) << "it may be on its way";
  fail(one, Failure::passing);
  EXPECT_EQ(unseen(), one);
  const auto two = queue("б");
  EXPECT_EQ(unseen(), std::nullopt);
  fail(two, Failure::refusal);
  EXPECT_EQ(unseen(), two);
  in_transaction([&] { writer_->withdraw(two); });
  EXPECT_EQ(reader()->outbox_counts().waiting, 0);

  const auto three = queue("в");
  fail(three, Failure::unanswered);
  fail(three, Failure::passing);
  EXPECT_EQ(unseen(), std::nullopt) << "the first attempt may have been shown";
  const auto four = queue("г");
  fail(four, Failure::passing);
  EXPECT_EQ(unseen(), std::nullopt) << "so may an earlier version";
  in_transaction([&] { writer_->withdraw(four); });
  EXPECT_EQ(reader()->outbox_counts().waiting, 1);
}

TEST_F(StateTest, DueIsWhatNeedNotWaitLonger) {
  std::int64_t id = 0;
  in_transaction([&] {
    id = writer_->queue(notice("а"), kStart);
    writer_->queue(notice("б", "b24watch:a:m2:u5:e1"), kStart);
    writer_->mark_failed(id, Failure::passing, "нет ответа", kStart + minutes{5});
  });
  EXPECT_THAT(due(kStart + minutes{5} - seconds{1}), ElementsAre("б"));
  EXPECT_THAT(due(kStart + minutes{5}), ElementsAre("а", "б"));
  EXPECT_THAT(due(kStart - minutes{55}), ElementsAre("б"));
  EXPECT_THAT(due(kStart - minutes{55} - seconds{1}), ElementsAre("а", "б"))
      << "the clock was set back";
}

TEST_F(StateTest, DueIsBounded) {
  in_transaction([&] {
    for (int i = 0; i < kMostDue + 1; ++i) {
      writer_->queue(notice("а", "b24watch:a:m" + std::to_string(i) + ":u5:e1"), kStart);
    }
  });
  EXPECT_EQ(writer_->due(kStart, hours{1}).size(), std::size_t{kMostDue});
  EXPECT_EQ(reader()->outbox_counts().waiting, kMostDue + 1);
}

TEST_F(StateTest, AGivenUpNoticeWaitsNoMoreAndBlocksNothing) {
  in_transaction([&] {
    const auto id = writer_->queue(notice("а"), kStart - hours{1});
    writer_->mark_failed(id, Failure::refusal, "сотрудник уволен", std::nullopt);
    EXPECT_THAT(waiting(), IsEmpty());
    EXPECT_FALSE(writer_->undelivered(id));
    writer_->queue(notice("б"), kStart);
  });
  EXPECT_THAT(waiting(), ElementsAre("б"));
  const auto counts = reader()->outbox_counts();
  EXPECT_EQ(counts.waiting, 1);
  EXPECT_EQ(counts.given_up, 1);
  EXPECT_EQ(counts.waiting_since, kStart);
  EXPECT_EQ(counts.problem, "сотрудник уволен");
}

TEST_F(StateTest, ReportsAboutAReplacedNoticeAreIgnored) {
  in_transaction([&] {
    const auto old = writer_->queue(notice("а"), kStart);
    writer_->queue(notice("б"), kStart);
    writer_->mark_delivered(old, 1, kStart);
    writer_->mark_failed(old, Failure::refusal, "поздно", std::nullopt);
  });
  EXPECT_THAT(waiting(), ElementsAre("б"));
}

TEST_F(StateTest, SmallFactsAreKept) {
  EXPECT_EQ(writer_->meta("client"), std::nullopt);
  in_transaction([&] {
    writer_->set_meta("client", "a");
    writer_->set_meta("client", "б");
  });
  EXPECT_EQ(writer_->meta("client"), "б");
  EXPECT_EQ(reader()->meta("client"), "б");
  EXPECT_EQ(reader()->meta("none"), std::nullopt);
}

TEST_F(StateTest, WhatIsOldIsForgotten) {
  const Time old = kStart - days{401};
  const auto row = [](const char* title) {
    return record(Entity::deal, 1, {{"title", text(title)}});
  };
  upsert(Entity::deal, {row("а")}, old);
  upsert(Entity::deal, {row("б")}, old);
  upsert(Entity::deal, {row("в")}, kStart - days{399});
  const RejectedRow rejected[] = {{Entity::deal, "x", "y"}, {Entity::task, "x", "y"}};
  in_transaction([&] {
    writer_->journal("r", manager(1), Transition::fired, 1, 1, 1, old);
    writer_->journal("r", manager(1), Transition::fired, 2, 1, 1, kStart);
    writer_->mark_delivered(writer_->queue(notice("старое", "1"), kStart - days{31}), 1, kStart);
    writer_->queue(notice("ждёт", "2"), kStart - days{31});
    writer_->mark_failed(writer_->queue(notice("отказ", "4"), kStart - days{31}), Failure::refusal,
                         "нет прав", std::nullopt);
    writer_->mark_delivered(writer_->queue(notice("новое", "3"), kStart), 1, kStart);
    writer_->reject(rejected, kStart - days{31});
    writer_->reject(std::span{rejected, 1}, kStart);
    writer_->prune(kStart);
  });
  EXPECT_EQ(rows("SELECT new_value FROM changes"), Rows{"в"});
  EXPECT_EQ(rows("SELECT episode FROM alert_events"), Rows{"2"});
  EXPECT_EQ(rows("SELECT text FROM outbox"), (Rows{"ждёт", "новое"}));
  EXPECT_EQ(rows("SELECT entity FROM rejected_rows"), Rows{"deal"});

  in_transaction([&] { writer_->prune(kStart + days{1000}); });
  EXPECT_EQ(rows("SELECT count(*) FROM changes"), Rows{"0"});
}

}  // namespace
}  // namespace b24
