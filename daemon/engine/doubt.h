#pragma once

#include <optional>

#include "daemon/store/store.h"

// Whether the portal is believed when it no longer shows many rows. It filters its lists by rights,
// without an error: lost rights, and a portal that answers wrongly, look like a great deletion. And
// a portal that was restored from a backup has lost the newest rows of every list.

namespace b24 {

// What a comparison of all ids has found.
struct SweepResult {
  std::int64_t here = 0;  // rows in the mirror before it
  std::int64_t gone = 0;  // those of them that the portal did not show
  std::int64_t tail = 0;  // those of the gone that are newer than all it did show
  Time began_at;          // our clock
};

// The doubt after a comparison; nothing: its result is believed. When everything is gone, or half
// of a list that is no mere handful, or its newest rows in a row, that is believed only if a
// comparison at least an hour later finds about the same.
std::optional<Doubt> doubt_after(const std::optional<Doubt>& before, const SweepResult& found);

// The newest rows of a list are gone, more than people delete one after another, and the rest is
// there: what the portal shows has lost its end. In two lists at once that is a backup. A portal
// that shows nothing, or only what somebody without rights may see, looks otherwise.
bool lost_its_end(const SweepResult& found);
// Not so of what goes with something else: a deleted deal takes its activities along.
bool stands_by_itself(Entity entity);
inline constexpr std::size_t kListsOfABackup = 2;

}  // namespace b24
