#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/engine/desk.h"
#include "tests/support/workplace.h"

// What `status` says of the age of what the mirror holds, in words and for programs.

namespace b24 {
namespace {

TEST(StatusText, SaysHowOldEachPartIs) {
  Workplace workplace{small_company()};
  workplace.configure();
  ASSERT_EQ(workplace.run({"sync"}).exit_code, 0);
  const auto now = to_unix(SystemClock{}.now());
  SQLite::Database file{workplace.folder() + "/state/b24watch.sqlite", SQLite::OPEN_READWRITE,
                        5000};
  const auto age = [&](const char* table, const char* column, const char* row, seconds by) {
    return file.exec(fmt::format("UPDATE {} SET full_done = 1, fresh_at = {} WHERE {} = '{}'",
                                 table, now - by.count(), column, row));
  };
  ASSERT_EQ(age("streams", "entity", "deal", minutes{10} + seconds{20}), 1);
  ASSERT_EQ(age("streams", "entity", "task", hours{5} + minutes{1}), 1);
  file.exec("UPDATE streams SET fresh_at = NULL WHERE entity = 'call'");
  const std::string text = workplace.run({"status"}).out;
  const auto line = [&](const std::string& word) {
    const auto at = text.find("\n" + word + " ");
    const auto begin = at == std::string::npos ? 0 : at + 1;
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  EXPECT_NE(line("deal").find("  прочитано целиком, 10 мин назад"), std::string::npos) << text;
  EXPECT_NE(line("task").find("  прочитано целиком, 5 ч назад"), std::string::npos) << text;
  EXPECT_NE(line("call").find("  прочитано целиком, никогда"), std::string::npos) << text;

  int aged = 0;
  const auto json = nlohmann::json::parse(workplace.run({"status", "--json"}).out);
  for (const auto& detail : json["details"]) {
    if (!detail["needed"].get<bool>() || !detail["complete"].get<bool>()) continue;
    ++aged;
    EXPECT_FALSE(detail["fresh_at"].is_null()) << detail;
    const std::string told = line(detail["detail"].get<std::string>());
    EXPECT_NE(told.find(" прочитано целиком, "), std::string::npos) << told;
    EXPECT_NE(told.find(" назад"), std::string::npos) << told;
  }
  EXPECT_GE(aged, 1) << text;
}

}  // namespace
}  // namespace b24
