#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "config/load.h"
#include "tests/support/temp_folder.h"

// Broken files of every kind must give problems or rules, never a crash or an exception.

namespace b24 {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> seeds(const char* folder) {
  std::vector<std::string> texts;
  for (const auto& entry : fs::directory_iterator(fs::path(B24_SOURCE_DIR) / folder)) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    std::stringstream text;
    text << stream.rdbuf();
    texts.push_back(text.str());
  }
  return texts;
}

// One to four changes of the kinds people and editors make.
std::string mutated(std::string text, const std::vector<std::string>& all, std::mt19937& random) {
  static const std::vector<std::string> kPieces = {
      "\t", " ",  "\n",    ": ", "\"", "'",    "{",        "}", "[",    "]",  "|",   ">",  "&a ",
      "*a", "!!", "---\n", "- ", "# ", "\xFF", "\xC2\xA0", "а", "<<: ", "? ", "010", "\r", "\0x"};
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  for (std::size_t n = 1 + below(4); n > 0 && !text.empty(); --n) {
    const std::size_t at = below(text.size());
    const std::size_t length = 1 + below(std::min<std::size_t>(40, text.size() - at));
    switch (below(5)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, kPieces[below(kPieces.size())]);
        break;
      case 2:
        text.insert(below(text.size()), text.substr(at, length));
        break;
      case 3:
        text[at] = static_cast<char>(below(256));
        break;
      default: {
        const std::string& other = all[below(all.size())];
        if (!other.empty()) text.insert(at, other.substr(below(other.size()), length));
      }
    }
  }
  return text;
}

TEST(FuzzTest, RulesNeverCrash) {
  std::vector<std::string> texts;
  for (const char* folder : {"config/rules", "config/metrics", "tests/config/broken"}) {
    for (std::string& text : seeds(folder)) {
      if (text.size() < 20000) texts.push_back(std::move(text));
    }
  }
  std::mt19937 random(20261121);
  for (int round = 0; round < 3000; ++round) {
    const std::string text =
        mutated(texts[static_cast<std::size_t>(round) % texts.size()], texts, random);
    const LoadedRules loaded = load_rules_text("fuzz.yaml", text);
    for (const Problem& problem : loaded.problems) {
      EXPECT_FALSE(format_line(problem).empty()) << text;
      EXPECT_GE(problem.width, 1) << text;
    }
  }
}

TEST(FuzzTest, SettingsNeverCrash) {
  const std::vector<std::string> texts = seeds("config");
  ASSERT_FALSE(texts.empty());
  const TempFolder folder;
  std::mt19937 random(20261122);
  for (int round = 0; round < 300; ++round) {
    const fs::path file = folder.write("b24watch.yaml", mutated(texts[0], texts, random));
    for (const Problem& problem : load_config(file).problems) {
      EXPECT_FALSE(format(problem).empty());
    }
  }
}

}  // namespace
}  // namespace b24
