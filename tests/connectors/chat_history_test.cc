#include "connectors/bitrix24/chat_history.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace b24 {
namespace {

// "chat 7: 5 client 700@10:00:00 | 6 system -@10:00:05"
std::string shown(const Result<ChatHistory>& history) {
  if (!history) return fmt::format("{}", name(history.error().kind));
  std::string out = fmt::format("chat {}:", history->chat_id.value_or(0));
  for (const ChatMessage& m : history->messages) {
    out += fmt::format("{} {} {} {}@{}", &m == history->messages.data() ? "" : " |", m.id,
                       name(m.side), m.author_id ? std::to_string(*m.author_id) : "-",
                       format_offset(m.at, hours{3}).substr(11, 8));
  }
  return out;
}

TEST(ChatHistoryTest, SaysWhoWroteWhen) {
  const std::string at = R"("date":"2026-11-20T10:00:)";
  const struct {
    const char* what;
    std::string answer;
    const char* said;
  } cases[] = {
      {"ids as texts, the newest first",
       R"({"chatId":7,"message":{"6":{"id":"6","senderid":"12",)" + at +
           R"(05+03:00","text":"Secret"},"5":{"id":"5","senderid":"700",)" + at +
           R"(00+03:00"}},"users":{"700":{"id":"700","connector":true,"bot":false},)"
           R"("12":{"id":"12","connector":false,"bot":false}}})",
       "chat 7: 5 client 700@10:00:00 | 6 operator 12@10:00:05"},
      {"ids as numbers, lists in place of maps, flags as PHP writes them",
       R"({"chatId":"7","message":[{"id":5,"senderid":700,)" + at +
           R"(00+03:00"},{"id":6,"senderid":9,)" + at +
           R"(05+03:00"}],"users":[{"id":700,"connector":"Y"},{"id":9,"bot":1}]})",
       "chat 7: 5 client 700@10:00:00 | 6 bot 9@10:00:05"},
      {"ids in the keys alone, times of another zone",
       R"({"chatId":7,"message":{"5":{"senderid":"700","date":"2026-11-20T08:00:00+01:00"}},)"
       R"("users":{"700":{"connector":1}}})",
       "chat 7: 5 client 700@10:00:00"},
      {"the system, by 0 or by nothing",
       R"({"chatId":7,"message":{"5":{"id":"5","senderid":"0",)" + at +
           R"(00+03:00"},"6":{"id":"6",)" + at + R"(05+03:00","params":[]}},"users":[]})",
       "chat 7: 5 system -@10:00:00 | 6 system -@10:00:05"},
      {"a sender of whom nothing is said",
       R"({"chatId":7,"message":{"5":{"id":"5","senderid":"33",)" + at + R"(00+03:00"}}})",
       "chat 7: 5 other 33@10:00:00"},
      {"a message without a time is left out",
       R"({"message":{"5":{"id":"5","senderid":"0","date":{}},"6":{"id":"6","senderid":"0",)" + at +
           R"(05+03:00"},"x":{"senderid":"0",)" + at + R"(07+03:00"}}})",
       "chat 0: 6 system -@10:00:05"},
      {"no messages yet", R"({"chatId":7,"message":[],"users":[]})", "chat 7:"},
      {"fields of tomorrow", R"({"chatId":7,"message":{},"future":{"a":[1]}})", "chat 7:"},
      {"nothing readable", R"({"chatId":7,"message":{"5":{"id":"5","date":{}}}})", "unavailable"},
      {"no history", R"({"chatId":7})", "unavailable"},
      {"a text for messages", R"({"message":"none"})", "unavailable"},
      {"no object", "[]", "unavailable"},
      {"no JSON", "<html>", "unavailable"},
  };
  for (const auto& c : cases) EXPECT_EQ(shown(parse_chat_history(c.answer)), c.said) << c.what;
}

TEST(ChatHistoryTest, ReadsTheDocumentedAnswer) {
  const std::filesystem::path file =
      B24_SOURCE_DIR "/../shared/bitrix24/examples/imopenlines.session.history.get.json";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "the documented examples are not here";
  std::ifstream text{file};
  const auto example = nlohmann::json::parse(text);
  EXPECT_EQ(shown(parse_chat_history(example["response"]["result"].dump())),
            "chat 1763: 85833 system -@15:09:25 | 85851 operator 103@15:12:46");
}

}  // namespace
}  // namespace b24
