#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "store_sql.h"
#include "tests/store/store_fixture.h"

namespace b24 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

unsigned rights(const std::filesystem::path& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 0777U : 0;
}

class OpenTest : public testing::Test {
 protected:
  // A file with the first lines of a b24watch database.
  void prepare(const std::string& sql) {
    std::filesystem::create_directories(paths_.state_dir);
    SQLite::Database database{paths_.file().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    database.exec(sql);
  }
  void expect_both_refuse(const std::string& text) {
    const auto writer = Writer::open(paths_);
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(writer.error().text, text);
    const auto reader = Reader::open(paths_);
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(reader.error().text, text);
  }

  TempFolder folder_;
  StorePaths paths_{folder_.path() / "deep" / "state"};
  std::string file_ = paths_.file().string();
};

TEST_F(OpenTest, MakesAFolderAndFilesForOurEyesOnly) {
  const mode_t before = ::umask(0);
  auto writer = Writer::open(paths_);
  ::umask(before);
  ASSERT_TRUE(writer) << writer.error().text;
  (*writer)->set_meta("client", "x");
  EXPECT_EQ(rights(paths_.state_dir), 0700U);
  for (const char* name :
       {"b24watch.sqlite", "b24watch.sqlite-wal", "b24watch.sqlite-shm", "lock"}) {
    EXPECT_EQ(rights(paths_.state_dir / name), 0600U) << name;
  }
}

TEST_F(OpenTest, ASlashAtTheEndOfTheFolderIsTheSameFolder) {
  const StorePaths slashed{paths_.state_dir / ""};
  ASSERT_TRUE(Writer::open(slashed));
  EXPECT_EQ(rights(paths_.state_dir), 0700U);
  EXPECT_TRUE(Reader::open(paths_));
}

TEST_F(OpenTest, KeepsWhatItHeldAndOpensAgain) {
  for (int i = 0; i < 3; ++i) {
    auto writer = Writer::open(paths_);
    ASSERT_TRUE(writer);
    const auto count = (*writer)->meta("count").value_or("");
    EXPECT_EQ(count, std::string(static_cast<std::size_t>(i), 'x'));
    (*writer)->set_meta("count", count + "x");
  }
  SQLite::Database database{file_};
  EXPECT_EQ(database.execAndGet("PRAGMA user_version").getInt(), kSchemaVersion);
  EXPECT_EQ(database.execAndGet("PRAGMA application_id").getInt(), 0x62323477);
  EXPECT_EQ(database.execAndGet("PRAGMA journal_mode").getString(), "wal");
}

TEST_F(OpenTest, BringsTheViewsUpToDate) {
  { ASSERT_TRUE(Writer::open(paths_)); }
  prepare(
      "DROP VIEW v_deal; CREATE VIEW v_deal AS SELECT 1 AS old; CREATE VIEW v_old AS SELECT 2;"
      "UPDATE meta SET value = 'of another version' WHERE name = 'store.views'");
  { ASSERT_TRUE(Writer::open(paths_)); }
  EXPECT_TRUE(Reader::open(paths_).value()->query("SELECT id, title FROM v_deal"));
  EXPECT_THROW(SQLite::Database{file_}.exec("SELECT * FROM v_old"), SQLite::Exception);
}

TEST_F(OpenTest, BringsAFileOfVersionOneUpToDate) {
  std::filesystem::create_directories(paths_.state_dir);
  prepare("PRAGMA application_id = 1647457399; PRAGMA user_version = 1;" +
          std::string{embedded::daemon_store_schema_sql} +
          "INSERT INTO deals (id, title, row_hash, seen_at) VALUES (7, 'старая', 1, 2);"
          "UPDATE streams SET full_done = 1, rows = 1 WHERE entity = 'deal'");
  const auto early = Reader::open(paths_);
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().text,
            "База " + file_ +
                " осталась от прежней версии программы: перезапустите службу b24watch, она её "
                "обновит.");
  { ASSERT_TRUE(Writer::open(paths_)); }
  SQLite::Database database{file_};
  EXPECT_EQ(database.execAndGet("PRAGMA user_version").getInt(), 3);
  EXPECT_EQ(database.execAndGet("SELECT title FROM deals WHERE id = 7").getString(), "старая");
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM leads").getInt(), 0);
  EXPECT_EQ(database.execAndGet("SELECT full_done FROM streams WHERE entity = 'deal'").getInt(), 1);
  EXPECT_EQ(database.execAndGet("SELECT count(*) FROM streams").getInt(),
            static_cast<int>(std::size(kEntities)));
}

TEST_F(OpenTest, BringsTheCallsOfVersionTwoUpToDate) {
  prepare("PRAGMA application_id = 1647457399; PRAGMA user_version = 2;" +
          std::string{embedded::daemon_store_schema_sql} +
          std::string{embedded::daemon_store_schema_2_sql} +
          "CREATE INDEX calls_by_phone ON calls (phone_key, started_at);"
          "INSERT INTO calls (id, phone, row_hash, seen_at) "
          "VALUES (1, '+7 (999) 123-45-67', 1, 2), (2, '105', 1, 2), (3, NULL, 1, 2)");
  { ASSERT_TRUE(Writer::open(paths_)); }
  SQLite::Database database{file_};
  const char* keys = "SELECT group_concat(ifnull(phone_key, '-')) FROM calls";
  EXPECT_EQ(database.execAndGet(keys).getString(), "9991234567,105,-");
}

// Sessions of Open Lines that were there before their messages were read.
TEST_F(OpenTest, AsksForTheSessionsOfVersionTwo) {
  prepare("PRAGMA application_id = 1647457399; PRAGMA user_version = 2;" +
          std::string{embedded::daemon_store_schema_sql} +
          std::string{embedded::daemon_store_schema_2_sql} +
          "INSERT INTO activities "
          "(id, provider_id, completed, updated_at, associated_id, row_hash, seen_at) "
          "VALUES (1, 'IMOPENLINES_SESSION', 0, 5, 31, 1, 2), (4, 'CRM_MEETING', 0, 5, 34, 1, 2), "
          "(2, 'IMOPENLINES_SESSION', 1, unixepoch() - 86400, 32, 1, 2), "
          "(3, 'IMOPENLINES_SESSION', 1, 5, 33, 1, 2), "
          "(5, 'IMOPENLINES_SESSION', 0, 5, NULL, 1, 2)");
  { ASSERT_TRUE(Writer::open(paths_)); }
  SQLite::Database database{file_};
  const char* wanted =
      "SELECT group_concat(closed || ' ' || owner_id) FROM wanted_details "
      "WHERE detail = 'chat_message'";
  EXPECT_EQ(database.execAndGet(wanted).getString(), "0 1,1 2");
}

// Columns that version 1 did not have come with the next reading. That is no change; but where a
// deadline moved before, nobody knows who moved it.
TEST_F(OpenTest, WhatVersionOneDidNotKnowIsNoChange) {
  prepare("PRAGMA application_id = 1647457399; PRAGMA user_version = 1;" +
          std::string{embedded::daemon_store_schema_sql} +
          "INSERT INTO tasks (id, status, manager_id, deadline_at, row_hash, seen_at) "
          "VALUES (1, 2, 11, 500, 77, 2), (2, 2, 11, 500, 77, 2), (3, 2, 11, 500, 77, 2);"
          "INSERT INTO changes (entity, entity_id, field, old_value, new_value, seen_at) "
          "VALUES ('task', 3, 'deadline_at', 400, 500, 2)");
  const auto writer = std::move(Writer::open(paths_).value());
  const auto read = [&](std::int64_t deadline_at, std::int64_t changed_by, Time seen_at) {
    std::vector<Record> tasks;
    for (const std::int64_t id : {1, 2, 3}) {
      tasks.push_back(record(Entity::task, id,
                             {{"status", integer(2)},
                              {"manager_id", integer(11)},
                              {"deadline_at", integer(id == 1 ? 500 : deadline_at)},
                              {"changed_by", integer(changed_by)},
                              {"crm_links", text("[[2,5]]")}}));
    }
    Writer::Transaction transaction{*writer};
    writer->upsert(Entity::task, tasks, seen_at, Calendar::make({}).value());
    transaction.commit();
  };
  const auto shown = [&](const std::string& sql) {
    std::vector<std::string> lines;
    const auto reader = std::move(Reader::open(paths_).value());
    const auto table = reader->query(sql);
    if (!table) return std::vector{table.error().text};
    for (const auto& row : table->rows) {
      lines.push_back(std::get<std::string>(row[0]));
    }
    return lines;
  };
  const std::string changes =
      "SELECT entity_id || ' ' || field || ' ' || ifnull(old_value, '-') || ' ' || new_value "
      "FROM v_change WHERE entity_id < 3 ORDER BY id";
  read(600, 11, kStart);
  EXPECT_THAT(shown(changes), ElementsAre("2 deadline_at 500 600"));
  EXPECT_THAT(shown("SELECT task_id || '' FROM v_task_link ORDER BY task_id"),
              ElementsAre("1", "2", "3"));
  read(600, 12, kStart + hours{1});
  EXPECT_THAT(shown(changes),
              ElementsAre("2 deadline_at 500 600", "1 changed_by 11 12", "2 changed_by 11 12"))
      << "known from then on";
  EXPECT_THAT(shown("SELECT task_id || ' ' || new_deadline_at || ' ' || ifnull(moved_by, '-') "
                    "FROM v_deadline_move ORDER BY id"),
              ElementsAre("3 500 -", "2 600 11", "3 600 11"));
}

TEST_F(OpenTest, RefusesANewerDatabase) {
  prepare("PRAGMA application_id = 1647457399; PRAGMA user_version = 7; CREATE TABLE a (b)");
  expect_both_refuse("База " + file_ +
                     " создана более новой программой (версия 7, эта программа знает 3): обновите "
                     "b24watch или укажите другую папку в state_dir.");
}

TEST_F(OpenTest, RefusesTheDatabaseOfAnotherProgram) {
  prepare("CREATE TABLE bookmarks (url)");
  expect_both_refuse("Файл " + file_ +
                     " – база другой программы: переименуйте его или укажите другую папку в "
                     "state_dir.");
}

TEST_F(OpenTest, RefusesWhatIsNoDatabase) {
  std::filesystem::create_directories(paths_.state_dir);
  std::ofstream{file_} << std::string(5000, 'x');
  expect_both_refuse("Файл " + file_ +
                     " повреждён или это не база b24watch: остановите службу и выполните "
                     "«b24watch restore» – тревоги вернутся из ночной копии, остальное программа "
                     "прочитает с портала.");
}

TEST_F(OpenTest, AReaderNeedsTheServiceFirst) {
  const std::string text =
      "Базы " + file_ +
      " ещё нет: запустите службу b24watch или прочитайте портал командой «b24watch sync».";
  auto reader = Reader::open(paths_);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().text, text);
  prepare("");
  reader = Reader::open(paths_);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().text, text);
  { ASSERT_TRUE(Writer::open(paths_)); }
  EXPECT_TRUE(Reader::open(paths_)) << "with nobody writing";
}

TEST_F(OpenTest, RefusesAFolderItCannotWrite) {
  std::filesystem::create_directories(folder_.path());
  std::ofstream{folder_.path() / "deep"} << "a file where a folder should be";
  const auto writer = Writer::open(paths_);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().kind, ErrorKind::invalid_input);
  EXPECT_EQ(writer.error().text,
            "В " + (folder_.path() / "deep").string() +
                " нельзя писать (это не папка): дайте права пользователю, под которым работает "
                "b24watch, или укажите другую папку в state_dir.");
}

TEST_F(OpenTest, RefusesAFolderWithoutRights) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  std::filesystem::create_directories(paths_.state_dir);
  ::chmod(paths_.state_dir.c_str(), 0500);
  const auto writer = Writer::open(paths_);
  ::chmod(paths_.state_dir.c_str(), 0700);
  ASSERT_FALSE(writer);
  EXPECT_THAT(writer.error().text, HasSubstr("нельзя писать (нет прав)"));
}

// A second process that holds the store until it is killed.
class Holder {
 public:
  explicit Holder(const StorePaths& paths) {
    int ready[2];
    if (::pipe(ready) != 0) throw std::runtime_error{"pipe"};
    process_ = ::fork();
    if (process_ == 0) {
      const auto writer = Writer::open(paths);
      const char answer = writer ? 'y' : 'n';
      if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char answer = 0;
    if (::read(ready[0], &answer, 1) != 1 || answer != 'y') throw std::runtime_error{"holder"};
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Holder() { kill(); }
  void kill() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }
  pid_t process() const { return process_; }

 private:
  pid_t process_ = 0;
};

TEST_F(OpenTest, OnlyOneProgramWrites) {
  Holder holder{paths_};
  auto writer = Writer::open(paths_);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().kind, ErrorKind::invalid_input);
  EXPECT_EQ(writer.error().text,
            "С папкой " + paths_.state_dir.string() + " уже работает другой b24watch (процесс " +
                std::to_string(holder.process()) +
                "): остановите его (systemctl stop b24watch) или укажите другую папку в "
                "state_dir.");
  set_language(Language::en);
  EXPECT_EQ(Writer::open(paths_).error().text,
            "Another b24watch (process " + std::to_string(holder.process()) + ") works in " +
                paths_.state_dir.string() +
                ": stop it (systemctl stop b24watch) or name another folder in state_dir.");
  set_language(Language::ru);
  EXPECT_TRUE(Reader::open(paths_)) << "reading is free";

  holder.kill();
  EXPECT_TRUE(Writer::open(paths_)) << "the lock dies with its holder";
}

TEST_F(OpenTest, ADamagedFileIsAFailureThatSaysWhatToDo) {
  {
    auto writer = Writer::open(paths_);
    Writer::Transaction transaction{**writer};
    for (int i = 0; i < 500; ++i) {
      (*writer)->set_meta("name" + std::to_string(i), std::string(500, 'x'));
    }
    transaction.commit();
  }
  const auto size = std::filesystem::file_size(file_);
  {
    std::fstream file{file_, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(static_cast<std::streamoff>(size / 2));
    file << std::string(size / 2, '\xAA');
  }
  try {
    auto writer = Writer::open(paths_);
    for (int i = 0; i < 500 && writer; ++i) (*writer)->meta("name" + std::to_string(i));
    FAIL() << "nothing was noticed";
  } catch (const StoreFailure& failure) {
    EXPECT_EQ(std::string{failure.what()},
              "Файл " + file_ +
                  " повреждён или это не база b24watch: остановите службу и выполните "
                  "«b24watch restore» – тревоги вернутся из ночной копии, остальное программа "
                  "прочитает с портала.");
  }
}

TEST_F(OpenTest, ADiskThatTakesNoMoreIsAFailureAndLosesNothing) {
  {
    auto writer = Writer::open(paths_);
    (*writer)->set_meta("before", "kept");
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{400'000, 400'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      auto writer = Writer::open(paths_);
      if (!writer) ::_exit(3);
      Writer::Transaction transaction{**writer};
      (*writer)->set_meta("big", std::string(2'000'000, 'x'));
      transaction.commit();
      ::_exit(2);
    } catch (const StoreFailure& failure) {
      ::_exit(std::string{failure.what()}.starts_with("На диске нет места для базы") ? 0 : 1);
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  auto writer = Writer::open(paths_);
  ASSERT_TRUE(writer);
  EXPECT_EQ((*writer)->meta("before"), "kept");
  EXPECT_EQ((*writer)->meta("big"), std::nullopt);
}

TEST_F(OpenTest, TransactionsAreNotNested) {
  auto writer = Writer::open(paths_);
  Writer::Transaction outer{**writer};
  EXPECT_THROW(Writer::Transaction{**writer}, StoreFailure);
}

}  // namespace
}  // namespace b24
