#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include "tests/store/store_fixture.h"

// What the views derive from the change log, the history of stages, activities and calls.

namespace b24 {
namespace {

using Lines = std::vector<std::string>;

constexpr std::int64_t kService = 1;  // whose webhook we are
constexpr std::int64_t kAnna = 11;
constexpr std::int64_t kBoris = 12;

std::int64_t unix_at(seconds after) { return to_unix(kStart + after); }
Value at(seconds after) { return integer(unix_at(after)); }

class DerivedViewsTest : public StoreTest {
 protected:
  DerivedViewsTest() {
    in_transaction([&] { writer_->set_service_user(kService); });
  }

  // At kStart. Times are shown as minutes from then.
  Lines query(const std::string& sql) {
    const auto made = reader();
    made->set_surroundings({calendar_, {}, {}, {}});
    const auto table = made->query(sql, {{":now", integer(to_unix(kStart))}});
    if (!table) return {table.error().text};
    Lines lines;
    for (const auto& row : table->rows) {
      Lines cells;
      for (const Value& cell : row) cells.push_back(shown(cell));
      lines.push_back(fmt::format("{}", fmt::join(cells, "|")));
    }
    return lines;
  }
  static std::string shown(const Value& value) {
    if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
    if (const auto* words = std::get_if<std::string>(&value)) return *words;
    const auto whole = as_integer(value);
    if (!whole) return "-";
    const std::int64_t after = *whole - to_unix(kStart);
    const bool is_time = std::abs(after) < seconds{days{400}}.count();
    return is_time ? fmt::format("{:+}m", after / 60) : std::to_string(*whole);
  }

  void change(Entity entity, Record row, seconds after, const Columns& columns) {
    upsert(entity, {with(entity, std::move(row), columns)}, kStart + after);
  }
  static Record deal(std::int64_t id, const Columns& columns = {}) {
    return with(Entity::deal,
                record(Entity::deal, id,
                       {{"pipeline_id", integer(0)},
                        {"stage_id", text("NEW")},
                        {"semantic", text("P")},
                        {"closed", integer(0)},
                        {"manager_id", integer(kAnna)},
                        {"amount_minor", integer(100'000)},
                        {"contact_id", integer(301)},
                        {"company_id", integer(401)},
                        {"created_at", at(-days{30})},
                        {"moved_at", at(-days{1})}}),
                columns);
  }
  void move(std::int64_t id, std::int64_t owner, seconds after, const char* stage,
            const char* semantic) {
    upsert(Entity::deal_move, {record(Entity::deal_move, id,
                                      {{"owner_id", integer(owner)},
                                       {"type", integer(2)},
                                       {"at", at(after)},
                                       {"pipeline_id", integer(0)},
                                       {"stage_id", text(stage)},
                                       {"semantic", text(semantic)}})});
  }
  void remove(Entity entity, std::int64_t id) {
    const std::int64_t ids[] = {id};
    in_transaction([&] { writer_->mark_deleted(entity, ids, kStart); });
  }
};

TEST_F(DerivedViewsTest, StageSinceIsTheHistorysWhereItIsKnown) {
  upsert(Entity::deal, {deal(1), deal(2), deal(3), deal(4, {{"moved_at", Value{}}}), deal(5)});
  move(1, 1, -days{9}, "NEW", "P");
  move(2, 1, -days{8}, "DOC", "P");
  move(3, 1, -days{7}, "NEW", "P");
  // The history is behind: the deal has moved on since.
  move(4, 2, -days{9}, "DOC", "P");
  // The line is gone.
  move(5, 3, -days{9}, "NEW", "P");
  remove(Entity::deal_move, 5);
  move(6, 5, -days{5}, "NEW", "P");
  EXPECT_EQ(query("SELECT id, (stage_since - :now) / 86400 FROM v_deal"),
            (Lines{"1|-7", "2|-1", "3|-1", "4|-30", "5|-5"}));
}

TEST_F(DerivedViewsTest, WonAtIsTheLastMoveIntoSuccess) {
  const struct {
    const char* what;
    const char* history;  // semantics, the first 10 days ago, one a day
    Columns deal;
    const char* days;
  } cases[] = {
      {"won", "PS", {{"semantic", text("S")}}, "-9"},
      {"moved on within success", "PSS", {{"semantic", text("S")}}, "-9"},
      {"won twice", "PSPS", {{"semantic", text("S")}}, "-7"},
      {"won after it was lost", "PFS", {{"semantic", text("S")}}, "-8"},
      {"made on a stage of success", "S", {{"semantic", text("S")}}, "-10"},
      {"left success", "PSP", {}, "-"},
      {"left success, says the deal alone", "PS", {}, "-"},
      {"lost", "PF", {{"semantic", text("F")}}, "-"},
      {"without a history: its own move", "", {{"semantic", text("S")}}, "-1"},
      {"the history is behind: its own move", "PP", {{"semantic", text("S")}}, "-1"},
      {"success by the directory of stages",
       "PS",
       {{"semantic", Value{}}, {"stage_id", text("WON")}},
       "-9"},
  };
  upsert(Entity::stage, {record(Entity::stage, 1,
                                {{"entity_id", text("DEAL_STAGE")},
                                 {"status_id", text("WON")},
                                 {"semantics", text("S")}})});
  std::int64_t id = 0;
  std::int64_t line = 0;
  for (const auto& c : cases) {
    upsert(Entity::deal, {deal(++id, c.deal)});
    days after = -days{10};
    for (const char* s = c.history; *s != '\0'; ++s, after += days{1}) {
      move(++line, id, after, "ANY", std::string{*s}.c_str());
    }
    EXPECT_EQ(query(fmt::format("SELECT (won_at - :now) / 86400 FROM v_deal WHERE id = {}", id)),
              Lines{c.days})
        << c.what;
  }
}

TEST_F(DerivedViewsTest, TheWinIsWhoeverWasResponsibleThen) {
  const Columns won = {{"semantic", text("S")}, {"moved_at", at(-days{5})}};
  const Columns by_boris = {{"manager_id", integer(kBoris)}};
  const Columns by_a_third = {{"manager_id", integer(13)}};
  for (std::int64_t id = 1; id <= 4; ++id) {
    upsert(Entity::deal, {deal(id, won)}, kStart - days{20});
  }
  change(Entity::deal, deal(2, won), -days{6}, by_boris);
  change(Entity::deal, deal(3, won), -days{4}, by_boris);
  change(Entity::deal, deal(3, won), -days{3}, by_a_third);
  change(Entity::deal, deal(4, won), -days{4},
         {{"manager_id", integer(kBoris)}, {"amount_minor", integer(500)}});
  upsert(Entity::deal, {deal(5, by_boris)});
  EXPECT_EQ(query("SELECT id, won_by FROM v_deal"), (Lines{"1|11", "2|12", "3|11", "4|11", "5|-"}));
  EXPECT_EQ(query("SELECT deal_id, manager_id, amount FROM v_deal_won"),
            (Lines{"1|11|1000", "2|12|1000", "3|11|1000", "4|11|1000"}));
}

// The portal tells the second of a move, the log the look that noticed it.
TEST_F(DerivedViewsTest, WhatIsSavedTogetherWithTheMoveBelongsToIt) {
  const Columns won = {{"stage_id", text("WON")}, {"semantic", text("S")}};
  const struct {
    const char* what;
    minutes noticed;      // after the move, by a look that sees it done by Boris for 500
    bool has_history;     // of the portal
    const char* changed;  // who and how much, before the win and after it
  } cases[] = {
      {"half a minute later", minutes{1}, true, "12|500"},
      {"after an outage", minutes{300}, true, "12|500"},
      {"without a history", minutes{5}, false, "12|500"},
  };
  std::int64_t id = 0;
  for (const auto& c : cases) {
    const Columns win = {{"stage_id", text("WON")},
                         {"semantic", text("S")},
                         {"moved_at", at(-days{5})},
                         {"manager_id", integer(kBoris)},
                         {"amount_minor", integer(50'000)}};
    const seconds noticed = -days{5} + c.noticed;
    upsert(Entity::deal, {deal(++id, {{"amount_minor", integer(0)}})}, kStart - days{20});
    change(Entity::deal, deal(id), noticed, win);
    if (c.has_history) {
      move(10 * id, id, -days{9}, "NEW", "P");
      move(10 * id + 1, id, -days{5}, "WON", "S");
    }
    const std::string won_row =
        fmt::format("SELECT w.manager_id, w.amount FROM v_deal_won AS w WHERE w.deal_id = {0}", id);
    const std::string won_by = fmt::format("SELECT won_by FROM v_deal WHERE id = {}", id);
    EXPECT_EQ(query(won_row), Lines{c.changed}) << c.what;
    EXPECT_EQ(query(won_by), Lines{"12"}) << c.what;
    // What comes later is no more of the win.
    Columns later = win;
    later["manager_id"] = integer(13);
    later["amount_minor"] = integer(90'000);
    change(Entity::deal, deal(id), noticed + seconds{1}, later);
    EXPECT_EQ(query(won_row), Lines{c.changed}) << "changed later: " << c.what;
    EXPECT_EQ(query(won_by), Lines{"12"}) << "changed later: " << c.what;
    if (!c.has_history) continue;
    EXPECT_EQ(query(fmt::format("SELECT manager_id FROM v_stage_move WHERE entity = 'deal' AND "
                                "owner_id = {} ORDER BY id",
                                id)),
              (Lines{"11", "12"}))
        << c.what;
  }
}

// A deal that was won before the mirror met it, left success and came back: the second return tells
// nothing of the first win.
TEST_F(DerivedViewsTest, EachWinHasItsOwnAmount) {
  const auto seen = [&](seconds after, const char* stage, const char* semantic,
                        std::int64_t amount) {
    upsert(Entity::deal,
           {deal(1, {{"stage_id", text(stage)},
                     {"semantic", text(semantic)},
                     {"amount_minor", integer(100 * amount)}})},
           kStart + after);
  };
  move(1, 1, -days{9}, "NEW", "P");
  move(2, 1, -days{8}, "WON", "S");
  seen(-days{7}, "WON", "S", 100);
  seen(-days{6}, "WON", "S", 200);
  move(3, 1, -days{5}, "NEW", "P");
  seen(-days{5} + minutes{1}, "NEW", "P", 300);
  move(4, 1, -days{4}, "WON", "S");
  seen(-days{4} + minutes{1}, "WON", "S", 400);
  seen(-days{4} + minutes{2}, "WON", "S", 500);
  EXPECT_EQ(query("SELECT amount FROM v_deal_won ORDER BY won_at"), (Lines{"100", "400"}));
}

TEST_F(DerivedViewsTest, LeadsAndInvoicesMoveWithWhatIsSavedTogether) {
  const struct {
    Entity entity;
    Entity move;
    const char* name;
  } kinds[] = {{Entity::lead, Entity::lead_move, "lead"},
               {Entity::invoice, Entity::invoice_move, "invoice"}};
  for (const auto& kind : kinds) {
    const auto seen = [&](seconds after, const char* stage, std::int64_t manager) {
      upsert(
          kind.entity,
          {record(kind.entity, 1, {{"stage_id", text(stage)}, {"manager_id", integer(manager)}})},
          kStart + after);
    };
    seen(-days{2}, "NEW", kAnna);
    seen(-days{1} + minutes{5}, "DONE", kBoris);
    seen(-hours{1}, "DONE", 13);
    upsert(kind.move,
           {record(kind.move, 1,
                   {{"owner_id", integer(1)}, {"at", at(-days{1})}, {"stage_id", text("DONE")}})});
    EXPECT_EQ(
        query(fmt::format("SELECT manager_id FROM v_stage_move WHERE entity = '{}'", kind.name)),
        Lines{"12"})
        << kind.name;
  }
}

TEST_F(DerivedViewsTest, WinsStayWhateverBecomesOfTheDeal) {
  const Columns success = {{"semantic", text("S")}};
  upsert(Entity::deal, {deal(1, success), deal(2), deal(3, success), deal(4, success), deal(5)});
  std::int64_t line = 0;
  const auto history = [&](std::int64_t id, const char* semantics) {
    minutes after{-100};
    for (const char* s = semantics; *s != '\0'; ++s, after += minutes{10}) {
      move(++line, id, after, "ANY", std::string{*s}.c_str());
    }
  };
  history(1, "PSS");
  history(2, "PSFSP");  // won and lost twice
  history(3, "PS");
  history(5, "PF");
  remove(Entity::deal, 3);
  // The portal may forget the history of what is gone.
  for (std::int64_t id = line - 3; id <= line; ++id) remove(Entity::deal_move, id);
  remove(Entity::deal, 4);
  EXPECT_EQ(
      query("SELECT deal_id, won_at, left_at, deleted_at FROM v_deal_won "
            "ORDER BY deal_id, won_at"),
      (Lines{"1|-90m|-|-", "2|-90m|-80m|-", "2|-70m|-60m|-", "3|-90m|-|+0m", "4|-1440m|-|+0m"}));
  EXPECT_EQ(query("SELECT id FROM v_deal WHERE won_at IS NOT NULL"), Lines{"1"})
      << "deleted ones leave what is open";
}

TEST_F(DerivedViewsTest, WinsOfAPeriodAreLookedUp) {
  read_in_full(Entity::deal_move);
  const auto plan = rows(
      "EXPLAIN QUERY PLAN SELECT manager_id, amount FROM v_deal_won WHERE won_at >= 5 "
      "AND won_at < 9 AND left_at IS NULL");
  EXPECT_THAT(plan, testing::Contains(testing::HasSubstr("deal_moves_won (at>? AND at<?)")));
}

class DealStepTest : public DerivedViewsTest {
 protected:
  static Record activity(std::int64_t id, const Columns& columns = {}) {
    return with(Entity::activity,
                record(Entity::activity, id,
                       {{"owner_type_id", integer(2)},
                        {"owner_id", integer(1)},
                        {"type_id", integer(6)},
                        {"provider_id", text("CRM_TODO")},
                        {"subject", text("Перезвонить")},
                        {"completed", integer(0)},
                        {"incoming", integer(0)},
                        {"manager_id", integer(kAnna)},
                        {"author_id", integer(kAnna)},
                        {"deadline_at", at(hours{1})}}),
                columns);
  }
  static Record task(std::int64_t id, const Columns& columns = {}) {
    return with(Entity::task,
                record(Entity::task, id,
                       {{"title", text("Выслать счёт")},
                        {"status", integer(2)},
                        {"manager_id", integer(kBoris)},
                        {"creator_id", integer(kAnna)},
                        {"deadline_at", at(hours{2})},
                        {"crm_links", text("[[2,1]]")}}),
                columns);
  }
};

TEST_F(DealStepTest, IsTheEarliestThingAhead) {
  const char* const none = "-|-|+0|-";
  const struct {
    const char* what;
    std::vector<Record> activities;
    std::vector<Record> tasks;
    const char* wanted;  // next_step_at, next_step, has_overdue_step, overdue_step_at
  } cases[] = {
      {"nothing", {}, {}, none},
      {"an activity", {activity(1)}, {}, "+60m|other|+0|-"},
      {"a task", {}, {task(1)}, "+120m|task|+0|-"},
      {"the earlier of two",
       {activity(1)},
       {task(1, {{"deadline_at", at(minutes{5})}})},
       "+5m|task|+0|-"},
      {"a meeting", {activity(1, {{"type_id", integer(1)}})}, {}, "+60m|meeting|+0|-"},
      {"a call to be made", {activity(1, {{"type_id", integer(2)}})}, {}, "+60m|call|+0|-"},
      {"a letter to be written", {activity(1, {{"type_id", integer(4)}})}, {}, "+60m|email|+0|-"},
      {"due this very second",
       {activity(1, {{"deadline_at", at(seconds{0})}})},
       {},
       "+0m|other|+0|-"},
      {"overdue", {activity(1, {{"deadline_at", at(-minutes{1})}})}, {}, "-|-|+1|-1m"},
      {"overdue, and another ahead",
       {activity(1, {{"deadline_at", at(-hours{3})}}), activity(2)},
       {task(1, {{"deadline_at", at(-hours{5})}})},
       "+60m|other|+1|-300m"},
      {"done",
       {activity(1, {{"completed", integer(1)}})},
       {task(1, {{"status", integer(5)}})},
       none},
      {"a task for today without a time: until the evening",
       {},
       {task(1, {{"deadline_at", at(-hours{10})}})},
       "+480m|task|+0|-"},
      {"a task for yesterday without a time",
       {},
       {task(1, {{"deadline_at", at(-hours{34})}})},
       "-|-|+1|-960m"},
      {"task in progress", {}, {task(1, {{"status", integer(3)}})}, "+120m|task|+0|-"},
      {"task under control", {}, {task(1, {{"status", integer(4)}})}, none},
      {"task put off", {}, {task(1, {{"status", integer(6)}})}, none},
      {"without a deadline",
       {activity(1, {{"deadline_at", Value{}}})},
       {task(1, {{"deadline_at", Value{}}})},
       none},
      {"what stands for a task is left to the task",
       {activity(1, {{"type_id", integer(3)}}),
        activity(2, {{"provider_id", text("CRM_TASKS_TASK")}})},
       {},
       none},
      {"a client's call that waits is no plan",
       {activity(1, {{"incoming", integer(1)}})},
       {},
       none},
      {"nothing is known of its kind",
       {activity(1, {{"type_id", Value{}}, {"provider_id", Value{}}, {"incoming", Value{}}})},
       {},
       "+60m|other|+0|-"},
      {"somebody else's plan counts",
       {activity(1, {{"manager_id", integer(kBoris)}, {"author_id", integer(kBoris)}})},
       {},
       "+60m|other|+0|-"},
      {"made by ourselves",
       {activity(1, {{"author_id", integer(kService)}})},
       {task(1, {{"creator_id", integer(kService)}})},
       none},
      {"author unknown", {activity(1, {{"author_id", Value{}}})}, {}, "+60m|other|+0|-"},
      {"of another deal",
       {activity(1, {{"owner_id", integer(2)}})},
       {task(1, {{"crm_links", text("[[2,2]]")}})},
       none},
      {"of the contact with the deal's number",
       {activity(1, {{"owner_type_id", integer(3)}})},
       {task(1, {{"crm_links", text("[[3,1]]")}})},
       none},
      {"among other links",
       {},
       {task(1, {{"crm_links", text("[[3,7],[2,1]]")}})},
       "+120m|task|+0|-"},
      {"links taken off", {}, {task(1, {{"crm_links", Value{}}})}, none},
  };
  upsert(Entity::deal, {deal(1)});
  for (const auto& c : cases) {
    upsert(Entity::activity, c.activities);
    upsert(Entity::task, c.tasks);
    // Flags are no times.
    EXPECT_EQ(query("SELECT next_step_at, next_step, '+' || has_overdue_step, overdue_step_at "
                    "FROM v_deal"),
              Lines{c.wanted})
        << c.what;
    for (const Record& activity : c.activities) remove(Entity::activity, activity.id);
    for (const Record& task : c.tasks) remove(Entity::task, task.id);
    EXPECT_EQ(query("SELECT next_step_at, overdue_step_at FROM v_deal"), Lines{"-|-"})
        << "deleted: " << c.what;
  }
}

TEST_F(DealStepTest, WhoeverOwnsTheWebhookPlansForHisOwnDeals) {
  upsert(Entity::deal, {deal(1, {{"manager_id", integer(kService)}})});
  upsert(Entity::activity, {activity(1, {{"author_id", integer(kService)}})});
  EXPECT_EQ(query("SELECT next_step_at FROM v_deal"), Lines{"+60m"});
}

TEST_F(DealStepTest, ClosedDealsHaveNone) {
  upsert(Entity::deal, {deal(1, {{"closed", integer(1)}})});
  upsert(Entity::activity, {activity(1), activity(2, {{"deadline_at", at(-hours{1})}})});
  EXPECT_EQ(query("SELECT next_step_at, overdue_step_at FROM v_deal"), Lines{"-|-"});
  EXPECT_EQ(query("SELECT step_id FROM v_deal_step"), Lines{});
}

TEST_F(DealStepTest, AreListed) {
  upsert(Entity::deal, {deal(1)});
  upsert(Entity::activity, {activity(3)});
  upsert(Entity::task, {task(7)});
  EXPECT_EQ(query("SELECT deal_id || '', due_at, kind, step_id || '', title, manager_id || '' "
                  "FROM v_deal_step ORDER BY due_at"),
            (Lines{"1|+60m|other|3|Перезвонить|11", "1|+120m|task|7|Выслать счёт|12"}));
}

TEST_F(DealStepTest, OfActivitiesThatAreBoundToTheDealOnly) {
  upsert(Entity::deal, {deal(1), deal(2)});
  // Of the contact, of the deal itself, and of another deal.
  upsert(Entity::activity,
         {activity(3, {{"owner_type_id", integer(3)}, {"owner_id", integer(301)}}),
          activity(4, {{"deadline_at", at(hours{2})}}),
          activity(5, {{"owner_id", integer(2)}, {"deadline_at", at(-hours{1})}})});
  in_transaction([&] {
    const DetailRows links[] = {links_of(3, {{3, 301}, {2, 1}}), links_of(4, {{2, 1}, {3, 301}}),
                                links_of(5, {{2, 2}, {2, 1}})};
    writer_->save_details(links);
  });
  EXPECT_EQ(query("SELECT next_step_at, next_step, overdue_step_at FROM v_deal"),
            (Lines{"+60m|other|-60m", "-|-|-60m"}));
  EXPECT_EQ(query("SELECT step_id || '' FROM v_deal_step WHERE deal_id = 1 ORDER BY due_at"),
            (Lines{"5", "3", "4"}))
      << "each once";
  remove(Entity::activity, 3);
  EXPECT_EQ(query("SELECT next_step_at FROM v_deal WHERE id = 1"), Lines{"+120m"});
}

TEST_F(DealStepTest, LinksOfActivities) {
  const std::string links =
      "SELECT activity_id || '', entity, entity_type_id || '', entity_id || '', is_owner || '' "
      "FROM v_activity_link ORDER BY activity_id, is_owner DESC, entity_type_id";
  upsert(Entity::activity, {activity(3), activity(4, {{"completed", integer(1)}}), activity(5),
                            activity(6, {{"completed", Value{}}})});
  EXPECT_EQ(query(links), (Lines{"3|deal|2|1|1", "4|deal|2|1|1", "5|deal|2|1|1", "6|deal|2|1|1"}))
      << "the owner is known at once";
  using Ids = std::vector<std::int64_t>;
  const auto wanted = [&](std::int64_t most) {
    Ids ids;
    for (const DetailAsk& ask : reader()->wanted_details(Detail::activity_link, most)) {
      EXPECT_EQ(ask.key, ask.owner_id);
      ids.push_back(ask.owner_id);
    }
    return ids;
  };
  EXPECT_EQ(wanted(10), (Ids{5, 3, 6, 4})) << "open ones, then the newest";
  EXPECT_EQ(wanted(3), (Ids{5, 3, 6}));
  const auto save = [&](std::int64_t id, const Pairs& pairs) {
    in_transaction([&] {
      const DetailRows found[] = {links_of(id, pairs)};
      writer_->save_details(found);
    });
  };
  save(3, {{2, 1}, {3, 301}, {136, 7}});
  save(4, {});
  save(77, {{2, 1}});  // not in the mirror
  EXPECT_EQ(query(links), (Lines{"3|deal|2|1|1", "3|contact|3|301|0", "3|-|136|7|0", "4|deal|2|1|1",
                                 "5|deal|2|1|1", "6|deal|2|1|1"}));
  EXPECT_EQ(wanted(10), (Ids{5, 6}));
  upsert(Entity::activity, {activity(3)}, kStart + hours{1});
  EXPECT_EQ(wanted(10), (Ids{5, 6})) << "nothing has changed";
  upsert(Entity::activity, {activity(3, {{"completed", integer(1)}})}, kStart + hours{1});
  EXPECT_EQ(wanted(10), (Ids{5, 6, 3}));
  save(3, {{2, 1}, {4, 401}});
  EXPECT_EQ(query("SELECT entity FROM v_activity_link WHERE activity_id = 3 AND is_owner = 0"),
            Lines{"company"});
  // Of what is gone nobody asks, until it is there again.
  remove(Entity::activity, 5);
  EXPECT_EQ(wanted(10), (Ids{6}));
  upsert(Entity::activity, {activity(5)}, kStart + hours{2});
  EXPECT_EQ(wanted(10), (Ids{5, 6}));
}

TEST_F(DealStepTest, LinksOfATaskFollowIt) {
  upsert(Entity::task, {task(1, {{"crm_links", text("[[1,7],[2,1],[3,5],[4,6],[7,2],[31,9],"
                                                    "[136,3],[2,1]]")}})});
  EXPECT_EQ(query("SELECT task_id || '', entity, entity_type_id || '', entity_id || '' "
                  "FROM v_task_link ORDER BY entity_type_id"),
            (Lines{"1|lead|1|7", "1|deal|2|1", "1|contact|3|5", "1|company|4|6", "1|quote|7|2",
                   "1|invoice|31|9", "1|-|136|3"}));
  upsert(Entity::task, {task(1, {{"crm_links", text("[[2,8]]")}})}, kStart + hours{1});
  EXPECT_EQ(query("SELECT entity_id || '' FROM v_task_link"), Lines{"8"});
  upsert(Entity::task, {task(1, {{"crm_links", Value{}}})}, kStart + hours{2});
  EXPECT_EQ(query("SELECT entity_id FROM v_task_link"), Lines{});
}

class TouchTest : public DerivedViewsTest {
 protected:
  // A letter of Anna's an hour ago.
  static Record letter(std::int64_t id, const Columns& columns = {}) {
    return with(Entity::activity,
                record(Entity::activity, id,
                       {{"owner_type_id", integer(2)},
                        {"owner_id", integer(1)},
                        {"type_id", integer(4)},
                        {"provider_id", text("CRM_EMAIL")},
                        {"completed", integer(1)},
                        {"direction", integer(2)},
                        {"manager_id", integer(kAnna)},
                        {"author_id", integer(kAnna)},
                        {"starts_at", at(-hours{1})}}),
                columns);
  }
  // An attempt of Anna's two hours ago: nobody took it.
  static Record attempt(std::int64_t id, const Columns& columns = {}) {
    return with(Entity::call,
                record(Entity::call, id,
                       {{"type", integer(1)},
                        {"code", text("304")},
                        {"duration_seconds", integer(0)},
                        {"manager_id", integer(kAnna)},
                        {"crm_entity_type", text("CONTACT")},
                        {"crm_entity_id", integer(301)},
                        {"started_at", at(-hours{2})}}),
                columns);
  }
};

TEST_F(TouchTest, TheLastOneOfADealIsItsResponsibles) {
  const Columns meeting = {{"type_id", integer(1)}, {"direction", integer(0)}};
  const auto with_also = [](Columns columns, const Columns& more) {
    for (const auto& [name, value] : more) columns[name] = value;
    return columns;
  };
  const struct {
    const char* what;
    std::vector<Record> activities;
    std::vector<Record> calls;
    const char* wanted;
  } cases[] = {
      {"none", {}, {}, "-"},
      {"a letter", {letter(1)}, {}, "-60m"},
      {"an attempt to call", {}, {attempt(1)}, "-120m"},
      {"the later of them",
       {letter(1), letter(2, {{"starts_at", at(-minutes{5})}})},
       {attempt(1), attempt(2, {{"started_at", at(-minutes{9})}})},
       "-5m"},
      {"a client's letter", {letter(1, {{"direction", integer(1)}})}, {}, "-"},
      {"of no direction", {letter(1, {{"direction", integer(0)}})}, {}, "-"},
      {"a message",
       {letter(1, {{"type_id", integer(6)}, {"provider_id", text("CRM_SMS")}})},
       {},
       "-60m"},
      {"not sent yet", {letter(1, {{"completed", integer(0)}})}, {}, "-"},
      {"a meeting held", {letter(1, meeting)}, {}, "-60m"},
      {"a meeting by its provider",
       {letter(1, {{"type_id", integer(6)},
                   {"provider_id", text("CRM_MEETING")},
                   {"direction", Value{}}})},
       {},
       "-60m"},
      {"a meeting not held yet",
       {letter(1, with_also(meeting, {{"completed", integer(0)}}))},
       {},
       "-"},
      {"a meeting ticked off beforehand",
       {letter(1, with_also(meeting, {{"starts_at", at(hours{1})}}))},
       {},
       "-"},
      {"a to-do that was done",
       {letter(1, {{"type_id", integer(6)}, {"direction", integer(0)}})},
       {},
       "-"},
      {"by somebody else",
       {letter(1, {{"manager_id", integer(kBoris)}})},
       {attempt(1, {{"manager_id", integer(kBoris)}})},
       "-"},
      {"by ourselves", {letter(1, {{"author_id", integer(kService)}})}, {}, "-"},
      {"for the contact",
       {letter(1, {{"owner_type_id", integer(3)}, {"owner_id", integer(301)}})},
       {},
       "-60m"},
      {"for the company",
       {letter(1, {{"owner_type_id", integer(4)}, {"owner_id", integer(401)}})},
       {},
       "-60m"},
      {"for another contact",
       {letter(1, {{"owner_type_id", integer(3)}, {"owner_id", integer(302)}})},
       {attempt(1, {{"crm_entity_id", integer(302)}})},
       "-"},
      {"for a lead of the contact's number",
       {letter(1, {{"owner_type_id", integer(1)}, {"owner_id", integer(301)}})},
       {attempt(1, {{"crm_entity_type", text("LEAD")}})},
       "-"},
      {"a call to the company",
       {},
       {attempt(1, {{"crm_entity_type", text("COMPANY")}, {"crm_entity_id", integer(401)}})},
       "-120m"},
      {"called back", {}, {attempt(1, {{"type", integer(4)}})}, "-120m"},
      {"the client called", {}, {attempt(1, {{"type", integer(2)}})}, "-"},
      {"an announcement", {}, {attempt(1, {{"type", integer(5)}})}, "-"},
  };
  upsert(Entity::deal, {deal(1)});
  for (const auto& c : cases) {
    upsert(Entity::activity, c.activities);
    upsert(Entity::call, c.calls);
    EXPECT_EQ(query("SELECT last_touch_at FROM v_deal"), Lines{c.wanted}) << c.what;
    for (const Record& activity : c.activities) remove(Entity::activity, activity.id);
    for (const Record& call : c.calls) remove(Entity::call, call.id);
    EXPECT_EQ(query("SELECT last_touch_at FROM v_deal"), Lines{"-"}) << "deleted: " << c.what;
  }
}

TEST_F(TouchTest, TheFirstOneOfALeadIsAnybodys) {
  const Columns for_lead = {{"owner_type_id", integer(1)}, {"owner_id", integer(1)}};
  const auto lead_letter = [&](std::int64_t id, Columns columns = {}) {
    columns.insert(for_lead.begin(), for_lead.end());
    return letter(id, columns);
  };
  const struct {
    const char* what;
    std::vector<Record> activities;
    std::vector<Record> calls;
    const char* wanted;  // first_touch_at, first_touch_by
  } cases[] = {
      {"none", {}, {}, "-|-"},
      {"a letter", {lead_letter(1)}, {}, "-60m|11"},
      {"by anyone", {lead_letter(1, {{"manager_id", integer(kBoris)}})}, {}, "-60m|12"},
      {"the earliest",
       {lead_letter(1), lead_letter(2, {{"starts_at", at(-minutes{5})}})},
       {attempt(1, {{"crm_entity_type", text("LEAD")},
                    {"crm_entity_id", integer(1)},
                    {"manager_id", integer(13)}})},
       "-120m|13"},
      {"for its contact", {}, {attempt(1)}, "-120m|11"},
      {"for its company",
       {letter(1, {{"owner_type_id", integer(4)}, {"owner_id", integer(401)}})},
       {},
       "-60m|11"},
      {"before it came",
       {lead_letter(1, {{"starts_at", at(-hours{4})}})},
       {attempt(1, {{"started_at", at(-hours{4})}})},
       "-|-"},
      {"the moment it came", {}, {attempt(1, {{"started_at", at(-hours{3})}})}, "-180m|11"},
      {"the client wrote", {lead_letter(1, {{"direction", integer(1)}})}, {}, "-|-"},
      {"still planned", {lead_letter(1, {{"completed", integer(0)}})}, {}, "-|-"},
      {"by ourselves", {lead_letter(1, {{"author_id", integer(kService)}})}, {}, "-|-"},
  };
  upsert(Entity::lead, {record(Entity::lead, 1,
                               {{"manager_id", integer(kAnna)},
                                {"contact_id", integer(301)},
                                {"company_id", integer(401)},
                                {"created_at", at(-hours{3})}})});
  for (const auto& c : cases) {
    upsert(Entity::activity, c.activities);
    upsert(Entity::call, c.calls);
    EXPECT_EQ(query("SELECT first_touch_at, first_touch_by FROM v_lead"), Lines{c.wanted})
        << c.what;
    for (const Record& activity : c.activities) remove(Entity::activity, activity.id);
    for (const Record& call : c.calls) remove(Entity::call, call.id);
  }
}

TEST_F(TouchTest, OfActivitiesThatAreBoundOnly) {
  const auto bound = [&](const Pairs& pairs) {
    in_transaction([&] {
      const DetailRows links[] = {links_of(1, pairs)};
      writer_->save_details(links);
    });
    return query("SELECT last_touch_at FROM v_deal").front() + " " +
           query("SELECT first_touch_at, first_touch_by FROM v_lead").front();
  };
  upsert(Entity::deal, {deal(1)});
  upsert(Entity::lead, {record(Entity::lead, 1,
                               {{"manager_id", integer(kBoris)},
                                {"contact_id", integer(301)},
                                {"company_id", integer(401)},
                                {"created_at", at(-hours{3})}})});
  // Of another deal.
  upsert(Entity::activity, {letter(1, {{"owner_id", integer(2)}})});
  EXPECT_EQ(bound({{2, 2}}), "- -|-");
  EXPECT_EQ(bound({{2, 2}, {2, 1}}), "-60m -|-");
  EXPECT_EQ(bound({{2, 2}, {1, 1}}), "- -60m|11");
  EXPECT_EQ(bound({{2, 2}, {3, 301}}), "-60m -60m|11");
  EXPECT_EQ(bound({{2, 2}, {4, 401}}), "-60m -60m|11");
  EXPECT_EQ(bound({{2, 2}, {3, 302}, {4, 1}, {31, 301}}), "- -|-");
}

TEST_F(TouchTest, ReactionCountsFromTheAssignmentBeforeTheTouch) {
  const auto lead = [](std::int64_t manager) {
    return record(Entity::lead, 1,
                  {{"manager_id", integer(manager)}, {"created_at", at(-hours{3})}});
  };
  const std::string from = "SELECT reaction_from FROM v_lead";
  upsert(Entity::lead, {lead(0)}, kStart - hours{3});
  EXPECT_EQ(query(from), Lines{"-180m"});
  upsert(Entity::lead, {lead(kAnna)}, kStart - hours{2});
  EXPECT_EQ(query(from), Lines{"-120m"});
  upsert(Entity::activity, {letter(1, {{"owner_type_id", integer(1)}, {"owner_id", integer(1)}})});
  upsert(Entity::lead, {lead(kBoris)}, kStart - minutes{30});
  EXPECT_EQ(query("SELECT reaction_from, first_touch_at FROM v_lead"), Lines{"-120m|-60m"})
      << "given to another after the touch";
}

// The touch has its own second, the assignment that of the look that noticed it.
TEST_F(TouchTest, AnAssignmentNoticedAfterTheTouchCountsForWhoeverTouched) {
  const struct {
    const char* what;
    seconds noticed;  // after the touch
    std::int64_t manager;
    std::int64_t touched_by;
    const char* wanted;  // reaction_from; the touch is at -60m
  } cases[] = {
      {"noticed before the touch", -seconds{60}, kAnna, kAnna, "-61m"},
      {"noticed right after", seconds{10}, kAnna, kAnna, "-60m"},
      {"noticed by a look of the night", minutes{5}, kAnna, kAnna, "-60m"},
      {"later than any look", seconds{301}, kAnna, kAnna, "-180m"},
      {"touched by one, then given to another", seconds{120}, kBoris, kAnna, "-180m"},
  };
  std::int64_t id = 0;
  for (const auto& c : cases) {
    const auto lead = [&](std::int64_t manager) {
      return record(Entity::lead, id,
                    {{"manager_id", integer(manager)}, {"created_at", at(-hours{3})}});
    };
    ++id;
    upsert(Entity::lead, {lead(0)}, kStart - hours{3});
    upsert(Entity::lead, {lead(c.manager)}, kStart - hours{1} + c.noticed);
    upsert(Entity::activity, {letter(id, {{"owner_type_id", integer(1)},
                                          {"owner_id", integer(id)},
                                          {"manager_id", integer(c.touched_by)}})});
    EXPECT_EQ(
        query(fmt::format("SELECT reaction_from, first_touch_at FROM v_lead WHERE id = {}", id)),
        Lines{std::string{c.wanted} + "|-60m"})
        << c.what;
  }
}

TEST_F(TouchTest, AreLookedUp) {
  for (const Entity entity : {Entity::activity, Entity::call}) read_in_full(entity);
  for (const char* view : {"last_touch_at FROM v_deal", "first_touch_at FROM v_lead"}) {
    const auto plan = rows(fmt::format("EXPLAIN QUERY PLAN SELECT {}", view));
    EXPECT_THAT(plan, testing::Contains(testing::HasSubstr("INDEX activities_touching")));
    EXPECT_THAT(plan, testing::Contains(testing::HasSubstr("INDEX calls_to_client")));
    EXPECT_THAT(plan, testing::Contains(testing::HasSubstr(
                                            "SEARCH k USING PRIMARY KEY (crm_id=? AND crm_type=?)"))
                          .Times(3));
    EXPECT_THAT(plan, testing::Not(testing::Contains(testing::HasSubstr("activities_by_manager"))));
    EXPECT_THAT(plan, testing::Not(testing::Contains(testing::HasSubstr("SCAN a"))));
    EXPECT_THAT(plan, testing::Not(testing::Contains(testing::HasSubstr("SCAN c"))));
  }
}

TEST_F(DerivedViewsTest, MovesKnowWhoWasResponsible) {
  upsert(Entity::deal, {deal(1)}, kStart - days{9});
  change(Entity::deal, deal(1), -days{5}, {{"manager_id", integer(kBoris)}});
  move(1, 1, -days{7}, "NEW", "P");
  move(2, 1, -days{3}, "DOC", "P");
  move(3, 77, -days{3}, "DOC", "P");  // of a deal that is not there
  EXPECT_EQ(query("SELECT id || '', manager_id FROM v_stage_move"), (Lines{"1|11", "2|12", "3|-"}));
}

class DeadlineTest : public DerivedViewsTest {
 protected:
  // The task as it is seen so many minutes after kStart.
  void seen(int minute, int deadline_hour, std::int64_t changed_by, std::int64_t manager = kAnna) {
    const Value deadline = deadline_hour == 0 ? Value{} : at(hours{deadline_hour});
    upsert(Entity::task,
           {record(Entity::task, 1,
                   {{"manager_id", integer(manager)},
                    {"changed_by", integer(changed_by)},
                    {"deadline_at", deadline},
                    {"created_at", at(seconds{0})},
                    {"changed_at", at(minutes{minute})}})},
           kStart + minutes{minute});
  }
  std::string moves() { return query("SELECT deadline_moves || '' FROM v_task").front(); }
};

TEST_F(DeadlineTest, MovesLaterByTheResponsibleCount) {
  seen(0, 24, kAnna);
  EXPECT_EQ(moves(), "0");
  seen(60, 48, kAnna);
  EXPECT_EQ(moves(), "1");
  seen(120, 36, kAnna);
  EXPECT_EQ(moves(), "1") << "brought forward";
  seen(180, 72, kBoris);
  EXPECT_EQ(moves(), "1") << "by somebody else";
  seen(240, 96, kService);
  EXPECT_EQ(moves(), "1") << "by ourselves";
  seen(300, 0, kAnna);
  EXPECT_EQ(moves(), "1") << "taken off";
  seen(360, 120, kAnna);
  EXPECT_EQ(moves(), "1") << "set again";
  seen(420, 144, kBoris, kBoris);
  EXPECT_EQ(moves(), "2") << "by the new responsible";
  seen(480, 144, kAnna);
  EXPECT_EQ(moves(), "2") << "what was counted stays so";
  EXPECT_EQ(query("SELECT moved_at, old_deadline_at, new_deadline_at, moved_by, manager_id "
                  "FROM v_deadline_move ORDER BY id LIMIT 3"),
            (Lines{"+60m|+1440m|+2880m|11|11", "+120m|+2880m|+2160m|11|11",
                   "+180m|+2160m|+4320m|12|11"}));
}

TEST_F(DeadlineTest, WhoMovedItIsNotTheLastToChangeItWhenNobodyKnows) {
  const auto task = [](int minute, int deadline_hour, Value changed_by) {
    return record(Entity::task, 1,
                  {{"manager_id", integer(kAnna)},
                   {"changed_by", std::move(changed_by)},
                   {"deadline_at", at(hours{deadline_hour})},
                   {"created_at", at(seconds{0})},
                   {"changed_at", at(minutes{minute})}});
  };
  upsert(Entity::task, {task(0, 24, Value{})});
  upsert(Entity::task, {task(60, 48, Value{})}, kStart + hours{1});
  upsert(Entity::task, {task(120, 48, integer(kAnna))}, kStart + hours{2});
  EXPECT_EQ(query("SELECT new_deadline_at, moved_by FROM v_deadline_move"), Lines{"+2880m|-"});
  EXPECT_EQ(moves(), "0");
}

TEST_F(DeadlineTest, MovesWithinTenMinutesAreOne) {
  seen(0, 24, kAnna);
  seen(60, 25, kAnna);
  seen(70, 26, kAnna);
  seen(80, 27, kAnna);
  EXPECT_EQ(moves(), "1");
  seen(91, 28, kAnna);
  EXPECT_EQ(moves(), "2") << "eleven minutes after";
  seen(105, 29, kBoris);
  seen(112, 30, kAnna);
  EXPECT_EQ(moves(), "3") << "somebody else's move in between hides nothing";
}

TEST_F(DeadlineTest, InTimeIsJudgedByTheDeadlineADayAfterCreation) {
  const std::string both = "SELECT first_deadline_at, strict_deadline_at FROM v_task";
  seen(0, 30, kAnna);
  EXPECT_EQ(query(both), Lines{"+1800m|+1800m"});
  seen(60, 40, kAnna);
  EXPECT_EQ(query(both), Lines{"+1800m|+2400m"}) << "within the first day it may be corrected";
  seen(24 * 60 + 1, 50, kAnna);
  seen(25 * 60, 60, kAnna);
  EXPECT_EQ(query(both), Lines{"+1800m|+2400m"});
}

TEST_F(DeadlineTest, AFirstDeadlineThatCameLaterIsTheFirst) {
  seen(0, 0, kAnna);
  EXPECT_EQ(query("SELECT first_deadline_at, strict_deadline_at FROM v_task"), Lines{"-|-"});
  seen(2 * 24 * 60, 70, kAnna);
  EXPECT_EQ(query("SELECT first_deadline_at, strict_deadline_at FROM v_task"), Lines{"+4200m|-"});
}

class MissedCallTest : public DerivedViewsTest {
 protected:
  struct Leg {
    int second;       // after kStart
    const char* how;  // "in", "in!" when somebody took it, "fwd", "out", "back", "info"
    const char* phone = "+7 916 123-45-67";
    const char* line = "main";
    std::int64_t manager = kAnna;
  };

  // The calls of the number, as v_missed_call tells them: start, legs, return.
  Lines missed(const std::vector<Leg>& legs) {
    std::vector<Record> calls;
    for (const Leg& leg : legs) {
      const std::string how = leg.how;
      const bool taken = how.ends_with('!');
      const int type = how == "out"    ? 1
                       : how == "fwd"  ? 3
                       : how == "back" ? 4
                       : how == "info" ? 5
                                       : 2;
      calls.push_back(record(Entity::call, ++last_id_,
                             {{"type", integer(type)},
                              {"code", text(taken ? "200" : "304")},
                              {"duration_seconds", integer(taken ? 40 : 0)},
                              {"phone", leg.phone == nullptr ? Value{} : text(leg.phone)},
                              {"line", text(leg.line)},
                              {"manager_id", integer(leg.manager)},
                              {"started_at", at(seconds{leg.second})}}));
    }
    upsert(Entity::call, calls);
    const Lines found = query(
        "SELECT (started_at - :now) || ' s', legs || ' legs', "
        "coalesce((returned_at - :now) || ' s', 'open'), returned_how, returned_by "
        "FROM v_missed_call ORDER BY started_at");
    // Deleted ones would count where they were returned.
    SQLite::Database{paths_.file().string(), SQLite::OPEN_READWRITE}.exec("DELETE FROM calls");
    return found;
  }

  std::int64_t last_id_ = 0;
};

TEST_F(MissedCallTest, AreCollapsedAndReturned) {
  const char* const other = "+7 916 000-00-00";
  const struct {
    const char* what;
    std::vector<Leg> calls;
    Lines wanted;
  } cases[] = {
      {"taken", {{0, "in!"}}, {}},
      {"missed", {{0, "in"}}, {"0 s|1 legs|open|-|-"}},
      {"redirected and missed", {{0, "fwd"}}, {"0 s|1 legs|open|-|-"}},
      {"the queue rang three", {{0, "in"}, {20, "in"}, {40, "in"}}, {"0 s|3 legs|open|-|-"}},
      {"the queue rang three at once", {{0, "in"}, {0, "in"}, {0, "in"}}, {"0 s|3 legs|open|-|-"}},
      {"the third took it", {{0, "in"}, {20, "in"}, {40, "in!"}}, {}},
      {"the first took it", {{0, "in!"}, {0, "in"}, {20, "in"}}, {}},
      {"one of those rung at once took it", {{0, "in"}, {0, "in!"}, {0, "in"}}, {}},
      {"a long queue, taken at last", {{0, "in"}, {100, "in"}, {200, "in"}, {300, "in!"}}, {}},
      {"120 seconds between: the same call", {{0, "in"}, {120, "in!"}}, {}},
      {"121 seconds between: he called again, and got through",
       {{0, "in"}, {121, "in!"}},
       {"0 s|1 legs|121 s|client|11"}},
      {"another line is another call",
       {{0, "in"}, {60, "in!", "+7 916 123-45-67", "second", kBoris}},
       {"0 s|1 legs|60 s|client|12"}},
      {"repeated within half an hour",
       {{0, "in"}, {600, "in"}, {1800, "in"}},
       {"0 s|1 legs|open|-|-"}},
      {"repeated later",
       {{0, "in"}, {1801, "in"}},
       {"0 s|1 legs|open|-|-", "1801 s|1 legs|open|-|-"}},
      {"called back",
       {{0, "in"}, {300, "out", "+7 916 123-45-67", "main", kBoris}},
       {"0 s|1 legs|300 s|out|12"}},
      {"called back by the call-back widget",
       {{0, "in"}, {300, "back"}},
       {"0 s|1 legs|300 s|out|11"}},
      {"the first of the returns",
       {{0, "in"}, {300, "out"}, {400, "in!"}},
       {"0 s|1 legs|300 s|out|11"}},
      {"got through before he was called back",
       {{0, "in"}, {300, "in!"}, {400, "out"}},
       {"0 s|1 legs|300 s|client|11"}},
      {"an announcement is no return", {{0, "in"}, {300, "info"}}, {"0 s|1 legs|open|-|-"}},
      {"called before he called", {{-60, "out"}, {0, "in"}}, {"0 s|1 legs|open|-|-"}},
      {"another number", {{0, "in"}, {300, "out", other}}, {"0 s|1 legs|open|-|-"}},
      {"the number written in another way",
       {{0, "in"}, {300, "out", "89161234567"}},
       {"0 s|1 legs|300 s|out|11"}},
      {"missed again soon after the return",
       {{0, "in"}, {300, "out"}, {600, "in"}},
       {"0 s|1 legs|300 s|out|11", "600 s|1 legs|open|-|-"}},
      {"missed soon after a talk", {{0, "in!"}, {600, "in"}}, {"600 s|1 legs|open|-|-"}},
      {"missed by two lines at once is one",
       {{0, "in"}, {0, "in", "+7 916 123-45-67", "second"}},
       {"0 s|1 legs|open|-|-"}},
      {"of a colleague", {{0, "in", "105"}}, {}},
      {"without a number", {{0, "in", nullptr}, {10, "in", ""}}, {}},
      {"an outgoing one that nobody took", {{0, "out"}}, {}},
  };
  for (const auto& c : cases) EXPECT_EQ(missed(c.calls), c.wanted) << c.what;
}

TEST_F(MissedCallTest, AreLookedUpByTimeAndNumber) {
  read_in_full(Entity::call);
  const auto plan = rows(
      "EXPLAIN QUERY PLAN SELECT first_call_id, returned_at, legs FROM v_missed_call "
      "WHERE started_at >= 5");
  EXPECT_THAT(plan.front(), testing::HasSubstr("calls_by_start (started_at>?)"));
  EXPECT_THAT(
      plan, testing::Contains(testing::HasSubstr("calls_by_phone (phone_key=? AND started_at>?)")));
}

}  // namespace
}  // namespace b24
