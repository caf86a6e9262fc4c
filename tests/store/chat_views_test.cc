#include <fmt/format.h>

#include "tests/store/store_fixture.h"

// Dialogues of Open Lines and working days, as the views show them.

namespace b24 {
namespace {

constexpr std::int64_t kChat = 501;  // the activity
constexpr std::int64_t kClient = 700;
constexpr std::int64_t kAnna = 11;
constexpr std::int64_t kBoris = 12;

// "c5": the client, five minutes after kStart; "o" an operator, "p" another one, "b" a bot, "s" the
// system, "u" somebody of whom the portal says nothing.
Record message(std::int64_t id, const std::string& word, std::int64_t chat) {
  const std::map<char, std::pair<const char*, Value>> kWho = {
      {'c', {"client", integer(kClient)}},  {'o', {"operator", integer(kAnna)}},
      {'p', {"operator", integer(kBoris)}}, {'b', {"bot", integer(9)}},
      {'s', {"system", Value{}}},           {'u', {"other", integer(33)}}};
  const auto& [side, author] = kWho.at(word.at(0));
  const Time at = kStart + minutes{std::stoi(word.substr(1))};
  return {id, {integer(to_unix(at)), text(side), author, integer(chat)}, {}};
}

DetailRows messages(std::int64_t activity, std::int64_t first_id, std::int64_t chat,
                    const std::vector<std::string>& words) {
  DetailRows rows{Detail::chat_message, activity, {}};
  for (const std::string& word : words) rows.records.push_back(message(first_id++, word, chat));
  return rows;
}

class ChatViewsTest : public StoreTest {
 protected:
  void add_session(std::int64_t id, bool completed, const char* provider = "IMOPENLINES_SESSION") {
    upsert(Entity::activity, {record(Entity::activity, id,
                                     {{"provider_id", text(provider)},
                                      {"provider_type_id", text("21")},
                                      {"owner_type_id", integer(2)},
                                      {"owner_id", integer(40)},
                                      {"manager_id", integer(kAnna)},
                                      {"completed", integer(completed ? 1 : 0)},
                                      {"created_at", integer(to_unix(kStart))},
                                      {"updated_at", integer(to_unix(kStart))},
                                      {"associated_id", integer(321)}})});
  }
  void save(const DetailRows& rows) {
    in_transaction([&] { writer_->save_details(std::span{&rows, 1}); });
  }
  // Times as minutes after kStart.
  static std::string minute(const std::string& column) {
    return fmt::format("coalesce(({} - {}) / 60, '-')", column, to_unix(kStart));
  }
};

TEST_F(ChatViewsTest, TellWhoAnsweredWhenAndWhoWaits) {
  const struct {
    const char* what;
    bool completed;
    std::vector<std::string> words;
    // client messages, answers | first client, first answer, by | last client, last answer, side |
    // waits since
    const char* row;
  } cases[] = {
      {"not read yet", false, {}, "0|0|-|-|-|-|-|-|-"},
      {"answered", false, {"s0", "c1", "s1", "o6", "o7"}, "1|2|1|6|11|1|7|operator|-"},
      {"waits, since the first of his last words",
       false,
       {"c1", "o2", "c9", "c10", "s11"},
       "3|1|1|2|11|10|2|client|9"},
      {"waits from the beginning", false, {"s0", "c1", "s1"}, "1|0|1|-|-|1|-|client|1"},
      {"is over, unanswered", true, {"c1", "s30"}, "1|0|1|-|-|1|-|client|-"},
      {"a bot's word is no answer, but the last word",
       false,
       {"c1", "b1", "p20", "c21", "b22"},
       "2|1|1|20|12|21|20|bot|-"},
      {"the system's is neither", false, {"c1", "s2", "s3"}, "1|0|1|-|-|1|-|client|1"},
      {"an operator began", false, {"o1", "c5", "p8"}, "1|2|5|8|12|5|8|operator|-"},
      {"the same second: by the ids", false, {"c1", "o1", "c1"}, "2|1|1|1|11|1|1|client|1"},
      {"somebody unknown wrote", false, {"c1", "u2"}, "1|0|1|-|-|1|-|other|-"},
  };
  for (const auto& c : cases) {
    add_session(kChat, c.completed);
    save(messages(kChat, 1000, 7, c.words));
    const auto found = rows(fmt::format(
        "SELECT client_messages, answers, {}, {}, coalesce(first_answer_by, '-'), {}, {}, "
        "coalesce(last_side, '-'), {} FROM v_chat",
        minute("first_client_at"), minute("first_answer_at"), minute("last_client_at"),
        minute("last_answer_at"), minute("waits_since")));
    ASSERT_EQ(found.size(), 1U) << c.what;
    EXPECT_EQ(found.front(), c.row) << c.what;
  }
}

TEST_F(ChatViewsTest, KnowTheDialogueAndItsObjects) {
  add_session(kChat, true);
  add_session(kChat + 1, false);
  add_session(kChat + 2, false, "CRM_TODO");
  save(messages(kChat, 1000, 7, {"c1", "s20"}));
  save(messages(kChat + 1, 1010, 7, {"s50", "c51"}));
  save(links_of(kChat, {{2, 40}, {1, 60}, {1, 61}}));
  const std::string columns =
      "SELECT activity_id, session_id, line, chat_id, manager_id, deal_id, "
      "coalesce(lead_id, '-'), closed, messages, " +
      minute("previous_at") + " FROM v_chat ORDER BY activity_id";
  EXPECT_EQ(rows(columns), (std::vector<std::string>{"501|321|21|7|11|40|61|1|2|-",
                                                     "502|321|21|7|11|40|-|0|2|20"}));
  EXPECT_EQ(rows("SELECT id, side, author_id FROM v_chat_message WHERE activity_id = 501"),
            (std::vector<std::string>{"1000|client|700", "1001|system|NULL"}));
  // A later reading takes the place of the earlier one.
  save(messages(kChat, 1000, 7, {"c1"}));
  EXPECT_EQ(rows("SELECT messages FROM v_chat WHERE activity_id = 501"),
            std::vector<std::string>{"1"});
  const std::int64_t gone[] = {kChat};
  in_transaction([&] { writer_->mark_deleted(Entity::activity, gone, kStart); });
  EXPECT_EQ(rows("SELECT count(*) FROM v_chat"), std::vector<std::string>{"1"});
  EXPECT_EQ(rows("SELECT count(*) FROM v_chat_message"), std::vector<std::string>{"2"});
}

TEST_F(ChatViewsTest, OpenSessionsAreFoundWithoutReadingAllActivities) {
  read_in_full(Entity::activity);
  const auto plan = rows(
      "EXPLAIN QUERY PLAN SELECT id, associated_id FROM activities WHERE "
      "provider_id = 'IMOPENLINES_SESSION' AND completed = 0 AND deleted_at IS NULL "
      "AND associated_id IS NOT NULL ORDER BY id DESC LIMIT 500");
  ASSERT_EQ(plan.size(), 1U);
  EXPECT_NE(plan[0].find("activities_chats"), std::string::npos) << plan[0];
}

// It could never be asked, and would wait for ever.
TEST_F(ChatViewsTest, ASessionWithoutItsNumberIsNotWaitedFor) {
  add_session(1, false);
  Record unnumbered = record(Entity::activity, 2,
                             {{"provider_id", text("IMOPENLINES_SESSION")},
                              {"completed", integer(0)},
                              {"updated_at", integer(to_unix(kStart))}});
  upsert(Entity::activity, {unnumbered});
  EXPECT_EQ(reader()->waiting_details()[Detail::chat_message], 1);
  unnumbered = with(Entity::activity, unnumbered, {{"associated_id", integer(322)}});
  upsert(Entity::activity, {unnumbered}, kStart + hours{1});
  EXPECT_EQ(reader()->waiting_details()[Detail::chat_message], 2);
}

TEST_F(ChatViewsTest, ShowWorkingDays) {
  upsert(Entity::user, {record(Entity::user, kAnna, {{"active", integer(1)}}),
                        record(Entity::user, kBoris, {{"active", integer(1)}})});
  Workday day{.user_id = kAnna, .day = "2026-11-20", .opened_clock = "09:20"};
  day.opened_at = kStart;
  const auto save_day = [&] {
    bool changed = false;
    in_transaction([&] { changed = writer_->save_workdays(std::span{&day, 1}, kStart); });
    return changed;
  };
  const WorkdayRules rules[] = {{kAnna, true, false, "09:15", "17:45"},
                                {kBoris, true, true, "09:15", ""}};
  EXPECT_TRUE(save_day());
  EXPECT_FALSE(save_day()) << "nothing is new";
  EXPECT_EQ(rows("SELECT late FROM v_workday"), std::vector<std::string>{"NULL"});
  in_transaction([&] { writer_->save_workday_rules(rules); });
  const std::string sql =
      "SELECT manager_id, day, status, opened_clock, late, closed_at - opened_at, break_seconds, "
      "confirmed FROM v_workday ORDER BY day";
  EXPECT_EQ(rows(sql), std::vector<std::string>{"11|2026-11-20|opened|09:20|1|NULL|0|1"});
  day.status = WorkdayStatus::closed;
  day.closed_at = day.opened_at + hours{8};
  day.break_seconds = 600;
  day.confirmed = false;
  EXPECT_TRUE(save_day());
  day = {.user_id = kAnna, .day = "2026-11-23", .opened_clock = "09:10"};
  day.opened_at = kStart + days{3};
  EXPECT_TRUE(save_day());
  EXPECT_EQ(rows(sql), (std::vector<std::string>{"11|2026-11-20|closed|09:20|1|28800|600|0",
                                                 "11|2026-11-23|opened|09:10|0|NULL|0|1"}));
  EXPECT_EQ(rows("SELECT id, day_tracked, day_latest_start FROM v_manager ORDER BY id"),
            (std::vector<std::string>{"11|1|09:15", "12|1|NULL"}));
}

}  // namespace
}  // namespace b24
