#pragma once

#include <vector>

#include "config/config.h"
#include "daemon/store/store.h"

namespace b24 {

// What the settings name and the portal does not have: departments, pipelines, people. A slip in an
// id is no error of the file, yet nobody would be watched. Nothing while the mirror is not
// complete.
std::vector<Text> unknown_names(const Config& config, Reader& reader);

}  // namespace b24
