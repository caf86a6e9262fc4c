#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "daemon/engine/verified.h"
#include "tests/support/workplace.h"

// `b24watch verify` as a person or a script runs it.

namespace b24 {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

sim::PortalOptions company() {
  return {.managers = 3,
          .deals = 60,
          .tasks = 50,
          .calls = 300,
          .leads = 30,
          .limits = {.enabled = false}};
}

class VerifyCommand : public testing::Test {
 protected:
  sim::Portal& portal() { return workplace_.portal(); }
  Finished verify(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), "verify");
    return workplace_.run(std::move(arguments));
  }
  // Behind the program's back.
  void tamper(const std::string& sql) {
    SQLite::Database{workplace_.folder() + "/state/b24watch.sqlite", SQLite::OPEN_READWRITE, 5000}
        .exec(sql);
  }
  // In three kinds of rows: one is deleted, one added, and one altered.
  void plant() {
    for (const char* table : {"deals", "tasks", "leads"}) {
      tamper(
          fmt::format("DELETE FROM {0} WHERE id = (SELECT min(id) FROM {0});"
                      "UPDATE {0} SET title = 'Подмена' WHERE id = (SELECT min(id) FROM {0});"
                      "CREATE TEMP TABLE one AS SELECT * FROM {0} LIMIT 1;"
                      "UPDATE one SET id = 999999; INSERT INTO {0} SELECT * FROM one",
                      table));
    }
  }
  // The words for what plant() has done to one kind.
  std::string planted(Entity entity, const std::string& word) {
    const auto ids = portal().ids(entity);
    const auto title = json::parse(portal().row(entity, ids[1]))["title"].get<std::string>();
    return fmt::format(
        "  {0} {1}: нет в зеркале\n"
        "  {0} {2}, title: в зеркале «Подмена», на портале «{3}»\n",
        word, ids[0], ids[1], title);
  }

  Workplace workplace_{company()};
};

TEST_F(VerifyCommand, AnEqualMirrorIsSaidToBeEqual) {
  const Finished done = verify();
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("сделки: 60, совпадают; сверено 60 id и 60 строк\n"));
  EXPECT_THAT(done.out, HasSubstr("звонки: 300, совпадают; сверено 300 id и 200 строк\n"));
  EXPECT_THAT(done.out, HasSubstr("связи дел: сверено объектов "));
  EXPECT_THAT(done.out, HasSubstr("Расхождений нет. Запросов: "));
  const Finished few = verify({"--stream", "call", "--requests", "5", "--rows", "2", "--json"});
  EXPECT_EQ(few.exit_code, 0) << few.err;
  const json report = json::parse(few.out);
  EXPECT_TRUE(report["equal"]);
  EXPECT_EQ(report.at("undecided"), 0);
  EXPECT_TRUE(report["differences"].empty());
  ASSERT_EQ(report["streams"].size(), 1U);
  const json calls = report["streams"][0];
  EXPECT_EQ(calls["entity"], "call");
  EXPECT_EQ(calls["portal_rows"], 300);
  EXPECT_EQ(calls["ids"], 300);
  EXPECT_EQ(calls["rows"], 2);
  EXPECT_THAT(workplace_.run({"status"}).out, HasSubstr("Сверка с порталом – "));
  const json kept = json::parse(workplace_.run({"status", "--json"}).out)["verified"];
  EXPECT_EQ(kept["differences"], 0);
  EXPECT_EQ(kept["streams"].size(), std::size(kEntities)) << "of the comparison of all streams";
}

TEST_F(VerifyCommand, DifferencesAreNamedOneByOne) {
  ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0);
  plant();
  const Finished done = verify();
  EXPECT_EQ(done.exit_code, 1) << done.err;
  EXPECT_THAT(done.out, HasSubstr("сделки: на портале 60, в зеркале 60, расхождений: 3; "
                                  "сверено 60 id и 59 строк\n"));
  EXPECT_THAT(done.out, HasSubstr("\nРасхождений: 9\n"));
  for (const auto& [entity, word] :
       {std::pair{Entity::deal, "сделка"}, {Entity::task, "задача"}, {Entity::lead, "лид"}}) {
    EXPECT_THAT(done.out, HasSubstr(planted(entity, word)));
    EXPECT_THAT(done.out, HasSubstr(fmt::format("  {} 999999: есть только в зеркале\n", word)));
  }
  EXPECT_THAT(workplace_.run({"status"}).out,
              HasSubstr("расхождений: 9 (сделки – 3, задачи – 3, лиды – 3). "));
  const json report = json::parse(verify({"--stream", "lead", "--json"}).out);
  EXPECT_FALSE(report["equal"]);
  ASSERT_EQ(report["differences"].size(), 3U);
  EXPECT_EQ(report["differences"][1]["kind"], "field");
  EXPECT_EQ(report["differences"][1]["field"], "title");
  EXPECT_EQ(report["differences"][1]["mirror"], "Подмена");
  const Finished mended = verify({"--mend"});
  EXPECT_EQ(mended.exit_code, 1) << mended.err;
  EXPECT_THAT(mended.out, HasSubstr("\nИсправлено строк: 9\n"));
  const Finished after = verify();
  EXPECT_EQ(after.exit_code, 0) << after.out;
  EXPECT_EQ(differences(workplace_), "");
}

TEST_F(VerifyCommand, LooksOnWhileTheServiceIsAtWork) {
  ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0);
  Process run{workplace_.command({"run"}), workplace_.folder()};
  ASSERT_TRUE(eventually([&] { return workplace_.has_begun(); })) << run.err();
  tamper("UPDATE deals SET title = 'Подмена' WHERE id = (SELECT min(id) FROM deals)");
  const auto ids = portal().ids(Entity::deal);
  portal().call(
      "crm.item.update",
      fmt::format(R"({{"entityTypeId":2,"id":{},"fields":{{"title":"Новая"}}}})", ids[1]));
  const std::string folder = workplace_.folder() + "/verify";
  std::filesystem::create_directories(folder);
  const Finished done =
      run_process(workplace_.command({"verify", "--stream", "deal", "user"}), folder);
  EXPECT_EQ(done.exit_code, 1) << done.err;
  EXPECT_THAT(done.out, HasSubstr("сотрудники: "));
  EXPECT_THAT(done.out, HasSubstr("\nРасхождений: 1\n"));
  EXPECT_THAT(done.out, HasSubstr("title: в зеркале «Подмена», на портале «"));
  EXPECT_THAT(done.out, Not(HasSubstr("Новая")));
  EXPECT_TRUE(run.running()) << run.err();
}

TEST_F(VerifyCommand, WhatIsUndecidedIsNotCalledEqual) {
  ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0);
  Process run{workplace_.command({"run"}), workplace_.folder()};
  ASSERT_TRUE(eventually([&] { return workplace_.has_begun(); })) << run.err();
  // The service looks for deletions every quarter of an hour only.
  const auto ids = portal().ids(Entity::deal);
  portal().call("crm.item.delete", fmt::format(R"({{"entityTypeId":2,"id":{}}})", ids[0]));
  const std::string folder = workplace_.folder() + "/verify";
  std::filesystem::create_directories(folder);
  const auto verify_deals = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"verify", "--stream", "deal"});
    return run_process(workplace_.command(more), folder);
  };
  const Finished done = verify_deals({});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("под вопросом: 1; "));
  EXPECT_THAT(done.out, HasSubstr("\nПод вопросом: 1. "));
  EXPECT_THAT(done.out, HasSubstr("\nПодтверждённых расхождений нет. Запросов: "));
  const Finished again = verify_deals({"--json"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  const json report = json::parse(again.out);
  EXPECT_EQ(report["equal"], false);
  EXPECT_EQ(report.at("undecided"), 1);
  EXPECT_EQ(report["streams"][0]["undecided"], 1);
}

TEST_F(VerifyCommand, StatusTellsWhatWasUndecided) {
  ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0);
  const Verification kept{
      .ended_at = SystemClock{}.now(),
      .requests = 5,
      .streams = {{.entity = Entity::deal, .compared = true, .ids = 60, .undecided = 2}},
      .differences = {}};
  tamper(fmt::format("INSERT INTO meta (name, value) VALUES ('verified', '{}')", to_json(kept)));
  EXPECT_THAT(workplace_.run({"status"}).out,
              HasSubstr(": расхождений нет, под вопросом: 2. Сверено id: 60, строк: 0.\n"));
}

TEST_F(VerifyCommand, WhatThePortalDoesNotGiveIsNotCompared) {
  portal().add_fault({.kind = sim::FaultKind::error,
                      .method = "crm.stagehistory.list",
                      .count = -1,
                      .detail = "ACCESS_DENIED",
                      .status = 403});
  const Finished done = verify();
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("переходы сделок: не сверялись, портал их не даёт: "));
  EXPECT_THAT(done.out, HasSubstr("сделки: 60, совпадают; "));
  const Finished only = verify({"--stream", "deal_move"});
  EXPECT_EQ(only.exit_code, 3) << "nothing compared is not equal";
}

TEST_F(VerifyCommand, WrongArgumentsAreExplained) {
  struct Case {
    std::vector<std::string> arguments;
    const char* words;
  };
  const Case cases[] = {
      {{"--stream", "dael"}, "В зеркале нет потока «dael» – может быть, «deal»?\n"},
      {{"--requests", "2"}, "Для сверки нужно хотя бы 5 запросов: --requests 5.\n"},
      {{"--requests", "x"}, "Ключу --requests нужно число.\n"},
      {{"--rows", "-1"}, "Строк не бывает меньше нуля: --rows 0 – без сверки полей.\n"},
  };
  for (const Case& c : cases) {
    const Finished done = verify(c.arguments);
    EXPECT_EQ(done.exit_code, 2) << done.out;
    EXPECT_EQ(done.err, std::string{"b24watch: "} + c.words);
  }
}

}  // namespace
}  // namespace b24
