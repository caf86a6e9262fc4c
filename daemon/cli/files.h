#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "rules/base/result.h"

// Files that an administrator owns, written so that nobody ever sees half of one.

namespace b24 {

// Who may read a new file. One that is there already keeps its owner, and its mode if it is shared.
enum class Readers {
  service_alone,  // 0600, of the user b24watch if there is one and we are root; a secret
  service_too,    // 0640, of root and the group b24watch likewise; else 0600
};

// Writes through a file beside it and a rename; `check` looks at that file before it takes its
// place. invalid_input: it cannot be written, and why; or what `check` says.
using FileCheck = std::function<Result<void>(const std::filesystem::path&)>;
Result<void> write_whole(const std::filesystem::path& file, std::string_view text, Readers readers,
                         const FileCheck& check = {});

}  // namespace b24
