#include <nlohmann/json.hpp>

#include "tests/engine/desk.h"

// Changes that take more than one window of a method's operating budget, and what changes while
// something is read for the first time.

namespace b24 {
namespace {

using nlohmann::json;

constexpr int kMany = 3000;

struct Edit {
  const char* name;
  Entity entity;
  const char* list;
  const char* update;
  json call;  // all but the id
  json again;
  const char* id;    // its name in the call
  const char* seen;  // how many rows are as they were made
  const char* seen_again;
};

class MassEdit : public testing::TestWithParam<Edit> {
 protected:
  static sim::PortalOptions company() {
    sim::PortalOptions options = sim::bare(small_company());
    (GetParam().entity == Entity::deal ? options.deals : options.tasks) = kMany;
    options.closing_changes_tasks = false;
    // Forty pages in ten minutes; sixty are needed.
    options.limits = {.method_cost = {{GetParam().list, 12}}};
    return options;
  }
  void edit(std::int64_t id, json call) {
    call[GetParam().id] = id;
    desk_.portal().call(GetParam().update, call.dump());
  }
  std::int64_t edited() { return desk_.number(GetParam().seen); }
  StreamState stream() { return desk_.stream(GetParam().entity); }

  void SetUp() override {
    for (int window = 0; window < 6 && !stream().full_done; ++window) {
      ASSERT_FALSE(desk_.pass().error);
      desk_.go_on(minutes{11});
    }
    ASSERT_TRUE(stream().full_done);
    ASSERT_FALSE(desk_.pass().error);
    desk_.go_on(minutes{11});
    for (const std::int64_t id : desk_.portal().ids(GetParam().entity)) edit(id, GetParam().call);
    // What was made shortly before a look is read again by the next one.
    desk_.go_on(minutes{6});
  }

  Desk desk_{company(), {.verify_requests = 0, .details = {.requests = 0}}};
};

TEST_P(MassEdit, IsReadOnFromWindowToWindow) {
  const Time began = desk_.clock.now();
  const auto before = stream().watermark;
  ASSERT_FALSE(desk_.pass().error);
  const std::int64_t first = edited();
  EXPECT_GT(first, 1000);
  EXPECT_LT(first, kMany);
  EXPECT_EQ(stream().watermark, before) << "not all has been read";
  EXPECT_EQ(stream().problem, "");

  // Neither another poll, which the others get, nor an outage has it begun anew.
  desk_.go_on(seconds{30});
  const Time now = desk_.clock.now();
  ASSERT_FALSE(desk_.pass().error);
  EXPECT_GE(desk_.stream(Entity::call).fresh_at, now);
  EXPECT_EQ(edited(), first);
  desk_.portal().add_fault(outage());
  ASSERT_TRUE(desk_.pass().error);
  desk_.portal().clear_faults();

  int windows = 1;
  for (; windows < 6 && edited() < kMany; ++windows) {
    desk_.go_on(minutes{11});
    ASSERT_FALSE(desk_.pass().error);
  }
  EXPECT_EQ(edited(), kMany);
  EXPECT_LE(windows, 3);
  ASSERT_TRUE(stream().watermark);
  EXPECT_GE(*stream().watermark, began);
  EXPECT_LT(*stream().watermark, began + minutes{1}) << "what changed since is yet to be read";
  ASSERT_TRUE(stream().fresh_at);
  EXPECT_GE(*stream().fresh_at, began) << "as old as its beginning";
  EXPECT_LT(*stream().fresh_at, began + minutes{1});
  desk_.go_on(minutes{11});
  ASSERT_FALSE(desk_.pass().error);
  EXPECT_GT(*stream().fresh_at, began + minutes{20});
}

TEST_P(MassEdit, WhatChangesMeanwhileIsFoundAfterwards) {
  ASSERT_FALSE(desk_.pass().error);
  ASSERT_LT(edited(), kMany);
  const std::int64_t read = desk_.portal().ids(GetParam().entity).front();
  edit(read, GetParam().again);
  const auto found = [&] { return desk_.number(GetParam().seen_again) == 1; };
  EXPECT_FALSE(found());
  for (int window = 1; window < 6 && !found(); ++window) {
    desk_.go_on(minutes{11});
    ASSERT_FALSE(desk_.pass().error);
  }
  EXPECT_TRUE(found());
}

TEST_P(MassEdit, AHintBesideItIsFollowed) {
  ASSERT_FALSE(desk_.pass().error);
  const std::int64_t last = desk_.portal().ids(GetParam().entity).back();
  desk_.hints.add({GetParam().entity, last});
  ASSERT_FALSE(desk_.pass().error);
  const std::int64_t before = edited();
  desk_.go_on(minutes{11});
  ASSERT_FALSE(desk_.pass().error);
  EXPECT_GT(edited(), before);
  EXPECT_TRUE(desk_.hints.take().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, MassEdit,
    testing::Values(Edit{"deals", Entity::deal, "crm.item.list", "crm.item.update",
                         json{{"entityTypeId", 2}, {"fields", {{"title", "Новое"}}}},
                         json{{"entityTypeId", 2}, {"fields", {{"title", "Снова"}}}}, "id",
                         "SELECT count(*) FROM v_deal WHERE title = 'Новое'",
                         "SELECT count(*) FROM v_deal WHERE title = 'Снова'"},
                    // By their date of closing alone: the list of what else changed is empty.
                    Edit{"tasks", Entity::task, "tasks.task.list", "tasks.task.update",
                         json{{"fields", {{"STATUS", 5}}}}, json{{"fields", {{"TITLE", "Снова"}}}},
                         "taskId", "SELECT count(*) FROM v_task WHERE status = 5",
                         "SELECT count(*) FROM v_task WHERE title = 'Снова'"}),
    [](const auto& test) { return std::string{test.param.name}; });

TEST(PullerFill, WhatChangesWhileAListIsFilledIsReadWithIt) {
  Desk desk{small_company(), {.details = {.requests = 0}}};
  const std::int64_t lead = desk.portal().ids(Entity::lead).front();
  bool changed = false;
  desk.puller->on_progress([&](const Progress&) {
    // Its first page is here.
    if (changed || desk.asked("crm.item.list?entityTypeId=1&") == 0) return;
    changed = true;
    desk.portal().call(
        "crm.item.update",
        json{{"entityTypeId", 1}, {"id", lead}, {"fields", {{"title", "Снова"}}}}.dump());
  });
  ASSERT_FALSE(desk.pass().error);
  EXPECT_TRUE(changed);
  EXPECT_EQ(desk.number("SELECT count(*) FROM v_lead WHERE title = 'Снова'"), 1);
}

}  // namespace
}  // namespace b24
