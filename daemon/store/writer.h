#pragma once

#include <array>
#include <memory>

#include "daemon/store/connection.h"
#include "daemon/store/mirror_table.h"
#include "daemon/store/store.h"

namespace b24 {

// Holds `state_dir/lock` for this process; the kernel lets go of it when the process ends, however
// it ends.
class FolderLock {
 public:
  static Result<FolderLock> take(const std::filesystem::path& state_dir);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

struct Writer::Impl {
  Impl(FolderLock folder_lock, const std::filesystem::path& file)
      : lock(std::move(folder_lock)),
        connection(file, Connection::Mode::write),
        new_rows(connection) {}

  MirrorTable& table(Entity entity) {
    auto& slot = tables[static_cast<std::size_t>(entity)];
    if (!slot) slot = std::make_unique<MirrorTable>(connection, new_rows, spec(entity));
    return *slot;
  }

  FolderLock lock;  // outlives the connection
  Connection connection;
  NewRows new_rows;
  std::array<std::unique_ptr<MirrorTable>, std::size(kEntities)> tables;
};

// Why nothing can be written there, and what to do. `code` is an errno.
Error about_unwritable(const std::filesystem::path& path, int code);
// The state folder (0700), where it is missing.
Result<void> make_folder(const StorePaths& paths);

// SQL that marks a file ("main" or an attached one) as ours and of this version.
std::string name_file(const std::string& schema, int version);
// The tables of one version brought to those of another, in the caller's transaction.
void raise_schema(Connection& connection, int from, int to);
// A file of this version brought up to date, with its views.
void migrate(Connection& connection, int version);

// Fails with invalid_input when the file is of another program or of a newer version.
// `version` is the file's; 0 for an empty file.
Result<int> read_version(Connection& connection);

// What a person can mend when a file does not open: SQLite's code of a wrong file or wrong rights.
bool is_persons_matter(int code);

}  // namespace b24
