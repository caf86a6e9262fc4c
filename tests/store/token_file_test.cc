#include "daemon/store/token_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/support/temp_folder.h"

namespace b24 {
namespace {

Tokens tokens(int number) {
  return {.access = Secret{fmt::format("access-{}", number)},
          .refresh = Secret{fmt::format("refresh-{}", number)},
          .expires_at = from_unix(1'800'000'000 + number),
          .server = "https://oauth.bitrix24.tech",
          .member_id = "a223c6b3710f85df22e9377d6c4f7553",
          .application_token = Secret{"proof"}};
}

mode_t mode_of(const std::filesystem::path& file) {
  struct stat info {};
  return ::stat(file.c_str(), &info) == 0 ? info.st_mode & 0777U : 0;
}

TEST(TokenFileTest, KeepsTokensForItsOwnerAlone) {
  const TempFolder folder;
  TokenFile file{folder.path()};
  auto nothing = file.load();
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->has_value());
  const mode_t before = ::umask(0);
  ASSERT_TRUE(file.save(tokens(7)));
  ::umask(before);
  EXPECT_EQ(mode_of(file.file()), 0600U);
  const auto kept = *file.load();
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->access.reveal(), "access-7");
  EXPECT_EQ(kept->refresh.reveal(), "refresh-7");
  EXPECT_EQ(kept->expires_at, from_unix(1'800'000'007));
  EXPECT_EQ(kept->server, "https://oauth.bitrix24.tech");
  EXPECT_EQ(kept->member_id, "a223c6b3710f85df22e9377d6c4f7553");
  EXPECT_EQ(kept->application_token.reveal(), "proof");
  // Nothing but the file itself is left.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator{folder.path()}, {}), 1);
}

TEST(TokenFileTest, SaysWhatIsWrongWithAFile) {
  const TempFolder folder;
  for (const char* text : {"", "{", "[]", R"({"access_token":"a"})", R"({"refresh_token":7})"}) {
    TokenFile file{folder.path()};
    folder.write("application.json", text);
    const auto answer = file.load();
    ASSERT_FALSE(answer) << text;
    EXPECT_EQ(answer.error().kind, ErrorKind::blocked);
    EXPECT_EQ(answer.error().text,
              "Файл с ключами приложения " + file.file().string() +
                  " не читается (он испорчен) – удалите его и выполните sudo b24watch authorize.");
  }
  TokenFile nowhere{folder.path() / "missing"};
  const auto saved = nowhere.save(tokens(1));
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(saved.error().text.find("access-1"), std::string::npos);
}

// A program that is killed at any instant of its writing.
TEST(TokenFileTest, AKillLeavesTheOldTokensOrTheNewOnes) {
  const TempFolder folder;
  TokenFile file{folder.path()};
  ASSERT_TRUE(file.save(tokens(0)));
  int changed = 0;
  for (int round = 0; round < 20; ++round) {
    const std::string before = (*file.load())->access.reveal();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (int number = 1;; ++number) {
        if (!file.save(tokens(round * 100'000 + number))) ::_exit(1);
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds{500 + 700 * round});
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it could not write";
    const auto kept = file.load();
    ASSERT_TRUE(kept && *kept) << (kept ? "no file" : kept.error().text);
    EXPECT_EQ((*kept)->access.reveal().substr(6), (*kept)->refresh.reveal().substr(7));
    EXPECT_EQ(mode_of(file.file()), 0600U);
    changed += (*kept)->access.reveal() == before ? 0 : 1;
  }
  EXPECT_GT(changed, 0);
}

// What a command of root left when it was killed: the service may remove it, not write to it.
TEST(TokenFileTest, LeftoversOfOthersAreReplaced) {
  const TempFolder folder;
  TokenFile file{folder.path()};
  const std::string left = file.file().string() + ".new";
  std::filesystem::create_symlink("/nowhere/at/all", left);
  EXPECT_TRUE(file.save(tokens(1)));
  folder.write("application.json.new", "half");
  ASSERT_EQ(::chmod(left.c_str(), 0), 0);
  EXPECT_TRUE(file.save(tokens(2)));
  EXPECT_EQ((*file.load())->access.reveal(), "access-2");
  EXPECT_EQ(mode_of(file.file()), 0600U);

  folder.write("application.json.lock", "");
  ASSERT_EQ(::chmod((file.file().string() + ".lock").c_str(), 0), 0);
  const auto done = file.alone([]() -> Result<void> { return {}; }, {});
  EXPECT_TRUE(done) << done.error().text;
}

TEST(TokenFileTest, SaysWhoKeepsItWaiting) {
  const TempFolder folder;
  TokenFile file{folder.path()};
  const auto waited = file.alone(
      [&] {
        return TokenFile{folder.path(), seconds{0}}.alone([]() -> Result<void> { return {}; }, {});
      },
      {});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(waited.error().text, "Ключи приложения занял другой b24watch (" + file.file().string() +
                                     ".lock) и не отпускает – дождитесь его или завершите его.");
}

// Whoever waits for a lock that is removed meanwhile waits for the one that is there then.
TEST(TokenFileTest, ALockThatWasRemovedKeepsItsWaitersOutOfTheNewOne) {
  const TempFolder folder;
  TokenFile file{folder.path()};
  std::jthread waiter;
  std::atomic<bool> inside{false};
  std::atomic<bool> together{false};
  const auto other = [&]() -> Result<void> {
    together = together || inside;
    return {};
  };
  const auto second = [&]() -> Result<void> {
    inside = true;
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    inside = false;
    return {};
  };
  std::jthread later;
  EXPECT_TRUE(file.alone(
      [&]() -> Result<void> {
        waiter = std::jthread{[&] { EXPECT_TRUE(TokenFile{folder.path()}.alone(other, {})); }};
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
        std::filesystem::remove(file.file().string() + ".lock");
        later = std::jthread{[&] { EXPECT_TRUE(TokenFile{folder.path()}.alone(second, {})); }};
        while (!inside) std::this_thread::yield();
        return {};
      },
      {}));
  later.join();
  waiter.join();
  EXPECT_FALSE(together);
}

TEST(TokenFileTest, OneAtATimeChangesIt) {
  const TempFolder folder;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::vector<std::jthread> users;
  for (int i = 0; i < 4; ++i) {
    users.emplace_back([&] {
      TokenFile file{folder.path()};  // with a lock of its own, as another process has
      for (int k = 0; k < 3; ++k) {
        const auto done = file.alone(
            [&]() -> Result<void> {
              most = std::max(most.load(), ++inside);
              std::this_thread::sleep_for(std::chrono::milliseconds{1});
              --inside;
              return {};
            },
            {});
        EXPECT_TRUE(done);
      }
    });
  }
  users.clear();
  EXPECT_EQ(most, 1);
  // Whoever is to stop does not wait.
  TokenFile file{folder.path()};
  std::stop_source stop;
  stop.request_stop();
  const auto waited = file.alone(
      [&] {
        return TokenFile{folder.path()}.alone([]() -> Result<void> { return {}; },
                                              stop.get_token());
      },
      {});
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind, ErrorKind::stopped);
}

}  // namespace
}  // namespace b24
