#include <gmock/gmock.h>

#include "daemon/engine/trouble.h"
#include "tests/engine/desk.h"

// Rows that the portal lists no more: deleted or hidden, from the list to the views.

namespace b24 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FatesDesk : public testing::Test {
 protected:
  explicit FatesDesk(sim::PortalOptions options = sim::bare(small_company()))
      : desk_(std::move(options)) {
    read_all();
  }
  void read_all() {
    ASSERT_FALSE(desk_.pass(Puller::Counts::now).error);
    go_on();
  }

  void go_on(seconds by = seconds{30}) {
    desk_.go_on(by);
    ASSERT_FALSE(desk_.pass().error);
  }
  // Looks until nothing is lost; gives the requests of each.
  std::vector<std::uint64_t> ask_all(int most = 60) {
    std::vector<std::uint64_t> requests;
    for (int i = 0; i < most && !desk_.reader().lost({}, 1).empty(); ++i) {
      const auto before = desk_.portal().counters().requests;
      go_on();
      requests.push_back(desk_.portal().counters().requests - before);
    }
    return requests;
  }
  std::vector<std::string> lines(const std::string& sql) {
    std::vector<std::string> found;
    const auto table = desk_.reader().query(sql);
    if (!table) return {table.error().text};
    for (const auto& row : table->rows) {
      std::string line;
      for (const Value& value : row) line += (line.empty() ? "" : "|") + as_text(value);
      found.push_back(line);
    }
    return found;
  }
  std::vector<std::string> hidden() {
    return lines("SELECT entity, entity_id FROM v_hidden ORDER BY entity, entity_id");
  }
  static std::string line(Entity entity, std::int64_t id) {
    return fmt::format("{}|{}", name(entity), id);
  }

  Desk desk_;
};

class AllFates : public FatesDesk {
 protected:
  AllFates() : FatesDesk(small_company()) {}
};

TEST_F(AllFates, ASweepFindsBothKindsAndNamesThemRightly) {
  std::vector<std::string> expected;
  std::map<Entity, std::int64_t> kept;
  for (const Entity entity : {Entity::activity, Entity::company, Entity::contact, Entity::deal,
                              Entity::invoice, Entity::lead, Entity::quote, Entity::task}) {
    const auto ids = desk_.portal().ids(entity);
    desk_.portal().remove(entity, ids[2]);
    // What went along with another is gone already.
    std::vector<std::int64_t> left = desk_.portal().ids(entity);
    const std::int64_t id = left[left.size() / 2];
    desk_.portal().hide(entity, id);
    expected.push_back(line(entity, id));
    kept[entity] = id;
  }
  ASSERT_FALSE(desk_.pass(Puller::Counts::now).error);  // counts, and compares all ids
  ask_all();
  std::vector<std::string> found = hidden();
  // The activity of a task may have gone with it.
  std::erase_if(found, [&](const std::string& one) {
    return std::ranges::find(expected, one) == expected.end();
  });
  EXPECT_EQ(found, expected);
  for (const auto& [entity, id] : kept) {
    EXPECT_THAT(lines(fmt::format("SELECT id FROM v_{} WHERE id = {}", name(entity), id)),
                IsEmpty())
        << "hidden rows leave the views";
    EXPECT_EQ(desk_.reader().deleted(entity, {id}).size(), 1U);
    EXPECT_EQ(lines(fmt::format("SELECT hidden FROM v_stream WHERE entity = '{}'", name(entity))),
              std::vector<std::string>{"1"});
    EXPECT_THAT(lines(fmt::format("SELECT field, typeof(old_value) FROM v_change WHERE entity = "
                                  "'{}' AND entity_id = {} ORDER BY id",
                                  name(entity), id)),
                testing::IsSupersetOf({"deleted_at|null", "hidden_at|null"}));
  }
  EXPECT_THAT(desk_.reader().lost({}, 100), IsEmpty()) << "each is asked for once";
}

TEST_F(FatesDesk, ARowThatComesBackIsAliveAgain) {
  const std::int64_t id = desk_.portal().ids(Entity::deal)[7];
  desk_.portal().hide(Entity::deal, id);
  desk_.hints.add({Entity::deal, id});
  go_on();
  EXPECT_FALSE(desk_.has_deal(id));
  go_on();
  EXPECT_THAT(hidden(), ElementsAre(line(Entity::deal, id)));
  desk_.portal().show(Entity::deal, id);
  ASSERT_FALSE(desk_.pass(Puller::Counts::now).error);
  EXPECT_TRUE(desk_.has_deal(id));
  EXPECT_THAT(hidden(), IsEmpty());
  EXPECT_THAT(lines(fmt::format("SELECT field, old_value IS NULL, new_value IS NULL FROM v_change "
                                "WHERE entity = 'deal' AND entity_id = {} AND field LIKE '%ed_at' "
                                "OR field = 'hidden_at' ORDER BY id",
                                id)),
              ElementsAre("deleted_at|1|0", "hidden_at|1|0", "deleted_at|0|1", "hidden_at|0|1"));
}

TEST_F(FatesDesk, WhatIsDeletedWhileItIsHiddenIsNotHiddenAnyMore) {
  const std::int64_t id = desk_.portal().ids(Entity::task)[7];
  desk_.portal().hide(Entity::task, id);
  desk_.hints.add({Entity::task, id});
  go_on();
  go_on();
  EXPECT_THAT(hidden(), ElementsAre(line(Entity::task, id)));
  desk_.portal().remove(Entity::task, id);
  desk_.go_on(days{1});  // the nightly comparison asks again
  ASSERT_FALSE(desk_.pass(Puller::Counts::now).error);
  ask_all();
  EXPECT_THAT(hidden(), IsEmpty());
  EXPECT_EQ(desk_.reader().deleted(Entity::task, {id}).size(), 1U);
}

// What the lists hid for a moment, and what the portal cannot answer for a moment.
TEST_F(FatesDesk, WhatCanBeReadIsReadAndASilenceIsAskedAgain) {
  const auto ids = desk_.portal().ids(Entity::deal);
  for (const std::size_t i : {3U, 4U, 5U}) {
    desk_.portal().hide(Entity::deal, ids[i]);
    desk_.hints.add({Entity::deal, ids[i]});
  }
  go_on();
  EXPECT_FALSE(desk_.has_deal(ids[3]));
  desk_.portal().show(Entity::deal, ids[3]);
  desk_.portal().add_fault({.kind = sim::FaultKind::error,
                            .method = "crm.item.get",
                            .count = -1,
                            .detail = "INTERNAL_SERVER_ERROR",
                            .status = 500});
  (void)desk_.calls("crm.item.get");
  go_on();
  EXPECT_GT(desk_.calls("crm.item.get"), 0U);
  go_on();
  EXPECT_EQ(desk_.calls("crm.item.get"), 0U) << "it rests after a silence";
  EXPECT_EQ(desk_.reader().lost({}, 9).size(), 3U);
  desk_.portal().clear_faults();
  go_on(minutes{10});
  EXPECT_THAT(hidden(), ElementsAre(line(Entity::deal, ids[4]), line(Entity::deal, ids[5])));
  go_on();
  EXPECT_TRUE(desk_.has_deal(ids[3]));
}

// The portal cuts off what takes too long: the polls do not suffer for it.
TEST_F(FatesDesk, AQuestionThatFailsSpoilsNoLook) {
  const auto ids = desk_.portal().ids(Entity::deal);
  for (const std::size_t i : {3U, 4U, 5U}) {
    desk_.portal().remove(Entity::deal, ids[i]);
    desk_.hints.add({Entity::deal, ids[i]});
  }
  go_on();
  desk_.portal().add_fault(
      {.kind = sim::FaultKind::bad_gateway, .count = -1, .body = "crm.item.get"});
  go_on();
  EXPECT_THAT(desk_.problems(), IsEmpty());
  EXPECT_EQ(desk_.reader().lost({}, 9).size(), 3U);
  desk_.portal().clear_faults();
  go_on(minutes{10});
  EXPECT_THAT(desk_.reader().lost({}, 9), IsEmpty());
  EXPECT_THAT(hidden(), IsEmpty());
}

// A method that is not there must not call the deleted hidden.
TEST_F(FatesDesk, AMissingMethodLeavesTheReasonOpen) {
  const std::int64_t id = desk_.portal().ids(Entity::task)[3];
  desk_.portal().add_fault({.kind = sim::FaultKind::error,
                            .method = "tasks.task.history.list",
                            .count = -1,
                            .detail = "ERROR_METHOD_NOT_FOUND",
                            .status = 404});
  desk_.portal().remove(Entity::task, id);
  desk_.hints.add({Entity::task, id});
  go_on();
  go_on();
  EXPECT_THAT(hidden(), IsEmpty());
  EXPECT_EQ(desk_.reader().lost({}, 9).size(), 1U);
  (void)desk_.calls("tasks.task.history.list");
  go_on();
  EXPECT_EQ(desk_.calls("tasks.task.history.list"), 0U);
  desk_.portal().clear_faults();
  go_on(hours{1});
  EXPECT_THAT(desk_.reader().lost({}, 9), IsEmpty());
}

class ManyFates : public FatesDesk {
 protected:
  static sim::PortalOptions many() {
    sim::PortalOptions options = sim::bare(small_company());
    options.deals = 400;
    return options;
  }
  ManyFates() : FatesDesk(many()) {}
};

TEST_F(ManyFates, AMassIsAskedForInParts) {
  const auto ids = desk_.portal().ids(Entity::deal);
  for (std::size_t i = 0; i < 190; ++i) {
    i % 2 == 0 ? desk_.portal().remove(Entity::deal, ids[i])
               : desk_.portal().hide(Entity::deal, ids[i]);
  }
  const std::int64_t task = desk_.portal().ids(Entity::task)[3];
  desk_.portal().hide(Entity::task, task);
  ASSERT_FALSE(desk_.pass(Puller::Counts::now).error);
  EXPECT_EQ(desk_.number("SELECT count(*) FROM v_deal"), 210);
  go_on();
  EXPECT_THAT(hidden(), testing::Contains(line(Entity::task, task)))
      << "few do not wait behind many";
  // The poll and two requests a look; 191 rows, 80 a look.
  const auto requests = ask_all();
  EXPECT_THAT(requests, ElementsAre(3U, 2U));
  EXPECT_EQ(hidden().size(), 96U);
  (void)desk_.calls("crm.item.get");
  desk_.restart();
  ASSERT_TRUE(desk_.puller->read_facts(desk_.stop()));
  ASSERT_FALSE(desk_.pass().error);
  EXPECT_EQ(desk_.calls("crm.item.get"), 0U) << "a restart asks nothing again";
}

// Rights that are lost for most of a list: the list is doubted, yet the reason is known at once.
TEST_F(ManyFates, OfADoubtedListAFewAreAskedFor) {
  const auto ids = desk_.portal().ids(Entity::deal);
  for (std::size_t i = 0; i < 300; ++i) desk_.portal().hide(Entity::deal, ids[i]);
  ASSERT_FALSE(desk_.pass(Puller::Counts::now).error);
  EXPECT_EQ(desk_.number("SELECT count(*) FROM v_deal"), 400) << "doubted";
  go_on();
  EXPECT_EQ(hidden().size(), 10U);
  EXPECT_EQ(desk_.number("SELECT count(*) FROM v_deal"), 390);
}

TEST(HiddenTextTest, NamesTheListsAndWhatToDo) {
  const std::map<Entity, std::int64_t> rows = {{Entity::deal, 50}, {Entity::task, 12}};
  EXPECT_EQ(hidden_text(rows),
            "🔴 [b]b24watch: пользователю вебхука больше не видна часть портала[/b]: сделки – 50, "
            "задачи – 12.\nОни не удалены, у него отняли права на них. В открытых показателях их "
            "пока нет. Верните ему права администратора – вернутся и они.");
  EXPECT_EQ(hidden_over_text(rows),
            "✅ [b]b24watch: пользователю вебхука снова видно всё[/b]. Не было видно: сделки – 50, "
            "задачи – 12.");
  EXPECT_EQ(hidden_over_text(rows, Way::application),
            "✅ [b]b24watch: установившему приложение снова видно всё[/b]. Не было видно: сделки – "
            "50, задачи – 12.");
  EXPECT_EQ(hidden_text(rows, Way::application).find("вебхук"), std::string::npos);
}

}  // namespace
}  // namespace b24
