#include "daemon/cli/temporary_store.h"

#include <cstdlib>

#include "rules/base/language.h"

namespace b24 {
namespace {

std::filesystem::path new_folder() {
  std::error_code none;
  const auto folder = std::filesystem::temp_directory_path(none);
  std::string pattern = (folder / "b24watch-XXXXXX").string();
  if (none || mkdtemp(pattern.data()) == nullptr) {
    throw StoreFailure{std::string{
        tr("Во временную папку нельзя писать: назовите другую в переменной окружения TMPDIR.",
           "The temporary folder cannot be written: name another one in the environment "
           "variable TMPDIR.")}};
  }
  return pattern;
}

}  // namespace

// The object exists once the other constructor is done: what fails here still ends in the
// destructor, which removes the folder.
TemporaryStore::TemporaryStore() : TemporaryStore(new_folder()) {
  const auto writer = Writer::open(paths_);
  if (!writer) throw StoreFailure{writer.error().text};
  auto reader = Reader::open(paths_);
  if (!reader) throw StoreFailure{reader.error().text};
  reader_ = std::move(*reader);
}

TemporaryStore::~TemporaryStore() {
  reader_.reset();
  std::error_code ignored;  // a leftover in /tmp harms nobody
  std::filesystem::remove_all(paths_.state_dir, ignored);
}

}  // namespace b24
