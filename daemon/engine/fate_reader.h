#pragma once

#include <map>
#include <optional>

#include "connectors/bitrix24/client.h"
#include "daemon/engine/event.h"
#include "daemon/engine/hints.h"
#include "daemon/store/store.h"

namespace b24 {

// Asks the portal why it lists rows no more that the mirror had: some with every look, so that a
// mass deletion holds up nothing. What can be read after all is looked at by the next look. The
// puller's own, in its thread.
class FateReader {
 public:
  FateReader(Client& client, Reader& reader, EventQueue& events, Hints& hints, Clock& clock,
             int requests)
      : client_(client),
        reader_(reader),
        events_(events),
        hints_(hints),
        clock_(clock),
        requests_(requests) {}

  // What is to be asked for with this look: what was lost before it.
  std::vector<ObjectRef> lost() const;
  // At most `requests` of them. Why nothing at all can be asked for; what the portal cannot answer
  // for the moment spoils nothing else, and is asked again later, with fewer at once.
  std::optional<Error> ask(std::span<const ObjectRef> lost, const std::stop_token& stop);

 private:
  // Kinds that are not asked about now: their method rests, or tells nothing.
  std::set<Entity> resting() const;
  // False: this is enough for now.
  Result<bool> ask_some(std::span<const ObjectRef> lost, const std::stop_token& stop);

  Client& client_;
  Reader& reader_;
  EventQueue& events_;
  Hints& hints_;
  Clock& clock_;
  int requests_;
  std::size_t at_once_ = kFatesAtOnce;
  SteadyTime due_{};                         // after a silence
  std::map<Entity, SteadyTime> rest_until_;  // kinds whose method tells nothing
};

}  // namespace b24
