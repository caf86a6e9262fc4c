#include "daemon/store/token_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "connectors/say.h"

namespace b24 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestFile = 64 * 1024;
constexpr std::chrono::milliseconds kGlanceAtLock{20};

// Closes what was opened, whatever comes.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  // False: what was written may not be there.
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

Error not_written(const fs::path& file, int code) {
  return error(ErrorKind::unavailable,
               say("Не удалось записать ключи приложения в {}: {} – проверьте место на диске и "
                   "права на папку.",
                   "The application's tokens could not be written to {}: {}. Check the room on the "
                   "disk and the rights to the folder.",
                   file.string(), std::strerror(code)));
}

Error held_by_another(const fs::path& lock) {
  return error(ErrorKind::unavailable,
               say("Ключи приложения занял другой b24watch ({}) и не отпускает – дождитесь его или "
                   "завершите его.",
                   "Another b24watch holds the application's tokens ({}) and does not let go: wait "
                   "for it, or end it.",
                   lock.string()));
}

Error not_read(const fs::path& file, std::string_view why) {
  return error(ErrorKind::blocked,
               say("Файл с ключами приложения {} не читается ({}) – удалите его и выполните sudo "
                   "b24watch authorize.",
                   "The file with the application's tokens {} cannot be read ({}): remove it and "
                   "run sudo b24watch authorize.",
                   file.string(), why));
}

Error closed_to_us(const fs::path& file) {
  return error(ErrorKind::blocked,
               say("Файл с ключами приложения {} закрыт для этого пользователя – запустите команду "
                   "через sudo или отдайте файл службе (chown b24watch).",
                   "The file with the application's tokens {} is closed to this user: run the "
                   "command by sudo, or give the file to the service (chown b24watch).",
                   file.string()));
}

// A command that root runs must not shut the service out of its own file.
void give_to_owner_of_folder(int descriptor, const fs::path& folder) {
  struct stat info {};
  if (::geteuid() != 0 || ::stat(folder.c_str(), &info) != 0) return;
  if (::fchown(descriptor, info.st_uid, info.st_gid) != 0) return;  // as it is, then
}

// One that a killed command of root left is closed to the service, but can be replaced.
int open_lock(const fs::path& lock) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  const int opened = ::open(lock.c_str(), kFlags, 0600);
  if (opened >= 0 || errno != EACCES || ::unlink(lock.c_str()) != 0) return opened;
  return ::open(lock.c_str(), kFlags, 0600);
}

bool is_still(int descriptor, const fs::path& file) {
  struct stat ours {};
  struct stat there {};
  return ::fstat(descriptor, &ours) == 0 && ::stat(file.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string text_of(const Tokens& tokens) {
  const nlohmann::ordered_json json = {{"access_token", tokens.access.reveal()},
                                       {"refresh_token", tokens.refresh.reveal()},
                                       {"expires_at", to_unix(tokens.expires_at)},
                                       {"server", tokens.server},
                                       {"member_id", tokens.member_id},
                                       {"application_token", tokens.application_token.reveal()}};
  return json.dump(1) + "\n";
}

std::optional<Tokens> tokens_of(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto word = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  const auto expires = json.find("expires_at");
  const bool dated = expires != json.end() && expires->is_number_integer();
  Tokens tokens{.access = Secret{word("access_token")},
                .refresh = Secret{word("refresh_token")},
                .expires_at = from_unix(dated ? expires->get<std::int64_t>() : 0),
                .server = word("server"),
                .member_id = word("member_id"),
                .application_token = Secret{word("application_token")}};
  if (tokens.refresh.empty()) return std::nullopt;
  return tokens;
}

}  // namespace

Result<std::optional<Tokens>> TokenFile::load() {
  const Descriptor opened{::open(file().c_str(), O_RDONLY | O_CLOEXEC)};
  if (!opened.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<Tokens>{};
    if (errno == EACCES) return closed_to_us(file());
    return not_read(file(), std::strerror(errno));
  }
  std::string text(kLargestFile, '\0');
  std::size_t size = 0;
  for (;;) {
    const ssize_t got = ::read(opened.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return not_read(file(), std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  auto tokens = tokens_of(text);
  if (!tokens) return not_read(file(), tr("он испорчен", "it is damaged"));
  return tokens;
}

Result<void> TokenFile::save(const Tokens& tokens) {
  const fs::path fresh = file().string() + ".new";
  // What a killed command of root left can be removed, not written to.
  ::unlink(fresh.c_str());
  Descriptor opened{
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!opened.is_open()) return not_written(file(), errno);
  give_to_owner_of_folder(opened.get(), folder_);
  const bool whole = ::fchmod(opened.get(), 0600) == 0 &&
                     write_all(opened.get(), text_of(tokens)) && ::fsync(opened.get()) == 0 &&
                     opened.close() && ::rename(fresh.c_str(), file().c_str()) == 0;
  if (!whole) {
    const int code = errno;
    ::unlink(fresh.c_str());
    return not_written(file(), code);
  }
  const Descriptor folder{::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder.is_open() || ::fsync(folder.get()) != 0) return not_written(file(), errno);
  return {};
}

Result<void> TokenFile::alone(const std::function<Result<void>()>& work,
                              const std::stop_token& stop) {
  const fs::path lock = file().string() + ".lock";
  const auto until = std::chrono::steady_clock::now() + patience_;
  for (;;) {
    const Descriptor opened{open_lock(lock)};
    if (!opened.is_open()) return not_written(lock, errno);
    give_to_owner_of_folder(opened.get(), folder_);
    while (::flock(opened.get(), LOCK_EX | LOCK_NB) != 0) {
      if (stop.stop_requested()) return stopped();
      if (std::chrono::steady_clock::now() > until) return held_by_another(lock);
      std::this_thread::sleep_for(kGlanceAtLock);
    }
    // One that was removed meanwhile keeps nobody out.
    if (is_still(opened.get(), lock)) return work();  // the lock goes with the descriptor
  }
}

}  // namespace b24
