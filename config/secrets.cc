#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>

#include "config/load.h"
#include "config/settings.h"

// Where secrets are read from, and who else could read them.

namespace b24 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestSecret = 1000;

// Whether others than the owner may read or change a file.
bool is_open_to_others(const fs::path& file) {
  struct stat info {};
  return stat(file.c_str(), &info) == 0 && (info.st_mode & 077U) != 0;
}

bool is_closed_to_us(const fs::path& file) {
  return access(file.c_str(), R_OK) != 0 && errno == EACCES;
}

std::string trimmed(std::string text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// One line of a file that holds nothing else.
std::optional<Secret> secret_of_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(kLongestSecret + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  if (text.size() > kLongestSecret) return std::nullopt;
  text = trimmed(text);
  if (text.empty() || text.find_first_of("\r\n") != std::string::npos) return std::nullopt;
  return Secret(text);
}

std::optional<Secret> read_secret_file(const YamlNode& node, SettingsContext& context) {
  const auto path = read_text(node, context.problems);
  if (!path) return std::nullopt;
  const fs::path file = context.resolve(*path);
  if (is_closed_to_us(file)) {
    context.problems.error(
        kSecretClosedCode, node,
        {fmt::format("файл «{}» закрыт для этого пользователя: отдайте файл службе (chown "
                     "b24watch) или запустите команду через sudo",
                     file.string()),
         fmt::format("the file \"{}\" is closed to this user: give it to the service (chown "
                     "b24watch) or run the command by sudo",
                     file.string())});
    return std::nullopt;
  }
  const auto secret = secret_of_file(file);
  if (!secret) {
    context.problems.error(
        "R006", node,
        {fmt::format("в файле «{}» нет секрета: создайте файл с одной строкой и дайте службе "
                     "право его читать",
                     file.string()),
         fmt::format("no secret in the file \"{}\": create it with one line and let the service "
                     "read it",
                     file.string())});
  } else if (is_open_to_others(file)) {
    context.problems.warning("R008", node,
                             {fmt::format("файл «{}» доступен не только владельцу: выполните "
                                          "chmod 600",
                                          file.string()),
                              fmt::format("the file \"{}\" is open to others than its owner: run "
                                          "chmod 600",
                                          file.string())});
  }
  return secret;
}

}  // namespace

Secret read_secret(const Map& map, const std::string& key, SettingsContext& context) {
  const YamlNode* inlined = map.get(key);
  const YamlNode* by_file = map.get(key + "_file");
  if (inlined != nullptr && by_file != nullptr) {
    context.problems.warning("R009", *by_file,
                             {fmt::format("«{}_file» не читается, потому что задан и «{}»: "
                                          "оставьте что-то одно",
                                          key, key),
                              fmt::format("\"{}_file\" is not read because \"{}\" is given too: "
                                          "keep one of them",
                                          key, key)});
  }
  if (inlined != nullptr) {
    if (is_open_to_others(context.file)) {
      context.problems.warning("R008", *inlined,
                               {"здесь секрет, а файл доступен не только владельцу: выполните "
                                "chmod 600",
                                "here is a secret, and the file is open to others than its owner: "
                                "run chmod 600"});
    }
    return Secret(trimmed(read_text(*inlined, context.problems).value_or("")));
  }
  if (by_file == nullptr) return {};
  return read_secret_file(*by_file, context).value_or(Secret{});
}

Secret credential(const char* name) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) return {};
  return secret_of_file(fs::path(folder) / name).value_or(Secret{});
}

}  // namespace b24
