#include "daemon/cli/files.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "connectors/say.h"

namespace b24 {
namespace {

constexpr const char* kServiceUser = "b24watch";

struct Ownership {
  uid_t user = geteuid();
  gid_t group = getegid();
  mode_t mode = 0600;
};

Ownership ownership_of(const std::filesystem::path& file, Readers readers) {
  Ownership ownership;
  struct stat info {};
  if (stat(file.c_str(), &info) == 0) {
    ownership = {info.st_uid, info.st_gid, 0600};
    if (readers == Readers::service_too) ownership.mode = info.st_mode & 0777U;
    return ownership;
  }
  const passwd* const service = getpwnam(kServiceUser);
  if (geteuid() != 0 || service == nullptr) return ownership;
  ownership.group = service->pw_gid;
  if (readers == Readers::service_alone) {
    ownership.user = service->pw_uid;
  } else {
    ownership.mode = 0640;
  }
  return ownership;
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Error unwritable(const std::filesystem::path& file, int code) {
  return error(ErrorKind::invalid_input,
               say("Файл {} нельзя записать: {}. Запустите команду через sudo или назовите другое "
                   "место ключом --config.",
                   "The file {} cannot be written: {}. Run the command by sudo, or name another "
                   "place with --config.",
                   file.string(), std::generic_category().message(code)));
}

}  // namespace

Result<void> write_whole(const std::filesystem::path& file, std::string_view text, Readers readers,
                         const FileCheck& check) {
  const Ownership ownership = ownership_of(file, readers);
  const std::string beside = file.string() + ".new";
  unlink(beside.c_str());
  const int descriptor = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return unwritable(file, errno);
  bool good = write_all(descriptor, text);
  // Others than root keep what is theirs anyhow.
  if (good && geteuid() == 0) good = fchown(descriptor, ownership.user, ownership.group) == 0;
  good = good && fchmod(descriptor, ownership.mode) == 0 && fsync(descriptor) == 0;
  const int code = errno;
  close(descriptor);
  Result<void> done;
  if (!good) {
    done = unwritable(file, code);
  } else if (check) {
    done = check(beside);
  }
  if (done && rename(beside.c_str(), file.c_str()) != 0) done = unwritable(file, errno);
  if (!done) unlink(beside.c_str());
  return done;
}

}  // namespace b24
