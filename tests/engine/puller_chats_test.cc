#include <nlohmann/json.hpp>

#include "connectors/bitrix24/chat_history.h"
#include "tests/engine/desk.h"
#include "tests/support/temp_folder.h"

// Dialogues of Open Lines, read after the activities that stand for them.

namespace b24 {
namespace {

using nlohmann::json;

sim::PortalOptions company_with_chats() {
  sim::PortalOptions options = small_company();
  options.activities = 30;
  options.chats = 20;
  return options;
}

// Activities of sessions, with the session's id.
std::map<std::int64_t, std::int64_t> sessions_of_the_portal(Desk& desk) {
  std::map<std::int64_t, std::int64_t> sessions;
  for (const json& row : json::parse(desk.portal().rows(Entity::activity))) {
    if (row["PROVIDER_ID"] != kChatProvider) continue;
    sessions[std::stoll(row["ID"].get<std::string>())] =
        std::stoll(row["ASSOCIATED_ENTITY_ID"].get<std::string>());
  }
  return sessions;
}

std::vector<std::string> messages_of_the_portal(Desk& desk) {
  std::vector<std::string> messages;
  for (const auto& [activity, session] : sessions_of_the_portal(desk)) {
    const json history = json::parse(desk.portal().call(
        kChatHistoryMethod, fmt::format(R"({{"SESSION_ID":{}}})", session)))["result"];
    for (const auto& [id, message] : history["message"].items()) {
      const std::string sender = message["senderid"];
      std::string side = "system";
      if (sender != "0") {
        const json& user = history["users"][sender];
        side = user["connector"] == true ? "client" : user["bot"] == true ? "bot" : "operator";
      }
      messages.push_back(fmt::format("{} {} {} {} {} {}", activity, id,
                                     to_unix(*parse_time(message["date"].get<std::string>())), side,
                                     sender, history["chatId"].get<int>()));
    }
  }
  std::sort(messages.begin(), messages.end());
  return messages;
}

// Without those of activities that were deleted: that is found once a day.
std::vector<std::string> messages_of_the_mirror(Desk& desk) {
  std::vector<std::string> messages;
  const auto there = sessions_of_the_portal(desk);
  const auto table = desk.reader().query(
      "SELECT activity_id, id, at, side, coalesce(author_id, 0), chat_id FROM v_chat_message");
  if (!table) return {table.error().text};
  for (const auto& row : table->rows) {
    if (!there.contains(*as_integer(row[0]))) continue;
    std::string line;
    for (const Value& value : row) line += (line.empty() ? "" : " ") + as_text(value);
    messages.push_back(line);
  }
  std::sort(messages.begin(), messages.end());
  return messages;
}

std::map<std::int64_t, std::int64_t> waiting_at_the_portal(Desk& desk) {
  std::map<std::int64_t, std::int64_t> waiting;
  const json facts = json::parse(desk.portal().facts());
  for (const auto& [id, since] : facts["chats_waiting"].items()) {
    waiting[std::stoll(id)] = since.get<std::int64_t>();
  }
  return waiting;
}

std::map<std::int64_t, std::int64_t> waiting_in_the_mirror(Desk& desk) {
  std::map<std::int64_t, std::int64_t> waiting;
  const auto there = sessions_of_the_portal(desk);
  const auto table = desk.reader().query(
      "SELECT activity_id, waits_since FROM v_chat WHERE waits_since IS NOT NULL");
  if (!table) throw std::runtime_error{table.error().text};
  for (const auto& row : table->rows) {
    if (there.contains(*as_integer(row[0]))) waiting[*as_integer(row[0])] = *as_integer(row[1]);
  }
  return waiting;
}

TEST(PullerChats, AreThoseOfThePortal) {
  Desk desk{company_with_chats()};
  ASSERT_FALSE(desk.pass().error);
  const auto sessions = sessions_of_the_portal(desk);
  ASSERT_EQ(sessions.size(), 20U);
  EXPECT_EQ(desk.calls(kChatHistoryMethod), 20U);
  const auto messages = messages_of_the_portal(desk);
  EXPECT_GT(messages.size(), 60U);
  EXPECT_EQ(messages_of_the_mirror(desk), messages);
  EXPECT_EQ(waiting_in_the_mirror(desk), waiting_at_the_portal(desk));
  EXPECT_GE(waiting_in_the_mirror(desk).size(), 2U);
  EXPECT_GT(desk.number("SELECT count(*) FROM v_chat WHERE opened_at - previous_at < 3600"), 0)
      << "some came back within the hour";
  EXPECT_GT(desk.number("SELECT count(*) FROM v_chat WHERE deal_id IS NOT NULL"), 0);

  desk.calls(kChatHistoryMethod);
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kChatHistoryMethod), 0U) << "nothing has changed";
}

TEST(PullerChats, FollowWhatIsWrittenAndClosed) {
  Desk desk{company_with_chats()};
  ASSERT_FALSE(desk.pass().error);
  int written = 0, closed = 0, begun = 0;
  for (int i = 0; i < 6; ++i) {
    const auto made = desk.portal().mutate(60, static_cast<std::uint64_t>(i));
    written += made.chat_messages_added;
    closed += made.chats_closed;
    begun += made.chats_added;
    // A message changes nothing of its activity: open sessions are asked again by the clock.
    desk.go_on(minutes{4});
    ASSERT_FALSE(desk.pass().error);
    EXPECT_EQ(messages_of_the_mirror(desk), messages_of_the_portal(desk)) << i;
    EXPECT_EQ(waiting_in_the_mirror(desk), waiting_at_the_portal(desk)) << i;
  }
  EXPECT_GT(written, 0);
  EXPECT_GT(closed, 0);
  EXPECT_GT(begun, 0);
  desk.calls(kChatHistoryMethod);
  desk.go_on(minutes{4});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kChatHistoryMethod),
            static_cast<std::uint64_t>(desk.number("SELECT count(*) FROM v_chat WHERE closed = 0")))
      << "open ones, and no others";
}

// Nobody writes and nobody closes: open sessions are asked again by the clock alone, and then all
// of them in one request.
TEST(PullerChats, OpenSessionsCostAQuietPollLittle) {
  Desk desk{company_with_chats()};
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  const auto open =
      static_cast<std::uint64_t>(desk.number("SELECT count(*) FROM v_chat WHERE closed = 0"));
  ASSERT_GE(open, 3U);
  const auto requests_of_a_poll = [&](seconds later) {
    desk.go_on(later);
    desk.calls(kChatHistoryMethod);
    const std::uint64_t before = desk.portal().counters().requests;
    EXPECT_FALSE(desk.pass().error);
    return desk.portal().counters().requests - before;
  };
  EXPECT_EQ(requests_of_a_poll(seconds{30}), 1U);
  EXPECT_EQ(desk.calls(kChatHistoryMethod), 0U);
  EXPECT_LE(requests_of_a_poll(minutes{3}), 2U);
  EXPECT_EQ(desk.calls(kChatHistoryMethod), open) << "their clock has struck";
  EXPECT_EQ(requests_of_a_poll(seconds{30}), 1U);
  EXPECT_EQ(desk.calls(kChatHistoryMethod), 0U);
}

TEST(PullerChats, TextsAreNotKept) {
  Desk desk{company_with_chats()};
  ASSERT_FALSE(desk.pass().error);
  const auto session = *sessions_of_the_portal(desk).begin();
  const std::string history =
      desk.portal().call(kChatHistoryMethod, fmt::format(R"({{"SESSION_ID":{}}})", session.second));
  ASSERT_NE(json::parse(history).dump().find("Подскажите"), std::string::npos);
  ASSERT_GT(desk.number("SELECT count(*) FROM v_chat_message"), 0);
  EXPECT_EQ(desk.bytes_of_the_file().find("Подскажите"), std::string::npos);
}

TEST(PullerChats, WithoutTheScopeAllElseIsRead) {
  sim::PortalOptions options = company_with_chats();
  options.scopes.erase("imopenlines");
  Desk desk{options};
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.problems(), std::set<std::string>{});
  EXPECT_EQ(desk.number("SELECT count(*) FROM v_chat"), 20) << "the sessions, by their activities";
  EXPECT_EQ(desk.number("SELECT count(*) FROM v_chat_message"), 0);
  EXPECT_GT(desk.number("SELECT count(*) FROM v_activity_link WHERE is_owner = 0"), 0);
  DetailState chats{};
  for (const DetailState& state : desk.reader().details()) {
    if (state.detail == Detail::chat_message) chats = state;
  }
  EXPECT_TRUE(chats.refused);
  EXPECT_EQ(chats.problem,
            "У вебхука нет права «imopenlines» (нужно для imopenlines.session.history.get) – "
            "добавьте его в настройках вебхука на портале.");
  desk.calls(kChatHistoryMethod);
  desk.go_on(minutes{10});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kChatHistoryMethod), 0U) << "not asked for an hour";
}

TEST(PullerChats, APortalWithoutOpenLinesIsAskedNothing) {
  sim::PortalOptions options = company_with_chats();
  options.chats = 0;
  Desk desk{options};
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kChatHistoryMethod), 0U);
}

}  // namespace
}  // namespace b24
