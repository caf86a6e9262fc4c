#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

// The part of the house's style that a machine can see.

namespace b24 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestFile = 600;  // lines

struct SourceFile {
  std::string path;  // from the root
  std::vector<std::string> lines;

  bool is_header() const { return path.ends_with(".h"); }
  bool is_test() const { return path.starts_with("tests/"); }
  bool is_code() const { return path.ends_with(".h") || path.ends_with(".cc"); }
};

// The line without its string literals and comment, so that words in them do not count.
std::string code_of(std::string_view line) {
  std::string code;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quote != 0) {
      if (line[i] == '\\') {
        ++i;
      } else if (line[i] == quote) {
        quote = 0;
      }
    } else if (line[i] == '"') {
      quote = '"';
    } else if (line.substr(i).starts_with("//")) {
      break;
    } else {
      code += line[i];
    }
  }
  return code;
}

bool has_word(std::string_view line, std::string_view word) {
  const auto letter = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  for (std::size_t at = line.find(word); at != std::string_view::npos;
       at = line.find(word, at + 1)) {
    const bool begins = at == 0 || !letter(line[at - 1]);
    const std::size_t end = at + word.size();
    if (begins && (end == line.size() || !letter(line[end]))) return true;
  }
  return false;
}

// What is wrong with one line, or "".
std::string judge_line(const SourceFile& file, std::string_view line) {
  if (line.find('\t') != std::string_view::npos) return "a tab";
  if (line.ends_with(' ') || line.ends_with('\r')) return "a blank at the end";
  // Put together here, so that this file does not find itself.
  for (const std::string& word : {std::string{"TO"} + "DO", std::string{"FIX"} + "ME"}) {
    if (has_word(line, word)) return "unfinished: " + word;
  }
  const std::string code = code_of(line);
  // Inside a function it reaches no further than the reader's eye.
  if (code.starts_with("using namespace") && code.find("_literals") == std::string::npos) {
    return "using namespace";
  }
  const bool may_print = file.is_test() || file.path.starts_with("daemon/cli/") ||
                         file.path.starts_with("daemon/main.");
  if (!may_print && (code.find("std::cout") != std::string::npos || has_word(code, "printf"))) {
    return "only daemon/cli prints";
  }
  return {};
}

std::vector<std::string> judge(const SourceFile& file) {
  std::vector<std::string> wrong;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    if (std::string verdict = judge_line(file, file.lines[i]); !verdict.empty()) {
      wrong.push_back(file.path + ":" + std::to_string(i + 1) + ": " + verdict);
    }
  }
  if (!file.is_test() && file.lines.size() > kLongestFile) {
    wrong.push_back(file.path + ": longer than " + std::to_string(kLongestFile) + " lines");
  }
  if (file.is_header()) {
    bool once = false;
    bool comment = false;
    for (const std::string& line : file.lines) {
      once |= line == "#pragma once";
      comment |= line.starts_with("// ");
    }
    if (!once) wrong.push_back(file.path + ": no #pragma once");
    if (!comment) wrong.push_back(file.path + ": no comment says what it is");
  }
  return wrong;
}

SourceFile read(const fs::path& root, const fs::path& path) {
  SourceFile file{fs::relative(path, root).generic_string(), {}};
  std::ifstream text{path};
  for (std::string line; std::getline(text, line);) file.lines.push_back(std::move(line));
  return file;
}

TEST(StyleTest, TheSourcesKeepTheStyle) {
  const fs::path root = B24_SOURCE_DIR;
  int files = 0;
  for (const char* folder : {"rules", "connectors", "config", "daemon", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator{root / folder}) {
      if (!entry.is_regular_file()) continue;
      const SourceFile file = read(root, entry.path());
      if (!file.is_code()) continue;
      ++files;
      for (const std::string& wrong : judge(file)) ADD_FAILURE() << wrong;
    }
  }
  EXPECT_GT(files, 10) << "nothing was read";
}

TEST(StyleTest, FindsWhatIsWrong) {
  struct Case {
    const char* path;
    std::string line;
    const char* verdict;
  };
  const Case cases[] = {
      {"rules/text.cc", "\tint x;", "a tab"},
      {"rules/text.cc", "int x; ", "a blank at the end"},
      {"rules/text.cc", std::string{"// TO"} + "DO: later",
       "unfinished: TO"
       "DO"},
      {"rules/text.cc", "using namespace std;", "using namespace"},
      {"rules/text.cc", "using namespace std::chrono_literals;", ""},
      {"rules/text.cc", "  using namespace embedded;", ""},
      {"rules/text.cc", "const char* s = \"using namespace std;\";", ""},
      {"rules/text.cc", "std::cout << 1;", "only daemon/cli prints"},
      {"rules/text.cc", "// std::cout is for daemon/cli", ""},
      {"daemon/cli/commands.cc", "std::cout << 1;", ""},
      {"tests/text_test.cc", "std::cout << 1;", ""},
  };
  for (const Case& c : cases) EXPECT_EQ(judge_line({c.path, {}}, c.line), c.verdict) << c.line;
  EXPECT_EQ(judge({"rules/text.h", {"int x;"}}).size(), 2u);
  EXPECT_EQ(judge({"rules/text.cc", std::vector<std::string>(601)}).size(), 1u);
  EXPECT_TRUE(judge({"tests/text_test.cc", std::vector<std::string>(601)}).empty());
}

}  // namespace
}  // namespace b24
