#pragma once

#include <cstdint>
#include <optional>

namespace b24 {

// How a long read goes on, for people. Rows are the portal's.
struct Progress {
  std::uint64_t rows = 0;
  std::optional<std::uint64_t> expected;
  std::uint64_t requests = 0;
};

}  // namespace b24
