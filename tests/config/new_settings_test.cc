#include "config/new_settings.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "config/load.h"
#include "tests/support/temp_folder.h"

namespace b24 {
namespace {

std::string text_of(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

std::string shipped() { return text_of(B24_SOURCE_DIR "/config/b24watch.yaml"); }

TEST(NewSettingsTest, AreTheShippedOnesWithTheirComments) {
  const std::string text = settings_text({.webhook_file = "webhook",
                                          .state_dir = "/var/lib/b24watch",
                                          .departments = {5, 17},
                                          .heads = {{5, 3}}});
  std::string want = shipped();
  const auto replace = [&](const std::string& was, const std::string& now) {
    const auto at = want.find(was);
    ASSERT_NE(at, std::string::npos) << was;
    want.replace(at, was.size(), now);
  };
  replace("  # webhook_file: webhook             #", "  webhook_file: webhook               #");
  replace("  departments: []                     #", "  departments: [5, 17]                #");
  replace("  heads: {}                           #", "  heads: {5: 3}                       #");
  EXPECT_EQ(text, want);
}

TEST(NewSettingsTest, AreReadAsTheyWereMeant) {
  const TempFolder folder;
  folder.write("hook", "https://x.bitrix24.ru/rest/1/abc/\n");
  folder.write("rules/README", "");
  folder.write("ca.pem", "");
  const auto file = folder.write(
      "b24watch.yaml", settings_text({.language = Language::en,
                                      .webhook_file = "hook",
                                      .ca_file = (folder.path() / "ca.pem").string(),
                                      .state_dir = "it's my state",
                                      .rules_folder = "rules",
                                      .departments = {7},
                                      .heads = {{7, 3}, {9, 4}},
                                      .remarks = {"Отдел «Про: дажи # \"1\"»\n- x: [", "\xff\x01",
                                                  std::string(500, 'x')}}));
  const LoadedConfig loaded = load_config(file);
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << format(problem);
  EXPECT_EQ(loaded.config.language, Language::en);
  EXPECT_EQ(loaded.config.portal.webhook.reveal(), "https://x.bitrix24.ru/rest/1/abc/");
  EXPECT_EQ(loaded.config.portal.ca_file, (folder.path() / "ca.pem").string());
  EXPECT_EQ(loaded.config.state_dir, folder.path() / "it's my state");
  EXPECT_EQ(loaded.config.rules, std::vector{folder.path() / "rules"});
  EXPECT_EQ(loaded.config.people.departments, std::set<std::int64_t>{7});
  EXPECT_EQ(loaded.config.people.heads, (std::map<std::int64_t, std::int64_t>{{7, 3}, {9, 4}}));
}

TEST(NewSettingsTest, NobodysWorkIsKnownAsSuch) {
  EXPECT_TRUE(is_shipped_settings(shipped()));
  EXPECT_TRUE(is_shipped_settings(text_of(B24_BINARY_DIR "/installed/b24watch.yaml")));
  EXPECT_FALSE(is_shipped_settings(shipped() + "\n"));
  EXPECT_FALSE(is_shipped_settings(""));
}

}  // namespace
}  // namespace b24
