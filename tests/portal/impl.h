#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "tests/portal/portal.h"
#include "tests/portal/server.h"
#include "tests/portal/world.h"

// What is behind a Portal: the world under one lock, the server, the thread that posts events and
// the one that makes changes.

namespace b24::sim {

struct Portal::Impl {
  explicit Impl(PortalOptions options) : world(std::move(options)) {}

  // One HTTP request; takes the lock.
  HttpReply handle(const HttpRequest& request);

  mutable std::mutex mutex;
  std::condition_variable_any changed;  // the outgoing queue, or a wish to stop
  World world;
  bool posting = false;  // an event is on its way
  std::string webhook;   // with the secret
  std::unique_ptr<Server> server;
  std::jthread poster;
  std::jthread live;
};

// One request to /rest/ or /control/, under the lock.
HttpReply handle_rest(World& world, const HttpRequest& request);
HttpReply handle_control(Portal& portal, const HttpRequest& request);

// One request to the token server; and what the portal posts to the path of installation, and shows
// a person in the browser (oauth.cc).
HttpReply handle_oauth(World& world, const HttpRequest& request);
std::string installation_body(World& world);
std::string issue_code(World& world);

// Random changes (mutate.cc).
MutationCounts mutate_world(World& world, int count, std::uint64_t seed);
// Changes that make a story, until asked to stop (live.cc).
void run_live(Portal::Impl& impl, const std::stop_token& stop);

// A rows' JSON as the list methods give them, without paging.
std::string all_rows(const World& world, Entity entity, std::optional<std::int64_t> id);
std::vector<std::int64_t> all_ids(const World& world, Entity entity);

}  // namespace b24::sim
