#include "daemon/store/backup.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "daemon/store/mirror_table.h"
#include "tests/store/store_fixture.h"

// Backups of the state, and what is made of them.

namespace b24 {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;
using Rows = std::vector<std::string>;

Alert firing(const std::string& rule_id, std::int64_t manager) {
  Alert alert;
  alert.rule_id = rule_id;
  alert.key = {AlertKey::Kind::manager, Entity::user, manager};
  alert.manager_id = manager;
  alert.state = AlertState::firing;
  alert.episode = 3;
  alert.since = alert.changed_at = alert.seen_at = kStart;
  alert.value = 7;
  return alert;
}

class BackupTest : public StoreTest {
 protected:
  fs::path folder() const { return paths_.state_dir / "backup"; }
  fs::path newest() const { return folder() / "state.sqlite"; }

  void note(const std::string& value) {
    in_transaction([&] { writer_->set_meta("note", value); });
  }
  std::string noted() { return writer_->meta("note").value_or(""); }

  // An alert, its message, what waits to be sent, a deal and what has become of it.
  void fill() {
    upsert(Entity::deal, {record(Entity::deal, 5, {{"stage_id", text("NEW")}})});
    upsert(Entity::deal, {record(Entity::deal, 5, {{"stage_id", text("WON")}})}, kStart + hours{1});
    in_transaction([&] {
      writer_->save_alert(firing("overdue_pile", 17));
      Message message;
      message.rule_id = "overdue_pile";
      message.manager_id = 17;
      message.recipient = 1;
      message.episode = 3;
      message.open = true;
      writer_->save_message(message);
      writer_->queue({0, 1, "overdue_pile:m17:e3", "text", "text"}, kStart);
      writer_->save_stream({.entity = Entity::deal, .full_done = true, .cursor_id = 5});
      writer_->set_meta(kDaysZoneMeta, "Europe/Moscow");
    });
  }

  void damage(const fs::path& file) {
    const auto size = fs::file_size(file);
    std::fstream bytes{file, std::ios::in | std::ios::out | std::ios::binary};
    bytes.seekp(static_cast<std::streamoff>(size / 4));
    bytes << std::string(size / 2, '\xAA');
  }
  // SQL on a file of the folder, past our own code.
  static void change(const fs::path& file, const std::string& sql) {
    SQLite::Database{file.string(), SQLite::OPEN_READWRITE}.exec(sql);
  }
  static std::vector<std::string> tables_of(const fs::path& file) {
    const SQLite::Database database{file.string(), SQLite::OPEN_READONLY};
    SQLite::Statement tables{database,
                             "SELECT name FROM sqlite_schema WHERE type = 'table' "
                             "AND name NOT LIKE 'sqlite%' ORDER BY name"};
    std::vector<std::string> names;
    while (tables.executeStep()) names.push_back(tables.getColumn(0).getString());
    return names;
  }
  std::string refusal(const std::optional<fs::path>& from = {}) {
    const auto done = restore(paths_, from, kStart);
    return done ? "restored" : done.error().text;
  }
  // A good restore of what is there, opened again.
  Restored restored(const std::optional<fs::path>& from = {}) {
    writer_.reset();
    auto done = restore(paths_, from, kStart);
    if (!done) throw std::runtime_error{done.error().text};
    open_writer();
    return *done;
  }
};

TEST_F(BackupTest, HoldsWhatThePortalDoesNotGiveBackAndNothingElse) {
  fill();
  writer_->back_up(kStart);
  SQLite::Database database{newest().string(), SQLite::OPEN_READONLY};
  EXPECT_THAT(tables_of(newest()), UnorderedElementsAreArray(kStateTables));
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM alerts").getInt(), 1);
  EXPECT_EQ(database.execAndGet("SELECT old_value FROM changes").getString(), "NEW");
  struct stat about {};
  ASSERT_EQ(::stat(newest().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  ASSERT_EQ(::stat(folder().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0700U);
  EXPECT_EQ(backups(paths_).front().made_at, kStart);
  EXPECT_EQ(writer_->backed_up_at(), kStart);
}

// The newest lines are kept whatever they tell; of the older ones those that the views look up.
TEST_F(BackupTest, OfTheOldLogWhatTheViewsLookUpIsKept) {
  change(paths_.file(),
         "INSERT INTO changes (id, entity, entity_id, field, seen_at) VALUES "
         "(1, 'deal', 5, 'title', 1), (2, 'deal', 5, 'stage_id', 1), "
         "(3, 'deal', 5, 'manager_id', 1), (4, 'deal', 5, 'amount_minor', 1), "
         "(5, 'task', 5, 'deadline_at', 1), (6, 'task', 5, 'changed_by', 1), "
         "(7, 'task', 5, 'title', 1), (8, 'deal', 5, 'currency', 1), "
         "(9, 'currency', 5, 'rate', 1), (10, 'currency', 5, 'nominal', 1), "
         "(11, 'currency', 5, 'is_base', 1), (12, 'currency', 5, 'sort', 1), "
         "(13, 'payment', 5, 'return_kind', 1), (14, 'payment', 5, 'number', 1), "
         "(1000017, 'deal', 5, 'title', 2), (1000018, 'deal', 5, 'title', 2)");
  writer_->back_up(kStart);
  restored();
  EXPECT_THAT(
      rows("SELECT id FROM changes ORDER BY id"),
      ElementsAre("2", "3", "4", "5", "6", "8", "9", "10", "11", "13", "1000017", "1000018"));
}

TEST_F(BackupTest, WorkingDaysOfThePastComeBack) {
  const Workday day{.user_id = 11, .day = "2026-11-20", .opened_clock = "09:20"};
  in_transaction([&] { writer_->save_workdays(std::span{&day, 1}, kStart); });
  writer_->back_up(kStart);
  in_transaction([&] { writer_->prune(kStart + days{10'000}); });
  ASSERT_EQ(rows("SELECT count(*) FROM workdays"), Rows{"0"});
  restored();
  EXPECT_EQ(rows("SELECT user_id, day FROM workdays"), Rows{"11|2026-11-20"});
  // A backup from before they were kept.
  change(newest(), "DROP TABLE workdays");
  EXPECT_THAT(restored().unusable, IsEmpty());
  EXPECT_EQ(rows("SELECT count(*) FROM workdays"), Rows{"0"});
}

// Whoever adds a table says which it is: what the portal gives again, or what belongs to a backup.
TEST_F(BackupTest, EveryTableIsMirrorOrState) {
  std::set<std::string> mirror = {"streams",   "rejected_rows",  "task_links",
                                  "details",   "wanted_details", "service_users",
                                  "lost_rows", "hidden_rows",    "workday_rules"};
  for (const Detail detail : kDetails) mirror.insert(table_of(detail));
  for (const Entity entity : kEntities) mirror.insert(table_of(entity));
  for (const std::string& table : tables_of(paths_.file())) {
    const bool is_state = std::ranges::find(kStateTables, table) != std::end(kStateTables);
    EXPECT_NE(is_state, mirror.contains(table)) << table;
  }
}

TEST_F(BackupTest, SevenAreKept) {
  for (int i = 1; i <= 9; ++i) {
    note(std::to_string(i));
    writer_->back_up(kStart + days{i});
  }
  std::vector<std::string> notes;
  for (const Backup& backup : backups(paths_)) {
    SQLite::Database database{backup.file.string(), SQLite::OPEN_READONLY};
    notes.push_back(database.execAndGet("SELECT value FROM meta WHERE name = 'note'").getString());
  }
  EXPECT_THAT(notes, ElementsAre("9", "8", "7", "6", "5", "4", "3"));
  EXPECT_EQ(std::distance(fs::directory_iterator{folder()}, {}), kBackupsKept);
  // A kill in the middle of the renames leaves a gap, and costs no backup.
  fs::remove(folder() / "state.2.sqlite");
  writer_->back_up(kStart + days{10});
  EXPECT_EQ(backups(paths_).size(), 7U);
  EXPECT_EQ(backups(paths_).back().made_at, kStart + days{3});
}

TEST_F(BackupTest, WhoeverWritesGoesOn) {
  note("before");
  in_transaction([&] {
    writer_->set_meta("note", "after");
    back_up(paths_, kStart);
  });
  EXPECT_EQ(noted(), "after");
  restored();
  EXPECT_EQ(noted(), "before");
}

TEST_F(BackupTest, OneThatFailsLeavesTheOthers) {
  note("kept");
  writer_->back_up(kStart);
  fs::create_directories(folder() / "state.draft" / "in the way");
  EXPECT_THROW(writer_->back_up(kStart + days{1}), StoreFailure);
  ASSERT_EQ(backups(paths_).size(), 1U);
  EXPECT_EQ(backups(paths_)[0].made_at, kStart);
}

TEST_F(BackupTest, RestoreBringsTheStateBackAndLeavesTheMirrorToBeRead) {
  fill();
  writer_->back_up(kStart);
  note("later");
  const auto alerts = rows("SELECT * FROM alerts");
  const auto messages = rows("SELECT * FROM messages");
  const auto changes = rows("SELECT * FROM changes");
  writer_.reset();
  damage(paths_.file());
  const auto bytes = fs::file_size(paths_.file());

  const Restored done = restored();
  EXPECT_EQ(done.from.file, newest());
  EXPECT_EQ(done.from.made_at, kStart);
  EXPECT_THAT(done.unusable, IsEmpty());
  ASSERT_TRUE(done.put_aside);
  EXPECT_EQ(*done.put_aside, paths_.state_dir / "b24watch.20261121T070000Z.sqlite");
  EXPECT_EQ(fs::file_size(*done.put_aside), bytes);

  EXPECT_EQ(rows("SELECT * FROM alerts"), alerts);
  EXPECT_EQ(rows("SELECT * FROM messages"), messages);
  EXPECT_EQ(rows("SELECT * FROM changes"), changes);
  EXPECT_EQ(noted(), "");
  // Nobody knows what was shown of it since.
  EXPECT_EQ(rows("SELECT tag, maybe_seen FROM outbox"), Rows{"overdue_pile:m17:e3|1"});
  EXPECT_EQ(rows("SELECT count(*) FROM deals"), Rows{"0"});
  EXPECT_EQ(rows("SELECT DISTINCT full_done, cursor_id, rows FROM streams"), Rows{"0|0|0"});
  EXPECT_EQ(writer_->meta(kDaysZoneMeta), std::nullopt);
  EXPECT_EQ(writer_->meta(kRestoredMeta), std::to_string(to_unix(kStart)));
  EXPECT_EQ(reader()->query("SELECT count(*) FROM v_deal")->rows.size(), 1U);
  struct stat about {};
  ASSERT_EQ(::stat(paths_.file().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
}

TEST_F(BackupTest, ADamagedOneIsPassedOver) {
  fill();
  note("older");
  writer_->back_up(kStart);
  note("newer");
  writer_->back_up(kStart + days{1});
  damage(newest());
  const Restored done = restored();
  EXPECT_EQ(done.from.file, folder() / "state.1.sqlite");
  EXPECT_THAT(done.unusable,
              ElementsAre("Копия " + newest().string() + " не годится: она повреждена."));
  EXPECT_EQ(noted(), "older");
}

TEST_F(BackupTest, OneWithAnAlertThatCannotBeReadIsPassedOver) {
  fill();
  note("older");
  writer_->back_up(kStart);
  writer_->back_up(kStart + days{1});
  change(newest(), "UPDATE alerts SET state = 'blown'");
  const Restored done = restored();
  EXPECT_EQ(done.from.file, folder() / "state.1.sqlite");
  EXPECT_THAT(done.unusable, ElementsAre("Копия " + newest().string() +
                                         " не годится: в ней есть тревога, которую нельзя "
                                         "прочитать."));
}

TEST_F(BackupTest, OneOfAnEarlierVersionIsBroughtUpToDate) {
  fill();
  writer_->back_up(kStart);
  change(newest(), "PRAGMA user_version = 1; DROP TABLE workdays");  // which came with version 3
  restored();
  EXPECT_EQ(rows("PRAGMA user_version"), Rows{std::to_string(kSchemaVersion)});
  EXPECT_EQ(rows("SELECT count(*) FROM leads"), Rows{"0"});
  EXPECT_EQ(rows("SELECT rule_id, episode FROM alerts"), Rows{"overdue_pile|3"});
}

TEST_F(BackupTest, ADatabaseThatWasPutAsideServesAsWell) {
  fill();
  writer_->back_up(kStart);
  note("later");
  const Restored first = restored();
  EXPECT_EQ(noted(), "");
  // In the same second, so its name must differ.
  const Restored second = restored(first.put_aside);
  EXPECT_EQ(noted(), "later");
  EXPECT_EQ(*second.put_aside, paths_.state_dir / "b24watch.20261121T070000Z-1.sqlite");
  EXPECT_TRUE(fs::exists(*first.put_aside));
}

TEST_F(BackupTest, RefusalsLeaveAllAsItWas) {
  fill();
  note("kept");
  EXPECT_THAT(refusal(), HasSubstr("уже работает другой b24watch (процесс "));
  writer_.reset();
  EXPECT_EQ(refusal(), "В " + folder().string() +
                           " нет ни одной копии: назовите файл ключом --from или переименуйте базу "
                           "и запустите службу, она начнёт наблюдение заново.");
  EXPECT_EQ(refusal(folder_.path() / "nowhere"),
            "Файла " + (folder_.path() / "nowhere").string() + " нет.");
  const fs::path strange = folder_.write("strange", std::string(5000, 'x'));
  EXPECT_EQ(refusal(strange), "Копия " + strange.string() + " не годится: это не база данных.");
  const fs::path theirs = folder_.path() / "theirs";
  SQLite::Database{theirs.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}.exec(
      "CREATE TABLE theirs (a)");
  const std::string not_ours = " не годится: это не копия b24watch этой или прежней версии.";
  EXPECT_EQ(refusal(theirs), "Копия " + theirs.string() + not_ours);
  back_up(paths_, kStart);
  change(newest(), "PRAGMA user_version = 999");
  EXPECT_EQ(refusal(), "Копия " + newest().string() + not_ours);
  open_writer();
  EXPECT_EQ(noted(), "kept");
  EXPECT_EQ(rows("SELECT count(*) FROM deals"), Rows{"1"});
}

}  // namespace
}  // namespace b24
