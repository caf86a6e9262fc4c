#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>

#include "connectors/bitrix24/hint.h"
#include "daemon/engine/hints.h"
#include "rules/base/time.h"
#include "rules/route.h"

namespace b24 {

// Nothing tells of a deletion where no events come, so the portal is asked before people are told
// of an object: it must have shown it in the look that has just ended, or since. What it did not is
// looked at by the next look, as after an event, and the text waits until the rules are judged
// again; by then a deleted object is in no finding. The engine's thread alone.
//
// Whoever cannot be asked about, silences nobody: after kAskedInVain the text goes as the mirror
// has it. That is longer than a method whose budget is used up rests. After a restart it begins
// anew.
class PointCheck {
 public:
  // What is asked for again is worth no look of its own: the portal has just been looked at.
  enum class Asking { first, again };
  // Looks at an object with the next look, false if there is no room; without it nothing waits.
  using Ask = std::function<bool(const Hint&, Asking)>;
  PointCheck(Ask ask, Clock& clock) : ask_(std::move(ask)), clock_(clock) {}

  // Rows, or ids, that the portal has just shown.
  void shown(Entity entity, std::span<const Record> rows);
  // What was shown until now is not the latest any more. Only where more is asked for than one
  // look shows, what it showed stays shown while it is asked for.
  void look_ended();
  // The mirror was cleared.
  void forget();

  // The portal has shown all of these lately, or was asked for them in vain. Otherwise all of them
  // are to be shown by one look, if one can: some now and some then would never do. To be called
  // for each text of a judgement, then `judged`.
  bool confirmed(std::span<const ObjectRef> named);
  // Asks for what is to be shown.
  void judged();
  // Something waits for the portal's answer.
  bool is_waiting() const { return !asked_.empty(); }

 private:
  struct Asked {
    SteadyTime since;      // waited for
    bool is_sent = false;  // there was room
  };
  bool is_in_vain(const ObjectRef& object) const;

  Ask ask_;
  Clock& clock_;
  std::set<ObjectRef> shown_;
  std::set<ObjectRef> wanted_;  // by the judgement at work
  std::map<ObjectRef, Asked> asked_;
};

PointCheck::Ask ask_by(Hints& hints);

inline constexpr seconds kAskedInVain{15 * 60};
// Asked for after one judgement: what one request reads. The others wait for the next, in which
// those come first that nobody has asked for yet.
inline constexpr std::size_t kMostAsked = 2500;
// Remembered of what a look shows, besides what was asked for.
inline constexpr std::size_t kMostShown = 20'000;

}  // namespace b24
