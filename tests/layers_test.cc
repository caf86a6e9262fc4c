#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

// The tree has layers, and an include points only to a layer before its own:
//
//   main, cli -> app -> web -> engine -> config, store -> connectors -> rules -> rules/base
//
// And a library has one home: the only files that include its headers.

namespace b24 {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

struct Layer {
  const char* name;
  int level;  // an include goes to a lower level, or stays in the layer
};

// The first prefix that fits names the layer; so what is special stands before what is general.
struct Place {
  std::string_view prefix;
  Layer layer;
};
constexpr Place kPlaces[] = {
    {"rules/base/", {"rules/base", 0}},
    {"rules/", {"rules", 1}},
    {"connectors/", {"connectors", 2}},
    {"config/", {"config", 3}},
    {"daemon/store/", {"store", 3}},
    {"daemon/engine/", {"engine", 4}},
    {"daemon/web/", {"web", 5}},
    {"daemon/app.", {"app", 6}},
    {"daemon/cli/", {"cli", 7}},
    {"daemon/main.", {"main", 8}},
    {"daemon/", {"app", 6}},
};

const Layer* layer_of(std::string_view path) {
  for (const Place& place : kPlaces) {
    if (path.starts_with(place.prefix)) return &place.layer;
  }
  return nullptr;
}

struct Home {
  std::string_view header;  // the beginning of the include
  std::string_view home;    // the beginning of the path
};
constexpr Home kHomes[] = {
    {"httplib.h", "connectors/http."},
    {"boost/", "daemon/web/"},
    {"SQLiteCpp/", "daemon/store/"},
    {"sqlite3.h", "daemon/store/"},
    {"yaml.h", "config/"},
    {"date/", "rules/calendar"},
    {"spdlog/", "daemon/"},
    {"CLI/", "daemon/cli/"},
    {"systemd/", "daemon/"},
    {"simdjson.h", "connectors/"},
    {"openssl/", "connectors/"},
    {"zlib.h", "connectors/"},
};

// Headers whose cost or macros must not reach those who include ours.
constexpr std::string_view kOnlyInSources[] = {
    "nlohmann/json.hpp", "httplib.h", "boost/", "SQLiteCpp/", "date/",
    "spdlog/",           "yaml.h",    "CLI/",   "simdjson.h"};

// What `#include` names on this line, or "".
std::string_view included(std::string_view line) {
  const auto skip = [&] {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  };
  skip();
  if (!line.starts_with('#')) return {};
  line.remove_prefix(1);
  skip();
  if (!line.starts_with("include")) return {};
  line.remove_prefix(7);
  skip();
  if (line.empty() || (line[0] != '"' && line[0] != '<')) return {};
  const std::size_t end = line.find(line[0] == '"' ? '"' : '>', 1);
  return end == std::string_view::npos ? std::string_view{} : line.substr(1, end - 1);
}

// What is wrong with one include of a file, or "".
std::string judge(std::string_view file, std::string_view include) {
  const std::string both = std::string{file} + " includes " + std::string{include};
  const Layer* from = layer_of(file);
  if (from == nullptr) return {};  // tests and generators may know everything
  if (include.starts_with("tests/")) return both + ": the program does not know its tests";
  if (const Layer* to = layer_of(include)) {
    if (to->name == from->name || to->level < from->level) return {};
    return both + ": " + from->name + " stands before " + to->name;
  }
  if (include.starts_with("../")) return both + ": write the path from the root";
  for (const Home& home : kHomes) {
    if (include.starts_with(home.header) && !file.starts_with(home.home)) {
      return both + ": its home is " + std::string{home.home};
    }
  }
  // The commands are the last layer: their headers reach nobody else.
  if (file.ends_with(".h") && !file.starts_with("daemon/cli/")) {
    for (const std::string_view heavy : kOnlyInSources) {
      if (include.starts_with(heavy)) return both + ": only in .cc files";
    }
  }
  return {};
}

Strings judge_file(const std::string& file, std::istream& text) {
  Strings wrong;
  for (std::string line; std::getline(text, line);) {
    const std::string_view include = included(line);
    if (include.empty()) continue;
    if (std::string verdict = judge(file, include); !verdict.empty()) {
      wrong.push_back(std::move(verdict));
    }
  }
  return wrong;
}

TEST(LayersTest, EveryIncludePointsTheRightWay) {
  const fs::path root = B24_SOURCE_DIR;
  int files = 0;
  for (const char* folder : {"rules", "connectors", "config", "daemon"}) {
    for (const auto& entry : fs::recursive_directory_iterator{root / folder}) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cc") continue;
      ++files;
      std::ifstream text{entry.path()};
      for (const auto& wrong :
           judge_file(fs::relative(entry.path(), root).generic_string(), text)) {
        ADD_FAILURE() << wrong;
      }
    }
  }
  EXPECT_GT(files, 10) << "nothing was read";
}

TEST(LayersTest, FindsWhatIsWrong) {
  struct Case {
    const char* file;
    const char* include;
    const char* verdict;
  };
  const Case cases[] = {
      {"rules/alert.cc", "rules/base/time.h", ""},
      {"rules/base/time.cc", "rules/alert.h",
       "rules/base/time.cc includes rules/alert.h: rules/base stands before rules"},
      {"daemon/engine/engine.cc", "daemon/store/store.h", ""},
      {"daemon/store/store.cc", "config/config.h",
       "daemon/store/store.cc includes config/config.h: store stands before config"},
      {"daemon/web/server.cc", "daemon/engine/log.h", ""},
      {"daemon/engine/engine.cc", "daemon/web/server.h",
       "daemon/engine/engine.cc includes daemon/web/server.h: engine stands before web"},
      {"daemon/app.cc", "daemon/cli/commands.h",
       "daemon/app.cc includes daemon/cli/commands.h: app stands before cli"},
      {"daemon/main.cc", "daemon/cli/commands.h", ""},
      {"connectors/http.cc", "httplib.h", ""},
      {"connectors/bitrix24/client.cc", "httplib.h",
       "connectors/bitrix24/client.cc includes httplib.h: its home is connectors/http."},
      {"daemon/store/store.h", "SQLiteCpp/Database.h",
       "daemon/store/store.h includes SQLiteCpp/Database.h: only in .cc files"},
      {"rules/text.h", "nlohmann/json.hpp",
       "rules/text.h includes nlohmann/json.hpp: only in .cc files"},
      {"rules/text.h", "nlohmann/json_fwd.hpp", ""},
      {"rules/text.cc", "../connectors/secret.h",
       "rules/text.cc includes ../connectors/secret.h: write the path from the root"},
      {"rules/text.cc", "tests/support/fake_clock.h",
       "rules/text.cc includes tests/support/fake_clock.h: the program does not know its tests"},
      {"tests/web/server_test.cc", "boost/asio.hpp", ""},
  };
  for (const Case& c : cases) EXPECT_EQ(judge(c.file, c.include), c.verdict);
}

TEST(LayersTest, ReadsIncludeLines) {
  EXPECT_EQ(included("#include \"rules/alert.h\""), "rules/alert.h");
  EXPECT_EQ(included("  # include <yaml.h>  // why"), "yaml.h");
  EXPECT_EQ(included("// #include <yaml.h>"), "");
  EXPECT_EQ(included("#include MACRO"), "");
  EXPECT_EQ(included("#include \"unfinished"), "");
}

}  // namespace
}  // namespace b24
