#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/load.h"
#include "tests/support/temp_folder.h"

// One broken file per mistake, named after it, in tests/config/broken; beside it what a person is
// told, word for word: name.txt in Russian and, for some, name.en.txt in English. Files whose name
// begins with "settings_" are settings, the others rules.
//
// B24_WRITE_GOLDEN=1 writes the expected texts anew; read the difference before you commit it.

namespace b24 {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(B24_SOURCE_DIR) / "tests/config/broken";

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

std::string told(const fs::path& file, Language wanted) {
  // Settings are read from a copy, since who may read the original depends on its checkout.
  const TempFolder folder;
  const std::vector<Problem> problems =
      file.filename().string().starts_with("settings_")
          ? load_config(folder.write(file.filename().string(), read(file))).problems
          : load_rules_text(file.string(), read(file)).problems;
  set_language(wanted);
  std::string text;
  for (const Problem& problem : problems) text += format(problem) + "\n";
  set_language(Language::ru);
  text = replaced(text, kFolder.string() + "/", "");
  return replaced(text, folder.path().string() + "/", "");
}

void compare(const fs::path& golden, const std::string& text) {
  if (std::getenv("B24_WRITE_GOLDEN") != nullptr) {
    std::ofstream(golden, std::ios::binary) << text;
    return;
  }
  EXPECT_EQ(text, read(golden)) << golden;
}

class BrokenFile : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { unsetenv("CREDENTIALS_DIRECTORY"); }
};

TEST_P(BrokenFile, IsExplainedWordForWord) {
  const fs::path file = kFolder / GetParam();
  const std::string russian = told(file, Language::ru);
  EXPECT_NE(russian, "");
  compare(fs::path(file).replace_extension(".txt"), russian);
  const fs::path english = fs::path(file).replace_extension(".en.txt");
  if (fs::exists(english)) compare(english, told(file, Language::en));
}

std::vector<std::string> broken_files() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& broken) {
  return fs::path(broken.param).stem().string();
}

INSTANTIATE_TEST_SUITE_P(All, BrokenFile, testing::ValuesIn(broken_files()), test_name);

}  // namespace
}  // namespace b24
