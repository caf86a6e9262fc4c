#pragma once

#include "daemon/store/store.h"

namespace b24 {

// An empty mirror in a folder that lives as long as the object: rules can be checked before there
// is a mirror. Throws StoreFailure when the temporary folder cannot be written, and leaves nothing
// there then.
class TemporaryStore {
 public:
  TemporaryStore();
  ~TemporaryStore();
  TemporaryStore(const TemporaryStore&) = delete;
  TemporaryStore& operator=(const TemporaryStore&) = delete;

  Reader& reader() { return *reader_; }

 private:
  explicit TemporaryStore(std::filesystem::path folder) : paths_{std::move(folder)} {}

  StorePaths paths_;
  std::unique_ptr<Reader> reader_;
};

}  // namespace b24
