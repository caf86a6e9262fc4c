#pragma once

#include <optional>

#include "daemon/store/store.h"

// Whether the portal is believed when it no longer shows many rows. It filters its lists by rights,
// without an error: lost rights, and a portal that answers wrongly, look like a great deletion.

namespace b24 {

// What a comparison of all ids has found.
struct SweepResult {
  std::int64_t here = 0;  // rows in the mirror before it
  std::int64_t gone = 0;  // those of them that the portal did not show
  Time began_at;          // our clock
};

// The doubt after a comparison; nothing: its result is believed. When everything is gone, or half
// of a list that is no mere handful, that is believed only if a comparison at least an hour later
// finds about the same.
std::optional<Doubt> doubt_after(const std::optional<Doubt>& before, const SweepResult& found);

}  // namespace b24
