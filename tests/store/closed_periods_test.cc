#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/store/store_fixture.h"

// What was done stays in the figures of its period when the portal deletes it; what is open leaves.

namespace b24 {
namespace {

using Rows = std::vector<std::string>;

constexpr std::int64_t kService = 1;
constexpr std::int64_t kAnna = 11;
constexpr std::int64_t kBoris = 12;
constexpr int kInProgress = 3;
constexpr int kHandedIn = 4;
constexpr int kDone = 5;

class ClosedPeriodsTest : public StoreTest {
 protected:
  ClosedPeriodsTest() {
    in_transaction([&] { writer_->set_service_user(kService); });
  }

  static Value at(int hour) { return integer(to_unix(kStart + hours{hour})); }
  void remove(Entity entity, const std::vector<std::int64_t>& ids, int hour = 100) {
    in_transaction([&] { writer_->mark_deleted(entity, ids, kStart + hours{hour}); });
  }
  // As a look that many hours after kStart sees it.
  void seen(Entity entity, int hour, std::int64_t id, Columns columns) {
    const char* changed = entity == Entity::task ? "changed_at" : "updated_at";
    columns.try_emplace(changed, at(hour));
    columns.try_emplace("manager_id", integer(kAnna));
    upsert(entity, {record(entity, id, columns)}, kStart + hours{hour});
  }
  // Hours after kStart.
  static std::string hour(const char* column) {
    return fmt::format("({} - {}) / 3600", column, to_unix(kStart));
  }
  Rows done(const std::string& columns) {
    return rows(fmt::format("SELECT {} FROM v_done ORDER BY kind, id", columns));
  }
};

TEST_F(ClosedPeriodsTest, ATaskIsDoneWhenItIsHandedIn) {
  const struct {
    const char* what;
    std::vector<std::pair<int, int>> statuses;  // hour, status
    const char* wanted;                         // the hour it was done
  } cases[] = {
      {"in progress", {{0, kInProgress}}, ""},
      {"done, without control", {{0, kInProgress}, {5, kDone}}, "4"},
      {"done before the mirror met it", {{5, kDone}}, "4"},
      {"handed in", {{0, kInProgress}, {3, kHandedIn}}, "3"},
      {"accepted later", {{0, kInProgress}, {3, kHandedIn}, {50, kDone}}, "3"},
      {"refused", {{0, kInProgress}, {3, kHandedIn}, {6, kInProgress}}, ""},
      {"refused and handed in again",
       {{0, kInProgress}, {3, kHandedIn}, {6, kInProgress}, {9, kHandedIn}, {20, kDone}},
       "9"},
      {"taken up again and done",
       {{0, kInProgress}, {3, kDone}, {6, kInProgress}, {9, kDone}},
       "8"},
  };
  std::int64_t id = 0;
  for (const auto& c : cases) {
    ++id;
    for (const auto& [when, status] : c.statuses) {
      seen(Entity::task, when, id,
           {{"status", integer(status)},
            {"closed_at", status == kDone ? at(when - 1) : Value{}},
            {"status_changed_at", at(when)}});
    }
    const auto done_at = [&] {
      return rows(fmt::format("SELECT {} FROM v_done WHERE id = {}", hour("done_at"), id));
    };
    const Rows wanted = *c.wanted == '\0' ? Rows{} : Rows{c.wanted};
    EXPECT_EQ(done_at(), wanted) << c.what;
    remove(Entity::task, {id});
    EXPECT_EQ(done_at(), wanted) << "deleted: " << c.what;
    EXPECT_EQ(rows("SELECT id FROM v_task"), Rows{}) << c.what;
  }
}

TEST_F(ClosedPeriodsTest, WhoeverWasResponsibleThenHasDoneIt) {
  seen(Entity::task, 0, 1, {{"status", integer(kInProgress)}});
  const Columns done = {{"status", integer(kDone)}, {"closed_at", at(3)}};
  const auto by = [&](std::int64_t closed_by, std::int64_t manager) {
    Columns columns = done;
    columns["closed_by"] = integer(closed_by);
    columns["manager_id"] = integer(manager);
    return columns;
  };
  // Given to Boris and done by one save, noticed an hour later.
  seen(Entity::task, 4, 1, by(kBoris, kBoris));
  EXPECT_EQ(this->done("manager_id, done_by, by_service"), Rows{"12|12|0"});
  seen(Entity::task, 5, 1, by(kBoris, kAnna));
  EXPECT_EQ(this->done("manager_id, done_by, by_service"), Rows{"12|12|0"});
  seen(Entity::task, 6, 2, by(kService, kAnna));
  seen(Entity::task, 6, 3, by(kService, kService));
  EXPECT_EQ(this->done("id, manager_id, by_service"), (Rows{"1|12|0", "2|11|1", "3|1|0"}));
}

TEST_F(ClosedPeriodsTest, InTimeIsByTheDeadlineADayAfterTheTaskWasSet) {
  const auto task = [&](int hour, int deadline, int status) {
    return Columns{{"status", integer(status)},
                   {"created_at", at(0)},
                   {"deadline_at", at(deadline)},
                   {"closed_at", status == kDone ? at(hour) : Value{}}};
  };
  seen(Entity::task, 0, 1, task(0, 40, kInProgress));
  seen(Entity::task, 30, 1, task(30, 80, kInProgress));
  seen(Entity::task, 50, 1, task(50, 80, kDone));
  seen(Entity::task, 50, 2, task(50, 80, kDone));
  seen(Entity::task, 50, 3, {{"status", integer(kDone)}, {"closed_at", at(50)}});
  EXPECT_EQ(done("id, " + hour("deadline_at") + ", in_time"),
            (Rows{"1|40|0", "2|80|1", "3|NULL|NULL"}));
}

TEST_F(ClosedPeriodsTest, ActivitiesAreDoneWhenThatIsNoticed) {
  const auto activity = [&](int completed, std::int64_t editor, int type = 1) {
    return Columns{{"completed", integer(completed)},
                   {"editor_id", integer(editor)},
                   {"type_id", integer(type)},
                   {"created_at", at(-9)},
                   {"ends_at", at(-2)},
                   {"subject", text("Встреча")}};
  };
  seen(Entity::activity, 0, 1, activity(0, kAnna));
  seen(Entity::activity, 5, 1, activity(1, kAnna));
  seen(Entity::activity, 7, 1, activity(1, kBoris));
  seen(Entity::activity, 0, 2, activity(1, kBoris, 2));  // done before
  seen(Entity::activity, 0, 3, activity(0, kAnna));      // open
  seen(Entity::activity, 0, 4, activity(1, kAnna, 3));   // stands for a task
  seen(Entity::activity, 0, 5, activity(0, kAnna));
  seen(Entity::activity, 6, 5, activity(1, kService));
  const Rows wanted = {"call|2|-2|11|NULL|0|NULL", "meeting|1|5|11|11|0|NULL",
                       "meeting|5|6|11|1|1|NULL"};
  const std::string columns =
      "kind, id, " + hour("done_at") + ", manager_id, done_by, by_service, in_time";
  EXPECT_EQ(done(columns), wanted);
  remove(Entity::activity, {1, 2, 3, 4, 5});
  EXPECT_EQ(done(columns), wanted);
  EXPECT_EQ(done("id, " + hour("deleted_at")), (Rows{"2|100", "1|100", "5|100"}));
}

TEST_F(ClosedPeriodsTest, CallsAndLeadsThatCameAreCountedForEver) {
  for (std::int64_t id = 1; id <= 2; ++id) {
    upsert(Entity::call, {record(Entity::call, id, {{"started_at", at(0)}, {"type", integer(2)}})});
    upsert(Entity::lead,
           {record(Entity::lead, id, {{"created_at", at(0)}, {"stage_id", text("JUNK")}})});
  }
  upsert(
      Entity::stage,
      {record(
          Entity::stage, 1,
          {{"entity_id", text("STATUS")}, {"status_id", text("JUNK")}, {"semantics", text("F")}})});
  remove(Entity::call, {2});
  remove(Entity::lead, {2});
  remove(Entity::stage, {1});
  const std::string gone = hour("deleted_at");
  EXPECT_EQ(rows("SELECT id, direction, day, " + gone + " FROM v_call_log ORDER BY id"),
            (Rows{"1|in|2026-11-21|NULL", "2|in|2026-11-21|100"}));
  EXPECT_EQ(rows("SELECT id FROM v_call"), Rows{"1"});
  EXPECT_EQ(rows("SELECT id, semantic, " + gone + " FROM v_lead_log ORDER BY id"),
            (Rows{"1|P|NULL", "2|F|100"}))
      << "as it was";
  EXPECT_EQ(rows("SELECT id FROM v_lead"), Rows{"1"});
}

TEST_F(ClosedPeriodsTest, MissedCallsStayWhenTheyWereReturned) {
  const auto call = [](std::int64_t id, int minute, int type, const char* phone) {
    return record(Entity::call, id,
                  {{"type", integer(type)},
                   {"code", text("304")},
                   {"duration_seconds", integer(0)},
                   {"phone", text(phone)},
                   {"line", text("main")},
                   {"started_at", integer(to_unix(kStart + minutes{minute}))}});
  };
  const char* const first = "+79160000001";
  const char* const second = "+79160000002";
  // The first is called back; the second calls twice within half an hour, and waits.
  upsert(Entity::call, {call(1, 0, 2, first), call(2, 1, 2, first), call(3, 9, 1, first),
                        call(4, 0, 2, second), call(5, 20, 2, second)});
  const auto missed = [&] {
    return rows(
        fmt::format("SELECT first_call_id, legs, (returned_at - {}) / 60 "
                    "FROM v_missed_call ORDER BY 1",
                    to_unix(kStart)));
  };
  const Rows all = {"1|2|9", "4|1|NULL"};
  EXPECT_EQ(missed(), all);
  remove(Entity::call, {3});
  EXPECT_EQ(missed(), all) << "he was called back all the same";
  remove(Entity::call, {1, 2});
  EXPECT_EQ(missed(), all);
  remove(Entity::call, {4});
  EXPECT_EQ(missed(), (Rows{"1|2|9", "5|1|NULL"})) << "of what is left, the first";
  remove(Entity::call, {5});
  EXPECT_EQ(missed(), Rows{"1|2|9"});
}

TEST_F(ClosedPeriodsTest, CountingCallsOfDaysReadsThoseOfTheDaysAlone) {
  read_in_full(Entity::call);
  const auto plan = rows(
      "EXPLAIN QUERY PLAN SELECT manager_id, day, count(*) FROM v_call_log "
      "WHERE day >= '2026-11-01' AND day < '2026-11-21' GROUP BY manager_id, day");
  EXPECT_NE(fmt::format("{}", fmt::join(plan, "\n")).find("calls_by_day"), std::string::npos);
}

class MovedDeadlineTest : public ClosedPeriodsTest {
 protected:
  // An activity as it is seen so many hours after kStart.
  void activity(int hour, int deadline, std::int64_t editor, const Columns& more = {}) {
    Columns columns = {{"deadline_at", deadline == 0 ? Value{} : at(deadline)},
                       {"editor_id", integer(editor)},
                       {"completed", integer(0)},
                       {"type_id", integer(6)},
                       {"provider_id", text("CRM_TODO")}};
    for (const auto& [column, value] : more) columns[column] = value;
    seen(Entity::activity, hour, 1, columns);
  }
  std::string moves() { return rows("SELECT deadline_moves FROM v_activity").front(); }
};

TEST_F(MovedDeadlineTest, OfActivitiesTheResponsiblesAreCounted) {
  activity(0, 24, kAnna);
  EXPECT_EQ(moves(), "0");
  activity(1, 48, kAnna);
  EXPECT_EQ(moves(), "1");
  activity(2, 36, kAnna);
  EXPECT_EQ(moves(), "1") << "brought forward";
  activity(3, 72, kBoris);
  activity(4, 96, kService);
  EXPECT_EQ(moves(), "1") << "by others";
  activity(5, 0, kAnna);
  activity(6, 99, kAnna);
  EXPECT_EQ(moves(), "1") << "taken off and set again";
  activity(7, 120, kBoris, {{"manager_id", integer(kBoris)}});
  EXPECT_EQ(moves(), "2") << "by the new responsible";
  activity(8, 150, kBoris, {{"manager_id", integer(kBoris)}, {"completed", integer(1)}});
  activity(9, 170, kBoris, {{"manager_id", integer(kBoris)}, {"completed", integer(1)}});
  EXPECT_EQ(moves(), "2") << "with its completion, and after it";
  const std::string columns = fmt::format(
      "SELECT {}, {}, {}, moved_by, manager_id FROM v_activity_deadline_move ORDER BY id",
      hour("moved_at"), hour("old_deadline_at"), hour("new_deadline_at"));
  const Rows wanted = {"1|24|48|11|11",   "2|48|36|11|11",   "3|36|72|12|11", "4|72|96|1|11",
                       "5|96|NULL|11|11", "6|NULL|99|11|11", "7|99|120|12|12"};
  EXPECT_EQ(rows(columns), wanted);
  remove(Entity::activity, {1});
  EXPECT_EQ(rows(columns), wanted) << "deleted";
}

TEST_F(MovedDeadlineTest, WithinTenMinutesTheyAreOne) {
  activity(0, 24, kAnna);
  for (const int minute : {60, 69, 78, 90}) {
    const Time now = kStart + minutes{minute};
    upsert(Entity::activity,
           {record(Entity::activity, 1,
                   {{"deadline_at", integer(to_unix(kStart + hours{24 + minute}))},
                    {"editor_id", integer(kAnna)},
                    {"manager_id", integer(kAnna)},
                    {"completed", integer(0)},
                    {"updated_at", integer(to_unix(now))}})},
           now);
  }
  EXPECT_EQ(moves(), "2");
}

TEST_F(MovedDeadlineTest, ATasksAreTheTasks) {
  activity(0, 24, kAnna, {{"provider_id", text("CRM_TASKS_TASK")}});
  activity(1, 48, kAnna, {{"provider_id", text("CRM_TASKS_TASK")}});
  EXPECT_EQ(moves(), "0");
  seen(Entity::task, 0, 1, {{"deadline_at", at(24)}, {"changed_by", integer(kAnna)}});
  seen(Entity::task, 1, 1, {{"deadline_at", at(48)}, {"changed_by", integer(kAnna)}});
  remove(Entity::task, {1});
  EXPECT_EQ(rows("SELECT task_id, moved_by, " + hour("deleted_at") + " FROM v_deadline_move"),
            Rows{"1|11|100"})
      << "it stays when the task is deleted";
}

}  // namespace
}  // namespace b24
