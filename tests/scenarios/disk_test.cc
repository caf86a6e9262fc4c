#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "daemon/store/backup.h"
#include "tests/support/temp_folder.h"
#include "tests/support/workplace.h"

// The disk fails the program: it is full, read-only, held by somebody else, or gives back other
// bytes. What is said, with the exit code; what is kept; and how it goes on.

namespace b24 {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

sim::PortalOptions company() {
  return {.managers = 4,
          .deals = 400,
          .tasks = 200,
          .calls = 800,
          .days = 30,
          .problems = false,
          .limits = {.enabled = false}};
}

void expect_end(const Finished& done, int exit_code, const std::string& sentence) {
  EXPECT_EQ(done.exit_code, exit_code);
  EXPECT_EQ(done.err, "b24watch: " + sentence + "\n");
}

class Disk : public testing::Test {
 protected:
  std::string state() const { return workplace_.folder() + "/state"; }
  std::string file() const { return state() + "/b24watch.sqlite"; }
  std::string full() const {
    return "На диске нет места для базы " + file() + ": освободите место. Записанное цело.";
  }
  std::string held() const {
    return "Базу " + file() + " держит другая программа: закройте в ней эту базу.";
  }
  std::string damaged() const {
    return "Файл " + file() +
           " повреждён или это не база b24watch: остановите службу и выполните «b24watch restore» "
           "– "
           "тревоги вернутся из ночной копии, остальное программа прочитает с портала.";
  }
  // What `run` says while it waits.
  static std::string waiting(const std::string& sentence) {
    return "warning database not written, waiting text=\"" + sentence + "\"\n";
  }
  static bool says(const Process& run, const std::string& text) {
    return run.err().find(text) != std::string::npos;
  }
  // Where mirror and portal differ once the service has looked again.
  std::string differences_soon() {
    const auto requests = workplace_.portal().counters().requests;
    eventually([&] { return workplace_.portal().counters().requests >= requests + 3; });
    std::string found;
    eventually([&] { return (found = differences(workplace_, Asked::by_polls)).empty(); },
               seconds{20});
    return found;
  }
  void expect_stops(Process& run) {
    run.signal(SIGTERM);
    EXPECT_EQ(run.wait().exit_code, 0) << run.err();
  }
  std::int64_t deals() {
    return workplace_.query("SELECT count(*) AS n FROM v_deal")[0]["n"].get<std::int64_t>();
  }

  Workplace workplace_{company()};
};

// What the program tells systemd.
class Systemd {
 public:
  explicit Systemd(const std::string& folder) : path_(folder + "/notify") {
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    path_.copy(place.sun_path, sizeof place.sun_path - 1);
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&place), sizeof place), 0);
  }
  ~Systemd() { ::close(socket_); }
  Systemd(const Systemd&) = delete;
  Systemd& operator=(const Systemd&) = delete;

  std::string variable() const { return "NOTIFY_SOCKET=" + path_; }
  // The status as `systemctl status` shows it.
  std::string status() {
    char text[4096];
    for (ssize_t size = 0; (size = ::recv(socket_, text, sizeof text, 0)) > 0;) {
      const std::string said{text, static_cast<std::size_t>(size)};
      const auto at = said.find("STATUS=");
      if (at != std::string::npos) status_ = said.substr(at + 7);
      if (said.starts_with("READY=1")) ++readied_;
    }
    return status_;
  }
  // How often it was said to be ready: at the start and after each reload.
  int readied() const { return readied_; }

 private:
  std::string path_;
  int socket_ = -1;
  std::string status_;
  int readied_ = 0;
};

// --- full ---

// The same to SQLite as a quota: no file may grow beyond so many bytes. Needs no rights at all.
TEST_F(Disk, FullWithoutAMount) {
  const std::vector<std::string> words = workplace_.command({"sync"});
  std::vector<std::string> limited = {"/usr/bin/prlimit", "--fsize=150000"};
  limited.insert(limited.end(), words.begin(), words.end());
  expect_end(run_process(limited, workplace_.folder()), 4, full());
  ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0);

  Systemd systemd{workplace_.folder()};
  Process run{workplace_.command({"run"}), workplace_.folder(), {systemd.variable()}};
  ASSERT_TRUE(eventually([&] { return workplace_.has_begun(); })) << run.err();
  const auto before = deals();
  rlimit limit{};
  ASSERT_EQ(::prlimit(run.pid(), RLIMIT_FSIZE, nullptr, &limit), 0);
  const rlim_t was = std::exchange(limit.rlim_cur, 32'768);
  ASSERT_EQ(::prlimit(run.pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  for (int i = 0; i < 100; ++i) {
    workplace_.portal().call("crm.item.add",
                             R"({"entityTypeId":2,"fields":{"title":"Новая сделка"}})");
  }
  ASSERT_TRUE(eventually([&] { return says(run, waiting(full())); })) << run.err();
  // Who only looks sees what was there.
  EXPECT_EQ(workplace_.run({"status"}).exit_code, 0);
  EXPECT_EQ(deals(), before);
  EXPECT_TRUE(run.running());
  const std::string waits = full() + " Служба ждёт и продолжит сама.";
  EXPECT_TRUE(eventually([&] { return systemd.status() == waits; })) << systemd.status();

  // New rules do not make room.
  const int readied = systemd.readied();
  run.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return systemd.status() == waits && systemd.readied() > readied; }))
      << systemd.status();

  limit.rlim_cur = was;
  ASSERT_EQ(::prlimit(run.pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  EXPECT_EQ(differences_soon(), "");
  EXPECT_EQ(deals(), before + 100);
  EXPECT_TRUE(eventually([&] { return systemd.status() == "Наблюдает, правил: 4"; }))
      << systemd.status();
  EXPECT_TRUE(says(run, "info database written again\n")) << run.err();
  expect_stops(run);
}

// A disk of its own for the state; gone with the object.
class SmallDisk {
 public:
  SmallDisk(std::string folder, const char* options) : folder_(std::move(folder)) {
    fs::create_directories(folder_);
    mounted_ = ::mount("none", folder_.c_str(), "tmpfs", 0, options) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  void change(const char* options, unsigned long flags = 0) const {
    ASSERT_EQ(::mount("none", folder_.c_str(), "tmpfs", MS_REMOUNT | flags, options), 0);
  }

 private:
  std::string folder_;
  bool mounted_ = false;
};

TEST_F(Disk, FullAndFreedAgain) {
  const SmallDisk disk{state(), "size=1m"};
  if (!disk.mounted()) GTEST_SKIP() << "nothing may be mounted here";
  expect_end(workplace_.run({"sync"}), 4, full());

  Process run{workplace_.command({"run"}), workplace_.folder()};
  ASSERT_TRUE(eventually([&] { return says(run, waiting(full())); })) << run.err();
  EXPECT_EQ(workplace_.run({"status"}).exit_code, 0);
  disk.change("size=64m");
  ASSERT_TRUE(eventually([&] { return workplace_.has_begun(); })) << run.err();
  EXPECT_EQ(differences_soon(), "");
  expect_stops(run);
}

TEST_F(Disk, FullFromTheStart) {
  const SmallDisk disk{state(), "size=64k"};
  if (!disk.mounted()) GTEST_SKIP() << "nothing may be mounted here";
  for (const char* command : {"run", "sync"}) expect_end(workplace_.run({command}), 4, full());
  disk.change("size=64m");
  EXPECT_EQ(workplace_.run({"sync"}).exit_code, 0);
  EXPECT_EQ(differences(workplace_), "");
}

// --- read-only ---

TEST_F(Disk, ReadOnly) {
  const SmallDisk disk{state(), "size=64m"};
  if (!disk.mounted()) GTEST_SKIP() << "nothing may be mounted here";
  ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0);
  disk.change("", MS_RDONLY);
  for (const char* command : {"run", "sync"}) {
    expect_end(workplace_.run({command}), 4,
               "В " + state() +
                   " нельзя писать: диск подключён только для чтения. Проверьте диск или укажите "
                   "другую папку в state_dir.");
  }
  disk.change("");
  workplace_.portal().mutate(20, 1);
  workplace_.catch_up();
  EXPECT_EQ(all_differences(workplace_), "");
}

// Root may write everywhere, so the program is started as somebody who may not.
class ReadOnlyRights : public Disk {
 protected:
  static constexpr uid_t kNobody = 65534;

  Finished run_as_nobody(const char* command) {
    std::vector<std::string> words = workplace_.command({command});
    if (::geteuid() == 0) {
      const std::vector<std::string> lead = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534",
                                             "--clear-groups"};
      words.insert(words.begin(), lead.begin(), lead.end());
    }
    return run_process(words, outside_.path().string());
  }
  void SetUp() override {
    ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0);
    if (::geteuid() != 0) return;
    std::vector<fs::path> all = {workplace_.folder()};
    for (const auto& entry : fs::recursive_directory_iterator{workplace_.folder()}) {
      all.push_back(entry.path());
    }
    for (const fs::path& path : all) ASSERT_EQ(::chown(path.c_str(), kNobody, kNobody), 0);
    if (run_as_nobody("--version").exit_code != 0) GTEST_SKIP() << "the program is out of reach";
  }

  TempFolder outside_;  // for what it says
};

TEST_F(ReadOnlyRights, FileAndFolder) {
  ASSERT_EQ(run_as_nobody("sync").exit_code, 0);
  ASSERT_EQ(::chmod(file().c_str(), 0400), 0);
  for (const char* command : {"run", "sync"}) {
    expect_end(run_as_nobody(command), 4,
               "В " + file() +
                   " нельзя писать (нет прав): дайте права пользователю, под которым работает "
                   "b24watch, или укажите другую папку в state_dir.");
  }
  ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
  ASSERT_EQ(::chmod(state().c_str(), 0500), 0);
  for (const char* command : {"run", "sync"}) {
    expect_end(run_as_nobody(command), 4,
               "Базу " + file() +
                   " нельзя открыть или писать (только для чтения): проверьте права на "
                   "файл и папку.");
  }
  ASSERT_EQ(::chmod(state().c_str(), 0700), 0);
  EXPECT_EQ(run_as_nobody("sync").exit_code, 0);
}

// --- held by another program ---

// Somebody opened the database and does not let go.
class Holder {
 public:
  explicit Holder(const std::string& file) {
    EXPECT_EQ(sqlite3_open(file.c_str(), &database_), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database_, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  }
  ~Holder() { sqlite3_close(database_); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

 private:
  sqlite3* database_ = nullptr;
};

TEST_F(Disk, HeldByAnotherProgram) {
  ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0);
  auto holder = std::make_unique<Holder>(file());
  workplace_.portal().mutate(50, 1);
  expect_end(workplace_.run({"sync"}), 4, held());
  // A service starts all the same, and waits.
  Process run{workplace_.command({"run"}), workplace_.folder()};
  ASSERT_TRUE(eventually([&] { return says(run, waiting(held())); })) << run.err();
  EXPECT_EQ(workplace_.run({"status"}).exit_code, 0);
  holder.reset();
  EXPECT_EQ(differences_soon(), "");
  EXPECT_TRUE(says(run, "info database written again\n")) << run.err();
  expect_stops(run);
}

// --- damaged ---

class DamagedDisk : public Disk {
 protected:
  void overwrite(std::uintmax_t from, std::uintmax_t size) const {
    // A stop that was forced on a slow machine leaves a log, whose pages would hide the damage.
    fs::remove(file() + "-wal");
    std::fstream bytes{file(), std::ios::in | std::ios::out | std::ios::binary};
    bytes.seekp(static_cast<std::streamoff>(from));
    bytes << std::string(size, '\xAA');
  }
  // Everybody who is told something of these managers, with the tag: what is on the screens.
  std::vector<std::string> shown() {
    std::vector<std::string> tags;
    for (const auto& notice : workplace_.portal().visible()) tags.push_back(notice.tag);
    std::sort(tags.begin(), tags.end());
    return tags;
  }
  // So many overdue tasks of a manager; gives their ids.
  std::vector<std::int64_t> pile(std::int64_t manager, int size) {
    std::vector<std::int64_t> ids;
    for (int i = 0; i < size; ++i) {
      const json fields = {
          {"TITLE", fmt::format("Задача {}", i)},
          {"RESPONSIBLE_ID", manager},
          {"CREATED_BY", manager},
          {"DEADLINE", format_offset(workplace_.portal().now() - days{4}, hours{3})}};
      const json answer =
          json::parse(workplace_.portal().call("tasks.task.add", json{{"fields", fields}}.dump()));
      ids.push_back(std::stoll(answer["result"]["task"]["id"].get<std::string>()));
    }
    return ids;
  }
};

TEST_F(DamagedDisk, IsSaidByEveryCommand) {
  ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0);
  const auto size = fs::file_size(file());
  const fs::path whole = workplace_.folder() + "/whole";
  fs::copy_file(file(), whole);
  const struct {
    const char* what;
    std::function<void()> strike;
  } cases[] = {
      {"overwritten in the middle", [&] { overwrite(size / 8, size * 3 / 4); }},
      {"truncated", [&] { fs::resize_file(file(), size / 2 / 4096 * 4096); }},
      {"no database", [&] { overwrite(0, 4096); }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    fs::copy_file(whole, file(), fs::copy_options::overwrite_existing);
    c.strike();
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"run"}, {"sync"}, {"query", "SELECT sum(amount) FROM v_deal"}}) {
      expect_end(workplace_.run(command), 4, damaged());
    }
  }
}

TEST_F(DamagedDisk, AlertsComeBackFromTheBackupAndNothingIsToldTwice) {
  const json facts = json::parse(workplace_.portal().facts());
  const auto first = facts["managers"][0].get<std::int64_t>();
  const auto second = facts["managers"][1].get<std::int64_t>();
  std::vector<std::int64_t> tasks;
  {
    Process run{workplace_.command({"run"}), workplace_.folder()};
    ASSERT_TRUE(eventually([&] { return workplace_.has_begun(); })) << run.err();
    tasks = pile(first, 60);
    ASSERT_TRUE(eventually([&] { return !shown().empty(); })) << run.err();
    // The file must know by then that it was told.
    ASSERT_TRUE(eventually([&] { return says(run, "message delivered"); })) << run.err();
    back_up(StorePaths{state()}, workplace_.portal().now());
    // Told after the backup was taken: it does not know.
    pile(second, 60);
    ASSERT_TRUE(eventually([&] { return shown().size() == 2; })) << run.err();

    const Finished busy = workplace_.run({"restore"});
    EXPECT_EQ(busy.exit_code, 4);
    EXPECT_EQ(
        busy.err.find("b24watch: С папкой " + state() + " уже работает другой b24watch (процесс "),
        0U)
        << busy.err;
    expect_stops(run);
  }
  const auto told = shown();
  const auto size = fs::file_size(file());
  overwrite(size / 8, size * 3 / 4);
  expect_end(workplace_.run({"run"}), 4, damaged());

  const Finished restored = workplace_.run({"restore", "--json"});
  EXPECT_EQ(restored.err, "");
  ASSERT_EQ(restored.exit_code, 0);
  const json done = json::parse(restored.out);
  EXPECT_EQ(done["backup"], state() + "/backup/state.sqlite");
  EXPECT_EQ(fs::file_size(done["put_aside"].get<std::string>()), size);

  Process run{workplace_.command({"run"}), workplace_.folder()};
  ASSERT_TRUE(eventually([&] { return says(run, "has been judged by"); })) << run.err();
  EXPECT_EQ(differences_soon(), "");
  // The second comes again under its own tag, and so takes its own place.
  ASSERT_TRUE(eventually([&] { return says(run, "message delivered"); })) << run.err();
  EXPECT_EQ(shown(), told);
  EXPECT_FALSE(says(run, "change=resolved")) << run.err();

  // What the backup knew goes on: its end is told in its own message.
  for (const std::int64_t id : tasks) {
    workplace_.portal().call("tasks.task.update",
                             json{{"taskId", id}, {"fields", {{"STATUS", 5}}}}.dump());
  }
  const auto resolved = [&] {
    const auto all = workplace_.portal().visible();
    return std::any_of(all.begin(), all.end(), [&](const sim::Notification& notice) {
      return notice.tag.find(fmt::format(":m{}:", first)) != std::string::npos &&
             notice.text.find("🟢") != std::string::npos;
    });
  };
  EXPECT_TRUE(eventually(resolved)) << run.err();
  EXPECT_EQ(shown(), told);
  expect_stops(run);
}

TEST_F(DamagedDisk, AnEmptyFileIsBegunAnewWithAWord) {
  ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0);
  back_up(StorePaths{state()}, workplace_.portal().now());
  fs::resize_file(file(), 0);
  Process run{workplace_.command({"run"}), workplace_.folder()};
  EXPECT_TRUE(eventually([&] { return workplace_.has_begun(); })) << run.err();
  EXPECT_TRUE(
      says(run, "warning database is new text=\"База " + file() +
                    " пуста, а копии тревог есть: чтобы вернуть тревоги, остановите службу и "
                    "выполните «b24watch restore».\"\n"))
      << run.err();
  expect_stops(run);
}

TEST_F(DamagedDisk, RestoreSaysWhatItDid) {
  ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0);
  expect_end(workplace_.run({"restore"}), 4,
             "В " + state() +
                 "/backup нет ни одной копии: назовите файл ключом --from или переименуйте базу и "
                 "запустите службу, она начнёт наблюдение заново.");
  EXPECT_NE(workplace_.run({"status"})
                .out.find("Копии тревог ещё нет: служба делает её раз в сутки, ночью.\n"),
            std::string::npos);
  back_up(StorePaths{state()}, parse_time("2026-11-22T12:00:00Z").value());
  EXPECT_NE(workplace_.run({"status"}).out.find("Копия тревог сделана "), std::string::npos);
  EXPECT_EQ(json::parse(workplace_.run({"status", "--json"}).out)["backed_up_at"],
            "2026-11-22T12:00:00Z");
  const Finished done =
      run_process(workplace_.command({"restore"}), workplace_.folder(), {"TZ=Europe/Moscow"});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(done.err, "");
  std::string aside;
  for (const auto& entry : fs::directory_iterator{state()}) {
    const std::string name = entry.path().filename();
    if (name.starts_with("b24watch.2") && name.ends_with(".sqlite")) aside = entry.path();
  }
  EXPECT_EQ(done.out,
            "Тревоги и сообщения восстановлены из копии " + state() +
                "/backup/state.sqlite от 22.11.2026 15:00.\nПрежняя база отложена: " + aside +
                ".\nЗапустите службу (systemctl start b24watch): остальное она прочитает с "
                "портала.\n");
}

}  // namespace
}  // namespace b24
