#pragma once

#include <string>
#include <string_view>

#include "rules/base/result.h"

// The portal's error codes and what we do about each: one table, by code and not by HTTP status
// (portal docs: system-errors.md, limits.md, batch.md).

namespace b24 {

// What an error means for the call that got it. Narrower than ErrorKind, which is what callers see.
enum class Reaction {
  retry,         // refused before execution, or a passing fault: wait and repeat
  retry_reads,   // may have been executed: repeat reads only
  wait_method,   // the method's operating budget is spent: wait for its reset
  refresh,       // an OAuth token is stale
  our_mistake,   // final for this call
  no_rights,     // scope or rights
  gone,          // no such object
  stop,          // the connection is refused as a whole
  vendor_block,  // blocked by the vendor for this portal: probe slowly
};

struct PortalError {
  std::string code;         // as the portal wrote it; "" is common
  std::string description;  // the portal's text, in the portal's language; no secret in it
  int status = 0;           // HTTP; a hint only
};

// How we come to the portal, which says what a person can mend.
enum class Way { webhook, application };

Reaction reaction_to(const PortalError& error);
ErrorKind kind_of(Reaction reaction);

// One sentence for a person: what happened with `method` and what to do about it.
Error to_error(const PortalError& error, std::string_view method, Way way = Way::webhook);

// The same for a command inside a batch. The batch itself was accepted, so what would condemn the
// whole connection elsewhere is about this command's rights here.
Error to_command_error(const PortalError& error, std::string_view method, Way way = Way::webhook);

// The scope that a method belongs to: "crm" for "crm.item.list"; empty for methods open to all.
std::string_view scope_of(std::string_view method);

}  // namespace b24
